"""PlayerInventor: whole players who never were: a first name, a last name, and now and then a suffix."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from namegen.baseball.players import SUFFIXES, PlayerName
from namegen.core.data.sameness import normalise
from namegen.core.generation.generator import Generator, NameBatch
from namegen.core.generation.letter_case import write
from namegen.core.generation.sampling import SamplingSettings, check_amount
from namegen.core.generation.wishes.wishlist import Wishlist
from namegen.errors import GenerationError, of_part, setting
from namegen.events import Watcher, unwatched

DrawFirsts: TypeAlias = Callable[[int], list[str]]  # gives so many first names
ROUNDS = 100  # first names that are tried for one last name before it is given up


@dataclass(frozen=True)
class InventedPlayer(PlayerName):
    """The name of a player who never was."""

    def in_case(self, case: str) -> InventedPlayer:
        """The same player, written in a letter case.

        >>> InventedPlayer("Al", "McBob", "III").in_case("upper").full_name
        'AL MCBOB III'
        """
        suffix = self.suffix if case == "title" else write(self.suffix, case)
        return InventedPlayer(write(self.first, case), write(self.last, case), suffix)


@dataclass(frozen=True, eq=False)
class PartWishes:
    """What one part of the names must keep, and how many characters it may have."""

    wishes: Wishlist
    longest: int


class PlayerInventor:
    """Invents players.

    The **last name** is always a new one, and no two players of a request share theirs. The **first name** comes as the
    model gives it, names of the list and repeats included: real players are called Mike too, and a team in which nobody
    is would look odd. The **suffix** has the frequency that it has among the real players. The **full name**, with the
    suffix and without, is never that of a real player, however it is spaced, spelt in capitals or punctuated.

    Args:
        first: draws first names.
        last: draws last names; knows those of its list.
        real: the full names of the real players, suffixes included.
        longest_first: characters of the longest first name.
        longest_last: of the longest last name.
    """

    def __init__(
        self, first: Generator, last: Generator, real: Iterable[str], *, longest_first: int, longest_last: int
    ) -> None:
        self._first, self._last = first, last
        self._longest_first, self._longest_last = longest_first, longest_last
        names = list(real)
        ends = [name.rpartition(" ") for name in names]
        self._suffixes = [end if end in SUFFIXES else "" for _, _, end in ends] or [""]
        self._real = {normalise(name) for name in names}
        self._real |= {normalise(rest) for rest, _, end in ends if end in SUFFIXES}

    def generate(
        self,
        n: int,
        *,
        rng: np.random.Generator,
        temperature: float | None = None,
        first_wishes: PartWishes | None = None,
        last_wishes: PartWishes | None = None,
        watch: Watcher = unwatched,
    ) -> Iterator[list[InventedPlayer]]:
        """Give n players, in batches as they are found.

        Args:
            n: how many.
            rng: where the random numbers come from.
            temperature: of both models; below 1 stays with what is likely; None: each model's own.
            first_wishes: what the first names must keep, and how long they may be; None: nothing.
            last_wishes: the same of the last names.
            watch: told now and then how far the search is.

        Raises:
            SettingsError: n or the temperature is out of its range, or wishes contradict each other; at once.
            GenerationError: after those found have been given: there are no more.
        """
        check_amount(n, "players")
        of_first, of_last = (
            generator.temperature if temperature is None else temperature for generator in (self._first, self._last)
        )
        firsts = first_wishes or PartWishes(Wishlist(), self._longest_first)
        lasts = last_wishes or PartWishes(Wishlist(), self._longest_last)
        first_names = SamplingSettings(of_first, max_length=firsts.longest)
        last_names = SamplingSettings(of_last, max_length=lasts.longest)

        def draw_firsts(count: int) -> list[str]:
            batches = self._first.generate(
                count, rng=rng, sampling=first_names, wishes=firsts.wishes, allow_seen=True, allow_repeats=True
            )
            return [name for batch in batches for name in batch.names]

        with of_part("first"):
            self._first.prepare(1, firsts.longest, firsts.wishes, True, True)  # says at once what contradicts itself
        with of_part("last"):
            batches = self._last.generate(n, rng=rng, sampling=last_names, wishes=lasts.wishes, watch=watch)
        return self._search(n, rng, draw_firsts, batches)

    def _is_new(self, player: InventedPlayer) -> bool:
        """Whether no real player has that name, with or without a suffix."""
        return self._real.isdisjoint((normalise(f"{player.first} {player.last}"), normalise(player.full_name)))

    def _search(
        self, n: int, rng: np.random.Generator, draw_firsts: DrawFirsts, last_names: Iterator[NameBatch]
    ) -> Iterator[list[InventedPlayer]]:
        found = 0
        given: set[str] = set()
        try:
            for batch in last_names:
                yield self._complete(batch.names, rng, draw_firsts, given)
                found += len(batch.names)
        except GenerationError as error:
            raise GenerationError(
                f"{found:,} players found of {n:,} asked for, and no more are found: ask for fewer, raise "
                f"{setting('temperature')}, or relax a wish"
            ) from error

    def _complete(
        self, lasts: list[str], rng: np.random.Generator, draw_firsts: DrawFirsts, given: set[str]
    ) -> list[InventedPlayer]:
        """A player for each last name, in their order."""
        players: dict[int, InventedPlayer] = {}
        suffixes = [self._suffixes[place] for place in rng.integers(len(self._suffixes), size=len(lasts)).tolist()]
        waiting = list(range(len(lasts)))
        for _ in range(ROUNDS):
            for place, first in zip(waiting, draw_firsts(len(waiting)), strict=True):
                player = InventedPlayer(first, lasts[place], suffixes[place])
                if self._is_new(player) and (whole := normalise(player.full_name)) not in given:
                    given.add(whole)
                    players[place] = player
            waiting = [place for place in waiting if place not in players]
            if not waiting:
                return [players[place] for place in range(len(lasts))]
        raise GenerationError(f"every first name gives {lasts[waiting[0]]!r} the name of a real player: relax a wish")
