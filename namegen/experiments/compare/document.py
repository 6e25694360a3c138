"""The document of ``results.json``: every figure of a comparison.

What it takes over from a measurement is explained in ``measured.py``, the rest here. ``python -m
namegen.experiments.compare.document`` prints the JSON Schema.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

from namegen.documents import UNSET, Count, Json, Measure, Share, UnsetType, schema
from namegen.experiments.compare.measured import (
    ExportResult,
    GenerationResult,
    ListFacts,
    ReferenceResult,
    TimingResult,
    TrainingResult,
)
from namegen.experiments.compare.subjects import ReferenceSubject, SplitName, table_of
from namegen.experiments.machine import EngineCode

Role = Literal["like_for_like", "network"]
FORMAT: Literal["namegen comparison"] = "namegen comparison"
FormatVersion = Literal[1, 2]
FORMAT_VERSION: FormatVersion = 2


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
        timings: further rounds in which the engines were timed; missing in documents of the first edition.
    """

    name: str
    fingerprint: str
    facts: ListFacts | None
    references: tuple[Reference, ...]
    trainings: tuple[Training, ...]
    like_for_like: tuple[LikeForLike, ...]
    exported: ExportResult | None
    generation: tuple[Generation, ...]
    timings: tuple[TimingRound, ...] | UnsetType = UNSET


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
        format, format_version: what the file is. Version 1, of the first edition, lacks what may be missing here.
        quick: whether it was a first look.
        seeds: those that each network was trained with.
        split_seed: of every split; None in documents of the first edition, where each training's own seed splits.
        threads: of each measurement.
        validation: the share of each list that was held out.
        generated_names: how many names each model drew.
        quick_epochs: of a first look; None for a whole comparison.
        engines: every engine that is registered.
        engine_codes: of each of them a hash of its code, and the versions of what it needs; missing in
            documents that are older than this field.
        machine: where it was measured.
        versions: of Python, namegen and the libraries; None for one that is not installed.
        commits: of the checkouts that measured; none for an installed namegen.
        missing: engines without their library, and how to get it.
        left_out: measurements that an engine does not offer.
        failed: measurements that went wrong.
        lists: the figures of each list.
    """

    format: Literal["namegen comparison"]
    format_version: FormatVersion
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
    engine_codes: dict[str, EngineCode] | UnsetType = UNSET
    split_seed: Count | None = None


if __name__ == "__main__":
    print(json.dumps(schema(Comparison), ensure_ascii=False, indent=1))
