"""Trainer: the training loop, for any Engine.

It cuts the list into batches, gives each step its learning rate, validates after every epoch, keeps the best
parameters, and can stop anywhere and go on from there as if nothing had happened. What it does not do: files (see
``training_run.py``) and talking to a person (the listener).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol, runtime_checkable

import numpy as np

from namegen.core.data.batching import Batch, BatchMaker
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.engine import Engine
from namegen.core.evaluation.evaluator import AccuracyEvaluator
from namegen.core.evaluation.metrics import Metrics
from namegen.core.generation.generator import Generator
from namegen.core.generation.sampling import SamplingSettings
from namegen.core.network.engine_state import parameters_of
from namegen.core.settings import NetworkSettings, TrainingSettings
from namegen.core.training.history import EpochRecord
from namegen.core.training.schedules import Schedule, make_schedule
from namegen.errors import GenerationError, SettingsError, TrainingError, setting
from namegen.types import Array

# With all repeats, 80 epochs fall 0.3 points short on last names; with damped ones there is less to learn by heart,
# and more epochs only lead away from what holds for new names (benchmarks/accuracy.py).
DEFAULT_EPOCHS, DEFAULT_EPOCHS_DAMPED, DEFAULT_UPDATES = 120, 40, 3_000
LARGEST_DEFAULT_BATCH, SMALLEST_DEFAULT_BATCH = 128, 16
BATCHES_OF_A_SMALL_LIST = 40
WIDTH_OF_DEFAULT = 32  # the layers that the default learning rate was chosen for
DIVERGED = 1_000  # nats a character; guessing costs log V, 14 at most: such a network is lost though its loss is finite


def resolve_training(
    training: TrainingSettings, names: int, network: NetworkSettings | None = None, *, damped: bool = False
) -> TrainingSettings:
    """Fill in what depends on the list and the network: the learning rate, the batch size, then the epochs.

    Adam's default rate is for plain layers of 32; for wider ones it falls with the square root of their width.

    Batches of 128 names, smaller (a power of two, at least 16) where an epoch would have fewer than 40 of them; as
    many steps as 120 epochs (40 where repeats are damped) or 3,000 updates have, whichever is more.
    """
    batch_size, epochs = training.batch_size, training.epochs
    if network is not None and _too_wide(training, network):
        widest = max(network.hidden)
        training = replace(training, learning_rate=training.peak_learning_rate * math.sqrt(WIDTH_OF_DEFAULT / widest))
    if batch_size is None:
        fitting = max(names // BATCHES_OF_A_SMALL_LIST, SMALLEST_DEFAULT_BATCH)
        batch_size = min(LARGEST_DEFAULT_BATCH, 2 ** (fitting.bit_length() - 1))
    if epochs is None:
        epochs = max(
            DEFAULT_EPOCHS_DAMPED if damped else DEFAULT_EPOCHS, -(-DEFAULT_UPDATES // -(-names // batch_size))
        )
    return replace(training, batch_size=batch_size, epochs=epochs)


def _too_wide(training: TrainingSettings, network: NetworkSettings) -> bool:
    """Whether the default rate would be too high; gates take it well at every width."""
    default = training.optimizer == "adam" and training.learning_rate is None and not training.rate_steps
    return default and network.cell == "simple_rnn" and max(network.hidden) > WIDTH_OF_DEFAULT


@dataclass(frozen=True)
class Best:
    """The best parameters so far."""

    epoch: int
    value: float  # of the criterion: a loss, or a negative accuracy, so that lower is better
    parameters: Mapping[str, Array]


@dataclass
class Progress:
    """Where a run stands: all that it needs, beside the engine's own state, to go on as if it had not stopped."""

    epoch: int = 0  # finished epochs
    step: int = 0  # steps done of the epoch under way
    loss_sum: float = 0.0  # nats, of the epoch under way
    characters: int = 0  # of the epoch under way
    seconds: float = 0.0  # inside train_epoch and validation, of the whole run
    training_seconds: float = 0.0  # inside train_epoch, of the epoch under way
    history: list[EpochRecord] = field(default_factory=list)
    best: Best | None = None


@runtime_checkable
class Listener(Protocol):
    """Who is told how training goes. Called on the training thread, so it should be quick."""

    def on_step(self, progress: Progress, step: int, steps: int) -> None:
        """A step is about to be taken: ``step`` of ``steps`` in this epoch, from 0."""
        ...

    def on_epoch(self, progress: Progress) -> None:
        """An epoch has ended; its record is the last of ``progress.history``."""
        ...


class Silent:
    """A listener that says nothing."""

    def on_step(self, progress: Progress, step: int, steps: int) -> None:
        """Nothing."""

    def on_epoch(self, progress: Progress) -> None:
        """Nothing."""


class Trainer:
    """Trains an engine on a list.

    Args:
        engine: made with the same settings; its parameters are set already.
        batches: the training names.
        validation: the tree of the held-out names; None: the training loss decides what is best.
        generator: draws the sample of each epoch from the same engine.
        training: resolved (``resolve_training``).
        listener: who is told.
        stop: asked before every step; True ends the run there, as Ctrl-C wants it.
    """

    def __init__(
        self,
        engine: Engine,
        batches: BatchMaker,
        validation: PrefixTree | None,
        generator: Generator,
        training: TrainingSettings,
        *,
        listener: Listener | None = None,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        if training.batch_size is None or training.epochs is None:
            raise SettingsError("batch_size or epochs is not set: a Trainer takes settings that are resolved")
        self.engine, self.batches, self.validation, self.generator = engine, batches, validation, generator
        self.training = training
        self.batch_size, self.epochs = training.batch_size, training.epochs
        self.steps = batches.steps(self.batch_size)
        self.schedule: Schedule = make_schedule(training, steps_per_epoch=self.steps, epochs=self.epochs)
        self.listener = listener or Silent()
        self.stop = stop

    def run(self, progress: Progress) -> Iterator[Progress]:
        """Train from where ``progress`` stands, which is moved on; yields it after every epoch.

        When it ends with ``finished(progress)`` false, it was stopped: the engine's state and ``progress`` belong
        together and can be saved.

        Raises:
            TrainingError: the loss is no longer a finite number, or absurd: neither the engine nor ``progress`` may be
                saved then.
        """
        if not self.finished(progress):
            self.engine.warm_up(next(self.batches.epoch(progress.epoch, batch_size=self.batch_size, seed=self.seed)))
        while not self.finished(progress):
            self._train_epoch(progress)
            if progress.step < self.steps:
                return  # stopped
            self._end_epoch(progress)
            yield progress

    def finished(self, progress: Progress) -> bool:
        """Every epoch is trained, or patience has run out."""
        patience, best = self.training.patience, progress.best
        out_of_patience = patience is not None and best is not None and progress.epoch - best.epoch >= patience
        return progress.epoch >= self.epochs or out_of_patience

    @property
    def seed(self) -> int:
        """What the order of the names and the samples depend on."""
        return self.training.seed

    def _stream(self, progress: Progress) -> Iterator[tuple[Batch, float]]:
        """The steps of the epoch under way that are still to be taken."""
        first = progress.epoch * self.steps
        batches = self.batches.epoch(
            progress.epoch, batch_size=self.batch_size, seed=self.seed, first_step=progress.step
        )
        for step, batch in enumerate(batches, start=progress.step):
            if self.stop():
                return
            self.listener.on_step(progress, step, self.steps)
            yield batch, self.schedule(first + step)

    def _train_epoch(self, progress: Progress) -> None:
        start = time.perf_counter()
        losses = self.engine.train_epoch(self._stream(progress))
        elapsed = time.perf_counter() - start
        for loss, characters in zip(losses.loss_sum.tolist(), losses.characters.tolist(), strict=True):
            progress.loss_sum += loss  # one after the other, so that a stop in between changes no bit
            progress.characters += characters
        if not progress.loss_sum < DIVERGED * max(progress.characters, 1):  # not a number is not below either
            raise TrainingError(diverged(self.training, progress.epoch + 1))
        progress.step += len(losses.loss_sum)
        progress.seconds += elapsed
        progress.training_seconds += elapsed

    def _end_epoch(self, progress: Progress) -> None:
        start = time.perf_counter()
        metrics = None if self.validation is None else AccuracyEvaluator(self.engine).evaluate(self.validation)
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
                learning_rate=self.schedule((progress.epoch + 1) * self.steps - 1),
                training_loss_nats_per_char=training_loss,
                validation_loss_nats_per_char=None if metrics is None else metrics.loss_nats_per_char,
                validation_accuracy_argmax=None if metrics is None else metrics.accuracy_argmax,
                validation_accuracy_sampled=None if metrics is None else metrics.accuracy_sampled,
                sample=sample,
                sample_is_new=is_new,
            )
        )
        progress.epoch += 1
        progress.step, progress.loss_sum, progress.characters, progress.training_seconds = 0, 0.0, 0, 0.0
        value = self._criterion(metrics, training_loss)
        if progress.best is None or value < progress.best.value:  # ties to the earlier
            progress.best = Best(progress.epoch, value, parameters_of(self.engine.get_state()))
        self.listener.on_epoch(progress)

    def _criterion(self, metrics: Metrics | None, training_loss: float) -> float:
        if metrics is None:
            return training_loss
        return -metrics.accuracy_argmax if self.training.best_by == "accuracy" else metrics.loss_nats_per_char

    def _sample(self, epoch: int) -> tuple[str, bool]:
        """One name as the network would give it now, and whether the list lacks it."""
        rng = np.random.default_rng([self.seed, epoch, 1])
        sampling = SamplingSettings(max_length=60)
        try:
            batch = next(self.generator.generate(1, rng=rng, sampling=sampling, allow_seen=True, allow_repeats=True))
        except GenerationError:  # a network that has learned little may draw names without an end
            return "", False
        return batch.names[0], batch.new is not None and bool(batch.new[0])


def diverged(training: TrainingSettings, epoch: int) -> str:
    """What a TrainingError says, and what to try."""
    rates = [rate for _, rate in training.rate_steps] or [training.peak_learning_rate]
    return (
        f"the loss is no longer a finite number, or beyond all measure, in epoch {epoch}, so training stops and what "
        f"was saved before is kept: try a lower {setting('learning_rate')} than {max(rates):g}, or "
        f"{setting('clip_norm', 1)}"
    )
