"""The network's parameters in the form in which a .tflite file stores them: transposed, split, and quantized.

Kernels are transposed to (outputs, inputs), which is how LiteRT multiplies with them. The first layer's kernel isn't,
because its rows are looked up. The two biases of a cell such as the GRU are stored separately, and the state's bias is
only as long as the gates that read the state.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from namegen.backends.tflite.graph import Weight
from namegen.core.network.architecture import Network, RecurrentNetwork
from namegen.types import Array, Float32

FLOAT32 = np.dtype("<f4")
FLOAT16 = np.dtype("<f2")
INT8 = np.dtype("i1")
TABLE = "rnn.0.kernel"  # the kernel whose rows are looked up
# Smaller arrays aren't quantized: the operator that converts them back would take more than it saves.
LEAST_QUANTIZED = {"float16": 256, "int8": 1024}
LARGEST_INT8 = 127
SMALLEST_SCALE = np.finfo(np.float32).tiny
# Real networks stay far below this sum; LiteRT's sigmoid returns NaN from 1e27 on.
LARGEST_SUM = 1e9


@dataclass(frozen=True)
class Piece:
    """A parameter, or one row of it, in the file."""

    parameter: str  # its name in checkpoints
    shape: tuple[int, ...]  # in the file
    dtype: np.dtype[np.generic]  # in the file
    row: int | None = None  # which row of the parameter; None: the whole parameter
    is_transposed: bool = False

    @property
    def scales(self) -> int:
        """The number of scales: one per row of a transposed kernel, one for a whole table."""
        if self.dtype != INT8:
            return 0
        return self.shape[0] if self.is_transposed else 1


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
    min_weights = LEAST_QUANTIZED.get(quantize)
    if min_weights is None:
        return ()
    return tuple(
        name
        for name, shape in network.parameter_shapes.items()
        if name.endswith("kernel") and math.prod(shape) >= min_weights
    )


def pieces(
    network: RecurrentNetwork, quantize: str, half: Collection[str] = ()
) -> dict[str, Piece]:
    """Decide how a file stores each parameter. Return the pieces by name, in the file's order.

    Args:
        network: the shapes.
        quantize: ``none``, ``float16`` or ``int8``.
        half: the parameters that are stored in half precision.

    >>> pieces(RecurrentNetwork(9, hidden=(4,)), "none")["rnn.0.kernel"].shape
    (9, 4)
    """
    layout: dict[str, Piece] = {}
    in_8_bits = quantizable(network, "int8") if quantize == "int8" else ()
    for name, shape in network.parameter_shapes.items():
        dtype = _dtype_in_file(name, half, in_8_bits)
        if name == TABLE or len(shape) == 1:
            layout[name] = Piece(name, shape, dtype)
        elif name.endswith("kernel"):
            layout[name] = Piece(name, shape[::-1], dtype, is_transposed=True)
        else:
            recurrent_kernel = layout[name.replace("bias", "recurrent_kernel")]
            state_bias_shape = recurrent_kernel.shape[:1]
            layout |= _split_bias(name, shape, dtype, state_bias_shape=state_bias_shape)
    return layout


def _dtype_in_file(
    name: str, half: Collection[str], in_8_bits: Collection[str]
) -> np.dtype[np.generic]:
    """Return the type in which a file stores a parameter."""
    if name in half:
        return FLOAT16
    if name in in_8_bits:
        return INT8
    return FLOAT32


def _split_bias(
    name: str,
    shape: tuple[int, ...],
    dtype: np.dtype[np.generic],
    *,
    state_bias_shape: tuple[int, ...],
) -> dict[str, Piece]:
    """Decide how a file stores a bias with two rows, (2, n): as two vectors, because the second one may be shorter.

    The first row is added to the product with the input, and the second row to the product with the state.
    """
    input_bias_shape = shape[1:]  # (n,)
    return {
        f"{name}.0": Piece(name, input_bias_shape, dtype, row=0),
        f"{name}.1": Piece(name, state_bias_shape, dtype, row=1),
    }


def stored(
    parameters: Mapping[str, Float32[Array, "..."]], layout: Mapping[str, Piece]
) -> dict[str, Weight]:
    """Convert parameters to the form in which the file stores them.

    Args:
        parameters: the parameters by their names in checkpoints.
        layout: the pieces, from ``pieces``.
    """
    return {name: _stored(parameters[piece.parameter], piece) for name, piece in layout.items()}


def _stored(parameter: Float32[Array, "..."], piece: Piece) -> Weight:
    """Convert one parameter, or one row of it, to the form in which the file stores it."""
    values = parameter
    if piece.row is not None:
        values = parameter[piece.row, : piece.shape[0]]
    if piece.is_transposed:
        values = values.T
    if piece.dtype == INT8:
        return _in_8_bits(values, axis=1 if piece.is_transposed else None)
    return Weight(np.ascontiguousarray(values, piece.dtype))


def _in_8_bits(values: Float32[Array, "m n"], axis: int | None) -> Weight:
    """Quantize a kernel to 8 bits, with one scale per row (axis 1) or one for all values (axis None)."""
    # The largest magnitudes and the scales are (m, 1) or (1, 1).
    largest = np.abs(values).max(axis=axis, keepdims=True, initial=0).astype(np.float64)
    scales = np.where(largest > 0, largest / LARGEST_INT8, 1.0).astype(FLOAT32)
    scales = np.maximum(scales, SMALLEST_SCALE)  # tiny values would get a scale of 0
    rounded = np.rint(values / scales)
    clipped = np.clip(rounded, -LARGEST_INT8, LARGEST_INT8)
    return Weight(np.ascontiguousarray(clipped, INT8), scales.reshape(-1))


def stays_finite(weights: Mapping[str, Weight]) -> bool:
    """Check whether everything that's computed with these weights is finite.

    A layer's inputs and state are one-hot rows or between −1 and 1. So the magnitude of its sums is at most the sum of
    the magnitudes of its weights, and that must be far below the largest float32. (The state of a third-party cell may
    be larger.)

    Args:
        weights: the weights, named as in ``pieces``.

    >>> bias = Weight(np.zeros(2, np.float32))
    >>> stays_finite({"output.kernel": Weight(np.ones((2, 3), np.float32)), "output.bias": bias})
    True
    >>> stays_finite({"output.kernel": Weight(np.full((2, 3), 1e38, np.float32)), "output.bias": bias})
    False
    """
    with np.errstate(all="ignore"):
        # The comparison is False for NaN.
        return all(_largest_sum(name, weight) <= LARGEST_SUM for name, weight in weights.items())


def _largest_sum(name: str, weight: Weight) -> float:
    """Compute how much an array of weights can add to a sum of the network at most, as a magnitude.

    A matrix can add up a whole row. A bias, or the table whose rows are looked up, adds a single number.
    """
    magnitudes = np.abs(weight.values)
    is_multiplied = magnitudes.ndim == 2 and name != TABLE
    if is_multiplied:
        sums = magnitudes.sum(axis=1, dtype=np.float64)
    else:
        sums = magnitudes.max(initial=0)
    if weight.scales is not None:
        sums = sums * np.abs(weight.scales)
    return float(np.max(sums, initial=0))
