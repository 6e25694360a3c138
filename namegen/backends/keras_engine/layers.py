"""The network's layers: stock Keras layers on one-hot tokens.

These are ``SimpleRNN``, ``GRU`` with ``reset_after=True``, ``LSTM`` and ``Dense``. A cell that Keras doesn't have is
computed by its formula.
"""

from __future__ import annotations

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
    """A cell computed by its formula. It is called like a cell of stock Keras.

    Args:
        network: the network, which has the formula.
        k: the number of the layer.
        dtype: the type of all numbers.
    """

    def __init__(self, network: RecurrentNetwork, k: int, dtype: str) -> None:
        self.formula = exportable(network, dir(keras.ops), "the backend keras").formula
        self.trainable_variables = [
            keras.Variable(np.zeros(parameter.shape), dtype=dtype)
            for parameter in network.parameters
            if parameter.name.startswith(f"rnn.{k}.")
        ]

    def __call__(self, rows: Tensor, before: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Compute one step of the layer, for B rows.

        Args:
            rows: what the layer reads, (B, K).
            before: the arrays of the state before the step, (B, H) each, with the hidden state h first.

        Returns:
            The layer's output, which is the new h, and all arrays of the state after the step, (B, H) each.
        """
        formula = self.formula
        kernel, recurrent_kernel, bias, *vectors = self.trainable_variables
        biases = tf.reshape(bias, (formula.biases, -1))  # (1 or 2, G·H), for G gates
        # The products, for all gates side by side: x = rows K + b and s = h U. Some cells add a second bias to s. Not
        # all gates have to read the state.
        x = keras.ops.matmul(rows, kernel) + biases[0]  # (B, G·H)
        s = keras.ops.matmul(before[0], recurrent_kernel)  # (B, state gates · H)
        if formula.biases == 2:
            s += biases[1, : s.shape[1]]
        # Cut both into one array (B, H) per gate.
        last_axis = 1
        x_of_gates = tf.split(x, formula.gates, last_axis)
        s_of_gates = tf.split(s, formula.state_gates, last_axis) if formula.state_gates else []
        # The rest is elementwise: run the formula's list of operations with the functions of ``keras.ops``.
        after = formula.run([*x_of_gates, *s_of_gates, *before, *vectors], keras.ops)
        return after[0], after


class Layers:
    """Tokens → recurrent layers → linear layer.

    Args:
        network: the cell and the widths.
        dtype: the type of all numbers. It is passed to every layer, so Keras's global default doesn't change.
    """

    def __init__(self, network: RecurrentNetwork, *, dtype: str) -> None:
        """Create the recurrent cells and the linear layer of a network, with zeros as parameters.

        Only the cells of Keras's recurrent layers are used, because the layers read sequences, and names are read as a
        tree.
        """
        self.network = network
        self.dtype = dtype
        # A state has the arrays of all layers, and h is the first array of each layer. Count from the end to find h of
        # the last layer.
        self.last_hidden = -network.formula.states
        # The recurrent cells. Zeros prevent Keras from drawing initial values, which are set later.
        options: dict[str, Untyped] = {"dtype": dtype, "kernel_initializer": "zeros"}
        self.recurrent: list[Untyped] = []
        stock_layer = STOCK.get(network.cell_class)
        inputs = network.input_size
        for k, width in enumerate(network.hidden):
            if stock_layer is None:
                cell = FormulaCell(network, k, dtype)
            else:
                cell_options = {**options, "recurrent_initializer": "zeros", "seed": 0}
                if stock_layer is keras.layers.GRU:
                    # One product per gate. With one product for all gates, XLA computes the backward pass element by
                    # element.
                    cell_options["implementation"] = 1
                cell = stock_layer(width, **cell_options).cell
                cell.build((None, inputs))
            self.recurrent.append(cell)
            inputs = width  # of the next layer
        # The linear layer.
        self.output = keras.layers.Dense(network.vocabulary_size, **options)
        self.output.build((None, None, inputs))
        # All parameters by namegen's names. Keras lists them in the same order.
        layers = (*self.recurrent, self.output)
        variables = [variable for layer in layers for variable in layer.trainable_variables]
        self.parameters: dict[str, Tensor] = dict(
            zip(network.parameter_shapes, variables, strict=True)
        )

    def read(self, tokens: Tensor, state: list[Tensor]) -> list[Tensor]:
        """Read one token per row, and return the state after it, in the form of ``state``.

        Args:
            tokens: token ids, (B,).
            state: the arrays of all layers' states, (B, H) each, layer by layer. A GRU has one array per layer (h), an
                LSTM two (h and c).
        """
        rows = tf.one_hot(tokens, self.network.input_size, dtype=self.dtype)  # (B, V + L)
        after: list[Tensor] = []
        states = self.network.formula.states  # arrays per layer
        for k, cell in enumerate(self.recurrent):
            layer_state = list(state[k * states : (k + 1) * states])
            # The next layer reads the output of this one.
            rows, layer_after = cell(rows, layer_state)
            after += layer_after
        return after

    def step(self, tokens: Tensor, state: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Read one token per row. Return the logits of the next token, and the state after this one."""
        after = self.read(tokens, state)
        return self.output(after[self.last_hidden]), after
