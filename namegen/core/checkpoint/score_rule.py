"""The numbers that decide which new names of a label are returned (``core/scoring/scorer.py``)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from namegen.types import Array, Float64, Int64

LEAST_SPREAD = 0.25  # r is at least this, however short a name is


@dataclass(frozen=True)
class ScoreRule:
    """How new names of one label are scored.

    The score compares a name with names of the same length. Both the mean μ and the spread r are lines over the length.

    >>> rule = ScoreRule(mean_level=-2.0, mean_slope=-1.0, spread_level=0.5, spread_slope=0.1, threshold=1.0)
    >>> rule.mean(np.array([5])).tolist(), rule.spread(np.array([5])).tolist()
    ([-7.0], [1.0])
    """

    mean_level: float  # nats
    mean_slope: float  # nats per character
    spread_level: float
    spread_slope: float  # per character
    threshold: float  # the score that the top 1% of the names reach, in nats

    def mean(self, lengths: Int64[Array, "K"]) -> Float64[Array, "K"]:
        """Return μ for names of these lengths, in nats."""
        return self.mean_level + self.mean_slope * lengths

    def spread(self, lengths: Int64[Array, "K"]) -> Float64[Array, "K"]:
        """Return r for names of these lengths."""
        return np.maximum(self.spread_level + self.spread_slope * lengths, LEAST_SPREAD)
