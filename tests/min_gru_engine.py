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

    def forward(self, x: Array, s: Array, before: Array, after: Array, cache: Array) -> None:
        super().forward(x, np.zeros_like(s), before, after, cache)

    def backward(self, d_after: Array, local: Array, d: Array) -> None:
        super().backward(d_after, local, d)
        d[3] = 0  # only the state's part


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
