"""Each cell's derivative against central differences, on rows that have nothing to do with a tree."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest

from namegen.backends.numpy_engine import cells as module
from namegen.backends.numpy_engine.cells import CELLS, Cell, sigmoid_of_half
from namegen.backends.numpy_engine.engine import NumpyEngine
from namegen.core import settings
from namegen.core.data.batching import BatchMaker
from namegen.core.engine import Step
from namegen.core.network.recurrent_network import CELL_SHAPES, CellShape, RecurrentNetwork
from namegen.core.settings import TrainingSettings
from tests import reference
from tests.numpy_engine.gradients import TREES, VOCABULARY, assert_gradient, cells, make_layer, make_tree
from tests.numpy_engine.test_recurrent import check_layer

README = Path(module.__file__).with_name("README.md")
ROWS, WIDTH = 4, 3


@pytest.fixture(scope="module")
def own_cell() -> tuple[Cell, CellShape]:
    """The cell that the README shows, made of the README's own text."""
    source = re.search(r"```python\n(class MinGRU.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert source is not None
    names = vars(module) | {"CELL_SHAPES": {}, "CELLS": {}, "CellShape": CellShape}
    exec(source[1], names)  # noqa: S102  # a text of this repository
    return names["CELLS"]["min_gru"], names["CELL_SHAPES"]["min_gru"]


Arrays = dict[str, np.ndarray]


def check_cell(cell: Cell, shape: CellShape, wrong: Callable[[Arrays], None] = lambda derivatives: None) -> None:
    """Both parts, and every array of the state before, against central differences of a sum over the state after.

    ``wrong`` may spoil what the cell has found before it is looked at.
    """
    rng = np.random.default_rng(0)

    def draw(count: int) -> np.ndarray:
        return rng.normal(0, 0.8, (count, ROWS, WIDTH))

    gates, scale = list(cell.x_gates), np.array(cell.scale)[:, None, None]
    x, s = draw(shape.gates), draw(cell.s_gates)
    before, weights = draw(shape.states), draw(shape.states)
    after = np.full_like(before, np.nan)

    def forward() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        columns = np.full((cell.columns, ROWS, WIDTH), np.nan)
        columns[: len(gates)] = (x * scale)[gates]
        kept, carried = np.full((cell.kept, ROWS, WIDTH), np.nan), before[list(cell.carried)]
        cell.forward(columns, s * scale[: cell.s_gates], carried, after, kept)
        return columns, carried, kept

    def function() -> float:
        forward()
        return float((weights * after).sum())

    given = [array.copy() for array in (x, s, before)]
    columns, carried, kept = forward()
    found = after.copy()
    cell.slopes(columns, carried, after, kept)
    d_columns, d_carried = np.full_like(columns, np.nan), np.full_like(carried, np.nan)
    cell.backward(weights.copy(), columns, carried, kept, d_columns=d_columns, d_before=d_carried)
    assert_untouched((x, s, before, after), [*given, found])
    d_x, d_before = np.empty_like(x), np.zeros_like(before)  # what is not carried is not read but through s
    d_x[gates] = d_columns[: len(gates)]
    d_before[list(cell.carried)] = d_carried
    derivatives = {"x": d_x, "s": d_columns[cell.columns - cell.s_gates :].copy(), "before": d_before}
    wrong(derivatives)
    for name, variable in {"x": x, "s": s, "before": before}.items():
        assert_gradient(function, variable, derivatives[name])


def assert_untouched(arrays: Iterable[np.ndarray], given: Iterable[np.ndarray]) -> None:
    for array, kept in zip(arrays, given, strict=True):
        np.testing.assert_array_equal(array, kept)


@cells
def test_derivative(cell: str) -> None:
    check_cell(CELLS[cell], CELL_SHAPES[cell])


@cells
@pytest.mark.parametrize("wrong", ["x", "s", "before"])
def test_a_wrong_derivative_is_caught(cell: str, wrong: str) -> None:
    """One of them is wrong by a thousandth."""
    if wrong == "before" and not CELLS[cell].carried:
        pytest.skip("this cell reads the state before through s alone")

    def spoil(derivatives: Arrays) -> None:
        derivatives[wrong] *= 1.001

    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        check_cell(CELLS[cell], CELL_SHAPES[cell], spoil)


@cells
def test_a_step_is_the_plain_formula(cell: str) -> None:
    """One row of a layer, of which the cell is the arithmetic, gives what the reference's formula gives."""
    layer = make_layer(cell, np.random.default_rng(1))
    token = 2
    one_hot = np.eye(VOCABULARY.size)[token]
    h, c = layer.start[0, 0], layer.start[-1, 0]
    expected = reference.CELLS[cell][0](one_hot, h, c, *layer.parameters.values())
    after = layer.step(np.array([token]), layer.start)
    np.testing.assert_allclose(after[0, 0], expected["h"], rtol=0, atol=1e-14)
    if len(after) == 2:
        np.testing.assert_allclose(after[1, 0], expected["c"], rtol=0, atol=1e-14)


def test_sigmoid_does_not_overflow() -> None:
    halves = np.array([-1e4, 0.0, 1e4])
    sigmoid_of_half(halves)
    assert halves.tolist() == [0, 0.5, 1]


def test_the_readmes_cell_has_the_derivative_that_it_says(own_cell: tuple[Cell, CellShape]) -> None:
    check_cell(*own_cell)


@pytest.mark.parametrize("through_time", [True, False])
@pytest.mark.parametrize("tree", TREES)
def test_the_readmes_cell_in_a_layer(own_cell: tuple[Cell, CellShape], tree: str, through_time: bool) -> None:
    """The recurrence takes it as it is: down a tree and up, though it has no product with the state."""
    rng = np.random.default_rng(1)
    layer = make_layer(own_cell, rng, through_time)
    check_layer(layer, make_tree(tree), rng, dense=True)


def test_the_readmes_cell_trains(own_cell: tuple[Cell, CellShape], monkeypatch: pytest.MonkeyPatch) -> None:
    """With a row in each table the engine has a new cell: the loss falls."""
    cell, shape = own_cell
    monkeypatch.setitem(CELLS, "min_gru", cell)
    monkeypatch.setitem(CELL_SHAPES, "min_gru", shape)
    monkeypatch.setattr(settings, "CELLS", (*settings.CELLS, "min_gru"))
    network = RecurrentNetwork(VOCABULARY.size, "min_gru", (8, 6))
    engine = NumpyEngine(network, TrainingSettings(), threads=1)
    engine.set_state(network.initial_parameters("glorot", rng=np.random.default_rng(0)))
    batches = BatchMaker(TREES["shared"], VOCABULARY)
    losses = engine.train_epoch(
        Step(batch, 0.02) for epoch in range(40) for batch in batches.epoch(epoch, batch_size=10, seed=0)
    ).loss_sum
    assert losses[-1] < 0.6 * losses[0]
