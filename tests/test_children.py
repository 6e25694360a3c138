"""Check the answers, progress reports, errors and crashes of child processes, and that none is left running."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from namegen.children import (
    Children,
    Job,
    JobEnded,
    JobProgress,
    Parent,
    own_environment,
    run_all,
)
from namegen.errors import EngineError, TrainingError
from namegen.events import Event, Running, UnderWay
from namegen.threads import VARIABLES


def work(document: Any, parent: Parent) -> Any:
    """Do the work of a child process in these tests."""
    for place in range(document.get("steps", 0)):
        print("a library says something")
        parent.report_progress(place + 1, document["steps"])
    match document["do"]:
        case "answer":
            assert 0 < time.time() - parent.started < 60
            return {
                "twice": 2 * document["number"],
                "threads": os.environ[VARIABLES[0]],
                "length": len(document["x"]),
            }
        case "refuse":
            raise EngineError("no such engine: choose another")
        case "raise":
            raise ValueError("of no\nuse")
        case "die":
            file = Path(document["file"])
            file.write_text(file.read_text() + "x" if file.exists() else "x")
            if len(file.read_text()) <= document["times"]:
                print("out of luck", file=sys.stderr, flush=True)
                os.kill(os.getpid(), signal.SIGKILL)
            return "alive"
        case "wait":
            Path(document["file"]).write_text(str(os.getpid()))
            parent.report_progress(1, 2)
            time.sleep(60)
    return None


def part(do: str, **document: Any) -> Job:
    return Job("tests.test_children:work", {"do": do, **document}, document.get("threads", 1))


def ended(*parts: Job, workers: int = 2) -> list[JobEnded]:
    with Children(workers) as children:
        return list(run_all(children, parts))


def test_jobs_return_answers_and_report_progress() -> None:
    """Documents can be longer than the buffer of a pipe. Output of libraries is discarded, and threads are limited."""
    parts = [
        part("answer", number=number, x="x" * 300_000, steps=2, threads=3) for number in range(3)
    ]
    told: list[Event] = []
    with Children(2) as children:
        answers = {event.job: event.answer for event in run_all(children, iter(parts), told.append)}
        assert children.running == []
    assert answers == {
        one: {"twice": 2 * n, "threads": "3", "length": 300_000} for n, one in enumerate(parts)
    }
    assert all(isinstance(event, Running) and len(event.under_way) <= 2 for event in told)
    assert told[-1] == Running(())
    with Children(1) as children:
        children.start(parts[0])
        events: list[JobProgress | JobEnded] = []
        while children.running:
            events += children.events()
    assert events[:-1] == [JobProgress(parts[0], 1, 2), JobProgress(parts[0], 2, 2)]


def test_an_exception_in_a_job_becomes_one_sentence() -> None:
    parts = part("refuse"), part("raise")
    found = {one.job: one for one in ended(*parts)}
    assert [found[one].trouble for one in parts] == [
        "no such engine: choose another",
        "ValueError: of no use",
    ]
    assert not any(one.answer for one in found.values())


@pytest.mark.parametrize("times", [1, 2])
def test_a_crashed_child_is_restarted_once(tmp_path: Path, times: int) -> None:
    [one] = ended(part("die", file=str(tmp_path / "starts"), times=times))
    assert (tmp_path / "starts").read_text() == "xx"
    if times == 1:
        assert (one.answer, one.trouble) == ("alive", "")
    else:
        assert "died twice, with the exit code -9 (out of luck)" in one.trouble
        assert "\n" not in one.trouble


def test_children_are_terminated_on_an_interrupt(tmp_path: Path) -> None:
    file = tmp_path / "state"

    def interrupt(event: Event) -> None:
        if isinstance(event, Running) and UnderWay("", 1, 2) in event.under_way:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), Children(1) as children:
        list(run_all(children, [part("wait", file=str(file)), part("raise")], interrupt))
    assert not psutil.pid_exists(int(file.read_text()))


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_no_child_outlives_its_parent(tmp_path: Path, how: signal.Signals) -> None:
    """The parent is killed, interrupted or terminated."""
    file = tmp_path / "state"
    code = (
        "from namegen.cli.ending import handle_end_signals\nfrom namegen.children import *\nhandle_end_signals()\n"
        f"part = Job('tests.test_children:work', {{'do': 'wait', 'file': {str(file)!r}}})\n"
        "with Children(1) as children:\n    list(run_all(children, [part]))\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], env=own_environment(), stderr=subprocess.DEVNULL
    )
    while not (file.exists() and file.read_text()):
        assert process.poll() is None
        time.sleep(0.01)
    child = psutil.Process(int(file.read_text()))
    process.send_signal(how)
    process.wait(30)
    psutil.wait_procs([child], timeout=10)
    assert not child.is_running()


def test_the_error_is_clear_if_no_process_can_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(subprocess, "Popen", full)
    with pytest.raises(TrainingError, match="temporarily"):
        ended(part("answer", number=1, x=""))
