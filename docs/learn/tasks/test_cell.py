"""Are the cells of chapter 3's task right? These tests look at yours, in ``cell.py``.

They are in the order in which a cell is written. Mend the first one that fails before you look at the next: with ``-x``
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
    """An engine of the cell in float64, with random parameters."""
    network = getattr(cells, f"{which}Network")(VOCABULARY.size, hidden=hidden)
    training = TrainingSettings(optimizer="sgd")
    engine = getattr(cells, f"{which}Engine")(network, training, threads=1, dtype="float64")
    rng = np.random.default_rng(1)
    engine.set_state(
        {name: rng.normal(0, 0.5, shape) for name, shape in network.parameter_shapes.items()}
    )
    return engine


def state_after(cell, x: np.ndarray, s: np.ndarray, h: np.ndarray) -> np.ndarray:
    """What forward makes of x and s, each (gates, B, H), and of h, (B, H)."""
    after = np.full((1, *h.shape), np.nan)
    cache = np.full((cell.cached, *h.shape), np.nan)
    cell.forward(x, s, h[None], after, cache)
    expect(
        not np.isnan(after).any(),
        "forward has not written into after: say after[...] = … or after[0] = …",
    )
    expect(
        not np.isnan(cache).any(),
        "forward has not written into cache: say cache[0] = …, cache[1] = …",
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
    """The sigmoid, as it is written in books."""
    return 1 / (1 + np.exp(-a))


@both
def test_1_forward_is_the_formula(cells: ModuleType, which: str) -> None:
    """Four rows of a width of three, random numbers."""
    cell, rng = getattr(cells, which)(), np.random.default_rng(0)
    x, s, h = (
        rng.normal(size=(count, 4, 3))
        for count in (cell.declared.formula.gates, cell.declared.formula.gates, 1)
    )
    said, formula = FORMULAS[which]
    found, expected = state_after(cell, x, s, h[0]), formula(x + s, h[0])
    np.testing.assert_allclose(
        found, expected, rtol=1e-12, err_msg=f"forward must write h' = {said}"
    )


@both
def test_2_the_derivative_is_that_of_the_formula(cells: ModuleType, which: str) -> None:
    """Local derivatives against central differences of forward."""
    check_cell(getattr(cells, which)())


@both
def test_3_the_gradient_of_a_whole_network(cells: ModuleType, which: str) -> None:
    """Two layers, all names: the derivative along a random direction of each parameter."""
    engine, rng = new_engine(cells, which), np.random.default_rng(2)
    engine.model.loss_and_gradient(BATCH)
    gradients = {name: values.copy() for name, values in engine.model.gradients.items()}
    for name, values in engine.model.parameters.items():
        direction, kept = rng.normal(size=values.shape), values.copy()
        losses = []
        for shift in (1e-5, -1e-5):
            values[...] = kept + shift * direction
            losses.append(engine.model.loss_and_gradient(BATCH) / BATCH.characters)
        values[...] = kept
        expected = (losses[0] - losses[1]) / 2e-5
        np.testing.assert_allclose(
            (gradients[name] * direction).sum(), expected, atol=1e-8, err_msg=name
        )


@both
def test_4_training_makes_the_loss_smaller(cells: ModuleType, which: str) -> None:
    """A hundred steps of plain gradient descent."""
    found = new_engine(cells, which, hidden=(12,)).train_epoch(Step(BATCH, 0.5) for _ in range(100))
    before, after = found.loss_sum[0], found.loss_sum[-1]
    expect(
        after < 0.6 * before,
        f"the loss was {before:.1f} nats and is {after:.1f} after 100 steps: it must fall",
    )


@both
def test_5_step_by_step_as_in_whole(cells: ModuleType, which: str) -> None:
    """Letter by letter, as names are drawn, gives the loss that the whole tree of names gives in training."""
    engine = new_engine(cells, which)
    in_whole = engine.model.loss_and_gradient(BATCH)
    np.testing.assert_allclose(stepped_loss(engine, BATCH), in_whole, rtol=1e-12)


@both
def test_6_it_is_an_engine(cells: ModuleType, which: str) -> None:
    """Every law that namegen demands of an engine: rows, states, masks, threads, long names and the rest."""
    network = getattr(cells, f"{which}Network")
    check_engine(
        getattr(cells, f"{which}Engine"),
        network(VOCABULARY.size, hidden=(6, 5)),
        stop_at_first=True,
    )
