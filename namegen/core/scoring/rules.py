"""Fit score rules: two lines over the length of new names, and the threshold that the top 1% of them reach."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from namegen.core.checkpoint.score_rule import ScoreRule
from namegen.core.scoring.scorer import Scorer
from namegen.types import Array, Float64, Int64

TOP = 0.01  # the share of the new names that reach the threshold
FEWEST_NAMES = 200  # a label with fewer new names takes the slopes of all labels together
# A normal distribution's standard deviation divided by its mean absolute deviation.
SPREAD_OF_RESIDUALS = 1.25


@dataclass(frozen=True, eq=False)
class NewNames:
    """Different new names that a model drew for one label."""

    lengths: Int64[Array, "names"]  # characters of each name
    log_probabilities: Float64[Array, "names"]  # in nats, with the weight of the end
    missing: Int64[Array, "names"]  # n-grams of each name that the training set lacks

    def scores(self, rule: ScoreRule) -> Float64[Array, "names"]:
        """Return the scores of the names by a rule, in nats."""
        return Scorer((), first_label=0, rules=[rule]).scores(
            self.log_probabilities,
            lengths=self.lengths,
            missing=self.missing,
            start_tokens=np.zeros(len(self.lengths), np.int64),
        )


def fit_rules(drawn: Sequence[NewNames], shortest: int) -> tuple[ScoreRule, ...]:
    """Fit a score rule to the new names of each label: two lines over the length, and the threshold.

    The lines are the mean log-probability, and how far names are from it. A label with few names has its own level, but
    the slopes of all labels together.

    Args:
        drawn: the new names of each label, or one group for all labels.
        shortest: characters of the shortest name that can be returned.

    Returns:
        A rule for each group of names.
    """
    lengths = [names.lengths for names in drawn]
    means = _fit_lines(lengths, [names.log_probabilities for names in drawn])
    # How far each name's log-probability is from the mean for its length, scaled to a standard deviation.
    residuals = []
    for names, mean in zip(drawn, means, strict=True):
        deviation = names.log_probabilities - mean.level - mean.slope * names.lengths
        residuals.append(SPREAD_OF_RESIDUALS * np.abs(deviation))
    spreads = _fit_lines(lengths, residuals)
    rules = []
    for names, mean, residual, spread in zip(drawn, means, residuals, spreads, strict=True):
        average = float(residual.mean()) if len(residual) else 0.0
        if average > 0:  # the spread is relative to its average
            spread = _Line(spread.level / average, spread.slope / average)
        else:  # all names are on the line
            spread = _Line(level=1.0, slope=0.0)
        rule = ScoreRule(
            mean_level=round(mean.level, 5),
            mean_slope=round(mean.slope, 5),
            spread_level=round(spread.level, 5),
            spread_slope=round(spread.slope, 5),
            threshold=0.0,
        )
        can_be_returned = names.lengths >= shortest
        if can_be_returned.any():
            threshold = float(np.quantile(names.scores(rule)[can_be_returned], 1 - TOP))
            rule = replace(rule, threshold=round(threshold, 5))
        rules.append(rule)
    return tuple(rules)


class _Line(NamedTuple):
    """level + slope · length."""

    level: float
    slope: float


def _fit_lines(
    lengths: Sequence[Int64[Array, "_"]], values: Sequence[Float64[Array, "_"]]
) -> list[_Line]:
    """Fit a line to the points of each group. The lines of small groups have the slope of all groups together."""
    slope_of_all = _slope(lengths, values)
    lines = []
    for x, y in zip(lengths, values, strict=True):
        slope = _slope([x], [y]) if len(x) >= FEWEST_NAMES else slope_of_all
        level = float(y.mean() - slope * x.mean()) if len(x) else 0.0
        lines.append(_Line(level, slope))
    return lines


def _slope(x: Sequence[Int64[Array, "_"]], y: Sequence[Float64[Array, "_"]]) -> float:
    """Return the slope of the least-squares line through several groups of points, after centering each group."""
    dx = np.concatenate([group - group.mean() for group in x if len(group)] or [np.zeros(0)])
    dy = np.concatenate([group - group.mean() for group in y if len(group)] or [np.zeros(0)])
    sum_of_squares = float((dx * dx).sum())
    if not sum_of_squares:  # all x are equal
        return 0.0
    return float((dx * dy).sum()) / sum_of_squares
