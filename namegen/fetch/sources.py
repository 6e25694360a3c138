"""The sources: major-league baseball's players, from the Chadwick Bureau's register of people, and companies listed on
the NYSE or on Nasdaq, from the US Securities and Exchange Commission (SEC).
"""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from os.path import isdir  # Path.is_dir raises where a folder may not be looked into; reading then says so
from urllib.parse import urlsplit

from namegen.baseball.players import Player
from namegen.errors import NamesError, SettingsError, setting
from namegen.fetch.download import Downloader, decoded, inside, local_path, shown, unreadable

PLAYERS = "https://raw.githubusercontent.com/chadwickbureau/register/HEAD/data/"
PLAYERS_FILES = tuple(f"people-{digit:x}.csv" for digit in range(16))  # by the first digit of a person's key
PLAYERS_CREDIT = "Chadwick Baseball Bureau, Register, licensed ODC-By 1.0 (opendatacommons.org/licenses/by/1-0/)"
COMPANIES = "https://www.sec.gov/files/company_tickers_exchange.json"
COMPANIES_CREDIT = "US Securities and Exchange Commission (EDGAR), public domain"
MAX_NAME = 1000  # characters: what a list may hold; to put many accents in order takes time quadratic in them

_COLUMNS = ("name_last", "name_first", "name_suffix", "mlb_played_first", "mlb_played_last")
_YEAR = re.compile("[0-9]{4}")
_INITIALS = re.compile(r"(?<=\b\w\.) (?=\w\.)")
# Where a company is registered, or of what kind its shares are, as EDGAR marks it at the end of a name: "/DE/", "/MN",
# "\NEW\". An unclosed mark stands apart and in capitals, so that "A/S" and "SA/NV" remain.
_TAG = re.compile(r"(?:\s*[/\\]\s*[A-Za-z]{2,4}\s*[/\\]|\s+[/\\]\s*[A-Z]{2,3})\s*$")


@dataclass
class Fetched:
    """A new list: its lines, sorted, and how many entries of the source were left out, by their reason."""

    lines: list[str]
    dropped: Counter[str] = field(default_factory=Counter)


def fetch_players(downloader: Downloader, url: str | None = None, *, part: str = "player") -> Fetched:
    """Read the register.

    Args:
        downloader: reads its files.
        url: a folder that holds ``people-0.csv`` to ``people-f.csv``, or one ``.csv`` file of that form; a web address
            or a path. None: the register itself.
        part: ``player`` for lines such as ``Bo Smith Jr.  (1990-1995)``; ``first`` or ``last`` for these names alone.

    Raises:
        FetchError: a file cannot be read, or is not of the register's form.
    """
    place = PLAYERS if url is None else url
    path = local_path(place)
    is_file = urlsplit(place).path.lower().endswith(".csv") if path is None else not isdir(path)
    places = [place] if is_file else [inside(place, name) for name in PLAYERS_FILES]
    players: list[Player] = []
    fetched = Fetched([])
    for number, file in enumerate(places, 1):
        text = decoded(downloader.read(file, number=number, files=len(places)), file)
        for player in read_register(text, shown(file)):
            if isinstance(player, Player):
                players.append(player)
            else:
                fetched.dropped[player] += 1
    if not players:
        raise unreadable(place, "it has no player of the major leagues")
    players.sort(key=lambda player: (player.last.casefold(), player.first.casefold(), player.suffix, player.first_year))
    if part == "player":
        fetched.lines += (f"{player.full_name}  ({player.first_year}-{player.last_year})" for player in players)
    else:
        fetched.lines += filter(None, (getattr(player, part) for player in players))
    return fetched


def read_register(text: str, source: str) -> Iterator[Player | str]:
    """The people of a register's file who played in the major leagues; of one left out, the reason.

    Raises:
        FetchError: not CSV, a column is missing, a row is cut short.
    """
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(rows, [])
        if missing := [column for column in _COLUMNS if column not in header]:
            raise unreadable(source, f"it has no column {', '.join(missing)}, so it is not the register's")
        places = [header.index(column) for column in _COLUMNS]
        for row in rows:
            if row and len(row) != len(header):
                raise csv.Error(f"{len(row)} cells where the first row has {len(header)}")
            if row and (row[places[3]] or row[places[4]]):
                yield _player(*(row[place] for place in places))
    except csv.Error as error:
        raise unreadable(source, f"line {rows.line_num} is damaged or cut short ({error})") from error


def _player(last: str, first: str, suffix: str, first_year: str, last_year: str) -> Player | str:
    """A player as the project's list writes him, read back from there; or why that does not go."""
    if not (_YEAR.fullmatch(first_year) and _YEAR.fullmatch(last_year) and first_year <= last_year):
        return "without years"
    name = f"{first} {last} {suffix}"
    if len(name) > MAX_NAME:
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


def needs_contact(url: str | None) -> bool:
    """Whether the place of a list of companies is the SEC's own, which answers only those who say who they are."""
    place = COMPANIES if url is None else url
    host = urlsplit(place).hostname or "" if local_path(place) is None else ""
    return host == "sec.gov" or host.endswith(".sec.gov")


def fetch_companies(downloader: Downloader, url: str | None = None, *, contact: str | None = None) -> Fetched:
    """Read the SEC's list of companies and where they are listed.

    Args:
        downloader: reads the file, and sends the contact.
        url: a mirror or a local file; None: the SEC's own.
        contact: what the downloader sends; the SEC's own place needs one.

    Raises:
        SettingsError: no contact for the SEC.
        FetchError: the file cannot be read, or is of another form.
    """
    if contact is None and needs_contact(url):
        raise SettingsError(
            "the SEC asks every program for a contact address: give your e-mail address with "
            f"{setting('contact')} (it is sent to the SEC and nowhere else)"
        )
    place = COMPANIES if url is None else url
    return read_companies(decoded(downloader.read(place), place), shown(place))


def read_companies(text: str, source: str) -> Fetched:
    """The names in ``company_tickers_exchange.json``: ``{"fields": [...], "data": [[...], ...]}``.

    Raises:
        FetchError: it has another form, or no company in it.
    """
    form = 'it is not of the form {"fields": ["name", "exchange", …], "data": [[…], …]}'
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise unreadable(source, "it is not JSON") from error
    fields, data = (document.get("fields"), document.get("data")) if isinstance(document, dict) else (None, None)
    if not isinstance(fields, list) or not isinstance(data, list) or not {"name", "exchange"} <= {*map(str, fields)}:
        raise unreadable(source, form)
    name_place, exchange_place = fields.index("name"), fields.index("exchange")
    names: set[str] = set()
    dropped: Counter[str] = Counter()
    for number, row in enumerate(data, 1):
        if not isinstance(row, list) or len(row) != len(fields):
            raise unreadable(source, f"{form}: row {number} is another")
        name, exchange = row[name_place], row[exchange_place]
        if not isinstance(exchange, str) or exchange.casefold() not in ("nyse", "nasdaq"):
            dropped["on other exchanges or on none"] += 1
        elif not isinstance(name, str) or not (cleaned := clean_name(name)):
            dropped["without a name"] += 1
        else:
            names.add(cleaned)
    if not names:
        raise unreadable(source, "it has no company of the NYSE or Nasdaq")
    return Fetched(sorted(names, key=lambda name: (name.casefold(), name)), dropped)


def clean_name(name: str) -> str:
    r"""A company's name without EDGAR's tags; empty where there is none to show.

    >>> clean_name("DANAHER CORP /DE/"), clean_name("US BANCORP \\DE\\"), clean_name("Cadeler A/S")
    ('DANAHER CORP', 'US BANCORP', 'Cadeler A/S')
    """
    if len(name) > 4 * MAX_NAME:  # so much of it is no tag; to compose a long text, or look for tags, takes long
        return ""
    name = " ".join(unicodedata.normalize("NFC", name).split())
    while (shorter := _TAG.sub("", name)) != name:
        name = shorter
    return name if name.isprintable() and len(name) <= MAX_NAME else ""
