"""Measuring: what is kept is not made again, and what fails takes nothing with it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from namegen.core.data.corpus import Corpus
from namegen.documents import to_plain
from namegen.errors import NamegenError
from namegen.events import Ended, Event, Planned, Running
from namegen.experiments.compare import run
from namegen.experiments.compare.measurements import GenerationSubject, ListSubject, ReferenceSubject, Subject
from namegen.experiments.compare.plan import Measurement, PlanOutcome, Scope
from namegen.experiments.compare.run import compare, measure
from namegen.lists import load_bundled

CORPUS = Corpus(load_bundled("mlb-first").names[:300], source="list.txt")


class Log:
    """A watcher that remembers."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []
        self.kept = -1

    def __call__(self, event: Event) -> None:
        match event:
            case Planned():
                self.kept = event.kept
            case Running():
                self.lines.append(("started", event.under_way[-1].label))
            case Ended():
                self.lines.append((event.trouble or "ended", event.label))


def job(subject: Subject, reads: Measurement | None = None) -> Measurement:
    return Measurement(CORPUS, subject, str(subject), reads=reads)


def test_measurements_are_kept_and_a_damaged_one_is_made_again(tmp_path: Path) -> None:
    first = measure([job(ListSubject())], tmp_path, Log())
    [file] = tmp_path.glob("*.json")
    kept = file.read_bytes()
    log = Log()
    assert measure([job(ListSubject())], tmp_path, log).figures == first.figures
    assert (log.kept, log.lines) == (1, [])
    file.write_bytes(kept[:100])
    assert measure([job(ListSubject())], tmp_path, Log()).figures == first.figures
    assert file.read_bytes() == kept


def test_one_that_fails_is_told_and_takes_nothing_with_it(tmp_path: Path) -> None:
    broken = job(ReferenceSubject("names", seed=0, validation=0.999999))
    dependent = job(GenerationSubject("numpy", names=10, seed=0), reads=broken)
    log = Log()
    outcome = measure([broken, dependent, job(ListSubject())], tmp_path, log)
    assert list(outcome.failed) == [broken.key]
    assert "NamesError" in outcome.failed[broken.key] or "validation" in outcome.failed[broken.key]
    assert ("left out", dependent.label) in log.lines
    assert [json.loads(path.read_text())["kind"] for path in tmp_path.glob("*.json")] == ["list"]


def test_a_comparison_leaves_its_document_and_a_report_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "measure", lambda plan, folder, watch: PlanOutcome(plan))
    named = Corpus(CORPUS.names, source="Zoë.txt")
    made = compare([named], tmp_path / "out", scope=Scope(seeds=1, quick=True))
    written = (tmp_path / "out" / "results.json").read_text(encoding="utf-8")
    assert json.loads(written) == to_plain(made)
    assert '"name": "Zoë.txt"' in written
    assert "Zoë.txt" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_one_that_waits_for_what_is_not_in_the_plan_does_not_wait_for_ever(tmp_path: Path) -> None:
    alone = job(GenerationSubject("numpy", names=10, seed=0), reads=job(ReferenceSubject("names", 0, 0.2)))
    with pytest.raises(NamegenError, match="not in its plan"):
        measure([alone], tmp_path, Log())
