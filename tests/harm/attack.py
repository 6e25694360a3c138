"""Make one call with many attempts, in child processes with limits, and report each attempt that did harm.

A child process runs the attempts in order and reports each one before it starts. If the process ends (because of a
crash, a hang or the memory limit), the parent knows which attempt caused it. The next child continues after it.
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

PATIENCE = (
    4  # the limit of wall time, as a multiple of the limit of processor time, for busy machines
)
POLL = 0.05  # seconds
MOST_ENDED = 20  # skip the remaining attempts after this many crashes or hangs, because each can take seconds
SHOWN = 8  # the most kinds of harm in a message
MAX_SHOWN = 600  # the most characters of an attempt in a message
TESTS = f"{os.sep}tests{os.sep}"


@dataclass(frozen=True)
class Tally:
    """The number of attempts that returned, and the number of attempts that raised a NamegenError."""

    returned: int
    refused: int


@dataclass
class _Run:
    """The attempts, their limits, and the outcomes so far.

    Attributes:
        done: how many attempts have ended.
        harms: the attempts that did harm, by kind of harm. Each is the attempt's index and a description.
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
        """Describe the attempts that did harm."""
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
        """Record the outcome of the current attempt."""
        if how in ("returned", "refused"):
            setattr(self, how, getattr(self, how) + 1)
        else:
            self.harms.setdefault(how, []).append((self.done, detail))
        self.done += 1

    def one_child(self) -> bool:
        """Run one child until it ends. Return whether it ended before it had made all attempts."""
        reading, writing = os.pipe()
        with warnings.catch_warnings():
            # Python 3.12 warns about a fork while other threads run. The child takes no lock that they could hold.
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
            # Kill the child and all processes that it started: they are in its process group.
            for end in (
                os.killpg,
                os.kill,
            ):
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
        """Read the child's reports until its pipe closes. Return None, or a message if an attempt takes too long."""
        # The incomplete line, when the current attempt started, and the child's processor time at that moment.
        rest, since, spent = (
            b"",
            math.inf,
            0.0,
        )
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
    """Run ``call(attempt)`` for each attempt, in a child process with limits.

    An attempt does no harm if the call returns, or if it raises a NamegenError with a short message. Everything else
    is harm: another exception (including a warning, as in every test), a signal, the end of the process, or too much
    time or memory.

    The child processes are forked, so ``call`` can be a closure. It must not use a library that doesn't work after a
    fork, such as TensorFlow.

    Args:
        call: the function to call.
        attempts: the arguments, one per call. A failure shows their ``repr``, so use seeds or short values.
        seconds: the maximum processor time of an attempt. The limit of wall time is ``PATIENCE`` times as high.
        memory: how many bytes an attempt may add to the address space.
        longest_message: the maximum size of an error message, in bytes.

    Returns:
        How many attempts returned and how many were rejected. A test can check that both happened.

    Raises:
        AssertionError: at least one attempt did harm. The message lists the kinds of harm, with the first attempt of
            each kind.
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
    """Make the remaining attempts in the child process, and report the start and the outcome of each. Never return."""
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
    """Make one attempt. Return its outcome and a description."""
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
    """Return the innermost line of namegen's code in the traceback, such as ``in load (checkpoint.py:12)``."""
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
    """Limit the growth of the address space to this many bytes from now on. None removes the limit.

    A fixed total would leave a different amount on each machine, because the address space already contains NumPy and
    its thread pool.
    """
    statm = Path("/proc/self/statm")
    if not statm.exists():  # the limit has no effect outside Linux
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
    """Return the processor time that a process has used, or 0 if the system doesn't report it."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
