"""One line on standard error while a command works on something whose length nobody can tell, once it takes long.

In a terminal only: ``reading names.txt, 4 s``. Where there is something to count, ``search_line.py`` counts.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from contextlib import AbstractContextManager
from typing import Any

from namegen.cli.terminal import Notes, columns_of_notes, printable

SECONDS_BEFORE = 2.0  # that a command may take without a word
SECONDS_BETWEEN = 0.5
ROOM_FOR_SECONDS = 10  # columns


class Waiting(AbstractContextManager["Waiting"]):
    """While it lasts nothing else may be written to standard error.

    A thread draws, so that it does whatever is computed meanwhile; and to a descriptor of its own, as what TensorFlow
    says to the usual one is held back (``backends/quiet.py``).

    Args:
        notes: whether anything is to be said.
        doing: what the command is at, as in ``reading names.txt``.
    """

    def __init__(self, notes: Notes, doing: str) -> None:
        longest = columns_of_notes() - ROOM_FOR_SECONDS  # more than a line could not be erased
        self._doing = printable(doing if len(doing) <= longest else doing[: longest - 1] + "…")
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._draw, daemon=True) if notes.can_draw_over else None
        self._began = time.monotonic()

    def __enter__(self) -> Waiting:
        if self._thread is not None:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Take the line away; once it is away this does nothing."""
        self._over.set()
        if self._thread is not None and self._thread.ident is not None:  # None: it has not begun
            self._thread.join()

    def _draw(self) -> None:
        stream = _own_stream()
        try:
            if self._over.wait(SECONDS_BEFORE):
                return
            while True:
                _write(stream, f"{self._doing}, {time.monotonic() - self._began:.0f} s")
                if self._over.wait(SECONDS_BETWEEN):
                    break
            _write(stream, "")
        finally:
            if stream is not sys.stderr:
                stream.close()


def _own_stream() -> Any:
    try:
        return open(os.dup(sys.stderr.fileno()), "w", encoding=sys.stderr.encoding, errors="backslashreplace")
    except (OSError, ValueError):  # no file: a stream of a program's own
        return sys.stderr


def _write(stream: Any, text: str) -> None:
    stream.write(f"\r\x1b[K{text}")  # to the beginning of the line, and what stands there is erased
    stream.flush()
