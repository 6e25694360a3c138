"""Ranking: the entries of a list in sorted order, found without comparing strings.

Ids rise with code points, so names sort as their ids do. As many ids as fit are packed into one whole number, and the
numbers are sorted. Only names that are alike so far, and go on, are looked at again with their next characters. So the
work is a few sorts of numbers however long the list is, and no table of strings is kept: of ten million names that
would be a gigabyte.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from namegen.core.data.vocabulary import Vocabulary
from namegen.types import Array, Bool, Int, Int64

BLOCK = 1 << 16  # rows that are packed at a time: what is made on the way stays in the cache
KEY_BITS = 63  # of a whole number that is not negative


@dataclass(frozen=True, eq=False)
class Ranking:
    """The entries of a list, sorted by beginning, then name; equal ones in the order of the list.

    Attributes:
        order: the entries, by their place in the list, in sorted order.
        first: where in ``order`` another name begins.
        tokens: the ids of all entries, one behind the other, in the order of the list.
        lengths: characters of each entry, in the order of the list.

    >>> names = ["Bo", "Al", "Bo"]
    >>> ranking = Ranking.of(names, Vocabulary.from_names(names))
    >>> ranking.order.tolist(), ranking.rank.tolist(), ranking.counts.tolist()
    ([1, 0, 2], [1, 0, 1], [1, 2])
    """

    order: Int[Array, "entries"]
    first: Bool[Array, "entries"]
    tokens: Int[Array, "total"]
    lengths: Int64[Array, "entries"]

    @classmethod
    def of(
        cls, names: Sequence[str], vocabulary: Vocabulary, beginnings: Int[Array, "entries"] | None = None
    ) -> Ranking:
        """Sort names. Raises NamesError for an unknown character."""
        tokens, lengths = vocabulary.encode_compactly(names)
        group = np.zeros(len(names), np.int64)
        if beginnings is not None:
            group = np.unique(beginnings, return_inverse=True)[1].reshape(-1).astype(np.int64)
        return cls(*_sorted(tokens, lengths, group, vocabulary.size), tokens, lengths)

    @cached_property
    def place(self) -> Int64[Array, "distinct"]:
        """Where in ``order`` each distinct name begins."""
        return np.flatnonzero(self.first)

    @property
    def representatives(self) -> Int[Array, "distinct"]:
        """The first entry of each distinct name, in sorted order."""
        return self.order[self.place]

    @property
    def counts(self) -> Int64[Array, "distinct"]:
        """How often each distinct name stands in the list."""
        return np.diff(self.place, append=len(self.order))

    @property
    def rank(self) -> Int[Array, "entries"]:
        """The number of each entry's name among the distinct ones, which are numbered in sorted order."""
        rank = np.empty(len(self.order), index_type(len(self.order)))
        rank[self.order] = np.cumsum(self.first) - 1
        return rank

    def distinct_tokens(self) -> Int[Array, "total"]:
        """The ids of the distinct names in sorted order, one name behind the other."""
        return take_rows(self.tokens, self.lengths, self.representatives)


def index_type(count: int) -> type[np.signedinteger]:
    """What the numbers of ``count`` things are kept in: half the memory wherever that is enough."""
    return np.int32 if count <= np.iinfo(np.int32).max else np.int64


def new_run(values: Int[Array, "n"]) -> Bool[Array, "n"]:
    """True where a value differs from the one before it; the first always does."""
    first = np.ones(len(values), dtype=bool)
    np.not_equal(values[1:], values[:-1], out=first[1:])
    return first


def take_rows(
    flat: Int[Array, "total"], lengths: Int64[Array, "rows"], rows: Int[Array, "taken"]
) -> Int[Array, "of_taken"]:
    """Some rows, one behind the other, of rows that lie one behind the other."""
    start, sizes = np.cumsum(lengths) - lengths, lengths[rows]
    end = np.cumsum(sizes)
    taken = np.empty(int(sizes.sum()), flat.dtype)
    for block in range(0, len(rows), BLOCK):
        part = slice(block, block + BLOCK)
        begin = end[block] - sizes[block]
        shift = np.repeat(start[rows[part]] - (end[part] - sizes[part]), sizes[part])
        taken[begin : begin + len(shift)] = flat[np.arange(begin, begin + len(shift)) + shift]
    return taken


def _sorted(
    tokens: Int[Array, "total"], lengths: Int64[Array, "n"], group: Int64[Array, "n"], size: int
) -> tuple[Int[Array, "n"], Bool[Array, "n"]]:
    """The order of the names within their groups, and where another name begins."""
    start = np.cumsum(lengths) - lengths
    bits = max((size - 1).bit_length(), 1)
    order = np.arange(len(lengths), dtype=index_type(len(lengths)))
    first = np.zeros(len(lengths), dtype=bool)
    slots = order.copy()  # places of the order that are not settled yet: runs of names that are alike so far
    depth, lengths_type = 0, index_type(len(tokens))
    while len(slots):
        rows = order[slots]
        left = (lengths[rows] - depth).astype(lengths_type)
        width = min((KEY_BITS - int(group.max()).bit_length()) // bits, max(int(left.max()), 0))
        key = _packed(group, tokens, start, rows, depth, left, width, bits)
        within = np.argsort(key, kind="stable")
        order[slots], left = rows[within], left[within]
        key = key[within]
        del within, rows
        first[slots] = new = new_run(key)
        depth += width
        runs = np.flatnonzero(new)
        sizes = np.diff(runs, append=len(key))
        unsettled = (sizes > 1) & (np.maximum.reduceat(left, runs) > width)
        slots = slots[np.repeat(unsettled, sizes)]
        group = np.repeat(np.arange(int(unsettled.sum())), sizes[unsettled])
    return order, first


def _packed(
    group: Int64[Array, "n"],
    tokens: Int[Array, "total"],
    start: Int64[Array, "names"],
    rows: Int[Array, "n"],
    depth: int,
    left: Int[Array, "n"],
    width: int,
    bits: int,
) -> Int64[Array, "n"]:
    """The group and the next ``width`` ids of each name as one number; behind a name's end stands the boundary, 0."""
    keys = group.astype(np.int64)  # a copy, filled in place
    for block in range(0, len(keys), BLOCK):
        part = slice(block, block + BLOCK)
        key, begin, end = keys[part], start[rows[part]] + depth, left[part]
        for place in range(width):
            key <<= bits
            key |= np.where(end > place, tokens.take(begin + place, mode="clip"), 0)
    return keys
