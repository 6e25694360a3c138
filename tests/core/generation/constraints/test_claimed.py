"""Check that the name of a new company never starts like the name of a listed company."""

from __future__ import annotations

import random

import numpy as np
import pytest
from rapidfuzz.distance import Levenshtein

from namegen import api
from namegen.core.data.normalization import normalization_of
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.generation.constraints.claimed import Unclaimed, starts_of_names, words_of
from namegen.errors import SettingsError
from namegen.lists import load_bundled
from namegen.lists.claimed import claimed_starts


def is_claimed(word: str, listed: list[str]) -> bool:
    """Return whether a word is within one edit of a listed start, by comparing it with each of them."""
    return any(Levenshtein.distance(word, start) <= 1 for start in listed)


def test_words_similar_to_a_listed_start_are_rejected() -> None:
    rng = random.Random(0)
    listed = ["".join(rng.choices("abc", k=rng.randint(3, 7))) for _ in range(40)]
    constraint = Unclaimed(listed, normalization_of("company"), Vocabulary(" "))
    words = ["".join(rng.choices("abc", k=rng.randint(2, 8))) for _ in range(2_000)]
    found = [not constraint.accepts(word) for word in words]
    assert found == [is_claimed(word, listed) for word in words]
    assert 0.1 < sum(found) / len(found) < 0.9


def test_new_companies_have_new_starts_and_title_case() -> None:
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


def test_prefixes_are_rejected_only_if_their_names_are() -> None:
    names = load_bundled("companies").names[::50]
    vocabulary = Vocabulary.from_names(names)
    starts = claimed_starts("companies")[::2]
    constraint = Unclaimed(starts, normalization_of("company"), vocabulary)
    dropped = 0
    for name in names:
        tokens, states = vocabulary.encode(name), np.zeros(1, np.int64)
        for depth in range(1, len(tokens) + 1):
            states = constraint.advance(states, tokens[depth - 1 : depth])
            if constraint.rejects_prefixes(tokens[None, :depth], states)[0]:
                assert not constraint.accepts(name)
                dropped += 1
                break
    assert dropped > 20


def test_starts_with_rejects_a_listed_companys_start() -> None:
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
    found = starts_of_names(listed, normalization_of("company"))
    assert set(found) - set(normalization_of("company").endings) == {"acme", "old", "zeta"}
    assert {"corp", "co", "plc"} < set(found)  # listed companies never start with these words
