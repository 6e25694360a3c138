"""Sizes: little memory for whatever comes."""

from __future__ import annotations

import gzip
import random
import tracemalloc
import zlib

import pytest

from namegen.fetch.refusals import TooLargeError, TryAgainError
from namegen.fetch.sizes import PART, gathered, unpacked
from tests.fetch.rude import bomb


@pytest.mark.parametrize("size", [1, 7, 1000, 10**6])
def test_what_is_unpacked_is_what_was_packed_however_it_comes_in_parts(size):
    rng = random.Random(size)
    content = rng.randbytes(20_000 if size < 100 else 3 * PART) + bytes(20 * PART)
    packed = gzip.compress(content[:1000]) + gzip.compress(b"") + gzip.compress(content[1000:])
    parts = list(unpacked(packed[start : start + size] for start in range(0, len(packed), size)))
    assert b"".join(parts) == content
    assert max(map(len, parts)) <= PART


def test_four_gigabytes_take_two_megabytes():
    packed = bomb(4000)
    tracemalloc.start()
    with pytest.raises(TooLargeError):
        gathered(unpacked(packed[start : start + PART] for start in range(0, len(packed), PART)), 1_000_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2_500_000


@pytest.mark.parametrize("after", [0, 5, 15, 100, -9, -8, -1])
def test_a_packed_file_without_its_end_is_none(after):
    packed = gzip.compress(random.Random(1).randbytes(1000))
    with pytest.raises(TryAgainError, match="has no end"):
        gathered(unpacked(iter([packed[:after]])), 10_000)


def test_what_is_not_packed_is_told():
    with pytest.raises(zlib.error):
        gathered(unpacked(iter([b"not packed at all"])), 10_000)


def test_a_file_may_be_as_large_as_the_limit_and_no_larger():
    assert gathered(iter([b"ab", b"", b"c"]), 3) == b"abc"
    with pytest.raises(TooLargeError):
        gathered(iter([b"ab", b"cd"]), 3)
