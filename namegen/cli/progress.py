"""Turn a command's events (``namegen/events.py``) into a description of its progress, which ``display.py`` shows."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from namegen import events
from namegen.cli.terminal import clock, counted, loss_text, percent, printable

SAMPLES_SHOWN = 8
RUNNING_SHOWN = 8
LINE_WIDTH = 80

RunEvent: TypeAlias = events.TrainingBegins | events.StepBegins | events.EpochEnded
JobEvent: TypeAlias = events.Planned | events.Running | events.NoWorkers | events.Ended


@dataclass(frozen=True)
class View:
    """A command's progress at one moment."""

    bar: tuple[float, float] | None = None  # how much is done, and the total; None if unknown
    before: str = ""  # the text to the left of the bar
    after: str = ""  # the text to its right
    details: Sequence[str] = ()  # short strings, several per line
    lines: Sequence[str] = ()  # strings that each take a line

    def in_a_line(self) -> str:
        """Join as many of the strings as fit on one line, in order.

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
        doing: a description of the work, such as ``reading names.txt``. It's shown while there are no events.
        is_block: whether the display is a block that is redrawn in place, rather than a log.
    """

    def __init__(self, doing: str, *, is_block: bool) -> None:
        self._doing = printable(doing)
        self._run = _RunProgress()
        self._jobs = _JobsProgress(is_block=is_block)
        self._latest: events.Event | None = None
        # The first event in the latest series of events of the same type.
        self._latest_type_since = time.monotonic()

    def take(self, event: events.Event) -> Sequence[str]:
        """Process an event. Return lines to print immediately and to keep on the screen."""
        if type(event) is not type(self._latest):
            self._latest_type_since = time.monotonic()
        self._latest = event
        match event:
            case events.StepBegins():  # comes first because there are thousands per second
                self._run.begin_step()
            case events.TrainingBegins() | events.EpochEnded():
                return self._run.take(event)
            case events.Planned() | events.Running() | events.NoWorkers() | events.Ended():
                return self._jobs.take(event)
            case events.ListReady():
                return [*event.remarks, _list_line(event)]
            case events.FilledUp():
                return [_filled_up_line(event)]
        return ()

    def view(self) -> View:
        """Return the current progress."""
        latest = self._latest  # another thread may replace it in the meantime
        run = self._run.begins
        match latest:
            case events.TrainingBegins() | events.StepBegins() | events.EpochEnded() if run:
                return self._run.view(run, latest)
            case events.Planned() | events.Running() | events.NoWorkers() | events.Ended():
                return self._jobs.view()
            case events.Searched():
                return _view_of_search(latest)
            case events.Measuring():
                return self._view_of_work("measuring the network")
            case _:
                return self._view_of_work(self._doing)

    def _view_of_work(self, doing: str) -> View:
        """Describe work that sends no events, with the number of seconds so far."""
        if not doing:
            return View()
        seconds = time.monotonic() - self._latest_type_since
        return View(details=[f"{doing}, {seconds:.0f} s"])


# --- a training run ---------------------------------------------------------------------------------------------------


class _RunProgress:
    """The progress of a training run."""

    def __init__(self) -> None:
        self.begins: events.TrainingBegins | None = None
        self._first_step_at: float | None = None
        # The latest epoch comes first.
        self._epochs: deque[events.EpochEnded] = deque(maxlen=SAMPLES_SHOWN)

    def begin_step(self) -> None:
        """Record the time of the first step. By then, the backend has compiled its functions."""
        if self._first_step_at is None:
            self._first_step_at = time.monotonic()

    def take(self, event: events.TrainingBegins | events.EpochEnded) -> Sequence[str]:
        """Process an event. Return lines to print."""
        if isinstance(event, events.TrainingBegins):
            self.begins = event
            return [_run_line(event)]
        self._epochs.appendleft(event)
        run = self.begins
        if run is not None and event.epoch == run.epochs:
            return [self.view(run, event).in_a_line()]
        return ()

    def view(self, run: events.TrainingBegins, latest: RunEvent) -> View:
        """Return the progress as of the run's latest event."""
        epoch, step = self._position(run, latest)
        done = epoch + step / run.steps
        return View(
            bar=(done, run.epochs),
            before=f"epoch {min(epoch + 1, run.epochs)}/{run.epochs}",
            after=self._time_left(run, done),
            details=self._details(run),
            lines=self._earlier_samples(),
        )

    def _position(self, run: events.TrainingBegins, latest: RunEvent) -> tuple[int, int]:
        """Return how far the run is: the number of finished epochs, and of finished steps in the current epoch."""
        if isinstance(latest, events.StepBegins):
            return latest.epoch, latest.step
        if self._epochs:
            return self._epochs[0].epoch, 0
        return run.epoch, run.step

    def _time_left(self, run: events.TrainingBegins, done: float) -> str:
        """Estimate the time left after ``done`` epochs from the speed since the start or the last resume."""
        if done >= run.epochs:
            return ""
        done_at_start = run.epoch + run.step / run.steps
        if self._first_step_at is None or done <= done_at_start:
            return "-:-- left"
        elapsed = time.monotonic() - self._first_step_at
        seconds_per_epoch = elapsed / (done - done_at_start)
        epochs_left = run.epochs - done
        return f"{clock(seconds_per_epoch * epochs_left)} left"

    def _details(self, run: events.TrainingBegins) -> Sequence[str]:
        """Return the results of the latest epoch. Before the first step, the backend is still being prepared."""
        if self._epochs:
            return _epoch_details(self._epochs[0], run)
        if self._first_step_at is None:
            return ["preparing the backend"]
        return []

    def _earlier_samples(self) -> Sequence[str]:
        """Return a line with the names that the network generated after earlier epochs."""
        line = "  ".join(map(sample, list(self._epochs)[1:]))
        return [line] if line else []


def _run_line(run: events.TrainingBegins) -> str:
    """Describe a run that is starting."""
    if run.finished:
        return "this run is already complete; showing its results:"
    epochs = f"{counted(run.epochs, 'epoch')} of {counted(run.steps, 'step')}"
    network = f", {run.network}" if run.network else ""
    return f"{epochs}, backend {run.engine}{network}"


def _epoch_details(epoch: events.EpochEnded, run: events.TrainingBegins) -> list[str]:
    """Return the loss, the held-out accuracy, a sample and the speed of an epoch."""
    details = [f"loss {loss_text(epoch.training_loss_nats_per_char)}"]
    if epoch.validation_accuracy_argmax is not None and run.ceiling is not None:
        accuracy = percent(epoch.validation_accuracy_argmax)
        details.append(f"held-out accuracy {accuracy} (ceiling {percent(run.ceiling)})")
    details.append(sample(epoch))
    characters_per_second = run.characters / max(epoch.training_seconds, 1e-9)
    details.append(f"{characters_per_second:,.0f} characters/s")
    return details


def sample(epoch: events.EpochEnded) -> str:
    """Return a name that the network generated at the end of an epoch, and whether it's new."""
    if not epoch.sample:
        return ""
    novelty = "new" if epoch.sample_is_new else "seen"
    return f"{printable(epoch.sample)} ({novelty})"


def _list_line(ready: events.ListReady) -> str:
    """Describe how many names are used for training, validation and testing."""
    line = f"{counted(ready.training, 'name')} to train on"
    if ready.names_per_epoch < ready.training:
        line += f" (square-root weighting of duplicates: {ready.names_per_epoch:,})"
    if ready.labels:
        line += f", {counted(ready.labels, 'label')}"
    line += f", {ready.validation:,} held out"
    if ready.test is not None:
        line += f", {ready.test:,} for testing"
    return line


# --- several jobs -----------------------------------------------------------------------------------------------------


class _JobsProgress:
    """The progress of jobs that run at the same time.

    Args:
        is_block: whether the display itself shows the time left, so that lines about finished jobs don't have to.
    """

    def __init__(self, *, is_block: bool) -> None:
        self._is_block = is_block
        self._plan = events.Planned("run", 0)
        self._planned_at = time.monotonic()
        self._ended = 0  # jobs
        self._expected_end = self._planned_at
        self._running: Sequence[events.UnderWay] = ()
        self._is_waiting = False  # for a worker

    def take(self, event: JobEvent) -> Sequence[str]:
        """Process an event. Return lines to print."""
        was_waiting = self._is_waiting
        self._is_waiting = isinstance(event, events.NoWorkers)
        match event:
            case events.Planned():
                return [self._begin(event)]
            case events.Running():
                self._running = event.under_way
            case events.NoWorkers():
                self._running = ()
                if not was_waiting:
                    return ["the scheduler has no worker yet; waiting for one (Ctrl-C stops)"]
            case events.Ended():
                return [self._end_job(event)]
        return ()

    def _begin(self, plan: events.Planned) -> str:
        """Start counting jobs, and describe them."""
        self._plan = plan
        self._planned_at = time.monotonic()
        self._ended = plan.kept
        line = counted(plan.total, plan.thing)
        if plan.kept:
            line += f", {plan.kept:,} of them already done"
        if plan.scheduler and plan.kept < plan.total:
            line += f", on the scheduler {plan.scheduler}"
        return line

    def _end_job(self, event: events.Ended) -> str:
        """Count a job that has ended, describe its result, and estimate the time left for all jobs."""
        self._ended += 1
        jobs_left = self._plan.total - self._ended
        now = time.monotonic()
        seconds_per_job = (now - self._planned_at) / (self._ended - self._plan.kept)
        self._expected_end = now + seconds_per_job * jobs_left
        line = f"{self._ended}/{self._plan.total}  {event.label}: {_outcome(event)}"
        if self._is_block:
            return line
        return f"{line}  ({jobs_left:,} left{self._time_left()})"

    def view(self) -> View:
        """Return the number of finished jobs and the running jobs."""
        total = self._plan.total
        return View(
            bar=(self._ended, total),
            before=f"{self._ended:,}/{total:,}",
            after=self._jobs_left(),
            lines=_running_lines(self._running),
        )

    def _jobs_left(self) -> str:
        """Describe how many jobs are running, how many are left, and the time left."""
        total = self._plan.total
        if self._ended == total:
            return "finishing"
        jobs_left = total - self._ended - len(self._running)
        return f"{len(self._running):,} running, {jobs_left:,} left{self._time_left()}"

    def _time_left(self) -> str:
        """Estimate the time left from the jobs that have ended. A single slow job doesn't increase the estimate."""
        seconds = self._expected_end - time.monotonic()
        return f", about {clock(seconds)}" if seconds > 0 else ""


def _outcome(event: events.Ended) -> str:
    """Return the duration and accuracy of a finished job, or why it failed."""
    if event.trouble:
        return event.trouble
    if event.seconds is None:
        return "done"
    duration = f"{event.seconds:.1f} s"
    if event.accuracy is None:
        return duration
    return f"{percent(event.accuracy)} held-out in {duration}"


def _running_lines(jobs: Sequence[events.UnderWay]) -> list[str]:
    """Return a line for each job, up to ``RUNNING_SHOWN``."""
    lines = []
    for job in jobs[:RUNNING_SHOWN]:
        epochs = f"  epoch {job.epoch}/{job.epochs}" if job.epochs else ""
        lines.append(printable(job.label) + epochs)
    if len(jobs) > RUNNING_SHOWN:
        lines.append(f"and {len(jobs) - RUNNING_SHOWN:,} more")
    return lines


# --- a search for names -----------------------------------------------------------------------------------------------


def _view_of_search(event: events.Searched) -> View:
    """Describe the progress of a search for names."""
    details = [f"{event.found:,} of {event.wanted:,} names found"]
    if event.drawn:
        details.append(f"{event.drawn:,} names drawn")
    if event.read:
        details.append(f"{event.read:,} prefixes read")
    return View(details=details)


def _filled_up_line(event: events.FilledUp) -> str:
    """Explain that names below the threshold were also returned."""
    if event.wanted == 1:
        names = "this name scores"
    elif event.filled == event.wanted:
        names = f"all {event.wanted:,} names score"
    elif event.filled == 1:
        names = f"1 of these {event.wanted:,} names scores"
    else:
        names = f"{event.filled:,} of these {event.wanted:,} names score"
    return f"{names} below the usual threshold, because too few names reach it"
