"""Parse the names of baseball players, using the rules of the original project."""

from __future__ import annotations

import re
from dataclasses import dataclass

from namegen.errors import NamesError, quote

SUFFIXES = frozenset(("Jr.", "Sr.", "II", "III", "IV"))
PARTICLES = frozenset(  # which belong to the last name
    (
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
    )
)
BEFORE_DE = frozenset(("Montes", "Ponce"))  # Montes de Oca, Ponce de Leon

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
        first, last, suffix = split_name(name)
        return cls(
            first=first,
            last=last,
            suffix=suffix,
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
    start = _start_of_last_name(words)
    first = " ".join(words[:start])
    last = " ".join(words[start:])
    return first, last, suffix


def _start_of_last_name(words: list[str]) -> int:
    """Return the index of the first word of the last name, in a name without a suffix.

    >>> _start_of_last_name(["Bruce", "Dal", "Canton"]), _start_of_last_name(["Jim", "Bob", "Smith"])
    (1, 2)
    """
    last_index = len(words) - 1
    if len(words) < 3:
        return last_index
    for index, word in enumerate(words):
        if word in ("de", "De"):
            follows_family_name = index > 0 and words[index - 1] in BEFORE_DE
            return index - 1 if follows_family_name else index
    has_particle = words[-2] in PARTICLES
    return 1 if has_particle else last_index
