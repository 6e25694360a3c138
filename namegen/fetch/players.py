"""The players of major-league baseball, from the Chadwick Bureau's register of people."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from os.path import isdir  # Path.is_dir raises where a folder may not be looked into; reading then says so
from urllib.parse import urlsplit

from namegen.core.data.players import Player
from namegen.errors import FetchError, NamesError, setting
from namegen.fetch.download import Downloader, decoded
from namegen.fetch.places import inside, local_path, shown

SOURCE = "https://raw.githubusercontent.com/chadwickbureau/register/HEAD/data/"
FILES = tuple(f"people-{digit:x}.csv" for digit in range(16))  # by the first digit of a person's key
CREDIT = "Chadwick Baseball Bureau, Register, licensed ODC-By 1.0 (opendatacommons.org/licenses/by/1-0/)"
COLUMNS = ("name_last", "name_first", "name_suffix", "mlb_played_first", "mlb_played_last")

_LONGEST_NAME = 1_000  # characters: to put many accents in order takes time quadratic in them
_YEAR = re.compile("[0-9]{4}")
_INITIALS = re.compile(r"(?<=\b\w\.) (?=\w\.)")


@dataclass(frozen=True)
class FetchedPlayers:
    """Players as the project's own list has them, sorted by last name, and what was left out, by its reason."""

    players: list[Player]
    dropped: Counter[str] = field(default_factory=Counter)

    def lines(self, part: str = "player") -> list[str]:
        """The lines of the list: whole players, or their first or last names alone.

        >>> FetchedPlayers([Player("Bo", "Smith", "Jr.", 1990, 1995, False)]).lines()
        ['Bo Smith Jr.  (1990-1995)']
        """
        if part == "player":
            return [f"{player.full_name}  ({player.first_year}-{player.last_year})" for player in self.players]
        return [name for player in self.players if (name := getattr(player, part))]


def fetch_players(downloader: Downloader, url: str | None = None) -> FetchedPlayers:
    """Read the register.

    Args:
        downloader: reads its files.
        url: a folder that holds ``people-0.csv`` to ``people-f.csv``, or one ``.csv`` file of that form; a web address
            or a path. None: the register itself.

    Raises:
        FetchError: a file cannot be read, or is not of the register's form.
    """
    place = SOURCE if url is None else url
    path = local_path(place)
    is_file = urlsplit(place).path.lower().endswith(".csv") if path is None else not isdir(path)
    places = [place] if is_file else [inside(place, name) for name in FILES]
    players: list[Player] = []
    dropped: Counter[str] = Counter()
    for number, file in enumerate(places, 1):
        text = decoded(downloader.read(file, number=number, files=len(places)), file)
        for player in read_register(text, shown(file)):
            if isinstance(player, Player):
                players.append(player)
            else:
                dropped[player] += 1
    if not players:
        raise FetchError(
            f"{shown(place)} has no player of the major leagues: give the right place with {setting('url')}"
        )
    players.sort(key=lambda player: (player.last.casefold(), player.first.casefold(), player.suffix, player.first_year))
    return FetchedPlayers(players, dropped)


def read_register(text: str, source: str) -> Iterator[Player | str]:
    """The people of a register's file who played in the major leagues; of one left out, the reason.

    Raises:
        FetchError: not CSV, a column is missing, a row is cut short.
    """
    rows = csv.reader(text.splitlines(keepends=True), strict=True)
    try:
        header = next(rows, [])
        missing = [column for column in COLUMNS if column not in header]
        if missing:
            raise FetchError(
                f"{source} has no column {', '.join(missing)}, so it is not the register's: give the right place with "
                f"{setting('url')}"
            )
        places = [header.index(column) for column in COLUMNS]
        for row in rows:
            if row and len(row) != len(header):
                raise FetchError(
                    f"{source}, line {rows.line_num}: {len(row)} cells where the first row has {len(header)}: the file "
                    "is damaged or cut short, try again"
                )
            if row and (row[places[3]] or row[places[4]]):
                yield _player(*(row[place] for place in places))
    except csv.Error as error:
        raise FetchError(
            f"{source}, line {rows.line_num}: not CSV ({error}): the file is damaged or not the register's"
        ) from error


def _player(last: str, first: str, suffix: str, first_year: str, last_year: str) -> Player | str:
    """A player as the project's list writes him, read back from there; or why that does not go."""
    if not (_YEAR.fullmatch(first_year) and _YEAR.fullmatch(last_year) and first_year <= last_year):
        return "without years"
    name = f"{first} {last} {suffix}"
    if len(name) > _LONGEST_NAME:
        return "without a name"
    name = " ".join(unicodedata.normalize("NFC", name).split())
    name = _INITIALS.sub("", name)  # "C. J." → "C.J.", as the bundled list has it
    if not last.strip() or not name.isprintable():
        return "without a name"
    try:
        player = Player.from_line(f"{name}  ({first_year}-{last_year})")
    except NamesError:
        return "with a name that is none"
    return player if player.full_name == name else "with a name that is none"
