"""Fitting: measure the scores of a model's new names, and find the threshold that the top 1% of them reach."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from namegen.core.checkpoint.score_rule import ScoreRule
from namegen.core.data.labels import StartTokens
from namegen.core.generation.generator import Generator
from namegen.core.generation.sampling import SamplingSettings
from namegen.core.generation.scoring import Scorer
from namegen.types import Array, Float, Float64, Int64

TOP = 0.01  # the share of the new names that reach the threshold
DRAWS = 20_000  # for all labels together
FEWEST_DRAWS = 1_000  # for each label
MOST_LABELS = 100  # a model with more labels has one rule for all of them
MOST_CHARACTERS = 600_000  # fewer names are drawn if they would have more characters than this
FEWEST_NAMES = 200  # a label with fewer new names takes the slopes of all labels together
# A normal distribution's standard deviation divided by its mean absolute deviation.
SPREAD_OF_RESIDUALS = 1.25


def measure_rules(
    generator: Generator,
    *,
    shortest: int,
    longest: int,
    rng: np.random.Generator,
    proceed: Callable[[], bool] = lambda: True,
) -> tuple[ScoreRule, ...] | None:
    """Find out how a model's new names should be scored: draw some, and fit a rule for each label.

    Args:
        generator: draws names from the model; it has a scorer. If it doesn't know which names are new, all are.
        shortest: characters of the shortest name that can be returned.
        longest: characters of the longest.
        rng: where the random numbers come from.
        proceed: called before the names of each label are drawn; stops the measurement if it returns False.

    Returns:
        A rule for each label, or one for all; None if the measurement was stopped.
    """
    generators = _split_by_label(generator)
    draws = _draws_per_label(generator, len(generators), longest)
    names_by_label = []
    for generator_of_label in generators:
        if not proceed():
            return None
        names = _draw_new_names(generator_of_label, draws, longest=longest, rng=rng)
        names_by_label.append(names)
    return fit_rules(names_by_label, shortest)


def _split_by_label(generator: Generator) -> list[Generator]:
    """Return a generator for each label, or only the given one if there are no labels or very many."""
    start_tokens = generator.start_tokens.tokens
    has_few_labels = 1 < len(start_tokens) <= MOST_LABELS
    if not has_few_labels:
        return [generator]
    return [replace(generator, start_tokens=StartTokens.single(token)) for token in start_tokens]


def _draws_per_label(generator: Generator, label_count: int, longest: int) -> int:
    """Return how many names to draw for each label, so that the measurement takes a limited time."""
    rows_per_name = getattr(generator.model, "rows_per_prefix", 1)
    most_draws = min(DRAWS, MOST_CHARACTERS // longest)
    draws_of_all = max(most_draws // rows_per_name, FEWEST_DRAWS)
    return max(FEWEST_DRAWS, draws_of_all // label_count)


@dataclass(frozen=True, eq=False)
class NewNames:
    """Different new names that a model drew for one label."""

    lengths: Int64[Array, "names"]  # characters of each name
    log_probabilities: Float64[Array, "names"]  # in nats
    missing: Int64[Array, "names"]  # n-grams of each name that the training set lacks


def _draw_new_names(
    generator: Generator, n: int, *, longest: int, rng: np.random.Generator
) -> NewNames:
    """Draw n names, and return the new ones among them, each once."""
    if generator.scorer is None:
        raise ValueError("a generator without a scorer can't be measured")
    walk, name_filter = generator.prepare(
        n,
        longest,
        constraints=None,
        allow_seen=generator.known_names is None,
        allow_repeats=True,
    )
    draws = walk.draw(n, rng=rng, sampling=SamplingSettings(max_length=longest))
    drawn_names = draws.names(generator.vocabulary)
    rows = name_filter.keep(drawn_names, draws.counts).rows
    return NewNames(
        lengths=draws.lengths()[rows],
        log_probabilities=draws.log_probability[rows],
        missing=draws.missing(generator.scorer)[rows],
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
    log_probabilities = [names.log_probabilities for names in drawn]
    means = _fit_lines(lengths, log_probabilities)
    residuals = list(map(_residuals, drawn, means))
    residual_lines = _fit_lines(lengths, residuals)
    rules = []
    for index, names in enumerate(drawn):
        spread = _relative_spread(residuals[index], residual_lines[index])
        rule = _rule_without_threshold(means[index], spread)
        rules.append(replace(rule, threshold=_threshold(names, rule, shortest)))
    return tuple(rules)


def _residuals(names: NewNames, mean: Line) -> Float64[Array, "names"]:
    """Return how far each name's log-probability is from the mean for its length, scaled to a standard deviation."""
    deviation = names.log_probabilities - mean.level - mean.slope * names.lengths
    return SPREAD_OF_RESIDUALS * np.abs(deviation)


class Line(NamedTuple):
    """level + slope · length."""

    level: float
    slope: float


def _fit_lines(
    lengths: Sequence[Int64[Array, "_"]], values: Sequence[Float64[Array, "_"]]
) -> list[Line]:
    """Fit a line to the points of each group. The lines of small groups have the slope of all groups together."""
    slope_of_all = _slope(lengths, values)
    lines = []
    for x, y in zip(lengths, values, strict=True):
        slope = _slope([x], [y]) if len(x) >= FEWEST_NAMES else slope_of_all
        level = float(y.mean() - slope * x.mean()) if len(x) else 0.0
        lines.append(Line(level, slope))
    return lines


def _relative_spread(residuals: Float64[Array, "names"], line: Line) -> Line:
    """Return the line through the residuals, divided by their average."""
    average = float(residuals.mean()) if len(residuals) else 0.0
    if average <= 0:  # all names are on the line
        return Line(level=1.0, slope=0.0)
    return Line(line.level / average, line.slope / average)


def _rule_without_threshold(mean: Line, spread: Line) -> ScoreRule:
    """Return a rule with two rounded lines, and a threshold of 0 that is replaced later."""
    return ScoreRule(
        mean_level=round(mean.level, 5),
        mean_slope=round(mean.slope, 5),
        spread_level=round(spread.level, 5),
        spread_slope=round(spread.slope, 5),
        threshold=0.0,
    )


def _threshold(names: NewNames, rule: ScoreRule, shortest: int) -> float:
    """Return the score that the top 1% of the names that can be returned reach; 0 if there are none."""
    can_be_returned = names.lengths >= shortest
    if not can_be_returned.any():
        return 0.0
    scorer = Scorer((), first_label=0, rules=[rule])
    scores = scorer.scores(
        names.log_probabilities,
        lengths=names.lengths,
        missing=names.missing,
        start_tokens=np.zeros(len(names.lengths), np.int64),
    )
    return round(float(np.quantile(scores[can_be_returned], 1 - TOP)), 5)


def _slope(x: Sequence[Int64[Array, "_"]], y: Sequence[Float64[Array, "_"]]) -> float:
    """Return the slope of the least-squares line through several groups of points, after centering each group."""
    dx = np.concatenate([_centered(group) for group in x])  # (points,)
    dy = np.concatenate([_centered(group) for group in y])  # (points,)
    sum_of_squares = float((dx * dx).sum())
    if not sum_of_squares:  # all x are equal
        return 0.0
    return float((dx * dy).sum()) / sum_of_squares


def _centered(values: Float[Array, "_"] | Int64[Array, "_"]) -> Float64[Array, "_"]:
    """Subtract the mean from some values."""
    return values - values.mean() if len(values) else np.zeros(0)
