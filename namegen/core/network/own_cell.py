"""OwnCellNetwork: the recurrent network around a cell that namegen does not have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from namegen.core.network.recurrent_network import CellShape, RecurrentNetwork
from namegen.core.settings import PLAIN_HIDDEN, NetworkSettings
from namegen.errors import SettingsError, setting


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
