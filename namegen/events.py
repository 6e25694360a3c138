"""The events that report the progress of a long task to a callback.

    train, resume                            ListReady, TrainingBegins, then StepBegins, EpochEnded, Measuring
    sweep, compare-backends                  Planned, then Running, NoWorkers, Ended
    generate, people, players                Searched, several times; sometimes FilledUp at the end

The callback runs in the same thread as the task, up to thousands of times a second, so it should be fast. An exception
in the callback stops the task. Use ``match`` to distinguish the events. Most events are ``msgspec.Struct`` classes,
because dataclasses would slow down the start of every command by several milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from msgspec import Struct

from namegen.documents import Measure, Size


class Event:
    """The base class of all events."""


# --- a training run ---------------------------------------------------------------------------------------------------


class ListReady(Struct, Event, frozen=True):
    """The list of a training run has been read and split."""

    remarks: tuple[str, ...]  # sentences about skipped or unusual names; ignore empty sentences
    training: int  # names in the training set
    names_per_epoch: int  # fewer if the settings use square-root weighting of duplicates
    validation: int  # names in the validation set
    test: int | None  # names in the test set, or None without a test set
    labels: int  # different labels


class TrainingBegins(Struct, Event, frozen=True):
    """The backend is ready, and the first step is next."""

    engine: str  # the name of the backend
    epochs: int  # in total
    steps: int  # per epoch
    characters: int  # per epoch
    epoch: int  # finished epochs, in a resumed run
    step: int  # finished steps of the next epoch, in a resumed run
    finished: bool  # whether all epochs have already finished, so there is nothing to train
    # the highest possible validation accuracy, or None without a validation set
    ceiling: float | None
    network: str = ""  # a description


class StepBegins(Struct, Event, frozen=True):
    """A training step is next."""

    epoch: int  # finished epochs
    step: int  # finished steps of this epoch


@dataclass(frozen=True)
class EpochEnded(Event):
    """An epoch has ended. The validation results are None without a validation set."""

    epoch: Size  # counted from 1
    seconds: Measure  # of training and validation, since the start of the run
    training_seconds: Measure  # of training, in this epoch
    learning_rate: float  # of its last step
    training_loss_nats_per_char: float  # mean over the epoch, during which the parameters change
    validation_loss_nats_per_char: float | None  # after the epoch
    validation_accuracy_argmax: float | None
    validation_accuracy_sampled: float | None
    sample: str  # a name that was generated after the epoch
    sample_is_new: bool  # whether it isn't in the list


class Measuring(Struct, Event, frozen=True):
    """All epochs have ended, and the network is being evaluated. This event is sent repeatedly."""


# --- several tasks in parallel ----------------------------------------------------------------------------------------


class Planned(Struct, Event, frozen=True):
    """The number of tasks is known."""

    total: int
    kept: int = 0  # tasks that already have results
    scheduler: str = ""  # where the tasks run, or "" for this machine


class Running(Struct, Event, frozen=True):
    """All running tasks, in the order in which they started. This event is sent after each change and in between."""

    labels: tuple[str, ...]


class NoWorkers(Struct, Event, frozen=True):
    """No task is running, because the scheduler has no worker at the moment. This event is sent repeatedly."""


class Ended(Struct, Event, frozen=True):
    """A task has ended."""

    label: str
    seconds: float | None = None  # its duration, or None if unknown
    trouble: str = ""  # why it has no result, or "" if it has one
    accuracy: float | None = None  # for a run, the argmax accuracy on the validation set


# --- a search for names -----------------------------------------------------------------------------------------------


class Searched(Struct, Event, frozen=True):
    """The progress of a search for names."""

    # Names so far. In a search for the most likely names, some of them may still be rejected or replaced.
    found: int
    wanted: int  # requested names
    drawn: int = 0  # names sampled so far
    read: int = 0  # prefixes read so far, in an exact search


class FilledUp(Struct, Event, frozen=True):
    """Too few names reached the score threshold, so the result also contains the best of the other names."""

    wanted: int  # requested names
    filled: int  # names in the result that didn't reach the threshold


ProgressCallback: TypeAlias = Callable[[Event], None]


def ignore_progress(event: Event) -> None:
    """Ignore all events. This is the default callback."""
