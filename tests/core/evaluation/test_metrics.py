"""The ceiling against the plainest way to count it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.evaluation.evaluator import AccuracyEvaluator, Metrics, ceiling
from namegen.errors import NamesError
from namegen.lists import load_bundled
from tests import reference
from tests.core.evaluation.list_model import ListModel

NAMES = st.lists(st.text("ab", min_size=1, max_size=5), min_size=1, max_size=30)


def tree_of(names: list[str]) -> tuple[PrefixTree, Vocabulary]:
    vocabulary = Vocabulary.from_names(names)
    return PrefixTree.from_names(names, vocabulary), vocabulary


def plain_ceiling(names: list[str]) -> Metrics:
    figures = reference.ceiling(names)
    return Metrics(*(figures[field] for field in ("loss_nats_per_char", "accuracy_argmax", "accuracy_sampled")))


def assert_same(one: Metrics, other: Metrics, tolerance: float = 1e-12) -> None:
    for field in ("loss_nats_per_char", "accuracy_argmax", "accuracy_sampled"):
        assert getattr(one, field) == pytest.approx(getattr(other, field), abs=tolerance), field


@given(NAMES)
def test_the_ceiling_is_that_of_a_plain_count(names: list[str]) -> None:
    assert_same(ceiling(tree_of(names)[0]), plain_ceiling(names))


@pytest.mark.parametrize("name", ["mlb-first", "mlb-last"])
def test_the_ceiling_of_a_real_list_is_that_of_a_plain_count(name: str) -> None:
    names = list(load_bundled(name).names)
    assert_same(ceiling(tree_of(names)[0]), plain_ceiling(names))


@given(NAMES)
def test_the_list_as_a_model_reaches_its_ceiling(names: list[str]) -> None:
    tree, vocabulary = tree_of(names)
    reached = AccuracyEvaluator(ListModel(tree, vocabulary.size)).evaluate(tree)
    top = ceiling(tree)
    assert reached.loss_nats_per_char == pytest.approx(top.loss_nats_per_char, abs=1e-12)
    assert reached.accuracy_sampled == pytest.approx(top.accuracy_sampled, abs=1e-12)
    assert reached.accuracy_argmax == pytest.approx(top.accuracy_argmax, abs=1e-12)


def test_the_list_as_a_model_knows_no_other_names() -> None:
    tree, vocabulary = tree_of(["ab", "ba"])
    other = PrefixTree.from_names(["aa"], vocabulary)
    with pytest.raises(NamesError, match="its own names only"):
        AccuracyEvaluator(ListModel(tree, vocabulary.size)).evaluate(other)
