"""Network: what an engine trains, as data; each kind of network, an *architecture*, is one subclass.

An architecture says the names and shapes of its parameters, how they begin, what may be dropped of them, and which
settings describe it. ``RecurrentNetwork`` is namegen's own, ``rnn``; an engine may bring others. ``checked_tensors``
holds a state against a network. Nothing here computes: that is the engines'.

The form of ``rnn`` is Keras's own, so that weights move between engines and files without a permutation. ``V``
vocabulary, ``L`` labels (beginnings of their own), ``H`` width, ``G`` gates, of which ``S`` read the state
(``cells.py`` has those of each cell):

    rnn.{k}.kernel              (V + L, or H of the layer before, G·H)
    rnn.{k}.recurrent_kernel    (H, S·H)
    rnn.{k}.bias                (G·H,); of a cell with two (2, G·H): for the input's and for the state's part
    output.kernel, output.bias  (H of the last layer, V), (V,)
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Container, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import ClassVar, TypeAlias

import numpy as np

from namegen.core.network.cells import CELLS, Cell, Formula
from namegen.core.network.initializers import INITIALIZERS
from namegen.core.settings import DROPS, PLAIN_CELL, PLAIN_HIDDEN, NetworkSettings
from namegen.documents import Json, from_plain
from namegen.errors import CheckpointError, EngineError, OutputError, SettingsError, quote, setting
from namegen.types import Array, Float64

Shape: TypeAlias = tuple[int, ...]


@dataclass(frozen=True)
class Network(ABC):
    """What an engine is given: a frozen dataclass whose fields, and nothing else, decide the parameters.

    A subclass adds fields of plain types, ``parameter_shapes`` and ``from_settings``; the rest has a default.

    Attributes:
        architecture: its name, as checkpoints and configs have it.
        vocabulary_size: ``V``, the characters and the boundary: what is predicted.
        labels: ``L``: beginnings of their own, with the ids from V on, read before the first character and never
            predicted; 0: the boundary is the only beginning.
    """

    architecture: ClassVar[str]

    vocabulary_size: int
    labels: int = field(default=0, kw_only=True)

    def __post_init__(self) -> None:
        if self.vocabulary_size < 1:
            raise SettingsError(
                f"vocabulary_size is {self.vocabulary_size}: expected at least 1, the boundary"
            )
        if self.labels < 0:
            raise SettingsError(f"labels is {self.labels}: expected at least 0")

    @classmethod
    @abstractmethod
    def from_settings(
        cls, settings: NetworkSettings, vocabulary_size: int, *, labels: int = 0
    ) -> Network:
        """The network that settings describe.

        Raises:
            SettingsError: a setting asks for what this architecture does not have.
        """

    @property
    @abstractmethod
    def parameter_shapes(self) -> dict[str, Shape]:
        """The canonical names, in canonical order, with their shapes."""

    @property
    @abstractmethod
    def summary(self) -> str:
        """What it is in a few words, as a table shows it: ``lstm 128``."""

    @property
    def mask_shapes(self) -> dict[str, dict[str, Shape]]:
        """What each ``drop_*`` setting masks: parameter → the shape of its mask, broadcastable to the parameter's.

        By default nothing can be dropped, and a training that asks for it is refused.
        """
        return {drop: {} for drop in DROPS}

    def initial_parameters(
        self, init: str, *, rng: np.random.Generator
    ) -> dict[str, Float64[Array, "..."]]:
        """Draw the values that training starts from; every engine is given the same ones.

        By default names that end with ``.bias`` begin at zero; with ``glorot`` a ``.recurrent_kernel`` is orthogonal;
        every other parameter is a matrix that ``init`` draws.

        Args:
            init: one of ``INITIALIZERS``.
            rng: where the numbers come from.

        Returns:
            float64 values by canonical name; a float32 engine rounds them.
        """
        values: dict[str, Float64[Array, "..."]] = {}
        for name, shape in self.parameter_shapes.items():
            if name.endswith(".bias"):
                values[name] = np.zeros(shape)
            elif init == "glorot" and name.endswith(".recurrent_kernel"):
                values[name] = orthogonal(shape, rng=rng)
            else:
                values[name] = INITIALIZERS[init](shape, rng=rng)
        return values

    @property
    def input_size(self) -> int:
        """``V + L``: the ids that are read."""
        return self.vocabulary_size + self.labels

    @property
    def beginnings(self) -> tuple[int, ...]:
        """The ids that a name may begin with: of each label one of its own; without labels the boundary.

        >>> from namegen.core.network.architecture import RecurrentNetwork
        >>> RecurrentNetwork(54).beginnings, RecurrentNetwork(54, labels=2).beginnings
        ((0,), (54, 55))
        """
        return tuple(range(self.vocabulary_size, self.input_size)) or (0,)

    @property
    def parameter_count(self) -> int:
        """How many numbers the network learns."""
        return sum(map(math.prod, self.parameter_shapes.values()))

    def to_dict(self) -> dict[str, Json]:
        """As plain values, for a file."""
        plain = {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
        }
        return {"architecture": self.architecture, **plain}

    @classmethod
    def from_dict(cls, document: Mapping[str, object]) -> Network:
        """The way back. Raises CheckpointError for anything else."""
        plain = {name: value for name, value in document.items() if name != "architecture"}
        try:
            missing = [one.name for one in fields(cls) if one.name not in plain]
            if missing:  # though it has a default
                raise ValueError(f"{missing[0]} is missing")
            return from_plain(cls, plain)
        except (ValueError, SettingsError) as error:
            raise CheckpointError(
                f"the description of the network is not one of the architecture {cls.architecture}: {error}"
            ) from error

    @classmethod
    def refuse_options(cls, settings: NetworkSettings, *, known: tuple[str, ...] = ()) -> None:
        """Raise SettingsError for a cell, where the architecture has no cells, and for an option that it lacks."""
        has_cells = any(one.name == "cell" for one in fields(cls)) and not issubclass(
            cls, OwnCellNetwork
        )
        if not has_cells and settings.cell is not None:
            raise SettingsError(
                f"{setting('cell')} is {settings.cell}, but the architecture {cls.architecture} has none: leave it out"
            )
        for name in settings.options:
            if name not in known:
                raise SettingsError(
                    f"{setting('options')} has {name!r}, and the architecture {cls.architecture} has "
                    + (f"only {', '.join(known)}" if known else "no options")
                    + ": leave it out"
                )


def orthogonal(
    shape: tuple[int, ...], *, rng: np.random.Generator
) -> Float64[Array, "rows columns"]:
    """Rows that are orthonormal: Saxe et al., 2013. The signs of R's diagonal make the draw uniform."""
    rows, columns = shape
    q, r = np.linalg.qr(rng.standard_normal((max(rows, columns), min(rows, columns))))
    q *= np.sign(np.diag(r))
    return np.ascontiguousarray(q if rows >= columns else q.T)


OPTIMIZER_PREFIX = "optimizer."


@dataclass(frozen=True)
class OptimizerState:
    """How many steps an optimizer has taken, and what it keeps, by slot and parameter."""

    step: int
    slots: dict[str, dict[str, Array]]


def checked_tensors(
    network: Network, state: Mapping[str, Array], slots: tuple[str, ...]
) -> tuple[dict[str, Array], OptimizerState | None]:
    """Split a state into parameters and optimizer state, in canonical order.

    Args:
        network: what the shapes must fit.
        state: tensors by canonical name.
        slots: the slots of the engine's optimizer.

    Returns:
        The parameters, and the optimizer's state; None where the state has no ``optimizer.step``.

    Raises:
        CheckpointError: a name is missing or has no place in the network, or a shape or type does not fit.
    """
    shapes = network.parameter_shapes
    parameters = {name: _tensor(state, name, shape) for name, shape in shapes.items()}
    strangers = [
        name for name in state if name not in shapes and not name.startswith(OPTIMIZER_PREFIX)
    ]
    if strangers:
        raise CheckpointError(
            f"the tensor {quote(strangers[0])} has no place in the description of the network"
        )
    if "optimizer.step" not in state:
        return parameters, None
    step = int(_tensor(state, "optimizer.step", (), kinds="iu"))
    if step < 0:
        raise CheckpointError(f"optimizer.step is {step}: expected at least 0")
    kept = {
        slot: {
            name: _tensor(state, f"optimizer.{slot}.{name}", shape)
            for name, shape in shapes.items()
        }
        for slot in slots
    }
    return parameters, OptimizerState(step, kept)


def checked_masks(network: Network, masks: Mapping[str, Array]) -> dict[str, Array]:
    """The masks of a step in canonical order, each against its parameter.

    Raises:
        EngineError: the network has no such parameter, or the mask cannot be spread over its shape.
    """
    if not masks:  # nearly always: spares every step the making of all shapes
        return {}
    shapes = network.parameter_shapes
    for name, mask in masks.items():
        if name not in shapes:
            raise EngineError(
                f"a step masks {name}, which the network does not have: expected {', '.join(shapes)}"
            )
        shape = shapes[name]
        if mask.ndim != len(shape) or any(
            m not in (1, n) for m, n in zip(mask.shape, shape, strict=True)
        ):
            raise EngineError(
                f"the mask of {name} has the shape {mask.shape}: expected one that spreads over {shape}"
            )
    return {name: masks[name] for name in shapes if name in masks}


def _tensor(
    state: Mapping[str, Array], name: str, shape: tuple[int, ...], *, kinds: str = "f"
) -> Array:
    if name not in state:
        raise CheckpointError(
            f"the tensor {name} is missing: the file does not fit its description of the network"
        )
    if state[name].shape != shape:
        raise CheckpointError(
            f"the tensor {name} has the shape {state[name].shape}, where the description of the network says {shape}"
        )
    if state[name].dtype.kind not in kinds:
        expected = "floating-point numbers" if kinds == "f" else "whole numbers"
        raise CheckpointError(
            f"the tensor {name} holds values of the type {state[name].dtype}: expected {expected}"
        )
    return state[name]


def parameters_of(state: Mapping[str, Array]) -> dict[str, Array]:
    """The parameters of an engine's state, without the optimizer's."""
    return {name: values for name, values in state.items() if not name.startswith(OPTIMIZER_PREFIX)}


@dataclass(frozen=True)
class RecurrentNetwork(Network):
    """One-hot character → recurrent layers → linear layer → softmax.

    >>> network = RecurrentNetwork(vocabulary_size=54, cell="lstm", hidden=(32,))
    >>> network.parameter_shapes["rnn.0.bias"]
    (128,)
    """

    architecture: ClassVar[str] = "rnn"

    cell: str = PLAIN_CELL
    hidden: tuple[int, ...] = PLAIN_HIDDEN

    def __post_init__(self) -> None:
        super().__post_init__()
        NetworkSettings(cell=self.cell, hidden=self.hidden)  # the same checks

    @classmethod
    def from_settings(
        cls, settings: NetworkSettings, vocabulary_size: int, *, labels: int = 0
    ) -> RecurrentNetwork:
        """Its cell and the width of each layer. Raises SettingsError for options: it has none."""
        cls.refuse_options(settings)
        cell, hidden = settings.cell or PLAIN_CELL, settings.hidden or PLAIN_HIDDEN
        return cls(vocabulary_size, cell, hidden, labels=labels)

    @property
    def summary(self) -> str:
        """Cell and widths."""
        return f"{self.cell_class.name} {', '.join(map(str, self.hidden))}"

    @property
    def cell_class(self) -> type[Cell]:
        """What it is made of."""
        return CELLS[self.cell]

    @property
    def formula(self) -> Formula:
        """That of its cell."""
        return self.cell_class.formula

    @property
    def state_widths(self) -> tuple[int, ...]:
        """The width of every array that a state is, layer after layer."""
        return tuple(width for width in self.hidden for _ in range(self.formula.states))

    @property
    def parameter_shapes(self) -> dict[str, Shape]:
        """The canonical names, in canonical order, with their shapes."""
        shapes: dict[str, Shape] = {}
        formula, inputs = self.formula, self.input_size
        for k, width in enumerate(self.hidden):
            columns = formula.gates * width
            shapes[f"rnn.{k}.kernel"] = (inputs, columns)
            shapes[f"rnn.{k}.recurrent_kernel"] = (width, formula.state_gates * width)
            shapes[f"rnn.{k}.bias"] = (
                (columns,) if formula.biases == 1 else (formula.biases, columns)
            )
            inputs = width
        shapes["output.kernel"] = (inputs, self.vocabulary_size)
        shapes["output.bias"] = (self.vocabulary_size,)
        return shapes

    @property
    def mask_shapes(self) -> dict[str, dict[str, Shape]]:
        """What each ``drop_*`` setting masks. A mask of one column leaves out whole rows of a kernel: a unit that the
        layer reads.

        >>> RecurrentNetwork(54, hidden=(32, 32)).mask_shapes["layer_dropout"]
        {'rnn.1.kernel': (32, 1)}
        """
        shapes = self.parameter_shapes
        between = [f"rnn.{k}.kernel" for k in range(1, len(self.hidden))]
        return {
            "recurrent_dropout": {
                name: shape for name, shape in shapes.items() if name.endswith("recurrent_kernel")
            },
            "layer_dropout": {name: (shapes[name][0], 1) for name in between},
            "output_dropout": {"output.kernel": (shapes["output.kernel"][0], 1)},
        }


def as_recurrent(network: Network) -> RecurrentNetwork | None:
    """The network, where it is of the architecture ``rnn`` itself and not of one that only derives from it."""
    if (
        isinstance(network, RecurrentNetwork)
        and network.architecture == RecurrentNetwork.architecture
    ):
        return network
    return None


@dataclass(frozen=True)
class OwnCellNetwork(RecurrentNetwork):
    """One-hot character → recurrent layers of a cell of your own → linear layer → softmax.

    Derive from it to bring a cell: say what the architecture is called, and which cell it has. Every export knows it
    then by its formula; an engine that computes it is a class that names it among its ``architectures`` (of the NumPy
    engine with ``own_cell``, the way back). The field ``cell`` means nothing here.

    Attributes:
        own_cell: the cell.

    >>> class MyNetwork(OwnCellNetwork):
    ...     architecture, own_cell = "mine", CELLS["lstm"]
    >>> MyNetwork(54, hidden=(8,)).parameter_shapes["rnn.0.kernel"]
    (54, 32)
    """

    own_cell: ClassVar[type[Cell]]

    @property
    def cell_class(self) -> type[Cell]:
        """What the class says."""
        return self.own_cell


def exportable(network: Network, operations: Container[str], what: str) -> RecurrentNetwork:
    """The network as one that an exporter can write: it has a formula, and the exporter knows its operations.

    Args:
        network: what is to be exported.
        operations: those that the exporter knows, by the names of ``Operation``.
        what: what it writes, as in ``a .tflite``.

    Raises:
        OutputError: another architecture, or an operation that the exporter lacks, as a third party may bring them.
    """
    recurrent = network if isinstance(network, OwnCellNetwork) else as_recurrent(network)
    said = f"the architecture {network.architecture!r}, which has no formula"
    if recurrent is not None:
        lacking = recurrent.formula.lacking(operations)
        if lacking is None:
            return recurrent
        said = f"the cell {recurrent.cell_class.name!r}, as it cannot compute the operation {lacking!r} of its formula"
    raise OutputError(
        f"{what} cannot hold {said}: use the network with the backend that trained it"
    )
