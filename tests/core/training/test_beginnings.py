"""A training of labelled names: it learns both labels, and stopped within an epoch it goes on bit for bit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from namegen.backends.numpy_engine.engine import NumpyEngine
from namegen.core.data.batching import BatchMaker
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import Beginnings, Vocabulary
from namegen.core.generation.generator import Generator
from namegen.core.network.checkpoint import PROBE, read_tensors, write_tensors
from namegen.core.network.recurrent_network import RecurrentNetwork
from namegen.core.training.dropping import Dropping
from namegen.core.training.progress import TrainingProgress
from namegen.core.training.run_state import SavedState
from namegen.core.training.trainer import Trainer
from namegen.errors import CheckpointError
from tests.core.training.small_runs import SHORT, After, assert_equal_states, untimed

VOCABULARY = Vocabulary("abcde")
V = VOCABULARY.size
TRAINING = replace(SHORT, batch_size=10, epochs=3, drop_output=0.2, optimizer="adam")

IDENTITY = {"list": "", "list_name": "", "network": {}, "training": {}, "data": {}}  # nothing here looks at it


def labelled_names() -> tuple[list[str], list[int]]:
    """Of the first label names that begin with a, of the second names that begin with e."""
    rng = np.random.default_rng(4)
    labels = rng.integers(0, 2, 90).tolist()
    ends = ["".join(rng.choice(list("abcde"), rng.integers(1, 6))) for _ in labels]
    return ["ae"[label] + end for label, end in zip(labels, ends, strict=True)], [V + label for label in labels]


def make_trainer(stop: Callable[[], bool] = lambda: False) -> Trainer:
    names, beginnings = labelled_names()
    network = RecurrentNetwork(V, "lstm", (6, 5), labels=2)
    engine = NumpyEngine(network, TRAINING, threads=1)
    engine.set_state(network.initial_parameters("glorot", rng=np.random.default_rng(0)))
    shares = Beginnings.from_counts(V, [beginnings.count(V), beginnings.count(V + 1)])
    return Trainer(
        engine,
        BatchMaker(names, VOCABULARY, beginnings),
        PrefixTree.from_names(names[:20], VOCABULARY, beginnings[:20]),
        Generator(engine, VOCABULARY, beginnings=shares),
        TRAINING,
        Dropping(network, TRAINING),
        stop=stop,
    )


def run(trainer: Trainer, progress: TrainingProgress) -> TrainingProgress:
    for _ in trainer.run(progress):
        pass
    return progress


def test_a_stopped_training_goes_on_bit_for_bit(tmp_path: Path) -> None:
    whole = make_trainer()
    expected = run(whole, TrainingProgress())
    losses = [record.validation_loss_nats_per_char for record in expected.history]
    assert losses[2] < losses[0]  # type: ignore[operator]
    stopped = make_trainer(After(13))
    progress = run(stopped, TrainingProgress())
    assert (progress.epoch, progress.step) == (1, 4)
    SavedState(stopped.engine.get_state(), progress, IDENTITY, "numpy", None).save(tmp_path / "state.safetensors")
    goes_on = make_trainer()
    state = SavedState.load(tmp_path / "state.safetensors")
    goes_on.engine.set_state(state.engine_state)
    found = run(goes_on, state.progress)
    assert untimed(found.history) == untimed(expected.history)
    assert_equal_states(goes_on.engine.get_state(), whole.engine.get_state())
    assert found.best is not None
    assert expected.best is not None
    assert_equal_states(found.best.parameters, expected.best.parameters)  # type: ignore[arg-type]


def test_each_label_is_learned_behind_its_own_beginning() -> None:
    trainer = make_trainer()
    trainer.training = replace(TRAINING, learning_rate=0.05)
    trainer.schedule = lambda step: 0.05
    run(trainer, TrainingProgress())
    logits, _ = trainer.engine.step(np.array([V, V + 1], np.int32), trainer.engine.initial_state(2))
    assert logits.argmax(axis=1).tolist() == [1, 5]  # a, e


@pytest.mark.parametrize("rows", [0, 1, 2, 3])
def test_the_probe_of_a_state_is_two_rows(tmp_path: Path, rows: int) -> None:
    path = tmp_path / "state.safetensors"
    SavedState({}, TrainingProgress(), IDENTITY, "numpy", np.zeros((2, 5), np.float32)).save(path)
    tensors, document = read_tensors(path)
    kept = {name: value for name, value in document.items() if name != "format_version"}
    write_tensors(path, tensors | {PROBE: np.zeros((rows, 5), np.float32)}, kept)
    if rows == 2:
        np.testing.assert_array_equal(SavedState.load(path).probe, np.zeros((2, 5)))
    else:
        with pytest.raises(CheckpointError, match="is not two rows of logits"):
            SavedState.load(path)
