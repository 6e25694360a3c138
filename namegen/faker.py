"""A provider for Faker: names that nobody has.

    from faker import Faker
    from namegen.faker import NamegenProvider

    fake = Faker()
    fake.add_provider(NamegenProvider)
    fake.invented_last_name()

Needs the library Faker (the extra ``faker``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from namegen import api
from namegen.core.generation.generator import AS_LEARNED, check_letter_case
from namegen.core.generation.sampling import SamplingSettings
from namegen.errors import GenerationError, missing_library

try:
    from faker.providers import BaseProvider
except ImportError as error:  # pragma: no cover
    raise ImportError(missing_library("namegen.faker", "Faker", "faker")) from error

POOL = 8192  # names of each kind
CHUNK = 512  # of them are drawn together


class NamegenProvider(BaseProvider):
    """Invented first names, last names and whole names of baseball's players, given names, family names and people of
    many origins, and companies, from the models that come with namegen; and names from a model of one's own.

    Each call takes 64 bits from Faker's own random numbers, which choose one name of a pool of 8,192. The pool of a
    kind is drawn as it is needed, from seeds of its own, and is the same for the same arguments. So the seeds of Faker
    hold for these names as for all others, whatever else is asked for in between, and ``.unique`` gives some thousands.

    Args:
        generator: Faker's own, or a ``Faker`` of one locale.
        model: what ``invented`` draws from: whatever ``namegen.load`` takes, or a model that is loaded already.
        temperature: of all models; None: 1.
        letter_case: how names are written, see ``LoadedModel.generate``.
        origin: of given names, family names and people, such as ``Italian``, or several; and the label of
            ``invented``'s, where its model knows labels; None: any.

    Raises:
        SettingsError: a wrong temperature or letter case; when it is first asked for a name: an unknown origin.
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
        letter_case: str = AS_LEARNED,
        origin: str | Sequence[str] | None = None,
    ) -> None:
        super().__init__(generator)
        SamplingSettings(1.0 if temperature is None else temperature)  # refuses
        check_letter_case(letter_case)
        self._model, self._temperature, self._case = model, temperature, letter_case
        self._origins = (origin,) if isinstance(origin, str) else tuple(origin or ())
        self._chunks: dict[tuple[str, int], list[str]] = {}

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

    def _take(self, kind: str) -> str:
        number: int = self.generator.random.getrandbits(64)
        chunk, place = divmod(number % POOL, CHUNK)
        if (kind, chunk) not in self._chunks:
            found: list[str] = []
            try:
                for names in self._draw(kind, chunk):
                    found += names
            except GenerationError:  # there are fewer, or they are rare: those that were found will do
                if not found:
                    raise
            self._chunks[kind, chunk] = found
        return self._chunks[kind, chunk][place % len(self._chunks[kind, chunk])]

    def _draw(self, kind: str, seed: int) -> Iterator[list[str]]:
        how: dict[str, Any] = {"seed": seed, "temperature": self._temperature, "letter_case": self._case}
        if kind == "players":
            return ([player.full_name for player in team] for team in api.invent_players_batches(CHUNK, **how))
        if kind == "people":
            groups = api.invent_people_batches(CHUNK, origins=self._origins, **how)
            return ([person.written() for person in group] for group in groups)
        if kind:
            model = api.load_shipped(kind)
        else:
            if not isinstance(self._model, api.LoadedModel):
                self._model = api.load(self._model)
            model = self._model
        if model.labels or not kind:  # the players' and companies' models know none, and are not asked for any
            model = model.labelled(*self._origins)
        batches = model.generate_batches(CHUNK, allow_repeats=True, choose=model.choose, **how)
        return (batch.names for batch in batches)
