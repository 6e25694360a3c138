"""The optimizers: those of stock Keras, and namegen's formula for optimizers or hyperparameters that Keras lacks.

Both run inside the compiled program, and both store their state under canonical names.
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
    """The Keras class that computes an optimizer of ``core/optimizers.py``."""

    optimizer_class: Untyped
    # For each slot, the suffix of the names of Keras's variables.
    slots: Mapping[str, str] = field(default_factory=dict)
    # The hyperparameters that the class takes, under the same names.
    hyperparameters: tuple[str, ...] = ()
    # A slot is Keras's variable times this.
    sign: int = 1
    # Whether namegen's formula multiplies the learning rate by ``1 − momentum``, which Keras doesn't.
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
    """An optimizer inside a compiled program.

    Args:
        training: the optimizer, its hyperparameters, and clipping.
        layers: the layers whose parameters it updates.
    """

    # The number of updates so far.
    iterations: Tensor
    # By slot, then by parameter.
    variables: dict[str, dict[str, Tensor]]
    # A slot is its variable times this.
    sign: int = 1
    # The program multiplies the learning rate by this.
    damping: float = 1.0

    def __init__(self, training: TrainingSettings, layers: Layers) -> None:
        self.training = training
        self.parameters = layers.parameters
        self.dtype = layers.dtype

    @abstractmethod
    def move(self, name: str, gradient: Tensor, rate: Tensor) -> None:
        """Update one parameter and its slots."""

    def update(self, gradients: Sequence[Tensor], rate: Tensor) -> None:
        """Make one update, inside a compiled program."""
        gradients = clipped(gradients, self.training, keras.ops)
        for name, gradient in zip(self.parameters, gradients, strict=True):
            self.move(name, gradient, rate)
        self.iterations.assign_add(1)

    def get_state(self) -> dict[str, Array]:
        """Copy the state, by canonical name."""
        state = {"optimizer.step": np.array(self.iterations.numpy(), np.int64)}
        for slot, variables in self.variables.items():
            for name, parameter in self.parameters.items():
                # Keras has no variable for momentum 0, because it wouldn't have an effect.
                values = np.zeros(parameter.shape, self.dtype)
                if name in variables:
                    values = self.sign * variables[name].numpy()
                state[f"optimizer.{slot}.{name}"] = values
        return state

    def set_state(self, state: OptimizerState | None) -> None:
        """Set the state. None sets everything to zero."""
        self.iterations.assign(0 if state is None else state.step)
        for slot, variables in self.variables.items():
            for name, variable in variables.items():
                values = np.zeros(variable.shape)
                if state is not None:
                    values = self.sign * state.slots[slot][name]
                variable.assign(values.astype(self.dtype))


class StockOptimizer(KerasOptimizer):
    """Create a Keras optimizer that uses Keras's defaults, except for the hyperparameters that namegen sets."""

    def __init__(self, training: TrainingSettings, layers: Layers) -> None:
        super().__init__(training, layers)
        keras_class = KERAS_CLASSES[training.optimizer]
        self.sign = keras_class.sign
        if keras_class.damps:
            self.damping = 1 - training.momentum
        self.keras_optimizer = self._make_optimizer(keras_class)
        self.iterations = self.keras_optimizer.iterations
        self.variables = {
            slot: self._variables_named(suffix) for slot, suffix in keras_class.slots.items()
        }

    def _make_optimizer(self, keras_class: KerasClass) -> Untyped:
        """Create Keras's optimizer, whose constants have the precision of the layers."""
        # TensorFlow converts a Python float to float32, which rounds it, but keeps a NumPy float64.
        number = np.float64 if self.dtype == "float64" else float
        settings = self.training.hyperparameters
        hyperparameters = {name: number(value) for name, value in settings.items()}
        optimizer = keras_class.optimizer_class(**hyperparameters)
        for constant in ("rho", "beta_1", "beta_2"):
            if hasattr(optimizer, constant):
                setattr(optimizer, constant, number(getattr(optimizer, constant)))
        optimizer.build(list(self.parameters.values()))
        return optimizer

    def _variables_named(self, suffix: str) -> dict[str, Tensor]:
        """Select Keras's variables of one slot, by parameter. There are none for momentum 0."""
        variables = [
            variable
            for variable in self.keras_optimizer.variables
            if variable.name.endswith(suffix)
        ]
        return dict(zip(self.parameters, variables, strict=False))

    def move(self, name: str, gradient: Tensor, rate: Tensor) -> None:
        """Update one parameter and its slots."""
        self.keras_optimizer.update_step(gradient, self.parameters[name], rate)


class FormulaOptimizer(KerasOptimizer):
    """An optimizer computed by its formula in ``core/optimizers.py``."""

    def __init__(self, training: TrainingSettings, layers: Layers) -> None:
        super().__init__(training, layers)
        self.optimizer = OPTIMIZERS[training.optimizer]
        self.iterations = keras.Variable(0, dtype="int64")
        self.variables = {slot: self._zeros() for slot in self.optimizer.slots}

    def _zeros(self) -> dict[str, Tensor]:
        """Create a variable of zeros for each parameter."""
        return {
            name: keras.Variable(np.zeros(parameter.shape), dtype=self.dtype)
            for name, parameter in self.parameters.items()
        }

    def move(self, name: str, gradient: Tensor, rate: Tensor) -> None:
        """Update one parameter and its slots."""
        parameter = self.parameters[name]
        variables = [self.variables[slot][name] for slot in self.optimizer.slots]
        slots = tuple(tf.convert_to_tensor(variable) for variable in variables)
        moved, new_slots = self.optimizer.update(
            tf.convert_to_tensor(parameter),
            gradient,
            slots,
            rate,
            tf.cast(self.iterations + 1, self.dtype),
            **self.training.hyperparameters,
        )
        parameter.assign(moved)
        for variable, values in zip(variables, new_slots, strict=True):
            variable.assign(values)


def make_optimizer(training: TrainingSettings, layers: Layers) -> KerasOptimizer:
    """Create stock Keras's optimizer if its class takes all hyperparameters, otherwise namegen's formula.

    Keras's ``update_step`` ignores some arguments of its classes, such as ``weight_decay``.
    """
    keras_class = KERAS_CLASSES.get(training.optimizer)
    if keras_class is None:
        return FormulaOptimizer(training, layers)
    if set(keras_class.hyperparameters) != set(training.hyperparameters):
        return FormulaOptimizer(training, layers)
    return StockOptimizer(training, layers)
