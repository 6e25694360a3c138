"""Rounds: all ways take turns, so that whatever else the machine does hits each of them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from typing import TypeVar

from benchmarks.document import Way

Turn = Callable[[int], float]  # does the work of that round, and returns its figure
Made = TypeVar("Made")


def pin() -> None:
    """Keep this process, and those that it starts, to one core, where the system can do that."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def timed(work: Callable[[], Made]) -> tuple[float, Made]:
    """Seconds that it took, and what it gave."""
    start = time.perf_counter()
    made = work()
    return time.perf_counter() - start, made


def alternate(
    turns: Mapping[str, Turn], rounds: int, *, uncounted: int = 1
) -> dict[str, tuple[float, ...]]:
    """Let every way do each round, one after the other, after rounds that are not counted.

    >>> alternate({"a": lambda number: number, "b": lambda number: -number}, 2)
    {'a': (1, 2), 'b': (-1, -2)}
    """
    values: dict[str, list[float]] = {name: [] for name in turns}
    for number in range(rounds + uncounted):
        for name, turn in turns.items():
            value = turn(number)
            if number >= uncounted:
                values[name].append(value)
    return {name: tuple(found) for name, found in values.items()}


class Contest:
    """Ways that are made one after the other, each with how long that took, and then take turns."""

    def __init__(self) -> None:
        self._turns: dict[str, Turn] = {}
        self._start: dict[str, float | None] = {}
        self._groups: dict[str, str] = {}

    def enter(self, name: str, make: Callable[[], Turn], *, group: str = "") -> None:
        """Make a way ready: loaded and compiled."""
        self._start[name], self._turns[name] = timed(make)
        self._groups[name] = group

    def run(self, rounds: int) -> tuple[Way, ...]:
        """The figures of every way."""
        values = alternate(self._turns, rounds)
        return tuple(
            Way(name, values[name], self._groups[name], self._start[name]) for name in values
        )
