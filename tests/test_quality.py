"""Check the confidence interval of the quality benchmark."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.bootstrap import confidence_interval


def test_the_confidence_interval_grows_with_the_variance() -> None:
    rng = np.random.default_rng(1)
    lengths = rng.integers(3, 9, 400)
    constant = np.outer(np.ones(3), 0.1 * lengths)  # 0.1 nats per character for every name and seed
    assert confidence_interval(constant, lengths) == pytest.approx((0.1, 0.1))
    names_differ = constant + rng.normal(0, 1, 400)
    low, high = confidence_interval(names_differ, lengths)
    assert low < names_differ[0].sum() / lengths.sum() < high
    # The width is about four standard errors of the mean of 400 names. Random numbers and lengths also affect it.
    assert high - low == pytest.approx(4 / np.sqrt(400) / lengths.mean(), rel=0.25)
    seeds_differ = constant + rng.normal(0, 1, (3, 1)) * lengths
    low, high = confidence_interval(seeds_differ, lengths)
    assert high - low > 0.5
