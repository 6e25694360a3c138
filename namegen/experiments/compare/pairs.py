"""Compare two networks, or a network and the n-gram, on the same held-out names, with a 95% confidence interval.

Both models are evaluated on the same names, and a name that is hard for one is usually hard for the other. Their
*paired* difference is therefore known much more precisely than either result. Its interval comes from a bootstrap
(Efron and Tibshirani, "An Introduction to the Bootstrap", 1993): the random choices are drawn again 2,000 times, with
replacement, and the interval contains the middle 95% of the resulting differences. There are two random choices:

- The **held-out names**, in groups (``core/evaluation/evaluator.py``). Both models have the same groups.
- The training **seeds**, drawn separately for each model. The n-gram has no seed. A bootstrap over few seeds
  underestimates their spread, as Student's t takes into account. The deviations from the mean are therefore scaled up
  until the seeds' part of the interval has the width that t gives it.
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
FEWEST_GROUPS = 20  # groups that contain names; with fewer, the interval would be unreliable
# The 97.5th percentiles of Student's t with 1, 2, … degrees of freedom, and of the normal distribution.
T = (
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
    """A metric of one model minus that of another, on the same names."""

    mean: float  # over the seeds, in nats per character or as a share of the characters
    # The 95% confidence interval.
    low: float
    high: float
    seeds: int = 1  # how many seeds the interval takes into account; 1 if it's over the names alone

    @property
    def is_found(self) -> bool:
        """Whether the difference is significant: the interval excludes zero."""
        return self.low > 0 or self.high < 0


def between(
    entry: ListEntry, split: SplitName, model: str, other: str, figure: Metric
) -> Difference | None:
    """Compare a network with another one, or with the n-gram (``BASELINE``).

    Args:
        entry: the list.
        split: one of its splits.
        model: the network.
        other: the model whose metric is subtracted.
        figure: the metric.

    Returns:
        The difference; None if ``results.json`` has no groups of names, or too few.
    """
    return difference(
        _groups(entry, split, model),
        _groups(entry, split, other),
        figure,
        other_has_seeds=other != BASELINE,
    )


def _groups(entry: ListEntry, split: SplitName, model: str) -> list[HeldOutGroups]:
    """The sums of a model, one for each seed; empty unless all seeds have them."""
    if model == BASELINE:
        of_seeds = [entry.reference(split).parts.held_out.baseline_groups]
    else:
        of_seeds = [run.held_out_groups for run in entry.runs(split, model)]
    known = [groups for groups in of_seeds if groups]
    return known if len(known) == len(of_seeds) else []


def difference(
    model: Sequence[HeldOutGroups],
    other: Sequence[HeldOutGroups],
    figure: Metric,
    other_has_seeds: bool = True,
) -> Difference | None:
    """Compute a metric of the first model minus that of the other, with a 95% confidence interval.

    Args:
        model: the sums of the first model, one for each seed.
        other: the sums of the other model.
        figure: the metric.
        other_has_seeds: whether the other model depends on a seed, as a network does and the n-gram doesn't.

    Returns:
        The difference; None if a model has no sums, if the sums aren't over the same names, or if there are too few
        groups.

    >>> sums = HeldOutGroups((9,) * 30, (20.0,) * 30, (3,) * 30, (2.5,) * 30)
    >>> worse = HeldOutGroups((9,) * 30, (29.0,) * 30, (3,) * 30, (2.5,) * 30)
    >>> difference([worse], [sums], "loss_nats_per_char")
    Difference(mean=1.0, low=1.0, high=1.0, seeds=1)
    """
    same_names = len({groups.characters for groups in (*model, *other)}) == 1
    if not model or not other or not same_names:
        return None
    characters = np.array(model[0].characters, np.float64)  # (groups,)
    filled = characters > 0
    if filled.sum() < FEWEST_GROUPS:
        return None
    characters = characters[filled]
    sums_of_model = _sums(model, figure)[:, filled]  # (seeds, groups)
    sums_of_other = _sums(other, figure)[:, filled]
    draws_seeds = len(model) > 1 and (len(other) > 1 or not other_has_seeds)
    freedom = len(model) - 1
    if other_has_seeds:
        freedom += len(other) - 1
    apart = _drawn_seeds(sums_of_model, freedom, draws_seeds, stream=1)
    apart = apart - _drawn_seeds(sums_of_other, freedom, draws_seeds and other_has_seeds, stream=2)
    times = _group_times(len(characters))  # (draws, groups)
    drawn: Float64[Array, "draws"] = (times * apart).sum(axis=1) / (times @ characters)
    tail = 50 * (1 - CONFIDENCE)
    low, high = np.percentile(drawn, (tail, 100 - tail)).tolist()
    total = sums_of_model.mean(axis=0).sum() - sums_of_other.mean(axis=0).sum()
    mean = float(total / characters.sum())
    return Difference(mean, low, high, seeds=len(model) if draws_seeds else 1)


def _sums(of_seeds: Sequence[HeldOutGroups], figure: Metric) -> Float64[Array, "seeds groups"]:
    column = CRITERIA[figure].column
    return np.array([getattr(groups, column) for groups in of_seeds], np.float64)


def _drawn_seeds(
    sums: Float64[Array, "seeds groups"], freedom: int, draws_seeds: bool, stream: int
) -> Float64[Array, "_ groups"]:
    """The mean sums of the drawn seeds in each draw; without drawing, the mean of all seeds in a single row."""
    if not draws_seeds:
        all_seeds: Float64[Array, "1 groups"] = sums.mean(axis=0, keepdims=True)
        return all_seeds
    weights = _seed_weights(len(sums), freedom, stream)  # (draws, seeds)
    mean: Float64[Array, "draws groups"] = weights @ sums / len(sums)
    return mean


@lru_cache(maxsize=16)
def _group_times(groups: int) -> Float64[Array, "draws groups"]:
    """How many times each group is drawn, in each draw."""
    rng = np.random.default_rng([SEED, groups])
    times: Float64[Array, "draws groups"] = (
        rng.multinomial(groups, np.full(groups, 1 / groups), size=DRAWS) * 1.0
    )
    return times


@lru_cache(maxsize=16)
def _seed_weights(seeds: int, freedom: int, stream: int) -> Float64[Array, "draws seeds"]:
    """The weight of each seed in each draw, 1 on average: how many times it's drawn, with a wider spread.

    Plain drawing with replacement gives the mean of n seeds (n − 1)/n of its variance, and the tails of a normal
    distribution instead of those of Student's t.
    """
    rng = np.random.default_rng([SEED, seeds, stream])
    times = rng.multinomial(seeds, np.full(seeds, 1 / seeds), size=DRAWS)
    t = T[freedom - 1] if freedom <= len(T) else NORMAL + 2.4 / freedom
    wider = (seeds / (seeds - 1)) ** 0.5 * t / NORMAL
    weights: Float64[Array, "draws seeds"] = 1 + wider * (times - 1)
    return weights


# --- in words ---------------------------------------------------------------------------------------------------------

NO_DIFFERENCE = "no difference found"


def in_figures(apart: Difference | None, figure: Metric) -> str:
    """Format a difference and its interval for a table, in nats per character or percentage points.

    >>> in_figures(Difference(-0.0121, -0.0149, -0.0093), "loss_nats_per_char")
    '−0.012 (−0.015 to −0.009)'
    >>> in_figures(Difference(0.001, -0.004, 0.006), "accuracy_argmax")
    'no difference found (−0.4 to +0.6)'
    """
    if apart is None:
        return NONE
    scale = CRITERIA[figure].scale
    values = [scale * value for value in (apart.mean, apart.low, apart.high)]
    digits = _digits(values, apart, CRITERIA[figure].digits)
    mean, low, high = (f"{value:+.{digits}f}".replace("-", "−") for value in values)
    return f"{mean if apart.is_found else NO_DIFFERENCE} ({low} to {high})"


def _digits(values: Sequence[float], apart: Difference, digits: int) -> int:
    """Enough decimals that no value of a significant difference is shown as 0, and no interval as 0 to 0."""
    too_coarse = any if apart.is_found else all
    while (
        digits < 6
        and any(values)
        and too_coarse(float(f"{value:.{digits}f}") == 0 for value in values)
    ):
        digits += 1
    return digits


def interval_in_words(differences: Iterable[Difference | None]) -> str:
    """Explain the intervals of some differences in a table's note; empty if there are none."""
    seeds = sorted({difference.seeds for difference in differences if difference is not None})
    if not seeds:
        return ""
    note = "In brackets: the 95% confidence interval of the difference, over the held-out names"
    if seeds == [1]:
        return f"{note} alone. It doesn't include the effect of the training seed."
    return f"{note} and the {' or '.join(map(str, seeds))} seeds."
