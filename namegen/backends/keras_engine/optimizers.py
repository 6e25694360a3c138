"""The optimizers: stock Keras's, or namegen's own formula for an optimizer or a hyperparameter that they lack.

Either way the state has canonical names. The formula runs inside the compiled program, too.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from namegen.backends.keras_engine.layers import Layers, Tensor
from namegen.backends.keras_engine.tensorflow_setup import Untyped, keras, tf
from namegen.core.engine import clipped
from namegen.core.network.architecture import OptimizerState
from namegen.core.optimizers import OPTIMIZERS
from namegen.core.settings import TrainingSettings
from namegen.types import Array


@dataclass(frozen=True)
class KerasClass:
    """The class of stock Keras that computes an optimizer of ``core/optimizers.py``.

    Attributes:
        kind: the class.
        slots: canonical slot → the ending of the names of Keras's variables.
        hyperparameters: the names of those that the class takes, under the same names.
        sign: a slot is Keras's variable times this.
        damps: whether only namegen's formula multiplies the learning rate by ``1 − momentum``.
    """

    kind: Untyped
    slots: Mapping[str, str] = field(default_factory=dict)
    hyperparameters: tuple[str, ...] = ()
    sign: int = 1
    damps: bool = False


KERAS_CLASSES = {
    "sgd": KerasClass(keras.optimizers.SGD),
    "momentum": KerasClass(
        keras.optimizers.SGD,
        slots={"u": "momentum"},
        hyperparameters=("momentum",),
        sign=-1,  # Keras adds its variable to the parameter, namegen subtracts u
        damps=True,
    ),
    "rmsprop": KerasClass(keras.optimizers.RMSprop, slots={"v": "velocity"}),
    "adam": KerasClass(keras.optimizers.Adam, slots={"m": "momentum", "v": "velocity"}),
}


class KerasOptimizer(ABC):
    """An optimizer inside a compiled program, which gets a learning rate at each step.

    Args:
        training: which optimizer, its hyperparameters, and clipping.
        layers: whose parameters it moves.

    Attributes:
        iterations: the number of updates so far.
        variables: by slot and parameter.
        sign: a slot is its variable times this.
        damping: the program multiplies the learning rate by this.
    """

    iterations: Tensor
    variables: dict[str, dict[str, Tensor]]
    sign: int = 1
    damping: float = 1.0

    def __init__(self, training: TrainingSettings, layers: Layers) -> None:
        self.training, self.parameters, self.dtype = training, layers.parameters, layers.dtype

    @abstractmethod
    def move(self, name: str, gradient: Tensor, rate: Tensor) -> None:
        """Update one parameter and its slots."""

    def update(self, gradients: Sequence[Tensor], rate: Tensor) -> None:
        """One step, inside a compiled program."""
        gradients = clipped(gradients, self.training, keras.ops)
        for name, gradient in zip(self.parameters, gradients, strict=True):
            self.move(name, gradient, rate)
        self.iterations.assign_add(1)

    def get_state(self) -> dict[str, Array]:
        """Copies, by canonical name."""
        state = {"optimizer.step": np.array(self.iterations.numpy(), np.int64)}
        for slot, variables in self.variables.items():
            for name, parameter in self.parameters.items():
                if name in variables:
                    values = self.sign * variables[name].numpy()
                else:  # momentum 0: Keras keeps no velocity, and it would have no effect
                    values = np.zeros(parameter.shape, self.dtype)
                state[f"optimizer.{slot}.{name}"] = values
        return state

    def set_state(self, state: OptimizerState | None) -> None:
        """Go on from a state, or begin anew."""
        self.iterations.assign(0 if state is None else state.step)
        for slot, variables in self.variables.items():
            for name, variable in variables.items():
                values = (
                    np.zeros(variable.shape)
                    if state is None
                    else self.sign * state.slots[slot][name]
                )
                variable.assign(values.astype(self.dtype))


class StockOptimizer(KerasOptimizer):
    """An optimizer of stock Keras, with Keras's own defaults for all but namegen's hyperparameters."""

    def __init__(self, training: TrainingSettings, layers: Layers) -> None:
        super().__init__(training, layers)
        keras_class = KERAS_CLASSES[training.optimizer]
        self.sign = keras_class.sign
        if keras_class.damps:
            self.damping = 1 - training.momentum
        # TensorFlow takes a Python float for a float32 and rounds it; a NumPy float64 it takes as it is.
        number = np.float64 if self.dtype == "float64" else float
        given = {name: number(value) for name, value in training.hyperparameters.items()}
        self.keras_optimizer = keras_class.kind(**given)
        for constant in ("rho", "beta_1", "beta_2"):
            if hasattr(self.keras_optimizer, constant):
                setattr(
                    self.keras_optimizer, constant, number(getattr(self.keras_optimizer, constant))
                )
        self.keras_optimizer.build(list(self.parameters.values()))
        self.iterations = self.keras_optimizer.iterations
        self.variables = {}
        for slot, ending in keras_class.slots.items():
            found = [
                variable
                for variable in self.keras_optimizer.variables
                if variable.name.endswith(ending)
            ]
            self.variables[slot] = dict(
                zip(self.parameters, found, strict=False)
            )  # none for momentum 0

    def move(self, name: str, gradient: Tensor, rate: Tensor) -> None:
        """Update one parameter and its slots."""
        self.keras_optimizer.update_step(gradient, self.parameters[name], rate)


class FormulaOptimizer(KerasOptimizer):
    """An optimizer by its formula in ``core/optimizers.py``."""

    def __init__(self, training: TrainingSettings, layers: Layers) -> None:
        super().__init__(training, layers)
        self.optimizer = OPTIMIZERS[training.optimizer]
        self.iterations = keras.Variable(0, dtype="int64")
        self.variables = {
            slot: {
                name: keras.Variable(np.zeros(parameter.shape), dtype=self.dtype)
                for name, parameter in self.parameters.items()
            }
            for slot in self.optimizer.slots
        }

    def move(self, name: str, gradient: Tensor, rate: Tensor) -> None:
        """Update one parameter and its slots."""
        parameter = self.parameters[name]
        variables = [self.variables[slot][name] for slot in self.optimizer.slots]
        moved, slots = self.optimizer.update(
            tf.convert_to_tensor(parameter),
            gradient,
            tuple(tf.convert_to_tensor(variable) for variable in variables),
            rate,
            tf.cast(self.iterations + 1, self.dtype),
            **self.training.hyperparameters,
        )
        parameter.assign(moved)
        for variable, slot in zip(variables, slots, strict=True):
            variable.assign(slot)


def make_optimizer(training: TrainingSettings, layers: Layers) -> KerasOptimizer:
    """Stock Keras's optimizer if its class takes all hyperparameters, otherwise namegen's formula.

    Keras's ``update_step`` ignores some arguments of its classes, such as ``weight_decay``.
    """
    keras_class = KERAS_CLASSES.get(training.optimizer)
    if keras_class is not None and set(keras_class.hyperparameters) == set(
        training.hyperparameters
    ):
        return StockOptimizer(training, layers)
    return FormulaOptimizer(training, layers)
