"""Sizes: a file is gathered and unpacked part by part, so that it is given up as soon as it is too large."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from namegen.fetch.refusals import TooLargeError, TryAgainError

PART = 65_536  # bytes that are read or unpacked at once


def gathered(parts: Iterator[bytes], most_bytes: int) -> bytes:
    """All parts in one.

    Raises:
        TooLargeError: they are more than so many bytes; no further part is taken.

    >>> gathered(iter([b"a", b"bc"]), 3)
    b'abc'
    """
    kept: list[bytes] = []
    size = 0
    for part in parts:
        size += len(part)
        if size > most_bytes:
            raise TooLargeError
        kept.append(part)
    return b"".join(kept)


def unpacked(parts: Iterator[bytes]) -> Iterator[bytes]:
    """What was packed with gzip, in parts of at most ``PART`` bytes however much a few bytes stand for.

    Raises:
        TryAgainError: the end is missing.
        zlib.error: it is not gzip.

    >>> import gzip
    >>> b"".join(unpacked(iter([gzip.compress(b"first,"), gzip.compress(b"last")])))
    b'first,last'
    """
    unpacker = zlib.decompressobj(wbits=31)
    for part in parts:
        rest = part
        while True:
            if unpacker.eof and rest:  # gzip files one after the other are one file
                unpacker = zlib.decompressobj(wbits=31)
            yield unpacker.decompress(rest, PART)
            rest = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
            if not rest:
                break
    if not unpacker.eof:
        raise TryAgainError("the connection broke (the packed file has no end)")
