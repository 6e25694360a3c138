"""The benchmark of plausibility: its chain, its search, its page."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from benchmarks.plausibility import MarkovChain, bisect
from namegen.core.data.vocabulary import Vocabulary

NAMES = ["anna", "hanna", "hans", "nan", "anna"]
VOCABULARY = Vocabulary.from_names(NAMES)


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("name", ["anna", "hanna", "nan"])
def test_a_chain_says_what_followed_the_last_characters(order: int, name: str) -> None:
    chain, state = MarkovChain(NAMES, VOCABULARY, order), None
    followed: dict[str, Counter[str]] = {}
    for one in NAMES:
        told = f"^{one}$"
        for place in range(1, len(told)):
            followed.setdefault(told[max(place - order, 0) : place], Counter())[told[place]] += 1
    state = chain.initial_state(1)
    told = f"^{name}$"
    for place in range(1, len(told)):
        token = 0 if place == 1 else int(VOCABULARY.encode(told[place - 1])[0])
        logits, state = chain.step(np.array([token], np.int32), state)
        seen = followed[told[max(place - order, 0) : place]]
        for character in (*VOCABULARY.characters, "$"):
            of = 0 if character == "$" else int(VOCABULARY.encode(character)[0])
            assert np.exp(logits[0, of]) == pytest.approx(seen[character] / seen.total())


def test_a_search_by_halves_finds_the_lowest() -> None:
    assert bisect(lambda temperature: temperature >= 0.777) == pytest.approx(0.78, abs=0.011)
