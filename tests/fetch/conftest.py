"""Sources on the loopback, and files of their form."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator

import pytest

from namegen.fetch import download
from namegen.fetch.download import Downloader, Manners
from tests.fetch.rude import Rude, rude_server
from tests.requirements import require

HEADER = (
    "key_person,key_uuid,key_mlbam,key_retro,key_bbref,name_last,name_first,name_given,name_suffix,name_matrilineal,"
    "name_nick,birth_year,pro_played_first,pro_played_last,mlb_played_first,mlb_played_last,mlb_managed_first"
)
QUICK = Manners(tries=3, first_wait=0.01, longest_wait=0.05, delay=0.0, silence=0.4, longest=30.0, most_bytes=200_000)
BRIEF = dataclasses.replace(QUICK, longest=0.7, tries=5)


def person(last: str, first: str, suffix: str = "", years: tuple[object, object] = ("", "")) -> str:
    """A row of the register."""
    cells = ["a00006e8", "a00006e8-863d-4e42-a446-5ef065c557e3", "", "", "", last, first, first, suffix, "", ""]
    return ",".join(map(str, [*cells, 1980, 2001, 2009, *years, ""]))


def register(*rows: str) -> bytes:
    return "\n".join((HEADER, *rows, "")).encode()


def companies(*rows: list[object], fields: tuple[str, ...] = ("cik", "name", "ticker", "exchange")) -> bytes:
    return json.dumps({"fields": fields, "data": rows}).encode()


def read_here(monkeypatch: pytest.MonkeyPatch, manners: Manners = QUICK) -> None:
    """Let ``Downloader`` ask servers without a process for each, and so without a deadline and a limit of memory."""
    from namegen.fetch.request import request

    def ask(self: Downloader, address: str) -> bytes:
        say = lambda what, *told: self.watch(download.EVENTS[what](*told))  # noqa: E731
        return request(address, self._contact, self.manners, say)

    monkeypatch.setattr(download, "POLITE", manners)
    monkeypatch.setattr(Downloader, "_from_web", ask)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Rude]:
    require("urllib3", "certifi")
    monkeypatch.setenv("NO_PROXY", "*")  # whatever the machine has, the loopback is reached directly
    with rude_server() as served:
        yield served


@pytest.fixture
def source(server: Rude, monkeypatch: pytest.MonkeyPatch) -> Rude:
    """A server that is asked without a process for each file."""
    read_here(monkeypatch)
    return server


@pytest.fixture
def other(source: Rude) -> Iterator[Rude]:
    """Another server, by its port."""
    with rude_server() as served:
        yield served
