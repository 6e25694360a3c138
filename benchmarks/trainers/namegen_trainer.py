"""Train with one of namegen's backends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from benchmarks.trainers import SPEED_RATE, Rate, Trainer
from namegen.backends import load_engine
from namegen.core.data.corpus import Corpus
from namegen.core.engine import Step
from namegen.core.evaluation.evaluator import AccuracyEvaluator
from namegen.core.network.architecture import parameters_of
from namegen.core.settings import Recipe
from namegen.core.training.preparation import prepare
from namegen.types import Array


class NamegenTrainer(Trainer):
    """Train with one of namegen's backends, the way ``namegen train`` does.

    Args:
        corpus: The list of names.
        recipe: The settings: the network, the batch size, dropout.
        backend: The backend's name.
    """

    def __init__(self, corpus: Corpus, recipe: Recipe, *, backend: str = "numpy") -> None:
        super().__init__(corpus, recipe)
        self.prepared = prepare(corpus, recipe, load_engine(backend), threads=1)
        self.engine = self.prepared.engine
        self.batches = self.prepared.parts.batches
        self.seed = recipe.training.seed
        self.characters = self.batches.tree.characters

    def warm_up(self) -> None:
        """Do one training step without changing the parameters."""
        self.engine.warm_up(next(self._steps(0, lambda: SPEED_RATE)))

    def epoch(self, number: int, rate: Rate) -> None:
        """Train for an epoch."""
        self.engine.train_epoch(self._steps(number, rate))

    def loss_of_all(self) -> float:
        """Compute the loss of all names, in nats per character."""
        return AccuracyEvaluator(self.engine).evaluate(self.batches.tree).loss_nats_per_char

    def get_parameters(self) -> dict[str, Array]:
        """Return the parameters by name."""
        return parameters_of(self.engine.get_state())

    def set_parameters(self, parameters: Mapping[str, Array]) -> None:
        """Set the parameters, and reset the optimizer."""
        self.engine.set_state(parameters)

    def _steps(self, number: int, rate: Rate) -> Iterator[Step]:
        """Yield the training steps of an epoch, until ``rate`` returns None."""
        dropping = self.prepared.dropping
        batches = self.batches.epoch(number, batch_size=self.batch_size, seed=self.seed)
        for step, batch in enumerate(batches):
            learning_rate = rate()
            if learning_rate is None:
                return
            yield Step(batch, learning_rate, dropping.masks(number, step))
