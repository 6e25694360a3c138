"""KerasOptimizer: stock Keras's optimizers inside the compiled program, with their state under canonical names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from namegen.backends.keras_engine.layers import Layers, Tensor
from namegen.backends.keras_engine.tensorflow_setup import Untyped, keras
from namegen.core.engine import clipped
from namegen.core.network.architecture import OptimizerState
from namegen.core.settings import TrainingSettings
from namegen.errors import EngineError
from namegen.types import Array


@dataclass(frozen=True)
class KerasClass:
    """The Keras class that computes an optimizer of ``core/optimizers.py``.

    Its arguments have the names of namegen's hyperparameters. Keras's defaults apply to everything else.
    """

    optimizer_class: Untyped
    # For each slot, the suffix of the names of Keras's variables.
    slots: Mapping[str, str] = field(default_factory=dict)
    # A slot is Keras's variable times this.
    sign: int = 1
    # Whether namegen's formula multiplies the learning rate by ``1 − momentum``, which Keras doesn't.
    damps: bool = False


KERAS_CLASSES = {
    "sgd": KerasClass(keras.optimizers.SGD),
    "momentum": KerasClass(
        keras.optimizers.SGD,
        slots={"u": "momentum"},
        sign=-1,  # Keras adds its variable to the parameter, namegen subtracts u
        damps=True,
    ),
    "rmsprop": KerasClass(keras.optimizers.RMSprop, slots={"v": "velocity"}),
    "adam": KerasClass(keras.optimizers.Adam, slots={"m": "momentum", "v": "velocity"}),
}


class KerasOptimizer:
    """An optimizer inside a compiled program.

    Args:
        training: the optimizer, its hyperparameters, and clipping.
        layers: the layers whose parameters it updates.

    Raises:
        EngineError: Keras doesn't have the optimizer.
    """

    # By slot, then by parameter. There are no variables for momentum 0, because they wouldn't have an effect.
    variables: dict[str, dict[str, Tensor]]
    # The program multiplies the learning rate by this.
    damping: float

    def __init__(self, training: TrainingSettings, layers: Layers) -> None:
        """Create Keras's optimizer for the parameters of some layers, and find its state."""
        if training.optimizer not in KERAS_CLASSES:
            raise EngineError(
                f"the backend keras has no optimizer {training.optimizer!r}: use the backend numpy"
            )
        keras_class = KERAS_CLASSES[training.optimizer]
        self.training = training
        self.parameters = layers.parameters
        self.dtype = layers.dtype
        self.sign = keras_class.sign
        self.damping = 1 - training.momentum if keras_class.damps else 1.0

        # Create Keras's optimizer. Its constants need the precision of the layers: TensorFlow rounds a Python float to
        # float32, but keeps a NumPy float64.
        number = np.float64 if self.dtype == "float64" else float
        settings = training.hyperparameters
        hyperparameters = {name: number(value) for name, value in settings.items()}
        self.keras_optimizer = keras_class.optimizer_class(**hyperparameters)
        for constant in ("rho", "beta_1", "beta_2"):
            if hasattr(self.keras_optimizer, constant):
                value = getattr(self.keras_optimizer, constant)
                setattr(self.keras_optimizer, constant, number(value))
        self.keras_optimizer.build(list(self.parameters.values()))

        # Its state has a variable for each slot (such as Adam's m) and parameter. Find the variables of a slot by the
        # end of their names. They're in the order of the parameters.
        self.variables = {}
        for slot, suffix in keras_class.slots.items():
            all_variables = self.keras_optimizer.variables
            variables = [variable for variable in all_variables if variable.name.endswith(suffix)]
            self.variables[slot] = dict(zip(self.parameters, variables, strict=False))

    def update(self, gradients: Sequence[Tensor], rate: Tensor) -> None:
        """Make one update, inside a compiled program."""
        gradients = clipped(gradients, self.training, keras.ops)
        for parameter, gradient in zip(self.parameters.values(), gradients, strict=True):
            self.keras_optimizer.update_step(gradient, parameter, rate)
        self.keras_optimizer.iterations.assign_add(1)

    def get_state(self) -> dict[str, Array]:
        """Copy the state, with namegen's names: ``optimizer.step`` and ``optimizer.{slot}.{parameter}``."""
        step = self.keras_optimizer.iterations.numpy()
        state = {"optimizer.step": np.array(step, np.int64)}
        for slot, variables in self.variables.items():
            for name, parameter in self.parameters.items():
                values = np.zeros(parameter.shape, self.dtype)
                if name in variables:
                    values = self.sign * variables[name].numpy()
                state[f"optimizer.{slot}.{name}"] = values
        return state

    def set_state(self, state: OptimizerState | None) -> None:
        """Set the state. None sets everything to zero."""
        self.keras_optimizer.iterations.assign(0 if state is None else state.step)
        for slot, variables in self.variables.items():
            for name, variable in variables.items():
                values = np.zeros(variable.shape)
                if state is not None:
                    values = self.sign * state.slots[slot][name]
                variable.assign(values.astype(self.dtype))
