"""Connections: urllib3's, which can be cut from another thread, and give up an answer that is too large."""

from __future__ import annotations

import contextlib
import http.client
import io
import socket
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from namegen.fetch.refusals import TooLargeError


class Connections:
    """Connections that can be cut from another thread."""

    def __init__(self) -> None:
        self._all: list[HTTPConnection] = []
        self._are_cut = False

    def add(self, connection: HTTPConnection) -> None:
        """Take one in, connected or not."""
        self._all.append(connection)

    def check(self) -> None:
        """Raises ConnectionAbortedError where all are cut, which may be while one is being made."""
        if self._are_cut:
            raise ConnectionAbortedError("nobody waits for it any more")

    def cut(self) -> None:
        """End whatever waits for one of them, and whatever will."""
        self._are_cut = True
        for connection in self._all:
            line = getattr(connection.sock, "socket", connection.sock)  # TLS to a proxy and within it to a server
            if line is not None:
                with contextlib.suppress(OSError):
                    # Not the method of an SSLSocket, which would take TLS away from under the thread that reads.
                    socket.socket.shutdown(line, socket.SHUT_RDWR)


class _Counted(io.RawIOBase):
    """What comes from a socket, until it is too much.

    Below all that reads an answer, because http.client and urllib3 read some things to their end at once: the chunk
    that says that its size is −1, for one.
    """

    def __init__(self, raw: io.RawIOBase, most_bytes: int) -> None:
        self._raw, self._left = raw, most_bytes

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        size = self._raw.readinto(buffer)
        self._left -= size or 0
        if self._left < 0:
            raise TooLargeError
        return size

    def close(self) -> None:
        self._raw.close()
        super().close()


def pools(connections: Connections, most_bytes: int) -> dict[str, type[HTTPConnectionPool]]:
    """urllib3's pools by scheme, with connections that can be cut from their first moment on.

    Args:
        connections: takes in each that is made.
        most_bytes: of an answer, its head and what stands between its parts counted.
    """

    class Limited(http.client.HTTPResponse):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            self.fp = io.BufferedReader(_Counted(self.fp.detach(), most_bytes))

    class Plain(HTTPConnection):
        response_class = Limited

        def connect(self) -> None:
            connections.add(self)
            super().connect()
            connections.check()

    class Secure(HTTPSConnection):
        response_class = Limited

        def connect(self) -> None:
            connections.add(self)
            super().connect()
            connections.check()

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}
