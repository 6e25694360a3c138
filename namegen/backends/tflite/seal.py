"""What namegen adds to a ``.tflite``: a description of the network, and a checksum over the whole file.

Both are one JSON text in the file's own metadata table, under the name ``namegen``; other programs ignore it. It begins

    {"checksum":"0123…64 hexadecimal digits","format":"namegen tflite","format_version":3,…

and the checksum is the BLAKE2b (32 bytes) of the file with the digits replaced by zeros. It tells a damaged file from a
whole one. It does not tell who wrote it: what keeps a forged file from the LiteRT runtime is ``reading.py``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from namegen.core.network.checkpoint import to_json
from namegen.documents import LARGEST, Json, read_object
from namegen.errors import CheckpointError

METADATA_NAME = "namegen"
FORMAT, FORMAT_VERSION = "namegen tflite", 3
BLANK = "0" * 64
HEAD = re.compile(rb'\{"checksum":"([0-9a-f]{64})","format":"' + FORMAT.encode() + rb'","format_version":(\d{1,9})[,}]')


def blank_text(document: Mapping[str, object]) -> str:
    """The JSON text that goes into the file, its checksum still blank; ``checksum`` sorts first.

    Args:
        document: keys that sort after ``format_version``.
    """
    return to_json({**document, "checksum": BLANK, "format": FORMAT, "format_version": FORMAT_VERSION})


def seal(content: bytes) -> bytes:
    """Fill in the checksum of a file that holds a ``blank_text``."""
    blank = f'{{"checksum":"{BLANK}"'.encode()
    if content.count(blank) != 1:
        raise ValueError("the file must hold one text of blank_text")
    return content.replace(blank, f'{{"checksum":"{_digest(content)}"'.encode())


@dataclass(frozen=True)
class Unsealed:
    """The description of a file whose checksum fits, and the place in the file where it ends."""

    plain: dict[str, Json]
    end: int


def unseal(content: bytes, path: Path | str) -> Unsealed:
    """Verify the checksum and give the description.

    Args:
        content: the whole file.
        path: how error messages call it.

    Raises:
        CheckpointError: foreign, empty, cut short, changed in any byte, or of another version of the format.
    """
    heads = list(HEAD.finditer(content))
    if not content:
        raise CheckpointError(f"{path} is empty: take another copy of the file, or export it again")
    if len(heads) != 1:
        raise CheckpointError(
            f"{path} is not a .tflite of namegen, or it is damaged: give a file that namegen export-tflite wrote"
        )
    (head,) = heads
    version = int(head[2])
    if version > FORMAT_VERSION:
        raise CheckpointError(
            f"{path} has the format version {version}, and this namegen reads up to {FORMAT_VERSION}: update namegen"
        )
    if version < FORMAT_VERSION:
        raise CheckpointError(
            f"{path} was written by an older namegen (format version {version}), and this one runs only what it writes "
            "itself: export the model again"
        )
    start, end = head.span(1)
    if _digest(content[:start] + BLANK.encode() + content[end:]) != head[1].decode():
        raise CheckpointError(
            f"{path} is damaged: its checksum does not fit; take another copy of the file, or export it again"
        )
    start = head.start()
    length = int.from_bytes(content[max(start - 4, 0) : start], "little")
    if not length <= min(LARGEST, len(content) - start):
        raise CheckpointError(f"{path} does not fit together: its description has no end; export it again")
    try:
        plain = read_object(content[start : start + length])
    except ValueError as error:
        raise CheckpointError(f"{path} does not fit together: {error}; export it again") from error
    return Unsealed(plain, start + length)


def _digest(content: bytes) -> str:
    return blake2b(content, digest_size=32).hexdigest()
