"""Invent baseball players, with a first name, a last name and sometimes a suffix."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from namegen.core.data.normalization import normalize
from namegen.core.generation.letter_case import write
from namegen.core.generation.name_batch import NameBatch
from namegen.core.generation.sampling import check_amount
from namegen.core.people.names import Kind, PartOfName
from namegen.core.people.players import SUFFIXES, PlayerName
from namegen.errors import GenerationError, add_part_to_settings, setting
from namegen.events import ProgressCallback, ignore_progress

ATTEMPTS = 100  # how many first names to try for a last name


@dataclass(frozen=True)
class InventedPlayer(PlayerName):
    """The name of an invented player."""

    def in_case(self, case: str | None) -> InventedPlayer:
        """Return the player with the name in a different letter case, such as ``upper``.

        >>> InventedPlayer("Al", "McBob", "III").in_case("upper").full_name
        'AL MCBOB III'
        """
        return InventedPlayer(
            first=write(self.first, case),
            last=write(self.last, case),
            suffix=self.suffix if case == "title" else write(self.suffix, case),
        )


class PlayerInventor:
    """Invents players.

    Last names are new, and no two players in a request have the same last name. First names can be in the list and can
    repeat. Suffixes are as common as among real players. No invented player has the full name of a real player, with or
    without the suffix, ignoring letter case, spaces and punctuation.

    Args:
        first: the source of first names.
        last: the source of last names. Its generator knows the last names of the list.
        real: the full names of the real players, with suffixes.
    """

    def __init__(self, first: PartOfName, last: PartOfName, real: Sequence[str]) -> None:
        self._first = first
        self._last = last
        self._suffixes: list[str] = []  # the suffix of each real player, or ""
        self._real: set[str] = set()  # normalized full names, with and without suffixes
        for name in real:
            without_suffix, _, last_word = name.rpartition(" ")
            has_suffix = last_word in SUFFIXES
            self._suffixes.append(last_word if has_suffix else "")
            self._real.add(normalize(name))
            if has_suffix:
                self._real.add(normalize(without_suffix))
        if not self._suffixes:
            self._suffixes = [""]

    def generate(
        self, n: int, *, rng: np.random.Generator, on_progress: ProgressCallback = ignore_progress
    ) -> Iterator[list[InventedPlayer]]:
        """Invent ``n`` players in batches.

        Args:
            n: how many players to invent.
            rng: the source of random numbers.
            on_progress: called with events that report the progress of the search.

        Raises:
            SettingsError: immediately, if n is out of range or constraints contradict each other.
            GenerationError: after the last batch, if there are fewer than n players.
        """
        check_amount(n, "players")
        self._check_first_names()
        last = self._last
        with add_part_to_settings("last"):
            last_names = last.any_origin.generate(
                n,
                rng=rng,
                sampling=last.sampling,
                constraints=last.constraints,
                unfiltered=last.unfiltered,
                on_progress=on_progress,
            )
        return self._add_first_names(n, rng, last_names)

    def _check_first_names(self) -> None:
        """Raise SettingsError if the constraints for first names contradict each other."""
        first = self._first
        with add_part_to_settings("first"):
            first.any_origin.prepare(
                1, first.sampling.max_length, first.constraints, allow_seen=True, allow_repeats=True
            )

    def _add_first_names(
        self, n: int, rng: np.random.Generator, last_names: Iterator[NameBatch]
    ) -> Iterator[list[InventedPlayer]]:
        """Yield a batch of players for each batch of last names."""
        player_count = 0
        returned: set[str] = set()  # normalized full names
        try:
            for batch in last_names:
                yield self._invent_batch(batch.names, rng, returned)
                player_count += len(batch.names)
        except GenerationError as error:
            raise GenerationError(
                f"only {player_count:,} of {n:,} players were found: request fewer, raise {setting('temperature')}, or "
                "relax a constraint"
            ) from error

    def _invent_batch(
        self, last_names: list[str], rng: np.random.Generator, returned: set[str]
    ) -> list[InventedPlayer]:
        """Return a player for each last name, in the same order, and add their full names to ``returned``."""
        suffixes = self._draw_suffixes(len(last_names), rng)
        players: dict[int, InventedPlayer] = {}  # by the index of the last name
        missing = list(range(len(last_names)))
        for _ in range(ATTEMPTS):
            first_names = self._first.draw(len(missing), Kind(), rng)
            for index, first_name in zip(missing, first_names, strict=True):
                player = InventedPlayer(first_name, last_names[index], suffixes[index])
                if self._is_new(player, returned):
                    returned.add(normalize(player.full_name))
                    players[index] = player
            missing = [index for index in missing if index not in players]
            if not missing:
                return [players[index] for index in range(len(last_names))]
        last_name = last_names[missing[0]]
        raise GenerationError(
            f"every first name with the last name {last_name!r} is the name of a real player: relax a constraint"
        )

    def _draw_suffixes(self, n: int, rng: np.random.Generator) -> list[str]:
        """Return suffixes or empty strings. Each suffix is as common as among the real players."""
        indexes = rng.integers(len(self._suffixes), size=n).tolist()
        return [self._suffixes[index] for index in indexes]

    def _is_new(self, player: InventedPlayer, returned: set[str]) -> bool:
        """Return whether a player's name hasn't been returned yet and doesn't belong to a real player."""
        full_name = normalize(player.full_name)
        without_suffix = normalize(f"{player.first} {player.last}")
        is_real = full_name in self._real or without_suffix in self._real
        return full_name not in returned and not is_real
