"""Makes the document of ``results.json`` from the measurements of a plan, in the order in which a report tells them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import TypeVar

from namegen.backends import engine_paths
from namegen.core.data.corpus import Corpus
from namegen.documents import from_plain
from namegen.experiments.compare.document import (
    FORMAT,
    FORMAT_VERSION,
    Comparison,
    Generation,
    GenerationIdentity,
    LargestDistance,
    LikeForLike,
    ListEntry,
    Machine,
    Reference,
    TimingIdentity,
    TimingRound,
    Training,
    TrainingIdentity,
    Trouble,
)
from namegen.experiments.compare.measured import (
    ExportResult,
    GenerationResult,
    ListFacts,
    ReferenceResult,
    Result,
    TimingResult,
    TrainingResult,
)
from namegen.experiments.compare.plan import (
    COMMAND,
    QUICK_EPOCHS,
    THREADS,
    VALIDATION,
    Measurement,
    PlanOutcome,
    Scope,
)
from namegen.experiments.compare.selection import distances
from namegen.experiments.compare.subjects import (
    GENERATED_NAMES,
    GenerationSubject,
    ReferenceSubject,
    TimingSubject,
    TrainingSubject,
)
from namegen.experiments.list_names import list_names
from namegen.experiments.machine import codes_for_report, commit, machine, versions

ListResults = list[tuple[Measurement, Result]]
OfSubject = TypeVar("OfSubject")
OfResult = TypeVar("OfResult")


def make_results(corpora: list[Corpus], scope: Scope, outcome: PlanOutcome) -> Comparison:
    """Put the measurements of a plan in order."""
    labels = {measurement.key: measurement.label for measurement in outcome.plan}
    called = list_names(corpus.source for corpus in corpora)
    commits = {measured.commit for measured in outcome.figures.values()} | {commit()}
    return Comparison(
        format=FORMAT,
        format_version=FORMAT_VERSION,
        quick=scope.quick,
        seeds=tuple(range(scope.seeds)),
        threads=THREADS,
        validation=VALIDATION,
        generated_names=GENERATED_NAMES,
        quick_epochs=QUICK_EPOCHS if scope.quick else None,
        engines=tuple(engine_paths()),
        engine_codes=codes_for_report(engine_paths(), COMMAND),
        machine=from_plain(Machine, machine()),
        versions=versions(),
        commits=tuple(sorted(filter(None, commits))),
        missing=_troubles(outcome.missing),
        left_out=_left_out(outcome),
        failed=_troubles({labels[key]: why for key, why in outcome.failed.items()}),
        lists=tuple(_list(corpus, called[corpus.source], scope, outcome) for corpus in dict.fromkeys(corpora)),
        split_seed=scope.split_seed,
    )


def _troubles(found: dict[str, str]) -> tuple[Trouble, ...]:
    return tuple(Trouble(what, why) for what, why in found.items())


def _left_out(outcome: PlanOutcome) -> tuple[Trouble, ...]:
    """What each engine does not offer: one entry for an engine, over all lists."""
    networks: dict[str, dict[str, None]] = {}
    reasons: dict[str, dict[str, None]] = {}
    for measurement in outcome.plan:
        if measurement.key in outcome.left_out:
            networks.setdefault(measurement.engine, {})[measurement.network or measurement.label] = None
            reasons.setdefault(measurement.engine, {})[outcome.left_out[measurement.key]] = None
    return tuple(
        Trouble(f"{engine} with {' and '.join(found)}", "; ".join(reasons[engine]))
        for engine, found in networks.items()
    )


def _list(corpus: Corpus, name: str, scope: Scope, outcome: PlanOutcome) -> ListEntry:
    mine = [
        (measurement, outcome.figures[measurement.key].result)
        for measurement in outcome.plan
        if measurement.corpus.fingerprint == corpus.fingerprint and measurement.key in outcome.figures
    ]
    return ListEntry(
        name=name,
        fingerprint=corpus.fingerprint,
        facts=next((result for _, result in mine if isinstance(result, ListFacts)), None),
        references=tuple(
            Reference(**vars(subject), **vars(result))
            for _, subject, result in _of_kind(mine, ReferenceSubject, ReferenceResult)
        ),
        trainings=tuple(_trainings(mine)),
        like_for_like=tuple(_like_for_like(mine, scope)),
        exported=next((result for _, result in mine if isinstance(result, ExportResult)), None),
        generation=tuple(_generation(mine)),
        timings=tuple(
            TimingRound(**vars(TimingIdentity(measurement.network, subject.engine, subject.round)), **vars(result))
            for measurement, subject, result in _of_kind(mine, TimingSubject, TimingResult)
        ),
    )


def _of_kind(
    found: ListResults, subject_kind: type[OfSubject], result_kind: type[OfResult]
) -> Iterator[tuple[Measurement, OfSubject, OfResult]]:
    """The measurements of one kind, each with its subject and its result."""
    for measurement, result in found:
        if isinstance(measurement.subject, subject_kind) and isinstance(result, result_kind):
            yield measurement, measurement.subject, result


def _trainings(found: ListResults) -> Iterator[Training]:
    for measurement, subject, result in _of_kind(found, TrainingSubject, TrainingResult):
        which = TrainingIdentity(
            network=measurement.network,
            engine=subject.engine,
            split=subject.split,
            seed=subject.seed,
            roles=measurement.roles,
            config=subject.config,
        )
        yield Training(**vars(which), **vars(result))


def _generation(found: ListResults) -> Iterator[Generation]:
    for measurement, subject, result in _of_kind(found, GenerationSubject, GenerationResult):
        which = GenerationIdentity(measurement.network, subject.model, subject.engine, subject.seed)
        yield Generation(**vars(which), **vars(result))


def _like_for_like(found: ListResults, scope: Scope) -> Iterator[LikeForLike]:
    """For each network, how far the loss curves of any two engines are apart at most, and where."""
    for network in scope.timed_networks:
        results = {
            subject.engine: result
            for measurement, subject, result in _of_kind(found, TrainingSubject, TrainingResult)
            if "like_for_like" in measurement.roles and measurement.network == network
        }
        sizes = [result.parameters for result in results.values()]  # another network is not like the first
        runs = {engine: result.history for engine, result in results.items() if result.parameters == sizes[0]}
        apart = [
            LargestDistance((one, other), curve, epoch, nats)
            for one, other in combinations(runs, 2)
            for curve, epoch, nats in distances(runs[one], runs[other])
        ]
        largest = max(apart, key=lambda distance: distance.distance_nats, default=None)
        yield LikeForLike(network, tuple(runs), largest)
