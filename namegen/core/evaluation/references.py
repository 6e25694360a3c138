"""What a network's figures on the held-out names stand beside: the ceiling above them, the n-gram baseline as the bar
to pass.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from namegen.core.data.list_parts import ListParts, sqrt_weighted_tree
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import BOUNDARY
from namegen.core.evaluation.evaluator import AccuracyEvaluator, Metrics, ceiling
from namegen.core.models.ngram import SMOOTHING_NAMES, NgramModel


def best_ngram(
    tree: PrefixTree, held_out: PrefixTree, vocabulary_size: int
) -> tuple[NgramModel, Metrics]:
    """Of several orders and both smoothings, the n-gram with the lowest loss on held-out names, and its figures."""
    every = NgramModel.each(tree, vocabulary_size)
    found = ((model, AccuracyEvaluator(model).evaluate(held_out)) for model in every)
    return min(found, key=lambda one: one[1].loss_nats_per_char)


@dataclass(frozen=True)
class Baseline:
    """The n-gram baseline: the n-gram that does best on the names to choose by.

    Attributes:
        order, smoothing: of the n-gram.
        damped: whether it read common names less often than they stand in the list.
        by_label: whether it counted the names of each label apart; of a list without labels it makes no difference.
        metrics: its figures on the names to choose by.
        test: those on the test part; None where there is none.
    """

    order: int
    smoothing: str
    damped: bool
    metrics: Metrics
    test: Metrics | None = None
    by_label: bool = True

    @property
    def summary(self) -> str:
        """In words: ``Kneser–Ney n-gram, order 5``."""
        without = "" if self.by_label else ", without labels"
        return f"{SMOOTHING_NAMES[self.smoothing]} n-gram, order {self.order}{without}"

    def to_dict(self) -> dict[str, object]:
        """How it counts, as plain values."""
        duplicates = "sqrt" if self.damped else "full"
        plain: dict[str, object] = {
            "order": self.order,
            "smoothing": self.smoothing,
            "duplicates": duplicates,
        }
        return plain if self.by_label else {**plain, "labels": "left out"}

    def fitted_on(self, training: PrefixTree, vocabulary_size: int) -> NgramModel:
        """The same n-gram of other names: those of a training part as they stand, repeats and labels included."""
        read = sqrt_weighted_tree(training) if self.damped else training
        tree = read if self.by_label else read.under_one_root()
        return NgramModel(tree, vocabulary_size, self.order, self.smoothing)


@dataclass(frozen=True, eq=False)
class HeldOutReferences:
    """The references of one split; each is computed when it is first asked for, as fitting n-grams takes a while.

    Attributes:
        tree: the names that are held out to choose by.
        parts: the list that they are a part of.
    """

    tree: PrefixTree
    parts: ListParts

    @cached_property
    def ceiling(self) -> Metrics:
        """The best that any model can do on the names to choose by."""
        return ceiling(self.tree)

    @cached_property
    def test_ceiling(self) -> Metrics | None:
        """The best that any model can do on the test part; None where there is none."""
        return None if self.parts.test is None else ceiling(self.parts.test)

    @cached_property
    def baseline(self) -> Baseline:
        """The n-gram baseline, fitted to the training set with full or square-root counts, whichever is better."""
        return min(
            self.same_reading,
            self._other_reading,
            key=lambda found: found.metrics.loss_nats_per_char,
        )

    @cached_property
    def same_reading(self) -> Baseline:
        """The n-gram baseline that reads just what the network reads."""
        return self._fitted_on(self.parts.batches.tree, damped=self.parts.damped)

    @cached_property
    def _other_reading(self) -> Baseline:
        """The n-gram baseline that reads repeats where the network does not, or the other way round."""
        training, read = self.parts.training, self.parts.batches.tree
        other = training if self.parts.damped else sqrt_weighted_tree(training)
        if np.array_equal(read.edge_count, other.edge_count):  # of the same names: nothing repeats
            return self.same_reading
        return self._fitted_on(other, damped=not self.parts.damped)

    def judging(self, *, test: bool) -> int:
        """How many different names judge: those of the test part, or those to choose by."""
        tree = self.parts.test if test else self.tree
        return 0 if tree is None else tree.distinct_name_count

    def _fitted_on(self, tree: PrefixTree, *, damped: bool) -> Baseline:
        """The better n-gram: with the label as the first token of its contexts, or without labels."""
        ways = (True, False) if tree.token[0] != BOUNDARY else (True,)
        found = (self._best(tree, damped=damped, by_label=way) for way in ways)
        return min(found, key=lambda one: one.metrics.loss_nats_per_char)

    def _best(self, tree: PrefixTree, *, damped: bool, by_label: bool) -> Baseline:
        def read(part: PrefixTree) -> PrefixTree:
            return part if by_label else part.under_one_root()

        model, metrics = best_ngram(read(tree), read(self.tree), self.parts.vocabulary.size)
        test = (
            None
            if self.parts.test is None
            else AccuracyEvaluator(model).evaluate(read(self.parts.test))
        )
        return Baseline(model.order, model.smoothing, damped, metrics, test, by_label)

    def to_dict(self) -> dict[str, object]:
        """As plain values, for JSON."""
        return {
            **self._plain(self.ceiling, self.baseline.metrics),
            "seen_percent": self.parts.seen_percent,
        }

    def test_to_dict(self) -> dict[str, object]:
        """Those of the test part as plain values; {} where there is none."""
        if self.test_ceiling is None or self.baseline.test is None:
            return {}
        return self._plain(self.test_ceiling, self.baseline.test)

    def _plain(self, ceiling: Metrics, baseline: Metrics) -> dict[str, object]:
        return {
            "ceiling": ceiling.to_dict(),
            "baseline": {**baseline.to_dict(), **self.baseline.to_dict()},
        }
