"""Trainings, sweeps and comparisons that are killed: every file opens, and going on equals the whole, bit for bit.

Kills come at each step of each file's writing (``faults.py``), and at random moments, from outside.
"""

from __future__ import annotations

import csv
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from namegen.config import read_run_config
from namegen.core.network.tensor_file import read_tensors
from namegen.core.training.file_names import (
    CONFIG_FILE,
    HISTORY_FILE,
    KNOWN_NAMES_FILE,
    MODEL_FILE,
    NAMES_FILE,
    PLOT_FILE,
    STATE_FILE,
)
from namegen.core.training.history import COLUMNS
from namegen.core.training.run_folder import RunFolder, read_model
from namegen.experiments.kept import KeptStore, open_folder
from namegen.experiments.sweep.kept_runs import MODEL_SUFFIX
from namegen.files import write_whole
from tests.cli.conftest import Program, program, server, some_names  # noqa: F401  # fixtures
from tests.cli.test_resume import same_model
from tests.harm.effort import tries
from tests.harm.faults import STEPS, Fault, in_child
from tests.requirements import require

FILES = (STATE_FILE, MODEL_FILE, HISTORY_FILE, CONFIG_FILE, KNOWN_NAMES_FILE, NAMES_FILE)
MOST_WRITES = {NAMES_FILE: 1, KNOWN_NAMES_FILE: 1, CONFIG_FILE: 1}  # of the others it is what follows
MOST_OF_OTHERS = 4
# A state after every epoch, and digests that lie in a file of their own.
OFTEN = {
    "namegen.core.training.run.SECONDS_BETWEEN_SAVES": 0.0,
    "namegen.core.training.run_folder.MOST_KNOWN_NAMES": 10,
}
SMALL = ("--effort", "quick", "--hidden", 4, "--epochs", 4, "--batch-size", 8, "--seed", 3, "--quiet")
PNG_END = b"IEND\xaeB`\x82"


def every_file_opens(folder: Path) -> None:
    """Assert that whatever lies in a run folder under its own name is whole."""
    if not folder.exists():
        return
    for name in {path.name for path in folder.iterdir() if not path.name.endswith(".part")}:
        path = folder / name
        match name:
            case "config.toml":
                read_run_config(path)
            case "names.txt":
                assert path.read_text(encoding="utf-8").endswith("\n")
            case "history.csv":
                with path.open(encoding="utf-8", newline="") as stream:
                    assert all(len(row) == len(COLUMNS) for row in csv.reader(stream))
            case "state.safetensors":
                RunFolder(folder).load_state()
            case "model.safetensors":
                read_model(path)
            case "known_names.safetensors":
                read_tensors(path)
            case "history.png":
                assert path.read_bytes().endswith(PNG_END)
            case _:
                raise AssertionError(f"{name} is no file of a run folder")


class Kills:
    """A training that is killed again and again, beside the same one that was not.

    Args:
        program: runs it.
        names: the list, as standard input has it.
        options: of the training.
    """

    def __init__(self, program: Program, names: bytes, *options: object) -> None:
        self._program, self._names, self._options = program, names, options
        began = time.monotonic()
        self._train("whole").done()
        self.seconds = time.monotonic() - began
        self.whole = program.folder / "whole"
        self.killed = 0

    def _train(self, out: str, **how: object) -> object:
        return self._program("train", "-", *self._options, "--out", out, stdin=self._names, values=OFTEN, **how)

    def one(self, out: str, first: dict[str, object], second: dict[str, object]) -> None:
        """Kill a training, and perhaps the one that goes on with it; then let it come to its end."""
        folder = self._program.folder / out
        self._note(self._train(out, **first))
        every_file_opens(folder)
        if not (folder / CONFIG_FILE).exists():  # it had not begun, and there is nothing to go on with
            if folder.exists():
                self._program("train", "--resume", out).refused("is not a run folder that can be resumed")
            return
        self._note(self._program("train", "--resume", out, "--quiet", values=OFTEN, **second))
        every_file_opens(folder)
        self._program("train", "--resume", out, "--quiet", values=OFTEN).done()
        every_file_opens(folder)
        same_model(folder, self.whole)
        assert {path.name for path in folder.iterdir()} == {path.name for path in self.whole.iterdir()}

    def _note(self, run: object) -> None:
        code = run.code
        assert code in (0, -signal.SIGKILL), run
        self.killed += code != 0


def faults(seed: int) -> Iterator[dict[str, object]]:
    """Every file with every step, each file first with another step; then again, with other turns."""
    rng = random.Random(seed)
    while True:
        for shift in range(len(STEPS)):
            for place, file in enumerate(FILES):
                at = rng.randint(1, MOST_WRITES.get(file, MOST_OF_OTHERS))
                yield {"step": STEPS[(place + shift) % len(STEPS)], "file": file, "at": at}


@pytest.fixture
def list_of_names(some_names) -> bytes:  # noqa: F811
    return "\n".join(some_names.split("\n")[:60]).encode() + b"\n"


def test_numpy_at_every_write(program, list_of_names) -> None:  # noqa: F811
    attempts = tries(few=4, landing=40, hour=500)
    kills = Kills(program, list_of_names, *SMALL, "--no-plot")
    of_the_second = faults(1)
    for number, fault in zip(range(attempts), faults(0), strict=False):
        kills.one(f"run-{number}", {"fault": fault}, {"fault": next(of_the_second)})
    assert kills.killed >= attempts  # of two each


def test_the_plot_at_every_write(program, list_of_names) -> None:  # noqa: F811
    """It comes when the training is over: the next one finds nothing to train, and draws."""
    steps = STEPS[: tries(few=1, landing=2, hour=len(STEPS))]
    kills = Kills(program, list_of_names, *SMALL)
    for step in steps:
        fault = {"step": step, "file": PLOT_FILE}
        kills.one(f"run-{step}", {"fault": fault}, {"fault": fault})
    assert kills.killed == 2 * len(steps)


def test_numpy_at_random(program, list_of_names) -> None:  # noqa: F811
    attempts = tries(few=2, landing=20, hour=500)
    kills = Kills(program, list_of_names, *SMALL, "--no-plot")
    rng = random.Random(0)
    for number in range(attempts):
        first, second = ({"kill_after": rng.uniform(0.3, 1) * kills.seconds} for _ in range(2))
        kills.one(f"run-{number}", first, second)
    assert kills.killed >= attempts // 2
