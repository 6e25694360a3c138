"""Two of everything in one folder at once: one goes on, the other says so in a sentence, and nothing is lost."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Program, Run, program, server, some_names  # noqa: F401  # fixtures
from tests.cli.test_resume import end, same_model
from tests.harm.effort import tries
from tests.harm.run_files import GRID, tries_or_skip

SMALL = ("--effort", "quick", "--hidden", 4, "--epochs", 10, "--batch-size", 32, "--seed", 3, "--no-plot")
# An epoch takes a while, so that two that are started at once are at work at once; and every epoch is saved.
SLOWLY = """
import time, namegen.backends.numpy_engine.engine as engine, namegen.core.training.run as training
training.SECONDS_BETWEEN_SAVES = 0.0
train_epoch = engine.NumpyEngine.train_epoch
def slowly(self, steps):
    time.sleep(0.15)
    return train_epoch(self, steps)
engine.NumpyEngine.train_epoch = slowly
"""
# Both have loaded everything, and wait for each other.
TOGETHER = """
import os, pathlib, time, namegen.api, namegen.cli.train
pathlib.Path("ready-" + str(os.getpid())).touch()
while len(list(pathlib.Path(".").glob("ready-*"))) < 2: time.sleep(0.005)
"""


def both(runner: Program, first: tuple[object, ...], second: tuple[object, ...], before: str = SLOWLY) -> list[Run]:
    """Two commands, begun at the same moment, to their end: the one that went on comes first."""
    for ready in runner.folder.glob("ready-*"):
        ready.unlink()
    processes = [runner.spawn(*arguments, before=before + TOGETHER) for arguments in (first, second)]
    return sorted(map(end, processes), key=lambda run: run.code)


def one_went_on(runs: list[Run], *said: str) -> Run:
    """Assert that the other was refused in one sentence that says one of these things."""
    went_on, refused = runs
    went_on.done()
    refused.refused()
    assert any(one in refused.err for one in said), refused.err
    return went_on


@pytest.fixture
def names(program, some_names) -> str:  # noqa: F811
    program.write("names.txt", "\n".join(some_names.split("\n")[:60]) + "\n")
    return "names.txt"


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_two_trainings_of_one_name(program, names) -> None:  # noqa: F811
    attempts = tries_or_skip(landing=1, hour=50)
    program("train", names, *SMALL, "--out", "whole").done()
    for number in range(attempts):
        command = ("train", names, *SMALL, "--out", f"run-{number}")
        one_went_on(both(program, command, command), "exists already")
        same_model(program.folder / f"run-{number}", program.folder / "whole")


def test_two_trainings_that_choose_their_folders(program, names) -> None:  # noqa: F811
    """Each gets one of its own."""
    attempts = tries_or_skip(landing=1, hour=50)
    program("train", names, *SMALL, "--out", "whole").done()
    for _ in range(attempts):
        for run in both(program, ("train", names, *SMALL), ("train", names, *SMALL)):
            run.done()
    folders = list((program.folder / "runs").iterdir())
    assert len(folders) == 2 * attempts
    for folder in folders:
        same_model(folder, program.folder / "whole")


def test_two_that_go_on(program, names) -> None:  # noqa: F811
    program("train", names, *SMALL, "--out", "whole").done()
    for number in range(tries(few=1, landing=1, hour=50)):
        out = f"run-{number}"
        fault = {"step": "before rename", "file": "state.safetensors", "at": 3}
        values = {"namegen.core.training.run.SECONDS_BETWEEN_SAVES": 0.0}
        killed = program("train", names, *SMALL, "--out", out, fault=fault, values=values)
        assert killed.code == -signal.SIGKILL
        command = ("train", "--resume", out)
        one_went_on(both(program, command, command), "another namegen is at work in")
        same_model(program.folder / out, program.folder / "whole")


def wait_for(path: Path, process: Any) -> None:
    while not path.exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)


def test_one_that_goes_on_while_the_first_trains(program, names) -> None:  # noqa: F811
    """Not even what the first has half written is touched."""
    attempts = tries_or_skip(landing=2, hour=50)
    program("train", names, *SMALL, "--out", "whole").done()
    for number in range(attempts):
        out = f"run-{number}"
        process = program.spawn("train", names, *SMALL, "--out", out, before=SLOWLY)
        wait_for(program.folder / out / "model.safetensors", process)
        half = program.folder / out / ".state.safetensors.first.part"
        half.write_bytes(b"half")
        for _ in range(3):
            program("train", "--resume", out).refused("another namegen is at work in", out)
        assert half.read_bytes() == b"half"
        half.unlink()
        end(process).done()
        same_model(program.folder / out, program.folder / "whole")


def test_what_a_training_has_kept_is_not_lost_to_a_second_of_its_name(program, names) -> None:  # noqa: F811
    tries_or_skip()
    program("train", names, *SMALL, "--out", "run").done()
    kept = contents(program.folder / "run")
    for run in both(program, ("train", names, *SMALL, "--out", "run"), ("train", names, *SMALL, "--out", "run")):
        run.refused("run exists already")
    assert contents(program.folder / "run") == kept


def test_two_sweeps(program, names) -> None:  # noqa: F811
    attempts = tries_or_skip(landing=1, hour=50)
    program.write("grid.toml", GRID.format(epochs=40))
    for number in range(attempts):
        command = ("sweep", "grid.toml", "--out", f"sweep-{number}", "--workers", 1, "--json", "--quiet")
        document = one_went_on(both(program, command, command), "another namegen is at work in").json
        assert [run["status"] for run in document["runs"]] == ["done", "done"]
        kept = sorted(path.name for path in (program.folder / f"sweep-{number}").iterdir())
        assert [name for name in kept if not name.endswith(".png")] == [
            ".namegen-sweep",
            "results.csv",
            "results.json",
            "runs",
        ]


def test_two_comparisons(program, names) -> None:  # noqa: F811
    """The first is stopped by TERM once it has kept something: the second has taken nothing of it away."""
    attempts = tries_or_skip(landing=1, hour=50)
    for number in range(attempts):
        folder = program.folder / f"report-{number}"
        command = ("compare-backends", names, "--quick", "--out", folder.name)
        process = program.spawn(*command)
        wait_for(folder / "measurements", process)
        program(*command).refused("another namegen is at work in", folder.name)
        while not list(folder.glob("measurements/*.json")):
            assert process.poll() is None, process.communicate()
            time.sleep(0.02)
        program(*command).refused("another namegen is at work in", folder.name)
        process.send_signal(signal.SIGTERM)
        run = end(process)
        assert run.code == 128 + signal.SIGTERM, run
        assert "the same command continues from there" in run.err
        for path in folder.glob("measurements/*.json"):
            json.loads(path.read_bytes())
