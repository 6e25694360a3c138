"""The confidence intervals of speed ratios have the right width."""

from __future__ import annotations

import numpy as np
import pytest

from namegen.experiments.ratios import mean_ratio


@pytest.mark.parametrize("rounds", [2, 5, 30])
def test_the_interval_contains_the_true_ratio_in_95_percent_of_experiments(rounds: int) -> None:
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(2_000):
        ratio = mean_ratio((1.5 * np.exp(rng.normal(0, 0.1, rounds))).tolist())
        hits += ratio.low <= 1.5 <= ratio.high
    assert hits / 2_000 == pytest.approx(0.95, abs=0.015)


def test_the_interval_of_a_ratio_is_geometric() -> None:
    ratio = mean_ratio([2.0, 4.0, 8.0])
    assert ratio.mean == pytest.approx(4)
    assert ratio.high / ratio.mean == pytest.approx(ratio.mean / ratio.low)
    assert ratio.low < 1 < ratio.high
