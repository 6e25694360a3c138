"""What a training is told: the defaults that depend on the list and the network."""

from __future__ import annotations

import pytest

from namegen.core.settings import DataSettings, NetworkSettings, TrainingSettings, resolve_training
from namegen.errors import SettingsError


@pytest.mark.parametrize(
    ("names", "damped", "batch_size", "epochs"),
    [
        (21_000, False, 128, 120),
        (6_000, True, 128, 64),
        (100_000, True, 128, 40),
        (270, False, 16, 177),
        (1, True, 16, 3000),
    ],
)
def test_the_defaults_follow_the_size_of_the_list(names: int, damped: bool, batch_size: int, epochs: int) -> None:
    resolved = resolve_training(TrainingSettings(), names, damped=damped)
    assert (resolved.batch_size, resolved.epochs) == (batch_size, epochs)


def test_what_is_given_is_not_resolved_away() -> None:
    given = TrainingSettings(batch_size=7, epochs=3, learning_rate=0.02)
    assert resolve_training(given, 21_000, NetworkSettings(hidden=(128,))) == given


def test_a_rule_of_sameness_that_there_is_not_is_refused_by_its_name() -> None:
    with pytest.raises(SettingsError, match="sameness is 'firms'"):
        DataSettings(sameness="firms")
