"""Measure variants in rounds, so that other load on the machine affects all of them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from benchmarks.document import Variant

Measurement = Callable[[int], float]  # takes the number of the round, and returns a value
Result = TypeVar("Result")


def pin_to_one_core() -> None:
    """Run this process and its child processes on one core, if the system supports it."""
    if hasattr(os, "sched_setaffinity"):
        first_core = min(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {first_core})


def measure_seconds(function: Callable[[], Result]) -> tuple[float, Result]:
    """Call a function, and return how many seconds it took, together with its result."""
    start = time.perf_counter()
    result = function()
    return time.perf_counter() - start, result


def run_rounds(
    measurements: Mapping[str, Measurement], rounds: int, *, warm_up_rounds: int = 1
) -> dict[str, tuple[float, ...]]:
    """Make each measurement once per round, and return its values without those of the warm-up rounds.

    >>> run_rounds({"a": lambda number: number, "b": lambda number: -number}, 2)
    {'a': (1, 2), 'b': (-1, -2)}
    """
    values: dict[str, list[float]] = {name: [] for name in measurements}
    for number in range(warm_up_rounds + rounds):
        for name, measure in measurements.items():
            value = measure(number)
            if number >= warm_up_rounds:
                values[name].append(value)
    return {name: tuple(measured) for name, measured in values.items()}


@dataclass(frozen=True)
class PreparedVariant:
    """A variant that is ready to be measured."""

    measure: Measurement
    start_seconds: float
    group: str


class Benchmark:
    """Prepare several variants one after the other, and then measure them in rounds."""

    def __init__(self) -> None:
        self._variants: dict[str, PreparedVariant] = {}  # by name

    def add(self, name: str, prepare: Callable[[], Measurement], *, group: str = "") -> None:
        """Prepare a variant, for example load its data and compile its code, and store how long this takes."""
        start_seconds, measure = measure_seconds(prepare)
        self._variants[name] = PreparedVariant(measure, start_seconds, group)

    def run(self, rounds: int) -> tuple[Variant, ...]:
        """Measure all variants, and return their values."""
        measurements = {name: variant.measure for name, variant in self._variants.items()}
        values = run_rounds(measurements, rounds)
        return tuple(
            Variant(name, values[name], variant.group, variant.start_seconds)
            for name, variant in self._variants.items()
        )
