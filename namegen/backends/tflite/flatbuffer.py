"""A small FlatBuffers writer whose output depends only on the tables it's given.

``contents.py`` rebuilds a file and compares it byte for byte, so the layout must never change. A library could place
objects differently in its next version, so namegen has its own writer. The format (https://flatbuffers.dev) in short:

- A *table* starts with a signed offset back to its vtable. The vtable contains the position of each field inside the
  table. Numbers are stored in the table itself; for other fields, the table stores an offset.
- A *vector* is a count (4 bytes) followed by the entries. A string is a vector of bytes with a terminating 0.
- Offsets are unsigned and relative to their own position, so an object always comes after every reference to it.
  All numbers are little-endian.

An object that's referenced several times is written once, if that one copy can come after all the references.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

OFFSET = struct.Struct("<I")
VTABLE_OFFSET = struct.Struct("<i")


@dataclass(frozen=True, eq=False)
class Number:
    """A field that is a number."""

    format: str  # as in ``struct``
    value: int | float


@dataclass(frozen=True, eq=False)
class Vector:
    """A vector of numbers (or bytes), or of references to other objects."""

    content: bytes = b""  # the entries, if they're numbers
    count: int = 0  # how many entries
    entries: Sequence[Table | Vector] = ()  # the entries, if they're references
    alignment: int = 4  # of the first entry in the file, in bytes
    rank: int | None = None  # vectors with a rank come last in the file, sorted by rank


@dataclass(frozen=True, eq=False)
class Table:
    """A table. Missing fields have the schema's default value."""

    fields: Mapping[int, Number | Table | Vector]  # by their numbers in the schema


Object: TypeAlias = Table | Vector


def string(value: str) -> Vector:
    """Create a string. Its count excludes the terminating 0."""
    content = value.encode()
    return Vector(content + b"\0", len(content))


def vector_of(entries: Sequence[Object]) -> Vector:
    """Create a vector of references."""
    return Vector(count=len(entries), entries=entries)


def to_bytes(root: Table, identifier: bytes) -> bytes:
    """Write a whole file.

    Args:
        root: the table from which everything else is referenced.
        identifier: the four bytes that identify the file format.

    >>> to_bytes(Table({0: Number("<I", 7)}), b"ABCD").hex(" ", 4)
    '10000000 41424344 06000800 04000000 08000000 07000000'
    """
    return _Writer().write(root, identifier)


class _Reference(NamedTuple):
    position: int  # where the offset has to be written
    target: Object


class _Writer:
    """Writes objects in the order in which they're first referenced, and fills in each offset afterwards."""

    def __init__(self) -> None:
        self.content = bytearray()
        self.positions: dict[int, int] = {}  # of the objects written so far, by their id()
        self.vtables: dict[bytes, int] = {}  # positions, by content
        self.pending: deque[_Reference] = deque()
        self.ranked: dict[int, list[_Reference]] = {}  # references to vectors with a rank, by rank

    def write(self, root: Table, identifier: bytes) -> bytes:
        """Write a whole file."""
        self.content += bytes(OFFSET.size) + identifier
        self._refer(0, root)
        while self.pending:
            self._resolve(self.pending.popleft())
        for rank in sorted(self.ranked):
            for reference in self.ranked[rank]:
                self._resolve(reference)
        return bytes(self.content)

    def _refer(self, position: int, target: Object) -> None:
        """Schedule the writing of a referenced object, and of its offset at this position."""
        reference = _Reference(position, target)
        if isinstance(target, Vector) and target.rank is not None:
            self.ranked.setdefault(target.rank, []).append(reference)
        else:
            self.pending.append(reference)

    def _resolve(self, reference: _Reference) -> None:
        """Fill in the offset of a reference. If no copy of its target comes after the reference, write the target."""
        position, target = reference
        has_usable_copy = self.positions.get(id(target), 0) > position
        if not has_usable_copy:
            self.positions[id(target)] = self._append(target)
        offset = self.positions[id(target)] - position
        OFFSET.pack_into(self.content, position, offset)

    def _append(self, target: Object) -> int:
        """Write a table or vector, and return its position."""
        if isinstance(target, Table):
            return self._append_table(target)
        return self._append_vector(target)

    def _append_vector(self, vector: Vector) -> int:
        """Write a vector, and return its position. Its entries are written later if they're references."""
        self._pad(max(vector.alignment, 4), skip=OFFSET.size)
        position = len(self.content)
        self.content += OFFSET.pack(vector.count)
        self.content += vector.content
        for entry in vector.entries:
            entry_position = len(self.content)
            self.content += bytes(OFFSET.size)
            self._refer(entry_position, entry)
        return position

    def _append_table(self, table: Table) -> int:
        """Write a table, and return its position. The objects that it references are written later."""
        offsets, size = _field_offsets(table)
        vtable_position = self._vtable(offsets, size)
        self._pad(4)
        position = len(self.content)
        self.content += bytes(size)  # zeros, which are overwritten below
        VTABLE_OFFSET.pack_into(self.content, position, position - vtable_position)
        for number, field in table.fields.items():
            field_position = position + offsets[number]
            if isinstance(field, Number):
                struct.pack_into(field.format, self.content, field_position, field.value)
            else:
                self._refer(field_position, field)
        return position

    def _vtable(self, offsets: Mapping[int, int], table_size: int) -> int:
        """Return the position of a table's vtable, after writing it if no earlier table has the same layout."""
        slots = 1 + max(offsets, default=-1)  # one for each field number, also for missing fields
        field_offsets = [offsets.get(number, 0) for number in range(slots)]
        vtable_size = 4 + 2 * slots  # bytes: two sizes and the slots, of two bytes each
        vtable = struct.pack(f"<{2 + slots}H", vtable_size, table_size, *field_offsets)
        if vtable not in self.vtables:
            self._pad(2)
            self.vtables[vtable] = len(self.content)
            self.content += vtable
        return self.vtables[vtable]

    def _pad(self, alignment: int, skip: int = 0) -> None:
        """Append zeros until the position ``skip`` bytes further on is aligned."""
        self.content += bytes(-(len(self.content) + skip) % alignment)


def _field_offsets(table: Table) -> tuple[dict[int, int], int]:
    """Compute where each field is, relative to the table, and the table's size in bytes.

    The widest fields come first, so no padding is needed; fields of equal width are in the order of their numbers.
    """
    numbers = sorted(table.fields)
    widest_first = sorted(numbers, key=lambda number: -_field_size(table.fields[number]))
    offsets: dict[int, int] = {}
    end = VTABLE_OFFSET.size
    for number in widest_first:
        offsets[number] = end
        end += _field_size(table.fields[number])
    return offsets, end


def _field_size(field: Number | Object) -> int:
    """Return the size of a field in its table, in bytes."""
    if isinstance(field, Number):
        return struct.calcsize(field.format)
    return OFFSET.size
