"""The blog's networks in stock Keras, trained and judged: what makes its figures differ from those of namegen.

    python benchmarks/blog_accuracy.py mlb-last --cell lstm                       # its way: a sample a prefix
    python benchmarks/blog_accuracy.py mlb-last --cell lstm --samples names       # the same network on whole names
    python benchmarks/blog_accuracy.py mlb-last --cell lstm --no-forget-bias      # gates that begin at zero

RMSprop, the blog's four rates for a quarter of the epochs each, 80 % of the list, repeats on both sides. With
``--samples prefixes`` each prefix is one sample behind padding of zeros, 1,000 to a batch, and the network also reads
the padding. With ``--samples names`` a batch is whole names of about 1,000 characters, each character predicted where
it stands. Accuracy is that of the last epoch over the whole list, in per cent, as the blog gives it.
"""

from __future__ import annotations

import argparse
import math
import sys
from typing import Any

from namegen.threads import limit_threads

limit_threads(1)

import numpy as np  # noqa: E402  # reads the limit above as it starts
from train_keras import token_rows  # noqa: E402

from namegen.backends.keras_engine.tensorflow_setup import keras, set_threads  # noqa: E402
from namegen.core.corpus import Corpus  # noqa: E402
from namegen.core.prefix_tree import PrefixTree  # noqa: E402
from namegen.core.vocabulary import Vocabulary  # noqa: E402
from namegen.lists import load_bundled  # noqa: E402

RATES = (0.01, 0.005, 0.002, 0.001)
CHARACTERS_A_BATCH = 1000
CELLS = {"simple_rnn": keras.layers.SimpleRNN, "gru": keras.layers.GRU, "lstm": keras.layers.LSTM}


def main() -> None:
    """Train one network and print its accuracy."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("list", choices=("mlb-first", "mlb-last"))
    parser.add_argument("--cell", choices=tuple(CELLS), default="lstm")
    parser.add_argument("--hidden", type=int, default=32)
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--samples", choices=("prefixes", "names"), default="prefixes")
    parser.add_argument("--no-forget-bias", action="store_true", help="LSTM: begin with biases of 0, as namegen does")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    if arguments.epochs < len(RATES):
        parser.error(f"--epochs is {arguments.epochs}: expected at least {len(RATES)}, one for each rate")
    set_threads(1)
    keras.utils.set_random_seed(arguments.seed)
    corpus = load_bundled(arguments.list)
    training = corpus.split(0.2, "names", arguments.seed).training
    model = network(corpus.vocabulary, arguments)
    data, batch_size = samples(training, corpus, arguments.samples)
    for rate in RATES:
        model.optimizer.learning_rate = rate
        model.fit(*data[:2], sample_weight=data[2], batch_size=batch_size, epochs=arguments.epochs // 4, verbose=0)
        argmax, sampled = accuracy(model, corpus, arguments.samples)
        print(f"after the epochs at {rate:g}: whole list, argmax {argmax:.1f}, sampled {sampled:.1f}", flush=True)


def network(vocabulary: Vocabulary, arguments: argparse.Namespace) -> Any:
    """Two recurrent layers; the second gives its last state alone where a sample is a prefix."""
    whole = arguments.samples == "names"
    more = {"unit_forget_bias": not arguments.no_forget_bias} if arguments.cell == "lstm" else {}
    cell = CELLS[arguments.cell]
    model = keras.Sequential(
        [
            keras.Input((None, vocabulary.size)),
            cell(arguments.hidden, return_sequences=True, **more),
            cell(arguments.hidden, return_sequences=whole, **more),
            keras.layers.Dense(vocabulary.size),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.RMSprop(), loss=loss)
    return model


def samples(names: tuple[str, ...], corpus: Corpus, form: str) -> tuple[tuple[Any, ...], int]:
    """Inputs, targets and weights of the training names, and how many samples make a batch."""
    tokens, lengths = token_rows(names, corpus.vocabulary)
    read = np.concatenate([np.zeros_like(tokens[:, :1]), tokens[:, :-1]], axis=1)  # START, then the name
    if form == "names":
        weight = (np.arange(tokens.shape[1]) <= lengths[:, None]).astype(np.float32)
        batch = round(CHARACTERS_A_BATCH / (weight.sum() / len(names)))
        # fit divides by the samples, each of which is many characters here: weights of mean 1 a row keep the rates.
        return (corpus.vocabulary.one_hot(read), tokens, weight * weight.size / weight.sum()), batch
    name = np.repeat(np.arange(len(names)), lengths + 1)
    length = np.arange(len(name)) - np.repeat(np.cumsum(lengths + 1) - lengths - 1, lengths + 1)
    return (padded(read[name], length, corpus.vocabulary), tokens[name, length], None), CHARACTERS_A_BATCH


def padded(read: np.ndarray, length: np.ndarray, vocabulary: Vocabulary) -> np.ndarray:
    """Each prefix of ``length`` characters (and START) as one-hot rows at the end, zeros before it."""
    used = np.arange(read.shape[1]) <= length[:, None]
    columns = (np.arange(read.shape[1]) + length[:, None] + 1) % read.shape[1]
    return np.take_along_axis(vocabulary.one_hot(read) * used[..., None], columns[..., None], axis=1)


def accuracy(model: Any, corpus: Corpus, form: str) -> tuple[float, float]:
    """Argmax and sampled accuracy over the whole list, in per cent: each distinct prefix once, with its count."""
    tree = PrefixTree.from_names(corpus.names, corpus.vocabulary)
    longest = tree.depth
    read = np.zeros((tree.nodes, longest), np.int32)
    length = np.zeros(tree.nodes, np.int64)
    for depth in range(1, len(tree.level) - 1):
        here = slice(int(tree.level[depth]), int(tree.level[depth + 1]))
        read[here] = read[tree.parent[here]]
        read[here, depth] = tree.token[here]
        length[here] = depth
    if form == "names":
        rows = corpus.vocabulary.one_hot(read)
        logits = np.concatenate(
            [
                model.predict(rows[start : start + 2048], verbose=0)[
                    np.arange(len(rows[start : start + 2048])), length[start : start + 2048]
                ]
                for start in range(0, len(rows), 2048)
            ]
        )
    else:
        logits = model.predict(padded(read, length, corpus.vocabulary), batch_size=2048, verbose=0)
    logits = logits.astype(np.float64)
    probability = np.exp(logits - logits.max(axis=1, keepdims=True))
    probability /= probability.sum(axis=1, keepdims=True)
    node, token, count = tree.edge_node, tree.edge_token, tree.edge_count
    right = count[logits.argmax(axis=1)[node] == token].sum()
    expected = math.fsum((count * probability[node, token]).tolist())
    return 100 * float(right) / tree.characters, 100 * expected / tree.characters


if __name__ == "__main__":
    sys.exit(main())
