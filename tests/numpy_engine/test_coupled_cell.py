"""A cell with an odd number of columns that carries a state: none of namegen's own has both."""

from __future__ import annotations

import numpy as np
import pytest

from namegen.backends.numpy_engine.cells import Cell
from namegen.core.network.recurrent_network import CellShape
from namegen.testing import check_cell
from tests.numpy_engine.gradients import make_layer, make_tree, through_time, trees
from tests.numpy_engine.test_recurrent import check_layer

SHAPE = CellShape(gates=3, states=2)


class CoupledLSTM(Cell):
    """An LSTM that writes where it forgets (Greff et al., 2017): gates f, g, o; the state is h, c.

    c' = f c + (1 − f) g
    h' = o tanh(c')
    """

    columns, x_gates, s_gates, scale = 3, (0, 1, 2), 3, (1.0, 1.0, 1.0)
    carried = (1,)
    kept = 1  # tanh(c')

    def forward(
        self, columns: np.ndarray, s: np.ndarray, before: np.ndarray, after: np.ndarray, kept: np.ndarray
    ) -> None:
        columns += s
        f, g, o = columns
        f[...], g[...], o[...] = 1 / (1 + np.exp(-f)), np.tanh(g), 1 / (1 + np.exp(-o))
        after[1] = f * before[0] + (1 - f) * g
        kept[0] = np.tanh(after[1])
        after[0] = o * kept[0]

    def slopes(self, columns: np.ndarray, before: np.ndarray, after: np.ndarray, kept: np.ndarray) -> None:
        (f, g, o), c, tanh_c = columns.copy(), before[0].copy(), kept[0].copy()
        columns[0], columns[1], columns[2] = f * (1 - f) * (c - g), (1 - f) * (1 - g * g), o * (1 - o) * tanh_c
        before[0], kept[0] = f, o * (1 - tanh_c * tanh_c)

    def backward(
        self,
        d_after: np.ndarray,
        columns: np.ndarray,
        before: np.ndarray,
        kept: np.ndarray,
        *,
        d_columns: np.ndarray,
        d_before: np.ndarray,
    ) -> None:
        d_c = d_after[1] + d_after[0] * kept[0]
        d_columns[:2] = d_c * columns[:2]
        d_columns[2] = d_after[0] * columns[2]
        d_before[0] = d_c * before[0]


def test_its_derivative_is_right() -> None:
    check_cell(CoupledLSTM(), SHAPE)


@trees
@through_time
@pytest.mark.parametrize("dense", [False, True], ids=["tokens", "dense"])
def test_a_layer_of_it_brings_its_gradient_back(tree: str, through_time: bool, dense: bool) -> None:
    rng = np.random.default_rng(1)
    check_layer(make_layer((CoupledLSTM(), SHAPE), rng, through_time), make_tree(tree), rng, dense=dense)
