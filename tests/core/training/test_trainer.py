"""The training loop: the best epoch, patience, a loss that goes astray, who is told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from namegen.backends.numpy_engine.engine import NumpyEngine
from namegen.core.engine import Step, StepLosses
from namegen.core.settings import DataSettings, NetworkSettings, Recipe, TrainingSettings
from namegen.core.training.progress import SilentListener, TrainingProgress
from namegen.core.training.run import TrainingRun
from namegen.core.training.run_folder import RunFolder, read_model
from namegen.core.training.trainer import Trainer
from namegen.errors import EngineFailedError, SettingsError, TrainingError
from tests.core.training.small_runs import CORPUS, SHORT, make_run


def test_the_result_is_the_best_epoch_by_the_criterion() -> None:
    for best_by, column in (("loss", "validation_loss_nats_per_char"), ("accuracy", "validation_accuracy_argmax")):
        run = make_run(replace(SHORT, epochs=12, learning_rate=0.05, best_by=best_by))
        result = run.run()
        values = [getattr(record, column) for record in result.history]
        wanted = min(values) if best_by == "loss" else max(values)
        assert result.best_epoch == values.index(wanted) + 1  # ties to the earlier
        assert result.validation is not None
        assert result.validation.to_dict()[column.removeprefix("validation_")] == pytest.approx(wanted, abs=1e-6)


def test_of_equal_epochs_the_earlier_is_the_best() -> None:
    run = make_run(replace(SHORT, optimizer="sgd", learning_rate=1e-30))  # so small that no parameter moves
    result = run.run()
    assert len({record.validation_loss_nats_per_char for record in result.history}) == 1
    assert result.best_epoch == 1


def test_patience_ends_a_run_so_many_epochs_after_the_best() -> None:
    result = make_run(replace(SHORT, epochs=200, learning_rate=0.1, patience=3)).run()
    assert result.epochs == result.best_epoch + 3 < 200


def test_without_held_out_names_the_training_loss_decides() -> None:
    result = make_run(data=DataSettings(validation=0.0)).run()
    losses = [record.training_loss_nats_per_char for record in result.history]
    assert result.best_epoch == losses.index(min(losses)) + 1
    assert result.validation is None
    assert result.to_dict()["validation"] is None


def test_a_loss_that_is_not_a_number_stops_training_and_keeps_the_best_model(tmp_path: Path) -> None:
    rates = ((0, 0.01), (2, 1e39))
    training = replace(SHORT, optimizer="sgd", schedule="steps", learning_rate=None, rate_steps=rates)
    run = make_run(training, folder=RunFolder(tmp_path))
    with pytest.raises(TrainingError, match=r"in epoch 3.*lower learning_rate than 1e\+39"):
        run.run()
    assert run.progress.epoch == 2
    kept = Path(tmp_path / "model.safetensors").read_bytes()
    assert kept
    assert all(np.isfinite(values).all() for values in run.progress.best.parameters.values())


def test_a_last_update_that_goes_astray_is_not_called_a_result() -> None:
    training = replace(SHORT, epochs=1, batch_size=400, optimizer="sgd", learning_rate=1e38)
    with pytest.raises(TrainingError, match="in epoch 1"):
        make_run(training, DataSettings(validation=0.0)).run()


@pytest.mark.parametrize("data", [None, DataSettings(validation=0.0)])
def test_a_rate_without_bounds_is_one_error_and_no_warning(data: DataSettings | None) -> None:
    """The only update leaves no number, which the figures meet first."""
    with pytest.raises(TrainingError, match="in epoch 1"):
        make_run(replace(SHORT, epochs=1, batch_size=400, learning_rate=1e308), data).run()


def test_settings_that_are_not_resolved_are_refused() -> None:
    run = make_run()
    with pytest.raises(SettingsError, match="resolved"):
        Trainer(run.engine, run.parts.batches, None, run.trainer.generator, TrainingSettings(), run.trainer.dropping)


def test_the_listener_hears_of_every_step_and_epoch() -> None:
    class Ear(SilentListener):
        def __init__(self) -> None:
            self.steps: list[int] = []
            self.epochs: list[int] = []

        def on_step(self, progress: TrainingProgress, step: int, steps: int) -> None:
            assert step < steps
            self.steps.append(step)

        def on_epoch(self, progress: TrainingProgress) -> None:
            self.epochs.append(progress.history[-1].epoch)

    ear = Ear()
    run = make_run(listener=ear)
    run.run()
    assert ear.epochs == [1, 2, 3, 4]
    assert ear.steps == list(range(run.trainer.steps)) * 4


class Failing(NumpyEngine):
    """Fails in some way in its second epoch."""

    epochs = 0
    how: Exception | float = 0.0

    def train_epoch(self, steps: Iterable[Step]) -> StepLosses:
        self.epochs += 1
        losses = super().train_epoch(steps)
        if self.epochs == 2 and isinstance(self.how, Exception):
            raise self.how
        return losses if self.epochs < 2 else replace(losses, loss_sum=losses.loss_sum * self.how)


def failing(how: Exception | float, **more: object) -> TrainingRun:
    engine = type("Engine", (Failing,), {"how": how})
    return TrainingRun(CORPUS, Recipe(DataSettings(), NetworkSettings(hidden=(4,)), SHORT), engine, **more)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (RuntimeError("gone\nsecond line"), r"the engine numpy failed in epoch 2 with RuntimeError \(gone\), so"),
        (ZeroDivisionError(), r"failed in epoch 2 with ZeroDivisionError \(no message\)"),
    ],
)
def test_an_engine_that_breaks_down_is_told_and_leaves_what_was_saved(
    tmp_path: Path, error: Exception, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("namegen.core.training.run.SECONDS_BETWEEN_SAVES", 0.0)
    with pytest.raises(EngineFailedError, match=said) as raised:
        failing(error, folder=RunFolder(tmp_path)).run()
    assert raised.value.__cause__ is error
    progress = RunFolder(tmp_path).load_state().progress
    assert (progress.epoch, progress.step) == (1, 0)
    assert read_model(tmp_path / "model.safetensors").training["epochs"] == 1


def test_what_is_ours_is_not_told_as_the_engines() -> None:
    def stop() -> bool:
        raise ValueError("of the program that asks")

    with pytest.raises(ValueError, match="of the program that asks"):
        failing(0.0, stop=stop).run()


def test_an_engine_that_gives_no_number_as_its_loss_has_gone_astray() -> None:
    with pytest.raises(TrainingError, match="no longer a finite number, or much too large, in epoch 2"):
        failing(float("nan")).run()
