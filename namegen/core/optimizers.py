"""The optimizers, for all backends.

To add an optimizer, write its function and its row in ``OPTIMIZERS``. Settings, backends, checks and messages follow
from both. To add a hyperparameter, declare a setting for it in ``core/settings.py``, and list its name in the
optimizer's row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

Tensor: TypeAlias = Any  # a NumPy array, or the tensor type of another library
Slots: TypeAlias = tuple[
    Tensor, ...
]  # an optimizer's state for one parameter, such as Adam's moments


@dataclass(frozen=True)
class Optimizer:
    """How a parameter changes with its gradient.

    ``update`` takes

    - ``w``, ``g`` and ``slots``: a parameter, its gradient and its slots
    - ``lr`` and ``t``: the learning rate and the number of the step, counted from 1, which are tensors in a compiled
      program
    - the hyperparameters, as keyword arguments

    and returns the new parameter and its new slots. It changes nothing in place. With tensors and plain numbers, it
    only uses ``+ − * / **``, which every library has and which keep the dtype. A square root is ``** 0.5``.

    >>> OPTIMIZERS["sgd"].update(1.0, g=0.5, slots=(), lr=0.5, t=1)
    (0.75, ())
    """

    update: Callable[..., tuple[Tensor, Slots]]
    learning_rate: float  # the default
    slots: tuple[
        str, ...
    ] = ()  # as in ``optimizer.{slot}.{parameter}``; zeros before the first step
    hyperparameters: tuple[str, ...] = ()  # the training settings that ``update`` takes


def gradient_descent(
    w: Tensor, g: Tensor, slots: Slots, lr: Tensor, t: Tensor
) -> tuple[Tensor, Slots]:
    """Take a step of stochastic gradient descent (Robbins and Monro, 1951): against the gradient."""
    return w - lr * g, ()


def damped_momentum(
    w: Tensor, g: Tensor, slots: Slots, lr: Tensor, t: Tensor, *, momentum: float
) -> tuple[Tensor, Slots]:
    """Move along an exponential average of the gradients (Polyak, 1964), as in the original project."""
    (u,) = slots
    u = momentum * u + lr * (1 - momentum) * g
    return w - u, (u,)


def rmsprop(w: Tensor, g: Tensor, slots: Slots, lr: Tensor, t: Tensor) -> tuple[Tensor, Slots]:
    """Divide the step by the root mean square of recent gradients (Tieleman and Hinton, 2012). ε is as in Keras."""
    rho = 0.9
    epsilon = 1e-7
    (v,) = slots
    v = rho * v + (1 - rho) * (g * g)
    return w - lr * g / (v + epsilon) ** 0.5, (v,)


def adam(w: Tensor, g: Tensor, slots: Slots, lr: Tensor, t: Tensor) -> tuple[Tensor, Slots]:
    """Take a step of Adam (Kingma and Ba, 2015), in the form at the end of their section 2. ε is as in Keras."""
    beta_1 = 0.9
    beta_2 = 0.999
    epsilon = 1e-7
    m, v = slots
    m = m + (1 - beta_1) * (g - m)
    v = v + (1 - beta_2) * (g * g - v)
    lr = lr * (1 - beta_2**t) ** 0.5 / (1 - beta_1**t)
    return w - lr * (m / (v**0.5 + epsilon)), (m, v)


# Adam's learning rate is the best of 0.01, 0.015, 0.02 and 0.03 for the original project's network.
# ``training/defaults.py`` lowers it for wider networks. The other rates are the original project's, or common ones.
OPTIMIZERS: dict[str, Optimizer] = {
    "sgd": Optimizer(gradient_descent, learning_rate=0.5),
    "momentum": Optimizer(
        damped_momentum,
        learning_rate=0.5,
        slots=("u",),
        hyperparameters=("momentum",),
    ),
    "rmsprop": Optimizer(rmsprop, learning_rate=0.005, slots=("v",)),
    "adam": Optimizer(adam, learning_rate=0.015, slots=("m", "v")),
}
