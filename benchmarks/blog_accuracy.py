"""The blog's networks in stock Keras, trained as the configs say and judged: does its way come to the same as ours?

    python benchmarks/blog_accuracy.py configs/blog-lstm32-last.toml                   # its way: a sample a prefix
    python benchmarks/blog_accuracy.py configs/blog-lstm32-last.toml --samples names   # the same on whole names

RMSprop by the rates and the epochs of the config, Keras's own initial values, 80 % of the list with repeats on both
sides. With ``--samples prefixes`` each prefix is one sample, 1,000 to a batch; behind it come zeros, over which a
masking layer passes. With ``--samples names`` a batch is whole names of about 1,000 characters, each character
predicted where it stands. Accuracy is that of the last epoch over the whole list, in per cent, as the blog gives it.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from namegen.threads import limit_threads

limit_threads(1)

import numpy as np  # noqa: E402  # reads the limit above as it starts
from train_keras import one_hot, prefix_rows, prefixes, read_before, token_rows  # noqa: E402

from namegen.backends.keras_engine.tensorflow_setup import keras, set_threads  # noqa: E402
from namegen.core.data.corpus import Corpus  # noqa: E402
from namegen.core.data.prefix_tree import PrefixTree  # noqa: E402
from namegen.core.data.vocabulary import Vocabulary  # noqa: E402
from namegen.core.settings import NetworkSettings  # noqa: E402
from namegen.lists import load_bundled  # noqa: E402
from namegen.settings_toml import read_config  # noqa: E402

PREFIXES_A_BATCH = 1000
CELLS = {"simple_rnn": keras.layers.SimpleRNN, "gru": keras.layers.GRU, "lstm": keras.layers.LSTM}


def main() -> None:
    """Train one network and print its accuracy wherever the rate falls, and at the end."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("config", type=Path, help="one of configs/blog-*.toml")
    parser.add_argument("--samples", choices=("prefixes", "names"), default="prefixes")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    config, whole = read_config(arguments.config), arguments.samples == "names"
    if (config.training.optimizer, config.training.lr_schedule, config.network.initializer) != (
        "rmsprop",
        "steps",
        "glorot",
    ):
        parser.error(
            f"{arguments.config} is not one of configs/blog-*.toml: expected RMSprop, rate steps, Glorot"
        )
    set_threads(1)
    keras.utils.set_random_seed(arguments.seed)
    corpus = load_bundled(config.data.names)
    training = corpus.split(config.data, seed=arguments.seed)[0].names
    model = network(corpus.vocabulary, config.network, whole=whole)
    if whole:
        data, batch_size = name_samples(training, corpus.vocabulary), config.training.batch_size
    else:
        read, length, target = prefixes(training, corpus.vocabulary)
        data, batch_size = (
            (prefix_rows(read, length, corpus.vocabulary), target, None),
            PREFIXES_A_BATCH,
        )
    starts = [first for first, _ in config.training.lr_steps]
    for (first, rate), end in zip(
        config.training.lr_steps, [*starts[1:], config.training.epochs], strict=True
    ):
        model.optimizer.learning_rate = rate
        model.fit(
            *data[:2], sample_weight=data[2], batch_size=batch_size, epochs=end - first, verbose=0
        )
        argmax, sampled = accuracy(model, corpus, whole=whole)
        print(
            f"epoch {end}, rate {rate:g}: whole list, argmax {argmax:.1f}, sampled {sampled:.1f}",
            flush=True,
        )


def network(vocabulary: Vocabulary, settings: NetworkSettings, *, whole: bool) -> Any:
    """Recurrent layers as the settings say; where a sample is a prefix, the last gives its last state alone."""
    cell = CELLS[settings.cell]
    model = keras.Sequential(
        [
            keras.Input((None, vocabulary.size)),
            *([] if whole else [keras.layers.Masking()]),
            *(cell(width, return_sequences=True) for width in settings.hidden[:-1]),
            cell(settings.hidden[-1], return_sequences=whole),
            keras.layers.Dense(vocabulary.size),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.RMSprop(), loss=loss)
    return model


def name_samples(
    names: Sequence[str], vocabulary: Vocabulary
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Inputs, targets and weights of whole names, a row each."""
    tokens, lengths = token_rows(tuple(names), vocabulary)
    weight = (np.arange(tokens.shape[1]) <= lengths[:, None]).astype(np.float32)
    # fit divides by all places of a batch, the padded ones too: with a mean of 1 the loss is that of a character.
    return one_hot(read_before(tokens), vocabulary), tokens, weight * weight.size / weight.sum()


def accuracy(model: Any, corpus: Corpus, *, whole: bool) -> tuple[float, float]:
    """Argmax and sampled accuracy over the whole list, in per cent: each distinct prefix once, with its count.

    The evaluator of namegen goes on from states, which a stock model does not give: here each prefix is read anew.
    """
    tree = PrefixTree.from_names(corpus.names, corpus.vocabulary)
    read = np.zeros((tree.nodes, tree.depth), np.int32)
    length = np.zeros(tree.nodes, np.int64)
    for depth in range(1, len(tree.level) - 1):
        here = slice(int(tree.level[depth]), int(tree.level[depth + 1]))
        read[here] = read[tree.parent[here]]
        read[here, depth] = tree.token[here]
        length[here] = depth
    if whole:
        rows = one_hot(read, corpus.vocabulary)
        logits = np.concatenate(
            [
                model.predict(rows[start : start + 2048], verbose=0)[
                    np.arange(len(rows[start : start + 2048])), length[start : start + 2048]
                ]
                for start in range(0, len(rows), 2048)
            ]
        )
    else:
        logits = model.predict(
            prefix_rows(read, length, corpus.vocabulary), batch_size=2048, verbose=0
        )
    logits = logits.astype(np.float64)
    probability = np.exp(logits - logits.max(axis=1, keepdims=True))
    probability /= probability.sum(axis=1, keepdims=True)
    node, token, count = tree.edge_node, tree.edge_token, tree.edge_count
    right = count[logits.argmax(axis=1)[node] == token].sum()
    expected = math.fsum((count * probability[node, token]).tolist())
    return 100 * float(right) / tree.characters, 100 * expected / tree.characters


if __name__ == "__main__":
    sys.exit(main())
