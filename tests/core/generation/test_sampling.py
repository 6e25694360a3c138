"""Check how tokens are drawn, and how the sampling settings change their probabilities."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from namegen.core.generation.request import GenerationRequest
from namegen.core.generation.sampling import draw, log_chances, log_weights
from tests.core.generation.exact import next_chances

some_logits = st.lists(st.floats(-8, 8, width=32), min_size=1, max_size=6)


@given(some_logits, st.floats(0, 0.999999), st.sampled_from((0.3, 1.0, 2.0)))
def test_draw_returns_the_first_id_whose_sum_is_larger(
    values: list[float], number: float, temperature: float
) -> None:
    logits = np.array([values], np.float32)
    weights = np.exp(log_weights(logits, temperature))[0]
    total, expected = 0.0, len(values) - 1
    for token, chance in enumerate(weights / weights.sum()):
        total += chance
        if total > number:
            expected = token
            break
    assert draw(np.array([number]), logits, temperature).tolist() == [expected]
    assert draw(np.array([number]), logits) == draw(np.array([number]), logits, 1.0)


def test_draw_returns_the_last_id_if_no_sum_is_larger() -> None:
    assert draw(np.array([1.0]), np.zeros((1, 3), np.float32)).tolist() == [2]


def test_temperature_0_breaks_ties_by_the_lowest_id() -> None:
    logits = np.array([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]], np.float32)
    assert draw(np.array([0.99, 0.99]), logits, 0.0).tolist() == [1, 0]
    assert np.exp(log_weights(logits, 0.0)).tolist() == [[0, 1, 0], [1, 0, 0]]


@given(
    some_logits,
    st.sampled_from((0.0, 0.5, 1.0, 3.0)),
    st.one_of(st.none(), st.integers(1, 8)),
    st.one_of(st.none(), st.floats(0.01, 1)),
)
def test_sampling_settings_match_a_plain_loop(
    values: list[float], temperature: float, top_k: int | None, top_p: float | None
) -> None:
    logits = np.array([values], np.float32)
    request = GenerationRequest(temperature=temperature, top_k=top_k, top_p=top_p)
    expected = next_chances(logits[0], temperature, top_k, top_p)
    if top_p is not None and temperature > 0:  # rounding decides if a sum is almost equal to top_p
        weights = sorted(next_chances(logits[0], temperature, top_k), reverse=True)
        if any(math.isclose(total, top_p, rel_tol=1e-9) for total in np.cumsum(weights)):
            return
    ranked = sorted(zip(logits[0].tolist(), next_chances(logits[0], temperature), strict=True))
    if any(
        x < y and a > 0 and math.isclose(a, b, rel_tol=1e-12) for (x, a), (y, b) in pairwise(ranked)
    ):
        return  # rounding decides which of two almost equal tokens is kept
    np.testing.assert_allclose(np.exp(log_chances(logits, request)[0]), expected, atol=1e-12)
    assert request.is_natural == bool(temperature == 1 and (top_k is None) and top_p in (None, 1))


def test_top_k_breaks_ties_by_the_lowest_ids() -> None:
    assert np.exp(log_weights(np.zeros((1, 4)), top_k=2)).tolist() == [[1, 1, 0, 0]]


@pytest.mark.parametrize("temperature", [1e-320, 1e-3, 1e3, 1e308])
def test_extreme_temperatures_give_valid_probabilities(temperature: float) -> None:
    logits = np.array([[0.0, 5.0, -np.inf]], np.float32)
    chances = np.exp(log_chances(logits, GenerationRequest(temperature=temperature)))
    assert chances.sum() == pytest.approx(1)
    assert chances[0, 2] == 0
    assert chances[0, 1] == pytest.approx(1 if temperature < 1 else 0.5, abs=0.01)


def test_log_chances_are_exact_even_for_tiny_probabilities() -> None:
    logits = np.array([[5.0, 4.0, -3.0, 0.0, 0.1]], np.float32)
    unlikely = log_chances(logits, GenerationRequest(temperature=0.001, top_k=2))
    np.testing.assert_allclose(unlikely[0], [0, -1000, -np.inf, -np.inf, -np.inf], atol=1e-3)
