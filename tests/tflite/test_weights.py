"""What is computed of the weights of a file before any of it is run."""

from __future__ import annotations

import numpy as np
import pytest

from namegen.backends.tflite import weights as module
from namegen.backends.tflite.graph import Weight
from namegen.backends.tflite.weights import LARGEST_SUM, TABLE, stays_finite
from tests.harm.attack import attack

RNG = np.random.default_rng(5)


@pytest.mark.parametrize("at_once", [1, 7, 10**6])
@pytest.mark.parametrize("name", [TABLE, "rnn.0.recurrent_kernel"])
@pytest.mark.parametrize("quantized", [False, True])
def test_the_largest_sum_is_that_of_all_rows(
    monkeypatch: pytest.MonkeyPatch, at_once: int, name: str, quantized: bool
) -> None:
    """Beside the plain sums: just below what is allowed, and just above it, whatever the number of rows at a time."""
    monkeypatch.setattr(module, "NUMBERS_AT_ONCE", at_once)
    values = RNG.integers(-127, 128, (9, 5)).astype(np.int8 if quantized else np.float32)
    scales = RNG.uniform(0.5, 2, 1 if name == TABLE else 9).astype(np.float32)
    plain = np.abs(values.astype(np.float64)) * (scales[:, None] if quantized else 1)
    largest = plain.max() if name == TABLE else plain.sum(axis=1).max()
    for factor, fits in ((0.999, True), (1.001, False)):
        by = np.float32(factor * LARGEST_SUM / largest)
        weight = Weight(values, scales * by) if quantized else Weight(values * by)
        assert stays_finite({name: weight}) == fits


def test_of_eight_bits_no_large_copy_is_made() -> None:
    """One byte a number, of which a copy in double precision would take eight."""
    weight = Weight(np.ones((4_000, 10_000), np.int8), np.full(4_000, 0.01, np.float32))

    def call(_: object) -> None:
        assert stays_finite({"rnn.0.recurrent_kernel": weight})

    assert attack(call, [0], memory=100 * 2**20).returned
