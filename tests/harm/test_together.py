"""Test two processes in one folder, of which one works and one is rejected, and several threads with one model."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from namegen.api.model import LoadedModel
from namegen.backends import load_engine
from namegen.core.checkpoint.metadata import ListMetadata
from namegen.core.data.labels import StartTokens
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.network.architecture import RecurrentNetwork
from tests.cli.conftest import Program, Run, program, server, some_names  # noqa: F401  # fixtures
from tests.cli.test_resume import end, same_model
from tests.harm.effort import tries

SMALL = (
    "--quick",
    "--hidden",
    4,
    "--epochs",
    10,
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
WAYS = 12  # number of different calls: each thread makes all of them in order, starting with a different one


@pytest.fixture
def _threads_change_often() -> Iterator[None]:
    """Switch threads very often, so that the test finds race conditions."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def fresh_model(cell: str, *, backend: str = "numpy", labels: int = 0) -> LoadedModel:
    """Return a model that hasn't been used yet, so that several threads do the setup for the first call together."""
    vocabulary = Vocabulary("aeilmnorst")
    network = RecurrentNetwork(vocabulary.size, cell, (16, 16), labels=labels)
    rng = np.random.default_rng(0)
    shapes = network.parameter_shapes.items()
    state = {name: rng.normal(scale=0.5, size=shape).astype(np.float32) for name, shape in shapes}
    engine = load_engine(backend)(network, None, threads=1)
    engine.set_state(state)
    start_tokens = (
        StartTokens.from_counts(vocabulary.size, [3, 2, 1][:labels])
        if labels
        else StartTokens.single()
    )
    of_labels = tuple(f"label {place}" for place in range(labels))
    metadata = ListMetadata(vocabulary=vocabulary, longest_name=8)
    return LoadedModel("threads", engine, metadata, start_tokens=start_tokens, labels=of_labels)


def ask(model: LoadedModel, way: int) -> object:
    """Make one of the calls."""
    kind, seed = way % 3, way // 3
    if kind == 0:
        return model.generate(10 + seed, seed=seed, allow_seen=True, max_length=8)
    if kind == 1:
        return model.most_likely(5 + seed, allow_seen=True, max_length=8)
    return model.score("marion"[seed:])


def check(make: Callable[[], LoadedModel], calls: int) -> None:
    """Use a new model in several threads, and compare each result with the result of a single thread."""
    alone = make()
    expected = [ask(alone, way) for way in range(WAYS)]
    model = make()

    together = threading.Barrier(THREADS)

    def work(thread: int) -> list[tuple[int, object]]:
        together.wait(timeout=60)
        return [(way, ask(model, way)) for way in ((thread + call) % WAYS for call in range(calls))]

    with ThreadPoolExecutor(THREADS) as pool:
        for answers in pool.map(work, range(THREADS)):
            assert answers == [(way, expected[way]) for way, _ in answers]


@pytest.mark.usefixtures("_threads_change_often")
def test_threads_can_share_a_numpy_model() -> None:
    check(lambda: fresh_model("gru", labels=3), tries("calls of each of 8 threads"))
