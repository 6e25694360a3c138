"""Builds the subgraphs of a .tflite file, with the classes that LiteRT generates from its schema.

A ``File`` contains everything that its subgraphs share, above all the weights. A ``Graph`` is one subgraph. Its
operators run in the order in which they were added. A size of −1 in a shape means any size.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from namegen.backends.tflite.litert import flatbuffers, schema
from namegen.types import Array

IDENTIFIER = b"TFL3"
SCHEMA_VERSION = 3
ALIGNMENT = 16  # of each buffer, in bytes
LARGEST_OLD_OPERATOR = (
    127  # older readers see this number instead of any larger number of an operator
)
ANY = -1  # a size that's only known at run time
DEQUANTIZES_FLOAT16 = 3  # the version of DEQUANTIZE that reads float16

BOOL = schema.TensorType.BOOL
FLOAT16 = schema.TensorType.FLOAT16
FLOAT32 = schema.TensorType.FLOAT32
INT8 = schema.TensorType.INT8
INT32 = schema.TensorType.INT32
TYPES = {
    np.dtype(np.bool_): BOOL,
    np.dtype(np.float16): FLOAT16,
    np.dtype(np.float32): FLOAT32,
    np.dtype(np.int8): INT8,
    np.dtype(np.int32): INT32,
}

Shape: TypeAlias = tuple[int, ...]
Options: TypeAlias = Any  # an options table of the schema, such as ``schema.SplitOptionsT``
Op = schema.BuiltinOperator  # the operators, such as Op.ADD


class Tensor(NamedTuple):
    """A tensor of a subgraph."""

    number: int  # in the subgraph
    type: int
    shape: Shape


NO_TENSOR = Tensor(-1, FLOAT32, ())  # stands for an optional input that isn't used
Input: TypeAlias = Tensor | int | list[int]  # of an operator; whole numbers become constants


@dataclass(frozen=True, eq=False)
class Weight:
    """Numbers of the network, in the form in which the file contains them."""

    values: Array  # float32, float16 or int8
    scales: Array | None = None  # float32, only for int8: one factor for all values, or one per row


@dataclass(frozen=True, eq=False)
class Buffer:
    """Bytes that start at a multiple of 16. The schema demands this, but LiteRT's own class doesn't do it."""

    content: bytes

    def Pack(self, builder: Any) -> int:  # noqa: N802, the name that the schema's classes use
        """Write the buffer, and return its position."""
        builder.Prep(ALIGNMENT, len(self.content))
        data = builder.CreateByteVector(self.content)
        schema.BufferStart(builder)
        schema.BufferAddData(builder, data)
        position: int = schema.BufferEnd(builder)
        return position


class File:
    """A .tflite file: the subgraphs, and everything that they share."""

    def __init__(self) -> None:
        self.graphs: list[Graph] = []
        self.buffers: list[Any] = [schema.BufferT()]  # by convention, the first buffer is empty
        self.metadata: list[Any] = []
        self.operator_codes: dict[tuple[int, int], int] = {}  # places, by operator and version
        self.signatures: list[Any] = []
        self.weights: dict[str, Weight] = {}
        self.buffer_of: dict[str, int] = {}  # for each weight

    def add_buffer(self, content: bytes) -> int:
        """Add a buffer, and return its number."""
        self.buffers.append(Buffer(content))
        return len(self.buffers) - 1

    def add_metadata(self, name: str, content: bytes) -> int:
        """Add a buffer that readers of the file find by its name, and return the buffer's number."""
        buffer = self.add_buffer(content)
        self.metadata.append(schema.MetadataT(name=name, buffer=buffer))
        return buffer

    def add_weight(self, name: str, weight: Weight) -> None:
        """Store a weight once, for all subgraphs."""
        self.weights[name] = weight
        self.buffer_of[name] = self.add_metadata(name, weight.values.tobytes())
        if weight.scales is not None:
            self.add_metadata(f"{name}.scales", weight.scales.tobytes())

    def add_graph(self, name: str) -> Graph:
        """Add a new subgraph."""
        graph = Graph(self, name, len(self.graphs))
        self.graphs.append(graph)
        return graph

    def add_signature(
        self, graph: Graph, inputs: Mapping[str, Tensor], outputs: Mapping[str, Tensor]
    ) -> None:
        """Let programs call a subgraph by its name, and pass its inputs and outputs by their names."""
        graph.set_inputs_and_outputs(list(inputs.values()), list(outputs.values()))
        signature = schema.SignatureDefT(
            signatureKey=graph.name,
            subgraphIndex=graph.number,
            inputs=_tensors_by_name(inputs),
            outputs=_tensors_by_name(outputs),
        )
        self.signatures.append(signature)

    def to_bytes(self) -> bytes:
        """Write the whole file: the subgraphs, and the lists that they refer to.

        Each kind of operator is listed once. The operators of the subgraphs refer to it by its place.
        """
        operator_codes = [
            schema.OperatorCodeT(
                deprecatedBuiltinCode=min(op, LARGEST_OLD_OPERATOR), version=version, builtinCode=op
            )
            for op, version in self.operator_codes
        ]
        model = schema.ModelT(
            version=SCHEMA_VERSION,
            description="namegen",
            operatorCodes=operator_codes,
            subgraphs=[graph.table for graph in self.graphs],
            buffers=self.buffers,
            metadata=self.metadata,
            signatureDefs=self.signatures,
        )
        builder = flatbuffers.Builder()
        builder.Finish(model.Pack(builder), IDENTIFIER)
        return bytes(builder.Output())


def _tensors_by_name(tensors: Mapping[str, Tensor]) -> list[Any]:
    """List the names of tensors and their numbers in the subgraph, as the schema stores them."""
    return [
        schema.TensorMapT(name=name, tensorIndex=tensor.number)
        for name, tensor in sorted(tensors.items())
    ]


class Graph:
    """A subgraph.

    Args:
        file: the file that it's part of.
        name: the name of its signature, or of a part of the loop.
        number: its number in the file.
    """

    def __init__(self, file: File, name: str, number: int) -> None:
        """Create an empty subgraph."""
        self.file = file
        self.name = name
        self.number = number
        self.table = schema.SubGraphT(name=name, tensors=[], operators=[])

    def set_inputs_and_outputs(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        """Declare which tensors are passed in, and which are returned."""
        self.table.inputs = [tensor.number for tensor in inputs]
        self.table.outputs = [tensor.number for tensor in outputs]

    def tensor(
        self,
        tensor_type: int,
        shape: Shape,
        *,
        name: str = "",
        buffer: int = 0,
        scales: Array | None = None,
    ) -> Tensor:
        """Add a new tensor: a stored one if it has a buffer, otherwise an input or the output of an operator.

        Args:
            tensor_type: one of the schema's types, such as ``FLOAT32``.
            shape: ``ANY`` stands for a size that's only known at run time.
            name: only for inputs and weights.
            buffer: the number of the file's buffer with the values.
            scales: for int8, the numbers that the stored values are multiplied by: one, or one per row.
        """
        table = schema.TensorT(type=tensor_type, buffer=buffer, name=name, hasRank=True)
        # A size that isn't known is 1 in the shape, and −1 in its signature.
        table.shape = [1 if size == ANY else size for size in shape]
        if ANY in shape:
            table.shapeSignature = list(shape)
        if scales is not None:
            zero_points = np.zeros(len(scales), np.int64)
            table.quantization = schema.QuantizationParametersT(scale=scales, zeroPoint=zero_points)
        self.table.tensors.append(table)
        return Tensor(len(self.table.tensors) - 1, tensor_type, shape)

    def constant(self, values: object, dtype: type = np.int32) -> Tensor:
        """Add a small array that operators read."""
        array: Array = np.asarray(values, dtype)
        buffer = self.file.add_buffer(array.tobytes())
        return self.tensor(TYPES[array.dtype], array.shape, buffer=buffer)

    def like(self, tensor: Tensor) -> Tensor:
        """Add a new tensor with the type and shape of another one, which may be in another subgraph."""
        return self.tensor(tensor.type, tensor.shape)

    def weight(self, name: str) -> Tensor:
        """Add one of the network's weights as a tensor that operators of this subgraph can read.

        The values themselves are stored only once in the file. Weights in half precision are converted to float32.
        """
        weight = self.file.weights[name]
        tensor = self.tensor(
            TYPES[weight.values.dtype],
            weight.values.shape,
            name=name,
            buffer=self.file.buffer_of[name],
            scales=weight.scales,
        )
        if tensor.type == FLOAT16:  # the runtime converts it once, when it loads the file
            return self.compute(Op.DEQUANTIZE, [tensor], FLOAT32, version=DEQUANTIZES_FLOAT16)
        return tensor

    def compute(
        self,
        op: int,
        inputs: Sequence[Input],
        output_type: int | None = None,
        shape: Shape | None = None,
        options: Options = None,
        *,
        version: int = 1,
        scales: Array | None = None,
    ) -> Tensor:
        """Add an operator with one output, and return the output, which other operators can read.

        Args:
            op: the operator, such as ``Op.ADD``. LiteRT runs it later.
            inputs: tensors, or whole numbers, which become constants.
            output_type: the type of the output. None: that of the first input.
            shape: the shape of the output. None: that of the first input.
            options: the operator's table of options, if it has one.
            version: the version of the operator that has the features that are used.
            scales: for int8, what the output's values are multiplied by.
        """
        tensors = self._tensors(inputs)
        output = self.tensor(
            tensors[0].type if output_type is None else output_type,
            tensors[0].shape if shape is None else shape,
            scales=scales,
        )
        self.add_operator(op, tensors, [output], options, version=version)
        return output

    def add_operator(
        self,
        op: int,
        inputs: Sequence[Input],
        outputs: Sequence[Tensor],
        options: Options = None,
        *,
        version: int = 1,
    ) -> None:
        """Add an operator that reads and writes tensors of the subgraph.

        Args:
            op: the operator, such as ``Op.ADD``.
            inputs: tensors, or whole numbers.
            outputs: tensors that the operator fills.
            options: the operator's table of options, if it has one.
            version: the version of the operator that has the features that are used.
        """
        # The place of this kind of operator in the file's list. A new kind is added at the end.
        codes = self.file.operator_codes
        operator = schema.OperatorT(
            opcodeIndex=codes.setdefault((op, version), len(codes)),
            inputs=[tensor.number for tensor in self._tensors(inputs)],
            outputs=[tensor.number for tensor in outputs],
        )
        if options is not None:
            kind = type(options).__name__.removesuffix("T")  # such as SplitOptions
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, kind)
            operator.builtinOptions = options
        self.table.operators.append(operator)

    def _tensors(self, inputs: Sequence[Input]) -> list[Tensor]:
        """Replace whole numbers by constants."""
        return [one if isinstance(one, Tensor) else self.constant(one) for one in inputs]
