"""Networks as data: the names, shapes and initial values of their parameters.

An *architecture* is a subclass of ``Network``. It also defines which weights or units can have dropout, and which
settings it has. ``RecurrentNetwork`` is namegen's own architecture, ``rnn``. A backend can add others. Nothing here
computes a prediction, because that's what backends do.

Parameters have Keras's layout, so that weights can be copied between backends and files as they are. ``V`` is the
vocabulary size, ``L`` the number of labels, ``H`` the width of a layer, ``G`` the number of gates, and ``S`` the number
of gates that read the state (see ``cells.py``):

    rnn.{k}.kernel              (V + L, or H of the previous layer, G·H)
    rnn.{k}.recurrent_kernel    (H, S·H)
    rnn.{k}.bias                (G·H,), or (2, G·H) if the cell has one bias for the input and one for the state
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

        By default, biases are zero, and recurrent kernels are orthogonal if ``init`` is ``glorot``. All other
        parameters are matrices that ``init`` draws.

        Args:
            init: One of ``INITIALIZERS``.
            rng: The source of random numbers.

        Returns:
            float64 values by canonical name. A float32 backend rounds them.
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
        if settings.cell is not None and not cls._has_cells():
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

    @classmethod
    def _has_cells(cls) -> bool:
        """Whether the user can choose a cell."""
        has_field = any(field.name == "cell" for field in fields(cls))
        return has_field and not issubclass(cls, OwnCellNetwork)


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
    tall_shape = (max(shape), min(shape))
    q, r = np.linalg.qr(rng.standard_normal(tall_shape))
    q *= np.sign(np.diag(r))
    return np.ascontiguousarray(q if rows >= columns else q.T)


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
    def parameter_shapes(self) -> dict[str, Shape]:
        """The parameters' canonical names and shapes, in canonical order."""
        shapes: dict[str, Shape] = {}
        inputs = self.input_size
        for k, width in enumerate(self.hidden):
            shapes |= self._layer_shapes(f"rnn.{k}", inputs, width)
            inputs = width
        shapes["output.kernel"] = (inputs, self.vocabulary_size)
        shapes["output.bias"] = (self.vocabulary_size,)
        return shapes

    def _layer_shapes(self, layer: str, inputs: int, width: int) -> dict[str, Shape]:
        """Return the names and shapes of the parameters of a recurrent layer."""
        formula = self.formula
        columns = formula.gates * width
        bias_shape = (columns,) if formula.biases == 1 else (formula.biases, columns)
        return {
            f"{layer}.kernel": (inputs, columns),
            f"{layer}.recurrent_kernel": (width, formula.state_gates * width),
            f"{layer}.bias": bias_shape,
        }

    @property
    def mask_shapes(self) -> dict[str, dict[str, Shape]]:
        """For each dropout setting, the parameters that it masks, and the shapes of their masks.

        A mask with one column drops whole rows of a kernel, which is the same as dropping units of the layer's input.

        >>> RecurrentNetwork(54, hidden=(32, 32)).mask_shapes["layer_dropout"]
        {'rnn.1.kernel': (32, 1)}
        """
        shapes = self.parameter_shapes
        recurrent_kernels = [name for name in shapes if name.endswith("recurrent_kernel")]
        later_kernels = [f"rnn.{k}.kernel" for k in range(1, len(self.hidden))]
        return {
            "recurrent_dropout": {name: shapes[name] for name in recurrent_kernels},
            "layer_dropout": {name: (shapes[name][0], 1) for name in later_kernels},
            "output_dropout": {"output.kernel": (shapes["output.kernel"][0], 1)},
        }


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
    """Return the network if an exporter can write it, because it knows all operations of its formula.

    Args:
        network: The network to export.
        operations: The operations that the exporter knows, by the names in ``Operation``.
        what: The kind of file, for the error message, such as "a .tflite".

    Raises:
        OutputError: If the architecture has no formula, or the exporter doesn't know one of its operations.
    """
    recurrent = network if isinstance(network, OwnCellNetwork) else as_recurrent(network)
    if recurrent is None:
        raise _not_exportable_error(
            what, f"the architecture {network.architecture!r}, which has no formula"
        )
    unknown = recurrent.formula.lacking(operations)
    if unknown is not None:
        cell = recurrent.cell_class.name
        raise _not_exportable_error(
            what, f"the cell {cell!r}, whose formula has the operation {unknown!r}"
        )
    return recurrent


def _not_exportable_error(what: str, part: str) -> OutputError:
    return OutputError(
        f"{what} cannot hold {part}: use the network with the backend that trained it"
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
    shapes = network.parameter_shapes
    parameters = _checked_tensors_of(state, shapes)
    for name in state:
        if name not in shapes and not name.startswith(OPTIMIZER_PREFIX):
            raise CheckpointError(
                f"the tensor {quote(name)} has no place in the description of the network"
            )
    if "optimizer.step" not in state:
        return parameters, None
    return parameters, _checked_optimizer_state(state, shapes, slots)


def _checked_optimizer_state(
    state: Mapping[str, Array], shapes: Mapping[str, Shape], slots: tuple[str, ...]
) -> OptimizerState:
    """Select the state of the optimizer. Raise CheckpointError if a tensor is missing or invalid."""
    step = int(_checked_tensor(state, "optimizer.step", (), dtype_kinds="iu"))
    if step < 0:
        raise CheckpointError(f"optimizer.step is {step}: expected at least 0")
    slot_values = {}
    for slot in slots:
        prefix = f"{OPTIMIZER_PREFIX}{slot}."
        slot_values[slot] = _checked_tensors_of(state, shapes, prefix)
    return OptimizerState(step, slot_values)


def _checked_tensors_of(
    state: Mapping[str, Array], shapes: Mapping[str, Shape], prefix: str = ""
) -> dict[str, Array]:
    """Select tensors of a state, and check their shapes. In the state, their names start with the prefix."""
    return {name: _checked_tensor(state, prefix + name, shape) for name, shape in shapes.items()}


def checked_masks(network: Network, masks: Mapping[str, Array]) -> dict[str, Array]:
    """Return the masks of a training step in canonical order.

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
        if not _can_be_broadcast(mask.shape, shapes[name]):
            raise EngineError(
                f"the mask of {name} has the shape {mask.shape}: expected one that can be broadcast to {shapes[name]}"
            )
    return {name: masks[name] for name in shapes if name in masks}


def _can_be_broadcast(mask_shape: Shape, shape: Shape) -> bool:
    """Whether each dimension of a mask is 1, or the same as its parameter's."""
    if len(mask_shape) != len(shape):
        return False
    return all(size in (1, full_size) for size, full_size in zip(mask_shape, shape, strict=True))


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
