"""Digests of the names that a model learned from, inside its ``.tflite``, so that it knows what is new: 8 bytes each.

They are the bytes of one entry of the metadata table, little end first and rising, as ``core/data/sameness.py`` makes
them; other programs ignore it. The checksum of ``seal.py`` covers it, as it covers the whole file.
"""

from __future__ import annotations

import numpy as np

from namegen.errors import CheckpointError
from namegen.types import Array, UInt64

KNOWN_NAMES = "namegen.known_names"
IN_FILE = np.dtype("<u8")


def to_bytes(known: UInt64[Array, "known"]) -> bytes:
    """The entry for some digests.

    >>> len(to_bytes(np.array([7, 9], np.uint64)))
    16
    """
    return known.astype(IN_FILE).tobytes()


def from_bytes(entry: bytes) -> UInt64[Array, "known"]:
    """The way back.

    Raises:
        CheckpointError: the entry holds something else.
    """
    if len(entry) % IN_FILE.itemsize:
        raise CheckpointError("its known names are not digests")
    known = np.frombuffer(entry, IN_FILE).astype(np.uint64)
    if (known[1:] <= known[:-1]).any():
        raise CheckpointError("its known names are not in order")
    return known
