"""PeopleInventor: people who don't exist, alone or in households, with a given name and a family name of one origin.

Origins and genders are used about equally often. Given names are drawn as their model says, and no family name is used
much more often than another. Some languages have different family names for men and women; the people of a household
then share one name, each in the form for their gender.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain

import numpy as np

from namegen.core.generation.sampling import check_amount
from namegen.core.people.names import Gender, Origin, PartOfName
from namegen.core.people.origin_people import Household, OriginInventor, PeopleSources
from namegen.core.people.person import Person
from namegen.errors import GenerationError
from namegen.events import ProgressCallback, Searched, ignore_progress
from namegen.types import Array, Int64

CHUNK_PEOPLE = 200_000  # people who are invented at a time


class PeopleInventor:
    """Invents people.

    No two people of a request have the same whole name, ignoring letter case. Family names can repeat, as in real life.
    The people of a household have the same origin and family name, and different given names.

    Args:
        given: the source of given names. Its kinds are the origins and genders of the people.
        family: the source of family names. Its kinds are origins; if the names have forms by gender, men's names.
        household: people who share a family name.
        forms: whether women have their own forms of family names.
        family_origins: for each origin, the origins whose family names its people have. The default is their own.
    """

    def __init__(
        self,
        given: PartOfName,
        family: PartOfName,
        *,
        household: int = 1,
        forms: bool = False,
        family_origins: Mapping[Origin, Sequence[Origin]] | None = None,
    ) -> None:
        self.sources = PeopleSources(given, family, forms, family_origins or {})
        self.household = household

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
        if n:
            self._check_constraints(rng)
        search = _PeopleSearch(self.sources, n, min(self.household, n), rng, on_progress)
        if self.household > 1:
            return _with_numbers(search.batches(), self.household)
        return search.batches()

    def _check_constraints(self, rng: np.random.Generator) -> None:
        """Check that names of some origin satisfy the constraints. One search is faster than one for each origin."""
        for source in (self.sources.given, self.sources.family):
            if not all(constraint.always for constraint in source.constraints):
                source.check(np.random.default_rng(rng.integers(2**63)))


def _with_numbers(batches: Iterator[list[Person]], household: int) -> Iterator[list[Person]]:
    """Number the households of the people from 1 on."""
    number = 0  # of the last household
    for people in batches:
        numbered = []
        for index, person in enumerate(people):
            if index % household == 0:
                number += 1
            numbered.append(replace(person, household=number))
        yield numbered


class _PeopleSearch:
    """One request for n people. It goes in rounds, which divide the missing households among the origins."""

    def __init__(
        self,
        sources: PeopleSources,
        n: int,
        household: int,
        rng: np.random.Generator,
        on_progress: ProgressCallback,
    ) -> None:
        self._n = n
        self._household = household  # people of a household
        self._rng = rng
        self._on_progress = on_progress
        self._found = 0  # people returned so far
        taken: set[str] = set()
        self._origins = [
            OriginInventor(sources, household, origin, genders, taken)
            for origin, genders in _genders_by_origin(sources).items()
        ]

    def batches(self) -> Iterator[list[Person]]:
        """Yield people in batches until there are n, or no origin has more."""
        while self._found < self._n and self._origins:
            households = self._invent_missing()
            people = list(chain.from_iterable(households))
            people = people[: self._n - self._found]
            self._found += len(people)
            if people:
                yield people
        if self._found < self._n:
            raise GenerationError(self._too_few())

    def _invent_missing(self) -> list[Household]:
        """Invent about as many households as are missing: each origin gets a share of them."""
        households: list[Household] = []
        shares = self._shares().tolist()
        for origin, count in zip(self._origins, shares, strict=True):
            if count > 0:
                households += origin.invent(count, self._rng)
            people_count = self._found + len(households) * self._household
            self._on_progress(Searched(min(people_count, self._n), self._n))
        self._origins = [origin for origin in self._origins if not origin.exhausted]
        self._rng.shuffle(households)
        return households

    def _shares(self) -> Int64[Array, "origins"]:
        """Return how many more households each origin should invent, so that all have about the same number.

        If the total can't be divided evenly, origins that have more already come first.
        """
        origin_count = len(self._origins)
        invented = np.array([origin.households for origin in self._origins])  # (origins,)
        total = int(invented.sum()) + self._missing_households()
        each, remainder = divmod(total, origin_count)
        wanted = np.full(origin_count, each)
        random_numbers = self._rng.random(origin_count)
        most_first = np.lexsort((random_numbers, -invented))  # equal numbers in random order
        wanted[most_first[:remainder]] += 1
        more: Int64[Array, "origins"] = wanted - invented
        return more

    def _missing_households(self) -> int:
        """Return how many households to invent next. The last one may be smaller."""
        missing_people = min(self._n - self._found, CHUNK_PEOPLE)
        full_households, remainder = divmod(missing_people, self._household)
        return full_households + 1 if remainder else full_households

    def _too_few(self) -> str:
        """Return the error message if there are fewer people than requested."""
        found = f"{self._found:,} people found of {self._n:,} asked for"
        if self._household > 1:
            return (
                f"{found}; no given names are left for a household of {self._household:,}: use smaller households, "
                "or ask for fewer people"
            )
        return f"{found}; no other whole name was found: ask for fewer, or relax a constraint"


def _genders_by_origin(sources: PeopleSources) -> dict[Origin, list[Gender]]:
    """Return the genders of people for each origin."""
    genders: dict[Origin, list[Gender]] = {}
    for kind in sources.given.generators:
        genders.setdefault(kind.origin, []).append(kind.gender)
    return genders
