"""Download current lists of names to train on.

    python examples/fetch_lists.py first-names first.txt
    python examples/fetch_lists.py last-names last.txt
    python examples/fetch_lists.py companies companies.txt --contact me@example.org

The first and last names of major-league baseball players come from the Chadwick Baseball Bureau's
register (about 70 MB). Its license is ODC-By 1.0, so credit the bureau if you publish the list.
The companies listed on the NYSE and Nasdaq come from the US Securities and Exchange Commission
(SEC). This list is in the public domain.

The result is a text file with one name per line, which you pass to ``namegen train``. For
companies, also pass ``--name-type company``, so that "Acme Inc" and "Acme Ltd" count as one name.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import re
import sys
from http.client import HTTPException
from pathlib import Path
from urllib.request import Request, urlopen

REGISTER_URL = "https://raw.githubusercontent.com/chadwickbureau/register/HEAD/data/people-{}.csv"
REGISTER_FILES = "0123456789abcdef"  # people-0.csv to people-f.csv
REGISTER_COLUMNS = {"first-names": "name_first", "last-names": "name_last"}
COMPANIES_URL = "https://www.sec.gov/files/company_tickers_exchange.json"
EXCHANGES = ("NYSE", "Nasdaq")
TIMEOUT = 60  # seconds that a server may take to respond

SPACE_IN_INITIALS = re.compile(r"(?<=\b\w\.) (?=\w\.)")  # as in "C. J."
# The SEC adds a state or a kind of share to some names: "DANAHER CORP /DE/", "US BANCORP \DE\".
# A tag without a second slash follows a space and is in capitals, unlike the end of "Cadeler A/S".
TAGS = re.compile(r"(\s*[/\\]\s*[A-Za-z]{2,4}\s*[/\\]|\s+[/\\]\s*[A-Z]{2,3})+$")


def main(arguments: list[str] | None = None) -> None:
    """Download a list, convert it and write it to a file."""
    options = parse(arguments)
    try:
        if options.list == "companies":
            names = company_names(download(COMPANIES_URL, contact=options.contact))
        else:
            names = all_player_names(REGISTER_COLUMNS[options.list])
        if not names:
            raise ValueError("no names found")
    except (AttributeError, KeyError, TypeError, ValueError, csv.Error) as error:
        sys.exit(f"Can't convert the list, because its format has changed ({error!r}).")
    write_whole(options.file, "".join(f"{name}\n" for name in sorted(names)))
    print(f"{options.file}: {len(names):,} names")


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Download a list of names to train on.")
    parser.add_argument("list", choices=[*REGISTER_COLUMNS, "companies"])
    parser.add_argument("file", type=Path, help="the file to write, one name per line")
    parser.add_argument("--contact", metavar="EMAIL", help="your address, which the SEC requires")
    options = parser.parse_args(arguments)
    if options.list == "companies" and not options.contact:
        parser.error("the SEC requires an e-mail address: pass yours with --contact")
    if not options.file.parent.is_dir():
        parser.error(f"the folder {options.file.parent} doesn't exist: create it first")
    return options


def download(url: str, contact: str = "") -> str:
    """Return the text at a URL."""
    print(f"Downloading {url}", file=sys.stderr)
    request = Request(url, headers={"User-Agent": f"namegen {contact}".strip()})
    try:
        with urlopen(request, timeout=TIMEOUT) as response:
            return response.read().decode("utf-8-sig")
    except (OSError, HTTPException, ValueError) as error:
        sys.exit(f"Can't download {url} ({error}). Check your connection or try again later.")


def all_player_names(column: str) -> list[str]:
    """Download the register, and return the first or last names of all major-league players."""
    names = []
    for digit in REGISTER_FILES:
        table = download(REGISTER_URL.format(digit))
        names += player_names(table, column)
    return names


def player_names(table: str, column: str) -> list[str]:
    """Return the first or last names of the major-league players in a file of the register."""
    names = []
    for person in csv.DictReader(io.StringIO(table, newline="")):
        name = " ".join(person[column].split())
        if name and person["mlb_played_first"]:
            names.append(SPACE_IN_INITIALS.sub("", name))
    return names


def company_names(document: str) -> list[str]:
    """Return the distinct names of companies in the SEC's list, without tags."""
    content = json.loads(document)
    names = set()
    for row in content["data"]:
        company = dict(zip(content["fields"], row, strict=True))
        if company["exchange"] in EXCHANGES:
            name = " ".join(company["name"].split())
            names.add(TAGS.sub("", name))
    return list(names)


def write_whole(path: Path, text: str) -> None:
    """Write a file completely, or leave it as it was."""
    temporary = Path(f"{path}.part")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        sys.exit(f"Can't write {path} ({error.strerror}).")
    finally:
        temporary.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
