"""Rice codes: rising numbers come back, and no other bytes do harm."""

from __future__ import annotations

from itertools import accumulate

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from namegen.core.data.rice_code import (
    COUNT_BYTES,
    HEAD_BYTES,
    MAX_LOW_BITS,
    read_rising,
    write_rising,
)

gaps = st.one_of(st.integers(0, 9), st.integers(0, 2**20), st.integers(0, 2**42))
rising = st.lists(gaps, max_size=60).map(lambda some: list(accumulate(some)))


@given(rising, st.binary(max_size=9), st.binary(max_size=9))
@example([], b"", b"")
@example([0], b"", b"")
@example([7] * 50, b"", b"")
def test_rising_numbers_come_back(numbers: list[int], before: bytes, after: bytes) -> None:
    """Also from the middle of a file."""
    data = write_rising(np.array(numbers, np.int64))
    found, end = read_rising(before + data + after, len(before))
    assert found.tolist() == numbers
    assert end == len(before) + len(data)


@pytest.mark.parametrize("bits", [4, 8, 16])
def test_a_number_takes_few_more_bits_than_its_gap(bits: int) -> None:
    """For gaps of 2ᵏ on average, k + 1.5 bits."""
    count = 10_000
    numbers = np.sort(np.random.default_rng(0).integers(count << bits, size=count))
    assert len(write_rising(numbers)) * 8 < (bits + 1.6) * count + 8 * HEAD_BYTES


@given(rising)
def test_bytes_that_are_cut_short_are_refused(numbers: list[int]) -> None:
    data = write_rising(np.array(numbers, np.int64))
    for cut in range(len(data)):
        with pytest.raises(ValueError, match="cut short"):
            read_rising(data[:cut], 0)


@given(st.binary(max_size=200), st.integers(0, 9))
@example(b"\xff" * 200, 0)
@example(b"\xff\xff\xff\xff\x28" + b"\0" * 40, 0)
def test_any_bytes_are_rising_numbers_or_refused(data: bytes, start: int) -> None:
    try:
        numbers, end = read_rising(data, start)
    except ValueError:
        return
    assert start <= end <= len(data)
    assert (np.diff(numbers, prepend=0) >= 0).all()


def test_numbers_beyond_64_bits_are_refused() -> None:
    """They would overflow, and be negative."""
    count, low = (1).to_bytes(COUNT_BYTES, "little"), bytes(MAX_LOW_BITS // 8)
    rest = b"\xff" * 2**20 + b"\0"  # 2²³ ones, so that the number would be 2²³ · 2⁴⁰
    with pytest.raises(ValueError, match=r"cut short|as namegen writes"):
        read_rising(count + bytes([MAX_LOW_BITS]) + low + rest, 0)
