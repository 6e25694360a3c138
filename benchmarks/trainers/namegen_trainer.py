"""One of namegen's engines, as a training puts it together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from benchmarks.trainers import SPEED_RATE, Rate
from namegen.backends import load_engine
from namegen.core.data.batching import Batch
from namegen.core.data.corpus import Corpus
from namegen.core.engine import Step
from namegen.core.evaluation.evaluator import AccuracyEvaluator
from namegen.core.network.architecture import parameters_of
from namegen.core.settings import Recipe
from namegen.core.training.preparation import prepare
from namegen.types import Array


class NamegenTrainer:
    """Trains by namegen.

    Args:
        recipe: list, network, batch size, what is dropped.
        backend: which engine.
        soft: give every node a random distribution as its target: what label smoothing costs.
    """

    def __init__(
        self,
        corpus: Corpus,
        recipe: Recipe,
        *,
        backend: str = "numpy",
        threads: int = 1,
        soft: bool = False,
    ) -> None:
        self.prepared = prepare(corpus, recipe, load_engine(backend), threads=threads)
        self.engine, self.batches = self.prepared.engine, self.prepared.parts.batches
        self.batch_size = self.prepared.recipe.training.batch_size
        self.seed = recipe.training.seed
        self.characters = self.batches.tree.characters
        self._chances = np.empty((0, self.prepared.network.vocabulary_size), np.float32)
        self._soft = soft

    def warm_up(self) -> None:
        """One step that leaves no trace."""
        self.engine.warm_up(next(self._steps(0, lambda: SPEED_RATE)))

    def epoch(self, number: int, rate: Rate) -> None:
        """Through the engine's own loop."""
        self.engine.train_epoch(self._steps(number, rate))

    def loss_of_all(self) -> float:
        """Of all names at once."""
        return AccuracyEvaluator(self.engine).evaluate(self.batches.tree).loss_nats_per_char

    def get_parameters(self) -> dict[str, Array]:
        """The engine's."""
        return parameters_of(self.engine.get_state())

    def set_parameters(self, parameters: Mapping[str, Array]) -> None:
        """Without an optimizer's state, so that it starts anew."""
        self.engine.set_state(parameters)

    def _steps(self, number: int, rate: Rate) -> Iterator[Step]:
        dropping = self.prepared.dropping
        batches = self.batches.epoch(number, batch_size=self.batch_size, seed=self.seed)
        for step, batch in enumerate(batches):
            now = rate()
            if now is None:
                return
            yield Step(
                self._with_targets(batch) if self._soft else batch,
                now,
                dropping.masks(number, step),
            )

    def _with_targets(self, batch: Batch) -> Batch:
        nodes = batch.tree.nodes
        if nodes > len(self._chances):
            chances = np.random.default_rng(0).random((nodes, self._chances.shape[1]), np.float32)
            self._chances = chances / chances.sum(axis=1, keepdims=True)
        return Batch(batch.tree, self._chances[:nodes])
