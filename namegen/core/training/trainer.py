"""Train, save, stop, and resume as if there had been no pause.

    corpus ─► prepare (preparation.py) ─► Trainer ─► finish (result.py) ─► RunResult, with the model

A ``Trainer`` cuts the training set into batches, gives each step its learning rate (``core/schedules.py``) and
masks (``steps.py``), evaluates after every epoch, and keeps the best parameters. It saves its progress, and can stop
before any step.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from namegen.core.checkpoint.checkpoint import Checkpoint
from namegen.core.checkpoint.self_test import check_self_test, self_test_logits
from namegen.core.engine import Step
from namegen.core.evaluation.evaluator import AccuracyEvaluator
from namegen.core.generation.request import GenerationRequest
from namegen.core.network.architecture import parameters_of
from namegen.core.schedules import SCHEDULES, Plan
from namegen.core.settings import DataSettings, TrainingSettings
from namegen.core.training import CONFIG_FILE
from namegen.core.training.preparation import PreparedTraining
from namegen.core.training.progress import BestEpoch, EpochRecord, TrainingProgress
from namegen.core.training.result import DIVERGED, STOPS, RunResult, borrowed, diverged, finish
from namegen.core.training.run_folder import RunFolder
from namegen.core.training.saved_state import Identity, SavedState
from namegen.documents import to_plain
from namegen.errors import (
    CheckpointError,
    EngineFailedError,
    GenerationError,
    NamesError,
    TrainingError,
    engine_at_work,
    setting,
)
from namegen.events import ProgressCallback, StepBegins, TrainingBegins, ignore_progress
from namegen.types import Array, Float32

SECONDS_BETWEEN_SAVES = 5.0
LONGEST_SAMPLE = 60  # characters
SAMPLES = 1  # keeps the random numbers of samples apart from those that shuffle the names


class Trainer:
    """One training run.

    Args:
        prepared: What ``prepare`` returned.
        folder: Where to save the run; None to save nothing.
        on_progress: Called with each event.
        should_stop: Called before every step. The run stops if it returns True.
    """

    progress: TrainingProgress  # how far the run is
    # Of the best epoch, by canonical name; empty before the first one ends.
    best_parameters: Mapping[str, Array]
    best_probe: Float32[Array, "2 V"] | None  # their self-test logits
    steps: int  # of each epoch

    def __init__(
        self,
        prepared: PreparedTraining,
        *,
        folder: RunFolder | None = None,
        on_progress: ProgressCallback = ignore_progress,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> None:
        """Set up a run at its start. Call ``resume`` to continue another one, then ``run``."""
        training = prepared.recipe.training
        assert training.batch_size is not None, "prepare fills in the defaults"
        assert training.epochs is not None
        self.prepared = prepared
        self.engine = prepared.engine
        self.folder = folder
        self.progress = TrainingProgress()
        self.best_parameters = {}
        self.best_probe = None
        self.batch_size = training.batch_size
        self.steps = prepared.batches.steps(training.batch_size)
        self._plan = Plan(
            steps_per_epoch=self.steps,
            epochs=training.epochs,
            peak=training.peak_learning_rate,
            warmup=training.warmup,
            lr_steps=training.lr_steps,
        )
        self._start_token = prepared.network.start_tokens[0]
        self._on_progress = on_progress
        self._should_stop = should_stop
        self._error_of_steps: Exception | None = None  # raised while the steps were made
        self._saved_best = -1  # the epoch of the model in the folder
        self._saved_at = time.monotonic()

    @property
    def finished(self) -> bool:
        """Whether training is over, because no epochs are left or the loss hasn't improved for too long."""
        return self.progress.finished(self.prepared.recipe.training)

    @np.errstate(all="ignore")  # if a run diverges, its loss shows it
    def run(self) -> RunResult:
        """Train to the end, or until the run is stopped. Save every few seconds and at the end.

        Raises:
            TrainingError: The run has diverged. The files keep the last sound state.
            EngineFailedError: The engine raised an error. The files keep the last sound state.
            OutputError: A file can't be written.
        """
        references = self.prepared.references
        begins = TrainingBegins(
            engine=self.engine.name,
            epochs=self._plan.epochs,
            steps=self.steps,
            characters=self.prepared.batches.characters,
            epoch=self.progress.epoch,
            step=self.progress.step,
            finished=self.finished,
            ceiling=None if references is None else references.ceiling.accuracy_argmax,
            network=self.prepared.network.summary,
        )
        self._on_progress(begins)
        self.save()  # so that a run that is killed at once can be resumed
        if not self.finished:
            # Let the engine compile before the time of the first epoch is measured.
            with self._engine_at_work():
                self.engine.warm_up(next(self._steps_of_epoch(first=0)))
        try:
            while not self.finished:
                self._train_epoch()
                was_stopped = self.progress.step < self.steps
                if was_stopped:
                    break
                self._end_epoch()
                is_due = time.monotonic() - self._saved_at >= SECONDS_BETWEEN_SAVES
                if is_due and not self.finished:
                    self.save()
        except TrainingError:
            self._save_best()  # from an earlier, sound epoch; the current state isn't sound
            raise
        if not self.finished:
            self.save()  # before evaluating a long list, as a stopped run may be killed soon
        result = finish(
            self.prepared,
            self.progress,
            self._best_model(),
            out=None if self.folder is None else self.folder.path,
            on_progress=self._on_progress,
            should_stop=self._should_stop,
        )
        self._save_best(result.checkpoint)
        self.save()
        return result

    # --- an epoch -----------------------------------------------------------------------------------------------------

    def _train_epoch(self) -> None:
        """Train on the steps of the current epoch that are left, until the run is stopped."""
        progress = self.progress
        start = time.perf_counter()
        with self._engine_at_work():
            losses = self.engine.train_epoch(self._remaining_steps())
        elapsed = time.perf_counter() - start
        # The losses are added one by one, so that the sum has the same bits after a pause.
        for loss_sum in losses.loss_sum.tolist():
            progress.loss_sum += loss_sum
        progress.characters += int(losses.characters.sum())
        self._check_loss(progress.loss_sum / max(progress.characters, 1))
        progress.step += len(losses.loss_sum)
        progress.seconds += elapsed
        progress.training_seconds += elapsed

    def _remaining_steps(self) -> Iterator[Step]:
        """Make the steps of the current epoch that are left, until the run is stopped."""
        try:
            first = self.progress.step
            for number, step in enumerate(self._steps_of_epoch(first), start=first):
                if self._should_stop():
                    return
                self._on_progress(StepBegins(self.progress.epoch, number))
                yield step
        except Exception as error:
            self._error_of_steps = error
            raise

    def _steps_of_epoch(self, first: int) -> Iterator[Step]:
        """Make the steps of the current epoch from some step on: a batch, its learning rate and its dropout masks."""
        epoch = self.progress.epoch
        batches = self.prepared.batches.epoch(
            epoch,
            batch_size=self.batch_size,
            seed=self.prepared.recipe.training.seed,
            first_step=first,
        )
        for step, batch in enumerate(batches, start=first):
            masks = self.prepared.dropping.masks(epoch, step)
            yield Step(batch, self._learning_rate(epoch * self.steps + step), masks)

    def _learning_rate(self, step: int) -> float:
        """Compute the learning rate of a step, counted from 0 over the whole run."""
        schedule = SCHEDULES[self.prepared.recipe.training.lr_schedule]
        return schedule.rate(step, self._plan)

    @contextmanager
    def _engine_at_work(self) -> Iterator[None]:
        """Turn errors of the engine into EngineFailedError.

        Errors of ``_remaining_steps``, such as one that a callback raised, aren't the engine's, so they stay as they
        are.
        """
        try:
            with engine_at_work(self.engine.name, f"in epoch {self.progress.epoch + 1}", STOPS):
                yield
        except EngineFailedError as failed:
            error = self._error_of_steps
            if error is not None and failed.__cause__ is error:
                raise error from None
            raise

    def _check_loss(self, loss: float) -> None:
        """Raise TrainingError if a loss in nats per character shows that the network has diverged."""
        is_sound = loss < DIVERGED  # False for NaN
        if not is_sound:
            raise diverged(self.prepared.recipe.training, self.progress.epoch + 1)

    def _end_epoch(self) -> None:
        """Evaluate, extend the history, and keep the parameters if they're the best so far."""
        progress = self.progress
        training = self.prepared.recipe.training
        validation_set = self.prepared.parts.validation
        metrics = None
        if validation_set is not None:
            start = time.perf_counter()
            with self._engine_at_work():
                metrics = AccuracyEvaluator(self.engine).evaluate(validation_set)
            progress.seconds += time.perf_counter() - start
            self._check_loss(metrics.loss_nats_per_char)

        # Draw one name from the current network.
        request = GenerationRequest(
            n=1,
            max_length=LONGEST_SAMPLE,
            allow_seen=True,
            allow_repeats=True,
            allow_profanity=True,
        )
        rng = np.random.default_rng([training.seed, progress.epoch, SAMPLES])
        batches = self.prepared.generator.generate(request, rng=rng)
        try:
            batch = next(batches)
            sample = batch.names[0]
            sample_is_new = batch.new is not None and bool(batch.new[0])
        except GenerationError:  # names of a network that has learned little may never end
            sample = ""
            sample_is_new = False

        training_loss = progress.loss_sum / progress.characters
        record = EpochRecord(
            epoch=progress.epoch + 1,
            seconds=progress.seconds,
            training_seconds=progress.training_seconds,
            learning_rate=self._learning_rate((progress.epoch + 1) * self.steps - 1),
            training_loss_nats_per_char=training_loss,
            validation_loss_nats_per_char=None if metrics is None else metrics.loss_nats_per_char,
            validation_accuracy_argmax=None if metrics is None else metrics.accuracy_argmax,
            validation_accuracy_sampled=None if metrics is None else metrics.accuracy_sampled,
            sample=sample,
            sample_is_new=sample_is_new,
        )
        progress.history.append(record)
        progress.start_next_epoch()

        # The lowest value decides. If epochs are equally good, the earliest one counts as the best.
        value = training_loss
        if metrics is not None:
            uses_accuracy = training.monitor == "accuracy"
            value = -metrics.accuracy_argmax if uses_accuracy else metrics.loss_nats_per_char
        if progress.best is None or value < progress.best.value:
            with self._engine_at_work():
                self.best_parameters = parameters_of(self.engine.get_state())
                self.best_probe = self_test_logits(self.engine, self._start_token)
            progress.best = BestEpoch(epoch=progress.epoch, value=value)
        self._on_progress(record)

    # --- saving and resuming ------------------------------------------------------------------------------------------

    def save(self) -> None:
        """Save the run in its folder, if it has one: the best model if it's new, then the state with the history.

        The state comes last, because a run with a state can be resumed.

        Raises:
            OutputError: A file can't be written.
        """
        if self.folder is None:
            return
        self._save_best()
        engine_state, probe = self._engine_state()
        state = SavedState(
            engine_state=engine_state,
            best_parameters=self.best_parameters,
            progress=self.progress,
            identity=self.prepared.identity,
            engine=self.engine.name,
            probe=probe,
        )
        self.folder.save_state(state)
        self._saved_at = time.monotonic()

    def _engine_state(self) -> tuple[dict[str, Array], Float32[Array, "2 V"]]:
        """Copy the engine's state, and compute its self-test logits, which another engine can compare."""
        with engine_at_work(self.engine.name, "while its state was being saved", STOPS):
            return self.engine.get_state(), self_test_logits(self.engine, self._start_token)

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
            self.folder.save_model(evaluated or self._best_model())
            self._saved_best = epoch

    def _best_model(self) -> Checkpoint:
        """Return the best model so far, or the network as it is before the end of the first epoch.

        It has no results on the training and test set yet. For a short list, they take longer than an epoch.
        """
        best_epoch = self.progress.best_epoch
        validation = None
        if best_epoch:
            validation = self.progress.history[best_epoch - 1].validation
            parameters = self.best_parameters
            probe = self.best_probe
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
        # The list, the settings and the network have to be the same as before.
        run = "the run" if self.folder is None else f"the run {self.folder.path}"
        self._check_identity(saved.identity, run)
        # Check that the state fits the batches and the engine.
        engine = self.engine
        dtypes_of_best = {values.dtype for values in saved.best_parameters.values()}
        dtypes_of_engine = {values.dtype for values in parameters_of(engine.get_state()).values()}
        is_beyond_epoch = saved.progress.step >= self.steps
        if is_beyond_epoch or not dtypes_of_best <= dtypes_of_engine:
            raise CheckpointError(
                f"cannot resume {run}: its state doesn't belong to this list, these settings and this backend. Use "
                "another copy of the state, or start a new run"
            )
        # Load the engine's state, and check that the engine computes what the saving engine computed.
        engine.set_state(saved.engine_state)
        check_self_test(
            engine,
            saved.probe,
            self._start_token,
            reader=f"the backend {engine.name!r}",
            trained_by=saved.engine,
            is_own=engine.name == saved.engine,
            name=run,
            advice=f"resume with {setting('backend', saved.engine)}",
        )
        # Continue from the saved progress. The state doesn't contain the self-test logits of the best epoch, so compute
        # them again.
        self.progress = saved.progress
        self._saved_best = 0
        if self.progress.best is not None:
            self.best_parameters = saved.best_parameters
            with borrowed(engine, saved.best_parameters):
                self.best_probe = self_test_logits(engine, self._start_token)

    def _check_identity(self, saved: Identity, run: str) -> None:
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
                    f"cannot resume {run}: its state was saved with other settings [{table}] than those in its "
                    f"{CONFIG_FILE}. Restore the old settings, or start a new run"
                )
