"""Sorts the names of a list without comparing strings.

Token ids increase with the code points, so sorting names by their ids sorts them as strings. As many ids as fit are
packed into one 63-bit key, and the keys are sorted. Only names whose keys are equal and that have more characters are
compared again, by their next characters. So even a long list takes only a few sorts of whole numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from namegen.core.data.arrays import blocks, index_type, new_run
from namegen.core.data.vocabulary import Vocabulary
from namegen.types import Array, Bool, Int, Int64

BLOCK = 1 << 16  # names that are processed at a time, so that temporary arrays fit into the cache
KEY_BITS = 63  # of an int64 that isn't negative


@dataclass(frozen=True, eq=False)
class Ranking:
    """The entries of a list, sorted by start token, then by name. Equal entries stay in the order of the list.

    >>> names = ["Bo", "Al", "Bo"]
    >>> ranking = Ranking.of(names, Vocabulary.from_names(names))
    >>> ranking.sorted_entries.tolist(), ranking.rank.tolist(), ranking.counts.tolist()
    ([1, 0, 2], [1, 0, 1], [1, 2])
    """

    sorted_entries: Int[Array, "entries"]  # indexes in the list, in sorted order
    # In sorted order: whether an entry differs from the previous entry.
    is_new_name: Bool[Array, "entries"]
    tokens: Int[Array, "total"]  # the ids of all entries, concatenated in the order of the list
    lengths: Int64[Array, "entries"]  # characters of each entry, in the order of the list

    @classmethod
    def of(
        cls,
        names: Sequence[str],
        vocabulary: Vocabulary,
        start_tokens: Int[Array, "E"] | None = None,
    ) -> Ranking:
        """Sort a list of names.

        Args:
            names: The list.
            vocabulary: The ids of the characters.
            start_tokens: The start token of each name. None: all names have the same one.

        Raises:
            NamesError: A character isn't in the vocabulary.
        """
        tokens, lengths = vocabulary.encode_compactly(names)
        sorter = _NameSorter(tokens, lengths, vocabulary.size)
        sorter.sort(_rank_start_tokens(start_tokens, len(names)))
        return cls(sorter.order, sorter.is_new_name, tokens=tokens, lengths=lengths)

    @cached_property
    def starts(self) -> Int64[Array, "distinct"]:
        """The index of each distinct name's first entry in ``sorted_entries``."""
        return np.flatnonzero(self.is_new_name)

    @property
    def representatives(self) -> Int[Array, "distinct"]:
        """The first entry of each distinct name, in sorted order."""
        return self.sorted_entries[self.starts]

    @property
    def counts(self) -> Int64[Array, "distinct"]:
        """How often each distinct name occurs in the list, in sorted order."""
        return np.diff(self.starts, append=len(self.sorted_entries))

    @property
    def rank(self) -> Int[Array, "entries"]:
        """The index of each entry's name among the sorted distinct names."""
        rank = np.empty(len(self.sorted_entries), index_type(len(self.sorted_entries)))
        rank[self.sorted_entries] = np.cumsum(self.is_new_name) - 1
        return rank

    def distinct_tokens(self) -> Int[Array, "total"]:
        """Return the ids of the sorted distinct names, concatenated."""
        return take_rows(self.tokens, self.lengths, self.representatives)


def _rank_start_tokens(start_tokens: Int[Array, "E"] | None, names: int) -> Int64[Array, "E"]:
    """Rank each name's start token among all start tokens of the list."""
    if start_tokens is None:
        return np.zeros(names, np.int64)
    ranks = np.unique(start_tokens, return_inverse=True)[1]
    return ranks.reshape(-1).astype(np.int64)


def take_rows(
    flat: Int[Array, "total"], lengths: Int64[Array, "rows"], rows: Int[Array, "K"]
) -> Int[Array, "of_K"]:
    """Select rows of different lengths from their concatenation, and concatenate the selected rows.

    >>> take_rows(flat=np.array([1, 2, 3]), lengths=np.array([2, 1]), rows=np.array([1, 0])).tolist()
    [3, 1, 2]
    """
    sizes = lengths[rows]  # (K,)
    start = (np.cumsum(lengths) - lengths)[rows]  # (K,) the first value of each row, in ``flat``
    end = np.cumsum(sizes)  # (K,) the end of each row, in the result
    taken = np.empty(int(sizes.sum()), flat.dtype)
    for block in blocks(len(rows), BLOCK):
        block_start = end[block.start] - sizes[block.start]
        shift = start[block] - (end[block] - sizes[block])  # from the result to ``flat``
        shifts = np.repeat(shift, sizes[block])
        block_end = block_start + len(shifts)
        taken[block_start:block_end] = flat[np.arange(block_start, block_end) + shifts]
    return taken


@dataclass(frozen=True, eq=False)
class _Unsettled:
    """The names that aren't in their final positions, because they're equal so far and may differ later."""

    positions: Int[Array, "U"]  # of the names in the sorted order
    prefix_rank: Int64[Array, "U"]  # the rank of each name's first characters
    depth: int  # how many characters of each name have been compared


@dataclass(frozen=True, eq=False)
class _Keys:
    """Numbers that sort names: the rank of each name's prefix, followed by its next characters."""

    numbers: Int64[Array, "U"]
    remaining: Int[Array, "U"]  # how many characters of each name come after the prefix
    width: int  # how many of these characters each number contains

    def reordered(self, order: Int[Array, "U"]) -> _Keys:
        """Return the keys in another order."""
        return _Keys(self.numbers[order], self.remaining[order], self.width)


class _NameSorter:
    """Sorts names by their start tokens, then by their characters.

    Args:
        tokens: The ids of all names, concatenated.
        lengths: Characters of each name.
        vocabulary_size: The number of ids.
    """

    def __init__(
        self, tokens: Int[Array, "total"], lengths: Int64[Array, "n"], vocabulary_size: int
    ) -> None:
        names = len(lengths)
        self._tokens = tokens
        self._lengths = lengths
        self._start = np.cumsum(lengths) - lengths  # (n,) the index of each name's first token
        self._bits = max((vocabulary_size - 1).bit_length(), 1)  # of an id
        self.order = np.arange(names, dtype=index_type(names))  # (n,) the names in sorted order
        self.is_new_name = np.zeros(names, dtype=bool)  # (n,) differs from the previous name

    def sort(self, start_rank: Int64[Array, "n"]) -> None:
        """Sort all names, first by the rank of their start tokens."""
        unsettled = _Unsettled(self.order.copy(), start_rank, depth=0)
        while len(unsettled.positions):
            unsettled = self._sort_by_next_characters(unsettled)

    def _sort_by_next_characters(self, unsettled: _Unsettled) -> _Unsettled:
        """Sort names by as many characters as fit into a key, and return the names that need more."""
        names = self.order[unsettled.positions]  # (U,)
        keys = self._pack_keys(names, unsettled)
        by_key = np.argsort(keys.numbers, kind="stable")  # (U,)
        self.order[unsettled.positions] = names[by_key]
        keys = keys.reordered(by_key)
        del by_key, names  # to save memory
        is_new_key = new_run(keys.numbers)  # (U,)
        self.is_new_name[unsettled.positions] = is_new_key
        return _find_unsettled(unsettled, keys, run_starts=np.flatnonzero(is_new_key))

    def _pack_keys(self, names: Int[Array, "U"], unsettled: _Unsettled) -> _Keys:
        """Pack the next characters of each name into a key."""
        remaining = self._lengths[names] - unsettled.depth  # (U,)
        remaining = remaining.astype(index_type(len(self._tokens)))
        prefix_bits = int(unsettled.prefix_rank.max()).bit_length()
        width = min((KEY_BITS - prefix_bits) // self._bits, max(int(remaining.max()), 0))
        numbers = unsettled.prefix_rank.astype(np.int64)  # (U,) a copy, which is filled in place
        for block in blocks(len(numbers), BLOCK):
            self._append_characters(
                numbers[block],
                start=self._start[names[block]] + unsettled.depth,
                remaining=remaining[block],
                width=width,
            )
        return _Keys(numbers, remaining, width)

    def _append_characters(
        self,
        numbers: Int64[Array, "U"],
        *,
        start: Int64[Array, "U"],
        remaining: Int[Array, "U"],
        width: int,
    ) -> None:
        """Append the ids of ``width`` characters to each number, in place. The end of a name is id 0."""
        for offset in range(width):
            token = self._tokens.take(start + offset, mode="clip")
            numbers <<= self._bits
            numbers |= np.where(remaining > offset, token, 0)


def _find_unsettled(
    unsettled: _Unsettled, keys: _Keys, run_starts: Int64[Array, "runs"]
) -> _Unsettled:
    """Return the names that have the same key as another name, if one of them has more characters."""
    run_sizes = np.diff(run_starts, append=len(keys.numbers))  # (runs,)
    has_more = np.maximum.reduceat(keys.remaining, run_starts) > keys.width  # (runs,)
    is_unsettled = (run_sizes > 1) & has_more  # (runs,)
    run_ranks = np.arange(int(is_unsettled.sum()))
    return _Unsettled(
        positions=unsettled.positions[np.repeat(is_unsettled, run_sizes)],
        prefix_rank=np.repeat(run_ranks, run_sizes[is_unsettled]),
        depth=unsettled.depth + keys.width,
    )
