"""The confidence intervals have the right width."""

from __future__ import annotations

import numpy as np
import pytest

from namegen.experiments.pairs import Interval, difference, mean_ratio
from namegen.experiments.rows import Groups


def groups_of(nats: np.ndarray) -> Groups:
    count = len(nats)
    return Groups((20,) * count, tuple(nats.tolist()), (3,) * count, (2.5,) * count)


@pytest.mark.parametrize(("seeds", "other_seeds"), [(1, 1), (3, 1), (2, 3)])
def test_the_interval_contains_the_true_difference_in_95_percent_of_experiments(
    seeds: int, other_seeds: int
) -> None:
    """Names are hard for both models, the true difference is 0.05 nats per character, and seeds have a spread."""
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(400):
        hardness = rng.normal(30, 4, 64)  # of each group
        models = []
        for count, per_character in ((seeds, 0.05), (other_seeds, 0.0)):
            spread = 0.5 if count > 1 else 0.0
            offsets = rng.normal(0, spread, count)
            models.append(
                [
                    groups_of(hardness + rng.normal(0, 2, 64) + 20 * per_character + offset)
                    for offset in offsets
                ]
            )
        interval = difference(*models, "loss_nats_per_char")
        assert interval is not None
        hits += interval.low <= 0.05 <= interval.high
    assert 0.92 <= hits / 400 <= 0.995


def test_models_on_different_or_few_names_are_not_compared() -> None:
    nats = np.arange(30.0)
    one = groups_of(nats)
    other = Groups((21,) * 30, one.nats, one.hits, one.sampled)
    assert difference([one], [other], "accuracy_argmax") is None
    assert difference([one], [None], "accuracy_argmax") is None
    assert difference([], [one], "accuracy_argmax") is None
    assert difference([groups_of(nats[:5])], [groups_of(nats[:5])], "accuracy_argmax") is None


def test_the_interval_of_a_ratio_is_geometric() -> None:
    ratio = mean_ratio([2.0, 4.0, 8.0])
    assert ratio.mean == pytest.approx(4)
    assert ratio.high / ratio.mean == pytest.approx(ratio.mean / ratio.low)
    assert not ratio.excludes(4.1)
    assert Interval(1.5, 1.2, 1.8).excludes(1)
    assert not mean_ratio([9.0]).excludes(1)
