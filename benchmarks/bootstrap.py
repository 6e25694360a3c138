"""The confidence interval of a difference between models, by bootstrap."""

from __future__ import annotations

import numpy as np

from namegen.types import Array, Float64, Int64

RESAMPLES = 2_000


def confidence_interval(
    differences: Float64[Array, "S N"], characters: Int64[Array, "N"]
) -> tuple[float, float]:
    """Return the 95% confidence interval of a mean difference per character. Both names and seeds are resampled.

    Args:
        differences: The difference for each seed and distinct name, in nats, summed over all copies of the name.
        characters: The number of characters of each distinct name, summed over all copies.
    """
    rng = np.random.default_rng(0)
    seed_count, name_count = differences.shape
    means = np.empty(RESAMPLES)
    for i in range(RESAMPLES):
        names = rng.integers(name_count, size=name_count)
        seeds = rng.integers(seed_count, size=seed_count)
        mean_of_seeds = differences[seeds].mean(axis=0)  # (N,)
        means[i] = mean_of_seeds[names].sum() / characters[names].sum()
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)
