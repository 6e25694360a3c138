"""Test the FlatBuffers writer against the flatbuffers package, and ``schema.py`` against LiteRT's schema."""

from __future__ import annotations

import struct
from collections.abc import Callable
from enum import Enum

from hypothesis import given
from hypothesis import strategies as st

from namegen.backends.tflite import schema
from namegen.backends.tflite.flatbuffer import Number, Table, Vector, string, to_bytes, vector_of
from namegen.backends.tflite.schema import Op, Type

KINDS = {
    "<b": "Int8Flags",
    "<B": "Uint8Flags",
    "<i": "Int32Flags",
    "<I": "Uint32Flags",
    "<f": "Float32Flags",
}
RANGES = {"<b": (-128, 127), "<B": (0, 255), "<i": (-(2**31), 2**31 - 1), "<I": (0, 2**32 - 1)}
numbers = st.sampled_from(sorted(RANGES)).flatmap(
    lambda kind: st.builds(Number, st.just(kind), st.integers(*RANGES[kind]))
)


@given(
    st.dictionaries(st.integers(0, 12), numbers, max_size=8),
    st.text(max_size=20),
    st.integers(0, 5),
)
def test_the_flatbuffers_package_reads_written_files(
    fields: dict[int, Number], words: str, copies: int
) -> None:
    from flatbuffers import number_types, table

    shared = string(words)
    inner = Table({0: Number("<i", -7), 3: shared})
    last = Vector(b"at the end", 10, alignment=16, rank=0)
    root = Table({**fields, 13: shared, 14: inner, 15: vector_of([inner] * copies), 16: last})
    content = to_bytes(root, b"TEST")
    assert content == to_bytes(root, b"TEST")
    assert content[4:8] == b"TEST"
    assert content.endswith(b"at the end")
    read = table.Table(content, struct.unpack_from("<I", content)[0])

    def place(of: table.Table, number: int) -> int:
        return int(of.Offset(4 + 2 * number))

    for number, field in fields.items():
        flags = getattr(number_types, KINDS[field.format])
        assert read.Get(flags, read.Pos + place(read, number)) == field.value
    assert [place(read, number) for number in range(13) if number not in fields] == [0] * (
        13 - len(fields)
    )
    assert read.String(read.Pos + place(read, 13)) == words.encode()
    below = table.Table(content, read.Indirect(read.Pos + place(read, 14)))
    assert below.Get(number_types.Int32Flags, below.Pos + place(below, 0)) == -7
    assert below.String(below.Pos + place(below, 3)) == words.encode()
    assert read.VectorLen(place(read, 15)) == copies
    start = read.Vector(place(read, 15))
    found = {read.Indirect(start + 4 * k) for k in range(copies)}
    assert len(found) == min(copies, 1)  # the table is written only once
    for at in found:
        copy = table.Table(content, at)
        assert copy.Get(number_types.Int32Flags, at + place(copy, 0)) == -7
    start = read.Vector(place(read, 16))
    assert start % 16 == 0
    assert start == len(content) - 10


def test_types_and_operators_have_litert_numbers() -> None:
    from ai_edge_litert import schema_py_generated as published

    assert all(vars(published.TensorType)[member.name] == member.value for member in Type)
    assert all(vars(published.BuiltinOperator)[op.name] == op.number for op in Op)
    options = {number: name for name, number in vars(published.BuiltinOptions).items()}
    for op in Op:
        name = op.name.title().replace("_", "")
        if op in (Op.SUM, Op.REDUCE_MAX, Op.REDUCE_ANY):
            name = "Reducer"
        if op.options is not None:
            assert options[op.options] == f"{name}Options"


class SlotRecorder:
    """A replacement for ``flatbuffers.Builder`` that records the number of the written field."""

    slot = -1

    def __getattr__(self, method: str) -> Callable[..., None]:
        def record(slot: int, *_: object) -> None:
            self.slot = slot

        return record


def test_fields_have_litert_numbers() -> None:
    from ai_edge_litert import schema_py_generated as published

    tables = [item for item in vars(schema).values() if isinstance(item, type)]
    tables = [table for table in tables if not issubclass(table, Enum)]
    assert schema.WhileOptions in tables
    for table in tables:
        for field, number in vars(table).items():
            if field.isupper():
                add = getattr(published, f"{table.__name__}Add{field.title().replace('_', '')}")
                recorder = SlotRecorder()
                add(recorder, 0)
                assert recorder.slot == number, (table, field)
