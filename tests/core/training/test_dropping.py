"""Masks: from seed and step alone, of the right shapes and shares, refused where there is nothing to drop."""

from __future__ import annotations

import numpy as np
import pytest

from namegen.core.network.recurrent_network import RecurrentNetwork
from namegen.core.settings import TrainingSettings
from namegen.core.training.dropping import Dropping
from namegen.errors import SettingsError

NETWORK = RecurrentNetwork(30, "gru", hidden=(40, 50))
ALL = TrainingSettings(drop_recurrent=0.25, drop_between=0.5, drop_output=0.1, seed=7)


def test_each_rate_masks_its_own_parameters() -> None:
    masks = Dropping(NETWORK, ALL).masks(0, 0)
    assert {name: mask.shape for name, mask in masks.items()} == {
        "rnn.0.recurrent_kernel": (40, 120),
        "rnn.1.recurrent_kernel": (50, 150),
        "rnn.1.kernel": (40, 1),
        "output.kernel": (50, 1),
    }
    assert Dropping(NETWORK, TrainingSettings()).masks(0, 0) == {}
    assert list(Dropping(NETWORK, TrainingSettings(drop_output=0.1)).masks(0, 0)) == ["output.kernel"]


def test_so_much_is_left_out_and_the_rest_is_scaled() -> None:
    dropping = Dropping(NETWORK, ALL)
    for name, rate in (("rnn.1.recurrent_kernel", 0.25), ("rnn.1.kernel", 0.5), ("output.kernel", 0.1)):
        masks = np.concatenate([dropping.masks(0, step)[name].ravel() for step in range(200)])
        assert set(masks.tolist()) == {0.0, float(np.float32(1) / np.float32(1 - rate))}
        assert (masks == 0).mean() == pytest.approx(rate, abs=4 * np.sqrt(rate * (1 - rate) / len(masks)))


def test_masks_depend_on_seed_epoch_and_step_alone() -> None:
    one, other = Dropping(NETWORK, ALL), Dropping(NETWORK, ALL)
    other.masks(5, 5)
    for name, mask in one.masks(1, 2).items():
        np.testing.assert_array_equal(mask, other.masks(1, 2)[name])
        assert not np.array_equal(mask, one.masks(2, 1)[name])
        assert not np.array_equal(mask, one.masks(1, 3)[name])


def test_the_masks_of_two_parameters_are_not_alike() -> None:
    masks = Dropping(RecurrentNetwork(30, hidden=(40, 40)), ALL).masks(0, 0)
    assert not np.array_equal(masks["rnn.0.recurrent_kernel"], masks["rnn.1.recurrent_kernel"])


def test_what_the_network_does_not_have_cannot_be_dropped() -> None:
    with pytest.raises(SettingsError, match=r"^drop_between is 0\.5, and this network has nothing there to drop"):
        Dropping(RecurrentNetwork(30, hidden=(40,)), TrainingSettings(drop_between=0.5))
