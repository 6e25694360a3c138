"""Show a command's progress on standard error, either as a bar in a terminal or as occasional lines in a log.

Events (``namegen/events.py``) only change what is shown. A thread shows it at regular intervals, so events cost little,
and work without events is shown as well.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from namegen import events
from namegen.cli.ending import unfailing
from namegen.cli.terminal import counted, is_quiet, loss_text, note, percent, printable

if TYPE_CHECKING:
    from rich.live import Live

SECONDS_BEFORE = 2.0  # commands that finish sooner show no progress
SECONDS_BETWEEN_FRAMES = 0.2
SECONDS_BETWEEN_LINES = 3.0
# In a log, each pause lasts at least this share of the time since the start, so that long runs have short logs.
SHARE_BETWEEN_LINES = 0.1
RUNNING_SHOWN = 3  # parallel jobs


def can_draw_over() -> bool:
    """Return whether standard error is a terminal in which text can be overwritten."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


class Display(AbstractContextManager["Display"]):
    """A progress callback that shows a command's progress once ``SECONDS_BEFORE`` have passed.

    Args:
        doing: a description of the work, such as ``reading names.txt``. It's shown while there are no events.
    """

    def __init__(self, doing: str = "") -> None:
        self._run: events.TrainingBegins | None = None
        self._is_waiting = False  # for a worker
        self._begin(printable(doing))
        # Reentrant because a signal handler may print a note at any time.
        self._lock = threading.RLock()
        self._is_closed = threading.Event()
        self._thread = threading.Thread(target=self._show_regularly, daemon=True)
        self._live: Live | None = None  # None while there's no bar on the screen

    def __enter__(self) -> Display:
        if not is_quiet():
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Erase the bar and restore the cursor."""
        self._is_closed.set()
        if self._thread.is_alive():
            self._thread.join()

    @contextmanager
    def erased(self) -> Iterator[None]:
        """Erase the bar while the caller writes to the terminal."""
        with self._lock:
            self._erase()
            yield

    def _erase(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    # --- events ---

    def _begin(self, title: str, *, done: float = 0.0, total: float | None = None) -> None:
        """Begin a new piece of work. Its total is None if it's unknown."""
        self._title = title
        self._done = done
        self._total = total
        self._details = ""
        self._began = time.monotonic()
        self._done_before = done

    def __call__(self, event: events.Event) -> None:
        """Process an event, and print any lines that should stay on the screen."""
        match event:
            # This case comes first because there are thousands of steps per second.
            case events.StepBegins() if self._run is not None:
                self._title = f"epoch {event.epoch + 1}/{self._run.epochs}"
                self._done = event.epoch + event.step / self._run.steps
            case events.ListReady():
                for remark in event.remarks:
                    note(remark)
                line = f"{counted(event.training, 'name')} to train on"
                if event.names_per_epoch < event.training:
                    line += f" (square-root weighting of duplicates: {event.names_per_epoch:,})"
                if event.labels:
                    line += f", {counted(event.labels, 'label')}"
                line += f", {event.validation:,} held out"
                if event.test is not None:
                    line += f", {event.test:,} for testing"
                note(line)
            case events.TrainingBegins():
                self._begin_run(event)
            case events.EpochEnded() if self._run is not None:
                self._end_epoch(event, self._run)
            case events.Measuring() if self._title != "measuring the network":
                self._begin("measuring the network")
            case events.Planned():
                line = counted(event.total, "job")
                if event.kept:
                    line += f", {event.kept:,} of them already done"
                if event.scheduler and event.kept < event.total:
                    line += f", on the scheduler {event.scheduler}"
                note(line)
                self._begin("jobs", done=event.kept, total=event.total)
            case events.Running():
                self._is_waiting = False
                jobs = list(map(printable, event.labels[:RUNNING_SHOWN]))
                if len(event.labels) > RUNNING_SHOWN:
                    jobs.append(f"and {len(event.labels) - RUNNING_SHOWN:,} more")
                self._details = ", ".join(jobs)
            case events.NoWorkers() if not self._is_waiting:
                self._is_waiting = True
                self._details = "waiting for a worker"
                note("the scheduler has no worker yet; waiting for one (Ctrl-C stops)")
            case events.Ended():
                self._done += 1
                outcome = event.trouble or "done"
                if event.seconds is not None and not event.trouble:
                    outcome = f"{event.seconds:.1f} s"
                    if event.accuracy is not None:
                        outcome = f"{percent(event.accuracy)} held-out in {outcome}"
                note(f"{self._done:.0f}/{self._total}  {event.label}: {outcome}")
            case events.Searched():
                self._title = f"{event.found:,} of {event.wanted:,} names found"
                self._done = event.found
                self._total = event.wanted
                self._details = f"{event.drawn:,} names drawn" if event.drawn else ""
            case events.FilledUp():
                note(
                    f"names below the usual score threshold: {event.filled:,} of {event.wanted:,}, because too few "
                    "names reach it"
                )

    def _begin_run(self, run: events.TrainingBegins) -> None:
        """Describe a training run that is starting."""
        self._run = run
        if run.finished:
            note("this run is already complete; showing its results:")
            return
        network = f", {run.network}" if run.network else ""
        epochs = f"{counted(run.epochs, 'epoch')} of {counted(run.steps, 'step')}"
        note(f"{epochs}, backend {run.engine}{network}")
        done = run.epoch + run.step / run.steps
        self._begin("preparing the backend", done=done, total=run.epochs)

    def _end_epoch(self, epoch: events.EpochEnded, run: events.TrainingBegins) -> None:
        """Show the results of an epoch until the next one ends. The results of the last epoch stay on the screen."""
        details = [f"loss {loss_text(epoch.training_loss_nats_per_char)}"]
        if epoch.validation_accuracy_argmax is not None and run.ceiling is not None:
            accuracy = percent(epoch.validation_accuracy_argmax)
            details.append(f"held-out accuracy {accuracy} (ceiling {percent(run.ceiling)})")
        if epoch.sample:
            novelty = "new" if epoch.sample_is_new else "seen"
            details.append(f"{printable(epoch.sample)} ({novelty})")
        self._done = epoch.epoch
        self._details = ", ".join(details)
        if epoch.epoch == run.epochs:
            note(f"epoch {epoch.epoch}/{run.epochs}: {self._details}")

    # --- the thread ---

    def _show_regularly(self) -> None:
        """Show the progress at regular intervals, until the display is closed. A thread runs this method."""
        began = time.monotonic()
        pause = SECONDS_BEFORE
        while not self._is_closed.wait(pause):
            with self._lock:
                if can_draw_over():
                    self._draw()
                    pause = SECONDS_BETWEEN_FRAMES
                else:
                    note(f"{self._title}  {self._time()}  {self._details}".strip())
                    elapsed = time.monotonic() - began
                    pause = max(SECONDS_BETWEEN_LINES, SHARE_BETWEEN_LINES * elapsed)
        self._erase()

    def _time(self) -> str:
        """Return the estimated time left or, if it can't be estimated yet, the time so far."""
        seconds = time.monotonic() - self._began
        done = self._done - self._done_before
        if self._total is None or done <= 0:
            return f"{seconds:.0f} s"
        seconds_left = seconds / done * (self._total - self._done)
        return f"{timedelta(seconds=round(seconds_left))} left"

    def _draw(self) -> None:
        """Draw the bar with the details below it. While it's on the screen, Rich prints notes above it."""
        from rich.console import Console, Group
        from rich.live import Live
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        if self._live is None:
            stream = sys.stderr
            with suppress(OSError, ValueError):  # standard error isn't a file
                # A copy, because exports redirect the original to silence TensorFlow.
                stream = unfailing(os.dup(sys.stderr.fileno()), sys.stderr.encoding)
            console = Console(file=stream, force_terminal=True, markup=False, emoji=False)
            self._live = Live(
                console=console, auto_refresh=False, transient=True, redirect_stdout=False
            )
            self._live.start()
        line = Table.grid(padding=(0, 1), expand=True)
        line.add_column(no_wrap=True)
        line.add_column(ratio=1)
        line.add_column(no_wrap=True)
        line.add_row(self._title, ProgressBar(self._total, self._done), self._time())
        details = Text(self._details, "dim", no_wrap=True, overflow="ellipsis")
        self._live.update(Group(line, details), refresh=True)
