"""Check mixtures of models with different vocabularies, and mixtures of the labels of one model."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest

from namegen.core.data.labels import StartTokens
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.engine import LanguageModel
from namegen.core.evaluation.evaluator import AccuracyEvaluator
from namegen.core.models import all_log_probabilities
from namegen.core.models.mixture import (
    AnyLabel,
    MixtureModel,
    _mix_start_tokens,
)
from namegen.core.models.ngram import NgramModel
from tests.core.generation.exact import SmallModel
from tests.reading import logits_behind

LISTS = (
    ["Ann", "Anna", "Bo", "Bob"],
    ["Ann", "Nina", "Abo"],
)  # the first has no i, and neither has both B and N
WEIGHTS = (0.7, 0.3)


def counting(names: list[str]) -> tuple[NgramModel, Vocabulary]:
    vocabulary = Vocabulary.from_names(names)
    return NgramModel(
        PrefixTree.from_names(names, vocabulary), vocabulary.size, 3, "witten-bell"
    ), vocabulary


def mixture(*lists: list[str], weights: tuple[float, ...] | None = WEIGHTS) -> MixtureModel:
    models, vocabularies = zip(*map(counting, lists), strict=True)
    return MixtureModel(models, vocabularies, weights)


def chances_after(prefix: str, names: list[str]) -> dict[str, float] | None:
    """Return a model's probability of each next character, and "" for the end token. None for an unknown prefix."""
    model, vocabulary = counting(names)
    if vocabulary.unknown(prefix):
        return None
    chances = np.exp(logits_behind(model, [0, *vocabulary.encode(prefix)])[-1])
    return dict(zip(["", *vocabulary.characters], chances, strict=True))


def mixed_after(prefix: str) -> dict[str, float]:
    total = 0.0
    sums: dict[str, float] = defaultdict(float)
    for weight, names in zip(WEIGHTS, LISTS, strict=True):
        probabilities = chances_after(prefix, names)
        if probabilities is not None:
            total += weight
            for character, probability in probabilities.items():
                sums[character] += weight * probability
    return {character: value / total for character, value in sums.items()}


@pytest.mark.parametrize("prefix", ["", "A", "An", "Bo", "N", "Ni"])
def test_a_mixture_averages_the_models_that_know_the_prefix(prefix: str) -> None:
    model = mixture(*LISTS)
    chances = np.exp(logits_behind(model, [0, *model.vocabulary.encode(prefix)])[-1])
    by_character = dict(zip(["", *model.vocabulary.characters], chances, strict=True))
    expected = mixed_after(prefix)
    assert sum(by_character.values()) == pytest.approx(1, abs=1e-12)
    for character, chance in by_character.items():
        assert chance == pytest.approx(expected.get(character, 0), abs=1e-12)


def test_names_unknown_to_all_models_are_impossible() -> None:
    model = mixture(*LISTS)
    tree = PrefixTree.from_names(["BiN", "Ann"], model.vocabulary)
    scores = AccuracyEvaluator(model).name_log_probabilities(tree)
    assert scores[1] == -np.inf
    assert scores[0] == pytest.approx(np.log(np.prod([mixed_after(a)[b] for a, b in steps("Ann")])))


def steps(name: str) -> list[tuple[str, str]]:
    return [(name[:length], name[length : length + 1]) for length in range(len(name) + 1)]


def test_selected_rows_keep_their_states() -> None:
    model = mixture(*LISTS)
    read = model.vocabulary.encode("BN")
    _, state = model.step(np.zeros(2, np.int32), model.initial_state(2))
    _, state = model.step(read.astype(np.int32), state)
    straight, _ = model.step(np.array([2, 1], np.int32), state)
    turned, _ = model.step(np.array([1, 2], np.int32), model.select(state, np.array([1, 0])))
    assert np.array_equal(straight, turned[::-1])


MODEL = SmallModel()
V = MODEL.vocabulary_size


def test_a_mixture_of_labels_is_a_language_model() -> None:
    """Check prefixes of different lengths, reused states, and a start token with the share 0."""
    model = AnyLabel(MODEL, StartTokens((V, V + 1, V + 3), (0.25, 0.75, 0.0)))
    assert isinstance(model, LanguageModel)
    first, begun = model.step(np.zeros(2, np.int32), model.initial_state(2))
    logits, state = model.step(np.array([1, 2], np.int32), begun)
    np.testing.assert_allclose(np.exp(logits).sum(axis=1), 1, atol=1e-12)
    again, _ = model.step(np.array([1, 2], np.int32), begun)
    np.testing.assert_array_equal(again, logits)
    apart, _ = model.step(np.array([3, 3, 1], np.int32), model.select(state, np.array([1, 1, 0])))
    single, _ = model.step(np.array([1], np.int32), model.select(state, np.array([0])))
    np.testing.assert_allclose(apart[2], single[0], atol=1e-12)
    np.testing.assert_array_equal(apart[0], apart[1])
    two = AnyLabel(MODEL, StartTokens((V, V + 1), (0.25, 0.75)))
    np.testing.assert_allclose(
        first, two.step(np.zeros(2, np.int32), two.initial_state(2))[0], atol=1e-12
    )


def test_mixing_start_tokens_is_accurate_for_extreme_logits() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(5, 3, 6)) * np.array([1.0, 10, 1e3, 1e5, 1e30])[:, None, None]
    logits[0, :, 2] = -np.inf
    weights = np.log(rng.dirichlet(np.ones(3), 5))
    weights[1, 0] = -np.inf
    chances, mixed = _mix_start_tokens(logits, weights)
    of_each = all_log_probabilities(logits.reshape(15, 6)).reshape(5, 3, 6)
    np.testing.assert_allclose(chances, of_each, rtol=1e-12)
    expected = np.logaddexp.reduce(weights[:, :, None] + of_each, axis=1)
    np.testing.assert_allclose(mixed, expected, rtol=1e-12, atol=1e-12)
