"""Compute the results in ``quality.json`` from the runs that ``benchmarks.quality`` has stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.quality_models import MODELS
from benchmarks.quality_page import NGRAM, Model, QualityList
from benchmarks.quality_run import Run
from namegen.types import Array, Bool, Float64, Int64

MOST_SEEDS = 99
RESAMPLES = 2_000

StoredRun = dict[str, Any]  # the arrays of a file, by name


@dataclass(frozen=True)
class TestSet:
    """The distinct names of a test set. Each array has shape ``(names,)``."""

    counts: Int64[Array, "names"]  # how often each name occurs
    lengths: Int64[Array, "names"]  # in characters, with the end token
    is_in_training: Bool[Array, "names"]

    @classmethod
    def from_run(cls, run: StoredRun) -> TestSet:
        """Read the test set that a stored run was evaluated on."""
        return cls(run["counts"], run["lengths"], is_in_training=run["learned"])

    @property
    def seen_share(self) -> float:
        """The share of the test names that are also in the training set, with duplicates counted."""
        return float(self.counts @ self.is_in_training / self.counts.sum())

    def mean_loss(self, losses: Float64[Array, "S names"], names: Bool[Array, "names"]) -> float:
        """Return the mean loss over some names and all seeds, in nats per character; 0 if there are no names."""
        if not names.any():
            return 0.0
        counts = self.counts[names]
        lengths = self.lengths[names]
        return float(np.mean([nats_per_char(loss[names], counts, lengths) for loss in losses]))


def summarize(list_name: str) -> QualityList | None:
    """Summarize all stored runs of a list, or return None if there are none."""
    runs_of_model = {model: _read_runs(list_name, model) for model in MODELS}
    measured = {model: runs for model, runs in runs_of_model.items() if runs}
    if not measured:
        return None
    first_run = next(iter(measured.values()))[0]
    test_set = TestSet.from_run(first_run)
    ngram = _summarize_ngram(first_run, test_set)
    networks = [_summarize_network(model, runs, ngram) for model, runs in measured.items()]
    return QualityList(
        list_name,
        test_names=len(test_set.counts),
        models=(ngram, *networks),
        seen_share=test_set.seen_share,
    )


def _read_runs(list_name: str, model: str) -> list[StoredRun]:
    """Read the stored runs of a model on a list, one per seed."""
    paths = [Run(list_name, model, seed).path for seed in range(MOST_SEEDS)]
    return [dict(np.load(path)) for path in paths if path.exists()]


def _summarize_ngram(run: StoredRun, test_set: TestSet) -> Model:
    """Compute the results of the n-gram baseline."""
    loss = -run["n-gram"]  # (names,)
    losses = loss[None]  # (1, names)
    return Model(
        NGRAM,
        nats=nats_per_char(loss, test_set.counts, test_set.lengths),
        seen_nats=test_set.mean_loss(losses, test_set.is_in_training),
        unseen_nats=test_set.mean_loss(losses, ~test_set.is_in_training),
    )


def _summarize_network(name: str, runs: Sequence[StoredRun], ngram: Model) -> Model:
    """Average the results of a network over its seeds, and compare them with the n-gram baseline."""
    test_set = TestSet.from_run(runs[0])
    counts = test_set.counts
    lengths = test_set.lengths
    losses = np.array([-run["network"] for run in runs])  # (S, names), nats per name
    ngram_loss = -runs[0]["n-gram"]  # (names,)
    nats_of_seed = [nats_per_char(loss, counts, lengths) for loss in losses]
    mean_nats = float(np.mean(nats_of_seed))
    low, high = confidence_interval(losses - ngram_loss, counts, lengths)
    return Model(
        name=name,
        parameters=int(runs[0]["parameters"]),
        seeds=len(runs),
        nats=mean_nats,
        spread=float(max(nats_of_seed) - min(nats_of_seed)),
        seconds=float(np.mean([run["seconds"] for run in runs])),
        seen_nats=test_set.mean_loss(losses, test_set.is_in_training),
        unseen_nats=test_set.mean_loss(losses, ~test_set.is_in_training),
        epochs=float(np.mean([run["epochs"] for run in runs])),
        against_ngram=mean_nats - ngram.nats,
        low=low,
        high=high,
    )


def nats_per_char(
    loss: Float64[Array, "names"], counts: Int64[Array, "names"], lengths: Int64[Array, "names"]
) -> float:
    """Convert the loss of each name to the mean loss per character.

    Args:
        loss: The loss of each distinct name, in nats.
        counts: How often each name occurs.
        lengths: The lengths of the names.
    """
    return float(counts @ loss / (counts @ lengths))


def confidence_interval(
    differences: Float64[Array, "S names"],
    counts: Int64[Array, "names"],
    lengths: Int64[Array, "names"],
) -> tuple[float, float]:
    """Return the 95% confidence interval of a mean difference per character, by bootstrap over names and seeds.

    Args:
        differences: The difference for each seed and distinct name, in nats.
        counts: How often each name occurs.
        lengths: The lengths of the names.
    """
    rng = np.random.default_rng(0)
    seed_count, name_count = differences.shape
    means = np.empty(RESAMPLES)
    for i in range(RESAMPLES):
        names = rng.integers(0, name_count, name_count)
        seeds = rng.integers(0, seed_count, seed_count)
        mean_of_seeds = differences[seeds].mean(axis=0)  # (names,)
        means[i] = nats_per_char(mean_of_seeds[names], counts[names], lengths[names])
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)
