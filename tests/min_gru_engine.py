"""An engine of a third party that computes something else under a known name: a minGRU as the cell ``gru``.

Feng et al., 2024: neither gate nor candidate reads the state, so ``h' = z h + (1 − z) n`` with z and n of the input
alone. Its parameters have the names and shapes of a GRU, which is what makes it dangerous.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from namegen.backends.numpy_engine.cells import GRU
from namegen.backends.numpy_engine.engine import NumpyEngine
from namegen.core.network.architecture import Network, RecurrentNetwork
from namegen.types import Array


class MinGRU(GRU):
    """A GRU that is given zeros for the state's part."""

    def forward(self, columns: Array, s: Array, before: Array, after: Array, kept: Array) -> None:
        super().forward(columns, np.zeros_like(s), before, after, kept)

    def backward(self, *arguments: Array, d_columns: Array, d_before: Array) -> None:
        super().backward(*arguments, d_columns=d_columns, d_before=d_before)
        d_columns[3] = 0  # only the state's part


class MinGRUEngine(NumpyEngine):
    """Claims the architecture ``rnn`` and its cell ``gru``."""

    name: ClassVar[str] = "mingru"
    cells: ClassVar[frozenset[str]] = frozenset(("gru",))

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        for layer in self.model.recurrent:
            layer.cell = MinGRU()


class MinGRUNetwork(RecurrentNetwork):
    """The honest way: an architecture of its own."""

    architecture: ClassVar[str] = "mingru"


class HonestEngine(MinGRUEngine):
    """Declares it."""

    name: ClassVar[str] = "honest"
    architectures: ClassVar[tuple[type[Network], ...]] = (MinGRUNetwork,)
    cells: ClassVar[frozenset[str]] = frozenset()
