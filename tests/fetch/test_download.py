"""Download: patience with servers that misbehave, and an end to it."""

from __future__ import annotations

import dataclasses
import gzip
import os
import sys
import threading
from email.utils import formatdate
from pathlib import Path
from time import time

import pytest

from namegen.errors import FetchError, SettingsError
from namegen.fetch.download import Downloader, Manners, Silent
from namegen.fetch.players import fetch_players
from tests.fetch.conftest import QUICK, cut, endless, fails, slow, whole

CONTENT = b"first,last\n" + b"a,b\n" * 2000


class Told(Silent):
    def __init__(self) -> None:
        self.waits_told: list[tuple[float, str]] = []
        self.sizes: list[tuple[int, int | None]] = []
        self.begun: list[tuple[str, int, int]] = []

    def begins(self, what: str, number: int, files: int) -> None:
        self.begun.append((what, number, files))

    def received(self, size: int, expected: int | None) -> None:
        self.sizes.append((size, expected))

    def waits(self, seconds: float, why: str) -> None:
        self.waits_told.append((seconds, why))


def read(address: str, manners: Manners = QUICK, watcher: Silent | None = None) -> bytes:
    with Downloader(manners=manners, watcher=watcher) as downloader:
        return downloader.read(address)


def test_a_file_comes_whole_and_its_progress_is_told(source):
    told = Told()
    assert read(source.serve("/a.csv", CONTENT), watcher=told) == CONTENT
    assert told.begun == [(f"{source.address}/a.csv", 1, 1)]
    assert told.sizes[-1] == (len(CONTENT), len(CONTENT))
    assert source.requests[0][1].startswith("namegen/")


def test_a_packed_file_is_unpacked(source):
    assert read(source.serve("/a", whole(gzip.compress(CONTENT), Content_Encoding="gzip"))) == CONTENT


@pytest.mark.parametrize(
    "trouble",
    [
        fails(500),
        fails(503),
        fails(429),
        fails(429, Retry_After="0"),
        fails(429, Retry_After="soon"),
        fails(503, Retry_After=formatdate(time() - 5, usegmt=True)),
        cut(CONTENT, 100),
        cut(CONTENT, 0),
        slow(CONTENT, 0.8),
        whole(b"not packed at all", Content_Encoding="gzip"),
    ],
    ids=["500", "503", "429", "429-at-once", "429-unclear", "503-date", "cut", "cut-at-once", "silent", "badly-packed"],
)
def test_trouble_that_passes_is_waited_out(source, trouble):
    told = Told()
    assert read(source.serve("/a.csv", trouble, CONTENT), watcher=told) == CONTENT
    assert len(told.waits_told) == 1
    assert len(source.requests) == 2


def test_waits_grow_and_an_end_comes(source):
    told = Told()
    with pytest.raises(FetchError, match=r"the server answers 500 \(tried 3 times\): try again later") as caught:
        read(source.serve("/a.csv", fails(500)), watcher=told)
    assert [seconds for seconds, _ in told.waits_told] == [0.01, 0.02]
    assert len(source.requests) == 3
    assert "\n" not in str(caught.value)
    assert "not today" not in str(caught.value)
    assert QUICK.wait(30) == QUICK.longest_wait


def test_the_server_says_how_long_to_wait(source):
    told = Told()
    manners = dataclasses.replace(QUICK, longest_wait=2.0)
    read(source.serve("/a.csv", fails(429, Retry_After="1"), CONTENT), manners, told)
    assert told.waits_told == [(1.0, "the server answers 429")]
    assert source.requests[1][2] - source.requests[0][2] >= 1


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_a_server_that_wants_an_hour_is_left_alone(source, form):
    # The date is made here and not in the parameters: two workers must collect tests of the same names.
    value = "3600" if form == "seconds" else formatdate(time() + 3600, usegmt=True)
    with pytest.raises(FetchError, match=r"asks to wait for 3,[56].. seconds"):
        read(source.serve("/a.csv", fails(429, Retry_After=value)))
    assert len(source.requests) == 1


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (404, "its new place with url"),
        (403, "address with contact"),
        (410, "another address with url"),
        (206, "another address"),
    ],
)
def test_what_will_not_pass_is_not_tried_again(source, status, advice):
    with pytest.raises(FetchError, match=f"the server answers {status}; .*{advice}"):
        read(source.serve("/a.csv", fails(status)))
    assert len(source.requests) == 1


def test_a_file_that_is_too_large_is_refused_whether_its_length_is_told_or_not(source):
    packed = whole(gzip.compress(bytes(300_000)), Content_Encoding="gzip")
    for answer in (whole(bytes(300_000)), endless, packed):
        with pytest.raises(FetchError, match="larger than 200,000 bytes"):
            read(source.serve("/a.csv", answer))
    assert len(source.requests) == 3


def test_a_trickle_has_an_end(source):
    with pytest.raises(FetchError, match="it takes longer than"):
        read(source.serve("/a.csv", slow(bytes(50), 0.05, 50)), dataclasses.replace(QUICK, longest=0.2, tries=2))


def test_no_server_at_all(source):
    with pytest.raises(FetchError, match=r"no connection .*\(tried 3 times\)"):
        read("http://127.0.0.1:9/a.csv")


def test_a_redirection_is_followed_and_a_circle_of_them_is_not(source):
    source.serve("/new.csv", CONTENT)
    assert read(source.serve("/old.csv", whole(b"", 302, Location="/new.csv"))) == CONTENT
    source.requests.clear()
    with pytest.raises(FetchError, match="the server redirects more than 10 times; give another address with url"):
        read(source.serve("/round.csv", whole(b"", 302, Location="/round.csv")))
    assert len(source.requests) == 11


def test_requests_keep_their_distance(source):
    address = source.serve("/a.csv", CONTENT)
    with Downloader(manners=dataclasses.replace(QUICK, delay=0.2)) as downloader:
        for number in (1, 2):
            downloader.read(address, number=number, files=2)
    assert source.requests[1][2] - source.requests[0][2] >= 0.2


def test_who_asks_stands_in_the_user_agent(source):
    address = source.serve("/a.csv", CONTENT)
    with Downloader(manners=QUICK, contact="jane@example.com") as downloader:
        downloader.read(address)
    assert source.requests[0][1].startswith("namegen/")
    assert source.requests[0][1].endswith(" jane@example.com")


@pytest.mark.parametrize("contact", ["", "  ", "a\r\nHost: b", "zoë@example.com", "x" * 300])
def test_a_contact_that_no_header_can_hold_is_refused(contact):
    with pytest.raises(SettingsError, match="contact is"):
        Downloader(contact=contact)


def test_local_files_are_read_without_a_library(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "urllib3", None)
    monkeypatch.delitem(sys.modules, "namegen.fetch.exchange", raising=False)
    path = tmp_path / "a b.csv"
    path.write_bytes(CONTENT)
    assert read(str(path)) == read(path.as_uri()) == CONTENT
    with pytest.raises(FetchError, match=r"cannot read .*No such file"):
        read(str(tmp_path / "missing.csv"))
    with pytest.raises(FetchError, match="larger than 100 bytes"):
        read(str(path), dataclasses.replace(QUICK, most_bytes=100))
    with pytest.raises(FetchError, match="needs urllib3, which is not installed: install it with: pip install"):
        read("https://example.org/a.csv")


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("x" * 300, "File name too long"),
        ("a/" * 3000, "File name too long"),
        ("\ud800", "surrogates"),
        ("/", "cannot read"),
    ],
)
def test_a_path_that_cannot_be_one_is_a_sentence(place, said):
    for what in (read, lambda url: fetch_players(Downloader(), url)):
        with pytest.raises(FetchError, match=said) as caught:
            what(place)
        assert len(str(caught.value)) < 600


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="a system without it")
def test_a_device_without_end_is_too_large():
    with pytest.raises(FetchError, match="/dev/zero is larger than 200,000 bytes"):
        read("/dev/zero")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="a system without pipes that have names")
def test_a_pipe_is_read_to_its_end(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(CONTENT,))
    writer.start()
    assert read(str(pipe)) == CONTENT
    writer.join()


def test_a_proxy_setting_that_is_none_is_one_sentence(source, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("HTTP_PROXY", "nonsense://nowhere")
    with pytest.raises(FetchError, match="check the environment's proxy"):
        read(source.address)
