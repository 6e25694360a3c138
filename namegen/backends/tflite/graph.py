"""Builders for the tensors, operators and subgraphs of a .tflite file.

A ``File`` contains the buffers that all subgraphs share, so each weight is stored once. A ``Graph`` is one subgraph.
Its operators run in the order in which they were added. A size of −1 in a shape means any size.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from types import MappingProxyType
from typing import TypeAlias

import numpy as np

from namegen.backends.tflite import schema
from namegen.backends.tflite.flatbuffer import (
    Number,
    Object,
    Table,
    Vector,
    string,
    to_bytes,
    vector_of,
)
from namegen.backends.tflite.schema import Op, Type
from namegen.types import Array

IDENTIFIER = b"TFL3"
SCHEMA_VERSION = 3
BUFFER_ALIGNMENT = 16  # bytes
ANY = -1  # a size that's only known at run time
TYPES = {np.dtype(member.name.lower()): member for member in Type}  # NumPy has the same names
LARGEST_OLD_CODE = 127  # older readers see this number instead of any larger operator number
DEQUANTIZES_FLOAT16 = 3  # the version of DEQUANTIZE that reads float16

Shape: TypeAlias = tuple[int, ...]
Options: TypeAlias = Mapping[int, Number]  # missing options have the schema's default value

DEFAULT_OPTIONS: Options = MappingProxyType({})


@dataclass(frozen=True)
class Tensor:
    """A tensor of a subgraph."""

    index: int  # in the subgraph
    type: Type
    shape: Shape


@dataclass(frozen=True, eq=False)
class Weight:
    """Numbers of the network, in the form in which the file contains them."""

    values: Array  # float32, float16 or int8
    scales: Array | None = None  # float32, only for int8: one factor for all values, or one per row


@dataclass(frozen=True, eq=False)
class StoredWeight:
    """Where a file contains a weight."""

    buffer: int  # the buffer's index
    quantization: Table | None  # contains the scales


def int32(value: int) -> Number:
    """Create a signed field of four bytes."""
    return Number("<i", value)


def uint32(value: int) -> Number:
    """Create an unsigned field of four bytes."""
    return Number("<I", value)


def int8(value: int) -> Number:
    """Create a signed field of one byte."""
    return Number("<b", value)


TRUE = int8(1)  # a boolean field


def int32_vector(values: Iterable[int]) -> Vector:
    """Create a vector of signed integers of four bytes."""
    array = np.array(list(values), "<i4")
    return Vector(array.tobytes(), len(array))


class File:
    """A .tflite file: the subgraphs, and everything that they share."""

    def __init__(self) -> None:
        self.graphs: list[Graph] = []
        self.buffers: list[Table] = [Table({})]  # by convention, the first buffer is empty
        self.operator_codes: dict[tuple[Op, int], int] = {}  # indices, by operator and version
        self.signatures: list[Table] = []
        self.metadata: list[Table] = []
        self._ranks = count()  # of the vectors at the end of the file
        # Objects that were added before:
        self._constants: dict[tuple[str, bytes], int] = {}
        self._weights: dict[int, StoredWeight] = {}  # by id()
        self._shapes: dict[Shape, Vector] = {}
        self._strings: dict[str, Vector] = {}

    def add_graph(self, name: str) -> Graph:
        """Add a new subgraph."""
        graph = Graph(self, name, len(self.graphs))
        self.graphs.append(graph)
        return graph

    def add_signature(
        self, name: str, graph: Graph, inputs: Mapping[str, Tensor], outputs: Mapping[str, Tensor]
    ) -> None:
        """Let programs call a subgraph by a name, and pass its inputs and outputs by their names."""
        graph.set_inputs_and_outputs(inputs.values(), outputs.values())
        signature = Table(
            {
                schema.SignatureDef.INPUTS: self._tensor_map(inputs),
                schema.SignatureDef.OUTPUTS: self._tensor_map(outputs),
                schema.SignatureDef.SIGNATURE_KEY: self.string(name),
                schema.SignatureDef.SUBGRAPH_INDEX: uint32(graph.index),
            }
        )
        self.signatures.append(signature)

    def _tensor_map(self, tensors: Mapping[str, Tensor]) -> Vector:
        """Map the names of a signature's inputs or outputs to tensors, in alphabetical order."""
        entries: list[Table] = []
        for name, tensor in sorted(tensors.items()):
            entry = Table(
                {
                    schema.TensorMap.NAME: self.string(name),
                    schema.TensorMap.TENSOR_INDEX: uint32(tensor.index),
                }
            )
            entries.append(entry)
        return vector_of(entries)

    def add_metadata(self, name: str, content: bytes) -> None:
        """Add a metadata entry. Its bytes come at the end of the file, after everything added there before."""
        entry = Table(
            {
                schema.Metadata.NAME: self.string(name),
                schema.Metadata.BUFFER: uint32(self._buffer_at_the_end(content)),
            }
        )
        self.metadata.append(entry)

    def add_weight(self, weight: Weight) -> StoredWeight:
        """Store a weight at the end of the file, unless it's already there."""
        if id(weight) not in self._weights:
            buffer = self._buffer_at_the_end(weight.values.tobytes())
            quantization = None if weight.scales is None else self._quantization(weight.scales)
            self._weights[id(weight)] = StoredWeight(buffer, quantization)
        return self._weights[id(weight)]

    def _quantization(self, scales: Array) -> Table:
        """Create the table with the scales of a weight. All zero points are 0."""
        scale = Vector(
            scales.tobytes(), len(scales), alignment=BUFFER_ALIGNMENT, rank=next(self._ranks)
        )
        zero_points = Vector(bytes(8 * len(scales)), len(scales), alignment=8)  # int64
        return Table(
            {
                schema.QuantizationParameters.SCALE: scale,
                schema.QuantizationParameters.ZERO_POINT: zero_points,
            }
        )

    def constant_buffer(self, values: Array) -> int:
        """Return the buffer of a small array. Equal arrays share one."""
        key = (values.dtype.str, values.tobytes())
        if key not in self._constants:
            vector = Vector(values.tobytes(), values.nbytes, alignment=BUFFER_ALIGNMENT)
            self._constants[key] = self._buffer(vector)
        return self._constants[key]

    def _buffer_at_the_end(self, content: bytes) -> int:
        """Add a buffer whose bytes are appended to the end of the file, and return its index."""
        vector = Vector(content, len(content), alignment=BUFFER_ALIGNMENT, rank=next(self._ranks))
        return self._buffer(vector)

    def _buffer(self, data: Vector) -> int:
        """Add a buffer, and return its index."""
        self.buffers.append(Table({schema.Buffer.DATA: data}))
        return len(self.buffers) - 1

    def operator_code(self, op: Op, version: int) -> int:
        """Return the index of an operator with this version in the file's list, after adding it if necessary."""
        return self.operator_codes.setdefault((op, version), len(self.operator_codes))

    def shape(self, shape: Shape) -> Vector:
        """Return the vector of a shape. Equal shapes share one."""
        return self._shapes.setdefault(shape, int32_vector(shape))

    def string(self, value: str) -> Vector:
        """Return the vector of a string. Equal strings share one."""
        return self._strings.setdefault(value, string(value))

    def to_bytes(self) -> bytes:
        """Write the whole file."""
        model = Table(
            {
                schema.Model.VERSION: uint32(SCHEMA_VERSION),
                schema.Model.OPERATOR_CODES: vector_of(self._operator_code_tables()),
                schema.Model.SUBGRAPHS: vector_of([graph.to_table() for graph in self.graphs]),
                schema.Model.DESCRIPTION: string("namegen"),
                schema.Model.BUFFERS: vector_of(self.buffers),
                schema.Model.METADATA: vector_of(self.metadata),
                schema.Model.SIGNATURE_DEFS: vector_of(self.signatures),
            }
        )
        return to_bytes(model, IDENTIFIER)

    def _operator_code_tables(self) -> list[Table]:
        """Create the tables that list each operator that the file uses, with its version."""
        tables: list[Table] = []
        for op, version in self.operator_codes:
            old_code = min(op.number, LARGEST_OLD_CODE)
            table = Table(
                {
                    schema.OperatorCode.DEPRECATED_BUILTIN_CODE: int8(old_code),
                    schema.OperatorCode.VERSION: int32(version),
                    schema.OperatorCode.BUILTIN_CODE: int32(op.number),
                }
            )
            tables.append(table)
        return tables


NO_TENSOR = Tensor(-1, Type.FLOAT32, ())  # stands for an optional input that isn't used


class Graph:
    """A subgraph.

    Args:
        file: the file that it's part of.
        name: shown by tools that display the file.
        index: its index in the file.
    """

    def __init__(self, file: File, name: str, index: int) -> None:
        self.file = file
        self.name = name
        self.index = index
        self.tensors: list[Table] = []
        self.operators: list[Table] = []
        self.inputs: list[int] = []  # indices of tensors
        self.outputs: list[int] = []
        # Tensors that were added before:
        self._constants: dict[tuple[str, Shape, bytes], Tensor] = {}
        self._weights: dict[int, Tensor] = {}  # by id()

    def set_inputs_and_outputs(self, inputs: Iterable[Tensor], outputs: Iterable[Tensor]) -> None:
        """Declare which tensors are passed in, and which are returned."""
        self.inputs = [tensor.index for tensor in inputs]
        self.outputs = [tensor.index for tensor in outputs]

    def tensor(
        self,
        tensor_type: Type,
        shape: Shape,
        *,
        name: str = "",
        buffer: int = 0,
        quantization: Table | None = None,
    ) -> Tensor:
        """Add a new tensor: a stored one if it has a buffer, otherwise an input or the output of an operator."""
        initial_shape = tuple(1 if size == ANY else size for size in shape)
        fields: dict[int, Number | Object] = {
            schema.Tensor.SHAPE: self.file.shape(initial_shape),
            schema.Tensor.TYPE: int8(tensor_type),
            schema.Tensor.BUFFER: uint32(buffer),
            schema.Tensor.HAS_RANK: TRUE,
        }
        if name:
            fields[schema.Tensor.NAME] = self.file.string(name)
        if quantization is not None:
            fields[schema.Tensor.QUANTIZATION] = quantization
        if ANY in shape:
            fields[schema.Tensor.SHAPE_SIGNATURE] = self.file.shape(shape)
        self.tensors.append(Table(fields))
        return Tensor(len(self.tensors) - 1, tensor_type, shape)

    def constant(self, values: object, dtype: type = np.int32) -> Tensor:
        """Return the tensor of a small array that operators read. Equal arrays share one."""
        array: Array = np.asarray(values, dtype)
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._constants:
            buffer = self.file.constant_buffer(array)
            self._constants[key] = self.tensor(TYPES[array.dtype], array.shape, buffer=buffer)
        return self._constants[key]

    def like(self, tensor: Tensor) -> Tensor:
        """Add a new tensor with the type and shape of another one, which may be in another subgraph."""
        return self.tensor(tensor.type, tensor.shape)

    def weight(self, weight: Weight) -> Tensor:
        """Return the tensor of one of the network's weights."""
        if id(weight) not in self._weights:
            tensor = self._stored_weight(weight)
            if tensor.type == Type.FLOAT16:  # the runtime converts it once, when it loads the file
                tensor = self.compute(
                    Op.DEQUANTIZE, [tensor], Type.FLOAT32, version=DEQUANTIZES_FLOAT16
                )
            self._weights[id(weight)] = tensor
        return self._weights[id(weight)]

    def _stored_weight(self, weight: Weight) -> Tensor:
        """Add a tensor with the values of a weight, in the type in which they're stored."""
        stored = self.file.add_weight(weight)
        return self.tensor(
            TYPES[weight.values.dtype],
            weight.values.shape,
            buffer=stored.buffer,
            quantization=stored.quantization,
        )

    def compute(
        self,
        op: Op,
        inputs: Sequence[Tensor],
        output_type: Type | None = None,
        shape: Shape | None = None,
        options: Options = DEFAULT_OPTIONS,
        *,
        version: int = 1,
        quantization: Table | None = None,
    ) -> Tensor:
        """Add an operator with one output, and return the output.

        By default, the output has the type and the shape of the first input.
        """
        if output_type is None:
            output_type = inputs[0].type
        if shape is None:
            shape = inputs[0].shape
        output = self.tensor(output_type, shape, quantization=quantization)
        self.add_operator(op, inputs, [output], options, version=version)
        return output

    def add_operator(
        self,
        op: Op,
        inputs: Sequence[Tensor],
        outputs: Sequence[Tensor],
        options: Options = DEFAULT_OPTIONS,
        *,
        version: int = 1,
    ) -> None:
        """Add an operator that reads and writes tensors of the subgraph."""
        fields: dict[int, Number | Object] = {
            schema.Operator.OPCODE_INDEX: uint32(self.file.operator_code(op, version)),
            schema.Operator.INPUTS: int32_vector(tensor.index for tensor in inputs),
            schema.Operator.OUTPUTS: int32_vector(tensor.index for tensor in outputs),
        }
        if op.options is not None:
            fields[schema.Operator.BUILTIN_OPTIONS_TYPE] = Number("<B", op.options)
            fields[schema.Operator.BUILTIN_OPTIONS] = Table(options)
        self.operators.append(Table(fields))

    def to_table(self) -> Table:
        """Create the subgraph's table in the file."""
        return Table(
            {
                schema.SubGraph.TENSORS: vector_of(self.tensors),
                schema.SubGraph.INPUTS: int32_vector(self.inputs),
                schema.SubGraph.OUTPUTS: int32_vector(self.outputs),
                schema.SubGraph.OPERATORS: vector_of(self.operators),
                schema.SubGraph.NAME: self.file.string(self.name),
            }
        )
