"""How a search for names is going: one line on standard error that is drawn over, once the search takes long.

In a terminal only. The line is gone before names are written, and at the end, so that nothing of it stays.
"""

from __future__ import annotations

import sys
import time
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from namegen.cli.progress import SECONDS_BETWEEN_FRAMES
from namegen.cli.terminal import Notes, one_line

if TYPE_CHECKING:
    from namegen.core.generation.bands import OnProgress

SECONDS_BEFORE = 2.0  # that a search may take without a word


class SearchLine(AbstractContextManager["SearchLine"]):
    """``12,000 of 100,000 names, 25,000 drawn``.

    Args:
        notes: whether anything is to be said.
        wanted: how many names were asked for.
        things: what they are called.
        done: what the search does for them: ``drawn``.

    Attributes:
        on_progress: what the search calls; None where no line can be drawn, so that the search need not count.
    """

    def __init__(self, notes: Notes, wanted: int, things: str = "names", done: str = "drawn") -> None:
        self._wanted, self._things, self._done = wanted, things, done
        self._next = time.monotonic() + SECONDS_BEFORE
        self._stands = False
        self.on_progress: OnProgress | None = self._draw if notes.can_draw_over else None

    def __exit__(self, *_: object) -> None:
        """Take it away."""
        self.clear()

    def clear(self) -> None:
        """Take the line away before something else is written; the search draws it anew."""
        if self._stands:
            self._write("")
            self._stands = False

    def _draw(self, found: int, done: int) -> None:
        now = time.monotonic()
        if now >= self._next:
            self._next = now + SECONDS_BETWEEN_FRAMES
            self._write(one_line(f"{found:,} of {self._wanted:,} {self._things}, {done:,} {self._done}"))
            self._stands = True

    def _write(self, text: str) -> None:
        sys.stderr.write(f"\r\x1b[K{text}")  # to the beginning of the line, and what stands there is erased
        sys.stderr.flush()
