"""Where a training stands: a record an epoch, ``history.csv``, and the best parameters so far."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields

from namegen.core.evaluation.evaluator import Metrics
from namegen.core.settings import TrainingSettings
from namegen.errors import printable, safe_cell
from namegen.events import EpochEnded
from namegen.types import Array, Float32


@dataclass(frozen=True)
class EpochRecord(EpochEnded):
    """One epoch in the history of a run."""

    @property
    def validation(self) -> Metrics | None:
        """The figures on the held-out part."""
        loss, argmax = self.validation_loss_nats_per_char, self.validation_accuracy_argmax
        sampled = self.validation_accuracy_sampled
        return (
            None
            if loss is None or argmax is None or sampled is None
            else Metrics(loss, argmax, sampled)
        )


COLUMNS = tuple(one.name for one in fields(EpochRecord) if one.name != "training_seconds")


def history_csv(records: Sequence[EpochRecord]) -> str:
    """The table that ``history.csv`` holds, safe to show in a terminal and to open in a spreadsheet.

    Control characters are escaped, and a cell that a spreadsheet would take for a formula is quoted.
    """
    stream = io.StringIO()
    writer = csv.DictWriter(stream, COLUMNS, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(
        {**vars(record), "sample": safe_cell(printable(record.sample))} for record in records
    )
    return stream.getvalue()


@dataclass(frozen=True)
class BestEpoch:
    """The best parameters so far."""

    epoch: int
    value: float  # of the criterion: a loss, or a negative accuracy, so that lower is better
    parameters: Mapping[str, Array]
    probe: Float32[Array, "2 V"] | None = (
        None  # what the engine computes with them; None: not asked yet
    )


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

    def finished(self, training: TrainingSettings) -> bool:
        """Whether every epoch is trained, or patience has run out; by settings that are resolved."""
        patience, best = training.patience, self.best
        out_of_patience = (
            patience is not None and best is not None and self.epoch - best.epoch >= patience
        )
        return out_of_patience or (training.epochs is not None and self.epoch >= training.epochs)
