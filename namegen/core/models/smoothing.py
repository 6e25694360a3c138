"""Smoothing for n-grams: the probability of the seen tokens, and the rest for the next shorter context."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from namegen.types import Array, Bool, Float64, Int, Int64

# The discounts of counts of 1, 2, and 3 or more, for lists that are too small to estimate them.
FALLBACK_DISCOUNTS = (0.5, 1.0, 1.5)


@dataclass(frozen=True, eq=False)
class Followers:
    """The tokens that followed each of the ``C`` contexts of one length, and how often.

    An entry is one token after one context. The entries are sorted by context.
    """

    start: Int64[Array, "starts"]  # (C + 1,): context c has the entries start[c]:start[c + 1]
    token: Int[Array, "entries"]  # rising within a context
    count: Int64[Array, "entries"]  # at least 1

    @property
    def total(self) -> Float64[Array, "C"]:
        """How often each context was seen."""
        return np.add.reduceat(self.count, self.start[:-1]).astype(np.float64)

    @property
    def distinct(self) -> Int64[Array, "C"]:
        """How many different tokens followed each context."""
        return np.diff(self.start)

    def selected(self, contexts: Bool[Array, "C"], entries: Bool[Array, "entries"]) -> Followers:
        """Return the followers of some contexts. Both arguments are masks; ``entries`` has to select their entries."""
        sizes = self.distinct[contexts]
        return Followers(
            start=np.concatenate(([0], np.cumsum(sizes))),
            token=self.token[entries],
            count=self.count[entries],
        )

    def per_entry(self, values: Float64[Array, "C"] | Bool[Array, "C"]) -> Array:
        """Return the value of each entry's context."""
        return np.repeat(values, self.distinct)


@dataclass(frozen=True, eq=False)
class Shares:
    """The probabilities of one context length. In each context, its shares and its rest sum to 1."""

    share: Float64[Array, "entries"]  # of each seen token
    rest: Float64[Array, "C"]  # the weight of the next shorter context


def witten_bell(followers: Followers) -> Shares:
    """Smooth by Witten and Bell's method: the more different tokens followed a context, the larger its rest.

    ``share = count / (total + distinct)``, ``rest = distinct / (total + distinct)``

    Source: Witten and Bell, 1991; Chen and Goodman, 1999, section 2.5.

    >>> after_one_context = Followers(np.array([0, 2]), np.array([1, 5]), np.array([3, 5]))
    >>> shares = witten_bell(after_one_context)
    >>> shares.share.tolist(), shares.rest.tolist()
    ([0.3, 0.5], [0.2])
    """
    distinct = followers.distinct  # (C,)
    denominator = followers.total + distinct  # (C,)
    share = followers.count / followers.per_entry(denominator)  # (entries,)
    return Shares(share, rest=distinct / denominator)


def modified_kneser_ney(followers: Followers) -> Shares:
    """Smooth by interpolated modified Kneser–Ney, which has three discounts.

    ``share = (count − discount(count)) / total``, ``rest = Σ discount(count) / total``

    The counts have to be those that Kneser–Ney uses for this context length.

    Source: Chen and Goodman, 1999, section 3.

    >>> after_one_context = Followers(np.array([0, 2]), np.array([1, 5]), np.array([1, 3]))
    >>> shares = modified_kneser_ney(after_one_context)
    >>> shares.share.tolist(), shares.rest.tolist()
    ([0.125, 0.375], [0.5])
    """
    discount_by_count = np.array((0.0, *discounts(followers.count)))  # (4,)
    discount = discount_by_count[np.minimum(followers.count, 3)]  # (entries,)
    total = followers.total  # (C,)
    share = (followers.count - discount) / followers.per_entry(total)  # (entries,)
    rest = np.add.reduceat(discount, followers.start[:-1]) / total  # (C,)
    return Shares(share, rest)


def discounts(counts: Int64[Array, "entries"]) -> tuple[float, ...]:
    """Estimate the discounts of counts of 1, 2, and 3 or more.

    The estimate uses how many counts are 1, 2, 3 and 4. A discount has to be above 0, so that unseen tokens get a
    probability, and at most the count itself. If that fails, or if a number is missing, the discount is the one in
    ``FALLBACK_DISCOUNTS``.

    >>> discounts(np.array([1] * 8 + [2] * 4 + [3] * 2 + [4]))
    (0.5, 1.25, 2.0)
    >>> discounts(np.array([1, 1, 5]))
    (0.5, 1.0, 1.5)
    """
    counts_of_counts = [int((counts == times).sum()) for times in range(5)]
    return tuple(_estimate_discount(times, counts_of_counts) for times in (1, 2, 3))


def _estimate_discount(times: int, n: list[int]) -> float:
    """Estimate how much a count of 1, 2 or 3 is reduced (``times``). ``n[k]`` is how many counts are k."""
    fallback = FALLBACK_DISCOUNTS[times - 1]
    if n[1] == 0 or n[times] == 0 or n[times + 1] == 0:
        return fallback
    discount = times - (times + 1) * n[1] / (n[1] + 2 * n[2]) * n[times + 1] / n[times]
    return discount if 0 < discount <= times else fallback
