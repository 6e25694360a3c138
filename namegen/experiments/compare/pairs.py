"""How far two networks, or a network and the n-gram, are apart on the same held-out names, with a 95 % interval.

Two models read the same names, so a name that is hard for one is mostly hard for the other. What counts is their
*paired* difference: it is known much better than either figure. How well, a bootstrap tells (Efron and Tibshirani,
"An Introduction to the Bootstrap", 1993): what was drawn by chance is drawn again, with replacement, 2,000 times, and
the middle 95 % of the differences that come out are the interval. Two things were drawn by chance:

- the **held-out names**, in groups (``core/evaluation/evaluator.py``), the same groups for both sides;
- the **seeds** of the trainings, for each side its own. A few seeds drawn again show less than their true spread, which
  is what Student's t is for; so their deviations from the mean are drawn wider, by as much as makes the seeds' part of
  the interval that of t. The n-gram has no seed.
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

DRAWS, SEED = 2_000, 0
CONFIDENCE = 0.95
FEWEST_GROUPS = 20  # with names in them: of fewer nobody can say how much chance does
# The 97.5th percentiles of Student's t with 1, 2 … degrees of freedom, and of the normal distribution.
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
    """How much higher a figure of one model is than of another, on the same names.

    Attributes:
        mean: over the seeds; nats per character, or a share of the characters.
        low, high: the 95 % interval.
        seeds: of the networks, where chance drew those anew too; 1: it drew the names alone.
    """

    mean: float
    low: float
    high: float
    seeds: int = 1

    @property
    def is_found(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low > 0 or self.high < 0


def between(
    entry: ListEntry, split: SplitName, one: str, other: str, figure: Metric
) -> Difference | None:
    """The figure of a network minus that of another one, or of the n-gram (``BASELINE``).

    None where the document has no groups, or too few of them.
    """
    return difference(
        _groups(entry, split, one), _groups(entry, split, other), figure, other != BASELINE
    )


def _groups(entry: ListEntry, split: SplitName, who: str) -> list[HeldOutGroups]:
    if who == BASELINE:
        of_all = [entry.reference(split).parts.held_out.baseline_groups]
    else:
        of_all = [run.held_out_groups for run in entry.runs(split, who)]
    found = [groups for groups in of_all if groups]
    return found if len(found) == len(of_all) else []  # the mean is over all


def difference(
    one: Sequence[HeldOutGroups],
    other: Sequence[HeldOutGroups],
    figure: Metric,
    other_has_seeds: bool = True,
) -> Difference | None:
    """The first model's figure minus the other's: mean over the seeds, and a 95 % interval.

    Args:
        one: a model's sums, for each seed.
        other: those of the other model.
        figure: which.
        other_has_seeds: whether chance has a part in the other model, as in a network; not so in the n-gram.

    Returns:
        None where one side has no sums, where they are not of the same names, or of too few.

    >>> sums = HeldOutGroups((9,) * 30, (20.0,) * 30, (3,) * 30, (2.5,) * 30)
    >>> worse = HeldOutGroups((9,) * 30, (29.0,) * 30, (3,) * 30, (2.5,) * 30)
    >>> difference([worse], [sums], "loss_nats_per_char")
    Difference(mean=1.0, low=1.0, high=1.0, seeds=1)
    """
    if not one or not other or len({each.characters for each in (*one, *other)}) > 1:
        return None
    characters = np.array(one[0].characters, np.float64)
    filled = characters > 0
    if filled.sum() < FEWEST_GROUPS:
        return None
    column, times, characters = (
        CRITERIA[figure].column,
        _group_times(int(filled.sum())),
        characters[filled],
    )
    ones, others = (
        np.array([getattr(each, column) for each in side], np.float64)[:, filled]
        for side in (one, other)
    )
    draws_seeds = len(one) > 1 and (len(other) > 1 or not other_has_seeds)
    freedom = len(one) - 1 + (len(other) - 1 if other_has_seeds else 0)
    apart = _drawn_seeds(ones, freedom, draws_seeds, 1)
    apart = apart - _drawn_seeds(others, freedom, draws_seeds and other_has_seeds, 2)
    drawn: Float64[Array, "draws"] = (times * apart).sum(axis=1) / (times @ characters)
    tail = 50 * (1 - CONFIDENCE)
    low, high = np.percentile(drawn, (tail, 100 - tail)).tolist()
    mean = float((ones.mean(axis=0).sum() - others.mean(axis=0).sum()) / characters.sum())
    return Difference(mean, low, high, len(one) if draws_seeds else 1)


def _drawn_seeds(
    sums: Float64[Array, "seeds groups"], freedom: int, draws_seeds: bool, stream: int
) -> Float64[Array, "_ groups"]:
    """The sums of each group in each draw: the mean of the seeds that were drawn; or of all, the same in every draw."""
    if not draws_seeds:
        always: Float64[Array, "1 groups"] = sums.mean(axis=0, keepdims=True)
        return always
    mean: Float64[Array, "draws groups"] = (
        _seed_weights(len(sums), freedom, stream) @ sums / len(sums)
    )
    return mean


@lru_cache(maxsize=16)
def _group_times(groups: int) -> Float64[Array, "draws groups"]:
    """How often each group is drawn, in each draw."""
    rng = np.random.default_rng([SEED, groups])
    times: Float64[Array, "draws groups"] = (
        rng.multinomial(groups, np.full(groups, 1 / groups), size=DRAWS) * 1.0
    )
    return times


@lru_cache(maxsize=16)
def _seed_weights(seeds: int, freedom: int, stream: int) -> Float64[Array, "draws seeds"]:
    """How much each seed weighs in each draw, 1 on average: how often it is drawn, with a wider spread.

    Drawn with replacement, the variance of the mean of n seeds comes out as (n − 1)/n of what it is, and its tails as
    the normal ones where those of t are asked for.
    """
    rng = np.random.default_rng([SEED, seeds, stream])
    times = rng.multinomial(seeds, np.full(seeds, 1 / seeds), size=DRAWS)
    t = T[freedom - 1] if freedom <= len(T) else NORMAL + 2.4 / freedom
    wider = (seeds / (seeds - 1)) ** 0.5 * t / NORMAL
    weights: Float64[Array, "draws seeds"] = 1 + wider * (times - 1)
    return weights


# --- in words ---------------------------------------------------------------------------------------------------------

NO_DIFFERENCE = "no difference found"


def in_figures(found: Difference | None, figure: Metric) -> str:
    """A difference and its interval, as a table has them: nats per character, or points of per cent.

    >>> in_figures(Difference(-0.0121, -0.0149, -0.0093), "loss_nats_per_char")
    '−0.012 (−0.015 to −0.009)'
    >>> in_figures(Difference(0.001, -0.004, 0.006), "accuracy_argmax")
    'no difference found (−0.4 to +0.6)'
    """
    if found is None:
        return NONE
    scale, digits = CRITERIA[figure].scale, CRITERIA[figure].digits
    values = [scale * value for value in (found.mean, found.low, found.high)]
    needed = (
        any if found.is_found else all
    )  # what is found is not shown as zero, nor an interval as none
    while (
        digits < 6 and needed(float(f"{value:.{digits}f}") == 0 for value in values) and any(values)
    ):
        digits += 1
    mean, low, high = (f"{value:+.{digits}f}".replace("-", "−") for value in values)
    return f"{mean if found.is_found else NO_DIFFERENCE} ({low} to {high})"


def interval_in_words(found: Iterable[Difference | None]) -> str:
    """What the intervals are over, as the note of a table says it; empty where there are none."""
    seeds = sorted({one.seeds for one in found if one is not None})
    if not seeds:
        return ""
    over = f"the held-out names and over the {' or '.join(map(str, seeds))} seeds"
    if seeds == [1]:
        over = "the held-out names alone; what another seed would change is not in it"
    return f"In brackets: the 95 % interval of the difference, over {over}."
