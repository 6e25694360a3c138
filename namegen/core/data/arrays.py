"""Small NumPy functions for sorted arrays and index arrays."""

from __future__ import annotations

import numpy as np

from namegen.types import Array, Bool, Int, Int64


def index_type(count: int) -> type[np.signedinteger]:
    """Return the type for indexes of ``count`` things. If int32 is large enough, it saves half the memory."""
    return np.int32 if count <= np.iinfo(np.int32).max else np.int64


def new_run(values: Int[Array, "n"]) -> Bool[Array, "n"]:
    """Return whether each value differs from the previous value. The first value always starts a run.

    >>> new_run(np.array([5, 5, 2])).tolist()
    [True, False, True]
    """
    is_first = np.empty(len(values), dtype=bool)
    is_first[:1] = True
    np.not_equal(values[1:], values[:-1], out=is_first[1:])
    return is_first


def run_lengths(starts: Int64[Array, "runs"], count: int) -> Int64[Array, "runs"]:
    """Return how many values each run has.

    Args:
        starts: The index of the first value of each run.
        count: The number of values in all runs.

    >>> run_lengths(np.array([0, 2]), 3).tolist()
    [2, 1]
    """
    lengths = np.empty_like(starts)
    np.subtract(starts[1:], starts[:-1], out=lengths[:-1])
    lengths[-1] = count - starts[-1]
    return lengths


def ranges(
    starts: Int[Array, "B"], ends: Int[Array, "B"]
) -> tuple[Int64[Array, "total"], Int64[Array, "total"]]:
    """Concatenate ranges of whole numbers.

    Args:
        starts: The first number of each range.
        ends: The number after the last number of each range.

    Returns:
        All numbers, and the index of the range that each number is from.

    >>> numbers, rows = ranges(np.array([3, 8]), np.array([6, 9]))
    >>> numbers.tolist(), rows.tolist()
    ([3, 4, 5, 8], [0, 0, 0, 1])
    """
    sizes = ends - starts  # (B,)
    rows = np.repeat(np.arange(len(sizes)), sizes)  # (total,)
    numbers_before = np.cumsum(sizes) - sizes  # (B,)
    return np.arange(len(rows)) + np.repeat(starts - numbers_before, sizes), rows
