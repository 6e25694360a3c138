"""Baseball players: parse the names of real ones, using the rules of the original project, and invent new ones."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from namegen.core.data.normalization import normalize
from namegen.core.generation.letter_case import write
from namegen.core.people.names import Kind, PartOfName
from namegen.errors import GenerationError, NamesError, add_part_to_settings, quote, setting
from namegen.events import ProgressCallback, ignore_progress

SUFFIXES = frozenset(("Jr.", "Sr.", "II", "III", "IV"))
PARTICLES = frozenset(  # which belong to the last name
    [
        "Dal",
        "Del",
        "den",
        "Des",
        "La",
        "Lo",
        "Santo",
        "St.",
        "Van",
        "Vande",
        "Vander",
        "Von",
        "Yellow",
        "Woods",
    ]
)
BEFORE_DE = frozenset(("Montes", "Ponce"))  # Montes de Oca, Ponce de Leon
ATTEMPTS = 100  # how many first names to try for a last name

# A line such as "Henry Aaron+ (1954-1976)": the name, "+" for a member of the Hall of Fame, first and last year.
LINE = re.compile(
    r"^(.*[^\s+])[ \t]*(\+?)[ \t]*\((\d{4})-(\d{4})\)[ \t]*$", re.ASCII | re.MULTILINE
)


@dataclass(frozen=True)
class PlayerName:
    """The parts of a player's name."""

    first: str  # can be ""
    last: str
    suffix: str  # one of SUFFIXES, or ""

    @property
    def full_name(self) -> str:
        """The whole name, such as ``Ken Griffey Jr.``"""
        return " ".join(filter(None, (self.first, self.last, self.suffix)))


@dataclass(frozen=True)
class Player(PlayerName):
    """A player in the list.

    >>> Player.from_line("Roland de la Maza  (1997-1997)").last
    'de la Maza'
    >>> Player.from_line("Ken Griffey Jr.+ (1989-2010)")
    Player(first='Ken', last='Griffey', suffix='Jr.', first_year=1989, last_year=2010, hall_of_fame=True)
    """

    first_year: int  # of the career
    last_year: int
    hall_of_fame: bool  # whether the player is a member

    @classmethod
    def from_line(cls, line: str) -> Player:
        """Parse a line of the list.

        Raises:
            NamesError: the line doesn't have the form ``First Last  (1990-1995)``.
        """
        match = LINE.fullmatch(line.strip())
        if match is None:
            raise NamesError(
                f"the line {quote(line)} is not a player: expected the form 'Henry Aaron+ (1954-1976)'"
            )
        name, plus, first_year, last_year = match.groups()
        return cls(
            *split_name(name),
            first_year=int(first_year),
            last_year=int(last_year),
            hall_of_fame=plus == "+",
        )


def full_names(text: str) -> list[str]:
    r"""Return the full names from the text of the list. This is three times as fast as ``Player.from_line``.

    >>> full_names("Henry Aaron+ (1954-1976)\nKen Griffey Jr.+ (1989-2010)")
    ['Henry Aaron', 'Ken Griffey Jr.']
    """
    return [name for name, *_ in LINE.findall(text)]


def split_name(name: str) -> tuple[str, str, str]:
    """Split a full name into first name, last name and suffix. The first name and the suffix can be empty.

    >>> split_name("Ronald Acuña Jr."), split_name("Bruce Dal Canton"), split_name("Pelé")
    (('Ronald', 'Acuña', 'Jr.'), ('Bruce', 'Dal Canton', ''), ('', 'Pelé', ''))
    """
    words = name.split()
    suffix = ""
    if len(words) > 1 and words[-1] in SUFFIXES:
        suffix = words.pop()
    start = len(words) - 1  # the index of the first word of the last name
    if len(words) >= 3:
        if words[-2] in PARTICLES:
            start = 1
        for index, word in enumerate(words):
            if word in ("de", "De"):
                follows_family_name = index > 0 and words[index - 1] in BEFORE_DE
                start = index - 1 if follows_family_name else index
                break
    return " ".join(words[:start]), " ".join(words[start:]), suffix


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
        self._real: set[str] = set()  # normalized names without suffixes
        for name in real:
            without_suffix, _, last_word = name.rpartition(" ")
            has_suffix = last_word in SUFFIXES
            self._suffixes.append(last_word if has_suffix else "")
            self._real.add(normalize(without_suffix if has_suffix else name))

    def generate(
        self, n: int, *, rng: np.random.Generator, on_progress: ProgressCallback = ignore_progress
    ) -> Iterator[list[InventedPlayer]]:
        """Invent ``n`` players in batches.

        Args:
            n: how many players to invent.
            rng: the source of random numbers.
            on_progress: called with events that report the progress of the search.

        Raises:
            SettingsError: immediately, if constraints contradict each other.
            GenerationError: after the last batch, if there are fewer than n players.
        """
        with add_part_to_settings("first"):
            _ = self._first.constraints  # raises an error if they contradict each other
        with add_part_to_settings("last"):
            last_names = self._last.any_origin.generate(
                self._last.request.changed(n=n), rng=rng, on_progress=on_progress
            )
        return self._add_first_names(n, rng, (batch.names for batch in last_names))

    def _add_first_names(
        self, n: int, rng: np.random.Generator, batches: Iterator[list[str]]
    ) -> Iterator[list[InventedPlayer]]:
        """Yield a batch of players for each batch of last names."""
        player_count = 0
        try:
            for last_names in batches:
                yield self._invent_batch(last_names, rng)
                player_count += len(last_names)
        except GenerationError as error:
            raise GenerationError(
                f"only {player_count:,} of {n:,} players were found: request fewer, raise {setting('temperature')}, or "
                "relax a constraint"
            ) from error

    def _invent_batch(
        self, last_names: list[str], rng: np.random.Generator
    ) -> list[InventedPlayer]:
        """Return a player for each last name, in the same order."""
        suffixes = self._suffixes or [""]
        suffix_indexes = rng.integers(len(suffixes), size=len(last_names)).tolist()
        players: dict[int, InventedPlayer] = {}  # by the index of the last name
        missing = list(range(len(last_names)))
        for _ in range(ATTEMPTS):
            first_names = self._first.draw(len(missing), Kind(), rng)
            for index, first_name in zip(missing, first_names, strict=True):
                last_name = last_names[index]
                if normalize(f"{first_name} {last_name}") not in self._real:
                    suffix = suffixes[suffix_indexes[index]]
                    players[index] = InventedPlayer(first_name, last_name, suffix)
            missing = [index for index in missing if index not in players]
            if not missing:
                return [players[index] for index in range(len(last_names))]
        raise GenerationError(
            f"every first name with the last name {last_names[missing[0]]!r} is the name of a real player: relax a "
            "constraint"
        )
