"""The distinct values among many integer keys, computed in blocks so that memory stays small."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from namegen.core.data.arrays import blocks, index_type, new_run
from namegen.types import Array, Int, Int64

BLOCK = 1 << 20  # rows

# Returns the keys of a slice of the rows. The keys of all rows never exist at the same time.
KeysOfRows: TypeAlias = Callable[[slice], Int64[Array, "block"]]


def rank_keys(
    rows: int, keys_of: KeysOfRows
) -> tuple[Int64[Array, "distinct"], Int[Array, "rows"]]:
    """Replace large keys with small ones: return the distinct keys in rising order, and each row's rank among them.

    Args:
        rows: The number of rows, at least 1.
        keys_of: Returns the keys of a slice of the rows.

    >>> keys = np.array([7, 3, 7])
    >>> distinct, rank = rank_keys(3, lambda block: keys[block])
    >>> distinct.tolist(), rank.tolist()
    ([3, 7], [1, 0, 1])
    """
    rank = np.empty(rows, index_type(rows))
    row_blocks = blocks(rows, BLOCK)
    distinct_of_blocks = []
    for block in row_blocks:
        distinct, rank[block] = np.unique(keys_of(block), return_inverse=True)
        distinct_of_blocks.append(distinct)
    merged = _merge_distinct(distinct_of_blocks)
    if len(row_blocks) > 1:
        for block, distinct in zip(row_blocks, distinct_of_blocks, strict=True):
            rank_in_merged = np.searchsorted(merged, distinct)
            rank[block] = rank_in_merged[rank[block]]
    return merged, rank


def count_keys(
    rows: int, keys_of: KeysOfRows, times: Int64[Array, "rows"]
) -> tuple[Int64[Array, "D"], Int64[Array, "D"]]:
    """Count how often each key occurs. Returns the distinct keys in rising order, and their counts.

    Args:
        rows: The number of rows, at least 1.
        keys_of: Returns the keys of a slice of the rows.
        times: How often each row counts.

    >>> keys = np.array([7, 3, 7])
    >>> distinct, count = count_keys(3, lambda block: keys[block], np.array([1, 5, 1]))
    >>> distinct.tolist(), count.tolist()
    ([3, 7], [5, 2])
    """
    distinct_of_blocks = []
    counts_of_blocks = []
    for block in blocks(rows, BLOCK):
        distinct, rank = np.unique(keys_of(block), return_inverse=True)
        counts = np.bincount(rank, weights=times[block]).astype(np.int64)
        distinct_of_blocks.append(distinct)
        counts_of_blocks.append(counts)
    merged = _merge_distinct(distinct_of_blocks)
    total = np.zeros(len(merged), np.int64)
    for distinct, counts in zip(distinct_of_blocks, counts_of_blocks, strict=True):
        total[np.searchsorted(merged, distinct)] += counts
    return merged, total


def _merge_distinct(arrays: list[Int64[Array, "_"]]) -> Int64[Array, "distinct"]:
    """Return the distinct values of several arrays, in rising order. Each array has distinct values."""
    if len(arrays) == 1:
        return arrays[0]
    values = np.concatenate(arrays)
    # Sorting is many times faster than np.unique, which hashes, if most of the values differ.
    values.sort()
    return values[new_run(values)]
