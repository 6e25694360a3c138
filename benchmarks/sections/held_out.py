"""Measure the loss on held-out names after a fixed time of training with namegen, PyTorch and JAX."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count

import numpy as np

from benchmarks.document import Comparison, Variant
from benchmarks.lists import US_FIRST, load
from benchmarks.rounds import measure_seconds, run_rounds
from benchmarks.trainers import Trainer
from benchmarks.trainers.namegen_trainer import NamegenTrainer
from namegen.backends import load_engine
from namegen.core.evaluation.evaluator import AccuracyEvaluator
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
    gru = NetworkSettings(cell="gru", hidden=(192,))
    simple_rnn = NetworkSettings(cell="simple_rnn", hidden=(32, 32))
    return (
        *_compare(f"GRU 192, {US_FIRST}", gru, 0.006, rounds),
        *_compare(f"SimpleRNN 2×32, {US_FIRST}", simple_rnn, 0.015, rounds),
    )


def _compare(
    title: str, network: NetworkSettings, peak_rate: float, rounds: int
) -> tuple[Comparison, Comparison]:
    """Train a network with each library and batch size, for a short and for a long time."""
    benchmark = LossBenchmark(network, peak_rate)
    for batch_size in BATCH_SIZES:
        benchmark.add_libraries(batch_size)
    return (
        benchmark.run(title, SHORT_SECONDS, rounds),
        benchmark.run(title, LONG_SECONDS, min(rounds, MOST_LONG_ROUNDS)),
    )


# --- training for a fixed time ----------------------------------------------------------------------------------------


class TimedSchedule:
    """A one-cycle schedule of the learning rate that depends on the elapsed time. It starts when it's created."""

    def __init__(self, seconds: float, peak_rate: float) -> None:
        self._seconds = seconds
        self._plan = Plan(SCHEDULE_STEPS, 1, peak_rate, WARMUP, lr_steps=())
        self._start = time.perf_counter()

    @property
    def is_over(self) -> bool:
        """Whether all of the time has elapsed."""
        return self._elapsed_share() >= 1

    def __call__(self) -> float | None:
        """Return the learning rate for the next step, or None if all of the time has elapsed."""
        share = self._elapsed_share()
        if share >= 1:
            return None
        return one_cycle(int(share * SCHEDULE_STEPS), self._plan)

    def _elapsed_share(self) -> float:
        return (time.perf_counter() - self._start) / self._seconds


def train_for(trainer: Trainer, seconds: float, peak_rate: float, first_epoch: int) -> None:
    """Train for a fixed time, with as many epochs as fit into it."""
    schedule = TimedSchedule(seconds, peak_rate)
    for epoch in count(first_epoch):
        trainer.epoch(epoch, schedule)
        if schedule.is_over:
            return


# --- comparing libraries ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PreparedTrainer:
    """A trainer that is ready to train."""

    trainer: Trainer
    start_seconds: float
    group: str


class LossBenchmark:
    """Train the same network with several libraries, from the same initial parameters."""

    def __init__(self, settings: NetworkSettings, peak_rate: float) -> None:
        self._corpus = load(US_FIRST)
        self._settings = settings
        self._peak_rate = peak_rate
        self._trainers: dict[str, PreparedTrainer] = {}  # by variant
        prepared = self._create_namegen(batch_size=128).prepared
        self._held_out_tree = prepared.parts.validation
        self._network = prepared.network
        self._training_names = self._corpus.split(HELD_OUT, seed=0)[0].names
        self._evaluation_engine = load_engine("numpy")(self._network, None, threads=1)
        rng = np.random.default_rng([0, 0, 2])
        self._initial_parameters = self._network.initial_parameters("glorot", rng=rng)

    def _create_namegen(self, batch_size: int) -> NamegenTrainer:
        training = TrainingSettings(quick=True, batch_size=batch_size)
        return NamegenTrainer(self._corpus, Recipe(HELD_OUT, self._settings, training))

    def add_libraries(self, batch_size: int) -> None:
        """Prepare all libraries with a batch size, and check that they train the same network."""
        from benchmarks.trainers.jax_trainer import JaxTrainer
        from benchmarks.trainers.torch_trainer import TorchTrainer

        names = self._training_names
        vocabulary = self._corpus.vocabulary
        torch = partial(TorchTrainer, names, vocabulary, self._network, batch_size=batch_size)
        jax = partial(JaxTrainer, names, vocabulary, self._network, batch_size=batch_size)
        batch = f"batch {batch_size}"
        self._add(f"namegen, {batch}", "namegen", partial(self._create_namegen, batch_size))
        self._add(f"PyTorch packed, {batch}", "PyTorch", partial(torch, padded=False))
        self._add(f"PyTorch padded, {batch}", "PyTorch", partial(torch, padded=True))
        self._add(f"JAX scan, {batch}", "JAX scan", jax)
        trainers = [prepared.trainer for prepared in self._trainers.values()]
        check_same_network(trainers, self._initial_parameters)

    def _add(self, name: str, group: str, create: Callable[[], Trainer]) -> None:
        """Create a trainer and warm it up, and store how long this took."""

        def prepare() -> Trainer:
            trainer = create()
            trainer.warm_up()
            return trainer

        start_seconds, trainer = measure_seconds(prepare)
        self._trainers[name] = PreparedTrainer(trainer, start_seconds, group)

    def run(self, title: str, seconds: float, rounds: int) -> Comparison:
        """Measure the loss of each variant after a fixed time of training."""
        network_name = title.partition(",")[0].lower().replace(" ", "-")
        return Comparison(
            key=f"{network_name}-{seconds:g}s",
            title=f"{title}, {seconds:g} s",
            unit="nats a character",
            subjects=("namegen",),
            ways=self._measure(seconds, rounds),
        )

    def _measure(self, seconds: float, rounds: int) -> tuple[Variant, ...]:
        """Train each variant once per round for some seconds, and return the losses."""
        measurements = {
            name: partial(self._train_and_evaluate, prepared.trainer, seconds)
            for name, prepared in self._trainers.items()
        }
        losses = run_rounds(measurements, rounds, warm_up_rounds=0)
        return tuple(
            Variant(name, losses[name], prepared.group, prepared.start_seconds)
            for name, prepared in self._trainers.items()
        )

    def _train_and_evaluate(self, trainer: Trainer, seconds: float, number: int) -> float:
        """Train from the initial parameters, and return the loss on the held-out names."""
        trainer.set_parameters(self._initial_parameters)
        first_epoch = 1_000 * number  # so that the order of the names differs between rounds
        train_for(trainer, seconds, self._peak_rate, first_epoch)
        return self._held_out_loss(trainer.get_parameters())

    def _held_out_loss(self, parameters: dict[str, Array]) -> float:
        """Compute the loss on the held-out names, in nats per character."""
        self._evaluation_engine.set_state(parameters)
        evaluator = AccuracyEvaluator(self._evaluation_engine)
        return evaluator.evaluate(self._held_out_tree).loss_nats_per_char


# --- checks -----------------------------------------------------------------------------------------------------------


def check_same_network(trainers: Sequence[Trainer], parameters: Mapping[str, Array]) -> None:
    """Check that all trainers compute the same loss with the same parameters.

    Raises:
        SystemExit: the losses differ, or a trainer doesn't return the parameters that were set.
    """
    losses = []
    for trainer in trainers:
        trainer.set_parameters(parameters)
        if not _are_equal(trainer.get_parameters(), parameters):
            trainer_name = type(trainer).__name__
            raise SystemExit(f"{trainer_name} doesn't return the parameters that were set.")
        losses.append(trainer.loss_of_all())
    if max(losses) - min(losses) > LARGEST_DIFFERENCE:
        raise SystemExit(f"The libraries don't train the same network. Initial losses: {losses}")


def _are_equal(parameters: Mapping[str, Array], expected: Mapping[str, Array]) -> bool:
    """Compare parameters by name, with NumPy's tolerance for rounding errors."""
    if parameters.keys() != expected.keys():
        return False
    return all(np.allclose(values, expected[name]) for name, values in parameters.items())
