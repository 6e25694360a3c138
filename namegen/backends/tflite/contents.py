"""What a .tflite file contains, how it's written, and how it's read back safely.

The same contents give the same bytes, on every machine and with every version of LiteRT. If you change the bytes (in
any module of this folder), increase ``FORMAT_VERSION``. A test compares hashes of files in the current format.

**The end of the file** contains the description, the code points, the weights and the hashes of the training names,
in this order. The description and the hashes are entries of the file's metadata table, which other programs ignore.
The hashes are written by ``KnownSet.to_bytes``. The description is JSON that starts like this:

    {"checksum":"0123… (64 hexadecimal digits)","format":"namegen tflite","format_version":11,…

The checksum is the file's BLAKE2b hash (32 bytes), computed with zeros in place of the digits.

**Reading** doesn't trust the file. LiteRT is compiled code that follows any offset in a file, so a forged file can
crash the process or worse. namegen therefore never follows an offset of the flatbuffer. It reads the description,
takes each part at the end of the file with the length that follows from the description, and writes the file again
from these parts. Only an identical file, checksum included, is passed to LiteRT. This also detects damage.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path
from textwrap import shorten
from typing import Literal, TypeAlias, cast

import numpy as np

from namegen.backends.opening import find_architecture
from namegen.backends.tflite.graph import File, Weight
from namegen.backends.tflite.layers import OPERATIONS
from namegen.backends.tflite.program import Program
from namegen.backends.tflite.weights import (
    FLOAT32,
    LARGEST_INT8,
    SMALLEST_SCALE,
    Piece,
    pieces,
    stays_finite,
    stored,
)
from namegen.core.checkpoint.checkpoint import Checkpoint
from namegen.core.checkpoint.metadata import Metadata, read_metadata
from namegen.core.checkpoint.tensor_file import to_json
from namegen.core.data.normalization import KnownSet
from namegen.core.network.architecture import RecurrentNetwork, exportable
from namegen.documents import LARGEST, Json, from_plain, read_object, to_plain
from namegen.errors import CheckpointError, NamesError, OutputError, SettingsError
from namegen.types import Array

DESCRIPTION = "namegen"  # names of metadata entries
KNOWN_NAMES = "namegen.known_names"
FORMAT = "namegen tflite"
FORMAT_VERSION = 12
BLANK = "0" * 64  # takes the place of the checksum while it's computed
HEAD = re.compile(  # how a description starts
    rb'\{"checksum":"([0-9a-f]{64})","format":"'
    + FORMAT.encode()
    + rb'","format_version":(\d{1,9})[,}]'
)
CODE_POINT = np.dtype("<i4")
ALIGNMENT = 16  # of each part at the end of the file, in bytes
LENGTH_SIZE = 4  # bytes; the length of a part is right before it
LONGEST_REASON = 300  # of an error message, in characters

Quantize: TypeAlias = Literal["none", "float16", "int8"]


@dataclass(frozen=True)
class TFLiteDocument:
    """The description. In the file, its fields are in alphabetical order."""

    checksum: str
    format: str
    format_version: int
    quantize: Quantize
    metadata: Mapping[str, Json]  # the model's metadata, except for the known names
    half: tuple[str, ...]  # the parameters in half precision


@dataclass(frozen=True, eq=False)
class Contents:
    """Everything that a file contains."""

    metadata: Metadata  # of the model; its known names are shortened hashes
    quantize: Quantize
    weights: Mapping[str, Weight]  # named as in ``weights.py``, and in its order
    half: tuple[str, ...] = ()  # the parameters in half precision

    @property
    def network(self) -> RecurrentNetwork:
        """The shapes of the weights.

        Raises:
            OutputError: a .tflite can't contain this architecture, or an operation of the cell.
        """
        return exportable(self.metadata.network, OPERATIONS, "a .tflite")


def contents_of(checkpoint: Checkpoint, quantize: str, half: Collection[str] = ()) -> Contents:
    """Convert a checkpoint to the contents of a file.

    Args:
        checkpoint: the trained network.
        quantize: ``none``, ``float16`` or ``int8``. With ``int8``, kernels of at least 1,024 weights are stored in
            8 bits, and the runtime also rounds what they're multiplied with to 8 bits.
        half: the parameters in half precision.

    Raises:
        OutputError: a .tflite can't contain this architecture or an operation of the cell, or a parameter isn't finite
            or is too large.
    """
    network = exportable(checkpoint.network, OPERATIONS, "a .tflite")
    _check_finite(checkpoint, network)
    weights = stored(checkpoint.parameters, pieces(network, quantize, half))
    return Contents(checkpoint.to_export(), cast(Quantize, quantize), weights, tuple(half))


def _check_finite(checkpoint: Checkpoint, network: RecurrentNetwork) -> None:
    """Raise OutputError if a network's weights are so large that its logits may overflow."""
    unquantized = stored(checkpoint.parameters, pieces(network, "none"))
    if not stays_finite(unquantized):
        raise OutputError(
            "the model has weights that are NaN, infinite or so large that its logits are: train it again"
        )


def to_bytes_of(contents: Contents) -> bytes:
    """Write the whole file, checksum included. The order in which its parts are added determines their order."""
    file = File()
    metadata = contents.metadata
    description = to_json(to_plain(_describe(contents)))
    file.add_metadata(DESCRIPTION, description.encode())
    code_points = Weight(metadata.vocabulary.code_points)
    file.add_weight(code_points)
    for weight in contents.weights.values():
        file.add_weight(weight)
    if metadata.known_names is not None:
        file.add_metadata(KNOWN_NAMES, metadata.known_names.to_bytes())
    program = Program(file, contents.network, contents.weights, metadata.start_tokens)
    program.add_signatures(code_points)
    return seal(file.to_bytes())


def _describe(contents: Contents) -> TFLiteDocument:
    """Create the description of a file, with a blank checksum."""
    return TFLiteDocument(
        checksum=BLANK,
        format=FORMAT,
        format_version=FORMAT_VERSION,
        quantize=contents.quantize,
        metadata=replace(contents.metadata, known_names=None).to_plain(),
        half=contents.half,
    )


def seal(content: bytes) -> bytes:
    """Fill in the checksum of a file that has a blank one.

    Raises:
        ValueError: the file doesn't contain exactly one blank checksum.
    """
    blank = _checksum_field(BLANK)
    if content.count(blank) != 1:
        raise ValueError("the file must contain exactly one description with a blank checksum")
    checksum = blake2b(content, digest_size=32).hexdigest()
    return content.replace(blank, _checksum_field(checksum))


def _checksum_field(checksum: str) -> bytes:
    """Format the first field of a description."""
    return f'{{"checksum":"{checksum}"'.encode()


def read_contents(content: bytes, path: Path | str) -> Contents:
    """Read a file, if it's exactly what namegen writes.

    Args:
        content: the whole file.
        path: the file's name in error messages.

    Raises:
        CheckpointError: the file is damaged, has another format version, or wasn't written by namegen.
    """
    description, end = read_description(content, path)
    try:
        contents = _parse(description, Tail(content, end))
        if to_bytes_of(contents) != content:
            raise CheckpointError("it's damaged, or not what namegen writes, so it isn't run")
    except (CheckpointError, NamesError, OutputError, SettingsError, ValueError) as error:
        reason = shorten(str(error), LONGEST_REASON, placeholder=" …")  # it may quote the file
        raise CheckpointError(
            f"{path} does not fit together: {reason}; take another copy of the file, or export it again"
        ) from error
    return contents


def _parse(description: bytes, tail: Tail) -> Contents:
    """Read the contents of a file from its description and from the parts at its end."""
    document = from_plain(TFLiteDocument, read_object(description))
    metadata = read_metadata(document.metadata, find_architecture)
    network = exportable(metadata.network, OPERATIONS, "a .tflite")
    tail.take(CODE_POINT, (network.vocabulary_size,))  # skipped: the description has the vocabulary
    weights = _read_weights(tail, pieces(network, document.quantize, document.half))
    known_names = tail.rest()
    if known_names is not None:
        metadata = replace(metadata, known_names=_read_known_names(known_names))
    return Contents(metadata, document.quantize, weights, document.half)


def _read_weights(tail: Tail, layout: Mapping[str, Piece]) -> dict[str, Weight]:
    """Read all weights from the end of a file, in the order of the layout.

    Raises:
        CheckpointError: their values can't be what namegen has written.
    """
    weights = {name: _read_weight(tail, piece) for name, piece in layout.items()}
    if not stays_finite(weights):
        raise CheckpointError("its weights are NaN, infinite or so large that its logits are")
    return weights


def _read_known_names(entry: bytes) -> KnownSet:
    """Read the hashes of the training names."""
    try:
        return KnownSet.read(entry)
    except ValueError as error:
        raise CheckpointError(f"its known_names: {error}") from error


def read_description(content: bytes, path: Path | str) -> tuple[bytes, int]:
    """Find the description in a file.

    Args:
        content: the whole file.
        path: the file's name in error messages.

    Returns:
        The description, and the position where it ends.

    Raises:
        CheckpointError: there's no description, more than one, or one of another format version.
    """
    start = _find_start(content, path)
    length_field = content[max(start - LENGTH_SIZE, 0) : start]
    length = int.from_bytes(length_field, "little")
    if length > min(LARGEST, len(content) - start):
        raise CheckpointError(
            f"{path} does not fit together: its description has no end; export it again"
        )
    end = start + length
    return content[start:end], end


def _find_start(content: bytes, path: Path | str) -> int:
    """Find where the only description in a file starts, and check its format version."""
    heads = list(HEAD.finditer(content))
    if len(heads) != 1:
        problem = "not a .tflite of namegen, or it's damaged" if content else "empty"
        raise CheckpointError(
            f"{path} is {problem}: use a file that namegen export-tflite has written"
        )
    version = int(heads[0][2])
    if version != FORMAT_VERSION:
        advice = "update namegen" if version > FORMAT_VERSION else "export the model again"
        raise CheckpointError(
            f"{path} has the format version {version}, and this namegen reads version {FORMAT_VERSION}: {advice}"
        )
    return heads[0].start()


@dataclass
class Tail:
    """Reads the parts at the end of a file, one after the other.

    It ignores the length before each part. If a length is wrong, the file differs from the one that's written again.
    """

    content: bytes  # the whole file
    end: int  # of the last part that was read

    def take(self, dtype: np.dtype[np.generic], shape: tuple[int, ...]) -> Array:
        """Read the next part. Raises ValueError if the file is too short."""
        count = math.prod(shape)
        start = self._next_start()
        self.end = start + count * dtype.itemsize
        if self.end > len(self.content):
            raise ValueError("it is cut short")
        return np.frombuffer(self.content, dtype, count, start).reshape(shape)

    def rest(self) -> bytes | None:
        """Read the last part, up to the end of the file; None if there's no further part."""
        if self.end == len(self.content):
            return None
        return self.content[self._next_start() :]

    def _next_start(self) -> int:
        """Compute where the next part starts: after its length, at a multiple of the alignment."""
        blocks = math.ceil((self.end + LENGTH_SIZE) / ALIGNMENT)
        return blocks * ALIGNMENT


def _read_weight(tail: Tail, piece: Piece) -> Weight:
    """Read the next weight. Raises CheckpointError for values that LiteRT's products don't support."""
    values = tail.take(piece.dtype, piece.shape)
    if piece.scales == 0:
        return Weight(values)
    scales = tail.take(FLOAT32, (piece.scales,))
    if (values < -LARGEST_INT8).any():  # −128
        raise CheckpointError("some of its weights are out of range")
    is_valid = np.isfinite(scales) & (scales >= SMALLEST_SCALE)
    if not is_valid.all():
        raise CheckpointError("some scales of its weights are not numbers above 0")
    return Weight(values, scales)
