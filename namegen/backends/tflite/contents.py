"""Contents: the parts that a ``.tflite`` is made of, the bytes that namegen writes of them, and the way back.

Whatever does not stand in a part follows from them: the same contents give the same bytes, on every machine and with
every version of LiteRT. Who changes what is written (``program.py``, ``graph.py``, ``flatbuffer.py``, ``weights.py``)
raises ``FORMAT_VERSION``; a test holds a file of the present one.

**At the end of the file** stand, one after the other, the description, the code points, the weights and the names
of the training list. The first and the last are entries of the file's metadata table, which other programs ignore. The
description is a JSON text, which begins

    {"checksum":"0123…64 hexadecimal digits","format":"namegen tflite","format_version":4,…

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
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from textwrap import shorten
from typing import Literal

import numpy as np

from namegen.backends.tflite.graph import File, Weight
from namegen.backends.tflite.program import CELLS, Program
from namegen.backends.tflite.weights import FLOAT32, LARGEST_INT8, Piece, pieces, stays_finite, stored
from namegen.core.data.labels import Beginnings
from namegen.core.data.sameness import KnownSet
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.network.architecture import RecurrentNetwork, exportable
from namegen.core.network.checkpoint import Checkpoint, Label, to_json
from namegen.documents import LARGEST, Count, Json, Temperature, from_plain, read_object, to_plain
from namegen.errors import CheckpointError, NamesError, OutputError, SettingsError
from namegen.types import Array, Float32

METADATA_NAME, KNOWN_NAMES = "namegen", "namegen.known_names"
FORMAT, FORMAT_VERSION = "namegen tflite", 4
OF_THE_FILE = ("format", "format_version", "checksum")  # in the description, beside the document
BLANK = "0" * 64
HEAD = re.compile(rb'\{"checksum":"([0-9a-f]{64})","format":"' + FORMAT.encode() + rb'","format_version":(\d{1,9})[,}]')
CODE_POINT = np.dtype("<i4")
ALIGNMENT = 16  # bytes; the length of a part, 4 bytes, stands right before it
LONGEST_REASON = 300  # characters


@dataclass(frozen=True)
class TFLiteDocument:
    """The description, beside what belongs to the file.

    Attributes:
        network: the shapes, as the architecture's own document has them.
        labels: of the list, in the order of their beginnings.
        longest_name: characters of the longest name of the list.
        quantize: how the weights are stored.
        temperature: what names are drawn with unless another is asked for.
        trained_by: the engine that trained the network; like every name here it sorts behind ``format_version``.
        ignored_endings: what does not count at the end of a name when it is told whether two are the same.
        probe: two rows of logits that it computed (``core/evaluation/evaluator.py``); none where one was not finite.
        half: with ``float16`` the parameters that stand in half precision.
        shapes: those of a short list's names, which new names have.
    """

    network: Mapping[str, Json]
    longest_name: Count
    quantize: Literal["none", "float16", "int8"]
    labels: tuple[Label, ...] = ()
    temperature: Temperature = 1.0
    trained_by: str = "numpy"
    ignored_endings: tuple[str, ...] = ()
    probe: tuple[tuple[float, ...], ...] = ()
    half: tuple[str, ...] = ()
    shapes: tuple[str, ...] = ()


def read_document(plain: Mapping[str, Json]) -> TFLiteDocument:
    """The description from plain values. Raises ValueError."""
    return from_plain(TFLiteDocument, {name: value for name, value in plain.items() if name not in OF_THE_FILE})


@dataclass(frozen=True, eq=False)
class Contents:
    """All that a file holds.

    Attributes:
        document: its description.
        network: that of the document.
        vocabulary: its characters.
        weights: by the names of ``weights.py``, in its order.
        known_names: the training names, shortened; None where it carries none.
    """

    document: TFLiteDocument
    network: RecurrentNetwork
    vocabulary: Vocabulary
    weights: Mapping[str, Weight]
    known_names: KnownSet | None

    @property
    def beginnings(self) -> Beginnings:
        """What names begin with, by how many names have each label."""
        return Beginnings.from_counts(self.vocabulary.size, [label.names for label in self.document.labels])

    @property
    def probe(self) -> Float32[Array, "2 V"] | None:
        """The logits that the source computed; None where there are none. Raises CheckpointError for another form."""
        rows = self.document.probe
        if not rows:
            return None
        if len(rows) != 2 or any(len(row) != self.vocabulary.size for row in rows):
            raise CheckpointError("its probe is not two rows of logits")
        return np.array(rows, np.float32)


def contents_of(checkpoint: Checkpoint, quantize: str, half: Collection[str] = ()) -> Contents:
    """The parts of a file for a checkpoint.

    Args:
        checkpoint: the network.
        quantize: ``none``; ``float16``; ``int8``, kernels of 1,024 numbers and more in 8 bits, with the range of what
            they are multiplied with taken at run time.
        half: the parameters in half precision; they must lose nothing by it.

    Raises:
        OutputError: another architecture or cell, or a parameter that is not finite, or too large.
    """
    network = exportable(checkpoint.network, CELLS, "a .tflite")
    probe = checkpoint.probe
    if probe is not None and not np.isfinite(probe).all():
        probe = None
    document = TFLiteDocument(
        network=network.to_dict(),
        labels=checkpoint.labels,
        longest_name=checkpoint.longest_name,
        quantize=quantize,  # type: ignore[arg-type]  # check_quantize has looked at it
        temperature=1.0 if checkpoint.drawing_temperature is None else checkpoint.drawing_temperature,
        trained_by=checkpoint.engine,
        ignored_endings=checkpoint.endings,
        # seven digits are what single precision has
        probe=() if probe is None else tuple(tuple(float(f"{value:.7g}") for value in row) for row in probe.tolist()),
        half=tuple(half),
        shapes=checkpoint.shapes,
    )
    if not stays_finite(stored(checkpoint.parameters, pieces(network, "none"))):
        raise OutputError(
            "the model has weights that are NaN, infinite or so large that its logits are: a .tflite holds finite "
            "numbers; train anew"
        )
    weights = stored(checkpoint.parameters, pieces(network, quantize, half))
    known = checkpoint.known_names
    return Contents(document, network, checkpoint.vocabulary, weights, None if known is None else known.short)


def to_bytes_of(contents: Contents) -> bytes:
    """The whole file, with its checksum."""
    file = File()
    description = to_json(
        {**to_plain(contents.document), "checksum": BLANK, "format": FORMAT, "format_version": FORMAT_VERSION}
    )
    file.describe(METADATA_NAME, description.encode())
    code_points = Weight(contents.vocabulary.code_points)
    for weight in (code_points, *contents.weights.values()):
        file.weight(weight)
    if contents.known_names is not None:
        file.describe(KNOWN_NAMES, contents.known_names.to_bytes())
    Program(file, contents.network, contents.weights, contents.beginnings).add_signatures(code_points)
    return seal(file.to_bytes())


def seal(content: bytes) -> bytes:
    """Fill in the checksum of a file whose description has a blank one."""
    blank = f'{{"checksum":"{BLANK}"'.encode()
    if content.count(blank) != 1:
        raise ValueError("the file must hold one description with a blank checksum")
    return content.replace(blank, f'{{"checksum":"{blake2b(content, digest_size=32).hexdigest()}"'.encode())


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
        contents = _contents(read_object(description), Tail(content, end))
        if to_bytes_of(contents) != content:
            raise CheckpointError("it is damaged, or not what namegen writes of its parts, so it is not run")
    except (CheckpointError, NamesError, OutputError, SettingsError, ValueError, OverflowError) as error:
        words = shorten(str(error), LONGEST_REASON, placeholder=" …")  # it may quote the file
        raise CheckpointError(
            f"{path} does not fit together: {words}; take another copy of the file, or export it again"
        ) from error
    return contents


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
        raise CheckpointError(f"{path} does not fit together: its description has no end; export it again")
    return content[start : start + length], start + length


class Tail:
    """The parts at the end of a file, one after the other.

    Args:
        content: the whole file.
        place: where the last part that is known ends.
    """

    def __init__(self, content: bytes, place: int) -> None:
        self.content, self.place = content, place

    def take(self, dtype: np.dtype[np.generic], shape: tuple[int, ...], *, is_counted: bool = False) -> Array:
        """The next part.

        Args:
            dtype: of its numbers.
            shape: theirs.
            is_counted: whether its length stands before it in numbers, and not in bytes.

        Raises:
            CheckpointError: there is another part, or none.
        """
        count = math.prod(shape)
        start = self._start()
        length = count * dtype.itemsize
        if length > len(self.content) - start or self._length(start) != (count if is_counted else length):
            raise CheckpointError("its weights are not those of its network")
        self.place = start + length
        return np.frombuffer(self.content, dtype, count, start).reshape(shape)

    def rest(self) -> bytes | None:
        """What is left: a part to the end of the file; None where nothing is left."""
        if self.place == len(self.content):
            return None
        start = self._start()
        if self._length(start) != len(self.content) - start:
            raise CheckpointError("it does not end where it should")
        return self.content[start:]

    def _start(self) -> int:
        """Of the next part, behind its length."""
        return -(-(self.place + 4) // ALIGNMENT) * ALIGNMENT

    def _length(self, start: int) -> int:
        return int.from_bytes(self.content[start - 4 : start], "little")


def _contents(plain: Mapping[str, Json], tail: Tail) -> Contents:
    document = read_document(plain)
    network = exportable(RecurrentNetwork.from_dict(document.network), CELLS, "a .tflite")
    if len(document.labels) != network.labels:
        raise CheckpointError("its labels do not fit its network")
    code_points = tail.take(CODE_POINT, (network.vocabulary_size,))
    vocabulary = Vocabulary("".join(map(chr, code_points[1:].tolist())))
    weights = {name: _weight(tail, piece) for name, piece in pieces(network, document.quantize, document.half).items()}
    if not stays_finite(weights):
        raise CheckpointError("its weights are NaN, infinite or so large that its logits are")
    entry = tail.rest()
    return Contents(document, network, vocabulary, weights, None if entry is None else KnownSet.read(entry))


def _weight(tail: Tail, piece: Piece) -> Weight:
    """The next piece. Of 8 bits −128 is refused: the runtime's products are made for −127 to 127."""
    values = tail.take(piece.dtype, piece.shape)
    if not piece.scales:
        return Weight(values)
    scales = tail.take(FLOAT32, (piece.scales,), is_counted=True)
    if (values < -LARGEST_INT8).any():
        raise CheckpointError("some of its weights are out of range")
    if not (np.isfinite(scales) & (scales >= np.finfo(np.float32).tiny)).all():
        raise CheckpointError("some scales of its weights are not numbers above 0")
    return Weight(values, scales)
