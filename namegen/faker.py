"""A provider for Faker: names that nobody has.

    from faker import Faker
    from namegen.faker import NamegenProvider

    fake = Faker()
    fake.add_provider(NamegenProvider)
    fake.invented_last_name()

Needs the library Faker (the extra ``faker``).
"""

from __future__ import annotations

from functools import cache

import numpy as np

from namegen import api
from namegen.core.generation.inventing import PlayerInventor, draw_one
from namegen.extras import missing_library

try:
    from faker.providers import BaseProvider
except ImportError as error:  # pragma: no cover
    raise ImportError(missing_library("namegen.faker", "Faker", "faker")) from error


class NamegenProvider(BaseProvider):
    """Invented first names, last names, whole names and companies, from the models that come with namegen.

    Each call takes 64 bits from Faker's own random numbers, and they alone decide which name it gives. So the seeds of
    Faker hold for these names as for all others, whatever else is asked for in between, and ``.unique`` works. Nothing
    is drawn ahead: a provider is not told when Faker is seeded anew, and names from before would come up. A name takes
    less than a millisecond.
    """

    def invented_first_name(self) -> str:
        """A first name that no player of major-league baseball has had."""
        return self._draw("mlb-first")

    def invented_last_name(self) -> str:
        """A last name that no player of major-league baseball has had."""
        return self._draw("mlb-last")

    def invented_name(self) -> str:
        """A first and a last name, now and then with a suffix: the full name of no player of major-league baseball."""
        return _inventor().draw_one(self._random_numbers()).full_name

    def invented_company(self) -> str:
        """A company that is on neither the NYSE nor Nasdaq, by the bundled list."""
        return self._draw("companies")

    def _draw(self, name: str) -> str:
        model = _model(name)
        return draw_one(model.generator, self._random_numbers(), longest=model.default_max_length)

    def _random_numbers(self) -> np.random.Generator:
        return np.random.default_rng(self.generator.random.getrandbits(64))


@cache
def _inventor() -> PlayerInventor:
    return api.load_player_inventor()


@cache
def _model(name: str) -> api.LoadedModel:
    return api.load_shipped(name)
