"""Figures, counting and scores where names begin in several ways, against reading every name behind its beginning."""

from __future__ import annotations

import math
from collections import Counter, defaultdict

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import Beginnings
from namegen.core.engine import LanguageModel
from namegen.core.evaluation.evaluator import AccuracyEvaluator, all_log_probabilities, ceiling
from namegen.core.evaluation.mixture import AnyBeginning, _mixed, as_one
from namegen.core.evaluation.ngram import NgramModel
from namegen.core.evaluation.scoring import score_names, score_quantiles
from tests.core.evaluation.list_model import ListModel
from tests.core.generation.exact import SmallModel, all_names, over_beginnings

MODEL = SmallModel()
V = MODEL.vocabulary_size
THREE = Beginnings((V, V + 1, V + 2), (0.5, 0.3, 0.2))
LISTS = st.lists(st.tuples(st.integers(0, 2), st.text("abc", max_size=4)), min_size=1, max_size=12)


def tree_of(names: list[tuple[int, str]]) -> PrefixTree:
    return PrefixTree.from_names([name for _, name in names], MODEL.vocabulary, [V + label for label, _ in names])


def letters_of(model: LanguageModel, beginning: int, name: str) -> list[tuple[float, bool]]:
    """The log-probability of each character and of the end, and whether it was the likeliest."""
    state, last, found = model.initial_state(1), beginning, []
    for token in [*MODEL.vocabulary.encode(name).tolist(), 0]:
        logits, state = model.step(np.array([last], np.int32), state)
        wide = logits[0].astype(float)
        found.append((wide[token] - np.logaddexp.reduce(wide), int(np.argmax(wide)) == token))
        last = token
    return found


@given(LISTS, st.sampled_from([1, 3, 100]))
def test_the_evaluator_reads_each_name_behind_its_beginning(names: list[tuple[int, str]], rows: int) -> None:
    tree = tree_of(names)
    evaluator = AccuracyEvaluator(MODEL, chunk_rows=rows)
    flat = [letter for label, name in names for letter in letters_of(MODEL, V + label, name)]
    figures = evaluator.evaluate(tree)
    assert figures.loss_nats_per_char == pytest.approx(-sum(score for score, _ in flat) / len(flat))
    assert figures.accuracy_argmax == pytest.approx(sum(right for _, right in flat) / len(flat))
    assert figures.accuracy_sampled == pytest.approx(sum(math.exp(score) for score, _ in flat) / len(flat))
    found = evaluator.name_log_probabilities(tree)
    expected = [
        sum(score for score, _ in letters_of(MODEL, beginning, name))
        for beginning, name in zip(
            tree.sequences().beginnings, MODEL.vocabulary.decode_all(tree.sequences().tokens), strict=True
        )
    ]
    np.testing.assert_allclose(found, expected, atol=1e-9)


@given(LISTS)
def test_the_ceiling_is_the_list_as_a_model_that_knows_the_label(names: list[tuple[int, str]]) -> None:
    tree = tree_of(names)
    follows: dict[tuple[int, str], Counter[str]] = defaultdict(Counter)
    for label, name in names:
        for place in range(len(name) + 1):
            follows[label, name[:place]][name[place : place + 1]] += 1
    expected = sum(
        -math.log(follows[label, name[:place]][name[place : place + 1]] / follows[label, name[:place]].total())
        for label, name in names
        for place in range(len(name) + 1)
    )
    found, reached = ceiling(tree), AccuracyEvaluator(ListModel(tree, V)).evaluate(tree)
    assert found.loss_nats_per_char == pytest.approx(expected / tree.characters, abs=1e-12)
    assert reached.loss_nats_per_char == pytest.approx(found.loss_nats_per_char, abs=1e-12)
    assert reached.accuracy_sampled == pytest.approx(found.accuracy_sampled, abs=1e-12)


def plain_witten_bell(names: list[tuple[int, str]], order: int, context: list[int], token: int) -> float:
    """The formula, its counts collected from the tokens of all names, each one's beginning padded to the left."""
    chance = 1 / V
    for length in range(order):
        wanted = ([context[0]] * length + context)[len(context) :] if length else []
        follows: Counter[int] = Counter()
        for label, name in names:
            tokens = [V + label] * (length + 1) + MODEL.vocabulary.encode(name).tolist() + [0]
            for place in range(length + 1, len(tokens)):
                if tokens[place - length : place] == wanted:
                    follows[tokens[place]] += 1
        if follows:
            chance = (follows[token] + len(follows) * chance) / (follows.total() + len(follows))
    return chance


@given(LISTS, st.integers(1, 4), st.integers(0, 3), st.text("abc", max_size=3))
@example([(1, "a"), (0, "b")], 3, 1, "")
@example([(0, "ab")], 3, 3, "a")  # as a number, b behind a would do for the pair of the unseen label and a
def test_the_ngram_knows_the_label_as_context(
    names: list[tuple[int, str]], order: int, label: int, prefix: str
) -> None:
    """Also one that no counted name has (3 never occurs): there the shorter contexts decide."""
    model = NgramModel(tree_of(names), V, order)
    context = [V + label, *MODEL.vocabulary.encode(prefix).tolist()]
    state = model.initial_state(1)
    for token in context:
        logits, state = model.step(np.array([token], np.int32), state)
    expected = [plain_witten_bell(names, order, context, token) for token in range(V)]
    np.testing.assert_allclose(np.exp(logits[0]), expected, atol=1e-12)


def test_a_score_is_the_sum_over_the_beginnings() -> None:
    exact = over_beginnings(MODEL, THREE, 4)
    names = ["a", "abc", "ccba", "bb"]
    for name, score in zip(names, score_names(MODEL, MODEL.vocabulary, names, beginnings=THREE), strict=True):
        assert score.log_probability == pytest.approx(math.log(exact[name]), abs=1e-6)
    one = Beginnings.single(V + 1)
    given_label = all_names(MODEL, 4, beginning=V + 1)
    for name, score in zip(names, score_names(MODEL, MODEL.vocabulary, names, beginnings=one), strict=True):
        assert score.log_probability == pytest.approx(math.log(given_label[name]), abs=1e-6)
        assert given_label[name] != pytest.approx(exact[name], rel=0.01)


def test_letters_are_those_of_the_mixture() -> None:
    """The chance of each character given those before it, by adding up p(prefix) over the beginnings."""

    def of_prefix(prefix: str) -> float:
        return sum(
            share * math.exp(sum(score for score, _ in letters_of(MODEL, token, prefix)[:-1]))
            for token, share in zip(THREE.tokens, THREE.shares, strict=True)
        )

    [score] = score_names(MODEL, MODEL.vocabulary, ["cab"], beginnings=THREE)
    for place, letter in enumerate(score.letters[:-1]):
        assert letter == pytest.approx(math.log(of_prefix("cab"[: place + 1]) / of_prefix("cab"[:place])), abs=1e-6)


def test_quantiles_are_those_of_the_names_whatever_their_label() -> None:
    names = [(0, "ab"), (1, "ab"), (2, "c"), (0, "a"), (1, "ba"), (1, "ab")]
    exact = over_beginnings(MODEL, THREE, 2)
    scores = sorted(math.log(exact[name]) for _, name in names)
    found = score_quantiles(MODEL, tree_of(names), THREE)
    np.testing.assert_allclose(found[[0, 20, 40, 60, 80, 100]], scores, atol=1e-6)
    one = score_quantiles(MODEL, tree_of([(1, "ab"), (1, "c")]), Beginnings.single(V + 1))
    of_label = all_names(MODEL, 2, beginning=V + 1)
    assert one[[0, 100]].tolist() == pytest.approx(sorted(math.log(of_label[name]) for name in ("ab", "c")))


def test_any_beginning_is_a_language_model() -> None:
    """Rows at different places in one step, a state that is never changed, and a beginning that never is."""
    model = AnyBeginning(MODEL, Beginnings((V, V + 1, V + 3), (0.25, 0.75, 0.0)))
    assert isinstance(model, LanguageModel)
    assert model.vocabulary_size == V
    _, begun = model.step(np.zeros(2, np.int32), model.initial_state(2))
    logits, state = model.step(np.array([1, 2], np.int32), begun)
    np.testing.assert_allclose(np.exp(logits).sum(axis=1), 1, atol=1e-12)
    again, _ = model.step(np.array([1, 2], np.int32), begun)
    np.testing.assert_array_equal(again, logits)
    rows = np.array([1, 1, 0])
    apart, _ = model.step(np.array([3, 3, 1], np.int32), model.select(state, rows))
    one, _ = model.step(np.array([1], np.int32), model.select(state, np.array([0])))
    np.testing.assert_allclose(apart[2], one[0], atol=1e-12)
    np.testing.assert_array_equal(apart[0], apart[1])
    plain, _ = AnyBeginning(MODEL, Beginnings((V, V + 1), (0.25, 0.75))).step(
        np.zeros(1, np.int32), AnyBeginning(MODEL, Beginnings((V, V + 1), (0.25, 0.75))).initial_state(1)
    )
    first, _ = model.step(np.zeros(1, np.int32), model.initial_state(1))
    np.testing.assert_allclose(first, plain, atol=1e-12)


def test_what_no_beginning_allows_is_impossible_and_can_still_be_read() -> None:
    never = SmallModel(impossible="b")
    model = AnyBeginning(never, THREE)
    logits, state = model.step(np.zeros(1, np.int32), model.initial_state(1))
    assert logits[0, never.vocabulary.encode("b")[0]] == -np.inf
    after, _ = model.step(never.vocabulary.encode("b"), state)
    np.testing.assert_allclose(np.exp(after).sum(), 1, atol=1e-12)


def test_the_mixture_is_the_sum_of_logarithms_however_unlikely() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(5, 3, 6)) * np.array([1.0, 10, 1e3, 1e5, 1e30])[:, None, None]
    logits[0, :, 2] = -np.inf
    weights = np.log(rng.dirichlet(np.ones(3), 5))
    weights[1, 0] = -np.inf
    chances, mixed = _mixed(logits, weights)
    of_each = all_log_probabilities(logits.reshape(15, 6)).reshape(5, 3, 6)
    np.testing.assert_allclose(chances, of_each, rtol=1e-12)
    expected = np.logaddexp.reduce(weights[:, :, None] + of_each, axis=1)
    np.testing.assert_allclose(mixed, expected, rtol=1e-12, atol=1e-12)


def test_one_beginning_needs_no_wrapper() -> None:
    assert as_one(MODEL, Beginnings.single()) == (MODEL, 0)
    assert as_one(MODEL, Beginnings.single(V + 1)) == (MODEL, V + 1)
    assert isinstance(as_one(MODEL, THREE)[0], AnyBeginning)


def test_each_beginning_leads_to_other_names() -> None:
    """The tests' own small model gives other names behind each beginning, or they would say nothing."""
    exact = [all_names(MODEL, 3, beginning=token) for token in (0, *THREE.tokens)]
    assert len({round(names["ab"], 6) for names in exact}) == 4
