"""A cell of a third party: an architecture that says its shape, an engine that says its arithmetic."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from namegen.backends.numpy_engine.cells import GRU, Cell
from namegen.backends.numpy_engine.engine import NumpyEngine
from namegen.core.network.own_cell import OwnCellNetwork
from namegen.core.network.recurrent_network import CellShape, RecurrentNetwork
from namegen.core.settings import NetworkSettings
from namegen.errors import SettingsError
from namegen.testing import NAMES, VOCABULARY
from namegen.testing.material import batch_of


class OwnNetwork(OwnCellNetwork):
    architecture = "own_gru"
    own_shape = CellShape(gates=3, biases=2)


class OwnEngine(NumpyEngine):
    name = "own_gru"
    architectures = (OwnNetwork,)
    cells = frozenset()
    own_cell: Cell = GRU()


def test_it_computes_with_its_own_cell() -> None:
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


def test_settings_give_its_widths() -> None:
    network = OwnNetwork.from_settings(NetworkSettings(hidden=(7,)), 12, labels=2)
    assert network == OwnNetwork(12, hidden=(7,), labels=2)
    assert network.summary == "own_gru 7"
    assert OwnNetwork.from_dict(network.to_dict()) == network


def test_it_refuses_a_cell_and_options() -> None:
    """Either would change nothing."""
    settings = NetworkSettings(hidden=(7,))
    with pytest.raises(SettingsError, match="cell is gru, and the architecture own_gru has a cell of its own"):
        OwnNetwork.from_settings(replace(settings, cell="gru"), 12)
    with pytest.raises(SettingsError, match="own_gru"):
        OwnNetwork.from_settings(replace(settings, options={"heads": 2}), 12)
