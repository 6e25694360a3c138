"""What every report says of a training (its sizes, its curves, its figures) and of the lists of a long command."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from math import ceil, log
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from namegen.documents import Count, Share, from_plain
from namegen.errors import NamesError, counted

if TYPE_CHECKING:  # nothing heavy: a measurement has to pin its threads first
    from namegen.core.data.corpus import Corpus
    from namegen.core.evaluation.evaluator import Metrics
    from namegen.core.training.preparation import PreparedTraining
    from namegen.core.training.progress import EpochRecord
    from namegen.core.training.result import RunResult


Metric = Literal["loss_nats_per_char", "bits_per_char", "accuracy_argmax", "accuracy_sampled"]


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

    def __post_init__(self) -> None:
        if len({len(column) for column in vars(self).values()}) > 1:
            raise ValueError("the columns of a history have different lengths")


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
    """Inside training: of the fastest epoch after the first, which may compile; of a single one, its own.

    Whatever else a machine does only adds to the time, so the least is nearest to what the training itself takes.
    """
    return min(record.training_seconds for record in history[1:] or history)


def summarise(prepared: PreparedTraining, result: RunResult) -> TrainingSummary:
    """A training in numbers."""
    columns = {
        one.name: tuple(getattr(record, one.name) for record in result.history)
        for one in fields(History)
    }
    return TrainingSummary(
        parameters=prepared.network.parameter_count,
        batch_size=cast(
            int, prepared.recipe.training.batch_size
        ),  # nothing is left open in what was prepared
        epochs=result.epochs,
        best_epoch=result.best_epoch,
        history=History(**columns),
    )


# --- the lists of a long command --------------------------------------------------------------------------------------


def list_names(sources: Iterable[str]) -> dict[str, str]:
    """Each list by its file, without the folders that would fill sentences and are nobody else's matter; by its whole
    path where two files have one name.

    Args:
        sources: what the lists are called: paths, bundled lists.

    >>> list_names(["mlb-first", "lists/a.txt", "x/b.txt", "y/b.txt"])
    {'mlb-first': 'mlb-first', 'lists/a.txt': 'a.txt', 'x/b.txt': 'x/b.txt', 'y/b.txt': 'y/b.txt'}
    """
    files = {source: Path(source).name or source for source in sources}
    alike = Counter(files.values())
    return {source: name if alike[name] == 1 else source for source, name in files.items()}


SURE = 1_000  # of so many splits of a list that is long enough, at most one leaves a part empty


def enough(validation: float) -> int:
    """How many different names can be split for nearly every seed: a hash of each decides which part it goes to.

    Args:
        validation: the share that is held out, above 0.

    >>> enough(0.2), enough(0.9)
    (40, 70)
    """
    larger = max(validation, 1 - validation)
    return 10 * ceil(log(SURE) / -log(larger) / 10)


def check_long_enough(corpus: Corpus, validation: float, split: str, seed: int) -> None:
    """Split a list as a training will.

    Args:
        corpus: the list.
        validation: the share that is held out.
        split: "by-row" or "by-name".
        seed: of the split.

    Raises:
        NamesError: there are too few names.
    """
    from namegen.core.settings import DataSettings

    try:
        corpus.split(DataSettings(validation=validation, split=split), seed=seed)
    except NamesError as error:
        names, distinct = counted(len(corpus.names), "name"), len(set(corpus.names))
        raise NamesError(
            f"{corpus.source} has {names} ({distinct:,} distinct), too few to hold out {validation:.0%} and compare "
            f"anything: leave it out, or give a list of at least {enough(validation):,} different names"
        ) from error
