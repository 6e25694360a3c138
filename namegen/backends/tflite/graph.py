"""Subgraphs: the tensors and operators of a ``.tflite``, one after the other, as the tables of its flatbuffer.

A ``File`` has the buffers, which all subgraphs share: a weight stands in it once. A ``Graph`` is one subgraph; its
operators run in the order in which they were added. A size of −1 in a shape is any number.

The numbers of operators, types and tables' fields are those of the public schema. They never change their meaning: a
newer schema only adds to them. ``tests/tflite/test_flatbuffer.py`` holds each against the schema that LiteRT ships.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, IntEnum
from itertools import count
from typing import TypeAlias

import numpy as np

from namegen.backends.tflite.flatbuffer import Number, Part, Table, Vector, tables, text, to_bytes
from namegen.types import Array

IDENTIFIER = b"TFL3"
VERSION = 3


class Type(IntEnum):
    """Of a tensor's numbers."""

    FLOAT32 = 0
    FLOAT16 = 1
    INT32 = 2
    BOOL = 6
    INT8 = 9


class Op(Enum):
    """Operators that LiteRT has built in: the number of each and, where it has options, that of their table."""

    ADD = 0, 11
    DEQUANTIZE = 6
    FULLY_CONNECTED = 9, 8
    LOGISTIC = 14
    MUL = 18, 21
    RESHAPE = 22
    SOFTMAX = 25, 9
    TANH = 28
    GATHER = 36, 23
    TRANSPOSE = 39
    SUB = 41, 28
    DIV = 42, 29
    STRIDED_SLICE = 45, 32
    EXP = 47
    SPLIT = 49, 35
    CAST = 53
    ARG_MAX = 56, 40
    MINIMUM = 57
    LESS = 58
    GREATER = 61
    LESS_EQUAL = 63
    NOT_EQUAL = 72
    LOG = 73
    SUM = 74, 27
    SHAPE = 77, 55
    REDUCE_MAX = 82, 27
    PACK = 83, 59
    LOGICAL_AND = 86
    UNPACK = 88, 64
    REDUCE_ANY = 91, 27
    FILL = 94
    ABS = 101
    WHILE = 119, 93
    SELECT_V2 = 123
    CUMSUM = 128, 102
    DYNAMIC_UPDATE_SLICE = 151

    def __init__(self, number: int, options: int | None = None) -> None:
        self.number, self.options = number, options


TYPES = {np.dtype(kind.name.lower()): kind for kind in Type}  # NumPy has the same names
NONE_CHOSEN: Mapping[int, Number] = {}
LARGEST_PLACEHOLDER = 127  # operators with larger numbers have this one in the field of old files

Shape: TypeAlias = tuple[int, ...]
Fields: TypeAlias = Mapping[
    int, Number
]  # of an operator's options; those left out have the schema's default


@dataclass(frozen=True)
class Tensor:
    """One of a subgraph's tensors, by its place there."""

    place: int
    type: Type
    shape: Shape


@dataclass(frozen=True, eq=False)
class Weight:
    """Numbers of the network as they stand in the file.

    Attributes:
        values: float32, float16 or int8.
        scales: int8 alone: float32, what the numbers are multiplied with: one for all, or one for each row.
    """

    values: Array
    scales: Array | None = None


def integer(value: int) -> Number:
    """A field of four bytes, signed."""
    return Number("<i", value)


TRUE = Number("<b", 1)  # a field that is a yes


def numbers(values: Iterable[int]) -> Vector:
    """A vector of whole numbers of four bytes."""
    array = np.array(list(values), "<i4")
    return Vector(array.tobytes(), len(array))


class File:
    """What all subgraphs share, and at the end the whole file."""

    def __init__(self) -> None:
        self.graphs: list[Graph] = []
        self.buffers: list[Table] = [Table({})]  # by convention the first is empty
        self.operators: dict[tuple[Op, int], int] = {}
        self.signatures: list[Table] = []
        self.metadata: list[Table] = []
        self._ranks = count()
        self._constants: dict[tuple[str, bytes], int] = {}
        self._weights: dict[int, tuple[int, Table | None]] = {}
        self._shapes: dict[Shape, Vector] = {}
        self._texts: dict[str, Vector] = {}

    def graph(self, name: str) -> Graph:
        """A new subgraph."""
        self.graphs.append(Graph(self, name, len(self.graphs)))
        return self.graphs[-1]

    def sign(
        self, key: str, graph: Graph, inputs: Mapping[str, Tensor], outputs: Mapping[str, Tensor]
    ) -> None:
        """Make a subgraph known by a name, and its inputs and outputs by theirs."""
        graph.ends(inputs.values(), outputs.values())
        ends = [
            tables(
                [
                    Table({0: self.text(name), 1: Number("<I", end.place)})
                    for name, end in sorted(named.items())
                ]
            )
            for named in (inputs, outputs)
        ]
        self.signatures.append(
            Table({0: ends[0], 1: ends[1], 2: self.text(key), 4: Number("<I", graph.place)})
        )

    def describe(self, name: str, content: bytes) -> None:
        """Add an entry to the metadata; it stands at the end of the file, behind what was added before."""
        self.metadata.append(
            Table({0: self.text(name), 1: Number("<I", self._at_the_end(content))})
        )

    def weight(self, weight: Weight) -> tuple[int, Table | None]:
        """The buffer of a weight, and the table of its scales; at the end of the file, behind what was added before."""
        if id(weight) not in self._weights:
            buffer, scales = self._at_the_end(weight.values.tobytes()), None
            if weight.scales is not None:
                rows = len(weight.scales)
                content = Vector(
                    weight.scales.tobytes(), rows, alignment=16, rank=next(self._ranks)
                )
                scales = Table({2: content, 3: Vector(bytes(8 * rows), rows, alignment=8)})
            self._weights[id(weight)] = buffer, scales
        return self._weights[id(weight)]

    def constant(self, values: Array) -> int:
        """The buffer of a small array; the same for the same numbers."""
        key = (values.dtype.str, values.tobytes())
        if key not in self._constants:
            self._constants[key] = self._buffer(
                Vector(values.tobytes(), values.nbytes, alignment=16)
            )
        return self._constants[key]

    def _at_the_end(self, content: bytes) -> int:
        return self._buffer(Vector(content, len(content), alignment=16, rank=next(self._ranks)))

    def _buffer(self, data: Vector) -> int:
        self.buffers.append(Table({0: data}))
        return len(self.buffers) - 1

    def operator(self, op: Op, version: int) -> int:
        """The place of an operator's code."""
        return self.operators.setdefault((op, version), len(self.operators))

    def shape(self, shape: Shape) -> Vector:
        """One vector for each shape."""
        return self._shapes.setdefault(shape, numbers(shape))

    def text(self, value: str) -> Vector:
        """One for each text."""
        return self._texts.setdefault(value, text(value))

    def to_bytes(self) -> bytes:
        """The whole file."""
        codes = [
            Table(
                {
                    0: Number("<b", min(op.number, LARGEST_PLACEHOLDER)),
                    2: integer(version),
                    3: integer(op.number),
                }
            )
            for op, version in self.operators
        ]
        root = Table(
            {
                0: Number("<I", VERSION),
                1: tables(codes),
                2: tables([graph.table() for graph in self.graphs]),
                3: text("namegen"),
                4: tables(self.buffers),
                6: tables(self.metadata),
                7: tables(self.signatures),
            }
        )
        return to_bytes(root, IDENTIFIER)


class Graph:
    """One subgraph.

    Args:
        file: what it is a part of.
        name: for whoever looks at the file.
        place: its number there.
    """

    def __init__(self, file: File, name: str, place: int) -> None:
        self.file, self.name, self.place = file, name, place
        self.tensors: list[Table] = []
        self.operators: list[Table] = []
        self.inputs: list[int] = []
        self.outputs: list[int] = []
        self._constants: dict[tuple[str, Shape, bytes], Tensor] = {}
        self._weights: dict[int, Tensor] = {}

    def ends(self, inputs: Iterable[Tensor], outputs: Iterable[Tensor]) -> None:
        """Say what goes in and what comes out."""
        self.inputs = [tensor.place for tensor in inputs]
        self.outputs = [tensor.place for tensor in outputs]

    def tensor(
        self,
        kind: Type,
        shape: Shape,
        *,
        name: str = "",
        buffer: int = 0,
        scales: Table | None = None,
    ) -> Tensor:
        """A new one: what an operator computes, unless it has a buffer."""
        fields: dict[int, Number | Part] = {
            0: self.file.shape(tuple(1 if size < 0 else size for size in shape)),
            1: Number("<b", kind),
            2: Number("<I", buffer),
            8: TRUE,
        }
        if name:
            fields[3] = self.file.text(name)
        if scales is not None:
            fields[4] = scales
        if -1 in shape:
            fields[7] = self.file.shape(shape)
        self.tensors.append(Table(fields))
        return Tensor(len(self.tensors) - 1, kind, shape)

    def constant(self, values: object, dtype: type = np.int32) -> Tensor:
        """A small array that an operator reads."""
        array: Array = np.asarray(values, dtype)
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._constants:
            buffer = self.file.constant(array)
            self._constants[key] = self.tensor(TYPES[array.dtype], array.shape, buffer=buffer)
        return self._constants[key]

    def weight(self, weight: Weight) -> Tensor:
        """Numbers of the network; half precision is widened, which the runtime does once."""
        if id(weight) not in self._weights:
            buffer, scales = self.file.weight(weight)
            kind = TYPES[weight.values.dtype]
            tensor = self.tensor(kind, weight.values.shape, buffer=buffer, scales=scales)
            if kind == Type.FLOAT16:
                tensor = self.add(Op.DEQUANTIZE, [tensor], Type.FLOAT32, tensor.shape, version=3)
            self._weights[id(weight)] = tensor
        return self._weights[id(weight)]

    def add(
        self,
        op: Op,
        inputs: Sequence[Tensor | None],
        kind: Type,
        shape: Shape,
        fields: Fields = NONE_CHOSEN,
        *,
        version: int = 1,
        scales: Table | None = None,
    ) -> Tensor:
        """An operator with one output, which is given back."""
        output = self.tensor(kind, shape, scales=scales)
        self.run(op, inputs, [output], fields, version)
        return output

    def run(
        self,
        op: Op,
        inputs: Sequence[Tensor | None],
        outputs: Sequence[Tensor],
        fields: Fields = NONE_CHOSEN,
        version: int = 1,
    ) -> None:
        """An operator; an input of None is left out."""
        operator: dict[int, Number | Part] = {
            0: Number("<I", self.file.operator(op, version)),
            1: numbers(-1 if tensor is None else tensor.place for tensor in inputs),
            2: numbers(tensor.place for tensor in outputs),
        }
        if op.options is not None:
            operator |= {3: Number("<B", op.options), 4: Table(fields)}
        self.operators.append(Table(operator))

    def table(self) -> Table:
        """As it stands in the file."""
        ends = {1: numbers(self.inputs), 2: numbers(self.outputs)}
        return Table(
            {
                0: tables(self.tensors),
                **ends,
                3: tables(self.operators),
                4: self.file.text(self.name),
            }
        )
