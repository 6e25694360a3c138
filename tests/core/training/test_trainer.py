"""The training loop: defaults, the best epoch, patience, and a pause that leaves no trace."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from namegen.backends.numpy_engine.engine import NumpyEngine
from namegen.core.data.corpus import Corpus
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.evaluation.evaluator import AccuracyEvaluator
from namegen.core.settings import DataSettings, NetworkSettings, Recipe, TrainingSettings, resolve_training
from namegen.core.training.history import COLUMNS, EpochRecord, history_csv
from namegen.core.training.progress import TrainingProgress
from namegen.core.training.run import TrainingRun
from namegen.core.training.run_folder import RunFolder
from namegen.core.training.trainer import Trainer
from namegen.errors import CheckpointError, EngineError, NamesError, SettingsError, TrainingError
from namegen.lists import load_bundled

CORPUS = Corpus(load_bundled("mlb-first").names[:400], source="four hundred")
SHORT = TrainingSettings(epochs=4, batch_size=32, schedule="constant", learning_rate=0.01)


def make_run(
    training: TrainingSettings = SHORT, data: DataSettings | None = None, corpus: Corpus = CORPUS, **more: object
) -> TrainingRun:
    network = NetworkSettings(hidden=(8,))
    return TrainingRun(corpus, Recipe(data or DataSettings(split="names"), network, training), NumpyEngine, **more)


class After:
    """Asks for a stop once so many steps have been taken."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    def __call__(self) -> bool:
        self.left -= 1
        return self.left < 0


def states(run: TrainingRun) -> dict[str, np.ndarray]:
    return run.engine.get_state()


def assert_equal_states(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> None:
    assert one.keys() == other.keys()
    for name, values in one.items():
        np.testing.assert_array_equal(values, other[name], err_msg=name)


def untimed(history: list[EpochRecord]) -> list[EpochRecord]:
    return [replace(record, seconds=0.0, training_seconds=0.0) for record in history]


@pytest.mark.parametrize("optimizer", ["momentum", "adam"])
@pytest.mark.parametrize("stops", [(0,), (3,), (12, 1, 9)])
def test_a_run_that_was_stopped_goes_on_bit_for_bit(tmp_path: Path, optimizer: str, stops: tuple[int, ...]) -> None:
    training = replace(SHORT, optimizer=optimizer)
    whole = make_run(training)
    whole.run()
    for number, steps in enumerate(stops):
        run = make_run(training, folder=RunFolder(tmp_path), stop=After(steps))
        if number:
            run.resume()
        assert not run.run().finished
    last = make_run(training, folder=RunFolder(tmp_path))
    last.resume()
    result = last.run()
    assert result.finished
    assert_equal_states(states(last), states(whole))
    assert untimed(last.progress.history) == untimed(whole.progress.history)
    assert last.progress.best.epoch == whole.progress.best.epoch
    assert_equal_states(dict(last.progress.best.parameters), dict(whole.progress.best.parameters))


def test_a_best_epoch_before_the_pause_and_the_patience_since_are_not_forgotten(tmp_path: Path) -> None:
    training = replace(SHORT, epochs=60, learning_rate=0.1, patience=4, best_by="accuracy")
    data = DataSettings(split="unique")
    whole = make_run(training, data)
    wanted = whole.run()
    assert wanted.epochs == wanted.best_epoch + 4 < 60
    pause = (wanted.best_epoch + 2) * whole.trainer.steps + 1  # in the third epoch after the best one
    make_run(training, data, folder=RunFolder(tmp_path), stop=After(pause)).run()
    last = make_run(training, data, folder=RunFolder(tmp_path))
    last.resume()
    result = last.run()
    assert (result.epochs, result.best_epoch) == (wanted.epochs, wanted.best_epoch)
    assert_equal_states(dict(result.checkpoint.parameters), dict(wanted.checkpoint.parameters))


@pytest.mark.parametrize(
    ("training", "data", "part"),
    [(replace(SHORT, batch_size=16), None, "training"), (SHORT, DataSettings(validation=0.2, split="names"), "data")],
)
def test_settings_that_have_changed_are_refused(tmp_path: Path, training, data, part: str) -> None:
    make_run(folder=RunFolder(tmp_path), stop=After(5)).run()
    with pytest.raises(CheckpointError, match=rf"other settings \[{part}\]"):
        make_run(training, data, folder=RunFolder(tmp_path)).resume()


def test_saving_on_the_way_changes_nothing(tmp_path: Path) -> None:
    saved, unsaved = make_run(folder=RunFolder(tmp_path)), make_run()
    for _ in saved.trainer.run(saved.progress):
        saved.save()
    unsaved.run()
    assert_equal_states(states(saved), states(unsaved))


def test_a_list_that_has_changed_is_refused(tmp_path: Path) -> None:
    make_run(folder=RunFolder(tmp_path), stop=After(5)).run()
    other = make_run(corpus=Corpus((*CORPUS.names[:-1], "Bob"), source="other"), folder=RunFolder(tmp_path))
    with pytest.raises(NamesError, match="has changed since"):
        other.resume()


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


def test_the_model_holds_the_best_parameters_and_the_lists_own_percentiles() -> None:
    run = make_run()
    checkpoint = run.run().checkpoint
    engine = NumpyEngine(run.network, None, threads=1)
    engine.set_state(checkpoint.parameters)
    tree = PrefixTree.from_names(CORPUS.names, run.vocabulary)
    by_name = dict(
        zip(
            run.vocabulary.decode_all(tree.sequences()[0]),
            AccuracyEvaluator(engine).name_log_probabilities(tree).tolist(),
            strict=True,
        )
    )
    of_entries = np.sort([by_name[name] for name in CORPUS.names])
    assert checkpoint.score_quantiles[0] == pytest.approx(of_entries[0], abs=1e-5)
    assert checkpoint.score_quantiles[-1] == pytest.approx(of_entries[-1], abs=1e-5)
    assert checkpoint.score_quantiles[50] == pytest.approx(np.median(of_entries), abs=0.05)


def test_patience_ends_a_run_so_many_epochs_after_the_best() -> None:
    result = make_run(replace(SHORT, epochs=200, learning_rate=0.1, patience=3)).run()
    assert result.epochs == result.best_epoch + 3 < 200


def test_without_held_out_names_the_training_loss_decides() -> None:
    result = make_run(data=DataSettings(validation=0.0)).run()
    losses = [record.training_loss_nats_per_char for record in result.history]
    assert result.best_epoch == losses.index(min(losses)) + 1
    assert result.validation is None
    assert result.to_dict()["validation"] is None


def test_the_training_figures_are_of_all_entries_also_where_repeats_are_damped() -> None:
    run = make_run(data=DataSettings(split="unique"))
    assert run.parts.lessons.names < run.parts.training.names
    result = run.run()
    engine = NumpyEngine(run.network, None, threads=1)
    engine.set_state(result.checkpoint.parameters)
    split = CORPUS.split(0.1, "unique", 0)
    tree = PrefixTree.from_names(split.training, run.vocabulary)
    assert AccuracyEvaluator(engine).evaluate(tree) == result.training


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


def test_settings_that_are_not_resolved_are_refused() -> None:
    run = make_run()
    with pytest.raises(SettingsError, match="resolved"):
        Trainer(run.engine, run.parts.lessons, None, run.trainer.generator, TrainingSettings())


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


@pytest.mark.parametrize(
    ("cell", "hidden", "rate"),
    [
        ("simple_rnn", (32, 32), 0.015),
        ("simple_rnn", (128,), 0.0075),
        ("simple_rnn", (8, 128, 64), 0.0075),
        ("lstm", (128, 128), 0.015),
    ],
)
def test_the_default_rate_falls_with_the_width_of_plain_layers(cell: str, hidden: tuple[int, ...], rate: float) -> None:
    network = NetworkSettings(cell=cell, hidden=hidden)
    assert resolve_training(TrainingSettings(), 21_000, network).peak_learning_rate == pytest.approx(rate)
    assert resolve_training(TrainingSettings(optimizer="sgd"), 21_000, network).peak_learning_rate == 0.5
    run = TrainingRun(CORPUS, Recipe(network=network, training=TrainingSettings(epochs=1)), NumpyEngine)
    assert run.recipe.training.peak_learning_rate == pytest.approx(rate)


def test_what_is_given_is_not_resolved_away() -> None:
    given = TrainingSettings(batch_size=7, epochs=3, learning_rate=0.02)
    assert resolve_training(given, 21_000, NetworkSettings(hidden=(128,))) == given


def test_an_engine_without_the_cell_says_which_it_has() -> None:
    class Plain(NumpyEngine):
        cells = frozenset({"simple_rnn"})

    with pytest.raises(EngineError, match="no cell lstm: choose one of simple_rnn"):
        TrainingRun(CORPUS, Recipe(network=NetworkSettings(cell="lstm"), training=SHORT), Plain)


def test_two_seeds_differ_and_one_seed_does_not() -> None:
    def losses(seed: int) -> list[float]:
        run = make_run(replace(SHORT, seed=seed), data=DataSettings(validation=0.0))
        return [record.training_loss_nats_per_char for record in run.run().history]

    assert losses(1) == losses(1) != losses(2)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@a", 'a"b', "a,b", "a\nb"])
def test_history_csv_is_read_back_and_runs_no_formula(text: str) -> None:
    record = EpochRecord(1, 0.5, 0.4, 0.01, 2.0, None, None, None, text, True)
    header, row = csv.reader(io.StringIO(history_csv([record])))
    assert header == list(COLUMNS)
    cell = row[COLUMNS.index("sample")]
    assert cell[0] not in "=+-@"
    assert cell.removeprefix("'") == text


def test_the_listener_hears_of_every_step_and_epoch() -> None:
    class Ear:
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
