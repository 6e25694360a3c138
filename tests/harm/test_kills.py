"""Test runs and sweeps that are killed: all files stay readable, and resuming gives exactly the same model.

The process is killed at each step of writing each file (``faults.py``), and at random moments.
"""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

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
from tests.harm.material import GRID, every_file_opens
from tests.requirements import require

FILES = (STATE_FILE, MODEL_FILE, HISTORY_FILE, CONFIG_FILE, KNOWN_FILE, NAMES_FILE)
# Kill a run at a random write of a file, up to this number. For other files, the number is MOST_OF_OTHERS.
MOST_WRITES = {NAMES_FILE: 1, KNOWN_FILE: 1, CONFIG_FILE: 1}
MOST_OF_OTHERS = 4
OFTEN = {"namegen.core.training.run.SECONDS_BETWEEN_SAVES": 0.0}  # save a state after every epoch
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
ROOT = Path(__file__).parents[2]


class Kills:
    """Runs that are killed and resumed, and a run with the same options that isn't killed.

    Args:
        runner: the program to run.
        names: the list, passed through standard input.
        options: the options of ``namegen train``.
    """

    def __init__(self, runner: Program, names: bytes, *options: object) -> None:
        self._program, self._names, self._options = runner, names, options
        began = time.monotonic()
        self._train("whole").done()
        self.seconds = time.monotonic() - began
        self.whole = runner.folder / "whole"
        self.killed = 0

    def _train(self, out: str, **how: object) -> Run:
        return self._program(
            "train", "-", *self._options, "--out", out, stdin=self._names, values=OFTEN, **how
        )

    def one(self, out: str, first: dict[str, object], second: dict[str, object]) -> None:
        """Kill a run, and perhaps kill it again after it is resumed. Then resume it and let it finish."""
        folder = self._program.folder / out
        began = time.monotonic()
        run = self._train(out, **first)
        if run.code == 0:  # the run finished before the kill: kill the next runs earlier
            self.seconds = min(self.seconds, time.monotonic() - began)
        self._note(run)
        every_file_opens(folder)
        # Without a config, training hadn't started, so there's nothing to resume.
        if not (folder / CONFIG_FILE).exists():
            if folder.exists():
                self._program("train", "--resume", out).refused(
                    "is not a run folder that can be resumed"
                )
            return
        if second:
            self._note(self._program("train", "--resume", out, "--quiet", values=OFTEN, **second))
            every_file_opens(folder)
        self._program("train", "--resume", out, "--quiet", values=OFTEN).done()
        every_file_opens(folder)
        same_model(folder, self.whole)
        assert {path.name for path in folder.iterdir()} == {
            path.name for path in self.whole.iterdir()
        }

    def _note(self, run: Run) -> None:
        code = run.code
        assert code in (0, -signal.SIGKILL), run
        self.killed += code != 0


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


def test_killed_numpy_runs_can_be_resumed(program, list_of_names) -> None:  # noqa: F811
    attempts = tries("trainings that are killed, NumPy")
    kills = Kills(program, list_of_names, *SMALL, "--no-plot")
    of_the_second, rng = faults(1), random.Random(0)
    for number, fault in zip(range(attempts), faults(0), strict=False):
        kills.one(
            f"run-{number}", {"fault": fault}, {"fault": next(of_the_second)} if number % 2 else {}
        )
        first, second = (
            {"kill_after": rng.uniform(0.1, 0.9) * share * kills.seconds} for share in (1, 0.6)
        )
        kills.one(f"random-{number}", first, second)
    # Each try has at least two kills, but a few of them never happen.
    assert kills.killed >= attempts


def test_killed_keras_runs_can_be_resumed(list_of_names, tmp_path, tmp_path_factory) -> None:
    attempts = tries("trainings that are killed, Keras")
    require("keras")
    rng, of_a_write = random.Random(0), faults(2)
    with serving("namegen.backends.keras_engine.engine") as server_of_keras:
        program_of_keras = Program(server_of_keras, tmp_path, tmp_path_factory.mktemp("streams"))
        kills = Kills(program_of_keras, list_of_names, *SMALL, "--no-plot", "--backend", "keras")
        for number in range(attempts):
            at_random = {"kill_after": rng.uniform(0.3, 1) * kills.seconds}
            kills.one(
                f"run-{number}",
                *((at_random, {}) if number % 2 else ({"fault": next(of_a_write)}, {})),
            )
    assert kills.killed >= attempts // 2


def killed(call: Callable[[object], None]) -> None:
    """Make a call in a child process, and check that the process is killed."""
    with pytest.raises(AssertionError, match="the process ended by SIGKILL"):
        attack(call, [0])


# --- single files and stored results ----------------------------------------------------------------------------------


@pytest.mark.parametrize("step", STEPS)
def test_a_killed_write_leaves_the_old_or_the_new_file(tmp_path: Path, step: str) -> None:
    """The process is killed while it writes the second ``.bin`` file, which shows that the step was reached."""
    path = tmp_path / "file.bin"
    path.write_bytes(b"what was there")

    def write(_: object) -> None:
        Fault(step, "*.bin", at=2).install()
        for name in ("a.txt", "other.bin", "file.bin"):
            write_whole(tmp_path / name, b"what is new" * 1000)

    killed(write)
    assert path.read_bytes() == (b"what was there" if step in STEPS[:3] else b"what is new" * 1000)
    remove_left_overs(tmp_path)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a.txt", "file.bin", "other.bin"]


OF_A_SWEEP = (
    "namegen-sweep",
    "learning-rate-*.safe*",
    "summary.csv",
    "results.csv",
    "results.json",
    "*.png",
)


def test_a_killed_sweep_can_be_continued(program, list_of_names) -> None:  # noqa: F811
    """The test runs the real command, with worker processes that end with it."""
    attempts = tries("sweeps")
    program.write("names.txt", list_of_names)
    program.write("grid.toml", GRID.format(epochs=2))
    for number in range(attempts):
        step, file = STEPS[number % len(STEPS)], OF_A_SWEEP[(number + 2) % len(OF_A_SWEEP)]
        before = (
            f"import sys; sys.path.append({str(ROOT)!r}); from tests.harm.faults import Fault; "
            f"Fault({step!r}, {file!r}).install()"
        )
        out = f"sweep-{number}"
        killed = program.fresh(
            "sweep", "grid.toml", "--out", out, "--workers", 1, "--quiet", before=before
        )
        assert killed.code == -signal.SIGKILL, killed
        document = (
            program("sweep", "grid.toml", "--out", out, "--workers", 1, "--json", "--quiet")
            .done()
            .json
        )
        assert [row["status"] for row in document["rows"]] == ["done"] * 3
        assert not list((program.folder / out).rglob("*.part"))
