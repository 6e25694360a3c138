"""Each cell's derivative against central differences, on rows that have nothing to do with a tree."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from namegen.backends.numpy_engine import cells as module
from namegen.backends.numpy_engine.cells import CELLS, Cell, SimpleRNN, sigmoid_of_half
from namegen.backends.numpy_engine.engine import NumpyEngine
from namegen.core import settings
from namegen.core.data.batching import BatchMaker
from namegen.core.engine import Step
from namegen.core.network.recurrent_network import CELL_SHAPES, CellShape, RecurrentNetwork
from namegen.core.settings import TrainingSettings
from namegen.testing import check_cell
from tests import reference
from tests.numpy_engine.gradients import TREES, VOCABULARY, cells, make_layer, make_tree
from tests.numpy_engine.test_recurrent import check_layer

README = Path(module.__file__).with_name("README.md")


@pytest.fixture(scope="module")
def own_cell() -> tuple[Cell, CellShape]:
    """The cell that the README shows, made of the README's own text."""
    source = re.search(r"```python\n(class MinGRU.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert source is not None
    names = vars(module) | {"CELL_SHAPES": {}, "CELLS": {}, "CellShape": CellShape}
    exec(source[1], names)  # noqa: S102  # a text of this repository
    return names["CELLS"]["min_gru"], names["CELL_SHAPES"]["min_gru"]


@pytest.mark.parametrize("lacking", ["forward", "slopes", "backward"])
def test_a_cell_that_lacks_a_method_cannot_be_made(lacking: str) -> None:
    has = {name: value for name, value in vars(SimpleRNN).items() if not name.startswith("_")}
    check_cell(type("Whole", (Cell,), has)(), CELL_SHAPES["simple_rnn"])
    del has[lacking]
    with pytest.raises(TypeError, match=lacking):
        type("Lacking", (Cell,), has)()


@cells
def test_derivative(cell: str) -> None:
    check_cell(CELLS[cell], CELL_SHAPES[cell])


@cells
@pytest.mark.parametrize("wrong", ["x", "s", "the state before"])
def test_a_wrong_derivative_is_caught(cell: str, wrong: str) -> None:
    """One of them is wrong by a thousandth, and the message says which."""
    ours = CELLS[cell]
    if wrong == "the state before" and not ours.carried:
        pytest.skip("this cell reads the state before through s alone")
    if wrong == "s" and len(ours.x_gates) + ours.s_gates > ours.columns:
        wrong = "x"  # the first of them: some columns are both

    class Spoilt(type(ours)):  # type: ignore[misc]
        def backward(self, *arrays: np.ndarray, d_columns: np.ndarray, d_before: np.ndarray) -> None:
            super().backward(*arrays, d_columns=d_columns, d_before=d_before)
            spoilt = {"x": d_columns[:1], "s": d_columns[-1:], "the state before": d_before}[wrong]
            spoilt *= 1.001

    with pytest.raises(AssertionError, match=f"^the derivative by {wrong}.* is wrong: backward gives"):
        check_cell(Spoilt(), CELL_SHAPES[cell])


def test_what_a_cell_must_not_leave_undone_or_change_is_caught() -> None:
    class Idle(SimpleRNN):
        def forward(self, *arrays: np.ndarray) -> None:
            pass

    class Greedy(SimpleRNN):
        def slopes(self, columns: np.ndarray, before: np.ndarray, after: np.ndarray, kept: np.ndarray) -> None:
            super().slopes(columns, before, after, kept)
            after *= 2

    for cell, message in ((Idle(), "forward leaves numbers"), (Greedy(), "slopes must not change the state after")):
        with pytest.raises(AssertionError, match=message):
            check_cell(cell, CELL_SHAPES["simple_rnn"])


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
