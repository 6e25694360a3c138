"""The optimizers, with Keras's formulas. Each works on all parameters as one long vector ``w`` with gradient ``g``."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from namegen.core.settings import TrainingSettings
from namegen.types import Array, Float

BLOCK = 1 << 15  # parameters that are moved at a time: all that belongs to them stays in the processor's cache


class Optimizer(ABC):
    """Moves the parameters against the gradient.

    ``slots`` names the vectors that it keeps from step to step, as they stand in ``optimizer.{slot}.{parameter}``.
    """

    slots: ClassVar[tuple[str, ...]] = ()

    def __init__(self, size: int, dtype: str) -> None:
        self.step = 0
        self.state: dict[str, Array] = {slot: np.zeros(size, dtype) for slot in self.slots}
        self._scratch = np.empty(min(size, BLOCK), dtype)

    def reset(self) -> None:
        """As if nothing had been trained."""
        self.step = 0
        for values in self.state.values():
            values.fill(0)

    def update(self, w: Float[Array, "P"], g: Float[Array, "P"], learning_rate: float) -> None:
        """One step, in place."""
        self.step += 1
        for first in range(0, len(w), BLOCK):
            block = slice(first, min(first + BLOCK, len(w)))
            kept = {slot: values[block] for slot, values in self.state.items()}
            self.move(w[block], g[block], self._scratch[: block.stop - first], learning_rate, **kept)

    @abstractmethod
    def move(
        self,
        w: Float[Array, "n"],
        g: Float[Array, "n"],
        change: Float[Array, "n"],
        learning_rate: float,
        **kept: Float[Array, "n"],
    ) -> None:
        """Move some parameters and what is kept of them, in place; ``change`` is room to compute in."""


class GradientDescent(Optimizer):
    """``w ← w − lr·g``."""

    def move(self, w: Array, g: Array, change: Array, learning_rate: float, **kept: Array) -> None:
        """One step."""
        w -= np.multiply(g, learning_rate, out=change)


class Momentum(Optimizer):
    """The original's damped form: ``u ← m·u + lr·(1−m)·g; w ← w − u``."""

    slots = ("u",)

    def __init__(self, size: int, dtype: str, momentum: float) -> None:
        super().__init__(size, dtype)
        self.momentum = momentum

    def move(self, w: Array, g: Array, change: Array, learning_rate: float, **kept: Array) -> None:
        """One step."""
        u = kept["u"]
        u *= self.momentum
        u += np.multiply(g, learning_rate * (1 - self.momentum), out=change)
        w -= u


class RMSprop(Optimizer):
    """``v ← ρ·v + (1−ρ)·g²; w ← w − lr·g/√(v+ε)``: Tieleman and Hinton, 2012, with Keras's place for ε."""

    slots = ("v",)
    rho, epsilon = 0.9, 1e-7

    def move(self, w: Array, g: Array, change: Array, learning_rate: float, **kept: Array) -> None:
        """One step."""
        v = kept["v"]
        v *= self.rho
        np.multiply(g, g, out=change)
        change *= 1 - self.rho
        v += change
        np.multiply(g, learning_rate, out=change)
        change /= np.sqrt(v + self.epsilon)
        w -= change


class Adam(Optimizer):
    """``w ← w − lr·√(1−β₂ᵗ)/(1−β₁ᵗ)·m/(√v+ε)``: Kingma and Ba, 2015, the form before their section 2.1."""

    slots = ("m", "v")
    beta_1, beta_2, epsilon = 0.9, 0.999, 1e-7

    def move(self, w: Array, g: Array, change: Array, learning_rate: float, **kept: Array) -> None:
        """One step."""
        m, v = kept["m"], kept["v"]
        np.subtract(g, m, out=change)
        change *= 1 - self.beta_1
        m += change
        np.multiply(g, g, out=change)
        change -= v
        change *= 1 - self.beta_2
        v += change
        np.sqrt(v, out=change)
        change += self.epsilon
        np.divide(m, change, out=change)
        change *= learning_rate * math.sqrt(1 - self.beta_2**self.step) / (1 - self.beta_1**self.step)
        w -= change


def make_optimizer(training: TrainingSettings, vector: Float[Array, "P"]) -> Optimizer:
    """The optimizer that the settings name, for a vector of parameters."""
    size, dtype = len(vector), str(vector.dtype)
    if training.optimizer == "momentum":
        return Momentum(size, dtype, training.momentum)
    kinds: dict[str, type[Optimizer]] = {"sgd": GradientDescent, "rmsprop": RMSprop, "adam": Adam}
    return kinds[training.optimizer](size, dtype)


def clip(gradient: Float[Array, "P"], norm: float) -> None:
    """Scale the gradient, in place, to a global norm of at most ``norm``."""
    length = math.sqrt(np.square(gradient, dtype=np.float64).sum())  # float32 could not hold an exploded one's squares
    if length > norm:
        gradient *= norm / length
