"""Where a training stands, and who is told about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from namegen.core.training.history import EpochRecord
from namegen.types import Array


@dataclass(frozen=True)
class BestEpoch:
    """The best parameters so far."""

    epoch: int
    value: float  # of the criterion: a loss, or a negative accuracy, so that lower is better
    parameters: Mapping[str, Array]


@dataclass
class TrainingProgress:
    """Where a run stands: all that it needs, beside the engine's own state, to go on as if it had not stopped."""

    epoch: int = 0  # finished epochs
    step: int = 0  # steps done of the epoch under way
    loss_sum: float = 0.0  # nats, of the epoch under way
    characters: int = 0  # of the epoch under way
    seconds: float = 0.0  # inside train_epoch and validation, of the whole run
    training_seconds: float = 0.0  # inside train_epoch, of the epoch under way
    history: list[EpochRecord] = field(default_factory=list)
    best: BestEpoch | None = None


@runtime_checkable
class Listener(Protocol):
    """Who is told how training goes. Called on the training thread, so it should be quick."""

    def on_step(self, progress: TrainingProgress, step: int, steps: int) -> None:
        """A step is about to be taken: ``step`` of ``steps`` in this epoch, from 0."""
        ...

    def on_epoch(self, progress: TrainingProgress) -> None:
        """An epoch has ended; its record is the last of ``progress.history``."""
        ...

    def on_measuring(self, progress: TrainingProgress) -> None:
        """Training has ended, and a temperature is about to be tried that names could be drawn with."""
        ...


class SilentListener:
    """A listener that says nothing."""

    def on_step(self, progress: TrainingProgress, step: int, steps: int) -> None:
        """Nothing."""

    def on_epoch(self, progress: TrainingProgress) -> None:
        """Nothing."""

    def on_measuring(self, progress: TrainingProgress) -> None:
        """Nothing."""
