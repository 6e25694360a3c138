"""The numbers that decide which new names of a label are returned (``core/generation/scoring.py``)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from namegen.types import Array, Float64, Int64

LEAST_SPREAD = 0.25  # r is at least this, however short a name is


@dataclass(frozen=True)
class ScoreRule:
    """How new names of one label are scored.

    Attributes:
        mean_level, mean_slope: the line μ, in nats: ``mean_level + mean_slope · length``.
        spread_level, spread_slope: the line r.
        threshold: the score that the top 1% reach, in nats.
    """

    mean_level: float
    mean_slope: float
    spread_level: float
    spread_slope: float
    threshold: float

    def mean(self, lengths: Int64[Array, "K"]) -> Float64[Array, "K"]:
        """μ by length, in nats."""
        return self.mean_level + self.mean_slope * lengths

    def spread(self, lengths: Int64[Array, "K"]) -> Float64[Array, "K"]:
        """The line r by length."""
        return np.maximum(self.spread_level + self.spread_slope * lengths, LEAST_SPREAD)
