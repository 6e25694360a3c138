"""Check people from small models. If few new people are left, their names are paired at random."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from namegen.core.data.normalization import known_set
from namegen.core.generation import search
from namegen.core.generation.constraints.constraint import Constraint
from namegen.core.generation.constraints.constraint_list import (
    ConstraintList,
    ExcludedNames,
    ExcludedWords,
)
from namegen.core.generation.generator import Generator
from namegen.core.generation.sampling import SamplingSettings
from namegen.core.people.names import Kind, PartOfName
from namegen.core.people.origin_people import OriginInventor
from namegen.core.people.people import PeopleInventor
from namegen.errors import GenerationError
from namegen.events import Searched
from tests.core.generation.exact import SmallModel, all_names, check_frequencies, conditioned

GIVEN, FAMILY = SmallModel("abc"), SmallModel("xyz", seed=2.0)


def part(name: str, model: SmallModel, longest: int = 2) -> PartOfName:
    source = Generator(model, model.vocabulary)
    sampling = SamplingSettings(max_length=longest)
    return PartOfName(name, {Kind(): source}, source, sampling, ConstraintList(), allow_seen=True)


def test_names_can_repeat_and_follow_their_probabilities() -> None:
    rng = np.random.default_rng(0)
    names = [name for _ in range(6) for name in part("given", GIVEN).draw(500, Kind(), rng)]
    exact = conditioned({name: chance for name, chance in all_names(GIVEN, 2).items() if name})
    check_frequencies(Counter(names), exact)


def test_progress_is_reported_without_constraint_checks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(PartOfName, "check", lambda *_: pytest.fail("checked"))
    events: list[Searched] = []
    inventor = PeopleInventor(part("given", GIVEN), part("family", FAMILY))
    rng = np.random.default_rng(0)
    found = [len(batch) for batch in inventor.generate(30, rng=rng, on_progress=events.append)]
    assert events == [Searched(so_far, 30) for so_far in np.cumsum(found).tolist()]
    assert events[-1].found == 30


def test_given_names_are_paired_equally_often(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """There are 12 × 12 = 144 possible people, and each run returns 60 of them."""
    monkeypatch.setattr(search, "UNFILTERED", search.Effort(draws_per_name=50, draws_in_vain=50))
    inventor = PeopleInventor(part("given", GIVEN), part("family", FAMILY))
    drawn: Counter[str] = Counter()
    for seed in range(10):
        dealt = OriginInventor(inventor.sources, 1, None, [None], set())
        dealt._deals_pairs = True
        people = [person for [person] in dealt.invent(60, np.random.default_rng(seed))]
        assert len(set(people)) == 60
        drawn.update(person.given for person in people)
    check_frequencies(drawn, dict.fromkeys(filter(None, all_names(GIVEN, 2)), 1 / 12))


def test_a_complete_search_is_not_repeated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    family, rng = part("family", FAMILY), np.random.default_rng(0)
    first = family.all_of(100, Kind(), rng)
    monkeypatch.setattr(PartOfName, "_generate", lambda *_, **__: pytest.fail("searched"))
    assert (
        sorted(family.all_of(100, Kind(), rng))
        == sorted(first)
        == sorted(filter(None, all_names(FAMILY, 2)))
    )
    assert len(set(family.all_of(5, Kind(), rng))) == 5


def test_a_search_is_repeated_only_for_more_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    family, rng = part("family", FAMILY, longest=4), np.random.default_rng(0)
    first = family.different(20, Kind(), rng)
    more = family.different(30, Kind(), rng)
    assert (len(set(first)), len(set(more))) == (20, 30)
    monkeypatch.setattr(PartOfName, "_generate", lambda *_, **__: pytest.fail("searched"))
    assert sorted(family.different(30, Kind(), rng)) == sorted(more)
    assert set(family.different(5, Kind(), rng)) < set(more)


def new_names_only(known: list[str]) -> PartOfName:
    made = part("given", GIVEN)
    source = replace(made.any_origin, known_names=known_set(known))
    return replace(made, generators={Kind(): source}, any_origin=source, allow_seen=False)


def test_many_people_share_few_names_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("namegen.core.people.names.MOST_NAMES", 8)
    names = Counter(new_names_only([]).draw(100, Kind(), np.random.default_rng(0)))
    assert len(names) == 8
    assert set(names.values()) == {12, 13}


def test_drawing_fails_if_there_are_no_new_names() -> None:
    every = [name for name in all_names(GIVEN, 2) if name]
    rng = np.random.default_rng(0)
    assert set(new_names_only(every[1:]).draw(3, Kind(), rng)) == set(every[:1])
    with pytest.raises(GenerationError):
        new_names_only(every).draw(3, Kind(), rng)


def test_names_are_drawn_while_most_people_are_new(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Random pairs wouldn't follow the model's probabilities."""
    monkeypatch.setattr(OriginInventor, "_deal", lambda *_: pytest.fail("dealt"))
    inventor = PeopleInventor(part("given", GIVEN, longest=4), part("family", FAMILY, longest=4))
    rng, of_origin = (
        np.random.default_rng(0),
        OriginInventor(inventor.sources, 1, None, [None], set()),
    )
    new = [len(of_origin.invent(40, rng)) for _ in range(3)]
    assert all(20 < count <= 40 for count in new)


def test_few_family_names_are_used_about_equally_often() -> None:
    """Their probabilities make no difference."""
    inventor = PeopleInventor(part("given", GIVEN, longest=6), part("family", FAMILY))
    people = OriginInventor(inventor.sources, 1, None, [None], set()).invent(
        60, np.random.default_rng(0)
    )
    assert len(people) > 50
    assert max(Counter(person.family for [person] in people).values()) <= 60 / 12


NAMES = {"female": ["Ada", "Bea", "Cleo"], "male": ["Al", "Bo", "Cy"]}
CZECH = [Kind("Czech", "female"), Kind("Czech", "male")]


def listed(name: str, names: dict[Kind, list[str]]) -> PartOfName:
    made = part(name, GIVEN, 9)
    return replace(made, generators=dict.fromkeys(names, made.any_origin), listed=names)


def test_an_origin_without_family_names_has_no_people() -> None:
    inventor = PeopleInventor(part("given", GIVEN), listed("family", {Kind(): []}))
    of_origin = OriginInventor(inventor.sources, 1, None, [None], set())
    assert (of_origin.invent(9, np.random.default_rng(0)), of_origin.exhausted) == ([], True)


def czechs(
    household: int, families: list[str], given: dict[Kind, list[str]] | None = None
) -> PeopleInventor:
    parts = (
        listed("given", given or {kind: NAMES[kind.gender] for kind in CZECH}),
        listed("family", {Kind("Czech"): families}),
    )
    return PeopleInventor(*parts, household=household, forms=True)


@given(st.integers(1, 6), st.integers(1, 3), st.integers(0, 2**32))
def test_households_share_a_family_name_and_people_are_distinct(
    size: int, families: int, seed: int
) -> None:
    """This holds even if all possible people are requested."""
    men = ["Novák", "Malý", "Svoboda"][:families]
    n = families * (6 // size) * size
    batches = czechs(size, [*men, "Dvořáková"]).generate(n, rng=np.random.default_rng(seed))
    people = [person for batch in batches for person in batch]
    assert len({(person.given, person.family) for person in people}) == len(people) == n
    forms = {"Novák": "Nováková", "Malý": "Malá", "Svoboda": "Svobodová"}
    for start in range(0, n, size):
        household = people[start : start + size]
        assert {person.household for person in household} == {
            None if size == 1 else start // size + 1
        }
        assert len({person.given for person in household}) == size
        [name] = {
            next(man for man in men if person.family in (man, forms[man])) for person in household
        }
        for person in household:
            assert person.given in NAMES[person.gender]
            assert person.family == (name if person.gender == "male" else forms[name])


@pytest.mark.parametrize(
    "constraint",
    [ExcludedWords(["ková"]), ExcludedNames([f"{letter}ováková" for letter in "BDHKLMNRST"])],
)
def test_exclusions_apply_to_womens_forms_of_family_names(
    constraint: Constraint,
) -> None:
    some = czechs(1, ["Malý", *(f"{letter}ovák" for letter in "BDHKLMNRST")])
    family = replace(some.sources.family, constraints=ConstraintList([constraint]))
    some.sources = replace(some.sources, family=family)
    of_seeds = [some.generate(2, rng=np.random.default_rng(seed)) for seed in range(50)]
    assert {person.family for batches in of_seeds for batch in batches for person in batch} == {
        "Malá",
        "Malý",
    }
    given = some.sources.given
    men = replace(given, generators={CZECH[1]: given.any_origin})
    alone = PeopleInventor(men, family, forms=True).generate(20, rng=np.random.default_rng(0))
    assert {"Malý", "Novák"} < {person.family for batch in alone for person in batch}, (
        "without women, only men's names are checked"
    )


def test_household_sizes_are_limited_by_names_and_requests() -> None:
    rng = np.random.default_rng(0)
    [people] = czechs(4, ["Novák", "Malý"]).generate(6, rng=rng)
    assert [person.household for person in people] == [1, 1, 1, 1, 2, 2]
    assert len(next(czechs(100, ["Novák"]).generate(6, rng=rng))) == 6, (
        "a household is never larger than the request"
    )
    with pytest.raises(GenerationError, match=r"0 people found of 7 .* household of 7"):
        next(czechs(100, ["Novák"]).generate(7, rng=rng))
    one_name = {kind: ["Ada"] for kind in CZECH}
    with pytest.raises(GenerationError, match="household of 2"):
        next(czechs(2, ["Novák"], one_name).generate(2, rng=rng))
