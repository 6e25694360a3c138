"""Run the missing measurements of a comparison, then write the report.

    DIR/
      .namegen-comparison    marks a folder that this command created and can continue
      measurements/          one JSON file per finished measurement, named by a hash of its subject, and its network
      results.json           all results (docs/guides/compare.md, document.py)
      report.html, *.png     the report and its plots

Nothing is ever deleted. ``kept.py`` explains how namegen finds finished measurements again.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any, TypeAlias, TypeVar, cast

from namegen.backends import engine_paths
from namegen.children import Children, Job, JobEnded, run_all
from namegen.core.data.corpus import Corpus
from namegen.documents import from_plain, to_plain
from namegen.events import Ended, Planned, ProgressCallback, ignore_progress
from namegen.experiments.compare.document import (
    FORMAT,
    FORMAT_VERSION,
    GENERATED_NAMES,
    NUMPY,
    RECORDS,
    Comparison,
    Export,
    Generation,
    ListEntry,
    ListFacts,
    Record,
    Reference,
    Subject,
    TimingRound,
    Training,
    Trouble,
)
from namegen.experiments.compare.networks import VALIDATION
from namegen.experiments.compare.plan import (
    COMMAND,
    QUICK_EPOCHS,
    THREADS,
    Measurement,
    Scope,
    make_plan,
)
from namegen.experiments.compare.request import Request
from namegen.experiments.kept import KeptStore, open_folder, write_document
from namegen.experiments.machine import codes_for_report, commit, machine, versions
from namegen.experiments.report import listed
from namegen.experiments.trained import list_names

MARK = ".namegen-comparison"
MEASUREMENTS = "measurements"
RESULTS = "results.json"
REPORT = "report.html"
MEASURE = "namegen.experiments.compare.measure:measure"  # the function that child processes call
Plan: TypeAlias = list[Measurement[Subject]]
RecordType = TypeVar("RecordType", bound=Record)


def compare(
    corpora: list[Corpus],
    out: Path | str,
    *,
    scope: Scope | None = None,
    backends: Sequence[str] | None = None,
    on_progress: ProgressCallback = ignore_progress,
) -> Comparison:
    """Run the missing measurements, and write ``results.json`` and the report.

    Args:
        corpora: the lists.
        out: a folder that doesn't exist, is empty, or was created by an earlier comparison.
        scope: how much to measure. None runs a full comparison.
        backends: the names of the backends to compare, or None for all of them.
        on_progress: called with every event.

    Returns:
        The contents of ``results.json``.

    Raises:
        NamesError: a list is too small to split.
        UnknownEngineError: there is no backend with this name.
        OutputError: the folder contains other files, or can't be written to.
        FolderInUseError: another comparison is using the folder.
    """
    from namegen.experiments.compare.tables import write_report

    scope = scope or Scope()
    plan = make_plan(corpora, scope, backends)
    with open_folder(out, mark=MARK, command=COMMAND, inside=MEASUREMENTS) as folder:
        outcome = measure(plan, folder, on_progress)
        results = make_results(corpora, scope, plan, outcome)
        write_document(Path(out) / RESULTS, results, indent=1)
        write_report(results, Path(out) / REPORT)
    return results


# --- measuring --------------------------------------------------------------------------------------------------------


@dataclass
class Outcome:
    """The results of all measurements, by the measurement's key."""

    records: dict[str, Record] = field(default_factory=dict)
    # The commits of the checkouts that made the measurements.
    commits: set[str | None] = field(default_factory=set)
    # Why this machine can't make the measurement.
    unavailable: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)  # the child's last message

    def add_record(self, key: str, record: Record, commit: str | None) -> None:
        """Add a finished measurement and the commit that measured it."""
        self.records[key] = record
        self.commits.add(commit)


def measure(plan: Plan, folder: Path, on_progress: ProgressCallback) -> Outcome:
    """Run the measurements of a plan that the folder doesn't contain yet.

    Timed measurements run one at a time. All others run in parallel.
    """
    runner = Runner(KeptStore(folder), on_progress)
    runner.read_finished(plan)
    on_progress(Planned("measurement", len(plan), len(runner.outcome.records)))
    parallel_processes = max((os.cpu_count() or 1) // THREADS, 1)
    for is_timed, stage in groupby(plan, key=lambda measurement: measurement.timed):
        runner.run_stage(stage, processes=1 if is_timed else parallel_processes)
    return runner.outcome


@dataclass(frozen=True)
class Started:
    """A measurement that is running in a child process."""

    measurement: Measurement[Subject]
    time: float  # the time of its start, in seconds


class Runner:
    """Run measurements in child processes, and keep their results.

    Args:
        store: keeps the finished measurements.
        on_progress: called with every event.
    """

    outcome: Outcome  # the results so far

    def __init__(self, store: KeptStore, on_progress: ProgressCallback) -> None:
        self.outcome = Outcome()
        self._store = store
        self._on_progress = on_progress
        self._running: dict[Job, Started] = {}

    def read_finished(self, plan: Plan) -> None:
        """Read the measurements that an earlier run has finished."""
        for measurement in plan:
            record_class = RECORDS[measurement.subject.kind]
            kept = self._store.read(measurement.key, partial(from_plain, record_class))
            if kept is not None:
                self.outcome.add_record(measurement.key, kept.result, kept.commit)

    def run_stage(self, stage: Iterable[Measurement[Subject]], processes: int) -> None:
        """Run the missing measurements of a stage, with up to this many processes at a time."""
        with Children(processes) as children:
            for ended in run_all(children, self._jobs(stage), self._on_progress):
                started = self._running.pop(ended.job)
                trouble = self._keep(started.measurement, ended)
                elapsed = time.monotonic() - started.time
                self._on_progress(Ended(started.measurement.label, elapsed, trouble))

    def _jobs(self, stage: Iterable[Measurement[Subject]]) -> Iterator[Job]:
        """Yield a job for each missing measurement, just before it starts.

        A measurement is skipped if the network that it reads is missing, because another measurement failed.
        """
        records = self.outcome.records
        for measurement in stage:
            if measurement.key in records:
                continue
            lacks_network = measurement.needs is not None and measurement.needs.key not in records
            if lacks_network:
                self._on_progress(Ended(measurement.label, trouble="skipped"))
                continue
            request = make_request(measurement, self._store.folder.resolve())
            job = Job(MEASURE, to_plain(request), THREADS, measurement.label)
            self._running[job] = Started(measurement, time.monotonic())
            yield job

    def _keep(self, measurement: Measurement[Subject], ended: JobEnded) -> str:
        """Keep the result of a measurement. Return the reason if there is no result, or "" otherwise."""
        answer = cast("dict[str, Any]", ended.answer or {})
        if "record" in answer:
            self._keep_record(measurement, answer["record"])
            return ""
        if "unavailable" in answer:
            self.outcome.unavailable[measurement.key] = answer["unavailable"]
            return str(answer["unavailable"])
        self.outcome.failed[measurement.key] = ended.trouble
        return ended.trouble

    def _keep_record(self, measurement: Measurement[Subject], plain: dict[str, Any]) -> None:
        """Store the record of a finished measurement, and add it to the outcome."""
        record = from_plain(RECORDS[measurement.subject.kind], plain)
        self._store.keep(measurement.key, plain, beside=measurement.network_suffix)
        self.outcome.add_record(measurement.key, record, self._store.commit)


def make_request(measurement: Measurement[Subject], folder: Path) -> Request:
    """Create the request for a child process."""
    corpus = measurement.corpus
    return Request(
        kind=measurement.subject.kind,
        subject=to_plain(measurement.subject),
        source=corpus.source,
        names=corpus.names,
        labels=corpus.labels,
        output_file=_network_file(measurement, folder),
        input_file=_network_file(measurement.needs, folder),
        threads=THREADS,
    )


def _network_file(measurement: Measurement[Subject] | None, folder: Path) -> str | None:
    """Return the measurement's model file, or None if the measurement produces no network."""
    if measurement is None or measurement.network_suffix is None:
        return None
    return str(folder / f"{measurement.key}{measurement.network_suffix}")


# --- results.json -----------------------------------------------------------------------------------------------------


def make_results(corpora: list[Corpus], scope: Scope, plan: Plan, outcome: Outcome) -> Comparison:
    """Arrange the records of a plan as the contents of ``results.json``."""
    engines = planned_engines(plan)
    commits = outcome.commits | {commit()}
    return Comparison(
        format=FORMAT,
        format_version=FORMAT_VERSION,
        quick=scope.quick,
        seeds=tuple(range(scope.seeds)),
        split_seed=scope.split_seed,
        threads=THREADS,
        validation=VALIDATION,
        generated_names=GENERATED_NAMES,
        quick_epochs=QUICK_EPOCHS if scope.quick else None,
        engines=tuple(engines),
        engine_codes=codes_for_report(engines),
        machine=machine(),
        versions=versions(),
        commits=tuple(sorted(filter(None, commits))),
        left_out=_skipped(plan, outcome),
        failed=_failed(plan, outcome),
        lists=_list_entries(corpora, plan, outcome),
    )


def planned_engines(plan: Plan) -> list[str]:
    """Return the registered backends that a plan uses. Every plan uses NumPy for its ceilings and n-grams."""
    used = {NUMPY, *(measurement.engine for measurement in plan)}
    return [name for name in engine_paths() if name in used]


def _skipped(plan: Plan, outcome: Outcome) -> tuple[Trouble, ...]:
    """Return the measurements that backends can't make, one entry per backend and reason."""
    networks_by_reason: dict[tuple[str, str], list[str]] = {}  # by backend and reason
    for measurement in plan:
        reason = outcome.unavailable.get(measurement.key)
        if reason is not None:
            network = str(getattr(measurement.subject, "network", measurement.label))
            networks_by_reason.setdefault((measurement.engine, reason), []).append(network)
    troubles = []
    for (engine, reason), networks in networks_by_reason.items():
        distinct_networks = list(dict.fromkeys(networks))
        troubles.append(Trouble(f"{engine} with {listed(distinct_networks)}", reason))
    return tuple(troubles)


def _failed(plan: Plan, outcome: Outcome) -> tuple[Trouble, ...]:
    """Return the measurements that failed, with the message of each."""
    labels = {measurement.key: measurement.label for measurement in plan}
    return tuple(Trouble(labels[key], message) for key, message in outcome.failed.items())


def _list_entries(corpora: list[Corpus], plan: Plan, outcome: Outcome) -> tuple[ListEntry, ...]:
    """Collect the records of each list."""
    names = list_names(corpus.source for corpus in corpora)
    entries = []
    for corpus in dict.fromkeys(corpora):
        records = _records_of(corpus, plan, outcome)
        entries.append(_list_entry(corpus, names[corpus.source], records))
    return tuple(entries)


def _records_of(corpus: Corpus, plan: Plan, outcome: Outcome) -> list[Record]:
    """Return the records of one list, in the order of the plan."""
    keys = [
        measurement.key
        for measurement in plan
        if measurement.corpus.fingerprint == corpus.fingerprint
    ]
    return [outcome.records[key] for key in keys if key in outcome.records]


def _list_entry(corpus: Corpus, name: str, records: list[Record]) -> ListEntry:
    """Create the entry of one list from its records, which are of several classes."""
    return ListEntry(
        name=name,
        fingerprint=corpus.fingerprint,
        facts=next(iter(_of_class(records, ListFacts)), None),
        references=_of_class(records, Reference),
        trainings=_of_class(records, Training),
        timings=_of_class(records, TimingRound),
        exported=next(iter(_of_class(records, Export)), None),
        generation=_of_class(records, Generation),
    )


def _of_class(records: Iterable[Record], record_class: type[RecordType]) -> tuple[RecordType, ...]:
    """Select the records of one class."""
    return tuple(record for record in records if isinstance(record, record_class))
