"""VectorOptimizer: applies an optimizer of ``core/optimizers.py`` to all parameters at once."""

from __future__ import annotations

import numpy as np

from namegen.core.optimizers import OPTIMIZERS
from namegen.core.settings import TrainingSettings
from namegen.types import Array, Float

# How many parameters are updated at a time, so that they, their slots and all intermediate results stay in the
# processor's cache.
BLOCK = 1 << 15


class VectorOptimizer:
    """An optimizer for all parameters as one vector ``w`` with the gradient ``g``.

    >>> w = np.array([1.0, 2.0])
    >>> optimizer = VectorOptimizer(TrainingSettings(optimizer="sgd"), w)
    >>> optimizer.update(w, np.array([1.0, 0.0]), 0.5)
    >>> w.tolist()
    [0.5, 2.0]
    """

    def __init__(self, training: TrainingSettings, w: Float[Array, "P"]) -> None:
        self._optimizer = OPTIMIZERS[training.optimizer]
        self._hyperparameters = training.hyperparameters
        self.step = 0  # the number of updates so far
        # The vectors that the optimizer keeps from step to step, by name.
        self.slots: dict[str, Array] = {slot: np.zeros_like(w) for slot in self._optimizer.slots}

    def reset(self) -> None:
        """Forget all updates."""
        self.step = 0
        for values in self.slots.values():
            values.fill(0)

    def update(self, w: Float[Array, "P"], g: Float[Array, "P"], learning_rate: float) -> None:
        """Make one update: change the parameters w, and the optimizer's own vectors (its slots), in place.

        Args:
            w: all parameters of the network, as one vector.
            g: d loss / d w.
            learning_rate: of this update.
        """
        self.step += 1
        # The optimizer's formula makes several new arrays. They stay in the processor's cache if it's applied to a
        # block of the parameters at a time.
        for first in range(0, len(w), BLOCK):
            block = slice(first, first + BLOCK)
            slots = tuple(values[block] for values in self.slots.values())  # views
            w[block], new_slots = self._optimizer.update(
                w[block], g[block], slots, learning_rate, self.step, **self._hyperparameters
            )
            for values, new_values in zip(slots, new_slots, strict=True):
                values[...] = new_values
