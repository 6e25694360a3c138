"""What the converter cannot be asked for, done to its file: weights in half precision, and entries in the metadata.

A ``.tflite`` is a flatbuffer of tables (buffers, subgraphs with tensors and operators); TensorFlow's own tools read it
into plain objects and write it again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from tensorflow.lite.python import schema_py_generated as schema
from tensorflow.lite.tools import flatbuffer_utils

LEAST_NUMBERS = 256  # in a tensor: for fewer, the operator that widens them costs more than it saves
WIDENS_HALF = 3  # the version of the operator DEQUANTIZE that reads half precision, as the converter writes it


def edited(tflite: bytes, *, half: bool, metadata: Mapping[str, bytes]) -> bytes:
    """The same model, edited.

    Args:
        tflite: the file.
        half: store in half precision every weight tensor that loses nothing by it; the computation stays in single.
        metadata: entries for the metadata table, by name.
    """
    model = flatbuffer_utils.read_model_from_bytearray(bytearray(tflite))
    if half:
        _store_in_half(model)
    model.metadata = list(model.metadata or [])
    for name, content in metadata.items():
        entry = schema.MetadataT()
        entry.name, entry.buffer = name, _add_buffer(model, np.frombuffer(content, np.uint8))
        model.metadata.append(entry)
    packed: bytes = flatbuffer_utils.convert_object_to_bytearray(model)
    return packed


def _store_in_half(model: Any) -> None:
    """Replace constants by a half-precision buffer and an operator that widens it, once, before all others."""
    halves: dict[int, int] = {}  # buffer → the buffer that replaces it; signatures share both
    opcode = None
    for subgraph in model.subgraphs:
        read = {int(place) for operator in subgraph.operators or [] for place in operator.inputs}
        widening = []
        for place, tensor in enumerate(list(subgraph.tensors)):
            if tensor.buffer not in halves:
                values = _weights(model, tensor)
                if values is None or not np.array_equal(values.astype(np.float16), values):
                    continue
                halves[tensor.buffer] = _add_buffer(model, values.astype(np.float16).view(np.uint8))
            if place not in read:  # a constant that the converter left over
                tensor.type, tensor.buffer = schema.TensorType.FLOAT16, halves[tensor.buffer]
                continue
            opcode = _add_opcode(model) if opcode is None else opcode
            subgraph.tensors.append(_half(tensor, halves[tensor.buffer]))
            tensor.buffer = 0  # the empty one: the tensor is computed now
            widening.append(_operator(opcode, len(subgraph.tensors) - 1, place))
        subgraph.operators = [*widening, *(subgraph.operators or [])]
    for buffer in halves:
        model.buffers[buffer].data = None


def _half(tensor: Any, buffer: int) -> Any:
    """A constant of the same shape in half precision."""
    narrow = schema.TensorT()
    narrow.shape, narrow.hasRank, narrow.name = tensor.shape, tensor.hasRank, tensor.name + b"/half"
    narrow.type, narrow.buffer = schema.TensorType.FLOAT16, buffer
    return narrow


def _operator(opcode: int, reads: int, writes: int) -> Any:
    operator = schema.OperatorT()
    operator.opcodeIndex = opcode
    operator.inputs, operator.outputs = np.array([reads], np.int32), np.array([writes], np.int32)
    return operator


def _weights(model: Any, tensor: Any) -> Any:
    """The numbers of a single-precision constant that is large enough; None for any other tensor."""
    data = model.buffers[tensor.buffer].data
    if tensor.type != schema.TensorType.FLOAT32 or data is None or len(data) < 4 * LEAST_NUMBERS:
        return None
    return np.frombuffer(bytes(data), np.float32)


def _add_buffer(model: Any, data: Any) -> int:
    buffer = schema.BufferT()
    buffer.data = data
    model.buffers.append(buffer)
    return len(model.buffers) - 1


def _add_opcode(model: Any) -> int:
    opcode = schema.OperatorCodeT()
    opcode.builtinCode = opcode.deprecatedBuiltinCode = schema.BuiltinOperator.DEQUANTIZE
    opcode.version = WIDENS_HALF
    model.operatorCodes.append(opcode)
    return len(model.operatorCodes) - 1
