"""PeopleInventor: whole people who never were, a given name and a family name of one origin.

An origin is chosen first, each as likely as the others, then both names are drawn from what their models know of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from string import Formatter

import numpy as np

from namegen.core.generation.generator import Generator
from namegen.core.generation.inventing import draw_each
from namegen.core.generation.letter_case import write
from namegen.core.generation.sampling import SamplingSettings
from namegen.core.generation.watching import OnProgress
from namegen.core.generation.wishes.wishlist import Wishlist
from namegen.errors import GenerationError, SettingsError, setting
from namegen.escaping import quote

FIELDS = ("given", "family", "origin")  # of a template
TEMPLATE = "{given} {family}"
CHUNK_PEOPLE = 20_000  # that are invented at a time
ROUNDS = 50  # in which pairs that came up before are drawn anew
Origin = str | None  # None: of models without labels


@dataclass(frozen=True)
class Person:
    """The name of a person who never was."""

    given: str
    family: str
    origin: Origin = None

    def written(self, template: str = TEMPLATE) -> str:
        """The whole name.

        >>> Person("Aino", "Virtala", "Finnish").written("{family}, {given} ({origin})")
        'Virtala, Aino (Finnish)'
        """
        return template.format(given=self.given, family=self.family, origin=self.origin or "")

    def in_case(self, letter_case: str) -> Person:
        """Both names in one way of writing."""
        return replace(self, given=write(self.given, letter_case), family=write(self.family, letter_case))


def check_template(template: str) -> None:
    """See that a template has fields, and none but those that a person has.

    Raises:
        SettingsError: it has not.

    >>> check_template("{family}, {given}")
    """
    told, some = setting("template", quote(template, 60)), ", ".join(f"{{{name}}}" for name in FIELDS)
    try:
        parts = [part for part in Formatter().parse(template) if part[1] is not None]
    except ValueError as error:
        raise SettingsError(f"{told} is no template ({error}): write {{{{ for a brace that is meant as such") from error
    for _, name, form, conversion in parts:
        if name not in FIELDS or form or conversion:
            raise SettingsError(f"{told} has the field {quote(f'{{{name}}}')}: expected some of {some}")
    if not {name for _, name, _, _ in parts} & {"given", "family"}:
        raise SettingsError(f"{told} has no name in it: expected some of {some}, such as {TEMPLATE!r}")


@dataclass(frozen=True, eq=False)
class PartOfName:
    """Where one part of the names comes from.

    Attributes:
        generators: what draws it, for each origin.
        sampling: how, and how long it may be.
        wishes: what it must keep.
        allow_seen: whether names of the list will do.
    """

    generators: Mapping[Origin, Generator]
    sampling: SamplingSettings
    wishes: Wishlist
    allow_seen: bool

    def draw(self, n: int, origin: Origin, rng: np.random.Generator) -> list[str]:
        """So many names, repeats included. Raises GenerationError: there are none, or drawing them takes too long."""
        batches = self.generators[origin].generate(
            n, rng=rng, sampling=self.sampling, wishes=self.wishes, allow_seen=self.allow_seen, allow_repeats=True
        )
        return [name for batch in batches for name in batch.names]

    def draw_each(self, rngs: Sequence[np.random.Generator], origin: Origin) -> list[str]:
        """A name for each source of random numbers. Raises GenerationError: none turned up."""
        return draw_each(
            self.generators[origin],
            rngs,
            longest=self.sampling.max_length,
            temperature=self.sampling.temperature,
            allow_seen=self.allow_seen,
        )


class PeopleInventor:
    """Invents people.

    No two of a request have the same whole name; a family name may come more than once, as families do. Each part is a
    new name unless names of the list are allowed.

    Args:
        given, family: the parts, with generators for the same origins.

    Raises:
        SettingsError: the parts have no origin in common.
    """

    def __init__(self, given: PartOfName, family: PartOfName) -> None:
        self.given, self.family = given, family
        self.origins: Sequence[Origin] = [one for one in given.generators if one in family.generators]
        self.left_out: dict[Origin, str] = {}  # with the reason
        if not self.origins:
            raise SettingsError("given names and family names have no origin in common: give models of the same labels")

    def generate(
        self, n: int, *, rng: np.random.Generator, on_progress: OnProgress | None = None
    ) -> Iterator[list[Person]]:
        """Give n people, in batches as they are found. An origin that cannot keep the wishes is left out.

        Args:
            n: how many.
            rng: where the random numbers come from.
            on_progress: called now and then with the people found so far, twice: as many names were drawn.

        Raises:
            SettingsError: the wishes contradict each other; at once.
            GenerationError: after those found have been given: no origin is left, or there are no more.
        """
        if n < 0:
            raise SettingsError(f"{n} people were asked for: expected a whole number of at least 0")
        for part in (self.given, self.family):
            self._check(part)
        return self._search(n, rng, on_progress)

    def draw_each(self, rngs: Sequence[np.random.Generator]) -> list[Person]:
        """Give a person for each source of random numbers, which alone decides it; wishes are not asked.

        Raises:
            GenerationError: none was found.
        """
        origins = [self.origins[int(rng.integers(len(self.origins)))] for rng in rngs]
        people: dict[int, Person] = {}
        for origin in dict.fromkeys(origins):
            rows = [row for row, of in enumerate(origins) if of == origin]
            parts = [part.draw_each([rngs[row] for row in rows], origin) for part in (self.given, self.family)]
            for row, given, family in zip(rows, *parts, strict=True):
                people[row] = Person(given, family, origin)
        return [people[row] for row in range(len(rngs))]

    def _check(self, part: PartOfName) -> None:
        """Raise what contradicts the wishes for every origin: they differ in no characters."""
        part.generators[self.origins[0]].prepare(1, part.sampling.max_length, part.wishes, part.allow_seen, True)

    def _search(self, n: int, rng: np.random.Generator, on_progress: OnProgress | None) -> Iterator[list[Person]]:
        given: set[tuple[str, str]] = set()
        found = 0
        for _ in range(ROUNDS + n // CHUNK_PEOPLE):
            if found == n:
                return
            batch = []
            for origin, count in self._split(min(n - found, CHUNK_PEOPLE), rng):
                for person in self._of(origin, count, rng):
                    if (person.given, person.family) not in given:
                        given.add((person.given, person.family))
                        batch.append(person)
            if not self.origins:
                break
            found += len(batch)
            if on_progress is not None:
                on_progress(found, found)
            rng.shuffle(batch)
            if batch:
                yield batch
        if found < n:
            raise GenerationError(f"{found:,} people found of {n:,} asked for; {self._why()}")

    def _why(self) -> str:
        if self.origins:
            return "hardly any more turn up: ask for fewer, or relax a wish"
        return next(iter(self.left_out.values()), "no other name is possible")

    def _split(self, n: int, rng: np.random.Generator) -> Iterator[tuple[Origin, int]]:
        """How many people have each origin: as many draws, each as likely."""
        counts = rng.multinomial(n, np.full(len(self.origins), 1 / len(self.origins))).tolist()
        return ((origin, count) for origin, count in zip(list(self.origins), counts, strict=True) if count)

    def _of(self, origin: Origin, count: int, rng: np.random.Generator) -> list[Person]:
        """People of one origin; none, and it is asked no more, where it has no name that keeps the wishes."""
        try:
            parts = [part.draw(count, origin, rng) for part in (self.given, self.family)]
        except GenerationError as error:
            self.origins = [one for one in self.origins if one != origin]
            self.left_out[origin] = str(error)
            return []
        return [Person(given, family, origin) for given, family in zip(*parts, strict=True)]
