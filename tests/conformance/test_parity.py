"""Test that the NumPy engine and the Keras engine compute the same results on a real list.

``namegen.testing`` compares every engine with the NumPy engine on a few short names, one setting at a time. These tests
use a real list, whose batches need many tiles and several blocks. They combine settings to cover every code path with
few compilations: each cell with both values of ``bptt``, and each optimizer and clipping in at least one of these six
cases. Three cases run by default. The other three and a case in single precision are slow tests.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, TypeAlias

import numpy as np
import pytest

from namegen.backends import load_engine
from namegen.core.data.batching import BatchMaker
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.engine import Engine, Step
from namegen.core.generation.generator import Generator
from namegen.core.network.architecture import RecurrentNetwork
from namegen.core.settings import TrainingSettings
from namegen.lists import load_bundled
from tests.requirements import require

QUICK: list[tuple[str, dict[str, Any]]] = [
    ("simple_rnn", {"optimizer": "adam"}),
    ("gru", {"optimizer": "rmsprop", "clip_norm": 0.2}),
    ("lstm", {"optimizer": "momentum", "momentum": 0.8, "bptt": False}),
]
SLOW: list[tuple[str, dict[str, Any]]] = [
    ("simple_rnn", {"optimizer": "sgd", "bptt": False, "clip_norm": 0.5}),
    ("gru", {"optimizer": "adam", "bptt": False}),
    ("lstm", {"optimizer": "adam", "clip_norm": 0.1}),
]
RATES = {"adam": 0.01, "sgd": 0.5, "momentum": 0.5, "rmsprop": 0.005}
TOLERANCES = {"float64": 1e-9, "float32": 1e-3}  # relative to the largest value of a tensor
STEPS = 20

List: TypeAlias = tuple[BatchMaker, Vocabulary]


@pytest.fixture(autouse=True)
def _keras() -> None:
    require("keras", "tensorflow")


@pytest.fixture(scope="module")
def mlb_first() -> List:
    names = load_bundled("mlb-first")
    return BatchMaker.from_names(names.names, names.vocabulary), names.vocabulary


def engines(
    batches: List, cell: str, dtype: str, names: tuple[str, ...] = ("numpy", "keras"), **chosen: Any
) -> list[Engine]:
    """Return engines with the same non-zero parameters."""
    network = RecurrentNetwork(batches[1].size, cell, hidden=(8, 6))
    rng = np.random.default_rng(1)
    start = network.initial_parameters("glorot", rng=rng)
    start |= {
        name: rng.normal(0, 0.2, values.shape)
        for name, values in start.items()
        if name.endswith("bias")
    }
    training = TrainingSettings(**chosen)
    made = [load_engine(name)(network, training, threads=1, dtype=dtype) for name in names]
    for engine in made:
        engine.set_state(start)
    return made


def steps(batches: List, optimizer: str, first: int = 0, last: int = STEPS) -> Iterator[Step]:
    """Return the steps from ``first`` to ``last``, each with a different learning rate."""
    found = islice(batches[0].epoch(0, batch_size=150, seed=5), first, last)
    return (
        Step(batch, RATES[optimizer] * (1 - 0.02 * place))
        for place, batch in enumerate(found, first)
    )


def assert_same_state(found: Engine, expected: Engine, tolerance: float) -> None:
    found_state, expected_state = found.get_state(), expected.get_state()
    assert list(found_state) == list(expected_state)
    for name, values in expected_state.items():
        limit = tolerance * float(np.abs(values).max())
        np.testing.assert_allclose(found_state[name], values, rtol=0, atol=limit, err_msg=name)


@pytest.mark.parametrize(
    ("dtype", "cell", "chosen"),
    [
        *(("float64", *setting) for setting in QUICK),
        *(pytest.param("float64", *setting, marks=pytest.mark.slow) for setting in SLOW),
        pytest.param("float32", *QUICK[1], marks=pytest.mark.slow),
    ],
)
def test_both_engines_train_alike_and_resume_each_other(
    mlb_first: List, dtype: str, cell: str, chosen: dict[str, Any]
) -> None:
    """The engines make 20 steps each. Then one makes 7 steps and the other resumes with the remaining 13.

    Parameters, optimizer slots and losses agree. There is only one Keras engine because compiling takes long.
    """
    numpy, keras, other = engines(mlb_first, cell, dtype, ("numpy", "keras", "numpy"), **chosen)
    start, optimizer = keras.get_state(), chosen["optimizer"]
    expected, found = (engine.train_epoch(steps(mlb_first, optimizer)) for engine in (numpy, keras))
    assert len(found.loss_sum) == STEPS
    np.testing.assert_array_equal(found.characters, expected.characters)
    np.testing.assert_allclose(found.loss_sum, expected.loss_sum, rtol=TOLERANCES[dtype])
    assert_same_state(keras, numpy, TOLERANCES[dtype])
    for begins, goes_on in ((other, keras), (keras, other)):
        begins.set_state(start)
        begins.train_epoch(steps(mlb_first, optimizer, last=7))
        goes_on.set_state(begins.get_state())
        goes_on.train_epoch(steps(mlb_first, optimizer, first=7))
        assert goes_on.get_state()["optimizer.step"] == STEPS
        assert_same_state(goes_on, numpy, TOLERANCES[dtype])


@pytest.mark.parametrize(
    ("cell", "dtype", "same"),
    [("simple_rnn", "float32", 995), ("gru", "float32", 995), ("lstm", "float64", 1000)],
)
def test_both_engines_draw_the_same_names(
    mlb_first: List, cell: str, dtype: str, same: int
) -> None:
    numpy, keras = engines(mlb_first, cell, dtype, optimizer="adam")
    numpy.train_epoch(steps(mlb_first, "adam", last=100))
    keras.set_state(numpy.get_state())
    uniforms = np.random.default_rng(8).random((1000, 30))
    expected, found = (
        Generator(engine, mlb_first[1]).draw_one_by_one(uniforms) for engine in (numpy, keras)
    )
    assert len(np.unique(expected, axis=0)) > 700  # most names are different
    assert (expected == found).all(axis=1).sum() >= same
