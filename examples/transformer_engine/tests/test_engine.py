"""Run namegen's checks for backends, and compare the gradients with central differences.

``context`` is short in most tests, so names are longer than the context and their first positions become invisible.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pytest
from namegen_transformer.architecture import Transformer
from namegen_transformer.engine import TransformerEngine

from namegen.backends import load_engine
from namegen.core.data.batching import Batch
from namegen.core.engine import Engine, Step
from namegen.core.settings import TrainingSettings
from namegen.errors import EngineError
from namegen.testing import LANGUAGE_MODEL_CHECKS, TOKENS, VOCABULARY, cases
from namegen.testing.material import read, small_steps, stepped_loss

NETWORK = Transformer(VOCABULARY.size, hidden=(8, 8), heads=2, context=3, labels=2)
TOLERANCES = {"float32": 1e-5, "float64": 1e-11}


def new_engine(
    network: Transformer = NETWORK,
    *,
    dtype: str = "float32",
    train: bool = True,
    seed: int = 1,
    **settings: Any,
) -> Engine:
    """Create an engine whose parameters, including biases and scales, are drawn at random."""
    rng = np.random.default_rng(seed)
    training = TrainingSettings(**settings) if train else None
    engine = TransformerEngine(network, training, threads=1, dtype=dtype)
    parameters = {
        name: rng.normal(0, 0.5, shape) for name, shape in network.parameter_shapes.items()
    }
    engine.set_state(parameters)
    return engine


def losses(engine: Engine, steps: Iterable[Step]) -> np.ndarray:
    return engine.train_epoch(iter(steps)).loss_sum


@pytest.mark.parametrize(
    "run", [pytest.param(run, id=name) for name, run in cases(TransformerEngine, NETWORK)]
)
def test_it_passes_the_checks_of_namegen(run: Callable[[], None]) -> None:
    run()


def test_namegen_finds_it_by_its_entry_point() -> None:
    assert load_engine("transformer") is TransformerEngine


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("context", [1, 2, 3, 64])
@pytest.mark.parametrize("check", LANGUAGE_MODEL_CHECKS)
def test_it_passes_the_checks_of_language_models(check: str, context: int, dtype: str) -> None:
    network = Transformer(VOCABULARY.size, (8, 8), heads=2, context=context, labels=2)
    engine = new_engine(network, dtype=dtype, train=False)
    LANGUAGE_MODEL_CHECKS[check](engine, TOKENS)
    logits, _ = engine.step(np.zeros(2, np.int32), engine.initial_state(2))
    assert logits.dtype == dtype


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("soft", [False, True], ids=["names", "targets"])
@pytest.mark.parametrize("context", [1, 3, 64])
def test_the_loss_of_a_step_equals_the_loss_of_reading_its_names_token_by_token(
    context: int, soft: bool, dtype: str
) -> None:
    network = Transformer(VOCABULARY.size, (8, 8), heads=2, context=context, labels=2)
    engine = new_engine(network, dtype=dtype)
    reader = new_engine(network, dtype=dtype, train=False)
    for step in small_steps(3, soft=soft):
        reader.set_state({name: engine.get_state()[name] for name in network.parameter_shapes})
        expected = stepped_loss(reader, step.batch)
        (loss,) = losses(engine, [step])
        assert loss == pytest.approx(expected, rel=TOLERANCES[dtype])


@pytest.mark.parametrize(("context", "sees_previous_token"), [(1, False), (2, True)])
def test_a_position_sees_only_its_context(context: int, sees_previous_token: bool) -> None:
    """Two names differ only in their first token, and a network with one block reads them."""
    tokens = np.array([[1, 2, 3], [4, 2, 3]], np.int32)
    engine = new_engine(Transformer(VOCABULARY.size, (8,), context=context, labels=2), train=False)
    logits = read(engine, tokens)
    are_same = [np.abs(first - second).max() < 1e-6 for first, second in logits]
    assert are_same[2] == (not sees_previous_token)
    assert are_same[3]


@pytest.mark.parametrize("soft", [False, True], ids=["names", "targets"])
def test_gradients_equal_central_differences_of_the_loss(soft: bool) -> None:
    engine = new_engine(dtype="float64")
    rng = np.random.default_rng(2)
    assert isinstance(engine, TransformerEngine)
    (step,) = small_steps(1)
    batch = with_soft_targets(step.batch, rng) if soft else step.batch
    parameters = dict(engine.parameters)
    _, gradients = engine.loss_and_gradients(parameters, batch)
    for name, values in parameters.items():
        direction = engine.to_tensor(rng.normal(size=values.shape))
        shift = 1e-5 * direction
        loss_before, _ = engine.loss_and_gradients({**parameters, name: values - shift}, batch)
        loss_after, _ = engine.loss_and_gradients({**parameters, name: values + shift}, batch)
        expected = float(loss_after - loss_before) / 2e-5 / batch.characters
        derivative = float((gradients[name] * direction).sum())
        assert derivative == pytest.approx(expected, rel=1e-8, abs=1e-8), name


def with_soft_targets(batch: Batch, rng: np.random.Generator) -> Batch:
    """Predict two random tokens at each node, with a probability of 0.5 each. Their sum is exactly 1."""
    tokens = rng.integers(0, VOCABULARY.size, (2, batch.tree.nodes))
    one_hot = np.eye(VOCABULARY.size, dtype=np.float32)[tokens]  # (2, N, V)
    return Batch(batch.tree, one_hot.mean(axis=0))


def test_training_without_bptt_is_rejected() -> None:
    with pytest.raises(EngineError, match="bptt=False has no effect"):
        TransformerEngine(NETWORK, TrainingSettings(bptt=False), threads=1)
