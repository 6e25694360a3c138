"""Cells that namegen does not have: forms that none of its own has, and a third party's engine around one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from namegen.backends.numpy_engine.cells import GRU, Cell
from namegen.backends.numpy_engine.engine import NumpyEngine
from namegen.core.network.recurrent_network import CellShape, OwnCellNetwork, RecurrentNetwork
from namegen.core.settings import NetworkSettings
from namegen.errors import SettingsError
from namegen.testing import NAMES, VOCABULARY, check_cell
from namegen.testing.material import batch_of
from tests.numpy_engine.gradients import make_layer, make_tree, through_time, trees
from tests.numpy_engine.test_recurrent import check_layer


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


CELLS = {
    "coupled": (CoupledLSTM(), CellShape(gates=3, states=2)),
    "product": (Product(), CellShape(gates=1, biases=2)),
    "scaled": (Scaled(), CellShape(gates=2, biases=2, state_gates=1)),
}


@pytest.mark.parametrize("cell", CELLS)
def test_its_derivative_is_right(cell: str) -> None:
    check_cell(*CELLS[cell])


@trees
@through_time
@pytest.mark.parametrize("dense", [False, True], ids=["tokens", "dense"])
@pytest.mark.parametrize("cell", CELLS)
def test_a_layer_of_it_brings_its_gradient_back(cell: str, tree: str, through_time: bool, dense: bool) -> None:
    rng = np.random.default_rng(1)
    check_layer(make_layer(CELLS[cell], rng, through_time), make_tree(tree), rng, dense=dense)


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
