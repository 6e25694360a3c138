"""The layers: stock Keras, ``SimpleRNN``, ``GRU`` (``reset_after=True``), ``LSTM`` and ``Dense``, on one-hot tokens."""

from __future__ import annotations

from typing import TypeAlias

from namegen.backends.keras_engine.tensorflow_setup import Untyped, keras, tf
from namegen.core.network.recurrent_network import RecurrentNetwork

Tensor: TypeAlias = Untyped
CellState: TypeAlias = list[Tensor]

CELLS: dict[str, Untyped] = {"simple_rnn": keras.layers.SimpleRNN, "gru": keras.layers.GRU, "lstm": keras.layers.LSTM}


class Layers:
    """Tokens → recurrent layers → linear layer.

    Args:
        network: cell and widths.
        dtype: of every layer, given to each, so that Keras's own default stays as it is.
    """

    def __init__(self, network: RecurrentNetwork, *, dtype: str) -> None:
        self.network = network
        self.dtype = dtype
        self.last_hidden = -network.cell_shape.states  # where the last layer's h stands among the arrays of a state
        # Values come from core. Zeros and a fixed seed keep Keras from drawing random numbers of its own.
        plain = {"dtype": dtype, "kernel_initializer": "zeros"}
        recurrent = {**plain, "recurrent_initializer": "zeros", "seed": 0}
        if network.cell == "gru":
            # A product for each gate. With one for all, XLA computes the way back gate by gate, number after number:
            # 20.9 ms an update of 192 units instead of 16.0 (but of 2×32 units 3.9 ms instead of 4.4).
            recurrent["implementation"] = 1
        self.recurrent = [CELLS[network.cell](width, **recurrent) for width in network.hidden]
        self.output = keras.layers.Dense(network.vocabulary_size, **plain)
        inputs = network.input_size
        for layer, width in zip(self.recurrent, network.hidden, strict=True):
            layer.build((None, None, inputs))
            inputs = width
        self.output.build((None, None, inputs))
        built = [*(layer.cell for layer in self.recurrent), self.output]
        variables = [variable for layer in built for variable in layer.trainable_variables]
        self.parameters: dict[str, Tensor] = dict(zip(network.parameter_shapes, variables, strict=True))

    def read(self, tokens: Tensor, state: list[Tensor]) -> list[Tensor]:
        """Read one token a row: the state after it."""
        rows = tf.one_hot(tokens, self.network.input_size, dtype=self.dtype)  # (B, V + L)
        after: list[Tensor] = []
        for layer, before in zip(self.recurrent, self._by_layer(state), strict=True):
            rows, layer_after = layer.cell(rows, before)
            after += layer_after
        return after

    def logits(self, state: list[Tensor]) -> Tensor:
        """Of the next token, from the state after the last."""
        return self.output(state[self.last_hidden])

    def step(self, tokens: Tensor, state: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Read one token a row: the logits of the next, and the state after it."""
        after = self.read(tokens, state)
        return self.logits(after), after

    def _by_layer(self, state: list[Tensor]) -> list[CellState]:
        count = self.network.cell_shape.states
        return [list(state[k : k + count]) for k in range(0, len(state), count)]
