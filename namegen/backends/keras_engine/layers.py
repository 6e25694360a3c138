"""The layers: stock Keras, ``SimpleRNN``, ``GRU`` (``reset_after=True``), ``LSTM`` and ``Dense``, on one-hot tokens."""

from __future__ import annotations

from typing import Any, TypeAlias

from namegen.backends.keras_engine.tensorflow_setup import keras, tf
from namegen.core.network.recurrent_network import RecurrentNetwork

Tensor: TypeAlias = Any  # TensorFlow ships no types
CellState: TypeAlias = list[Any]

CELLS: dict[str, Any] = {"simple_rnn": keras.layers.SimpleRNN, "gru": keras.layers.GRU, "lstm": keras.layers.LSTM}

# Unrolled, a SimpleRNN trains 1.3 times as fast as in a loop and compiles as quickly, in 2 seconds. A GRU or LSTM
# gains less than a tenth, and would compile in 4.6 seconds instead of 2.7.
UNROLLED = frozenset(("simple_rnn",))


class Layers:
    """Tokens → recurrent layers → linear layer.

    Args:
        network: cell and widths.
        dtype: of every layer, given to each, so that Keras's own default stays as it is.
    """

    def __init__(self, network: RecurrentNetwork, *, dtype: str) -> None:
        self.network = network
        self.dtype = dtype
        # Values come from core. Zeros and a fixed seed keep Keras from drawing random numbers of its own.
        plain = {"dtype": dtype, "kernel_initializer": "zeros"}
        recurrent = {**plain, "recurrent_initializer": "zeros", "seed": 0}
        if network.cell != "simple_rnn":
            recurrent["use_cudnn"] = False  # cuDNN's kernels cannot be compiled into the step
        self.recurrent = [
            CELLS[network.cell](
                width, return_sequences=True, return_state=True, unroll=network.cell in UNROLLED, **recurrent
            )
            for width in network.hidden
        ]
        self.output = keras.layers.Dense(network.vocabulary_size, **plain)
        inputs = network.input_size
        for layer, width in zip(self.recurrent, network.hidden, strict=True):
            layer.build((None, None, inputs))
            inputs = width
        self.output.build((None, None, inputs))
        built = [*(layer.cell for layer in self.recurrent), self.output]
        variables = [variable for layer in built for variable in layer.trainable_variables]
        self.parameters: dict[str, Any] = dict(zip(network.parameter_shapes, variables, strict=True))

    def zero_state(self, rows: int | Tensor) -> list[Tensor]:
        """Nothing has been read."""
        return [tf.zeros((rows, width), self.dtype) for width in self.network.state_widths]

    def read_chunk(self, tokens: Tensor, state: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Read ``(B, T)`` tokens: the last layer's output at each ``(B, T, H)``, and the state after the last."""
        rows = self._one_hot(tokens)  # (B, T, V + L)
        after: list[Tensor] = []
        for layer, before in zip(self.recurrent, self._by_layer(state), strict=True):
            rows, *layer_after = layer(rows, initial_state=before)
            after += layer_after
        return rows, after

    def read_chunk_cutting(self, tokens: Tensor, state: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """The same, but for gradients the state before each token is a constant (``through_time=False``).

        A stock pass gives the states; a second runs the same cell once from each of them, stopped.
        """
        count, width = tokens.shape
        rows = self._one_hot(tokens)
        after: list[Tensor] = []
        for layer, before in zip(self.recurrent, self._by_layer(state), strict=True):
            visited = []
            for t in range(width):
                visited.append(before)
                _, before = layer.cell(tf.stop_gradient(rows[:, t]), before)
            after += before
            flat = [
                tf.stop_gradient(tf.reshape(tf.stack(each, axis=1), (count * width, -1)))
                for each in zip(*visited, strict=True)
            ]
            outputs, _ = layer.cell(tf.reshape(rows, (count * width, rows.shape[-1])), flat)
            rows = tf.reshape(outputs, (count, width, outputs.shape[-1]))
        return rows, after

    def step(self, tokens: Tensor, state: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Read one token a row: the logits of the next, and the state after it."""
        rows = self._one_hot(tokens)  # (B, V + L)
        after: list[Tensor] = []
        for layer, before in zip(self.recurrent, self._by_layer(state), strict=True):
            rows, layer_after = layer.cell(rows, before)
            after += layer_after
        return self.output(rows), after

    def _one_hot(self, tokens: Tensor) -> Tensor:
        return tf.one_hot(tokens, self.network.input_size, dtype=self.dtype)

    def _by_layer(self, state: list[Tensor]) -> list[CellState]:
        count = self.network.cell_shape.states
        return [list(state[k : k + count]) for k in range(0, len(state), count)]
