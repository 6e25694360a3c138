"""The network's parameters in the form in which a .tflite file stores them: transposed, split, and quantized.

Kernels are transposed to (outputs, inputs), which is how LiteRT multiplies with them. The first layer's kernel isn't,
because its rows are looked up. The two biases of a cell such as the GRU are stored separately, and the state's bias is
only as long as the gates that read the state.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from namegen.backends.tflite.graph import Weight
from namegen.core.network.architecture import Network, RecurrentNetwork, Role
from namegen.errors import CheckpointError
from namegen.types import Array, Float32

FLOAT32 = np.dtype("<f4")
FLOAT16 = np.dtype("<f2")
INT8 = np.dtype("i1")
TABLE = "rnn.0.kernel"  # the kernel whose rows are looked up
# Smaller arrays aren't quantized: the operator that converts them back would take more than it saves.
LEAST_QUANTIZED = {"float16": 256, "int8": 1024}
LARGEST_INT8 = 127
SMALLEST_SCALE = np.finfo(np.float32).tiny


@dataclass(frozen=True)
class Piece:
    """A parameter, or one row of it, in the file."""

    name: str  # in the file
    parameter: str  # its name in checkpoints
    shape: tuple[int, ...]  # in the file
    dtype: np.dtype[np.generic]  # in the file
    row: int | None = None  # which row of the parameter; None: the whole parameter
    is_transposed: bool = False


def quantizable(network: Network, quantize: str) -> tuple[str, ...]:
    """List the kernels that are large enough to be quantized.

    Args:
        network: the shapes.
        quantize: ``none``, ``float16`` or ``int8``.

    >>> quantizable(RecurrentNetwork(64, hidden=(32,)), "int8")
    ('rnn.0.kernel', 'rnn.0.recurrent_kernel', 'output.kernel')
    >>> quantizable(RecurrentNetwork(9, hidden=(4,)), "int8")
    ()
    """
    min_weights = LEAST_QUANTIZED.get(quantize, math.inf)
    return tuple(
        name
        for name, shape in network.parameter_shapes.items()
        if name.endswith("kernel") and math.prod(shape) >= min_weights
    )


def pieces(network: RecurrentNetwork, quantize: str, half: Collection[str] = ()) -> Iterator[Piece]:
    """Decide how a file stores each parameter.

    Args:
        network: the shapes.
        quantize: ``none``, ``float16`` or ``int8``.
        half: the parameters that are stored in half precision.

    >>> [piece.shape for piece in pieces(RecurrentNetwork(9, hidden=(4,)), "none")]
    [(9, 4), (4, 4), (4,), (9, 4), (9,)]
    """
    in_8_bits = quantizable(network, "int8") if quantize == "int8" else ()
    for parameter in network.parameters:
        name = parameter.name
        shape = parameter.shape
        dtype: np.dtype[np.generic] = FLOAT32
        if name in half:
            dtype = FLOAT16
        elif name in in_8_bits:
            dtype = INT8
        is_matrix = parameter.role in (Role.INPUT_MATRIX, Role.STATE_MATRIX)
        has_two_biases = parameter.role == Role.BIAS and len(shape) == 2
        if is_matrix and name != TABLE:
            inputs, outputs = shape
            yield Piece(name, name, (outputs, inputs), dtype, is_transposed=True)
        elif has_two_biases:
            # The first one is added to x, the second one to s, which only the state gates have.
            columns = shape[1]  # G · H
            width = columns // network.formula.gates
            state_columns = width * network.formula.state_gates
            yield Piece(f"{name}.0", name, (columns,), dtype, row=0)
            yield Piece(f"{name}.1", name, (state_columns,), dtype, row=1)
        else:
            yield Piece(name, name, shape, dtype)


def stored(parameter: Float32[Array, "..."], piece: Piece) -> Weight:
    """Convert a parameter, or one row of it, to the form in which the file stores it.

    With 8 bits, values are stored as whole numbers from −127 to 127 and a scale, which they're multiplied by when
    they're read. The scale is chosen so that the largest magnitude becomes 127.

    Args:
        parameter: the values in the checkpoint.
        piece: which row to store, whether to transpose it, and the type of the stored numbers.
    """
    values = parameter
    if piece.row is not None:
        length = piece.shape[0]
        values = parameter[piece.row, :length]
    if piece.is_transposed:
        values = values.T
    if piece.dtype != INT8:
        return Weight(np.ascontiguousarray(values, piece.dtype))
    # A transposed kernel has a scale for each of its m rows, and a table of rows that are looked up has only one.
    axis = 1 if piece.is_transposed else None
    largest = np.abs(values).max(axis=axis, keepdims=True, initial=0)  # (m, 1) or (1, 1)
    largest = largest.astype(np.float64)
    scales = np.where(largest == 0, 1.0, largest / LARGEST_INT8).astype(FLOAT32)
    scales = np.maximum(scales, SMALLEST_SCALE)  # tiny values would get a scale of 0
    rounded = np.rint(values / scales)
    clipped = np.clip(rounded, -LARGEST_INT8, LARGEST_INT8)
    return Weight(np.ascontiguousarray(clipped, INT8), scales.reshape(-1))


def read_weight(entries: Mapping[str, bytes], piece: Piece) -> Weight:
    """Read a weight from the metadata entries of a file, which are bytes by name.

    Raises:
        ValueError: its bytes don't fit its shape.
        CheckpointError: LiteRT's products don't support its values.
    """
    values = np.frombuffer(entries[piece.name], piece.dtype).reshape(piece.shape)
    if piece.dtype != INT8:
        return Weight(values)
    scale_count = piece.shape[0] if piece.is_transposed else 1
    scales = np.frombuffer(entries[f"{piece.name}.scales"], FLOAT32).reshape(scale_count)
    if not (scales >= SMALLEST_SCALE).all() or (values < -LARGEST_INT8).any():
        raise CheckpointError(f"the values or scales of {piece.name} are out of range")
    return Weight(values, scales)


def are_finite(weights: Iterable[Weight]) -> bool:
    """Check whether all weights are finite numbers.

    >>> are_finite([Weight(np.ones((2, 3), np.float32)), Weight(np.array([np.nan], np.float32))])
    False
    """
    for weight in weights:
        if not np.isfinite(weight.values).all():
            return False
        if weight.scales is not None and not np.isfinite(weight.scales).all():
            return False
    return True
