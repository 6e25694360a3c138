"""Player: one line of the baseball list, taken apart by the original project's rules."""

from __future__ import annotations

import re
from dataclasses import dataclass

from namegen.errors import NamesError

SUFFIXES = frozenset(("Jr.", "Sr.", "II", "III", "IV"))
PARTICLES = frozenset(
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

# "Henry Aaron+ (1954-1976)": the name, a plus for a member of the Hall of Fame (else a space), first and last year.
LINE = re.compile(
    r"^(.*[^\s+])[ \t]*(\+?)[ \t]*\((\d{4})-(\d{4})\)[ \t]*$", re.ASCII | re.MULTILINE
)


@dataclass(frozen=True)
class PlayerName:
    """The parts of a player's name; the first name and the suffix may be empty."""

    first: str
    last: str
    suffix: str

    @property
    def full_name(self) -> str:
        """First name, last name and suffix, as one writes them."""
        return " ".join(filter(None, (self.first, self.last, self.suffix)))


@dataclass(frozen=True)
class Player(PlayerName):
    """One player: the parts of the name, the years of the career, whether in the Hall of Fame.

    >>> Player.from_line("Roland de la Maza  (1997-1997)").last
    'de la Maza'
    >>> Player.from_line("Ken Griffey Jr.+ (1989-2010)")
    Player(first='Ken', last='Griffey', suffix='Jr.', first_year=1989, last_year=2010, hall_of_fame=True)
    """

    first_year: int
    last_year: int
    hall_of_fame: bool

    @classmethod
    def from_line(cls, line: str) -> Player:
        """Take a line of the list apart.

        Raises:
            NamesError: the line is not of the form ``First Last  (1990-1995)``.
        """
        parts = LINE.fullmatch(line.strip())
        if parts is None:
            shown = repr(line if len(line) <= 40 else line[:39] + "…")
            raise NamesError(
                f"the line {shown} is not a player: expected the form 'Henry Aaron+ (1954-1976)'"
            )
        name, plus, first_year, last_year = parts.groups()
        return cls(*split_name(name), int(first_year), int(last_year), plus == "+")


def split_name(name: str) -> tuple[str, str, str]:
    """First name, last name, suffix; each may be empty but the last name.

    >>> split_name("Ronald Acuña Jr."), split_name("Bruce Dal Canton"), split_name("Pelé")
    (('Ronald', 'Acuña', 'Jr.'), ('Bruce', 'Dal Canton', ''), ('', 'Pelé', ''))
    """
    words = name.split()
    suffix = words.pop() if len(words) > 1 and words[-1] in SUFFIXES else ""
    start = _start_of_last_name(words)
    return " ".join(words[:start]), " ".join(words[start:]), suffix


def _start_of_last_name(words: list[str]) -> int:
    """Which word the last name starts with (``words`` without the suffix)."""
    if len(words) < 3:
        return len(words) - 1
    for place, word in enumerate(words):
        if word in ("de", "De"):
            return place - 1 if place and words[place - 1] in BEFORE_DE else place
    return 1 if words[-2] in PARTICLES else len(words) - 1
