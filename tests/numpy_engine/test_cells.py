"""Check the derivatives of namegen's cells and of custom cells against central differences."""

from __future__ import annotations

import numpy as np
import pytest

from namegen.backends.numpy_engine.cells import CELLS as NUMPY_CELLS
from namegen.backends.numpy_engine.cells import NumpyCell, SimpleRNN
from namegen.core.settings import NetworkSettings
from namegen.errors import SettingsError
from namegen.testing import check_cell
from tests.numpy_engine.gradients import bptt, make_layer, make_tree
from tests.numpy_engine.test_recurrent import check_layer
from tests.own_cells import NETWORKS, OWN_CELLS

CELLS = NUMPY_CELLS | OWN_CELLS


@pytest.mark.parametrize("cell", CELLS)
def test_cell_derivatives_are_correct(cell: str) -> None:
    check_cell(CELLS[cell])


@pytest.mark.parametrize(
    ("cell", "wrong", "place"),
    [("gru", "x", 0), ("gru", "s", 3), ("simple_rnn", "x", 0), ("lstm", "the state before", 4)],
)
def test_a_wrong_derivative_is_caught(cell: str, wrong: str, place: int) -> None:
    """One derivative is 0.1% too large, and the message names it."""

    class Spoilt(type(CELLS[cell])):  # type: ignore[misc]
        def backward(self, d_after: np.ndarray, local: np.ndarray, d: np.ndarray) -> None:
            super().backward(d_after, local, d)
            d[place] *= 1.001

    with pytest.raises(
        AssertionError, match=f"^the derivative with respect to {wrong}, of backward, differs by"
    ):
        check_cell(Spoilt())


def test_other_mistakes_in_a_cell_are_caught() -> None:
    assert NumpyCell.__abstractmethods__ == {"forward", "local_derivatives"}

    class Idle(SimpleRNN):
        def forward(self, *arrays: np.ndarray) -> None:
            pass

    class Greedy(SimpleRNN):
        def local_derivatives(self, before, after: np.ndarray, cache, local) -> None:
            super().local_derivatives(before, after, cache, local)
            after *= 2

    class Other(SimpleRNN):
        declared = OWN_CELLS["softsign"].declared

    wrong = {
        Other(): "another h than the formula of softsign",
        Idle(): "forward leaves numbers",
        Greedy(): "local_derivatives must",
    }
    for cell, message in wrong.items():
        with pytest.raises(AssertionError, match=message):
            check_cell(cell)


@bptt
@pytest.mark.parametrize("dense", [False, True], ids=["tokens", "dense"])
@pytest.mark.parametrize("cell", OWN_CELLS)
def test_gradients_of_layers_with_custom_cells_are_correct(
    cell: str, bptt: bool, dense: bool
) -> None:
    rng = np.random.default_rng(1)
    check_layer(make_layer(cell, rng, bptt), make_tree("shared"), rng, dense=dense)


def test_networks_of_custom_cells_have_no_setting_for_the_cell() -> None:
    with pytest.raises(SettingsError, match="one_gate"):
        NETWORKS["one_gate"].from_settings(NetworkSettings(cell="gru"), 12)
