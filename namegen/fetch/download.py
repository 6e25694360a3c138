"""Download: one file from a public server or from the disk, asked for politely, whole or not at all."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, runtime_checkable
from urllib.parse import unquote, urlsplit, urlunsplit
from urllib.request import url2pathname

from namegen import __version__
from namegen.errors import FetchError, SettingsError, setting
from namegen.extras import missing_library

if TYPE_CHECKING:
    import httpx

WEB = ("http", "https")
TRY_AGAIN = frozenset((408, 425, 429, 500, 502, 503, 504))  # what a server says when it may do better later
USER_AGENT = f"namegen/{__version__}"
LONGEST_CONTACT = 200


@dataclass(frozen=True)
class Manners:
    """How a server is asked. Times are in seconds.

    Attributes:
        tries: how often one file is asked for before it is given up.
        first_wait: before the second try; twice as long before each further one.
        longest_wait: more is never waited before a try; a server that asks for more is asked another day.
        delay: between the end of one request and the next.
        silence: how long a server may send nothing, also while connecting.
        longest: how long one file may take.
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


@runtime_checkable
class Watcher(Protocol):
    """Who is told how it goes."""

    def begins(self, what: str, number: int, files: int) -> None:
        """A file is about to be read: what it is called, the how many-th of how many."""
        ...

    def received(self, size: int, expected: int | None) -> None:
        """So many bytes of the file have come, of so many, if the server said."""
        ...

    def waits(self, seconds: float, why: str) -> None:
        """It did not work, and will be tried again."""
        ...


class Silent:
    """A watcher that says nothing."""

    def begins(self, what: str, number: int, files: int) -> None:
        """Say nothing."""

    def received(self, size: int, expected: int | None) -> None:
        """Say nothing."""

    def waits(self, seconds: float, why: str) -> None:
        """Say nothing."""


class _TryAgainError(Exception):
    """It did not work, but may later. ``wait``: what the server asks for, in seconds."""

    def __init__(self, why: str, wait: float | None = None) -> None:
        super().__init__(why)
        self.wait = wait


class Downloader:
    """Reads files, one after the other, over one connection where there is one.

    Args:
        manners: how servers are asked.
        contact: who asks, an address for the server's keeper to write to; sent as part of the user agent.
        watcher: who is told how it goes.

    Raises:
        SettingsError: a contact that cannot stand in the head of a request.
    """

    def __init__(
        self, *, manners: Manners | None = None, contact: str | None = None, watcher: Watcher | None = None
    ) -> None:
        if contact is not None and not (
            contact.strip() and contact.isascii() and contact.isprintable() and len(contact) <= LONGEST_CONTACT
        ):
            raise SettingsError(
                f"{setting('contact')} is {contact[:40]!r}: expected an e-mail address, in ASCII characters, such as "
                "jane@example.com"
            )
        self.manners, self.watcher = manners or Manners(), watcher or Silent()
        self._user_agent = USER_AGENT if contact is None else f"{USER_AGENT} {contact.strip()}"
        self._client: httpx.Client | None = None
        self._asked = False

    def __enter__(self) -> Downloader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._client is not None:
            self._client.close()

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
        self.watcher.begins(shown(place), number, files)
        return self._from_disk(path) if path is not None else self._from_web(place)

    def _from_disk(self, path: Path) -> bytes:
        try:
            size = path.stat().st_size
            if size > self.manners.most_bytes:
                raise self._too_large(str(path))
            content = path.read_bytes()
        except OSError as error:
            raise FetchError(
                f"cannot read {path}: {error.strerror or error}; give another with {setting('url')}"
            ) from error
        self.watcher.received(len(content), size)
        return content

    def _from_web(self, address: str) -> bytes:
        client = self._open_client()
        if self._asked:
            time.sleep(self.manners.delay)
        self._asked = True
        failures = 0
        while True:
            try:
                return self._ask(client, address)
            except _TryAgainError as error:
                failures += 1
                if failures == self.manners.tries:
                    raise FetchError(
                        f"cannot read {shown(address)}: {error} (tried {failures} times): try again later, or give a "
                        f"mirror or a local file with {setting('url')}"
                    ) from error
                wait = self.manners.wait(failures) if error.wait is None else error.wait
                if wait > self.manners.longest_wait:
                    raise FetchError(
                        f"{shown(address)}: the server asks to be left alone for {wait:,.0f} seconds: try again then, "
                        f"or give a mirror or a local file with {setting('url')}"
                    ) from error
                self.watcher.waits(wait, str(error))
                time.sleep(wait)

    def _ask(self, client: httpx.Client, address: str) -> bytes:
        """One try. Raises _TryAgainError where another may help, FetchError where none does."""
        import httpx

        deadline = time.monotonic() + self.manners.longest
        try:
            with client.stream("GET", address) as response:
                if not response.is_success:
                    raise _refusal(response.status_code, response.headers, address)
                expected = _number(response.headers.get("content-length"))
                if expected is not None and expected > self.manners.most_bytes:
                    raise self._too_large(shown(address))
                parts: list[bytes] = []
                size = 0
                for part in response.iter_bytes():  # unpacked: what is limited is what comes out
                    parts.append(part)
                    size += len(part)
                    if size > self.manners.most_bytes:
                        raise self._too_large(shown(address))
                    if time.monotonic() > deadline:
                        raise _TryAgainError(f"it takes longer than {self.manners.longest:,.0f} seconds")
                    self.watcher.received(response.num_bytes_downloaded, expected)
                return b"".join(parts)
        except httpx.TimeoutException as error:
            raise _TryAgainError(f"no answer within {self.manners.silence:g} seconds") from error
        except httpx.ConnectError as error:
            raise _TryAgainError(f"no connection ({error})") from error
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise _TryAgainError(f"the connection broke ({error})") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise FetchError(
                f"cannot read {shown(address)}: {error}; give another address with {setting('url')}"
            ) from error

    def _open_client(self) -> httpx.Client:
        if self._client is None:
            try:
                import httpx
            except ImportError as error:
                raise FetchError(missing_library("fetching", "httpx", "fetch")) from error
            try:
                self._client = httpx.Client(
                    headers={"User-Agent": self._user_agent},
                    timeout=self.manners.silence,
                    follow_redirects=True,
                )
            except (httpx.InvalidURL, ValueError, ImportError, OSError) as error:  # from the environment's variables
                raise FetchError(
                    f"no connection can be made ({error}): check the environment's proxy and certificate settings"
                ) from error
        return self._client

    def _too_large(self, what: str) -> FetchError:
        return FetchError(
            f"{what} is larger than {self.manners.most_bytes:,} bytes, far more than the list that is looked for: "
            f"give the right file with {setting('url')}"
        )


def _refusal(status: int, headers: Mapping[str, str], address: str) -> Exception:
    """What an answer other than success means."""
    said = f"the server answers {status}"
    if status in TRY_AGAIN:
        return _TryAgainError(said, _retry_after(headers.get("retry-after")))
    advice = {
        403: f"it refuses programs that do not say who asks: give your address with {setting('contact')}, or a local "
        f"file with {setting('url')}",
        404: f"the file is not there: it may have moved, give its new place with {setting('url')}",
    }.get(status, f"give another address with {setting('url')}")
    return FetchError(f"cannot read {shown(address)}: {said}; {advice}")


def _retry_after(value: str | None) -> float | None:
    """Seconds, from a number of them or a date (RFC 9110, section 10.2.3); None where the server says nothing clear."""
    if value is None:
        return None
    seconds = _number(value)
    if seconds is not None:
        return float(seconds)
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return max(0.0, (date - datetime.now(UTC)).total_seconds())


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 16 else None


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
        parts = urlsplit(place)
        host = parts.hostname
    except ValueError as error:
        raise SettingsError(f"{setting('url')} is {place[:80]!r}: not a web address ({error})") from error
    if scheme == "file" and host in (None, "localhost") and "\0" not in unquote(parts.path):
        return Path(url2pathname(parts.path))
    if scheme in WEB and host:
        return None
    raise SettingsError(f"{setting('url')} is {place[:80]!r}: expected a path, file:///…, http://… or https://…")


def shown(place: str) -> str:
    """A place as it stands in messages: without what may be a password or a key.

    >>> shown("https://me:secret@example.org/people.csv?key=1")
    'https://example.org/people.csv'
    """
    if local_path(place) is not None:
        return place
    parts = urlsplit(place)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


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
        raise FetchError(f"{shown(place)} is not text in UTF-8: give the right file with {setting('url')}") from error
