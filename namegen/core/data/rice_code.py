"""Rice codes store sorted whole numbers in few bits.

Only the gap between each number and the previous number is stored, in two parts: its low bits as they are, and its
high bits in unary code, as that many ones and a zero. If the average gap is 2ᵏ, a number takes about k + 1.5 bits.

Source: R. F. Rice, "Some practical universal noiseless coding techniques", JPL 1979.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from namegen.types import Array, Int64, UInt8

COUNT_BYTES = 4  # bytes for how many numbers there are
HEAD_BYTES = COUNT_BYTES + 1  # one more for how many low bits each gap has
MAX_LOW_BITS = 40
MAX_NUMBER = 1 << 62
MOST_NUMBERS = 1 << 25  # more take too much memory
# The unary codes have at most this many bits per number if the number of low bits is optimal.
MOST_HIGH_BITS = 3
CUT_SHORT = "a set of numbers is cut short"


def write_rising(numbers: Int64[Array, "n"]) -> bytes:
    """Encode whole numbers.

    The bytes are the count (four bytes, little-endian), the number of low bits (one byte), the low bits of all gaps,
    and the unary codes of all gaps. Bits fill a byte from its lowest bit on.

    Args:
        numbers: Sorted numbers of at least 0 and below 2⁶³. They may repeat.

    >>> data = write_rising(np.array([3, 3, 900]))
    >>> numbers, end = read_rising(data, 0)
    >>> numbers.tolist(), end == len(data)
    ([3, 3, 900], True)
    """
    gaps = np.diff(numbers, prepend=0)
    low_bits = _best_low_bits(gaps)
    low = (gaps[:, None] >> np.arange(low_bits)) & 1  # (n, low_bits)
    high = _encode_unary(gaps >> low_bits)
    bits = np.concatenate((low.astype(np.uint8).ravel(), high))
    head = len(gaps).to_bytes(COUNT_BYTES, "little") + bytes([low_bits])
    return head + np.packbits(bits, bitorder="little").tobytes()


def _encode_unary(numbers: Int64[Array, "n"]) -> UInt8[Array, "bits"]:
    """Encode each number as that many ones and a zero."""
    zeros = np.cumsum(numbers + 1) - 1  # (n,) where the code of each number ends
    codes = np.ones(zeros[-1] + 1 if len(zeros) else 0, np.uint8)
    codes[zeros] = 0
    return codes


def read_rising(data: bytes, start: int) -> tuple[Int64[Array, "n"], int]:
    """Decode the result of ``write_rising``.

    Args:
        data: Bytes that contain the result.
        start: The index of its first byte.

    Returns:
        The numbers, and the index after their last byte.

    Raises:
        ValueError: The bytes are cut short or damaged.
    """
    head = _Head.read(data[start : start + HEAD_BYTES])
    body_start = start + HEAD_BYTES
    body = np.frombuffer(data, np.uint8, offset=min(body_start, len(data)))
    bits = head.unpacked(body)
    zeros = head.zeros(bits)  # (n,)
    high = np.diff(zeros, prepend=-1) - 1  # (n,) how many ones are before each zero
    gaps = head.with_low_bits(high << head.low_bits, bits)
    unary_bits = int(zeros[-1]) + 1 if head.count else 0
    used_bytes = math.ceil((head.count * head.low_bits + unary_bits) / 8)
    return np.cumsum(gaps), body_start + used_bytes


@dataclass(frozen=True)
class _Head:
    """The first bytes of a code. They determine how many bits follow."""

    count: int  # numbers
    low_bits: int  # low bits of each gap

    @classmethod
    def read(cls, data: bytes) -> _Head:
        """Read the first bytes of a code, and reject those that ``write_rising`` never writes."""
        if len(data) < HEAD_BYTES:
            raise ValueError(CUT_SHORT)
        count = int.from_bytes(data[:COUNT_BYTES], "little")
        low_bits = data[COUNT_BYTES]
        if count > MOST_NUMBERS or low_bits > MAX_LOW_BITS:
            raise ValueError(CUT_SHORT)
        return cls(count, low_bits)

    def unpacked(self, body: UInt8[Array, "bytes"]) -> UInt8[Array, "bits"]:
        """Unpack all bits that the numbers can have, but not those of other data after them."""
        if self.count * (self.low_bits + 1) > 8 * len(body):
            raise ValueError(CUT_SHORT)
        most_bits = self.count * (self.low_bits + MOST_HIGH_BITS)
        if self.low_bits == MAX_LOW_BITS:
            # More low bits might have been better, so a number below 2⁶³ may have this many more ones.
            most_bits += 1 << (63 - MAX_LOW_BITS)
        most_bits = min(most_bits, 8 * len(body))
        bits: UInt8[Array, "bits"] = np.unpackbits(body, count=most_bits, bitorder="little")
        return bits

    def zeros(self, bits: UInt8[Array, "bits"]) -> Int64[Array, "n"]:
        """Find the zero at the end of each unary code. The low bits come before these codes."""
        unary_codes = bits[self.count * self.low_bits :]
        zeros = np.flatnonzero(unary_codes == 0)[: self.count]
        if len(zeros) < self.count:
            raise ValueError(CUT_SHORT)
        if self.count and (int(zeros[-1]) + 1) << self.low_bits > MAX_NUMBER:
            raise ValueError("a set of numbers isn't as namegen writes it")
        return zeros

    def with_low_bits(
        self, gaps: Int64[Array, "n"], bits: UInt8[Array, "bits"]
    ) -> Int64[Array, "n"]:
        """Add the low bits of each gap to its high bits, in place."""
        end = self.count * self.low_bits
        for bit in range(self.low_bits):
            gaps += bits[bit : end : self.low_bits].astype(np.int64) << bit
        return gaps


def _best_low_bits(gaps: Int64[Array, "n"]) -> int:
    """Return the number of low bits that results in the shortest code."""
    code_sizes = []
    for low_bits in range(MAX_LOW_BITS + 1):
        high_sum = int((gaps >> low_bits).sum())  # how many ones the unary codes have
        code_sizes.append(high_sum + low_bits * len(gaps))
    return int(np.argmin(code_sizes))
