"""Distinct keys of very many rows: which there are, which each row has, and how often each is there.

It is what ``np.unique`` gives. That makes five arrays of eight bytes a row, and a list of millions of names has tens of
millions of prefixes; so keys are made and sorted a block at a time, and of each row at most its rank is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from namegen.core.data.ranking import index_type, new_run
from namegen.types import Array, Int, Int64

BLOCK = 1 << 20  # rows

Keys: TypeAlias = Callable[[slice], Int64[Array, "block"]]  # the keys of a part of all rows


def ranked(rows: int, keys: Keys) -> tuple[Int64[Array, "distinct"], Int[Array, "rows"]]:
    """The distinct keys, rising, and the rank of each row's key among them.

    Args:
        rows: how many there are, at least one.
        keys: gives those of a part of them.

    >>> key = np.array([7, 3, 7])
    >>> distinct, rank = ranked(3, lambda part: key[part])
    >>> distinct.tolist(), rank.tolist()
    ([3, 7], [1, 0, 1])
    """
    rank = np.empty(rows, index_type(rows))
    parts, found = _parts(rows), []
    for part in parts:
        distinct, rank[part] = np.unique(keys(part), return_inverse=True)
        found.append(distinct)
    if len(found) == 1:
        return found[0], rank
    every = _merged(found)
    for part, distinct in zip(parts, found, strict=True):
        rank[part] = np.searchsorted(every, distinct)[rank[part]]
    return every, rank


def counted(
    rows: int, keys: Keys, times: Int64[Array, "rows"]
) -> tuple[Int64[Array, "distinct"], Int64[Array, "distinct"]]:
    """The distinct keys, rising, and how often each is there.

    Args:
        rows: how many keys there are, at least one.
        keys: gives those of a part of the rows.
        times: how often each row counts.

    >>> key = np.array([7, 3, 7])
    >>> distinct, count = counted(3, lambda part: key[part], np.array([1, 5, 1]))
    >>> distinct.tolist(), count.tolist()
    ([3, 7], [5, 2])
    """
    found, counts = [], []
    for part in _parts(rows):
        distinct, place = np.unique(keys(part), return_inverse=True)
        found.append(distinct)
        counts.append(np.bincount(place, weights=times[part]).astype(np.int64))
    if len(found) == 1:
        return found[0], counts[0]
    every = _merged(found)
    count = np.zeros(len(every), np.int64)
    for distinct, of_part in zip(found, counts, strict=True):
        count[np.searchsorted(every, distinct)] += of_part
    return every, count


def _parts(rows: int) -> list[slice]:
    return [slice(start, start + BLOCK) for start in range(0, rows, BLOCK)]


def _merged(found: list[Int64[Array, "_"]]) -> Int64[Array, "distinct"]:
    """The different ones of several arrays, sorted."""
    every = np.concatenate(found)
    every.sort()  # np.unique hashes here, which takes many times longer where most are different
    return every[new_run(every)]
