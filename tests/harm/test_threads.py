"""Several threads on one model: each gets the names, scores and likeliest names that one thread alone gets."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from namegen.api.model import LoadedModel
from namegen.backends import load_engine
from namegen.core.data.vocabulary import Beginnings, Vocabulary
from namegen.core.network.recurrent_network import RecurrentNetwork
from tests.harm.effort import tries
from tests.harm.run_files import tries_or_skip
from tests.requirements import require

THREADS = 8
CALLS = tries(few=8, landing=200, hour=500)  # of each thread
WAYS = 12  # different calls: a thread makes all of them in turn, each thread beginning with another
CHARACTERS = "aeilmnorst"


@pytest.fixture
def _threads_change_often() -> Iterator[None]:
    """So that every place where one thread can come in between another's two lines is met."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def fresh_model(cell: str, *, backend: str = "numpy", labels: int = 0) -> LoadedModel:
    """A model that nobody has asked anything yet: what it makes ready for its first call, threads make side by side."""
    vocabulary = Vocabulary(CHARACTERS)
    network = RecurrentNetwork(vocabulary.size, cell, (16, 16), labels=labels)
    rng = np.random.default_rng(0)
    shapes = network.parameter_shapes.items()
    state = {name: rng.normal(scale=0.5, size=shape).astype(np.float32) for name, shape in shapes}
    engine = load_engine(backend)(network, None, threads=1)
    engine.set_state(state)
    beginnings = Beginnings.from_counts(vocabulary.size, [3, 2, 1][:labels]) if labels else Beginnings.single()
    of_labels = tuple(f"label {place}" for place in range(labels))
    return LoadedModel("threads", engine, vocabulary, 8, beginnings=beginnings, labels=of_labels)


def ask(model: LoadedModel, way: int) -> object:
    """One of the calls."""
    kind, seed = way % 3, way // 3
    if kind == 0:
        return model.generate(10 + seed, seed=seed, allow_seen=True, max_length=8)
    if kind == 1:
        return model.best(5 + seed, allow_seen=True, max_length=8)
    return model.score("marion"[seed:])


def in_threads(call: Callable[[int], object]) -> list[object]:
    """What ``call(thread)`` gives in each of the threads, which all begin at the same moment."""
    together = threading.Barrier(THREADS)

    def work(thread: int) -> object:
        together.wait(timeout=60)
        return call(thread)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(work, range(THREADS)))


def check(make: Callable[[], LoadedModel], calls: int) -> None:
    """Ask a fresh model in threads, and hold every answer against those of another that one thread asks."""
    alone = make()
    expected = [ask(alone, way) for way in range(WAYS)]
    model = make()

    def work(thread: int) -> list[tuple[int, object]]:
        return [(way, ask(model, way)) for way in ((thread + call) % WAYS for call in range(calls))]

    for answers in in_threads(work):
        assert isinstance(answers, list)
        for way, answer in answers:
            assert answer == expected[way]


@pytest.mark.usefixtures("_threads_change_often")
@pytest.mark.parametrize(("cell", "labels"), [("simple_rnn", 0), ("gru", 3), ("lstm", 0)])
def test_of_the_numpy_engine(cell: str, labels: int) -> None:
    check(lambda: fresh_model(cell, labels=labels), CALLS)


@pytest.mark.usefixtures("_threads_change_often")
@pytest.mark.parametrize("attempt", range(tries(few=30, landing=200, hour=500)))
def test_the_first_step_of_a_model(attempt: int) -> None:
    """What the first step makes ready is made once, or by several threads alike."""
    tokens = np.full(3, attempt % 10, np.int32)

    def step(model: LoadedModel) -> np.ndarray:
        return model.model.step(tokens, model.model.initial_state(3))[0]

    expected, model = step(fresh_model("gru")), fresh_model("gru")
    for logits in in_threads(lambda _: step(model)):
        np.testing.assert_array_equal(logits, expected)


def test_of_the_keras_engine() -> None:
    require("keras")
    calls = tries_or_skip(landing=10, hour=50)
    check(lambda: fresh_model("gru", backend="keras"), calls)
