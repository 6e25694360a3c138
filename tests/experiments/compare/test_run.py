"""Test that a comparison keeps finished measurements, isolates failures and collects the results."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from namegen.core.data.corpus import Corpus
from namegen.documents import to_plain
from namegen.events import Ended, Event, Planned
from namegen.experiments.compare import run
from namegen.experiments.compare.document import (
    Comparison,
    GenerationSubject,
    ListSubject,
    ReferenceSubject,
    Subject,
    TrainingSubject,
)
from namegen.experiments.compare.plan import Measurement, Scope, make_plan
from namegen.experiments.compare.run import Outcome, compare, make_results, measure
from namegen.lists import load_bundled

CORPUS = Corpus(load_bundled("mlb-first").names[:300], source="list.txt")
SCOPE = Scope(seeds=1, quick=True)


class Log:
    """Records the events of a comparison."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []
        self.kept = -1

    def __call__(self, event: Event) -> None:
        if isinstance(event, Planned):
            self.kept = event.kept
        elif isinstance(event, Ended):
            self.lines.append((event.trouble or "ended", event.label))


def job(subject: Subject, needs: Measurement[Subject] | None = None) -> Measurement[Subject]:
    return Measurement(CORPUS, subject, str(subject), needs=needs)


def test_measurements_are_kept_and_damaged_files_are_measured_again(tmp_path: Path) -> None:
    first = measure([job(ListSubject())], tmp_path, Log())
    [file] = tmp_path.glob("*.json")
    kept = file.read_bytes()
    log = Log()
    assert measure([job(ListSubject())], tmp_path, log).records == first.records
    assert (log.kept, log.lines) == (1, [])
    file.write_bytes(kept[:100])
    assert measure([job(ListSubject())], tmp_path, Log()).records == first.records
    assert file.read_bytes() == kept


def test_a_failed_measurement_does_not_affect_independent_ones(tmp_path: Path) -> None:
    broken = job(ReferenceSubject("by-row", seed=0, validation=0.999999))
    subject = GenerationSubject("x", "numpy", 10, 0, None, ReferenceSubject("by-row", 0, 0.2))
    # The dependency of the second one isn't planned.
    dependents = [
        job(subject, needs=broken),
        job(subject, needs=job(ReferenceSubject("by-row", 1, 0.2))),
    ]
    log = Log()
    outcome = measure([broken, job(ListSubject()), *dependents], tmp_path, log)
    assert list(outcome.failed) == [broken.key]
    assert "NamesError" in outcome.failed[broken.key] or "validation" in outcome.failed[broken.key]
    assert [label for how, label in log.lines if how == "skipped"] == [
        one.label for one in dependents
    ]
    assert [path.name.partition("-")[0] for path in tmp_path.glob("*.json")] == ["list"]


def test_a_comparison_writes_its_results_and_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "measure", lambda plan, folder, on_progress: Outcome())
    made = compare([Corpus(CORPUS.names, source="Zoë.txt")], tmp_path / "out", scope=SCOPE)
    written = (tmp_path / "out" / "results.json").read_text(encoding="utf-8")
    assert json.loads(written) == to_plain(made)
    for file in ("results.json", "report.html"):
        assert "Zoë.txt" in (tmp_path / "out" / file).read_text(encoding="utf-8")


def test_only_the_chosen_backends_are_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned: list[Measurement[Subject]] = []

    def measure_nothing(plan, folder, on_progress):
        planned.extend(plan)
        return Outcome()

    monkeypatch.setattr(run, "measure", measure_nothing)
    results = compare([CORPUS], tmp_path / "out", scope=SCOPE, backends=["numpy"])
    assert {one.engine for one in planned} == {"numpy"}
    assert results.engines == ("numpy",)
    assert list(results.engine_codes) == ["numpy"]


def test_results_contain_the_measurements_and_problems_of_each_list(
    comparison: Comparison, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "commit", lambda: None)
    plan, entry = make_plan([CORPUS], SCOPE), comparison.lists[0]
    [of_list] = [one for one in plan if isinstance(one.subject, ListSubject)]
    training, other = [one for one in plan if isinstance(one.subject, TrainingSubject)][:2]
    names = next(one for one in plan if isinstance(one.subject, GenerationSubject))
    records = {
        of_list.key: entry.facts,
        training.key: entry.trainings[0],
        names.key: entry.generation[0],
    }
    left_out = {other.key: "it has no such cell"}
    outcome = Outcome(records, {"abc", None}, left_out, {names.key: "lost"})  # type: ignore[arg-type]
    made = make_results([CORPUS], SCOPE, plan, outcome)
    [listed] = made.lists
    assert (listed.name, listed.fingerprint, listed.facts) == (
        "list.txt",
        CORPUS.fingerprint,
        entry.facts,
    )
    assert (listed.trainings, listed.generation) == (entry.trainings[:1], entry.generation[:1])
    assert (listed.references, listed.timings, listed.exported) == ((), (), None)
    assert made.commits == ("abc",)
    assert [(one.what, one.why) for one in (*made.left_out, *made.failed)] == [
        ("numpy with LSTM 2×32", "it has no such cell"),
        (names.label, "lost"),
    ]


def test_lists_with_the_same_file_name_are_named_by_path() -> None:
    sources = ("/a/long/way/list.txt", "here/other.txt", "there/other.txt", "mlb-first")
    corpora = [Corpus(CORPUS.names[place:], source=source) for place, source in enumerate(sources)]
    called = ["list.txt", "here/other.txt", "there/other.txt", "mlb-first"]
    assert [entry.name for entry in make_results(corpora, SCOPE, [], Outcome()).lists] == called
