"""How far a command is, on standard error: a block that is drawn over in a terminal, a line now and then elsewhere.

Events (``namegen/events.py``) only change what there is to say (``progress.py``). A thread says it, by the clock: so an
event takes no time, and work that tells of none is seen, too.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import IO, TYPE_CHECKING

import click

from namegen.cli.ending import unfailing
from namegen.cli.terminal import Notes

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live

    from namegen.cli.progress import View
    from namegen.events import Event

SECONDS_BEFORE = 2.0  # that a command may take without a word
SECONDS_BETWEEN_FRAMES = 0.2
SECONDS_BETWEEN_LINES = 3.0
SHARE_BETWEEN_LINES = (
    0.1  # of the time gone by, that must pass before the next line: a long log stays short
)


class Display(AbstractContextManager["Display"]):
    """A watcher that shows how far a command is, once that takes more than ``SECONDS_BEFORE``.

    Args:
        notes: whether anything is to be said. While the display is open, notes stand above the block.
        doing: what the command is at where no event says so: ``reading names.txt``.
    """

    def __init__(self, notes: Notes, doing: str = "") -> None:
        from namegen.cli.progress import Progress

        self._notes, self._is_block = notes, notes.can_draw_over
        self._progress = Progress(doing, is_block=self._is_block)
        self._lock = (
            threading.RLock()
        )  # again by the same thread: a signal may have something to say at any moment
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._draw_by_the_clock, daemon=True)
        self._stream: IO[str] | None = None
        self._live: Live | None = None
        self._began = time.monotonic()
        self._next = self._began + SECONDS_BEFORE

    def __enter__(self) -> Display:
        if not self._notes.quiet:
            if self._is_block:
                self._stream = _own_stream()
            self._notes.write = self._write
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Take the block away, and give the cursor back; once closed it stays so."""
        self._over.set()
        if self._thread.ident is not None:  # None: it has not begun
            self._thread.join()
        self._erase()
        self._notes.write = click.echo
        if self._stream is not None:
            self._stream.close()

    def __call__(self, event: Event) -> None:
        """Take in what is told."""
        for sentence in self._progress.take(event):
            self._notes(sentence)

    @contextmanager
    def erased(self) -> Iterator[None]:
        """While it lasts nothing is drawn, so that something else can be written to the terminal."""
        with self._lock:
            self._erase()
            yield

    def _write(self, text: str, *, err: bool) -> None:
        """A note, above the block, which stays where it is."""
        with self._lock:
            if self._live is None:
                click.echo(text, err=err)
            else:
                self._live.console.print(text, soft_wrap=True)
            if not self._is_block:
                now = time.monotonic()
                pause = max(SECONDS_BETWEEN_LINES, SHARE_BETWEEN_LINES * (now - self._began))
                self._next = max(self._next, now + pause)

    def _draw_by_the_clock(self) -> None:
        with suppress(OSError, ValueError):  # nobody reads standard error any more
            while not self._over.wait(SECONDS_BETWEEN_FRAMES):
                self.show()

    def show(self) -> None:
        """Show how far it is, if it is time."""
        with self._lock:
            if time.monotonic() < self._next:
                return
            view = self._progress.view()
            if self._is_block:
                self._live = self._live or _start_live(self._stream or sys.stderr)
                self._live.update(_block(view, self._live.console.width), refresh=True)
            else:
                self._notes(view.in_a_line())

    def _erase(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None


def _own_stream() -> IO[str] | None:
    """Standard error by a descriptor of its own, as what TensorFlow writes to the usual one is held back."""
    try:
        return unfailing(os.dup(sys.stderr.fileno()), sys.stderr.encoding)
    except (OSError, ValueError):  # no file: a stream of a program's own
        return None


def _start_live(stream: IO[str]) -> Live:
    from rich.console import Console
    from rich.live import Live

    console = Console(
        file=stream, force_terminal=True, markup=False, emoji=False, highlight=False
    )  # texts are data
    live = Live(
        console=console,
        auto_refresh=False,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
    live.start()
    return live


def _block(view: View, width: int) -> RenderableType:
    from rich.columns import Columns
    from rich.console import Group
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    parts: list[RenderableType] = []
    if view.bar is not None:
        grid = Table.grid(padding=(0, 1), expand=True)
        for ratio in (None, 1, None):
            grid.add_column(ratio=ratio, no_wrap=ratio is None, overflow="ellipsis")
        done, total = view.bar
        grid.add_row(
            Text(view.before), ProgressBar(total=max(total, 1), completed=done), Text(view.behind)
        )
        parts.append(grid)
    parts.append(Columns(map(Text, view.figures), padding=(0, 2)))
    for line in view.lines:
        text = Text(line, "dim")
        text.truncate(
            width - len("^C "), overflow="ellipsis"
        )  # an echo at the end of a line does not wrap it
        parts.append(text)
    return Group(*parts)
