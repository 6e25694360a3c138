"""Test that the NumPy engine and the Keras engine compute the same results on a real list.

``namegen.testing`` compares every engine with the NumPy engine on a few short names. The batches of a real list need
many tiles and several blocks. Each cell has another optimizer, so that all of them are compared with few compilations.
"""

from __future__ import annotations

from itertools import islice
from typing import Any

import numpy as np
import pytest

from namegen.backends import load_engine
from namegen.core.data.batching import BatchMaker
from namegen.core.engine import Engine, Step
from namegen.core.generation.generator import Generator
from namegen.core.network.architecture import RecurrentNetwork
from namegen.core.settings import TrainingSettings
from namegen.lists import load_bundled
from namegen.testing.comparisons import expect_same, expect_within
from namegen.testing.material import small_parameters
from tests.requirements import require

SETTINGS: dict[str, dict[str, Any]] = {
    "simple_rnn": {"optimizer": "adam"},
    "gru": {"optimizer": "rmsprop", "clip_norm": 0.2},
    "lstm": {"optimizer": "momentum", "momentum": 0.8, "bptt": False},
}
RATES = {"adam": 0.01, "momentum": 0.5, "rmsprop": 0.005}
STEPS = 20
LIST = load_bundled("mlb-first")


@pytest.fixture(autouse=True)
def _keras() -> None:
    require("keras", "tensorflow")


def engines(cell: str, dtype: str) -> tuple[Engine, Engine]:
    """Return a NumPy engine and a Keras engine with the same parameters."""
    network = RecurrentNetwork(LIST.vocabulary.size, cell, hidden=(8, 6))
    training = TrainingSettings(**SETTINGS[cell])
    numpy, keras = (
        load_engine(name)(network, training, threads=1, dtype=dtype) for name in ("numpy", "keras")
    )
    for engine in (numpy, keras):
        engine.set_state(small_parameters(network))
    return numpy, keras


def steps(cell: str) -> list[Step]:
    """Return steps with different learning rates."""
    rate = RATES[SETTINGS[cell]["optimizer"]]
    maker = BatchMaker.from_names(LIST.names, LIST.vocabulary)
    batches = islice(maker.epoch(0, batch_size=150, seed=5), STEPS)
    return [Step(batch, rate * (1 - 0.02 * k)) for k, batch in enumerate(batches)]


@pytest.mark.parametrize(
    ("cell", "dtype", "tolerance"),
    [
        *((cell, "float64", 1e-9) for cell in SETTINGS),
        pytest.param("gru", "float32", 1e-3, marks=pytest.mark.slow),
    ],
)
def test_both_engines_train_alike_and_resume_each_other(
    cell: str, dtype: str, tolerance: float
) -> None:
    """Each engine makes 20 steps. Then one makes 7 steps, and the other resumes with the remaining 13."""
    numpy, keras = engines(cell, dtype)
    start = numpy.get_state()
    all_steps = steps(cell)
    expected = numpy.train_epoch(all_steps)
    losses = keras.train_epoch(all_steps)
    np.testing.assert_array_equal(losses.characters, expected.characters)
    limit = tolerance * expected.loss_sum.max()
    expect_within(losses.loss_sum, expected.loss_sum, limit, "a loss")
    final_state = numpy.get_state()
    expect_same(keras.get_state(), final_state, "after 20 steps", tolerance)
    for first, second in ((numpy, keras), (keras, numpy)):
        first.set_state(start)
        first.train_epoch(all_steps[:7])
        second.set_state(first.get_state())
        second.train_epoch(all_steps[7:])
        expect_same(second.get_state(), final_state, "resumed after 7 steps", tolerance)


@pytest.mark.parametrize(
    ("cell", "dtype", "same"),
    [("simple_rnn", "float32", 995), ("gru", "float32", 995), ("lstm", "float64", 1000)],
)
def test_both_engines_draw_the_same_names(cell: str, dtype: str, same: int) -> None:
    numpy, keras = engines(cell, dtype)
    numpy.train_epoch(steps(cell))
    keras.set_state(numpy.get_state())
    uniforms = np.random.default_rng(8).random((1000, 30))
    expected, drawn = (
        Generator(engine, LIST.vocabulary).draw_one_by_one(uniforms) for engine in (numpy, keras)
    )
    assert len(np.unique(expected, axis=0)) > 700  # most names are different
    assert (expected == drawn).all(axis=1).sum() >= same
