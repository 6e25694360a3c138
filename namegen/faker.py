"""A provider for Faker: invented names.

    from faker import Faker
    from namegen.faker import NamegenProvider

    fake = Faker()
    fake.add_provider(NamegenProvider)
    fake.invented_last_name()

It requires the Faker library, which the ``faker`` extra installs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

from namegen import api
from namegen.api.people import people_origins
from namegen.core.generation.name_batch import check_letter_case
from namegen.core.generation.sampling import SamplingSettings
from namegen.core.people.names import Gender
from namegen.core.people.person import Person
from namegen.core.settings import GENDERS
from namegen.errors import GenerationError, SettingsError, missing_library, setting, shown

try:
    from faker.providers import BaseProvider
except ImportError as error:  # pragma: no cover
    raise ImportError(missing_library("namegen.faker", "Faker", "faker")) from error

Item = TypeVar("Item")

# Sizes of pools.
POOL_SIZE = 4096
PEOPLE_PER_ORIGIN = 1024
COMPANIES = 1024  # generating a company takes longer


class NamegenProvider(BaseProvider):
    """Invented names from the models that come with namegen, or from your own model.

    The provider invents first names, last names and whole names of baseball players; given names, family names and
    people of many origins; companies; and places.

    Each call takes 64 bits from Faker's random numbers to choose an entry from a pool of 4,096 names or 1,024
    companies. For people and players, both parts of a name come from a pool. People have a pool of 1,024 for each
    origin, so there are millions of whole names.

    A pool is generated when it's first needed: once per program for the same arguments, and once per provider for
    ``invented``. Its names are always the same, so Faker's seeds also work for these names.

    Args:
        generator: Faker's generator, or a ``Faker`` with one locale, such as ``fake["de_DE"]``.
        model: the model of ``invented``: anything that ``namegen.load`` accepts, or a loaded model.
        temperature: the sampling temperature for all models. The default is 1.
        letter_case: how names are written; see ``LoadedModel.generate``.
        gender: ``female`` or ``male``, for people, given names and family names. The default is both.
        origin: one or more origins, such as ``Italian``, for given names, family names and people. If the model of
            ``invented`` has labels, this is also its label. The default is any origin.
        country: one or more countries, such as ``Poland``, for places. The default is any country.

    Raises:
        SettingsError: the temperature, letter case or gender is wrong. An unknown origin or country raises it at the
            first name.
        CheckpointError: there is no such model. This error is raised at the first name.

    To pass arguments, add an instance instead of the class::

        fake.add_provider(NamegenProvider(fake, model="runs/friends", temperature=0.8))
    """

    def __init__(
        self,
        generator: object,
        *,
        model: str | Path | api.LoadedModel | None = None,
        temperature: float | None = None,
        letter_case: str | None = None,
        gender: str | None = None,
        origin: str | Sequence[str] | None = None,
        country: str | Sequence[str] | None = None,
    ) -> None:
        super().__init__(generator)
        _check_arguments(temperature, letter_case, gender)
        self._model = model
        self._settings = PoolSettings(
            temperature=temperature,
            letter_case=letter_case,
            gender=gender,
            origins=_as_tuple(origin),
            countries=_as_tuple(country),
        )
        self._names_of_model: list[str] = []  # not shared: the model of a run folder can change

    def invented(self) -> str:
        """Return a new name from the provider's model. The default is the newest run, or ``taverns`` without runs."""
        if not self._names_of_model:
            self._names_of_model = _names_of_model(self._settings, self._model)
        return self._choose(self._names_of_model)

    def invented_first_name(self) -> str:
        """Return a first name that no Major League Baseball player has had."""
        return self._choose(_names(self._settings, "mlb-first"))

    def invented_last_name(self) -> str:
        """Return a last name that no Major League Baseball player has had."""
        return self._choose(_names(self._settings, "mlb-last"))

    def invented_name(self) -> str:
        """Return a full name, sometimes with a suffix. No Major League Baseball player has had the last name."""
        players = _players(self._settings)
        quotient, index = divmod(self._random_number(), len(players.first_names))
        last_name = players.last_names[quotient % len(players.last_names)]
        return f"{players.first_names[index]} {last_name}"

    def invented_given_name(self) -> str:
        """Return a new given name from the provider's origins."""
        return self._choose(_names(self._settings, "world-given"))

    def invented_family_name(self) -> str:
        """Return a new family name from the provider's origins."""
        return self._choose(_names(self._settings, "world-family"))

    def invented_person(self) -> str:
        """Return a real given name and a new family name of the same origin."""
        return self._choose_person().format()

    def invented_profile(self) -> dict[str, str | None]:
        """Return a person's name and its parts: ``name``, ``given``, ``family``, ``gender`` and ``origin``."""
        person = self._choose_person()
        return {
            "name": person.format(),
            "given": person.given,
            "family": person.family,
            "gender": person.gender,
            "origin": person.origin,
        }

    def invented_company(self) -> str:
        """Return a company that isn't in the built-in list of companies on the NYSE and on Nasdaq."""
        return self._choose(_names(self._settings, "companies"))

    def invented_place(self) -> str:
        """Return a town or village that isn't in the built-in list for its country."""
        return self._choose(_names(self._settings, "places"))

    def _choose(self, names: Sequence[str]) -> str:
        return names[self._random_number() % len(names)]

    def _choose_person(self) -> Person:
        """Combine the given name and the family name of two people with the same origin and gender."""
        origins = _origins(self._settings)
        quotient, index = divmod(self._random_number(), len(origins))
        people = _people(self._settings, origins[index])
        quotient, index = divmod(quotient, len(people.people))
        person = people.people[index]
        families = people.families[person.gender]
        return replace(person, family=families[quotient % len(families)])

    def _random_number(self) -> int:
        number: int = self.generator.random.getrandbits(64)
        return number


@dataclass(frozen=True)
class PoolSettings:
    """The arguments of a provider that decide which names its pools contain."""

    temperature: float | None
    letter_case: str | None
    gender: str | None
    origins: tuple[str, ...]
    countries: tuple[str, ...]

    @property
    def options(self) -> dict[str, Any]:
        """The options for generating names."""
        return {"seed": 0, "temperature": self.temperature, "letter_case": self.letter_case}

    @property
    def labels(self) -> list[str]:
        """The labels of the built-in models for these origins and this gender."""
        if self.gender is None:
            return list(self.origins)
        return [f"{origin},{self.gender}" for origin in self.origins or [""]]


@dataclass(frozen=True)
class PlayerPool:
    """The names of baseball players."""

    first_names: list[str]
    last_names: list[str]  # with suffixes


@dataclass(frozen=True)
class PeoplePool:
    """People of one origin, and the family names of each gender."""

    people: list[Person]
    families: Mapping[Gender, Sequence[str]]


# --- pools: each is generated once in a program ----------------------------------------------------------------------


@cache
def _names(settings: PoolSettings, model_name: str) -> list[str]:
    """Return new names from a built-in model."""
    if model_name == "places":
        model = api.places_of(settings.countries)
    else:
        model = api.load_shipped(model_name)
        if model.labels:
            model = model.for_labels(*settings.labels)
    size = COMPANIES if model_name == "companies" else POOL_SIZE
    return _generate_names(model, size, settings)


def _names_of_model(
    settings: PoolSettings, model: str | Path | api.LoadedModel | None
) -> list[str]:
    """Return new names from the user's model."""
    if not isinstance(model, api.LoadedModel):
        model = api.load(model)
    return _generate_names(model.for_labels(*settings.origins), POOL_SIZE, settings)


def _generate_names(model: api.LoadedModel, size: int, settings: PoolSettings) -> list[str]:
    batches = model.generate_batches(size, **settings.options)
    return _available(batch.names for batch in batches)


@cache
def _players(settings: PoolSettings) -> PlayerPool:
    """Return the names of invented baseball players."""
    players = _available(api.generate_players_batches(POOL_SIZE, **settings.options))
    return PlayerPool(
        first_names=[player.first for player in players],
        last_names=[f"{player.last} {player.suffix}".strip() for player in players],
    )


@cache
def _origins(settings: PoolSettings) -> list[str]:
    """Return the origins of people."""
    return people_origins(settings.origins)


@cache
def _people(settings: PoolSettings, origin: str) -> PeoplePool:
    """Return invented people of one origin."""
    batches = api.generate_people_batches(
        PEOPLE_PER_ORIGIN, origins=origin, gender=settings.gender, **settings.options
    )
    people = _available(batches)
    families: dict[Gender, list[str]] = defaultdict(list)
    for person in people:
        families[person.gender].append(person.family)
    return PeoplePool(people, families)


def _available(batches: Iterable[Iterable[Item]]) -> list[Item]:
    """Return all items before a GenerationError, which is raised only if there are none."""
    items: list[Item] = []
    try:
        for item in chain.from_iterable(batches):
            items.append(item)  # extend would lose the items before an error
    except GenerationError:
        if not items:
            raise
    return items


# --- arguments --------------------------------------------------------------------------------------------------------


def _check_arguments(
    temperature: float | None, letter_case: str | None, gender: str | None
) -> None:
    if temperature is not None:
        SamplingSettings(temperature)  # raises SettingsError
    check_letter_case(letter_case)
    if gender not in (None, *GENDERS):
        raise SettingsError(
            f"{setting('gender')} must be {' or '.join(GENDERS)}, not {shown(gender)}"
        )


def _as_tuple(values: str | Sequence[str] | None) -> tuple[str, ...]:
    """Return no value, one value or several values as a tuple."""
    if isinstance(values, str):
        return (values,)
    return tuple(values or ())
