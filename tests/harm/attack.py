"""Runs one call on many attempts, in child processes with limits, and tells of each attempt that did harm.

A child works through the attempts one after the other and says which one it begins before it begins it. So whatever
ends it (a crash, a hang, the limit of memory) is pinned on its attempt, and the next child goes on behind it.
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import math
import os
import resource
import select
import signal
import time
import traceback
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import pytest

from namegen.errors import NamegenError

Attempt = TypeVar("Attempt")

PATIENCE = 4  # wall time for each second of processor time: a busy machine is no hang, waiting for ever is one
POLL = 0.05  # seconds
MOST_ENDED = 20  # children that crash or hang before the rest is left out: each may take seconds
SHOWN = 8  # kinds of harm in a message
MAX_SHOWN = 600  # characters of an attempt
TESTS = f"{os.sep}tests{os.sep}"


@dataclass(frozen=True)
class Tally:
    """How the attempts ended that did no harm: so many returned, so many raised a NamegenError."""

    returned: int
    refused: int


@dataclass
class _Run:
    """The attempts, their limits, and where the run stands.

    Attributes:
        done: how many attempts have ended.
        harms: of each kind, what alike ones have in common, the attempts and what is told of the first.
    """

    call: Callable[[Any], object]
    tried: Sequence[Any]
    seconds: float
    memory: int
    longest_message: int
    done: int = 0
    returned: int = 0
    refused: int = 0
    harms: dict[str, list[tuple[int, str]]] = field(default_factory=dict)

    def message_with(self) -> str:
        """What did harm, for people."""
        number = sum(map(len, self.harms.values()))
        lines = [
            f"{number} of {self.done} attempts did harm (of {len(self.tried)}), in {len(self.harms)} ways:"
        ]
        for kind, harms in sorted(self.harms.items(), key=lambda one: -len(one[1]))[:SHOWN]:
            place, detail = harms[0]
            shown = repr(self.tried[place])
            shown = (
                shown
                if len(shown) <= MAX_SHOWN
                else f"{shown[:MAX_SHOWN]}… ({len(shown):,} characters)"
            )
            lines.append(f"  {len(harms)} × {kind}\n    first: attempt {place}, {shown}")
            lines += [f"      {line}" for line in detail.splitlines()]
        return "\n".join(lines)

    def ends(self, how: str, detail: str = "") -> None:
        """Note how the attempt under way has ended."""
        if how in ("returned", "refused"):
            setattr(self, how, getattr(self, how) + 1)
        else:
            self.harms.setdefault(how, []).append((self.done, detail))
        self.done += 1

    def one_child(self) -> bool:
        """Watch one child until it is through or has come to its end; whether it ended before its time."""
        reading, writing = os.pipe()
        with warnings.catch_warnings():
            # Python 3.12 warns of every fork beside threads; the child takes no lock that one of those could hold.
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if child == 0:
            os.close(reading)
            _work(self, writing)
        os.close(writing)
        told: str | None = None
        try:
            told = self._watch(child, reading)
        finally:
            for end in (
                os.killpg,
                os.kill,
            ):  # the child and whatever it started: it leads a group of its own
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    end(child, signal.SIGKILL)
            os.close(reading)
            status = os.waitpid(child, 0)[1]
        if self.done == len(self.tried):
            return False
        code = os.waitstatus_to_exitcode(status)
        name = f"by {signal.Signals(-code).name}" if code < 0 else f"with {code}"
        self.ends(told or f"the process ended {name}")
        return True

    def _watch(self, child: int, reading: int) -> str | None:
        """Take in what the child tells until its pipe closes (None), or until an attempt takes too long (that)."""
        rest, since, spent = (
            b"",
            math.inf,
            0.0,
        )  # when the attempt under way was begun, and the processor time then
        while True:
            if select.select([reading], [], [], POLL)[0]:
                content = os.read(reading, 2**16)
                if not content:
                    return None
                *lines, rest = (rest + content).split(b"\n")
                for line in lines:
                    since, spent = (
                        (time.monotonic(), _processor_seconds(child))
                        if line == b"[]"
                        else (math.inf, 0.0)
                    )
                    if line != b"[]":
                        self.ends(*json.loads(line))
            if since < math.inf:
                waited, used = time.monotonic() - since, _processor_seconds(child) - spent
                if used > self.seconds or waited > PATIENCE * self.seconds:
                    return f"took more than {self.seconds:g} seconds"


def attack(
    call: Callable[[Attempt], object],
    attempts: Iterable[Attempt],
    *,
    seconds: float = 5.0,
    memory: int = 2**30,
    longest_message: int = 2000,
) -> Tally:
    """Run ``call(attempt)`` for each attempt, each in a confined child process.

    An attempt does no harm if the call returns, or raises a NamegenError with a message that is short enough. Whatever
    else it does is harm: another exception (a warning is one, as in every test), a signal, the end of the process,
    too much time, too much memory.

    The children are forked, so ``call`` may be a closure; a library that does not survive a fork once it is in use
    (TensorFlow) must not be used by it.

    Args:
        call: the call.
        attempts: what it is called with. They are told by their ``repr``: a seed, or a short value, says it all.
        seconds: the most processor time of an attempt; of wall time ``PATIENCE`` times as much.
        memory: how many bytes an attempt may add to the address space.
        longest_message: the most bytes of an error's message.

    Returns:
        How many returned and how many were refused, so that a test can say that it attacks what it means to.

    Raises:
        AssertionError: some did harm; with what they did, sorted by kind, and the first attempt of each.
    """
    if not hasattr(os, "fork"):
        pytest.skip("attacks need a system that can fork")
    run = _Run(call, list(attempts), seconds, memory, longest_message)
    ended = 0
    while run.done < len(run.tried) and ended < MOST_ENDED:
        ended += run.one_child()
    if run.harms:
        raise AssertionError(run.message_with())
    return Tally(run.returned, run.refused)


def _work(run: _Run, report: int) -> NoReturn:
    """In the child: all attempts that are left, each told to the pipe before and after; never returns."""
    try:
        faulthandler.disable()
        os.setpgid(0, 0)
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
        for attempt in run.tried[run.done :]:
            _tell(report)
            _limit_growth(run.memory)
            outcome = _outcome(run.call, attempt, run.longest_message)
            _limit_growth(None)
            _tell(report, *outcome)
    finally:
        os._exit(0)


def _outcome(
    call: Callable[[Any], object], attempt: object, longest_message: int
) -> tuple[str, str]:
    """How an attempt ends, and what is told of it."""
    try:
        call(attempt)
    except NamegenError as error:
        size = len(str(error).encode(errors="replace"))
        if size <= longest_message:
            return "refused", ""
        how = f"a message of more than {longest_message:,} bytes: {type(error).__name__} {_where(error)}"
        return how, f"{size:,} bytes: {str(error)[:200]}…"
    except BaseException as error:
        frames = traceback.extract_tb(error.__traceback__)[-8:]
        trace = "\n".join(f"{Path(one.filename).name}:{one.lineno} {one.name}" for one in frames)
        return (
            f"{type(error).__name__} {_where(error)}",
            f"{type(error).__name__}: {str(error)[:300]}\n{trace}",
        )
    return "returned", ""


def _where(error: BaseException) -> str:
    """The innermost line of namegen's own, as ``in load (checkpoint.py:12)``; numbers of lines tell places apart."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [
        one
        for one in frames
        if f"{os.sep}namegen{os.sep}" in one.filename and TESTS not in one.filename
    ]
    frame = (own or frames)[-1]
    return f"in {frame.name} ({Path(frame.filename).name}:{frame.lineno})"


def _tell(report: int, *message: str) -> None:
    line = json.dumps(message).encode() + b"\n"
    while line:
        line = line[os.write(report, line) :]


def _limit_growth(memory: int | None) -> None:
    """Let the address space grow by so much from here, and no more; None: as much as it likes.

    NumPy and its thread pool are in it already, by an amount that differs between machines, so a fixed limit would
    mean something else on each.
    """
    statm = Path("/proc/self/statm")
    if not statm.exists():  # elsewhere than on Linux the limit does not hold either
        return
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    if memory is None:
        resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
        return
    limit = int(statm.read_text().split()[0]) * resource.getpagesize() + memory
    resource.setrlimit(
        resource.RLIMIT_AS, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard)
    )


def _processor_seconds(process: int) -> float:
    """Processor time of a process so far; 0 where the system does not say: then the clock alone counts."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
