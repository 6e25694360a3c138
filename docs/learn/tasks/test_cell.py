"""Tests for your cells in ``cell.py``.

They have the order in which you write a cell. Fix the first failure before you look at the next one. With ``-x``,
pytest stops there.
"""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

from namegen.core.engine import Step
from namegen.core.settings import TrainingSettings
from namegen.testing import NAMES, VOCABULARY, check_cell, check_engine
from namegen.testing.comparisons import expect
from namegen.testing.material import batch_of, stepped_loss

both = pytest.mark.parametrize("which", ["Softsign", "OneGate"])
BATCH = batch_of(NAMES)


def new_engine(cells: ModuleType, which: str, hidden: tuple[int, ...] = (6, 5)):
    """Return an engine with the cell in float64, with random parameters."""
    network = getattr(cells, f"{which}Network")(VOCABULARY.size, hidden=hidden)
    training = TrainingSettings(optimizer="sgd")
    engine = getattr(cells, f"{which}Engine")(network, training, threads=1, dtype="float64")
    rng = np.random.default_rng(1)
    engine.set_state(
        {name: rng.normal(0, 0.5, shape) for name, shape in network.parameter_shapes.items()}
    )
    return engine


def state_after(cell, x: np.ndarray, s: np.ndarray, h: np.ndarray) -> np.ndarray:
    """Return the state that forward computes from x and s, (gates, B, H) each, and h, (B, H)."""
    after = np.full((1, *h.shape), np.nan)
    cache = np.full((cell.cached, *h.shape), np.nan)
    cell.forward(x, s, h[None], after, cache)
    expect(
        not np.isnan(after).any(),
        "forward hasn't written into after: use after[...] = … or after[0] = …",
    )
    expect(
        not np.isnan(cache).any(),
        "forward hasn't written into cache: use cache[0] = … and cache[1] = …",
    )
    return after[0]


FORMULAS = {
    "Softsign": ("a / (1 + |a|) with a = x + s", lambda a, h: a[0] / (1 + np.abs(a[0]))),
    "OneGate": (
        "z h + (1 − z) n",
        lambda a, h: logistic(a[0]) * h + (1 - logistic(a[0])) * np.tanh(a[1]),
    ),
}


def logistic(a: np.ndarray) -> np.ndarray:
    """Compute the sigmoid with its usual formula."""
    return 1 / (1 + np.exp(-a))


@both
def test_1_forward_is_the_formula(cells: ModuleType, which: str) -> None:
    """Compare four rows of width three, with random numbers."""
    cell = getattr(cells, which)()
    rng = np.random.default_rng(0)
    gates = cell.declared.formula.gates
    x = rng.normal(size=(gates, 4, 3))
    s = rng.normal(size=(gates, 4, 3))
    h = rng.normal(size=(1, 4, 3))
    text, formula = FORMULAS[which]
    actual = state_after(cell, x, s, h[0])
    expected = formula(x + s, h[0])
    np.testing.assert_allclose(
        actual, expected, rtol=1e-12, err_msg=f"forward must compute h' = {text}"
    )


@both
def test_2_the_derivatives_are_correct(cells: ModuleType, which: str) -> None:
    """Compare the local derivatives with central differences of forward."""
    check_cell(getattr(cells, which)())


@both
def test_3_the_gradient_of_a_whole_network(cells: ModuleType, which: str) -> None:
    """Check two layers and all names, along a random direction for each parameter."""
    engine = new_engine(cells, which)
    rng = np.random.default_rng(2)
    engine.model.loss_and_gradient(BATCH)
    gradients = {name: values.copy() for name, values in engine.model.gradients.items()}
    for name, values in engine.model.parameters.items():
        direction = rng.normal(size=values.shape)
        original = values.copy()
        losses = []
        for shift in (1e-5, -1e-5):
            values[...] = original + shift * direction
            losses.append(engine.model.loss_and_gradient(BATCH) / BATCH.characters)
        values[...] = original
        expected = (losses[0] - losses[1]) / 2e-5
        np.testing.assert_allclose(
            (gradients[name] * direction).sum(), expected, atol=1e-8, err_msg=name
        )


@both
def test_4_training_lowers_the_loss(cells: ModuleType, which: str) -> None:
    """Make a hundred updates with plain gradient descent."""
    engine = new_engine(cells, which, hidden=(12,))
    results = engine.train_epoch(Step(BATCH, 0.5) for _ in range(100))
    before, after = results.loss_sum[0], results.loss_sum[-1]
    expect(
        after < 0.6 * before,
        f"the loss must fall, but was {before:.1f} nats before 100 updates and {after:.1f} after them",
    )


@both
def test_5_generating_computes_the_same_as_training(cells: ModuleType, which: str) -> None:
    """Read names character by character, as in generating, and compare the loss with the loss in training."""
    engine = new_engine(cells, which)
    loss = engine.model.loss_and_gradient(BATCH)
    np.testing.assert_allclose(stepped_loss(engine, BATCH), loss, rtol=1e-12)


@both
def test_6_it_passes_the_checks_of_a_backend(cells: ModuleType, which: str) -> None:
    """Run all checks of a backend, for example of rows, states, dropout, threads and long names."""
    network = getattr(cells, f"{which}Network")
    check_engine(
        getattr(cells, f"{which}Engine"),
        network(VOCABULARY.size, hidden=(6, 5)),
        stop_at_first=True,
    )
