"""The ceiling, the evaluator and the n-gram against the plainest way to count them."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from namegen.backends.numpy_engine.engine import NumpyEngine
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.evaluation.counting import ListModel, NgramModel
from namegen.core.evaluation.evaluator import AccuracyEvaluator
from namegen.core.evaluation.metrics import Metrics, ceiling
from namegen.core.network.architecture import Network, initial_parameters
from namegen.errors import NamesError
from namegen.lists import load_bundled
from tests import reference

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


@pytest.fixture(scope="module")
def engine_and_names() -> tuple[NumpyEngine, list[str], Vocabulary]:
    names = list(load_bundled("mlb-last").names[:3000])
    vocabulary = Vocabulary.from_names(names)
    engine = NumpyEngine(Network(vocabulary.size, "gru", (8,)), None, threads=1, dtype="float64")
    engine.set_state(initial_parameters(engine.network, "glorot", rng=np.random.default_rng(1)))
    return engine, names, vocabulary


def plain_log_probability(engine: NumpyEngine, tokens: list[int]) -> list[tuple[float, bool]]:
    """One name, one character after the other: the log-probability of each, and whether it was the likeliest."""
    state, last, scores = engine.initial_state(1), 0, []
    for token in tokens:
        logits, state = engine.step(np.array([last], np.int32), state)
        chances = np.exp(logits[0]) / np.exp(logits[0]).sum()
        scores.append((math.log(chances[token]), int(np.argmax(logits[0])) == token))
        last = token
    return scores


def test_evaluation_is_that_of_reading_every_name(engine_and_names) -> None:
    engine, names, vocabulary = engine_and_names
    some = names[:200]
    scores = [plain_log_probability(engine, [*vocabulary.encode(name).tolist(), 0]) for name in some]
    flat = [score for of_name in scores for score in of_name]
    expected = Metrics(
        -sum(score for score, _ in flat) / len(flat),
        sum(right for _, right in flat) / len(flat),
        sum(math.exp(score) for score, _ in flat) / len(flat),
    )
    tree = PrefixTree.from_names(some, vocabulary)
    assert_same(AccuracyEvaluator(engine).evaluate(tree), expected, 1e-10)
    of_names = AccuracyEvaluator(engine).name_log_probabilities(tree)
    spelled = vocabulary.decode_all(tree.sequences()[0])
    by_name = {name: sum(score for score, _ in of_name) for name, of_name in zip(some, scores, strict=True)}
    assert dict(zip(spelled, of_names.tolist(), strict=True)) == pytest.approx(by_name, abs=1e-10)


@pytest.mark.parametrize("rows", [1, 7, 100])
def test_the_size_of_the_chunks_changes_nothing(engine_and_names, rows: int) -> None:
    engine, names, vocabulary = engine_and_names
    tree = PrefixTree.from_names(names[:500], vocabulary)
    whole = AccuracyEvaluator(engine).edge_scores(tree)
    chunked = AccuracyEvaluator(engine, chunk_rows=rows).edge_scores(tree)
    np.testing.assert_allclose(chunked.log_probability, whole.log_probability, atol=1e-12)
    np.testing.assert_array_equal(chunked.is_argmax, whole.is_argmax)


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
