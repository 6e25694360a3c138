"""Trainer: the training loop, for any Engine.

It cuts the list into batches, gives each step its learning rate, validates after every epoch, keeps the best
parameters, and can stop anywhere and go on from there as if nothing had happened. What it does not do: files (see
``run_folder.py``) and talking to a person (the watcher).

Schedules: a rate for each step. Dropping: what each step leaves out, so that the network leans on nothing alone:

- ``drop_recurrent``: single weights of each recurrent kernel (Wan et al., 2013; Merity, Keskar and Socher, 2018).
- ``drop_between``, ``drop_output``: whole rows of a kernel, that is, units which it reads (Srivastava et al., 2014).

What stays is scaled by 1 / (1 − rate), so that sums stay what they were on average. One mask serves all names of a
step: names that share a prefix still share its state, so the gradient on the tree stays exact.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from namegen.core.data.batching import BatchMaker
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.engine import Engine, Step
from namegen.core.evaluation.evaluator import AccuracyEvaluator, Metrics
from namegen.core.generation.generator import Generator
from namegen.core.generation.sampling import SamplingSettings
from namegen.core.network.architecture import Network, parameters_of
from namegen.core.settings import DROPS, TrainingSettings
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
from namegen.events import StepBegins, Watcher, unwatched
from namegen.types import Array, Float32

Schedule = Callable[[int], float]


def make_schedule(training: TrainingSettings, *, steps_per_epoch: int, epochs: int) -> Schedule:
    """The schedule that the settings name: from a step, counted from 0 over the whole run, to its rate.

    - ``constant``: always the same.
    - ``steps``, the original's: each rate from its first epoch on.
    - ``one-cycle`` (Smith, 2018): from 1/25 of the peak in a straight line up to it over the share ``warmup`` of all
      steps, then along a half cosine to 1/10,000 of it.
    """
    peak = training.peak_learning_rate
    if training.schedule == "steps":
        starts = [(first * steps_per_epoch, rate) for first, rate in training.rate_steps]
        return lambda step: next(rate for first, rate in reversed(starts) if step >= first)
    if training.schedule == "one-cycle":
        total = steps_per_epoch * epochs
        return lambda step: one_cycle(step, total, peak, training.warmup)
    return lambda step: peak


def one_cycle(step: int, total: int, peak: float, warmup: float) -> float:
    """The rate of one step of ``total``.

    >>> [round(one_cycle(step, 11, 0.02, 0.2), 4) for step in range(11)]
    [0.0008, 0.0104, 0.02, 0.0192, 0.0171, 0.0138, 0.01, 0.0062, 0.0029, 0.0008, 0.0]
    """
    start, end = peak / 25, peak / 10_000
    last = max(total - 1, 1)
    rising = warmup * last
    if step < rising:
        return start + (peak - start) * step / rising
    done = min((step - rising) / max(last - rising, 1e-9), 1.0)
    return end + (peak - end) * 0.5 * (1 + math.cos(math.pi * done))


STREAM = 3  # keeps these random numbers apart from those that order the names and draw samples with the same seed


class Dropping:
    """Makes the masks of each step. They depend on the seed and the step alone, so nothing has to be kept to go on.

    Args:
        network: which parameters there are to mask.
        training: the rates and the seed.

    Raises:
        SettingsError: a rate for something that the network does not have.

    >>> from namegen.core.network.architecture import RecurrentNetwork
    >>> dropping = Dropping(RecurrentNetwork(54, hidden=(8,)), TrainingSettings(drop_output=0.5))
    >>> mask = dropping.masks(epoch=0, step=0)["output.kernel"]
    >>> mask.shape, sorted(set(mask.ravel().tolist()))
    ((8, 1), [0.0, 2.0])
    """

    def __init__(self, network: Network, training: TrainingSettings) -> None:
        self._seed = training.seed
        places = {name: place for place, name in enumerate(network.parameter_shapes)}
        self._masked: list[tuple[str, int, tuple[int, ...], float]] = []  # parameter, its place, shape, rate
        for drop in DROPS:
            rate, shapes = getattr(training, drop), network.mask_shapes[drop]
            if rate and not any(network.mask_shapes.values()):
                raise SettingsError(
                    f"{setting(drop)} is {rate}, and the architecture {network.architecture} has nothing that can be "
                    "dropped: leave it out"
                )
            if rate and not shapes:
                raise SettingsError(
                    f"{setting(drop)} is {rate}, and this network has nothing there to drop: add a layer, or leave "
                    "it out"
                )
            self._masked += [(name, places[name], shape, rate) for name, shape in shapes.items() if rate]

    def masks(self, epoch: int, step: int) -> dict[str, Float32[Array, "..."]]:
        """The masks of one step, both counted from 0: 0 for what is left out, else 1 / (1 − rate)."""
        found = {}
        for name, place, shape, rate in self._masked:
            rng = np.random.default_rng([self._seed, epoch, step, STREAM, place])
            # 16 random bits a number decide as well as 53, and come four at a time.
            size = math.prod(shape)
            bits = rng.bit_generator.random_raw(-(-size // 4)).astype("<u8", copy=False).view("<u2")[:size]
            found[name] = (bits >= round(rate * (1 << 16))).reshape(shape) * np.float32(1 / (1 - rate))
        return found


# nats per character; guessing costs log V, 14 at most: such a network is lost though its loss is finite
DIVERGED = 1_000
STOPS = (
    ", so training stops and what was saved before is kept: report it to those who make the engine, or go on with "
    "another one"
)


class Trainer:
    """Trains an engine on a list.

    Args:
        engine: made with the same settings; its parameters are set already.
        batches: the training names.
        validation: the tree of the held-out names; None: the training loss decides what is best.
        generator: draws the sample of each epoch from the same engine.
        training: resolved (``resolve_training``).
        dropping: what each step leaves out.
        watch: told of each step and epoch.
        stop: asked before every step; True ends the run there, as Ctrl-C wants it.
    """

    def __init__(
        self,
        engine: Engine,
        batches: BatchMaker,
        validation: PrefixTree | None,
        generator: Generator,
        training: TrainingSettings,
        dropping: Dropping,
        *,
        watch: Watcher = unwatched,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        if training.batch_size is None or training.epochs is None:
            raise SettingsError("batch_size or epochs is not set: a Trainer takes settings that are resolved")
        self.engine, self.batches, self.validation, self.generator = engine, batches, validation, generator
        self.training, self.dropping = training, dropping
        self.batch_size, self.epochs = training.batch_size, training.epochs
        self.steps = batches.steps(self.batch_size)
        self.schedule: Schedule = make_schedule(training, steps_per_epoch=self.steps, epochs=self.epochs)
        self.watch, self.stop = watch, stop
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
            batch = next(self.batches.epoch(progress.epoch, batch_size=self.batch_size, seed=self.training.seed))
            with self._engine_at_work(progress):
                self.engine.warm_up(Step(batch, self.schedule(0), self.dropping.masks(progress.epoch, 0)))
        while not progress.finished(self.training):
            self._train_epoch(progress)
            if progress.step < self.steps:
                return  # stopped
            self._end_epoch(progress)
            yield progress

    def _stream(self, progress: TrainingProgress) -> Iterator[Step]:
        """The steps of the epoch under way that are still to be taken."""
        first, epoch = progress.epoch * self.steps, progress.epoch
        try:
            batches = self.batches.epoch(
                epoch, batch_size=self.batch_size, seed=self.training.seed, first_step=progress.step
            )
            for step, batch in enumerate(batches, start=progress.step):
                if self.stop():
                    return
                self.watch(StepBegins(epoch, step))
                yield Step(batch, self.schedule(first + step), self.dropping.masks(epoch, step))
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
        for loss, characters in zip(losses.loss_sum.tolist(), losses.characters.tolist(), strict=True):
            progress.loss_sum += loss  # one after the other, so that a stop in between changes no bit
            progress.characters += characters
        if not progress.loss_sum < DIVERGED * max(progress.characters, 1):  # not a number is not below either
            raise TrainingError(diverged(self.training, progress.epoch + 1))
        progress.step += len(losses.loss_sum)
        progress.seconds += elapsed
        progress.training_seconds += elapsed

    def _end_epoch(self, progress: TrainingProgress) -> None:
        start = time.perf_counter()
        with self._engine_at_work(progress):
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
            progress.best = BestEpoch(progress.epoch, value, parameters_of(self.engine.get_state()))
        self.watch(progress.history[-1])

    def _criterion(self, metrics: Metrics | None, training_loss: float) -> float:
        if metrics is None:
            return training_loss
        return -metrics.accuracy_argmax if self.training.best_by == "accuracy" else metrics.loss_nats_per_char

    def _sample(self, epoch: int) -> tuple[str, bool]:
        """One name as the network would give it now, and whether the list lacks it."""
        rng = np.random.default_rng([self.training.seed, epoch, 1])
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
        f"the loss is no longer a finite number, or much too large, in epoch {epoch}, so training stops; what was "
        f"saved before is kept: try a lower {setting('learning_rate')} than {max(rates):g}, or "
        f"{setting('clip_norm', 1)}"
    )
