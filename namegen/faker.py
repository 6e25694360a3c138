"""A provider for Faker: invented names.

    from faker import Faker
    from namegen.faker import NamegenProvider

    fake = Faker()
    fake.add_provider(NamegenProvider)
    fake.invented_last_name()

It needs the library Faker (the extra ``faker``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from namegen import api
from namegen.api.aliases import ORIGIN_ALIASES
from namegen.core.generation.name_batch import check_letter_case
from namegen.core.generation.sampling import SamplingSettings
from namegen.core.settings import GENDERS
from namegen.errors import GenerationError, SettingsError, missing_library, setting, shown

try:
    from faker.providers import BaseProvider
except ImportError as error:  # pragma: no cover
    raise ImportError(missing_library("namegen.faker", "Faker", "faker")) from error

Item = TypeVar("Item")

POOL = 4096  # names drawn for each kind
SMALL_POOL = 1024  # for companies, which take longer


@dataclass(frozen=True)
class Entry:
    """An entry of a pool: the first part of a name, and the second parts that go with it (none for plain names)."""

    first: str
    seconds: Sequence[str] = ()


@dataclass(frozen=True)
class Pair:
    """Both parts of a name. The parts of all names of a group go together."""

    first: str
    second: str
    group: object


Pools = dict[str, list[Entry]]  # by kind, such as mlb-first
# By the arguments of their providers, so that each pool is drawn once in a program.
_SHARED_POOLS: dict[str, Pools] = defaultdict(dict)


class NamegenProvider(BaseProvider):
    """Invented names from the models that come with namegen, and from a model of your own.

    There are first names, last names and whole names of baseball players, given names, family names and people of many
    origins, companies and places.

    Each call takes 64 bits from Faker's random numbers, which choose an entry of a pool: one of 4,096 names, or of
    1,024 companies. For people and players, both parts come from the pool, with the same origin and gender, so there
    are hundreds of thousands of them. A pool is drawn when it's first needed: once per program for the same arguments,
    and once per provider for ``invented``. It's always the same, so Faker's seeds work for these names as well.

    Args:
        generator: Faker's generator, or a ``Faker`` with one locale, such as ``fake["de_DE"]``.
        model: the model of ``invented``: anything that ``namegen.load`` accepts, or a loaded model.
        temperature: for all models. The default is 1.
        letter_case: how names are written; see ``LoadedModel.generate``.
        gender: ``female`` or ``male``, for people, given names and family names. The default is both.
        origin: such as ``Italian``, or several, for given names, family names and people; also the label for
            ``invented`` if its model has labels. The default is any.
        country: such as ``Poland``, or several, for places. The default is any.

    Raises:
        SettingsError: a wrong temperature, letter case or gender; at the first name: an unknown origin or country.
        CheckpointError: at the first name: there is no such model.

    To pass arguments, add an object instead of the class::

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
        SamplingSettings(1.0 if temperature is None else temperature)  # raises SettingsError
        check_letter_case(letter_case)
        if gender not in (None, *GENDERS):
            raise SettingsError(
                f"{setting('gender')} must be {' or '.join(GENDERS)}, not {shown(gender)}"
            )
        self._model = model
        self._temperature = temperature
        self._letter_case = letter_case
        self._gender = gender
        self._origins = _as_tuple(origin)
        self._countries = _as_tuple(country)
        self._pools_of_model: Pools = {}  # not shared: the model of a run folder can change
        arguments = (temperature, letter_case, gender, self._origins, self._countries)
        self._shared_pools = _SHARED_POOLS[repr(arguments)]

    def invented(self) -> str:
        """A new name from the provider's model; by default from the newest run, or a baseball first name."""
        return self._take("")

    def invented_first_name(self) -> str:
        """A first name that no player of major-league baseball has had."""
        return self._take("mlb-first")

    def invented_last_name(self) -> str:
        """A last name that no player of major-league baseball has had."""
        return self._take("mlb-last")

    def invented_name(self) -> str:
        """A first and a last name, sometimes with a suffix, that no player of major-league baseball has had."""
        return self._take("players")

    def invented_given_name(self) -> str:
        """A new given name, from the provider's origins."""
        return self._take("world-given")

    def invented_family_name(self) -> str:
        """A new family name, from the provider's origins."""
        return self._take("world-family")

    def invented_person(self) -> str:
        """A real given name and a new family name of the same origin."""
        return self._take("people")

    def invented_company(self) -> str:
        """A company that isn't in the bundled list of companies on the NYSE and on Nasdaq."""
        return self._take("companies")

    def invented_place(self) -> str:
        """A town or village that isn't in the bundled list of its country."""
        return self._take("places")

    def _take(self, kind: str) -> str:
        """A name of a kind: the name of a model, "players", "people" or "places"; "" for the provider's model."""
        pools = self._shared_pools if kind else self._pools_of_model
        if kind not in pools:
            pools[kind] = self._new_pool(kind)
        pool = pools[kind]
        number: int = self.generator.random.getrandbits(64)
        quotient, index = divmod(number, len(pool))
        entry = pool[index]
        if not entry.seconds:
            return entry.first
        return f"{entry.first} {entry.seconds[quotient % len(entry.seconds)]}"

    def _new_pool(self, kind: str) -> list[Entry]:
        if kind == "players":
            return _combined(self._players())
        if kind == "people":
            return _combined(self._people())
        names = _available(self._names(kind))
        return [Entry(name) for name in names]

    def _players(self) -> Iterable[Pair]:
        for players in api.generate_players_batches(POOL, **self._options):
            for player in players:
                last_name = f"{player.last} {player.suffix}".strip()
                yield Pair(player.first, last_name, group=None)

    def _people(self) -> Iterable[Pair]:
        batches = api.generate_people_batches(
            POOL, origins=self._origins, gender=self._gender, **self._options
        )
        for people in batches:
            for person in people:
                yield Pair(person.given, person.family, group=(person.origin, person.gender))

    def _names(self, kind: str) -> Iterable[str]:
        model = self._model_of(kind)
        size = SMALL_POOL if kind == "companies" else POOL
        for batch in model.generate_batches(size, **self._options):
            yield from batch.names

    def _model_of(self, kind: str) -> api.LoadedModel:
        """The model of a kind, for the provider's labels or countries."""
        if kind == "places":
            return api.places_of(self._countries)
        if not kind:
            model = self._model
            if not isinstance(model, api.LoadedModel):
                model = api.load(model)
            return model.for_labels(*self._origins)
        model = api.load_shipped(kind)
        return model.for_labels(*self._labels) if model.labels else model

    @property
    def _labels(self) -> list[str]:
        """The labels of the shipped models for the provider's origins and gender."""
        origins = [ORIGIN_ALIASES.get(str(origin).casefold(), origin) for origin in self._origins]
        if self._gender is None:
            return origins
        return [f"{origin},{self._gender}" for origin in origins or [""]]

    @property
    def _options(self) -> dict[str, Any]:
        return {"seed": 0, "temperature": self._temperature, "letter_case": self._letter_case}


def _as_tuple(values: str | Sequence[str] | None) -> tuple[str, ...]:
    """One value, several or none, as a tuple."""
    if isinstance(values, str):
        return (values,)
    return tuple(values or ())


def _available(items: Iterable[Item]) -> list[Item]:
    """All items before a GenerationError, which is raised only if there are none."""
    available: list[Item] = []
    try:
        for item in items:
            available.append(item)  # extend would lose the items before an error
    except GenerationError:
        if not available:
            raise
    return available


def _combined(pairs: Iterable[Pair]) -> list[Entry]:
    """An entry for each first part, with the second parts of its group."""
    available = _available(pairs)
    seconds: dict[object, list[str]] = defaultdict(list)
    for pair in available:
        seconds[pair.group].append(pair.second)
    return [Entry(pair.first, seconds[pair.group]) for pair in available]
