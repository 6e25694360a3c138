"""How training is going, on standard error: a live block in a terminal, a line now and then anywhere else.

The trainer calls ``on_step`` thousands of times a second, so that only notes the time; drawing goes by the clock.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from namegen.cli.terminal import (
    SECONDS_BETWEEN_FRAMES,
    Notes,
    Waiting,
    clock,
    columns_of_notes,
    counted,
    number,
    percent,
    printable,
)

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live

    from namegen.api.teachers import TeacherAtWork
    from namegen.core.teaching.teachers import Weighing
    from namegen.core.training.progress import EpochRecord, TrainingProgress
    from namegen.core.training.run import TrainingRun
    from namegen.experiments.watcher import Event

SECONDS_BETWEEN_LINES = 1.0
SECONDS_BETWEEN_TEACHERS = 5.0
SHARE_BETWEEN_LINES = 0.1  # of the time gone by, that must pass before the next line: a long log stays short
SAMPLES_KEPT = 8
RUNNING_SHOWN = 8
COLUMNS = 80
TIE = 0.005  # nats per character
BEST = "best"  # the effort; its own module loads NumPy


def show_progress(notes: Notes) -> Display:
    """The display that fits where standard error goes."""
    if notes.quiet:
        return Display(notes)
    if notes.can_draw_over:
        return LiveBlock(notes)
    return Lines(notes)


class Display(AbstractContextManager["Display"]):
    """A listener of the trainer that shows nothing, and knows how far training is."""

    def __init__(self, notes: Notes) -> None:
        self.notes = notes
        self.epochs = self.steps = self.characters = 1
        self.ceiling: float | None = None
        self._told = False
        self._done_before = 0.0  # epochs that an earlier part of the run has trained
        self._start: float | None = None

    def __exit__(self, *_: object) -> None:
        """Nothing to put away."""

    def ready(self, run: TrainingRun) -> None:
        """The run is about to start: say what it will do."""
        self.epochs, self.steps = run.trainer.epochs, run.trainer.steps
        self.characters = round(run.trainer.batches.characters)
        self.ceiling = None if run.references is None else run.references.ceiling.accuracy_argmax
        self._done_before = self.done(run.progress, run.progress.step)
        if not self._told:
            self._tell(run)
        if run.trainer.finished(run.progress):
            self.notes("this run is already finished, so nothing is trained; here are its figures again:")
            return
        self.notes(f"{counted(self.epochs, 'epoch')} of {counted(self.steps, 'step')}, engine {run.engine.name}")

    def on_beginning(self, run: TrainingRun) -> None:
        """Teachers come first: say what they and the student will learn from."""
        self._tell(run)

    def _tell(self, run: TrainingRun) -> None:
        """What the list has."""
        self._told = True
        batches, training, held_out = run.parts.batches, run.parts.training, run.parts.held_out
        self.notes(run.corpus.dropped_sentence())
        self.notes(run.corpus.alike_labels_sentence())
        fewer = batches.name_count < training.name_count
        damped = f" (repeats damped to {batches.name_count:,})" if fewer else ""
        kept = 0 if held_out is None else held_out.name_count
        labels = f", {counted(len(run.labels), 'label')}" if run.labels else ""
        test = "" if run.parts.test is None else f", {run.parts.test.name_count:,} for the test"
        if run.recipe.training.effort == BEST and not run.recipe.taught:
            self.notes("too few names to choose the teachers' weights by: training as with --effort standard")
        self.notes(f"{counted(training.name_count, 'name')} to learn from{damped}{labels}, {kept:,} held out{test}")

    def say(self, text: str) -> None:
        """Say something in between, without breaking what is drawn."""
        self.notes(text)

    def on_teachers(self, at_work: Sequence[TeacherAtWork]) -> None:
        """Teachers are being trained."""

    def on_weighed(self, names: Sequence[str], weighing: Weighing) -> None:
        """The teachers are ready: say how much each is heard, and what the mixture is worth."""
        heard = [f"{from_here(name)} {percent(weight)}" for name, weight in zip(names, weighing.weights, strict=True)]
        text = f"weights of the teachers: {', '.join(heard)}"
        self.say(text if len(text) <= columns_of_notes() else "weights of the teachers:\n  " + "\n  ".join(heard))
        best = min(weighing.alone)
        self.say(f"nats per character: their blend {number(weighing.together)}, the best teacher alone {number(best)}")
        if len(names) > 1 and weighing.together > best + TIE:
            self.say("the blend is worse than the best teacher, as few names are held out")
        self.say("the teachers generate names to learn from")

    def on_lesson(self, names: int, prefixes: int) -> None:
        """The lesson is ready."""
        self.say(f"to learn from: {counted(names, 'name')} with {prefixes:,} prefixes")

    def on_step(self, progress: TrainingProgress, step: int, steps: int) -> None:
        """A step is about to be taken: the first one starts the clock, after whatever the engine had to compile."""
        if self._start is None:
            self._start = time.monotonic()

    def on_epoch(self, progress: TrainingProgress) -> None:
        """An epoch has ended."""

    def on_measuring(self, progress: TrainingProgress) -> None:
        """A temperature is about to be tried that names could be drawn with."""

    def done(self, progress: TrainingProgress, step: int) -> float:
        """Epochs trained so far, the one under way in part."""
        return progress.epoch + step / self.steps

    def time_left(self, progress: TrainingProgress, step: int) -> str:
        """As ``1:23``, judged by the pace so far; empty before there is one."""
        done = self.done(progress, step)
        trained = done - self._done_before
        if self._start is None or trained <= 0:
            return ""
        return clock((time.monotonic() - self._start) / trained * (self.epochs - done))

    def speed(self, record: EpochRecord) -> str:
        """Of one epoch."""
        return f"{self.characters / max(record.training_seconds, 1e-9):,.0f} characters/s"

    def accuracy(self, record: EpochRecord) -> str:
        """On the held-out part, beside what is possible there; empty without one."""
        if record.validation_accuracy_argmax is None or self.ceiling is None:
            return ""
        return f"held-out accuracy {percent(record.validation_accuracy_argmax)} (ceiling {percent(self.ceiling)})"


def from_here(name: str) -> str:
    """A teacher's name, a path as it is seen from this folder, where that is shorter."""
    return printable(min(name, os.path.relpath(name), key=len) if os.path.isabs(name) else name)


def how_far(teacher: TeacherAtWork) -> str:
    """A teacher with its epochs: ``teacher 2 5/40``."""
    return f"{printable(teacher.name)} {f'{teacher.epoch}/{teacher.epochs}' if teacher.epochs else 'waiting'}"


def sample(record: EpochRecord) -> str:
    """A name of this epoch, marked."""
    return f"{printable(record.sample)} ({'new' if record.sample_is_new else 'seen'})" if record.sample else ""


def fitting(parts: Sequence[str]) -> str:
    """As many of the parts as a line holds, those that come first before others; empty ones are none.

    >>> fitting(["epoch 1/9", "", "x" * 80, "0:01 left"])
    'epoch 1/9  0:01 left'
    """
    line = ""
    for part in filter(None, parts):
        longer = f"{line}  {part}" if line else part
        line = longer if len(longer) <= COLUMNS else line
    return line


def in_lines(parts: Sequence[str], width: int) -> list[str]:
    """The parts in as few lines as hold them, none of them broken; empty ones are none.

    >>> in_lines(["loss 2.6", "", "accuracy 22.1%", "9 characters/s"], 26)
    ['loss 2.6  accuracy 22.1%', '9 characters/s']
    """
    lines: list[str] = []
    for part in filter(None, parts):
        if lines and len(f"{lines[-1]}  {part}") <= width:
            lines[-1] += f"  {part}"
        else:
            lines.append(part)
    return lines


class Lines(Display):
    """A line at the end of an epoch, the rarer the longer it takes; and of the last epoch."""

    def __init__(self, notes: Notes) -> None:
        super().__init__(notes)
        self._next: float | None = None
        self._started, self._next_of_teachers = time.monotonic(), 0.0

    def on_teachers(self, at_work: Sequence[TeacherAtWork]) -> None:
        """Say how far they are, if it is time."""
        now = time.monotonic()
        if now >= self._next_of_teachers:
            self._next_of_teachers = now + max(SECONDS_BETWEEN_TEACHERS, SHARE_BETWEEN_LINES * (now - self._started))
            self.notes("teachers, epochs: " + ", ".join(map(how_far, at_work)))

    def on_epoch(self, progress: TrainingProgress) -> None:
        """Say how it goes, if it is time."""
        now = time.monotonic()
        start = now if self._start is None else self._start
        if self._next is None:
            self._next = start + SECONDS_BETWEEN_LINES
        if now < self._next and progress.epoch < self.epochs:
            return
        left = self.time_left(progress, 0)
        self._next = now + max(SECONDS_BETWEEN_LINES, SHARE_BETWEEN_LINES * (now - start))
        record = progress.history[-1]
        parts = (
            f"epoch {progress.epoch}/{self.epochs}",
            f"loss {number(record.training_loss_nats_per_char)}",
            self.accuracy(record),
            f"{left} left",
            sample(record),
            self.speed(record),
        )
        self.notes(fitting(parts))


def start_live(*, transient: bool = False) -> Live:
    """A part of the terminal that is drawn over and over, by ``update`` alone: a thread of rich's own would take its
    time from the training.
    """
    from rich.console import Console
    from rich.live import Live

    live = Live(console=Console(stderr=True, highlight=False), auto_refresh=False, transient=transient)
    live.start()
    return live


def bars(rows: Iterable[tuple[str, int | float, int, str]]) -> RenderableType:
    """Bars as wide as the terminal, each with: what stands before it, how much is done, of how much, what is behind."""
    from rich.progress_bar import ProgressBar
    from rich.table import Table

    grid = Table.grid(padding=(0, 1), expand=True)
    for ratio in (None, 1, None):
        grid.add_column(ratio=ratio, no_wrap=ratio is None)
    for before, done, total, behind in rows:
        grid.add_row(before, ProgressBar(total=max(total, 1), completed=done), behind)
    return grid

    def on_measuring(self, progress: TrainingProgress) -> None:
        """Say so, if it takes long."""
        now = time.monotonic()
        if self._next is not None and now >= self._next:
            self._next = now + SECONDS_BETWEEN_TEACHERS
            self.notes("measuring the temperature that names are drawn with")


class LiveBlock(Display):
    """Three lines that are drawn over and over: how far, how good, and what the network says now."""

    def __init__(self, notes: Notes) -> None:
        super().__init__(notes)
        self._live: Any = None
        self._next = 0.0
        self._samples: list[EpochRecord] = []
        self._waiting = Waiting(notes, "reading the list")

    def __enter__(self) -> LiveBlock:
        """The list comes first; there is nothing of it to draw."""
        self._waiting.__enter__()
        return self

    def on_beginning(self, run: TrainingRun) -> None:
        """The list is read."""
        self._waiting.__exit__()
        super().on_beginning(run)

    def ready(self, run: TrainingRun) -> None:
        """Begin to draw."""
        self._waiting.__exit__()
        super().ready(run)
        self._begin()
        self._live.update(self._block(run.progress, run.progress.step), refresh=True)

    def on_teachers(self, at_work: Sequence[TeacherAtWork]) -> None:
        """Draw a bar for each, if it is time."""
        now = time.monotonic()
        if now >= self._next:
            self._next = now + SECONDS_BETWEEN_FRAMES
            self._begin()
            self._live.update(self._bars(at_work), refresh=True)

    def on_lesson(self, names: int, prefixes: int) -> None:
        """The teachers are done, so their bars go."""
        if self._live is not None:
            self._live.update("", refresh=True)
        super().on_lesson(names, prefixes)

    def _begin(self) -> None:
        self._live = self._live or start_live()

    def say(self, text: str) -> None:
        """Above the block, which stays where it is."""
        self._waiting.__exit__()
        if self._live is None:
            self.notes(text)
        else:
            self._live.console.print(text, markup=False)

    def __exit__(self, *_: object) -> None:
        """Leave the last frame standing, and give the cursor back."""
        self._waiting.__exit__()
        if self._live is not None:
            self._live.stop()

    def on_step(self, progress: TrainingProgress, step: int, steps: int) -> None:
        """Draw a frame, if it is time."""
        super().on_step(progress, step, steps)
        now = time.monotonic()
        if now >= self._next:
            self._next = now + SECONDS_BETWEEN_FRAMES
            self._live.update(self._block(progress, step), refresh=True)

    def on_epoch(self, progress: TrainingProgress) -> None:
        """Keep the sample; draw the last epoch in any case."""
        self._samples = [progress.history[-1], *self._samples][:SAMPLES_KEPT]
        if progress.epoch == self.epochs:
            self._live.update(self._block(progress, 0), refresh=True)

    def _bars(self, at_work: Sequence[TeacherAtWork]) -> RenderableType:
        rows = []
        for teacher in at_work:
            name, _, far = how_far(teacher).rpartition(" ")
            rows.append((f"teacher {name}", teacher.epoch, teacher.epochs, far))
        return bars(rows)

    def _block(self, progress: TrainingProgress, step: int) -> RenderableType:
        from rich.console import Group
        from rich.text import Text

        which = f"epoch {min(progress.epoch + 1, self.epochs)}/{self.epochs}"
        left = f"{self.time_left(progress, step) or '-:--'} left" if progress.epoch < self.epochs else "measuring"
        head = bars([(which, self.done(progress, step), self.epochs, left)])
        if not progress.history:
            return Group(head, Text("" if self._start else "preparing the engine", style="dim"), Text(""))
        record = progress.history[-1]
        parts = (f"loss {number(record.training_loss_nats_per_char)}", self.accuracy(record), self.speed(record))
        says = Text(no_wrap=True)
        for place, earlier in enumerate(self._samples):
            style = "dim" if place else ("green" if earlier.sample_is_new else "")
            says.append("  " if place else "").append(sample(earlier), style=style)
        says.truncate(self._live.console.width - len("^C "), overflow="ellipsis")  # an echo at its end wraps no line
        figures = Text("\n".join(in_lines(parts, self._live.console.width)), no_wrap=True, overflow="ellipsis")
        return Group(head, figures, says)


class ManyTrainings(AbstractContextManager["ManyTrainings"]):
    """How far a sweep or a comparison is: a line for each training or measurement that has ended.

    In a terminal, a bar and a line for each one under way are drawn over and over below them.

    Args:
        notes: what is said.
        thing: what each is called: ``run``.
    """

    def __init__(self, notes: Notes, thing: str) -> None:
        self._notes, self._thing = notes, thing
        self._total = self._done = self._busy = self._done_before = 0
        self._start = time.monotonic()
        self._waits = False
        self._live: Any = None

    def __enter__(self) -> ManyTrainings:
        self._live = start_live(transient=True) if self._notes.can_draw_over else None
        return self

    def __exit__(self, *_: object) -> None:
        """Take the block away, and give the cursor back."""
        if self._live is not None:
            self._live.stop()

    def __call__(self, event: Event) -> None:
        """Take in what is told."""
        from namegen.experiments.watcher import Ended, NoWorkers, Planned, Running

        match event:
            case Planned(total, kept, scheduler):
                self._total, self._done, self._done_before = total, kept, kept
                going_on = f", {kept:,} of them already done" if kept else ""
                where = f", on the scheduler {scheduler}" if scheduler and kept < total else ""
                self._notes(f"{counted(total, self._thing)}{going_on}{where}")
                self._draw(["starting"] if kept < total else [])
            case Running(under_way):
                self._busy, self._waits = len(under_way), False
                epochs = [f"  epoch {one.epoch}/{one.epochs}" if one.epochs else "" for one in under_way]
                self._draw([printable(one.label) + epoch for one, epoch in zip(under_way, epochs, strict=True)])
            case NoWorkers():
                if not self._waits:  # said once
                    self._say("the scheduler has no worker yet; waiting for one (Ctrl-C stops)")
                self._busy, self._waits = 0, True
            case Ended(label, seconds, trouble, accuracy):
                self._done += 1
                share = "" if accuracy is None else f"{percent(accuracy)} held-out in "
                left = "" if self._live else f"  ({self._total - self._done:,} left{self._time_left()})"
                self._say(f"{self._done}/{self._total}  {label}: {trouble or f'{share}{seconds:.1f} s'}{left}")

    def _say(self, text: str) -> None:
        """Above the block, which stays where it is."""
        if self._live is None:
            self._notes(text)
        else:
            self._live.console.print(printable(text), markup=False, highlight=False, soft_wrap=True)

    def _time_left(self) -> str:
        """By the pace so far."""
        made, left = self._done - self._done_before, self._total - self._done
        return f", about {clock((time.monotonic() - self._start) / made * left)}" if made and left else ""

    def _draw(self, lines: list[str]) -> None:
        if self._live is None:
            return
        from rich.console import Group
        from rich.text import Text

        left = f"{self._busy:,} running, {self._total - self._done - self._busy:,} left{self._time_left()}"
        if len(lines) > RUNNING_SHOWN:
            lines = [*lines[:RUNNING_SHOWN], f"and {len(lines) - RUNNING_SHOWN:,} more"]
        texts = [Text(f"  {line}", no_wrap=True, overflow="ellipsis", style="dim") for line in lines]
        head = bars([(f"{self._done:,}/{self._total:,}", self._done, self._total, left)])
        self._live.update(Group(head, *texts), refresh=True)
