"""What generated names are like, beside the list that the network learned from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

import numpy as np

from namegen.core.data.sameness import digests, is_known, known_digests
from namegen.documents import UNSET
from namegen.experiments.compare.measured import Divergences, Lengths, NameFigures
from namegen.types import Array, Float64

ORDERS: dict[Literal["1", "2", "3"], int] = {"1": 1, "2": 2, "3": 3}
DUPLICATES_SHOWN = 20
# Of names as they were drawn, how many are new, and how many of these plausible, in per cent; None: it cannot be told.
Judge: TypeAlias = Callable[[Sequence[str]], tuple[float, float | None]]


def describe_names(
    names: Sequence[str], known: Sequence[str], half: Sequence[str], judge: Judge | None = None
) -> NameFigures:
    """The figures of generated names.

    Args:
        names: the generated names, repeats kept.
        known: the list.
        half: the half of the list that n-grams are compared with (``two_halves``).
        judge: says what is new and plausible; None: that is left out.
    """
    counts = Counter(names)
    total = max(len(names), 1)
    distinct = list(counts)
    seen = is_known(digests(distinct), known_digests(known))
    recreated = sum(counts[name] for name, is_seen in zip(distinct, seen.tolist(), strict=True) if is_seen)
    repeated = sorted(((name, count) for name, count in counts.items() if count > 1), key=lambda one: (-one[1], one[0]))
    new, plausible = (UNSET, UNSET) if judge is None else judge(names)
    return NameFigures(
        recreated_percent=100 * recreated / total,
        unique_percent=100 * len(distinct) / total,
        duplicates=tuple(repeated[:DUPLICATES_SHOWN]),
        duplicated_names=len(repeated),
        lengths=lengths(names),
        divergence_bits=divergences(names, half),
        new_percent=new,
        plausible_percent=plausible,
    )


def lengths(names: Sequence[str]) -> Lengths:
    """How many names have how many characters, shortest first."""
    return {str(length): count for length, count in sorted(Counter(map(len, names)).items())}


def two_halves(names: Sequence[str], seed: int = 0) -> tuple[list[str], list[str]]:
    """A list cut in two at random: how far they are apart is what chance alone makes."""
    order = np.random.default_rng([seed, len(names)]).permutation(len(names)).tolist()
    middle = len(names) // 2
    return [names[place] for place in order[:middle]], [names[place] for place in order[middle:]]


def divergences(names: Sequence[str], others: Sequence[str]) -> Divergences:
    """The Jensen–Shannon divergence in bits (0: the same, 1: nothing in common) of the n-grams of two lists.

    >>> divergences(["ab"], ["ab"]), divergences(["aa"], ["bb"])["1"] < 1      # both end, which is a character too
    ({'1': 0.0, '2': 0.0, '3': 0.0}, True)
    """
    return {name: _divergence(_ngrams(names, order), _ngrams(others, order)) for name, order in ORDERS.items()}


def _ngrams(names: Sequence[str], order: int) -> Counter[tuple[str, ...]]:
    """The n-grams of all names, the boundary before a name and at its end included."""
    counts: Counter[tuple[str, ...]] = Counter()
    for name, times in Counter(names).items():
        text = ["", *name, ""] if order > 1 else [*name, ""]  # no name holds an empty character
        for start in range(len(text) - order + 1):
            counts[tuple(text[start : start + order])] += times
    return counts


def _divergence(left: Counter[tuple[str, ...]], right: Counter[tuple[str, ...]]) -> float:
    if not left or not right:
        return 1.0
    grams = sorted(left.keys() | right.keys())  # in one order, so that the sum has the same bits every time
    p = np.array([left[gram] for gram in grams], np.float64) / left.total()
    q = np.array([right[gram] for gram in grams], np.float64) / right.total()
    middle = (p + q) / 2
    return max((_relative_entropy(p, middle) + _relative_entropy(q, middle)) / 2, 0.0)


def _relative_entropy(p: Float64[Array, "grams"], middle: Float64[Array, "grams"]) -> float:
    inside = p > 0
    return float(p[inside] @ np.log2(p[inside] / middle[inside]))
