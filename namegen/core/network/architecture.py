"""The network as data: its description, the names and shapes of its parameters, and their initial values.

The form is Keras's own, so that weights move between engines and files without a permutation. ``V`` vocabulary,
``H`` width, ``G`` gates (GRU: z, r, h with ``reset_after=True``; LSTM: i, f, c, o), as ``CELL_SHAPES`` has them:

    rnn.{k}.kernel              (V or H of the layer before, G·H)
    rnn.{k}.recurrent_kernel    (H, G·H)
    rnn.{k}.bias                (G·H,); GRU (2, 3·H): for the input's and for the state's part
    output.kernel, output.bias  (H of the last layer, V), (V,)
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from namegen.core.settings import CELLS, NetworkSettings
from namegen.errors import CheckpointError, OutputError, SettingsError
from namegen.types import Array, Float64


@dataclass(frozen=True)
class CellShape:
    """What the shapes of a layer depend on, beside its width.

    Attributes:
        gates: ``G``, blocks of the layer's width that stand side by side in a kernel.
        states: arrays of that width that a state is: h, for LSTM h and c.
        biases: rows of the bias: 2 where the input's part and the state's part have one each.
        state_gates: how many of the gates read the state through the recurrent kernel; None: all.
    """

    gates: int
    states: int = 1
    biases: int = 1
    state_gates: int | None = None


CELL_SHAPES = {
    "simple_rnn": CellShape(gates=1),
    "gru": CellShape(gates=3, biases=2),
    "lstm": CellShape(gates=4, states=2),
}


@dataclass(frozen=True)
class Network:
    """One-hot character → recurrent layers → linear layer → softmax.

    >>> network = Network(vocabulary_size=54, cell="gru", hidden=(32,))
    >>> network.parameter_shapes["rnn.0.bias"]
    (2, 96)
    """

    vocabulary_size: int
    cell: str = "simple_rnn"
    hidden: tuple[int, ...] = (32, 32)

    def __post_init__(self) -> None:
        if self.vocabulary_size < 1:
            raise SettingsError(f"vocabulary_size is {self.vocabulary_size}: expected at least 1, the boundary")
        NetworkSettings(cell=self.cell, hidden=self.hidden)  # the same checks

    @property
    def cell_shape(self) -> CellShape:
        """Gates and states of its cell."""
        return CELL_SHAPES[self.cell]

    @property
    def state_widths(self) -> tuple[int, ...]:
        """The width of every array that a state is, layer after layer."""
        return tuple(width for width in self.hidden for _ in range(self.cell_shape.states))

    @property
    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """The canonical names, in canonical order, with their shapes."""
        shapes: dict[str, tuple[int, ...]] = {}
        cell, inputs = self.cell_shape, self.vocabulary_size
        state_gates = cell.gates if cell.state_gates is None else cell.state_gates
        for k, width in enumerate(self.hidden):
            columns = cell.gates * width
            shapes[f"rnn.{k}.kernel"] = (inputs, columns)
            shapes[f"rnn.{k}.recurrent_kernel"] = (width, state_gates * width)
            shapes[f"rnn.{k}.bias"] = (columns,) if cell.biases == 1 else (cell.biases, columns)
            inputs = width
        shapes["output.kernel"] = (inputs, self.vocabulary_size)
        shapes["output.bias"] = (self.vocabulary_size,)
        return shapes

    @property
    def parameter_count(self) -> int:
        """How many numbers the network learns."""
        return sum(map(math.prod, self.parameter_shapes.values()))

    @property
    def mask_shapes(self) -> dict[str, dict[str, tuple[int, ...]]]:
        """What each ``drop_*`` setting masks: parameter → the shape of its mask, broadcastable to the parameter's.

        A mask of one column leaves out whole rows of a kernel: a unit that the layer reads.

        >>> Network(54, hidden=(32, 32)).mask_shapes["drop_between"]
        {'rnn.1.kernel': (32, 1)}
        """
        shapes = self.parameter_shapes
        recurrent = [f"rnn.{k}.recurrent_kernel" for k in range(len(self.hidden))]
        between = [f"rnn.{k}.kernel" for k in range(1, len(self.hidden))]
        return {
            "drop_recurrent": {name: shapes[name] for name in recurrent},
            "drop_between": {name: (shapes[name][0], 1) for name in between},
            "drop_output": {"output.kernel": (shapes["output.kernel"][0], 1)},
        }

    def to_dict(self) -> dict[str, Any]:
        """For a checkpoint's metadata."""
        return {"vocabulary_size": self.vocabulary_size, "cell": self.cell, "hidden": list(self.hidden)}

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Network:
        """The way back. Raises CheckpointError for anything else."""
        try:
            size, cell, hidden = document["vocabulary_size"], document["cell"], document["hidden"]
            if type(size) is not int or cell not in CELLS or not all(type(width) is int for width in hidden):
                raise TypeError
            return cls(size, cell, tuple(hidden))
        except (KeyError, TypeError, SettingsError) as error:
            raise CheckpointError(f"the description of the network is not one that namegen knows: {error}") from error


def check_exportable(network: Network, cells: Iterable[str], what: str) -> None:
    """Raise OutputError for a cell that an exporter has no formulas for: a third party's engine may bring its own.

    Args:
        network: what is to be exported.
        cells: those that the exporter knows.
        what: what it writes, as in ``a .tflite``.
    """
    if network.cell not in cells:
        raise OutputError(
            f"{what} cannot hold the cell {network.cell!r}: expected one of {', '.join(cells)}; "
            "export a network of such a cell, or use this one from Python"
        )


def initial_parameters(network: Network, init: str, *, rng: np.random.Generator) -> dict[str, Float64[Array, "..."]]:
    """Draw the values that training starts from; every engine is given the same ones.

    Args:
        network: its shapes.
        init: ``glorot`` (Glorot uniform kernels, orthogonal recurrent kernels, as Keras has them); or for every
            kernel ``normal`` (deviation 0.1), ``uniform`` (from −0.1 to 0.1), ``xavier`` (normal with variance
            1 / inputs), the choices of the original. Biases are zero.
        rng: where the numbers come from.

    Returns:
        float64 values by canonical name; a float32 engine rounds them.
    """
    values: dict[str, Float64[Array, "..."]] = {}
    for name, shape in network.parameter_shapes.items():
        if name.endswith(".bias"):
            values[name] = np.zeros(shape)
        elif init == "glorot" and name.endswith(".recurrent_kernel"):
            values[name] = orthogonal(shape, rng=rng)
        else:
            values[name] = INITIALISERS[init](shape, rng=rng)
    return values


def glorot(shape: tuple[int, ...], *, rng: np.random.Generator) -> Float64[Array, "rows columns"]:
    """Uniform with variance 2 / (inputs + outputs): Glorot and Bengio, 2010, equation 16."""
    limit = math.sqrt(6 / (shape[0] + shape[1]))
    return rng.uniform(-limit, limit, shape)


def orthogonal(shape: tuple[int, ...], *, rng: np.random.Generator) -> Float64[Array, "rows columns"]:
    """Rows that are orthonormal: Saxe et al., 2013. The signs of R's diagonal make the draw uniform."""
    rows, columns = shape
    q, r = np.linalg.qr(rng.standard_normal((max(rows, columns), min(rows, columns))))
    q *= np.sign(np.diag(r))
    return np.ascontiguousarray(q if rows >= columns else q.T)


def normal(shape: tuple[int, ...], *, rng: np.random.Generator) -> Float64[Array, "rows columns"]:
    """Normal with deviation 0.1."""
    return 0.1 * rng.standard_normal(shape)


def uniform(shape: tuple[int, ...], *, rng: np.random.Generator) -> Float64[Array, "rows columns"]:
    """Uniform from −0.1 to 0.1."""
    return rng.uniform(-0.1, 0.1, shape)


def xavier(shape: tuple[int, ...], *, rng: np.random.Generator) -> Float64[Array, "rows columns"]:
    """Normal with variance 1 / inputs."""
    return rng.standard_normal(shape) / math.sqrt(shape[0])


INITIALISERS = {"glorot": glorot, "normal": normal, "uniform": uniform, "xavier": xavier}
