"""Check that Rice codes restore increasing numbers and reject invalid bytes."""

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
def test_increasing_numbers_are_restored(numbers: list[int], before: bytes, after: bytes) -> None:
    """The code may be in the middle of a file."""
    data = write_rising(np.array(numbers, np.int64))
    found, end = read_rising(before + data + after, len(before))
    assert found.tolist() == numbers
    assert end == len(before) + len(data)


@pytest.mark.parametrize("bits", [4, 8, 16])
def test_numbers_take_little_more_space_than_their_gaps(bits: int) -> None:
    """With an average gap of 2ᵏ, each number takes about k + 1.5 bits."""
    count = 10_000
    numbers = np.sort(np.random.default_rng(0).integers(count << bits, size=count))
    assert len(write_rising(numbers)) * 8 < (bits + 1.6) * count + 8 * HEAD_BYTES


@given(rising)
def test_truncated_bytes_are_rejected(numbers: list[int]) -> None:
    data = write_rising(np.array(numbers, np.int64))
    for cut in range(len(data)):
        with pytest.raises(ValueError, match="cut short"):
            read_rising(data[:cut], 0)


@given(st.binary(max_size=200), st.integers(0, 9))
@example(b"\xff" * 200, 0)
@example(b"\xff\xff\xff\xff\x28" + b"\0" * 40, 0)
def test_random_bytes_are_rejected_or_give_increasing_numbers(data: bytes, start: int) -> None:
    try:
        numbers, end = read_rising(data, start)
    except ValueError:
        return
    assert start <= end <= len(data)
    assert (np.diff(numbers, prepend=0) >= 0).all()


def test_numbers_of_more_than_64_bits_are_rejected() -> None:
    """They would overflow and become negative."""
    count, low = (1).to_bytes(COUNT_BYTES, "little"), bytes(MAX_LOW_BITS // 8)
    rest = b"\xff" * 2**20 + b"\0"  # 2²³ ones, so the number would be 2²³ · 2⁴⁰
    with pytest.raises(ValueError, match=r"cut short|as namegen writes"):
        read_rising(count + bytes([MAX_LOW_BITS]) + low + rest, 0)
