"""Check that count splitting counts every draw once and follows the model's probabilities."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest

from namegen.core.generation.walk import ADD_AT_ONCE, FEW, running_sums, split_counts
from tests.core.generation.exact import (
    ReadingModel,
    SmallModel,
    all_names,
    check_frequencies,
    conditioned,
    letters_of,
    walk_of,
)

MODEL = SmallModel()


def plain_split_counts(
    counts: np.ndarray, chances: np.ndarray, rng: np.random.Generator
) -> list[tuple[int, int, int]]:
    """Split row by row, using the random numbers in the same order as ``split_counts``."""
    split: Counter[tuple[int, int]] = Counter()
    for wanted in (counts == 1, (counts > 1) & (counts <= FEW)):
        for row in np.flatnonzero(wanted).tolist():
            sums = np.cumsum(chances[row])
            for _ in range(counts[row]):
                number = rng.random() * sums[-1]
                split[
                    row,
                    next(
                        (token for token, total in enumerate(sums) if total > number), len(sums) - 1
                    ),
                ] += 1
    for row in np.flatnonzero(counts > FEW).tolist():
        for token, count in enumerate(
            rng.multinomial(counts[row], chances[row] / chances[row].sum()).tolist()
        ):
            split[row, token] += count
    return sorted((row, token, count) for (row, token), count in split.items() if count)


def test_split_counts_matches_a_plain_loop() -> None:
    """Equal random numbers give equal counts, for any number of rows and any memory layout."""
    rng = np.random.default_rng(5)
    for rows, size in (
        (1, 5),
        (7, 300),
        (ADD_AT_ONCE - 1, 9),
        (3 * ADD_AT_ONCE, 9),
        (ADD_AT_ONCE, 300),
    ):
        chances = rng.random((rows, size)) ** 4
        chances[rng.random(chances.shape) < 0.2] = 0
        chances[:, 0] += 0.01
        for choices in ((1,), (1, 1, 2, 5, FEW, FEW + 1, 400), (FEW + 1, 900)):
            counts = rng.choice(np.array(choices), rows)
            expected = plain_split_counts(counts, chances, np.random.default_rng(rows))
            for laid in (chances, np.asfortranarray(chances)):
                row, token, count = split_counts(
                    counts, laid, running_sums(laid), np.random.default_rng(rows)
                )
                given = sorted(zip(row.tolist(), token.tolist(), count.tolist(), strict=True))
                assert given == expected


def test_running_sums_equal_cumsum_bit_for_bit() -> None:
    rng = np.random.default_rng(0)
    for rows in (1, ADD_AT_ONCE - 1, ADD_AT_ONCE, 1_000):
        chances = rng.random((rows, 60)) ** 9
        for laid in (chances, np.asfortranarray(chances)):
            assert (np.cumsum(chances, axis=1) == running_sums(laid).T).all()
            assert (laid == chances).all()


@pytest.mark.parametrize("start", ["", "c", "ca", "cab", "caba"])
def test_opening_probability_covers_three_tokens_after_the_forced_start(start: str) -> None:
    """It's always computed at temperature 1. The end of a short name counts as a token."""
    walk = walk_of(MODEL, temperature=1.5, max_length=6, starts_with=start)
    draws = walk.draw(2_000, np.random.default_rng(0))
    for name, found in zip(draws.names, draws.opening_probability.tolist(), strict=True):
        letters = letters_of(MODEL, 0, name)
        assert found == pytest.approx(math.exp(sum(letters[len(start) : 3])), rel=1e-5)


def test_accepted_and_rejected_draws_add_up_to_n() -> None:
    exact = all_names(MODEL, 4)
    for n in (0, 1, 100, 50_000):
        walk = walk_of(MODEL, max_length=4)
        draws = walk.draw(n, np.random.default_rng(n))
        assert draws.counts.sum() + walk.rejected["max_length"] == n
        assert len(set(draws.names)) == len(draws)
        expected = [math.log(exact[name]) for name in draws.names]
        np.testing.assert_allclose(draws.log_probability, expected, rtol=1e-5)


@pytest.mark.parametrize(("numbers", "rows"), [(40, 10), (3, 1)])
def test_the_rows_of_a_block_are_limited(
    numbers: int, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With thousands of characters, the logits of a full block would take gigabytes."""
    monkeypatch.setattr("namegen.core.generation.walk.BLOCK_NUMBERS", numbers)
    model = ReadingModel()
    draws = walk_of(model, max_length=4).draw(2_000, np.random.default_rng(0))
    assert max(model.rows) == rows
    found = dict(zip(draws.names, draws.counts.tolist(), strict=True))
    check_frequencies(found, conditioned(all_names(MODEL, 4)))
