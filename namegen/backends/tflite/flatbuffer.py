"""A flatbuffer, written from its root downwards: the same tables give the same bytes, whichever libraries are there.

``contents.py`` compares a file with what namegen writes of its parts, byte for byte, so the writer is namegen's own: a
library's may place things otherwise in its next version. The format is public and small (https://flatbuffers.dev):

- a *table* is a signed offset back to its vtable, which says at which place in the table each field stands, then the
  fields: numbers as they are, everything else as an offset to where it stands;
- a *vector* is the count of its entries (4 bytes), then the entries; text is a vector of bytes with a 0 behind them;
- offsets are unsigned: what is referred to always stands behind. All numbers have their little end first.

``Table`` and ``Vector`` describe; ``to_bytes`` places. What is referred to twice is written once, if it can stand
behind both.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

OFFSET = struct.Struct("<I")
BACK = struct.Struct("<i")


@dataclass(frozen=True, eq=False)
class Number:
    """A field that is a number; ``kind`` is as in ``struct``."""

    kind: str
    value: int | float


@dataclass(frozen=True, eq=False)
class Vector:
    """A count and entries.

    Attributes:
        content: the bytes of entries that are numbers; empty where they are tables or texts.
        count: how many entries.
        entries: tables, vectors or texts.
        alignment: of the first entry in the file.
        rank: of those that stand at the file's end, in the order of their ranks; None: among the others.
    """

    content: bytes = b""
    count: int = 0
    entries: Sequence[Table | Vector] = ()
    alignment: int = 4
    rank: int | None = None


@dataclass(frozen=True, eq=False)
class Table:
    """Fields by their number in the schema; one that is left out has the schema's default."""

    fields: Mapping[int, Number | Table | Vector]


Part: TypeAlias = Table | Vector


def text(value: str) -> Vector:
    """A text; the 0 behind it is not counted."""
    content = value.encode()
    return Vector(content + b"\0", len(content))


def tables(entries: Sequence[Part]) -> Vector:
    """A vector of what is referred to."""
    return Vector(count=len(entries), entries=entries)


def to_bytes(root: Table, identifier: bytes) -> bytes:
    """The whole file.

    Args:
        root: the table that everything hangs on.
        identifier: four bytes that say what the file is.

    >>> to_bytes(Table({0: Number("<I", 7)}), b"ABCD").hex(" ", 4)
    '10000000 41424344 06000800 04000000 08000000 07000000'
    """
    return _Writer().write(root, identifier)


class _Writer:
    """Parts are placed in the order in which they are referred to; each reference is filled in once its part stands."""

    def __init__(self) -> None:
        self.content = bytearray()
        self.places: dict[int, int] = {}  # of what is written, by id
        self.vtables: dict[bytes, int] = {}
        self.pending: deque[tuple[int, Part]] = (
            deque()
        )  # where an offset is to be filled in, and to what
        self.last: list[tuple[int, int, Vector]] = []  # rank, place of the offset, vector

    def write(self, root: Table, identifier: bytes) -> bytes:
        self.content += bytes(4) + identifier
        self._refer(0, root)
        while self.pending:
            self._fill(*self.pending.popleft())
        for _, place, vector in sorted(self.last, key=lambda entry: entry[:2]):
            self._fill(place, vector)
        return bytes(self.content)

    def _refer(self, place: int, part: Part) -> None:
        if isinstance(part, Vector) and part.rank is not None:
            self.last.append((part.rank, place, part))
        else:
            self.pending.append((place, part))

    def _fill(self, place: int, part: Part) -> None:
        if (
            self.places.get(id(part), 0) <= place
        ):  # not there yet; or before what refers to it, where no offset leads
            self.places[id(part)] = (
                self._table(part) if isinstance(part, Table) else self._vector(part)
            )
        OFFSET.pack_into(self.content, place, self.places[id(part)] - place)

    def _align(self, alignment: int, behind: int = 0) -> None:
        """Zeros, until what comes ``behind`` so many bytes stands where it must."""
        self.content += bytes(-(len(self.content) + behind) % alignment)

    def _vector(self, vector: Vector) -> int:
        self._align(max(vector.alignment, 4), behind=4)
        place = len(self.content)
        self.content += OFFSET.pack(vector.count)
        self.content += vector.content
        for k, entry in enumerate(vector.entries):
            self.content += bytes(4)
            self._refer(place + 4 + 4 * k, entry)
        return place

    def _table(self, table: Table) -> int:
        """The widest fields first, so that none needs a gap; then in the order of their numbers."""
        size, offsets = 4, [0] * (1 + max(table.fields, default=-1))
        sizes = {
            k: struct.calcsize(one.kind) if isinstance(one, Number) else 4
            for k, one in table.fields.items()
        }
        for number in sorted(table.fields, key=lambda number: (-sizes[number], number)):
            offsets[number] = size
            size += sizes[number]
        vtable = struct.pack(f"<{2 + len(offsets)}H", 4 + 2 * len(offsets), size, *offsets)
        if vtable not in self.vtables:
            self._align(2)
            self.vtables[vtable] = len(self.content)
            self.content += vtable
        self._align(4)
        place = len(self.content)
        self.content += bytes(size)
        BACK.pack_into(self.content, place, place - self.vtables[vtable])
        for number, field in table.fields.items():
            at = place + offsets[number]
            if isinstance(field, Number):
                struct.pack_into(field.kind, self.content, at, field.value)
            else:
                self._refer(at, field)
        return place
