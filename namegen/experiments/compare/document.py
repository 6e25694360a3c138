"""The document of a comparison's ``results.json``: every figure; how it is made from measurements, and read again.

What it takes over from a measurement is explained in ``measurements.py``, the rest here. ``python -m
namegen.experiments.compare.document`` prints the JSON Schema.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Literal, TypeVar, cast

from namegen.backends import engine_paths
from namegen.core.data.corpus import Corpus
from namegen.documents import Count, Json, Measure, Share, from_plain, schema
from namegen.experiments.compare.measurements import (
    GENERATED_NAMES,
    ExportResult,
    GenerationResult,
    GenerationSubject,
    ListFacts,
    ReferenceResult,
    ReferenceSubject,
    Result,
    Role,
    SplitName,
    TimingResult,
    TimingSubject,
    TrainingResult,
    TrainingSubject,
    table_of,
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
from namegen.experiments.kept import Reader, read_document
from namegen.experiments.list_names import list_names
from namegen.experiments.machine import EngineCode, codes_for_report, commit, machine, versions
from namegen.experiments.trained import History

FORMAT: Literal["namegen comparison"] = "namegen comparison"
FORMAT_VERSION: Literal[2] = 2


@dataclass(frozen=True)
class Reference(ReferenceResult, ReferenceSubject):
    """One split of a list in ``results.json``: which it is, and its result."""


@dataclass(frozen=True)
class TrainingIdentity:
    """Which training it is.

    Attributes:
        network: what a report calls it.
        engine: who trained it.
        split, seed: the part of the list, and the seed of the training; of the split too, unless that has its own.
        roles: the parts of the report that it belongs to.
        config: the tables of a config file; what they do not say has its default.
    """

    network: str
    engine: str
    split: SplitName
    seed: Count
    roles: tuple[Role, ...]
    config: Mapping[str, Json]

    @property
    def split_seed(self) -> int:
        """Of the split: its own, or the training's."""
        return cast(int, table_of(self.config, "data").get("split_seed", self.seed))


@dataclass(frozen=True)
class Training(TrainingResult, TrainingIdentity):
    """A training in ``results.json``: which it is, and its result."""


@dataclass(frozen=True)
class TimingIdentity:
    """Which round it is.

    Attributes:
        network: what a report calls it.
        engine: who trained it.
        round: counted from 1; the training that the curves are of is round 0.
    """

    network: str
    engine: str
    round: Count


@dataclass(frozen=True)
class TimingRound(TimingResult, TimingIdentity):
    """A round of timing in ``results.json``: which it is, and its result."""


@dataclass(frozen=True)
class LargestDistance:
    """Where the loss curves of two engines are farthest apart.

    Attributes:
        engines: the two.
        curve: a column of the history.
        epoch: counted from 1.
        distance_nats: how far, a character.
    """

    engines: tuple[str, str]
    curve: str
    epoch: Count
    distance_nats: Measure


@dataclass(frozen=True)
class LikeForLike:
    """The same training by each engine.

    Attributes:
        network: which.
        engines: those that trained it.
        largest_distance: of any two engines; None where there are not two.
    """

    network: str
    engines: tuple[str, ...]
    largest_distance: LargestDistance | None


@dataclass(frozen=True)
class GenerationIdentity:
    """Which generation it is.

    Attributes:
        network: whose names.
        model: what generates them: an engine, or a signature of the ``.tflite``.
        engine: what reads the network: an engine, or "tflite".
        seed: of the generation.
    """

    network: str
    model: str
    engine: str
    seed: Count


@dataclass(frozen=True)
class Generation(GenerationResult, GenerationIdentity):
    """A generation in ``results.json``: which it is, and its result."""


@dataclass(frozen=True)
class ListEntry:
    """All figures of one list.

    Attributes:
        name: what it is called.
        fingerprint: a hash of its names in their order.
        facts: its sizes and its ceiling; None where they could not be measured.
        references: ceiling and n-gram, for each split and seed.
        trainings: every training.
        like_for_like: for each network, how far the engines are apart.
        exported: the ``.tflite``; None where there is none.
        generation: the generated names, for each network and model.
        timings: further rounds in which the engines were timed.
    """

    name: str
    fingerprint: str
    facts: ListFacts | None
    references: tuple[Reference, ...]
    trainings: tuple[Training, ...]
    like_for_like: tuple[LikeForLike, ...]
    exported: ExportResult | None
    generation: tuple[Generation, ...]
    timings: tuple[TimingRound, ...]


@dataclass(frozen=True)
class Machine:
    """Where it was measured; nothing that names a person or a host.

    Attributes:
        processor: its model.
        cores: how many it has.
        memory_gib: of the whole machine; None where the system does not say.
        system: its name, and the kind of machine.
    """

    processor: str
    cores: Count
    memory_gib: float | None
    system: str


@dataclass(frozen=True)
class Trouble:
    """What is not there, and a sentence that says why."""

    what: str
    why: str


@dataclass(frozen=True)
class Comparison:
    """``results.json``.

    Attributes:
        format, format_version: what the file is.
        quick: whether it was a first look.
        seeds: those that each network was trained with.
        split_seed: of every split; None where each training's own seed splits.
        threads: of each measurement.
        validation: the share of each list that was held out.
        generated_names: how many names each model drew.
        quick_epochs: of a first look; None for a whole comparison.
        engines: every engine that is registered.
        engine_codes: of each of them a hash of its code, and the versions of what it needs.
        machine: where it was measured.
        versions: of Python, namegen and the libraries; None for one that is not installed.
        commits: of the checkouts that measured; none for an installed namegen.
        missing: engines without their library, and how to get it.
        left_out: measurements that an engine does not offer.
        failed: measurements that went wrong.
        lists: the figures of each list.
    """

    format: Literal["namegen comparison"]
    format_version: Literal[2]
    quick: bool
    seeds: tuple[Count, ...]
    threads: Count
    validation: Share
    generated_names: Count
    quick_epochs: Count | None
    engines: tuple[str, ...]
    machine: Machine
    versions: dict[str, str | None]
    commits: tuple[str, ...]
    missing: tuple[Trouble, ...]
    left_out: tuple[Trouble, ...]
    failed: tuple[Trouble, ...]
    lists: tuple[ListEntry, ...]
    engine_codes: dict[str, EngineCode]
    split_seed: Count | None = None


COMPARISONS: dict[str, Reader] = {FORMAT: (FORMAT_VERSION, "compare-backends", partial(from_plain, Comparison))}


def read_comparison(path: Path) -> Comparison:
    """The comparison that a file holds.

    Raises:
        ResultsError: it cannot be read, is something else, of another version, or damaged.
    """
    return cast(Comparison, read_document(path, COMPARISONS))


CURVES = ("training_loss_nats_per_char", "validation_loss_nats_per_char")  # of a history
ListResults = list[tuple[Measurement, Result]]
OfSubject = TypeVar("OfSubject")
OfResult = TypeVar("OfResult")


def distances(one: History, other: History) -> Iterator[tuple[str, int, float]]:
    """A loss curve, an epoch, and how far two trainings are apart there, in nats per character."""
    for curve in CURVES:
        for epoch, pair in enumerate(zip(getattr(one, curve), getattr(other, curve), strict=False), start=1):
            if None not in pair:
                yield curve, epoch, abs(pair[0] - pair[1])


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
    trainings = [
        Training(of.network, which.engine, which.split, which.seed, of.roles, which.config, **vars(result))
        for of, which, result in _of_kind(mine, TrainingSubject, TrainingResult)
    ]
    return ListEntry(
        name=name,
        fingerprint=corpus.fingerprint,
        facts=next((result for _, result in mine if isinstance(result, ListFacts)), None),
        references=tuple(
            Reference(**vars(which), **vars(result))
            for _, which, result in _of_kind(mine, ReferenceSubject, ReferenceResult)
        ),
        trainings=tuple(trainings),
        like_for_like=tuple(_like_for_like(trainings, scope)),
        exported=next((result for _, result in mine if isinstance(result, ExportResult)), None),
        generation=tuple(
            Generation(of.network, which.model, which.engine, which.seed, **vars(result))
            for of, which, result in _of_kind(mine, GenerationSubject, GenerationResult)
        ),
        timings=tuple(
            TimingRound(of.network, which.engine, which.round, **vars(result))
            for of, which, result in _of_kind(mine, TimingSubject, TimingResult)
        ),
    )


def _of_kind(
    found: ListResults, subject_kind: type[OfSubject], result_kind: type[OfResult]
) -> Iterator[tuple[Measurement, OfSubject, OfResult]]:
    """The measurements of one kind, each with its subject and its result."""
    for measurement, result in found:
        if isinstance(measurement.subject, subject_kind) and isinstance(result, result_kind):
            yield measurement, measurement.subject, result


def _like_for_like(trainings: Sequence[Training], scope: Scope) -> Iterator[LikeForLike]:
    """For each network, how far the loss curves of any two engines are apart at most, and where."""
    for network in scope.timed_networks:
        runs = [run for run in trainings if "like_for_like" in run.roles and run.network == network]
        alike = [run for run in runs if run.parameters == runs[0].parameters]  # another network is not like the first
        apart = [
            LargestDistance((one.engine, other.engine), curve, epoch, nats)
            for one, other in combinations(alike, 2)
            for curve, epoch, nats in distances(one.history, other.history)
        ]
        largest = max(apart, key=lambda distance: distance.distance_nats, default=None)
        yield LikeForLike(network, tuple(run.engine for run in alike), largest)


if __name__ == "__main__":
    print(json.dumps(schema(Comparison), ensure_ascii=False, indent=1))
