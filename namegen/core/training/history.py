"""What a training run has seen: one record an epoch, and ``history.csv``."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from namegen.core.evaluation.evaluator import Metrics
from namegen.documents import Measure, Size
from namegen.errors import printable, safe_cell

COLUMNS = (
    "epoch",
    "seconds",
    "learning_rate",
    "training_loss_nats_per_char",
    "validation_loss_nats_per_char",
    "validation_accuracy_argmax",
    "validation_accuracy_sampled",
    "sample",
    "sample_is_new",
)


@dataclass(frozen=True)
class EpochRecord:
    """One epoch.

    Attributes:
        epoch: counted from 1.
        seconds: inside ``train_epoch`` and validation, from the beginning of the run to the end of this epoch.
        training_seconds: inside ``train_epoch``, in this epoch alone.
        learning_rate: of its last step.
        training_loss_nats_per_char: mean over the epoch, while the parameters moved.
        validation_*: on the held-out part at the end of the epoch; None without one.
        sample: a name that the network drew at the end of the epoch; ``sample_is_new``: the list lacks it.
    """

    epoch: Size
    seconds: Measure
    training_seconds: Measure
    learning_rate: float
    training_loss_nats_per_char: float
    validation_loss_nats_per_char: float | None
    validation_accuracy_argmax: float | None
    validation_accuracy_sampled: float | None
    sample: str
    sample_is_new: bool

    @property
    def validation(self) -> Metrics | None:
        """The figures on the held-out part."""
        loss, argmax = self.validation_loss_nats_per_char, self.validation_accuracy_argmax
        sampled = self.validation_accuracy_sampled
        return None if loss is None or argmax is None or sampled is None else Metrics(loss, argmax, sampled)

    def to_dict(self) -> dict[str, object]:
        """For the state file."""
        return asdict(self)


def history_csv(records: Sequence[EpochRecord]) -> str:
    """The table that ``history.csv`` holds, safe to show in a terminal and to open in a spreadsheet.

    Control characters are escaped, and a cell that a spreadsheet would take for a formula is quoted.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    for record in records:
        row = record.to_dict()
        writer.writerow([_cell(row[column]) for column in COLUMNS])
    return stream.getvalue()


def _cell(value: object) -> object:
    return safe_cell(printable(value)) if isinstance(value, str) else value
