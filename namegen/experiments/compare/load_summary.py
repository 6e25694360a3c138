"""Summarize the load of the machine during a comparison, which determines whether its times are reliable."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import mean

from namegen.experiments.compare.document import Comparison, MachineLoad

# The times aren't reliable if other programs kept more cores busy than this, or if the reference computation took
# longer than its best time by more than this factor.
MOST_BUSY_CORES = 0.25
MOST_SLOWDOWN = 1.25


@dataclass(frozen=True)
class LoadSummary:
    """The load of the machine during timed measurements.

    Both numbers are 90th percentiles. They ignore the worst tenth of the measurements, because a single disturbance
    affects only one of many rounds, and the median of the rounds ignores it.
    """

    # The number of cores that other programs kept busy; None if the system doesn't report it.
    other_cores: float | None
    # The time of the reference computation, divided by its best time.
    slowdown: float

    @classmethod
    def of(cls, results: Comparison) -> LoadSummary | None:
        """Summarize all timed measurements of a comparison, or return None if nothing was timed."""
        loads = list(_loads(results))
        if not loads:
            return None
        best_seconds = min(min(load.control_seconds) for load in loads)
        slowdowns = [mean(load.control_seconds) / best_seconds for load in loads]
        known_cores = [load.other_cores for load in loads if load.other_cores is not None]
        return cls(
            other_cores=percentile_90(known_cores) if known_cores else None,
            slowdown=percentile_90(slowdowns),
        )

    @property
    def is_low(self) -> bool:
        """Whether the load was low enough for reliable times."""
        has_busy_cores = self.other_cores is not None and self.other_cores > MOST_BUSY_CORES
        return not has_busy_cores and self.slowdown <= MOST_SLOWDOWN

    def describe(self) -> str:
        """Describe the load in one or two sentences.

        >>> LoadSummary(other_cores=None, slowdown=1.1).describe()
        'Low machine load: in 90% of the measurements, a reference computation ran within 10% of its best time.'
        """
        sentence = self._slowdown_sentence()
        if self.other_cores is None:
            return sentence
        core_share = max(self.other_cores, 0.01)
        return f"{sentence} Other programs used up to {core_share:.0%} of a processor core."

    def _slowdown_sentence(self) -> str:
        """State whether the load was low, and by how much the reference computation was slowed down."""
        extra_time = f"{self.slowdown - 1:.0%}"
        if self.is_low:
            return (
                "Low machine load: in 90% of the measurements, a reference computation ran within "
                f"{extra_time} of its best time."
            )
        return (
            "The machine was busy: in some measurements, a reference computation took "
            f"{extra_time} longer than its best time."
        )


def _loads(results: Comparison) -> Iterator[MachineLoad]:
    """Yield the load during each measurement whose times are reported."""
    for entry in results.lists:
        for runs in entry.like_for_like.values():
            for run in runs:
                yield run.quiet
        for timing in entry.timings:
            yield timing.quiet
        for generation in entry.generation:
            yield generation.quiet


def percentile_90(values: Sequence[float]) -> float:
    """Return the value that nine in ten values don't exceed, or the maximum if there are fewer than ten.

    >>> percentile_90([1.0] * 9 + [5.0]), percentile_90([1.0, 5.0])
    (1.0, 5.0)
    """
    index = math.ceil(0.9 * len(values)) - 1
    return sorted(values)[index]
