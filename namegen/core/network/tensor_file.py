"""One file of tensors and a JSON document, with a checksum over both: what checkpoints and run states are made of.

The file is a plain ``.safetensors`` file; ``docs/checkpoint-format.md`` describes it in full. Nothing in it is ever
executed, and a single changed byte is noticed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as load_safetensors
from safetensors.numpy import save as save_safetensors

from namegen.documents import read_json
from namegen.errors import CheckpointError
from namegen.files import write_whole
from namegen.types import Array

METADATA_KEY = "namegen"
FORMAT_VERSION = 2
OLDEST_VERSION = 1


def write_tensors(path: Path, tensors: Mapping[str, Array], document: Mapping[str, Any]) -> None:
    """Write tensors and a document, whole or not at all. ``format_version`` and ``checksum`` are added.

    Raises:
        OutputError: the file cannot be written; what was there is kept.
    """
    arrays = {name: np.ascontiguousarray(values).reshape(np.shape(values)) for name, values in tensors.items()}
    document = {"format_version": FORMAT_VERSION, **document}
    text = to_json({**document, "checksum": checksum(arrays, document)})
    write_whole(path, save_safetensors(arrays, metadata={METADATA_KEY: text}))


def read_tensors(path: Path) -> tuple[dict[str, Array], dict[str, Any]]:
    """Read what ``write_tensors`` wrote, the checksum verified.

    Raises:
        CheckpointError: no such file, not such a file, cut short, changed, or of a newer format.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise CheckpointError(f"cannot read {path}: {error.strerror}") from error
    text = _document_text(path, content)
    damaged = CheckpointError(f"{path} is damaged: its checksum does not fit; take another copy of the file")
    try:
        document = read_json(text)
    except ValueError:
        raise damaged from None
    version = document.get("format_version") if isinstance(document, dict) else None
    if type(version) is int and version > FORMAT_VERSION:
        raise CheckpointError(
            f"{path} has the format version {version}, and this namegen reads up to {FORMAT_VERSION}: update namegen"
        )
    try:
        tensors = load_safetensors(content)
        stated = document.pop("checksum")
        sound = type(version) is int and version >= OLDEST_VERSION and text == to_json({**document, "checksum": stated})
    except (SafetensorError, ValueError, KeyError, TypeError, AttributeError):
        raise damaged from None
    if not sound or stated != checksum(tensors, document):
        raise damaged
    return tensors, document


def to_json(document: Mapping[str, Any]) -> str:
    """The one text of a document: keys sorted, no spaces, so that equal documents are equal texts."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def checksum(tensors: Mapping[str, Array], document: Mapping[str, Any]) -> str:
    """BLAKE2b (32 bytes, hexadecimal) over names, dtypes, shapes and bytes of the tensors, and the document."""
    digest = blake2b(digest_size=32)
    for name in sorted(tensors):
        values = tensors[name]
        digest.update(f"{name}\0{values.dtype.str}\0{values.shape}\0".encode())
        digest.update(np.ascontiguousarray(values).data if values.ndim else values.tobytes())
    digest.update(to_json(document).encode())
    return digest.hexdigest()


def _document_text(path: Path, content: bytes) -> str:
    """The JSON text in the header. The header may be padded with spaces only, so that no byte is free to change."""
    foreign = f"{path} is not a model file of namegen (a .safetensors file that it wrote)"
    length = int.from_bytes(content[:8], "little")
    header = content[8 : 8 + length]
    if not content:
        raise CheckpointError(f"{path} is empty: take another copy of the file")
    if len(content) < 8 or not header.startswith(b"{"):
        raise CheckpointError(foreign)
    if len(header) < length:
        raise CheckpointError(f"{path} is cut short: take another copy of the file")
    try:
        metadata = read_json(header)["__metadata__"]
        text = metadata[METADATA_KEY]
        if not isinstance(text, str) or set(metadata) != {METADATA_KEY} or not re.fullmatch(rb"\{.*\} *", header):
            raise KeyError(METADATA_KEY)
    except (ValueError, KeyError, TypeError):
        raise CheckpointError(f"{foreign}, or it is damaged") from None
    return text
