"""The optimizers: a row of ``OPTIMIZERS`` and a function each. Settings, engines, checks and messages follow from both.

To add an optimizer, write its function and its row. To add a hyperparameter, declare a setting for it in
``core/settings.py`` and list its name in the optimizer's row. All engines then train with it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

Tensor: TypeAlias = Any  # an array, or whatever a library has
Slots: TypeAlias = tuple[Tensor, ...]  # what an optimizer keeps of one parameter from step to step


@dataclass(frozen=True)
class Optimizer:
    """How a parameter moves against its gradient.

    Attributes:
        update: takes a parameter w, its gradient g, its slots, the learning rate, the number t of
            this step, counted from 1, and the hyperparameters as keyword arguments. Returns the new
            parameter and its new slots. It changes nothing in place, and uses only ``+ − * / **``
            with tensors and plain numbers, which every library has and which widen nothing; a root
            is ``** 0.5``. The learning rate and t are tensors in a program that is compiled.
        formula: of the update, for messages; ``{momentum}`` becomes the value of that setting.
        learning_rate: the default, at the peak of the default schedule.
        slots: their names, as they stand in ``optimizer.{slot}.{parameter}``. They are zeros before the first step.
        hyperparameters: the names of the training settings that ``update`` takes.
    """

    update: Callable[..., tuple[Tensor, Slots]]
    formula: str
    learning_rate: float
    slots: tuple[str, ...] = ()
    hyperparameters: tuple[str, ...] = ()


def gradient_descent(
    w: Tensor, g: Tensor, slots: Slots, lr: Tensor, t: Tensor
) -> tuple[Tensor, Slots]:
    """Stochastic gradient descent."""
    return w - lr * g, ()


def damped_momentum(
    w: Tensor, g: Tensor, slots: Slots, lr: Tensor, t: Tensor, *, momentum: float
) -> tuple[Tensor, Slots]:
    """Momentum in the original's damped form."""
    (u,) = slots
    u = momentum * u + lr * (1 - momentum) * g
    return w - u, (u,)


def rmsprop(w: Tensor, g: Tensor, slots: Slots, lr: Tensor, t: Tensor) -> tuple[Tensor, Slots]:
    """Tieleman and Hinton, 2012, with Keras's place for ε."""
    rho, epsilon = 0.9, 1e-7
    (v,) = slots
    v = rho * v + (1 - rho) * (g * g)
    return w - lr * g / (v + epsilon) ** 0.5, (v,)


def adam(w: Tensor, g: Tensor, slots: Slots, lr: Tensor, t: Tensor) -> tuple[Tensor, Slots]:
    """Kingma and Ba, 2015, the form before their section 2.1, with Keras's ε."""
    beta_1, beta_2, epsilon = 0.9, 0.999, 1e-7
    m, v = slots
    m = m + (1 - beta_1) * (g - m)
    v = v + (1 - beta_2) * (g * g - v)
    lr = lr * (1 - beta_2**t) ** 0.5 / (1 - beta_1**t)
    return w - lr * (m / (v**0.5 + epsilon)), (m, v)


# Adam's learning rate was the best of 0.01, 0.015, 0.02 and 0.03 for the default network, and ``resolve_training``
# lowers it for wider ones. The others are those that the original used, or the usual ones.
OPTIMIZERS: dict[str, Optimizer] = {
    "sgd": Optimizer(gradient_descent, "w ← w − lr·g", 0.5),
    "momentum": Optimizer(
        damped_momentum,
        formula="u ← m·u + lr·(1−m)·g; w ← w − u, m = {momentum}",
        learning_rate=0.5,
        slots=("u",),
        hyperparameters=("momentum",),
    ),
    "rmsprop": Optimizer(
        rmsprop, "v ← ρ·v + (1−ρ)·g²; w ← w − lr·g/√(v+ε), ρ = 0.9, ε = 1e-7", 0.005, ("v",)
    ),
    "adam": Optimizer(
        adam,
        "m ← β₁·m + (1−β₁)·g; v ← β₂·v + (1−β₂)·g²; w ← w − lr·√(1−β₂ᵗ)/(1−β₁ᵗ)·m/(√v+ε), "
        "β₁ = 0.9, β₂ = 0.999, ε = 1e-7",
        0.015,
        ("m", "v"),
    ),
}
