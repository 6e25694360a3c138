"""``fetch`` and servers that misbehave: a list or one sentence, no file but a whole one, and an end in any case."""

from __future__ import annotations

import os
import random
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from namegen.cli import cli
from namegen.fetch import download
from namegen.fetch.download import Downloader, Manners
from namegen.fetch.exchange import THREAD
from tests.fetch.conftest import companies
from tests.fetch.rude import Rude, misbehaviour, mutated, rude_server
from tests.harm.attack import attack
from tests.harm.effort import tries
from tests.requirements import require

HASTY = Manners(tries=2, first_wait=0.01, longest_wait=0.05, delay=0.0, silence=0.04, longest=0.1, most_bytes=5_000_000)
LISTED = companies([1, "Apple Inc.", "AAPL", "Nasdaq"], [2, "DANAHER CORP /DE/", "DHR", "NYSE"], [3, "X", "X", "OTC"])
GETADDRINFO = socket.getaddrinfo
LATE = 15.0  # seconds: far more than HASTY allows, for a machine that does much else


def resolve_numbers_alone(*arguments: Any, **options: Any) -> Any:
    """Instead of ``socket.getaddrinfo``: these tests ask no name server."""
    options["flags"] = socket.AI_NUMERICHOST
    return GETADDRINFO(*arguments[:5], **options)


@pytest.fixture
def rude(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Rude]:
    require("urllib3")
    require("certifi")
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setattr(download, "Manners", lambda: HASTY)
    monkeypatch.setattr(socket, "getaddrinfo", resolve_numbers_alone)
    monkeypatch.chdir(tmp_path)
    with rude_server() as server:
        yield server


def no_harm(address: str) -> None:
    """What the command makes of an address: a list, or one sentence and no file; in time, and no thread is left."""
    since = time.monotonic()
    result = CliRunner().invoke(cli, ["fetch", "companies", "--url", address, "--out", "list.txt", "--quiet"])
    assert time.monotonic() - since < LATE
    for thread in threading.enumerate():
        if thread.name == THREAD:
            thread.join(LATE)
            assert not thread.is_alive()
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
    assert result.stderr.rstrip("\n").isprintable()
    assert len(result.stderr.encode()) <= 2000


def test_whatever_a_server_does_ends_in_a_sentence(rude: Rude) -> None:
    """And in little memory: some of it unpacks to 4 GB, some never ends."""
    addresses = [rude.serve(name, script) for name, script in misbehaviour().items()]
    attack(no_harm, addresses, memory=300_000_000)
    # What will never do is not asked for again; on a busy machine the time may be up before anything is asked.
    for name in ("bomb", "bomb-twice", "circle", "to-a-file", "to-ftp", "packed-fifty-times", "length-untold"):
        asked = sum(request.startswith(f"GET /{name} ".encode()) for request in rude.requests)
        assert asked <= (11 if name == "circle" else 1), name


def test_answers_with_bytes_changed_end_in_a_list_or_a_sentence(rude: Rude) -> None:
    def call(seed: int) -> None:
        no_harm(f"{rude.address}/{seed}")

    rude.serve("elsewhere", mutated(-1, LISTED))
    seeds = range(tries(few=25, landing=500, hour=6_000))
    for seed in seeds:
        rude.serve(str(seed), mutated(seed, LISTED))
    attack(call, seeds)


def test_addresses_with_anything_in_them_end_in_a_sentence(rude: Rude) -> None:
    """A server that sends on to them, and a user who gives them."""
    pieces = [*"/:@[]%?#*{} \t\\\0\u202e\udcffaéａ0'", "//", "::", "..", "%00", "%zz", "127.0.0.1", "99999", "xn--"]
    pieces += ["http", "https", "file", "ftp"]

    def call(seed: int) -> None:
        rng = random.Random(seed)
        text = rng.choice(("", "http://127.0.0.1:9", "http://", "//")) + "".join(
            rng.choices(pieces, k=rng.randint(0, 9))
        )
        with Downloader(manners=HASTY) as downloader:
            downloader.read(text)

    attack(call, range(tries(few=60, landing=2_000, hour=5_000)))
