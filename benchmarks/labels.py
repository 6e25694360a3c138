"""Compare one model for all origins with a separate model for each origin: ``make labels``.

    python -m benchmarks.labels                              # both lists, three seeds; takes an hour
    python -m benchmarks.labels --lists world-given --seeds 1
    python -m benchmarks.labels --outsider                   # only classify the names again

Each list is split by a hash of its names into a training set (60%), a validation set (10%) and a test set (30%), so
that all origins of a name are in the same set. The shared model is trained on all origins with their labels. Each
single model is trained on one origin, without labels. The losses on the test set are compared name by name.

A classifier then guesses the origins of real names and of names that the shared model generates: see
``labels_classifier.py``. The trained models are stored in ``build/labels``, so you can stop the command and continue
later. It writes ``docs/results/labels.json``. ``python -m benchmarks.labels_page`` writes the page.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

from namegen.threads import limit_threads

limit_threads(1)  # before NumPy is imported

from benchmarks.labels_classifier import mean_accuracies  # noqa: E402
from benchmarks.labels_losses import Losses, confidence_interval, measure_losses  # noqa: E402
from benchmarks.labels_models import SETTINGS, find_test_names, load_list, split_list  # noqa: E402
from benchmarks.labels_page import LabelledList, LabelResult, Labels  # noqa: E402
from benchmarks.pages import RESULTS, read, write  # noqa: E402
from namegen.backends import load_engine  # noqa: E402
from namegen.core.data.corpus import Corpus  # noqa: E402
from namegen.core.evaluation.references import HeldOutReferences  # noqa: E402
from namegen.core.training.preparation import prepare  # noqa: E402
from namegen.settings_toml import Config, merge  # noqa: E402

LISTS = ("world-given", "world-family")
SEEDS = 3


def measure_list(list_name: str, seeds: int) -> LabelledList:
    """Measure all results of a list."""
    corpus = load_list(list_name)
    test_names = find_test_names(corpus)
    losses = measure_losses(list_name, test_names, list(corpus.label_counts), seeds)
    accuracies = mean_accuracies(list_name, test_names, seeds)
    low, high = confidence_interval(losses)
    return LabelledList(
        name=list_name,
        seeds=seeds,
        shared=losses.mean_per_char(losses.shared),
        single=losses.mean_per_char(losses.single),
        ngram=ngram_loss(corpus),
        low=low,
        high=high,
        labels=_label_results(corpus, losses),
        heard=seeds,
        **vars(accuracies),
    )


def classify_again(results: LabelledList, seeds: int) -> LabelledList:
    """Replace the classifier's accuracies in the results of a list."""
    test_names = find_test_names(load_list(results.name))
    accuracies = mean_accuracies(results.name, test_names, seeds)
    return replace(results, heard=seeds, **vars(accuracies))


def ngram_loss(corpus: Corpus) -> float:
    """Return the test loss of the best n-gram, with or without labels, in nats per character."""
    recipe = merge(Config(), SETTINGS).recipe
    parts = prepare(corpus, recipe, load_engine("numpy")).parts
    assert parts.validation is not None
    test_metrics = HeldOutReferences(parts.validation, parts).baseline.test
    assert test_metrics is not None
    return test_metrics.loss_nats_per_char


def _label_results(corpus: Corpus, losses: Losses) -> tuple[LabelResult, ...]:
    """Compare the shared model with each single model."""
    training, _, _ = split_list(corpus)
    training_counts = Counter(training.labels)
    results = []
    for label in corpus.label_counts:
        result = LabelResult(
            label,
            learned=training_counts[label],
            judging=int(losses.has_label(label).sum()),
            shared=losses.mean_of_label(losses.shared, label),
            single=losses.mean_of_label(losses.single, label),
        )
        results.append(result)
    return tuple(results)


def update_document(path: Path, results: LabelledList) -> None:
    """Replace the results of one list in the document."""
    document = read(Labels, path)
    by_name = {entry.name: entry for entry in document.lists}
    by_name[results.name] = results
    lists = tuple(by_name[name] for name in LISTS if name in by_name)
    write(path, replace(document, lists=lists))


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lists", nargs="+", default=LISTS, choices=LISTS)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument(
        "--outsider",
        action="store_true",
        help="only classify names again, without measuring losses",
    )
    parser.add_argument("--out", type=Path, default=RESULTS / "labels.json")
    return parser.parse_args()


def main() -> None:
    """Measure the lists, and write the document after each list."""
    arguments = _parse_arguments()
    earlier_results = {entry.name: entry for entry in read(Labels, arguments.out).lists}
    for list_name in arguments.lists:
        if not arguments.outsider:
            results = measure_list(list_name, arguments.seeds)
        elif list_name in earlier_results:
            results = classify_again(earlier_results[list_name], arguments.seeds)
        else:
            raise SystemExit(f"{arguments.out} has no results for {list_name}: omit --outsider")
        update_document(arguments.out, results)
        print(json.dumps({**vars(results), "labels": None}), flush=True)


if __name__ == "__main__":
    main()
