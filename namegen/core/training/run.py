"""The second part of a training: the loop that trains, saves, stops, and resumes as if there had been no pause.

    corpus ─► prepare (preparation.py) ─► TrainingRun ─► finish (result.py) ─► RunResult, with the model

It knows only the identity of the list; ``trainer.py`` reads the batches.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property

import numpy as np

from namegen.core.checkpoint.checkpoint import Checkpoint
from namegen.core.checkpoint.metadata import TrainingSummary
from namegen.core.evaluation.evaluator import check_probe, probe
from namegen.core.network.architecture import parameters_of
from namegen.core.settings import DataSettings, TrainingSettings
from namegen.core.training import CONFIG_FILE
from namegen.core.training.preparation import PreparedTraining
from namegen.core.training.progress import BestEpoch, TrainingProgress
from namegen.core.training.result import RunResult, borrowed, finish
from namegen.core.training.run_folder import RunFolder, SavedState
from namegen.core.training.trainer import STOPS, Trainer
from namegen.documents import to_plain
from namegen.errors import CheckpointError, NamesError, TrainingError, engine_at_work, setting
from namegen.events import ProgressCallback, TrainingBegins, ignore_progress
from namegen.types import Array, Float32

SECONDS_BETWEEN_SAVES = 5.0


class TrainingRun:
    """Trains what was put together.

    Args:
        prepared: what ``prepare`` made of a list.
        folder: where the files go; None: nothing is written.
        on_progress, should_stop: see ``Trainer``.

    Attributes:
        progress: where the run stands.
    """

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
        self._on_progress, self._should_stop = on_progress, should_stop
        self.progress = TrainingProgress()
        self._saved_best = -1  # the epoch whose parameters the folder's model holds
        self._saved_at = time.monotonic()

    @cached_property
    def trainer(self) -> Trainer:
        """The loop over the epochs; made when it is first asked for."""
        return Trainer(self.prepared, self._on_progress, self._should_stop)

    @property
    def finished(self) -> bool:
        """Whether all epochs are trained, or patience has run out."""
        return self.progress.finished(self.prepared.recipe.training)

    @np.errstate(all="ignore")  # a training that diverges shows in the loss
    def run(self) -> RunResult:
        """Train to the end, or until it is stopped; save on the way and at the end.

        Raises:
            TrainingError: the loss is no longer finite; what was saved before stays.
            OutputError: a file cannot be written.
        """
        self._on_progress(self._begins())
        self.save()  # so that a run that is killed at once can be resumed, too
        try:
            for _ in self.trainer.run(self.progress):
                if time.monotonic() - self._saved_at >= SECONDS_BETWEEN_SAVES and not self.finished:
                    self.save()
        except TrainingError:
            self._save_best()  # its epoch was sound; the state is not, so the last one that was written stays
            raise
        if not self.finished:
            self.save()  # at once: the figures of a long list take a while, and whoever asked it to stop may not wait
        result = self.finish()
        self._save_best(result.checkpoint)
        self.save()
        return result

    def _begins(self) -> TrainingBegins:
        references, at = self.prepared.references, self.progress
        return TrainingBegins(
            engine=self.prepared.engine.name,
            epochs=self.trainer.epochs,
            steps=self.trainer.steps,
            characters=self.trainer.batches.characters,
            epoch=at.epoch,
            step=at.step,
            finished=self.finished,
            ceiling=None if references is None else references.ceiling.accuracy_argmax,
            network=self.prepared.network.summary,
        )

    def save(self) -> None:
        """Write the model (if there is a new best one), the history, and last the state."""
        if self.folder is not None:
            self._save_best()
            engine_state, computed = self._engine_now()
            name, identity = self.prepared.engine.name, self.prepared.identity
            state = SavedState(engine_state, self.progress, identity, name, computed)
            self.folder.save_state(state)
            self._saved_at = time.monotonic()

    def _engine_now(self) -> tuple[dict[str, Array], Float32[Array, "2 V"]]:
        """The engine's state, and what it computes with it."""
        engine = self.prepared.engine
        with engine_at_work(engine.name, "while its state was being saved", STOPS):
            return engine.get_state(), probe(engine, self.prepared.network.beginnings[0])

    def resume(self) -> None:
        """Take up what the folder holds: the next ``run`` continues as if there had been no pause.

        Raises:
            CheckpointError: the state is damaged, or belongs to another network or other settings; or this engine
                computes something else of it than the one that saved it.
            NamesError: the list has changed since.
        """
        if self.folder is None:
            raise CheckpointError("this run has no folder to go on from: make it with one")
        saved, engine, network = (
            self.folder.load_state(),
            self.prepared.engine,
            self.prepared.network,
        )
        identity, here = saved.identity, self.prepared.identity
        if identity.list != here.list:
            raise NamesError(
                f"the list {here.list_name} has changed since this run began, so it cannot go on (or its state and "
                f"{CONFIG_FILE} are of two runs): put the old files back, or train anew"
            )
        parts = {"training": TrainingSettings(), "data": DataSettings(), "network": {}}
        for (
            part,
            defaults,
        ) in parts.items():  # which count for what a state lacks that is older than the setting
            before, now = ({**to_plain(defaults), **getattr(one, part)} for one in (identity, here))
            if before != now:
                raise CheckpointError(
                    f"the state in {self.folder.path} was made with other settings [{part}] than the run's "
                    f"{CONFIG_FILE} has now: put the old ones back, or train anew"
                )
        if (
            saved.progress.best is not None
        ):  # its names and shapes are checked as the engine borrows it
            types = {values.dtype for values in parameters_of(engine.get_state()).values()}
            if not {values.dtype for values in saved.progress.best.parameters.values()} <= types:
                raise CheckpointError(
                    f"the best parameters in {self.folder.path} are not of the type that the backend computes in: take "
                    "another copy of the state, or train anew"
                )
        engine.set_state(saved.engine_state)
        check_probe(
            engine,
            saved.probe,
            network.beginnings[0],
            reader=f"the backend {engine.name!r}",
            trained_by=saved.engine,
            is_own=engine.name == saved.engine,
            name=f"the run {self.folder.path}",
            advice=f"go on with {setting('backend', saved.engine)}",
        )
        self.progress, self._saved_best = saved.progress, 0
        if self.progress.best is not None:
            with borrowed(engine, self.progress.best.parameters):
                computed = probe(engine, network.beginnings[0])
            self.progress.best = replace(self.progress.best, probe=computed)
        self.prepared = self.prepared.called(identity.list_name)

    @np.errstate(all="ignore")
    def finish(self) -> RunResult:
        """Give the best model with its figures."""
        out = None if self.folder is None else self.folder.path
        return finish(
            self.prepared,
            self.progress,
            self._model(),
            out=out,
            on_progress=self._on_progress,
            should_stop=self._should_stop,
        )

    def _model(self) -> Checkpoint:
        """The best model so far; before the first epoch has ended, the network as it stands.

        The figures on the list come at the end: to read the whole list takes longer than an epoch of a short one.
        """
        progress, metadata, best = self.progress, self.prepared.metadata, self.progress.best
        if best is None:
            state, computed = self._engine_now()
            best = BestEpoch(0, math.inf, parameters_of(state), computed)
        validation = progress.history[best.epoch - 1].validation if best.epoch else None
        summary: TrainingSummary = {
            **metadata.training,
            "epochs": progress.epoch,
            "best_epoch": best.epoch,
            "training": None,
            "validation": None if validation is None else validation.to_dict(),
            "test": None,
        }
        return Checkpoint(
            **vars(replace(metadata, training=summary, probe=best.probe)),
            parameters=best.parameters,
        )

    def _save_best(self, model: Checkpoint | None = None) -> None:
        """Write the best model if it is a new one, or has its figures now. What began from a base model is a model
        already, and to go on needs what it says of the base model.
        """
        best, uses_base_model = self.progress.best, self.prepared.recipe.network.uses_base_model
        epoch = 0 if best is None else best.epoch
        if (
            self.folder is not None
            and (epoch or uses_base_model)
            and (model is not None or epoch != self._saved_best)
        ):
            self.folder.save_model(model or self._model())
            self._saved_best = epoch
