"""A mixture: at every prefix the weighted mean of what its models say, whatever characters each of them knows."""

from __future__ import annotations

import numpy as np
import pytest

from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.evaluation.evaluator import AccuracyEvaluator
from namegen.core.evaluation.mixture import MixtureModel, checked_weights
from namegen.core.evaluation.ngram import NgramModel
from namegen.core.generation.generator import Generator
from namegen.core.generation.sampling import SamplingSettings
from namegen.errors import SettingsError

LISTS = (["Ann", "Anna", "Bo", "Bob"], ["Ann", "Nina", "Abo"])  # the first knows no i, neither knows both B and N
WEIGHTS = (0.7, 0.3)


def counting(names: list[str]) -> tuple[NgramModel, Vocabulary]:
    vocabulary = Vocabulary.from_names(names)
    return NgramModel(PrefixTree.from_names(names, vocabulary), vocabulary.size, 3, "witten-bell"), vocabulary


def mixture(*lists: list[str], weights: tuple[float, ...] | None = WEIGHTS) -> MixtureModel:
    models, vocabularies = zip(*map(counting, lists), strict=True)
    return MixtureModel(models, vocabularies, weights)


def chances_after(prefix: str, names: list[str]) -> dict[str, float] | None:
    """What one model says of each next character, "" being the end; None where it cannot read the prefix."""
    model, vocabulary = counting(names)
    if vocabulary.unknown(prefix):
        return None
    state = model.initial_state(1)
    for token in [0, *vocabulary.encode(prefix)]:
        logits, state = model.step(np.array([token], np.int32), state)
    chances = np.exp(logits[0]) / np.exp(logits[0]).sum()
    return dict(zip(["", *vocabulary.characters], chances, strict=True))


def mixed_after(prefix: str) -> dict[str, float]:
    heard = [
        (weight, said)
        for weight, names in zip(WEIGHTS, LISTS, strict=True)
        if (said := chances_after(prefix, names)) is not None
    ]
    total = sum(weight for weight, _ in heard)
    characters = set().union(*(said for _, said in heard))
    return {one: sum(weight * said.get(one, 0) for weight, said in heard) / total for one in characters}


@pytest.mark.parametrize("prefix", ["", "A", "An", "Bo", "N", "Ni"])
def test_a_mixture_is_the_weighted_mean_of_the_models_that_know_the_prefix(prefix: str) -> None:
    model = mixture(*LISTS)
    state = model.initial_state(1)
    for token in [0, *model.vocabulary.encode(prefix)]:
        logits, state = model.step(np.array([token], np.int32), state)
    found = dict(zip(["", *model.vocabulary.characters], np.exp(logits[0]), strict=True))
    expected = mixed_after(prefix)
    assert sum(found.values()) == pytest.approx(1, abs=1e-12)
    for character, chance in found.items():
        assert chance == pytest.approx(expected.get(character, 0), abs=1e-12)


def test_what_no_model_can_read_is_impossible_and_nothing_else_is_disturbed() -> None:
    model = mixture(*LISTS)
    tree = PrefixTree.from_names(["BiN", "Ann"], model.vocabulary)
    scores = AccuracyEvaluator(model).name_log_probabilities(tree)
    assert scores[1] == -np.inf
    assert scores[0] == pytest.approx(np.log(np.prod([mixed_after(a)[b] for a, b in steps("Ann")])))


def steps(name: str) -> list[tuple[str, str]]:
    return [(name[:place], name[place : place + 1]) for place in range(len(name) + 1)]


def test_rows_that_are_gathered_keep_their_states() -> None:
    model = mixture(*LISTS)
    read = model.vocabulary.encode("BN")
    _, state = model.step(np.zeros(2, np.int32), model.initial_state(2))
    _, state = model.step(read.astype(np.int32), state)
    straight, _ = model.step(np.array([2, 1], np.int32), state)
    turned, _ = model.step(np.array([1, 2], np.int32), model.select(state, np.array([1, 0])))
    assert np.array_equal(straight, turned[::-1])


def test_a_model_mixed_with_itself_is_itself() -> None:
    names = LISTS[0]
    model, vocabulary = counting(names)
    tree = PrefixTree.from_names(names, vocabulary)
    alone = AccuracyEvaluator(model).name_log_probabilities(tree)
    assert AccuracyEvaluator(mixture(names, names)).name_log_probabilities(tree) == pytest.approx(alone, abs=1e-12)


def test_names_are_drawn_by_their_probability_in_the_mixture() -> None:
    model = mixture(*LISTS)
    generator = Generator(model, model.vocabulary, known_names=None)
    drawn = [
        name
        for batch in generator.generate(
            20_000,
            rng=np.random.default_rng(1),
            sampling=SamplingSettings(max_length=30),
            allow_seen=True,
            allow_repeats=True,
        )
        for name in batch.names
    ]
    tree = PrefixTree.from_names(["Bob", "Nina"], model.vocabulary)
    chances = np.exp(AccuracyEvaluator(model).name_log_probabilities(tree))
    for name, chance in zip(["Bob", "Nina"], chances, strict=True):
        assert drawn.count(name) / 20_000 == pytest.approx(chance, abs=4 * np.sqrt(chance / 20_000))


@pytest.mark.parametrize(
    ("weights", "models", "said"),
    [
        ([0.6, 0.3], 2, "sums to 0.9: expected weights that sum to 1, such as 0.6667,0.3333"),
        ([1.5, -0.5], 2, "expected weights above 0"),
        ([float("nan"), 0.5], 2, "expected weights above 0"),
        ([0.5, 0.5], 3, "has 2 weights for 3 models"),
        (None, 0, "needs a model"),
    ],
)
def test_weights_that_make_no_mixture_are_refused(weights: list[float] | None, models: int, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        checked_weights(weights, models)


def test_weights_with_few_digits_sum_to_one_afterwards() -> None:
    assert sum(checked_weights([0.3333333, 0.3333333, 0.3333333], 3)) == pytest.approx(1, abs=1e-15)
