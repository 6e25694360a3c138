"""Check label smoothing, which mixes the targets with predictions of an n-gram."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

from namegen.backends.numpy_engine.engine import NumpyEngine
from namegen.core.data.batching import BatchMaker
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.models.ngram import NgramModel
from namegen.core.settings import DataSettings, NetworkSettings, Recipe, TrainingSettings
from namegen.core.training import label_smoothing
from namegen.core.training.label_smoothing import ngram_by_label, smooth_targets
from namegen.core.training.preparation import prepare
from namegen.errors import SettingsError
from namegen.lists import load_bundled
from tests.reading import logits_behind

NAMES = ["Al", "Alan", "Alan", "Ali", "Bo", "Bob", "Bobby", "Cy", "Lia", "Al"]
VOCABULARY = Vocabulary.from_names(NAMES)


def prefixes_of(tree: PrefixTree, vocabulary: Vocabulary) -> list[str]:
    """Return the prefix of each node, without the start token."""
    prefixes = [""] * tree.nodes
    for node in range(tree.roots, tree.nodes):
        character = vocabulary.characters[tree.token[node] - 1]
        prefixes[node] = prefixes[tree.parent[node]] + character
    return prefixes


@pytest.mark.parametrize("share", [0.3, 1.0])
def test_targets_mix_ngram_predictions_and_observed_characters(share: float) -> None:
    batches = BatchMaker.from_names(NAMES, VOCABULARY)
    ngram = NgramModel(batches.tree, VOCABULARY.size, 8, "kneser-ney")
    smoothed = smooth_targets(batches, VOCABULARY.size, share)
    for batch in smoothed.epoch(0, batch_size=4, seed=1):
        tree = batch.tree
        assert batch.targets is not None
        for node, prefix in enumerate(prefixes_of(tree, VOCABULARY)):
            followed = np.zeros(VOCABULARY.size)
            for edge in np.flatnonzero(tree.edge_node == node):
                followed[tree.edge_token[edge]] = tree.edge_count[edge] / tree.count[node]
            logits = logits_behind(ngram, (0, *VOCABULARY.encode(prefix)))
            expected = np.exp(logits[-1])
            target = share * expected + (1 - share) * followed
            np.testing.assert_allclose(batch.targets[node], target, rtol=1e-6, atol=1e-7)


def test_the_ngram_is_fitted_without_held_out_names(monkeypatch: pytest.MonkeyPatch) -> None:
    corpus, counted = load_bundled("mlb-first"), []

    def noted(tree: PrefixTree, *arguments: Any) -> NgramModel:
        counted.append(tree)
        return NgramModel(tree, *arguments)

    monkeypatch.setattr(label_smoothing, "NgramModel", noted)
    data = DataSettings(test=0.1)
    settings = TrainingSettings(quick=True, label_smoothing=0.5)
    prepared = prepare(corpus, Recipe(data, NetworkSettings(hidden=(2,)), settings), NumpyEngine)
    (tree,) = counted
    training, validation, test = (part.names for part in corpus.split(data, seed=0))
    names = set(corpus.vocabulary.decode_all(tree.sequences().tokens))
    assert names == set(training)
    assert names.isdisjoint((*validation, *test))
    batch = next(prepared.batches.epoch(0, batch_size=8, seed=0))
    assert batch.targets is not None


def test_targets_that_do_not_fit_into_memory_are_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(label_smoothing, "LARGEST_TABLE", 10)
    with pytest.raises(
        SettingsError, match=r"label_smoothing is 0\.5, but .* don't fit into memory"
    ):
        smooth_targets(BatchMaker.from_names(NAMES, VOCABULARY), VOCABULARY.size, 0.5)


def test_the_ngram_of_labeled_names_agrees_with_a_plain_loop() -> None:
    """The plain loop computes one prefix and context at a time. One of the labels has a single name."""
    names = ["Al", "Ali", "Alan", "Bo", "Bob", "Bobby", "Cy", "Lia", "Lila", "Nell", "Ann"] * 3
    vocabulary = Vocabulary.from_names(names)
    labels = [vocabulary.size + (number % 3 == 0) for number in range(len(names))]
    labels[-1] = vocabulary.size + 2
    tree = PrefixTree.from_names(names, vocabulary, labels)

    any_label = 0
    counts: Counter[tuple[int, str, str]] = Counter()  # by label, context and next character
    for name, label in zip(names, labels, strict=True):
        text = f"^{name}$"  # ^ is the start token, $ the end token
        for end in range(1, len(text)):
            for start in range(max(end - label_smoothing.LONGEST_CONTEXT, 0), end + 1):
                context = text[start:end]
                counts[label, context, text[end]] += 1
                counts[any_label, context, text[end]] += 1

    def interpolated(label: int, context: str, shorter: np.ndarray, weight: float) -> np.ndarray:
        count = np.array(
            [counts[label, context, character] for character in "$" + vocabulary.characters]
        )
        return (count + weight * shorter) / (count.sum() + weight)

    found = ngram_by_label(tree, vocabulary.size)
    share_of_label = label_smoothing.SHARE_OF_LABEL
    for node, prefix in enumerate(prefixes_of(tree, vocabulary)):
        label = int(tree.token[tree.root_of[node]])
        text = f"^{prefix}"
        of_label = of_all = np.full(vocabulary.size, 1 / vocabulary.size)
        for length in range(min(len(text), label_smoothing.LONGEST_CONTEXT) + 1):
            context = text[len(text) - length :]
            of_all = interpolated(any_label, context, of_all, label_smoothing.WEIGHT_OF_ALL)
            shorter = share_of_label * of_label + (1 - share_of_label) * of_all
            of_label = interpolated(label, context, shorter, label_smoothing.WEIGHT_OF_LABEL)
        np.testing.assert_allclose(found[node], of_label, atol=1e-6)

    smoothed = smooth_targets(
        BatchMaker.from_names(names, vocabulary, labels), vocabulary.size, 1.0
    )
    [batch] = smoothed.epoch(0, batch_size=99, seed=0)
    np.testing.assert_allclose(batch.targets, found, atol=1e-6)
