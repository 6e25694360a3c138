"""The training loop, for any engine.

It cuts the training set into batches, gives each step its learning rate (``core/schedules.py``) and masks
(``steps.py``), evaluates after every epoch, and keeps the best parameters. It can stop before any step, and continue
from there as if it hadn't stopped. ``run.py`` writes the files, and the callback for events shows the progress.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import numpy as np

from namegen.core.checkpoint.self_test import self_test_logits
from namegen.core.engine import Step
from namegen.core.evaluation.evaluator import AccuracyEvaluator
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
from namegen.types import Array, Float32

# Nats per character. Guessing costs log V, at most 14, so a network with this loss has diverged, even if it's finite.
DIVERGED = 1_000
STOPS = ", so training stops. The saved state is kept. Report this to the authors of the backend, or use another one"
LONGEST_SAMPLE = 60  # characters
SAMPLES = 1  # keeps the random numbers of samples apart from those that shuffle the names


class Trainer:
    """Trains an engine on a list.

    Args:
        prepared: The engine, the list and the settings.
        on_progress: Called with each step and epoch.
        should_stop: Called before every step. Training stops if it returns True.

    Raises:
        SettingsError: The settings aren't resolved.
    """

    best_parameters: Mapping[
        str, Array
    ]  # of the best epoch, by canonical name; empty before the first one ends
    best_probe: Float32[Array, "2 V"] | None  # their self-test logits

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
        self._plan = Plan(
            steps_per_epoch=self.steps,
            epochs=self.epochs,
            peak=training.peak_learning_rate,
            warmup=training.warmup,
            lr_steps=training.lr_steps,
        )
        self.best_parameters = {}
        self.best_probe = None
        self._error_of_steps: Exception | None = None  # raised by _remaining_steps

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
        # Let the engine compile before the time of the first epoch is measured.
        with self._engine_at_work(progress):
            self.engine.warm_up(next(self._steps(progress.epoch, first=0)))
        while not progress.finished(self.training):
            start = time.perf_counter()
            with self._engine_at_work(progress):
                losses = self.engine.train_epoch(self._remaining_steps(progress))
            elapsed = time.perf_counter() - start
            # The losses are added one by one, so that the sum has the same bits after a pause.
            for loss_sum in losses.loss_sum.tolist():
                progress.loss_sum += loss_sum
            progress.characters += int(losses.characters.sum())
            self._check_loss(progress.loss_sum / max(progress.characters, 1), progress)
            progress.step += len(losses.loss_sum)
            progress.seconds += elapsed
            progress.training_seconds += elapsed
            was_stopped = progress.step < self.steps
            if was_stopped:
                return
            self._end_epoch(progress)
            yield progress

    def _steps(self, epoch: int, first: int) -> Iterator[Step]:
        """Make the steps of an epoch, beginning at some step: a batch, its learning rate and its dropout masks."""
        batches = self.batches.epoch(
            epoch, batch_size=self.batch_size, seed=self.training.seed, first_step=first
        )
        for step, batch in enumerate(batches, start=first):
            learning_rate = self._learning_rate(epoch * self.steps + step)
            yield Step(batch, learning_rate, self.prepared.dropping.masks(epoch, step))

    def _learning_rate(self, step: int) -> float:
        """Compute the learning rate of a step, counted from 0 over the whole run."""
        return SCHEDULES[self.training.lr_schedule].rate(step, self._plan)

    def _remaining_steps(self, progress: TrainingProgress) -> Iterator[Step]:
        """Make the steps of the current epoch that are left, until the run is stopped."""
        try:
            steps = self._steps(progress.epoch, first=progress.step)
            for number, step in enumerate(steps, start=progress.step):
                if self.should_stop():
                    return
                self.on_progress(StepBegins(progress.epoch, number))
                yield step
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

    def _check_loss(self, loss: float, progress: TrainingProgress) -> None:
        """Raise TrainingError if a loss in nats per character shows that the network has diverged."""
        is_sound = loss < DIVERGED  # False for NaN
        if not is_sound:
            raise TrainingError(divergence_message(self.training, progress.epoch + 1))

    def _end_epoch(self, progress: TrainingProgress) -> None:
        """Evaluate, extend the history, and keep the parameters if they're the best so far."""
        validation_set = self.prepared.parts.validation
        metrics = None
        if validation_set is not None:
            start = time.perf_counter()
            with self._engine_at_work(progress):
                metrics = AccuracyEvaluator(self.engine).evaluate(validation_set)
            progress.seconds += time.perf_counter() - start
            self._check_loss(metrics.loss_nats_per_char, progress)

        sample, is_new = self._sample(progress.epoch)
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
            sample_is_new=is_new,
        )
        progress.history.append(record)
        progress.start_next_epoch()

        # The lowest value decides. If epochs are equally good, the earliest one counts as the best.
        value = training_loss
        if metrics is not None:
            value = metrics.loss_nats_per_char
            if self.training.monitor == "accuracy":
                value = -metrics.accuracy_argmax
        if progress.best is None or value < progress.best.value:
            with self._engine_at_work(progress):
                start_token = self.prepared.network.start_tokens[0]
                self.best_parameters = parameters_of(self.engine.get_state())
                self.best_probe = self_test_logits(self.engine, start_token)
            progress.best = BestEpoch(epoch=progress.epoch, value=value)
        self.on_progress(record)

    def _sample(self, epoch: int) -> tuple[str, bool]:
        """Draw one name from the current network, and check whether it isn't in the list.

        The name is "" if the network has no end for its names yet.
        """
        batches = self.prepared.generator.generate(
            1,
            rng=np.random.default_rng([self.training.seed, epoch, SAMPLES]),
            sampling=SamplingSettings(max_length=LONGEST_SAMPLE),
            allow_seen=True,
            allow_repeats=True,
        )
        try:
            batch = next(batches)
        except GenerationError:  # names of a network that has learned little may never end
            return "", False
        is_new = batch.new is not None and bool(batch.new[0])
        return batch.names[0], is_new


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
