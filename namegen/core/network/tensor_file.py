"""One file of tensors and a JSON document, with a checksum over both: what checkpoints and run states are made of.

The file is a plain ``.safetensors`` file; ``docs/develop/checkpoint-format.md`` describes it in full. Nothing in it is
ever executed, and a single changed byte is noticed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as load_safetensors
from safetensors.numpy import save as save_safetensors

from namegen.documents import LARGEST, Count, Json, Size, from_plain, read_object
from namegen.errors import CheckpointError, OutputError
from namegen.escaping import short
from namegen.files import is_device, read_whole, write_whole
from namegen.types import Array

METADATA_KEY = "namegen"
FORMAT_VERSION = 2
OLDEST_VERSION = 1
# Bytes: 25 million parameters with the state of their training. What is read lies in memory twice, and so within 1 GB.
LARGEST_FILE = 400_000_000


@dataclass(frozen=True)
class TensorEntry:
    """What the header says of a tensor; whether it fits the file, safetensors looks at."""

    dtype: str
    shape: tuple[Count, ...]
    data_offsets: tuple[Count, Count]


@dataclass(frozen=True)
class HeaderMetadata:
    """What the header says beside its tensors: the document, as one text."""

    namegen: str


@dataclass(frozen=True)
class Seal:
    """What stands in every document beside its own."""

    format_version: Size
    checksum: str


def write_tensors(
    path: Path, tensors: Mapping[str, Array], document: Mapping[str, object], *, largest: int = LARGEST
) -> None:
    """Write tensors and a document, whole or not at all. ``format_version`` and ``checksum`` are added.

    Args:
        path: the file.
        tensors: by name.
        document: what stands beside them.
        largest: bytes of the header that are read again.

    Raises:
        OutputError: the file cannot be written, or would be too large to be read; what was there is kept.
    """
    arrays = {name: np.ascontiguousarray(values).reshape(np.shape(values)) for name, values in tensors.items()}
    document = {"format_version": FORMAT_VERSION, **document}
    text = to_json({**document, "checksum": checksum(arrays, document)})
    if len(json.dumps(text, ensure_ascii=False).encode()) > 0.9 * largest:  # a part for what the header says of tensors
        raise OutputError(
            f"{short(path)} would describe itself in more than {largest:,} bytes, the most that is read: take a list "
            "with fewer labels or fewer different characters"
        )
    if sum(values.nbytes for values in arrays.values()) + len(text) > 0.99 * LARGEST_FILE:  # a part for the header
        raise OutputError(
            f"{short(path)} would have more than {LARGEST_FILE:,} bytes, the most that is read: take a smaller network"
        )
    write_whole(path, save_safetensors(arrays, metadata={METADATA_KEY: text}))


def read_tensors(path: Path, *, largest: int = LARGEST) -> tuple[dict[str, Array], dict[str, Json]]:
    """Read what ``write_tensors`` wrote, the checksum verified.

    Args:
        path: the file.
        largest: bytes of its header, with the document.

    Raises:
        CheckpointError: no such file, not such a file, cut short, changed, or of a newer format.
    """
    content = _content(path)
    text = _document_text(path, content, largest)
    damaged = CheckpointError(f"{path} is damaged: its checksum does not fit; take another copy of the file")
    try:
        document = read_object(text, largest=largest)
    except ValueError:
        raise damaged from None
    version = document.get("format_version")
    if type(version) is int and version > FORMAT_VERSION:
        raise CheckpointError(
            f"{path} has the format version {version}, and this namegen reads up to {FORMAT_VERSION}: update namegen"
        )
    try:
        tensors = load_safetensors(content)
        seal = from_plain(Seal, {one: document[one] for one in ("format_version", "checksum")})
        sound = seal.format_version >= OLDEST_VERSION and text == to_json(document)
        del document["checksum"]
    except (SafetensorError, ValueError, KeyError, TypeError):
        raise damaged from None
    if not sound or seal.checksum != checksum(tensors, document):
        raise damaged
    return tensors, document


def own(document: Mapping[str, Json]) -> dict[str, Json]:
    """What a document says itself, without what belongs to every file.

    >>> own({"format_version": 2, "kind": "known names"})
    {'kind': 'known names'}
    """
    return {name: value for name, value in document.items() if name not in ("format_version", "checksum")}


def to_json(document: Mapping[str, object]) -> str:
    """The one text of a document: keys sorted, no spaces, so that equal documents are equal texts."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def checksum(tensors: Mapping[str, Array], document: Mapping[str, object]) -> str:
    """BLAKE2b (32 bytes, hexadecimal) over names, dtypes, shapes and bytes of the tensors, and the document."""
    digest = blake2b(digest_size=32)
    for name in sorted(tensors):
        values = tensors[name]
        digest.update(f"{name}\0{values.dtype.str}\0{values.shape}\0".encode())
        digest.update(np.ascontiguousarray(values).data if values.ndim else values.tobytes())
    digest.update(to_json(document).encode())
    return digest.hexdigest()


def _content(path: Path) -> bytes:
    """The bytes of a file; a device may go on for ever. Raises CheckpointError."""
    if is_device(path):
        raise CheckpointError(f"{path} is a device, not a model file: give a file")
    try:
        return read_whole(path, LARGEST_FILE)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise CheckpointError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from error


def _document_text(path: Path, content: bytes, largest: int) -> str:
    """The JSON text in the header. The header may be padded with spaces only, so that no byte is free to change."""
    foreign = f"{path} is not a model file of namegen (a .safetensors file, which `namegen train` writes)"
    length = int.from_bytes(content[:8], "little")
    header = content[8 : 8 + length]
    if not content:
        raise CheckpointError(f"{path} is empty: take another copy of the file")
    if len(content) < 8 or not header.startswith(b"{"):
        raise CheckpointError(foreign)
    if len(header) < length:
        raise CheckpointError(f"{path} is cut short: take another copy of the file")
    try:
        tensors = read_object(header, largest=largest)
        metadata = from_plain(HeaderMetadata, tensors.pop("__metadata__"))
        for entry in tensors.values():
            from_plain(TensorEntry, entry)
        if not re.fullmatch(rb"\{.*\} *", header):
            raise ValueError("bytes behind its end")
    except (ValueError, KeyError):
        raise CheckpointError(f"{foreign}, or it is damaged") from None
    return metadata.namegen
