"""Tables whose columns are NumPy arrays, and small functions for sorted arrays and index arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any, ClassVar, Self, cast

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
    """Return whether each value differs from the previous value. The first value always starts a run.

    >>> new_run(np.array([5, 5, 2])).tolist()
    [True, False, True]
    """
    is_first = np.empty(len(values), dtype=bool)
    is_first[:1] = True
    np.not_equal(values[1:], values[:-1], out=is_first[1:])
    return is_first


def ranges(
    starts: Int[Array, "B"], ends: Int[Array, "B"]
) -> tuple[Int64[Array, "total"], Int64[Array, "total"]]:
    """Concatenate ranges of whole numbers, and return the index of each number's range as well.

    >>> numbers, range_indexes = ranges(starts=np.array([3, 8]), ends=np.array([6, 9]))
    >>> numbers.tolist(), range_indexes.tolist()
    ([3, 4, 5, 8], [0, 0, 0, 1])
    """
    sizes = ends - starts  # (B,)
    range_indexes = np.repeat(np.arange(len(sizes)), sizes)  # (total,)
    numbers_before = np.cumsum(sizes) - sizes  # (B,)
    shift = np.repeat(starts - numbers_before, sizes)  # (total,)
    return np.arange(len(range_indexes)) + shift, range_indexes


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
        """Return some rows. ``rows`` is any NumPy index into the columns."""
        selected = {name: column[rows] for name, column in self._columns().items()}
        return cast(Self, replace(cast(Any, self), **selected))

    def __len__(self) -> int:
        return len(next(iter(self._columns().values())))

    @classmethod
    def join(cls, tables: Sequence[Self]) -> Self:
        """Join several tables with the same columns, at least one."""
        joined = {}
        for name, column in tables[0]._columns().items():
            parts = [getattr(table, name) for table in tables]
            joined[name] = (
                column.join(parts) if isinstance(column, Columns) else np.concatenate(parts)
            )
        return cast(Self, replace(cast(Any, tables[0]), **joined))

    def _columns(self) -> dict[str, Any]:
        """Return the columns by name, without those that are None."""
        names = [declaration.name for declaration in fields(cast(Any, self))]
        columns = {name: getattr(self, name) for name in names if name not in self.shared}
        return {name: column for name, column in columns.items() if column is not None}
