"""Check the training loop: the best epoch, learning rates, dropout, labels, errors and events."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from namegen.backends.numpy_engine.engine import NumpyEngine
from namegen.core.checkpoint.checkpoint import read_model
from namegen.core.checkpoint.tensor_file import read_tensors, write_tensors
from namegen.core.data.corpus import Corpus
from namegen.core.engine import Step, StepLosses
from namegen.core.network.architecture import RecurrentNetwork
from namegen.core.schedules import SCHEDULES, Plan
from namegen.core.settings import DataSettings, NetworkSettings, Recipe, TrainingSettings
from namegen.core.training.preparation import prepare
from namegen.core.training.progress import TrainingProgress
from namegen.core.training.run_folder import RunFolder
from namegen.core.training.saved_state import Identity, SavedState
from namegen.core.training.steps import Dropping
from namegen.core.training.trainer import Trainer
from namegen.errors import CheckpointError, EngineFailedError, SettingsError, TrainingError
from namegen.events import EpochEnded, Event, Measuring, StepBegins, TrainingBegins
from tests.core.training.small_runs import CORPUS, SHORT, make_run


@pytest.mark.parametrize(
    ("monitor", "validation", "column"),
    [
        ("loss", None, "validation_loss_nats_per_char"),
        ("accuracy", None, "validation_accuracy_argmax"),
        ("loss", 0.0, "training_loss_nats_per_char"),
    ],
)
def test_the_best_epoch_is_chosen_by_the_monitored_metric(
    monitor: str, validation: float | None, column: str
) -> None:
    training = replace(SHORT, epochs=8, learning_rate=0.05, monitor=monitor)
    result = make_run(training, DataSettings(split="by-row", validation=validation)).run()
    values = [getattr(record, column) for record in result.history]
    best = max(values) if monitor == "accuracy" else min(values)
    assert result.best_epoch == values.index(best) + 1  # in a tie, the earlier epoch
    if validation == 0.0:
        assert result.validation is None
    else:
        name = column.removeprefix("validation_")
        assert result.validation.to_dict()[name] == pytest.approx(best, abs=1e-6)


def test_a_nan_loss_stops_training_but_keeps_the_model(
    tmp_path: Path,
) -> None:
    rates = ((0, 0.01), (2, 1e39))
    training = replace(
        SHORT, optimizer="sgd", lr_schedule="steps", learning_rate=None, lr_steps=rates
    )
    run = make_run(training, folder=RunFolder(tmp_path))
    with pytest.raises(TrainingError, match=r"in epoch 3.*lower learning_rate than 1e\+39"):
        run.run()
    assert run.progress.epoch == 2
    kept = Path(tmp_path / "model.safetensors").read_bytes()
    assert kept
    assert all(np.isfinite(values).all() for values in run.best_parameters.values())


@pytest.mark.parametrize("data", [None, DataSettings(validation=0.0)])
@pytest.mark.parametrize(
    "rate", [{"optimizer": "sgd", "learning_rate": 1e38}, {"learning_rate": 1e308}]
)
def test_a_diverging_last_update_is_an_error_without_warnings(
    rate: dict, data: DataSettings | None
) -> None:
    """The only update makes the parameters invalid, which is detected when the metrics are computed."""
    with pytest.raises(TrainingError, match="in epoch 1"):
        make_run(replace(SHORT, epochs=1, batch_size=400, **rate), data).run()


def test_events_are_sent_for_every_stage_of_a_run() -> None:
    told: list[Event] = []
    run = make_run(on_progress=told.append)
    run.run()
    steps = run.steps
    assert isinstance(told[0], TrainingBegins)
    assert (told[0].epochs, told[0].steps, told[0].finished) == (4, steps, False)
    taken = [(event.epoch, event.step) for event in told if isinstance(event, StepBegins)]
    assert taken == [(epoch, step) for epoch in range(4) for step in range(steps)]
    assert [event for event in told if isinstance(event, EpochEnded)] == run.progress.history
    assert told[-1] == Measuring()


class Failing(NumpyEngine):
    """A backend that fails in its second epoch: raises an error, or multiplies the losses by a number."""

    epochs = 0
    how: Exception | float = 0.0

    def train_epoch(self, steps: Iterable[Step]) -> StepLosses:
        self.epochs += 1
        losses = super().train_epoch(steps)
        if self.epochs == 2 and isinstance(self.how, Exception):
            raise self.how
        return losses if self.epochs < 2 else replace(losses, loss_sum=losses.loss_sum * self.how)


def failing(how: Exception | float, **more: object) -> Trainer:
    engine = type("Engine", (Failing,), {"how": how})
    prepared = prepare(CORPUS, Recipe(DataSettings(), NetworkSettings(hidden=(4,)), SHORT), engine)
    return Trainer(prepared, **more)


def test_a_failing_backend_is_reported_and_saved_files_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("namegen.core.training.trainer.SECONDS_BETWEEN_SAVES", 0.0)
    error = RuntimeError("gone\nsecond line")
    told = r"numpy failed in epoch 2 with RuntimeError \(gone\) in training/test_trainer.py, line \d+, so"
    with pytest.raises(EngineFailedError, match=told) as raised:
        failing(error, folder=RunFolder(tmp_path)).run()
    assert raised.value.__cause__ is error
    progress = RunFolder(tmp_path).load_state().progress
    assert (progress.epoch, progress.step) == (1, 0)
    assert read_model(tmp_path / "model.safetensors").training["epochs"] == 1


def test_other_errors_are_not_blamed_on_the_backend() -> None:
    def stop() -> bool:
        raise ValueError("of the program that asks")

    with pytest.raises(ValueError, match="of the program that asks"):
        failing(0.0, should_stop=stop).run()


def rates(steps_per_epoch: int, epochs: int, **settings: Any) -> list[float]:
    """Return the learning rate of every step of a run."""
    training = TrainingSettings(**settings)
    plan = Plan(
        steps_per_epoch, epochs, training.peak_learning_rate, training.warmup, training.lr_steps
    )
    return [
        SCHEDULES[training.lr_schedule].rate(step, plan) for step in range(steps_per_epoch * epochs)
    ]


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules_declare_the_settings_that_they_use(name: str) -> None:
    schedule = SCHEDULES[name]
    given = {
        "lr_schedule": name,
        "lr_steps": ((0, 0.1), (2, 0.01)) if "lr_steps" in schedule.reads else (),
    }
    short, long = rates(3, 4, **given), rates(3, 5, **given)
    assert (short != long[: len(short)]) == schedule.depends_on_epochs
    for setting, value in (("learning_rate", 0.3), ("warmup", 0.7)):
        assert (rates(3, 4, **given, **{setting: value}) != short) == (setting in schedule.reads)
        assert (setting in TrainingSettings(**given).without_effect) == (
            setting not in schedule.reads
        )


NETWORK = RecurrentNetwork(30, "gru", hidden=(40, 50))
ALL = TrainingSettings(recurrent_dropout=0.25, layer_dropout=0.5, output_dropout=0.1, seed=7)


def test_dropout_masks_match_their_parameters_and_rates() -> None:
    shapes_and_rates = {
        "rnn.0.recurrent_kernel": ((40, 120), 0.25),
        "rnn.1.recurrent_kernel": ((50, 150), 0.25),
        "rnn.1.kernel": ((40, 1), 0.5),
        "output.kernel": ((50, 1), 0.1),
    }
    steps = [Dropping(NETWORK, ALL).masks(0, step) for step in range(200)]
    assert set(steps[0]) == set(shapes_and_rates)
    for name, (shape, rate) in shapes_and_rates.items():
        masks = np.array([masks[name] for masks in steps])
        assert masks[0].shape == shape
        assert set(masks.ravel().tolist()) == {0.0, float(np.float32(1) / np.float32(1 - rate))}
        error = 4 * np.sqrt(rate * (1 - rate) / masks.size)
        assert (masks == 0).mean() == pytest.approx(rate, abs=error)


def test_masks_depend_only_on_seed_epoch_and_step() -> None:
    dropping = Dropping(NETWORK, ALL)
    masks = dropping.masks(1, 2)
    dropping.masks(5, 5)
    again = dropping.masks(1, 2)
    for name, mask in masks.items():
        np.testing.assert_array_equal(mask, again[name])
        assert not np.array_equal(mask, dropping.masks(2, 1)[name])
        assert not np.array_equal(mask, dropping.masks(1, 3)[name])


def test_dropout_of_missing_units_is_rejected() -> None:
    with pytest.raises(
        SettingsError, match=r"^layer_dropout is 0\.5, but this network has no such units"
    ):
        Dropping(RecurrentNetwork(30, hidden=(40,)), TrainingSettings(layer_dropout=0.5))


IDENTITY = Identity(
    list="", list_name="", network={}, training={}, data={}
)  # not used in this test


def test_the_network_learns_different_names_for_each_label() -> None:
    """Names with the first label start with a, and names with the second label start with e."""
    rng = np.random.default_rng(4)
    labels = rng.integers(0, 2, 90)
    names = [
        "ae"[label] + "".join(rng.choice(list("abcde"), rng.integers(1, 6))) for label in labels
    ]
    corpus = Corpus.from_names(names, labels=map(str, labels))
    training = replace(SHORT, batch_size=10, epochs=3, learning_rate=0.05, output_dropout=0.2)
    recipe = Recipe(DataSettings(), NetworkSettings(cell="lstm", hidden=(6, 5)), training)
    prepared = prepare(corpus, recipe, NumpyEngine)
    losses = [
        metadata.validation_loss_nats_per_char for metadata in Trainer(prepared).run().history
    ]
    assert losses[2] < losses[0]  # type: ignore[operator]
    engine, size = prepared.engine, corpus.vocabulary.size
    logits, _ = engine.step(np.array([size, size + 1], np.int32), engine.initial_state(2))
    assert logits.argmax(axis=1).tolist() == [1, 5]  # a, e


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_self_test_logits_of_a_state_must_have_two_rows(tmp_path: Path, rows: int) -> None:
    path = tmp_path / "state.safetensors"
    SavedState({}, {}, TrainingProgress(), IDENTITY, "numpy", np.zeros((2, 5), np.float32)).save(
        path
    )
    tensors, document = read_tensors(path)
    kept = {name: value for name, value in document.items() if name != "format_version"}
    write_tensors(path, tensors | {"probe": np.zeros((rows, 5), np.float32)}, kept)
    if rows == 2:
        np.testing.assert_array_equal(SavedState.load(path).probe, np.zeros((2, 5)))
    else:
        with pytest.raises(CheckpointError, match="is not two rows of logits"):
            SavedState.load(path)
