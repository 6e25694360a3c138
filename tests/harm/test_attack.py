"""The attacks themselves: each kind of harm is noticed, pinned on its attempt, and does not end the rest."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

from namegen.errors import CheckpointError
from tests.harm import effort
from tests.harm.attack import Tally, attack


def test_what_returns_or_is_refused_is_no_harm() -> None:
    def call(attempt: int) -> None:
        if attempt % 3 == 0:
            raise CheckpointError("no")

    assert attack(call, range(7)) == Tally(returned=4, refused=3)
    assert attack(call, []) == Tally(0, 0)


def test_an_attempt_leaves_nothing_behind_in_this_process() -> None:
    seen: list[int] = []
    attack(seen.append, [1, 2])
    assert seen == []


def test_a_traceback_is_harm_told_once_for_each_place() -> None:
    def call(attempt: str) -> None:
        if attempt != "good":
            raise KeyError(attempt)

    with pytest.raises(AssertionError) as caught:
        attack(call, ["good", "bad", "worse", "good"])
    message = str(caught.value)
    assert message.startswith("2 of 4 attempts did harm (of 4), in 1 ways:")
    assert "2 × KeyError in call" in message
    assert "first: attempt 1, 'bad'" in message


@pytest.mark.parametrize("error", [SystemExit(0), RecursionError("deep"), MemoryError(), KeyboardInterrupt()])
def test_whatever_is_not_of_namegen_is_harm(error: BaseException) -> None:
    def call(attempt: int) -> None:
        raise error

    with pytest.raises(AssertionError, match=type(error).__name__):
        attack(call, [1])


def test_a_warning_is_harm() -> None:
    with pytest.raises(AssertionError, match="UserWarning"):
        attack(lambda attempt: warnings.warn("a path", UserWarning, stacklevel=2), [1])


def test_a_crash_is_pinned_on_its_attempt_and_the_next_one_is_tried() -> None:
    def call(attempt: int) -> None:
        if attempt == 1:
            os.kill(os.getpid(), signal.SIGSEGV)
        if attempt == 2:
            ctypes.string_at(0)
        if attempt == 3:
            os._exit(3)

    with pytest.raises(AssertionError) as caught:
        attack(call, range(5))
    message = str(caught.value)
    assert message.startswith("3 of 5 attempts did harm")
    assert "2 × the process ended by SIGSEGV\n    first: attempt 1, 1" in message
    assert "1 × the process ended with 3\n    first: attempt 3, 3" in message


def test_a_hang_is_ended_whether_it_works_or_waits() -> None:
    def call(attempt: int) -> None:
        if attempt == 1:
            time.sleep(600)
        while attempt == 2:
            pass

    began = time.monotonic()
    with pytest.raises(AssertionError, match=r"2 × took more than 0\.2 seconds\n    first: attempt 1"):
        attack(call, range(4), seconds=0.2)
    assert time.monotonic() - began < 30


def test_what_an_attempt_started_ends_with_it(tmp_path: Path) -> None:
    def call(attempt: int) -> None:
        started = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        (tmp_path / "started").write_text(str(started.pid), encoding="utf-8")
        time.sleep(600)

    with pytest.raises(AssertionError, match="took more than"):
        attack(call, [1], seconds=0.25)
    started = Path("/proc") / (tmp_path / "started").read_text(encoding="utf-8") / "stat"
    if Path("/proc/self/stat").exists():
        assert not started.exists() or started.read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the limit of memory does not hold")
def test_too_much_memory_is_harm_and_the_limit_is_the_same_for_each_attempt() -> None:
    kept = []

    def call(megabytes: int) -> None:
        kept.append(np.ones(megabytes * 2**17))

    with pytest.raises(AssertionError, match=r"(?s)1 of 4 .*1 × MemoryError.*first: attempt 2, 300"):
        attack(call, [150, 150, 300, 150], memory=200 * 2**20)


def test_a_long_message_is_harm_by_its_bytes() -> None:
    def call(text: str) -> None:
        raise CheckpointError(text)

    attack(call, ["a" * 2000])
    with pytest.raises(AssertionError, match="a message of more than 2,000 bytes: CheckpointError in call"):
        attack(call, ["ä" * 1001])
    with pytest.raises(AssertionError, match="more than 10 bytes"):
        attack(call, ["a" * 11], longest_message=10)


def test_a_long_attempt_is_told_in_short() -> None:
    with pytest.raises(AssertionError) as caught:
        attack(lambda attempt: 1 / 0, ["x" * 100_000])
    assert len(str(caught.value)) < 2000


@pytest.mark.parametrize(("wanted", "count"), [("few", 1), ("landing", 2), ("hour", 3)])
def test_how_many_tries_is_told_by_the_environment(monkeypatch: pytest.MonkeyPatch, wanted: str, count: int) -> None:
    monkeypatch.setenv(effort.VARIABLE, wanted)
    assert effort.tries(few=1, landing=2, hour=3) == count


def test_an_unknown_effort_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(effort.VARIABLE, raising=False)
    assert effort.tries(few=1, landing=2, hour=3) == 1
    monkeypatch.setenv(effort.VARIABLE, "all")
    with pytest.raises(ValueError, match="expected one of few, landing, hour"):
        effort.tries(few=1, landing=2, hour=3)
