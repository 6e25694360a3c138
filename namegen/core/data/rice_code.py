"""Rice codes store sorted whole numbers in few bits.

Only the gap between each number and the previous number is stored, in two parts: its low bits as they are, and its
high bits in unary code, as that many ones and a zero. If the average gap is 2ᵏ, a number takes about k + 1.5 bits.

Source: R. F. Rice, "Some practical universal noiseless coding techniques", JPL 1979.
"""

from __future__ import annotations

import numpy as np

from namegen.types import Array, Int64, UInt8

COUNT_BYTES = 4  # bytes for how many numbers there are
HEAD_BYTES = COUNT_BYTES + 1  # one more for how many low bits each gap has
MAX_LOW_BITS = 40
MAX_NUMBER = 1 << 62
MOST_NUMBERS = 1 << 25  # more take too much memory
MOST_HIGH_BITS = (
    3  # the unary code has at most so many bits per number if the number of low bits is optimal
)


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
    zeros = np.cumsum((gaps >> low_bits) + 1) - 1  # (n,) where the unary code of each gap ends
    high = np.ones(zeros[-1] + 1 if len(zeros) else 0, np.uint8)
    high[zeros] = 0
    bits = np.packbits(np.concatenate((low.astype(np.uint8).ravel(), high)), bitorder="little")
    return len(gaps).to_bytes(COUNT_BYTES, "little") + bytes([low_bits]) + bits.tobytes()


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
    head = data[start : start + HEAD_BYTES]
    count = int.from_bytes(head[:COUNT_BYTES], "little")
    low_bits = head[-1] if len(head) == HEAD_BYTES else MAX_LOW_BITS + 1
    body = np.frombuffer(data, np.uint8, offset=min(start + HEAD_BYTES, len(data)))
    if count > MOST_NUMBERS or low_bits > MAX_LOW_BITS or count * (low_bits + 1) > 8 * len(body):
        raise ValueError("a set of numbers is cut short")
    most_bits = count * (low_bits + MOST_HIGH_BITS)
    if (
        low_bits == MAX_LOW_BITS
    ):  # the optimum may be higher, so a number below 2⁶³ may have so many more ones
        most_bits += 1 << (63 - MAX_LOW_BITS)
    most_bits = min(most_bits, 8 * len(body))
    bits: UInt8[Array, "bits"] = np.unpackbits(body, count=most_bits, bitorder="little")
    zeros = np.flatnonzero(bits[count * low_bits :] == 0)[:count]
    if len(zeros) < count:
        raise ValueError("a set of numbers is cut short")
    if count and (int(zeros[-1]) + 1) << low_bits > MAX_NUMBER:
        raise ValueError("a set of numbers isn't as namegen writes it")
    gaps = (np.diff(zeros, prepend=-1) - 1) << low_bits
    for bit in range(low_bits):
        gaps += bits[bit : count * low_bits : low_bits].astype(np.int64) << bit
    used_bits = count * low_bits + (int(zeros[-1]) + 1 if count else 0)
    return np.cumsum(gaps), start + HEAD_BYTES + -(-used_bits // 8)


def _best_low_bits(gaps: Int64[Array, "n"]) -> int:
    """The number of low bits that results in the shortest code."""
    bits = [
        int((gaps >> low_bits).sum()) + low_bits * len(gaps) for low_bits in range(MAX_LOW_BITS + 1)
    ]
    return int(np.argmin(bits))
