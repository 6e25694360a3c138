"""The weights of teachers: those that names which none has learned ask for."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.evaluation.evaluator import AccuracyEvaluator
from namegen.core.models.mixture import MixtureModel
from namegen.core.models.ngram import NgramModel
from namegen.core.teaching import teachers
from namegen.core.teaching.teachers import TEMPERATURES, weigh
from namegen.lists import load_bundled

NAMES = sorted(set(load_bundled("mlb-first").names))[::4]
VOCABULARY = Vocabulary.from_names(NAMES)
TO_CHOOSE_BY = PrefixTree.from_names(NAMES[::5], VOCABULARY)
REST = [name for place, name in enumerate(NAMES) if place % 5]


def counting(order: int) -> NgramModel:
    return NgramModel(PrefixTree.from_names(REST, VOCABULARY), VOCABULARY.size, order, "witten-bell")


MODELS = [counting(2), counting(4), counting(8)]
ALPHABETS = [VOCABULARY] * 3


def loss(weights: tuple[float, ...], temperature: float = 1.0) -> float:
    mixture = MixtureModel(MODELS, ALPHABETS, weights, vocabulary=VOCABULARY, temperature=temperature)
    return AccuracyEvaluator(mixture).evaluate(TO_CHOOSE_BY).loss_nats_per_char


def test_no_other_weights_or_temperature_do_better(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(teachers, "BEFOREHAND", 0.0)
    found = weigh(MODELS, ALPHABETS, VOCABULARY, TO_CHOOSE_BY, counting=False)
    assert sum(found.weights) == pytest.approx(1)
    grid = [pair for pair in itertools.product(np.linspace(0.05, 0.9, 6), repeat=2) if sum(pair) < 0.96]
    assert loss(found.weights) <= min(loss((a, b, 1 - a - b)) for a, b in grid) + 1e-6
    at = {temperature: loss(found.weights, temperature) for temperature in TEMPERATURES}
    assert at[found.temperature] == min(at.values())
    assert found.together == pytest.approx(at[found.temperature], abs=1e-9)


def test_what_each_loses_alone_is_what_the_evaluator_says() -> None:
    found = weigh(MODELS, ALPHABETS, VOCABULARY, TO_CHOOSE_BY, counting=True)
    alone = [AccuracyEvaluator(model).evaluate(TO_CHOOSE_BY).loss_nats_per_char for model in MODELS]
    assert found.alone == pytest.approx(alone)
    assert found.together < min(alone)


def test_few_names_do_not_leave_a_model_out() -> None:
    """Of twins that the names cannot tell apart both are heard; and of few names every model."""
    few = PrefixTree.from_names(NAMES[:4], VOCABULARY)
    found = weigh(MODELS, ALPHABETS, VOCABULARY, few, counting=False)
    assert min(found.weights) > 0.1


def test_a_model_of_other_characters_teaches_what_it_knows() -> None:
    other = ["1", "2", "12", "21"]
    digits = Vocabulary.from_names(other)
    foreign = NgramModel(PrefixTree.from_names(other, digits), digits.size, 3, "witten-bell")
    found = weigh([foreign, MODELS[1]], [digits, VOCABULARY], VOCABULARY, TO_CHOOSE_BY, counting=True)
    assert found.weights[1] > 0.9
    assert np.isfinite(found.together)
