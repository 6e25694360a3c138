"""The sums of groups of names against reading every name, one character after the other."""

from __future__ import annotations

import math

import numpy as np
import pytest

from namegen.core.data.batching import label_beginnings
from namegen.core.data.corpus import Corpus
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.evaluation.evaluator import GROUPS, AccuracyEvaluator, group_sums, groups_of
from namegen.core.evaluation.ngram import NgramModel
from namegen.lists import load_bundled

NAMES = list(load_bundled("mlb-first").names[:400])  # many of them more than once
VOCABULARY = Vocabulary.from_names(NAMES)
TREE = PrefixTree.from_names(NAMES, VOCABULARY)
MODEL = NgramModel(PrefixTree.from_names(NAMES[:100], VOCABULARY), VOCABULARY.size, 3)


def slow_sums(names: list[str]) -> np.ndarray:
    """Name by name, repeats and all: characters, nats, hits and probabilities of each group, ``(groups, 4)``."""
    sums = np.zeros((GROUPS, 4))
    for name in names:
        state, last = MODEL.initial_state(1), 0
        for token in [*VOCABULARY.encode(name).tolist(), 0]:
            logits, state = MODEL.step(np.array([last], np.int32), state)
            chances = np.exp(logits[0]) / np.exp(logits[0]).sum()
            of_character = (1, -math.log(chances[token]), int(np.argmax(logits[0])) == token, chances[token])
            sums[groups_of([name])[0]] += of_character
            last = token
    return sums


def test_the_sums_of_each_group_are_those_of_reading_every_name() -> None:
    found = group_sums(MODEL, TREE, VOCABULARY)
    made = np.stack((found.characters, found.nats, found.hits, found.sampled), axis=1)
    np.testing.assert_allclose(made, slow_sums(NAMES), atol=1e-9)


def test_all_groups_together_are_the_figures_of_the_list() -> None:
    found, figures = group_sums(MODEL, TREE, VOCABULARY), AccuracyEvaluator(MODEL).evaluate(TREE)
    characters = found.characters.sum()
    assert characters == TREE.characters
    assert found.nats.sum() / characters == pytest.approx(figures.loss_nats_per_char)
    assert found.hits.sum() / characters == pytest.approx(figures.accuracy_argmax)
    assert found.sampled.sum() / characters == pytest.approx(figures.accuracy_sampled)


def test_a_name_is_in_one_group_under_whatever_label() -> None:
    corpus = Corpus(("Ann", "Ann", "Bo"), source="x", labels=("f", "g", "g"))
    beginnings = label_beginnings(corpus, corpus.vocabulary, corpus.label_counts)
    tree = PrefixTree.from_names(corpus.names, corpus.vocabulary, beginnings)
    found = group_sums(NgramModel(tree, corpus.vocabulary.size, 2), tree, corpus.vocabulary)
    expected = np.zeros(GROUPS, np.int64)
    np.add.at(expected, groups_of(["Ann", "Ann", "Bo"]), [4, 4, 3])
    np.testing.assert_array_equal(found.characters, expected)


def test_groups_are_of_about_one_size() -> None:
    distinct = list(dict.fromkeys(load_bundled("mlb-last").names))
    sizes = np.bincount(groups_of(distinct), minlength=GROUPS)
    expected = len(distinct) / GROUPS
    assert len(sizes) == GROUPS
    assert abs(sizes - expected).max() < 5 * math.sqrt(expected)
