"""Show a command's progress on standard error, either as a block in a terminal or as occasional lines in a log.

Events (``namegen/events.py``) only update the description (``progress.py``). A thread draws it at regular intervals, so
events cost little, and work without events is shown as well.
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
    from rich.console import Console, RenderableType
    from rich.live import Live
    from rich.table import Table

    from namegen.cli.progress import View
    from namegen.events import Event

SECONDS_BEFORE = 2.0  # commands that finish sooner show no progress
SECONDS_BETWEEN_FRAMES = 0.2
SECONDS_BETWEEN_LINES = 3.0
# In a log, each pause lasts at least this share of the time since the start, so that long runs have short logs.
SHARE_BETWEEN_LINES = 0.1


class Display(AbstractContextManager["Display"]):
    """A progress callback that shows a command's progress once ``SECONDS_BEFORE`` have passed.

    Args:
        notes: prints the notes. If it's quiet, the display shows nothing. While the display is open, notes appear above
            the block.
        doing: a description of the work, such as ``reading names.txt``. It's shown while there are no events.
    """

    def __init__(self, notes: Notes, doing: str = "") -> None:
        from namegen.cli.progress import Progress

        self._notes = notes
        self._is_block = notes.can_draw_over
        self._progress = Progress(doing, is_block=self._is_block)
        # the drawing thread
        # Reentrant because a signal handler may print a note at any time.
        self._lock = threading.RLock()
        self._is_closed = threading.Event()
        self._thread = threading.Thread(target=self._draw_regularly, daemon=True)
        # the output
        self._stream: IO[str] | None = None
        self._live: Live | None = None  # None while no block is on the screen
        # times in seconds on a monotonic clock
        self._began = time.monotonic()
        self._next_frame_at = self._began + SECONDS_BEFORE

    def __enter__(self) -> Display:
        if not self._notes.quiet:
            if self._is_block:
                self._stream = _copy_of_standard_error()
            self._notes.write = self._write
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Erase the block and restore the cursor. A closed display can't be reopened."""
        self._is_closed.set()
        has_started = self._thread.ident is not None
        if has_started:
            self._thread.join()
        self._erase()
        self._notes.write = click.echo
        if self._stream is not None:
            self._stream.close()

    def __call__(self, event: Event) -> None:
        """Process an event, and print any lines that should stay on the screen."""
        for line in self._progress.take(event):
            self._notes(line)

    @contextmanager
    def erased(self) -> Iterator[None]:
        """Erase the block while the caller writes to the terminal."""
        with self._lock:
            self._erase()
            yield

    def show(self) -> None:
        """Show the progress if the display is due for an update."""
        with self._lock:
            if time.monotonic() < self._next_frame_at:
                return
            view = self._progress.view()
            if self._is_block:
                self._draw(view)
            else:
                self._notes(view.in_a_line())

    def _draw(self, view: View) -> None:
        """Replace the block with a new one."""
        if self._live is None:
            self._live = _start_live(self._stream or sys.stderr)
        self._live.update(_block(view, self._live.console.width), refresh=True)

    def _write(self, text: str, *, err: bool) -> None:
        """Print a note, above the block if there is one on the screen. In a log, it postpones the next line."""
        with self._lock:
            if self._live is None:
                click.echo(text, err=err)
            else:
                self._live.console.print(text, soft_wrap=True)
            if not self._is_block:
                self._pause()

    def _pause(self) -> None:
        """Postpone the next line of a log. The longer the command has run, the fewer lines it prints."""
        now = time.monotonic()
        pause = max(SECONDS_BETWEEN_LINES, SHARE_BETWEEN_LINES * (now - self._began))
        self._next_frame_at = max(self._next_frame_at, now + pause)

    def _draw_regularly(self) -> None:
        """Show the progress at regular intervals, until the display is closed. A thread runs this method."""
        with suppress(OSError, ValueError):  # standard error has been closed
            while not self._is_closed.wait(SECONDS_BETWEEN_FRAMES):
                self.show()

    def _erase(self) -> None:
        """Erase the block, if there is one on the screen."""
        if self._live is not None:
            self._live.stop()
            self._live = None


def _copy_of_standard_error() -> IO[str] | None:
    """Return a copy of standard error, because exports redirect the original to silence TensorFlow."""
    try:
        return unfailing(os.dup(sys.stderr.fileno()), sys.stderr.encoding)
    except (OSError, ValueError):  # standard error isn't a file
        return None


def _start_live(stream: IO[str]) -> Live:
    """Start a block that is drawn only when it's updated and is erased when it's stopped."""
    from rich.live import Live

    live = Live(
        console=_console(stream),
        auto_refresh=False,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
    live.start()
    return live


def _console(stream: IO[str]) -> Console:
    """Return a console that prints text unchanged, because names may look like markup."""
    from rich.console import Console

    return Console(
        file=stream,
        force_terminal=True,
        markup=False,
        emoji=False,
        highlight=False,
    )


def _block(view: View, width: int) -> RenderableType:
    """Stack the bar, the details and the lines of a view."""
    from rich.columns import Columns
    from rich.console import Group
    from rich.text import Text

    rows: list[RenderableType] = []
    if view.bar is not None:
        done, total = view.bar
        rows.append(_bar_row(view.before, done, total, view.after))
    rows.append(Columns(map(Text, view.details), padding=(0, 2)))
    for line in view.lines:
        text = Text(line, "dim")
        # Leaves room for the ^C that the terminal prints.
        text.truncate(width - len("^C "), overflow="ellipsis")
        rows.append(text)
    return Group(*rows)


def _bar_row(before: str, done: float, total: float, after: str) -> Table:
    """Draw a bar between two strings. The bar fills the remaining width."""
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    row = Table.grid(padding=(0, 1), expand=True)
    row.add_column(no_wrap=True, overflow="ellipsis")
    row.add_column(ratio=1, overflow="ellipsis")  # for the bar
    row.add_column(no_wrap=True, overflow="ellipsis")
    bar = ProgressBar(total=max(total, 1), completed=done)
    row.add_row(Text(before), bar, Text(after))
    return row
