"""Measuring: what is kept is not made again, and what fails takes nothing with it."""

from __future__ import annotations

import json
from pathlib import Path

from namegen.core.data.corpus import Corpus
from namegen.experiments.compare.plan import Measurement
from namegen.experiments.compare.run import measure
from namegen.experiments.compare.subjects import GenerationSubject, ListSubject, ReferenceSubject, Subject
from namegen.lists import load_bundled

CORPUS = Corpus(load_bundled("mlb-first").names[:300], source="list.txt")


class Log:
    """A watcher that remembers."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []
        self.kept = -1

    def planned(self, total: int, kept: int) -> None:
        self.kept = kept

    def started(self, label: str) -> None:
        self.lines.append(("started", label))

    def ended(self, label: str, seconds: float, trouble: str) -> None:
        self.lines.append((trouble or "ended", label))


def job(subject: Subject, of: Measurement | None = None) -> Measurement:
    return Measurement(CORPUS, subject, str(subject), of=of)


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
    dependent = job(GenerationSubject("numpy", names=10, seed=0), of=broken)
    log = Log()
    outcome = measure([broken, dependent, job(ListSubject())], tmp_path, log)
    assert list(outcome.failed) == [broken.key]
    assert "NamesError" in outcome.failed[broken.key] or "validation" in outcome.failed[broken.key]
    assert ("left out", dependent.label) in log.lines
    assert [json.loads(path.read_text())["kind"] for path in tmp_path.glob("*.json")] == ["list"]


def test_one_of_another_form_is_made_again(tmp_path: Path) -> None:
    """A folder that another version has left, or a hand has changed."""
    first = measure([job(ListSubject())], tmp_path, Log())
    [file] = tmp_path.glob("*.json")
    kept = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps({**kept, "result": {**kept["result"], "names": "many"}}), encoding="utf-8")
    log = Log()
    assert measure([job(ListSubject())], tmp_path, log).figures == first.figures
    assert log.kept == 0
