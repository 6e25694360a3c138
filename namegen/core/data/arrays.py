"""Tables whose columns are NumPy arrays, and small functions for sorted arrays and index arrays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Self

import numpy as np

from namegen.types import Array, Bool, Int, Int64


def index_type(count: int) -> type[np.signedinteger]:
    """Return the smallest integer type that can index an array: int32 if possible, which saves half the memory."""
    return np.int32 if count <= np.iinfo(np.int32).max else np.int64


def blocks(length: int, block_size: int) -> list[slice]:
    """Cut an array into slices, so that temporary arrays stay small.

    >>> blocks(5, 2)
    [slice(0, 2, None), slice(2, 4, None), slice(4, 6, None)]
    """
    return [slice(start, start + block_size) for start in range(0, length, block_size)]


def new_run(values: Int[Array, "n"]) -> Bool[Array, "n"]:
    """Return whether each value differs from the previous value, so that it starts a run of equal values.

    The first value always starts a run.

    >>> new_run(np.array([5, 5, 2])).tolist()
    [True, False, True]
    """
    starts_run = np.empty(len(values), dtype=bool)
    starts_run[:1] = True
    np.not_equal(values[1:], values[:-1], out=starts_run[1:])
    return starts_run


def ranges(
    starts: Int[Array, "B"], ends: Int[Array, "B"]
) -> tuple[Int64[Array, "total"], Int64[Array, "total"]]:
    """Concatenate ranges of whole numbers, as ``np.arange`` does for one range.

    Returns:
        The numbers of all ranges, and for each number, the index of its range.

    >>> numbers, range_indexes = ranges(starts=np.array([3, 8]), ends=np.array([6, 9]))
    >>> numbers.tolist(), range_indexes.tolist()
    ([3, 4, 5, 8], [0, 0, 0, 1])
    """
    sizes = ends - starts  # (B,)
    range_indexes = np.repeat(np.arange(len(sizes)), sizes)  # (total,)
    # A number is the start of its range, plus its place in the range: its place in the result, minus the place of the
    # range's first number.
    first_places = np.cumsum(sizes) - sizes  # (B,)
    places = np.arange(len(range_indexes))  # (total,)
    return places + np.repeat(starts - first_places, sizes), range_indexes


class Columns:
    """A base class of frozen dataclasses whose fields are the columns of a table: arrays with one row for each item.

    A column can also be such a dataclass, or None if it isn't needed.

    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True, eq=False)
    ... class Names(Columns):
    ...     lengths: np.ndarray
    ...     labels: np.ndarray | None = None
    >>> names = Names(lengths=np.array([3, 5, 4]))
    >>> Names.join([names, names[1:]]).lengths.tolist()
    [3, 5, 4, 5, 4]
    """

    shared: ClassVar[tuple[str, ...]] = ()  # fields that aren't columns: all rows share their value

    def __getitem__(self, rows: Any) -> Self:
        """Return a table of some rows. ``rows`` is any NumPy index, such as a slice or an array of booleans."""
        return self._with({name: column[rows] for name, column in self._columns()})

    def __len__(self) -> int:
        return len(next(column for _, column in self._columns()))

    @classmethod
    def join(cls, tables: Sequence[Self]) -> Self:
        """Join several tables with the same columns, at least one."""
        joined = {}
        for name, column in tables[0]._columns():
            parts = [getattr(table, name) for table in tables]
            join = column.join if isinstance(column, Columns) else np.concatenate
            joined[name] = join(parts)
        return tables[0]._with(joined)

    def _with(self, columns: dict[str, Any]) -> Self:
        """Return a table with other columns, in a third of the time of ``dataclasses.replace``."""
        table = object.__new__(type(self))
        vars(table).update(vars(self), **columns)
        return table

    def _columns(self) -> Iterator[tuple[str, Any]]:
        """Yield the names and values of the columns that aren't None."""
        for name, column in vars(self).items():
            if column is not None and name not in self.shared:
                yield name, column
