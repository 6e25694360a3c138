"""People, of small models: both parts drawn as their models say, and pairs dealt at random where few are left."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

import namegen.core.generation.generator as generator_module
from namegen.core.generation.generator import Generator
from namegen.core.generation.people import Kind, PartOfName, PeopleInventor, _OfOrigin
from namegen.core.generation.sampling import SamplingSettings
from namegen.core.generation.wishes.wishlist import Wishlist
from namegen.events import Searched
from tests.core.generation.exact import SmallModel, all_names, check_frequencies, conditioned

GIVEN, FAMILY = SmallModel("abc"), SmallModel("xyz", seed=2.0)


def part(name: str, model: SmallModel, longest: int = 2) -> PartOfName:
    source = Generator(model, model.vocabulary)
    return PartOfName(
        name, {Kind(): source}, source, SamplingSettings(max_length=longest), Wishlist(), allow_seen=True, choose=1.0
    )


def test_names_are_drawn_with_their_probabilities_repeats_included() -> None:
    names = part("given", GIVEN).draw(3_000, Kind(), np.random.default_rng(0))
    exact = conditioned({name: chance for name, chance in all_names(GIVEN, 2).items() if name})
    check_frequencies(Counter(names), exact)


def test_it_is_told_how_many_were_found_and_without_wishes_not_asked_whether_anybody_keeps_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(PartOfName, "check", lambda *_: pytest.fail("asked"))
    told: list[Searched] = []
    inventor = PeopleInventor(part("given", GIVEN), part("family", FAMILY))
    rng = np.random.default_rng(0)
    found = [len(batch) for batch in inventor.generate(30, rng=rng, watch=told.append)]
    assert told == [Searched(so_far, 30) for so_far in np.cumsum(found).tolist()]
    assert told[-1].found == 30


def test_of_many_pairs_each_given_name_is_dealt_as_often_as_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """144 people are possible, and 100 are wanted: at first they are drawn, then dealt."""
    monkeypatch.setattr(generator_module, "TRIES", 50)
    inventor = PeopleInventor(part("given", GIVEN), part("family", FAMILY))
    given: Counter[str] = Counter()
    for seed in range(10):
        dealt = _OfOrigin(inventor, None, [None], set())
        dealt._deal = True
        people = [person for [person] in dealt.some(60, np.random.default_rng(seed))]
        assert len(set(people)) == 60
        given.update(person.given for person in people)
    check_frequencies(given, dict.fromkeys(filter(None, all_names(GIVEN, 2)), 1 / 12))


def test_people_are_drawn_as_long_as_most_draws_are_new_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """Dealt pairs are not as likely as drawn ones."""
    monkeypatch.setattr(PartOfName, "all_of", lambda *_: pytest.fail("dealt"))
    inventor = PeopleInventor(part("given", GIVEN, longest=4), part("family", FAMILY, longest=4))
    rng, of_origin = np.random.default_rng(0), _OfOrigin(inventor, None, [None], set())
    new = [len(of_origin.some(40, rng)) for _ in range(3)]
    assert all(20 < count < 40 for count in new), "some come twice"
