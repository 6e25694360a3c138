"""JAX: the cell in ``lax.scan`` over padded rows, the whole update compiled by ``jit``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax, nn

from benchmarks.trainers import SPEED_RATE, Rate
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.network.architecture import RecurrentNetwork
from namegen.types import Array

BUCKETS = (
    0.25,
    0.5,
    0.75,
    0.92,
    1.0,
)  # shares of the names, by length, that are padded to one length


def simple_rnn(
    read: jax.Array, states: tuple[jax.Array, ...], recurrent: jax.Array, bias: jax.Array
) -> tuple:
    """One character of every name: what the input's part gives, and the states before it."""
    return (jnp.tanh(read + states[0] @ recurrent),)


def gru(
    read: jax.Array, states: tuple[jax.Array, ...], recurrent: jax.Array, bias: jax.Array
) -> tuple:
    """Gates z, r, h; the reset gate acts after the product."""
    (h,) = states
    read_z, read_r, read_h = jnp.split(read, 3, axis=-1)
    state_z, state_r, state_h = jnp.split(h @ recurrent + bias[1], 3, axis=-1)
    z = nn.sigmoid(read_z + state_z)
    new = jnp.tanh(read_h + nn.sigmoid(read_r + state_r) * state_h)
    return (z * h + (1 - z) * new,)


def lstm(
    read: jax.Array, states: tuple[jax.Array, ...], recurrent: jax.Array, bias: jax.Array
) -> tuple:
    """Gates i, f, c, o."""
    h, c = states
    i, f, new, o = jnp.split(read + h @ recurrent, 4, axis=-1)
    c = nn.sigmoid(f) * c + nn.sigmoid(i) * jnp.tanh(new)
    return nn.sigmoid(o) * jnp.tanh(c), c


CELLS = {"simple_rnn": simple_rnn, "gru": gru, "lstm": lstm}


def loss(
    parameters: dict[str, jax.Array],
    tokens: jax.Array,
    lengths: jax.Array,
    network: RecurrentNetwork,
) -> jax.Array:
    """Mean over the characters. ``tokens`` is ``(T + 1, B)``: START, the names, boundaries behind them."""
    cell, read = CELLS[network.cell], None
    for k, width in enumerate(network.hidden):
        kernel, bias = parameters[f"rnn.{k}.kernel"], parameters[f"rnn.{k}.bias"]
        read = (kernel[tokens[:-1]] if read is None else read @ kernel) + (
            bias[0] if bias.ndim == 2 else bias
        )
        step = partial(cell, recurrent=parameters[f"rnn.{k}.recurrent_kernel"], bias=bias)
        zeros = (jnp.zeros((tokens.shape[1], width)),) * network.formula.states

        def advance(states: tuple, row: jax.Array, step: Callable = step) -> tuple:
            after = step(row, states)
            return after, after[0]

        _, read = lax.scan(advance, zeros, read)
    log_chances = nn.log_softmax(read @ parameters["output.kernel"] + parameters["output.bias"])
    picked = jnp.take_along_axis(log_chances, tokens[1:, :, None], axis=-1)[..., 0]
    counted = jnp.arange(len(tokens) - 1)[:, None] < lengths
    return -(picked * counted).sum() / counted.sum()


def update(
    state: tuple[dict, dict, dict, jax.Array],
    tokens: jax.Array,
    lengths: jax.Array,
    rate: jax.Array,
    *,
    network: RecurrentNetwork,
) -> tuple[tuple[dict, dict, dict, jax.Array], jax.Array]:
    """One step of Adam, in Keras's form."""
    parameters, first, second, step = state
    value, gradient = jax.value_and_grad(loss)(parameters, tokens, lengths, network)
    step = step + 1
    first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, gradient)
    second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, gradient)
    scaled = rate * jnp.sqrt(1 - 0.999**step) / (1 - 0.9**step)
    moved = jax.tree.map(
        lambda p, m, v: p - scaled * m / (jnp.sqrt(v) + 1e-7), parameters, first, second
    )
    return (moved, first, second, step), value


class JaxTrainer:
    """Trains by JAX, with Adam, on batches of names of similar length, padded to one of a few lengths.

    Args:
        names: the training names.
        network: its cell and widths.
    """

    def __init__(
        self,
        names: Sequence[str],
        vocabulary: Vocabulary,
        network: RecurrentNetwork,
        *,
        batch_size: int,
        seed: int = 0,
    ) -> None:
        flat, lengths = vocabulary.encode_all(names)
        longest = int(lengths.max())
        tokens = np.zeros((len(names), longest + 2), np.int32)  # START, characters, STOP
        tokens[:, 1:-1][np.arange(longest) < lengths[:, None]] = flat
        self.tokens, self.lengths = tokens, (lengths + 1).astype(np.int32)
        self.characters = int(self.lengths.sum())
        self.edges = sorted(
            {int(edge) for edge in np.quantile(self.lengths, BUCKETS, method="higher")}
        )
        self.bucket = np.searchsorted(self.edges, self.lengths)
        self.batch_size, self.seed, self.network = batch_size, seed, network
        self.update = jax.jit(partial(update, network=network), donate_argnums=0)
        self.set_parameters(network.initial_parameters("glorot", rng=np.random.default_rng(0)))

    def set_parameters(self, parameters: Mapping[str, Array]) -> None:
        """As they are: the layout is the same."""
        values = {name: jnp.array(value, jnp.float32) for name, value in parameters.items()}
        zeros = jax.tree.map(jnp.zeros_like, values)
        self.state = (
            values,
            zeros,
            jax.tree.map(jnp.zeros_like, values),
            jnp.zeros((), jnp.float32),
        )

    def get_parameters(self) -> dict[str, Array]:
        """As they are."""
        return {name: np.array(values) for name, values in self.state[0].items()}

    def loss_of_all(self) -> float:
        """Of all names at once."""
        return float(loss(self.state[0], self.tokens.T, self.lengths, self.network))

    def warm_up(self) -> None:
        """Compile for each length, and back to where it began."""
        before = self.get_parameters()
        for edge in self.edges:
            tokens = np.zeros((edge + 1, self.batch_size), np.int32)
            self._step(tokens, np.ones(self.batch_size, np.int32), SPEED_RATE)
        self.set_parameters(before)

    def epoch(self, number: int, rate: Rate) -> None:
        """Train one epoch."""
        for tokens, lengths in self._batches(number):
            now = rate()
            if now is None:
                return
            self._step(tokens, lengths, now)

    def _step(self, tokens: Array, lengths: Array, rate: float) -> None:
        self.state, value = self.update(self.state, tokens, lengths, np.float32(rate))
        value.block_until_ready()  # on one core nothing is lost, and the clock is right for the next rate

    def _batches(self, number: int) -> Iterator[tuple[Array, Array]]:
        """Batches of one bucket each, in random order; the last of a bucket is filled with names that count nothing."""
        rng = np.random.default_rng([self.seed, number])
        order, size, batches = rng.permutation(len(self.lengths)), self.batch_size, []
        for bucket in range(len(self.edges)):
            rows = order[self.bucket[order] == bucket]
            batches += [(bucket, rows[first : first + size]) for first in range(0, len(rows), size)]
        for place in rng.permutation(len(batches)):
            bucket, rows = batches[place]
            edge = self.edges[bucket]
            tokens = np.zeros((edge + 1, self.batch_size), np.int32)
            lengths = np.zeros(self.batch_size, np.int32)
            tokens[:, : len(rows)], lengths[: len(rows)] = (
                self.tokens[rows, : edge + 1].T,
                self.lengths[rows],
            )
            yield tokens, lengths
