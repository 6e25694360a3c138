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

import numpy as np

from benchmarks.bootstrap import confidence_interval
from benchmarks.labels_page import LabelledList, LabelResult, Labels
from benchmarks.pages import RESULTS, read, write
from benchmarks.quality_page import SPLIT_SEED
from namegen import api
from namegen.backends import load_engine
from namegen.core.data.corpus import Corpus
from namegen.core.data.normalization import hash_names
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.evaluation.evaluator import AccuracyEvaluator
from namegen.core.evaluation.references import HeldOutReferences
from namegen.core.settings import Config
from namegen.core.training.preparation import prepare
from namegen.lists import load_bundled
from namegen.settings_toml import merge
from namegen.types import Array

LISTS = ("world-given", "world-family")
FOLDER = Path("build") / "labels"
SETTINGS: dict[str, object] = {
    "data.validation": 0.1,
    "data.test": 0.3,
    "data.split_seed": SPLIT_SEED,
    "network.base_model": "none",  # the base model was trained on names of the test set
    "run.threads": 1,
    "run.plot": False,
}


def measure_list(list_name: str, seeds: int) -> LabelledList:
    """Measure all results of a list."""
    corpus = load_bundled(list_name, labels="origin")
    config = merge(Config(), SETTINGS)
    training_set, _, test_set = corpus.split(config.data, seed=0)
    # The names of the test set, each once per label.
    pairs = sorted(set(zip(test_set.names, test_set.labels, strict=True)))
    names, labels = (np.array(column) for column in zip(*pairs, strict=True))  # (N,)
    characters = np.array([len(name) + 1 for name in names])  # (N,), with the end tokens

    shared = np.zeros((seeds, len(names)))  # the loss of each name in nats
    single = np.zeros_like(shared)
    accuracies = []
    for seed in range(seeds):
        shared_model = ensure_model(corpus, list_name, "all", seed)
        accuracies.append(measure_accuracies(shared_model, names, labels, seed))
        for label in corpus.label_counts:
            has_label = labels == label
            names_of_label = corpus.where(np.array(corpus.labels) == label)
            without_labels = replace(names_of_label, labels=())
            single_model = ensure_model(without_labels, list_name, label, seed)
            label_index = shared_model.labels.index(label)
            shared[seed, has_label] = name_losses(shared_model, names[has_label], label_index)
            single[seed, has_label] = name_losses(single_model, names[has_label], 0)

    parts = prepare(corpus, config.recipe, load_engine("numpy")).parts
    assert parts.validation is not None
    ngram = HeldOutReferences(parts.validation, parts).baseline.test
    assert ngram is not None

    # The losses of a name with several labels stay together in the bootstrap.
    _, index = np.unique(names, return_inverse=True)
    differences = np.array([np.bincount(index, row) for row in shared - single])  # (S, distinct)
    low, high = confidence_interval(differences, np.bincount(index, characters))

    training_counts = Counter(training_set.labels)
    shared_nats = shared.mean(axis=0)  # (N,)
    single_nats = single.mean(axis=0)  # (N,)
    results = []
    for label in corpus.label_counts:
        has_label = labels == label
        label_characters = characters[has_label].sum()
        result = LabelResult(
            label,
            training_names=training_counts[label],
            test_names=int(has_label.sum()),
            shared=float(shared_nats[has_label].sum() / label_characters),
            single=float(single_nats[has_label].sum() / label_characters),
        )
        results.append(result)
    real, new, unfiltered = np.mean(accuracies, axis=0)
    return LabelledList(
        name=list_name,
        seeds=seeds,
        shared=float(shared_nats.sum() / characters.sum()),
        single=float(single_nats.sum() / characters.sum()),
        ngram=ngram.loss_nats_per_char,
        low=low,
        high=high,
        labels=tuple(results),
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
        result = api.train(corpus, config=merge(Config(), {**SETTINGS, "training.seed": seed}))
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


def measure_accuracies(
    model: api.LoadedModel, names: Array, labels: Array, seed: int
) -> tuple[float, float, float]:
    """Return the shares of names that a classifier assigns to the right origin.

    The names are those of one half of the test set, as many that the model generates by default, and as many that it
    generates unfiltered. The classifier is trained on the other half.
    """
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.naive_bayes import MultinomialNB
    from sklearn.pipeline import make_pipeline

    # A hash splits the names, so that a name with several labels is in only one half.
    is_judged = (hash_names(names) >> np.uint64(7)) % 2 == 0
    letter_groups = CountVectorizer(analyzer="char_wb", ngram_range=(1, 4))
    classifier = make_pipeline(letter_groups, MultinomialNB(alpha=0.1))
    classifier.fit(names[~is_judged], labels[~is_judged])

    label_counts = Counter(labels[is_judged].tolist())
    expected = np.repeat(list(label_counts), list(label_counts.values()))
    real = classifier.score(names[is_judged], labels[is_judged])
    generated_scores = []
    for unfiltered in (False, True):
        generated: list[str] = []
        for label, count in label_counts.items():
            one_label = model.for_labels(label)
            generated += one_label.generate(count, seed=seed, unfiltered=unfiltered)
        generated_scores.append(classifier.score(generated, expected))
    new, unfiltered_score = generated_scores
    return float(real), float(new), float(unfiltered_score)


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
        by_name = {entry.name: entry for entry in read(Labels, arguments.out).lists}
        by_name[list_name] = measure_list(list_name, arguments.seeds)
        lists = tuple(by_name[name] for name in LISTS if name in by_name)
        write(arguments.out, Labels(lists))


if __name__ == "__main__":
    main()
