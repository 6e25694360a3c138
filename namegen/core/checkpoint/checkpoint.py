"""Checkpoint: a trained network with all that it needs to be used alone, in one ``.safetensors`` file with a checksum.

``write_tensors`` and ``read_tensors`` are what every file of tensors and a document goes through: checkpoints, known
names beside them, states of a training. ``docs/develop/checkpoint-format.md`` describes the file. Nothing in it is ever
executed, and a single changed byte is noticed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as load_safetensors
from safetensors.numpy import save as save_safetensors

from namegen.core.checkpoint.metadata import (
    Architectures,
    Metadata,
    check_together,
    own_architectures,
    read_metadata,
)
from namegen.core.checkpoint.ngram_set import NgramSet
from namegen.core.data.normalization import KnownSet
from namegen.core.network.architecture import Network, checked_tensors
from namegen.documents import LARGEST, Json, from_plain, read_object
from namegen.errors import CheckpointError, OutputError, quote, reason_of, short
from namegen.files import is_file, read_whole, write_whole
from namegen.types import Array, Float32

MAX_PARAMETER = 1e30  # far beyond what training reaches, and no sum of such products leaves float32
KNOWN_NAMES = "known_names"
# Fields of the metadata that are tensors of bytes in a file, since as text they would take a quarter more.
SETS: dict[str, Callable[[bytes], Any]] = {
    KNOWN_NAMES: KnownSet.read,
    "ngrams": NgramSet.read,
    "words": KnownSet.read,
}
KIND = "known names"


@dataclass(frozen=True, eq=False, kw_only=True)
class Checkpoint(Metadata):
    """A trained network: its metadata, and its parameters, float32 by canonical name."""

    parameters: Mapping[str, Float32[Array, "..."]]

    @property
    def is_half(self) -> bool:
        """Whether all parameters are exact in half precision, and so can be stored in half the space."""
        with np.errstate(over="ignore"):
            return all(
                np.array_equal(values, values.astype(np.float16))
                for values in self.parameters.values()
            )

    def save(self, path: Path | str) -> None:
        """Write the file, whole or not at all. Raises OutputError."""
        dtype = np.float16 if self.is_half else np.float32
        tensors: dict[str, Array] = {
            name: np.asarray(values, dtype) for name, values in self.parameters.items()
        }
        for name in SETS:
            if (known := getattr(self, name)) is not None:
                tensors[name] = np.frombuffer(known.to_bytes(), np.uint8)
        metadata = replace(self, known_names=None, ngrams=None, words=None).to_plain()
        write_tensors(path, tensors, {"kind": "checkpoint", "metadata": metadata})

    @classmethod
    def load(cls, path: Path | str, architectures: Architectures = own_architectures) -> Checkpoint:
        """Read a checkpoint and check that everything fits together.

        Args:
            path: the file.
            architectures: those that it may have.

        Raises:
            CheckpointError: damaged, foreign, of another format, of an unknown architecture, or tensors that do not fit
                the metadata.
        """
        tensors, plain = read_tensors(path)
        if (kind := plain.pop("kind", None)) != "checkpoint":
            raise CheckpointError(
                f"{path} holds {quote(str(kind))}, not a model: give a model.safetensors file"
            )
        try:  # the metadata is there without its sets, which are tensors
            metadata = read_metadata(
                from_plain(dict[Literal["metadata"], Json], plain).get("metadata"), architectures
            )
        except ValueError as error:
            raise _unfit(path, error) from error
        except CheckpointError as error:
            raise CheckpointError(f"{path} cannot be read here: {error}") from error
        try:
            for name, read in SETS.items():
                values = _read_set(name, read, metadata, tensors.pop(name, None))
                metadata = replace(metadata, **{name: values})
            check_together(metadata)
            return cls(**vars(metadata), parameters=_checked_parameters(metadata.network, tensors))
        except (CheckpointError, ValueError) as error:
            raise _unfit(path, error) from error


def _read_set(
    name: str, read: Callable[[bytes], Any], metadata: Metadata, values: Array | None
) -> Any:
    """A field that the file stores as a tensor; None if it isn't there."""
    is_bytes = values is None or (values.dtype == np.uint8 and values.ndim == 1)
    if getattr(metadata, name) is not None or not is_bytes:
        raise CheckpointError(f"{name} isn't stored as a tensor of bytes")
    try:
        return None if values is None else read(values.tobytes())
    except ValueError as error:
        raise CheckpointError(f"its {name}: {error}") from error


def _checked_parameters(network: Network, tensors: Mapping[str, Array]) -> dict[str, Array]:
    tensors = {
        name: one.astype(np.float32) if one.dtype == np.float16 else one
        for name, one in tensors.items()
    }
    parameters, _ = checked_tensors(network, tensors, ())
    if any(values.dtype != np.float32 for values in parameters.values()) or set(tensors) != set(
        parameters
    ):
        raise CheckpointError("it holds tensors that a network of float32 parameters does not have")
    if not all((np.abs(values) <= MAX_PARAMETER).all() for values in parameters.values()):
        raise CheckpointError(f"a parameter is not a number, or beyond {MAX_PARAMETER:g}")
    return parameters


def _unfit(path: Path | str, error: Exception) -> CheckpointError:
    return CheckpointError(f"{path} does not fit together: {error}; take another copy of the file")


def known_names_path(model: Path) -> Path:
    """The file beside a model that holds the whole digests of its known names, of which the model has a part.

    >>> known_names_path(Path("runs/elves/model.safetensors")).name
    'model.known_names.safetensors'
    """
    return model.with_suffix(f".known_names{model.suffix}")


def read_model(path: Path, architectures: Architectures = own_architectures) -> Checkpoint:
    """Read a model file, with the whole digests of its known names where they lie beside it. Raises CheckpointError."""
    checkpoint, beside = Checkpoint.load(path, architectures), known_names_path(path)
    if checkpoint.known_names is None or not is_file(beside, None):
        return checkpoint
    whole = read_known_names(beside)
    is_same = np.array_equal(
        whole.short.numbers, checkpoint.known_names.numbers
    )  # another model may have moved here
    return replace(checkpoint, known_names=whole) if is_same else checkpoint


def write_known_names(path: Path, known: KnownSet) -> None:
    """Write the digests of a list as a file of their own, whole or not at all. Raises OutputError."""
    write_tensors(path, {KNOWN_NAMES: known.numbers}, {"kind": KIND})


def read_known_names(path: Path) -> KnownSet:
    """The way back.

    Raises:
        CheckpointError: not such a file, damaged, or with anything else in it.
    """
    tensors, plain = read_tensors(path)
    known = tensors.get(KNOWN_NAMES, np.zeros(0))
    if plain != {"kind": KIND} or set(tensors) != {KNOWN_NAMES}:
        reason = f"it holds something else than {KNOWN_NAMES} alone"
    elif known.dtype != np.uint64 or known.ndim != 1:
        reason = f"{KNOWN_NAMES} is not a list of digests"
    elif not (known[:-1] < known[1:]).all():  # they are looked up by halves
        reason = f"the digests of {KNOWN_NAMES} do not stand in rising order, each once"
    else:
        return KnownSet(known)
    raise CheckpointError(
        f"{path} does not hold the known names of a model ({reason}): take another copy of the file"
    )


METADATA_KEY = "namegen"  # the only one in the header beside the tensors: the document, as one text
FORMAT_VERSION = 9
# Bytes: 25 million parameters with the state of their training. What is read lies in memory twice, and so within 1 GB.
LARGEST_FILE = 400_000_000


def write_tensors(
    path: Path | str,
    tensors: Mapping[str, Array],
    document: Mapping[str, object],
    *,
    largest: int = LARGEST,
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
    arrays = {
        name: np.ascontiguousarray(values).reshape(np.shape(values))
        for name, values in tensors.items()
    }
    document = {"format_version": FORMAT_VERSION, **document}
    text = to_json({**document, "checksum": checksum(arrays, document)})
    if (
        len(json.dumps(text, ensure_ascii=False).encode()) > 0.9 * largest
    ):  # a part for what the header says of tensors
        raise OutputError(
            f"{short(path)} would describe itself in more than {largest:,} bytes, the most that is read: take a list "
            "with fewer labels or fewer different characters"
        )
    if (
        sum(values.nbytes for values in arrays.values()) + len(text) > 0.99 * LARGEST_FILE
    ):  # a part for the header
        raise OutputError(
            f"{short(path)} would have more than {LARGEST_FILE:,} bytes, the most that is read: take a smaller network"
        )
    write_whole(path, save_safetensors(arrays, metadata={METADATA_KEY: text}))


def read_tensors(
    path: Path | str, *, largest: int = LARGEST
) -> tuple[dict[str, Array], dict[str, Json]]:
    """Read what ``write_tensors`` wrote, the checksum verified.

    Args:
        path: the file.
        largest: bytes of its header, with the document.

    Raises:
        CheckpointError: no such file, not such a file, cut short, changed, or of another format version.
    """
    try:
        content = read_whole(path, LARGEST_FILE)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise CheckpointError(f"cannot read {path}: {reason_of(error)}") from error
    text = _document_text(path, content, largest)
    damaged = CheckpointError(
        f"{path} is damaged: its checksum does not fit; take another copy of the file"
    )
    try:
        document = read_object(text, largest=largest)
    except ValueError:
        raise damaged from None
    found, version = document.pop("checksum", None), document.pop("format_version", None)
    if type(version) is not int:
        raise damaged
    if version != FORMAT_VERSION:
        advice = "update namegen" if version > FORMAT_VERSION else "make it anew"
        raise CheckpointError(
            f"{path} has the format version {version}; this namegen reads {FORMAT_VERSION}: {advice}"
        )
    stamped = {"format_version": version, **document}
    try:
        tensors = load_safetensors(content)
        sound = text == to_json({**stamped, "checksum": found}) and found == checksum(
            tensors, stamped
        )
    except (SafetensorError, ValueError, KeyError, TypeError):
        raise damaged from None
    if not sound:
        raise damaged
    return tensors, document


def to_json(document: Mapping[str, object]) -> str:
    """The one text of a document: keys sorted, no spaces, so that equal documents are equal texts."""
    return json.dumps(
        document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def checksum(tensors: Mapping[str, Array], document: Mapping[str, object]) -> str:
    """BLAKE2b (32 bytes, hexadecimal) over names, dtypes, shapes and bytes of the tensors, and the document."""
    digest = blake2b(digest_size=32)
    for name in sorted(tensors):
        values = tensors[name]
        digest.update(f"{name}\0{values.dtype.str}\0{values.shape}\0".encode())
        digest.update(np.ascontiguousarray(values).data if values.ndim else values.tobytes())
    digest.update(to_json(document).encode())
    return digest.hexdigest()


def _document_text(path: Path | str, content: bytes, largest: int) -> str:
    """The JSON text in the header. The header may be padded with spaces only, so that no byte is free to change."""
    foreign = f"{path} is not a model file of namegen (a .safetensors that `namegen train` made, or a .tflite file)"
    length = int.from_bytes(content[:8], "little")
    header = content[8 : 8 + length]
    if not content:
        raise CheckpointError(f"{path} is empty: take another copy of the file")
    if len(content) < 8 or not header.startswith(b"{"):
        raise CheckpointError(f"{foreign}: give another file")
    if len(header) < length:
        raise CheckpointError(f"{path} is cut short: take another copy of the file")
    try:
        metadata = from_plain(dict[str, str], read_object(header, largest=largest)["__metadata__"])
        if not re.fullmatch(rb"\{.*\} *", header) or metadata.keys() != {METADATA_KEY}:
            raise ValueError("bytes behind its end, or another text")
    except (ValueError, KeyError):
        raise CheckpointError(f"{foreign}, or it is damaged: give another file") from None
    return metadata[METADATA_KEY]
