"""Compare two networks, or a network and the n-gram, on the same held-out names, with a 95% confidence interval.

Both models are evaluated on the same names, and a name that is hard for one is usually hard for the other. Their
*paired* difference is therefore known much more precisely than either result. Its interval comes from a bootstrap
(Efron and Tibshirani, "An Introduction to the Bootstrap", 1993). The random choices are redrawn 2,000 times, with
replacement, and the interval contains the middle 95% of the resulting differences. There are two random choices:

- The **held-out names**, in groups (``core/evaluation/name_groups.py``). Both models have the same groups.
- The training **seeds**, drawn separately for each model. The n-gram has no seed. A bootstrap over few seeds
  underestimates their spread, which Student's t takes into account. The deviations from the mean are therefore scaled
  up until the seeds' part of the interval is as wide as with Student's t.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from namegen.experiments.compare.document import BASELINE, HeldOutGroups, ListEntry, SplitName
from namegen.experiments.report import CRITERIA, NONE
from namegen.experiments.trained import Metric
from namegen.types import Array, Float64

DRAWS = 2_000
SEED = 0
CONFIDENCE = 0.95
MOST_DECIMALS = 6
# The number of groups that contain names; with fewer, the interval would be unreliable.
FEWEST_GROUPS = 20
# The 97.5th percentiles of Student's t with 1, 2, … degrees of freedom, and of the normal distribution.
STUDENT_T = (
    12.706,
    4.303,
    3.182,
    2.776,
    2.571,
    2.447,
    2.365,
    2.306,
    2.262,
    2.228,
    2.201,
    2.179,
    2.160,
    2.145,
    2.131,
)
NORMAL = 1.960


@dataclass(frozen=True)
class Difference:
    """The difference between two models in one metric, on the same names."""

    mean: float  # over the seeds, in nats per character or as a share of the characters
    # The 95% confidence interval.
    low: float
    high: float
    # The number of seeds that the interval takes into account; 1 if it only covers the choice of names.
    seeds: int = 1

    @property
    def is_significant(self) -> bool:
        """Whether the interval excludes zero."""
        return self.low > 0 or self.high < 0


def between(
    entry: ListEntry, split: SplitName, model: str, other: str, metric: Metric
) -> Difference | None:
    """Compare a network with another network, or with the n-gram (``BASELINE``).

    Args:
        entry: the list.
        split: one of its splits.
        model: the network.
        other: the model whose metric is subtracted.
        metric: the metric.

    Returns:
        The difference, or None if ``results.json`` has no groups of names or too few of them.
    """
    return difference(
        _groups(entry, split, model),
        _groups(entry, split, other),
        metric,
        other_has_seeds=other != BASELINE,
    )


def _groups(entry: ListEntry, split: SplitName, model: str) -> list[HeldOutGroups]:
    """Return a model's results on the groups of held-out names, one for each seed. If a seed has none, return []."""
    if model == BASELINE:
        all_groups = [entry.reference(split).parts.held_out.baseline_groups]
    else:
        all_groups = [run.held_out_groups for run in entry.runs(split, model)]
    known_groups = [groups for groups in all_groups if groups]
    return known_groups if len(known_groups) == len(all_groups) else []


def difference(
    model: Sequence[HeldOutGroups],
    other: Sequence[HeldOutGroups],
    metric: Metric,
    other_has_seeds: bool = True,
) -> Difference | None:
    """Compute a metric of the first model minus that of the other, with a 95% confidence interval.

    Args:
        model: the results of the first model on groups of names, one for each seed.
        other: the results of the other model on the same groups.
        metric: the metric.
        other_has_seeds: whether the other model depends on a seed. A network does, and the n-gram doesn't.

    Returns:
        The difference, or None if a model has no results, the results aren't for the same names, or there are too few
        groups.

    >>> sums = HeldOutGroups((9,) * 30, (20.0,) * 30, (3,) * 30, (2.5,) * 30)
    >>> worse = HeldOutGroups((9,) * 30, (29.0,) * 30, (3,) * 30, (2.5,) * 30)
    >>> difference([worse], [sums], "loss_nats_per_char")
    Difference(mean=1.0, low=1.0, high=1.0, seeds=1)
    """
    if not model or not other or not _have_same_names([*model, *other]):
        return None
    characters = np.array(model[0].characters, np.float64)  # (groups,)
    has_names = characters > 0
    if has_names.sum() < FEWEST_GROUPS:
        return None
    pair = ModelPair(
        characters=characters[has_names],
        sums=_sums(model, metric)[:, has_names],
        other_sums=_sums(other, metric)[:, has_names],
        other_has_seeds=other_has_seeds,
    )
    return pair.difference()


def _have_same_names(groups: Sequence[HeldOutGroups]) -> bool:
    """Return whether all sums seem to be over the same names, judging by the number of characters."""
    return len({each.characters for each in groups}) == 1


def _sums(groups: Sequence[HeldOutGroups], metric: Metric) -> Float64[Array, "seeds groups"]:
    """Return the sum of a metric over the characters of each group of names, for each seed."""
    column = CRITERIA[metric].column
    return np.array([getattr(of_seed, column) for of_seed in groups], np.float64)


# --- bootstrap --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class ModelPair:
    """The total losses of two models, for the same groups of names."""

    characters: Float64[Array, "groups"]
    sums: Float64[Array, "seeds groups"]
    other_sums: Float64[Array, "other_seeds groups"]
    other_has_seeds: bool  # whether the other model depends on a seed

    def difference(self) -> Difference:
        """Compute the difference per character and its 95% confidence interval."""
        # The percentage of draws below the interval, and also above it.
        tail_percent = 50 * (1 - CONFIDENCE)
        low, high = np.percentile(self._drawn_differences(), (tail_percent, 100 - tail_percent))
        model_total = self.sums.mean(axis=0).sum()
        other_total = self.other_sums.mean(axis=0).sum()
        return Difference(
            mean=float((model_total - other_total) / self.characters.sum()),
            low=float(low),
            high=float(high),
            seeds=len(self.sums) if self._draws_seeds else 1,
        )

    @property
    def _draws_seeds(self) -> bool:
        """Whether the bootstrap also draws seeds, which takes at least two seeds of each model that has any."""
        has_other_seeds = len(self.other_sums) > 1 or not self.other_has_seeds
        return len(self.sums) > 1 and has_other_seeds

    @property
    def _degrees_of_freedom(self) -> int:
        """The degrees of freedom of Student's t: the number of seeds minus 1, summed over the models with seeds."""
        if self.other_has_seeds:
            return len(self.sums) - 1 + len(self.other_sums) - 1
        return len(self.sums) - 1

    def _drawn_differences(self) -> Float64[Array, "draws"]:
        """Return the difference per character in each draw of the bootstrap."""
        model_sums = self._mean_of_seeds(self.sums, self._draws_seeds, stream=1)
        other_draws_seeds = self._draws_seeds and self.other_has_seeds
        other_sums = self._mean_of_seeds(self.other_sums, other_draws_seeds, stream=2)
        group_counts = draw_groups(len(self.characters))  # (draws, groups)
        differences = (group_counts * (model_sums - other_sums)).sum(axis=1)  # (draws,)
        characters = group_counts @ self.characters  # (draws,)
        differences_per_character: Float64[Array, "draws"] = differences / characters
        return differences_per_character

    def _mean_of_seeds(
        self, sums: Float64[Array, "seeds groups"], draws_seeds: bool, stream: int
    ) -> Float64[Array, "_ groups"]:
        """Return the mean sums over the drawn seeds, with one row per draw, or a single row if no seeds are drawn."""
        if not draws_seeds:
            all_seeds: Float64[Array, "1 groups"] = sums.mean(axis=0, keepdims=True)
            return all_seeds
        weights = draw_seed_weights(len(sums), self._degrees_of_freedom, stream)  # (draws, seeds)
        mean: Float64[Array, "draws groups"] = weights @ sums / len(sums)
        return mean


@lru_cache(maxsize=16)
def draw_groups(groups: int) -> Float64[Array, "draws groups"]:
    """Draw groups with replacement, and return how often each group is drawn in each draw."""
    rng = np.random.default_rng([SEED, groups])
    equal_chances = np.full(groups, 1 / groups)
    counts = rng.multinomial(groups, equal_chances, size=DRAWS)  # (draws, groups)
    return counts.astype(np.float64)


@lru_cache(maxsize=16)
def draw_seed_weights(
    seeds: int, degrees_of_freedom: int, stream: int
) -> Float64[Array, "draws seeds"]:
    """Draw seeds with replacement, and return the weight of each seed in each draw. The mean weight is 1.

    The weights are the counts of the draws, with a wider spread. Without the wider spread, the mean of n seeds would
    have (n − 1)/n of its variance, and the tails of a normal distribution instead of those of Student's t.

    Args:
        seeds: the number of seeds.
        degrees_of_freedom: the degrees of freedom of Student's t.
        stream: a number that makes the draws of two models independent.
    """
    rng = np.random.default_rng([SEED, seeds, stream])
    equal_chances = np.full(seeds, 1 / seeds)
    counts = rng.multinomial(seeds, equal_chances, size=DRAWS)  # (draws, seeds)
    spread = (seeds / (seeds - 1)) ** 0.5 * student_t(degrees_of_freedom) / NORMAL  # above 1
    weights: Float64[Array, "draws seeds"] = 1 + spread * (counts - 1)
    return weights


def student_t(degrees_of_freedom: int) -> float:
    """Return the 97.5th percentile of Student's t. For many degrees of freedom, it's a close approximation."""
    if degrees_of_freedom <= len(STUDENT_T):
        return STUDENT_T[degrees_of_freedom - 1]
    return NORMAL + 2.4 / degrees_of_freedom  # the approximation


# --- in words ---------------------------------------------------------------------------------------------------------

NO_DIFFERENCE = "no difference found"


def in_figures(apart: Difference | None, metric: Metric) -> str:
    """Format a difference and its interval for a table, in nats per character or percentage points.

    >>> in_figures(Difference(-0.0121, -0.0149, -0.0093), "loss_nats_per_char")
    '−0.012 (−0.015 to −0.009)'
    >>> in_figures(Difference(0.001, -0.004, 0.006), "accuracy_argmax")
    'no difference found (−0.4 to +0.6)'
    """
    if apart is None:
        return NONE
    scale = CRITERIA[metric].scale
    values = [scale * value for value in (apart.mean, apart.low, apart.high)]
    decimals = _enough_decimals(values, apart.is_significant, CRITERIA[metric].digits)
    mean, low, high = [_signed(value, decimals) for value in values]
    if apart.is_significant:
        return f"{mean} ({low} to {high})"
    return f"{NO_DIFFERENCE} ({low} to {high})"


def _signed(value: float, decimals: int) -> str:
    """Format a number with its sign."""
    return f"{value:+.{decimals}f}".replace("-", "−")


def _enough_decimals(values: Sequence[float], is_significant: bool, decimals: int) -> int:
    """Return how many decimals are enough to show a difference and its interval, at least ``decimals``.

    If the difference is significant, no value must be rounded to 0. Otherwise, it's enough if one of them isn't.
    """
    if not any(values):
        return decimals
    while decimals < MOST_DECIMALS:
        is_zero = [float(f"{value:.{decimals}f}") == 0 for value in values]  # after rounding
        needs_more = any(is_zero) if is_significant else all(is_zero)
        if not needs_more:
            break
        decimals += 1
    return decimals


def interval_in_words(differences: Iterable[Difference | None]) -> str:
    """Explain the confidence intervals in a table's note, or return "" if there are none."""
    seeds = sorted({difference.seeds for difference in differences if difference is not None})
    if not seeds:
        return ""
    explanation = "The range in parentheses is the 95% confidence interval of the difference."
    if seeds == [1]:
        return f"{explanation} It takes the choice of held-out names into account, but not the training seed."
    seed_counts = " or ".join(str(count) for count in seeds)
    return f"{explanation} It takes the choice of held-out names and the {seed_counts} training seeds into account."
