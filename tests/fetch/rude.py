"""A server on the loopback that sends whatever bytes it is given, at whatever pace, and hangs up when it likes."""

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
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

Step: TypeAlias = bytes | float | None  # send this; wait so long; hang up at once, as if the line were cut
Script: TypeAlias = bytes | Iterable[Step]

PACE = 0.02  # seconds between two bytes of a trickle


def head(*lines: str, status: str = "200 OK") -> bytes:
    return "\r\n".join((f"HTTP/1.1 {status}", *lines, "", "")).encode("latin-1")


def plain(body: bytes, *lines: str, status: str = "200 OK") -> bytes:
    return head(f"Content-Length: {len(body)}", "Connection: close", *lines, status=status) + body


def chunked(body: bytes, size: int = 50) -> bytes:
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    return CHUNKS + b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in [*parts, b""])


def sent_to(location: str) -> bytes:
    return plain(b"", f"Location: {location}", status="302 Found")


def later(wait: str, status: str = "429 Too Many Requests") -> bytes:
    return plain(b"", f"Retry-After: {wait}", status=status)


def bomb(megabytes: int) -> bytes:
    """One gzip stream of so many million zeros, made in no time: after a full flush each million packs to the same."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    start = packer.compress(b"") + packer.flush(zlib.Z_FULL_FLUSH)
    million = packer.compress(bytes(10**6)) + packer.flush(zlib.Z_FULL_FLUSH)
    return start + million * megabytes


class Trickle:
    """Bytes that come one by one, for ever."""

    def __init__(self, begin: bytes, again: bytes, pace: float | None = PACE) -> None:
        self.begin, self.again, self.pace = begin, again, pace

    def __iter__(self) -> Iterator[Step]:
        if self.pace is None:
            yield self.begin
            yield from itertools.repeat(self.again)
            return
        for byte in itertools.chain(self.begin, itertools.cycle(self.again)):
            yield bytes([byte])
            yield self.pace


@dataclass
class Rude:
    """The server: at each path one script for the first, second … request; the last one stays."""

    address: str
    scripts: dict[str, list[Script]] = field(default_factory=dict)
    requests: list[bytes] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    def serve(self, path: str, *scripts: Script) -> str:
        """Answer requests for a path. Returns its address."""
        self.scripts[f"/{path}"] = list(scripts)
        return f"{self.address}/{path}"

    def next_script(self, path: str) -> Script:
        """Its plain answer is 404."""
        scripts = self.scripts.get(path, [plain(b"", status="404 Not Found")])
        return scripts.pop(0) if len(scripts) > 1 else scripts[0]


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
                rude.times.append(time.monotonic())
                script = rude.next_script(asked.split(b" ", 2)[1].decode("latin-1").partition("?")[0])
                for step in [script] if isinstance(script, bytes) else script:
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


CHUNKS = head("Transfer-Encoding: chunked")
LINES = b"a,b,c,d\n" * 8192
CONTINUE = b"HTTP/1.1 100 Go on\r\n\r\n"
PACKED = bomb(4000)  # 4 GB, in 4 MB, and once more in some 20 kB
PACKED_TWICE = zlib.compress(PACKED, 9, 31)

# What ends with the deadline alone, or with the memory of the process.
NEVER_ENDING: dict[str, Script] = {
    "trickle-head": Trickle(head("X: ")[:-4], b"x"),
    "trickle-body": Trickle(head("Content-Length: 100000"), b"a"),
    "trickle-chunks": Trickle(CHUNKS, b"1\r\na\r\n"),
    "continue-for-ever": Trickle(CONTINUE, CONTINUE * 500, None),
    "chunk-size-for-ever": Trickle(CHUNKS, b"0" * 65536, None),
    "chunk-without-end": Trickle(CHUNKS + b"-1\r\n", LINES, None),
    "trailers-for-ever": Trickle(chunked(b"[]")[:-2], b"X: y\r\n" * 1000, None),
}
SHORT = b"abc"
MISBEHAVIOUR: dict[str, Script] = {
    # What is packed too well.
    "bomb": plain(PACKED, "Content-Encoding: gzip"),
    "bomb-twice": plain(PACKED_TWICE, "Content-Encoding: gzip, gzip"),
    "bomb-in-a-redirection": plain(PACKED, "Location: /nowhere", "Content-Encoding: gzip", status="302 F"),
    "packed-fifty-times": plain(SHORT, "Content-Encoding: " + "gzip, " * 49 + "gzip"),
    "packed-unknown": plain(SHORT, "Content-Encoding: \x1b[31mbr"),
    "packed-not-at-all": plain(SHORT, "Content-Encoding: gzip"),
    # What is silent, or too much.
    "silent": [5.0],
    "silent-in-the-middle": [head("Content-Length: 100") + b"a", 5.0],
    "head-for-ever": Trickle(head()[:-2], b"X: y\r\n" * 1000, None),
    "body-for-ever": Trickle(head(), LINES, None),
    "chunks-for-ever": Trickle(CHUNKS, b"10000\r\n" + LINES + b"\r\n", None),
    "chunk-of-a-quintillion": CHUNKS + b"de0b6b3a7640000\r\n" + LINES,
    # Sizes that are not true.
    "length-too-long": head("Content-Length: 100") + SHORT,
    "length-too-short": head("Content-Length: 1") + SHORT,
    "length-of-digits": head("Content-Length: " + "9" * 5000) + SHORT,
    "length-untold": head() + b'{"fields": ["name", "exchange"], "data": [["Acme", "NYSE"]]}',
    "length-and-chunks": head("Content-Length: 3", "Transfer-Encoding: chunked") + SHORT,
    "chunk-size-of-none": CHUNKS + b"-5\r\nabc",
    "cut": [head("Content-Length: 100") + SHORT, None],
    "cut-at-once": [None],
    "nothing": b"",
    # Ways that lead nowhere.
    "circle": sent_to("/circle"),
    "to-a-file": sent_to("file:///etc/passwd"),
    "to-ftp": sent_to("ftp://127.0.0.1/a"),
    "to-a-broken-host": sent_to("http://[::1/"),
    "to-no-port": sent_to("http://127.0.0.1:a/"),
    "to-a-closed-port": sent_to("http://127.0.0.1:9/"),
    "to-a-long-host": sent_to("http://" + "a" * 60_000),
    "to-a-long-path": sent_to("/" + "a" * 60_000),
    "to-control-characters": sent_to("http://127.0.0.1/\x00\x01\x1b[31m\x7f"),
    "to-bytes": sent_to("http://\xff\xfe\xe9/\xff"),
    "to-nowhere": plain(b"", status="302 Found"),
    # Another day.
    "later-for-ever": later("9" * 400),
    "later-before": later("-5"),
    "later-in-the-year-9999": later("Fri, 31 Dec 9999 23:59:59 -2359", "503 No"),
    "later-by-much-nonsense": later("1 " * 20_000, "503 No"),
    "error": plain(SHORT, status="500 \x1b[31mno"),
    # What is no HTTP.
    "garbage": bytes(range(256)) * 200,
    "zeros": bytes(100_000),
    "version-9": b"HTTP/9.9 200 OK\r\nContent-Length: 3\r\n\r\nabc",
    "status-of-digits": b"HTTP/1.1 " + b"9" * 5000 + b" OK\r\n\r\n",
    "nothing-new": head(status="304 Not Modified"),
    "a-part": plain(SHORT, "Content-Range: bytes 0-2/100", status="206 Partial"),
    "head-with-zeros": plain(SHORT, "Content-Type: \x00", "X: 3\x00"),
}


TOKENS = (
    b"\r\n", b"\n", b"\0", b"\xff", b": ", b"0", b"-1", b"99999999999", b"chunked", b"gzip", b"identity",
    b"Content-Length: 7\r\n", b"Transfer-Encoding: chunked\r\n", b"Content-Encoding: gzip\r\n", b"Location: /a\r\n",
    b"HTTP/1.1 100 Go on\r\n\r\n", b"Connection: close\r\n", b"\x1b[31m",
)  # fmt: skip


def mutated(seed: int, body: bytes) -> Script:
    """A good answer with some bytes changed, taken away or put in, sent in pieces, and sometimes cut."""
    rng = random.Random(seed)
    answers = plain(body), chunked(body), plain(body, "Content-Encoding: gzip"), sent_to("/elsewhere"), later("0")
    good = bytearray(rng.choice(answers))
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
    return pieces
