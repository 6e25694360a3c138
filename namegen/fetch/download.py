"""Download: one file from a public server or from the disk, asked for politely, whole or not at all."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit
from urllib.request import url2pathname

from namegen.children import Children, Part, PartProgress
from namegen.documents import Json
from namegen.errors import FetchError, SettingsError, missing_library, quote, reason_of, setting
from namegen.events import Event, FileBegins, Received, Retrying, Watcher, unwatched
from namegen.files import read_whole

_CONTACT = re.compile("[ -~]{1,200}")  # what may stand in the head of a request
MAX_SHOWN = 300  # characters of a place in a message


@dataclass(frozen=True)
class Manners:
    """How a server is asked. Times are in seconds.

    Attributes:
        tries: how often one file is asked for before it is given up.
        first_wait: before the second try; twice as long before each further one.
        longest_wait: more is never waited before a try; a server that asks for more is asked another day.
        delay: between the end of one request and the next.
        silence: how long a server may send nothing, also while connecting.
        longest: how long one file may take, everything counted: each try, each wait, each server that it is sent on to.
        most_bytes: a larger file is not what was asked for.
    """

    tries: int = 5
    first_wait: float = 1.0
    longest_wait: float = 60.0
    delay: float = 0.5
    silence: float = 30.0
    longest: float = 900.0
    most_bytes: int = 200_000_000

    def wait(self, failures: int) -> float:
        """How long to wait after so many failures."""
        return min(self.first_wait * 2.0 ** (failures - 1), self.longest_wait)


POLITE = Manners()


EVENTS: dict[str, Callable[..., Event]] = {"received": Received, "waits": Retrying}  # what the process tells


class Downloader:
    """Reads files, one after the other.

    Args:
        manners: how servers are asked.
        contact: an e-mail address for the server's keeper to write to; sent as part of the user agent, to the server
            that is asked for a file and to none that it redirects to.
        watch: told what happens.

    Raises:
        SettingsError: a contact that cannot stand in the head of a request.
    """

    def __init__(
        self, *, manners: Manners | None = None, contact: str | None = None, watch: Watcher = unwatched
    ) -> None:
        if contact is not None and not _CONTACT.fullmatch(contact.strip()):
            raise SettingsError(f"{setting('contact')} is {quote(contact)}: expected an e-mail address")
        self.manners, self.watch, self._contact = manners or POLITE, watch, contact
        self._asked = False

    def read(self, place: str, *, number: int = 1, files: int = 1) -> bytes:
        """All of a file.

        Args:
            place: a web address, a path, or a ``file:`` address.
            number: the how many-th file of the task it is.
            files: how many there are.

        Raises:
            FetchError: it is not there, too large, or could not be read however often it was tried.
        """
        path = local_path(place)
        self.watch(FileBegins(shown(place), number, files))
        if path is None:
            return self._from_web(place)
        try:
            content = read_whole(path, self.manners.most_bytes)
        except (OSError, ValueError) as error:  # ValueError: a path that the system cannot even spell
            raise unreadable(place, reason_of(error)) from error
        self.watch(Received(len(content), len(content)))
        return content

    def _from_web(self, address: str) -> bytes:
        """Have a process of its own read it, which is killed when the time is up."""
        for library in ("urllib3", "certifi"):
            if find_spec(library) is None:
                raise FetchError(missing_library("fetching", library, "fetch"))
        if self._asked:
            time.sleep(self.manners.delay)
        self._asked = True
        deadline = time.monotonic() + self.manners.longest
        with TemporaryDirectory() as folder, Children(1) as children:
            file = Path(folder) / "content"
            job: Json = {"address": address, "contact": self._contact, "manners": asdict(self.manners), "to": str(file)}
            children.start(Part("namegen.fetch.request:read", job))
            while time.monotonic() < deadline:
                for event in children.events():
                    if isinstance(event, PartProgress):
                        what, *told = cast("list[Any]", event.more)
                        self.watch(EVENTS[what](*told))
                    elif event.trouble:
                        raise unreadable(address, event.trouble)
                    elif event.answer is not None:
                        raise FetchError(str(event.answer))
                    else:
                        return file.read_bytes()
        raise unreadable(address, f"it takes longer than {self.manners.longest:g} seconds")


def unreadable(place: str, why: str) -> FetchError:
    """The error for a place that cannot be read."""
    advice = f"try again later, or give another place with {setting('url')}"
    return FetchError(f"cannot read {shown(place)}: {why}: {advice}")


def local_path(place: str) -> Path | None:
    """The path that a place on the disk stands for; None for a web address.

    Raises:
        SettingsError: an address of another kind.

    >>> local_path("people.csv"), local_path("file:///tmp/a%20b.csv"), local_path("https://example.org/people.csv")
    (PosixPath('people.csv'), PosixPath('/tmp/a b.csv'), None)
    """
    if "://" not in place:
        if not place or "\0" in place:
            raise SettingsError(f"{setting('url')} is empty or has a NUL in it: give a web address or a path")
        return Path(place)
    try:
        parts = split_address(place)
    except ValueError as error:
        raise SettingsError(f"{setting('url')} is {quote(place, 80)}: not a web address ({error})") from error
    if parts.scheme == "file" and parts.hostname in (None, "localhost") and "\0" not in unquote(parts.path):
        return Path(url2pathname(parts.path))
    if parts.scheme in ("http", "https") and parts.hostname:
        return None
    raise SettingsError(f"{setting('url')} is {quote(place, 80)}: expected a path, file:///…, http://… or https://…")


def split_address(address: str) -> SplitResult:
    """Raises ValueError where it is no address: brackets that do not close, a port that is none, control characters."""
    if not address.isprintable():
        raise ValueError("it has characters that cannot be shown")
    parts = urlsplit(address)
    _ = parts.hostname, parts.port  # read on demand, and only then looked at
    return parts


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
        place = bare(place).partition("?")[0]
    return place if len(place) <= MAX_SHOWN else f"{place[: MAX_SHOWN - 1]}…"


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


def decoded(data: bytes, place: str) -> str:
    """The text of a file. Raises FetchError where it is not UTF-8."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise unreadable(place, "it is not text in UTF-8") from error
