"""Two ways to train the same network with Keras that namegen's engine is held against, at one thread.

``plain_keras`` is what one writes from Keras's guide: every name a row, all padded to one length, one-hot, the padding
weighted 0, ``compile`` and ``fit`` with their defaults. ``blog_keras`` is the way of the blog series: every prefix a
padded and masked one-hot sample of its own, from which the next character is predicted. Both count what namegen counts:
characters to predict, the STOP of every name included. Building the arrays and compiling are not part of the time.
"""

from __future__ import annotations

import time
from functools import cache
from typing import Any

import numpy as np

from namegen.backends.keras_engine.tensorflow_setup import keras, set_threads
from namegen.core.data.vocabulary import Vocabulary

BLOG_PREFIXES = 30_000  # samples of one epoch of the blog's way: one-hot and padded, all of them would take 0.6 GB


def plain_keras(
    names: tuple[str, ...],
    vocabulary: Vocabulary,
    batch_size: int,
    epochs: int,
    *,
    cell: str = "simple_rnn",
    hidden: tuple[int, ...] = (32, 32),
) -> float:
    """Characters a second of ``fit`` on padded rows of whole names; the model goes on from call to call."""
    model, arrays, characters = _plain(names, vocabulary, batch_size, cell, hidden)
    return epochs * characters / _seconds(model, arrays, batch_size, epochs)


def blog_keras(
    names: tuple[str, ...], vocabulary: Vocabulary, batch_size: int, epochs: int
) -> float:
    """Characters a second of ``fit`` on one padded sample a prefix; the model goes on from call to call."""
    model, arrays, characters = _blog(names, vocabulary, batch_size)
    return epochs * characters / _seconds(model, arrays, batch_size, epochs)


def _seconds(model: Any, arrays: tuple[np.ndarray, ...], batch_size: int, epochs: int) -> float:
    start = time.perf_counter()
    model.fit(
        *arrays[:2],
        sample_weight=(*arrays, None)[2],
        batch_size=batch_size,
        epochs=epochs,
        verbose=0,
    )
    return time.perf_counter() - start


@cache
def _plain(
    names: tuple[str, ...],
    vocabulary: Vocabulary,
    batch_size: int,
    cell: str,
    hidden: tuple[int, ...],
) -> tuple[Any, tuple[np.ndarray, ...], int]:
    tokens, lengths = token_rows(names, vocabulary)
    weight = (np.arange(tokens.shape[1]) <= lengths[:, None]).astype(np.float32)
    arrays = one_hot(read_before(tokens), vocabulary), tokens, weight
    model = _trained(vocabulary, arrays, batch_size, cell=cell, hidden=hidden, sequences=True)
    return model, arrays, int(weight.sum())


@cache
def _blog(
    names: tuple[str, ...], vocabulary: Vocabulary, batch_size: int
) -> tuple[Any, tuple[np.ndarray, ...], int]:
    read, length, target = prefixes(names, vocabulary)
    chosen = np.random.default_rng(0).permutation(len(read))[:BLOG_PREFIXES]
    arrays = prefix_rows(read[chosen], length[chosen], vocabulary), target[chosen]
    model = _trained(
        vocabulary, arrays, batch_size, cell="simple_rnn", hidden=(32, 32), sequences=False
    )
    return model, arrays, len(chosen)


def prefixes(
    names: tuple[str, ...], vocabulary: Vocabulary
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Every prefix of every name: START and the name ``(P, T)``, how many characters count, and what follows."""
    tokens, lengths = token_rows(names, vocabulary)
    name = np.repeat(np.arange(len(names)), lengths + 1)
    length = np.arange(len(name)) - np.repeat(np.cumsum(lengths + 1) - lengths - 1, lengths + 1)
    return read_before(tokens)[name], length, tokens[name, length]


def prefix_rows(read: np.ndarray, length: np.ndarray, vocabulary: Vocabulary) -> np.ndarray:
    """START and ``length`` characters as one-hot rows, then zeros, which a masking layer passes over."""
    used = np.arange(read.shape[1]) <= length[:, None]
    return one_hot(read, vocabulary) * used[..., None]


def one_hot(tokens: np.ndarray, vocabulary: Vocabulary) -> np.ndarray:
    """Each id as a row of zeros with a single one."""
    return np.eye(vocabulary.size, dtype=np.float32)[tokens]


def token_rows(names: tuple[str, ...], vocabulary: Vocabulary) -> tuple[np.ndarray, np.ndarray]:
    """Padded token rows that end with at least one boundary, and the lengths of the names."""
    flat, lengths = vocabulary.encode_all(names)
    tokens = np.zeros((len(names), int(lengths.max()) + 1), np.int32)
    tokens[np.arange(tokens.shape[1]) < lengths[:, None]] = flat
    return tokens, lengths


def read_before(tokens: np.ndarray) -> np.ndarray:
    """What is read before each of the tokens: START, then the name."""
    return np.concatenate([np.zeros_like(tokens[:, :1]), tokens[:, :-1]], axis=1)


def _trained(
    vocabulary: Vocabulary,
    arrays: tuple[np.ndarray, ...],
    batch_size: int,
    *,
    cell: str,
    hidden: tuple[int, ...],
    sequences: bool,
) -> Any:
    """The recurrent layers under Adam, compiled by an epoch of the shapes that they will see."""
    set_threads(1)
    layer = {
        "simple_rnn": keras.layers.SimpleRNN,
        "gru": keras.layers.GRU,
        "lstm": keras.layers.LSTM,
    }[cell]
    model = keras.Sequential(
        [
            keras.Input(arrays[0].shape[1:]),
            *(
                [] if sequences else [keras.layers.Masking()]
            ),  # the blog's rows end in zeros that are not read
            *(layer(width, return_sequences=True) for width in hidden[:-1]),
            layer(hidden[-1], return_sequences=sequences),
            keras.layers.Dense(vocabulary.size),
        ]
    )
    model.compile(
        optimizer="adam", loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    )
    rest = len(arrays[0]) % batch_size  # the last batch of an epoch has a shape of its own
    few = [array[: 2 * batch_size + rest] for array in arrays]
    _seconds(model, tuple(few), batch_size, 1)
    return model
