"""Files that contain tensors and a JSON document: checkpoints, known names and the states of training runs.

They're ``.safetensors`` files with a checksum, so reading one never executes code, and damage is detected.
``docs/reference/file-formats.md`` describes the format.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as load_safetensors
from safetensors.numpy import save as save_safetensors

from namegen.documents import LARGEST, Json, from_plain, read_object
from namegen.errors import CheckpointError, OutputError, reason_of, short
from namegen.files import read_whole, write_whole
from namegen.types import Array

# The only key in the header besides the tensors. Its value is the document as JSON.
METADATA_KEY = "namegen"
FORMAT_VERSION = 10
# Bytes: 25 million parameters with the state of their optimizer. Reading a file takes twice as much memory.
LARGEST_FILE = 400_000_000
FOREIGN = (
    "not a model file of namegen (a .safetensors file from `namegen train`, or a .tflite file)"
)


def write_tensors(
    path: Path | str,
    tensors: Mapping[str, Array],
    document: Mapping[str, object],
    *,
    largest: int = LARGEST,
) -> None:
    """Write tensors and a document to a file, completely or not at all.

    Args:
        path: The file.
        tensors: The tensors by name.
        document: JSON values. ``format_version`` and ``checksum`` are added.
        largest: The limit for the header, in bytes, with which the file will be read.

    Raises:
        OutputError: If the file can't be written, or would be too large to read. An existing file isn't changed.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "file.safetensors"
    ...     write_tensors(path, {"a": np.ones(2)}, {"kind": "example"})
    ...     tensors, document = read_tensors(path)
    >>> tensors["a"].tolist(), document
    ([1.0, 1.0], {'kind': 'example'})
    """
    # safetensors needs contiguous arrays. NumPy would turn a single number into an array with one dimension.
    arrays = {
        name: np.ascontiguousarray(values).reshape(np.shape(values))
        for name, values in tensors.items()
    }
    document = {"format_version": FORMAT_VERSION, **document}
    text = to_json({**document, "checksum": checksum(arrays, document)})
    # Don't write what couldn't be read again. The limits leave some room for the description of the tensors.
    text_size = len(json.dumps(text, ensure_ascii=False).encode())
    if text_size > 0.9 * largest:
        raise OutputError(
            f"the header of {short(path)} would have more than {largest:,} bytes, which is the limit: use a list "
            "with fewer labels or fewer different characters"
        )
    arrays_size = sum(values.nbytes for values in arrays.values())
    if arrays_size + len(text) > 0.99 * LARGEST_FILE:
        raise OutputError(
            f"{short(path)} would have more than {LARGEST_FILE:,} bytes, which is the limit: use a smaller network"
        )
    write_whole(path, save_safetensors(arrays, metadata={METADATA_KEY: text}))


def read_tensors(
    path: Path | str, *, largest: int = LARGEST
) -> tuple[dict[str, Array], dict[str, Json]]:
    """Read the tensors and the document of a file that ``write_tensors`` wrote, and verify the checksum.

    Args:
        path: The file.
        largest: The limit for the header, in bytes.

    Raises:
        CheckpointError: If the file is missing, foreign, cut short, damaged, or has another format version.
    """
    # Read the document, which is a JSON string in the header.
    try:
        content = read_whole(path, LARGEST_FILE)
    except (OSError, ValueError) as error:  # ValueError: the path contains a NUL character
        raise CheckpointError(f"cannot read {path}: {reason_of(error)}") from error
    text = _read_document_text(path, content, largest)
    damaged = CheckpointError(
        f"{path} is damaged: its checksum is wrong; use another copy of the file"
    )
    try:
        document = read_object(text, largest=largest)
    except ValueError:
        raise damaged from None
    version = document.get("format_version")
    if type(version) is not int:
        raise damaged
    if version != FORMAT_VERSION:
        advice = "update namegen" if version > FORMAT_VERSION else "create the file again"
        raise CheckpointError(
            f"{path} has the format version {version}, but this namegen reads version {FORMAT_VERSION}: {advice}"
        )
    # Read the tensors, and verify that they and the document belong together.
    try:
        tensors = load_safetensors(content)
        stored_checksum = document.pop("checksum", None)
        is_sound = stored_checksum == checksum(tensors, document)
    except (SafetensorError, ValueError, KeyError, TypeError):
        raise damaged from None
    if not is_sound:
        raise damaged
    del document["format_version"]
    return tensors, document


def to_json(document: Mapping[str, object]) -> str:
    """Return the canonical JSON of a document: keys are sorted, and there are no spaces.

    >>> to_json({"b": [1, 2], "a": None})
    '{"a":null,"b":[1,2]}'
    """
    return json.dumps(
        document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def checksum(tensors: Mapping[str, Array], document: Mapping[str, object]) -> str:
    """Return a BLAKE2b hash of a file's tensors and document, as 64 hexadecimal digits.

    It includes the name, dtype, shape and bytes of each tensor.
    """
    hasher = blake2b(digest_size=32)
    for name in sorted(tensors):
        values = tensors[name]
        description = f"{name}\0{values.dtype.str}\0{values.shape}\0"
        hasher.update(description.encode())
        is_single_number = values.ndim == 0
        content = values.tobytes() if is_single_number else np.ascontiguousarray(values).data
        hasher.update(content)
    hasher.update(to_json(document).encode())
    return hasher.hexdigest()


def _read_document_text(path: Path | str, content: bytes, largest: int) -> str:
    """Return the JSON document in a file's header, as a string. Raise CheckpointError for another header.

    The first eight bytes of a .safetensors file are the length of its header.
    """
    length = int.from_bytes(content[:8], "little")
    header = content[8 : 8 + length]
    if header.startswith(b"{") and len(header) < length:
        raise CheckpointError(f"{path} is cut short: use another copy of the file")
    try:
        plain_metadata = read_object(header, largest=largest)["__metadata__"]
        return from_plain(dict[str, str], plain_metadata)[METADATA_KEY]
    except (ValueError, KeyError):
        raise CheckpointError(f"{path} is {FOREIGN}, or it is damaged: pass another file") from None
