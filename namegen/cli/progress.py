"""What a command says of how far it is, by the events so far (``namegen/events.py``). ``display.py`` shows it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from namegen import events
from namegen.cli.terminal import clock, counted, number, percent, printable

SAMPLES_SHOWN = 8
RUNNING_SHOWN = 8
COLUMNS = 80


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

    def in_a_line(self) -> str:
        """As much of it as a line holds, what comes first before the rest.

        >>> View((0, 9), "epoch 1/9", "0:01 left", ["x" * 80, "loss 2.6"]).in_a_line()
        'epoch 1/9  0:01 left  loss 2.6'
        """
        line = ""
        for part in filter(None, (self.before, self.behind, *self.figures, *self.lines)):
            longer = f"{line}  {part}" if line else part
            line = longer if len(longer) <= COLUMNS else line
        return line


class Progress:
    """How far a command is, by the events so far, in words.

    Args:
        doing: what the command is at where no event says so.
        is_block: whether a block shows it.
    """

    def __init__(self, doing: str, *, is_block: bool) -> None:
        self._doing, self._is_block = printable(doing), is_block
        self._latest: events.Event | None = None
        self._began = self._since = self._due = time.monotonic()
        # of a training
        self._training: events.TrainingBegins | None = None
        self._first_step: float | None = None
        self._records: deque[events.EpochEnded] = deque(maxlen=SAMPLES_SHOWN)
        # of pieces of work side by side
        self._planned, self._ended, self._running = events.Planned("run", 0), 0, events.Running(())

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
                    return [self.view().in_a_line()]
            case events.ListReady():
                return [*event.remarks, *about_the_list(event)]
            case events.TrainingBegins():
                self._training = event
                if event.finished:
                    return [
                        "this run is already finished, so nothing is trained; here are its figures again:"
                    ]
                epochs, steps = counted(event.epochs, "epoch"), counted(event.steps, "step")
                return [
                    f"{epochs} of {steps}, backend {event.engine}{event.network and f', {event.network}'}"
                ]
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
                now, plan = time.monotonic(), self._planned
                self._due = now + (now - self._began) / (self._ended - plan.kept) * (
                    plan.total - self._ended
                )
                share = "" if accuracy is None else f"{percent(accuracy)} held-out in "
                how = trouble or ("done" if seconds is None else f"{share}{seconds:.1f} s")
                left = (
                    ""
                    if self._is_block
                    else f"  ({self._planned.total - self._ended:,} left{self._time_left()})"
                )
                return [f"{self._ended}/{self._planned.total}  {label}: {how}{left}"]
            case events.FilledUp(wanted, filled):
                return [
                    f"{filled:,} of these {wanted:,} names scored below the usual threshold, which few names reach"
                ]
        return ()

    def view(self) -> View:
        """How far it is now."""
        match latest := self._latest:  # which may change meanwhile
            case events.TrainingBegins() | events.StepBegins() | events.EpochEnded() if (
                self._training is not None
            ):
                return self._view_of_training(self._training, latest)
            case events.Planned() | events.Running() | events.NoWorkers() | events.Ended():
                return self._view_of_pieces()
            case events.Searched(found, wanted, drawn, read):
                work = [f"{drawn:,} names drawn"] * bool(drawn) + [
                    f"{read:,} prefixes read"
                ] * bool(read)
                return View(figures=[f"{found:,} of {wanted:,} names found", *work])
            case events.Measuring():
                doing = "measuring the network"
            case _:
                doing = self._doing
        return View(figures=[f"{doing}, {time.monotonic() - self._since:.0f} s"] if doing else ())

    def _view_of_training(self, training: events.TrainingBegins, latest: events.Event) -> View:
        epoch, step = (
            (self._records[0].epoch, 0) if self._records else (training.epoch, training.step)
        )
        if isinstance(latest, events.StepBegins):
            epoch, step = latest.epoch, latest.step
        done = epoch + step / training.steps
        trained, left = done - training.epoch - training.step / training.steps, "-:--"
        if self._first_step is not None and trained > 0:
            left = clock((time.monotonic() - self._first_step) / trained * (training.epochs - done))
        figures = ["preparing the backend"] if self._first_step is None else []
        if self._records:
            record = self._records[0]
            figures = [f"loss {number(record.training_loss_nats_per_char)}"]
            if record.validation_accuracy_argmax is not None and training.ceiling is not None:
                accuracy, ceiling = (
                    percent(record.validation_accuracy_argmax),
                    percent(training.ceiling),
                )
                figures.append(f"held-out accuracy {accuracy} (ceiling {ceiling})")
            figures += [
                sample(record),
                f"{training.characters / max(record.training_seconds, 1e-9):,.0f} characters/s",
            ]
        which = f"epoch {min(epoch + 1, training.epochs)}/{training.epochs}"
        left, earlier = (
            f"{left} left" * (done < training.epochs),
            "  ".join(map(sample, list(self._records)[1:])),
        )
        return View((done, training.epochs), which, left, figures, [earlier] if earlier else [])

    def _view_of_pieces(self) -> View:
        under_way = self._running.under_way
        epochs = [f"  epoch {one.epoch}/{one.epochs}" if one.epochs else "" for one in under_way]
        lines = [printable(one.label) + epoch for one, epoch in zip(under_way, epochs, strict=True)]
        if len(lines) > RUNNING_SHOWN:
            lines[RUNNING_SHOWN:] = [f"and {len(lines) - RUNNING_SHOWN:,} more"]
        total, running = self._planned.total, len(under_way)
        behind = f"{running:,} running, {total - self._ended - running:,} left{self._time_left()}"
        behind = "finishing" if self._ended == total else behind
        return View((self._ended, total), f"{self._ended:,}/{total:,}", behind, lines=lines)

    def _time_left(self) -> str:
        """By the pace when the last piece ended: what is under way then does not make it longer."""
        left = self._due - time.monotonic()
        return f", about {clock(left)}" if left > 0 else ""


def about_the_list(ready: events.ListReady) -> Iterator[str]:
    """What a training learns from, and what it holds out."""
    damped = (
        f" (square-root weighting of duplicates: {ready.damped:,})"
        if ready.damped < ready.training
        else ""
    )
    labels = f", {counted(ready.labels, 'label')}" if ready.labels else ""
    test = "" if ready.test is None else f", {ready.test:,} for the test"
    yield f"{counted(ready.training, 'name')} to learn from{damped}{labels}, {ready.held_out:,} held out{test}"


def sample(epoch: events.EpochEnded) -> str:
    """A name of this epoch, marked."""
    return (
        f"{printable(epoch.sample)} ({'new' if epoch.sample_is_new else 'seen'})"
        if epoch.sample
        else ""
    )
