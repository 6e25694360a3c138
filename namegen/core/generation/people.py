"""PeopleInventor: people who don't exist, alone or in households, with a given name and a family name of one origin.

Origins and genders are used about equally often. Given names are drawn as their model says, and no family name is used
much more often than another. Some languages have different family names for men and women; the people of a household
then share one name, each in the form for their gender.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from string import Formatter
from typing import NamedTuple

import numpy as np

from namegen.core.generation.family_forms import female_form, is_female
from namegen.core.generation.letter_case import write
from namegen.core.generation.name_source import (
    MOST_NAMES,
    Gender,
    Kind,
    Origin,
    PartOfName,
    dealt_evenly,
)
from namegen.core.generation.sampling import check_amount
from namegen.errors import GenerationError, SettingsError, quote, setting
from namegen.events import ProgressCallback, Searched, ignore_progress
from namegen.types import Array, Int64

FIELDS = ("given", "family", "origin", "gender")  # of a template
TEMPLATE = "{given} {family}"
CHUNK_PEOPLE = 200_000  # people who are invented at a time


@dataclass(frozen=True)
class Person:
    """The name of an invented person."""

    given: str
    family: str
    origin: Origin = None
    gender: Gender = None
    household: int | None = None  #: number of the household, from 1 on; None: people are alone

    def format(self, template: str = TEMPLATE) -> str:
        """Fill in a template with the fields given, family, origin and gender.

        >>> Person("Aino", "Virtala", "Finnish").format("{family}, {given} ({origin})")
        'Virtala, Aino (Finnish)'
        """
        values = {name: getattr(self, name) or "" for name in FIELDS}
        return template.format(**values)

    def in_case(self, letter_case: str | None) -> Person:
        """The same person with both names in a letter case (see ``letter_case.write``)."""
        return Person(  # takes a third of the time of replace
            given=write(self.given, letter_case),
            family=write(self.family, letter_case),
            origin=self.origin,
            gender=self.gender,
            household=self.household,
        )


def check_template(template: str) -> None:
    """Check that a template contains a name, and only fields of a person.

    Raises:
        SettingsError: it doesn't.

    >>> check_template("{family}, {given}")
    """
    shown = setting("template", quote(template, 60))
    known = ", ".join(f"{{{name}}}" for name in FIELDS)
    try:
        pieces = list(Formatter().parse(template))
    except ValueError as error:
        raise SettingsError(
            f"{shown} is not a template ({error}): write {{{{ or }}}} for a literal brace"
        ) from error
    names = set()
    for _, name, format_spec, conversion in pieces:
        if name is None:  # text without a field
            continue
        if name not in FIELDS or format_spec or conversion:
            raise SettingsError(
                f"{shown} contains {quote(f'{{{name}}}')}, which isn't a field or has a format: use only {known}"
            )
        names.add(name)
    if names.isdisjoint({"given", "family"}):
        raise SettingsError(
            f"{shown} contains no name: use {{given}} or {{family}}, such as in {TEMPLATE!r}"
        )


class PeopleInventor:
    """Invents people.

    No two people of a request have the same whole name, ignoring letter case. Family names can repeat, as in real life.
    The people of a household have the same origin and family name, and different given names.

    Args:
        given: the source of given names. Its kinds are the origins and genders of the people.
        family: the source of family names. Its kinds are origins; if the names have forms by gender, men's names.
        household: people who share a family name.
        forms: whether women have their own forms of family names.
    """

    def __init__(
        self, given: PartOfName, family: PartOfName, *, household: int = 1, forms: bool = False
    ) -> None:
        self.given = given
        self.family = family
        self.household = household
        self.forms = forms

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
        check_amount(n, "people")
        # If no origin can satisfy a constraint, one search over all origins is faster than one for each.
        for source in (self.given, self.family):
            if n and not all(constraint.always for constraint in source.constraints):
                source.check(np.random.default_rng(rng.integers(2**63)))
        return _PeopleSearch(self, n, rng, on_progress).batches()


class _PeopleSearch:
    """One request for n people. It goes in rounds, which divide the missing households among the origins."""

    def __init__(
        self,
        inventor: PeopleInventor,
        n: int,
        rng: np.random.Generator,
        on_progress: ProgressCallback,
    ) -> None:
        self._inventor = inventor
        self._n = n
        self._rng = rng
        self._on_progress = on_progress
        self._size = min(inventor.household, n)  # people of a household
        self._found = 0  # people returned so far
        self._households = 0  # households returned so far
        genders: dict[Origin, list[Gender]] = {}
        for kind in inventor.given.generators:
            genders.setdefault(kind.origin, []).append(kind.gender)
        taken: set[str] = set()
        self._origins = [
            _OriginInventor(inventor, self._size, origin, genders_of_origin, taken)
            for origin, genders_of_origin in genders.items()
        ]

    def batches(self) -> Iterator[list[Person]]:
        """Return people until there are n, or no origin has more."""
        while self._found < self._n and self._origins:
            households = self._round()
            people = [person for household in households for person in household]
            people = people[: self._n - self._found]
            if self._inventor.household > 1:
                people = self._numbered(people)
            self._found += len(people)
            self._households += len(households)
            if people:
                yield people
        if self._found < self._n:
            raise GenerationError(self._too_few())

    def _round(self) -> list[list[Person]]:
        """Ask each origin for its share of the missing households."""
        households: list[list[Person]] = []
        for origin, count in zip(self._origins, self._shares().tolist(), strict=True):
            if count > 0:
                households += origin.invent(count, self._rng)
            found = self._found + len(households) * self._size
            self._on_progress(Searched(min(found, self._n), self._n))
        self._origins = [origin for origin in self._origins if not origin.exhausted]
        self._rng.shuffle(households)
        return households

    def _shares(self) -> Int64[Array, "origins"]:
        """How many more households each origin should invent, so that all have about the same number.

        If the total can't be divided evenly, origins that have more already come first.
        """
        people = min(self._n - self._found, CHUNK_PEOPLE)
        missing = -(-people // self._size)  # households, rounded up
        invented = np.array([origin.households for origin in self._origins])
        each, remainder = divmod(int(invented.sum()) + missing, len(self._origins))
        counts = np.full(len(self._origins), each)
        order = np.lexsort((self._rng.random(len(self._origins)), -invented))
        counts[order[:remainder]] += 1
        more: Int64[Array, "origins"] = counts - invented
        return more

    def _numbered(self, people: Sequence[Person]) -> list[Person]:
        """The people with the numbers of their households."""
        first = self._households + 1
        return [
            replace(person, household=first + index // self._size)
            for index, person in enumerate(people)
        ]

    def _too_few(self) -> str:
        reason = "no other whole name was found: ask for fewer, or relax a constraint"
        if self._size > 1:
            reason = (
                f"no given names are left for a household of {self._size:,}: use smaller households, "
                "or ask for fewer people"
            )
        return f"{self._found:,} people found of {self._n:,} asked for; {reason}"


class _Member(NamedTuple):
    """A person of a household, without the family name."""

    given: str
    gender: Gender


class _OriginInventor:
    """Invents people of one origin with new whole names.

    At first it draws given names, and repeats different family names evenly. If fewer than half of the households are
    new, it finds all names once (or as many as could be needed), and deals pairs of them at random.

    Args:
        inventor: the sources of names.
        size: people of a household.
        origin: of these people.
        genders: of these people.
        taken: the whole names returned so far, of all origins; new ones are added.
    """

    def __init__(
        self,
        inventor: PeopleInventor,
        size: int,
        origin: Origin,
        genders: Sequence[Gender],
        taken: set[str],
    ) -> None:
        self.households = 0  # invented so far
        self.exhausted = False  # whether there are no more people
        self._inventor = inventor
        self._size = size
        self._origin = origin
        self._genders = genders
        self._taken = taken
        self._deals_pairs = False  # instead of drawing names
        self._skipped_pairs = 0  # pairs of names that were taken already
        self._excluded: set[str] = set()  # family names that can't be used

    def invent(self, count: int, rng: np.random.Generator) -> list[list[Person]]:
        """Invent up to that many households."""
        invent = self._deal if self._deals_pairs else self._draw
        households = invent(count, rng)
        self.households += len(households)
        return households

    # --- drawing ------------------------------------------------------------------------------------------------------

    def _draw(self, count: int, rng: np.random.Generator) -> list[list[Person]]:
        """Households of drawn names."""
        size = self._size
        gender_indexes = self._dealt_genders(count * size, rng)
        families = self._drawn_families(count, rng)
        if not families:
            self.exhausted = True
            return []
        try:
            members = self._drawn_members(gender_indexes, rng)
        except GenerationError:
            self._deals_pairs = True
            return self._deal(count, rng)
        self._exclude(families)
        households = []
        for index, family in enumerate(families):
            household = self._household(family, members[index * size : (index + 1) * size])
            if household:
                households.append(household)
        self._deals_pairs = len(households) < count / 2
        return households

    def _dealt_genders(self, n: int, rng: np.random.Generator) -> Int64[Array, "n"]:
        """An index of a gender for each person, in random order, each equally often."""
        first = rng.integers(len(self._genders))
        indexes: Int64[Array, "n"] = rng.permutation((np.arange(n) + first) % len(self._genders))
        return indexes

    def _drawn_families(self, count: int, rng: np.random.Generator) -> list[str]:
        """A family name for each household.

        The names are different ones, because a fifth of all draws could be the most likely name of a small list.
        """
        source = self._inventor.family
        names = source.different(min(count, MOST_NAMES), Kind(self._origin), rng)
        return dealt_evenly(names, count, rng)

    def _drawn_members(
        self, gender_indexes: Int64[Array, "n"], rng: np.random.Generator
    ) -> list[_Member]:
        """Draw a given name for each gender."""
        given_names = np.empty(len(gender_indexes), object)  # (n,)
        for index, gender in enumerate(self._genders):
            has_gender = gender_indexes == index  # (n,)
            given_names[has_gender] = self._inventor.given.draw(
                int(has_gender.sum()), Kind(self._origin, gender), rng
            )
        genders = [self._genders[index] for index in gender_indexes.tolist()]
        return list(map(_Member, given_names.tolist(), genders))

    # --- dealing pairs ------------------------------------------------------------------------------------------------

    def _deal(self, count: int, rng: np.random.Generator) -> list[list[Person]]:
        """Households of random pairs of names. Each family name is used once before any is used again."""
        excluded_before = len(self._excluded)
        wanted = (self.households + count) * self._size
        needed = wanted + self._skipped_pairs + excluded_before  # names of each kind
        families = self._inventor.family.all_of(needed, Kind(self._origin), rng)
        self._exclude(families)
        given_names = {
            gender: self._inventor.given.all_of(needed, Kind(self._origin, gender), rng)
            for gender in self._genders
        }
        households = self._dealt_households(count, families, given_names, rng)
        if len(households) < count:
            # A search that found as many names as needed may find more next time.
            name_counts = [len(families), *map(len, given_names.values())]
            may_have_more = needed in name_counts
            made_progress = bool(households) or len(self._excluded) > excluded_before
            self.exhausted = not (may_have_more and made_progress)
        return households

    def _dealt_households(
        self,
        count: int,
        families: Sequence[str],
        given_names: dict[Gender, list[str]],
        rng: np.random.Generator,
    ) -> list[list[Person]]:
        members = []
        for gender, names in given_names.items():
            members += [_Member(given, gender) for given in names]
        rng.shuffle(members)
        waiting: deque[tuple[str, Iterator[_Member]]] = deque()
        for family in families:
            start = int(rng.integers(len(members) or 1))
            waiting.append((family, self._free_members(family, members, start)))
        households: list[list[Person]] = []
        while waiting and len(households) < count:
            family, free_members = waiting.popleft()
            chosen = list(islice(free_members, self._size))
            if len(chosen) < self._size:
                continue
            waiting.append((family, free_members))
            household = self._household(family, chosen)
            if household:
                households.append(household)
        return households

    def _free_members(
        self, family: str, members: Sequence[_Member], start: int
    ) -> Iterator[_Member]:
        """The members whose whole names aren't taken, once around from a starting index."""
        for offset in range(len(members)):
            member = members[(start + offset) % len(members)]
            if _whole_name(self._person(family, member)) in self._taken:
                self._skipped_pairs += 1
            else:
                yield member

    # --- both ---------------------------------------------------------------------------------------------------------

    def _exclude(self, families: Sequence[str]) -> None:
        """Exclude women's family names where men's are expected, and names whose women's form can't be used."""
        if not self._inventor.forms:
            return
        form_of = {family: female_form(family, self._origin) for family in families}
        forms = [form for family, form in form_of.items() if form != family]
        has_women = "female" in self._genders
        unsuitable = self._inventor.family.unsuitable(forms, check_constraints=has_women)
        for family, form in form_of.items():
            if form in unsuitable or is_female(family, self._origin):
                self._excluded.add(family)

    def _household(self, family: str, members: Sequence[_Member]) -> list[Person]:
        """People of one family; none if the family name is excluded, a whole name is taken, or a given name repeats."""
        if family in self._excluded:
            return []
        people = [self._person(family, member) for member in members]
        whole_names = set(map(_whole_name, people))
        given_names = {member.given for member in members}
        if len(given_names) < len(members) or not whole_names.isdisjoint(self._taken):
            return []
        self._taken |= whole_names
        return people

    def _person(self, family: str, member: _Member) -> Person:
        if self._inventor.forms and member.gender == "female":
            family = female_form(family, self._origin)
        return Person(member.given, family, self._origin, member.gender)


def _whole_name(person: Person) -> str:
    """What must differ between any two people."""
    return f"{person.given} {person.family}".casefold()
