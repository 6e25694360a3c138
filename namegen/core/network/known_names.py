"""Known names: the digests of a list (``core/data/digests.py``) as a model file, or a file beside it, carries them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from namegen.core.network.tensor_file import own, read_tensors, write_tensors
from namegen.documents import from_plain, to_plain
from namegen.errors import CheckpointError
from namegen.types import Array, UInt64

KNOWN_NAMES = "known_names"
KIND: Literal["known names"] = "known names"


@dataclass(frozen=True)
class KnownNamesDocument:
    """What the JSON of a file beside a model holds, apart from the version and the checksum."""

    kind: Literal["known names"]


def write_known_names(path: Path, known: UInt64[Array, "known"]) -> None:
    """Write the digests of a list as a file of their own, whole or not at all. Raises OutputError."""
    write_tensors(path, {KNOWN_NAMES: known}, to_plain(KnownNamesDocument(KIND)))


def read_known_names(path: Path) -> UInt64[Array, "known"]:
    """The way back.

    Raises:
        CheckpointError: not such a file, damaged, or with anything else in it.
    """
    tensors, plain = read_tensors(path)
    try:
        from_plain(KnownNamesDocument, own(plain))
        if set(tensors) != {KNOWN_NAMES}:
            raise CheckpointError(f"it holds {len(tensors)} tensors, expected {KNOWN_NAMES} alone")
        return checked_known_names(tensors[KNOWN_NAMES])
    except (ValueError, CheckpointError) as error:
        raise CheckpointError(
            f"{path} does not hold the known names of a model ({error}): take another copy of the file"
        ) from error


def checked_known_names(known: Array) -> UInt64[Array, "known"]:
    """The tensor of a file as digests, which are looked up by halves and therefore stand in rising order.

    Raises:
        CheckpointError: another type or shape, or out of order.
    """
    if known.dtype != np.uint64 or known.ndim != 1:
        raise CheckpointError(f"{KNOWN_NAMES} is not a list of digests")
    if not (known[:-1] < known[1:]).all():
        raise CheckpointError(f"the digests of {KNOWN_NAMES} do not stand in rising order, each once")
    return known
