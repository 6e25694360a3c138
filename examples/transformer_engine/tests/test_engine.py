"""What ``core/engine.py`` demands of an engine, and that the gradients are those of the losses.

``context`` is short in most tests, so that names are longer than it and old places fall out of sight.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

import numpy as np
import pytest
from namegen_transformer.architecture import Transformer
from namegen_transformer.engine import TransformerEngine

from namegen.backends import load_engine
from namegen.core.data.batching import Batch
from namegen.core.engine import Engine, Step
from namegen.core.settings import OPTIMIZERS, TrainingSettings
from namegen.errors import CheckpointError, EngineError
from namegen.testing import LANGUAGE_MODEL_CHECKS, TOKENS, VOCABULARY
from namegen.testing.material import read, small_steps, stepped_loss
from namegen.types import Array

NETWORK = Transformer(VOCABULARY.size, hidden=(8, 8), heads=2, context=3)
TOLERANCES = {"float32": 1e-5, "float64": 1e-11}


def new_engine(
    network: Transformer = NETWORK, *, dtype: str = "float32", train: bool = True, seed: int = 1, **settings: Any
) -> Engine:
    """An engine with drawn parameters, biases and scales too."""
    rng = np.random.default_rng(seed)
    engine = TransformerEngine(network, TrainingSettings(**settings) if train else None, threads=1, dtype=dtype)
    engine.set_state({name: rng.normal(0, 0.5, shape) for name, shape in network.parameter_shapes.items()})
    return engine


def losses(engine: Engine, steps: Iterable[Step]) -> np.ndarray:
    return engine.train_epoch(iter(steps)).loss_sum


def assert_same(found: Mapping[str, Array], expected: Mapping[str, Array]) -> None:
    """Bit for bit."""
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        assert found[name].dtype == values.dtype
        np.testing.assert_array_equal(found[name], values, err_msg=name)


def test_what_it_says_about_itself() -> None:
    assert load_engine("transformer") is TransformerEngine
    assert isinstance(new_engine(), Engine)
    assert TransformerEngine.architectures == (Transformer,)
    assert TransformerEngine.cells == frozenset()


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("context", [1, 2, 3, 64])
@pytest.mark.parametrize("check", LANGUAGE_MODEL_CHECKS)
def test_as_a_language_model(check: str, context: int, dtype: str) -> None:
    engine = new_engine(Transformer(VOCABULARY.size, (8, 8), heads=2, context=context), dtype=dtype, train=False)
    LANGUAGE_MODEL_CHECKS[check](engine, TOKENS)
    logits, _ = engine.step(np.zeros(2, np.int32), engine.initial_state(2))
    assert logits.dtype == dtype


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("soft", [False, True], ids=["names", "targets"])
@pytest.mark.parametrize("context", [1, 3, 64])
def test_the_loss_of_a_step_is_what_stepping_through_its_names_gives(context: int, soft: bool, dtype: str) -> None:
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
        logits = read(new_engine(Transformer(VOCABULARY.size, (8,), context=context), train=False), tokens)
        assert (np.abs(logits[2][0] - logits[2][1]).max() < 1e-6) == same
        assert np.abs(logits[3][0] - logits[3][1]).max() < 1e-6  # the first characters are out of sight


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
            float(engine.loss_and_gradients({**parameters, name: values + shift * direction}, batch)[0])
            for shift in (1e-5, -1e-5)
        ]
        expected = (ends[0] - ends[1]) / 2e-5 / batch.characters
        assert float((gradients[name] * direction).sum()) == pytest.approx(expected, rel=1e-8, abs=1e-8), name


def test_every_mask_counts_for_its_step_alone() -> None:
    engine, reader = new_engine(dtype="float64"), new_engine(dtype="float64", train=False)
    for step in small_steps(3, rate=0.0, masked=NETWORK):
        assert len(step.masks) == 3
        kept = {name: engine.get_state()[name] for name in NETWORK.parameter_shapes}
        reader.set_state({name: values * step.masks.get(name, 1) for name, values in kept.items()})
        (found,) = losses(engine, [step])
        assert found == pytest.approx(stepped_loss(reader, step.batch), rel=1e-11)
        assert_same({name: engine.get_state()[name] for name in kept}, kept)
    (step,) = small_steps(1)
    with pytest.raises(EngineError, match=r"rnn\.0\.kernel, which the network does not have"):
        losses(engine, [Step(step.batch, 0.01, {"rnn.0.kernel": np.ones((1, 1))})])


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_the_state_goes_by_canonical_names_and_training_goes_on_from_it_bit_for_bit(optimizer: str, dtype: str) -> None:
    steps = list(small_steps(4, masked=NETWORK))
    engine, other = (new_engine(dtype=dtype, optimizer=optimizer, clip_norm=0.5, seed=seed) for seed in (1, 2))
    losses(engine, steps[:2])
    state = engine.get_state()
    losses(engine, steps[2:])
    other.set_state(state)
    assert_same(other.get_state(), state)
    losses(other, steps[2:])
    assert_same(other.get_state(), engine.get_state())
    assert state.pop("optimizer.step") == 2
    for name, values in state.items():
        parameter = name.split(".", 2)[2] if name.startswith("optimizer.") else name
        assert values.shape == NETWORK.parameter_shapes[parameter]
        assert values.dtype == dtype


def test_unfit_states_are_refused_and_nothing_of_them_is_taken() -> None:
    engine = new_engine()
    losses(engine, small_steps(1))
    kept = engine.get_state()
    other = {name: np.asarray(values + 1) for name, values in kept.items()}
    for name in kept.keys() - {"optimizer.step"}:
        for unfit in ({key: values for key, values in other.items() if key != name}, {**other, name: other[name][:-1]}):
            with pytest.raises(CheckpointError):
                engine.set_state(unfit)
    assert_same(engine.get_state(), kept)


def test_the_same_parameters_and_steps_give_the_same_bits() -> None:
    one, other = new_engine(), new_engine()
    other.warm_up(next(small_steps(1)))
    np.testing.assert_array_equal(losses(one, small_steps(6)), losses(other, small_steps(6)))
    assert_same(one.get_state(), other.get_state())
    for found, expected in zip(read(one, TOKENS), read(other, TOKENS), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_an_engine_that_only_reads_gives_what_the_trained_one_gave_and_does_not_train() -> None:
    trained, reader = new_engine(), new_engine(train=False, seed=2)
    losses(trained, small_steps(2))
    reader.set_state(trained.get_state())
    assert_same(reader.get_state(), {name: trained.get_state()[name] for name in NETWORK.parameter_shapes})
    for found, expected in zip(read(reader, TOKENS), read(trained, TOKENS), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-5)
    with pytest.raises(EngineError, match="made without training settings"):
        losses(reader, small_steps(1))


def test_without_through_time_it_is_refused() -> None:
    with pytest.raises(EngineError, match="through_time=False means nothing to it"):
        TransformerEngine(NETWORK, TrainingSettings(through_time=False), threads=1)


def test_it_learns_the_names_of_a_batch() -> None:
    (step,) = small_steps(1)
    found = losses(new_engine(), (Step(step.batch, 0.01) for _ in range(60)))
    assert found[-1] < 0.5 * found[0]


def test_a_rate_of_zero_changes_no_parameter_and_another_rate_does() -> None:
    engines = [new_engine() for _ in range(3)]
    for engine, rate in zip(engines, (0.0, 0.01, 0.02), strict=True):
        losses(engine, small_steps(1, rate=rate))
    found = [engine.get_state()["output.bias"] for engine in engines]
    np.testing.assert_array_equal(found[0], new_engine().get_state()["output.bias"])
    assert not any(map(partial(np.array_equal, found[1]), (found[0], found[2])))
