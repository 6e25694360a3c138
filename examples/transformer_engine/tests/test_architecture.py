"""The architecture's settings, errors, initial parameters and dropout masks."""

from __future__ import annotations

import doctest
from typing import Any

import namegen_transformer.architecture
import numpy as np
import pytest
from namegen_transformer.architecture import Transformer

from namegen.core.network.architecture import Network
from namegen.core.network.initializers import INITIALIZERS
from namegen.core.settings import NetworkSettings, TrainingSettings
from namegen.core.training.steps import Dropping
from namegen.errors import CheckpointError, SettingsError


def test_settings_and_options_become_the_fields_of_a_network() -> None:
    settings = NetworkSettings(hidden=(24, 24, 24), options={"heads": 3, "context": 20})
    network = Transformer.from_settings(settings, 54, labels=2)
    assert network == Transformer(54, (24, 24, 24), heads=3, context=20, labels=2)
    assert network.parameter_shapes["embedding.kernel"] == (56, 24)
    assert network.parameter_shapes["output.kernel"] == (24, 54)
    assert Transformer.from_settings(NetworkSettings(), 54) == Transformer(54)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"cell": "gru"}, "cell is gru, but the architecture transformer has none"),
        ({"options": {"layers": 2}}, "options has 'layers', .* only heads, context"),
        ({"options": {"heads": 2.0}}, r"heads in options is 2\.0: expected a whole number"),
        (
            {"options": {"context": 0}},
            "context in options is 0: expected a whole number of at least 1",
        ),
        ({"options": {"heads": True}}, "heads in options is True"),
        ({"hidden": (32, 64)}, "hidden is 32, 64: .* such as 64, 64"),
        ({"hidden": (30,)}, "a width of 30 can't be divided among 4 heads"),
    ],
)
def test_unknown_and_wrong_settings_are_rejected(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        Transformer.from_settings(NetworkSettings(**settings), 54)


def test_it_can_be_saved_and_loaded() -> None:
    network = Transformer(54, (16,), heads=2, context=9, labels=1)
    assert Transformer.from_dict(network.to_dict()) == network
    with pytest.raises(CheckpointError, match="architecture transformer"):
        Transformer.from_dict({**network.to_dict(), "heads": 3})
    assert issubclass(Transformer, Network)


@pytest.mark.parametrize("init", INITIALIZERS)
def test_initial_values_have_the_right_shapes_and_scales_start_at_1(init: str) -> None:
    network = Transformer(54, (32, 32))
    values = network.initial_parameters(init, rng=np.random.default_rng(0))
    assert {name: array.shape for name, array in values.items()} == network.parameter_shapes
    assert sum(array.size for array in values.values()) == network.parameter_count
    for name, array in values.items():
        if name.endswith(".scale"):
            assert (array == 1).all()
        elif name.endswith(".bias"):
            assert (array == 0).all()
        else:
            assert array.std() > 0
    assert values["embedding.kernel"].std() == pytest.approx(0.02, rel=0.1)


def test_dropout_masks() -> None:
    network = Transformer(54, (32, 32))
    settings = TrainingSettings(layer_dropout=0.5, output_dropout=0.5)
    masks = Dropping(network, settings).masks(0, 0)
    assert sorted(masks) == ["block.1.attention.kernel", "block.1.feed.kernel", "output.kernel"]
    for mask in masks.values():
        assert mask.shape == (32, 1)
        assert set(mask.ravel()) == {0, 2}


@pytest.mark.parametrize(
    ("settings", "widths"),
    [({"recurrent_dropout": 0.5}, (32, 32)), ({"layer_dropout": 0.5}, (32,))],
)
def test_dropout_without_units_is_rejected(
    settings: dict[str, Any], widths: tuple[int, ...]
) -> None:
    with pytest.raises(SettingsError, match="no such units or weights"):
        Dropping(Transformer(54, widths), TrainingSettings(**settings))


def test_examples() -> None:
    assert doctest.testmod(namegen_transformer.architecture).failed == 0
