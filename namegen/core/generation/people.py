"""PeopleInventor: whole people who never were, a given name and a family name of one origin, alone or in households.

Origins and their genders are dealt out as evenly as can be, then both names are drawn from what is known of them, no
family name much more often than another. Where a language's family names have forms, a household shares one name in the
form of each person's gender.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import compress, islice
from string import Formatter
from typing import NamedTuple

import numpy as np

from namegen.core.generation.constraints.constraint import Finished
from namegen.core.generation.constraints.constraint_list import (
    ConstraintList,
    ExcludedNames,
    ExcludedWords,
    NoProfanity,
)
from namegen.core.generation.generator import Generator
from namegen.core.generation.letter_case import write
from namegen.core.generation.sampling import SamplingSettings, check_amount
from namegen.errors import GenerationError, SettingsError, of_part, quote, setting
from namegen.events import ProgressCallback, Searched, ignore_progress

FIELDS = ("given", "family", "origin", "gender")  # of a template
TEMPLATE = "{given} {family}"
CHUNK_PEOPLE = 200_000  # that are invented at a time
MOST_NAMES = 500  # names of a kind that are searched for; more people share these
Origin = str | None  # None: of models without labels
Gender = str | None  # one of GENDERS; None: of models that know none
Member = tuple[str, Gender]  # of a household: a given name, and whose it is


class Kind(NamedTuple):
    """What a name has to be of."""

    origin: Origin = None
    gender: Gender = None


@dataclass(frozen=True)
class Person:
    """The name of a person who never was."""

    given: str
    family: str
    origin: Origin = None
    gender: Gender = None
    household: int | None = None

    def format(self, template: str = TEMPLATE) -> str:
        """The whole name.

        >>> Person("Aino", "Virtala", "Finnish").format("{family}, {given} ({origin})")
        'Virtala, Aino (Finnish)'
        """
        return template.format(**{field: getattr(self, field) or "" for field in FIELDS})

    def in_case(self, letter_case: str | None) -> Person:
        """Both names in one way of writing."""
        given, family = write(self.given, letter_case), write(self.family, letter_case)
        return Person(
            given, family, self.origin, self.gender, self.household
        )  # a third of the time of replace


def check_template(template: str) -> None:
    """See that a template has fields, and none but those that a person has.

    Raises:
        SettingsError: it has not.

    >>> check_template("{family}, {given}")
    """
    told, some = (
        setting("template", quote(template, 60)),
        ", ".join(f"{{{name}}}" for name in FIELDS),
    )
    try:
        parts = [part for part in Formatter().parse(template) if part[1] is not None]
    except ValueError as error:
        raise SettingsError(
            f"{told} is not a template ({error}): write {{{{ or }}}} where a brace is meant"
        ) from error
    for _, name, form, conversion in parts:
        if name not in FIELDS or form or conversion:
            raise SettingsError(
                f"{told} has the field {quote(f'{{{name}}}')} or a format: expected {some} alone"
            )
    if not {name for _, name, _, _ in parts} & {"given", "family"}:
        raise SettingsError(
            f"{told} has no name in it: expected some of {some}, such as {TEMPLATE!r}"
        )


@dataclass(frozen=True, eq=False)
class PartOfName:
    """Where one part of the names comes from.

    Attributes:
        part: what its settings begin with: ``given``.
        generators: what draws it, for each kind.
        any_origin: what draws it for all of them together.
        sampling: how, and how long it may be.
        constraints: what it must keep.
        allow_seen: whether names of the list will do.
        unfiltered: whether names are drawn from the model's own distribution.
        listed: names of the list, for each kind, that are given in place of drawn ones; None: names are drawn.
    """

    part: str
    generators: Mapping[Kind, Generator]
    any_origin: Generator
    sampling: SamplingSettings
    constraints: ConstraintList
    allow_seen: bool
    unfiltered: bool = False
    listed: Mapping[Kind, list[str]] | None = None
    _whole: dict[Kind, list[str]] = field(
        default_factory=dict, repr=False
    )  # all that a search found
    # How many different names were searched for, and those found.
    _found: dict[Kind, tuple[int, list[str]]] = field(default_factory=dict, repr=False)

    def draw(self, n: int, kind: Kind, rng: np.random.Generator) -> list[str]:
        """So many names, some more than once. Raises GenerationError: there are none, or they take too long."""
        if self.listed is not None:
            names = self._fitting[kind]
            if not names:
                raise GenerationError(f"no real {self.part} name fits")
            return [names[place] for place in rng.integers(len(names), size=n).tolist()]
        searched = min(n, MOST_NAMES)
        if self.allow_seen or self.unfiltered:
            drawn = list(self._names(self.generators[kind], searched, rng, allow_repeats=True))
        else:
            drawn = self.different(searched, kind, rng)
        if not drawn:
            raise GenerationError(f"no {self.part} name fits")
        return dealt_evenly(drawn, n, rng)

    def different(self, n: int, kind: Kind, rng: np.random.Generator) -> list[str]:
        """Up to so many different names. They are searched for once, unless more are asked for later."""
        if self.listed is not None or kind in self._whole:
            return self.all_of(n, kind, rng)
        if kind not in self._found or n > self._found[kind][0]:
            self._found[kind] = n, self._search(n, kind, rng)
        found = self._found[kind][1]
        return [found[place] for place in rng.permutation(len(found))[:n].tolist()]

    def _search(self, n: int, kind: Kind, rng: np.random.Generator) -> list[str]:
        """Up to so many different names."""
        names: list[str] = []
        with suppress(GenerationError):  # there are fewer
            names.extend(self._names(self.generators[kind], n, rng, allow_repeats=False))
        return names

    def all_of(self, n: int, kind: Kind, rng: np.random.Generator) -> list[str]:
        """So many different names, or all that there are."""
        names = (
            self._whole.get(kind)
            if self.listed is None
            else list(dict.fromkeys(self._fitting[kind]))
        )
        if names is not None:
            return [names[place] for place in rng.permutation(len(names))[:n].tolist()]
        found = self._search(n, kind, rng)
        if len(found) < n:
            self._whole[kind] = found
        return found

    def refused(self, names: Sequence[str], worn: bool) -> set[str]:
        """The names that are in the list where only new ones will do; of those that are worn, also unwanted ones."""
        known, finished = (
            self.any_origin.known_names,
            Finished(names, self.any_origin.normalization),
        )
        fails = [
            one.refuses(finished)
            for one in self.constraints
            if worn and isinstance(one, ExcludedNames | ExcludedWords | NoProfanity)
        ]
        if self.listed is None and not self.allow_seen and known is not None:
            fails.append(finished.are_known(known))
        return {name for of_one in fails for name in compress(names, of_one.tolist())}

    def check(self, rng: np.random.Generator) -> None:
        """Raise SettingsError for contradictory constraints, GenerationError if no kind can satisfy them."""
        with of_part(self.part):
            if self.listed is None:
                together = replace(self, generators={Kind(): self.any_origin}, unfiltered=True)
                list(together._names(self.any_origin, 1, rng, allow_repeats=True))
            found = self.listed is None or any(self._fitting.values())
        if not found:
            raise GenerationError(
                f"no real {self.part} name fits: relax a constraint, or give {setting(self.part, 'new')}"
            )

    @cached_property
    def _fitting(self) -> dict[Kind, Sequence[str]]:
        """The listed names that keep the constraints."""
        _, judge = self.any_origin.prepare(
            1, self.sampling.max_length, self.constraints, True, True
        )
        return {
            kind: judge.keep(names, np.ones(len(names), np.int64))[1].names
            for kind, names in (self.listed or {}).items()
        }

    def _names(
        self, generator: Generator, n: int, rng: np.random.Generator, *, allow_repeats: bool
    ) -> Iterator[str]:
        for batch in replace(generator, searches=len(self.generators)).generate(
            n,
            rng=rng,
            sampling=self.sampling,
            constraints=self.constraints,
            allow_seen=self.allow_seen,
            allow_repeats=allow_repeats,
            unfiltered=self.unfiltered,
        ):
            yield from batch.names


class PeopleInventor:
    """Invents people.

    No two of a request have the same whole name, letter case aside; a family name may come more than once, as families
    do. The people of a household share their origin and their family name, and no two of them a given name.

    Args:
        given: of which kinds people are; all origins that have given names of a gender.
        family: its kinds are origins alone; where the names have forms by gender, the men's.
        household: how many people share a family name.
        forms: whether women have a form of their own of such a family name.
    """

    def __init__(
        self, given: PartOfName, family: PartOfName, *, household: int = 1, forms: bool = False
    ) -> None:
        self.given, self.family, self.household, self.forms = given, family, household, forms

    def generate(
        self, n: int, *, rng: np.random.Generator, on_progress: ProgressCallback = ignore_progress
    ) -> Iterator[list[Person]]:
        """Give n people, in batches as they are found. An origin that cannot keep the constraints is left out.

        Args:
            n: how many; if they are in households, the last of these may be smaller.
            rng: where the random numbers come from.
            on_progress: told now and then how far the search is.

        Raises:
            SettingsError: the constraints contradict each other; at once.
            GenerationError: no origin can keep them, at once; or, after those found have been given, there are no more.
        """
        check_amount(n, "people")
        # First of all origins together: of a constraint that none can keep, that is one search and not one for each.
        for part in (self.given, self.family):
            if n and not all(constraint.always for constraint in part.constraints):
                part.check(np.random.default_rng(rng.integers(2**63)))
        return _search(self, n, rng, on_progress)


def _search(
    inventor: PeopleInventor, n: int, rng: np.random.Generator, on_progress: ProgressCallback
) -> Iterator[list[Person]]:
    """Ask the origins in rounds, each for its share of the households that are still missing."""
    taken: set[str] = set()
    size, found, households = min(inventor.household, n), 0, 0
    kinds: dict[Origin, list[Gender]] = {}
    for kind in inventor.given.generators:
        kinds.setdefault(kind.origin, []).append(kind.gender)
    origins = [
        _OfOrigin(inventor, size, origin, genders, taken) for origin, genders in kinds.items()
    ]
    while found < n and origins:
        missing = -(-min(n - found, CHUNK_PEOPLE) // size)
        # As many of each origin in all; what cannot be dealt evenly goes first to those that have more already.
        made = np.array([one.households for one in origins])
        each, more = divmod(int(made.sum()) + missing, len(origins))
        counts = np.full(len(origins), each)
        counts[np.lexsort((rng.random(len(origins)), -made))[:more]] += 1
        batch: list[list[Person]] = []
        for one, count in zip(origins, (counts - made).tolist(), strict=True):
            batch += one.some(count, rng) if count > 0 else []
            on_progress(Searched(min(found + len(batch) * size, n), n))
        origins = [one for one in origins if not one.exhausted]
        rng.shuffle(batch)
        people = [person for household in batch for person in household][: n - found]
        if inventor.household > 1:
            people = [
                replace(one, household=households + place // size + 1)
                for place, one in enumerate(people)
            ]
        found, households = found + len(people), households + len(batch)
        if people:
            yield people
    if found < n:
        lacking = "no other whole name was found: ask for fewer, or relax a constraint"
        if size > 1:
            lacking = f"no given names are left for a household of {size:,}: ask for smaller ones, or for fewer people"
        raise GenerationError(f"{found:,} people found of {n:,} asked for; {lacking}")


class _OfOrigin:
    """People of one origin, whose whole names nobody else has.

    As long as most draws are new people, given names are drawn, and different family names dealt evenly. Where they are
    not, all names that there are (or as many as could be needed) are found once, and their pairs are dealt at random.

    Args:
        inventor: what draws the parts.
        size: people of a household.
        origin: of these people.
        genders: that they may have.
        taken: the whole names given so far, those of all origins.

    Attributes:
        households: how many it has given.
        exhausted: there are no more.
    """

    def __init__(
        self,
        inventor: PeopleInventor,
        size: int,
        origin: Origin,
        genders: Sequence[Gender],
        taken: set[str],
    ) -> None:
        self._inventor, self._size, self._origin, self._genders, self._taken = (
            inventor,
            size,
            origin,
            genders,
            taken,
        )
        self.households = 0
        self._met = 0  # names that somebody was found to have
        self._left_out: set[str] = set()
        self._deal = False
        self.exhausted = False

    def some(self, count: int, rng: np.random.Generator) -> list[list[Person]]:
        """Up to so many households."""
        people = self._dealt(count, rng) if self._deal else self._drawn(count, rng)
        self.households += len(people)
        return people

    def _drawn(self, count: int, rng: np.random.Generator) -> list[list[Person]]:
        size, genders = self._size, self._genders
        of = rng.permutation((np.arange(count * size) + rng.integers(len(genders))) % len(genders))
        givens = np.empty(len(of), object)
        family, kind = self._inventor.family, Kind(self._origin)
        families: list[str] = []
        try:
            # Different names: the most likely one of a small list would be a fifth of all draws.
            families = dealt_evenly(family.different(min(count, MOST_NAMES), kind, rng), count, rng)
            if not families:
                raise GenerationError("no family name fits")
            for place, gender in enumerate(genders):
                wanted = of == place
                givens[wanted] = self._inventor.given.draw(
                    int(wanted.sum()), Kind(self._origin, gender), rng
                )
        except GenerationError:
            self.exhausted = not families
            self._deal = True
            return [] if self.exhausted else self._dealt(count, rng)
        self._leave_out(families)
        members = zip(givens.tolist(), [genders[place] for place in of.tolist()], strict=True)
        found = [
            one
            for family in families
            if (one := self._household(family, list(islice(members, size))))
        ]
        self._deal = len(found) < count / 2
        return found

    def _dealt(self, count: int, rng: np.random.Generator) -> list[list[Person]]:
        size, left_out = self._size, len(self._left_out)
        needed = self.households * size + self._met + count * size + left_out
        families = self._inventor.family.all_of(needed, Kind(self._origin), rng)
        self._leave_out(families)
        given = self._inventor.given
        givens = {
            gender: given.all_of(needed, Kind(self._origin, gender), rng)
            for gender in self._genders
        }
        members = [(given, gender) for gender, names in givens.items() for given in names]
        rng.shuffle(members)
        ways = deque(
            (one, self._free(one, members, int(rng.integers(len(members) or 1))))
            for one in families
        )
        dealt: list[list[Person]] = []
        while ways and len(dealt) < count:
            family, way = ways.popleft()
            chosen = list(islice(way, size))
            if len(chosen) == size:
                ways.append((family, way))
                dealt += filter(None, [self._household(family, chosen)])
        # Unless a search ended at what was needed, there are no more names.
        ended = len(dealt) < count and needed not in map(len, (families, *givens.values()))
        self.exhausted = ended or not (dealt or len(self._left_out) > left_out)
        return dealt

    def _free(self, family: str, members: Sequence[Member], start: int) -> Iterator[Member]:
        """The members whose whole names nobody has, from anywhere once around."""
        for place in range(len(members)):
            member = members[(start + place) % len(members)]
            if _whole(self._person(family, *member)) in self._taken:
                self._met += 1
            else:
                yield member

    def _leave_out(self, families: Sequence[str]) -> None:
        """See which family names will not do where men's are asked for: no man's, or those whose woman's will not."""
        if self._inventor.forms:
            women = {family: female_form(family, self._origin) for family in families}
            forms = [form for family, form in women.items() if form != family]
            refused = self._inventor.family.refused(forms, "female" in self._genders)
            self._left_out |= {
                one
                for one, form in women.items()
                if form in refused or is_female(one, self._origin)
            }

    def _household(self, family: str, members: Sequence[Member]) -> list[Person]:
        """People of one family; nobody, if it is left out, somebody has one of the names, or two share a given name."""
        if family in self._left_out:
            return []
        people = [self._person(family, *member) for member in members]
        names = set(map(_whole, people))
        if len({given for given, _ in members}) < len(members) or not names.isdisjoint(self._taken):
            return []
        self._taken |= names
        return people

    def _person(self, family: str, given: str, gender: Gender) -> Person:
        female = self._inventor.forms and gender == "female"
        return Person(
            given, female_form(family, self._origin) if female else family, self._origin, gender
        )


def dealt_evenly(names: Sequence[str], n: int, rng: np.random.Generator) -> list[str]:
    """The names, then as many of them again, in random order, as n lacks; none much more often than another.

    >>> sorted(dealt_evenly(["Ann", "Bob"], 5, np.random.default_rng(0)))[:2]
    ['Ann', 'Ann']
    """
    if not names:
        return []
    more = rng.permutation(np.arange(max(n - len(names), 0)) % len(names))
    return [*names[:n], *(names[place] for place in more.tolist())]


def _whole(person: Person) -> str:
    """What no two people share."""
    return f"{person.given} {person.family}".casefold()


# --- the forms that a family name has for men and for women ----------------------------------------------------------

# How a man's ending becomes a woman's, the first that fits. Names of other origins, and other endings, have one form.
# An ending is a regular expression: the Czech Moravec loses its e (Moravcová), Švec and Kadlec do not. In Irish the
# beginning changes, and softens the consonant behind it: Ó Briain, Ní Bhriain.
FEMALE_ENDINGS = {
    "Azerbaijani": "v>va",
    "Bulgarian": "ski>ska cki>cka v>va in>ina",
    "Czech": "ý>á í>í ů>ů něk>ňková těk>ťková děk>ďková ek>ková (?<=[aeiouyáéíóúůýě].)ec>cová [aeo]>ová >ová",
    "Greek": "idis>idou adis>adou os>ou is>i as>a es>e",
    "Icelandic": "son>dóttir",
    "Irish": r"^Ó(\s)h([AEIOUÁÉÍÓÚ].*)>Ní\1\2 ^Ó(\s)([BCDFGMPT]|S(?![cfmpt]))(?!h)(.*)>Ní\1\2h\3 ^Ó(\s.*)>Ní\1 "
    r"^Mac(\s)([BDFMPT]|S(?![cfmpt]))(?!h)(.*)>Nic\1\2h\3 ^Mac(\s.*)>Nic\1",
    "Latvian": "nieks>niece is>e [sš]>a",
    "Polish": "ski>ska cki>cka dzki>dzka",
    "Russian": "v>va in>ina yn>yna iy>aya",
    "Slovak": "ý>á sky>ská cky>cká [ao]>ová >ová",
    "Ukrainian": "yy>a shyn>shyna",
    "Uzbek": "v>va",
}
MENS_TOO = ("a", "e", "i", "í", "ů")  # women's endings that men's names have as well
_RULES = {
    origin: [
        (re.compile(f"{man}$"), woman)
        for man, woman in (rule.split(">") for rule in rules.split(" "))
    ]
    for origin, rules in FEMALE_ENDINGS.items()
}


def female_form(family: str, origin: str | None) -> str:
    """What a woman is called whose father or husband has this family name.

    >>> female_form("Kowalski", "Polish"), female_form("Novák", "Czech"), female_form("Nowak", "Polish")
    ('Kowalska', 'Nováková', 'Nowak')
    """
    for ending, woman in _RULES.get(origin or "", ()):
        if ending.search(family):
            return ending.sub(woman, family)
    return family


def is_female(family: str, origin: str | None) -> bool:
    """Whether only women have such a name: a model now and then gives one of them among the men's.

    >>> is_female("Kowalska", "Polish"), is_female("Malá", "Czech"), is_female("Svoboda", "Czech")
    (True, True, False)
    """
    if origin == "Irish":
        return family.startswith(("Ní ", "Nic "))
    return any(
        woman not in MENS_TOO and family.endswith(woman)
        for _, woman in _RULES.get(origin or "", ())
    )
