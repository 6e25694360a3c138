"""Check the shapes and initial values of parameters, and converting networks to and from JSON."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from namegen.core import settings
from namegen.core.network.architecture import Network, RecurrentNetwork
from namegen.core.network.cells import CELLS
from namegen.core.network.initializers import INITIALIZERS
from namegen.errors import CheckpointError, SettingsError

# Large, so that the measured variances are accurate.
LARGE = RecurrentNetwork(vocabulary_size=120, cell="lstm", hidden=(200, 150))


def test_parameter_shapes_follow_keras_for_each_cell() -> None:
    """Labels add rows to the first kernel, but not to the output, because they're never predicted."""
    network = RecurrentNetwork(9, "simple_rnn", (5, 4))
    assert network.parameter_shapes == {
        "rnn.0.kernel": (9, 5),
        "rnn.0.recurrent_kernel": (5, 5),
        "rnn.0.bias": (5,),
        "rnn.1.kernel": (5, 4),
        "rnn.1.recurrent_kernel": (4, 4),
        "rnn.1.bias": (4,),
        "output.kernel": (4, 9),
        "output.bias": (9,),
    }
    assert network.parameter_count == 45 + 25 + 5 + 20 + 16 + 4 + 36 + 9
    for cell, columns, bias in (("gru", 15, (2, 15)), ("lstm", 20, (20,))):
        assert RecurrentNetwork(9, cell, (5,), labels=2).parameter_shapes == {
            "rnn.0.kernel": (11, columns),
            "rnn.0.recurrent_kernel": (5, columns),
            "rnn.0.bias": bias,
            "output.kernel": (5, 9),
            "output.bias": (9,),
        }
    widths = {cell: RecurrentNetwork(9, cell, (5, 4)).state_widths for cell in ("gru", "lstm")}
    assert widths == {"gru": (5, 4), "lstm": (5, 5, 4, 4)}


@pytest.mark.parametrize("cell", CELLS)
def test_a_network_is_restored_from_its_description(cell: str) -> None:
    network = RecurrentNetwork(30, cell, (7, 8), labels=3)
    assert RecurrentNetwork.from_dict(network.to_dict()) == network


@pytest.mark.parametrize(
    "change",
    [
        *({"vocabulary_size": value} for value in ("30", 30.0, True, 0)),
        *({"labels": value} for value in ("3", -1)),
        *({"cell": value} for value in ("transformer", ["gru"])),
        *({"hidden": value} for value in ([], 8, None, "88", [8, 0], [8.0], [True])),
    ],
    ids=str,
)
def test_a_description_with_an_invalid_value_is_rejected(change: dict[str, object]) -> None:
    with pytest.raises(CheckpointError, match="description of the network"):
        RecurrentNetwork.from_dict(RecurrentNetwork(30, "gru", (7, 8)).to_dict() | change)


def test_a_description_with_a_missing_value_is_rejected() -> None:
    document = RecurrentNetwork(30).to_dict()
    for missing in ("vocabulary_size", "labels", "cell", "hidden"):
        with pytest.raises(CheckpointError, match=missing):
            RecurrentNetwork.from_dict(
                {name: value for name, value in document.items() if name != missing}
            )


def test_invalid_networks_are_rejected() -> None:
    for wrong in ({"vocabulary_size": 0}, {"cell": "rnn"}, {"hidden": ()}, {"labels": -1}):
        with pytest.raises(SettingsError):
            RecurrentNetwork(**({"vocabulary_size": 5} | wrong))  # type: ignore[arg-type]


@pytest.mark.parametrize("init", INITIALIZERS)
@pytest.mark.parametrize("cell", CELLS)
def test_initial_values_are_finite_and_reproducible(init: str, cell: str) -> None:
    """They also have the type float64, and only the biases are zero."""
    network = RecurrentNetwork(12, cell, (6, 5))
    values, again, other = (
        network.initial_parameters(init, rng=np.random.default_rng(seed)) for seed in (3, 3, 4)
    )
    assert {name: array.shape for name, array in values.items()} == network.parameter_shapes
    for name, array in values.items():
        assert array.dtype == np.float64
        assert np.isfinite(array).all()
        np.testing.assert_array_equal(array, again[name])
        assert array.any() != name.endswith(".bias")
        assert name.endswith(".bias") or (array != other[name]).all()


VARIANCES: dict[str, Callable[[tuple[int, ...]], float]] = {
    "glorot": lambda shape: 2 / (shape[0] + shape[1]),
    "normal": lambda shape: 0.1**2,
    "uniform": lambda shape: 0.2**2 / 12,
    "xavier": lambda shape: 1 / shape[0],
}


@pytest.mark.parametrize("init", VARIANCES)
def test_initial_values_have_the_documented_variances(init: str) -> None:
    """The mean and variance are within six standard errors. Uniform values stay below their limit."""
    values = LARGE.initial_parameters(init, rng=np.random.default_rng(5))
    for name, array in values.items():
        if name.endswith(".bias") or (init == "glorot" and name.endswith(".recurrent_kernel")):
            continue
        variance = VARIANCES[init](array.shape)
        assert abs(array.mean()) < 6 * math.sqrt(variance / array.size), name
        assert array.var() == pytest.approx(variance, rel=6 * math.sqrt(2 / array.size)), name
        if init in ("glorot", "uniform"):
            limit = math.sqrt(3 * variance)
            assert 0.99 * limit < np.abs(array).max() <= limit, name


@pytest.mark.parametrize("cell", CELLS)
def test_recurrent_kernels_are_initially_orthogonal(cell: str) -> None:
    """As in Keras, the rows of the whole kernel, including all gates, are orthonormal."""
    values = RecurrentNetwork(12, cell, (6, 1)).initial_parameters(
        "glorot", rng=np.random.default_rng(6)
    )
    for name in ("rnn.0.recurrent_kernel", "rnn.1.recurrent_kernel"):
        U = values[name]
        np.testing.assert_allclose(U @ U.T, np.eye(len(U)), atol=1e-12)


def test_signs_of_orthogonal_matrices_are_random() -> None:
    """Without a correction by the signs of R's diagonal, some elements would have the same sign in every draw."""
    network, rng = RecurrentNetwork(2, "simple_rnn", (3,)), np.random.default_rng(7)
    draws = [
        network.initial_parameters("glorot", rng=rng)["rnn.0.recurrent_kernel"] for _ in range(400)
    ]
    assert (abs((np.array(draws) > 0).sum(axis=0) - 200) < 60).all()  # six standard deviations


def test_architectures_without_cells_reject_the_cell_setting() -> None:
    @dataclass(frozen=True)
    class Blocks(Network):
        architecture = "blocks"
        blocks: int = 1

    Blocks.refuse_options(settings.NetworkSettings())
    with pytest.raises(SettingsError, match="cell is gru, but the architecture blocks has none"):
        Blocks.refuse_options(settings.NetworkSettings(cell="gru"))
