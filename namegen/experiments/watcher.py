"""What a long command tells about how far it is: plain events, given to one function.

    Planned ─► Running, NoWorkers, Ended, in any order and number

A display takes them in with ``match``; a program that wants to be told of nothing leaves the watcher out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class Planned:
    """How much there is to do.

    Attributes:
        total: measurements in all.
        kept: of them, those that are there already.
        scheduler: where they run; empty for this machine.
    """

    total: int
    kept: int
    scheduler: str = ""


@dataclass(frozen=True)
class UnderWay:
    """A measurement that is being made; ``epochs`` is 0 where it has none, or while their number is unknown."""

    label: str
    epoch: int = 0
    epochs: int = 0


@dataclass(frozen=True)
class Running:
    """All that is under way, the last one started last; told again whenever that changes, or just now and then."""

    under_way: tuple[UnderWay, ...]


@dataclass(frozen=True)
class NoWorkers:
    """The scheduler has no worker at the moment, so nothing is under way; told again and again."""


@dataclass(frozen=True)
class Ended:
    """A measurement is over.

    Attributes:
        label: which.
        seconds: that it took.
        trouble: why there is no result; empty where there is one.
        accuracy: where it is a training: how often the likeliest next character was right on the held-out part.
    """

    label: str
    seconds: float = 0.0
    trouble: str = ""
    accuracy: float | None = None


Event: TypeAlias = Planned | Running | NoWorkers | Ended
Watcher: TypeAlias = Callable[[Event], None]


def unwatched(event: Event) -> None:
    """A watcher that says nothing."""
