"""compare: runs every measurement of a comparison that is not there yet, then writes the report.

    DIR/
      .namegen-comparison    the mark of a folder that this command has made, and goes on with
      measurements/          a JSON a finished measurement, named by a hash of what was measured; its network beside it
      results.json           all figures (docs/comparison.md, document.py)
      report.html, *.png     the report, and its plots

Nothing is ever deleted. A measurement's JSON is written last and whole, so one that is there is finished.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Protocol, runtime_checkable

from namegen.core.data.corpus import Corpus
from namegen.documents import to_plain
from namegen.errors import NamegenError
from namegen.experiments.compare.document import Comparison
from namegen.experiments.compare.exchange import Answer, Request, read_answer, read_result
from namegen.experiments.compare.plan import THREADS, Measured, Measurement, Outcome, Scope, make_plan
from namegen.experiments.folder import open_folder
from namegen.experiments.machine import commit, own_environment
from namegen.files import write_whole
from namegen.threads import VARIABLES

COMMAND, MARK, MEASUREMENTS = "compare-backends", ".namegen-comparison", "measurements"
RESULTS, REPORT = "results.json", "report.html"
SECONDS_BETWEEN_LOOKS = 0.02
ERROR_SHOWN = 300  # characters of what a measurement that failed said last


@runtime_checkable
class Watcher(Protocol):
    """Who is told how the comparison goes."""

    def planned(self, total: int, kept: int) -> None:
        """So many measurements, of which so many are there already."""

    def started(self, label: str) -> None:
        """A measurement begins."""

    def ended(self, label: str, seconds: float, trouble: str) -> None:
        """A measurement is over; ``trouble`` says why there is no result."""


class Unwatched:
    """A watcher that says nothing."""

    def planned(self, total: int, kept: int) -> None:
        """Nothing."""

    def started(self, label: str) -> None:
        """Nothing."""

    def ended(self, label: str, seconds: float, trouble: str) -> None:
        """Nothing."""


def compare(
    corpora: list[Corpus], out: Path, *, scope: Scope | None = None, watcher: Watcher | None = None
) -> Comparison:
    """Measure what is not measured yet, write the report, and give the document of ``results.json``.

    Args:
        corpora: the lists.
        out: a folder that does not exist, is empty, or was made by an earlier comparison.
        scope: how much is measured.
        watcher: who is told.

    Raises:
        NamesError: a list is too small to split. OutputError: the folder holds other files, or cannot be written.
    """
    from namegen.experiments.compare.html import write_report
    from namegen.experiments.compare.results import make_results

    scope = scope or Scope()
    plan = make_plan(corpora, scope)
    kept = open_folder(out, mark=MARK, command=COMMAND, inside=MEASUREMENTS)
    outcome = measure(plan, kept, watcher or Unwatched())
    results = make_results(corpora, scope, outcome)
    text = json.dumps(to_plain(results), ensure_ascii=False, indent=1, allow_nan=False)
    write_whole(out / RESULTS, f"{text}\n".encode())
    write_report(results, out)
    return results


# --- measuring --------------------------------------------------------------------------------------------------------


def measure(plan: list[Measurement], folder: Path, watcher: Watcher) -> Outcome:
    """Make the measurements that the folder lacks: those that are timed one at a time, the others side by side."""
    outcome = Outcome(plan)
    for measurement in plan:
        kept = _read_kept(folder, measurement)
        if kept is not None:
            outcome.figures[measurement.key] = kept
    waiting = [measurement for measurement in plan if measurement.key not in outcome.figures]
    watcher.planned(len(plan), len(outcome.figures))
    with Workers(folder, outcome, watcher) as workers:
        while waiting or workers.running:
            ready = [one for one in waiting if one.of is None or one.of.key in outcome.figures]
            for measurement in [one for one in waiting if _hopeless(one, outcome)]:
                waiting.remove(measurement)
                watcher.ended(measurement.label, 0.0, "left out")
            for measurement in ready:
                if measurement in waiting and workers.take(measurement):
                    waiting.remove(measurement)
            workers.look()
            if waiting and not ready and not workers.running and not any(_hopeless(one, outcome) for one in waiting):
                raise NamegenError("the comparison waits for a measurement that is not in its plan: report this")
    return outcome


def _hopeless(measurement: Measurement, outcome: Outcome) -> bool:
    """It needs what is not there: a library, or the network of a measurement that gave none."""
    if measurement.engine in outcome.missing:
        return True
    if measurement.of is None or measurement.of.key in outcome.figures:
        return False
    return measurement.of.key in outcome.left_out | outcome.failed or _hopeless(measurement.of, outcome)


def _read_kept(folder: Path, measurement: Measurement) -> Measured | None:
    """The figures of an earlier run; None where there are none, or where the network beside them is gone."""
    if measurement.model_file is not None and not (folder / measurement.model_file).is_file():
        return None
    try:
        kept = json.loads((folder / f"{measurement.key}.json").read_text(encoding="utf-8"))
        return Measured(read_result(measurement.kind, kept["result"]), kept["commit"])
    except (OSError, ValueError, KeyError, TypeError):  # not there, or not ours: it is measured (again)
        return None


class Workers:
    """The processes that measure; leaving it ends those that still run, and nothing else."""

    def __init__(self, folder: Path, outcome: Outcome, watcher: Watcher) -> None:
        self.folder, self.outcome, self.watcher = folder, outcome, watcher
        self.running: list[Job] = []
        self.most = max((os.cpu_count() or 1) // THREADS, 1)
        self.commit = commit()

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        for job in self.running:
            job.process.kill()
        for job in self.running:
            job.close()

    def take(self, measurement: Measurement) -> bool:
        """Start it, if it may run now."""
        alone = measurement.timed or any(job.measurement.timed for job in self.running)
        if len(self.running) >= (1 if alone else self.most) or measurement.engine in self.outcome.missing:
            return False
        self.watcher.started(measurement.label)
        self.running.append(Job(measurement, self.folder))
        return True

    def look(self) -> None:
        """Take in what has ended."""
        time.sleep(SECONDS_BETWEEN_LOOKS)
        for job in [job for job in self.running if job.process.poll() is not None]:
            self.running.remove(job)
            self._take_in(job)

    def _take_in(self, job: Job) -> None:
        measurement = job.measurement
        answer, said = job.close()
        trouble = ""
        if answer.result is not None:
            kept = {
                "kind": measurement.kind,
                "label": measurement.label,
                "subject": to_plain(measurement.subject),
                "commit": self.commit,
                "result": to_plain(answer.result),
            }
            text = json.dumps(kept, ensure_ascii=False, allow_nan=False)
            write_whole(self.folder / f"{measurement.key}.json", text.encode())
            self.outcome.figures[measurement.key] = Measured(answer.result, self.commit)
        elif answer.unavailable is not None:
            trouble = answer.unavailable.why
            if answer.unavailable.engine:
                self.outcome.missing[measurement.engine] = trouble
            else:
                self.outcome.left_out[measurement.key] = trouble
        else:
            trouble = said[-ERROR_SHOWN:] or f"it ended with the code {job.process.returncode}"
            self.outcome.failed[measurement.key] = trouble
        self.watcher.ended(measurement.label, time.monotonic() - job.started, trouble)


class Job:
    """One measurement under way, in a process and session of its own, so that Ctrl-C reaches it through us alone."""

    def __init__(self, measurement: Measurement, folder: Path) -> None:
        self.measurement, self.started = measurement, time.monotonic()
        of = None if measurement.of is None else measurement.of.model_file
        request = Request(
            kind=measurement.kind,
            subject=measurement.subject,
            source=measurement.corpus.source,
            names=measurement.corpus.names,
            model=None if measurement.model_file is None else str((folder / measurement.model_file).resolve()),
            of=None if of is None else str((folder / of).resolve()),
            threads=THREADS,
            started=time.time(),
        )
        # Nameless files, closed by close(): pipes would fill up while nobody reads.
        self._answer, self._said = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115
        with tempfile.TemporaryFile() as question:
            question.write(json.dumps(to_plain(request)).encode())
            question.seek(0)
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "namegen.experiments.compare.measure"],
                stdin=question,
                stdout=self._answer,
                stderr=self._said,
                env={**own_environment(), **dict.fromkeys(VARIABLES, str(THREADS))},
                start_new_session=True,
            )

    def close(self) -> tuple[Answer, str]:
        """Wait for its end: what it answered (nothing, if it died), and the last line that it said beside that."""
        self.process.wait()
        self._answer.seek(0)
        self._said.seek(0)
        answer, said = self._answer.read(), self._said.read().decode(errors="replace").strip()
        self._answer.close()
        self._said.close()
        with contextlib.suppress(ValueError):
            if self.process.returncode == 0:
                return read_answer(self.measurement.kind, json.loads(answer)), ""
        return Answer(), said.rpartition("\n")[2]
