"""Networks as data: the names, shapes and initial values of their parameters.

An *architecture* is a subclass of ``Network``. It also defines which weights or units can have dropout, and which
settings it has. ``RecurrentNetwork`` is namegen's own architecture, ``rnn``. A backend can add others. Nothing here
computes a prediction, because that's what backends do.

Parameters have Keras's layout, so that weights can be copied between backends and files as they are. ``V`` is the
vocabulary size, ``L`` the number of labels, ``H`` the width of a layer, ``G`` the number of gates, and ``S`` the number
of gates that read the state (see ``cells.py``). ``RecurrentNetwork.parameters`` declares them, each with its ``Role``:

    rnn.{k}.kernel              (V + L, or H of the previous layer, G·H)
    rnn.{k}.recurrent_kernel    (H, S·H)
    rnn.{k}.bias                (G·H,), or (2, G·H) if the cell has one bias for the input and one for the state
    rnn.{k}.{vector}            (H,), for each vector of the cell
    output.kernel, output.bias  (H of the last layer, V), (V,)
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Container, Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import Enum
from typing import ClassVar, TypeAlias

import numpy as np

from namegen.core.network.cells import CELLS, Cell, Formula
from namegen.core.network.initializers import INITIALIZERS
from namegen.core.settings import DROPOUT_SETTINGS, PLAIN_CELL, PLAIN_HIDDEN, NetworkSettings
from namegen.documents import Json, from_plain
from namegen.errors import CheckpointError, EngineError, OutputError, SettingsError, quote, setting
from namegen.types import Array, Float64

Shape: TypeAlias = tuple[int, ...]


@dataclass(frozen=True)
class Network(ABC):
    """The description of a network, from which an engine is created.

    An architecture is a frozen dataclass. Its fields have plain types, and they alone determine the parameters. It has
    to define ``parameter_shapes``, ``summary`` and ``from_settings``.
    """

    architecture: ClassVar[str]  #: its name in checkpoints and configs

    #: V: the characters and the end token, which are what the network predicts
    vocabulary_size: int
    #: L: each label has a start token, with an id from V on, which is read but never predicted. 0: the plain start
    #: token is the only one.
    labels: int = field(default=0, kw_only=True)

    def __post_init__(self) -> None:
        if self.vocabulary_size < 1:
            raise SettingsError(
                f"vocabulary_size is {self.vocabulary_size}: expected at least 1, for the end token"
            )
        if self.labels < 0:
            raise SettingsError(f"labels is {self.labels}: expected at least 0")

    @classmethod
    @abstractmethod
    def from_settings(
        cls, settings: NetworkSettings, vocabulary_size: int, *, labels: int = 0
    ) -> Network:
        """Create the network that the settings describe.

        Raises:
            SettingsError: If a setting doesn't exist in this architecture.
        """

    @property
    @abstractmethod
    def parameter_shapes(self) -> dict[str, Shape]:
        """The parameters' canonical names and shapes, in canonical order."""

    @property
    @abstractmethod
    def summary(self) -> str:
        """A short description for tables, such as ``lstm 128``."""

    @property
    def mask_shapes(self) -> dict[str, dict[str, Shape]]:
        """For each dropout setting, the parameters that it masks, and the shapes of their masks.

        A mask's shape can be broadcast to its parameter's. By default, an architecture has no dropout, and namegen
        rejects the settings.
        """
        return {drop: {} for drop in DROPOUT_SETTINGS}

    def initial_parameters(
        self, init: str, *, rng: np.random.Generator
    ) -> dict[str, Float64[Array, "..."]]:
        """Draw the initial values of the parameters. They're the same for all backends.

        By default, biases are zero, and recurrent kernels are orthogonal if ``init`` is ``glorot``. ``init`` draws all
        other matrices. Vectors are uniform from 0 to 1, like the recurrent weights of an IndRNN (Li et al., 2018).

        Args:
            init: One of ``INITIALIZERS``.
            rng: The source of random numbers.

        Returns:
            float64 values by canonical name. A float32 backend rounds them.
        """
        values: dict[str, Float64[Array, "..."]] = {}
        for name, shape in self.parameter_shapes.items():
            is_vector = len(shape) == 1
            is_recurrent_kernel = name.endswith(".recurrent_kernel")
            if name.endswith(".bias"):
                values[name] = np.zeros(shape)
            elif is_vector:
                values[name] = rng.uniform(0, 1, shape)
            elif is_recurrent_kernel and init == "glorot":
                values[name] = orthogonal(shape, rng=rng)
            else:
                draw = INITIALIZERS[init]
                values[name] = draw(shape, rng=rng)
        return values

    @property
    def input_size(self) -> int:
        """``V + L``: the number of ids that the network reads."""
        return self.vocabulary_size + self.labels

    @property
    def start_tokens(self) -> tuple[int, ...]:
        """The ids of the start tokens: one per label, or the plain start token if there are no labels.

        >>> from namegen.core.network.architecture import RecurrentNetwork
        >>> RecurrentNetwork(54).start_tokens, RecurrentNetwork(54, labels=2).start_tokens
        ((0,), (54, 55))
        """
        return tuple(range(self.vocabulary_size, self.input_size)) or (0,)

    @property
    def parameter_count(self) -> int:
        """The number of trainable values."""
        return sum(map(math.prod, self.parameter_shapes.values()))

    def to_dict(self) -> dict[str, Json]:
        """Return the network as JSON values."""
        plain: dict[str, Json] = {"architecture": self.architecture}
        for name, value in asdict(self).items():
            plain[name] = list(value) if isinstance(value, tuple) else value
        return plain

    @classmethod
    def from_dict(cls, document: Mapping[str, object]) -> Network:
        """Read what ``to_dict`` returned. Raise CheckpointError for anything else."""
        plain = {name: value for name, value in document.items() if name != "architecture"}
        try:
            for field in fields(cls):
                if field.name not in plain:  # required, even if it has a default
                    raise ValueError(f"{field.name} is missing")
            return from_plain(cls, plain)
        except (ValueError, SettingsError) as error:
            raise CheckpointError(
                f"the description of the network does not fit the architecture {cls.architecture}: {error}"
            ) from error

    @classmethod
    def refuse_options(cls, settings: NetworkSettings, *, known: tuple[str, ...] = ()) -> None:
        """Raise SettingsError if the settings have a cell or an option that this architecture doesn't have.

        Args:
            settings: The settings.
            known: The options of this architecture.
        """
        # Users can choose the cell of an architecture that has the field, unless it has a cell of its own.
        has_field = any(field.name == "cell" for field in fields(cls))
        has_cells = has_field and not issubclass(cls, OwnCellNetwork)
        if settings.cell is not None and not has_cells:
            raise SettingsError(
                f"{setting('cell')} is {settings.cell}, but the architecture {cls.architecture} has none: remove it"
            )
        options = f"only {', '.join(known)}" if known else "no options"
        for name in settings.options:
            if name not in known:
                raise SettingsError(
                    f"{setting('options')} has {name!r}, but the architecture {cls.architecture} has {options}: "
                    "remove it"
                )


def orthogonal(
    shape: tuple[int, ...], *, rng: np.random.Generator
) -> Float64[Array, "rows columns"]:
    """Draw a matrix with orthonormal rows, or orthonormal columns if it has more rows than columns.

    Source: Saxe et al., 2013. The signs of R's diagonal make the draw uniform: Mezzadri, 2007.

    >>> matrix = orthogonal((2, 3), rng=np.random.default_rng(0))
    >>> np.allclose(matrix @ matrix.T, np.eye(2))
    True
    """
    rows, columns = shape
    # The columns of q are orthonormal if the matrix isn't wider than tall.
    tall_shape = (max(shape), min(shape))
    q, r = np.linalg.qr(rng.standard_normal(tall_shape))
    q *= np.sign(np.diag(r))
    return np.ascontiguousarray(q if rows >= columns else q.T)


class Role(Enum):
    """What a parameter does in its layer. Exporters and formulas treat all parameters with the same role alike."""

    INPUT_MATRIX = "K of x K"
    STATE_MATRIX = "U of h U"
    BIAS = "added to a product; with two rows, the second one is added to h U"
    VECTOR = "one number per unit, which the formula reads"


@dataclass(frozen=True)
class Parameter:
    """A parameter of a recurrent network."""

    name: str  #: its canonical name
    role: Role
    shape: Shape


@dataclass(frozen=True)
class RecurrentNetwork(Network):
    """One-hot character → recurrent layers → linear layer → softmax.

    >>> network = RecurrentNetwork(vocabulary_size=54, cell="lstm", hidden=(32,))
    >>> network.parameter_shapes["rnn.0.bias"]
    (128,)
    """

    architecture: ClassVar[str] = "rnn"

    cell: str = PLAIN_CELL
    hidden: tuple[int, ...] = PLAIN_HIDDEN  #: the width of each layer

    def __post_init__(self) -> None:
        super().__post_init__()
        NetworkSettings(cell=self.cell, hidden=self.hidden)  # checks the values

    @classmethod
    def from_settings(
        cls, settings: NetworkSettings, vocabulary_size: int, *, labels: int = 0
    ) -> RecurrentNetwork:
        """Create the network that the settings describe. Raise SettingsError if they have options."""
        cls.refuse_options(settings)
        return cls(
            vocabulary_size,
            cell=settings.cell or PLAIN_CELL,
            hidden=settings.hidden or PLAIN_HIDDEN,
            labels=labels,
        )

    @property
    def summary(self) -> str:
        """The cell and the widths, such as ``lstm 128, 64``."""
        return f"{self.cell_class.name} {', '.join(map(str, self.hidden))}"

    @property
    def cell_class(self) -> type[Cell]:
        """The class of the cell."""
        return CELLS[self.cell]

    @property
    def formula(self) -> Formula:
        """The formula of the cell."""
        return self.cell_class.formula

    @property
    def state_widths(self) -> tuple[int, ...]:
        """The widths of all arrays of the state, layer by layer."""
        widths: list[int] = []
        for width in self.hidden:
            widths += [width] * self.formula.states
        return tuple(widths)

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """All parameters of the network, with their shapes: those of each recurrent layer, then the linear layer's.

        A layer's matrices have the columns of all gates side by side, so a GRU with three gates and 32 units has 96.
        """
        formula = self.formula
        parameters: list[Parameter] = []
        inputs = self.input_size  # of the layer
        for k, width in enumerate(self.hidden):
            columns = formula.gates * width
            state_columns = formula.state_gates * width  # only of the gates that read the state
            bias_shape = (columns,) if formula.biases == 1 else (formula.biases, columns)
            parameters += [
                Parameter(f"rnn.{k}.kernel", Role.INPUT_MATRIX, (inputs, columns)),
                Parameter(f"rnn.{k}.recurrent_kernel", Role.STATE_MATRIX, (width, state_columns)),
                Parameter(f"rnn.{k}.bias", Role.BIAS, bias_shape),
            ]
            for vector in formula.vectors:
                parameters.append(Parameter(f"rnn.{k}.{vector}", Role.VECTOR, (width,)))
            inputs = width
        V = self.vocabulary_size
        parameters.append(Parameter("output.kernel", Role.INPUT_MATRIX, (inputs, V)))
        parameters.append(Parameter("output.bias", Role.BIAS, (V,)))
        return tuple(parameters)

    @property
    def parameter_shapes(self) -> dict[str, Shape]:
        """The parameters' canonical names and shapes, in canonical order."""
        return {parameter.name: parameter.shape for parameter in self.parameters}

    @property
    def mask_shapes(self) -> dict[str, dict[str, Shape]]:
        """For each dropout setting, the parameters that it masks, and the shapes of their masks.

        Recurrent dropout drops single numbers of a matrix. The others drop units of a layer's input, which is the same
        as dropping whole rows of the matrix that the layer multiplies its input by. So their masks have one column.

        >>> RecurrentNetwork(54, hidden=(32, 32)).mask_shapes["layer_dropout"]
        {'rnn.1.kernel': (32, 1)}
        """
        shapes: dict[str, dict[str, Shape]] = {drop: {} for drop in DROPOUT_SETTINGS}
        for parameter in self.parameters:
            one_column = (parameter.shape[0], 1)
            if parameter.role == Role.STATE_MATRIX:
                shapes["recurrent_dropout"][parameter.name] = parameter.shape
            elif parameter.name == "output.kernel":
                shapes["output_dropout"][parameter.name] = one_column
            # The first layer reads characters, which aren't dropped.
            elif parameter.role == Role.INPUT_MATRIX and parameter.name != "rnn.0.kernel":
                shapes["layer_dropout"][parameter.name] = one_column
        return shapes


def as_recurrent(network: Network) -> RecurrentNetwork | None:
    """Return the network if its architecture is ``rnn``; None for others, even if they derive from it."""
    if (
        isinstance(network, RecurrentNetwork)
        and network.architecture == RecurrentNetwork.architecture
    ):
        return network
    return None


@dataclass(frozen=True)
class OwnCellNetwork(RecurrentNetwork):
    """One-hot character → recurrent layers with your own cell → linear layer → softmax.

    Derive from it to add a cell. All exporters support it, because they use the cell's formula. To train the network,
    write a backend that lists the class in ``architectures``. If the backend derives from the NumPy engine, its
    ``own_cell`` is a ``NumpyCell``, which also has the backward pass. The field ``cell`` isn't used.

    >>> class MyNetwork(OwnCellNetwork):
    ...     architecture = "mine"
    ...     own_cell = CELLS["lstm"]
    >>> MyNetwork(54, hidden=(8,)).parameter_shapes["rnn.0.kernel"]
    (54, 32)
    """

    own_cell: ClassVar[type[Cell]]

    @property
    def cell_class(self) -> type[Cell]:
        """The class of the cell."""
        return self.own_cell


def exportable(network: Network, operations: Container[str], what: str) -> RecurrentNetwork:
    """Return the network if an exporter can write it, otherwise raise OutputError.

    An exporter writes a network with any cell whose formula consists of operations that the exporter knows.

    Args:
        network: The network to export.
        operations: The operations that the exporter knows, by the names in ``Operation``.
        what: The kind of file, for the error message, such as "a .tflite".

    Raises:
        OutputError: If the architecture has no formula, or the exporter doesn't know one of its operations.
    """
    recurrent = network if isinstance(network, OwnCellNetwork) else as_recurrent(network)
    problem: str | None = None
    if recurrent is None:
        problem = f"the architecture {network.architecture!r}, which has no formula"
    else:
        unknown = recurrent.formula.lacking(operations)
        if unknown is None:
            return recurrent
        cell = recurrent.cell_class.name
        problem = f"the cell {cell!r}, whose formula has the operation {unknown!r}"
    raise OutputError(
        f"{what} cannot hold {problem}: use the network with the backend that trained it"
    )


OPTIMIZER_PREFIX = "optimizer."


@dataclass(frozen=True)
class OptimizerState:
    """The state of an optimizer."""

    step: int  # the number of updates so far
    slots: dict[str, dict[str, Array]]  # by slot and parameter


def checked_tensors(
    network: Network, state: Mapping[str, Array], slots: tuple[str, ...]
) -> tuple[dict[str, Array], OptimizerState | None]:
    """Split an engine's state into the parameters and the optimizer's state, in canonical order.

    Args:
        network: The network, which determines the shapes.
        state: Tensors by canonical name.
        slots: The slots of the engine's optimizer.

    Returns:
        The parameters, and the optimizer's state, or None if the state has no ``optimizer.step``.

    Raises:
        CheckpointError: If a tensor is missing or unknown, or has a wrong shape or dtype.
    """
    # The parameters.
    shapes = network.parameter_shapes
    for name in state:
        if name not in shapes and not name.startswith(OPTIMIZER_PREFIX):
            raise CheckpointError(
                f"the tensor {quote(name)} has no place in the description of the network"
            )
    parameters = {name: _checked_tensor(state, name, shape) for name, shape in shapes.items()}
    # The optimizer's state: the number of updates, and a tensor for each slot and parameter, such as Adam's m.
    if "optimizer.step" not in state:
        return parameters, None
    step = int(_checked_tensor(state, "optimizer.step", (), dtype_kinds="iu"))
    if step < 0:
        raise CheckpointError(f"optimizer.step is {step}: expected at least 0")
    slot_values = {
        slot: {
            name: _checked_tensor(state, f"{OPTIMIZER_PREFIX}{slot}.{name}", shape)
            for name, shape in shapes.items()
        }
        for slot in slots
    }
    return parameters, OptimizerState(step, slot_values)


def checked_masks(network: Network, masks: Mapping[str, Array]) -> dict[str, Array]:
    """Return the dropout masks of a training step in canonical order, after checking that they fit the parameters.

    Raises:
        EngineError: If the network has no such parameter, or a mask can't be broadcast to its parameter's shape.
    """
    if not masks:  # the usual case, in which computing all shapes would slow down every step
        return {}
    shapes = network.parameter_shapes
    for name, mask in masks.items():
        if name not in shapes:
            raise EngineError(
                f"a step masks {name}, but the network doesn't have it: expected {', '.join(shapes)}"
            )
        # Each axis has the size 1 or the parameter's size.
        shape = shapes[name]
        can_be_broadcast = len(mask.shape) == len(shape) and all(
            size in (1, full_size) for size, full_size in zip(mask.shape, shape, strict=True)
        )
        if not can_be_broadcast:
            raise EngineError(
                f"the mask of {name} has the shape {mask.shape}: expected one that can be broadcast to {shape}"
            )
    return {name: masks[name] for name in shapes if name in masks}


def _checked_tensor(
    state: Mapping[str, Array], name: str, shape: Shape, *, dtype_kinds: str = "f"
) -> Array:
    """Return a tensor of a state. Raise CheckpointError if it's missing, or has a wrong shape or dtype."""
    if name not in state:
        raise CheckpointError(
            f"the tensor {name} is missing: the file does not fit its description of the network"
        )
    tensor = state[name]
    if tensor.shape != shape:
        raise CheckpointError(
            f"the tensor {name} has the shape {tensor.shape}, but the description of the network says {shape}"
        )
    if tensor.dtype.kind not in dtype_kinds:
        expected = "floating-point numbers" if dtype_kinds == "f" else "whole numbers"
        raise CheckpointError(f"the tensor {name} has the type {tensor.dtype}: expected {expected}")
    return tensor


def parameters_of(state: Mapping[str, Array]) -> dict[str, Array]:
    """Return the parameters of an engine's state, without the optimizer's state.

    >>> parameters_of({"output.bias": np.zeros(1), "optimizer.step": np.array(3)})
    {'output.bias': array([0.])}
    """
    return {name: values for name, values in state.items() if not name.startswith(OPTIMIZER_PREFIX)}
