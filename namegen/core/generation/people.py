"""PeopleInventor: whole people who never were, a given name and a family name of one origin.

An origin is chosen first, each as likely as the others, then both names are drawn from what their models know of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import chain
from string import Formatter

import numpy as np

from namegen.core.generation.generator import Generator
from namegen.core.generation.letter_case import write
from namegen.core.generation.sampling import SamplingSettings, check_amount
from namegen.core.generation.wishes.wishlist import Wishlist
from namegen.errors import GenerationError, SettingsError, of_part, quote, setting
from namegen.events import Searched, Watcher, unwatched

FIELDS = ("given", "family", "origin")  # of a template
TEMPLATE = "{given} {family}"
CHUNK_PEOPLE = 20_000  # that are invented at a time
MOST_PAIRS = 1_000_000  # of given and family names, that are put in a random order
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

    def in_case(self, letter_case: str | None) -> Person:
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
        raise SettingsError(f"{told} is not a template ({error}): write {{{{ or }}}} where a brace is meant") from error
    for _, name, form, conversion in parts:
        if name not in FIELDS:
            raise SettingsError(f"{told} has the field {quote(f'{{{name}}}')}: expected some of {some}")
        if form or conversion:
            raise SettingsError(f"{told} has a format for {{{name}}}, which is not possible: expected {some} alone")
    if not {name for _, name, _, _ in parts} & {"given", "family"}:
        raise SettingsError(f"{told} has no name in it: expected some of {some}, such as {TEMPLATE!r}")


@dataclass(frozen=True, eq=False)
class PartOfName:
    """Where one part of the names comes from.

    Attributes:
        part: what its settings begin with: ``given``.
        generators: what draws it, for each origin.
        any_origin: what draws it for all of them together.
        sampling: how, and how long it may be.
        wishes: what it must keep.
        allow_seen: whether names of the list will do.
        choose: the share of the new names that will do.
    """

    part: str
    generators: Mapping[Origin, Generator]
    any_origin: Generator
    sampling: SamplingSettings
    wishes: Wishlist
    allow_seen: bool
    choose: float

    def draw(self, n: int, origin: Origin, rng: np.random.Generator) -> list[str]:
        """So many names, repeats included. Raises GenerationError: there are none, or finding them takes too long."""
        return list(self._names(self.generators[origin], n, rng, allow_repeats=True))

    def all_of(self, n: int, origin: Origin, rng: np.random.Generator) -> list[str]:
        """So many different names, or all that there are."""
        found: list[str] = []
        with suppress(GenerationError, SettingsError):  # names of a short list have its shapes here
            found.extend(self._names(self.generators[origin], n, rng, allow_repeats=False))
        return found

    def check(self, rng: np.random.Generator) -> None:
        """Raise SettingsError for wishes that contradict each other, GenerationError where no origin can keep them."""
        with of_part(self.part):
            list(self._names(self.any_origin, 1, rng, allow_repeats=True))

    def _names(self, generator: Generator, n: int, rng: np.random.Generator, *, allow_repeats: bool) -> Iterator[str]:
        for batch in generator.generate(
            n,
            rng=rng,
            sampling=self.sampling,
            wishes=self.wishes,
            allow_seen=self.allow_seen,
            allow_repeats=allow_repeats,
            choose=self.choose,
        ):
            yield from batch.names


class PeopleInventor:
    """Invents people.

    No two of a request have the same whole name, letter case aside; a family name may come more than once, as families
    do. Each part is a new name unless names of the list are allowed.

    Args:
        given, family: the parts, with generators for the same origins.

    Raises:
        SettingsError: the parts have no origin in common.
    """

    def __init__(self, given: PartOfName, family: PartOfName) -> None:
        self.given, self.family = given, family
        self.origins: tuple[Origin, ...] = tuple(one for one in given.generators if one in family.generators)
        if not self.origins:
            raise SettingsError("given names and family names have no origin in common: give models of the same labels")

    def generate(self, n: int, *, rng: np.random.Generator, watch: Watcher = unwatched) -> Iterator[list[Person]]:
        """Give n people, in batches as they are found. An origin that cannot keep the wishes is left out.

        Args:
            n: how many.
            rng: where the random numbers come from.
            watch: told now and then how far the search is.

        Raises:
            SettingsError: the wishes contradict each other; at once.
            GenerationError: no origin can keep them, at once; or, after those found have been given, there are no more.
        """
        check_amount(n, "people")
        # First of all origins together: of a wish that none can keep, that is one search and not one for each.
        for part in (self.given, self.family):
            if n and any(True for _ in part.wishes):
                part.check(np.random.default_rng(rng.integers(2**63)))
        return _search(self, n, rng, watch)


def _search(inventor: PeopleInventor, n: int, rng: np.random.Generator, watch: Watcher) -> Iterator[list[Person]]:
    """Ask the origins in rounds, each for its share of those that are still missing."""
    given: set[str] = set()
    found, origins = 0, [_OfOrigin(inventor, origin, given) for origin in inventor.origins]
    while found < n and origins:
        missing = min(n - found, CHUNK_PEOPLE)
        counts = rng.multinomial(missing, np.full(len(origins), 1 / len(origins))).tolist()
        batch = []
        for one, count in zip(origins, counts, strict=True):
            batch += one.some(count, rng) if count else []
            watch(Searched(found + len(batch), n))
        origins = [one for one in origins if not one.exhausted]
        found += len(batch)
        rng.shuffle(batch)
        if batch:
            yield batch
    if found < n:
        raise GenerationError(
            f"{found:,} people found of {n:,} asked for; no other whole name was found: ask for fewer, or relax a wish"
        )


class _OfOrigin:
    """People of one origin, whose whole names nobody else has.

    As long as most draws are new people, given and family names are drawn. Where they no longer are, all names that
    there are (or as many as could be needed) are found once, and their pairs are dealt at random.

    Args:
        inventor: what draws the parts.
        origin: of these people.
        given: the whole names given so far, those of all origins.

    Attributes:
        exhausted: there are no more.
    """

    def __init__(self, inventor: PeopleInventor, origin: Origin, given: set[str]) -> None:
        self._parts, self._origin, self._given = (inventor.given, inventor.family), origin, given
        self._own = 0  # people of this origin so far
        self._met = 0  # pairs of this origin's names that somebody was found to have
        self._deal = False
        self.exhausted = False

    def some(self, count: int, rng: np.random.Generator) -> list[Person]:
        """Up to so many people."""
        pairs = self._dealt(count, rng) if self._deal else self._drawn(count, rng)
        self._given.update(pairs)
        self._own += len(pairs)
        return [Person(*pair, self._origin) for pair in pairs.values()]

    def _drawn(self, count: int, rng: np.random.Generator) -> dict[str, tuple[str, str]]:
        given, family = self._parts
        try:
            families = family.draw(count, self._origin, rng)  # first: these are new ones, and may be lacking
            givens = given.draw(count, self._origin, rng)
        except GenerationError:
            self._deal = True
            return self._dealt(count, rng)
        pairs: dict[str, tuple[str, str]] = {}
        for pair in zip(givens, families, strict=True):
            pairs.setdefault(_whole(pair), pair)
        new = {name: pair for name, pair in pairs.items() if name not in self._given}
        self._deal = len(new) < count / 2
        return new

    def _dealt(self, count: int, rng: np.random.Generator) -> dict[str, tuple[str, str]]:
        needed = self._own + self._met + count
        families = self._parts[1].all_of(needed, self._origin, rng)
        givens = self._parts[0].all_of(needed, self._origin, rng) if families else []
        pairs = len(givens) * len(families)
        places: Iterable[int] = rng.permutation(pairs).tolist() if pairs <= MOST_PAIRS else range(pairs)
        if pairs > MOST_PAIRS:  # so many that places at random find enough; only if they do not, all are looked at
            places = chain(rng.integers(pairs, size=2 * needed).tolist(), places)
        dealt: dict[str, tuple[str, str]] = {}
        taken: set[str] = set()
        for place in places:
            pair = givens[place // len(families)], families[place % len(families)]
            name = _whole(pair)
            if name in self._given:
                taken.add(name)
            else:
                dealt.setdefault(name, pair)
            if len(dealt) == count:
                return dealt
        self._met += len(taken)
        self.exhausted = needed not in (len(givens), len(families))  # else more names may be found
        return dealt


def _whole(pair: tuple[str, str]) -> str:
    """What no two people share."""
    return " ".join(pair).casefold()
