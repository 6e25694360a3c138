"""How far a run is: the history of its epochs, ``history.csv``, and the best epoch so far."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field, fields

from namegen.core.evaluation.evaluator import Metrics
from namegen.core.settings import TrainingSettings
from namegen.documents import Count, Measure, Size
from namegen.errors import printable, safe_cell
from namegen.events import EpochEnded


@dataclass(frozen=True)
class EpochRecord(EpochEnded):
    """One epoch in the history of a run."""

    @property
    def validation(self) -> Metrics | None:
        """The metrics on the validation set; None if there is no such set."""
        loss = self.validation_loss_nats_per_char
        argmax = self.validation_accuracy_argmax
        sampled = self.validation_accuracy_sampled
        if loss is None or argmax is None or sampled is None:
            return None
        return Metrics(loss, argmax, sampled)


# The columns of ``history.csv``.
COLUMNS = tuple(column.name for column in fields(EpochRecord) if column.name != "training_seconds")


def history_csv(records: Sequence[EpochRecord]) -> str:
    """Format the history of a run as CSV, safe to show in a terminal and to open in a spreadsheet.

    Control characters are escaped, and a cell that a spreadsheet would run as a formula is quoted.
    """
    stream = io.StringIO()
    writer = csv.DictWriter(stream, COLUMNS, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for record in records:
        sample = safe_cell(printable(record.sample))
        writer.writerow({**vars(record), "sample": sample})
    return stream.getvalue()


@dataclass(frozen=True)
class BestEpoch:
    """The best epoch so far. ``Trainer.best_parameters`` has its parameters."""

    epoch: Size  # counted from 1
    value: float  # the loss or the negative accuracy, so lower is better


@dataclass
class TrainingProgress:
    """How far a run is. With the engine's state and the best parameters, it's everything that resuming needs.

    >>> progress = TrainingProgress(epoch=3)
    >>> progress.finished(TrainingSettings(epochs=3))
    True
    """

    epoch: Count = 0  # how many epochs are finished
    # In the current epoch:
    step: Count = 0  # how many steps are done
    loss_sum: float = 0.0  # nats
    characters: Count = 0
    training_seconds: Measure = 0.0  # inside train_epoch
    # In the whole run:
    seconds: Measure = 0.0  # inside train_epoch and validation
    history: list[EpochRecord] = field(default_factory=list)
    best: BestEpoch | None = None

    @property
    def best_epoch(self) -> int:
        """The best epoch so far; 0 if the first epoch isn't finished."""
        return 0 if self.best is None else self.best.epoch

    def start_next_epoch(self) -> None:
        """Count the current epoch as finished."""
        self.epoch += 1
        self.step = 0
        self.loss_sum = 0.0
        self.characters = 0
        self.training_seconds = 0.0

    def finished(self, training: TrainingSettings) -> bool:
        """Check whether no epoch is left, or patience has run out.

        Args:
            training: The settings of the run, resolved.
        """
        if training.epochs is not None and self.epoch >= training.epochs:
            return True
        if training.patience is None or self.best is None:
            return False
        epochs_without_improvement = self.epoch - self.best.epoch
        return epochs_without_improvement >= training.patience
