"""Held-out loss: how good a network is after so many seconds of training, by namegen, by PyTorch and by JAX."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import count

import numpy as np

from benchmarks.document import Comparison, Way
from benchmarks.lists import US_FIRST, load
from benchmarks.rounds import alternate, timed
from benchmarks.trainers import Trainer
from benchmarks.trainers.namegen_trainer import NamegenTrainer
from namegen.backends import load_engine
from namegen.core.evaluation.evaluator import AccuracyEvaluator
from namegen.core.schedules import Plan, one_cycle
from namegen.core.settings import DataSettings, NetworkSettings, Recipe, TrainingSettings
from namegen.types import Array

BUDGETS, LONG_ROUNDS = (1.0, 10.0), 5  # seconds; the most rounds of the longest
HELD_OUT = DataSettings(validation=0.1, split="by-name")
# network → the peak of the learning rate, the same for all ways, and the batch sizes that each may choose from.
NETWORKS = {
    "GRU 192": (NetworkSettings(cell="gru", hidden=(192,)), 0.006, (64, 128)),
    "SimpleRNN 2×32": (NetworkSettings(cell="simple_rnn", hidden=(32, 32)), 0.015, (64, 128)),
}
WARMUP = 0.2  # of the time; namegen's default
SAME_NATS = 1e-4  # how far apart the losses of the same parameters may be
FINE = 10_000  # places of the schedule


class Clock:
    """The learning rate by how much of the time is gone; None when all of it is."""

    def __init__(self, seconds: float, peak: float) -> None:
        self._seconds, self._plan = seconds, Plan(FINE, 1, peak, WARMUP, lr_steps=())
        self._start = time.perf_counter()

    @property
    def is_over(self) -> bool:
        """Whether another step would begin too late."""
        return time.perf_counter() - self._start >= self._seconds

    def __call__(self) -> float | None:
        """Of the step that begins now."""
        share = (time.perf_counter() - self._start) / self._seconds
        return None if share >= 1 else one_cycle(int(share * FINE), self._plan)


def train_for(trainer: Trainer, seconds: float, peak: float, first_epoch: int) -> None:
    """Train for so long, epoch after epoch."""
    clock = Clock(seconds, peak)
    for epoch in count(first_epoch):
        trainer.epoch(epoch, clock)
        if clock.is_over:
            return


def check_same(trainers: Sequence[Trainer], parameters: Mapping[str, Array]) -> None:
    """Raise SystemExit unless all give the parameters back and find the same loss: else they train other networks."""
    losses = []
    for trainer in trainers:
        trainer.set_parameters(parameters)
        found = trainer.get_parameters()
        if found.keys() != parameters.keys() or not all(
            np.allclose(found[name], parameters[name]) for name in found
        ):
            raise SystemExit(
                f"{type(trainer).__name__} does not give back the parameters that it was given"
            )
        losses.append(trainer.loss_of_all())
    if max(losses) - min(losses) > SAME_NATS:
        raise SystemExit(
            f"the ways do not train the same network: their losses at the start are {losses}"
        )


def held_out(rounds: int) -> tuple[Comparison, ...]:
    """Every way at its batch sizes, for each network and each budget."""
    found = []
    for name, (settings, peak, sizes) in NETWORKS.items():
        race = Race(settings, peak)
        for size in sizes:
            race.enter(size)
        for seconds, most in zip(BUDGETS, (rounds, LONG_ROUNDS), strict=True):
            found.append(race.run(f"{name}, {US_FIRST}", seconds, min(rounds, most)))
    return tuple(found)


class Race:
    """The same network in three libraries, from the same initial values."""

    def __init__(self, settings: NetworkSettings, peak: float) -> None:
        self._corpus, self._settings, self._peak = load(US_FIRST), settings, peak
        self._trainers: dict[
            str, tuple[str, float, Trainer]
        ] = {}  # way → group, seconds to start, trainer
        prepared = self._namegen(128).prepared
        self._tree, self._network = prepared.parts.validation, prepared.network
        self._training = self._corpus.split(HELD_OUT, seed=0)[0].names
        self._engine = load_engine("numpy")(self._network, None, threads=1)
        self._start = self._network.initial_parameters(
            "glorot", rng=np.random.default_rng([0, 0, 2])
        )

    def _namegen(self, size: int) -> NamegenTrainer:
        return NamegenTrainer(
            self._corpus,
            Recipe(HELD_OUT, self._settings, TrainingSettings(quick=True, batch_size=size)),
        )

    def enter(self, size: int) -> None:
        """All of them at a batch size."""
        from benchmarks.trainers.jax_trainer import JaxTrainer
        from benchmarks.trainers.torch_trainer import TorchTrainer

        names, vocabulary, network = self._training, self._corpus.vocabulary, self._network
        self._enter("namegen", size, lambda: self._namegen(size))
        for form in ("packed", "padded"):
            make = partial(
                TorchTrainer, names, vocabulary, network, batch_size=size, padded=form == "padded"
            )
            self._enter(f"PyTorch {form}", size, make, group="PyTorch")
        self._enter(
            "JAX scan", size, partial(JaxTrainer, names, vocabulary, network, batch_size=size)
        )
        check_same([trainer for _, _, trainer in self._trainers.values()], self._start)

    def _enter(self, form: str, size: int, make: Callable[[], Trainer], group: str = "") -> None:
        def ready() -> Trainer:
            trainer = make()
            trainer.warm_up()
            return trainer

        seconds, trainer = timed(ready)
        self._trainers[f"{form}, batch {size}"] = (group or form, seconds, trainer)

    def run(self, title: str, seconds: float, rounds: int) -> Comparison:
        """The loss of each after so many seconds."""

        def turn(trainer: Trainer) -> Callable[[int], float]:
            def train(number: int) -> float:
                trainer.set_parameters(self._start)
                train_for(trainer, seconds, self._peak, first_epoch=1_000 * number)
                return self.loss(trainer.get_parameters())

            return train

        turns = {name: turn(trainer) for name, (_, _, trainer) in self._trainers.items()}
        values = alternate(turns, rounds, uncounted=0)
        ways = tuple(
            Way(name, values[name], group, start)
            for name, (group, start, _) in self._trainers.items()
        )
        key = f"{title.split(',')[0].lower().replace(' ', '-')}-{seconds:g}s"
        return Comparison(key, f"{title}, {seconds:g} s", "nats a character", ("namegen",), ways)

    def loss(self, parameters: dict[str, Array]) -> float:
        """On the held-out names."""
        self._engine.set_state(parameters)
        return AccuracyEvaluator(self._engine).evaluate(self._tree).loss_nats_per_char
