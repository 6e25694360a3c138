"""Compute the losses of the shared model and the single models for ``benchmarks.labels``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.labels_models import ALL_LABELS, LabelledName, ensure_model
from namegen import api
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.evaluation.evaluator import AccuracyEvaluator
from namegen.types import Array, Bool, Float64, Int64

RESAMPLES = 2_000


@dataclass(frozen=True)
class Losses:
    """The losses of the test names with both types of models."""

    test_names: Sequence[LabelledName]
    shared: Float64[Array, "seeds names"]  # nats per name
    single: Float64[Array, "seeds names"]

    @property
    def lengths(self) -> Int64[Array, "names"]:
        """The number of characters of each name, with the end token."""
        return np.array([len(test_name.name) + 1 for test_name in self.test_names])

    def has_label(self, label: str) -> Bool[Array, "names"]:
        """Return which test names have a label."""
        return np.array([test_name.label == label for test_name in self.test_names])

    def mean_of_label(self, losses: Float64[Array, "seeds names"], label: str) -> float:
        """Return the mean of one of the losses over the names with a label, in nats per character."""
        names = self.has_label(label)
        mean_of_seeds = losses[:, names].mean(axis=0)
        return float(mean_of_seeds.sum() / self.lengths[names].sum())

    def mean_per_char(self, losses: Float64[Array, "seeds names"]) -> float:
        """Return the mean of one of the losses over all names and seeds, in nats per character."""
        loss_of_seed = losses.sum(axis=1) / self.lengths.sum()
        return float(loss_of_seed.mean())


def measure_losses(
    list_name: str, test_names: Sequence[LabelledName], labels: Sequence[str], seeds: int
) -> Losses:
    """Compute the losses of all test names, and train the models that aren't stored yet."""
    shape = seeds, len(test_names)
    losses = Losses(test_names, shared=np.zeros(shape), single=np.zeros(shape))
    for seed in range(seeds):
        shared_model = ensure_model(list_name, ALL_LABELS, seed)
        for label in labels:
            single_model = ensure_model(list_name, label, seed)
            rows = np.flatnonzero(losses.has_label(label)).tolist()
            names = [test_names[row].name for row in rows]
            losses.shared[seed, rows] = name_losses(shared_model, names, label)
            losses.single[seed, rows] = name_losses(single_model, names, label)
    return losses


def name_losses(model: api.LoadedModel, names: Sequence[str], label: str) -> list[float]:
    """Return the loss of each name with a label, in nats. The names are distinct."""
    start_token = _find_start_token(model, label)
    tree = PrefixTree.from_names(names, model.vocabulary, [start_token] * len(names))
    tree_names = model.vocabulary.decode_all(tree.sequences().tokens)
    log_probabilities = AccuracyEvaluator(model.model).name_log_probabilities(tree)
    loss_of_name = dict(zip(tree_names, (-log_probabilities).tolist(), strict=True))
    return [loss_of_name[name] for name in names]


def _find_start_token(model: api.LoadedModel, label: str) -> int:
    """Return the start token of a label. A single model has only one start token."""
    index = model.labels.index(label) if model.labels else 0
    return model.start_tokens.tokens[index]


def confidence_interval(losses: Losses) -> tuple[float, float]:
    """Return the 95% confidence interval of ``shared - single``, in nats per character.

    It's a bootstrap over seeds and names. The losses of a name with several labels stay together.
    """
    differences, lengths = _sum_over_labels(losses)
    seed_count, name_count = differences.shape
    rng = np.random.default_rng(0)
    means = []
    for _ in range(RESAMPLES):
        names = rng.integers(name_count, size=name_count)
        seeds = rng.integers(seed_count, size=seed_count)
        mean_of_seeds = differences[seeds].mean(axis=0)  # (distinct names,)
        means.append(mean_of_seeds[names].sum() / lengths[names].sum())
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)


def _sum_over_labels(losses: Losses) -> tuple[Float64[Array, "seeds D"], Float64[Array, "D"]]:
    """Return ``shared - single`` and the number of characters for each distinct name, as sums over its labels."""
    names = [test_name.name for test_name in losses.test_names]
    _, index = np.unique(names, return_inverse=True)  # (names,), the index of the distinct name
    differences = losses.shared - losses.single  # (seeds, names)
    summed_differences = np.stack([np.bincount(index, row) for row in differences])
    return summed_differences, np.bincount(index, losses.lengths)
