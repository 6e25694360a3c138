"""Whether the machine was quiet enough to trust what was timed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean

from namegen.experiments.compare.document import Comparison

# The times can't be trusted if other processes kept more cores busy than this, or if a fixed computation took this many
# times its shortest time.
BUSY_CORES, DRIFT = 0.25, 1.25


@dataclass(frozen=True)
class Quietness:
    """How quiet the machine was while something was timed.

    Both numbers leave out the worst tenth of the measurements: one disturbance spoils one round of many, which a median
    ignores.
    """

    other_cores: (
        float | None
    )  # how many cores other processes kept busy; None if the system doesn't report it
    drift: (
        float | None
    )  # how many times its shortest time a fixed computation took; None if nothing was timed

    @classmethod
    def of(cls, results: Comparison) -> Quietness:
        """Look at all measurements of a comparison whose seconds are shown."""
        found = [
            run.quiet
            for entry in results.lists
            for runs in entry.like_for_like.values()
            for run in runs
        ]
        found += [one.quiet for entry in results.lists for one in entry.timings]
        found += [one.quiet for entry in results.lists for one in entry.generation]
        if not found:
            return cls(None, None)
        cores = [one.other_cores for one in found if one.other_cores is not None]
        shortest = min(min(one.control_seconds) for one in found)
        drifts = [mean(one.control_seconds) / shortest for one in found]
        return cls(nine_of_ten(cores) if cores else None, nine_of_ten(drifts))

    @property
    def trouble(self) -> str:
        """Why the times can't be trusted, as a clause; empty if they can."""
        causes = []
        if self.other_cores is not None and self.other_cores > BUSY_CORES:
            causes.append(f"other processes kept up to {self.other_cores:.1f} cores busy")
        if self.drift is not None and self.drift > DRIFT:
            causes.append(
                f"a fixed computation took up to {self.drift:.2f} times its shortest time"
            )
        return " and ".join(causes)


def nine_of_ten(values: Sequence[float]) -> float:
    """The value that nine of ten values don't exceed; of fewer than ten values, none does.

    >>> nine_of_ten([1.0] * 9 + [5.0]), nine_of_ten([1.0, 5.0])
    (1.0, 5.0)
    """
    return sorted(values)[math.ceil(0.9 * len(values)) - 1]
