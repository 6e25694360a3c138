from __future__ import annotations

import pytest

from namegen.core.settings import TrainingSettings
from namegen.core.training.schedules import make_schedule
from namegen.errors import SettingsError


def test_a_constant_rate_is_the_same_at_every_step() -> None:
    schedule = make_schedule(TrainingSettings(schedule="constant", learning_rate=0.3), steps_per_epoch=5, epochs=4)
    assert {schedule(step) for step in range(20)} == {0.3}


def test_steps_change_the_rate_at_the_first_step_of_their_epoch() -> None:
    training = TrainingSettings(schedule="steps", rate_steps=((0, 0.1), (2, 0.01)))
    schedule = make_schedule(training, steps_per_epoch=3, epochs=4)
    assert [schedule(step) for step in range(9)] == [0.1] * 6 + [0.01] * 3


def test_one_cycle_rises_for_the_warm_up_and_then_falls_to_almost_nothing() -> None:
    schedule = make_schedule(TrainingSettings(learning_rate=0.02, warmup=0.2), steps_per_epoch=100, epochs=10)
    rates = [schedule(step) for step in range(1000)]
    top = rates.index(max(rates))
    assert top == pytest.approx(200, abs=1)
    assert max(rates) == pytest.approx(0.02, rel=1e-2)
    assert rates[:top] == sorted(rates[:top])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert rates[0] == pytest.approx(0.02 / 25)
    assert rates[top // 2] == pytest.approx((rates[0] + 0.02) / 2, rel=0.01)
    assert rates[-1] == pytest.approx(0.02 / 10_000)


def test_one_step_in_all_has_a_rate_too() -> None:
    assert 0 < make_schedule(TrainingSettings(), steps_per_epoch=1, epochs=1)(0) <= 0.02


@pytest.mark.parametrize("settings", [{"schedule": "steps"}, {"rate_steps": ((0, 0.1),)}])
def test_rate_steps_go_with_their_schedule_and_with_no_other(settings: dict) -> None:
    with pytest.raises(SettingsError, match="together"):
        TrainingSettings(**settings)
