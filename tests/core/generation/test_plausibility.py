"""Plausibility: a judge's bar, and the temperature that it asks for."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.sameness import known_digests
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.evaluation.evaluator import all_log_probabilities
from namegen.core.evaluation.ngram import NgramModel
from namegen.core.generation import plausibility
from namegen.core.generation.generator import Generator
from namegen.core.generation.plausibility import (
    TEMPERATURES,
    PlausibilityJudge,
    counting_judge,
    drawing_temperature,
    halves,
    new_names,
)
from namegen.lists import load_bundled

NAMES = sorted(set(load_bundled("mlb-first").names))[:900]
VOCABULARY = Vocabulary.from_names(NAMES)
TREE = PrefixTree.from_names(NAMES, VOCABULARY)
LONGEST = 2 * max(map(len, NAMES))


def generator(order: int = 2) -> Generator:
    model = NgramModel(TREE, VOCABULARY.size, order, "witten-bell")
    return Generator(model, VOCABULARY, known_names=known_digests(NAMES))


def score_by_letters(judge: PlausibilityJudge, name: str) -> float:
    """The slow way: a name alone, letter by letter."""
    state, total = judge.model.initial_state(1), 0.0
    tokens = [0, *VOCABULARY.encode(name), 0]
    for read, wanted in pairwise(tokens):
        logits, state = judge.model.step(np.array([read], np.int32), state)
        total += float(all_log_probabilities(logits)[0, wanted])
    return total / (len(name) + 1)


def test_a_score_is_that_of_reading_the_name() -> None:
    judge = counting_judge(NAMES, VOCABULARY)
    some = ["Al", "Aqqx", "Albertina", "Ed"]
    assert sorted(judge.scores(some)) == pytest.approx(sorted(score_by_letters(judge, name) for name in some))


def test_nine_of_ten_real_names_are_plausible_and_noise_is_not() -> None:
    judge = counting_judge(NAMES, VOCABULARY)
    learned, real = halves(NAMES)
    assert len(learned) + len(real) == len(NAMES)
    assert not set(learned) & set(real)
    assert judge.share(real) == pytest.approx(0.9, abs=1 / len(real))
    rng = np.random.default_rng(0)
    noise = {"".join(rng.choice(list(VOCABULARY.characters), 6)) for _ in range(200)}
    assert judge.share(sorted(noise)) < 0.05
    assert judge.share([]) == 0.0


def test_a_name_of_unknown_letters_is_not_plausible() -> None:
    judge = counting_judge(NAMES, VOCABULARY)
    assert judge.scores(["か"]).tolist() == [-math.inf]
    assert judge.share(["か", "Al"]) == 0.5


def test_the_temperature_is_the_highest_at_which_nineteen_of_twenty_are_plausible() -> None:
    """Looked for one by one, where the search halves."""
    found = drawing_temperature(generator(), TREE, longest=LONGEST, rng=np.random.default_rng(0))
    judge = counting_judge(NAMES, VOCABULARY)

    def share(temperature: float) -> float:
        names = new_names(generator(), 4_000, temperature, longest=LONGEST, rng=np.random.default_rng(1))
        return judge.share(names)

    slow = next((temperature for temperature in TEMPERATURES if share(temperature) >= 0.95), TEMPERATURES[-1])
    assert found is not None
    assert abs(TEMPERATURES.index(found) - TEMPERATURES.index(slow)) <= 1, (found, slow)
    assert share(1.0) < 0.95, "an n-gram of order 2 is too daring by itself"


def test_few_names_have_no_temperature() -> None:
    few = PrefixTree.from_names(NAMES[: plausibility.FEWEST_NAMES - 1], VOCABULARY)
    assert drawing_temperature(generator(), few, longest=LONGEST, rng=np.random.default_rng(0)) is None


def test_names_that_are_a_half_already_have_none_by_the_same_hash() -> None:
    """And no error: nothing would be left to set the bar."""
    first, _ = halves(NAMES)
    half = PrefixTree.from_names(first, VOCABULARY)
    assert half.distinct_name_count > plausibility.FEWEST_NAMES
    assert drawing_temperature(generator(), half, longest=LONGEST, rng=np.random.default_rng(0)) is None
    again, rest = halves(first, bit=1)
    assert min(len(again), len(rest)) > len(first) / 3


def test_new_names_are_new_different_and_short_enough() -> None:
    names = new_names(generator(), 2_000, 1.0, longest=7, rng=np.random.default_rng(0))
    assert len(set(names)) == len(names) > 200
    assert not set(names) & set(NAMES)
    assert max(map(len, names)) <= 7
