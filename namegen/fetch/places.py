"""Places: where a list lies, on the web or on the disk, and how that is said in a message."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import SplitResult, unquote, urljoin, urlsplit, urlunsplit
from urllib.request import url2pathname

from namegen.errors import LONGEST_REASON, FetchError, SettingsError, quote, setting

WEB = {"http": 80, "https": 443}  # each with its usual port
LONGEST_SHOWN = 300  # characters of a place in a message


def local_path(place: str) -> Path | None:
    """The path that a place on the disk stands for; None for a web address.

    Raises:
        SettingsError: an address of another kind.

    >>> local_path("people.csv"), local_path("file:///tmp/a%20b.csv"), local_path("https://example.org/people.csv")
    (PosixPath('people.csv'), PosixPath('/tmp/a b.csv'), None)
    """
    scheme, separator, _ = place.partition("://")
    scheme = scheme.lower()
    if not separator:
        if not place or "\0" in place:
            raise SettingsError(f"{setting('url')} is empty or has a NUL in it: give a web address or a path")
        return Path(place)
    try:
        parts = _parts(place)
    except ValueError as error:
        raise SettingsError(f"{setting('url')} is {quote(place, 80)}: not a web address ({error})") from error
    if scheme == "file" and parts.hostname in (None, "localhost") and "\0" not in unquote(parts.path):
        return Path(url2pathname(parts.path))
    if scheme in WEB and parts.hostname:
        return None
    raise SettingsError(f"{setting('url')} is {quote(place, 80)}: expected a path, file:///…, http://… or https://…")


def redirected(here: str, location: str) -> str:
    """Where a server sends on to, without a name and a password of its choosing.

    Args:
        here: the web address that was asked for.
        location: what the server answers, the rest of an address or a whole one.

    Raises:
        FetchError: that is no web address, or one where the list could be changed on its way, and ``here`` is not.

    >>> redirected("https://example.org/data/a.csv", "../b.csv")
    'https://example.org/b.csv'
    """
    advice = f"give the right place with {setting('url')}"
    try:
        parts = _parts(urljoin(here, location))
        is_web = parts.scheme in WEB and bool(parts.hostname)
    except ValueError:
        is_web = False
    if not is_web:
        raise FetchError(f"{shown(here)} leads to {quote(location, 80)}, which is no web address: {advice}")
    if parts.scheme == "http" and urlsplit(here).scheme == "https":
        raise FetchError(
            f"{shown(here)} leads from https to {quote(location, 80)}, where anybody on the way could change the list: "
            f"{advice}"
        )
    return bare(urlunsplit(parts))


def same_server(one: str, other: str) -> bool:
    """Whether two web addresses are of the same host and port; http and https count as one where the ports are usual.

    >>> same_server("http://example.org/a", "https://EXAMPLE.org:443/b")
    True
    >>> same_server("https://example.org/a", "https://www.example.org/a")
    False
    """
    return _server(urlsplit(one)) == _server(urlsplit(other))


def bare(address: str) -> str:
    """A web address as a server is asked for it: without name, password and fragment.

    >>> bare("https://me:secret@example.org/people.csv?key=1#top")
    'https://example.org/people.csv?key=1'
    """
    parts = urlsplit(address)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, parts.query, ""))


def shown(place: str) -> str:
    """A place as it stands in messages: without what may be a password or a key, and not too long.

    >>> shown("https://me:secret@example.org/people.csv?key=1")
    'https://example.org/people.csv'
    """
    if local_path(place) is None:
        parts = urlsplit(bare(place))
        place = urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))
    return place if len(place) <= LONGEST_SHOWN else f"{place[: LONGEST_SHOWN - 1]}…"


def inside(folder: str, name: str) -> str:
    """The place of a file in a folder.

    >>> inside("https://example.org/data/?key=1", "people-0.csv"), inside("data", "people-0.csv")
    ('https://example.org/data/people-0.csv?key=1', 'data/people-0.csv')
    """
    path = local_path(folder)
    if path is not None:
        return str(path / name)
    parts = urlsplit(folder)
    return urlunsplit((parts.scheme, parts.netloc, f"{parts.path.rstrip('/')}/{name}", parts.query, ""))


def said(text: str) -> str:
    r"""What a library or a server says, as it may stand within a sentence: one line, escaped, not too long.

    >>> said("no route\nto the host\x1b[31m"), said("")
    ('no route to the host\\x1b[31m', 'no message')
    """
    line = " ".join(text[: 2 * LONGEST_REASON].split()) or "no message"
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in line)[:LONGEST_REASON]


def _parts(address: str) -> SplitResult:
    """Raises ValueError where it is no address: brackets that do not close, a port that is none, control characters."""
    if not address.isprintable():
        raise ValueError("it has characters that cannot be shown")
    parts = urlsplit(address)
    _ = parts.hostname, parts.port  # read on demand, and only then looked at
    return parts


def _server(parts: SplitResult) -> tuple[str | None, int | None]:
    return parts.hostname, None if parts.port in (None, WEB.get(parts.scheme)) else parts.port
