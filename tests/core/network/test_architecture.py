"""The network as data: names and shapes of its parameters, and what their first values are drawn from."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from namegen.core import settings
from namegen.core.network.architecture import INITIALISERS, Network
from namegen.core.network.recurrent_network import CELL_SHAPES, RecurrentNetwork, exportable
from namegen.core.settings import CELLS
from namegen.errors import CheckpointError, OutputError, SettingsError

# Large, so that measured variances are close.
LARGE = RecurrentNetwork(vocabulary_size=120, cell="lstm", hidden=(200, 150))


def test_what_an_architecture_has_to_say() -> None:
    assert Network.__abstractmethods__ == {"from_settings", "parameter_shapes", "summary"}
    kinds = {"from_settings": classmethod, "parameter_shapes": property, "summary": property}
    assert {name: type(vars(Network)[name]) for name in kinds} == kinds


def test_shapes_by_cell() -> None:
    """Keras's layout, written out."""
    assert RecurrentNetwork(9, "simple_rnn", (5, 4)).parameter_shapes == {
        "rnn.0.kernel": (9, 5),
        "rnn.0.recurrent_kernel": (5, 5),
        "rnn.0.bias": (5,),
        "rnn.1.kernel": (5, 4),
        "rnn.1.recurrent_kernel": (4, 4),
        "rnn.1.bias": (4,),
        "output.kernel": (4, 9),
        "output.bias": (9,),
    }
    assert RecurrentNetwork(9, "gru", (5,)).parameter_shapes == {
        "rnn.0.kernel": (9, 15),
        "rnn.0.recurrent_kernel": (5, 15),
        "rnn.0.bias": (2, 15),
        "output.kernel": (5, 9),
        "output.bias": (9,),
    }
    assert RecurrentNetwork(9, "lstm", (5,)).parameter_shapes == {
        "rnn.0.kernel": (9, 20),
        "rnn.0.recurrent_kernel": (5, 20),
        "rnn.0.bias": (20,),
        "output.kernel": (5, 9),
        "output.bias": (9,),
    }


def test_every_cell_has_its_shape() -> None:
    assert tuple(CELL_SHAPES) == CELLS


def test_state_widths() -> None:
    """An array for h, for LSTM one for h and one for c, layer after layer."""
    assert RecurrentNetwork(9, "simple_rnn", (5, 4)).state_widths == (5, 4)
    assert RecurrentNetwork(9, "gru", (5, 4)).state_widths == (5, 4)
    assert RecurrentNetwork(9, "lstm", (5, 4)).state_widths == (5, 5, 4, 4)


def test_a_cell_without_formulas_is_not_exported() -> None:
    exportable(RecurrentNetwork(9, "gru"), ("simple_rnn", "gru"), "a page")
    with pytest.raises(
        OutputError, match="a page cannot hold the cell 'lstm': expected one of simple_rnn, gru; export"
    ):
        exportable(RecurrentNetwork(9, "lstm"), ("simple_rnn", "gru"), "a page")


def test_parameter_count() -> None:
    assert RecurrentNetwork(9, "simple_rnn", (5, 4)).parameter_count == 45 + 25 + 5 + 20 + 16 + 4 + 36 + 9


@pytest.mark.parametrize("cell", CELLS)
def test_there_and_back(cell: str) -> None:
    network = RecurrentNetwork(30, cell, (7, 8))
    assert RecurrentNetwork.from_dict(network.to_dict()) == network


@pytest.mark.parametrize(
    "change",
    [
        {"vocabulary_size": "30"},
        {"vocabulary_size": 30.0},
        {"vocabulary_size": True},
        {"vocabulary_size": 0},
        {"cell": "transformer"},
        {"cell": ["gru"]},
        {"hidden": []},
        {"hidden": 8},
        {"hidden": None},
        {"hidden": "88"},
        {"hidden": [8, 0]},
        {"hidden": [8.0]},
        {"hidden": [True]},
    ],
    ids=str,
)
def test_a_description_of_something_else_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(CheckpointError, match="description of the network"):
        RecurrentNetwork.from_dict(RecurrentNetwork(30, "gru", (7, 8)).to_dict() | change)


@pytest.mark.parametrize("missing", ["vocabulary_size", "cell", "hidden"])
def test_a_description_with_a_gap_is_refused(missing: str) -> None:
    document = RecurrentNetwork(30).to_dict()
    del document[missing]
    with pytest.raises(CheckpointError, match=missing):
        RecurrentNetwork.from_dict(document)


def test_a_network_that_cannot_be() -> None:
    for make in (
        lambda: RecurrentNetwork(0),
        lambda: RecurrentNetwork(5, "rnn"),
        lambda: RecurrentNetwork(5, hidden=()),
    ):
        with pytest.raises(SettingsError):
            make()


def test_the_choices_are_the_settings_choices() -> None:
    assert tuple(INITIALISERS) == settings.INITIALISERS


@pytest.mark.parametrize("init", INITIALISERS)
@pytest.mark.parametrize("cell", CELLS)
def test_initial_values(init: str, cell: str) -> None:
    """Every parameter in its shape, finite, in float64; biases zero, kernels not; one seed gives the same again."""
    network = RecurrentNetwork(12, cell, (6, 5))
    values = network.initial_parameters(init, rng=np.random.default_rng(3))
    again = network.initial_parameters(init, rng=np.random.default_rng(3))
    other = network.initial_parameters(init, rng=np.random.default_rng(4))
    assert {name: array.shape for name, array in values.items()} == network.parameter_shapes
    for name, array in values.items():
        assert array.dtype == np.float64
        assert np.isfinite(array).all()
        np.testing.assert_array_equal(array, again[name])
        assert array.any() != name.endswith(".bias")
        if not name.endswith(".bias"):
            assert (array != other[name]).all()


VARIANCES: dict[str, Callable[[tuple[int, ...]], float]] = {
    "glorot": lambda shape: 2 / (shape[0] + shape[1]),
    "normal": lambda shape: 0.1**2,
    "uniform": lambda shape: 0.2**2 / 12,
    "xavier": lambda shape: 1 / shape[0],
}
LIMITS: dict[str, Callable[[tuple[int, ...]], float]] = {
    "glorot": lambda shape: math.sqrt(6 / (shape[0] + shape[1])),
    "uniform": lambda shape: 0.1,
}


@pytest.mark.parametrize("init", VARIANCES)
def test_variances(init: str) -> None:
    """Mean zero and the variance that the formula says, within six times what chance allows."""
    values = LARGE.initial_parameters(init, rng=np.random.default_rng(5))
    for name, array in values.items():
        if name.endswith(".bias") or (init == "glorot" and name.endswith(".recurrent_kernel")):
            continue
        variance = VARIANCES[init](array.shape)
        assert abs(array.mean()) < 6 * math.sqrt(variance / array.size), name
        assert array.var() == pytest.approx(variance, rel=6 * math.sqrt(2 / array.size)), name
        if init in LIMITS:
            limit = LIMITS[init](array.shape)
            assert 0.99 * limit < np.abs(array).max() <= limit, name


@pytest.mark.parametrize("cell", CELLS)
def test_recurrent_kernels_start_orthogonal(cell: str) -> None:
    """The rows of the whole kernel, all gates side by side, are orthonormal, as Keras draws them."""
    values = RecurrentNetwork(12, cell, (6, 1)).initial_parameters("glorot", rng=np.random.default_rng(6))
    for name in ("rnn.0.recurrent_kernel", "rnn.1.recurrent_kernel"):
        U = values[name]
        np.testing.assert_allclose(U @ U.T, np.eye(len(U)), atol=1e-12)


def test_orthogonal_draws_have_no_preferred_sign() -> None:
    """Without the signs of R's diagonal, LAPACK's own would stand in the same places of every draw."""
    network, rng = RecurrentNetwork(2, "simple_rnn", (3,)), np.random.default_rng(7)
    draws = [network.initial_parameters("glorot", rng=rng)["rnn.0.recurrent_kernel"] for _ in range(400)]
    positive = (np.array(draws) > 0).sum(axis=0)
    assert (abs(positive - 200) < 60).all()  # six deviations


def test_an_architecture_without_cells_refuses_one_whatever_its_fields_are_called() -> None:
    @dataclass(frozen=True)
    class Blocks(Network):
        architecture = "blocks"
        blocks: int = 1

    Blocks.refuse_options(settings.NetworkSettings())
    with pytest.raises(SettingsError, match="cell is gru, and the architecture blocks has no cells"):
        Blocks.refuse_options(settings.NetworkSettings(cell="gru"))
