"""Train with JAX: the cell in ``lax.scan`` over padded rows, and the whole update compiled by ``jit``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax, nn

from benchmarks.trainers import SPEED_RATE, Rate, Trainer, pad_names
from namegen.core.data.corpus import Corpus
from namegen.core.network.architecture import RecurrentNetwork
from namegen.core.settings import Recipe
from namegen.types import Array

# Names are padded to one of these quantiles of all lengths, so JAX compiles the update five times.
LENGTH_QUANTILES = (0.25, 0.5, 0.75, 0.92, 1.0)

Parameters = dict[str, jax.Array]
States = tuple[jax.Array, ...]  # the states of a cell, each with shape (B, H)


# --- the cells --------------------------------------------------------------------------------------------------------
# ``inputs`` is the product of the cell's inputs and kernel, plus the bias, with shape (B, gates · H).


def simple_rnn(
    states: States, inputs: jax.Array, recurrent_kernel: jax.Array, bias: jax.Array
) -> States:
    """Compute the next state of a simple RNN."""
    (h,) = states
    return (jnp.tanh(inputs + h @ recurrent_kernel),)


def gru(states: States, inputs: jax.Array, recurrent_kernel: jax.Array, bias: jax.Array) -> States:
    """Compute the next state of a GRU, with the gates z, r, h. The reset gate is applied after the product."""
    (h,) = states
    input_z, input_r, input_h = jnp.split(inputs, 3, axis=-1)
    state_z, state_r, state_h = jnp.split(h @ recurrent_kernel + bias[1], 3, axis=-1)
    z = nn.sigmoid(input_z + state_z)
    candidate = jnp.tanh(input_h + nn.sigmoid(input_r + state_r) * state_h)
    return (z * h + (1 - z) * candidate,)


def lstm(states: States, inputs: jax.Array, recurrent_kernel: jax.Array, bias: jax.Array) -> States:
    """Compute the next states of an LSTM, with the gates i, f, c, o."""
    h, c = states
    i, f, candidate, o = jnp.split(inputs + h @ recurrent_kernel, 4, axis=-1)
    c = nn.sigmoid(f) * c + nn.sigmoid(i) * jnp.tanh(candidate)
    return nn.sigmoid(o) * jnp.tanh(c), c


CELLS = {"simple_rnn": simple_rnn, "gru": gru, "lstm": lstm}


# --- the update -------------------------------------------------------------------------------------------------------


class State(NamedTuple):
    """The parameters and the state of Adam."""

    parameters: Parameters
    first_moments: Parameters
    second_moments: Parameters
    step: jax.Array


def mean_loss(
    parameters: Parameters, tokens: jax.Array, lengths: jax.Array, network: RecurrentNetwork
) -> jax.Array:
    """Compute the mean loss per character.

    Args:
        parameters: The parameters by name.
        tokens: The start token, the characters and at least one end token of each name, with shape ``(T + 1, B)``.
        lengths: The number of characters to predict in each name, with shape ``(B,)``.
        network: The cell and the widths.
    """
    kernel = parameters["rnn.0.kernel"]
    # The product of one-hot rows and the kernel.
    layer_inputs = kernel[tokens[:-1]]  # (T, B, gates · H)
    outputs = read_layer(parameters, 0, layer_inputs, network)  # (T, B, H)
    for layer in range(1, len(network.hidden)):
        layer_inputs = outputs @ parameters[f"rnn.{layer}.kernel"]
        outputs = read_layer(parameters, layer, layer_inputs, network)
    logits = outputs @ parameters["output.kernel"] + parameters["output.bias"]  # (T, B, V)
    targets = tokens[1:, :, None]
    of_targets = jnp.take_along_axis(nn.log_softmax(logits), targets, axis=-1)[..., 0]  # (T, B)
    is_target = jnp.arange(len(tokens) - 1)[:, None] < lengths
    return -(of_targets * is_target).sum() / is_target.sum()


def read_layer(
    parameters: Parameters, layer: int, inputs: jax.Array, network: RecurrentNetwork
) -> jax.Array:
    """Run a layer over all positions, and return its outputs with shape ``(T, B, H)``."""
    bias = parameters[f"rnn.{layer}.bias"]
    input_bias = bias[0] if bias.ndim == 2 else bias
    next_states = partial(
        CELLS[network.cell],
        recurrent_kernel=parameters[f"rnn.{layer}.recurrent_kernel"],
        bias=bias,
    )

    def advance(states: States, row: jax.Array) -> tuple[States, jax.Array]:
        new_states = next_states(states, row)
        return new_states, new_states[0]

    zeros = jnp.zeros((inputs.shape[1], network.hidden[layer]))
    _, outputs = lax.scan(advance, (zeros,) * network.formula.states, inputs + input_bias)
    return outputs


def update(
    state: State,
    tokens: jax.Array,
    lengths: jax.Array,
    rate: jax.Array,
    *,
    network: RecurrentNetwork,
) -> tuple[State, jax.Array]:
    """Do one step of Adam with Keras's formula. Return the new state, and the loss before the step."""
    loss, gradient = jax.value_and_grad(mean_loss)(state.parameters, tokens, lengths, network)
    step = state.step + 1
    first_moments = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, state.first_moments, gradient)
    second_moments = jax.tree.map(
        lambda v, g: 0.999 * v + 0.001 * g * g, state.second_moments, gradient
    )
    scaled_rate = rate * jnp.sqrt(1 - 0.999**step) / (1 - 0.9**step)
    parameters = jax.tree.map(
        lambda p, m, v: p - scaled_rate * m / (jnp.sqrt(v) + 1e-7),
        state.parameters,
        first_moments,
        second_moments,
    )
    return State(parameters, first_moments, second_moments, step), loss


# --- the trainer ------------------------------------------------------------------------------------------------------


class JaxTrainer(Trainer):
    """Train with Adam on batches of names of similar lengths, padded to one of a few lengths."""

    def __init__(self, corpus: Corpus, recipe: Recipe) -> None:
        super().__init__(corpus, recipe)
        self.tokens, lengths = pad_names(self.names, self.vocabulary)  # (N, T + 1), (N,)
        self.lengths = lengths.astype(np.int32)
        self.characters = int(self.lengths.sum())
        # Assign each name to the bucket with the smallest padded length that is long enough.
        padded_lengths = np.quantile(self.lengths, LENGTH_QUANTILES, method="higher")
        self.padded_lengths = sorted({int(length) for length in padded_lengths})
        self.bucket = np.searchsorted(self.padded_lengths, self.lengths)  # (N,)
        network = self.architecture
        self._update = jax.jit(partial(update, network=network), donate_argnums=0)
        self.set_parameters(network.initial_parameters("glorot", rng=np.random.default_rng(0)))

    def set_parameters(self, parameters: Mapping[str, Array]) -> None:
        """Set the parameters, and reset the optimizer."""
        values = {name: jnp.array(value, jnp.float32) for name, value in parameters.items()}
        self.state = State(
            parameters=values,
            first_moments=jax.tree.map(jnp.zeros_like, values),
            second_moments=jax.tree.map(jnp.zeros_like, values),
            step=jnp.zeros((), jnp.float32),
        )

    def get_parameters(self) -> dict[str, Array]:
        """Return the parameters by name."""
        return {name: np.array(values) for name, values in self.state.parameters.items()}

    def loss_of_all(self) -> float:
        """Compute the loss of all names, in nats per character."""
        return float(
            mean_loss(self.state.parameters, self.tokens.T, self.lengths, self.architecture)
        )

    def warm_up(self) -> None:
        """Compile the update for each padded length, and restore the parameters."""
        before = self.get_parameters()
        for padded_length in self.padded_lengths:
            tokens = np.zeros((padded_length + 1, self.batch_size), np.int32)
            self._step(tokens, np.ones(self.batch_size, np.int32), SPEED_RATE)
        self.set_parameters(before)

    def epoch(self, number: int, rate: Rate) -> None:
        """Train for an epoch."""
        for tokens, lengths in self._batches(number):
            learning_rate = rate()
            if learning_rate is None:
                return
            self._step(tokens, lengths, learning_rate)

    def _step(self, tokens: Array, lengths: Array, rate: float) -> None:
        """Update the parameters, and wait for the result, because the next learning rate can depend on the time."""
        self.state, loss = self._update(self.state, tokens, lengths, np.float32(rate))
        loss.block_until_ready()  # costs no time on one core

    def _batches(self, number: int) -> Iterator[tuple[Array, Array]]:
        """Yield the tokens and lengths of each batch of an epoch. A batch has names of one bucket."""
        rng = np.random.default_rng([0, number])
        order = rng.permutation(len(self.lengths))
        batches = []
        for bucket, padded_length in enumerate(self.padded_lengths):
            rows = order[self.bucket[order] == bucket]
            for start in range(0, len(rows), self.batch_size):
                batches.append((rows[start : start + self.batch_size], padded_length))
        for index in rng.permutation(len(batches)):
            rows, padded_length = batches[index]
            # Empty names of length 0 fill up the last batch of a bucket.
            tokens = np.zeros((padded_length + 1, self.batch_size), np.int32)
            lengths = np.zeros(self.batch_size, np.int32)
            tokens[:, : len(rows)] = self.tokens[rows, : padded_length + 1].T
            lengths[: len(rows)] = self.lengths[rows]
            yield tokens, lengths
