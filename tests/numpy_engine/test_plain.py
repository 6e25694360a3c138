"""Test that the plain loop of ``plain.py`` and the NumPy engine compute the same results."""

from __future__ import annotations

import runpy

import numpy as np
import pytest

from namegen.backends.numpy_engine import plain
from namegen.backends.numpy_engine.engine import NumpyEngine
from namegen.core.data.batching import Batch
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.engine import Step
from namegen.core.network.architecture import RecurrentNetwork
from namegen.core.settings import TrainingSettings

NAMES = ["Ann", "Anna", "Bo", "Bob", "Anna", "", "Annabo"]
VOCABULARY = Vocabulary.from_names(NAMES)
ENCODED = [VOCABULARY.encode(name).tolist() for name in NAMES]
BATCH = Batch(PrefixTree.from_names(NAMES, VOCABULARY))


def both() -> tuple[plain.Tensors, NumpyEngine]:
    """Return parameters for the plain loop and an engine with a copy of them."""
    parameters = plain.new_parameters(VOCABULARY.size, 5, np.random.default_rng(0))
    network = RecurrentNetwork(VOCABULARY.size, hidden=(5,))
    engine = NumpyEngine(network, TrainingSettings(optimizer="adam"), threads=1, dtype="float64")
    engine.set_state(parameters)
    return parameters, engine


def test_loss_and_gradient_agree_with_the_engine() -> None:
    parameters, engine = both()
    assert tuple(parameters) == tuple(engine.network.parameter_shapes)
    loss, gradient = plain.loss_and_gradient(parameters, ENCODED)
    assert engine.model.loss_and_gradient(BATCH) == pytest.approx(loss, rel=1e-12)
    for name, values in gradient.items():
        np.testing.assert_allclose(engine.model.gradients[name], values, rtol=0, atol=1e-10)


def test_adam_agrees_with_the_engine() -> None:
    parameters, engine = both()
    adam, losses, rates = plain.Adam(parameters), [], (0.05, 0.02, 0.05, 0.01)
    for rate in rates:
        loss, gradient = plain.loss_and_gradient(parameters, ENCODED)
        losses.append(loss)
        adam.update(parameters, gradient, rate)
    assert engine.train_epoch(Step(BATCH, rate) for rate in rates).loss_sum == pytest.approx(
        losses, rel=1e-10
    )
    for name, values in parameters.items():
        np.testing.assert_allclose(engine.model.parameters[name], values, rtol=0, atol=1e-10)


def test_names_are_drawn_with_the_probabilities_of_the_engine() -> None:
    """The share of empty names in 4,000 draws is within three standard errors of the engine's probability."""
    parameters, engine = both()
    rng = np.random.default_rng(1)
    lengths = np.array([len(plain.draw(parameters, rng, longest=1)) for _ in range(4_000)])
    logits, _ = engine.step(np.array([0], np.int32), engine.initial_state(1))
    stop = plain.softmax(logits[0])[0]
    assert abs((lengths == 0).mean() - stop) < 3 * np.sqrt(stop * (1 - stop) / len(lengths))


def test_the_plain_loop_runs_as_a_program(capsys: pytest.CaptureFixture[str]) -> None:
    """The trained model produces names from its list."""
    runpy.run_path(plain.__file__, run_name="__main__")
    drawn = capsys.readouterr().out.split()
    assert len(set(drawn) & set(plain.NAMES)) >= 5
