"""Run the measurements of a comparison that are still missing, then write the report.

    DIR/
      .namegen-comparison    marks a folder that this command created and can continue
      measurements/          one JSON file per finished measurement, named by a hash of its subject, and its network
      results.json           all results (docs/use/comparison.md, document.py)
      report.html, *.png     the report and its plots

Nothing is ever deleted. ``kept.py`` explains how finished measurements are found again.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
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
from namegen.experiments.compare.measure import Request
from namegen.experiments.compare.plan import (
    COMMAND,
    QUICK_EPOCHS,
    THREADS,
    VALIDATION,
    Measurement,
    Scope,
    make_plan,
)
from namegen.experiments.kept import KeptStore, open_folder, write_document
from namegen.experiments.machine import codes_for_report, commit, machine, versions
from namegen.experiments.report import listed
from namegen.experiments.trained import list_names

MARK = ".namegen-comparison"
MEASUREMENTS = "measurements"
RESULTS = "results.json"
REPORT = "report.html"
Plan: TypeAlias = list[Measurement[Subject]]
RecordType = TypeVar("RecordType", bound=Record)


@dataclass
class Outcome:
    """The results of all measurements, by the measurement's key."""

    records: dict[str, Record] = field(default_factory=dict)
    commits: set[str | None] = field(default_factory=set)  # of the checkouts that measured
    left_out: dict[str, str] = field(default_factory=dict)  # key → why it can't be measured here
    failed: dict[str, str] = field(default_factory=dict)  # key → the child's last message


def compare(
    corpora: list[Corpus],
    out: Path | str,
    *,
    scope: Scope | None = None,
    on_progress: ProgressCallback = ignore_progress,
) -> Comparison:
    """Run the measurements that are missing, and write ``results.json`` and the report.

    Args:
        corpora: the lists.
        out: a folder that doesn't exist, is empty, or was made by an earlier comparison.
        scope: how much to measure; a full comparison if None.
        on_progress: called with every event.

    Returns:
        The contents of ``results.json``.

    Raises:
        NamesError: a list is too small to split.
        OutputError: the folder contains other files, or can't be written.
        FolderInUseError: another comparison is using the folder.
    """
    from namegen.experiments.compare.tables import write_report

    scope = scope or Scope()
    plan = make_plan(corpora, scope)
    with open_folder(out, mark=MARK, command=COMMAND, inside=MEASUREMENTS) as folder:
        outcome = measure(plan, folder, on_progress)
        results = make_results(corpora, scope, plan, outcome)
        write_document(Path(out) / RESULTS, results, indent=1)
        write_report(results, Path(out) / REPORT)
        return results


# --- measuring --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Started:
    """A measurement that a child process is making."""

    measurement: Measurement[Subject]
    time: float  # of its start, in seconds


def measure(plan: Plan, folder: Path, on_progress: ProgressCallback) -> Outcome:
    """Run the measurements of a plan that the folder doesn't contain yet.

    Timed measurements run one at a time, the others in parallel.
    """
    store = KeptStore(folder)
    outcome = _read_kept(plan, store)
    on_progress(Planned("measurement", len(plan), len(outcome.records)))
    parallel = max((os.cpu_count() or 1) // THREADS, 1)
    for is_timed, stage in groupby(plan, key=lambda measurement: measurement.timed):
        with Children(1 if is_timed else parallel) as children:
            running: dict[Job, Started] = {}
            jobs = _jobs(stage, store, outcome, on_progress, running)
            for ended in run_all(children, jobs, on_progress):
                started = running.pop(ended.job)
                trouble = _take_in(ended, started.measurement, store, outcome)
                elapsed = time.monotonic() - started.time
                on_progress(Ended(started.measurement.label, elapsed, trouble))
    return outcome


def _read_kept(plan: Plan, store: KeptStore) -> Outcome:
    """Read the finished measurements."""
    outcome = Outcome()
    for measurement in plan:
        read_record = partial(from_plain, RECORDS[measurement.subject.kind])
        kept = store.read(measurement.key, read_record)
        if kept is not None:
            record, _, commit_ = kept
            outcome.records[measurement.key] = record
            outcome.commits.add(commit_)
    return outcome


def _jobs(
    stage: Iterable[Measurement[Subject]],
    store: KeptStore,
    outcome: Outcome,
    on_progress: ProgressCallback,
    running: dict[Job, Started],
) -> Iterator[Job]:
    """The jobs for child processes; a measurement whose network is missing is skipped."""
    for measurement in stage:
        if measurement.key in outcome.records:
            continue
        source = measurement.reads
        if source is not None and source.key not in outcome.records:
            on_progress(Ended(measurement.label, trouble="skipped"))
            continue
        request = _request(measurement, store.folder.resolve())
        job = Job(
            "namegen.experiments.compare.measure:measure",
            to_plain(request),
            THREADS,
            measurement.label,
        )
        running[job] = Started(measurement, time.monotonic())
        yield job


def _request(measurement: Measurement[Subject], folder: Path) -> Request:
    corpus = measurement.corpus
    return Request(
        kind=measurement.subject.kind,
        subject=to_plain(measurement.subject),
        source=corpus.source,
        names=corpus.names,
        labels=corpus.labels,
        writes=_network_file(measurement, folder),
        reads=_network_file(measurement.reads, folder),
        threads=THREADS,
    )


def _network_file(measurement: Measurement[Subject] | None, folder: Path) -> str | None:
    """The file with the network that a measurement makes; None if it makes none."""
    if measurement is None or measurement.beside is None:
        return None
    return str(folder / f"{measurement.key}{measurement.beside}")


def _take_in(
    ended: JobEnded, measurement: Measurement[Subject], store: KeptStore, outcome: Outcome
) -> str:
    """Keep the record of a measurement; return why there is none, or an empty string."""
    answer = cast("dict[str, Any]", ended.answer or {})
    if "record" in answer:
        record = from_plain(RECORDS[measurement.subject.kind], answer["record"])
        store.keep(measurement.key, answer["record"], beside=measurement.beside)
        outcome.records[measurement.key] = record
        outcome.commits.add(store.commit)
        return ""
    trouble = str(answer.get("unavailable", ended.trouble))
    troubles = outcome.left_out if answer else outcome.failed
    troubles[measurement.key] = trouble
    return trouble


# --- results.json -----------------------------------------------------------------------------------------------------


def make_results(corpora: list[Corpus], scope: Scope, plan: Plan, outcome: Outcome) -> Comparison:
    """Arrange the records of a plan as the contents of ``results.json``."""
    labels = {measurement.key: measurement.label for measurement in plan}
    names = list_names(corpus.source for corpus in corpora)
    entries = [
        _list_entry(corpus, names[corpus.source], plan, outcome)
        for corpus in dict.fromkeys(corpora)
    ]
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
        engines=tuple(engine_paths()),
        engine_codes=codes_for_report(engine_paths()),
        machine=machine(),
        versions=versions(),
        commits=tuple(sorted(filter(None, outcome.commits | {commit()}))),
        left_out=_left_out(plan, outcome),
        failed=tuple(Trouble(labels[key], message) for key, message in outcome.failed.items()),
        lists=tuple(entries),
    )


def _left_out(plan: Plan, outcome: Outcome) -> tuple[Trouble, ...]:
    """The measurements that backends can't make, one entry per backend and reason."""
    networks_of: dict[tuple[str, str], list[str]] = {}
    for measurement in plan:
        reason = outcome.left_out.get(measurement.key)
        if reason is not None:
            network = str(getattr(measurement.subject, "network", measurement.label))
            networks_of.setdefault((measurement.engine, reason), []).append(network)
    troubles = []
    for (engine, reason), networks in networks_of.items():
        names = listed(list(dict.fromkeys(networks)))
        troubles.append(Trouble(f"{engine} with {names}", reason))
    return tuple(troubles)


def _list_entry(corpus: Corpus, name: str, plan: Plan, outcome: Outcome) -> ListEntry:
    """Collect the records of one list."""
    keys = [
        measurement.key
        for measurement in plan
        if measurement.corpus.fingerprint == corpus.fingerprint
    ]
    records = [outcome.records[key] for key in keys if key in outcome.records]
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
    return tuple(record for record in records if isinstance(record, record_class))
