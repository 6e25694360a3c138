"""A provider for Faker: names that nobody has.

    from faker import Faker
    from namegen.faker import NamegenProvider

    fake = Faker()
    fake.add_provider(NamegenProvider)
    fake.invented_last_name()

Needs the library Faker (the extra ``faker``).
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from namegen import api
from namegen.core.generation.generator import AS_LEARNED, check_letter_case
from namegen.core.generation.inventing import PlayerInventor, draw_each
from namegen.core.generation.letter_case import write
from namegen.core.generation.sampling import SamplingSettings
from namegen.errors import missing_library
from namegen.types import Array, UInt64

try:
    from faker.providers import BaseProvider
except ImportError as error:  # pragma: no cover
    raise ImportError(missing_library("namegen.faker", "Faker", "faker")) from error

WORDS = 2  # of 32 bits, that a name takes of Faker's random numbers
MOST_AHEAD = 1024  # names that are drawn together
FARTHEST = 1024  # words between two names of a kind that are still seen to follow on each other


class NamegenProvider(BaseProvider):
    """Invented first names, last names and whole names of baseball's players, given names, family names and people of
    many origins, and companies, from the models that come with namegen; and names from a model of one's own.

    Each call takes 64 bits from Faker's own random numbers, and they alone decide which name it gives. So the seeds of
    Faker hold for these names as for all others, whatever else is asked for in between, and ``.unique`` works. Names
    are drawn ahead for the numbers that will come if calls go on as they did (``Ahead``): a wrong guess costs a moment
    and changes no name.

    Args:
        generator: Faker's own, or a ``Faker`` of one locale.
        model: what ``invented`` draws from: whatever ``namegen.load`` takes, or a model that is loaded already.
        temperature: of all models; None: each model's own.
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
        self._ahead: dict[str, Ahead] = {}

    def invented(self) -> str:
        """A name of the model that the provider was given, else of the newest run, else a first name; a new one."""
        return self._take("", self._of_model)

    def invented_first_name(self) -> str:
        """A first name that no player of major-league baseball has had."""
        return self._take("mlb-first", self._of_model)

    def invented_last_name(self) -> str:
        """A last name that no player of major-league baseball has had."""
        return self._take("mlb-last", self._of_model)

    def invented_name(self) -> str:
        """A first and a last name, now and then with a suffix: the full name of no player of major-league baseball."""
        return self._take("players", self._of_players)

    def invented_given_name(self) -> str:
        """A given name that is new, of the provider's origin or of any."""
        return self._take("world-given", self._of_model)

    def invented_family_name(self) -> str:
        """A family name that is new, of the provider's origin or of any."""
        return self._take("world-family", self._of_model)

    def invented_person(self) -> str:
        """A given name, which others may have, and a new family name, of one origin: the provider's or any."""
        return self._take("people", self._of_people)

    def invented_company(self) -> str:
        """A company that is on neither the NYSE nor Nasdaq, by the bundled list."""
        return self._take("companies", self._of_model)

    def _take(self, kind: str, drawing: Callable[[str], Callable[[Sequence[int]], list[str]]]) -> str:
        ahead = self._ahead.get(kind)
        if ahead is None:
            ahead = self._ahead[kind] = Ahead(drawing(kind))
        return ahead.take(self.generator.random)

    def _of_model(self, kind: str) -> Callable[[Sequence[int]], list[str]]:
        if kind:
            model = _model(kind)
        else:
            model = self._model if isinstance(self._model, api.LoadedModel) else api.load(self._model)
        if model.labels or not kind:  # the players' and companies' models know none, and are not asked for any
            model = model.labelled(*self._origins)
        generator, longest = model.generator, model.default_max_length

        def draw(numbers: Sequence[int]) -> list[str]:
            names = draw_each(generator, _sources(numbers), longest=longest, temperature=self._temperature)
            return [write(name, self._case, model.sameness) for name in names]

        return draw

    def _of_people(self, kind: str) -> Callable[[Sequence[int]], list[str]]:
        inventor = api.load_people_inventor(self._origins, temperature=self._temperature)

        def draw(numbers: Sequence[int]) -> list[str]:
            return [person.in_case(self._case).written() for person in inventor.draw_each(_sources(numbers))]

        return draw

    def _of_players(self, kind: str) -> Callable[[Sequence[int]], list[str]]:
        inventor = _inventor()

        def draw(numbers: Sequence[int]) -> list[str]:
            players = inventor.draw_each(_sources(numbers), temperature=self._temperature)
            return [player.in_case(self._case).full_name for player in players]

        return draw


class Ahead:
    """Names of one kind, drawn ahead many at a time, each for the random number that will ask for it.

    A provider is not told when Faker is seeded anew, nor what else takes random numbers. So the numbers to come are
    read from a copy of Faker's own source: where the last call's number is found so many words behind the one before,
    the next ones are taken to follow at the same distance, and while that holds, twice as many names are drawn each
    time.
    A name is given only for the very number that it was drawn for.

    Args:
        draw: from numbers of 64 bits to a name for each.
    """

    def __init__(self, draw: Callable[[Sequence[int]], list[str]]) -> None:
        self._draw = draw
        self._waiting: deque[tuple[int, str]] = deque()
        self._coming = np.zeros(0, np.uint64)  # the numbers at each word behind the one that was drawn for last
        self._given = 0  # names since then
        self._distance = 0  # words from the end of a number to the end of the next; 0: not known
        self._size = 1  # names that were drawn together last

    def take(self, source: random.Random) -> str:
        """The name of the next 64 bits."""
        number = source.getrandbits(64)
        if self._waiting and self._waiting[0][0] == number:
            self._given += 1
            return self._waiting.popleft()[1]
        distance = self._measure(number)
        went_on = distance == self._distance and not self._waiting
        self._size = min(2 * self._size, MOST_AHEAD) if distance and went_on else 2 if distance else 1
        self._distance = distance
        self._coming = _numbers_to_come(source, self._size * distance + FARTHEST)
        places = [distance * place - WORDS for place in range(1, self._size)]
        numbers = [number, *self._coming[places].tolist()]
        name, *names = self._draw(numbers)
        self._waiting = deque(zip(numbers[1:], names, strict=True))
        self._given = 0
        return name

    def _measure(self, number: int) -> int:
        """How many words it lies behind the number before; 0 where it is not found."""
        begin = self._given * self._distance
        places = np.flatnonzero(self._coming[begin : begin + FARTHEST] == np.uint64(number))
        return int(places[0]) + WORDS if len(places) else 0


def _numbers_to_come(source: random.Random, words: int) -> UInt64[Array, "numbers"]:
    """The next number of 64 bits, the one that comes a word later, and so on, without taking them; none where the
    source cannot be copied.
    """
    try:
        state = source.getstate()
    except NotImplementedError:  # the system's own
        return np.zeros(0, np.uint64)
    copy = random.Random(0)
    copy.setstate(state)
    found = np.frombuffer(copy.getrandbits(32 * words).to_bytes(4 * words, "little"), "<u4").astype(np.uint64)
    return found[:-1] | found[1:] << np.uint64(32)


def _sources(numbers: Sequence[int]) -> list[np.random.Generator]:
    return list(map(np.random.default_rng, numbers))


@cache
def _inventor() -> PlayerInventor:
    return api.load_player_inventor()


@cache
def _model(name: str) -> api.LoadedModel:
    return api.load_shipped(name)
