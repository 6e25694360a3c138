"""A provider for Faker: invented names.

    from faker import Faker
    from namegen.faker import NamegenProvider

    fake = Faker()
    fake.add_provider(NamegenProvider)
    fake.invented_last_name()

It requires the Faker library, which the ``faker`` extra installs.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import msgspec

from namegen import __version__, api
from namegen.api.people import people_origins
from namegen.core.generation.letter_case import write
from namegen.core.generation.request import GenerationRequest
from namegen.core.people.families import female_form
from namegen.core.settings import GENDERS, checked
from namegen.errors import (
    GenerationError,
    NamegenError,
    SettingsError,
    missing_library,
    setting,
    shown,
)
from namegen.files import read_whole, write_whole
from namegen.models import shipped_path

try:
    from faker.providers import BaseProvider
except ImportError as error:  # pragma: no cover
    raise ImportError(missing_library("namegen.faker", "Faker", "faker")) from error

Item = TypeVar("Item")
Row: TypeAlias = tuple[str, ...]  # of a pool

# Sizes of pools.
POOL_SIZE = 4096
PEOPLE_PER_ORIGIN = 1024
COMPANIES = 1024  # generating a company takes longer
MAX_CACHE_BYTES = 2**24  # of one pool
# The models of pools that aren't called like their model.
MODELS = {
    "origins": ("world-given", "world-family"),
    "people": ("world-given", "world-family"),
    "players": ("mlb-first", "mlb-last"),
    "places": ("world-places",),
}
# The types of pools whose rows have several strings.
TYPES: dict[str, Any] = {"people": list[tuple[str, str, str]], "players": list[tuple[str, str]]}


class NamegenProvider(BaseProvider):
    """Invented names from the models that come with namegen, or from your own model.

    The provider invents first names, last names and whole names of baseball players; given names, family names and
    people of many origins; companies; and places.

    Each call takes 64 bits from Faker's random numbers to choose an entry from a pool of 4,096 names or 1,024
    companies. For people and players, both parts of a name come from a pool. People have a pool of 1,024 for each
    origin, so there are millions of whole names.

    A pool is generated when it's first needed, and stored in the user's cache folder, where other programs find it. The
    pool of ``invented`` isn't stored, because the model can change. The names of a pool are always the same, so Faker's
    seeds also work for these names.

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
        checked(GenerationRequest, "temperature", 1 if temperature is None else temperature)
        checked(GenerationRequest, "letter_case", letter_case)
        if gender not in (None, *GENDERS):
            raise SettingsError(
                f"{setting('gender')} must be {' or '.join(GENDERS)}, not {shown(gender)}"
            )
        self._model = model
        self._settings = PoolSettings(
            temperature=temperature,
            letter_case=letter_case,
            gender=gender,
            origins=(origin,) if isinstance(origin, str) else tuple(origin or ()),
            countries=(country,) if isinstance(country, str) else tuple(country or ()),
        )
        self._names_of_model: list[Row] = []  # not shared: the model of a run folder can change

    def invented(self) -> str:
        """Return a new name from the provider's model. The default is the newest run, or ``taverns`` without runs."""
        if not self._names_of_model:
            model = self._model
            if not isinstance(model, api.LoadedModel):
                model = api.load(model)
            model = model.for_labels(*self._settings.origins)
            self._names_of_model = _new_names(model, POOL_SIZE, self._settings)
        return self._choose(self._names_of_model)[0]

    def invented_first_name(self) -> str:
        """Return a first name that no Major League Baseball player has had."""
        return self._choose(_pool(self._settings, "mlb-first"))[0]

    def invented_last_name(self) -> str:
        """Return a last name that no Major League Baseball player has had."""
        return self._choose(_pool(self._settings, "mlb-last"))[0]

    def invented_name(self) -> str:
        """Return a full name, sometimes with a suffix. No Major League Baseball player has had the last name."""
        players = _pool(self._settings, "players")
        first_name, _ = self._choose(players)
        _, last_name = self._choose(players)
        return f"{first_name} {last_name}"

    def invented_given_name(self) -> str:
        """Return a new given name from the provider's origins."""
        return self._choose(_pool(self._settings, "world-given"))[0]

    def invented_family_name(self) -> str:
        """Return a new family name from the provider's origins."""
        return self._choose(_pool(self._settings, "world-family"))[0]

    def invented_person(self) -> str:
        """Return a real given name and a new family name of the same origin."""
        return self.invented_profile()["name"]

    def invented_profile(self) -> dict[str, str]:
        """Return a person's name and its parts: ``name``, ``given``, ``family``, ``gender`` and ``origin``."""
        [origin] = self._choose(_pool(self._settings, "origins"))
        people = _pool(self._settings, "people", origin)
        given, _, gender = self._choose(people)
        families = [person for person in people if person[2] == gender]
        _, family, _ = self._choose(families)
        return self._profile(given, family, gender, origin)

    def invented_household(self, n: int = 4) -> list[dict[str, str]]:
        """Return the profiles of n people who share an origin and a family name, and have different given names.

        In some languages, women have another form of the family name.

        Args:
            n: how many people live together, at most as many as the pool has given names.

        Raises:
            SettingsError: n is too large, or less than 1.
        """
        [origin] = self._choose(_pool(self._settings, "origins"))
        people = _pool(self._settings, "people", origin)
        gender_of = {given: gender for given, _, gender in people}
        if not 1 <= n <= len(gender_of):
            raise SettingsError(
                f"{setting('n')} is {shown(n)}: a household has from 1 to {len(gender_of):,} people"
            )
        # A man's family name has a form for women. If there are only women, they have the same form.
        men = [person for person in people if person[2] == "male"]
        _, family, _ = self._choose(men or people)
        household = []
        for given in self.generator.random.sample(list(gender_of), n):
            gender = gender_of[given]
            has_form = bool(men) and gender == "female"
            own_family = female_form(family, origin) if has_form else family
            household.append(self._profile(given, own_family, gender, origin))
        return household

    def invented_company(self) -> str:
        """Return a company that isn't in the built-in list of companies on the NYSE and on Nasdaq."""
        return self._choose(_pool(self._settings, "companies"))[0]

    def invented_place(self) -> str:
        """Return a town or village that isn't in the built-in list for its country."""
        return self._choose(_pool(self._settings, "places"))[0]

    def _profile(self, given: str, family: str, gender: str, origin: str) -> dict[str, str]:
        given = write(given, self._settings.letter_case)
        family = write(family, self._settings.letter_case)
        return {
            "name": f"{given} {family}",
            "given": given,
            "family": family,
            "gender": gender,
            "origin": origin,
        }

    def _choose(self, items: Sequence[Item]) -> Item:
        number: int = self.generator.random.getrandbits(64)
        return items[number % len(items)]


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


# --- pools ------------------------------------------------------------------------------------------------------------


@cache
def _pool(settings: PoolSettings, kind: str, origin: str = "") -> list[Row]:
    """Return a pool from the cache folder, or draw and store it.

    A file that is damaged is replaced. If the folder can't be used, the pool is drawn again by each program.

    Args:
        settings: the arguments of the provider.
        kind: the name of a model, or a key of ``MODELS``.
        origin: the origin of ``people``.

    Returns:
        Rows of strings: names, origins, the first and last names of players, or the given name, family name and gender
        of people.
    """
    models = MODELS.get(kind, (kind,))
    hashes = [hashlib.sha256(shipped_path(name).read_bytes()).hexdigest() for name in models]
    sizes = (POOL_SIZE, PEOPLE_PER_ORIGIN, COMPANIES)
    key = hashlib.sha256(repr((__version__, hashes, sizes, settings, kind, origin)).encode())
    folder = Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "namegen")
    path = folder / f"{kind}-{key.hexdigest()[:32]}.json"
    row_type = TYPES.get(kind, list[tuple[str]])
    with suppress(OSError, ValueError):
        content = read_whole(path, MAX_CACHE_BYTES)
        stored: list[Row] = msgspec.json.decode(content, type=row_type)
        if stored:
            return stored
    pool = _draw_pool(settings, kind, origin)
    with suppress(OSError, NamegenError):
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(path, msgspec.json.encode(pool))  # other programs see all of it or nothing
    return pool


def _draw_pool(settings: PoolSettings, kind: str, origin: str) -> list[Row]:
    """Draw a pool. The arguments and the result are those of ``_pool``."""
    if kind == "origins":
        return [(known_origin,) for known_origin in people_origins(settings.origins)]
    if kind == "players":
        players = _available(api.generate_players_batches(POOL_SIZE, **settings.options))
        return [(player.first, f"{player.last} {player.suffix}".strip()) for player in players]
    if kind == "people":
        # Profiles change the letter case, because women's forms of family names depend on their spelling.
        options = {**settings.options, "letter_case": None}
        batches = api.generate_people_batches(
            PEOPLE_PER_ORIGIN, origins=origin, gender=settings.gender, **options
        )
        return [(one.given, one.family, one.gender or "") for one in _available(batches)]
    if kind == "places":
        return _new_names(api.places_of(settings.countries), POOL_SIZE, settings)
    model = api.load_shipped(kind)
    if model.labels and settings.gender:
        model = model.for_labels(
            *(f"{name},{settings.gender}" for name in settings.origins or [""])
        )
    elif model.labels:
        model = model.for_labels(*settings.origins)
    return _new_names(model, COMPANIES if kind == "companies" else POOL_SIZE, settings)


def _new_names(model: api.LoadedModel, n: int, settings: PoolSettings) -> list[Row]:
    batches = model.generate_batches(n, **settings.options)
    return [(name,) for name in _available(batch.names for batch in batches)]


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
