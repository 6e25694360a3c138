"""Whether the machine was quiet enough to trust what was timed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean

from namegen.experiments.compare.document import Comparison, Quiet

# The times can't be trusted if other processes kept more cores busy than this, or if a fixed computation took more than
# this many times its shortest time.
BUSY_CORES = 0.25
DRIFT = 1.25


@dataclass(frozen=True)
class Quietness:
    """How quiet the machine was while something was timed.

    Both numbers ignore the worst tenth of the measurements: a single disturbance spoils one of many rounds, and the
    median of the rounds ignores it.
    """

    # How many cores other processes kept busy; None if the system doesn't report it.
    other_cores: float | None
    # How many times its shortest time a fixed computation took; None if nothing was timed.
    drift: float | None

    @classmethod
    def of(cls, results: Comparison) -> Quietness:
        """Summarize all measurements of a comparison whose times are reported."""
        quiets: list[Quiet] = []
        for entry in results.lists:
            for runs in entry.like_for_like.values():
                quiets += [run.quiet for run in runs]
            quiets += [timing.quiet for timing in entry.timings]
            quiets += [generation.quiet for generation in entry.generation]
        if not quiets:
            return cls(None, None)
        cores = [quiet.other_cores for quiet in quiets if quiet.other_cores is not None]
        shortest = min(min(quiet.control_seconds) for quiet in quiets)
        drifts = [mean(quiet.control_seconds) / shortest for quiet in quiets]
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
    """Return the value that nine of ten values don't exceed: the maximum if there are fewer than ten.

    >>> nine_of_ten([1.0] * 9 + [5.0]), nine_of_ten([1.0, 5.0])
    (1.0, 5.0)
    """
    return sorted(values)[math.ceil(0.9 * len(values)) - 1]
