"""Contents: the parts that a ``.tflite`` is made of, the bytes that namegen writes of them, and the way back.

Whatever does not stand in a part follows from them: the same contents give the same bytes, on every machine and with
every version of LiteRT. Who changes what is written (``program.py``, ``graph.py``, ``flatbuffer.py``, ``weights.py``)
raises ``FORMAT_VERSION``; a test holds a file of the present one.

**At the end of the file** stand, one after the other, the description, the code points, the weights and the names
of the training list. The first and the last are entries of the file's metadata table, which other programs ignore. The
description is a JSON text, which begins

    {"checksum":"0123…64 hexadecimal digits","format":"namegen tflite","format_version":10,…

where the checksum is the BLAKE2b (32 bytes) of the file with the digits replaced by zeros. The names are as
``KnownSet.to_bytes`` writes them.

**Reading** trusts nothing. The LiteRT runtime is compiled code that follows a file's offsets and sizes as it finds
them: a forged one ends the process, or worse. So it is given none that is not, byte for byte, what namegen writes. Each
part is as long as the description says, and the file is long enough for it before it is taken. Then the file is written
again from its parts and must come out the same, its checksum included, so that one that is damaged is refused as well.
Nothing of the flatbuffer itself, no offset and no table, is ever followed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path
from textwrap import shorten
from typing import Literal

import numpy as np

from namegen.backends.opening import find_architecture
from namegen.backends.tflite.graph import File, Weight
from namegen.backends.tflite.layers import OPERATIONS
from namegen.backends.tflite.program import Program
from namegen.backends.tflite.weights import (
    FLOAT32,
    LARGEST_INT8,
    Piece,
    pieces,
    stays_finite,
    stored,
)
from namegen.core.checkpoint.checkpoint import Checkpoint, to_json
from namegen.core.checkpoint.metadata import Metadata, read_metadata
from namegen.core.data.normalization import KnownSet
from namegen.core.network.architecture import RecurrentNetwork, exportable
from namegen.documents import LARGEST, Json, from_plain, read_object, to_plain
from namegen.errors import CheckpointError, NamesError, OutputError, SettingsError
from namegen.types import Array

METADATA_NAME, KNOWN_NAMES = "namegen", "namegen.known_names"
FORMAT, FORMAT_VERSION = "namegen tflite", 11
BLANK = "0" * 64
HEAD = re.compile(
    rb'\{"checksum":"([0-9a-f]{64})","format":"'
    + FORMAT.encode()
    + rb'","format_version":(\d{1,9})[,}]'
)
CODE_POINT = np.dtype("<i4")
ALIGNMENT = 16  # bytes; the length of a part, 4 bytes, stands right before it
LONGEST_REASON = 300  # characters


@dataclass(frozen=True)
class TFLiteDocument:
    """The description. The first three fields also come first in the file, in the order of their letters.

    Attributes:
        checksum, format, format_version: see above.
        quantize: how the weights are stored.
        metadata: the model's metadata without its known names, which are stored separately.
        half: with ``float16`` the parameters that stand in half precision.
    """

    checksum: str
    format: str
    format_version: int
    quantize: Literal["none", "float16", "int8"]
    metadata: Mapping[str, Json]
    half: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Contents:
    """All that a file holds.

    Attributes:
        metadata: that of the model, its known names shortened.
        quantize: how the weights are stored.
        weights: by the names of ``weights.py``, in its order.
        half: the parameters in half precision.
    """

    metadata: Metadata
    quantize: Literal["none", "float16", "int8"]
    weights: Mapping[str, Weight]
    half: tuple[str, ...] = ()

    @property
    def network(self) -> RecurrentNetwork:
        """The shapes of the weights. Raises OutputError for another architecture or operation than a .tflite holds."""
        return exportable(self.metadata.network, OPERATIONS, "a .tflite")


def contents_of(checkpoint: Checkpoint, quantize: str, half: Collection[str] = ()) -> Contents:
    """The parts of a file for a checkpoint.

    Args:
        checkpoint: the network.
        quantize: ``none``; ``float16``; ``int8``, kernels of 1,024 numbers and more in 8 bits, with the range of what
            they are multiplied with taken at run time.
        half: the parameters in half precision.

    Raises:
        OutputError: another architecture or operation, or a parameter that is not finite, or too large.
    """
    network = exportable(checkpoint.network, OPERATIONS, "a .tflite")
    if not stays_finite(stored(checkpoint.parameters, pieces(network, "none"))):
        raise OutputError(
            "the model has weights that are NaN, infinite or so large that its logits are: train anew"
        )
    weights = stored(checkpoint.parameters, pieces(network, quantize, half))
    return Contents(checkpoint.to_export(), quantize, weights, tuple(half))  # type: ignore[arg-type]  # it is one of them


def to_bytes_of(contents: Contents) -> bytes:
    """The whole file, with its checksum."""
    file = File()
    metadata, known = contents.metadata, contents.metadata.known_names
    plain = replace(metadata, known_names=None).to_plain()
    document = TFLiteDocument(
        BLANK, FORMAT, FORMAT_VERSION, contents.quantize, plain, contents.half
    )
    file.add_metadata(METADATA_NAME, to_json(to_plain(document)).encode())
    code_points = Weight(metadata.vocabulary.code_points)
    for weight in (code_points, *contents.weights.values()):
        file.add_weight(weight)
    if known is not None:
        file.add_metadata(KNOWN_NAMES, known.to_bytes())
    Program(file, contents.network, contents.weights, metadata.beginnings).add_signatures(
        code_points
    )
    return seal(file.to_bytes())


def seal(content: bytes) -> bytes:
    """Fill in the checksum of a file whose description has a blank one."""
    blank = f'{{"checksum":"{BLANK}"'.encode()
    if content.count(blank) != 1:
        raise ValueError("the file must hold one description with a blank checksum")
    return content.replace(
        blank, f'{{"checksum":"{blake2b(content, digest_size=32).hexdigest()}"'.encode()
    )


def read_contents(content: bytes, path: Path | str) -> Contents:
    """The parts of a file that is what namegen writes of them.

    Args:
        content: the whole file.
        path: how error messages call it.

    Raises:
        CheckpointError: damaged, foreign, of another version, or anything else than what namegen writes.
    """
    description, end = read_description(content, path)
    try:
        document, tail = from_plain(TFLiteDocument, read_object(description)), Tail(content, end)
        metadata = read_metadata(document.metadata, find_architecture)
        network = exportable(metadata.network, OPERATIONS, "a .tflite")
        tail.take(CODE_POINT, (network.vocabulary_size,))  # they follow from the vocabulary
        layout = pieces(network, document.quantize, document.half)
        weights = {name: _weight(tail, piece) for name, piece in layout.items()}
        if not stays_finite(weights):
            raise CheckpointError("its weights are NaN, infinite or so large that its logits are")
        if (entry := tail.rest()) is not None:
            metadata = replace(metadata, known_names=_known_names(entry))
        contents = Contents(metadata, document.quantize, weights, document.half)
        if to_bytes_of(contents) != content:
            raise CheckpointError(
                "it is damaged, or not what namegen writes of its parts, so it is not run"
            )
    except (CheckpointError, NamesError, OutputError, SettingsError, ValueError) as error:
        words = shorten(str(error), LONGEST_REASON, placeholder=" …")  # it may quote the file
        raise CheckpointError(
            f"{path} does not fit together: {words}; take another copy of the file, or export it again"
        ) from error
    return contents


def _known_names(entry: bytes) -> KnownSet:
    try:
        return KnownSet.read(entry)
    except ValueError as error:
        raise CheckpointError(f"its known_names: {error}") from error


def read_description(content: bytes, path: Path | str) -> tuple[bytes, int]:
    """The description in a file, and the place where it ends. Raises CheckpointError as ``read_contents`` does."""
    heads = list(HEAD.finditer(content))
    if len(heads) != 1:
        raise CheckpointError(
            f"{path} is {'not a .tflite of namegen, or it is damaged' if content else 'empty'}: give a file that "
            "namegen export-tflite wrote"
        )
    version, start = int(heads[0][2]), heads[0].start()
    if version != FORMAT_VERSION:
        advice = "update namegen" if version > FORMAT_VERSION else "export the model again"
        raise CheckpointError(
            f"{path} has the format version {version}, and this namegen reads version {FORMAT_VERSION}: {advice}"
        )
    length = int.from_bytes(content[max(start - 4, 0) : start], "little")
    if length > min(LARGEST, len(content) - start):
        raise CheckpointError(
            f"{path} does not fit together: its description has no end; export it again"
        )
    return content[start : start + length], start + length


class Tail:
    """The parts at the end of a file, one after the other. The length before each is not read: when the file is written
    again, it must be the same.

    Args:
        content: the whole file.
        place: where the last part that is known ends.
    """

    def __init__(self, content: bytes, place: int) -> None:
        self.content, self.place = content, place

    def take(self, dtype: np.dtype[np.generic], shape: tuple[int, ...]) -> Array:
        """The numbers of the next part. Raises ValueError: the file ends before."""
        count, start = math.prod(shape), self._start()
        self.place = start + count * dtype.itemsize
        if self.place > len(self.content):
            raise ValueError("it is cut short")
        return np.frombuffer(self.content, dtype, count, start).reshape(shape)

    def rest(self) -> bytes | None:
        """The last part, to the end of the file; None where there is none."""
        return None if self.place == len(self.content) else self.content[self._start() :]

    def _start(self) -> int:
        """Of the next part, behind its length, which has 4 bytes."""
        return -(-(self.place + 4) // ALIGNMENT) * ALIGNMENT


def _weight(tail: Tail, piece: Piece) -> Weight:
    """The next piece. Of 8 bits −128 is refused: the runtime's products are made for −127 to 127."""
    values = tail.take(piece.dtype, piece.shape)
    if not piece.scales:
        return Weight(values)
    scales = tail.take(FLOAT32, (piece.scales,))
    if (values < -LARGEST_INT8).any():
        raise CheckpointError("some of its weights are out of range")
    if not (np.isfinite(scales) & (scales >= np.finfo(np.float32).tiny)).all():
        raise CheckpointError("some scales of its weights are not numbers above 0")
    return Weight(values, scales)
