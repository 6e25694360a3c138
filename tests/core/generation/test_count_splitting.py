"""Count-splitting: every draw is counted once, with the model's probabilities."""

from __future__ import annotations

from collections import Counter

import numpy as np

from namegen.core.generation.count_splitting import FEW, split_counts
from namegen.core.generation.sampling import SamplingSettings
from tests.core.generation.exact import SmallModel, all_names, check_frequencies, conditioned, draw

MODEL = SmallModel()


def test_names_of_single_draws_are_as_likely_as_those_of_many() -> None:
    """A request for one name draws by another branch than a request for thousands."""
    rng = np.random.default_rng(3)
    counts: Counter[str] = Counter()
    for _ in range(1_500):
        draws = draw(MODEL, 1, rng=rng, sampling=SamplingSettings(max_length=3))
        counts.update(MODEL.vocabulary.decode_all(draws.tokens))
    check_frequencies(counts, conditioned(all_names(MODEL, 3)))


def test_draws_and_rejections_add_up() -> None:
    for n in (1, 100, 50_000):
        draws = draw(MODEL, n, rng=np.random.default_rng(n), sampling=SamplingSettings(max_length=4))
        assert draws.counts.sum() + draws.rejected["max_length"] == n
        assert len(set(MODEL.vocabulary.decode_all(draws.tokens))) == len(draws.counts)


def test_counts_of_a_row_sum_to_its_own_and_have_the_right_expectation() -> None:
    """Both branches: few draws one by one, many by a multinomial; a chance of 0 is never drawn."""
    rng = np.random.default_rng(0)
    chances = np.array([[0.2, 0.5, 0.3, 0], [0, 0, 1, 0], [0.25, 0.25, 0.25, 0.25]])
    for size in (1, 2, FEW, FEW + 1, 1000):
        counts = np.array([size, 1, size])
        total = np.zeros((3, 4))
        rounds = 1_500
        for _ in range(rounds):
            row, token, count = split_counts(counts, chances, rng)
            split = np.zeros((3, 4), np.int64)
            np.add.at(split, (row, token), count)
            assert (count > 0).all()
            assert split.sum(axis=1).tolist() == counts.tolist()
            total += split
        expected = rounds * counts[:, None] * chances
        deviation = np.sqrt(np.maximum(expected * (1 - chances), 1e-12))
        assert (np.abs(total - expected) <= 5 * deviation).all()
