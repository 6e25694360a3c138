"""What ``core/engine.py`` demands of an engine, and that the gradients are those of the losses.

``context`` is short in most tests, so that names are longer than it and old places fall out of sight.
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

NETWORK = Transformer(VOCABULARY.size, hidden=(8, 8), heads=2, context=3)
TOLERANCES = {"float32": 1e-5, "float64": 1e-11}


def new_engine(
    network: Transformer = NETWORK,
    *,
    dtype: str = "float32",
    train: bool = True,
    seed: int = 1,
    **settings: Any,
) -> Engine:
    """An engine with drawn parameters, biases and scales too."""
    rng = np.random.default_rng(seed)
    engine = TransformerEngine(
        network, TrainingSettings(**settings) if train else None, threads=1, dtype=dtype
    )
    engine.set_state(
        {name: rng.normal(0, 0.5, shape) for name, shape in network.parameter_shapes.items()}
    )
    return engine


def losses(engine: Engine, steps: Iterable[Step]) -> np.ndarray:
    return engine.train_epoch(iter(steps)).loss_sum


@pytest.mark.parametrize(
    "run", [pytest.param(run, id=name) for name, run in cases(TransformerEngine, NETWORK)]
)
def test_the_checks_of_namegen(run: Callable[[], None]) -> None:
    run()


def test_namegen_finds_it_by_its_entry_point() -> None:
    assert load_engine("transformer") is TransformerEngine


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("context", [1, 2, 3, 64])
@pytest.mark.parametrize("check", LANGUAGE_MODEL_CHECKS)
def test_as_a_language_model(check: str, context: int, dtype: str) -> None:
    engine = new_engine(
        Transformer(VOCABULARY.size, (8, 8), heads=2, context=context), dtype=dtype, train=False
    )
    LANGUAGE_MODEL_CHECKS[check](engine, TOKENS)
    logits, _ = engine.step(np.zeros(2, np.int32), engine.initial_state(2))
    assert logits.dtype == dtype


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("soft", [False, True], ids=["names", "targets"])
@pytest.mark.parametrize("context", [1, 3, 64])
def test_the_loss_of_a_step_is_what_stepping_through_its_names_gives(
    context: int, soft: bool, dtype: str
) -> None:
    network = Transformer(VOCABULARY.size, (8, 8), heads=2, context=context)
    engine, reader = new_engine(network, dtype=dtype), new_engine(network, dtype=dtype, train=False)
    for step in small_steps(3, soft=soft):
        reader.set_state({name: engine.get_state()[name] for name in network.parameter_shapes})
        (found,) = losses(engine, [step])
        assert found == pytest.approx(stepped_loss(reader, step.batch), rel=TOLERANCES[dtype])


def test_only_the_last_places_are_seen() -> None:
    """With a context of 1 a block sees its own place alone, so what stands before changes nothing; with 2 it does."""
    tokens = np.array([[1, 2, 3], [4, 2, 3]], np.int32)
    for context, same in ((1, True), (2, False)):
        logits = read(
            new_engine(Transformer(VOCABULARY.size, (8,), context=context), train=False), tokens
        )
        assert (np.abs(logits[2][0] - logits[2][1]).max() < 1e-6) == same
        assert (
            np.abs(logits[3][0] - logits[3][1]).max() < 1e-6
        )  # the first characters are out of sight


@pytest.mark.parametrize("soft", [False, True], ids=["names", "targets"])
def test_gradients_are_those_of_the_loss_by_central_differences(soft: bool) -> None:
    engine, rng = new_engine(dtype="float64"), np.random.default_rng(2)
    assert isinstance(engine, TransformerEngine)
    (step,) = small_steps(1)
    batch = step.batch
    if soft:  # in halves, which sum to 1 exactly: the gradient is that of chances which do
        two = rng.integers(0, VOCABULARY.size, (2, batch.tree.nodes))
        batch = Batch(batch.tree, np.eye(VOCABULARY.size, dtype=np.float32)[two].mean(axis=0))
    parameters = dict(engine.parameters)
    _, gradients = engine.loss_and_gradients(parameters, batch)
    for name, values in parameters.items():
        direction = engine.to_tensor(rng.normal(size=values.shape))
        ends = [
            float(
                engine.loss_and_gradients({**parameters, name: values + shift * direction}, batch)[
                    0
                ]
            )
            for shift in (1e-5, -1e-5)
        ]
        expected = (ends[0] - ends[1]) / 2e-5 / batch.characters
        assert float((gradients[name] * direction).sum()) == pytest.approx(
            expected, rel=1e-8, abs=1e-8
        ), name


def test_without_bptt_it_is_refused() -> None:
    with pytest.raises(EngineError, match="bptt=False has no effect"):
        TransformerEngine(NETWORK, TrainingSettings(bptt=False), threads=1)
