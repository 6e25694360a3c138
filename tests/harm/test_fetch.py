"""``fetch`` and servers that misbehave: a list or one sentence, no file but a whole one, and an end in any case."""

from __future__ import annotations

import os
import random
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from namegen.cli import cli
from namegen.errors import UNSAFE
from namegen.fetch import download
from namegen.fetch.download import Downloader, Manners
from tests.fetch.conftest import companies, read_here
from tests.fetch.rude import MISBEHAVIOUR, NEVER_ENDING, Rude, mutated, rude_server
from tests.harm.attack import attack
from tests.harm.effort import tries
from tests.requirements import require

HASTY = Manners(tries=2, first_wait=0.01, longest_wait=0.05, delay=0.0, silence=0.04, longest=0.5, most_bytes=5_000_000)
LISTED = companies([1, "Apple Inc.", "AAPL", "Nasdaq"], [2, "DANAHER CORP /DE/", "DHR", "NYSE"], [3, "X", "X", "OTC"])
GETADDRINFO = socket.getaddrinfo


def resolve_numbers_alone(*arguments: Any, **options: Any) -> Any:
    """Instead of ``socket.getaddrinfo``: these tests ask no name server."""
    options["flags"] = socket.AI_NUMERICHOST
    return GETADDRINFO(*arguments[:5], **options)


@pytest.fixture
def rude(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Rude]:
    require("urllib3", "certifi")
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setattr(download, "POLITE", HASTY)
    monkeypatch.setattr(socket, "getaddrinfo", resolve_numbers_alone)
    monkeypatch.chdir(tmp_path)
    with rude_server() as server:
        yield server


def no_harm(address: str) -> None:
    """What the command makes of an address: a list, or one sentence and no file."""
    result = CliRunner().invoke(cli, ["fetch", "companies", "--url", address, "--out", "list.txt", "--quiet"])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    if result.exit_code == 0:
        assert os.listdir() == ["list.txt"]
        os.remove("list.txt")
        return
    assert result.exit_code == 1
    assert os.listdir() == []
    assert result.stdout == ""
    assert result.stderr.startswith("namegen: ")
    assert result.stderr.count("\n") == 1
    assert not UNSAFE.search(result.stderr.rstrip("\n"))
    assert len(result.stderr.encode()) <= 2000


def test_whatever_a_server_does_ends_in_a_sentence(rude: Rude, monkeypatch: pytest.MonkeyPatch) -> None:
    """And in little memory: some of it unpacks to 4 GB."""
    read_here(monkeypatch, HASTY)
    addresses = [rude.serve(name, script) for name, script in MISBEHAVIOUR.items()]
    attack(no_harm, addresses, memory=300_000_000)
    for name in ("bomb", "bomb-twice", "circle", "to-a-file", "to-ftp", "packed-fifty-times", "length-untold"):
        asked = sum(request.startswith(f"GET /{name} ".encode()) for request in rude.requests)
        assert asked <= (11 if name == "circle" else 1), name


def test_what_never_ends_is_ended(rude: Rude) -> None:
    """By the deadline, or by the memory that its process may have."""
    attack(no_harm, [rude.serve(name, script) for name, script in NEVER_ENDING.items()])


def test_answers_with_bytes_changed_end_in_a_list_or_a_sentence(rude: Rude, monkeypatch: pytest.MonkeyPatch) -> None:
    read_here(monkeypatch, HASTY)
    rude.serve("elsewhere", mutated(-1, LISTED))
    seeds = range(tries("answers"))
    attack(no_harm, [rude.serve(str(seed), mutated(seed, LISTED)) for seed in seeds])


def test_addresses_with_anything_in_them_end_in_a_sentence(rude: Rude, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that sends on to them, and a user who gives them."""
    read_here(monkeypatch, HASTY)
    pieces = [*"/:@[]%?#*{} \t\\\0\u202e\udcffaéａ0'", "//", "::", "..", "%00", "%zz", "127.0.0.1", "99999", "xn--"]
    pieces += ["http", "https", "file", "ftp"]

    def call(seed: int) -> None:
        rng = random.Random(seed)
        text = rng.choice(("", "http://127.0.0.1:9", "http://", "//")) + "".join(
            rng.choices(pieces, k=rng.randint(0, 9))
        )
        Downloader(manners=HASTY).read(text)

    attack(call, range(tries("answers")))
