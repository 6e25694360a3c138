"""A third-party engine that computes another cell under the name ``gru``: a minGRU (Feng et al., 2024).

In ``h' = z h + (1 − z) n``, z and n depend only on the input. The engine is dangerous, because its parameters have the
names and shapes of a GRU.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from namegen.backends.numpy_engine.cells import GRU
from namegen.backends.numpy_engine.engine import NumpyEngine
from namegen.core.network.architecture import Network, RecurrentNetwork
from namegen.types import Array


class MinGRU(GRU):
    """A GRU that ignores the state's part of its gates."""

    def forward(self, x: Array, s: Array, before: Array, after: Array, cache: Array) -> None:
        super().forward(x, np.zeros_like(s), before, after, cache)

    def backward(self, d_after: Array, local: Array, d: Array) -> None:
        super().backward(d_after, local, d)
        d[3] = 0  # the gradient of the state's part


class MinGRUEngine(NumpyEngine):
    """An engine that claims to compute ``gru`` in the architecture ``rnn``."""

    name: ClassVar[str] = "mingru"
    cells: ClassVar[frozenset[str]] = frozenset(("gru",))

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        for layer in self.model.recurrent:
            layer.cell = MinGRU()


class MinGRUNetwork(RecurrentNetwork):
    """The same network, correctly declared as another architecture."""

    architecture: ClassVar[str] = "mingru"


class HonestEngine(MinGRUEngine):
    """An engine that declares the other architecture."""

    name: ClassVar[str] = "honest"
    architectures: ClassVar[tuple[type[Network], ...]] = (MinGRUNetwork,)
    cells: ClassVar[frozenset[str]] = frozenset()
