"""Test runs and sweeps that are killed: all files stay readable, and resuming gives exactly the same model.

The process is killed at each step of writing each file (``faults.py``), and at random moments.
"""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from namegen.core.training import (
    CONFIG_FILE,
    HISTORY_FILE,
    KNOWN_FILE,
    MODEL_FILE,
    NAMES_FILE,
    STATE_FILE,
)
from namegen.files import remove_left_overs, write_whole
from tests.cli.conftest import Program, Run, program, server, serving, some_names  # noqa: F401  # fixtures
from tests.cli.test_resume import same_model
from tests.harm.attack import attack
from tests.harm.effort import tries
from tests.harm.faults import STEPS, Fault
from tests.harm.material import every_file_opens

FILES = (STATE_FILE, MODEL_FILE, HISTORY_FILE, CONFIG_FILE, KNOWN_FILE, NAMES_FILE)
# Kill a run at a random write of a file, up to this number. For other files, the number is MOST_OF_OTHERS.
MOST_WRITES = {NAMES_FILE: 1, KNOWN_FILE: 1, CONFIG_FILE: 1}
MOST_OF_OTHERS = 4
OFTEN = {
    "namegen.core.training.trainer.SECONDS_BETWEEN_SAVES": 0.0
}  # save a state after every epoch
SMALL = (
    "--quick",
    "--hidden",
    4,
    "--epochs",
    4,
    "--batch-size",
    8,
    "--seed",
    3,
    "--quiet",
)


def faults(seed: int) -> Iterator[dict[str, object]]:
    """Yield faults for every file and step, again and again, starting with a different step for each file."""
    rng = random.Random(seed)
    while True:
        for shift in range(len(STEPS)):
            for place, file in enumerate(FILES):
                at = rng.randint(1, MOST_WRITES.get(file, MOST_OF_OTHERS))
                yield {"step": STEPS[(place + shift) % len(STEPS)], "file": file, "at": at}


@pytest.fixture
def list_of_names(some_names) -> bytes:  # noqa: F811
    return "\n".join(some_names.split("\n")[:60]).encode() + b"\n"


def test_killed_runs_can_be_resumed(program, list_of_names) -> None:  # noqa: F811
    """The runs are killed once or twice: at a step of writing a file, or at a random moment."""

    def train(out: str, **how: Any) -> Run:
        options = (*SMALL, "--no-plot", "--out", out)
        return program("train", "-", *options, stdin=list_of_names, values=OFTEN, **how)

    began = time.monotonic()
    train("whole").done()
    seconds = time.monotonic() - began
    whole = program.folder / "whole"
    attempts = tries("killed training runs")
    more_faults, rng = faults(1), random.Random(0)
    killed = 0
    for number, fault in zip(range(attempts), faults(0), strict=False):
        first: dict[str, Any] = {"fault": fault}
        second: dict[str, Any] = {"fault": next(more_faults)} if number % 3 else {}
        if number % 3 == 2:
            first = {"kill_after": rng.uniform(0.1, 0.9) * seconds}
            second = {"kill_after": rng.uniform(0.1, 0.6) * seconds}
        out = f"run-{number}"
        folder = program.folder / out
        run = train(out, **first)
        assert run.code in (0, -signal.SIGKILL), run
        killed += run.code != 0
        every_file_opens(folder)
        # Without a config, training hadn't started, so there's nothing to resume.
        if not (folder / CONFIG_FILE).exists():
            continue
        resume = ("train", "--resume", out, "--quiet")
        if second:
            assert program(*resume, values=OFTEN, **second).code in (0, -signal.SIGKILL)
            every_file_opens(folder)
        program(*resume, values=OFTEN).done()
        every_file_opens(folder)
        same_model(folder, whole)
        assert {path.name for path in folder.iterdir()} == {path.name for path in whole.iterdir()}
    assert killed >= attempts // 3


@pytest.mark.parametrize("step", STEPS)
def test_a_killed_write_leaves_the_old_or_the_new_file(tmp_path: Path, step: str) -> None:
    """The process is killed while it writes the second ``.bin`` file, which shows that the step was reached."""
    path = tmp_path / "file.bin"
    path.write_bytes(b"what was there")

    def write(_: object) -> None:
        Fault(step, "*.bin", at=2).install()
        for name in ("a.txt", "other.bin", "file.bin"):
            write_whole(tmp_path / name, b"what is new" * 1000)

    with pytest.raises(AssertionError, match="the process ended by SIGKILL"):
        attack(write, [0])
    assert path.read_bytes() == (b"what was there" if step in STEPS[:3] else b"what is new" * 1000)
    remove_left_overs(tmp_path)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a.txt", "file.bin", "other.bin"]
