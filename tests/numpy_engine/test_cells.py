"""Each cell's derivative against central differences, namegen's own and others; a layer and an engine around it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from namegen.backends.numpy_engine import cells as module
from namegen.backends.numpy_engine.cells import CELLS, GRU, Cell, SimpleRNN, sigmoid_of_half
from namegen.backends.numpy_engine.engine import NumpyEngine
from namegen.core.data.batching import BatchMaker
from namegen.core.engine import Step
from namegen.core.network.architecture import CELL_SHAPES, CellShape, OwnCellNetwork, RecurrentNetwork
from namegen.core.settings import About, NetworkSettings, TrainingSettings
from namegen.errors import SettingsError
from namegen.testing import NAMES, VOCABULARY, check_cell
from namegen.testing.material import batch_of
from tests.numpy_engine.gradients import TREES, make_layer, make_tree, through_time
from tests.numpy_engine.gradients import VOCABULARY as FEW
from tests.numpy_engine.test_recurrent import check_layer

README = Path(module.__file__).with_name("README.md")


def readmes_cell() -> tuple[Cell, CellShape]:
    """The cell that the README shows, made of the README's own text."""
    source = re.search(r"```python\n(class MinGRU.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert source is not None
    names = vars(module) | {"CELL_SHAPES": {}, "CELLS": {}, "CellShape": CellShape}
    exec(source[1], names)  # noqa: S102  # a text of this repository
    return names["CELLS"]["min_gru"], names["CELL_SHAPES"]["min_gru"]


class CoupledLSTM(Cell):
    """An LSTM that writes where it forgets (Greff et al., 2017): an odd number of columns, and a carried state.

    c' = f c + (1 − f) g;  h' = o tanh(c')
    """

    columns, x_gates, s_gates, scale = 3, (0, 1, 2), 3, (1.0, 1.0, 1.0)
    carried = (1,)
    kept = 1  # tanh(c')

    def forward(self, columns, s, before, after, kept):
        columns += s
        f, g, o = columns
        f[...], g[...], o[...] = 1 / (1 + np.exp(-f)), np.tanh(g), 1 / (1 + np.exp(-o))
        after[1] = f * before[0] + (1 - f) * g
        kept[0] = np.tanh(after[1])
        after[0] = o * kept[0]

    def slopes(self, columns, before, after, kept):
        (f, g, o), c, tanh_c = columns.copy(), before[0].copy(), kept[0].copy()
        columns[0], columns[1], columns[2] = f * (1 - f) * (c - g), (1 - f) * (1 - g * g), o * (1 - o) * tanh_c
        before[0], kept[0] = f, o * (1 - tanh_c * tanh_c)

    def backward(self, d_after, columns, before, kept, *, d_columns, d_before):
        d_c = d_after[1] + d_after[0] * kept[0]
        d_columns[:2] = d_c * columns[:2]
        d_columns[2] = d_after[0] * columns[2]
        d_before[0] = d_c * before[0]


class Product(Cell):
    """``h' = tanh(x) tanh(s)``: a bias for each part, and no column that is read as their sum."""

    columns, x_gates, s_gates, scale = 2, (0,), 1, (0.5,)

    def forward(self, columns, s, before, after, kept):
        columns[1] = s[0]
        np.tanh(2 * columns, out=columns)
        np.multiply(columns[0], columns[1], out=after[0])

    def slopes(self, columns, before, after, kept):
        x, s = columns.copy()
        columns[0], columns[1] = (1 - x * x) * s, (1 - s * s) * x

    def backward(self, d_after, columns, before, kept, *, d_columns, d_before):
        np.multiply(d_after, columns, out=d_columns)


class Scaled(Product):
    """``h' = tanh(x_0) tanh(s_0) + x_1``: two biases, and a gate that does not read the state."""

    columns, x_gates, scale = 3, (1, 0), (0.5, 1.0)

    def forward(self, columns, s, before, after, kept):
        super().forward(columns[1:], s, before, after, kept)
        after += columns[:1]

    def slopes(self, columns, before, after, kept):
        super().slopes(columns[1:], before, after, kept)
        columns[0] = 1


OTHERS = {
    "readme": readmes_cell(),  # it has no product with the state
    "coupled": (CoupledLSTM(), CellShape(gates=3, states=2)),
    "product": (Product(), CellShape(gates=1, biases=2)),
    "scaled": (Scaled(), CellShape(gates=2, biases=2, state_gates=1)),
}


@pytest.mark.parametrize("cell", [*CELLS, *OTHERS])
def test_derivative(cell: str) -> None:
    check_cell(*(OTHERS[cell] if cell in OTHERS else (CELLS[cell], CELL_SHAPES[cell])))


@pytest.mark.parametrize(
    ("cell", "wrong", "place"),
    [("gru", "x", 0), ("gru", "s", -1), ("simple_rnn", "x", 0), ("lstm", "the state before", 0)],
)
def test_a_wrong_derivative_is_caught(cell: str, wrong: str, place: int) -> None:
    """One of them is wrong by a thousandth, and the message says which."""

    class Spoilt(type(CELLS[cell])):  # type: ignore[misc]
        def backward(self, *arrays: np.ndarray, d_columns: np.ndarray, d_before: np.ndarray) -> None:
            super().backward(*arrays, d_columns=d_columns, d_before=d_before)
            (d_before if wrong == "the state before" else d_columns)[place] *= 1.001

    with pytest.raises(AssertionError, match=f"^the derivative by {wrong}.* is wrong: backward gives"):
        check_cell(Spoilt(), CELL_SHAPES[cell])


def test_what_a_cell_must_not_leave_undone_or_change_is_caught() -> None:
    assert Cell.__abstractmethods__ == {"forward", "slopes", "backward"}

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


def test_sigmoid_does_not_overflow() -> None:
    halves = np.array([-1e4, 0.0, 1e4])
    sigmoid_of_half(halves)
    assert halves.tolist() == [0, 0.5, 1]


def test_the_readmes_cell_trains(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a row in each table the engine has a new cell: the loss falls."""
    cell, shape = OTHERS["readme"]
    monkeypatch.setitem(CELLS, "min_gru", cell)
    monkeypatch.setitem(CELL_SHAPES, "min_gru", shape)
    monkeypatch.setitem(vars(About.of(NetworkSettings, "cell")), "holds", CELLS.__contains__)
    network = RecurrentNetwork(FEW.size, "min_gru", (8, 6))
    engine = NumpyEngine(network, TrainingSettings(), threads=1)
    engine.set_state(network.initial_parameters("glorot", rng=np.random.default_rng(0)))
    batches = BatchMaker.from_names(TREES["shared"], FEW)
    losses = engine.train_epoch(
        Step(batch, 0.02) for epoch in range(40) for batch in batches.epoch(epoch, batch_size=10, seed=0)
    ).loss_sum
    assert losses[-1] < 0.6 * losses[0]


@through_time
@pytest.mark.parametrize("dense", [False, True], ids=["tokens", "dense"])
@pytest.mark.parametrize("cell", OTHERS)
def test_a_layer_of_it_brings_its_gradient_back(cell: str, through_time: bool, dense: bool) -> None:
    rng = np.random.default_rng(1)
    check_layer(make_layer(OTHERS[cell], rng, through_time), make_tree("shared"), rng, dense=dense)


class OwnNetwork(OwnCellNetwork):
    architecture = "own_gru"
    own_shape = CellShape(gates=3, biases=2)


class OwnEngine(NumpyEngine):
    name = "own_gru"
    architectures = (OwnNetwork,)
    cells = frozenset()
    own_cell: Cell = GRU()


def test_an_engine_computes_with_its_own_cell() -> None:
    """Which is a GRU here, so the numbers must be the GRU's, though the network names none."""
    own, ours = OwnNetwork(VOCABULARY.size, hidden=(4, 3)), RecurrentNetwork(VOCABULARY.size, "gru", (4, 3))
    assert own.cell != "gru"
    assert own.parameter_shapes == ours.parameter_shapes
    parameters = ours.initial_parameters("normal", rng=np.random.default_rng(0))
    found = []
    for engine in (OwnEngine(own, None, threads=1), NumpyEngine(ours, None, threads=1)):
        engine.set_state(parameters)
        found.append((engine.model.loss_and_gradient(batch_of(NAMES)), engine.model.gradient))
    assert found[0][0] == found[1][0]
    np.testing.assert_array_equal(found[0][1], found[1][1])


def test_settings_give_its_widths_and_nothing_else() -> None:
    """A cell or options would change nothing."""
    settings = NetworkSettings(hidden=(7,))
    network = OwnNetwork.from_settings(settings, 12, labels=2)
    assert network == OwnNetwork(12, hidden=(7,), labels=2)
    assert network.summary == "own_gru 7"
    assert OwnNetwork.from_dict(network.to_dict()) == network
    for more in ({"cell": "gru"}, {"options": {"heads": 2}}):
        with pytest.raises(SettingsError, match="own_gru"):
            OwnNetwork.from_settings(replace(settings, **more), 12)
