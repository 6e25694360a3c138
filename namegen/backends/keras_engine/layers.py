"""What is stock Keras: the layers (``SimpleRNN``, ``GRU`` with ``reset_after=True``, ``LSTM``, ``Dense``) on one-hot
tokens. A cell that Keras lacks runs by its formula.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TypeAlias

import numpy as np

from namegen.backends.keras_engine.tensorflow_setup import Untyped, keras, tf
from namegen.core.network import cells
from namegen.core.network.architecture import RecurrentNetwork, exportable

Tensor: TypeAlias = Untyped

STOCK: dict[type[cells.Cell], Untyped] = {
    cells.SimpleRNN: keras.layers.SimpleRNN,
    cells.GRU: keras.layers.GRU,
    cells.LSTM: keras.layers.LSTM,
}


class FormulaCell:
    """A cell by its formula, to be called as a stock one.

    Args:
        network: has the formula.
        k: which layer.
        dtype: of its numbers.
    """

    def __init__(self, network: RecurrentNetwork, k: int, dtype: str) -> None:
        self.formula = exportable(network, dir(keras.ops), "the backend keras").formula
        shapes = (
            network.parameter_shapes[f"rnn.{k}.{part}"]
            for part in ("kernel", "recurrent_kernel", "bias")
        )
        self.trainable_variables = [
            keras.Variable(np.zeros(shape), dtype=dtype) for shape in shapes
        ]

    def __call__(self, rows: Tensor, before: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """What the layer gives, and the state after the step."""
        formula, (kernel, recurrent_kernel, bias) = self.formula, self.trainable_variables
        biases = tf.reshape(bias, (formula.biases, -1))
        x = keras.ops.matmul(rows, kernel) + biases[0]
        s = keras.ops.matmul(before[0], recurrent_kernel)
        if formula.biases == 2:
            s += biases[1, : s.shape[1]]
        parts = [
            *tf.split(x, formula.gates, 1),
            *(tf.split(s, formula.state_gates, 1) if formula.state_gates else ()),
        ]
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
        self.last_hidden = (
            -network.formula.states
        )  # where the last layer's h stands among the arrays of a state
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
        variables = [
            variable
            for layer in (*self.recurrent, self.output)
            for variable in layer.trainable_variables
        ]
        self.parameters: dict[str, Tensor] = dict(
            zip(network.parameter_shapes, variables, strict=True)
        )

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
