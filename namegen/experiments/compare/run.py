"""compare: runs every measurement of a comparison that is not there yet, then writes the report.

    DIR/
      .namegen-comparison    the mark of a folder that this command has made, and goes on with
      measurements/          a JSON a finished measurement, named by a hash of what was measured; its network beside it
      results.json           all figures (docs/use/comparison.md, document.py)
      report.html, *.png     the report, and its plots

Nothing is ever deleted; ``kept.py`` says how a finished measurement is found again.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from pathlib import Path

from namegen.children import Children, Part, PartEnded, Runner
from namegen.core.data.corpus import Corpus
from namegen.documents import to_plain
from namegen.errors import NamegenError
from namegen.events import Ended, Planned, Running, UnderWay, Watcher, unwatched
from namegen.experiments.compare.document import Comparison
from namegen.experiments.compare.measurements import Request, Subject, read_answer, read_result
from namegen.experiments.compare.plan import COMMAND, THREADS, KeptResult, Measurement, PlanOutcome, Scope, make_plan
from namegen.experiments.kept import Kept, KeptStore, open_folder, write_document

MARK, MEASUREMENTS = ".namegen-comparison", "measurements"
RESULTS, REPORT = "results.json", "report.html"


def compare(
    corpora: list[Corpus], out: Path | str, *, scope: Scope | None = None, watch: Watcher = unwatched
) -> Comparison:
    """Measure what is not measured yet, write the report, and give the document of ``results.json``.

    Args:
        corpora: the lists.
        out: a folder that does not exist, is empty, or was made by an earlier comparison.
        scope: how much is measured.
        watch: told how far it is.

    Raises:
        NamesError: a list is too small to split. OutputError: the folder holds other files, or cannot be written.
            FolderInUseError: another comparison is at work in it.
    """
    from namegen.experiments.compare.document import make_results
    from namegen.experiments.compare.html import write_report

    scope = scope or Scope()
    plan = make_plan(corpora, scope)
    with open_folder(out, mark=MARK, command=COMMAND, inside=MEASUREMENTS) as kept:
        outcome = measure(plan, kept, watch)
        results = make_results(corpora, scope, outcome)
        out = Path(out)
        write_document(out / RESULTS, results, indent=1)
        write_report(results, out)
        return results


# --- measuring --------------------------------------------------------------------------------------------------------


def measure(plan: list[Measurement], folder: Path, watch: Watcher) -> PlanOutcome:
    """Make the measurements that the folder lacks: those that are timed one at a time, the others side by side."""
    store = KeptStore(folder)
    outcome = PlanOutcome(plan, store.read({one.key: one for one in plan}, _read_kept))
    waiting = [measurement for measurement in plan if measurement.key not in outcome.figures]
    watch(Planned("measurement", len(plan), len(outcome.figures)))
    with Children(max((os.cpu_count() or 1) // THREADS, 1)) as children:
        workers = Workers(children, store, outcome, watch)
        while waiting or workers.running:
            waiting = _without_hopeless(waiting, outcome, watch)
            ready = [one for one in waiting if one.reads is None or one.reads.key in outcome.figures]
            if waiting and not ready and not workers.running:
                raise NamegenError("the comparison waits for a measurement that is not in its plan: report this")
            taken = [one for one in ready if workers.take(one)]
            waiting = [one for one in waiting if one not in taken]
            if workers.running:
                workers.look()
    return outcome


def _without_hopeless(waiting: list[Measurement], outcome: PlanOutcome, watch: Watcher) -> list[Measurement]:
    """Those that can still be made; of each other one it is told that it is left out."""
    hopeless = [one for one in waiting if _hopeless(one, outcome)]
    for one in hopeless:
        watch(Ended(one.label, trouble="left out"))
    return [one for one in waiting if one not in hopeless]


def _hopeless(measurement: Measurement, outcome: PlanOutcome) -> bool:
    """It needs what is not there: a library, or the network of a measurement that gave none."""
    if measurement.engine in outcome.missing:
        return True
    if measurement.reads is None or measurement.reads.key in outcome.figures:
        return False
    return measurement.reads.key in outcome.left_out | outcome.failed or _hopeless(measurement.reads, outcome)


def _read_kept(measurement: Measurement, kept: Kept) -> KeptResult:
    return KeptResult(read_result(measurement.kind, kept.result), kept.commit)


@dataclass
class Workers:
    """The children that measure."""

    children: Runner
    store: KeptStore
    outcome: PlanOutcome
    watch: Watcher
    running: dict[Part, tuple[Measurement, float]] = field(default_factory=dict)  # each with its start

    def take(self, measurement: Measurement) -> bool:
        """Start it, if it may run now."""
        alone = measurement.timed or any(one.timed for one, _ in self.running.values())
        if len(self.running) >= (1 if alone else self.children.workers):
            return False
        request = to_plain(_request(measurement, self.store.folder))
        part = Part("namegen.experiments.compare.measure:measure", request, THREADS)
        self.running[part] = (measurement, time.monotonic())
        self.children.start(part)
        return True

    def look(self) -> None:
        """Tell what is under way, and take in what has ended."""
        self.watch(Running(tuple(UnderWay(one.label) for one, _ in self.running.values())))
        for event in self.children.events():
            if isinstance(event, PartEnded):
                self._take_in(event, *self.running.pop(event.part))

    def _take_in(self, ended: PartEnded, measurement: Measurement, started: float) -> None:
        answer, trouble = read_answer(measurement.kind, ended.answer), ended.trouble
        if answer.result is not None:
            subject, result = to_plain(measurement.subject), to_plain(answer.result)
            about = {"kind": measurement.kind, "label": measurement.label, "subject": subject}
            beside = None if measurement.writes is None else measurement.writes.removeprefix(measurement.key)
            kept = self.store.keep(measurement.key, result, about=about, beside=beside)
            self.outcome.figures[measurement.key] = KeptResult(answer.result, kept.commit)
        elif answer.unavailable:
            trouble = answer.unavailable
            if answer.lacks_engine:
                self.outcome.missing[measurement.engine] = trouble
            else:
                self.outcome.left_out[measurement.key] = trouble
        else:
            self.outcome.failed[measurement.key] = trouble
        self.watch(Ended(measurement.label, time.monotonic() - started, trouble))


def _request(measurement: Measurement, folder: Path) -> Request[Subject]:
    corpus, of_model = measurement.corpus, measurement.reads
    files = (measurement.writes, None if of_model is None else of_model.writes)
    writes, reads = (None if name is None else str((folder / name).resolve()) for name in files)
    return Request(
        measurement.kind, measurement.subject, corpus.source, corpus.names, writes, reads, THREADS, labels=corpus.labels
    )
