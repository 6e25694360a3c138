"""The companies listed on the NYSE or on Nasdaq, from the US Securities and Exchange Commission (SEC)."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from namegen.errors import FetchError, SettingsError, setting
from namegen.fetch.download import Downloader, decoded
from namegen.fetch.places import local_path, shown

SOURCE = "https://www.sec.gov/files/company_tickers_exchange.json"
CREDIT = "US Securities and Exchange Commission (EDGAR), public domain"
EXCHANGES = frozenset(("nyse", "nasdaq"))
LONGEST_NAME = 1000  # what a list of names may hold

# Where a company is registered, or of what kind its shares are, as EDGAR marks it at the end of a name: "/DE/", "/MN",
# "\NEW\". An unclosed mark stands apart and in capitals, so that "A/S" and "SA/NV" remain.
_TAG = re.compile(r"(?:\s*[/\\]\s*[A-Za-z]{2,4}\s*[/\\]|\s+[/\\]\s*[A-Z]{2,3})\s*$")


@dataclass(frozen=True)
class FetchedCompanies:
    """Names of companies, each once, sorted, and what was left out, by its reason."""

    names: list[str]
    dropped: Counter[str] = field(default_factory=Counter)


def needs_contact(url: str | None) -> bool:
    """Whether the place is the SEC's own, which answers only those who say who they are."""
    place = SOURCE if url is None else url
    host = urlsplit(place).hostname or "" if local_path(place) is None else ""
    return host == "sec.gov" or host.endswith(".sec.gov")


def fetch_companies(downloader: Downloader, url: str | None = None, *, contact: str | None = None) -> FetchedCompanies:
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
    place = SOURCE if url is None else url
    return read_companies(decoded(downloader.read(place), place), shown(place))


def read_companies(text: str, source: str) -> FetchedCompanies:
    """The names in ``company_tickers_exchange.json``: ``{"fields": [...], "data": [[...], ...]}``.

    Raises:
        FetchError: it has another form, or no company in it.
    """
    form = f'{source} is not of the form {{"fields": ["name", "exchange", …], "data": [[…], …]}}'
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FetchError(f"{source} is not JSON: the file is damaged or not the SEC's, try again") from error
    fields, data = (document.get("fields"), document.get("data")) if isinstance(document, dict) else (None, None)
    if not isinstance(fields, list) or not isinstance(data, list) or not {"name", "exchange"} <= {*map(str, fields)}:
        raise FetchError(f"{form}: give the right place with {setting('url')}")
    name_place, exchange_place = fields.index("name"), fields.index("exchange")
    names: set[str] = set()
    dropped: Counter[str] = Counter()
    for number, row in enumerate(data, 1):
        if not isinstance(row, list) or len(row) != len(fields):
            raise FetchError(f"{form}: row {number} is another; the file is damaged, try again")
        name, exchange = row[name_place], row[exchange_place]
        if not isinstance(exchange, str) or exchange.casefold() not in EXCHANGES:
            dropped["on other exchanges or on none"] += 1
        elif not isinstance(name, str) or not (cleaned := clean_name(name)):
            dropped["without a name"] += 1
        else:
            names.add(cleaned)
    if not names:
        raise FetchError(f"{source} has no company of the NYSE or Nasdaq: give the right place with {setting('url')}")
    return FetchedCompanies(sorted(names, key=lambda name: (name.casefold(), name)), dropped)


def clean_name(name: str) -> str:
    r"""A company's name without EDGAR's tags; empty where there is none to show.

    >>> clean_name("DANAHER CORP /DE/"), clean_name("US BANCORP \\DE\\"), clean_name("Cadeler A/S")
    ('DANAHER CORP', 'US BANCORP', 'Cadeler A/S')
    """
    if len(name) > 4 * LONGEST_NAME:  # so much of it is no tag; to compose a long text, or look for tags, takes long
        return ""
    name = " ".join(unicodedata.normalize("NFC", name).split())
    while (shorter := _TAG.sub("", name)) != name:
        name = shorter
    return name if name.isprintable() and len(name) <= LONGEST_NAME else ""
