"""References for a network's metrics on held-out names: the ceiling, which is the best possible result, and the n-gram
baseline, which a network should beat.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from namegen.core.data.list_parts import ListParts, sqrt_weighted_tree
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import END_TOKEN
from namegen.core.evaluation.evaluator import AccuracyEvaluator, Metrics, ceiling
from namegen.core.models.ngram import SMOOTHING_NAMES, NgramModel


def best_ngram(
    training: PrefixTree, validation: PrefixTree, vocabulary_size: int
) -> tuple[NgramModel, Metrics]:
    """Return the n-gram with the lowest validation loss, of several orders and both smoothings, and its metrics.

    >>> from namegen.core.data.vocabulary import Vocabulary
    >>> vocabulary = Vocabulary.from_names(["Ann", "Anna", "Nan"])
    >>> training = PrefixTree.from_names(["Ann", "Anna"], vocabulary)
    >>> validation = PrefixTree.from_names(["Nan"], vocabulary)
    >>> model, metrics = best_ngram(training, validation, vocabulary.size)
    >>> metrics == AccuracyEvaluator(model).evaluate(validation)
    True
    """
    candidates = (
        (model, AccuracyEvaluator(model).evaluate(validation))
        for model in NgramModel.each(training, vocabulary_size)
    )
    return min(candidates, key=lambda candidate: candidate[1].loss_nats_per_char)


@dataclass(frozen=True)
class Baseline:
    """The n-gram baseline: the n-gram with the lowest loss on the validation set."""

    order: int
    smoothing: str
    uses_sqrt_duplicates: bool  # whether it uses square-root weighting of duplicates
    metrics: Metrics  # on the validation set
    test: Metrics | None = None  # on the test set, if there is one
    by_label: bool = True  # False: it ignores the labels of the list

    @property
    def summary(self) -> str:
        """A short description, such as ``Kneser–Ney n-gram, order 5``."""
        suffix = "" if self.by_label else ", without labels"
        return f"{SMOOTHING_NAMES[self.smoothing]} n-gram, order {self.order}{suffix}"

    def to_dict(self) -> dict[str, object]:
        """Return the settings of the n-gram as JSON values."""
        plain: dict[str, object] = {
            "order": self.order,
            "smoothing": self.smoothing,
            "duplicates": "sqrt" if self.uses_sqrt_duplicates else "full",
        }
        if not self.by_label:
            plain["labels"] = "left out"
        return plain

    def fitted_on(self, training: PrefixTree, vocabulary_size: int) -> NgramModel:
        """Fit an n-gram with the same settings to another training set, which contains all duplicates and labels."""
        tree = sqrt_weighted_tree(training) if self.uses_sqrt_duplicates else training
        if not self.by_label:
            tree = tree.under_one_root()
        return NgramModel(tree, vocabulary_size, self.order, self.smoothing)


@dataclass(frozen=True, eq=False)
class HeldOutReferences:
    """The references of one split. They're computed on first access, because fitting n-grams takes a while."""

    validation: PrefixTree  # the validation set
    parts: ListParts  # the split list

    @cached_property
    def ceiling(self) -> Metrics:
        """The best possible metrics on the validation set."""
        return ceiling(self.validation)

    @cached_property
    def test_ceiling(self) -> Metrics | None:
        """The best possible metrics on the test set; None if there isn't one."""
        return None if self.parts.test is None else ceiling(self.parts.test)

    @cached_property
    def baseline(self) -> Baseline:
        """The n-gram baseline, fitted with full or square-root counts, whichever is better."""
        uses_sqrt = self.parts.uses_sqrt_duplicates
        training = self.parts.training
        other_tree = training if uses_sqrt else sqrt_weighted_tree(training)
        if np.array_equal(self.parts.batches.tree.edge_count, other_tree.edge_count):
            return self.with_same_weighting  # no name occurs twice
        other = self._fit_to(other_tree, uses_sqrt_duplicates=not uses_sqrt)
        candidates = (self.with_same_weighting, other)
        return min(candidates, key=lambda baseline: baseline.metrics.loss_nats_per_char)

    @cached_property
    def with_same_weighting(self) -> Baseline:
        """The n-gram baseline, fitted to exactly the names that the network is trained on."""
        return self._fit_to(
            self.parts.batches.tree, uses_sqrt_duplicates=self.parts.uses_sqrt_duplicates
        )

    def judging(self, *, test: bool) -> int:
        """Return how many distinct names the test set or the validation set contains."""
        tree = self.parts.test if test else self.validation
        return 0 if tree is None else tree.distinct_name_count

    def _fit_to(self, tree: PrefixTree, *, uses_sqrt_duplicates: bool) -> Baseline:
        """Return the best n-gram of a training set. If the names have labels, it may use them or not."""
        has_labels = tree.token[0] != END_TOKEN
        candidates = []
        for by_label in (True, False) if has_labels else (True,):
            training, validation, test = tree, self.validation, self.parts.test
            if not by_label:
                training = training.under_one_root()
                validation = validation.under_one_root()
                test = test and test.under_one_root()
            model, metrics = best_ngram(training, validation, self.parts.vocabulary.size)
            baseline = Baseline(
                order=model.order,
                smoothing=model.smoothing,
                uses_sqrt_duplicates=uses_sqrt_duplicates,
                metrics=metrics,
                test=AccuracyEvaluator(model).evaluate(test) if test else None,
                by_label=by_label,
            )
            candidates.append(baseline)
        return min(candidates, key=lambda baseline: baseline.metrics.loss_nats_per_char)

    def to_dict(self) -> dict[str, object]:
        """Return the references on the validation set as JSON values."""
        plain = self._to_plain(self.ceiling, self.baseline.metrics)
        return {**plain, "seen_percent": self.parts.seen_percent}

    def test_to_dict(self) -> dict[str, object]:
        """Return the references on the test set as JSON values; {} if there isn't one."""
        if self.test_ceiling is None or self.baseline.test is None:
            return {}
        return self._to_plain(self.test_ceiling, self.baseline.test)

    def _to_plain(self, ceiling: Metrics, baseline: Metrics) -> dict[str, object]:
        """Return a ceiling and the n-gram baseline's metrics as JSON values."""
        return {
            "ceiling": ceiling.to_dict(),
            "baseline": {**baseline.to_dict(), **self.baseline.to_dict()},
        }
