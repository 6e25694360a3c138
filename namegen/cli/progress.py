"""Describe the progress of a command in words, from its events (``namegen/events.py``). ``display.py`` shows it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from namegen import events
from namegen.cli.terminal import clock, counted, loss_text, percent, printable

SAMPLES_SHOWN = 8
RUNNING_SHOWN = 8
LINE_WIDTH = 80


@dataclass(frozen=True)
class View:
    """The progress at one moment."""

    bar: tuple[float, float] | None = None  # how much is done, and the total; None: unknown
    before: str = ""  # the text to the left of the bar
    after: str = ""  # the text to its right
    details: Sequence[str] = ()  # short texts, several on a line
    lines: Sequence[str] = ()  # texts that take a line each

    def in_a_line(self) -> str:
        """As many of the texts as fit on a line, in this order.

        >>> View((0, 9), "epoch 1/9", "0:01 left", ["x" * 80, "loss 2.6"]).in_a_line()
        'epoch 1/9  0:01 left  loss 2.6'
        """
        line = ""
        for text in filter(None, (self.before, self.after, *self.details, *self.lines)):
            longer = f"{line}  {text}" if line else text
            if len(longer) <= LINE_WIDTH:
                line = longer
        return line


class Progress:
    """The progress of a command.

    Args:
        doing: a description of the work, for times without events, such as ``reading names.txt``.
        is_block: whether the display is a block that replaces itself, and not a log.
    """

    def __init__(self, doing: str, *, is_block: bool) -> None:
        now = time.monotonic()
        self._doing = printable(doing)
        self._is_block = is_block
        self._latest: events.Event | None = None
        self._latest_type_since = now  # when the first of the latest events of the same type came
        # of a training run
        self._run: events.TrainingBegins | None = None
        self._first_step_at: float | None = None
        self._epochs: deque[events.EpochEnded] = deque(maxlen=SAMPLES_SHOWN)  # the latest first
        # of several jobs
        self._plan = events.Planned("run", 0)
        self._planned_at = now
        self._ended_jobs = 0
        self._expected_end = now
        self._running = events.Running(())

    # --- events ---

    def take(self, event: events.Event) -> Sequence[str]:
        """Process an event. Returns lines to print at once and to keep on the screen."""
        previous = self._latest
        self._latest = event
        if type(event) is not type(previous):
            self._latest_type_since = time.monotonic()
        match event:
            case events.StepBegins():  # comes first, because there are thousands per second
                if self._first_step_at is None:  # by now the backend has compiled its functions
                    self._first_step_at = time.monotonic()
            case events.EpochEnded():
                self._epochs.appendleft(event)
                if self._run is not None and event.epoch == self._run.epochs:
                    return [self.view().in_a_line()]
            case events.ListReady():
                return [*event.remarks, _list_line(event)]
            case events.TrainingBegins():
                self._run = event
                return [_run_line(event)]
            case events.Planned():
                self._plan = event
                self._ended_jobs = event.kept
                self._planned_at = time.monotonic()
                return [_plan_line(event)]
            case events.Running():
                self._running = event
            case events.NoWorkers():
                self._running = events.Running(())
                if not isinstance(previous, events.NoWorkers):
                    return ["the scheduler has no worker yet; waiting for one (Ctrl-C stops)"]
            case events.Ended():
                return [self._end_job(event)]
            case events.FilledUp(wanted, filled):
                return [
                    f"{filled:,} of these {wanted:,} names scored below the usual threshold, which few names reach"
                ]
        return ()

    def _end_job(self, event: events.Ended) -> str:
        """Count a job that has ended, estimate the end of all jobs, and describe the result."""
        self._ended_jobs += 1
        jobs_left = self._plan.total - self._ended_jobs
        now = time.monotonic()
        seconds_per_job = (now - self._planned_at) / (self._ended_jobs - self._plan.kept)
        self._expected_end = now + seconds_per_job * jobs_left
        outcome = "done"
        if event.trouble:
            outcome = event.trouble
        elif event.seconds is not None:
            outcome = f"{event.seconds:.1f} s"
            if event.accuracy is not None:
                outcome = f"{percent(event.accuracy)} held-out in {outcome}"
        line = f"{self._ended_jobs}/{self._plan.total}  {event.label}: {outcome}"
        if self._is_block:
            return line
        return f"{line}  ({jobs_left:,} left{self._time_left()})"

    # --- the view ---

    def view(self) -> View:
        """The progress now."""
        latest = self._latest  # another thread may replace it meanwhile
        match latest:
            case events.TrainingBegins() | events.StepBegins() | events.EpochEnded() if (
                self._run is not None
            ):
                return self._view_of_run(self._run, latest)
            case events.Planned() | events.Running() | events.NoWorkers() | events.Ended():
                return self._view_of_jobs()
            case events.Searched():
                return _view_of_search(latest)
            case events.Measuring():
                doing = "measuring the network"
            case _:
                doing = self._doing
        if not doing:
            return View()
        seconds = time.monotonic() - self._latest_type_since
        return View(details=[f"{doing}, {seconds:.0f} s"])

    def _view_of_run(self, run: events.TrainingBegins, latest: events.Event) -> View:
        if isinstance(latest, events.StepBegins):
            epoch, step = latest.epoch, latest.step
        elif self._epochs:
            epoch, step = self._epochs[0].epoch, 0
        else:
            epoch, step = run.epoch, run.step
        done = epoch + step / run.steps  # epochs
        trained = done - run.epoch - run.step / run.steps  # epochs, without those before a resume
        time_left = ""
        if done < run.epochs:
            time_left = "-:-- left"
            if self._first_step_at is not None and trained > 0:
                seconds_per_epoch = (time.monotonic() - self._first_step_at) / trained
                time_left = f"{clock(seconds_per_epoch * (run.epochs - done))} left"
        details: list[str] = []
        if self._epochs:
            details = _epoch_details(self._epochs[0], run)
        elif self._first_step_at is None:
            details = ["preparing the backend"]
        earlier_samples = "  ".join(map(sample, list(self._epochs)[1:]))
        return View(
            bar=(done, run.epochs),
            before=f"epoch {min(epoch + 1, run.epochs)}/{run.epochs}",
            after=time_left,
            details=details,
            lines=[earlier_samples] if earlier_samples else [],
        )

    def _view_of_jobs(self) -> View:
        jobs = self._running.under_way
        lines = []
        for job in jobs:
            epochs = f"  epoch {job.epoch}/{job.epochs}" if job.epochs else ""
            lines.append(printable(job.label) + epochs)
        if len(lines) > RUNNING_SHOWN:
            lines[RUNNING_SHOWN:] = [f"and {len(lines) - RUNNING_SHOWN:,} more"]
        total = self._plan.total
        if self._ended_jobs == total:
            after = "finishing"
        else:
            jobs_left = total - self._ended_jobs - len(jobs)
            after = f"{len(jobs):,} running, {jobs_left:,} left{self._time_left()}"
        return View(
            bar=(self._ended_jobs, total),
            before=f"{self._ended_jobs:,}/{total:,}",
            after=after,
            lines=lines,
        )

    def _time_left(self) -> str:
        """The time left at the pace of the jobs that have ended; a slow job doesn't make it longer."""
        seconds = self._expected_end - time.monotonic()
        return f", about {clock(seconds)}" if seconds > 0 else ""


def _view_of_search(event: events.Searched) -> View:
    details = [f"{event.found:,} of {event.wanted:,} names found"]
    if event.drawn:
        details.append(f"{event.drawn:,} names drawn")
    if event.read:
        details.append(f"{event.read:,} prefixes read")
    return View(details=details)


def _epoch_details(epoch: events.EpochEnded, run: events.TrainingBegins) -> list[str]:
    details = [f"loss {loss_text(epoch.training_loss_nats_per_char)}"]
    if epoch.validation_accuracy_argmax is not None and run.ceiling is not None:
        accuracy = percent(epoch.validation_accuracy_argmax)
        details.append(f"held-out accuracy {accuracy} (ceiling {percent(run.ceiling)})")
    details.append(sample(epoch))
    characters_per_second = run.characters / max(epoch.training_seconds, 1e-9)
    details.append(f"{characters_per_second:,.0f} characters/s")
    return details


def _list_line(ready: events.ListReady) -> str:
    """How many names of the list are for training, validation and test."""
    line = f"{counted(ready.training, 'name')} to learn from"
    if ready.damped < ready.training:
        line += f" (square-root weighting of duplicates: {ready.damped:,})"
    if ready.labels:
        line += f", {counted(ready.labels, 'label')}"
    line += f", {ready.held_out:,} held out"
    if ready.test is not None:
        line += f", {ready.test:,} for the test"
    return line


def _run_line(run: events.TrainingBegins) -> str:
    if run.finished:
        return "this run is already complete; showing its results:"
    epochs = f"{counted(run.epochs, 'epoch')} of {counted(run.steps, 'step')}"
    network = f", {run.network}" if run.network else ""
    return f"{epochs}, backend {run.engine}{network}"


def _plan_line(plan: events.Planned) -> str:
    line = counted(plan.total, plan.thing)
    if plan.kept:
        line += f", {plan.kept:,} of them already done"
    if plan.scheduler and plan.kept < plan.total:
        line += f", on the scheduler {plan.scheduler}"
    return line


def sample(epoch: events.EpochEnded) -> str:
    """A name that the network drew at the end of an epoch, and whether it's new."""
    if not epoch.sample:
        return ""
    novelty = "new" if epoch.sample_is_new else "seen"
    return f"{printable(epoch.sample)} ({novelty})"
