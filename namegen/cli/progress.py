"""How far a command is, on standard error: a block that is drawn over in a terminal, a line now and then elsewhere.

Events (``namegen/events.py``) only change what there is to say. A thread says it, by the clock: so an event takes no
time, and work that tells of none is seen, too. All words stand here.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import IO, TYPE_CHECKING, NamedTuple

import click

from namegen import events
from namegen.cli.ending import unfailing
from namegen.cli.terminal import Notes, clock, columns_of_notes, counted, number, percent, printable

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live

SECONDS_BEFORE = 2.0  # that a command may take without a word
SECONDS_BETWEEN_FRAMES = 0.2
SECONDS_BETWEEN_LINES = 3.0
SHARE_BETWEEN_LINES = 0.1  # of the time gone by, that must pass before the next line: a long log stays short
SAMPLES_SHOWN = 8
RUNNING_SHOWN = 8
COLUMNS = 80
TIE = 0.005  # nats per character


class Display(AbstractContextManager["Display"]):
    """A watcher that shows how far a command is, once that takes more than ``SECONDS_BEFORE``.

    Args:
        notes: whether anything is to be said. While the display is open, notes stand above the block.
        doing: what the command is at where no event says so: ``reading names.txt``.
    """

    def __init__(self, notes: Notes, doing: str = "") -> None:
        self._notes, self._is_block = notes, notes.can_draw_over
        self._progress = Progress(doing, is_block=self._is_block)
        self._lock = threading.RLock()  # again by the same thread: a signal may have something to say at any moment
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

    def __call__(self, event: events.Event) -> None:
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
                self._live.console.print(text, markup=False, highlight=False, soft_wrap=True)
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
                self._notes(in_a_line(view))

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

    console = Console(file=stream, force_terminal=True, highlight=False)
    live = Live(console=console, auto_refresh=False, transient=True, redirect_stdout=False, redirect_stderr=False)
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
        grid.add_row(Text(view.before), ProgressBar(total=max(total, 1), completed=done), Text(view.behind))
        parts.append(grid)
    parts.append(Columns(map(Text, view.figures), padding=(0, 2)))
    for line in view.lines:
        text = Text(line, "dim")
        text.truncate(width - len("^C "), overflow="ellipsis")  # an echo at the end of a line does not wrap it
        parts.append(text)
    return Group(*parts)


# --- what there is to say ---------------------------------------------------------------------------------------------


class View(NamedTuple):
    """What there is to say at a moment.

    Attributes:
        bar: how much is done, of how much.
        before, behind: what stands around the bar.
        figures: as many in a line as fit.
        lines: a line each.
    """

    bar: tuple[float, float] | None = None
    before: str = ""
    behind: str = ""
    figures: Sequence[str] = ()
    lines: Sequence[str] = ()


class Progress:
    """How far a command is, by the events so far, in words.

    Args:
        doing: what the command is at where no event says so.
        is_block: whether a block shows it.
    """

    def __init__(self, doing: str, *, is_block: bool) -> None:
        self._doing, self._is_block = printable(doing), is_block
        self._latest: events.Event | None = None
        self._began = self._since = time.monotonic()
        # of a training
        self._training: events.TrainingBegins | None = None
        self._first_step: float | None = None
        self._records: deque[events.EpochEnded] = deque(maxlen=SAMPLES_SHOWN)
        # of pieces of work side by side
        self._planned, self._ended, self._running = events.Planned("run", 0), 0, events.Running(())
        # of a download
        self._file = events.FileBegins("")

    def take(self, event: events.Event) -> Sequence[str]:
        """Take in what is told; gives what is to be said at once, and to stay."""
        before, self._latest = self._latest, event
        if type(event) is not type(before):
            self._since = time.monotonic()
        match event:
            case events.StepBegins():  # the first of all, as it comes thousands of times a second
                if self._first_step is None:
                    self._first_step = time.monotonic()  # after whatever the engine had to compile
            case events.EpochEnded(epoch):
                self._records.appendleft(event)
                if self._training is not None and epoch == self._training.epochs:
                    return [in_a_line(self.view())]
            case events.ListReady():
                return [*event.remarks, *about_the_list(event)]
            case events.Weighed():
                return [*about_the_weights(event)]
            case events.CorpusDrawn(names, prefixes):
                return [f"to learn from: {counted(names, 'name')} with {prefixes:,} prefixes"]
            case events.TrainingBegins():
                self._training = event
                if event.finished:
                    return ["this run is already finished, so nothing is trained; here are its figures again:"]
                epochs, steps = counted(event.epochs, "epoch"), counted(event.steps, "step")
                return [f"{epochs} of {steps}, engine {event.engine}"]
            case events.Planned(thing, total, kept, scheduler):
                self._planned, self._ended, self._began = event, kept, time.monotonic()
                going_on = f", {kept:,} of them already done" if kept else ""
                where = f", on the scheduler {scheduler}" if scheduler and kept < total else ""
                return [f"{counted(total, thing)}{going_on}{where}"]
            case events.Running():
                self._running = event
            case events.NoWorkers():
                self._running = events.Running(())
                if not isinstance(before, events.NoWorkers):
                    return ["the scheduler has no worker yet; waiting for one (Ctrl-C stops)"]
            case events.Ended(label, seconds, trouble, accuracy):
                self._ended += 1
                share = "" if accuracy is None else f"{percent(accuracy)} held-out in "
                how = trouble or ("done" if seconds is None else f"{share}{seconds:.1f} s")
                left = "" if self._is_block else f"  ({self._planned.total - self._ended:,} left{self._time_left()})"
                return [f"{self._ended}/{self._planned.total}  {label}: {how}{left}"]
            case events.FileBegins(place, number, files):
                self._file = event
                if not self._is_block:
                    return [f"{place} ({number} of {files})" if files > 1 else place]
            case events.Retrying(wait, why):
                return [f"{why}; trying again in {wait:.0f} s"]
        return ()

    def view(self) -> View:
        """How far it is now."""
        match latest := self._latest:  # which may change meanwhile
            case events.TrainingBegins() | events.StepBegins() | events.EpochEnded() if self._training is not None:
                return self._view_of_training(self._training, latest)
            case events.Planned() | events.Running() | events.NoWorkers() | events.Ended():
                return self._view_of_pieces()
            case events.Searched(found, wanted, drawn, read):
                work = [f"{drawn:,} names drawn"] * bool(drawn) + [f"{read:,} prefixes read"] * bool(read)
                return View(figures=[f"{found:,} of {wanted:,} names found", *work])
            case events.FileBegins() | events.Retrying():
                return self._view_of_file(0, None)
            case events.Received(size, expected):
                return self._view_of_file(size, expected)
            case events.Measuring():
                doing = "measuring the network"
            case events.ListReady() | events.CorpusDrawn():
                doing = "preparing the training"
            case events.Weighed():
                doing = "the teachers generate names to learn from"
            case _:
                doing = self._doing
        return View(figures=[f"{doing}, {time.monotonic() - self._since:.0f} s"] if doing else ())

    def _view_of_training(self, training: events.TrainingBegins, latest: events.Event) -> View:
        epoch, step = (self._records[0].epoch, 0) if self._records else (training.epoch, training.step)
        if isinstance(latest, events.StepBegins):
            epoch, step = latest.epoch, latest.step
        done = epoch + step / training.steps
        trained, left = done - training.epoch - training.step / training.steps, "-:--"
        if self._first_step is not None and trained > 0:
            left = clock((time.monotonic() - self._first_step) / trained * (training.epochs - done))
        figures = ["preparing the engine"] if self._first_step is None else []
        if self._records:
            record = self._records[0]
            figures = [f"loss {number(record.training_loss_nats_per_char)}"]
            if record.validation_accuracy_argmax is not None and training.ceiling is not None:
                accuracy, ceiling = percent(record.validation_accuracy_argmax), percent(training.ceiling)
                figures.append(f"held-out accuracy {accuracy} (ceiling {ceiling})")
            figures += [sample(record), f"{training.characters / max(record.training_seconds, 1e-9):,.0f} characters/s"]
        which = f"epoch {min(epoch + 1, training.epochs)}/{training.epochs}"
        earlier = "  ".join(sample(record) for record in list(self._records)[1:])
        return View(
            (done, training.epochs),
            which,
            f"{left} left" * (done < training.epochs),
            figures,
            [earlier] if earlier else [],
        )

    def _view_of_pieces(self) -> View:
        under_way = self._running.under_way
        lines = [
            printable(one.label) + (f"  epoch {one.epoch}/{one.epochs}" if one.epochs else "") for one in under_way
        ]
        if len(lines) > RUNNING_SHOWN:
            lines[RUNNING_SHOWN:] = [f"and {len(lines) - RUNNING_SHOWN:,} more"]
        total, running = self._planned.total, len(under_way)
        behind = f"{running:,} running, {total - self._ended - running:,} left{self._time_left()}"
        behind = "finishing" if self._ended == total else behind
        return View((self._ended, total), f"{self._ended:,}/{total:,}", behind, lines=lines)

    def _time_left(self) -> str:
        """By the pace so far."""
        made, left = self._ended - self._planned.kept, self._planned.total - self._ended
        return f", about {clock((time.monotonic() - self._began) / made * left)}" if made and left else ""

    def _view_of_file(self, size: int, expected: int | None) -> View:
        of_all = f"/{expected / 1e6:.1f}" if expected else ""
        name = printable(self._file.place.rpartition("/")[2] or self._file.place)
        which = f"{name} ({self._file.number} of {self._file.files})" if self._file.files > 1 else name
        return View((size, expected or 0), which, f"{size / 1e6:.1f}{of_all} MB")


def about_the_list(ready: events.ListReady) -> Iterator[str]:
    """What a training learns from, and what it holds out."""
    if ready.without_teachers:
        yield "too few names to choose the teachers' weights by: training as with --effort standard"
    damped = f" (repeats damped to {ready.damped:,})" if ready.damped < ready.training else ""
    labels = f", {counted(ready.labels, 'label')}" if ready.labels else ""
    test = "" if ready.test is None else f", {ready.test:,} for the test"
    yield f"{counted(ready.training, 'name')} to learn from{damped}{labels}, {ready.held_out:,} held out{test}"


def about_the_weights(found: events.Weighed) -> Iterator[str]:
    """How much each teacher counts, and what the blend is worth."""
    each = [f"{from_here(name)} {percent(weight)}" for name, weight in zip(found.names, found.weights, strict=True)]
    text = f"weights of the teachers: {', '.join(each)}"
    yield text if len(text) <= columns_of_notes() else "weights of the teachers:\n  " + "\n  ".join(each)
    best = min(found.alone)
    yield f"nats per character: their blend {number(found.together)}, the best teacher alone {number(best)}"
    if len(found.names) > 1 and found.together > best + TIE:
        yield "the blend is worse than the best teacher, as few names are held out"


def from_here(name: str) -> str:
    """A teacher's name, a path as it is seen from this folder, where that is shorter."""
    return printable(min(name, os.path.relpath(name), key=len) if os.path.isabs(name) else name)


def sample(epoch: events.EpochEnded) -> str:
    """A name of this epoch, marked."""
    return f"{printable(epoch.sample)} ({'new' if epoch.sample_is_new else 'seen'})" if epoch.sample else ""


def in_a_line(view: View) -> str:
    """As much of a view as a line holds, what comes first before the rest.

    >>> in_a_line(View((0, 9), "epoch 1/9", "0:01 left", ["x" * 80, "loss 2.6"]))
    'epoch 1/9  0:01 left  loss 2.6'
    """
    line = ""
    for part in filter(None, (view.before, view.behind, *view.figures, *view.lines)):
        longer = f"{line}  {part}" if line else part
        line = longer if len(longer) <= COLUMNS else line
    return line
