"""``train --effort best`` and ``teach``, from outside: what they say, and what a kill leaves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import psutil
import pytest

from tests.cli.conftest import ENVIRONMENT, FAST, Program

TAUGHT = ("--cell", "gru", "--hidden", 8, "--epochs", 2, "--no-plot", "--threads", 1)


@pytest.fixture
def names(program: Program, some_names: str) -> str:
    (program.folder / "three-hundred.txt").write_text(some_names, encoding="utf-8")
    return "three-hundred.txt"


def test_given_models_teach(program: Program, names: str) -> None:
    program("train", names, "--out", "one", *FAST, "--hidden", 6).done()
    run = program("teach", names, "--teachers", "one,counting", "--drawn", 500, "--out", "taught", *TAUGHT).done()
    heard = run.err.partition("weights of the teachers: ")[2].splitlines()[0]
    assert heard.startswith("one ")
    assert "counting" in heard
    assert "to learn from: " in run.err
    assert "this network" in run.out
    assert program("generate", "taught", "-n", 3, "--allow-seen").done().out.count("\n") == 3
    assert 'teachers = ["' in (program.folder / "taught" / "config.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("teachers", "fragment", "code"),
    [
        ("nobody", "there is no model 'nobody'", 1),
        ("companies,companies", "'companies' twice", 2),
        ("", "an empty name", 2),
    ],
)
def test_wrong_teachers(program: Program, names: str, teachers: str, fragment: str, code: int) -> None:
    program("teach", names, "--teachers", teachers, "--out", "wrong", *TAUGHT).refused(fragment, code=code)
    assert not (program.folder / "wrong").exists()


def test_few_names_say_what_is_left_out(program: Program) -> None:
    (program.folder / "few.txt").write_text("\n".join(f"Name{place:02}" for place in range(40)), encoding="utf-8")
    run = program("train", "few.txt", "--effort", "best", "--epochs", 1, "--no-plot", "--out", "few").done()
    assert "too few names to choose the teachers' weights by: training as with --effort standard" in run.err
    assert not (program.folder / "few" / "teachers").exists()


@pytest.mark.slow
def test_a_kill_leaves_no_process_and_loses_little(program: Program, names: str) -> None:
    """Neither of those that train teachers nor of what they had saved; --resume goes on to the end."""
    command = [sys.executable, "-m", "namegen", "train", names, "--effort", "best", "--out", "killed"]
    process = subprocess.Popen([*command, *map(str, TAUGHT)], cwd=program.folder, env=ENVIRONMENT)
    teachers = program.folder / "killed" / "teachers"
    wait_for(lambda: len(list(teachers.glob("*/model.safetensors"))) >= 1, seconds=60)
    children = psutil.Process(process.pid).children()
    assert children
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    _, alive = psutil.wait_procs(children, timeout=30)
    assert not alive
    trained = {path: path.read_bytes() for path in teachers.glob("*/model.safetensors")}
    assert trained
    program.fresh("train", "--resume", "killed").done()
    assert program("generate", "killed", "-n", 3, "--allow-seen").done()


@pytest.mark.slow
def test_ctrl_c_saves_the_teachers(program: Program, names: str) -> None:
    command = [sys.executable, "-m", "namegen", "train", names, "--effort", "best", "--out", "stopped"]
    process = subprocess.Popen(
        [*command, *map(str, TAUGHT)], cwd=program.folder, env=ENVIRONMENT, stderr=subprocess.PIPE, text=True
    )
    wait_for(lambda: (program.folder / "stopped" / "teachers" / "1" / "state.safetensors").is_file(), seconds=60)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "what its teachers have learned is saved. To continue:\n  namegen train --resume stopped" in err
    assert "Traceback" not in err
    program.fresh("train", "--resume", "stopped").done()


def wait_for(holds: Callable[[], bool], *, seconds: float) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "it takes too long"
        time.sleep(0.05)


def test_a_scheduler_is_refused_where_no_teacher_is_trained(program: Program, names: str) -> None:
    given = ("teach", names, "--teachers", "mlb-first,counting", "--scheduler", "tcp://nowhere:1")
    program(*given).refused("--scheduler has no effect, because these teachers are already trained", code=2)
    program("train", names, "--scheduler", "tcp://nowhere:1").refused("add --effort best", code=2)
