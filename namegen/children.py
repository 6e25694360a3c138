"""Child processes that do parts of a long piece of work, a few at a time.

    parent                                         child: python -m namegen.children MODULE:FUNCTION
    first line of standard input             ──►   calls FUNCTION(document, parent)
    {"progress": [3, 40]}, several times     ◄──   finished epochs and all epochs, on standard output
    {"answer": …} or {"trouble": "why"}      ◄──   the last line
    end of standard input                    ──►   exits at once

Standard input ends when the answer isn't needed any more, and also when the parent is killed, so no child survives it.
A child that dies is started a second time. Each child has a session of its own, so that Ctrl-C in a terminal reaches
only the parent.
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
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import IO, Any, NoReturn, TypeAlias, cast

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
SECONDS_BETWEEN_WORDS = 0.5
STARTS = 2  # how often a child is started that dies


@dataclass(frozen=True, eq=False)
class Part:
    """A part of the work."""

    work: str  # the function that does it, ``module:function``
    document: Json  # the argument of this function
    threads: int = 1  # for the libraries that it uses
    label: str = ""  # its name in progress events


@dataclass(frozen=True)
class PartProgress:
    """How far a part is."""

    part: Part
    epoch: int  # finished epochs
    epochs: int  # all epochs


@dataclass(frozen=True)
class PartEnded:
    """A part has ended."""

    part: Part
    answer: Json = None  # the result of its function; None if there is none
    trouble: str = ""  # one sentence about why there is no answer


class Runner(ABC):
    """Does parts: ``Children`` on this machine, ``experiments/cluster.py`` on others. Its exit stops the rest."""

    def __enter__(self) -> Runner:
        return self

    @abstractmethod
    def __exit__(self, *_: object) -> None: ...

    @property
    @abstractmethod
    def workers(self) -> int:
        """How many parts can run at the same time."""

    @property
    @abstractmethod
    def running(self) -> Sequence[Part]:
        """The parts that are running, in the order of their starts."""

    @abstractmethod
    def start(self, part: Part) -> None:
        """Start a part.

        Raises:
            TrainingError: the system can't start another process.
        """

    @abstractmethod
    def events(self) -> list[PartProgress | PartEnded]:
        """The events since the last call. If there are none yet, this waits a little."""


def run_all(
    runner: Runner, parts: Iterable[Part], watch: ProgressCallback = ignore_progress
) -> Iterator[PartEnded]:
    """Run all parts, and yield each one that ends.

    Args:
        runner: runs the parts; the caller enters and exits it.
        parts: the parts. Each is taken as soon as it can be started.
        watch: called repeatedly with the parts that are running.
    """
    waiting = iter(parts)
    has_more = True
    progress: dict[Part, PartProgress] = {}
    while has_more or runner.running:
        while has_more and len(runner.running) < max(runner.workers, 1):
            part = next(waiting, None)
            if part is None:
                has_more = False
            else:
                runner.start(part)
        if not runner.running:
            continue
        for event in runner.events():
            if isinstance(event, PartEnded):
                yield event
            else:
                progress[event.part] = event
        under_way = tuple(_under_way(part, progress.get(part)) for part in runner.running)
        watch(Running(under_way) if runner.workers else NoWorkers())


def _under_way(part: Part, progress: PartProgress | None) -> UnderWay:
    if progress is None:
        return UnderWay(part.label)
    return UnderWay(part.label, progress.epoch, progress.epochs)


# --- the parent -------------------------------------------------------------------------------------------------------


class Children(Runner):
    """Runs parts in child processes on this machine.

    Args:
        workers: how many parts can run at the same time.
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
        """How many parts can run at the same time."""
        return self._workers

    @property
    def running(self) -> list[Part]:
        """The parts that are running, in the order of their starts."""
        return [child.part for child in self._children]

    def start(self, part: Part) -> None:
        """Start a part."""
        self._children.append(_Child(part, self._messages))

    def events(self) -> list[PartProgress | PartEnded]:
        """The events since the last call. If there are none yet, this waits a little."""
        events: list[PartProgress | PartEnded] = []
        with suppress(queue.Empty):
            message = self._messages.get(timeout=SECONDS_BETWEEN_LOOKS)
            while True:
                events += self._handle(message)
                message = self._messages.get_nowait()
        return events

    def _handle(self, message: _Message) -> Iterator[PartProgress | PartEnded]:
        child = message.child
        if message.content is None:
            yield from self._handle_exit(child)
        elif "progress" in message.content:
            epoch, epochs = message.content["progress"]
            yield PartProgress(child.part, epoch, epochs)
        else:
            child.result = message.content

    def _handle_exit(self, child: _Child) -> Iterator[PartEnded]:
        self._children.remove(child)
        reason = child.end()
        if child.result is not None:
            yield PartEnded(child.part, **child.result)
        elif child.starts < STARTS:
            self._children.append(_Child(child.part, self._messages, starts=child.starts + 1))
        else:
            yield PartEnded(child.part, trouble=f"its process died twice, {reason}")


@dataclass(frozen=True)
class _Message:
    """A message from a child to its parent."""

    child: _Child
    content: dict[str, Any] | None  # a line of its output; None: it has exited


_Messages: TypeAlias = "queue.Queue[_Message]"


class _Child:
    """A child process, and the thread that reads its output."""

    def __init__(self, part: Part, messages: _Messages, *, starts: int = 1) -> None:
        self.part = part
        self.starts = starts  # including this one
        self.result: dict[str, Any] | None = None  # its last line: the answer or the trouble
        order = {"started": time.time(), "document": part.document}
        self._first_line = json.dumps(order).encode() + b"\n"
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  # as long as the process
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "namegen.children", part.work],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                env=own_environment() | dict.fromkeys(VARIABLES, str(part.threads)),
                start_new_session=os.name == "posix",
            )
        except OSError as error:
            self._errors.close()
            raise TrainingError(
                f"cannot start a process ({error.strerror}): end other programs first"
            ) from error
        self._input = cast("IO[bytes]", self._process.stdin)
        self._output = cast("IO[bytes]", self._process.stdout)
        self._listener = threading.Thread(target=self._listen, args=(messages,), daemon=True)
        self._listener.start()

    def _listen(self, messages: _Messages) -> None:
        """Send the document (in this thread, because a long one blocks until the child reads it) and read all lines."""
        with suppress(
            OSError, ValueError
        ):  # the child died before it read everything, or was ended
            self._input.write(self._first_line)
            self._input.flush()
        for line in self._output:
            with suppress(ValueError):  # an incomplete last line, if the child was killed
                messages.put(_Message(self, json.loads(line)))
        self._process.wait()
        messages.put(_Message(self, None))

    def end(self) -> str:
        """Kill the process if it's still running, close its pipes and files, and describe why it may have ended."""
        self._process.kill()
        self._listener.join()
        self._errors.seek(0)
        error_output = self._errors.read().decode(errors="replace").strip()
        _, _, last_line = error_output.rpartition("\n")
        for stream in (self._input, self._output, self._errors):
            with suppress(OSError):
                stream.close()
        reason = last_line[:LONGEST_REASON] or "perhaps because memory ran out"
        return f"with the exit code {self._process.returncode} ({reason})"


def own_environment() -> dict[str, str]:
    """Return the environment for a child process, in which it imports the same namegen as this process."""
    environment = dict(os.environ)
    is_installed = PACKAGE.parent.name in ("site-packages", "dist-packages")
    if not is_installed:
        folders = (environment.get("PYTHONPATH", ""), str(PACKAGE.parent))
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, folders))
    return environment


# --- the child --------------------------------------------------------------------------------------------------------


class Parent:
    """The parent, from the view of the child.

    Args:
        started: when the parent started the child, in seconds of the system's clock.
        output: a stream to the parent.
    """

    def __init__(self, started: float, output: IO[bytes]) -> None:
        self.started = started
        self._output = output
        self._epochs = 0
        self._next_report = 0.0  # not earlier, in seconds of the monotonic clock
        threading.Thread(target=self._exit_with_input, daemon=True).start()

    def _exit_with_input(self) -> None:
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
                self._next_report = now + SECONDS_BETWEEN_WORDS
                self.tell(event.epoch, self._epochs)

    def tell(self, epoch: int, epochs: int) -> None:
        """Report the number of finished epochs and of all epochs."""
        self.say({"progress": [epoch, epochs]})

    def say(self, word: dict[str, Json]) -> None:
        """Send one line to the parent."""
        with suppress(OSError):  # the parent has exited
            self._output.write(json.dumps(word, allow_nan=False).encode() + b"\n")
            self._output.flush()


def main(work: str) -> NoReturn:
    """Do the part that standard input describes. Only the parent's lines go to standard output."""
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # the output of libraries goes to standard error
    order = json.loads(sys.stdin.buffer.readline() or os._exit(1))
    parent = Parent(order["started"], output)
    module, _, name = work.partition(":")
    try:
        function = getattr(import_module(module), name)
        parent.say({"answer": function(order["document"], parent)})
    except NamegenError as error:
        parent.say({"trouble": str(error)})
    except Exception as error:
        traceback.print_exc()
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        parent.say({"trouble": reason[:LONGEST_REASON]})
    sys.stderr.flush()
    os._exit(0)  # a normal exit with TensorFlow takes longer than many parts


if __name__ == "__main__":
    main(*sys.argv[1:])
