"""Check the calculations of the quality benchmark and its page."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.quality import confidence_interval, nats_per_char


def test_nats_per_char_are_weighted_by_count_and_length() -> None:
    loss, counts, lengths = np.array([6.0, 4.0]), np.array([2, 1]), np.array([3, 4])
    assert nats_per_char(loss, counts, lengths) == (6 + 6 + 4) / (3 + 3 + 4)


def test_the_confidence_interval_grows_with_the_variance() -> None:
    rng = np.random.default_rng(1)
    counts, lengths = np.ones(400, np.int64), rng.integers(3, 9, 400)
    constant = np.outer(np.ones(3), 0.1 * lengths)  # 0.1 nats per character for every name and seed
    assert confidence_interval(constant, counts, lengths) == pytest.approx((0.1, 0.1))
    names_differ = constant + rng.normal(0, 1, 400)
    low, high = confidence_interval(names_differ, counts, lengths)
    assert low < nats_per_char(names_differ.mean(axis=0), counts, lengths) < high
    # The width is about four standard errors of the mean of 400 names. Random numbers and lengths also affect it.
    assert high - low == pytest.approx(4 / np.sqrt(400) / lengths.mean(), rel=0.25)
    seeds_differ = constant + rng.normal(0, 1, (3, 1)) * lengths
    low, high = confidence_interval(seeds_differ, counts, lengths)
    assert high - low > 0.5
