"""A server on the loopback that sends whatever bytes it is told to, at whatever pace, and hangs up when it likes."""

from __future__ import annotations

import itertools
import random
import socket
import socketserver
import ssl
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

Step: TypeAlias = bytes | float | None  # send this; wait so long; hang up at once, as if the line were cut
Script: TypeAlias = Callable[[str], Iterable[Step]]  # from the server's own address

PACE = 0.02  # seconds between two bytes of a trickle


def head(*lines: str, status: str = "200 OK") -> bytes:
    return "\r\n".join((f"HTTP/1.1 {status}", *lines, "", "")).encode("latin-1")


def plain(body: bytes) -> bytes:
    return head(f"Content-Length: {len(body)}") + body


def chunked(body: bytes, size: int = 50) -> bytes:
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    return head("Transfer-Encoding: chunked") + b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in [*parts, b""])


def trickle(content: Iterable[int]) -> Iterator[Step]:
    for byte in content:
        yield bytes([byte])
        yield PACE


def bomb(megabytes: int) -> bytes:
    """One gzip stream of so many million zeros, made in no time: after a full flush each million packs to the same."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    start = packer.compress(b"") + packer.flush(zlib.Z_FULL_FLUSH)
    million = packer.compress(bytes(10**6)) + packer.flush(zlib.Z_FULL_FLUSH)
    return start + million * megabytes


def gzip(content: bytes) -> bytes:
    return zlib.compress(content, 9, 31)


@dataclass
class Rude:
    """The server. Each path has its script."""

    address: str
    scripts: dict[str, Script] = field(default_factory=dict)
    requests: list[bytes] = field(default_factory=list)

    def serve(self, name: str, script: Script | bytes) -> str:
        self.scripts[f"/{name}"] = script if callable(script) else lambda _: [script]
        return f"{self.address}/{name}"


def _missing(address: str) -> Iterable[Step]:
    return [head("Content-Length: 0", status="404 Not Found")]


@contextmanager
def rude_server(tls: ssl.SSLContext | None = None) -> Iterator[Rude]:
    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            line: socket.socket = self.request
            line.settimeout(10)
            try:
                if tls is not None:
                    line = tls.wrap_socket(line, server_side=True)
                asked = b""
                while b"\r\n\r\n" not in asked:
                    if not (part := line.recv(4096)):
                        return
                    asked += part
                rude.requests.append(asked)
                path = asked.split(b" ", 2)[1].decode("latin-1").partition("?")[0]
                for step in rude.scripts.get(path, _missing)(rude.address):
                    if step is None:  # a reset and not an end
                        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                        return
                    if isinstance(step, float):
                        time.sleep(step)
                    else:
                        line.sendall(step)
            except OSError:  # the other side has had enough
                return
            finally:
                line.close()

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True
        request_queue_size = 64

    with Server(("127.0.0.1", 0), Handler) as server:
        rude = Rude(f"{'http' if tls is None else 'https'}://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield rude
        server.shutdown()
        thread.join()


def _sent_to(location: str) -> bytes:
    return head(f"Location: {location}", "Content-Length: 0", status="302 Found")


def _later(wait: str, status: str = "429 Too Many Requests") -> bytes:
    return head(f"Retry-After: {wait}", "Content-Length: 0", status=status)


ENDLESS = b"a,b,c,d\n" * 8192


def misbehaviour() -> dict[str, Script | bytes]:
    """Every way to misbehave that has a name."""
    packed = bomb(4000)  # 4 GB, in 4 MB, and once more in some 20 kB
    twice = gzip(packed)
    scripts: dict[str, Script | bytes] = {
        # What is packed too well.
        "bomb": head("Content-Encoding: gzip", f"Content-Length: {len(packed)}") + packed,
        "bomb-twice": head("Content-Encoding: gzip, gzip", f"Content-Length: {len(twice)}") + twice,
        "bomb-in-two-lines": head("Content-Encoding: gzip", "Content-Encoding: gzip", f"Content-Length: {len(twice)}")
        + twice,
        "bomb-once-told": head("Content-Encoding: gzip", f"Content-Length: {len(twice)}") + twice,
        "bomb-deflate": head("Content-Encoding: deflate", f"Content-Length: {len(packed)}") + packed,
        "bomb-in-a-redirection": head(
            "Location: /bomb-in-a-redirection",
            "Content-Encoding: gzip",
            f"Content-Length: {len(packed)}",
            status="302 F",
        )
        + packed,
        "bomb-in-an-error": head("Content-Encoding: gzip", f"Content-Length: {len(packed)}", status="500 No") + packed,
        "packed-fifty-times": head("Content-Encoding: " + "gzip, " * 49 + "gzip", "Content-Length: 4") + b"abcd",
        "packed-unknown": head("Content-Encoding: \x1b[31mbr", "Content-Length: 4") + b"abcd",
        "packed-not-at-all": head("Content-Encoding: gzip", "Content-Length: 4") + b"abcd",
        "empty-packs": lambda _: itertools.chain(
            [head("Content-Encoding: gzip", "Transfer-Encoding: chunked")],
            itertools.repeat(b"%x\r\n%b\r\n" % (1000 * len(gzip(b"")), gzip(b"") * 1000)),
        ),
        # What never ends.
        "trickle-head": lambda _: trickle(itertools.chain(head("X: ")[:-4], itertools.repeat(120))),
        "trickle-status": lambda _: trickle(itertools.chain(b"HTTP/1.1 200 ", itertools.repeat(120))),
        "trickle-body": lambda _: itertools.chain([head("Content-Length: 100000")], trickle(itertools.repeat(97))),
        "trickle-chunks": lambda _: itertools.chain(
            [head("Transfer-Encoding: chunked")], trickle(itertools.cycle(b"1\r\na\r\n"))
        ),
        "trickle-continue": lambda _: trickle(itertools.cycle(b"HTTP/1.1 100 Go on\r\n\r\n")),
        "continue-for-ever": lambda _: itertools.repeat(b"HTTP/1.1 100 Go on\r\n\r\n" * 500),
        "silent": lambda _: [5.0],
        "silent-in-the-middle": lambda _: [head("Content-Length: 100") + b"a", 5.0],
        "head-for-ever": lambda _: itertools.chain([head()[:-2]], itertools.repeat(b"X: y\r\n" * 1000)),
        "line-for-ever": lambda _: itertools.chain([head()[:-2] + b"X: "], itertools.repeat(ENDLESS)),
        "status-for-ever": lambda _: itertools.chain([b"HTTP/1.1 200 "], itertools.repeat(b"x" * 65536)),
        "body-for-ever": lambda _: itertools.chain([head()], itertools.repeat(ENDLESS)),
        "chunks-for-ever": lambda _: itertools.chain(
            [head("Transfer-Encoding: chunked")], itertools.repeat(b"10000\r\n" + ENDLESS + b"\r\n")
        ),
        "chunk-size-for-ever": lambda _: itertools.chain(
            [head("Transfer-Encoding: chunked")], itertools.repeat(b"0" * 65536)
        ),
        "chunk-without-end": lambda _: itertools.chain(
            [head("Transfer-Encoding: chunked") + b"-1\r\n"], itertools.repeat(ENDLESS)
        ),
        "chunk-of-a-quintillion": head("Transfer-Encoding: chunked") + b"de0b6b3a7640000\r\n" + ENDLESS,
        "trailers-for-ever": lambda _: itertools.chain([chunked(b"[]")[:-2]], itertools.repeat(b"X: y\r\n" * 1000)),
        # Sizes that are not true.
        "length-too-long": head("Content-Length: 100") + b"abc",
        "length-too-short": head("Content-Length: 1") + b"abc",
        "length-of-none": head("Content-Length: -5") + b"abc",
        "length-in-words": head("Content-Length: three") + b"abc",
        "length-of-digits": head("Content-Length: " + "9" * 5000) + b"abc",
        "lengths": head("Content-Length: 3", "Content-Length: 4") + b"abc",
        "length-untold": head() + b'{"fields": ["name", "exchange"], "data": [["Acme", "NYSE"]]}',
        "length-and-chunks": head("Content-Length: 3", "Transfer-Encoding: chunked") + b"abc",
        "chunk-size-of-none": head("Transfer-Encoding: chunked") + b"-5\r\nabc",
        "chunk-size-in-words": head("Transfer-Encoding: chunked") + b"three\r\nabc",
        "cut": lambda _: [head("Content-Length: 100") + b"abc", None],
        "cut-at-once": lambda _: [None],
        "nothing": b"",
        # Ways that lead nowhere.
        "circle": _sent_to("/circle"),
        "circle-of-questions": _sent_to("?x=1"),
        "to-a-file": _sent_to("file:///etc/passwd"),
        "to-a-file-of-another": _sent_to("file://example.invalid/etc/passwd"),
        "to-ftp": _sent_to("ftp://127.0.0.1/a"),
        "to-script": _sent_to("javascript:alert(1)"),
        "to-data": _sent_to("data:text/plain,abc"),
        "to-nobody": _sent_to("http://"),
        "to-a-broken-host": _sent_to("http://[::1/"),
        "to-a-broken-port": _sent_to("http://127.0.0.1:99999999/"),
        "to-no-port": _sent_to("http://127.0.0.1:a/"),
        "to-a-closed-port": _sent_to("http://127.0.0.1:9/"),
        "to-zeros": _sent_to("http://0.0.0.0:9/"),
        "to-a-long-host": _sent_to("http://" + "a" * 60_000),
        "to-a-long-label": _sent_to("http://" + "a" * 64 + ".invalid/"),
        "to-a-long-path": _sent_to("/" + "a" * 60_000),
        "to-control-characters": _sent_to("http://127.0.0.1/\x00\x01\x1b[31m\x7f"),
        "to-bytes": _sent_to("http://\xff\xfe\xe9/\xff"),
        "to-dots": _sent_to("/.." * 500),
        "to-at-signs": _sent_to("http://" + "@" * 20_000 + "127.0.0.1:9/"),
        "to-nowhere": head("Content-Length: 0", status="302 Found"),
        "to-an-empty-place": _sent_to(""),
        # Another day.
        "later-for-ever": _later("9" * 400),
        "later-by-ages": _later("999999999999999"),
        "later-before": _later("-5"),
        "later-in-the-year-9999": _later("Fri, 31 Dec 9999 23:59:59 -2359", "503 No"),
        "later-in-no-year": _later("Fri, 31 Dec 99999999999999999999 23:59:59 GMT", "503 No"),
        "later-in-no-zone": _later("Fri, 31 Dec 2024 23:59:59 +99999999999999", "503 No"),
        "later-by-nonsense": _later(",,, ,,, :::: ++++", "503 No"),
        "later-by-much-nonsense": _later("1 " * 20_000, "503 No"),
        "error": head("Content-Length: 3", status="500 \x1b[31mno") + b"abc",
        # What is no HTTP.
        "garbage": bytes(range(256)) * 200,
        "newlines": b"\r\n" * 50_000,
        "zeros": bytes(100_000),
        "tls": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
        "version-9": b"HTTP/9.9 200 OK\r\nContent-Length: 3\r\n\r\nabc",
        "version-of-digits": b"HTTP/" + b"1" * 5000 + b" 200 OK\r\n\r\n",
        "status-of-none": b"HTTP/1.1 -20 OK\r\n\r\n",
        "status-of-digits": b"HTTP/1.1 " + b"9" * 5000 + b" OK\r\n\r\n",
        "status-999": head("Content-Length: 0", status="999 Ha"),
        "nothing-new": head(status="304 Not Modified"),
        "nothing-at-all": head(status="204 No Content"),
        "a-part": head("Content-Length: 3", "Content-Range: bytes 0-2/100", status="206 Partial") + b"abc",
        "head-without-names": head(": x", "y", " z", "Content-Length: 3") + b"abc",
        "head-with-zeros": head("Content-Type: \x00", "Content-Length: 3\x00") + b"abc",
    }
    return scripts


TOKENS = (
    b"\r\n", b"\n", b"\0", b"\xff", b": ", b"0", b"-1", b"99999999999", b"chunked", b"gzip", b"identity",
    b"Content-Length: 7\r\n", b"Transfer-Encoding: chunked\r\n", b"Content-Encoding: gzip\r\n", b"Location: /a\r\n",
    b"HTTP/1.1 100 Go on\r\n\r\n", b"Connection: close\r\n", b"\x1b[31m",
)  # fmt: skip


def mutated(seed: int, body: bytes) -> Script:
    """A good answer with some bytes changed, taken away or put in, sent in pieces, and sometimes cut."""
    rng = random.Random(seed)
    packed = gzip(body)
    good = bytearray(
        rng.choice(
            (
                plain(body),
                chunked(body),
                head("Content-Encoding: gzip", f"Content-Length: {len(packed)}") + packed,
                _sent_to("/elsewhere"),
                _later("0"),
            )
        )
    )
    for _ in range(rng.randint(1, 4)):
        place = rng.randrange(len(good) + 1)
        if rng.random() < 0.6:  # the head decides more than the body
            place %= 120
        match rng.randrange(4):
            case 0:
                good[place : place + 1] = rng.randbytes(1)
            case 1:
                del good[place : place + rng.randint(1, 20)]
            case 2:
                good[place:place] = rng.choice(TOKENS)
            case 3:
                good[place : place + rng.randint(0, 10)] = good[:30]
    if rng.random() < 0.2:
        del good[rng.randrange(len(good) + 1) :]
    size = rng.choice((7, 100, 10_000))
    pieces: list[Step] = [bytes(good[start : start + size]) for start in range(0, len(good), size)]
    if rng.random() < 0.1:
        pieces.append(None)
    return lambda _: pieces
