"""Run the jobs of a long task in child processes, a few at a time.

    parent                                         child: python -m namegen.children MODULE:FUNCTION
    first line of standard input             ──►   calls FUNCTION(document, parent)
    {"progress": [3, 40]}, several times     ◄──   finished epochs and all epochs, on standard output
    {"answer": …} or {"trouble": "why"}      ◄──   the last line
    end of standard input                    ──►   exits immediately

Standard input ends when the answer is no longer needed, and also when the parent is killed, so no child outlives its
parent. If a child dies, namegen starts it one more time. Each child runs in a separate session, so that Ctrl-C in a
terminal reaches only the parent.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import IO, Any, NoReturn, TypeAlias

from namegen.documents import Json
from namegen.errors import LONGEST_REASON, NamegenError, TrainingError
from namegen.events import (
    EpochEnded,
    Event,
    NoWorkers,
    ProgressCallback,
    Running,
    TrainingBegins,
    UnderWay,
    ignore_progress,
)
from namegen.threads import VARIABLES

PACKAGE = Path(__file__).parent
SECONDS_BETWEEN_LOOKS = 0.2
SECONDS_BETWEEN_REPORTS = 0.5
MAX_STARTS = 2  # how many times to start a child that dies


@dataclass(frozen=True, eq=False)
class Job:
    """A function call that runs in a child process."""

    work: str  # the function, ``module:function``
    document: Json  # the argument of the function
    threads: int = 1  # for the libraries that the function uses
    label: str = ""  # the job's name in progress events


@dataclass(frozen=True)
class JobProgress:
    """The number of epochs that a running job has finished."""

    job: Job
    epoch: int  # finished epochs
    epochs: int  # all epochs


@dataclass(frozen=True)
class JobEnded:
    """A job has ended."""

    job: Job
    answer: Json = None  # the result of its function, or None if there is no result
    trouble: str = ""  # why there is no answer, in one sentence


class Runner(ABC):
    """Runs jobs on this machine (``Children``) or on others (``experiments/cluster.py``). Exiting it stops all jobs."""

    def __enter__(self) -> Runner:
        return self

    @abstractmethod
    def __exit__(self, *_: object) -> None: ...

    @property
    @abstractmethod
    def workers(self) -> int:
        """The number of jobs that can run at the same time."""

    @property
    @abstractmethod
    def running(self) -> Sequence[Job]:
        """The running jobs, in the order in which they were started."""

    @abstractmethod
    def start(self, job: Job) -> None:
        """Start a job.

        Raises:
            TrainingError: the system can't start another process.
        """

    @abstractmethod
    def events(self) -> list[JobProgress | JobEnded]:
        """Return the events since the last call. If there are none yet, wait a little first."""


def run_all(
    runner: Runner, jobs: Iterable[Job], watch: ProgressCallback = ignore_progress
) -> Iterator[JobEnded]:
    """Run all jobs, as many at the same time as there are workers, and yield an event for each job that ends.

    Args:
        runner: the object that runs the jobs. The caller enters and exits its context.
        jobs: the jobs. Each is taken from the iterable just before it starts.
        watch: called repeatedly with the running jobs.
    """
    waiting = iter(jobs)
    progress: dict[Job, JobProgress] = {}
    _start_jobs(runner, waiting)
    while runner.running:
        for event in runner.events():
            if isinstance(event, JobEnded):
                yield event
            else:
                progress[event.job] = event
        watch(_running_jobs(runner, progress))
        _start_jobs(runner, waiting)


def _start_jobs(runner: Runner, waiting: Iterator[Job]) -> None:
    """Start jobs until all workers are busy. If there are no workers, start one job, which waits for a worker."""
    while len(runner.running) < max(runner.workers, 1):
        job = next(waiting, None)
        if job is None:
            return
        runner.start(job)


def _running_jobs(runner: Runner, progress: Mapping[Job, JobProgress]) -> Event:
    """Return the event that describes all running jobs."""
    under_way = tuple(_under_way(job, progress.get(job)) for job in runner.running)
    return Running(under_way) if runner.workers else NoWorkers()


def _under_way(job: Job, progress: JobProgress | None) -> UnderWay:
    """Describe a running job, with its epochs if it has reported any progress."""
    if progress is None:
        return UnderWay(job.label)
    return UnderWay(job.label, progress.epoch, progress.epochs)


# --- the parent -------------------------------------------------------------------------------------------------------


class Children(Runner):
    """Runs jobs in child processes on this machine.

    Args:
        workers: the number of jobs that can run at the same time.
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._children: list[_Child] = []
        self._messages: _Messages = queue.Queue()

    def __exit__(self, *_: object) -> None:
        for child in self._children:
            child.end()
        self._children.clear()

    @property
    def workers(self) -> int:
        """The number of jobs that can run at the same time."""
        return self._workers

    @property
    def running(self) -> list[Job]:
        """The running jobs, in the order in which they were started."""
        return [child.job for child in self._children]

    def start(self, job: Job) -> None:
        """Start a job."""
        self._children.append(_Child(job, self._messages))

    def events(self) -> list[JobProgress | JobEnded]:
        """Return the events since the last call. If there are none yet, wait a little first."""
        events: list[JobProgress | JobEnded] = []
        for message in self._new_messages():
            events += self._handle(message)
        return events

    def _new_messages(self) -> Iterator[_Message]:
        """Yield all messages that children have sent. If there are none yet, wait a little for the first one."""
        with suppress(queue.Empty):
            yield self._messages.get(timeout=SECONDS_BETWEEN_LOOKS)
            while True:
                yield self._messages.get_nowait()

    def _handle(self, message: _Message) -> Iterator[JobProgress | JobEnded]:
        """Yield the events that result from a child's message."""
        child = message.child
        if message.content is None:
            yield from self._handle_exit(child)
        elif "progress" in message.content:
            epoch, epochs = message.content["progress"]
            yield JobProgress(child.job, epoch, epochs)
        else:
            child.result = message.content

    def _handle_exit(self, child: _Child) -> Iterator[JobEnded]:
        """Yield the event for a job whose child has exited. If the child died for the first time, restart the job."""
        self._children.remove(child)
        reason = child.end()
        if child.result is not None:
            yield JobEnded(child.job, **child.result)
        elif child.starts < MAX_STARTS:
            self._children.append(_Child(child.job, self._messages, starts=child.starts + 1))
        else:
            yield JobEnded(child.job, trouble=f"its process died twice, {reason}")


@dataclass(frozen=True)
class _Message:
    """A message from a child to its parent."""

    child: _Child
    content: dict[str, Any] | None  # a line of the child's output, or None if the child has exited


_Messages: TypeAlias = "queue.Queue[_Message]"


class _Child:
    """A child process, and the thread that reads its output."""

    def __init__(self, job: Job, messages: _Messages, *, starts: int = 1) -> None:
        self.job = job
        self.starts = starts  # including this one
        self.result: dict[str, Any] | None = None  # the last line: the answer or the trouble
        self._first_line = _first_line(job)
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  # closed by end()
        try:
            self._process = _start_process(job, self._errors)
        except TrainingError:
            self._errors.close()
            raise
        assert self._process.stdin is not None  # for the type checker
        assert self._process.stdout is not None
        self._input = self._process.stdin
        self._output = self._process.stdout
        self._listener = threading.Thread(target=self._listen, args=(messages,), daemon=True)
        self._listener.start()

    def _listen(self, messages: _Messages) -> None:
        """Send the document to the child, then put each line of the child's output into the queue.

        A long document can only be sent in this thread, because sending blocks until the child reads it.
        """
        self._send_document()
        for line in self._output:
            with suppress(ValueError):  # an incomplete last line, if the child was killed
                messages.put(_Message(self, json.loads(line)))
        self._process.wait()
        messages.put(_Message(self, None))

    def _send_document(self) -> None:
        with suppress(OSError, ValueError):  # the child has died or was stopped in the meantime
            self._input.write(self._first_line)
            self._input.flush()

    def end(self) -> str:
        """Clean up: kill the process if it's still running, and close its streams. Return why it probably ended."""
        self._process.kill()
        self._listener.join()
        last_line = self._last_line_of_errors()
        for stream in (self._input, self._output, self._errors):
            with suppress(OSError):
                stream.close()
        reason = last_line[:LONGEST_REASON] or "perhaps because memory ran out"
        return f"with the exit code {self._process.returncode} ({reason})"

    def _last_line_of_errors(self) -> str:
        """Return the last line that the child wrote to standard error."""
        self._errors.seek(0)
        text = self._errors.read().decode(errors="replace").strip()
        return text.rpartition("\n")[2]


def _first_line(job: Job) -> bytes:
    """Return the line that starts a job: the current time and the document, as JSON."""
    message = {"started": time.time(), "document": job.document}
    return json.dumps(message).encode() + b"\n"


def _start_process(job: Job, errors: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start the child process of a job, which writes its standard error to a file."""
    try:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "namegen.children", job.work],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=own_environment() | dict.fromkeys(VARIABLES, str(job.threads)),
            start_new_session=os.name == "posix",
        )
    except OSError as error:
        raise TrainingError(
            f"cannot start another process ({error.strerror}): close other programs and try again"
        ) from error


def own_environment() -> dict[str, str]:
    """Return environment variables with which a child process imports the same namegen as this process."""
    environment = dict(os.environ)
    parent_folder = PACKAGE.parent
    is_installed = parent_folder.name in ("site-packages", "dist-packages")
    if not is_installed:
        search_path = (environment.get("PYTHONPATH", ""), str(parent_folder))
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, search_path))
    return environment


# --- the child --------------------------------------------------------------------------------------------------------


class Parent:
    """The connection of a child to its parent. The child exits as soon as the parent closes it.

    Args:
        started: when the parent started the child, in seconds on the system clock.
        output: a stream to the parent.
    """

    def __init__(self, started: float, output: IO[bytes]) -> None:
        self.started = started
        self._output = output
        self._epochs = 0
        self._next_report = 0.0  # its earliest time, in seconds on the monotonic clock
        threading.Thread(target=self._exit_with_input, daemon=True).start()

    def _exit_with_input(self) -> None:
        """Wait for the end of standard input, then exit."""
        while os.read(0, 1):  # sys.stdin would hold a lock when the interpreter exits
            pass
        os._exit(1)

    def on_progress(self, event: Event) -> None:
        """Report the progress of a training run, but not too often."""
        if isinstance(event, TrainingBegins):
            self._epochs = event.epochs
        if isinstance(event, TrainingBegins | EpochEnded):
            now = time.monotonic()
            is_last = event.epoch == self._epochs
            if now >= self._next_report or is_last:
                self._next_report = now + SECONDS_BETWEEN_REPORTS
                self.report_progress(event.epoch, self._epochs)

    def report_progress(self, epoch: int, epochs: int) -> None:
        """Report the number of finished epochs and the number of all epochs."""
        self.send({"progress": [epoch, epochs]})

    def send(self, message: dict[str, Json]) -> None:
        """Send one line to the parent."""
        with suppress(OSError):  # the parent has exited
            self._output.write(json.dumps(message, allow_nan=False).encode() + b"\n")
            self._output.flush()


def main(work: str) -> NoReturn:
    """Do the job that standard input describes, and send the answer or the error to the parent."""
    output = _take_standard_output()
    message = json.loads(_read_first_line())
    parent = Parent(message["started"], output)
    try:
        function = _import_function(work)
        answer = function(message["document"], parent)
        parent.send({"answer": answer})
    except Exception as error:
        parent.send({"trouble": _describe_error(error)})
    sys.stderr.flush()
    os._exit(0)  # a normal exit with TensorFlow takes longer than many jobs


def _take_standard_output() -> IO[bytes]:
    """Return a stream to the parent. Afterwards, libraries that print write to standard error instead."""
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return output


def _read_first_line() -> bytes:
    """Read the line that starts the job. Exit if the parent has gone."""
    line = sys.stdin.buffer.readline()
    if not line:
        os._exit(1)
    return line


def _import_function(work: str) -> Callable[[Json, Parent], Json]:
    """Import a function from ``module:function``."""
    module, _, name = work.partition(":")
    function: Callable[[Json, Parent], Json] = getattr(import_module(module), name)
    return function


def _describe_error(error: Exception) -> str:
    """Return one line for the parent. The traceback of an unexpected error goes to standard error."""
    if isinstance(error, NamegenError):
        return str(error)
    traceback.print_exception(error)
    reason = " ".join(f"{type(error).__name__}: {error}".split())
    return reason[:LONGEST_REASON]


if __name__ == "__main__":
    main(*sys.argv[1:])
