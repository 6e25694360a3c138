"""Request: one file from a web server, in a process that ``download.py`` starts and kills when the time is up.

urllib3's time limits are for each wait of a socket, so a server that sends a byte now and then keeps a request alive
for ever: in the head of an answer, in its body, in a proxy's greeting. Looking up a host name has no limit at all. Nor
has the memory for what http.client and urllib3 read to its end at once, such as a chunk that says that its size is −1,
but for the limit of the process (which Windows lacks).
"""

from __future__ import annotations

import itertools
import os
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

import certifi
import urllib3
from urllib3 import exceptions

from namegen import __version__
from namegen.children import Parent
from namegen.errors import FetchError, cut, printable, quote, setting
from namegen.fetch.download import Manners, bare, split_address, unreadable

USER_AGENT = f"namegen/{__version__}"
TRY_AGAIN = frozenset((408, 425, 429, 500, 502, 503, 504))  # what a server says when it may do better later
PART = 65_536  # bytes that are read at once
MEMORY = 400_000_000  # bytes of the process beside the file
STRIPPED = ("User-Agent", "Authorization")  # on the way to another server
REDIRECTIONS = urllib3.Retry(  # urllib3 itself repeats nothing else
    None, connect=0, read=0, other=0, redirect=10, raise_on_redirect=False, remove_headers_on_redirect=STRIPPED
)

Say: TypeAlias = Callable[..., object]  # "received", size, expected; "waits", seconds, why


class _TryAgainError(Exception):
    """It did not work, but may later: why, and the seconds that the server asks to wait, or None."""


class _Web(urllib3.PoolManager):
    """Follows redirections to web addresses alone, and never from https to http."""

    def urlopen(self, method: str, url: str, redirect: bool = True, **options: Any) -> urllib3.BaseHTTPResponse:  # type: ignore[override]
        """Called for the address that was asked for and, by urllib3, for each that a server redirects to."""
        if before := options["retries"].history:
            there = split_address(url)
            if there.scheme not in ("http", "https") or not there.hostname:
                raise ValueError(f"it leads to {quote(url, 80)}, which is no web address")
            if there.scheme == "http" and before[-1].url.startswith("https:"):
                raise ValueError(f"it leads from https to {quote(url, 80)}, where anybody could change the list")
        options["headers"] = {"User-Agent": USER_AGENT, **options["headers"]}  # the one with the contact is stripped
        return super().urlopen(method, bare(url), redirect, **options)


class _WebByProxy(_Web, urllib3.ProxyManager):
    """The same, by a proxy."""


def request(address: str, contact: str | None, manners: Manners, say: Say = lambda *_: None) -> bytes:
    """All of a file from the web, however often it has to be tried. The process is killed if it takes too long.

    Args:
        address: where it is.
        contact: an e-mail address, for the server of that address alone.
        manners: how the server is asked.
        say: called with ``"received"`` or ``"waits"`` and the fields of that event (``EVENTS`` of ``download.py``).

    Raises:
        FetchError: asking again would not help, or has not helped.
    """
    for failures in itertools.count(1):
        try:
            return _ask(address, contact, manners, say)
        except _TryAgainError as error:
            why, wait = error.args
            wait = manners.wait(failures) if wait is None else float(wait)
            if failures == manners.tries:
                raise unreadable(address, f"{why} (tried {failures} times)") from error
            if wait > manners.longest_wait:
                raise unreadable(address, f"the server asks to wait for {wait:,.0f} seconds") from error
            say("waits", wait, why)
            time.sleep(wait)
    raise AssertionError("count has no end")


def _ask(address: str, contact: str | None, manners: Manners, say: Say) -> bytes:
    """One try, wherever the server redirects to."""
    try:
        web = _web(address, manners)
        headers = {**urllib3.make_headers(basic_auth=_credentials(address)), "Accept-Encoding": "identity"}
        if contact is not None:
            headers["User-Agent"] = f"{USER_AGENT} {contact.strip()}"
        with web.request("GET", address, headers=headers, retries=REDIRECTIONS, preload_content=False) as response:
            if response.status in (200, 203):  # 206 would be a part of it
                return _body(response, address, manners, say)
    except ValueError as error:  # an address, or a proxy's of the environment, that urllib3 or this file refuses
        raise unreadable(address, printable(cut(str(error), 200))) from error
    except (exceptions.HTTPError, OSError) as error:
        reason = _bottom(error)
        if isinstance(reason, ssl.SSLCertVerificationError):
            raise unreadable(address, f"the server does not prove who it is ({reason.verify_message})") from error
        if isinstance(reason, TimeoutError):
            raise _TryAgainError(f"no answer within {manners.silence:g} seconds", None) from error
        text = printable(cut(str(getattr(reason, "strerror", None) or reason), 200))
        raise _TryAgainError(f"the connection failed ({text})", None) from error
    answer = f"the server answers {response.status}"
    if response.status in TRY_AGAIN:
        wait = None
        with suppress(exceptions.InvalidHeader, ValueError, TypeError, OverflowError):  # it says nothing clear
            wait = REDIRECTIONS.get_retry_after(response)
        raise _TryAgainError(answer, wait)
    if response.status == 403:
        answer += f" (it may want to know who asks: give {setting('contact')})"
    raise unreadable(address, answer)


def _body(response: urllib3.BaseHTTPResponse, address: str, manners: Manners, say: Say) -> bytes:
    """All of the body. What is packed is refused: urllib3 would not notice that a packed file has no end."""
    expected = response.length_remaining
    packed = response.headers.get("content-encoding", "identity")
    if packed != "identity":
        raise unreadable(address, f"the server packs it as {quote(packed)}, although it was asked not to")
    if expected is None and not getattr(response, "chunked", False):
        raise unreadable(address, "the server does not say how long it is, so a part of it would look whole")
    content = bytearray()
    parts = response.stream(PART)
    while (expected or 0) <= manners.most_bytes >= len(content):
        if (part := next(parts, None)) is None:
            return bytes(content)
        content += part
        say("received", len(content), expected)
    raise _too_large(address, manners)


def _web(address: str, manners: Manners) -> urllib3.PoolManager:
    """Connections, through a proxy where the environment names one, to servers whose certificates are trusted."""
    named = "SSL_CERT_FILE" in os.environ or "SSL_CERT_DIR" in os.environ  # OpenSSL itself looks there
    trust = ssl.create_default_context(cafile=None if named else certifi.where())
    timeout = urllib3.Timeout(connect=manners.silence, read=manners.silence)
    proxies, parts = getproxies(), urlsplit(bare(address))
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy or proxy_bypass(parts.netloc):
        return _Web(timeout=timeout, ssl_context=trust)
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    who = urllib3.make_headers(proxy_basic_auth=_credentials(proxy))
    return _WebByProxy(bare(proxy), proxy_headers=who, timeout=timeout, ssl_context=trust, proxy_ssl_context=trust)


def _credentials(address: str) -> str | None:
    """Name and password of an address, as ``name:password``."""
    name, at, _ = urlsplit(address).netloc.rpartition("@")
    return unquote(name if ":" in name else f"{name}:") if at else None


def _bottom(error: BaseException) -> BaseException:
    """What went wrong at the bottom of urllib3's errors, which stand around each other."""
    inner = next((one for one in (error.__cause__, *error.args[::-1]) if isinstance(one, BaseException)), None)
    return error if inner is None else _bottom(inner)


def _too_large(address: str, manners: Manners) -> FetchError:
    return unreadable(address, f"it is larger than {manners.most_bytes:,} bytes")


def read(job: dict[str, Any], parent: Parent) -> str | None:
    """Do what ``download.py`` asks of a child: write a file where it says; gives the reason where it is refused."""
    manners = Manners(**job["manners"])
    with suppress(ImportError, OSError, ValueError):
        import resource

        limit = MEMORY + 2 * manners.most_bytes
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    try:
        content = request(job["address"], job["contact"], manners, lambda *told: parent.tell(0, 0, list(told)))
    except (FetchError, MemoryError) as error:
        return str((error if isinstance(error, FetchError) else _too_large(job["address"], manners)).args[0])
    Path(job["to"]).write_bytes(content)
    return None
