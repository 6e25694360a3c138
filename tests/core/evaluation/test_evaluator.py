"""The evaluator against reading every name, one character after the other."""

from __future__ import annotations

import math

import numpy as np
import pytest

from namegen.backends.numpy_engine.engine import NumpyEngine
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.evaluation.evaluator import AccuracyEvaluator, Metrics
from namegen.core.network.recurrent_network import RecurrentNetwork
from namegen.lists import load_bundled


def assert_same(one: Metrics, other: Metrics, tolerance: float = 1e-12) -> None:
    for field in ("loss_nats_per_char", "accuracy_argmax", "accuracy_sampled"):
        assert getattr(one, field) == pytest.approx(getattr(other, field), abs=tolerance), field


@pytest.fixture(scope="module")
def engine_and_names() -> tuple[NumpyEngine, list[str], Vocabulary]:
    names = list(load_bundled("mlb-last").names[:3000])
    vocabulary = Vocabulary.from_names(names)
    engine = NumpyEngine(RecurrentNetwork(vocabulary.size, "gru", (8,)), None, threads=1, dtype="float64")
    engine.set_state(engine.network.initial_parameters("glorot", rng=np.random.default_rng(1)))
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
    spelled = vocabulary.decode_all(tree.sequences().tokens)
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
