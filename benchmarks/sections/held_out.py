"""Measure the loss on held-out names after a fixed time of training with namegen, PyTorch and JAX."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from benchmarks.document import Comparison
from benchmarks.lists import US_FIRST, load
from benchmarks.rounds import Benchmark, Measurement
from benchmarks.trainers import JAX, NAMEGEN, TORCH, Rate, Trainer, trainers_of
from namegen.backends import load_engine
from namegen.core.data.corpus import Corpus
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.evaluation.evaluator import AccuracyEvaluator
from namegen.core.network.architecture import RecurrentNetwork
from namegen.core.schedules import Plan, one_cycle
from namegen.core.settings import DataSettings, NetworkSettings, Recipe, TrainingSettings
from namegen.types import Array

SHORT_SECONDS = 1.0
LONG_SECONDS = 10.0
MOST_LONG_ROUNDS = 5
HELD_OUT = DataSettings(validation=0.1, split="by-name")
BATCH_SIZES = (64, 128)  # each library uses the better one
WARMUP = 0.2  # as a share of the time; namegen's default
LARGEST_DIFFERENCE = 1e-4  # in nats per character, between losses of the same parameters
SCHEDULE_STEPS = 10_000  # the resolution of the learning rate's schedule


def held_out(rounds: int) -> tuple[Comparison, ...]:
    """Train two networks with each library, for a short and for a long time."""
    long_rounds = min(rounds, MOST_LONG_ROUNDS)
    gru = NetworkSettings(cell="gru", hidden=(192,))
    simple_rnn = NetworkSettings(cell="simple_rnn", hidden=(32, 32))
    return (
        compare("GRU 192", gru, 0.006, SHORT_SECONDS, rounds),
        compare("GRU 192", gru, 0.006, LONG_SECONDS, long_rounds),
        compare("SimpleRNN 2×32", simple_rnn, 0.015, SHORT_SECONDS, rounds),
        compare("SimpleRNN 2×32", simple_rnn, 0.015, LONG_SECONDS, long_rounds),
    )


def compare(
    title: str, network: NetworkSettings, peak_rate: float, seconds: float, rounds: int
) -> Comparison:
    """Train a network with each library and batch size for a fixed time, from the same initial parameters."""
    corpus = load(US_FIRST)
    task = TimedTraining(corpus, network, peak_rate, seconds)
    benchmark = Benchmark()
    for batch_size in BATCH_SIZES:
        training = TrainingSettings(quick=True, batch_size=batch_size)
        recipe = Recipe(HELD_OUT, network, training)
        for library in (NAMEGEN, TORCH, JAX):
            for form, trainer in trainers_of(library).items():
                if "distinct" in form:
                    continue  # the list has only distinct names
                prepare = partial(task.prepare, partial(trainer, corpus, recipe))
                benchmark.add(f"{form}, batch {batch_size}", prepare, library)
    return Comparison(
        key=f"{title.lower().replace(' ', '-')}-{seconds:g}s",
        title=f"{title}, {US_FIRST}, {seconds:g} s",
        unit="nats a character",
        ways=benchmark.run(rounds, warm_up_rounds=0),
        subject=NAMEGEN,
    )


class TimedTraining:
    """Train for a fixed time, and measure the loss on held-out names."""

    def __init__(
        self, corpus: Corpus, settings: NetworkSettings, peak_rate: float, seconds: float
    ) -> None:
        training_set, held_out_set, _ = corpus.split(HELD_OUT, seed=0)
        self._training_tree = PrefixTree.from_names(training_set.names, corpus.vocabulary)
        self._held_out_tree = PrefixTree.from_names(held_out_set.names, corpus.vocabulary)
        self._peak_rate = peak_rate
        self._seconds = seconds
        network = RecurrentNetwork.from_settings(settings, corpus.vocabulary.size)
        self._engine = load_engine("numpy")(network, None, threads=1)
        rng = np.random.default_rng([0, 0, 2])
        self._initial_parameters = network.initial_parameters("glorot", rng=rng)

    def prepare(self, create: Callable[[], Trainer]) -> Measurement:
        """Create and warm up a trainer. Return a function that trains from the start and returns the loss.

        Raises:
            SystemExit: the trainer doesn't train the same network as namegen.
        """
        trainer = create()
        trainer.set_parameters(self._initial_parameters)
        expected_loss = self._evaluate(self._initial_parameters, self._training_tree)
        # The first loss checks the library's network, and the second one the parameters that the trainer returns.
        returned_loss = self._evaluate(trainer.get_parameters(), self._training_tree)
        for loss in (trainer.loss_of_all(), returned_loss):
            if abs(loss - expected_loss) > LARGEST_DIFFERENCE:
                raise SystemExit(
                    f"{type(trainer).__name__} trains another network: its initial loss is {loss}, not {expected_loss}."
                )
        trainer.warm_up()
        return partial(self._train, trainer)

    def _train(self, trainer: Trainer, number: int) -> float:
        """Train from the initial parameters, and return the loss on the held-out names."""
        trainer.set_parameters(self._initial_parameters)
        epoch = 1_000 * number  # so that the order of the names differs between rounds
        rate = timed_schedule(self._seconds, self._peak_rate)
        while rate() is not None:
            trainer.epoch(epoch, rate)
            epoch += 1
        return self._evaluate(trainer.get_parameters(), self._held_out_tree)

    def _evaluate(self, parameters: Mapping[str, Array], names: PrefixTree) -> float:
        """Return the loss of a network with some parameters, in nats per character."""
        self._engine.set_state(parameters)
        return AccuracyEvaluator(self._engine).evaluate(names).loss_nats_per_char


def timed_schedule(seconds: float, peak_rate: float) -> Rate:
    """Return a one-cycle schedule of the learning rate that depends on the time since this call."""
    plan = Plan(SCHEDULE_STEPS, 1, peak_rate, WARMUP, lr_steps=())
    start = time.perf_counter()

    def rate() -> float | None:
        share = (time.perf_counter() - start) / seconds
        return one_cycle(int(share * SCHEDULE_STEPS), plan) if share < 1 else None

    return rate
