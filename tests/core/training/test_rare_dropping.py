"""Dropping: rates as small as the random numbers can tell."""

from __future__ import annotations

import numpy as np
import pytest

from namegen.core.network.recurrent_network import RecurrentNetwork
from namegen.core.settings import TrainingSettings
from namegen.core.training.dropping import Dropping


@pytest.mark.parametrize("times", [1, 2, 5])
def test_the_smallest_rates_are_kept_to(times: int) -> None:
    """Of four million weights 64 are expected to go, or so many times as many."""
    network, rate = RecurrentNetwork(5, hidden=(2_048,)), times / 2**16
    (name,) = network.mask_shapes["drop_recurrent"]
    mask = Dropping(network, TrainingSettings(drop_recurrent=rate)).masks(epoch=0, step=0)[name]
    assert mask.size >= 2**22
    expected = mask.size * rate
    assert abs(int((mask == 0).sum()) - expected) < 3 * np.sqrt(expected)
