"""Train a network with plain Keras in two ways, on one thread, to compare the speed with namegen's.

``plain_keras`` follows Keras's guide. Each name is a one-hot row, padded to the longest name. The padding has the
weight 0, and ``compile`` and ``fit`` use their defaults.

``blog_keras`` follows the original project's blog. Each prefix of a name is a padded and masked one-hot row, and the
network predicts the character that comes next.

Both measure the characters per second, with the end of each name as a character, as namegen does. The time to build the
arrays and to compile the functions isn't included.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from namegen.backends.keras_engine.tensorflow_setup import keras, set_threads
from namegen.core.data.vocabulary import Vocabulary

CELLS = {"simple_rnn": keras.layers.SimpleRNN, "gru": keras.layers.GRU, "lstm": keras.layers.LSTM}
BLOG_PREFIXES = 30_000  # the prefixes in an epoch of blog_keras; all prefixes would need 0.6 GB


def plain_keras(
    names: tuple[str, ...],
    vocabulary: Vocabulary,
    batch_size: int,
    epochs: int,
    *,
    cell: str = "simple_rnn",
    hidden: tuple[int, ...] = (32, 32),
) -> float:
    """Train on rows of whole names, and return the characters per second. Later calls continue the training."""
    training = _prepare_plain_training(names, vocabulary, batch_size, cell, hidden)
    return training.measure_speed(epochs)


def blog_keras(
    names: tuple[str, ...], vocabulary: Vocabulary, batch_size: int, epochs: int
) -> float:
    """Train on rows of prefixes, and return the characters per second. Later calls continue the training."""
    return _prepare_blog_training(names, vocabulary, batch_size).measure_speed(epochs)


# --- training ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Samples:
    """The arrays that ``fit`` trains on."""

    inputs: np.ndarray  # one-hot, (N, T, V) for names and (P, T, V) for prefixes
    targets: np.ndarray  # (N, T) for names and (P,) for prefixes
    weights: np.ndarray | None = None  # (N, T) for names

    def first(self, count: int) -> Samples:
        """Return the first samples."""
        weights = None if self.weights is None else self.weights[:count]
        return Samples(self.inputs[:count], self.targets[:count], weights)


@dataclass(frozen=True)
class Training:
    """A compiled model and its samples."""

    model: Any
    samples: Samples
    batch_size: int
    characters: int  # per epoch

    def warm_up(self) -> None:
        """Compile the functions for all shapes of batches. The last batch of an epoch is smaller than the others."""
        last_batch = len(self.samples.inputs) % self.batch_size
        few = self.samples.first(2 * self.batch_size + last_batch)
        fit(self.model, few, self.batch_size, epochs=1)

    def measure_speed(self, epochs: int) -> float:
        """Train, and return the characters per second."""
        start = time.perf_counter()
        fit(self.model, self.samples, self.batch_size, epochs)
        seconds = time.perf_counter() - start
        return epochs * self.characters / seconds


def fit(model: Any, samples: Samples, batch_size: int, epochs: int) -> None:
    """Train a model without output."""
    model.fit(
        samples.inputs,
        samples.targets,
        sample_weight=samples.weights,
        batch_size=batch_size,
        epochs=epochs,
        verbose=0,
    )


@cache
def _prepare_plain_training(
    names: tuple[str, ...],
    vocabulary: Vocabulary,
    batch_size: int,
    cell: str,
    hidden: tuple[int, ...],
) -> Training:
    set_threads(1)
    samples = name_samples(names, vocabulary)
    model = build_network(samples.inputs.shape[1:], cell, hidden, whole_names=True)
    training = Training(model, samples, batch_size, characters=int(samples.weights.sum()))
    training.warm_up()
    return training


@cache
def _prepare_blog_training(
    names: tuple[str, ...], vocabulary: Vocabulary, batch_size: int
) -> Training:
    set_threads(1)
    prefixes = Prefixes.of(names, vocabulary)
    chosen = np.random.default_rng(0).permutation(len(prefixes.lengths))[:BLOG_PREFIXES]
    samples = prefixes.select(chosen).samples(vocabulary)
    model = build_network(samples.inputs.shape[1:], "simple_rnn", (32, 32), whole_names=False)
    training = Training(model, samples, batch_size, characters=len(chosen))
    training.warm_up()
    return training


def build_network(
    input_shape: tuple[int | None, int],
    cell: str,
    hidden: Sequence[int],
    *,
    whole_names: bool,
    optimizer: Any = "adam",
) -> Any:
    """Create and compile a recurrent network.

    Args:
        input_shape: The number of positions and the size of the vocabulary.
        cell: The name of the cell.
        hidden: The widths of the layers.
        whole_names: Predict the next character at each position. Otherwise, predict only the character after the
            last position that isn't masked.
        optimizer: The name of the optimizer, or the optimizer.
    """
    make_cell = CELLS[cell]
    vocabulary_size = input_shape[1]
    layers: list[Any] = [keras.Input(input_shape)]
    if not whole_names:
        layers.append(keras.layers.Masking())
    for width in hidden[:-1]:
        layers.append(make_cell(width, return_sequences=True))
    layers.append(make_cell(hidden[-1], return_sequences=whole_names))
    layers.append(keras.layers.Dense(vocabulary_size))
    model = keras.Sequential(layers)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=optimizer, loss=loss)
    return model


# --- samples ----------------------------------------------------------------------------------------------------------


def name_samples(names: Sequence[str], vocabulary: Vocabulary) -> Samples:
    """Return a sample for each name. The padding after its end token has the weight 0."""
    tokens, lengths = encode_names(names, vocabulary)
    is_target = np.arange(tokens.shape[1]) <= lengths[:, None]
    inputs = one_hot(shift_right(tokens), vocabulary)
    return Samples(inputs, tokens, weights=is_target.astype(np.float32))


@dataclass(frozen=True)
class Prefixes:
    """The prefixes of some names, from the empty prefix to the whole name."""

    tokens: np.ndarray  # (P, T), a start token and the whole name
    lengths: np.ndarray  # (P,), how many characters of the name belong to the prefix
    targets: np.ndarray  # (P,), the token after the prefix

    @classmethod
    def of(cls, names: Sequence[str], vocabulary: Vocabulary) -> Prefixes:
        """Return all prefixes of some names."""
        tokens, name_lengths = encode_names(names, vocabulary)
        prefix_counts = name_lengths + 1  # (N,)
        first_prefix = (
            np.cumsum(prefix_counts) - prefix_counts
        )  # (N,), the index of the empty prefix
        name = np.repeat(np.arange(len(names)), prefix_counts)  # (P,), the index of the name
        lengths = np.arange(len(name)) - first_prefix[name]
        return cls(shift_right(tokens)[name], lengths, targets=tokens[name, lengths])

    def select(self, chosen: np.ndarray) -> Prefixes:
        """Return the prefixes with some indices."""
        return Prefixes(self.tokens[chosen], self.lengths[chosen], self.targets[chosen])

    def samples(self, vocabulary: Vocabulary) -> Samples:
        """Return a sample for each prefix."""
        return Samples(one_hot_prefixes(self.tokens, self.lengths, vocabulary), self.targets)


def one_hot_prefixes(tokens: np.ndarray, lengths: np.ndarray, vocabulary: Vocabulary) -> np.ndarray:
    """Encode the start token and the characters of each prefix. The rest is 0, so that ``Masking`` skips it."""
    is_in_prefix = np.arange(tokens.shape[1]) <= lengths[:, None]
    return one_hot(tokens, vocabulary) * is_in_prefix[..., None]


def one_hot(tokens: np.ndarray, vocabulary: Vocabulary) -> np.ndarray:
    """Encode each token as a one-hot vector."""
    return np.eye(vocabulary.size, dtype=np.float32)[tokens]


def encode_names(names: Sequence[str], vocabulary: Vocabulary) -> tuple[np.ndarray, np.ndarray]:
    """Return a row of tokens for each name, padded with one or more end tokens, and the lengths of the names."""
    characters, lengths = vocabulary.encode_all(names)
    tokens = np.zeros((len(names), int(lengths.max()) + 1), np.int32)
    is_character = np.arange(tokens.shape[1]) < lengths[:, None]
    tokens[is_character] = characters
    return tokens, lengths


def shift_right(tokens: np.ndarray) -> np.ndarray:
    """Return the input token before each target: the start token, and then the characters of the name."""
    start_tokens = np.zeros_like(tokens[:, :1])
    return np.concatenate([start_tokens, tokens[:, :-1]], axis=1)
