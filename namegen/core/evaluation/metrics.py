"""Metrics: the figures of a model on a list; and the ceiling, the best that any model can do on that very list."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from namegen.core.data.prefix_tree import PrefixTree


@dataclass(frozen=True)
class Metrics:
    """The four figures of a model on a list. "char" counts the characters and the boundary at the end of each name."""

    loss_nats_per_char: float
    accuracy_argmax: float  # how often the likeliest next character is the true one
    accuracy_sampled: float  # how often a character drawn from the model would be: the mean of p(true)

    @property
    def bits_per_char(self) -> float:
        """The loss in bits."""
        return self.loss_nats_per_char / math.log(2)

    def to_dict(self) -> dict[str, float | None]:
        """The object that every JSON output calls M. A loss that is infinite becomes null."""
        finite = math.isfinite(self.loss_nats_per_char)
        return {
            "loss_nats_per_char": self.loss_nats_per_char if finite else None,
            "bits_per_char": self.bits_per_char if finite else None,
            "accuracy_argmax": self.accuracy_argmax,
            "accuracy_sampled": self.accuracy_sampled,
        }


def ceiling(tree: PrefixTree) -> Metrics:
    """The list itself as a model: each prefix predicts what follows it in this very list.

    For loss and argmax no model does better on this list; ``accuracy_sampled`` is what a perfectly calibrated model
    reaches. One pass over the edges.

    >>> from namegen.core.data.vocabulary import Vocabulary
    >>> names = ["Al", "Ali", "Al"]
    >>> figures = ceiling(PrefixTree.from_names(names, Vocabulary.from_names(names)))
    >>> round(figures.accuracy_argmax, 3)      # 9 of 10: only the i of Ali is not the commonest
    0.9
    """
    count, share = tree.edge_count, tree.edge_count / tree.count[tree.edge_node]
    first = np.flatnonzero(np.diff(tree.edge_node, prepend=-1))  # edges of one node are neighbours
    characters = tree.characters
    return Metrics(
        loss_nats_per_char=float(-(count @ np.log(share)) / characters) + 0.0,  # no -0.0
        accuracy_argmax=float(np.maximum.reduceat(count, first).sum() / characters),
        accuracy_sampled=float(count @ share / characters),
    )
