"""What goes between a sweep and its workers: a job there, an answer back; what came of a job is also what is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from namegen.config import Config
from namegen.documents import UNSET, Json, Measure, UnsetType, from_plain
from namegen.experiments.trained import PlainMetrics, TrainingSummary

DONE: Literal["done"] = "done"
DIVERGED: Literal["diverged"] = "diverged"
UNAVAILABLE: Literal["unavailable"] = "unavailable"
FAILED: Literal["failed"] = "failed"


@dataclass(frozen=True)
class RunJob:
    """One run that a worker is to make.

    Attributes:
        run: its key.
        config: all settings.
        source: what the list is called.
        names: the list.
        code: the ``training_code`` that it is to be trained by.
    """

    run: str
    config: Config
    source: str
    names: tuple[str, ...]
    code: str


@dataclass(frozen=True)
class PartFigures:
    """The same figures of two parts of the list."""

    training: PlainMetrics
    held_out: PlainMetrics


@dataclass(frozen=True)
class HeldOut:
    """What the figures of the held-out part stand beside.

    Attributes:
        names, characters: the size of the part.
        seen_percent: of its names, those that stand in the training part too.
        ceiling: the part itself as a model.
        baseline: the n-gram that was fitted on what the network reads.
        baseline_order: of that n-gram.
    """

    names: int
    characters: int
    seen_percent: float
    ceiling: PlainMetrics
    baseline: PlainMetrics
    baseline_order: int


@dataclass(frozen=True)
class RunTiming:
    """How long a run took, beside others.

    Attributes:
        seconds: inside training and validation, all epochs.
        seconds_per_epoch: inside training, median of the epochs after the first.
        chars_per_second: inside training; None where the run was too short to tell.
        whole_seconds: with everything around it.
    """

    seconds: Measure
    seconds_per_epoch: Measure
    chars_per_second: Measure | None
    whole_seconds: Measure


@dataclass(frozen=True)
class TrainedHead:
    """How the document of a trained run begins.

    Attributes:
        machine, versions: where it was trained, and with what.
    """

    status: Literal["done"]
    machine: Mapping[str, Json]
    versions: Mapping[str, str | None]


@dataclass(frozen=True)
class Trained(TrainingSummary, TrainedHead):
    """A run that is done.

    Attributes:
        figures: of the best epoch.
        held_out: what those of the held-out part stand beside.
        timing: how long it took.
    """

    figures: PartFigures
    held_out: HeldOut
    timing: RunTiming


@dataclass(frozen=True)
class Untrained:
    """A run without a network: its loss went astray, its engine is not there, or it failed.

    Attributes:
        why: one sentence.
        machine, versions: as of a trained one; missing where no worker came as far as to tell them.
    """

    status: Literal["diverged", "unavailable", "failed"]
    why: str
    machine: Mapping[str, Json] | UnsetType = UNSET
    versions: Mapping[str, str | None] | UnsetType = UNSET


RunOutcome: TypeAlias = Trained | Untrained


@dataclass(frozen=True)
class RunAnswer:
    """What a worker gives back.

    Attributes:
        outcome: what came of the run.
        model: the file of the trained network; None where there is none.
    """

    outcome: RunOutcome
    model: bytes | None = None


def read_run_outcome(plain: Mapping[str, object]) -> RunOutcome:
    """An outcome from plain values.

    Raises:
        ValueError: it has another form.
    """
    return from_plain(Trained, plain) if plain.get("status") == DONE else from_plain(Untrained, plain)
