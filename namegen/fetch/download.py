"""Download: one file from a public server or from the disk, asked for politely, whole or not at all."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, NoReturn, Protocol, runtime_checkable

from namegen import __version__
from namegen.errors import FetchError, SettingsError, missing_library, quote, setting
from namegen.fetch.places import local_path, redirected, same_server, shown
from namegen.fetch.refusals import TimeIsUpError, TooLargeError, TryAgainError, refusal
from namegen.fetch.sizes import PART, gathered

if TYPE_CHECKING:
    from namegen.fetch.exchange import Web

REDIRECTIONS = frozenset((301, 302, 303, 307, 308))
MOST_REDIRECTIONS = 10
A_DAY = 86_400  # seconds
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


class Downloader:
    """Reads files, one after the other, over one connection where there is one.

    Args:
        manners: how servers are asked.
        contact: who asks, an address for the server's keeper to write to; sent as part of the user agent, to the server
            that is asked for a file and to none that it sends on to.
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
                f"{setting('contact')} is {quote(contact)}: expected an e-mail address, in ASCII characters, such as "
                "jane@example.com"
            )
        self.manners, self.watcher = manners or Manners(), watcher or Silent()
        self._contact = None if contact is None else contact.strip()
        self._web: Web | None = None
        self._asked = False

    def __enter__(self) -> Downloader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._web is not None:
            self._web.close()

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
        return self._from_disk(place, path) if path is not None else self._from_web(place)

    def _from_disk(self, place: str, path: Path) -> bytes:
        try:
            with path.open("rb") as stream:  # its size is not asked for: a pipe has none
                content = gathered(iter(partial(stream.read, PART), b""), self.manners.most_bytes)
        except TooLargeError as error:
            raise self._too_large(place) from error
        except (OSError, ValueError) as error:  # ValueError: a path that the system cannot even spell
            reason = getattr(error, "strerror", None) or error
            raise FetchError(f"cannot read {shown(place)}: {reason}; give another with {setting('url')}") from error
        self.watcher.received(len(content), len(content))
        return content

    def _from_web(self, address: str) -> bytes:
        web = self._open_web()
        if self._asked:
            time.sleep(self.manners.delay)
        self._asked = True
        deadline = time.monotonic() + self.manners.longest
        failures = 0
        while True:
            try:
                return self._ask(web, address, deadline)
            except TooLargeError as error:
                raise self._too_large(address) from error
            except TimeIsUpError as error:
                self._give_up(address, f"it takes longer than {self.manners.longest:g} seconds", error)
            except TryAgainError as error:
                failures += 1
                if failures == self.manners.tries:
                    self._give_up(address, f"{error} (tried {failures} times)", error)
                wait = self.manners.wait(failures) if error.wait is None else error.wait
                if wait > self.manners.longest_wait:
                    how_long = f"{wait:,.0f} seconds" if wait <= A_DAY else "more than a day"
                    raise FetchError(
                        f"{shown(address)}: the server asks to wait for {how_long}: try again then, or give a "
                        f"mirror or a local file with {setting('url')}"
                    ) from error
                if time.monotonic() + wait > deadline:
                    self._give_up(address, f"{error}, for {self.manners.longest:g} seconds", error)
                self.watcher.waits(wait, str(error))
                time.sleep(wait)

    def _ask(self, web: Web, address: str, deadline: float) -> bytes:
        """One try, wherever the server sends on to. Raises TryAgainError where another may help."""
        here = address
        for _ in range(MOST_REDIRECTIONS + 1):
            head = self._headers(address, here)
            answer = web.get(here, head, deadline=deadline, received=self.watcher.received)
            location = answer.headers.get("location")
            if answer.body is not None:
                return answer.body
            if answer.status not in REDIRECTIONS or location is None:
                raise refusal(answer.status, answer.headers, address)
            here = redirected(here, location)
        raise FetchError(
            f"cannot read {shown(address)}: the server redirects more than {MOST_REDIRECTIONS} times; give another "
            f"address with {setting('url')}"
        )

    def _headers(self, asked: str, here: str) -> dict[str, str]:
        """The head of a request. Who asks is told to the server that was asked for, and to none that it sends on to."""
        from namegen.fetch.exchange import credentials

        head = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity"}
        if same_server(asked, here):
            if self._contact is not None:
                head["User-Agent"] = f"{USER_AGENT} {self._contact}"
            if (who := credentials(asked)) is not None:
                head["Authorization"] = who
        return head

    def _open_web(self) -> Web:
        if self._web is None:
            try:
                from namegen.fetch.exchange import Web
            except ImportError as error:
                raise FetchError(missing_library("fetching", error.name, "fetch")) from error
            self._web = Web(silence=self.manners.silence, most_bytes=self.manners.most_bytes)
        return self._web

    def _give_up(self, address: str, why: str, error: Exception) -> NoReturn:
        raise FetchError(
            f"cannot read {shown(address)}: {why}: try again later, or give a mirror or a local file with "
            f"{setting('url')}"
        ) from error

    def _too_large(self, place: str) -> FetchError:
        return FetchError(
            f"{shown(place)} is larger than {self.manners.most_bytes:,} bytes, far more than the list that is looked "
            f"for: give the right file with {setting('url')}"
        )


def decoded(data: bytes, place: str) -> str:
    """The text of a file. Raises FetchError where it is not UTF-8."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FetchError(f"{shown(place)} is not text in UTF-8: give the right file with {setting('url')}") from error
