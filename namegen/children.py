"""Child processes: parts of a long work, each made by a process of its own, a few at a time.

    parent                                          child: python -m namegen.children MODULE:FUNCTION
    the first line of standard input         ──►    FUNCTION(document, parent) works on the document
    {"progress": [3, 40]}, now and then       ◄──  epochs done and in all, on standard output
    {"answer": …} or {"trouble": "why"}      ◄──    its last line
    standard input ends                      ──►    it ends at once

Input ends when nobody wants the answer any more, and also when the parent is killed, so no child is left. A child that
dies is started once more. Each has a session of its own: Ctrl-C in a terminal reaches the parent alone.
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
STARTS = 2  # of a child that dies; once more would be in vain


@dataclass(frozen=True, eq=False)
class Part:
    """A part of the work.

    Attributes:
        work: the function that makes it, ``module:function``.
        document: what that function is given, as plain values.
        threads: as many as its libraries may use.
        label: what progress calls it.
    """

    work: str
    document: Json
    threads: int = 1
    label: str = ""


@dataclass(frozen=True)
class PartProgress:
    """How far a part is: epochs done and in all."""

    part: Part
    epoch: int
    epochs: int


@dataclass(frozen=True)
class PartEnded:
    """A part is over.

    Attributes:
        part: which.
        answer: what its function returned; None where there is a trouble.
        trouble: why there is no answer, one sentence.
    """

    part: Part
    answer: Json = None
    trouble: str = ""


class Runner(ABC):
    """What makes parts: ``Children`` here, ``experiments/cluster.py`` on other machines. Leaving it stops the rest."""

    def __enter__(self) -> Runner:
        return self

    @abstractmethod
    def __exit__(self, *_: object) -> None: ...

    @property
    @abstractmethod
    def workers(self) -> int:
        """How many parts it makes at the same time."""

    @property
    @abstractmethod
    def running(self) -> Sequence[Part]:
        """The parts under way, the last one started last."""

    @abstractmethod
    def start(self, part: Part) -> None:
        """Begin a part. Raises TrainingError: the system has no room for another process."""

    @abstractmethod
    def events(self) -> list[PartProgress | PartEnded]:
        """What has happened; waits a little for the first of it."""


def run_all(
    runner: Runner, parts: Iterable[Part], watch: ProgressCallback = ignore_progress
) -> Iterator[PartEnded]:
    """Make every part, and give each that is over.

    Args:
        runner: what makes them; the caller opens and leaves it.
        parts: taken one by one, as soon as there is room for the next.
        watch: told what is under way, again and again.
    """
    coming, more = iter(parts), True
    epochs: dict[Part, tuple[int, int]] = {}
    while more or runner.running:
        while more and len(runner.running) < max(runner.workers, 1):
            part = next(coming, None)
            more = part is not None
            if part is not None:
                runner.start(part)
        if runner.running:
            for event in runner.events():
                if isinstance(event, PartEnded):
                    yield event
                else:
                    epochs[event.part] = event.epoch, event.epochs
            under_way = [UnderWay(part.label, *epochs.get(part, ())) for part in runner.running]
            watch(Running(tuple(under_way)) if runner.workers else NoWorkers())


# --- the parent -------------------------------------------------------------------------------------------------------


class Children(Runner):
    """Processes of this machine.

    Args:
        workers: how many at the same time.
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._children: list[_Child] = []
        self._said: _Said = queue.Queue()

    def __exit__(self, *_: object) -> None:
        for child in self._children:
            child.end()
        self._children.clear()

    @property
    def workers(self) -> int:
        """How many at the same time."""
        return self._workers

    @property
    def running(self) -> list[Part]:
        """The parts under way, the last one started last."""
        return [child.part for child in self._children]

    def start(self, part: Part) -> None:
        """Begin a part."""
        self._children.append(_Child(part, self._said))

    def events(self) -> list[PartProgress | PartEnded]:
        """What has happened; waits a little for the first of it."""
        found: list[PartProgress | PartEnded] = []
        with suppress(queue.Empty):
            said = self._said.get(timeout=SECONDS_BETWEEN_LOOKS)
            while True:
                found += self._take_in(*said)
                said = self._said.get_nowait()
        return found

    def _take_in(
        self, child: _Child, word: dict[str, Any] | None
    ) -> Iterator[PartProgress | PartEnded]:
        """One line that a child has said, or None: it is over."""
        if word is None:
            self._children.remove(child)
            how = child.end()
            if child.last is not None:
                yield PartEnded(child.part, **child.last)
            elif child.starts < STARTS:
                self._children.append(_Child(child.part, self._said, child.starts + 1))
            else:
                yield PartEnded(child.part, trouble=f"its process died twice, {how}")
        elif "progress" in word:
            yield PartProgress(child.part, *word["progress"])
        else:
            child.last = word


_Said: TypeAlias = "queue.Queue[tuple[_Child, dict[str, Any] | None]]"


class _Child:
    """One process, and the thread that listens to it."""

    def __init__(self, part: Part, said: _Said, starts: int = 1) -> None:
        self.part, self.starts = part, starts
        self.last: dict[str, Any] | None = None
        self._given = (
            json.dumps({"started": time.time(), "document": part.document}).encode() + b"\n"
        )
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
        self._input, self._output = (
            cast("IO[bytes]", pipe) for pipe in (self._process.stdin, self._process.stdout)
        )
        self._listening = threading.Thread(target=self._listen, args=(said,), daemon=True)
        self._listening.start()

    def _listen(self, said: _Said) -> None:
        """Give it the document (here, as a long one waits until it is read), and take in each line."""
        with suppress(
            OSError, ValueError
        ):  # it has died before it read it all, or it is not wanted any more
            self._input.write(self._given)
            self._input.flush()
        for line in self._output:
            with suppress(ValueError):  # the last line of one that was killed
                said.put((self, json.loads(line)))
        self._process.wait()
        said.put((self, None))

    def end(self) -> str:
        """Kill it if it is not over, let go of its pipes and files, and tell what may be why it ended."""
        self._process.kill()
        self._listening.join()
        self._errors.seek(0)
        said = (
            self._errors.read()
            .decode(errors="replace")
            .strip()
            .rpartition("\n")[2][:LONGEST_REASON]
        )
        for stream in (self._input, self._output, self._errors):
            with suppress(OSError):
                stream.close()
        return f"with the exit code {self._process.returncode} ({said or 'perhaps because memory ran out'})"


def own_environment() -> dict[str, str]:
    """The environment for a process of ours, in which it finds this very namegen wherever it lies."""
    environment = dict(os.environ)
    if PACKAGE.parent.name not in (
        "site-packages",
        "dist-packages",
    ):  # a checkout, which may not be installed
        parts = (environment.get("PYTHONPATH", ""), str(PACKAGE.parent))
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, parts))
    return environment


# --- the child --------------------------------------------------------------------------------------------------------


class Parent:
    """What a child knows of its parent.

    Attributes:
        started: when the parent started it, in seconds of the system's clock.
    """

    def __init__(self, started: float, output: IO[bytes]) -> None:
        self.started, self._output = started, output
        self._epochs, self._next = 0, 0.0
        threading.Thread(target=self._wait_for_end, daemon=True).start()

    def _wait_for_end(self) -> None:
        while os.read(0, 1):  # not through sys.stdin, whose lock would be held at the very end
            pass
        os._exit(1)

    def on_progress(self, event: Event) -> None:
        """Tell how far the training is that the part consists of, if it is time."""
        if isinstance(event, TrainingBegins):
            self._epochs = event.epochs
        if isinstance(event, TrainingBegins | EpochEnded):
            now = time.monotonic()
            if now >= self._next or event.epoch == self._epochs:
                self._next = now + SECONDS_BETWEEN_WORDS
                self.tell(event.epoch, self._epochs)

    def tell(self, epoch: int, epochs: int) -> None:
        """How far the part is."""
        self.say({"progress": [epoch, epochs]})

    def say(self, word: dict[str, Json]) -> None:
        """One line to the parent."""
        with suppress(OSError):  # it is gone
            self._output.write(json.dumps(word, allow_nan=False).encode() + b"\n")
            self._output.flush()


def main(work: str) -> NoReturn:
    """Make the part that standard input holds; standard output belongs to the parent alone."""
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints goes to standard error
    given = json.loads(sys.stdin.buffer.readline() or os._exit(1))
    parent = Parent(given["started"], output)
    module, _, function = work.partition(":")
    try:
        parent.say({"answer": getattr(import_module(module), function)(given["document"], parent)})
    except NamegenError as error:
        parent.say({"trouble": str(error)})
    except Exception as error:
        traceback.print_exc()
        parent.say(
            {"trouble": " ".join(f"{type(error).__name__}: {error}".split())[:LONGEST_REASON]}
        )
    sys.stderr.flush()
    os._exit(0)  # taking TensorFlow down takes longer than many a measurement


if __name__ == "__main__":
    main(*sys.argv[1:])
