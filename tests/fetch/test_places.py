"""Places: what is taken for an address and what for a path, where a server may send on to, and how it is said."""

from __future__ import annotations

import pytest

from namegen.errors import FetchError, SettingsError
from namegen.fetch.places import bare, inside, local_path, redirected, said, same_server, shown


@pytest.mark.parametrize(
    "place",
    [
        "",
        "ftp://example.org/a",
        "file://other.example/a",
        "http://",
        "http://[::1",
        "a\0b",
        "http://example.org:a/",
        "http://example.org:99999/",
        "http://example.org/\0seed\0",
        "http://example.org/\n",
        "http://\udcff/",
    ],
)
def test_places_of_other_kinds_are_refused(place):
    with pytest.raises(SettingsError, match="url is") as caught:
        local_path(place)
    assert str(caught.value).isprintable()


def test_secrets_in_an_address_are_not_shown():
    assert shown("https://me:secret@example.org/a?key=1") == "https://example.org/a"
    assert inside("https://example.org", "b.csv") == "https://example.org/b.csv"
    assert bare("https://me:sec@ret@example.org/a?key=1#b") == "https://example.org/a?key=1"


def test_a_long_place_is_shown_in_short():
    assert len(shown("a" * 5000)) == len(shown("https://example.org/" + "a" * 5000)) == 300


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/passwd",
        "ftp://example.org/a",
        "javascript:alert(1)",
        "data:,a",
        "mailto:a@b",
        "http://[::1/",
        "http://example.org:a/",
        "https://\x1b[31m/",
    ],
)
def test_a_server_sends_on_to_web_addresses_alone(location):
    with pytest.raises(FetchError, match="which is no web address: give the right place with url") as caught:
        redirected("http://example.org/a", location)
    assert str(caught.value).isprintable()


def test_a_server_does_not_send_on_from_https_to_http():
    with pytest.raises(FetchError, match=r"leads from https to 'http://example\.org/b'"):
        redirected("https://example.org/a", "http://example.org/b")
    assert redirected("http://example.org/a", "https://example.org/b") == "https://example.org/b"


def test_a_server_gives_no_name_and_password():
    assert redirected("http://me:secret@example.org/a", "b?c=1#d") == "http://example.org/b?c=1"
    assert redirected("http://example.org/a", "http://you:yours@other.example/") == "http://other.example/"


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ("http://example.org/b", True),
        ("https://example.org/b", True),
        ("https://EXAMPLE.ORG:443/b", True),
        ("http://example.org:80", True),
        ("https://me@example.org/", True),
        ("http://example.org:443/", False),
        ("http://example.org:8080/", False),
        ("http://www.example.org/", False),
        ("http://example.org.other.example/", False),
        ("http://example.org@other.example/", False),
    ],
)
def test_a_server_is_a_host_and_a_port(other, same):
    assert same_server("http://example.org/a", other) is same


def test_what_others_say_is_one_short_line():
    assert said(" a\r\n\tb\0c ") == "a b\\x00c"
    assert len(said("\x1b" * 100_000)) == 200
