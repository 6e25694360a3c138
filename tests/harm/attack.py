"""Runs one call on many attempts, in child processes with limits, and tells of each attempt that did harm.

A child works through the attempts one after the other and says which one it begins before it begins it. So whatever
ends it (a crash, a hang, the limit of memory) is pinned on its attempt, and the next child goes on behind it.
"""

from __future__ import annotations

import faulthandler
import json
import os
import selectors
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
LONGEST_SHOWN = 600  # characters of an attempt
TESTS = f"{os.sep}tests{os.sep}"


@dataclass(frozen=True)
class Tally:
    """How the attempts ended that did no harm: so many returned, so many raised a NamegenError."""

    returned: int
    refused: int


@dataclass(frozen=True)
class Harm:
    """What an attempt did: ``kind`` is what alike ones have in common, ``detail`` what is told of the first of them."""

    place: int
    kind: str
    detail: str = ""


@dataclass
class _Course:
    """Where a run stands: the attempts that are done, and how they ended."""

    done: int = 0  # attempts that have ended
    begun: bool = False  # whether the next one has been begun
    since: float = 0.0  # when, by the clock
    spent: float = 0.0  # and the processor time of the child then
    counts: dict[str, int] = field(default_factory=lambda: {"returned": 0, "refused": 0})
    harms: list[Harm] = field(default_factory=list)


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
    tried = list(attempts)
    course = _Course()
    ended = 0
    while course.done < len(tried) and ended < MOST_ENDED:
        ended += _one_child(call, tried, course, seconds, memory, longest_message)
    if course.harms:
        raise AssertionError(_told(course, tried))
    return Tally(course.counts["returned"], course.counts["refused"])


def _told(course: _Course, tried: Sequence[object]) -> str:
    kinds: dict[str, list[Harm]] = {}
    for harm in course.harms:
        kinds.setdefault(harm.kind, []).append(harm)
    lines = [f"{len(course.harms)} of {course.done} attempts did harm (of {len(tried)}), in {len(kinds)} ways:"]
    for kind, harms in sorted(kinds.items(), key=lambda one: -len(one[1]))[:SHOWN]:
        first = harms[0]
        shown = repr(tried[first.place])
        shown = shown if len(shown) <= LONGEST_SHOWN else f"{shown[:LONGEST_SHOWN]}… ({len(shown):,} characters)"
        lines.append(f"  {len(harms)} × {kind}\n    first: attempt {first.place}, {shown}")
        lines += [f"      {line}" for line in first.detail.splitlines()]
    return "\n".join(lines)


def shapes_unchecked() -> None:
    """In an attempt: for the rest of this child no shapes and types are checked, and it is many times as fast."""
    import jaxtyping

    jaxtyping.config.update("jaxtyping_disable", True)


# The child.


def _work(
    call: Callable[[Any], object],
    tried: Sequence[Any],
    begin: int,
    report: int,
    memory: int,
    longest_message: int,
) -> NoReturn:
    """In the child: all attempts from ``begin`` on, each told to the pipe before and after; never returns."""
    try:
        faulthandler.disable()
        os.setpgid(0, 0)
        _no_core_file()
        for place in range(begin, len(tried)):
            _tell(report, {"begins": place})
            _limit_growth(memory)
            outcome = _outcome(call, tried[place], longest_message)
            _limit_growth(None)
            _tell(report, {"ends": place, **outcome})
    finally:
        os._exit(0)


def _outcome(call: Callable[[Any], object], attempt: object, longest_message: int) -> dict[str, str]:
    try:
        call(attempt)
    except NamegenError as error:
        size = len(str(error).encode(errors="replace"))
        if size <= longest_message:
            return {"how": "refused"}
        return {
            "how": f"a message of more than {longest_message:,} bytes: {type(error).__name__} {_where(error)}",
            "detail": f"{size:,} bytes: {str(error)[:200]}…",
        }
    except BaseException as error:
        text = f"{type(error).__name__}: {str(error)[:300]}"
        return {"how": f"{type(error).__name__} {_where(error)}", "detail": f"{text}\n{_trace(error)}"}
    return {"how": "returned"}


def _frames(error: BaseException) -> list[traceback.FrameSummary]:
    return list(traceback.extract_tb(error.__traceback__)) or []


def _where(error: BaseException) -> str:
    """The innermost line of namegen's own, as ``in load (checkpoint.py:12)``; numbers of lines tell places apart."""
    frames = _frames(error)
    own = [one for one in frames if f"{os.sep}namegen{os.sep}" in one.filename and TESTS not in one.filename]
    if not frames:
        return "nowhere"
    frame = (own or frames)[-1]
    return f"in {frame.name} ({Path(frame.filename).name}:{frame.lineno})"


def _trace(error: BaseException) -> str:
    return "\n".join(f"{Path(one.filename).name}:{one.lineno} {one.name}" for one in _frames(error)[-8:])


def _tell(report: int, message: dict[str, object]) -> None:
    line = json.dumps(message).encode() + b"\n"
    while line:
        line = line[os.write(report, line) :]


def _no_core_file() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def _limit_growth(memory: int | None) -> None:
    """Let the address space grow by so much from here, and no more; None: as much as it likes.

    NumPy and its thread pool are in it already, by an amount that differs between machines, so a fixed limit would
    mean something else on each.
    """
    import resource

    statm = Path("/proc/self/statm")
    if not statm.exists():  # elsewhere than on Linux the limit does not hold either
        return
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    if memory is None:
        resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
        return
    limit = int(statm.read_text().split()[0]) * resource.getpagesize() + memory
    resource.setrlimit(resource.RLIMIT_AS, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))


# The parent.


def _one_child(
    call: Callable[[Any], object],
    tried: Sequence[Any],
    course: _Course,
    seconds: float,
    memory: int,
    longest_message: int,
) -> bool:
    """Watch one child until it is through or has come to its end; whether it ended before its time."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        # Python 3.12 warns of every fork beside threads; the child takes no lock that one of those could hold.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        os.close(reading)
        _work(call, tried, course.done, writing, memory, longest_message)
    os.close(writing)
    course.begun = False
    told: str | None = None
    try:
        told = _watch(child, reading, course, seconds)
    finally:
        _end_group(child)
        os.close(reading)
        status = os.waitpid(child, 0)[1]
    if course.done == len(tried):
        return False
    if told is None:
        code = os.waitstatus_to_exitcode(status)
        told = f"the process ended by {signal.Signals(-code).name}" if code < 0 else f"the process ended with {code}"
    course.harms.append(Harm(course.done, told))
    course.done += 1
    return True


def _watch(child: int, reading: int, course: _Course, seconds: float) -> str | None:
    """Take in what the child tells until its pipe closes (None), or until an attempt takes too long (that)."""
    rest = b""
    with selectors.DefaultSelector() as selector:
        selector.register(reading, selectors.EVENT_READ)
        while True:
            if selector.select(POLL):
                content = os.read(reading, 2**16)
                if not content:
                    return None
                *lines, rest = (rest + content).split(b"\n")
                for line in lines:
                    _take_in(json.loads(line), child, course)
            if not course.begun:
                continue
            waited = time.monotonic() - course.since
            used = _processor_seconds(child) - course.spent
            if used > seconds or waited > PATIENCE * seconds:
                return f"took more than {seconds:g} seconds"


def _take_in(message: dict[str, Any], child: int, course: _Course) -> None:
    if "begins" in message:
        course.begun, course.since, course.spent = True, time.monotonic(), _processor_seconds(child)
        return
    course.begun = False
    course.done = message["ends"] + 1
    if message["how"] in course.counts:
        course.counts[message["how"]] += 1
    else:
        course.harms.append(Harm(message["ends"], message["how"], message["detail"]))


def _processor_seconds(process: int) -> float:
    """Processor time of a process so far; 0 where the system does not say: then the clock alone counts."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _end_group(child: int) -> None:
    """End the child and whatever it started; it is the leader of a group of its own."""
    for end in (os.killpg, os.kill):
        try:
            end(child, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            continue
