"""A step of an optimizer of ``core/optimizers.py`` on all parameters at once."""

from __future__ import annotations

import numpy as np

from namegen.core.optimizers import OPTIMIZERS
from namegen.core.settings import TrainingSettings
from namegen.types import Array, Float

# Parameters that are updated at a time: all that belongs to them, and what an update computes on the way, stays in the
# processor's cache.
BLOCK = 1 << 15


class VectorOptimizer:
    """An optimizer at work on all parameters as one long vector ``w`` with gradient ``g``.

    Attributes:
        step: updates done.
        slots: the vectors that it keeps from step to step, by name.
    """

    def __init__(self, training: TrainingSettings, w: Float[Array, "P"]) -> None:
        self._optimizer = OPTIMIZERS[training.optimizer]
        self._hyperparameters = training.hyperparameters
        self.step = 0
        self.slots: dict[str, Array] = {slot: np.zeros_like(w) for slot in self._optimizer.slots}

    def reset(self) -> None:
        """As if nothing had been trained."""
        self.step = 0
        for values in self.slots.values():
            values.fill(0)

    def update(self, w: Float[Array, "P"], g: Float[Array, "P"], learning_rate: float) -> None:
        """One step, in place."""
        self.step += 1
        for first in range(0, len(w), BLOCK):
            block = slice(first, first + BLOCK)
            before = tuple(values[block] for values in self.slots.values())
            w[block], new = self._optimizer.update(
                w[block], g[block], before, learning_rate, self.step, **self._hyperparameters
            )
            for values, after in zip(before, new, strict=True):
                values[...] = after
