"""Train with Keras's ``fit`` on one thread, in two ways."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.trainers import Rate, Trainer, pad_names
from namegen.backends.keras_engine.tensorflow_setup import keras, set_threads
from namegen.core.data.corpus import Corpus
from namegen.core.settings import Recipe
from namegen.types import Array

CELLS = {"simple_rnn": keras.layers.SimpleRNN, "gru": keras.layers.GRU, "lstm": keras.layers.LSTM}
BLOG_PREFIXES = 30_000  # the prefixes in an epoch of the blog's way; all prefixes would need 0.6 GB


class KerasTrainer(Trainer):
    """Train as in Keras's guide: each name is a one-hot row, padded to the longest name with the weight 0.

    ``compile`` and ``fit`` use their defaults. The time to build the arrays isn't measured.
    """

    predicts_each_position = True

    def __init__(self, corpus: Corpus, recipe: Recipe) -> None:
        super().__init__(corpus, recipe)
        set_threads(1)
        self.make_samples()
        self.model = self.build_network()

    def make_samples(self) -> None:
        """Build the arrays for ``fit``: a sample for each name."""
        tokens, target_counts = pad_names(self.names, self.vocabulary)
        position = np.arange(tokens.shape[1] - 1)  # (T,)
        is_target = position < target_counts[:, None]  # (N, T)
        self.inputs = self.one_hot(tokens[:, :-1])  # (N, T, V)
        self.targets = tokens[:, 1:]  # (N, T)
        self.weights: Array | None = is_target.astype(np.float32)  # (N, T)
        self.characters = int(is_target.sum())

    def one_hot(self, tokens: Array) -> Array:
        """Encode each token as a one-hot vector."""
        return np.eye(self.vocabulary.size, dtype=np.float32)[tokens]

    def build_network(self) -> Any:
        """Create and compile the network."""
        *lower_layers, last_width = self.architecture.hidden
        make_cell = CELLS[self.architecture.cell]
        layers: list[Any] = [keras.Input(self.inputs.shape[1:])]
        if not self.predicts_each_position:
            layers.append(keras.layers.Masking())
        layers += [make_cell(width, return_sequences=True) for width in lower_layers]
        layers.append(make_cell(last_width, return_sequences=self.predicts_each_position))
        layers.append(keras.layers.Dense(self.vocabulary.size))
        model = keras.Sequential(layers)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(optimizer="adam", loss=loss)
        return model

    def warm_up(self) -> None:
        """Compile the functions for all shapes of batches. The last batch of an epoch is smaller than the others."""
        last_batch = len(self.inputs) % self.batch_size
        self._fit(2 * self.batch_size + last_batch)

    def epoch(self, number: int, rate: Rate) -> None:
        """Train for an epoch with Keras's default learning rate."""
        self._fit(len(self.inputs))

    def _fit(self, samples: int) -> None:
        """Train on the first samples."""
        weights = None if self.weights is None else self.weights[:samples]
        self.model.fit(
            self.inputs[:samples],
            self.targets[:samples],
            sample_weight=weights,
            batch_size=self.batch_size,
            verbose=0,
        )


class BlogTrainer(KerasTrainer):
    """Train as in the original project's blog.

    Each prefix of a name is a padded and masked one-hot row, and the network predicts the character that comes next.
    """

    predicts_each_position = False

    def make_samples(self) -> None:
        """Build the arrays for ``fit``: a sample for each of some random prefixes, which can be whole names."""
        tokens, target_counts = pad_names(self.names, self.vocabulary)
        prefixes = [
            (row, length) for row, count in enumerate(target_counts) for length in range(count)
        ]
        chosen = np.random.default_rng(0).permutation(len(prefixes))[:BLOG_PREFIXES]
        rows, lengths = np.array(prefixes)[chosen].T  # (P,)
        # The start token and the characters of each prefix. The rest is 0, so that ``Masking`` skips it.
        is_in_prefix = np.arange(tokens.shape[1] - 1) <= lengths[:, None]  # (P, T)
        self.inputs = self.one_hot(tokens[rows, :-1]) * is_in_prefix[..., None]  # (P, T, V)
        self.targets = tokens[rows, lengths + 1]  # (P,)
        self.weights = None
        self.characters = len(chosen)
