"""Targets smoothed towards counting: at every node those of its own prefix, and of the training part alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from namegen.backends.numpy_engine.engine import NumpyEngine
from namegen.core.data.batching import BatchMaker
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.evaluation.ngram import NgramModel
from namegen.core.settings import DataSettings, NetworkSettings, Recipe, TrainingSettings
from namegen.core.teaching import label_smoothing
from namegen.core.teaching.label_smoothing import CountingTargets
from namegen.core.training.run import TrainingRun
from namegen.errors import SettingsError
from namegen.lists import load_bundled
from namegen.types import Array, Float64

NAMES = ["Al", "Alan", "Alan", "Ali", "Bo", "Bob", "Bobby", "Cy", "Lia", "Al"]
VOCABULARY = Vocabulary.from_names(NAMES)


def prefix(tree: PrefixTree, node: int) -> list[int]:
    """The tokens from the root to a node."""
    tokens = []
    while node >= 0:
        tokens.append(int(tree.token[node]))
        node = int(tree.parent[node])
    return tokens[::-1]


def read(model: NgramModel, tokens: list[int]) -> Float64[Array, "V"]:
    """What follows, by the model, read a token at a time."""
    state = model.initial_state(1)
    for token in tokens:
        logits, state = model.step(np.array([token], np.int32), state)
    return np.exp(logits[0])


@pytest.mark.parametrize("share", [0.3, 1.0])
def test_a_target_is_counting_and_what_followed(share: float) -> None:
    batches = BatchMaker(NAMES, VOCABULARY)
    model = NgramModel(batches.tree, VOCABULARY.size, 8, "kneser-ney")
    smoothed = batches.with_targets(CountingTargets(batches.tree, VOCABULARY.size, share))
    for batch in smoothed.epoch(0, batch_size=4, seed=1):
        tree = batch.tree
        assert batch.targets is not None
        for node in range(tree.nodes):
            followed = np.zeros(VOCABULARY.size)
            for edge in np.flatnonzero(tree.edge_node == node):
                followed[tree.edge_token[edge]] = tree.edge_count[edge] / tree.count[node]
            wanted = share * read(model, prefix(tree, node)) + (1 - share) * followed
            np.testing.assert_allclose(batch.targets[node], wanted, rtol=1e-6, atol=1e-7)


def test_batches_without_targets_stay_as_they_were() -> None:
    batches = BatchMaker(NAMES, VOCABULARY)
    batches.with_targets(CountingTargets(batches.tree, VOCABULARY.size, 0.5))
    assert next(batches.epoch(0, batch_size=4, seed=1)).targets is None


def test_no_held_out_name_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    corpus, counted = load_bundled("mlb-first"), []

    def counting(tree: PrefixTree, *arguments: Any) -> NgramModel:
        counted.append(tree)
        return NgramModel(tree, *arguments)

    monkeypatch.setattr(label_smoothing, "NgramModel", counting)
    training = TrainingSettings(effort="quick", label_smoothing=0.5)
    run = TrainingRun(corpus, Recipe(DataSettings(test=0.1), NetworkSettings(hidden=(2,)), training), NumpyEngine)
    (tree,) = counted
    split = corpus.split(0.1, "unique", 0, test=0.1)
    names = set(corpus.vocabulary.decode_all(tree.sequences().tokens))
    assert names == set(split.training)
    assert not names & {*split.validation, *split.test}
    assert next(run.trainer.batches.epoch(0, batch_size=8, seed=0)).targets is not None


def test_more_than_memory_holds_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(label_smoothing, "LARGEST_TABLE", 10)
    with pytest.raises(
        SettingsError, match=r"label_smoothing is 0\.5, and this list has 16 prefixes and 12 characters"
    ):
        CountingTargets(PrefixTree.from_names(NAMES, VOCABULARY), VOCABULARY.size, 0.5)
