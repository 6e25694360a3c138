"""Rice codes: rising whole numbers in few bits.

Of each number only the gap to the one before is written. A gap is cut in two: its low bits are written as they are, and
the rest is written as that many ones and a zero. If the gaps are 2ᵏ on average, a number takes about k + 1.5 bits.

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
MOST_HIGH_BITS = 3  # bits of a number beside its low bits, on average: the best number of low bits leaves no more


def write_rising(numbers: Int64[Array, "n"]) -> bytes:
    """Write whole numbers of at least 0, in rising order; a number may repeat.

    The bytes are the count (four bytes, little-endian), the number of low bits (one byte), the low bits of every gap,
    then the rest of every gap. Bits fill a byte from its lowest bit on.

    Args:
        numbers: the numbers, below 2⁶³.

    Returns:
        The bytes.

    >>> data = write_rising(np.array([3, 3, 900]))
    >>> numbers, end = read_rising(data, 0)
    >>> numbers.tolist(), end == len(data)
    ([3, 3, 900], True)
    """
    gaps = np.diff(numbers, prepend=0)
    low_bits = _best_low_bits(gaps)
    low = (gaps[:, None] >> np.arange(low_bits)) & 1  # (n, low_bits)
    zeros = np.cumsum((gaps >> low_bits) + 1) - 1  # where the ones of each gap end
    high = np.ones(zeros[-1] + 1 if len(zeros) else 0, np.uint8)
    high[zeros] = 0
    bits = np.packbits(np.concatenate((low.astype(np.uint8).ravel(), high)), bitorder="little")
    return len(gaps).to_bytes(COUNT_BYTES, "little") + bytes([low_bits]) + bits.tobytes()


def read_rising(data: bytes, start: int) -> tuple[Int64[Array, "n"], int]:
    """Read what ``write_rising`` wrote.

    Args:
        data: bytes that contain the numbers.
        start: where they start.

    Returns:
        The numbers, and where their bytes end.

    Raises:
        ValueError: the bytes are cut short or damaged.
    """
    head = data[start : start + HEAD_BYTES]
    count = int.from_bytes(head[:COUNT_BYTES], "little")
    low_bits = head[-1] if len(head) == HEAD_BYTES else MAX_LOW_BITS + 1
    body = np.frombuffer(data, np.uint8, offset=min(start + HEAD_BYTES, len(data)))
    if count > MOST_NUMBERS or low_bits > MAX_LOW_BITS or count * (low_bits + 1) > 8 * len(body):
        raise ValueError("a set of numbers is cut short")
    most_bits = count * (low_bits + MOST_HIGH_BITS)
    if low_bits == MAX_LOW_BITS:  # there may be more ones, but no more than a number below 2⁶³ has
        most_bits += 1 << (63 - MAX_LOW_BITS)
    most_bits = min(most_bits, 8 * len(body))
    bits: UInt8[Array, "bits"] = np.unpackbits(body, count=most_bits, bitorder="little")
    zeros = np.flatnonzero(bits[count * low_bits :] == 0)[:count]
    if len(zeros) < count:
        raise ValueError("a set of numbers is cut short")
    if count and (int(zeros[-1]) + 1) << low_bits > MAX_NUMBER:
        raise ValueError("a set of numbers isn't as namegen writes it")
    gaps = (np.diff(zeros, prepend=-1) - 1) << low_bits
    for place in range(low_bits):
        gaps += bits[place : count * low_bits : low_bits].astype(np.int64) << place
    used_bits = count * low_bits + (int(zeros[-1]) + 1 if count else 0)
    return np.cumsum(gaps), start + HEAD_BYTES + -(-used_bits // 8)


def _best_low_bits(gaps: Int64[Array, "n"]) -> int:
    """The number of low bits that takes the fewest bits in all."""
    bits = [
        int((gaps >> low_bits).sum()) + low_bits * len(gaps) for low_bits in range(MAX_LOW_BITS + 1)
    ]
    return int(np.argmin(bits))
