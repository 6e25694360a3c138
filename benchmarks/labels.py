"""Compare one model for all origins with a separate model for each origin: ``make labels``.

    python -m benchmarks.labels                              # both lists, three seeds; takes an hour
    python -m benchmarks.labels --lists world-given --seeds 1

Each list is split by a hash of its names into a training set (60%), a validation set (10%) and a test set (30%), so
that all origins of a name are in the same set. The shared model is trained on all origins with their labels. Each
single model is trained on one origin, without labels. The losses on the test set are compared name by name.

A classifier, a naive Bayes model of the letter groups of a name (1 to 4 letters), is then trained on one half of the
test set. It guesses the origins of the other half, and of names that the shared model generates.

The trained models are stored in ``build/labels``, so you can stop the command and continue later. It writes
``docs/results/labels.json``, and ``python -m benchmarks.labels_page`` writes the page.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from namegen.threads import limit_threads

limit_threads(1)  # before NumPy is imported

import numpy as np  # noqa: E402

from benchmarks.labels_page import LabelledList, LabelResult, Labels  # noqa: E402
from benchmarks.pages import RESULTS, read, write  # noqa: E402
from benchmarks.quality_page import SPLIT_SEED  # noqa: E402
from namegen import api  # noqa: E402
from namegen.backends import load_engine  # noqa: E402
from namegen.core.data.corpus import Corpus  # noqa: E402
from namegen.core.data.normalization import hash_names  # noqa: E402
from namegen.core.data.prefix_tree import PrefixTree  # noqa: E402
from namegen.core.evaluation.evaluator import AccuracyEvaluator  # noqa: E402
from namegen.core.evaluation.references import HeldOutReferences  # noqa: E402
from namegen.core.settings import Config  # noqa: E402
from namegen.core.training.preparation import prepare  # noqa: E402
from namegen.lists import load_bundled  # noqa: E402
from namegen.settings_toml import merge  # noqa: E402
from namegen.types import Array, Float64  # noqa: E402

LISTS = ("world-given", "world-family")
FOLDER = Path("build") / "labels"
RESAMPLES = 2_000
SETTINGS: dict[str, object] = {
    "data.validation": 0.1,
    "data.test": 0.3,
    "data.split_seed": SPLIT_SEED,
    "network.base_model": "none",  # the base models were trained on names of the test set
    "run.threads": 1,
    "run.plot": False,
}


class LabelledName(NamedTuple):
    """A name and its label."""

    name: str
    label: str


def measure_list(list_name: str, seeds: int) -> LabelledList:
    """Measure all results of a list."""
    corpus = load_bundled(list_name, labels="origin")
    training_set, _, test_set = corpus.split(merge(Config(), SETTINGS).data, seed=0)
    held_out = set(test_set.names)
    pairs = dict.fromkeys(zip(corpus.names, corpus.labels, strict=True))
    test_names = [LabelledName(name, label) for name, label in pairs if name in held_out]
    labels = np.array([test_name.label for test_name in test_names])
    lengths = np.array([len(test_name.name) + 1 for test_name in test_names])

    shared = np.zeros((seeds, len(test_names)))  # the loss of each name in nats
    single = np.zeros_like(shared)
    accuracies = []
    for seed in range(seeds):
        shared_model = ensure_model(corpus, list_name, "all", seed)
        accuracies.append(measure_accuracies(shared_model, test_names, seed))
        for label in corpus.label_counts:
            rows = np.flatnonzero(labels == label)
            names = [test_names[row].name for row in rows]
            has_label = [name_label == label for name_label in corpus.labels]
            names_of_label = replace(corpus.where(np.array(has_label)), labels=())
            single_model = ensure_model(names_of_label, list_name, label, seed)
            shared[seed, rows] = name_losses(shared_model, names, shared_model.labels.index(label))
            single[seed, rows] = name_losses(single_model, names, 0)

    parts = prepare(corpus, merge(Config(), SETTINGS).recipe, load_engine("numpy")).parts
    assert parts.validation is not None
    ngram = HeldOutReferences(parts.validation, parts).baseline.test
    assert ngram is not None
    low, high = confidence_interval(test_names, shared - single, lengths)
    training_counts = Counter(training_set.labels)
    results = []
    for label in corpus.label_counts:
        has_label = labels == label
        characters = lengths[has_label].sum()
        result = LabelResult(
            label,
            learned=training_counts[label],
            judging=int(has_label.sum()),
            shared=float(shared[:, has_label].mean(axis=0).sum() / characters),
            single=float(single[:, has_label].mean(axis=0).sum() / characters),
        )
        results.append(result)
    real, new, unfiltered = np.mean(accuracies, axis=0)
    return LabelledList(
        name=list_name,
        seeds=seeds,
        shared=float(shared.mean(axis=0).sum() / lengths.sum()),
        single=float(single.mean(axis=0).sum() / lengths.sum()),
        ngram=ngram.loss_nats_per_char,
        low=low,
        high=high,
        labels=tuple(results),
        heard=seeds,
        real=float(real),
        new=float(new),
        unfiltered=float(unfiltered),
    )


def ensure_model(corpus: Corpus, list_name: str, label: str, seed: int) -> api.LoadedModel:
    """Load a stored model. Train it first, with the default network, if it isn't stored yet."""
    title = f"{list_name} {label} {seed}".lower()
    letters = [letter if letter.isalnum() else "-" for letter in title]
    path = FOLDER / f"{''.join(letters)}.safetensors"
    if not path.exists():
        config = merge(Config(), {**SETTINGS, "training.seed": seed})
        result = api.train(corpus, config=config)
        path.parent.mkdir(parents=True, exist_ok=True)
        result.checkpoint.save(path)
        print(f"{path.stem}: {result.seconds:.0f} s", flush=True)
    return api.load(path)


def name_losses(model: api.LoadedModel, names: Sequence[str], label: int) -> list[float]:
    """Return the loss of each name with a label, in nats. The names are distinct."""
    start_token = model.start_tokens.tokens[label]
    tree = PrefixTree.from_names(names, model.vocabulary, [start_token] * len(names))
    tree_names = model.vocabulary.decode_all(tree.sequences().tokens)
    log_probabilities = AccuracyEvaluator(model.model).name_log_probabilities(tree)
    loss_of_name = dict(zip(tree_names, (-log_probabilities).tolist(), strict=True))
    return [loss_of_name[name] for name in names]


def confidence_interval(
    test_names: Sequence[LabelledName], differences: Float64[Array, "seeds names"], lengths: Array
) -> tuple[float, float]:
    """Return the 95% confidence interval of the mean difference, in nats per character.

    It's a bootstrap over seeds and names. The losses of a name with several labels stay together.
    """
    distinct, index = np.unique([test_name.name for test_name in test_names], return_inverse=True)
    by_name = np.array([np.bincount(index, row) for row in differences])  # (seeds, distinct)
    characters = np.bincount(index, lengths)  # (distinct,)
    rng = np.random.default_rng(0)
    means = []
    for _ in range(RESAMPLES):
        names = rng.integers(len(distinct), size=len(distinct))
        seeds = rng.integers(len(by_name), size=len(by_name))
        means.append(by_name[seeds].mean(axis=0)[names].sum() / characters[names].sum())
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)


def measure_accuracies(
    model: api.LoadedModel, test_names: Sequence[LabelledName], seed: int
) -> tuple[float, float, float]:
    """Return the shares of names that a classifier assigns to the right origin.

    The names are those of one half of the test set, as many that the model generates by default, and as many that it
    generates unfiltered. The classifier is trained on the other half.
    """
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.naive_bayes import MultinomialNB
    from sklearn.pipeline import make_pipeline

    # A hash splits the names, so that a name with several labels is in only one half.
    bits = (hash_names(test_name.name for test_name in test_names) >> np.uint64(7)) % 2
    halves: tuple[list[LabelledName], list[LabelledName]] = ([], [])
    for test_name, bit in zip(test_names, bits.tolist(), strict=True):
        halves[bit].append(test_name)
    test_half, training_half = halves
    letter_groups = CountVectorizer(analyzer="char_wb", ngram_range=(1, 4))
    classifier = make_pipeline(letter_groups, MultinomialNB(alpha=0.1))
    classifier.fit(*zip(*training_half, strict=True))

    def accuracy(names: Sequence[LabelledName]) -> float:
        guesses = classifier.predict([labelled.name for labelled in names])
        return float(np.mean(guesses == [labelled.label for labelled in names]))

    accuracies = [accuracy(test_half)]
    for unfiltered in (False, True):
        generated = []
        for label, count in Counter(labelled.label for labelled in test_half).items():
            names = model.for_labels(label).generate(count, seed=seed, unfiltered=unfiltered)
            generated += [LabelledName(name, label) for name in names]
        accuracies.append(accuracy(generated))
    real, new, unfiltered_accuracy = accuracies
    return real, new, unfiltered_accuracy


def main() -> None:
    """Measure the lists, and write the document after each list."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lists", nargs="+", default=LISTS, choices=LISTS)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=RESULTS / "labels.json")
    arguments = parser.parse_args()
    for list_name in arguments.lists:
        document = read(Labels, arguments.out)
        by_name = {entry.name: entry for entry in document.lists}
        by_name[list_name] = measure_list(list_name, arguments.seeds)
        lists = tuple(by_name[name] for name in LISTS if name in by_name)
        write(arguments.out, replace(document, lists=lists))


if __name__ == "__main__":
    main()
