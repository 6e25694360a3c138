"""What a network's figures on the held-out names stand beside: the ceiling above them, counting as the bar to pass."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from namegen.core.data.parts import ListParts
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.evaluation.counting import NgramModel
from namegen.core.evaluation.metrics import Metrics, ceiling


@dataclass(frozen=True)
class Baseline:
    """The best n-gram: its order, and its figures on the held-out names."""

    order: int
    metrics: Metrics


@dataclass(frozen=True, eq=False)
class HeldOutReferences:
    """The references of one split; each is computed when it is first asked for, as fitting n-grams takes a while.

    Attributes:
        tree: the held-out names.
        parts: the list that they are a part of.
        vocabulary_size: ``V``.
    """

    tree: PrefixTree
    parts: ListParts
    vocabulary_size: int

    @cached_property
    def ceiling(self) -> Metrics:
        """The best that any model can do on the held-out names."""
        return ceiling(self.tree)

    @cached_property
    def baseline(self) -> Baseline:
        """The n-gram that is fitted on the training part as it stands."""
        return self._fitted_on(self.parts.training)

    @cached_property
    def baseline_damped(self) -> Baseline | None:
        """The n-gram that reads what the network reads; None where that is the training part as it stands."""
        if not self.parts.damped:
            return None
        read, training = self.parts.batches.tree, self.parts.training
        if np.array_equal(read.edge_count, training.edge_count):  # of the same names: nothing repeats
            return self.baseline
        return self._fitted_on(read)

    @property
    def same_reading(self) -> Baseline:
        """The n-gram that reads just what the network reads."""
        return self.baseline_damped or self.baseline

    def _fitted_on(self, tree: PrefixTree) -> Baseline:
        model, metrics = NgramModel.best(tree, self.tree, self.vocabulary_size)
        return Baseline(model.order, metrics)

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        damped = self.baseline_damped
        return {
            "ceiling": self.ceiling.to_dict(),
            "baseline": {
                **self.baseline.metrics.to_dict(),
                "order": self.baseline.order,
                "damped": None if damped is None else damped.metrics.to_dict(),
            },
            "seen_percent": self.parts.seen_percent,
        }
