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

from namegen.core.engine import Step
from namegen.core.evaluation.evaluator import AccuracyEvaluator, Metrics
from namegen.core.evaluation.self_test import self_test_logits
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
                "batch_size or epochs is not set: a Trainer needs settings that are resolved"
            )
        self.training = training
        self.batch_size = training.batch_size
        self.epochs = training.epochs
        self.batches = prepared.batches
        self.validation_set = prepared.parts.held_out
        self.engine = prepared.engine
        self.generator = prepared.generator
        self.dropping = prepared.dropping
        self.on_progress = on_progress
        self.should_stop = should_stop
        self.steps = self.batches.steps(self.batch_size)  # of each epoch
        self._plan = Plan(
            steps_per_epoch=self.steps,
            epochs=self.epochs,
            peak=training.peak_learning_rate,
            warmup=training.warmup,
            lr_steps=training.lr_steps,
        )
        self._start_token = prepared.network.start_tokens[0]
        self._error_of_steps: Exception | None = None  # raised while the engine asked for a step

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
        if progress.step >= self.steps:
            raise CheckpointError(
                f"cannot resume: the state is at step {progress.step} of an epoch of {self.steps} steps, so it belongs "
                "to another list or other settings. Start a new run"
            )
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

    def _warm_up(self, progress: TrainingProgress) -> None:
        """Let the engine compile before the time of the first epoch is measured."""
        batches = self.batches.epoch(
            progress.epoch, batch_size=self.batch_size, seed=self.training.seed
        )
        first_batch = next(batches)
        with self._engine_at_work(progress):
            masks = self.dropping.masks(progress.epoch, 0)
            self.engine.warm_up(Step(first_batch, self._learning_rate(0), masks))

    def _learning_rate(self, step: int) -> float:
        """The learning rate of a step, counted from 0 over the whole run."""
        return SCHEDULES[self.training.lr_schedule].rate(step, self._plan)

    def _remaining_steps(self, progress: TrainingProgress) -> Iterator[Step]:
        """The steps of the current epoch that are left."""
        epoch = progress.epoch
        steps_before = epoch * self.steps
        try:
            batches = self.batches.epoch(
                epoch,
                batch_size=self.batch_size,
                seed=self.training.seed,
                first_step=progress.step,
            )
            for step, batch in enumerate(batches, start=progress.step):
                if self.should_stop():
                    return
                self.on_progress(StepBegins(epoch, step))
                learning_rate = self._learning_rate(steps_before + step)
                yield Step(batch, learning_rate, self.dropping.masks(epoch, step))
        except Exception as error:
            self._error_of_steps = error
            raise

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
        # Added one by one, so that the sum has the same bits after a pause.
        loss_sums = losses.loss_sum.tolist()
        for loss_sum, characters in zip(loss_sums, losses.characters.tolist(), strict=True):
            progress.loss_sum += loss_sum
            progress.characters += characters
        is_sound = progress.loss_sum < DIVERGED * max(progress.characters, 1)  # False for NaN
        if not is_sound:
            raise TrainingError(divergence_message(self.training, progress.epoch + 1))
        progress.step += len(losses.loss_sum)
        progress.seconds += elapsed
        progress.training_seconds += elapsed

    def _end_epoch(self, progress: TrainingProgress) -> None:
        """Evaluate, extend the history, and keep the parameters if they're the best so far."""
        metrics = self._validate(progress)
        record = self._record(progress, metrics)
        progress.history.append(record)
        progress.start_next_epoch()
        value = self._criterion(record, metrics)
        # Between equal epochs, the earlier one is the best.
        if progress.best is None or value < progress.best.value:
            with self._engine_at_work(progress):
                progress.best = BestEpoch(
                    epoch=progress.epoch,
                    value=value,
                    parameters=parameters_of(self.engine.get_state()),
                    probe=self_test_logits(self.engine, self._start_token),
                )
        self.on_progress(record)

    def _validate(self, progress: TrainingProgress) -> Metrics | None:
        """The metrics on the validation set; None without one."""
        if self.validation_set is None:
            return None
        start = time.perf_counter()
        with self._engine_at_work(progress):
            metrics = AccuracyEvaluator(self.engine).evaluate(self.validation_set)
        progress.seconds += time.perf_counter() - start
        is_sound = metrics.loss_nats_per_char < DIVERGED  # False for NaN
        if not is_sound:
            raise TrainingError(divergence_message(self.training, progress.epoch + 1))
        return metrics

    def _record(self, progress: TrainingProgress, metrics: Metrics | None) -> EpochRecord:
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
        """What decides which epoch is the best. Lower is better."""
        if metrics is None:
            return record.training_loss_nats_per_char
        if self.training.monitor == "accuracy":
            return -metrics.accuracy_argmax
        return metrics.loss_nats_per_char

    def _sample(self, epoch: int) -> _Sample:
        """Draw one name from the current network."""
        rng = np.random.default_rng([self.training.seed, epoch, SAMPLES])
        sampling = SamplingSettings(max_length=60)
        try:
            batches = self.generator.generate(
                1, rng=rng, sampling=sampling, allow_seen=True, allow_repeats=True
            )
            batch = next(batches)
        except GenerationError:  # names of a network that has learned little may never end
            return _Sample("", is_new=False)
        is_new = batch.new is not None and bool(batch.new[0])
        return _Sample(batch.names[0], is_new)


def divergence_message(training: TrainingSettings, epoch: int) -> str:
    """The message of a TrainingError.

    Args:
        training: The settings of the run.
        epoch: The epoch in which it diverged, counted from 1.
    """
    rates = [rate for _, rate in training.lr_steps] or [training.peak_learning_rate]
    return (
        f"the loss is no longer a finite number, or much too large, in epoch {epoch}, so training stops. Train "
        f"again with a lower {setting('learning_rate')} than {max(rates):g}, or with {setting('clip_norm', 1)}"
    )
