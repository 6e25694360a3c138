"""Test ``attack`` itself: it detects each kind of harm, reports the right attempt, and continues with the next one."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from namegen.errors import CheckpointError
from tests.harm.attack import Tally, attack


def raises(error: BaseException) -> Callable[[object], None]:
    def call(attempt: object) -> None:
        raise error

    return call


def test_returned_and_rejected_attempts_do_no_harm() -> None:
    seen: list[int] = []

    def call(attempt: int) -> None:
        seen.append(attempt)
        if attempt % 3 == 0:
            raise CheckpointError("no")

    assert attack(call, range(7)) == Tally(returned=4, refused=3)
    assert attack(call, []) == Tally(0, 0)
    assert seen == []


def test_repeated_tracebacks_are_reported_once_and_shortened() -> None:
    def call(attempt: str) -> None:
        if attempt != "good":
            raise KeyError(attempt)

    said = r"(?s)^2 of 4 attempts did harm \(of 4\), in 1 ways:.*2 × KeyError in call.*first: attempt 1, 'bad.{,1800}$"
    with pytest.raises(AssertionError, match=said):
        attack(call, ["good", "bad" * 50_000, "worse", "good"])


@pytest.mark.parametrize(
    ("call", "kind"),
    [
        (raises(SystemExit(0)), "SystemExit"),
        (lambda attempt: warnings.warn("a path", UserWarning, stacklevel=2), "UserWarning"),
        (lambda attempt: os._exit(3), "the process ended with 3"),
        (lambda attempt: ctypes.string_at(0), "the process ended by SIGSEGV"),
        (lambda attempt: [None for _ in iter(int, 1)], "took more than 0.5 seconds"),
    ],
)
def test_other_outcomes_are_harm_and_the_next_attempt_still_runs(call: Any, kind: str) -> None:
    with pytest.raises(AssertionError, match=f"(?s)^1 of 3 .*1 × {kind}.*first: attempt 1, 1"):
        attack(lambda attempt: call(attempt) if attempt == 1 else None, range(3), seconds=0.5)


def test_processes_that_an_attempt_started_are_killed_with_it(tmp_path: Path) -> None:
    def call(attempt: int) -> None:
        started = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        (tmp_path / "started").write_text(str(started.pid), encoding="utf-8")
        os.kill(os.getpid(), signal.SIGSTOP)

    with pytest.raises(AssertionError, match="took more than"):
        attack(call, [1], seconds=0.25)
    status = Path("/proc") / (tmp_path / "started").read_text(encoding="utf-8") / "stat"
    for _ in range(200):  # the process was killed, but the system may need a moment to remove it
        if (
            not status.exists()
            or status.read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z"
        ):
            break
        time.sleep(0.05)
    else:
        pytest.fail("it still runs")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the limit of memory does not hold")
def test_each_attempt_has_the_same_memory_limit() -> None:
    kept = []

    def call(megabytes: int) -> None:
        kept.append(np.zeros(megabytes * 2**17))

    with pytest.raises(
        AssertionError, match=r"(?s)1 of 4 .*1 × MemoryError.*first: attempt 2, 300"
    ):
        attack(call, [150, 150, 300, 150], memory=200 * 2**20)


def test_a_message_with_too_many_bytes_is_harm() -> None:
    class LongError(CheckpointError):
        """An error whose message isn't shortened."""

        def __str__(self) -> str:
            return str(self.args[0])

    attack(raises(LongError("a" * 2000)), [1])
    with pytest.raises(
        AssertionError, match="a message of more than 2,000 bytes: LongError in call"
    ):
        attack(raises(LongError("ä" * 1001)), [1])
