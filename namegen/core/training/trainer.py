"""The training loop, for any engine.

It cuts the training set into batches, gives each step its learning rate (``core/schedules.py``) and masks
(``steps.py``), evaluates after every epoch, and keeps the best parameters. It can stop before any step, and continue
from there as if it hadn't stopped. ``run.py`` writes the files, and the callback for events shows the progress.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from namegen.core.data.batching import Batch
from namegen.core.engine import Step, StepLosses
from namegen.core.evaluation.evaluator import AccuracyEvaluator, Metrics
from namegen.core.evaluation.self_test import self_test_logits
from namegen.core.generation.name_batch import NameBatch
from namegen.core.generation.sampling import SamplingSettings
from namegen.core.network.architecture import parameters_of
from namegen.core.schedules import SCHEDULES, Plan
from namegen.core.settings import TrainingSettings
from namegen.core.training.preparation import PreparedTraining
from namegen.core.training.progress import BestEpoch, EpochRecord, TrainingProgress
from namegen.errors import (
    CheckpointError,
    EngineFailedError,
    GenerationError,
    SettingsError,
    TrainingError,
    engine_at_work,
    setting,
)
from namegen.events import ProgressCallback, StepBegins

# Nats per character. Guessing costs log V, at most 14, so a network with this loss has diverged, even if it's finite.
DIVERGED = 1_000
STOPS = ", so training stops. The saved state is kept. Report this to the authors of the backend, or use another one"
LONGEST_SAMPLE = 60  # characters
SAMPLES = 1  # keeps the random numbers of samples apart from those that shuffle the names


@dataclass(frozen=True)
class _Sample:
    name: str  # "" if the network has no end for its names yet
    is_new: bool  # whether the name isn't in the list


class Trainer:
    """Trains an engine on a list.

    Args:
        prepared: The engine, the list and the settings.
        on_progress: Called with each step and epoch.
        should_stop: Called before every step. Training stops if it returns True.

    Raises:
        SettingsError: The settings aren't resolved.
    """

    def __init__(
        self,
        prepared: PreparedTraining,
        on_progress: ProgressCallback,
        should_stop: Callable[[], bool],
    ) -> None:
        training = prepared.recipe.training
        if training.batch_size is None or training.epochs is None:
            raise SettingsError(
                "batch_size or epochs isn't set: resolve the settings before you create a Trainer"
            )
        self.training = training
        self.batch_size = training.batch_size
        self.epochs = training.epochs
        self.prepared = prepared
        self.engine = prepared.engine
        self.batches = prepared.batches
        self.steps = self.batches.steps(self.batch_size)  # of each epoch
        self.on_progress = on_progress
        self.should_stop = should_stop
        self._plan = self._learning_rate_plan()
        self._error_of_steps: Exception | None = None  # raised by _remaining_steps

    def _learning_rate_plan(self) -> Plan:
        """Collect what the learning rates depend on."""
        return Plan(
            steps_per_epoch=self.steps,
            epochs=self.epochs,
            peak=self.training.peak_learning_rate,
            warmup=self.training.warmup,
            lr_steps=self.training.lr_steps,
        )

    def run(self, progress: TrainingProgress) -> Iterator[TrainingProgress]:
        """Train from where ``progress`` is. Update it, and yield it after every epoch.

        If the iterator ends before ``progress`` is finished, training was stopped. The engine's state and
        ``progress`` can then be saved.

        Args:
            progress: How far the run is.

        Raises:
            TrainingError: The loss has become infinite, NaN or absurdly large. Don't save the engine's state or
                ``progress`` then.
            EngineFailedError: The engine raised an error. Don't save its state then.
            CheckpointError: ``progress`` belongs to another list or other settings.
        """
        self._check_step(progress)
        if progress.finished(self.training):
            return
        self._warm_up(progress)
        while not progress.finished(self.training):
            self._train_epoch(progress)
            was_stopped = progress.step < self.steps
            if was_stopped:
                return
            self._end_epoch(progress)
            yield progress

    def _check_step(self, progress: TrainingProgress) -> None:
        """Raise CheckpointError if a saved run is at a step that an epoch of this run doesn't have."""
        if progress.step >= self.steps:
            raise CheckpointError(
                f"cannot resume: the state is at step {progress.step} of an epoch of {self.steps} steps, so it belongs "
                "to another list or other settings. Start a new run"
            )

    def _warm_up(self, progress: TrainingProgress) -> None:
        """Let the engine compile before the time of the first epoch is measured."""
        first_batch = next(self._batches_from(progress.epoch, first_step=0))
        with self._engine_at_work(progress):
            masks = self.prepared.dropping.masks(progress.epoch, 0)
            self.engine.warm_up(Step(first_batch, self._learning_rate(0), masks))

    def _batches_from(self, epoch: int, first_step: int) -> Iterator[Batch]:
        """Make the batches of an epoch, beginning at some step."""
        return self.batches.epoch(
            epoch, batch_size=self.batch_size, seed=self.training.seed, first_step=first_step
        )

    def _learning_rate(self, step: int) -> float:
        """Compute the learning rate of a step, counted from 0 over the whole run."""
        return SCHEDULES[self.training.lr_schedule].rate(step, self._plan)

    def _remaining_steps(self, progress: TrainingProgress) -> Iterator[Step]:
        """Make the steps of the current epoch that are left, until the run is stopped."""
        try:
            batches = self._batches_from(progress.epoch, first_step=progress.step)
            for step, batch in enumerate(batches, start=progress.step):
                if self.should_stop():
                    return
                self.on_progress(StepBegins(progress.epoch, step))
                yield self._step(batch, progress.epoch, step)
        except Exception as error:
            self._error_of_steps = error
            raise

    def _step(self, batch: Batch, epoch: int, step: int) -> Step:
        """Add the learning rate and the dropout masks to a batch."""
        learning_rate = self._learning_rate(epoch * self.steps + step)
        return Step(batch, learning_rate, self.prepared.dropping.masks(epoch, step))

    @contextmanager
    def _engine_at_work(self, progress: TrainingProgress) -> Iterator[None]:
        """Turn errors of the engine into EngineFailedError.

        Errors of ``_remaining_steps``, such as one that a callback raised, aren't the engine's, so they stay as they
        are.
        """
        try:
            with engine_at_work(self.engine.name, f"in epoch {progress.epoch + 1}", STOPS):
                yield
        except EngineFailedError as failed:
            error = self._error_of_steps
            if error is not None and failed.__cause__ is error:
                raise error from None
            raise

    def _train_epoch(self, progress: TrainingProgress) -> None:
        """Take the steps of the current epoch that are left, or as many as possible before a stop."""
        start = time.perf_counter()
        with self._engine_at_work(progress):
            losses = self.engine.train_epoch(self._remaining_steps(progress))
        elapsed = time.perf_counter() - start
        _add_losses(progress, losses)
        self._check_loss(progress.loss_sum / max(progress.characters, 1), progress)
        progress.step += len(losses.loss_sum)
        progress.seconds += elapsed
        progress.training_seconds += elapsed

    def _check_loss(self, loss: float, progress: TrainingProgress) -> None:
        """Raise TrainingError if a loss in nats per character shows that the network has diverged."""
        is_sound = loss < DIVERGED  # False for NaN
        if not is_sound:
            raise TrainingError(divergence_message(self.training, progress.epoch + 1))

    def _end_epoch(self, progress: TrainingProgress) -> None:
        """Evaluate, extend the history, and keep the parameters if they're the best so far."""
        metrics = self._validate(progress)
        record = self._record(progress, metrics)
        progress.history.append(record)
        progress.start_next_epoch()
        value = self._criterion(record, metrics)
        # If epochs are equally good, the earliest one counts as the best.
        if progress.best is None or value < progress.best.value:
            progress.best = self._current_as_best(progress, value)
        self.on_progress(record)

    def _current_as_best(self, progress: TrainingProgress, value: float) -> BestEpoch:
        """Copy the current parameters as those of the best epoch.

        Args:
            progress: How far the run is.
            value: The epoch's loss or negative accuracy, which decided.
        """
        with self._engine_at_work(progress):
            parameters = parameters_of(self.engine.get_state())
            start_token = self.prepared.network.start_tokens[0]
            probe = self_test_logits(self.engine, start_token)
        return BestEpoch(epoch=progress.epoch, value=value, parameters=parameters, probe=probe)

    def _validate(self, progress: TrainingProgress) -> Metrics | None:
        """Evaluate the network on the validation set. Return None if there isn't any."""
        validation_set = self.prepared.parts.validation
        if validation_set is None:
            return None
        start = time.perf_counter()
        with self._engine_at_work(progress):
            metrics = AccuracyEvaluator(self.engine).evaluate(validation_set)
        progress.seconds += time.perf_counter() - start
        self._check_loss(metrics.loss_nats_per_char, progress)
        return metrics

    def _record(self, progress: TrainingProgress, metrics: Metrics | None) -> EpochRecord:
        """Describe the current epoch for the history."""
        last_step = (progress.epoch + 1) * self.steps - 1
        sample = self._sample(progress.epoch)
        return EpochRecord(
            epoch=progress.epoch + 1,
            seconds=progress.seconds,
            training_seconds=progress.training_seconds,
            learning_rate=self._learning_rate(last_step),
            training_loss_nats_per_char=progress.loss_sum / progress.characters,
            validation_loss_nats_per_char=None if metrics is None else metrics.loss_nats_per_char,
            validation_accuracy_argmax=None if metrics is None else metrics.accuracy_argmax,
            validation_accuracy_sampled=None if metrics is None else metrics.accuracy_sampled,
            sample=sample.name,
            sample_is_new=sample.is_new,
        )

    def _criterion(self, record: EpochRecord, metrics: Metrics | None) -> float:
        """Return the value that decides which epoch is the best. Lower is better."""
        if metrics is None:
            return record.training_loss_nats_per_char
        if self.training.monitor == "accuracy":
            return -metrics.accuracy_argmax
        return metrics.loss_nats_per_char

    def _sample(self, epoch: int) -> _Sample:
        """Draw one name from the current network."""
        try:
            batch = self._draw_batch(epoch)
        except GenerationError:  # names of a network that has learned little may never end
            return _Sample("", is_new=False)
        is_new = batch.new is not None and bool(batch.new[0])
        return _Sample(batch.names[0], is_new)

    def _draw_batch(self, epoch: int) -> NameBatch:
        """Draw a batch of one name, which may be in the list."""
        batches = self.prepared.generator.generate(
            1,
            rng=np.random.default_rng([self.training.seed, epoch, SAMPLES]),
            sampling=SamplingSettings(max_length=LONGEST_SAMPLE),
            allow_seen=True,
            allow_repeats=True,
        )
        return next(batches)


def _add_losses(progress: TrainingProgress, losses: StepLosses) -> None:
    """Add the losses of some steps to those of the epoch.

    They are added one by one, so that the sum has the same bits after a pause.
    """
    loss_sums = losses.loss_sum.tolist()
    for loss_sum, characters in zip(loss_sums, losses.characters.tolist(), strict=True):
        progress.loss_sum += loss_sum
        progress.characters += characters


def divergence_message(training: TrainingSettings, epoch: int) -> str:
    """Explain that the network has diverged, and what to do.

    Args:
        training: The settings of the run.
        epoch: The epoch in which it diverged, counted from 1.
    """
    rates = [rate for _, rate in training.lr_steps] or [training.peak_learning_rate]
    return (
        f"the loss is no longer a finite number, or much too large, in epoch {epoch}, so training stops. Train "
        f"again with a lower {setting('learning_rate')} than {max(rates):g}, or with {setting('clip_norm', 1)}"
    )
