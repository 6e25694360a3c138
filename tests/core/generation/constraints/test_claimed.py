"""No invented company's name starts like a listed company's."""

from __future__ import annotations

import random

import numpy as np
import pytest
from rapidfuzz.distance import Levenshtein

from namegen import api
from namegen.constraints import claimed_starts
from namegen.core.data.normalization import normalization_of
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.generation.constraints import claimed
from namegen.core.generation.constraints.claimed import Unclaimed, words_of
from namegen.errors import SettingsError
from namegen.lists import load_bundled


def is_claimed(word: str, listed: list[str]) -> bool:
    """The slow reference: measure the distance to each listed start."""
    return any(Levenshtein.distance(word, start) <= 1 for start in listed)


def test_a_word_is_claimed_if_a_word_within_one_letter_is_listed() -> None:
    rng = random.Random(0)
    listed = ["".join(rng.choices("abc", k=rng.randint(3, 7))) for _ in range(40)]
    constraint = Unclaimed(listed, normalization_of("company"))
    words = ["".join(rng.choices("abc", k=rng.randint(2, 8))) for _ in range(2_000)]
    found = [not constraint.accepts(word) for word in words]
    assert found == [is_claimed(word, listed) for word in words]
    assert 0.1 < sum(found) / len(found) < 0.9


def test_no_company_starts_like_a_listed_one_and_each_is_in_title_case() -> None:
    model = api.load_shipped("companies")
    listed_starts = claimed_starts("companies")
    free = {
        first for first, _, second in (start.partition(" ") for start in listed_starts) if second
    }
    assert {"american", "first"} <= free
    assert {"blackrock", "nuveen", "target"} <= set(listed_starts)
    listed = [start.replace(" ", "") for start in listed_starts]
    given = model.generate(25, seed=1)
    for name in given:
        first, *more = words_of(name)
        assert first in free or not is_claimed(first, listed)
        assert not (more and is_claimed(first + more[0], listed))
    assert not any(name == name.upper() for name in given if len(name) > 12)
    seen = model.generate(25, seed=1, allow_seen=True, letter_case="original")
    assert any(is_claimed(words_of(name)[0], listed) for name in seen)
    assert any(name == name.upper() for name in seen if len(name) > 12)


def test_only_prefixes_of_rejected_names_are_dropped() -> None:
    names = load_bundled("companies").names[::50]
    constraint = Unclaimed(claimed_starts("companies")[::2], normalization_of("company"))
    vocabulary = Vocabulary.from_names(names)
    tracker = constraint.tracker(vocabulary, 100)
    dropped = 0
    for name in names:
        tokens, states = vocabulary.encode(name), np.zeros(1, np.int64)
        for depth in range(1, len(tokens) + 1):
            states = tracker.advance(states, tokens[depth - 1 : depth])
            if tracker.rejects_prefixes(tokens[None, :depth], states)[0]:
                assert not constraint.accepts(name)
                dropped += 1
                break
    assert dropped > 20


def test_a_requested_start_that_is_listed_is_rejected_at_once() -> None:
    model = api.load_shipped("companies")
    with pytest.raises(
        SettingsError,
        match=r"starts_with='Blackrock G' is \(nearly\) the start of a listed company",
    ):
        model.generate(1, starts_with="Blackrock G")
    assert model.generate(1, seed=1, starts_with="First ", letter_case="original")[0].startswith(
        "First "
    )


def test_legal_forms_are_ignored() -> None:
    listed = ["Acme Corp", "The Zeta Group", "Zeta Gold", "Old Zeta Co."]
    found = claimed.claimed_starts(listed, normalization_of("company"))
    assert set(found) - set(normalization_of("company").endings) == {"acme", "old", "zeta"}
    assert {"corp", "co", "plc"} < set(found)  # with which no company begins
