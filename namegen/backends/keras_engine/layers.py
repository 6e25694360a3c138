"""What is stock Keras: the layers (``SimpleRNN``, ``GRU`` with ``reset_after=True``, ``LSTM``, ``Dense``) on one-hot
tokens, and the optimizers, whose state goes by its canonical names. A cell that Keras lacks runs by its formula.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TypeAlias

import numpy as np

from namegen.backends.keras_engine.tensorflow_setup import Untyped, keras, tf
from namegen.core.engine import clipped
from namegen.core.network import cells
from namegen.core.network.architecture import OptimizerState, RecurrentNetwork, exportable
from namegen.core.settings import TrainingSettings
from namegen.types import Array

Tensor: TypeAlias = Untyped

STOCK: dict[type[cells.Cell], Untyped] = {
    cells.SimpleRNN: keras.layers.SimpleRNN,
    cells.GRU: keras.layers.GRU,
    cells.LSTM: keras.layers.LSTM,
}
# Stock Keras's class of each optimizer, and canonical slot → what Keras ends the names of its variables with.
OPTIMIZERS: dict[str, tuple[Untyped, dict[str, str]]] = {
    "sgd": (keras.optimizers.SGD, {}),
    "momentum": (keras.optimizers.SGD, {"u": "momentum"}),
    "rmsprop": (keras.optimizers.RMSprop, {"v": "velocity"}),
    "adam": (keras.optimizers.Adam, {"m": "momentum", "v": "velocity"}),
}
SIGN = {"u": -1}  # Keras's velocity is what is added to a parameter, u what is taken away


class FormulaCell:
    """A cell by its formula, to be called as a stock one.

    Args:
        network: has the formula.
        k: which layer.
        dtype: of its numbers.
    """

    def __init__(self, network: RecurrentNetwork, k: int, dtype: str) -> None:
        self.formula = exportable(network, dir(keras.ops), "the engine keras").formula
        shapes = (network.parameter_shapes[f"rnn.{k}.{part}"] for part in ("kernel", "recurrent_kernel", "bias"))
        self.trainable_variables = [keras.Variable(np.zeros(shape), dtype=dtype) for shape in shapes]

    def __call__(self, rows: Tensor, before: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """What the layer gives, and the state after the step."""
        formula, (kernel, recurrent_kernel, bias) = self.formula, self.trainable_variables
        biases = tf.reshape(bias, (formula.biases, -1))
        x = keras.ops.matmul(rows, kernel) + biases[0]
        s = keras.ops.matmul(before[0], recurrent_kernel)
        if formula.biases == 2:
            s += biases[1, : s.shape[1]]
        parts = [*tf.split(x, formula.gates, 1), *(tf.split(s, formula.state_gates, 1) if formula.state_gates else ())]
        after = formula.run([*parts, *before], keras.ops)
        return after[0], after


class Layers:
    """Tokens → recurrent layers → linear layer.

    Args:
        network: cell and widths.
        dtype: of every layer, given to each, so that Keras's own default stays as it is.
    """

    def __init__(self, network: RecurrentNetwork, *, dtype: str) -> None:
        self.network = network
        self.dtype = dtype
        self.last_hidden = -network.formula.states  # where the last layer's h stands among the arrays of a state
        # Values come from core. Zeros and a fixed seed keep Keras from drawing random numbers of its own.
        plain = {"dtype": dtype, "kernel_initializer": "zeros"}
        recurrent = {**plain, "recurrent_initializer": "zeros", "seed": 0}
        stock = STOCK.get(network.cell_class)
        if stock is keras.layers.GRU:
            # A product for each gate: with one for all, XLA computes the way back number after number.
            recurrent["implementation"] = 1
        self.recurrent: list[Untyped] = []
        for k, (inputs, width) in enumerate(pairwise((network.input_size, *network.hidden))):
            if stock is None:
                self.recurrent.append(FormulaCell(network, k, dtype))
            else:
                self.recurrent.append(stock(width, **recurrent).cell)
                self.recurrent[-1].build((None, inputs))
        self.output = keras.layers.Dense(network.vocabulary_size, **plain)
        self.output.build((None, None, network.hidden[-1]))
        variables = [variable for layer in (*self.recurrent, self.output) for variable in layer.trainable_variables]
        self.parameters: dict[str, Tensor] = dict(zip(network.parameter_shapes, variables, strict=True))

    def read(self, tokens: Tensor, state: list[Tensor]) -> list[Tensor]:
        """Read one token a row: the state after it."""
        rows = tf.one_hot(tokens, self.network.input_size, dtype=self.dtype)  # (B, V + L)
        after: list[Tensor] = []
        count = self.network.formula.states
        for k, cell in enumerate(self.recurrent):
            rows, layer_after = cell(rows, list(state[k * count :][:count]))
            after += layer_after
        return after

    def step(self, tokens: Tensor, state: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Read one token a row: the logits of the next, and the state after it."""
        after = self.read(tokens, state)
        return self.output(after[self.last_hidden]), after


class KerasOptimizer:
    """A stock Keras optimizer that is fed a learning rate at each step.

    Args:
        training: which one, its momentum, and clipping.
        layers: whose parameters it moves.
    """

    def __init__(self, training: TrainingSettings, layers: Layers) -> None:
        self.training, self.parameters, self.dtype = training, layers.parameters, layers.dtype
        name, momentum = training.optimizer, training.momentum
        # What Keras's formula is fed is the learning rate times this: its SGD does not damp by ``1 − m``.
        self.damping = 1 - momentum if name == "momentum" else 1.0
        self.keras_optimizer = make(name, momentum, self.dtype)
        self.keras_optimizer.build(list(self.parameters.values()))
        self.variables: dict[str, dict[str, Tensor]] = {}  # by slot and parameter; none where Keras needs none
        for slot, ending in OPTIMIZERS[name][1].items():
            found = [variable for variable in self.keras_optimizer.variables if variable.name.endswith(ending)]
            self.variables[slot] = dict(zip(self.parameters, found, strict=False))

    def update(self, gradients: Sequence[Tensor], rate: Tensor) -> None:
        """One step, inside a compiled program."""
        gradients = clipped(gradients, self.training, keras.ops)
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
    optimizer = OPTIMIZERS[name][0](**{"momentum": number(momentum)} if name == "momentum" else {})
    for constant in ("rho", "beta_1", "beta_2"):
        if hasattr(optimizer, constant):
            setattr(optimizer, constant, number(getattr(optimizer, constant)))
    return optimizer
