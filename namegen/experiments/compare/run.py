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
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any, TypeAlias, cast

from namegen.backends import engine_paths
from namegen.children import Children, Part, PartEnded, run_all
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

MARK, MEASUREMENTS = ".namegen-comparison", "measurements"
RESULTS, REPORT = "results.json", "report.html"
Plan: TypeAlias = list[Measurement[Subject]]


@dataclass
class Outcome:
    """What a comparison has measured.

    Attributes:
        records: by the measurement's key.
        commits: of the checkouts that measured.
        left_out: the measurement's key → why this one alone could not be made.
        failed: the measurement's key → what it said last.
    """

    records: dict[str, Record] = field(default_factory=dict)
    commits: set[str | None] = field(default_factory=set)
    left_out: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


def compare(
    corpora: list[Corpus],
    out: Path | str,
    *,
    scope: Scope | None = None,
    on_progress: ProgressCallback = ignore_progress,
) -> Comparison:
    """Measure what is not measured yet, write the report, and give the document of ``results.json``.

    Args:
        corpora: the lists.
        out: a folder that does not exist, is empty, or was made by an earlier comparison.
        scope: how much is measured.
        on_progress: told how far it is.

    Raises:
        NamesError: a list is too small to split. OutputError: the folder holds other files, or cannot be written.
            FolderInUseError: another comparison is at work in it.
    """
    from namegen.experiments.compare.tables import write_report

    scope = scope or Scope()
    plan = make_plan(corpora, scope)
    with open_folder(out, mark=MARK, command=COMMAND, inside=MEASUREMENTS) as kept:
        results = make_results(corpora, scope, plan, measure(plan, kept, on_progress))
        write_document(Path(out) / RESULTS, results, indent=1)
        write_report(results, Path(out) / REPORT)
        return results


# --- measuring --------------------------------------------------------------------------------------------------------


def measure(plan: Plan, folder: Path, on_progress: ProgressCallback) -> Outcome:
    """Make the measurements that the folder lacks: those that are timed one at a time, the others side by side."""
    store, outcome = KeptStore(folder), Outcome()
    for one in plan:
        kept = store.read(one.key, partial(from_plain, RECORDS[one.subject.kind]))
        if kept is not None:
            outcome.records[one.key] = kept[0]
            outcome.commits.add(kept[2])
    on_progress(Planned("measurement", len(plan), len(outcome.records)))
    for timed, stage in groupby(plan, key=lambda one: one.timed):
        with Children(1 if timed else max((os.cpu_count() or 1) // THREADS, 1)) as children:
            under_way: dict[Part, tuple[Measurement[Subject], float]] = {}
            for ended in run_all(
                children, _parts(stage, store, outcome, on_progress, under_way), on_progress
            ):
                measurement, started = under_way.pop(ended.part)
                trouble = _take_in(ended, measurement, store, outcome)
                on_progress(Ended(measurement.label, time.monotonic() - started, trouble))
    return outcome


def _parts(
    stage: Iterable[Measurement[Subject]],
    store: KeptStore,
    outcome: Outcome,
    on_progress: ProgressCallback,
    under_way: dict[Part, tuple[Measurement[Subject], float]],
) -> Iterator[Part]:
    """Those that are not there and can be made: not without the network that they read."""
    for one in stage:
        if one.key in outcome.records:
            continue
        if one.reads is not None and one.reads.key not in outcome.records:
            on_progress(Ended(one.label, trouble="left out"))
            continue
        corpus = one.corpus
        writes, reads = (
            None
            if each is None or each.beside is None
            else str(store.folder.resolve() / f"{each.key}{each.beside}")
            for each in (one, one.reads)
        )
        request = Request(
            one.subject.kind,
            to_plain(one.subject),
            corpus.source,
            corpus.names,
            corpus.labels,
            writes,
            reads,
            THREADS,
        )
        part = Part(
            "namegen.experiments.compare.measure:measure", to_plain(request), THREADS, one.label
        )
        under_way[part] = one, time.monotonic()
        yield part


def _take_in(
    ended: PartEnded, measurement: Measurement[Subject], store: KeptStore, outcome: Outcome
) -> str:
    """Keep what was measured. Gives why there is nothing, if there is nothing."""
    answer = cast("dict[str, Any]", ended.answer or {})
    if "record" in answer:
        record = from_plain(RECORDS[measurement.subject.kind], answer["record"])
        store.keep(measurement.key, answer["record"], beside=measurement.beside)
        outcome.records[measurement.key] = record
        outcome.commits.add(store.commit)
        return ""
    trouble = str(answer.get("unavailable", ended.trouble))
    (outcome.left_out if answer else outcome.failed)[measurement.key] = trouble
    return trouble


# --- results.json -----------------------------------------------------------------------------------------------------


def make_results(corpora: list[Corpus], scope: Scope, plan: Plan, outcome: Outcome) -> Comparison:
    """Put the measurements of a plan in order."""
    labels = {measurement.key: measurement.label for measurement in plan}
    called = list_names(corpus.source for corpus in corpora)
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
        failed=tuple(Trouble(labels[key], why) for key, why in outcome.failed.items()),
        lists=tuple(
            _list(corpus, called[corpus.source], plan, outcome) for corpus in dict.fromkeys(corpora)
        ),
    )


def _left_out(plan: Plan, outcome: Outcome) -> tuple[Trouble, ...]:
    """What each engine does not offer: one entry for an engine and a reason, over all lists."""
    found: dict[tuple[str, str], list[str]] = {}
    for one in plan:
        if one.key in outcome.left_out:
            network = str(getattr(one.subject, "network", one.label))
            found.setdefault((one.engine, outcome.left_out[one.key]), []).append(network)
    return tuple(
        Trouble(f"{engine} with {listed([*dict.fromkeys(of)])}", why)
        for (engine, why), of in found.items()
    )


def _list(corpus: Corpus, name: str, plan: Plan, outcome: Outcome) -> ListEntry:
    mine = [one.key for one in plan if one.corpus.fingerprint == corpus.fingerprint]
    records = [outcome.records[key] for key in mine if key in outcome.records]
    return ListEntry(
        name=name,
        fingerprint=corpus.fingerprint,
        facts=next((one for one in records if isinstance(one, ListFacts)), None),
        references=tuple(one for one in records if isinstance(one, Reference)),
        trainings=tuple(one for one in records if isinstance(one, Training)),
        timings=tuple(one for one in records if isinstance(one, TimingRound)),
        exported=next((one for one in records if isinstance(one, Export)), None),
        generation=tuple(one for one in records if isinstance(one, Generation)),
    )
