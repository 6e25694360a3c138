"""The n-gram against the plainest way to count."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.evaluation.counting import NgramModel
from namegen.core.evaluation.evaluator import AccuracyEvaluator
from namegen.lists import load_bundled

NAMES = st.lists(st.text("ab", min_size=1, max_size=5), min_size=1, max_size=30)


def tree_of(names: list[str]) -> tuple[PrefixTree, Vocabulary]:
    vocabulary = Vocabulary.from_names(names)
    return PrefixTree.from_names(names, vocabulary), vocabulary


def plain_witten_bell(names: list[str], order: int, size: int, context: list[int], token: int) -> float:
    """The formula, its counts collected from the token lists of all names, START padded to the left."""
    vocabulary = Vocabulary.from_names(names)
    chance = 1 / size
    for length in range(order):
        follows: Counter[int] = Counter()
        wanted = ([0] * length + context)[len(context) :] if length else []
        for name in names:
            tokens = [0] * length + [0] + vocabulary.encode(name).tolist() + [0]
            for place in range(length + 1, len(tokens)):
                if tokens[place - length : place] == wanted:
                    follows[tokens[place]] += 1
        if follows:
            kinds = len(follows)
            chance = (follows[token] + kinds * chance) / (follows.total() + kinds)
    return chance


@given(NAMES, st.integers(1, 4), st.data())
def test_the_ngram_is_the_formula(names: list[str], order: int, data: st.DataObject) -> None:
    tree, vocabulary = tree_of(names)
    model = NgramModel(tree, vocabulary.size, order)
    prefix = data.draw(st.lists(st.integers(1, vocabulary.size - 1), max_size=4))
    state = model.initial_state(1)
    for token in [0, *prefix]:
        logits, state = model.step(np.array([token], np.int32), state)
    chances = [
        plain_witten_bell(names, order, vocabulary.size, [0, *prefix], token) for token in range(vocabulary.size)
    ]
    np.testing.assert_allclose(np.exp(logits[0]), chances, atol=1e-12)
    assert np.exp(logits[0]).sum() == pytest.approx(1)


def test_the_best_order_is_the_one_with_the_lowest_held_out_loss() -> None:
    split = load_bundled("mlb-first").split(0.1, "names", 0)
    vocabulary = Vocabulary.from_names(split.training + split.validation)
    training, held_out = (PrefixTree.from_names(part, vocabulary) for part in (split.training, split.validation))
    model, figures = NgramModel.best(training, held_out, vocabulary.size)
    others = {
        order: AccuracyEvaluator(NgramModel(training, vocabulary.size, order)).evaluate(held_out)
        for order in (2, 3, 4, 5, 6)
    }
    assert figures.loss_nats_per_char == min(other.loss_nats_per_char for other in others.values())
    assert others[model.order] == figures
