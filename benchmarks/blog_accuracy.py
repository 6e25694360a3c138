"""Train the original project's networks with plain Keras, and measure their accuracy, to compare it with namegen's.

    python benchmarks/blog_accuracy.py configs/blog-lstm32-last.toml                   # prefixes, as in the original
    python benchmarks/blog_accuracy.py configs/blog-lstm32-last.toml --samples names   # whole names

The networks are trained with RMSprop, the learning rates and the epochs of the config, Keras's initial values, and 80%
of the list, where copies of a name can be in both sets. With ``--samples prefixes``, each prefix of a name is a sample,
padded and masked, and a batch has 1,000 samples. With ``--samples names``, each name is a sample, and a batch has about
1,000 characters. The accuracy is the last epoch's, over the whole list, in percent, as in the blog.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from namegen.threads import limit_threads

limit_threads(1)  # before NumPy is imported

import numpy as np  # noqa: E402
from train_keras import (  # noqa: E402
    Prefixes,
    Samples,
    build_network,
    fit,
    name_samples,
    one_hot,
    one_hot_prefixes,
)

from namegen.backends.keras_engine.tensorflow_setup import keras, set_threads  # noqa: E402
from namegen.core.data.corpus import Corpus  # noqa: E402
from namegen.core.data.prefix_tree import PrefixTree  # noqa: E402
from namegen.core.data.vocabulary import Vocabulary  # noqa: E402
from namegen.core.settings import Config, TrainingSettings  # noqa: E402
from namegen.lists import load_bundled  # noqa: E402
from namegen.settings_toml import read_config  # noqa: E402

PREFIXES_PER_BATCH = 1000
PREDICTED_AT_ONCE = 2048


class Phase(NamedTuple):
    """Some epochs with the same learning rate."""

    rate: float
    first_epoch: int
    end: int  # the epoch after the last one


def main() -> None:
    """Train a network, and print its accuracy after each phase."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("config", type=Path, help="one of configs/blog-*.toml")
    parser.add_argument("--samples", choices=("prefixes", "names"), default="prefixes")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    config = read_config(arguments.config)
    if not is_blog_config(config):
        parser.error(
            f"{arguments.config} isn't one of configs/blog-*.toml, with RMSprop, rate steps and Glorot"
        )
    train(config, whole_names=arguments.samples == "names", seed=arguments.seed)


def is_blog_config(config: Config) -> bool:
    """Check that a config trains in the original's way."""
    training = config.training
    has_rate_steps = training.optimizer == "rmsprop" and training.lr_schedule == "steps"
    return has_rate_steps and config.network.initializer == "glorot"


def train(config: Config, *, whole_names: bool, seed: int) -> None:
    """Train a network on a built-in list, and print its accuracy after each phase."""
    set_threads(1)
    keras.utils.set_random_seed(seed)
    corpus = load_bundled(config.data.names)
    input_shape = (None, corpus.vocabulary.size)
    model = build_network(
        input_shape,
        config.network.cell,
        config.network.hidden,
        whole_names=whole_names,
        optimizer=keras.optimizers.RMSprop(),
    )
    training_set, _, _ = corpus.split(config.data, seed=seed)
    samples = make_samples(training_set.names, corpus.vocabulary, whole_names=whole_names)
    batch_size = config.training.batch_size if whole_names else PREFIXES_PER_BATCH
    for phase in plan_phases(config.training):
        model.optimizer.learning_rate = phase.rate
        fit(model, samples, batch_size, epochs=phase.end - phase.first_epoch)
        argmax, sampled = measure_accuracy(model, corpus, whole_names=whole_names)
        results = f"whole list, argmax {argmax:.1f}, sampled {sampled:.1f}"
        print(f"epoch {phase.end}, rate {phase.rate:g}: {results}", flush=True)


def plan_phases(training: TrainingSettings) -> list[Phase]:
    """Return the phases of a run. Each learning rate is used until the next one starts."""
    starts = [first_epoch for first_epoch, _ in training.lr_steps]
    ends = [*starts[1:], training.epochs]
    phases = []
    for (first_epoch, rate), end in zip(training.lr_steps, ends, strict=True):
        phases.append(Phase(rate, first_epoch, end))
    return phases


def make_samples(names: Sequence[str], vocabulary: Vocabulary, *, whole_names: bool) -> Samples:
    """Return a sample for each name or for each prefix.

    ``fit`` divides the loss by the number of all positions, with the padding. For whole names, the weights have a mean
    of 1, so that the loss is a mean per character.
    """
    if not whole_names:
        return Prefixes.of(names, vocabulary).samples(vocabulary)
    samples = name_samples(names, vocabulary)
    weights = samples.weights
    return Samples(samples.inputs, samples.targets, weights * weights.size / weights.sum())


# --- accuracy ---------------------------------------------------------------------------------------------------------


def measure_accuracy(model: Any, corpus: Corpus, *, whole_names: bool) -> tuple[float, float]:
    """Return the argmax accuracy and the sampled accuracy over the whole list, in percent."""
    tree = PrefixTree.from_names(corpus.names, corpus.vocabulary)
    logits = predict_after_prefixes(model, tree, corpus.vocabulary, whole_names=whole_names)
    predicted_token = logits.argmax(axis=1)  # (nodes,)
    probability = softmax(logits.astype(np.float64))  # (nodes, V)
    node = tree.edge_node  # (edges,)
    token = tree.edge_token
    count = tree.edge_count
    correct = count[predicted_token[node] == token].sum()
    expected = math.fsum((count * probability[node, token]).tolist())
    return 100 * float(correct) / tree.characters, 100 * expected / tree.characters


def predict_after_prefixes(
    model: Any, tree: PrefixTree, vocabulary: Vocabulary, *, whole_names: bool
) -> np.ndarray:
    """Return the logits after each prefix of a tree, with shape ``(nodes, V)``."""
    tokens, lengths = prefixes_of_tree(tree)
    if whole_names:
        return predict_with_names(model, tokens, lengths, vocabulary)
    inputs = one_hot_prefixes(tokens, lengths, vocabulary)
    return model.predict(inputs, batch_size=PREDICTED_AT_ONCE, verbose=0)


def prefixes_of_tree(tree: PrefixTree) -> tuple[np.ndarray, np.ndarray]:
    """Return the tokens of each prefix of a tree, with a start token and padding, and the lengths of the prefixes.

    The shapes are ``(nodes, T)`` and ``(nodes,)``.
    """
    tokens = np.zeros((tree.nodes, tree.depth), np.int32)
    lengths = np.zeros(tree.nodes, np.int64)
    for depth in range(1, len(tree.level) - 1):
        nodes = slice(int(tree.level[depth]), int(tree.level[depth + 1]))
        tokens[nodes] = tokens[tree.parent[nodes]]
        tokens[nodes, depth] = tree.token[nodes]
        lengths[nodes] = depth
    return tokens, lengths


def predict_with_names(
    model: Any, tokens: np.ndarray, lengths: np.ndarray, vocabulary: Vocabulary
) -> np.ndarray:
    """Return the logits after each prefix, with shape ``(nodes, V)``, from a model that predicts all positions."""
    inputs = one_hot(tokens, vocabulary)
    logits = []
    for start in range(0, len(inputs), PREDICTED_AT_ONCE):
        rows = slice(start, start + PREDICTED_AT_ONCE)
        logits_at_positions = model.predict(inputs[rows], verbose=0)  # (B, T, V)
        last_position = lengths[rows]
        logits.append(logits_at_positions[np.arange(len(last_position)), last_position])
    return np.concatenate(logits)


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return the probabilities of the tokens, with shape ``(nodes, V)``."""
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


if __name__ == "__main__":
    main()
