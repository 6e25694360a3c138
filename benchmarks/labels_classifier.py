"""Classify the names of a shared model by origin, for ``benchmarks.labels``.

The classifier is a naive Bayes model of the letter groups of a name (1 to 4 letters). It's trained on one half of the
test set, and guesses the origins of the other half and of generated names.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.labels_models import ALL_LABELS, LabelledName, ensure_model
from namegen import api
from namegen.core.data.normalization import hash_names

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline


@dataclass(frozen=True)
class Accuracies:
    """The shares of names that the classifier assigns to the right origin."""

    real: float  # of real names that no model was trained on
    new: float  # of names that the shared model generates by default
    unfiltered: float  # of names from the shared model's own distribution


def mean_accuracies(list_name: str, test_names: Sequence[LabelledName], seeds: int) -> Accuracies:
    """Return the means over the shared models of several seeds."""
    accuracies = []
    for seed in range(seeds):
        shared_model = ensure_model(list_name, ALL_LABELS, seed)
        accuracies.append(measure_accuracies(shared_model, test_names, seed))
    return Accuracies(
        real=float(np.mean([accuracy.real for accuracy in accuracies])),
        new=float(np.mean([accuracy.new for accuracy in accuracies])),
        unfiltered=float(np.mean([accuracy.unfiltered for accuracy in accuracies])),
    )


def measure_accuracies(
    shared_model: api.LoadedModel, test_names: Sequence[LabelledName], seed: int
) -> Accuracies:
    """Train the classifier on one half of the names, and test it on the other half and on as many generated names."""
    training_half, test_half = split_in_halves(test_names)
    classifier = train_classifier(training_half)
    counts = Counter(test_name.label for test_name in test_half)
    new_names = generate_names(shared_model, counts, seed, unfiltered=False)
    unfiltered_names = generate_names(shared_model, counts, seed, unfiltered=True)
    return Accuracies(
        real=measure_accuracy(classifier, test_half),
        new=measure_accuracy(classifier, new_names),
        unfiltered=measure_accuracy(classifier, unfiltered_names),
    )


def split_in_halves(
    names: Sequence[LabelledName],
) -> tuple[list[LabelledName], list[LabelledName]]:
    """Split names by a hash, so that a name with several labels is in only one half."""
    distinct_names = list(dict.fromkeys(labelled.name for labelled in names))
    bits = (hash_names(distinct_names) >> np.uint64(7)) % 2
    bit_of_name = dict(zip(distinct_names, bits.tolist(), strict=True))
    first_half = [labelled for labelled in names if bit_of_name[labelled.name] == 1]
    second_half = [labelled for labelled in names if bit_of_name[labelled.name] == 0]
    return first_half, second_half


def train_classifier(names: Sequence[LabelledName]) -> Pipeline:
    """Train a naive Bayes classifier of letter groups."""
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.naive_bayes import MultinomialNB
    from sklearn.pipeline import make_pipeline

    letter_groups = CountVectorizer(analyzer="char_wb", ngram_range=(1, 4))
    classifier = make_pipeline(letter_groups, MultinomialNB(alpha=0.1))
    classifier.fit(
        [labelled.name for labelled in names],
        [labelled.label for labelled in names],
    )
    return classifier


def measure_accuracy(classifier: Pipeline, names: Sequence[LabelledName]) -> float:
    """Return the share of names that the classifier assigns to their labels."""
    labels = np.array([labelled.label for labelled in names])
    guessed_labels = classifier.predict([labelled.name for labelled in names])
    return float((guessed_labels == labels).mean())


def generate_names(
    model: api.LoadedModel, counts: Mapping[str, int], seed: int, *, unfiltered: bool
) -> list[LabelledName]:
    """Generate as many names with each label as requested."""
    generated = []
    for label, count in counts.items():
        names = model.for_labels(label).generate(count, seed=seed, unfiltered=unfiltered)
        generated += [LabelledName(name, label) for name in names]
    return generated
