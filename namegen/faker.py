"""A provider for Faker: names that nobody has.

    from faker import Faker
    from namegen.faker import NamegenProvider

    fake = Faker()
    fake.add_provider(NamegenProvider)
    fake.invented_last_name()

Needs the extra ``faker``: ``pip install 'namegen[faker]'``.
"""

from __future__ import annotations

from functools import cache

from namegen import api
from namegen.core.inventing import PlayerInventor

try:
    from faker.providers import BaseProvider
except ImportError as error:  # pragma: no cover
    raise ImportError(
        "namegen.faker needs Faker, which is not installed: install it with: pip install 'namegen[faker]'"
    ) from error

BLOCK_BITS, PLACE_BITS = 4, 12  # 16 blocks of 4,096 names: 65,536 of each kind


class NamegenProvider(BaseProvider):
    """Invented first names, last names, whole names and companies, from the models that come with namegen.

    Each call takes 16 bits from Faker's own random numbers, and they alone decide which name it gives. So the seeds of
    Faker hold for these names as for all others, in whatever order they are asked for, and ``.unique`` works (there are
    some 65,000 names of each kind). The names themselves are drawn 4,096 at a time, when one of them is first asked
    for, and kept: a first call takes a moment, the others next to nothing.
    """

    def invented_first_name(self) -> str:
        """A first name that no player of major-league baseball has had."""
        return self._pick("mlb-first")

    def invented_last_name(self) -> str:
        """A last name that no player of major-league baseball has had."""
        return self._pick("mlb-last")

    def invented_name(self) -> str:
        """A first and a last name, now and then with a suffix: the full name of no player of major-league baseball."""
        return self._pick("players")

    def invented_company(self) -> str:
        """A company that is on neither the NYSE nor Nasdaq, by the bundled list."""
        return self._pick("companies")

    def _pick(self, kind: str) -> str:
        bits: int = self.generator.random.getrandbits(BLOCK_BITS + PLACE_BITS)
        return names_of_block(kind, bits >> PLACE_BITS)[bits & ((1 << PLACE_BITS) - 1)]


@cache
def names_of_block(kind: str, block: int) -> tuple[str, ...]:
    """One block of names: always the same ones, whoever asks first."""
    count = 1 << PLACE_BITS
    if kind == "players":
        players = api.invent_players(count, seed=block, inventor=_inventor())
        return tuple(player.full_name for batch in players for player in batch)
    return tuple(_model(kind).generate(count, seed=block))


@cache
def _inventor() -> PlayerInventor:
    return api.load_player_inventor()


@cache
def _model(name: str) -> api.LoadedModel:
    return api.load_shipped(name)
