"""How far two networks, or a network and counting, are apart on the same held-out names, with a 95 % interval.

Two models read the same names, so a name that is hard for one is mostly hard for the other. What counts is their
*paired* difference: it is known much better than either figure. How well, a bootstrap tells (Efron and Tibshirani,
"An Introduction to the Bootstrap", 1993): what was drawn by chance is drawn again, with replacement, 2,000 times, and
the middle 95 % of the differences that come out are the interval. Two things were drawn by chance:

- the **held-out names**, in groups (``core/evaluation/evaluator.py``), the same groups for both sides;
- the **seeds** of the trainings, for each side its own. A few seeds drawn again show less than their true spread, which
  is what Student's t is for; so their deviations from the mean are drawn wider, by as much as makes the seeds' part of
  the interval that of t. Counting has no seed.

Where each seed has held-out names of its own (no ``split_seed``), two models stand side by side only within a seed, and
seeds are drawn for both sides together. Their spread holds that of their names already: drawing those again as well
would count them twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from namegen.experiments.compare.document import ListEntry
from namegen.experiments.compare.measurements import HeldOutGroups, SplitName
from namegen.experiments.compare.selection import network_runs
from namegen.experiments.table import NONE
from namegen.types import Array, Float64

Figure = Literal["loss", "argmax", "sampled"]
Over = Literal["names", "names and seeds", "seeds with names of their own"]
# figure → the column of the groups that it is the sum of, a character
COLUMNS: dict[Figure, str] = {"loss": "nats", "argmax": "hits", "sampled": "sampled"}
DRAWS, SEED = 2_000, 0
CONFIDENCE = 0.95
FEWEST_GROUPS = 20  # with names in them: of fewer nobody can say how much chance does
# The 97.5th percentiles of Student's t with 1, 2 … degrees of freedom, and of the normal distribution.
T = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131)
NORMAL = 1.960


@dataclass(frozen=True)
class Difference:
    """How much higher a figure of one model is than of another, on the same names.

    Attributes:
        mean: over the seeds; nats per character, or a share of the characters.
        low, high: the 95 % interval.
        over: what chance drew anew.
        seeds: of the networks.
    """

    mean: float
    low: float
    high: float
    over: Over
    seeds: int

    @property
    def is_found(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class OfSeed:
    """One model's sums on the held-out names of one split.

    Attributes:
        split_seed: which names are held out; sums of one split are over the same groups of names.
        groups: the sums.
    """

    split_seed: int
    groups: HeldOutGroups


def against_counting(entry: ListEntry, split: SplitName, network: str, figure: Figure) -> Difference | None:
    """A network's figure minus that of counting; None where the document has no groups, or too few of them."""
    return difference(_of_network(entry, split, network), _of_counting(entry, split), figure, other_has_seeds=False)


def between(entry: ListEntry, split: SplitName, network: str, other: str, figure: Figure) -> Difference | None:
    """The same of two networks."""
    return difference(_of_network(entry, split, network), _of_network(entry, split, other), figure)


def _of_network(entry: ListEntry, split: SplitName, network: str) -> list[OfSeed]:
    runs = network_runs(entry, split, network)
    found = [OfSeed(run.split_seed, run.held_out_groups) for run in runs if run.held_out_groups]
    return found if len(found) == len(runs) else []  # the mean is over all


def _of_counting(entry: ListEntry, split: SplitName) -> list[OfSeed]:
    of_split = [(one.seed, one.parts.held_out.baseline_groups) for one in entry.references if one.split == split]
    return [OfSeed(seed, groups) for seed, groups in of_split if groups]


def difference(
    one: Sequence[OfSeed], other: Sequence[OfSeed], figure: Figure, *, other_has_seeds: bool = True
) -> Difference | None:
    """The first model's figure minus the other's: mean over the seeds, and a 95 % interval.

    Args:
        one: a model's sums, for each seed.
        other: those of the other model.
        figure: which.
        other_has_seeds: whether chance has a part in the other model, as in a network; not so in counting.

    Returns:
        None where one side has no sums, where they are not of the same names, or of too few.

    >>> sums = HeldOutGroups((9,) * 30, (20.0,) * 30, (3,) * 30, (2.5,) * 30)
    >>> worse = HeldOutGroups((9,) * 30, (29.0,) * 30, (3,) * 30, (2.5,) * 30)
    >>> difference([OfSeed(0, worse)], [OfSeed(0, sums)], "loss")
    Difference(mean=1.0, low=1.0, high=1.0, over='names', seeds=1)
    """
    ones, others = _by_split(one), _by_split(other)
    if not ones or ones.keys() != others.keys():
        return None
    pairs = [_Pair.of(groups, others[split_seed], figure) for split_seed, groups in ones.items()]
    good = [pair for pair in pairs if pair is not None]
    if len(good) < len(pairs):
        return None
    means = np.array([pair.mean for pair in good])
    if len(good) > 1:
        drawn = _seed_weights(len(good), len(good) - 1, 0) @ means / len(good)
        over: Over = "seeds with names of their own"
    else:
        [pair] = good
        draws_seeds = len(pair.one) > 1 and (len(pair.other) > 1 or not other_has_seeds)
        drawn = pair.drawn(draws_seeds, other_has_seeds)
        over = "names and seeds" if draws_seeds else "names"
    tail = 50 * (1 - CONFIDENCE)
    low, high = np.percentile(drawn, (tail, 100 - tail)).tolist()
    return Difference(float(means.mean()), low, high, over, len(one))


def _by_split(side: Iterable[OfSeed]) -> Mapping[int, list[HeldOutGroups]]:
    """Split seed → the sums of each training."""
    found: dict[int, list[HeldOutGroups]] = {}
    for one in side:
        found.setdefault(one.split_seed, []).append(one.groups)
    return found


@dataclass(frozen=True, eq=False)
class _Pair:
    """Two models on the held-out names of one split; groups without a name are left out.

    Attributes:
        characters: of each group.
        one, other: the figure's sums of each training and group.
    """

    characters: Float64[Array, "groups"]
    one: Float64[Array, "seeds groups"]
    other: Float64[Array, "other_seeds groups"]

    @classmethod
    def of(cls, one: list[HeldOutGroups], other: list[HeldOutGroups], figure: Figure) -> _Pair | None:
        """None where they are not of the same names, or of too few."""
        characters = np.array(one[0].characters, np.float64)
        filled = characters > 0
        same_names = all(each.characters == one[0].characters for each in (*one, *other))
        if not same_names or filled.sum() < FEWEST_GROUPS:
            return None
        sums = (np.array([getattr(each, COLUMNS[figure]) for each in side], np.float64) for side in (one, other))
        return cls(characters[filled], *(each[:, filled] for each in sums))

    @property
    def mean(self) -> float:
        """The difference itself."""
        return float((self.one.mean(axis=0).sum() - self.other.mean(axis=0).sum()) / self.characters.sum())

    def drawn(self, draws_seeds: bool, other_has_seeds: bool) -> Float64[Array, "draws"]:
        """The difference in each draw: names for both sides together, seeds for each apart, if there are enough."""
        times = _group_times(len(self.characters))
        freedom = len(self.one) - 1 + (len(self.other) - 1 if other_has_seeds else 0)
        one = _drawn_seeds(self.one, freedom, draws_seeds, 1)
        other = _drawn_seeds(self.other, freedom, draws_seeds and other_has_seeds, 2)
        apart: Float64[Array, "draws"] = (times * (one - other)).sum(axis=1) / (times @ self.characters)
        return apart


def _drawn_seeds(
    sums: Float64[Array, "seeds groups"], freedom: int, draws_seeds: bool, stream: int
) -> Float64[Array, "_ groups"]:
    """The sums of each group in each draw: the mean of the seeds that were drawn; or of all, the same in every draw."""
    if not draws_seeds:
        always: Float64[Array, "1 groups"] = sums.mean(axis=0, keepdims=True)
        return always
    mean: Float64[Array, "draws groups"] = _seed_weights(len(sums), freedom, stream) @ sums / len(sums)
    return mean


@lru_cache(maxsize=16)
def _group_times(groups: int) -> Float64[Array, "draws groups"]:
    """How often each group is drawn, in each draw."""
    rng = np.random.default_rng([SEED, groups])
    times: Float64[Array, "draws groups"] = rng.multinomial(groups, np.full(groups, 1 / groups), size=DRAWS) * 1.0
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
DIGITS: dict[Figure, int] = {"loss": 3, "argmax": 1, "sampled": 1}  # of nats per character, and of per cent


def in_figures(found: Difference | None, figure: Figure) -> str:
    """A difference and its interval, as a table has them: nats per character, or points of per cent.

    >>> in_figures(Difference(-0.0121, -0.0149, -0.0093, "names", 1), "loss")
    '−0.012 (−0.015 to −0.009)'
    >>> in_figures(Difference(0.001, -0.004, 0.006, "names", 1), "argmax")
    'no difference found (−0.4 to +0.6)'
    """
    if found is None:
        return NONE
    scale = 1 if figure == "loss" else 100
    values = [scale * value for value in (found.mean, found.low, found.high)]
    digits = DIGITS[figure]
    needed = any if found.is_found else all  # what is found is not shown as zero, nor an interval as none
    while digits < 6 and needed(float(f"{value:.{digits}f}") == 0 for value in values) and any(values):
        digits += 1
    mean, low, high = (f"{value:+.{digits}f}".replace("-", "−") for value in values)
    return f"{mean if found.is_found else NO_DIFFERENCE} ({low} to {high})"


def interval_in_words(found: Iterable[Difference | None]) -> str:
    """What the intervals are over, as the note of a table says it; empty where there are none."""
    known = [one for one in found if one is not None]
    if not known:
        return ""
    overs = list(dict.fromkeys(one.over for one in known))
    seeds = " or ".join(str(count) for count in sorted({one.seeds for one in known}))
    said = {
        "names": "the held-out names alone; what another seed would change is not in it",
        "names and seeds": f"the held-out names and over the {seeds} seeds",
        "seeds with names of their own": f"the {seeds} seeds, each with held-out names of its own",
    }
    where = "; or over ".join(said[over] for over in overs)
    return f"In brackets: the 95 % interval of the difference, over {where}."
