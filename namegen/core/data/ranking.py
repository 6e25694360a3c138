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
        start = np.cumsum(lengths) - lengths  # (entries,) the index of each entry's first token
        bits = max((vocabulary.size - 1).bit_length(), 1)  # of an id
        order = np.arange(len(names), dtype=index_type(len(names)))  # (entries,)
        is_new_name = np.zeros(len(names), dtype=bool)  # (entries,) in sorted order

        # Entries are unsettled as long as they equal another entry so far and may differ later.
        positions = order.copy()  # (U,) of the unsettled entries in the sorted order
        if start_tokens is None:
            prefix_rank = np.zeros(len(names), np.int64)  # (U,) of what has been compared
        else:
            prefix_rank = np.unique(start_tokens, return_inverse=True)[1].reshape(-1)
        depth = 0  # characters of each unsettled entry that have been compared
        while len(positions):
            # Pack as many of the next characters as possible into a key.
            entries = order[positions]  # (U,)
            remaining = (lengths[entries] - depth).astype(index_type(len(tokens)))  # (U,)
            prefix_bits = int(prefix_rank.max()).bit_length()
            width = min((KEY_BITS - prefix_bits) // bits, max(int(remaining.max()), 0))
            keys = prefix_rank.astype(np.int64)  # (U,)
            for block in blocks(len(keys), BLOCK):
                next_token = start[entries[block]] + depth
                _append_tokens(keys[block], tokens, next_token, remaining[block], width, bits)

            # Sort by the keys.
            by_key = np.argsort(keys, kind="stable")  # (U,)
            order[positions] = entries[by_key]
            keys = keys[by_key]
            remaining = remaining[by_key]
            del by_key, entries  # to save memory
            is_new_key = new_run(keys)  # (U,)
            is_new_name[positions] = is_new_key

            # Continue with the entries whose keys are equal, if one of them has more characters.
            run_starts = np.flatnonzero(is_new_key)  # (runs,)
            run_sizes = np.diff(run_starts, append=len(keys))  # (runs,)
            has_more = np.maximum.reduceat(remaining, run_starts) > width  # (runs,)
            is_unsettled = (run_sizes > 1) & has_more  # (runs,)
            positions = positions[np.repeat(is_unsettled, run_sizes)]
            prefix_rank = np.repeat(np.arange(int(is_unsettled.sum())), run_sizes[is_unsettled])
            depth += width
        return cls(order, is_new_name, tokens=tokens, lengths=lengths)

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


def _append_tokens(
    keys: Int64[Array, "U"],
    tokens: Int[Array, "total"],
    next_token: Int64[Array, "U"],
    remaining: Int[Array, "U"],
    width: int,
    bits: int,
) -> None:
    """Append the next ``width`` ids of each entry to its key, in place. After the end of an entry, the id is 0.

    Changing the keys in place makes the sort of a million names a third faster.
    """
    for offset in range(width):
        token = tokens.take(next_token + offset, mode="clip")
        keys <<= bits
        keys |= np.where(remaining > offset, token, 0)


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
