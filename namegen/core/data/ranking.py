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

from namegen.core.data.arrays import index_type, new_run
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
    is_new_name: Bool[
        Array, "entries"
    ]  # in sorted order: whether it differs from the previous entry
    tokens: Int[Array, "total"]  # the ids of all entries, concatenated in the order of the list
    lengths: Int64[Array, "entries"]  # characters of each entry, in the order of the list

    @classmethod
    def of(
        cls,
        names: Sequence[str],
        vocabulary: Vocabulary,
        start_tokens: Int[Array, "E"] | None = None,
    ) -> Ranking:
        """Sort names.

        Args:
            names: The list.
            vocabulary: The ids of the characters.
            start_tokens: The start token of each name. None: all names have the same one.

        Raises:
            NamesError: A character isn't in the vocabulary.
        """
        tokens, lengths = vocabulary.encode_compactly(names)
        start_rank = np.zeros(len(names), np.int64)
        if start_tokens is not None:
            _, inverse = np.unique(start_tokens, return_inverse=True)
            start_rank = inverse.reshape(-1).astype(np.int64)
        sorted_entries, is_new_name = _sorted(
            tokens, lengths=lengths, prefix_rank=start_rank, vocabulary_size=vocabulary.size
        )
        return cls(sorted_entries, is_new_name, tokens=tokens, lengths=lengths)

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


def take_rows(
    flat: Int[Array, "total"], lengths: Int64[Array, "rows"], rows: Int[Array, "K"]
) -> Int[Array, "of_K"]:
    """Select rows of different lengths from their concatenation.

    Args:
        flat: All rows, concatenated.
        lengths: The length of each row.
        rows: The indexes of the selected rows.

    Returns:
        The selected rows, concatenated.

    >>> take_rows(np.array([1, 2, 3]), np.array([2, 1]), np.array([1, 0])).tolist()
    [3, 1, 2]
    """
    start = np.cumsum(lengths) - lengths  # (rows,) in ``flat``
    sizes = lengths[rows]  # (K,)
    end = np.cumsum(sizes)  # (K,) in ``taken``
    taken = np.empty(int(sizes.sum()), flat.dtype)
    for first in range(0, len(rows), BLOCK):
        block = slice(first, first + BLOCK)
        block_start = end[first] - sizes[first]
        shift = np.repeat(start[rows[block]] - (end[block] - sizes[block]), sizes[block])
        block_end = block_start + len(shift)
        taken[block_start:block_end] = flat[np.arange(block_start, block_end) + shift]
    return taken


def _sorted(
    tokens: Int[Array, "total"],
    *,
    lengths: Int64[Array, "n"],
    prefix_rank: Int64[Array, "n"],
    vocabulary_size: int,
) -> tuple[Int[Array, "n"], Bool[Array, "n"]]:
    """Sort names by the rank of their start tokens, then by their characters.

    Args:
        tokens: The ids of all names, concatenated.
        lengths: Characters of each name.
        prefix_rank: The rank of each name's start token.
        vocabulary_size: The number of ids.

    Returns:
        The indexes of the names in sorted order, and whether each name differs from the previous name.
    """
    bits = max((vocabulary_size - 1).bit_length(), 1)
    packer = _KeyPacker(tokens, np.cumsum(lengths) - lengths, bits)
    order = np.arange(len(lengths), dtype=index_type(len(lengths)))  # (n,)
    is_new_name = np.zeros(len(lengths), dtype=bool)  # (n,)
    slots = order.copy()  # (U,) indexes in ``order`` of the names that aren't in their final places
    depth = (
        0  # all names with equal ``prefix_rank`` have the same first characters, up to this depth
    )
    while len(slots):
        names = order[slots]  # (U,)
        remaining = (lengths[names] - depth).astype(index_type(len(tokens)))  # (U,) characters
        prefix_bits = int(prefix_rank.max()).bit_length()
        width = min((KEY_BITS - prefix_bits) // bits, max(int(remaining.max()), 0))
        keys = packer.keys(
            prefix_rank=prefix_rank, names=names, remaining=remaining, depth=depth, width=width
        )
        by_key = np.argsort(keys, kind="stable")  # (U,)
        order[slots] = names[by_key]
        remaining = remaining[by_key]
        keys = keys[by_key]
        del by_key, names
        is_new_key = new_run(keys)  # (U,)
        is_new_name[slots] = is_new_key
        depth += width
        # Equal keys are a run. A run is settled if it's a single name, or if its names have no more characters.
        run_starts = np.flatnonzero(is_new_key)  # (runs,)
        run_sizes = np.diff(run_starts, append=len(keys))  # (runs,)
        has_more = np.maximum.reduceat(remaining, run_starts) > width  # (runs,)
        is_unsettled = (run_sizes > 1) & has_more  # (runs,)
        slots = slots[np.repeat(is_unsettled, run_sizes)]
        unsettled_count = int(is_unsettled.sum())
        prefix_rank = np.repeat(np.arange(unsettled_count), run_sizes[is_unsettled])  # (U,)
    return order, is_new_name


@dataclass(frozen=True, eq=False)
class _KeyPacker:
    """Packs several token ids of a name into one whole number."""

    tokens: Int[Array, "total"]  # the ids of all names, concatenated
    start: Int64[Array, "n"]  # the index of each name's first token
    bits: int  # of an id

    def keys(
        self,
        *,
        prefix_rank: Int64[Array, "U"],
        names: Int[Array, "U"],
        remaining: Int[Array, "U"],
        depth: int,
        width: int,
    ) -> Int64[Array, "U"]:
        """Pack the rank of each name's prefix, then the ids of its next characters. The end of a name is id 0.

        Args:
            prefix_rank: The rank of each name's first ``depth`` characters.
            names: The indexes of the names.
            remaining: How many characters each name has from ``depth`` on.
            depth: The index of the first character to pack.
            width: How many characters to pack.
        """
        keys = prefix_rank.astype(np.int64)  # a copy that's filled in place
        for first in range(0, len(keys), BLOCK):
            block = slice(first, first + BLOCK)
            block_keys = keys[block]
            start = self.start[names[block]] + depth  # (block,)
            end = remaining[block]  # (block,)
            for offset in range(width):
                token = self.tokens.take(start + offset, mode="clip")
                block_keys <<= self.bits
                block_keys |= np.where(end > offset, token, 0)
        return keys
