"""What namegen adds to a ``.tflite``: a description of the network, and a checksum over the whole file.

Both are one JSON text in the file's own metadata table, under the name ``namegen``; other programs ignore it. It begins

    {"checksum":"0123…64 hexadecimal digits","format":"namegen tflite","format_version":2,…

and the checksum is the BLAKE2b (32 bytes) of the file with the digits replaced by zeros. It is verified before the
LiteRT runtime sees the file, which otherwise takes a changed weight as it comes, and trusts the rest too much.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

from namegen.core.network.tensor_file import to_json
from namegen.documents import read_json
from namegen.errors import CheckpointError

METADATA_NAME = "namegen"
FORMAT, FORMAT_VERSION = "namegen tflite", 2
BLANK = "0" * 64
HEAD = re.compile(rb'\{"checksum":"([0-9a-f]{64})","format":"' + FORMAT.encode() + rb'","format_version":(\d{1,9})[,}]')


def blank_text(document: Mapping[str, Any]) -> str:
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


def unseal(content: bytes, path: Path | str) -> dict[str, Any]:
    """Verify the checksum and give the description.

    Args:
        content: the whole file.
        path: how error messages call it.

    Raises:
        CheckpointError: foreign, empty, cut short, changed in any byte, or of a newer format.
    """
    heads = list(HEAD.finditer(content))
    if not content:
        raise CheckpointError(f"{path} is empty: take another copy of the file, or export it again")
    if len(heads) != 1:
        raise CheckpointError(
            f"{path} is not a .tflite of namegen, or it is damaged: give a file that namegen export-tflite wrote"
        )
    (head,) = heads
    if int(head[2]) > FORMAT_VERSION:
        raise CheckpointError(
            f"{path} has the format version {int(head[2])}, and this namegen reads up to {FORMAT_VERSION}: "
            "update namegen"
        )
    start, end = head.span(1)
    if _digest(content[:start] + BLANK.encode() + content[end:]) != head[1].decode():
        raise CheckpointError(
            f"{path} is damaged: its checksum does not fit; take another copy of the file, or export it again"
        )
    text = content[head.start() :].decode("utf-8", "replace")  # what follows the document is no text
    _, length = json.JSONDecoder().raw_decode(text)
    document: dict[str, Any] = read_json(text[:length])
    return document


def _digest(content: bytes) -> str:
    return blake2b(content, digest_size=32).hexdigest()
