"""Measure variants in rounds, so that other load on the machine affects all of them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.document import Variant

Measurement = Callable[[int], float]  # takes the number of the round, and returns a value


def pin_to_one_core() -> None:
    """Run this process and its child processes on one core, if the system supports it."""
    if hasattr(os, "sched_setaffinity"):
        first_core = min(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {first_core})


def seconds_of(function: Callable[[], object]) -> float:
    """Call a function, and return how many seconds it took."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


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

    def add(self, name: str, prepare: Callable[[], Measurement], group: str = "") -> None:
        """Prepare a variant, for example load its data and compile its code, and store how long this takes."""
        start = time.perf_counter()
        measure = prepare()
        self._variants[name] = PreparedVariant(measure, time.perf_counter() - start, group)

    def run(self, rounds: int, warm_up_rounds: int = 1) -> tuple[Variant, ...]:
        """Measure all variants once per round, and return the values without those of the warm-up rounds."""
        values: dict[str, list[float]] = {name: [] for name in self._variants}
        for number in range(warm_up_rounds + rounds):
            for name, variant in self._variants.items():
                value = variant.measure(number)
                if number >= warm_up_rounds:
                    values[name].append(value)
        return tuple(
            Variant(name, tuple(values[name]), variant.group, variant.start_seconds)
            for name, variant in self._variants.items()
        )
