"""Exchange: one request to a server and its answer, which end by a deadline and within a size whatever the server does.

urllib3's time limits are for each wait of a socket, so a server that sends a byte now and then keeps a request alive
for ever: in the head of an answer, in its body, in a proxy's greeting. Looking up a host name has no limit at all. So
an exchange has a thread of its own; whoever asked waits for it until the deadline and no longer, and then cuts its
connection, which ends the thread.
"""

from __future__ import annotations

import os
import queue
import ssl
import threading
import time
import zlib
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

import certifi
import urllib3

from namegen.errors import FetchError, quote, setting
from namegen.fetch.connections import Connections, pools
from namegen.fetch.places import bare, said, shown
from namegen.fetch.refusals import TimeIsUpError, TooLargeError, TryAgainError
from namegen.fetch.sizes import PART, gathered, unpacked

THREAD = "namegen fetch"  # the name of the thread of an exchange
WHOLE = frozenset((200, 203))  # the answers that bring the file; 206 would be a part of it
LONGEST_HEAD = 1_000_000  # bytes of all that an answer has beside its body

Told: TypeAlias = Callable[[int, int | None], None]  # so many bytes have come, of so many if the server said


@dataclass(frozen=True)
class Answer:
    """What a server answers. ``body`` is None unless the answer brings the file, and then it is the whole one."""

    status: int
    headers: Mapping[str, str]
    body: bytes | None


class Web:
    """Connections to servers, one at a time in use.

    Args:
        silence: how long a server may send nothing, also while connecting, in seconds.
        most_bytes: of a body, as it comes and unpacked.
    """

    def __init__(self, *, silence: float, most_bytes: int) -> None:
        self._silence, self._most_bytes = silence, most_bytes
        self._managers: dict[tuple[str, str | None], urllib3.PoolManager] = {}  # by scheme and proxy
        self._open = Connections()

    def get(self, address: str, headers: Mapping[str, str], *, deadline: float, received: Told) -> Answer:
        """Ask for an address. A redirection is an answer like another, and is not followed.

        Args:
            address: a web address.
            headers: the head of the request.
            deadline: when ``time.monotonic()`` will be too late.
            received: told what has come, from the caller's thread.

        Raises:
            TryAgainError: the server or the way to it failed.
            TooLargeError: there are more bytes.
            TimeIsUpError: the deadline came first.
            FetchError: asking again would not help.
        """
        manager = self._manager(address)
        events: queue.SimpleQueue[Answer | BaseException | tuple[int, int | None]] = queue.SimpleQueue()

        def exchange() -> None:
            try:
                events.put(self._exchange(manager, address, headers, lambda *told: events.put(told)))
            except BaseException as error:  # it is raised where somebody hears it
                events.put(error)

        threading.Thread(target=exchange, name=THREAD, daemon=True).start()
        try:
            while True:
                event = _next(events, deadline)
                if isinstance(event, Answer):
                    return event
                if isinstance(event, BaseException):
                    raise event
                received(*event)
        except BaseException:  # Ctrl-C as well: a connection on which something went wrong is not used again
            self.close()
            raise

    def close(self) -> None:
        """Cut every connection, also one that a thread waits for."""
        self._open.cut()
        self._open = Connections()
        self._managers.clear()

    def _exchange(
        self, manager: urllib3.PoolManager, address: str, headers: Mapping[str, str], received: Told
    ) -> Answer:
        try:
            response = manager.request(
                "GET", bare(address), headers=headers, redirect=False, retries=False, preload_content=False
            )
            body = None
            try:
                if response.status in WHOLE:
                    body = _body(response, address, self._most_bytes, received)
            finally:
                response.close()
            return Answer(response.status, response.headers, body)
        except urllib3.exceptions.LocationValueError as error:
            raise FetchError(
                f"cannot read {shown(address)}: {said(str(error))}; give another address with {setting('url')}"
            ) from error
        except (
            urllib3.exceptions.NewConnectionError,
            urllib3.exceptions.ProxyError,
            urllib3.exceptions.SSLError,
        ) as error:
            if isinstance(error.args[0], ssl.SSLCertVerificationError):
                raise FetchError(
                    f"cannot read {shown(address)}: the server does not prove that it is {urlsplit(address).hostname} "
                    f"({said(error.args[0].verify_message)}): check the computer's clock, or give another address with "
                    f"{setting('url')}"
                ) from error
            raise TryAgainError(f"no connection ({_reason(error)})") from error
        except urllib3.exceptions.TimeoutError as error:  # after the above, one of which is among these
            raise TryAgainError(f"no answer within {self._silence:g} seconds") from error
        except (urllib3.exceptions.HTTPError, OSError, ValueError, zlib.error) as error:
            # ValueError is what http.client makes of a chunk of size −5.
            raise TryAgainError(f"the connection broke ({_reason(error)})") from error

    def _manager(self, address: str) -> urllib3.PoolManager:
        """What keeps the connections for this address; through a proxy where the environment asks for one."""
        scheme = urlsplit(address).scheme.lower()
        try:
            proxy = _proxy(address)
            if (scheme, proxy) not in self._managers:
                self._managers[scheme, proxy] = self._new_manager(scheme, proxy)
        except (urllib3.exceptions.HTTPError, ValueError, OSError) as error:  # from the environment's variables
            raise FetchError(
                f"no connection can be made ({said(str(error))}): check the environment's proxy and certificate "
                "settings"
            ) from error
        return self._managers[scheme, proxy]

    def _new_manager(self, scheme: str, proxy: str | None) -> urllib3.PoolManager:
        timeout = urllib3.Timeout(connect=self._silence, read=self._silence)
        if proxy is None:
            manager = urllib3.PoolManager(timeout=timeout, ssl_context=_trust() if scheme == "https" else None)
        else:
            trust = _trust() if "https" in (scheme, urlsplit(proxy).scheme) else None
            manager = urllib3.ProxyManager(
                bare(proxy),
                proxy_headers={"Proxy-Authorization": who} if (who := credentials(proxy)) else None,
                proxy_ssl_context=trust,
                timeout=timeout,
                ssl_context=trust,
            )
        manager.pool_classes_by_scheme = pools(self._open, self._most_bytes + LONGEST_HEAD)
        return manager


def credentials(address: str) -> str | None:
    """The head of a request that carries the name and password of an address, if it has one.

    >>> credentials("https://Aladdin:open%20sesame@example.org/"), credentials("https://example.org/")
    ('Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==', None)
    """
    name, at, _ = urlsplit(address).netloc.rpartition("@")
    if not at:
        return None
    user, _, password = name.partition(":")
    return f"Basic {b64encode(f'{unquote(user)}:{unquote(password)}'.encode()).decode()}"


def _next(
    events: queue.SimpleQueue[Answer | BaseException | tuple[int, int | None]], deadline: float
) -> Answer | BaseException | tuple[int, int | None]:
    left = deadline - time.monotonic()
    if left <= 0:  # a queue that is never empty would always answer
        raise TimeIsUpError
    try:
        return events.get(timeout=left)
    except queue.Empty as error:
        raise TimeIsUpError from error


def _body(response: urllib3.BaseHTTPResponse, address: str, most_bytes: int, received: Told) -> bytes:
    """All of the body, unpacked."""
    expected = response.length_remaining
    if expected is not None and expected > most_bytes:
        raise TooLargeError
    if expected is None and not getattr(response, "chunked", False):
        raise FetchError(
            f"cannot read {shown(address)}: the server does not say how long the file is, so one that is cut short "
            f"would not be noticed; give another address or a local file with {setting('url')}"
        )
    packed = (response.headers.get("content-encoding") or "identity").strip().lower()
    if packed not in ("identity", "gzip", "x-gzip"):
        raise FetchError(
            f"cannot read {shown(address)}: the server packs the file as {quote(packed)}, although it was asked not "
            f"to; give another address or a local file with {setting('url')}"
        )
    came = 0

    def parts() -> Iterator[bytes]:
        nonlocal came
        for part in response.stream(PART, decode_content=False):
            came += len(part)
            received(came, expected)
            yield part

    return gathered(parts() if packed == "identity" else unpacked(parts()), most_bytes)


def _trust() -> ssl.SSLContext:
    """The certificates that servers are held against: certifi's, or those that the environment names."""
    named = "SSL_CERT_FILE" in os.environ or "SSL_CERT_DIR" in os.environ  # OpenSSL itself looks there
    return ssl.create_default_context(cafile=None if named else certifi.where())


def _proxy(address: str) -> str | None:
    parts = urlsplit(address)
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy or proxy_bypass(bare(address).split("/")[2]):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def _reason(error: BaseException) -> str:
    """What went wrong at the bottom of urllib3's errors, which stand around each other."""
    inner = next((one for one in (error.__cause__, *error.args[::-1]) if isinstance(one, BaseException)), None)
    if inner is not None:
        return _reason(inner)
    return said(getattr(error, "strerror", None) or str(error))
