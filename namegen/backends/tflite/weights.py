"""The network's parameters as they stand in a file: turned, taken apart, and each number in how many bits.

A kernel stands turned, (outputs, inputs), as LiteRT multiplies with it; the first layer's as it is, because its rows
are looked up. Of a cell with two biases each stands alone, that of the state as long as the gates that read it.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from namegen.backends.tflite.graph import Weight
from namegen.core.network.architecture import Network, RecurrentNetwork
from namegen.types import Array, Float32

FLOAT32, FLOAT16, INT8 = (np.dtype(kind) for kind in ("<f4", "<f2", "i1"))
TABLE = "rnn.0.kernel"  # of which rows are looked up
# How many weights an array needs to be quantized. With fewer, the operator that widens them costs more than it saves.
LEAST_QUANTIZED = {"float16": 256, "int8": 1024}
LARGEST_INT8 = 127
LARGEST_SUM = (
    1e9  # of a piece: far more than a network ever has; the runtime's sigmoid is NaN from 1e27 on
)


@dataclass(frozen=True)
class Piece:
    """A parameter, or a row of one, in the file.

    Attributes:
        parameter: its canonical name.
        shape: in the file.
        dtype: of its numbers there.
        row: which row of the parameter; None: all of it.
        is_turned: whether rows and columns have changed places.
    """

    parameter: str
    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]
    row: int | None = None
    is_turned: bool = False

    @property
    def scales(self) -> int:
        """How many there are: one for each row that is multiplied with, one for a table of which rows are looked up."""
        if self.dtype != INT8:
            return 0
        return self.shape[0] if self.is_turned else 1


def quantizable(network: Network, quantize: str) -> tuple[str, ...]:
    """The kernels that are large enough to be quantized.

    >>> quantizable(RecurrentNetwork(64, hidden=(32,)), "int8")
    ('rnn.0.kernel', 'rnn.0.recurrent_kernel', 'output.kernel')
    >>> quantizable(RecurrentNetwork(9, hidden=(4,)), "int8")
    ()
    """
    least = LEAST_QUANTIZED.get(quantize)
    if least is None:
        return ()
    shapes = network.parameter_shapes
    return tuple(
        name
        for name, shape in shapes.items()
        if name.endswith("kernel") and math.prod(shape) >= least
    )


def pieces(
    network: RecurrentNetwork, quantize: str, half: Collection[str] = ()
) -> dict[str, Piece]:
    """What stands in the file, by name, in its order.

    Args:
        network: the shapes.
        quantize: ``none``, ``float16`` or ``int8``.
        half: the parameters in half precision.

    >>> pieces(RecurrentNetwork(9, hidden=(4,)), "none")["rnn.0.kernel"].shape
    (9, 4)
    """
    found: dict[str, Piece] = {}
    in_8_bits = quantizable(network, "int8") if quantize == "int8" else ()
    for name, shape in network.parameter_shapes.items():
        is_kernel = name.endswith("kernel")
        dtype = FLOAT32
        if name in half:
            dtype = FLOAT16
        elif name in in_8_bits:
            dtype = INT8
        if name == TABLE:
            found[name] = Piece(name, shape, dtype)
        elif is_kernel:
            found[name] = Piece(name, shape[::-1], dtype, is_turned=True)
        elif len(shape) == 1:
            found[name] = Piece(name, shape, dtype)
        else:
            of_state = found[name.replace("bias", "recurrent_kernel")].shape[:1]
            found |= {
                f"{name}.{row}": Piece(name, (shape[1:], of_state)[row], dtype, row=row)
                for row in range(2)
            }
    return found


def stored(
    parameters: Mapping[str, Float32[Array, "..."]], layout: Mapping[str, Piece]
) -> dict[str, Weight]:
    """The parameters' numbers as the file has them."""
    return {name: _stored(parameters[piece.parameter], piece) for name, piece in layout.items()}


def _stored(values: Float32[Array, "..."], piece: Piece) -> Weight:
    part = values if piece.row is None else values[piece.row, : piece.shape[0]]
    if piece.is_turned:
        part = part.T
    if piece.dtype != INT8:
        return Weight(np.ascontiguousarray(part, piece.dtype))
    axis = 1 if piece.is_turned else None
    largest = np.abs(part).max(axis=axis, keepdims=True, initial=0).astype(np.float64)
    scales = np.where(largest > 0, largest / LARGEST_INT8, 1.0).astype(FLOAT32)
    scales = np.maximum(
        scales, np.finfo(np.float32).tiny
    )  # of numbers next to nothing it would be none
    narrow = np.clip(np.rint(part / scales), -LARGEST_INT8, LARGEST_INT8)
    return Weight(np.ascontiguousarray(narrow, INT8), scales.reshape(-1))


def stays_finite(weights: Mapping[str, Weight]) -> bool:
    """Whether whatever is computed with these weights is a finite number.

    What a layer reads and what it remembers lies between −1 and 1, or is a one-hot row. So no sum of a layer can exceed
    the sum of the magnitudes of the weights in it, and that must be far enough from the end of single precision. A cell
    of a third party may remember larger numbers.

    >>> stays_finite({"output.kernel": Weight(np.ones((2, 3), np.float32)), "output.bias": Weight(np.zeros(2, "f4"))})
    True
    >>> stays_finite({"output.kernel": Weight(np.full((2, 3), 1e38, "f4")), "output.bias": Weight(np.zeros(2, "f4"))})
    False
    """
    with np.errstate(all="ignore"):
        return all(
            _largest_sum(name, weight) <= LARGEST_SUM for name, weight in weights.items()
        )  # a NaN is not


def _largest_sum(name: str, weight: Weight) -> float:
    """The most that a piece adds to a sum of its layer, in magnitude: of a table one row is read at a time."""
    magnitudes = np.abs(weight.values)
    is_multiplied = magnitudes.ndim == 2 and name != TABLE
    sums = magnitudes.sum(axis=1, dtype=np.float64) if is_multiplied else magnitudes.max(initial=0)
    return float(np.max(sums * (1 if weight.scales is None else np.abs(weight.scales)), initial=0))
