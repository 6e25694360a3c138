"""Train, save, stop, and resume as if there had been no pause.

    corpus ─► prepare (preparation.py) ─► TrainingRun ─► finish (result.py) ─► RunResult, with the model

``trainer.py`` has the loop over the epochs and steps. A ``TrainingRun`` saves its progress.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from namegen.core.checkpoint.checkpoint import Checkpoint
from namegen.core.checkpoint.metadata import TrainingSummary
from namegen.core.evaluation.self_test import check_self_test, self_test_logits
from namegen.core.network.architecture import parameters_of
from namegen.core.settings import DataSettings, TrainingSettings
from namegen.core.training import CONFIG_FILE
from namegen.core.training.preparation import PreparedTraining
from namegen.core.training.progress import BestEpoch, TrainingProgress
from namegen.core.training.result import RunResult, borrowed, finish
from namegen.core.training.run_folder import RunFolder
from namegen.core.training.saved_state import Identity, SavedState
from namegen.core.training.trainer import STOPS, Trainer
from namegen.documents import to_plain
from namegen.errors import CheckpointError, NamesError, TrainingError, engine_at_work, setting
from namegen.events import ProgressCallback, TrainingBegins, ignore_progress
from namegen.types import Array, Float32

SECONDS_BETWEEN_SAVES = 5.0


@dataclass(frozen=True, eq=False)
class _EngineSnapshot:
    state: dict[str, Array]  # what ``Engine.get_state`` returned
    probe: Float32[Array, "2 V"]  # the self-test logits


class TrainingRun:
    """One training run.

    Args:
        prepared: What ``prepare`` returned.
        folder: Where to save the run; None to save nothing.
        on_progress: Called with each event.
        should_stop: Called before every step. The run stops if it returns True.
    """

    progress: TrainingProgress  # how far the run is

    def __init__(
        self,
        prepared: PreparedTraining,
        *,
        folder: RunFolder | None = None,
        on_progress: ProgressCallback = ignore_progress,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self.prepared = prepared
        self.folder = folder
        self.progress = TrainingProgress()
        self._on_progress = on_progress
        self._should_stop = should_stop
        self._saved_best = -1  # the epoch of the model in the folder
        self._saved_at = time.monotonic()

    @cached_property
    def trainer(self) -> Trainer:
        """The loop over the epochs."""
        return Trainer(self.prepared, self._on_progress, self._should_stop)

    @property
    def finished(self) -> bool:
        """Whether training is over, because no epochs are left or the loss hasn't improved for too long."""
        return self.progress.finished(self.prepared.recipe.training)

    @np.errstate(all="ignore")  # if a run diverges, its loss shows it
    def run(self) -> RunResult:
        """Train to the end, or until the run is stopped. Save every few seconds and at the end.

        Raises:
            TrainingError: The run has diverged. The files keep the last sound state.
            OutputError: A file can't be written.
        """
        self._on_progress(self._begins())
        self.save()  # so that a run that is killed at once can be resumed
        self._train()
        if not self.finished:
            self.save()  # before evaluating a long list, as a stopped run may be killed soon
        result = self.finish()
        self._save_best(result.checkpoint)
        self.save()
        return result

    def _train(self) -> None:
        """Train to the end, or until the run is stopped. Save every few seconds."""
        try:
            for progress in self.trainer.run(self.progress):
                is_due = time.monotonic() - self._saved_at >= SECONDS_BETWEEN_SAVES
                if is_due and not progress.finished(self.prepared.recipe.training):
                    self.save()
        except TrainingError:
            self._save_best()  # from an earlier, sound epoch; the current state isn't sound
            raise

    def _begins(self) -> TrainingBegins:
        """Describe the run before its first step, for the callback."""
        references = self.prepared.references
        return TrainingBegins(
            engine=self.prepared.engine.name,
            epochs=self.trainer.epochs,
            steps=self.trainer.steps,
            characters=self.trainer.batches.characters,
            epoch=self.progress.epoch,
            step=self.progress.step,
            finished=self.finished,
            ceiling=None if references is None else references.ceiling.accuracy_argmax,
            network=self.prepared.network.summary,
        )

    def save(self) -> None:
        """Save the model if it's a new best one, then the history, and the state last.

        Raises:
            OutputError: A file can't be written.
        """
        if self.folder is None:
            return
        self._save_best()
        self.folder.save_state(self._current_state())
        self._saved_at = time.monotonic()

    def _current_state(self) -> SavedState:
        """Collect everything that is needed to resume the run from here."""
        snapshot = self._snapshot()
        return SavedState(
            engine_state=snapshot.state,
            progress=self.progress,
            identity=self.prepared.identity,
            engine=self.prepared.engine.name,
            probe=snapshot.probe,
        )

    def _snapshot(self) -> _EngineSnapshot:
        """Copy the engine's state, and compute its self-test logits."""
        engine = self.prepared.engine
        with engine_at_work(engine.name, "while its state was being saved", STOPS):
            state = engine.get_state()
            return _EngineSnapshot(state, self._self_test_logits())

    def _self_test_logits(self) -> Float32[Array, "2 V"]:
        """Compute the logits that let another engine check whether it computes the same."""
        return self_test_logits(self.prepared.engine, self.prepared.network.start_tokens[0])

    def resume(self) -> None:
        """Load the state from the folder, so that ``run`` continues as if there had been no pause.

        Raises:
            CheckpointError: The state is damaged, it belongs to a different network or different settings, or this
                backend's logits differ from those of the backend that saved it.
            NamesError: The list has changed since the run started.
        """
        if self.folder is None:
            raise CheckpointError("this run has no folder to resume from: create it with one")
        saved = self.folder.load_state()
        self._check_identity(saved.identity)
        self._check_best_dtypes(saved.progress.best)
        self._restore_engine(saved)
        self.progress = saved.progress
        self._saved_best = 0
        self._renew_best_probe()
        self.prepared = self.prepared.with_list_name(saved.identity.list_name)

    def _renew_best_probe(self) -> None:
        """Compute the best epoch's self-test logits, because the saved state doesn't contain them."""
        best = self.progress.best
        if best is not None:
            with borrowed(self.prepared.engine, best.parameters):
                self.progress.best = replace(best, probe=self._self_test_logits())

    def _check_identity(self, saved: Identity) -> None:
        """Raise an error if the list, the settings or the network have changed since the state was saved."""
        current = self.prepared.identity
        if saved.list != current.list:
            raise NamesError(
                f"cannot resume: {current.list_name} has changed since this run started (or its state and "
                f"{CONFIG_FILE} are from different runs). Restore the old files, or start a new run"
            )
        changed_tables = _changed_tables(saved, current)
        if changed_tables:
            raise CheckpointError(
                f"cannot resume {self._path}: its state was saved with other settings [{changed_tables[0]}] than those "
                f"in its {CONFIG_FILE}. Restore the old settings, or start a new run"
            )

    def _check_best_dtypes(self, best: BestEpoch | None) -> None:
        """Raise CheckpointError if the best parameters have a type that the engine doesn't compute in.

        The engine itself checks their names and shapes.
        """
        if best is None:
            return
        engine_parameters = parameters_of(self.prepared.engine.get_state())
        if not _dtypes(best.parameters) <= _dtypes(engine_parameters):
            raise CheckpointError(
                f"cannot resume {self._path}: its best parameters don't have the data type of the backend. Use another "
                "copy of the state, or start a new run"
            )

    def _restore_engine(self, saved: SavedState) -> None:
        """Load the engine's state, and check that the engine computes what the saving engine computed."""
        engine = self.prepared.engine
        engine.set_state(saved.engine_state)
        check_self_test(
            engine,
            saved.probe,
            self.prepared.network.start_tokens[0],
            reader=f"the backend {engine.name!r}",
            trained_by=saved.engine,
            is_own=engine.name == saved.engine,
            name=f"the run {self._path}",
            advice=f"resume with {setting('backend', saved.engine)}",
        )

    @property
    def _path(self) -> Path | None:
        """The run folder; None if nothing is saved."""
        return None if self.folder is None else self.folder.path

    @np.errstate(all="ignore")
    def finish(self) -> RunResult:
        """Evaluate the best model so far."""
        return finish(
            self.prepared,
            self.progress,
            self._model(),
            out=self._path,
            on_progress=self._on_progress,
            should_stop=self._should_stop,
        )

    def _model(self) -> Checkpoint:
        """Return the best model so far, or the network as it is before the end of the first epoch.

        It has no results on the training and test set yet. For a short list, they take longer than an epoch.
        """
        best = self.progress.best or self._initial_best()
        metadata = replace(
            self.prepared.metadata, training=self._summary(best.epoch), probe=best.probe
        )
        return Checkpoint(**vars(metadata), parameters=best.parameters)

    def _initial_best(self) -> BestEpoch:
        """Treat the current parameters as the best ones, because no epoch is finished."""
        snapshot = self._snapshot()
        return BestEpoch(
            epoch=0,
            value=math.inf,
            parameters=parameters_of(snapshot.state),
            probe=snapshot.probe,
        )

    def _summary(self, best_epoch: int) -> TrainingSummary:
        """Summarize the run for the model's metadata."""
        validation = None
        if best_epoch > 0:
            validation = self.progress.history[best_epoch - 1].validation
        return {
            **self.prepared.metadata.training,
            "epochs": self.progress.epoch,
            "best_epoch": best_epoch,
            "training": None,
            "validation": None if validation is None else validation.to_dict(),
            "test": None,
        }

    def _save_best(self, evaluated: Checkpoint | None = None) -> None:
        """Save the best model if it's new, or if it has its results now.

        Args:
            evaluated: The best model with its results, at the end of the run.
        """
        if self.folder is None:
            return
        best = self.progress.best
        epoch = 0 if best is None else best.epoch
        # Without the base model's file, resuming needs the metadata about it, which the model contains.
        is_trained = epoch > 0 or self.prepared.recipe.network.uses_base_model
        is_new = evaluated is not None or epoch != self._saved_best
        if is_trained and is_new:
            self.folder.save_model(evaluated or self._model())
            self._saved_best = epoch


def _changed_tables(saved: Identity, current: Identity) -> list[str]:
    """List the tables of the config that differ between two runs.

    A state that an older version saved may lack newer settings. They had their defaults.
    """
    training = to_plain(TrainingSettings())
    data = to_plain(DataSettings())
    changed = []
    if {**training, **saved.training} != {**training, **current.training}:
        changed.append("training")
    if {**data, **saved.data} != {**data, **current.data}:
        changed.append("data")
    if saved.network != current.network:
        changed.append("network")
    return changed


def _dtypes(arrays: Mapping[str, Array]) -> set[np.dtype[Any]]:
    """Collect the data types of arrays."""
    return {values.dtype for values in arrays.values()}
