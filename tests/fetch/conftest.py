"""A public source on the loopback: it serves files of the true form, and misbehaves on demand."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from namegen.fetch.download import Manners
from tests.requirements import require

Answer = Callable[[BaseHTTPRequestHandler], None]
HEADER = (
    "key_person,key_uuid,key_mlbam,key_retro,key_bbref,name_last,name_first,name_given,name_suffix,name_matrilineal,"
    "name_nick,birth_year,pro_played_first,pro_played_last,mlb_played_first,mlb_played_last,mlb_managed_first"
)
QUICK = Manners(tries=3, first_wait=0.01, longest_wait=0.05, delay=0.0, silence=0.4, longest=5.0, most_bytes=200_000)


def person(last: str, first: str, suffix: str = "", years: tuple[object, object] = ("", "")) -> str:
    """A row of the register."""
    cells = ["a00006e8", "a00006e8-863d-4e42-a446-5ef065c557e3", "", "", "", last, first, first, suffix, "", ""]
    return ",".join(map(str, [*cells, 1980, 2001, 2009, *years, ""]))


def register(*rows: str) -> bytes:
    return "\n".join((HEADER, *rows, "")).encode()


def companies(*rows: list[object], fields: tuple[str, ...] = ("cik", "name", "ticker", "exchange")) -> bytes:
    return json.dumps({"fields": fields, "data": rows}).encode()


@dataclass
class Source:
    """The server: ``answers`` hold, for each path, what it does at the first, second … request; the last one stays."""

    address: str
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    requests: list[tuple[str, str, float]] = field(default_factory=list)  # path, user agent, time
    heads: list[dict[str, str]] = field(default_factory=list)

    def serve(self, path: str, *answers: Answer | bytes) -> str:
        """Answer requests for a path. Returns its address."""
        self.answers[path] = [whole(answer) if isinstance(answer, bytes) else answer for answer in answers]
        return self.address + path


def whole(content: bytes, status: int = 200, **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    return answer


def fails(status: int, **headers: str) -> Answer:
    return whole(b"<html>\x1b[31mnot today</html>", status, **headers)


def cut(content: bytes, after: int) -> Answer:
    """Promise all, send a part, hang up."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content[:after])
        handler.close_connection = True

    return answer


def slow(content: bytes, seconds: float, pieces: int = 1) -> Answer:
    """Wait before each piece."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        size = -(-len(content) // pieces)
        for start in range(0, len(content), size):
            time.sleep(seconds)
            handler.wfile.write(content[start : start + size])

    return answer


def endless(handler: BaseHTTPRequestHandler) -> None:
    """A body that goes on for ever, in chunks."""
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    while True:
        handler.wfile.write(b"1000\r\n" + b"a,b,c,d\n" * 512 + b"\r\n")


@contextmanager
def serving() -> Iterator[Source]:
    """A source at an address of its own."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            served.requests.append((self.path, self.headers["User-Agent"], time.monotonic()))
            served.heads.append(dict(self.headers))
            answers = served.answers.get(path)
            answer = fails(404) if not answers else answers.pop(0) if len(answers) > 1 else answers[0]
            try:
                answer(self)
            except OSError:  # the other side has had enough
                self.close_connection = True

        def log_message(self, *arguments: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        served = Source(f"http://127.0.0.1:{server.server_port}")
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield served
        server.shutdown()
        thread.join()


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> Iterator[Source]:
    require("urllib3")
    require("certifi")
    monkeypatch.setenv("NO_PROXY", "*")  # whatever the machine has, the loopback is reached directly
    with serving() as served:
        yield served


@pytest.fixture
def other(source: Source) -> Iterator[Source]:
    """Another server, by its port."""
    with serving() as served:
        yield served
