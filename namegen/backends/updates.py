"""The updates of ``base.py``: the optimizers of namegen, by arithmetic operators alone.

The formulas are those of ``numpy_engine/optimizers.py``. There one long vector is changed in place; here a tensor goes
in and a new one comes out, so that the same lines serve NumPy arrays, PyTorch's tensors, and those of libraries that
change nothing in place. A root is ``** 0.5``, and every other number is a plain Python one, which no library widens.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

from namegen.core.settings import TrainingSettings

Tensor: TypeAlias = Any  # whatever the library has
Kept: TypeAlias = tuple[Tensor, ...]  # what an optimizer keeps of one parameter, in the order of its slots


@dataclass(frozen=True)
class Update:
    """How an optimizer moves one parameter.

    Attributes:
        slots: the names of what it keeps from step to step, as they stand in ``optimizer.{slot}.{parameter}``.
        move: from a parameter w, its gradient g, what was kept, the learning rate and the number of this step, counted
            from 1: the new parameter, and what is to be kept.
    """

    slots: tuple[str, ...]
    move: Callable[[Tensor, Tensor, Kept, float, int], tuple[Tensor, Kept]]


def gradient_descent(w: Tensor, g: Tensor, kept: Kept, rate: float, step: int) -> tuple[Tensor, Kept]:
    """``w ← w − lr·g``."""
    return w - rate * g, ()


def momentum(w: Tensor, g: Tensor, kept: Kept, rate: float, step: int, *, share: float) -> tuple[Tensor, Kept]:
    """The original's damped form: ``u ← m·u + lr·(1−m)·g; w ← w − u``. ``share``: m."""
    (u,) = kept
    u = share * u + rate * (1 - share) * g
    return w - u, (u,)


def rmsprop(
    w: Tensor, g: Tensor, kept: Kept, rate: float, step: int, *, rho: float = 0.9, epsilon: float = 1e-7
) -> tuple[Tensor, Kept]:
    """``v ← ρ·v + (1−ρ)·g²; w ← w − lr·g/√(v+ε)``."""
    (v,) = kept
    v = rho * v + (1 - rho) * (g * g)
    return w - rate * g / (v + epsilon) ** 0.5, (v,)


def adam(
    w: Tensor,
    g: Tensor,
    kept: Kept,
    rate: float,
    step: int,
    *,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-7,
) -> tuple[Tensor, Kept]:
    """``w ← w − lr·√(1−β₂ᵗ)/(1−β₁ᵗ)·m/(√v+ε)``."""
    m, v = kept
    m = m + (1 - beta_1) * (g - m)
    v = v + (1 - beta_2) * (g * g - v)
    rate = rate * math.sqrt(1 - beta_2**step) / (1 - beta_1**step)
    return w - rate * (m / (v**0.5 + epsilon)), (m, v)


def update_of(training: TrainingSettings) -> Update:
    """The update of the optimizer that the settings name.

    >>> update_of(TrainingSettings(optimizer="adam")).slots
    ('m', 'v')
    """
    updates = {
        "sgd": Update((), gradient_descent),
        "momentum": Update(("u",), partial(momentum, share=training.momentum)),
        "rmsprop": Update(("v",), rmsprop),
        "adam": Update(("m", "v"), adam),
    }
    return updates[training.optimizer]
