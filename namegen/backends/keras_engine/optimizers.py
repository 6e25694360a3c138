"""The optimizers: stock Keras, with their state under its canonical names."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from namegen.backends.keras_engine.layers import Tensor
from namegen.backends.keras_engine.tensorflow_setup import Untyped, keras, tf
from namegen.core.network.architecture import OptimizerState
from namegen.types import Array

# Canonical slot → what Keras ends the names of its variables with.
SLOTS = {
    "sgd": {},
    "momentum": {"u": "momentum"},
    "rmsprop": {"v": "velocity"},
    "adam": {"m": "momentum", "v": "velocity"},
}
SIGN = {"u": -1}  # Keras's velocity is what is added to a parameter, u what is taken away


class KerasOptimizer:
    """A stock Keras optimizer that is fed a learning rate at each step.

    Args:
        name: which one, as in the settings.
        parameters: what it moves, by canonical name.
        momentum: of the optimizer ``momentum``.
        clip_norm: the greatest global norm of the gradients; None: no clipping.
        dtype: of the parameters.
    """

    def __init__(
        self, name: str, parameters: dict[str, Tensor], *, momentum: float, clip_norm: float | None, dtype: str
    ) -> None:
        self.parameters = parameters
        self.dtype = dtype
        self.clip_norm = clip_norm
        self.damping = 1 - momentum if name == "momentum" else 1.0
        self.keras_optimizer = make(name, momentum, dtype)
        self.keras_optimizer.build(list(parameters.values()))
        self.variables = {
            slot: dict(zip(parameters, self._variables(ending), strict=False)) for slot, ending in SLOTS[name].items()
        }

    def _variables(self, ending: str) -> list[Tensor]:
        """Keras's variables of one kind, in the order of the parameters; none where Keras does not need them."""
        return [variable for variable in self.keras_optimizer.variables if variable.name.endswith(ending)]

    @property
    def slots(self) -> tuple[str, ...]:
        """The slots of ``optimizer.{slot}.{parameter}``."""
        return tuple(self.variables)

    def rate(self, learning_rate: float) -> float:
        """What Keras's formula must be fed: its SGD does not damp by ``1 − m``."""
        return learning_rate * self.damping

    def update(self, gradients: Sequence[Tensor], rate: Tensor) -> None:
        """One step, inside a compiled program."""
        if self.clip_norm is not None:
            gradients = clip(gradients, self.clip_norm)
        for gradient, variable in zip(gradients, self.parameters.values(), strict=True):
            self.keras_optimizer.update_step(gradient, variable, rate)
        self.keras_optimizer.iterations.assign_add(1)

    def get_state(self) -> dict[str, Array]:
        """Copies, by canonical name."""
        state = {"optimizer.step": np.array(self.keras_optimizer.iterations.numpy(), np.int64)}
        for slot, variables in self.variables.items():
            for name, parameter in self.parameters.items():
                if name in variables:
                    values = SIGN.get(slot, 1) * variables[name].numpy()
                else:  # momentum 0: Keras keeps no velocity, and it would have no effect
                    values = np.zeros(parameter.shape, self.dtype)
                state[f"optimizer.{slot}.{name}"] = values
        return state

    def set_state(self, state: OptimizerState | None) -> None:
        """Go on from a state, or begin anew."""
        self.keras_optimizer.iterations.assign(0 if state is None else state.step)
        for slot, variables in self.variables.items():
            for name, variable in variables.items():
                values = np.zeros(variable.shape) if state is None else SIGN.get(slot, 1) * state.slots[slot][name]
                variable.assign(values.astype(self.dtype))


def make(name: str, momentum: float, dtype: str) -> Untyped:
    """The Keras optimizer of that name, with Keras's own defaults for all but the momentum.

    TensorFlow takes a Python float for a float32 and rounds it; a NumPy float64 it takes as it is.
    """
    number = np.float64 if dtype == "float64" else float
    if name == "momentum":
        return keras.optimizers.SGD(momentum=number(momentum))
    optimizer = {"sgd": keras.optimizers.SGD, "rmsprop": keras.optimizers.RMSprop, "adam": keras.optimizers.Adam}[
        name
    ]()
    for constant in ("rho", "beta_1", "beta_2"):
        if hasattr(optimizer, constant):
            setattr(optimizer, constant, number(getattr(optimizer, constant)))
    return optimizer


def clip(gradients: Sequence[Tensor], norm: float) -> list[Tensor]:
    """Scale the gradients to a global norm of at most ``norm``; the squares of large ones fit into float64 alone."""
    exact = [tf.cast(gradient, tf.float64) for gradient in gradients]
    length = tf.sqrt(tf.add_n([tf.reduce_sum(gradient * gradient) for gradient in exact]))
    limit = tf.constant(norm, tf.float64)
    scale = tf.where(length > limit, limit / length, tf.ones_like(length))
    return [gradient * tf.cast(scale, gradient.dtype) for gradient in gradients]
