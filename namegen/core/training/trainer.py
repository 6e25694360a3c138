"""Trainer: the training loop, for any Engine.

It cuts the list into batches, gives each step its learning rate (``core/schedules.py``) and masks (``steps.py``),
validates after every epoch, keeps the best parameters, and can stop anywhere and go on from there as if nothing had
happened. What it does not do: files (see ``run.py``) and talking to a person (the watcher).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from namegen.core.engine import Step
from namegen.core.evaluation.evaluator import AccuracyEvaluator, probe
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

# nats per character; guessing costs log V, 14 at most: such a network is lost though its loss is finite
DIVERGED = 1_000
STOPS = ", so training stops. The saved state is kept. Report this to the authors of the backend, or use another one"


class Trainer:
    """Trains an engine on a list.

    Args:
        prepared: the engine, what it reads, and how.
        on_progress: told of each step and epoch.
        should_stop: asked before every step; True ends the run there, as Ctrl-C wants it.
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
                "batch_size or epochs is not set: a Trainer takes settings that are resolved"
            )
        self.training, self.batch_size, self.epochs = training, training.batch_size, training.epochs
        self.batches, self.validation = prepared.batches, prepared.parts.held_out
        self.engine, self.generator, self.dropping = (
            prepared.engine,
            prepared.generator,
            prepared.dropping,
        )
        self._beginning = prepared.network.beginnings[0]
        self.steps = self.batches.steps(self.batch_size)
        self._plan = Plan(
            self.steps,
            self.epochs,
            training.peak_learning_rate,
            training.warmup,
            training.lr_steps,
        )
        self.on_progress, self.should_stop = on_progress, should_stop
        self._raised: Exception | None = None  # out of the stream of steps

    def run(self, progress: TrainingProgress) -> Iterator[TrainingProgress]:
        """Train from where ``progress`` stands, which is moved on; yields it after every epoch.

        When it ends and ``progress`` is not finished, it was stopped: the engine's state and ``progress`` belong
        together and can be saved.

        Raises:
            TrainingError: the loss is no longer a finite number, or absurd: neither the engine nor ``progress`` may be
                saved then. EngineFailedError: the engine raised something of its own: nothing of it may be saved.
        """
        if progress.step >= self.steps:
            raise CheckpointError(
                f"the run was left at step {progress.step} of an epoch that has {self.steps}: its state does not "
                "belong to this list and these settings, so train anew"
            )
        if not progress.finished(self.training):
            batch = next(
                self.batches.epoch(
                    progress.epoch, batch_size=self.batch_size, seed=self.training.seed
                )
            )
            with self._engine_at_work(progress):
                self.engine.warm_up(
                    Step(batch, self._learning_rate(0), self.dropping.masks(progress.epoch, 0))
                )
        while not progress.finished(self.training):
            self._train_epoch(progress)
            if progress.step < self.steps:
                return  # stopped
            self._end_epoch(progress)
            yield progress

    def _learning_rate(self, step: int) -> float:
        """That of a step, counted from 0 over the whole run."""
        return SCHEDULES[self.training.lr_schedule].rate(step, self._plan)

    def _stream(self, progress: TrainingProgress) -> Iterator[Step]:
        """The steps of the epoch under way that are still to be taken."""
        first, epoch = progress.epoch * self.steps, progress.epoch
        try:
            seed, size = self.training.seed, self.batch_size
            batches = self.batches.epoch(
                epoch, batch_size=size, seed=seed, first_step=progress.step
            )
            for step, batch in enumerate(batches, start=progress.step):
                if self.should_stop():
                    return
                self.on_progress(StepBegins(epoch, step))
                yield Step(
                    batch, self._learning_rate(first + step), self.dropping.masks(epoch, step)
                )
        except Exception as error:
            self._raised = error
            raise

    @contextmanager
    def _engine_at_work(self, progress: TrainingProgress) -> Iterator[None]:
        """Whatever the engine raises of its own is told as the engine's; what came out of the steps is ours."""
        try:
            with engine_at_work(self.engine.name, f"in epoch {progress.epoch + 1}", STOPS):
                yield
        except EngineFailedError as failed:
            if self._raised is not None and failed.__cause__ is self._raised:
                raise self._raised from None
            raise

    def _train_epoch(self, progress: TrainingProgress) -> None:
        start = time.perf_counter()
        with self._engine_at_work(progress):
            losses = self.engine.train_epoch(self._stream(progress))
        elapsed = time.perf_counter() - start
        for loss, characters in zip(
            losses.loss_sum.tolist(), losses.characters.tolist(), strict=True
        ):
            progress.loss_sum += (
                loss  # one after the other, so that a stop in between changes no bit
            )
            progress.characters += characters
        if not progress.loss_sum < DIVERGED * max(
            progress.characters, 1
        ):  # not a number is not below either
            raise TrainingError(diverged(self.training, progress.epoch + 1))
        progress.step += len(losses.loss_sum)
        progress.seconds += elapsed
        progress.training_seconds += elapsed

    def _end_epoch(self, progress: TrainingProgress) -> None:
        start = time.perf_counter()
        with self._engine_at_work(progress):
            metrics = (
                None
                if self.validation is None
                else AccuracyEvaluator(self.engine).evaluate(self.validation)
            )
        progress.seconds += time.perf_counter() - start
        if metrics is not None and not metrics.loss_nats_per_char < DIVERGED:
            raise TrainingError(diverged(self.training, progress.epoch + 1))
        sample, is_new = self._sample(progress.epoch)
        training_loss = progress.loss_sum / progress.characters
        progress.history.append(
            EpochRecord(
                epoch=progress.epoch + 1,
                seconds=progress.seconds,
                training_seconds=progress.training_seconds,
                learning_rate=self._learning_rate((progress.epoch + 1) * self.steps - 1),
                training_loss_nats_per_char=training_loss,
                validation_loss_nats_per_char=None
                if metrics is None
                else metrics.loss_nats_per_char,
                validation_accuracy_argmax=None if metrics is None else metrics.accuracy_argmax,
                validation_accuracy_sampled=None if metrics is None else metrics.accuracy_sampled,
                sample=sample,
                sample_is_new=is_new,
            )
        )
        progress.epoch += 1
        progress.step, progress.loss_sum, progress.characters, progress.training_seconds = (
            0,
            0.0,
            0,
            0.0,
        )
        value = training_loss
        if metrics is not None:
            value = (
                -metrics.accuracy_argmax
                if self.training.monitor == "accuracy"
                else metrics.loss_nats_per_char
            )
        if progress.best is None or value < progress.best.value:  # ties to the earlier
            with self._engine_at_work(progress):
                parameters, computed = (
                    parameters_of(self.engine.get_state()),
                    probe(self.engine, self._beginning),
                )
            progress.best = BestEpoch(progress.epoch, value, parameters, computed)
        self.on_progress(progress.history[-1])

    def _sample(self, epoch: int) -> tuple[str, bool]:
        """One name as the network would give it now, and whether the list lacks it."""
        rng = np.random.default_rng([self.training.seed, epoch, 1])
        sampling = SamplingSettings(max_length=60)
        try:
            batch = next(
                self.generator.generate(
                    1, rng=rng, sampling=sampling, allow_seen=True, allow_repeats=True
                )
            )
        except GenerationError:  # a network that has learned little may draw names without an end
            return "", False
        return batch.names[0], batch.new is not None and bool(batch.new[0])


def diverged(training: TrainingSettings, epoch: int) -> str:
    """What a TrainingError says, and what to try."""
    rates = [rate for _, rate in training.lr_steps] or [training.peak_learning_rate]
    return (
        f"the loss is no longer a finite number, or much too large, in epoch {epoch}, so training stops; what was "
        f"saved before is kept: try a lower {setting('learning_rate')} than {max(rates):g}, or "
        f"{setting('clip_norm', 1)}"
    )
