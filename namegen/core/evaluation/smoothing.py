"""Smoothing: what an n-gram gives to what followed each context, and what it leaves for the next shorter context.

Both ways mix each length of context with the next shorter one, down to the uniform distribution:

    p_k(w | context) = share(context, w) + rest(context) · p_{k−1}(w | shorter context)

and differ in the shares. Witten–Bell leaves the more for the shorter context the more kinds of tokens have followed.
Kneser–Ney takes a discount off every count, and asks of a shorter context not how often a token has followed it, but
after how many different longer contexts (``counting.py`` counts both).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from namegen.types import Array, Float64, Int, Int64

WITTEN_BELL, KNESER_NEY = "witten-bell", "kneser-ney"
SMOOTHING_NAMES = {WITTEN_BELL: "Witten–Bell", KNESER_NEY: "Kneser–Ney"}
SMOOTHINGS = tuple(SMOOTHING_NAMES)
FALLBACK_DISCOUNTS = (0.5, 1.0, 1.5)  # of counts of 1, of 2, of 3 and more, where a list is too small to tell


@dataclass(frozen=True, eq=False)
class Followers:
    """What followed each of the ``C`` contexts of one length, and how often.

    Attributes:
        start: the entries of context c are ``start[c]:start[c + 1]``.
        token: of each entry, rising within a context.
        count: of each entry, at least 1.
    """

    start: Int64[Array, "starts"]
    token: Int[Array, "entries"]
    count: Int64[Array, "entries"]

    @property
    def total(self) -> Float64[Array, "C"]:
        """How often each context was seen."""
        return np.add.reduceat(self.count, self.start[:-1]).astype(np.float64)

    @property
    def kinds(self) -> Float64[Array, "C"]:
        """How many different tokens followed each context."""
        return np.diff(self.start).astype(np.float64)


@dataclass(frozen=True, eq=False)
class Shares:
    """``share`` of each entry, and the ``rest`` of each context, which goes to the shorter one; together 1."""

    share: Float64[Array, "entries"]
    rest: Float64[Array, "C"]


def witten_bell(followers: Followers) -> Shares:
    """Witten and Bell (1991); Chen and Goodman (1999), section 2.5.

    share = count / (total + kinds), rest = kinds / (total + kinds)
    """
    total, kinds = followers.total, followers.kinds
    whole = total + kinds
    return Shares(followers.count / np.repeat(whole, np.diff(followers.start)), kinds / whole)


def modified_kneser_ney(followers: Followers) -> Shares:
    """Interpolated and modified, with three discounts: Chen and Goodman (1999), section 3.

    share = (count − discount(count)) / total; rest = what the discounts of a context sum to, over its total
    """
    by_count = np.array((0.0, *discounts(followers.count)))
    taken = by_count[np.minimum(followers.count, 3)]
    total = followers.total
    share = (followers.count - taken) / np.repeat(total, np.diff(followers.start))
    return Shares(share, np.add.reduceat(taken, followers.start[:-1]) / total)


def discounts(counts: Int64[Array, "entries"]) -> tuple[float, ...]:
    """What is taken off counts of 1, of 2, and of 3 and more, estimated from how many counts are 1, 2, 3 and 4.

    Each must be above 0, so that something is left for what was never seen, and at most the count itself. Where the
    counts of counts are missing or give another number, ``FALLBACK_DISCOUNTS`` stand in.

    >>> discounts(np.array([1] * 8 + [2] * 4 + [3] * 2 + [4]))
    (0.5, 1.25, 2.0)
    >>> discounts(np.array([1, 1, 5]))
    (0.5, 1.0, 1.5)
    """
    n1, n2, n3, n4 = (int((counts == times).sum()) for times in (1, 2, 3, 4))
    found = []
    for times, (fewer, more) in enumerate(((n1, n2), (n2, n3), (n3, n4)), start=1):
        discount = 0.0
        if n1 and fewer:
            discount = times - (times + 1) * n1 / (n1 + 2 * n2) * more / fewer
        found.append(discount if 0 < discount <= times and more else FALLBACK_DISCOUNTS[times - 1])
    return tuple(found)
