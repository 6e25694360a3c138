"""Test two processes in one folder, of which one works and one is rejected, and several threads with one model."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from namegen.api.model import LoadedModel, open_checkpoint
from tests.cli.conftest import Program, Run, program, server, some_names  # noqa: F401  # fixtures
from tests.cli.test_resume import end, same_model
from tests.harm.effort import tries
from tests.labelled import labelled_checkpoint

SMALL = (
    "--quick",
    "--hidden",
    4,
    "--epochs",
    6,
    "--batch-size",
    32,
    "--seed",
    3,
    "--no-plot",
)
# Make each epoch slow, so that two processes that start together also train at the same time. Save every epoch.
SLOWLY = """
import time, namegen.backends.numpy_engine.engine as engine, namegen.core.training.trainer as training
import namegen.core.generation.fitting as fitting
fitting.DRAWS = 2_000  # as tests/adjusted.py has it
training.SECONDS_BETWEEN_SAVES = 0.0
train_epoch = engine.NumpyEngine.train_epoch
def slowly(self, steps):
    time.sleep(0.15)
    return train_epoch(self, steps)
engine.NumpyEngine.train_epoch = slowly
"""
# Let the two processes import everything and then wait for each other.
TOGETHER = """
import os, pathlib, time, namegen.api, namegen.cli.train
pathlib.Path("ready-" + str(os.getpid())).touch()
while len(list(pathlib.Path(".").glob("ready-*"))) < 2: time.sleep(0.005)
"""


def one_of_two(runner: Program, said: str, *command: object) -> Run:
    """Run a command twice at the same moment. One process must succeed, and the other must print the given error."""
    for ready in runner.folder.glob("ready-*"):
        ready.unlink()
    processes = [runner.spawn(*command, before=SLOWLY + TOGETHER) for _ in range(2)]
    went_on, refused = sorted(map(end, processes), key=lambda run: run.code)
    refused.refused(said)
    return went_on.done()


@pytest.fixture
def names(program, some_names) -> str:  # noqa: F811
    program.write("names.txt", "\n".join(some_names.split("\n")[:60]) + "\n")
    return "names.txt"


def test_only_one_process_can_start_or_resume_a_run(program, names) -> None:  # noqa: F811
    program("train", names, *SMALL, "--out", "whole").done()
    one_of_two(program, "exists already", "train", names, *SMALL, "--out", "run")
    fault = {"step": "before rename", "file": "state.safetensors", "at": 3}
    values = {"namegen.core.training.trainer.SECONDS_BETWEEN_SAVES": 0.0}
    killed = program("train", names, *SMALL, "--out", "killed", fault=fault, values=values)
    assert killed.code == -signal.SIGKILL
    one_of_two(program, "another namegen process is using", "train", "--resume", "killed")
    for out in ("run", "killed"):
        same_model(program.folder / out, program.folder / "whole")


# --- several threads with one model -----------------------------------------------------------------------------------

THREADS = 8


def fresh_model() -> LoadedModel:
    """Return a model that hasn't been used yet, so that several threads do the setup for the first call together."""
    return open_checkpoint(labelled_checkpoint("gru", (16, 16)), "threads")


CALLS: list[Callable[[LoadedModel], object]] = [
    call
    for seed in range(4)
    for call in (
        partial(LoadedModel.generate, n=10 + seed, seed=seed, allow_seen=True, max_length=8),
        partial(LoadedModel.most_likely, n=3 + seed, allow_seen=True, max_length=8),
        partial(LoadedModel.score, name="Mario"[seed:]),
    )
]


def test_threads_can_share_a_numpy_model() -> None:
    """Each thread makes the calls in order, starting with a different one, and gets the results of a single thread."""
    alone = fresh_model()
    expected = [call(alone) for call in CALLS]
    model = fresh_model()
    together = threading.Barrier(THREADS)

    def work(thread: int) -> None:
        together.wait(timeout=60)
        for number in range(thread, thread + tries("calls of each of 8 threads")):
            assert CALLS[number % len(CALLS)](model) == expected[number % len(CALLS)]

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)  # switch threads very often, to find race conditions
    try:
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(work, range(THREADS)))
    finally:
        sys.setswitchinterval(before)
