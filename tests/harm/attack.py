"""Make a call in child processes with limits, and report each attempt that did harm."""

from __future__ import annotations

import math
import os
import pickle
import resource
import select
import signal
import traceback
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, TypeVar

import pytest

from namegen.errors import NamegenError

Attempt = TypeVar("Attempt")

PATIENCE = 4  # the limit of wall time, as a multiple of the limit of processor time
MAX_SHOWN = 600  # the most characters of an attempt in a message


@dataclass(frozen=True)
class Tally:
    """The number of attempts that returned, and the number of attempts that raised a NamegenError."""

    returned: int
    refused: int


def attack(
    call: Callable[[Attempt], object],
    attempts: Iterable[Attempt],
    *,
    seconds: float = 5.0,
    memory: int = 2**30,
    longest_message: int = 2000,
) -> Tally:
    """Run ``call(attempt)`` for each attempt, each in a child process with limits.

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
        AssertionError: an attempt did harm.
    """
    if not hasattr(os, "fork"):
        pytest.skip("attacks need a system that can fork")
    outcomes = []
    for number, attempt in enumerate(attempts):
        reading, writing = os.pipe()
        with warnings.catch_warnings():
            # Python 3.12 warns about a fork while other threads run. The child takes no lock that they could hold.
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if child == 0:
            work(call, attempt, writing, seconds, memory, longest_message)
        os.close(writing)
        try:
            in_time = bool(select.select([reading], [], [], PATIENCE * seconds)[0])
            with os.fdopen(reading, "rb") as report:
                outcome = report.read() if in_time else b""
        finally:
            os.killpg(child, signal.SIGKILL)  # also the processes that it started
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if not outcome:
            name = f"by {signal.Signals(-status).name}" if status < 0 else f"with {status}"
            described = f"the process ended {name}" if in_time else "took too long"
        else:
            described = pickle.loads(outcome)  # noqa: S301  # from our own child
        shown = repr(attempt)[:MAX_SHOWN]
        assert described in ("returned", "refused"), f"attempt {number}, {shown}: {described}"
        outcomes.append(described)
    return Tally(outcomes.count("returned"), outcomes.count("refused"))


def work(
    call: Callable[[Attempt], object],
    attempt: Attempt,
    report: int,
    seconds: float,
    memory: int,
    longest_message: int,
) -> NoReturn:
    """Make an attempt in the child process, and report its outcome. Never return."""
    try:
        os.setpgid(0, 0)
        limit(resource.RLIMIT_CORE, 0)
        limit(resource.RLIMIT_CPU, math.ceil(seconds))
        # The address space already contains NumPy and its thread pool, so only its growth is limited.
        statm = Path("/proc/self/statm")
        if statm.exists():
            size = int(statm.read_text().split()[0]) * resource.getpagesize()
            limit(resource.RLIMIT_AS, size + memory)
        try:
            call(attempt)
            outcome = "returned"
        except NamegenError as error:
            message = str(error).encode(errors="replace")
            outcome = "refused" if len(message) <= longest_message else f"a message {message!r}"
        except BaseException:
            outcome = traceback.format_exc()
        limit(resource.RLIMIT_AS, resource.RLIM_INFINITY)
        os.write(report, pickle.dumps(outcome[-60_000:]))
    finally:
        os._exit(0)


def limit(kind: int, value: int) -> None:
    """Set the soft limit of a resource, at most to its hard limit."""
    hard = resource.getrlimit(kind)[1]
    if hard != resource.RLIM_INFINITY and (value == resource.RLIM_INFINITY or value > hard):
        value = hard
    resource.setrlimit(kind, (value, hard))
