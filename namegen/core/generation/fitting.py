"""Fitting: measure what new names of a model score, and so find the threshold that the top 1% of them reach."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from namegen.core.checkpoint.score_rule import ScoreRule
from namegen.core.data.labels import Beginnings
from namegen.core.generation.generator import Generator
from namegen.core.generation.sampling import SamplingSettings
from namegen.core.generation.scoring import Scorer
from namegen.types import Array, Float, Float64, Int64

TOP = 0.01  # the share of the new names that reach the threshold
DRAWS = 20_000  # names that are drawn, of all labels together
FEWEST_DRAWS = 1_000  # of each label
MOST_LABELS = 100  # a model with more labels has one rule for all of them
MOST_CHARACTERS = 600_000  # fewer names are drawn if they would have more characters than this
FEWEST_NAMES = 200  # a label with fewer new names takes the slopes of all labels together
SPREAD_OF_RESIDUALS = (
    1.25  # a normal distribution's standard deviation over its mean absolute deviation
)


def measure_rules(
    generator: Generator,
    *,
    shortest: int,
    longest: int,
    rng: np.random.Generator,
    proceed: Callable[[], bool] = lambda: True,
) -> tuple[ScoreRule, ...] | None:
    """Draw new names from a model and fit the rules that score them.

    Args:
        generator: of the model, with a scorer. It knows which names are new; if it doesn't, all are.
        shortest: characters of the shortest name that can be returned.
        longest: characters of the longest.
        rng: where the random numbers come from.
        proceed: asked before the names of each label are drawn; False ends it.

    Returns:
        A rule for each label, or one for all; None if it was ended.
    """
    tokens = generator.beginnings.tokens
    parts = [generator]
    if 1 < len(tokens) <= MOST_LABELS:
        parts = [replace(generator, beginnings=Beginnings.single(token)) for token in tokens]
    rows_per_name = getattr(generator.model, "rows_per_prefix", 1)
    draws = max(min(DRAWS, MOST_CHARACTERS // longest) // rows_per_name, FEWEST_DRAWS)
    draws_per_label = max(FEWEST_DRAWS, draws // len(parts))
    drawn = []
    for part in parts:
        if not proceed():
            return None
        drawn.append(_draw_new_names(part, draws_per_label, longest=longest, rng=rng))
    return fit_rules(drawn, shortest)


@dataclass(frozen=True, eq=False)
class NewNames:
    """Different new names that a model drew for one label.

    Attributes:
        lengths: characters of each.
        log_probabilities: of each, in nats.
        missing: how many n-grams each lacks.
    """

    lengths: Int64[Array, "names"]
    log_probabilities: Float64[Array, "names"]
    missing: Int64[Array, "names"]


def _draw_new_names(
    generator: Generator, n: int, *, longest: int, rng: np.random.Generator
) -> NewNames:
    """The different new names among n draws."""
    walk, judge = generator.prepare(
        n, longest, None, generator.known_names is None, allow_repeats=True
    )
    draws = walk.draw(n, rng=rng, sampling=SamplingSettings(max_length=longest))
    rows, _, _ = judge.keep(draws.names(generator.vocabulary), draws.counts)
    if generator.scorer is None:
        raise ValueError("a generator without a scorer can't be measured")
    lengths = [np.full(len(part), part.shape[1]) for part in draws.parts]
    missing = draws.missing(generator.scorer)
    return NewNames(
        lengths=np.concatenate([np.zeros(0, np.int64), *lengths])[rows],
        log_probabilities=draws.log_probability[rows],
        missing=missing[rows],
    )


def fit_rules(drawn: Sequence[NewNames], shortest: int) -> tuple[ScoreRule, ...]:
    """Fit the lines and set the thresholds.

    Args:
        drawn: the new names of each label, or those of all.
        shortest: characters of the shortest name that can be returned.

    Returns:
        A rule for each label.
    """
    slope_of_all = _slope(
        [names.lengths for names in drawn], [names.log_probabilities for names in drawn]
    )
    means = []
    for names in drawn:
        has_enough = len(names.lengths) >= FEWEST_NAMES
        slope = _slope([names.lengths], [names.log_probabilities]) if has_enough else slope_of_all
        means.append(_through_the_mean(names.lengths, names.log_probabilities, slope))
    residuals = [
        SPREAD_OF_RESIDUALS * np.abs(names.log_probabilities - level - slope * names.lengths)
        for names, (level, slope) in zip(drawn, means, strict=True)
    ]
    slope_of_all = _slope([names.lengths for names in drawn], residuals)
    return tuple(
        _rule(names, mean, residual, slope_of_all, shortest)
        for names, mean, residual in zip(drawn, means, residuals, strict=True)
    )


def _rule(
    names: NewNames,
    mean: tuple[float, float],
    residuals: Float64[Array, "names"],
    slope_of_all: float,
    shortest: int,
) -> ScoreRule:
    """The rule of one label."""
    has_enough = len(names.lengths) >= FEWEST_NAMES
    slope = _slope([names.lengths], [residuals]) if has_enough else slope_of_all
    average = float(residuals.mean()) if len(residuals) else 0.0
    level, slope = _through_the_mean(names.lengths, residuals, slope)
    if average <= 0:  # all names lie on the line
        level, slope, average = 1.0, 0.0, 1.0
    rule = ScoreRule(
        mean_level=round(mean[0], 5),
        mean_slope=round(mean[1], 5),
        spread_level=round(level / average, 5),
        spread_slope=round(slope / average, 5),
        threshold=0.0,
    )
    scores = Scorer((), 0, [rule]).scores(
        names.log_probabilities,
        names.lengths,
        names.missing,
        np.zeros(len(names.lengths), np.int64),
    )
    can_be_returned = names.lengths >= shortest
    if can_be_returned.any():
        return replace(
            rule, threshold=round(float(np.quantile(scores[can_be_returned], 1 - TOP)), 5)
        )
    return rule


def _slope(x: Sequence[Int64[Array, "_"]], y: Sequence[Float64[Array, "_"]]) -> float:
    """The slope of the least-squares line through one or more groups of points, each moved to its own mean."""
    dx = np.concatenate([_centred(group) for group in x])
    dy = np.concatenate([_centred(group) for group in y])
    square = float((dx * dx).sum())
    return float((dx * dy).sum()) / square if square else 0.0


def _centred(values: Float[Array, "_"] | Int64[Array, "_"]) -> Float64[Array, "_"]:
    """Values minus their mean."""
    return values - values.mean() if len(values) else np.zeros(0)


def _through_the_mean(
    x: Int64[Array, "names"], y: Float64[Array, "names"], slope: float
) -> tuple[float, float]:
    """The level and slope of the line with this slope through the mean of some points."""
    if not len(x):
        return 0.0, slope
    return float(y.mean() - slope * x.mean()), slope
