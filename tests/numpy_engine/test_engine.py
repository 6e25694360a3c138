"""Test that the NumPy engine follows the engine protocol and agrees with a plain loop."""

from __future__ import annotations

import numpy as np
import pytest

from namegen.backends.numpy_engine.engine import NumpyEngine
from namegen.core.data.batching import BatchMaker
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.engine import Step
from namegen.core.network.architecture import RecurrentNetwork
from namegen.core.network.cells import CELLS
from namegen.core.settings import TrainingSettings
from namegen.errors import CheckpointError, EngineError
from namegen.testing import CONFORMANCE_CHECKS
from tests import reference
from tests.reading import assert_same_state, logits_behind

NAMES = ["Al", "Ali", "Al", "Bo", "Bob", "B", "Alibob", "obi"]
VOCABULARY = Vocabulary.from_names(NAMES)
TREE = PrefixTree.from_names(NAMES, VOCABULARY)
MAKER = BatchMaker.from_names(NAMES, VOCABULARY)

cells = pytest.mark.parametrize("cell", CELLS)


def make_engine(cell: str = "gru", *, dtype: str = "float64", **settings: object) -> NumpyEngine:
    network = RecurrentNetwork(VOCABULARY.size, cell, hidden=(4, 3))
    engine = NumpyEngine(network, TrainingSettings(**settings), threads=1, dtype=dtype)
    rng = np.random.default_rng(9)
    engine.set_state(
        {name: rng.normal(0, 0.6, shape) for name, shape in network.parameter_shapes.items()}
    )
    return engine


def steps(count: int, rate: float = 0.05) -> list[Step]:
    batches = [
        batch for epoch in range(count) for batch in MAKER.epoch(epoch, batch_size=3, seed=1)
    ]
    return [Step(batch, rate) for batch in batches[:count]]


@cells
def test_steps_agree_with_the_plain_loop(cell: str) -> None:
    engine = make_engine(cell)
    for name in NAMES:
        tokens = [0, *VOCABULARY.encode(name).tolist()]
        expected, _ = reference.read_name(cell, engine.model.parameters, tokens)
        np.testing.assert_allclose(logits_behind(engine, tokens), expected, rtol=0, atol=1e-13)


@cells
def test_training_agrees_with_the_plain_loop(cell: str) -> None:
    """The plain loop uses gradient descent and computes the gradient name by name.

    Small batches come after larger ones to check that reused memory doesn't affect the result.
    """
    engine = make_engine(cell, optimizer="sgd")
    parameters = {
        name: values for name, values in engine.get_state().items() if name != "optimizer.step"
    }
    taken = steps(2, rate=0.3) + [
        Step(batch, 0.3) for batch in MAKER.epoch(1, batch_size=1, seed=0)
    ]
    losses = engine.train_epoch(iter(taken))
    for place, step in enumerate(taken):
        rows = step.batch.sequences()
        tokens, lengths, counts = rows.tokens, rows.lengths, rows.counts
        names = [
            tokens[i, : lengths[i]].tolist() for i in range(len(lengths)) for _ in range(counts[i])
        ]
        loss, gradients = reference.loss_and_gradients(cell, parameters, names)
        assert losses.loss_sum[place] == pytest.approx(loss, rel=1e-11)
        assert losses.characters[place] == sum(map(len, names)) + len(names)
        for name in parameters:
            parameters[name] = parameters[name] - step.learning_rate * gradients[name]
    for name, values in parameters.items():
        np.testing.assert_allclose(
            engine.get_state()[name], values, rtol=0, atol=1e-12, err_msg=name
        )


@pytest.mark.parametrize("cell", ["gru", "lstm"])
@pytest.mark.parametrize("check", CONFORMANCE_CHECKS)
def test_the_numpy_engine_passes_the_conformance_checks(check: str, cell: str) -> None:
    """The checks of the SimpleRNN run in ``tests/conformance/test_check_engine.py``."""
    CONFORMANCE_CHECKS[check](NumpyEngine, cell)


@pytest.mark.parametrize(
    ("name", "values", "said"),
    [("rnn.2.kernel", np.zeros(3), "has no place"), ("optimizer.step", np.array(-1), "at least 0")],
)
def test_a_state_with_invalid_tensors_is_rejected(name: str, values: np.ndarray, said: str) -> None:
    """The message names the tensor, and the engine keeps its old state."""
    engine = make_engine()
    engine.train_epoch(steps(2))
    before = engine.get_state()
    with pytest.raises(CheckpointError, match=rf"{name}.*{said}"):
        engine.set_state({key: np.asarray(one + 1) for key, one in before.items()} | {name: values})
    assert_same_state(engine.get_state(), before)


def test_an_unknown_dtype_is_rejected() -> None:
    with pytest.raises(EngineError, match="float16"):
        NumpyEngine(RecurrentNetwork(4), None, threads=1, dtype="float16")


def test_divergence_gives_an_infinite_or_nan_loss() -> None:
    """There's no NumPy warning, because the Trainer reports the problem."""
    engine = make_engine("simple_rnn", dtype="float32")
    losses = engine.train_epoch(steps(8, rate=1e40))
    assert not np.isfinite(losses.loss_sum).all()
    assert len(losses.loss_sum) == 8
