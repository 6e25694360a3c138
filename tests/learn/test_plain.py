"""Test that ``plain.py``, ``plain_tree.py`` and the NumPy engine compute the same results."""

from __future__ import annotations

import doctest
from types import ModuleType

import numpy as np
import pytest

from namegen.backends.numpy_engine.engine import NumpyEngine
from namegen.core.data.batching import Batch
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.engine import Step
from namegen.core.network.architecture import RecurrentNetwork
from namegen.core.settings import TrainingSettings
from tests.learn.test_pictures import learn
from tests.numpy_engine.gradients import assert_gradient

NAMES = ["Ann", "Anna", "Bo", "Bob", "Anna", "", "Annabo"]
VOCABULARY = Vocabulary.from_names(NAMES)
ENCODED = [VOCABULARY.encode(name).tolist() for name in NAMES]
UNSHARED = [VOCABULARY.encode(name).tolist() for name in ("Ann", "boB", "nA")]
BATCH = Batch(PrefixTree.from_names(NAMES, VOCABULARY))
CANONICAL_NAMES = {
    "K": "rnn.0.kernel",
    "U": "rnn.0.recurrent_kernel",
    "b": "rnn.0.bias",
    "W": "output.kernel",
    "b_out": "output.bias",
}


@pytest.fixture(scope="module")
def plain() -> ModuleType:
    return learn("plain")


@pytest.fixture(scope="module")
def plain_tree(plain: ModuleType) -> ModuleType:
    return learn("plain_tree")


@pytest.fixture
def p(plain: ModuleType) -> dict[str, np.ndarray]:
    return plain.new_parameters(VOCABULARY.size, 5, np.random.default_rng(0))


@pytest.fixture
def engine(p: dict[str, np.ndarray]) -> NumpyEngine:
    """Return an engine with a copy of the parameters."""
    network = RecurrentNetwork(VOCABULARY.size, hidden=(5,))
    engine = NumpyEngine(network, TrainingSettings(optimizer="adam"), threads=1, dtype="float64")
    engine.set_state({CANONICAL_NAMES[array]: values for array, values in p.items()})
    return engine


def test_docstring_examples_run(plain: ModuleType, plain_tree: ModuleType) -> None:
    for module in (plain, plain_tree):
        results = doctest.testmod(module)
        assert results.attempted > 0
        assert results.failed == 0


def test_the_loop_and_the_tree_compute_the_loss_and_gradient_of_the_engine(
    plain, plain_tree, p, engine
) -> None:
    expected_loss = engine.model.loss_and_gradient(BATCH)
    for program in (plain, plain_tree):
        loss, gradient = program.loss_and_gradient(p, ENCODED)
        assert loss == pytest.approx(expected_loss, rel=1e-12)
        for array, values in gradient.items():
            expected = engine.model.gradients[CANONICAL_NAMES[array]]
            np.testing.assert_allclose(values, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("names", [ENCODED, UNSHARED], ids=["shared", "unshared"])
def test_gradients_agree_with_central_differences(plain_tree, p, names) -> None:
    tree = plain_tree.build_tree(names, VOCABULARY.size)
    _, h, probabilities = plain_tree.forward(p, tree)
    gradient = plain_tree.backward(p, tree, h, probabilities)
    for array, values in p.items():
        assert_gradient(lambda: plain_tree.forward(p, tree)[0], values, gradient[array])


def test_adam_agrees_with_the_engine(plain, p, engine) -> None:
    adam, losses, rates = plain.Adam(p), [], (0.05, 0.02, 0.05, 0.01)
    for rate in rates:
        loss, gradient = plain.loss_and_gradient(p, ENCODED)
        losses.append(loss)
        adam.update(p, gradient, rate)
    trained = engine.train_epoch(Step(BATCH, rate) for rate in rates)
    assert trained.loss_sum == pytest.approx(losses, rel=1e-10)
    for array, values in p.items():
        expected = engine.model.parameters[CANONICAL_NAMES[array]]
        np.testing.assert_allclose(values, expected, rtol=0, atol=1e-10)


def test_names_are_drawn_with_the_probabilities_of_the_engine(plain, p, engine) -> None:
    """The share of empty names in 4,000 draws is within three standard errors of the engine's probability."""
    rng = np.random.default_rng(1)
    lengths = np.array([len(plain.draw(p, rng, longest=1)) for _ in range(4_000)])
    logits, _ = engine.step(np.array([0], np.int32), engine.initial_state(1))
    end = plain.softmax(logits[0])[0]
    assert abs((lengths == 0).mean() - end) < 3 * np.sqrt(end * (1 - end) / len(lengths))


def test_a_trained_network_draws_names_from_its_list(plain) -> None:
    drawn = plain.train_and_draw(plain.NAMES, count=20)
    assert len(set(drawn) & set(plain.NAMES)) >= 5
