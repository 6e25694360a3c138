"""OriginInventor: people of one origin, in households that share a family name."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice, zip_longest
from typing import NamedTuple

import numpy as np

from namegen.core.people.families import female_form, is_female
from namegen.core.people.names import (
    MOST_NAMES,
    Gender,
    Kind,
    Origin,
    PartOfName,
    dealt_evenly,
)
from namegen.core.people.person import Person
from namegen.errors import GenerationError
from namegen.types import Array, Int64

Household = list[Person]


@dataclass(frozen=True)
class PeopleSources:
    """Where the names of people come from."""

    given: PartOfName
    family: PartOfName
    forms: bool = False  # whether women have their own forms of family names
    # For some origins, the origins whose family names its people have.
    family_origins: Mapping[Origin, Sequence[Origin]] = field(default_factory=dict)

    def families_of(self, origin: Origin) -> list[Kind]:
        """Return the kinds of family names that people of an origin have."""
        return [Kind(family_origin) for family_origin in self.family_origins.get(origin, [origin])]


class _Member(NamedTuple):
    """A person of a household, without the family name."""

    given: str
    gender: Gender


class OriginInventor:
    """Invents people of one origin with new whole names.

    At first it draws given names, and repeats different family names evenly. If fewer than half of the households are
    new, it finds all names once (or as many as could be needed), and deals pairs of them at random.

    Args:
        sources: the sources of names.
        size: people of a household.
        origin: of these people.
        genders: of these people.
        taken: the whole names returned so far, of all origins; new ones are added.
    """

    def __init__(
        self,
        sources: PeopleSources,
        size: int,
        origin: Origin,
        genders: Sequence[Gender],
        taken: set[str],
    ) -> None:
        self.households = 0  # invented so far
        self.exhausted = False  # whether there are no more people
        self._sources = sources
        self._size = size
        self._origin = origin
        self._genders = genders
        self._taken = taken
        self._deals_pairs = False  # instead of drawing names
        self._skipped_pairs = 0  # pairs of names that were taken already
        self._excluded: set[str] = set()  # family names that can't be used

    def invent(self, count: int, rng: np.random.Generator) -> list[Household]:
        """Invent up to ``count`` households."""
        invent = self._deal if self._deals_pairs else self._draw
        households = invent(count, rng)
        self.households += len(households)
        return households

    # --- drawing ------------------------------------------------------------------------------------------------------

    def _draw(self, count: int, rng: np.random.Generator) -> list[Household]:
        """Invent households from drawn names: family names for the households, and given names for their members."""
        gender_indexes = self._choose_genders(count * self._size, rng)
        families = self._draw_families(count, rng)
        if not families:
            self.exhausted = True
            return []
        try:
            members = self._draw_members(gender_indexes, rng)
        except GenerationError:
            self._deals_pairs = True
            return self._deal(count, rng)
        self._exclude(families)
        households = self._combine(families, members)
        self._deals_pairs = len(households) < count / 2
        return households

    def _choose_genders(self, n: int, rng: np.random.Generator) -> Int64[Array, "n"]:
        """Return an index of a gender for each of n people, in random order, each about equally often."""
        first = rng.integers(len(self._genders))
        in_turn = (np.arange(n) + first) % len(self._genders)  # (n,)
        indexes: Int64[Array, "n"] = rng.permutation(in_turn)
        return indexes

    def _draw_families(self, count: int, rng: np.random.Generator) -> list[str]:
        """Draw a family name for each household. If they have several origins, each is used equally often.

        The names are different ones, because a fifth of all draws could be the most likely name of a small list.
        """
        different_count = min(count, MOST_NAMES)
        names_by_origin: list[list[str]] = []
        for kind in self._sources.families_of(self._origin):
            names = self._sources.family.different(different_count, kind, rng)
            if names:
                names_by_origin.append(names)
        families: list[str] = []
        shares = _equal_shares(count, len(names_by_origin), rng)
        for names, share in zip(names_by_origin, shares, strict=True):
            families += dealt_evenly(names, share, rng)
        return families

    def _draw_members(
        self, gender_indexes: Int64[Array, "n"], rng: np.random.Generator
    ) -> list[_Member]:
        """Draw a given name for each person, given the index of the person's gender."""
        given_names = np.empty(len(gender_indexes), object)  # (n,)
        for index, gender in enumerate(self._genders):
            has_gender = gender_indexes == index  # (n,)
            count = int(has_gender.sum())
            if count:
                kind = Kind(self._origin, gender)
                given_names[has_gender] = self._sources.given.draw(count, kind, rng)
        genders = [self._genders[index] for index in gender_indexes.tolist()]
        return list(map(_Member, given_names.tolist(), genders))

    def _combine(self, families: Sequence[str], members: Sequence[_Member]) -> list[Household]:
        """Give each family its members, in order, and return the households whose people are all new."""
        households = []
        for index, family in enumerate(families):
            first = index * self._size
            members_of_family = members[first : first + self._size]
            household = self._household(family, members_of_family)
            if household:
                households.append(household)
        return households

    # --- dealing pairs ------------------------------------------------------------------------------------------------

    def _deal(self, count: int, rng: np.random.Generator) -> list[Household]:
        """Invent households from random pairs of names. Each family name is used once before any is used again."""
        excluded_before = len(self._excluded)
        wanted_people = (self.households + count) * self._size
        needed = wanted_people + self._skipped_pairs + excluded_before  # names of each kind
        families_by_origin = self._all_families(needed, rng)
        self._exclude(list(chain.from_iterable(families_by_origin)))
        given_names = self._all_given_names(needed, rng)
        families = _alternate(families_by_origin)
        households = self._deal_members(count, families, given_names, rng)
        if len(households) < count:
            # A search that found as many names as needed may find more next time.
            searches = [*families_by_origin, *given_names.values()]
            may_have_more = any(len(names) == needed for names in searches)
            made_progress = bool(households) or len(self._excluded) > excluded_before
            self.exhausted = not (may_have_more and made_progress)
        return households

    def _all_families(self, needed: int, rng: np.random.Generator) -> list[list[str]]:
        """Return up to ``needed`` family names of each origin that families have."""
        kinds = self._sources.families_of(self._origin)
        return [self._sources.family.all_of(needed, kind, rng) for kind in kinds]

    def _all_given_names(self, needed: int, rng: np.random.Generator) -> dict[Gender, list[str]]:
        """Return up to ``needed`` given names of each gender."""
        return {
            gender: self._sources.given.all_of(needed, Kind(self._origin, gender), rng)
            for gender in self._genders
        }

    def _deal_members(
        self,
        count: int,
        families: Sequence[str],
        given_names: Mapping[Gender, list[str]],
        rng: np.random.Generator,
    ) -> list[Household]:
        """Give each family members in turn, until there are enough households or no members are left."""
        waiting = self._waiting_families(families, given_names, rng)
        households: list[Household] = []
        while waiting and len(households) < count:
            family, free_members = waiting.popleft()
            members = list(islice(free_members, self._size))
            if len(members) < self._size:
                continue
            waiting.append((family, free_members))
            household = self._household(family, members)
            if household:
                households.append(household)
        return households

    def _waiting_families(
        self,
        families: Sequence[str],
        given_names: Mapping[Gender, list[str]],
        rng: np.random.Generator,
    ) -> deque[tuple[str, Iterator[_Member]]]:
        """Return each family with an iterator of its possible members, in random order."""
        members = []
        for gender, names in given_names.items():
            members += [_Member(given, gender) for given in names]
        rng.shuffle(members)
        waiting: deque[tuple[str, Iterator[_Member]]] = deque()
        for family in families:
            start = int(rng.integers(len(members) or 1))
            free_members = self._free_members(family, members, start)
            waiting.append((family, free_members))
        return waiting

    def _free_members(
        self, family: str, members: Sequence[_Member], start: int
    ) -> Iterator[_Member]:
        """Yield the members who would have a new whole name with a family name, from a starting index once around."""
        for offset in range(len(members)):
            member = members[(start + offset) % len(members)]
            person = self._person(family, member)
            if _whole_name(person) in self._taken:
                self._skipped_pairs += 1
            else:
                yield member

    # --- both ---------------------------------------------------------------------------------------------------------

    def _exclude(self, families: Sequence[str]) -> None:
        """Exclude women's family names where men's are expected, and names whose women's form can't be used."""
        if not self._sources.forms:
            return
        form_of = {family: female_form(family, self._origin) for family in families}
        forms = [form for family, form in form_of.items() if form != family]
        has_women = "female" in self._genders
        unsuitable = self._sources.family.unsuitable(forms, check_constraints=has_women)
        for family, form in form_of.items():
            if form in unsuitable or is_female(family, self._origin):
                self._excluded.add(family)

    def _household(self, family: str, members: Sequence[_Member]) -> Household:
        """Create the people of a household; none if the family name is excluded, or a person's name isn't new."""
        if family in self._excluded:
            return []
        people = [self._person(family, member) for member in members]
        whole_names = set(map(_whole_name, people))
        given_names = {member.given for member in members}
        has_repeated_given_name = len(given_names) < len(members)
        if has_repeated_given_name or not whole_names.isdisjoint(self._taken):
            return []
        self._taken |= whole_names
        return people

    def _person(self, family: str, member: _Member) -> Person:
        if self._sources.forms and member.gender == "female":
            family = female_form(family, self._origin)
        return Person(member.given, family, self._origin, member.gender)


def _whole_name(person: Person) -> str:
    """Return the string that must differ between any two people."""
    return f"{person.given} {person.family}".casefold()


def _equal_shares(total: int, parts: int, rng: np.random.Generator) -> list[int]:
    """Divide a number into equal parts. Random parts get the remainder.

    >>> sorted(_equal_shares(5, 2, np.random.default_rng(0)))
    [2, 3]
    """
    if parts == 0:
        return []
    shares = [total // parts] * parts
    for index in rng.permutation(parts)[: total % parts].tolist():
        shares[index] += 1
    return shares


def _alternate(lists: Iterable[Sequence[str]]) -> list[str]:
    """Return the distinct strings of several lists: the first ones, then the second ones, and so on.

    >>> _alternate([["a", "b", "c"], ["x", "a"]])
    ['a', 'x', 'b', 'c']
    """
    strings = chain.from_iterable(zip_longest(*lists))
    return list(dict.fromkeys(string for string in strings if string is not None))
