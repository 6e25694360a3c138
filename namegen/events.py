"""How far a long piece of work is: plain events, given to one function, whoever works.

    train, resume                            ListReady, TrainingBegins, then StepBegins, EpochEnded, Measuring
    sweep, compare-backends                  Planned, then Running, NoWorkers, Ended
    generate, people, players                Searched, again and again; at the end sometimes FilledUp

A watcher is called on the thread that works, thousands of times a second, so it should be quick. What it raises ends
the work. ``match`` tells the events apart.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from msgspec import Struct

from namegen.documents import Measure, Size


class Event:
    """What a watcher is told."""


# Structs: as dataclasses they would take some milliseconds to make, in each command.


# --- a training -------------------------------------------------------------------------------------------------------


class ListReady(Struct, Event, frozen=True):
    """The list of a training is read and split.

    Attributes:
        remarks: sentences on what was dropped from it, or is odd; empty ones say nothing.
        training: names to learn from.
        damped: of them, those that are left where repeats are damped.
        held_out: names to choose the best epoch by.
        test: names for the test; None: no test part.
        labels: how many different ones.
    """

    remarks: tuple[str, ...]
    training: int
    damped: int
    held_out: int
    test: int | None
    labels: int


class TrainingBegins(Struct, Event, frozen=True):
    """The first step is next, once the engine is warm.

    Attributes:
        engine: its name.
        epochs: in all.
        steps: of each epoch.
        characters: that an epoch reads.
        epoch, step: where an earlier part of the run ended.
        finished: whether that was all, so that nothing is trained.
        ceiling: the highest possible accuracy on the held-out names; None without any.
        network: in words.
    """

    engine: str
    epochs: int
    steps: int
    characters: int
    epoch: int
    step: int
    finished: bool
    ceiling: float | None
    network: str = ""


class StepBegins(Struct, Event, frozen=True):
    """A step is about to be taken: how many epochs are finished, and how many steps of this one."""

    epoch: int
    step: int


@dataclass(frozen=True)
class EpochEnded(Event):
    """An epoch has ended.

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


class Measuring(Struct, Event, frozen=True):
    """The epochs are over, and the network is being measured; told again and again."""


# --- several pieces of work side by side ------------------------------------------------------------------------------


class Planned(Struct, Event, frozen=True):
    """How much there is to do.

    Attributes:
        thing: what each piece is called: ``run``.
        total: pieces in all.
        kept: of them, those that are there already.
        scheduler: where they run; empty for this machine.
    """

    thing: str
    total: int
    kept: int = 0
    scheduler: str = ""


class UnderWay(Struct, frozen=True):
    """A piece that is being made; ``epochs`` is 0 where it has none, or while their number is unknown."""

    label: str
    epoch: int = 0
    epochs: int = 0


class Running(Struct, Event, frozen=True):
    """All that is under way, the last one started last; told again whenever that changes, or just now and then."""

    under_way: tuple[UnderWay, ...]


class NoWorkers(Struct, Event, frozen=True):
    """The scheduler has no worker at the moment, so nothing is under way; told again and again."""


class Ended(Struct, Event, frozen=True):
    """A piece is over.

    Attributes:
        label: which.
        seconds: that it took; None: unknown.
        trouble: why there is no result; empty where there is one.
        accuracy: of a training: how often the likeliest next character was right on the held-out part.
    """

    label: str
    seconds: float | None = None
    trouble: str = ""
    accuracy: float | None = None


# --- a search for names -----------------------------------------------------------------------------------------------


class Searched(Struct, Event, frozen=True):
    """How far a search for names is.

    Attributes:
        found: names so far; of the likeliest, some may still be refused, or give way to likelier ones.
        wanted: names in all.
        drawn: names drawn for them.
        read: beginnings of names read, where names are searched for without drawing.
    """

    found: int
    wanted: int
    drawn: int = 0
    read: int = 0


class FilledUp(Struct, Event, frozen=True):
    """Most of the names didn't reach the threshold of their score: they are the best of others.

    Attributes:
        wanted: names in all.
        filled: names that didn't reach it.
    """

    wanted: int
    filled: int


ProgressCallback: TypeAlias = Callable[[Event], None]


def ignore_progress(event: Event) -> None:
    """A watcher that does nothing."""
