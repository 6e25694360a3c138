"""Check that count splitting counts every draw once and follows the model's probabilities."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from namegen.core.generation.constraints.texts import StartsWith
from namegen.core.generation.sampling import SamplingSettings
from namegen.core.generation.walk import ADD_AT_ONCE, FEW, running_sums, split_counts
from tests.core.generation.exact import (
    ReadingModel,
    SmallModel,
    all_names,
    check_frequencies,
    conditioned,
    draw,
    letters_of,
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


def test_each_name_is_decoded() -> None:
    draws = draw(
        MODEL, 3_000, rng=np.random.default_rng(0), sampling=SamplingSettings(max_length=5)
    )
    assert len(draws.names(MODEL.vocabulary)) == len(draws.counts) > 100
    nothing = draw(MODEL, 0, rng=np.random.default_rng(0), sampling=SamplingSettings(max_length=5))
    assert nothing.names(MODEL.vocabulary) == []


@pytest.mark.parametrize("start", ["", "c", "ca", "cab", "caba"])
def test_opening_probability_covers_three_tokens_after_the_forced_start(
    start: str,
) -> None:
    """It's always computed at temperature 1. The end of a short name counts as a token."""
    sampling = SamplingSettings(1.5, max_length=6)
    draws = draw(
        MODEL,
        2_000,
        rng=np.random.default_rng(0),
        sampling=sampling,
        constraints=[StartsWith(start)],
    )
    for name, found in zip(
        draws.names(MODEL.vocabulary), draws.opening_probability.tolist(), strict=True
    ):
        letters = letters_of(MODEL, 0, name)
        assert found == pytest.approx(math.exp(sum(letters[len(start) : 3])), rel=1e-5)


def test_accepted_and_rejected_draws_add_up_to_n() -> None:
    for n in (1, 100, 50_000):
        draws = draw(
            MODEL, n, rng=np.random.default_rng(n), sampling=SamplingSettings(max_length=4)
        )
        assert draws.counts.sum() + draws.rejected["max_length"] == n
        assert len(set(draws.names(MODEL.vocabulary))) == len(draws.counts)


@pytest.mark.parametrize(("numbers", "rows"), [(40, 10), (3, 1)])
def test_the_rows_of_a_block_are_limited(
    numbers: int, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With thousands of characters, the logits of a full block would take gigabytes."""
    monkeypatch.setattr("namegen.core.generation.walk.BLOCK_NUMBERS", numbers)
    model = ReadingModel()
    draws = draw(
        model, 2_000, rng=np.random.default_rng(0), sampling=SamplingSettings(max_length=4)
    )
    assert max(model.rows) == rows
    with pytest.raises(FrozenInstanceError):
        draws.counts = draws.counts[:0]  # type: ignore[misc]
    exact = all_names(MODEL, 4)
    found = dict(zip(draws.names(MODEL.vocabulary), draws.counts.tolist(), strict=True))
    check_frequencies(found, conditioned(exact))
