"""A provider for Faker: names that nobody has.

    from faker import Faker
    from namegen.faker import NamegenProvider

    fake = Faker()
    fake.add_provider(NamegenProvider)
    fake.invented_last_name()

Needs the library Faker (the extra ``faker``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from namegen import api
from namegen.api.people import ALIASES
from namegen.core.generation.name_batch import check_letter_case
from namegen.core.generation.sampling import SamplingSettings
from namegen.core.settings import GENDERS
from namegen.errors import GenerationError, SettingsError, missing_library, setting, shown

try:
    from faker.providers import BaseProvider
except ImportError as error:  # pragma: no cover
    raise ImportError(missing_library("namegen.faker", "Faker", "faker")) from error

POOL, SMALL_POOL = 4096, 1024  # draws for each kind; for companies, which take longer
Parts = tuple[str, object, str]  # of a name: the first, which second ones go with it, the second
Pools = dict[str, list[tuple[str, list[str]]]]  # of each kind

_POOLS: dict[str, Pools] = defaultdict(
    dict
)  # by the arguments of their providers, so that each is drawn once


class NamegenProvider(BaseProvider):
    """Invented first names, last names and whole names of baseball's players, given names, family names and people of
    many origins, companies and places, from the models that come with namegen; and names from a model of one's own.

    Each call takes 64 bits from Faker's own random numbers, which choose a name of a pool: one of 4,096, of companies
    one of 1,024. People and players get both parts of their names from the pool, of one origin and gender, so
    there are hundreds of thousands. The pool of a kind is drawn when it is first needed: once in a program for the same
    arguments, but again in each provider for ``invented``. It is the same each time, so the seeds of Faker hold for
    these names as for all others.

    Args:
        generator: Faker's own, or a ``Faker`` of one locale, such as ``fake["de_DE"]``.
        model: what ``invented`` draws from: whatever ``namegen.load`` takes, or a model that is loaded already.
        temperature: of all models; None: 1.
        letter_case: how names are written, see ``LoadedModel.generate``.
        gender: of people, given names and family names, ``female`` or ``male``; None: both.
        origin: of given names, family names and people, such as ``Italian``, or several; and the label of
            ``invented``'s, where its model knows labels; None: any.
        country: of places, such as ``Poland``, or several; None: any.

    Raises:
        SettingsError: a wrong temperature, letter case or gender; when it is first asked for a name: an unknown origin
            or country.
        CheckpointError: no such model; when it is first asked for a name.

    To give the arguments, add an object in place of the class::

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
        SamplingSettings(1.0 if temperature is None else temperature)  # refuses
        check_letter_case(letter_case)
        if gender not in (None, *GENDERS):
            raise SettingsError(
                f"{setting('gender')} is {shown(gender)}: expected {' or '.join(GENDERS)}"
            )
        self._model, self._temperature, self._case, self._gender = (
            model,
            temperature,
            letter_case,
            gender,
        )
        self._origins = (origin,) if isinstance(origin, str) else tuple(origin or ())
        named = [ALIASES.get(str(one).casefold(), one) for one in self._origins]
        self._labels = [f"{one},{gender}" for one in named or [""]] if gender else named
        self._countries = (country,) if isinstance(country, str) else tuple(country or ())
        self._own: Pools = {}  # of a run folder, whose model may be another one tomorrow
        self._shared = _POOLS[
            repr((temperature, letter_case, gender, self._origins, self._countries))
        ]

    def invented(self) -> str:
        """A name of the model that the provider was given, else of the newest run, else a first name; a new one."""
        return self._take("")

    def invented_first_name(self) -> str:
        """A first name that no player of major-league baseball has had."""
        return self._take("mlb-first")

    def invented_last_name(self) -> str:
        """A last name that no player of major-league baseball has had."""
        return self._take("mlb-last")

    def invented_name(self) -> str:
        """A first and a last name, now and then with a suffix: the full name of no player of major-league baseball."""
        return self._take("players")

    def invented_given_name(self) -> str:
        """A given name that is new, of the provider's origin or of any."""
        return self._take("world-given")

    def invented_family_name(self) -> str:
        """A family name that is new, of the provider's origin or of any."""
        return self._take("world-family")

    def invented_person(self) -> str:
        """A given name, which others may have, and a new family name, of one origin: the provider's or any."""
        return self._take("people")

    def invented_company(self) -> str:
        """A company that is on neither the NYSE nor Nasdaq, by the bundled list."""
        return self._take("companies")

    def invented_place(self) -> str:
        """A town or village that is not in the list of its country: the provider's or any."""
        return self._take("places")

    def _take(self, kind: str) -> str:
        pools = self._shared if kind else self._own
        if kind not in pools:
            pools[kind] = self._drawn(kind)
        pool = pools[kind]
        number, place = divmod(self.generator.random.getrandbits(64), len(pool))
        first, seconds = pool[place]
        return f"{first} {seconds[number % len(seconds)]}" if seconds else first

    def _drawn(self, kind: str) -> list[tuple[str, list[str]]]:
        """The pool of a kind: each first part, with all second parts that go with it; of names of one part none."""
        found: list[Parts] = []
        try:
            found.extend(self._parts(kind))
        except GenerationError:  # there are fewer, or they are rare: those that were found will do
            if not found:
                raise
        seconds: dict[object, list[str]] = defaultdict(list)
        for _, group, second in found:
            seconds[group] += filter(None, [second])
        return [(first, seconds[group]) for first, group, _ in found]

    def _parts(self, kind: str) -> Iterator[Parts]:
        how: dict[str, Any] = {
            "seed": 0,
            "temperature": self._temperature,
            "letter_case": self._case,
        }
        if kind == "players":
            teams = api.generate_players_batches(POOL, **how)
            return (
                (one.first, None, f"{one.last} {one.suffix}".strip())
                for team in teams
                for one in team
            )
        if kind == "people":
            groups = api.generate_people_batches(
                POOL, origins=self._origins, gender=self._gender, **how
            )
            return (
                (one.given, (one.origin, one.gender), one.family)
                for group in groups
                for one in group
            )
        model = (
            self._model
            if not kind
            else api.places_of(self._countries)
            if kind == "places"
            else api.load_shipped(kind)
        )
        if not isinstance(model, api.LoadedModel):
            model = api.load(model)
        if kind != "places" and (
            model.labels or not kind
        ):  # a shipped model without labels is not asked for any
            model = model.for_labels(*(self._labels if kind else self._origins))
        batches = model.generate_batches(SMALL_POOL if kind == "companies" else POOL, **how)
        return ((name, None, "") for batch in batches for name in batch.names)
