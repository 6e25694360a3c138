"""Describe a training run in reports: its metrics, its learning curves, and the name and length of its list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from math import ceil, log
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from namegen.documents import Count, Share, from_plain
from namegen.errors import NamesError, counted

if TYPE_CHECKING:  # a measurement must limit its threads before heavy libraries are imported
    from namegen.core.data.corpus import Corpus
    from namegen.core.evaluation.evaluator import Metrics
    from namegen.core.training.preparation import PreparedTraining
    from namegen.core.training.progress import EpochRecord
    from namegen.core.training.result import RunResult


Metric = Literal["loss_nats_per_char", "bits_per_char", "accuracy_argmax", "accuracy_sampled"]


@dataclass(frozen=True)
class PlainMetrics:
    """Metrics in a form that JSON can represent. The docs call this object M."""

    loss_nats_per_char: float | None
    """The mean cross-entropy in nats, or None if it's infinite."""
    bits_per_char: float | None
    """The mean cross-entropy in bits, or None if it's infinite."""
    accuracy_argmax: Share
    """How often the most likely next character is correct."""
    accuracy_sampled: Share
    """The expected accuracy of a character that is sampled from the model."""


@dataclass(frozen=True)
class History:
    """The learning curves of a run. Each column has one entry per epoch."""

    epoch: tuple[Count, ...]
    """The number of the epoch, counting from 1."""
    seconds: tuple[float, ...]
    """The time spent on training and validation since the start."""
    learning_rate: tuple[float, ...]
    """The learning rate of the epoch's last step."""
    training_loss_nats_per_char: tuple[float, ...]
    """The mean over the epoch, during which the parameters change."""
    validation_loss_nats_per_char: tuple[float | None, ...]
    """The value on the held-out names after the epoch, or None if no names are held out."""
    validation_accuracy_argmax: tuple[float | None, ...]
    """The value on the held-out names after the epoch, or None if no names are held out."""
    validation_accuracy_sampled: tuple[float | None, ...]
    """The value on the held-out names after the epoch, or None if no names are held out."""

    def __post_init__(self) -> None:
        lengths = {len(column) for column in vars(self).values()}
        if len(lengths) > 1:
            raise ValueError("the columns of a history have different lengths")


@dataclass(frozen=True)
class TrainingSummary:
    """The sizes and the learning curves of a run."""

    parameters: Count
    """The number of trained parameters."""
    batch_size: Count
    """The number of names per batch."""
    epochs: Count
    """The number of epochs."""
    best_epoch: Count
    """The number of the epoch whose network was kept."""
    history: History
    """The learning curves."""


def plain_metrics(metrics: Metrics) -> PlainMetrics:
    """Convert metrics to the form that reports use."""
    return from_plain(PlainMetrics, metrics.to_dict())


def seconds_per_epoch(history: Sequence[EpochRecord]) -> float:
    """Return the training time of the fastest epoch, in seconds.

    The fastest epoch is the best estimate, because other programs on the machine can only add to the time. The first
    epoch may include compilation, so it counts only if there is no other.

    Args:
        history: the epochs of a run. There must be at least one.
    """
    epochs = history[1:] or history
    return min(record.training_seconds for record in epochs)


def summarize(prepared: PreparedTraining, result: RunResult) -> TrainingSummary:
    """Summarize a run.

    Args:
        prepared: the run before it started.
        result: its result.
    """
    batch_size = prepared.recipe.training.batch_size
    assert batch_size is not None  # set during preparation
    return TrainingSummary(
        parameters=prepared.network.parameter_count,
        batch_size=batch_size,
        epochs=result.epochs,
        best_epoch=result.best_epoch,
        history=_learning_curves(result.history),
    )


def _learning_curves(records: Sequence[EpochRecord]) -> History:
    """Collect the columns of the learning curves. Records have the same field names."""
    columns: dict[str, Any] = {}
    for column in fields(History):
        columns[column.name] = tuple(getattr(record, column.name) for record in records)
    return History(**columns)


# --- lists ------------------------------------------------------------------------------------------------------------


def list_names(sources: Iterable[str]) -> dict[str, str]:
    """Return a short name for each list: its file name, or its whole path if two files have the same name.

    Args:
        sources: the lists, as paths or as names of built-in lists.

    >>> list_names(["mlb-first", "lists/a.txt", "x/b.txt", "y/b.txt"])
    {'mlb-first': 'mlb-first', 'lists/a.txt': 'a.txt', 'x/b.txt': 'x/b.txt', 'y/b.txt': 'y/b.txt'}
    """
    file_names = {source: Path(source).name or source for source in sources}
    uses = Counter(file_names.values())
    names: dict[str, str] = {}
    for source, file_name in file_names.items():
        is_unique = uses[file_name] == 1
        names[source] = file_name if is_unique else source
    return names


LEAST_ODDS = 1_000  # a list is long enough if at most one in this many splits leaves a set empty


def least_names(validation: float) -> int:
    """Return how many different names a list needs for both sets to get names with almost every seed.

    The split assigns each name by a hash, so ``n`` names all go to the same set with a probability of about
    ``max(validation, 1 - validation) ** n``. The result is rounded up to a multiple of 10.

    Args:
        validation: the share of held-out names, above 0.

    >>> least_names(0.2), least_names(0.9)
    (40, 70)
    """
    larger_share = max(validation, 1 - validation)
    # Solves larger_share ** names = 1 / LEAST_ODDS.
    names = log(LEAST_ODDS) / -log(larger_share)
    return 10 * ceil(names / 10)


def check_long_enough(corpus: Corpus, validation: float, split: str, seed: int) -> None:
    """Check that a list can be split.

    Args:
        corpus: the list.
        validation: the share of held-out names.
        split: "by-row" or "by-name".
        seed: the seed of the split.

    Raises:
        NamesError: the list has too few names.
    """
    from namegen.core.settings import DataSettings

    try:
        corpus.split(DataSettings(validation=validation, split=split), seed=seed)
    except NamesError as error:
        raise NamesError(_too_short_message(corpus, validation)) from error


def _too_short_message(corpus: Corpus, validation: float) -> str:
    """Return the message about a list that can't be split."""
    names = counted(len(corpus.names), "name")
    distinct = len(set(corpus.names))
    return (
        f"{corpus.source} has {names} ({distinct:,} distinct), too few to hold out {validation:.0%}: "
        f"remove it, or pass a list of at least {least_names(validation):,} different names"
    )
