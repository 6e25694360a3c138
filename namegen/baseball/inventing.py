"""PlayerInventor: whole players who never were: a first name, a last name, and now and then a suffix."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from namegen.baseball.players import SUFFIXES, PlayerName
from namegen.core.data.normalization import normalize
from namegen.core.generation.letter_case import write
from namegen.core.generation.name_batch import NameBatch
from namegen.core.generation.name_source import Kind, PartOfName
from namegen.core.generation.sampling import check_amount
from namegen.errors import GenerationError, of_part, setting
from namegen.events import ProgressCallback, ignore_progress

ROUNDS = 100  # first names that are tried for one last name before it is given up


@dataclass(frozen=True)
class InventedPlayer(PlayerName):
    """The name of a player who never was."""

    def in_case(self, case: str | None) -> InventedPlayer:
        """The same player, written in a letter case.

        >>> InventedPlayer("Al", "McBob", "III").in_case("upper").full_name
        'AL MCBOB III'
        """
        suffix = self.suffix if case == "title" else write(self.suffix, case)
        return InventedPlayer(write(self.first, case), write(self.last, case), suffix)


class PlayerInventor:
    """Invents players.

    The **last name** is always a new one, and no two players of a request share theirs. The **first name** may be
    one of the list, and may come again: real players are called Mike too. The **suffix** has the frequency that it has
    among the real players.
    The **full name**, with the suffix and without, is never that of a real player, however it is spaced, spelt in
    capitals or punctuated.

    Args:
        first: first names.
        last: last names; its generator knows those of its list.
        real: the full names of the real players, suffixes included.
    """

    def __init__(self, first: PartOfName, last: PartOfName, real: Sequence[str]) -> None:
        self._first, self._last = first, last
        ends = [name.rpartition(" ") for name in real]
        self._suffixes = [end if end in SUFFIXES else "" for _, _, end in ends] or [""]
        self._real = {normalize(name) for name in real}
        self._real |= {normalize(rest) for rest, _, end in ends if end in SUFFIXES}

    def generate(
        self, n: int, *, rng: np.random.Generator, on_progress: ProgressCallback = ignore_progress
    ) -> Iterator[list[InventedPlayer]]:
        """Give n players, in batches as they are found.

        Args:
            n: how many.
            rng: where the random numbers come from.
            on_progress: told now and then how far the search is.

        Raises:
            SettingsError: n is out of its range, or constraints contradict each other; at once.
            GenerationError: after those found have been given: there are no more.
        """
        check_amount(n, "players")
        first, last = self._first, self._last
        with of_part("first"):  # says at once what contradicts itself
            first.any_origin.prepare(
                1, first.sampling.max_length, first.constraints, allow_seen=True, allow_repeats=True
            )
        with of_part("last"):
            batches = last.any_origin.generate(
                n,
                rng=rng,
                sampling=last.sampling,
                constraints=last.constraints,
                unfiltered=last.unfiltered,
                on_progress=on_progress,
            )
        return self._search(n, rng, batches)

    def _search(
        self, n: int, rng: np.random.Generator, lasts: Iterator[NameBatch]
    ) -> Iterator[list[InventedPlayer]]:
        found = 0
        given: set[str] = set()
        try:
            for batch in lasts:
                yield self._complete(batch.names, rng, given)
                found += len(batch.names)
        except GenerationError as error:
            raise GenerationError(
                f"{found:,} players found of {n:,} asked for, and no more are found: ask for fewer, raise "
                f"{setting('temperature')}, or relax a constraint"
            ) from error

    def _complete(
        self, lasts: list[str], rng: np.random.Generator, given: set[str]
    ) -> list[InventedPlayer]:
        """A player for each last name, in their order."""
        players: dict[int, InventedPlayer] = {}
        suffixes = [
            self._suffixes[place]
            for place in rng.integers(len(self._suffixes), size=len(lasts)).tolist()
        ]
        waiting = list(range(len(lasts)))
        for _ in range(ROUNDS):
            for place, first in zip(
                waiting, self._first.draw(len(waiting), Kind(), rng), strict=True
            ):
                player = InventedPlayer(first, lasts[place], suffixes[place])
                whole = normalize(player.full_name)
                if whole not in given and self._real.isdisjoint(
                    (whole, normalize(f"{first} {player.last}"))
                ):
                    given.add(whole)
                    players[place] = player
            waiting = [place for place in waiting if place not in players]
            if not waiting:
                return [players[place] for place in range(len(lasts))]
        raise GenerationError(
            f"every first name gives {lasts[waiting[0]]!r} the name of a real player: relax a constraint"
        )
