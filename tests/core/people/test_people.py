"""Check people from small models. If few new people are left, their names are paired at random."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from namegen.core.data.normalization import known_set
from namegen.core.generation.generator import Generator
from namegen.core.people.names import Kind, PartOfName
from namegen.core.people.people import PeopleInventor, PeopleOfOrigin
from namegen.core.people.person import Person
from namegen.errors import GenerationError
from tests.core.generation.exact import (
    SmallModel,
    all_names,
    asking,
    check_frequencies,
    conditioned,
)

GIVEN, FAMILY = SmallModel("abc"), SmallModel("xyz", seed=2.0)
NAMES = {"female": ["Ada", "Bea", "Cleo"], "male": ["Al", "Bo", "Cy"]}
CZECH = [Kind("Czech", "female"), Kind("Czech", "male")]


def part(name: str, model: SmallModel, longest: int = 2) -> PartOfName:
    source = Generator(model, model.vocabulary)
    return PartOfName(name, {Kind(): source}, source, asking(max_length=longest))


def listed(name: str, names: dict[Kind, list[str]]) -> PartOfName:
    made = part(name, GIVEN, 9)
    return replace(made, generators=dict.fromkeys(names, made.any_origin), listed=names)


def of_origin(inventor: PeopleInventor) -> PeopleOfOrigin:
    return PeopleOfOrigin(inventor, size=1, origin=None, genders=[None], taken=set())


def czechs(household: int, families: list[str]) -> PeopleInventor:
    given = listed("given", {kind: NAMES[str(kind.gender)] for kind in CZECH})
    family = listed("family", {Kind("Czech"): families})
    return PeopleInventor(given, family, household=household, forms=True)


def invent(inventor: PeopleInventor, n: int, seed: int = 0) -> list[Person]:
    batches = inventor.generate(n, rng=np.random.default_rng(seed))
    return [person for batch in batches for person in batch]


def test_names_can_repeat_and_follow_their_probabilities() -> None:
    rng = np.random.default_rng(0)
    names = [name for _ in range(6) for name in part("given", GIVEN).draw(500, Kind(), rng)]
    exact = conditioned({name: chance for name, chance in all_names(GIVEN, 2).items() if name})
    check_frequencies(Counter(names), exact)


def test_new_given_names_are_shared_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    def new_names(known: list[str]) -> PartOfName:
        made = part("given", GIVEN)
        source = replace(made.any_origin, known_names=known_set(known))
        request = made.request.changed(allow_seen=False)
        return replace(made, generators={Kind(): source}, any_origin=source, request=request)

    monkeypatch.setattr("namegen.core.people.names.MOST_NAMES", 8)
    every = [name for name in all_names(GIVEN, 2) if name]
    rng = np.random.default_rng(0)
    counts = Counter(new_names([]).draw(100, Kind(), rng))
    assert (len(counts), set(counts.values())) == (8, {12, 13})
    assert set(new_names(every[1:]).draw(3, Kind(), rng)) == set(every[:1])
    with pytest.raises(GenerationError):
        new_names(every).draw(3, Kind(), rng)


def test_names_are_drawn_while_most_people_are_new(monkeypatch: pytest.MonkeyPatch) -> None:
    """Random pairs wouldn't follow the model's probabilities."""
    monkeypatch.setattr(PeopleOfOrigin, "_deal", lambda *_: pytest.fail("dealt"))
    rng = np.random.default_rng(0)
    people = of_origin(PeopleInventor(part("given", GIVEN, 4), part("family", FAMILY, 4)))
    assert all(20 < len(people.invent(40, rng)) <= 40 for _ in range(3))
    few_families = of_origin(PeopleInventor(part("given", GIVEN, 6), part("family", FAMILY)))
    found = few_families.invent(60, rng)
    assert len(found) > 45
    assert max(Counter(person.family for [person] in found).values()) <= 60 / 12


def test_all_pairs_are_found_and_given_names_are_paired_equally_often() -> None:
    """There are 12 × 12 = 144 possible people."""
    inventor = PeopleInventor(part("given", GIVEN), part("family", FAMILY))
    assert len(set(invent(inventor, 144))) == 144
    drawn: Counter[str] = Counter()
    for seed in range(10):
        dealt = of_origin(inventor)
        dealt._deals_pairs = True
        people = [person for [person] in dealt.invent(60, np.random.default_rng(seed))]
        assert len(set(people)) == 60
        drawn.update(person.given for person in people)
    check_frequencies(drawn, dict.fromkeys(filter(None, all_names(GIVEN, 2)), 1 / 12))


@given(st.integers(1, 6), st.integers(1, 3), st.integers(0, 2**32))
def test_households_share_a_family_name_and_people_are_distinct(
    size: int, families: int, seed: int
) -> None:
    """This holds even if all possible people are requested."""
    men = ["Novák", "Malý", "Svoboda"][:families]
    n = families * (6 // size) * size
    people = invent(czechs(size, [*men, "Dvořáková"]), n, seed)
    assert len({(person.given, person.family) for person in people}) == len(people) == n
    forms = {"Novák": "Nováková", "Malý": "Malá", "Svoboda": "Svobodová"}
    for start in range(0, n, size):
        household = people[start : start + size]
        number = None if size == 1 else start // size + 1
        assert {person.household for person in household} == {number}
        assert len({person.given for person in household}) == size
        [name] = {
            next(man for man in men if person.family in (man, forms[man])) for person in household
        }
        for person in household:
            assert person.given in NAMES[str(person.gender)]
            assert person.family == (name if person.gender == "male" else forms[name])


@pytest.mark.parametrize(
    "options",
    [
        {"exclude_words": ["ková"]},
        {"exclude_names": [f"{letter}ováková" for letter in "BDHKLMNRST"]},
    ],
    ids=str,
)
def test_exclusions_apply_to_womens_forms_of_family_names(options: dict[str, list[str]]) -> None:
    everyone = czechs(1, ["Malý", *(f"{letter}ovák" for letter in "BDHKLMNRST")])
    family = replace(everyone.family, request=asking(max_length=9, **options))
    everyone = replace(everyone, family=family)
    families = {person.family for seed in range(50) for person in invent(everyone, 2, seed)}
    assert families == {"Malá", "Malý"}
    given = everyone.given
    men = replace(everyone, given=replace(given, generators={CZECH[1]: given.any_origin}))
    assert {"Malý", "Novák"} < {person.family for person in invent(men, 20)}, (
        "without women, only men's names are checked"
    )
