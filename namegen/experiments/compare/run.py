"""compare: runs every measurement of a comparison that is not there yet, then writes the report.

    DIR/
      .namegen-comparison    the mark of a folder that this command has made, and goes on with
      measurements/          a JSON a finished measurement, named by a hash of what was measured; its network beside it
      results.json           all figures (docs/use/comparison.md, document.py)
      report.html, *.png     the report, and its plots

Nothing is ever deleted; ``kept.py`` says how a finished measurement is found again.
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

from namegen.core.data.corpus import Corpus
from namegen.documents import to_plain
from namegen.errors import NamegenError
from namegen.experiments.compare.document import Comparison
from namegen.experiments.compare.exchange import Answer, Request, read_answer, read_result
from namegen.experiments.compare.plan import COMMAND, THREADS, KeptResult, Measurement, PlanOutcome, Scope, make_plan
from namegen.experiments.kept import KeptStore, open_folder
from namegen.experiments.machine import own_environment
from namegen.experiments.watcher import Ended, Planned, Running, UnderWay, Watcher, unwatched
from namegen.files import write_whole
from namegen.threads import VARIABLES

MARK, MEASUREMENTS = ".namegen-comparison", "measurements"
RESULTS, REPORT = "results.json", "report.html"
SECONDS_BETWEEN_LOOKS = 0.02
ERROR_SHOWN = 300  # characters of what a measurement that failed said last


def compare(
    corpora: list[Corpus], out: Path | str, *, scope: Scope | None = None, watcher: Watcher = unwatched
) -> Comparison:
    """Measure what is not measured yet, write the report, and give the document of ``results.json``.

    Args:
        corpora: the lists.
        out: a folder that does not exist, is empty, or was made by an earlier comparison.
        scope: how much is measured.
        watcher: who is told.

    Raises:
        NamesError: a list is too small to split. OutputError: the folder holds other files, or cannot be written.
            FolderInUseError: another comparison is at work in it.
    """
    from namegen.experiments.compare.html import write_report
    from namegen.experiments.compare.results import make_results

    scope = scope or Scope()
    plan = make_plan(corpora, scope)
    with open_folder(out, mark=MARK, command=COMMAND, inside=MEASUREMENTS) as kept:
        outcome = measure(plan, kept, watcher)
        results = make_results(corpora, scope, outcome)
        out = Path(out)
        text = json.dumps(to_plain(results), ensure_ascii=False, indent=1, allow_nan=False)
        write_whole(out / RESULTS, f"{text}\n".encode())
        write_report(results, out)
        return results


# --- measuring --------------------------------------------------------------------------------------------------------


def measure(plan: list[Measurement], folder: Path, watcher: Watcher) -> PlanOutcome:
    """Make the measurements that the folder lacks: those that are timed one at a time, the others side by side."""
    outcome, store = PlanOutcome(plan), KeptStore(folder)
    for measurement in plan:
        kept = _read_kept(store, measurement)
        if kept is not None:
            outcome.figures[measurement.key] = kept
    waiting = [measurement for measurement in plan if measurement.key not in outcome.figures]
    watcher(Planned(len(plan), len(outcome.figures)))
    with Workers(store, outcome, watcher) as workers:
        while waiting or workers.running:
            waiting = _without_hopeless(waiting, outcome, watcher)
            ready = [one for one in waiting if one.reads is None or one.reads.key in outcome.figures]
            if waiting and not ready and not workers.running:
                raise NamegenError("the comparison waits for a measurement that is not in its plan: report this")
            taken = [one for one in ready if workers.take(one)]
            waiting = [one for one in waiting if one not in taken]
            workers.look()
    return outcome


def _without_hopeless(waiting: list[Measurement], outcome: PlanOutcome, watcher: Watcher) -> list[Measurement]:
    """Those that can still be made; of each other one it is told that it is left out."""
    hopeless = [one for one in waiting if _hopeless(one, outcome)]
    for one in hopeless:
        watcher(Ended(one.label, trouble="left out"))
    return [one for one in waiting if one not in hopeless]


def _hopeless(measurement: Measurement, outcome: PlanOutcome) -> bool:
    """It needs what is not there: a library, or the network of a measurement that gave none."""
    if measurement.engine in outcome.missing:
        return True
    if measurement.reads is None or measurement.reads.key in outcome.figures:
        return False
    return measurement.reads.key in outcome.left_out | outcome.failed or _hopeless(measurement.reads, outcome)


def _read_kept(store: KeptStore, measurement: Measurement) -> KeptResult | None:
    """The result of an earlier run; None where there is none, or where it has another form: it is measured (again)."""
    kept = store.find(measurement.key)
    if kept is None:
        return None
    try:
        return KeptResult(read_result(measurement.kind, kept.result), kept.commit)
    except ValueError:
        return None


class Workers:
    """The processes that measure; leaving it ends those that still run, and nothing else."""

    def __init__(self, store: KeptStore, outcome: PlanOutcome, watcher: Watcher) -> None:
        self.store, self.outcome, self.watcher = store, outcome, watcher
        self.running: list[Job] = []
        self.most = max((os.cpu_count() or 1) // THREADS, 1)

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
        if len(self.running) >= (1 if alone else self.most):
            return False
        labels = [job.measurement.label for job in self.running] + [measurement.label]
        self.watcher(Running(tuple(map(UnderWay, labels))))
        self.running.append(Job(measurement, self.store.folder))
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
            subject, result = to_plain(measurement.subject), to_plain(answer.result)
            about = {"kind": measurement.kind, "label": measurement.label, "subject": subject}
            beside = None if measurement.writes is None else measurement.writes.removeprefix(measurement.key)
            kept = self.store.keep(measurement.key, result, about=about, beside=beside)
            self.outcome.figures[measurement.key] = KeptResult(answer.result, kept.commit)
        elif answer.unavailable is not None:
            trouble = answer.unavailable.why
            if answer.unavailable.engine:
                self.outcome.missing[measurement.engine] = trouble
            else:
                self.outcome.left_out[measurement.key] = trouble
        else:
            trouble = said[-ERROR_SHOWN:] or f"it ended with the code {job.process.returncode}"
            self.outcome.failed[measurement.key] = trouble
        self.watcher(Ended(measurement.label, time.monotonic() - job.started, trouble))


class Job:
    """One measurement under way, in a process and session of its own, so that Ctrl-C reaches it through us alone."""

    def __init__(self, measurement: Measurement, folder: Path) -> None:
        self.measurement, self.started = measurement, time.monotonic()
        reads = None if measurement.reads is None else measurement.reads.writes
        request = Request(
            kind=measurement.kind,
            subject=measurement.subject,
            source=measurement.corpus.source,
            names=measurement.corpus.names,
            labels=measurement.corpus.labels,
            writes=None if measurement.writes is None else str((folder / measurement.writes).resolve()),
            reads=None if reads is None else str((folder / reads).resolve()),
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
