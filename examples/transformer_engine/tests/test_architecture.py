"""The architecture as data: what it takes from settings, what it refuses, how it begins."""

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


def test_settings_become_a_network_and_options_its_own_fields() -> None:
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
def test_settings_that_it_does_not_have_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        Transformer.from_settings(NetworkSettings(**settings), 54)


def test_it_goes_into_a_file_and_comes_back() -> None:
    network = Transformer(54, (16,), heads=2, context=9, labels=1)
    assert Transformer.from_dict(network.to_dict()) == network
    with pytest.raises(CheckpointError, match="architecture transformer"):
        Transformer.from_dict({**network.to_dict(), "heads": 3})
    assert issubclass(Transformer, Network)


@pytest.mark.parametrize("init", INITIALIZERS)
def test_initial_values_fit_their_shapes_and_scales_begin_at_one(init: str) -> None:
    network = Transformer(54, (32, 32))
    values = network.initial_parameters(init, rng=np.random.default_rng(0))
    assert {name: array.shape for name, array in values.items()} == network.parameter_shapes
    assert sum(array.size for array in values.values()) == network.parameter_count
    for name, array in values.items():
        kind = name.rpartition(".")[2]
        assert (
            (array == 1).all()
            if kind == "scale"
            else (array == 0).all()
            if kind == "bias"
            else array.std() > 0
        )
    assert values["embedding.kernel"].std() == pytest.approx(0.02, rel=0.1)


def test_what_can_be_dropped() -> None:
    network = Transformer(54, (32, 32))
    masks = Dropping(network, TrainingSettings(layer_dropout=0.5, output_dropout=0.5)).masks(0, 0)
    assert sorted(masks) == ["block.1.attention.kernel", "block.1.feed.kernel", "output.kernel"]
    assert all(mask.shape == (32, 1) and set(mask.ravel()) == {0, 2} for mask in masks.values())
    for settings, widths in (
        ({"recurrent_dropout": 0.5}, (32, 32)),
        ({"layer_dropout": 0.5}, (32,)),
    ):
        with pytest.raises(SettingsError, match="no such units or weights"):
            Dropping(Transformer(54, widths), TrainingSettings(**settings))


def test_examples() -> None:
    assert doctest.testmod(namegen_transformer.architecture).failed == 0
