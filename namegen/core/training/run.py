"""Train, save, stop, and resume as if there had been no pause.

    corpus ─► prepare (preparation.py) ─► TrainingRun ─► finish (result.py) ─► RunResult, with the model

``trainer.py`` has the loop over the epochs and steps. A ``TrainingRun`` saves its progress.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np

from namegen.core.checkpoint.checkpoint import Checkpoint
from namegen.core.checkpoint.self_test import check_self_test, self_test_logits
from namegen.core.network.architecture import parameters_of
from namegen.core.settings import DataSettings, TrainingSettings
from namegen.core.training import CONFIG_FILE
from namegen.core.training.preparation import PreparedTraining
from namegen.core.training.progress import TrainingProgress
from namegen.core.training.result import RunResult, borrowed, finish
from namegen.core.training.run_folder import RunFolder
from namegen.core.training.saved_state import Identity, SavedState
from namegen.core.training.trainer import STOPS, Trainer
from namegen.documents import to_plain
from namegen.errors import CheckpointError, NamesError, TrainingError, engine_at_work, setting
from namegen.events import ProgressCallback, TrainingBegins, ignore_progress
from namegen.types import Array, Float32

SECONDS_BETWEEN_SAVES = 5.0


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

    @property
    def _path(self) -> Path | None:
        """The run folder; None if nothing is saved."""
        return None if self.folder is None else self.folder.path

    @np.errstate(all="ignore")  # if a run diverges, its loss shows it
    def run(self) -> RunResult:
        """Train to the end, or until the run is stopped. Save every few seconds and at the end.

        Raises:
            TrainingError: The run has diverged. The files keep the last sound state.
            OutputError: A file can't be written.
        """
        references = self.prepared.references
        begins = TrainingBegins(
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
        self._on_progress(begins)
        self.save()  # so that a run that is killed at once can be resumed
        try:
            for _ in self.trainer.run(self.progress):
                is_due = time.monotonic() - self._saved_at >= SECONDS_BETWEEN_SAVES
                if is_due and not self.finished:
                    self.save()
        except TrainingError:
            self._save_best()  # from an earlier, sound epoch; the current state isn't sound
            raise
        if not self.finished:
            self.save()  # before evaluating a long list, as a stopped run may be killed soon
        result = self.finish()
        self._save_best(result.checkpoint)
        self.save()
        return result

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

    def save(self) -> None:
        """Save the model if it's a new best one, then the history, and the state last.

        Raises:
            OutputError: A file can't be written.
        """
        if self.folder is None:
            return
        self._save_best()
        engine_state, probe = self._engine_state()
        state = SavedState(
            engine_state=engine_state,
            best_parameters=self.trainer.best_parameters,
            progress=self.progress,
            identity=self.prepared.identity,
            engine=self.prepared.engine.name,
            probe=probe,
        )
        self.folder.save_state(state)
        self._saved_at = time.monotonic()

    def _engine_state(self) -> tuple[dict[str, Array], Float32[Array, "2 V"]]:
        """Copy the engine's state, and compute its self-test logits, which another engine can compare."""
        engine = self.prepared.engine
        with engine_at_work(engine.name, "while its state was being saved", STOPS):
            start_token = self.prepared.network.start_tokens[0]
            return engine.get_state(), self_test_logits(engine, start_token)

    def _save_best(self, evaluated: Checkpoint | None = None) -> None:
        """Save the best model if it's new, or if it has its results now.

        Args:
            evaluated: The best model with its results, at the end of the run.
        """
        if self.folder is None:
            return
        epoch = self.progress.best_epoch
        # Without the base model's file, resuming needs the metadata about it, which the model contains.
        is_trained = epoch > 0 or self.prepared.recipe.network.uses_base_model
        is_new = evaluated is not None or epoch != self._saved_best
        if is_trained and is_new:
            self.folder.save_model(evaluated or self._model())
            self._saved_best = epoch

    def _model(self) -> Checkpoint:
        """Return the best model so far, or the network as it is before the end of the first epoch.

        It has no results on the training and test set yet. For a short list, they take longer than an epoch.
        """
        best_epoch = self.progress.best_epoch
        validation = None
        if best_epoch:
            validation = self.progress.history[best_epoch - 1].validation
            parameters = self.trainer.best_parameters
            probe = self.trainer.best_probe
        else:
            state, probe = self._engine_state()
            parameters = parameters_of(state)
        metadata = replace(
            self.prepared.metadata,
            training={
                **self.prepared.metadata.training,
                "epochs": self.progress.epoch,
                "best_epoch": best_epoch,
                "training": None,
                "validation": None if validation is None else validation.to_dict(),
                "test": None,
            },
            probe=probe,
        )
        return Checkpoint(**vars(metadata), parameters=parameters)

    def resume(self, saved: SavedState | None = None) -> None:
        """Load a state, so that ``run`` continues as if there had been no pause.

        Args:
            saved: The state; None: the one in the folder.

        Raises:
            CheckpointError: The state is damaged, it belongs to a different network or different settings, or this
                backend's logits differ from those of the backend that saved it.
            NamesError: The list has changed since the run started.
        """
        if saved is None:
            if self.folder is None:
                raise CheckpointError("this run has no folder to resume from: create it with one")
            saved = self.folder.load_state()
        self._check_identity(saved.identity)
        engine = self.prepared.engine
        start_token = self.prepared.network.start_tokens[0]
        dtypes_of_best = {values.dtype for values in saved.best_parameters.values()}
        dtypes_of_engine = {values.dtype for values in parameters_of(engine.get_state()).values()}
        if not dtypes_of_best <= dtypes_of_engine:
            raise CheckpointError(
                f"cannot resume {self._path}: its best parameters don't have the data type of the backend. Use "
                "another copy of the state, or start a new run"
            )
        # Load the engine's state, and check that the engine computes what the saving engine computed.
        engine.set_state(saved.engine_state)
        check_self_test(
            engine,
            saved.probe,
            start_token,
            reader=f"the backend {engine.name!r}",
            trained_by=saved.engine,
            is_own=engine.name == saved.engine,
            name=f"the run {self._path}",
            advice=f"resume with {setting('backend', saved.engine)}",
        )
        self.progress = saved.progress
        self._saved_best = 0
        if self.progress.best is not None:
            self.trainer.best_parameters = saved.best_parameters
            # The state doesn't contain the self-test logits of the best epoch.
            with borrowed(engine, saved.best_parameters):
                self.trainer.best_probe = self_test_logits(engine, start_token)

    def _check_identity(self, saved: Identity) -> None:
        """Raise an error if the list, the settings or the network have changed since the state was saved."""
        current = self.prepared.identity
        if saved.list != current.list:
            raise NamesError(
                f"cannot resume: {current.list_name} has changed since this run started (or its state and "
                f"{CONFIG_FILE} are from different runs). Restore the old files, or start a new run"
            )
        # A state that an older version saved may lack newer settings. They had their defaults.
        training = to_plain(TrainingSettings())
        data = to_plain(DataSettings())
        is_same = {
            "training": {**training, **saved.training} == {**training, **current.training},
            "data": {**data, **saved.data} == {**data, **current.data},
            "network": saved.network == current.network,
        }
        for table, has_same_settings in is_same.items():
            if not has_same_settings:
                raise CheckpointError(
                    f"cannot resume {self._path}: its state was saved with other settings [{table}] than those "
                    f"in its {CONFIG_FILE}. Restore the old settings, or start a new run"
                )
