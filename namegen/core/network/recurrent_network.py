"""RecurrentNetwork: the architecture ``rnn``, namegen's own network as data.

The form is Keras's own, so that weights move between engines and files without a permutation. ``V`` vocabulary, ``L``
labels, ``H`` width, ``G`` gates (GRU: z, r, h with ``reset_after=True``; LSTM: i, f, c, o), see ``CELL_SHAPES``:

    rnn.{k}.kernel              (V + L, or H of the layer before, G·H)
    rnn.{k}.recurrent_kernel    (H, G·H)
    rnn.{k}.bias                (G·H,); GRU (2, 3·H): for the input's and for the state's part
    output.kernel, output.bias  (H of the last layer, V), (V,)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from namegen.core.network.architecture import Network, Shape
from namegen.core.settings import PLAIN_CELL, PLAIN_HIDDEN, NetworkSettings
from namegen.errors import OutputError, SettingsError, setting


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
class RecurrentNetwork(Network):
    """One-hot character → recurrent layers → linear layer → softmax.

    >>> network = RecurrentNetwork(vocabulary_size=54, cell="gru", hidden=(32,))
    >>> network.parameter_shapes["rnn.0.bias"]
    (2, 96)
    """

    architecture: ClassVar[str] = "rnn"

    cell: str = PLAIN_CELL
    hidden: tuple[int, ...] = PLAIN_HIDDEN

    def __post_init__(self) -> None:
        super().__post_init__()
        NetworkSettings(cell=self.cell, hidden=self.hidden)  # the same checks

    @classmethod
    def from_settings(cls, settings: NetworkSettings, vocabulary_size: int, *, labels: int = 0) -> RecurrentNetwork:
        """Its cell and the width of each layer. Raises SettingsError for options: it has none."""
        cls.refuse_options(settings)
        cell, hidden = settings.cell or PLAIN_CELL, settings.hidden or PLAIN_HIDDEN
        return cls(vocabulary_size, cell, hidden, labels=labels)

    @property
    def summary(self) -> str:
        """Cell and widths."""
        return f"{self.cell} {', '.join(map(str, self.hidden))}"

    @property
    def cell_shape(self) -> CellShape:
        """Gates and states of its cell."""
        return CELL_SHAPES[self.cell]

    @property
    def state_widths(self) -> tuple[int, ...]:
        """The width of every array that a state is, layer after layer."""
        return tuple(width for width in self.hidden for _ in range(self.cell_shape.states))

    @property
    def parameter_shapes(self) -> dict[str, Shape]:
        """The canonical names, in canonical order, with their shapes."""
        shapes: dict[str, Shape] = {}
        cell, inputs = self.cell_shape, self.input_size
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
    def mask_shapes(self) -> dict[str, dict[str, Shape]]:
        """What each ``drop_*`` setting masks. A mask of one column leaves out whole rows of a kernel: a unit that the
        layer reads.

        >>> RecurrentNetwork(54, hidden=(32, 32)).mask_shapes["drop_between"]
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


def as_recurrent(network: Network) -> RecurrentNetwork | None:
    """The network, where it is of the architecture ``rnn`` itself and not of one that only derives from it."""
    if isinstance(network, RecurrentNetwork) and network.architecture == RecurrentNetwork.architecture:
        return network
    return None


def exportable(network: Network, cells: Iterable[str], what: str) -> RecurrentNetwork:
    """The network as one that an exporter can write.

    Args:
        network: what is to be exported.
        cells: those that the exporter has formulas for; it writes the architecture ``rnn`` alone.
        what: what it writes, as in ``a .tflite``.

    Raises:
        OutputError: another architecture or cell, as a third party's engine may bring it.
    """
    recurrent = as_recurrent(network)
    if recurrent is None:
        raise OutputError(
            f"{what} cannot hold the architecture {network.architecture!r}: expected {RecurrentNetwork.architecture}; "
            "export a recurrent network, or use this one with the engine that trained it"
        )
    if recurrent.cell not in cells:
        raise OutputError(
            f"{what} cannot hold the cell {recurrent.cell!r}: expected one of {', '.join(cells)}; "
            "export a network of such a cell, or use this one with the engine that trained it"
        )
    return recurrent


@dataclass(frozen=True)
class OwnCellNetwork(RecurrentNetwork):
    """One-hot character → recurrent layers of a cell of your own → linear layer → softmax.

    Derive from it to bring a cell: say what the architecture is called, and what the shapes of a layer depend on. The
    formulas are the engine's (``NumpyEngine.own_cell``). The field ``cell`` means nothing here.

    Attributes:
        own_shape: gates, states and biases of the cell.

    >>> class Softsign(OwnCellNetwork):
    ...     architecture, own_shape = "softsign_rnn", CellShape(gates=1)
    >>> Softsign(54, hidden=(8,)).summary, Softsign(54, hidden=(8,)).parameter_shapes["rnn.0.kernel"]
    ('softsign_rnn 8', (54, 8))
    """

    own_shape: ClassVar[CellShape]

    @classmethod
    def from_settings(cls, settings: NetworkSettings, vocabulary_size: int, *, labels: int = 0) -> OwnCellNetwork:
        """The width of each layer. Raises SettingsError for a cell, as it has one of its own, and for options."""
        cls.refuse_options(settings)
        if settings.cell is not None:
            raise SettingsError(
                f"{setting('cell')} is {settings.cell}, and the architecture {cls.architecture} has a cell of its own: "
                "leave it out"
            )
        return cls(vocabulary_size, hidden=settings.hidden or PLAIN_HIDDEN, labels=labels)

    @property
    def summary(self) -> str:
        """The architecture and the widths."""
        return f"{self.architecture} {', '.join(map(str, self.hidden))}"

    @property
    def cell_shape(self) -> CellShape:
        """What the class says of its cell."""
        return self.own_shape
