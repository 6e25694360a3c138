"""PeopleInventor: people who don't exist, alone or in households, with a given name and a family name of one origin.

Origins and genders are used about equally often. Given names are drawn as their model says, and no family name is used
much more often than another. Some languages have different family names for men and women; the people of a household
then share one name, each in the form for their gender.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice, zip_longest

import numpy as np

from namegen.core.people.families import female_form, is_female
from namegen.core.people.names import MOST_NAMES, Gender, Kind, Origin, PartOfName, dealt_evenly
from namegen.core.people.person import Person
from namegen.errors import GenerationError
from namegen.events import ProgressCallback, Searched, ignore_progress

CHUNK_PEOPLE = 200_000  # people who are invented at a time
Household = list[Person]


@dataclass(frozen=True, eq=False)
class PeopleInventor:
    """Invents people.

    No two people of a request have the same whole name, ignoring letter case. Family names can repeat, as in real life.
    The people of a household have the same origin and family name, and different given names.
    """

    given: PartOfName  # its kinds are the origins and genders of the people
    family: PartOfName  # its kinds are origins; if the names have forms by gender, men's names
    household: int = 1  # people who share a family name
    forms: bool = False  # whether women have their own forms of family names
    # For some origins, the origins whose family names its people have. The default is their own.
    family_origins: Mapping[Origin, Sequence[Origin]] = field(default_factory=dict)

    def generate(
        self, n: int, *, rng: np.random.Generator, on_progress: ProgressCallback = ignore_progress
    ) -> Iterator[list[Person]]:
        """Invent n people, in batches as they are found. Origins that can't satisfy the constraints are skipped.

        Args:
            n: how many people. The last household may be smaller than the others.
            rng: where the random numbers come from.
            on_progress: called with the progress of the search.

        Raises:
            SettingsError: the constraints contradict each other; raised at once.
            GenerationError: no origin can satisfy the constraints (raised at once), or there are fewer than n people
                (raised after those found have been returned).
        """
        # One search for names of any origin is faster than one for each origin.
        for part in (self.given, self.family):
            if n and part.request.has_constraints:
                part.check(np.random.default_rng(rng.integers(2**63)))
        return self._batches(n, rng, on_progress)

    def _batches(
        self, n: int, rng: np.random.Generator, on_progress: ProgressCallback
    ) -> Iterator[list[Person]]:
        """Yield people in rounds until there are n, or no origin has more."""
        size = min(self.household, n)
        genders: dict[Origin, list[Gender]] = defaultdict(list)
        for kind in self.given.generators:
            genders[kind.origin].append(kind.gender)
        taken: set[str] = set()
        origins = [PeopleOfOrigin(self, size, origin, genders[origin], taken) for origin in genders]
        people_count = 0
        household_count = 0
        while people_count < n and origins:
            # Divide the missing households among the origins, so that all have about the same number. If that isn't
            # possible, origins that have more already come first, and equal ones in random order.
            missing = -(-min(n - people_count, CHUNK_PEOPLE) // size)
            invented = np.array([origin.households for origin in origins])  # (origins,)
            each, remainder = divmod(int(invented.sum()) + missing, len(origins))
            wanted = np.full(len(origins), each)
            most_first = np.lexsort((rng.random(len(origins)), -invented))
            wanted[most_first[:remainder]] += 1
            # Invent them.
            households: list[Household] = []
            for origin, count in zip(origins, (wanted - invented).tolist(), strict=True):
                if count > 0:
                    households += origin.invent(count, rng)
                found = min(people_count + len(households) * size, n)
                on_progress(Searched(found, n))
            origins = [origin for origin in origins if not origin.exhausted]
            rng.shuffle(households)
            # Return them. The last household may be too large.
            people = list(chain.from_iterable(households))[: n - people_count]
            if self.household > 1:
                for index, person in enumerate(people):
                    number = household_count + index // size + 1
                    people[index] = replace(person, household=number)
            people_count += len(people)
            household_count += len(households)
            if people:
                yield people
        if people_count < n:
            raise GenerationError(
                f"{people_count:,} people found of {n:,} asked for; no other whole name was found: ask for fewer, "
                "use smaller households, or relax a constraint"
            )


@dataclass(eq=False)
class PeopleOfOrigin:
    """Invents people of one origin with new whole names.

    At first it draws given names, and repeats different family names evenly. If fewer than half of the households are
    new, it finds all names once (or as many as could be needed), and deals pairs of them at random.
    """

    inventor: PeopleInventor
    size: int  # people of a household
    origin: Origin
    genders: Sequence[Gender]
    taken: set[
        str
    ]  # the whole names of all origins so far, without letter case; new ones are added
    households: int = 0  # invented so far
    exhausted: bool = False  # whether there are no more people
    _deals_pairs: bool = False  # instead of drawing names
    _skipped_pairs: int = 0  # pairs of names that were taken already
    _excluded: set[str] = field(default_factory=set)  # family names that can't be used

    def invent(self, count: int, rng: np.random.Generator) -> list[Household]:
        """Invent up to ``count`` households."""
        invent = self._deal if self._deals_pairs else self._draw
        households = invent(count, rng)
        self.households += len(households)
        return households

    def _draw(self, count: int, rng: np.random.Generator) -> list[Household]:
        """Draw a family name for each household, and given names for its members."""
        # Each gender is used about equally often, in random order.
        person_count = count * self.size
        turns = np.arange(person_count) + rng.integers(len(self.genders))
        gender_indexes = rng.permutation(turns % len(self.genders))  # (person_count,)
        # The family names are different ones, because a fifth of all draws could be the most likely name of a small
        # list. If they have several origins, each is used equally often.
        families_by_origin = self._find_families(min(count, MOST_NAMES), rng)
        families_by_origin = [families for families in families_by_origin if families]
        if not families_by_origin:
            self.exhausted = True
            return []
        origin_count = len(families_by_origin)
        turns = np.arange(count) + rng.integers(origin_count)
        shares = np.bincount(turns % origin_count, minlength=origin_count)
        families: list[str] = []
        for names, share in zip(families_by_origin, shares.tolist(), strict=True):
            families += dealt_evenly(names, share, rng)
        given_names = np.empty(person_count, object)
        try:
            for index, gender in enumerate(self.genders):
                rows = np.flatnonzero(gender_indexes == index)
                if len(rows):
                    kind = Kind(self.origin, gender)
                    given_names[rows] = self.inventor.given.draw(len(rows), kind, rng)
        except GenerationError:
            self._deals_pairs = True
            return self._deal(count, rng)
        # Keep the households whose people are all new.
        self._exclude(families)
        genders = [self.genders[index] for index in gender_indexes.tolist()]
        members = list(zip(given_names.tolist(), genders, strict=True))
        households = []
        for index, family in enumerate(families):
            first = index * self.size
            household = self._household(family, members[first : first + self.size])
            if household:
                households.append(household)
        self._deals_pairs = len(households) < count / 2
        return households

    def _deal(self, count: int, rng: np.random.Generator) -> list[Household]:
        """Invent households from random pairs of names. Each family name is used once before any is used again."""
        excluded_before = len(self._excluded)
        wanted_people = (self.households + count) * self.size
        needed = wanted_people + self._skipped_pairs + excluded_before  # names of each kind
        families_by_origin = self._find_families(needed, rng)
        families = list(dict.fromkeys(chain.from_iterable(zip_longest(*families_by_origin))))
        families = [family for family in families if family is not None]
        self._exclude(families)
        searches = [*families_by_origin]
        members: list[tuple[str, Gender]] = []
        for gender in self.genders:
            names = self.inventor.given.find(needed, Kind(self.origin, gender), rng)
            searches.append(names)
            members += [(name, gender) for name in names]
        rng.shuffle(members)
        # Give each family members in turn, until there are enough households or no members are left.
        waiting: deque[tuple[str, Iterator[tuple[str, Gender]]]] = deque()
        for family in families:
            start = int(rng.integers(len(members) or 1))
            waiting.append((family, self._free_members(family, members, start)))
        households: list[Household] = []
        while waiting and len(households) < count:
            family, free_members = waiting.popleft()
            members_of_family = list(islice(free_members, self.size))
            if len(members_of_family) == self.size:
                waiting.append((family, free_members))
                household = self._household(family, members_of_family)
                if household:
                    households.append(household)
        if len(households) < count:
            # A search that found as many names as needed may find more next time.
            may_have_more = any(len(names) == needed for names in searches)
            made_progress = bool(households) or len(self._excluded) > excluded_before
            self.exhausted = not (may_have_more and made_progress)
        return households

    def _find_families(self, n: int, rng: np.random.Generator) -> list[list[str]]:
        """Return up to n family names of each origin that the families of this origin have."""
        origins = self.inventor.family_origins.get(self.origin, [self.origin])
        return [self.inventor.family.find(n, Kind(origin), rng) for origin in origins]

    def _free_members(
        self, family: str, members: Sequence[tuple[str, Gender]], start: int
    ) -> Iterator[tuple[str, Gender]]:
        """Yield the members who would have a new whole name with a family name, from a starting index once around."""
        for given, gender in chain(members[start:], members[:start]):
            if _whole_name(self._person(given, family, gender)) in self.taken:
                self._skipped_pairs += 1
            else:
                yield given, gender

    def _exclude(self, families: Iterable[str]) -> None:
        """Exclude women's family names where men's are expected, and names whose women's form can't be used."""
        if not self.inventor.forms:
            return
        form_of = {family: female_form(family, self.origin) for family in families}
        forms = [form for family, form in form_of.items() if form != family]
        has_women = "female" in self.genders
        unsuitable = self.inventor.family.unsuitable(forms, check_constraints=has_women)
        for family, form in form_of.items():
            if form in unsuitable or is_female(family, self.origin):
                self._excluded.add(family)

    def _household(self, family: str, members: Sequence[tuple[str, Gender]]) -> Household:
        """Create the people of a household; none if the family name is excluded, or a person's name isn't new."""
        if family in self._excluded:
            return []
        people = [self._person(given, family, gender) for given, gender in members]
        whole_names = set(map(_whole_name, people))
        given_names = {person.given for person in people}
        has_repeated_given_name = len(given_names) < len(people)
        if has_repeated_given_name or not whole_names.isdisjoint(self.taken):
            return []
        self.taken |= whole_names
        return people

    def _person(self, given: str, family: str, gender: Gender) -> Person:
        if self.inventor.forms and gender == "female":
            family = female_form(family, self.origin)
        return Person(given, family, self.origin, gender)


def _whole_name(person: Person) -> str:
    """Return the string that must differ between any two people."""
    return f"{person.given} {person.family}".casefold()
