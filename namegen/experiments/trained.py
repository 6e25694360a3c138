"""What every report says of a training: its sizes, its curves, its figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from statistics import median
from typing import TYPE_CHECKING, cast

from namegen.documents import Count, Share, from_plain

if TYPE_CHECKING:  # nothing heavy: a measurement has to pin its threads first
    from namegen.core.evaluation.evaluator import Metrics
    from namegen.core.training.preparation import PreparedTraining
    from namegen.core.training.progress import EpochRecord
    from namegen.core.training.result import RunResult


@dataclass(frozen=True)
class PlainMetrics:
    """Metrics as JSON carries them; docs and reports call the object M.

    Attributes:
        loss_nats_per_char, bits_per_char: mean cross-entropy; None where it is infinite.
        accuracy_argmax: how often the likeliest next character is the true one.
        accuracy_sampled: how often a character drawn from the model would be.
    """

    loss_nats_per_char: float | None
    bits_per_char: float | None
    accuracy_argmax: Share
    accuracy_sampled: Share


@dataclass(frozen=True)
class History:
    """The curves of a training: columns of one entry an epoch.

    Attributes:
        epoch: counted from 1.
        seconds: inside training and validation, since the start.
        learning_rate: of the epoch's last step.
        training_loss_nats_per_char: mean over the epoch, while the parameters moved.
        validation_*: on the held-out part at the end of the epoch; None without one.
    """

    epoch: tuple[Count, ...]
    seconds: tuple[float, ...]
    learning_rate: tuple[float, ...]
    training_loss_nats_per_char: tuple[float, ...]
    validation_loss_nats_per_char: tuple[float | None, ...]
    validation_accuracy_argmax: tuple[float | None, ...]
    validation_accuracy_sampled: tuple[float | None, ...]


@dataclass(frozen=True)
class TrainingSummary:
    """A training in numbers.

    Attributes:
        parameters: how many numbers were learned.
        batch_size: in names, resolved.
        epochs: how many were trained.
        best_epoch: the one that the figures are of.
        history: its curves.
    """

    parameters: Count
    batch_size: Count
    epochs: Count
    best_epoch: Count
    history: History


def plain_metrics(metrics: Metrics) -> PlainMetrics:
    """Metrics as a report has them."""
    return from_plain(PlainMetrics, metrics.to_dict())


def seconds_per_epoch(history: Sequence[EpochRecord]) -> float:
    """Inside training: the median of the epochs after the first, which may compile; of a single one, its own."""
    return median(record.training_seconds for record in history[1:] or history)


def summarise(prepared: PreparedTraining, result: RunResult) -> TrainingSummary:
    """A training in numbers."""
    columns = {
        column.name: tuple(getattr(record, column.name) for record in result.history) for column in fields(History)
    }
    return TrainingSummary(
        parameters=prepared.network.parameter_count,
        batch_size=cast(int, prepared.recipe.training.batch_size),  # nothing is left open in what was prepared
        epochs=result.epochs,
        best_epoch=result.best_epoch,
        history=History(**columns),
    )
