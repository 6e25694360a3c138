"""The parts of a ``.tflite`` that may come from anybody, read without trusting it.

The LiteRT runtime is compiled code that follows a file's offsets and sizes as it finds them: a forged one ends the
process, or worse. So it is given none that is not, byte for byte, what namegen writes. The parts are read from the end
of the file, where they stand one after the other; each is as long as the description says, and the file is long enough
for it before it is taken. Then the file is written again from its parts and must come out the same. Nothing of the
flatbuffer itself, no offset and no table, is ever followed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from textwrap import shorten

import numpy as np

from namegen.backends.tflite.contents import Contents, to_bytes_of
from namegen.backends.tflite.document import read_document
from namegen.backends.tflite.graph import Weight
from namegen.backends.tflite.known_names import from_bytes
from namegen.backends.tflite.seal import unseal
from namegen.backends.tflite.weights import FLOAT32, LARGEST_INT8, Piece, pieces, stays_finite
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.network.recurrent_network import RecurrentNetwork, exportable
from namegen.core.settings import CELLS
from namegen.documents import Json
from namegen.errors import CheckpointError, NamesError, OutputError, SettingsError
from namegen.types import Array

CODE_POINT = np.dtype("<i4")
ALIGNMENT = 16  # bytes; the length of a part, 4 bytes, stands right before it
LONGEST_REASON = 300  # characters


def read_contents(content: bytes, path: Path | str) -> Contents:
    """The parts of a file that is what namegen writes of them.

    Args:
        content: the whole file.
        path: how error messages call it.

    Raises:
        CheckpointError: damaged, foreign, of another version, or anything else than what namegen writes.
    """
    unsealed = unseal(content, path)
    try:
        contents = _contents(unsealed.plain, Tail(content, unsealed.end))
        if to_bytes_of(contents) != content:
            raise CheckpointError("it is not what namegen writes of its weights, so it is not run")
    except (CheckpointError, NamesError, OutputError, SettingsError, ValueError, OverflowError) as error:
        words = shorten(str(error), LONGEST_REASON, placeholder=" …")  # it may quote the file
        raise CheckpointError(f"{path} does not fit together: {words}; export it again") from error
    return contents


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
    layout = pieces(network, document.quantize, document.half)
    weights = {name: _weight(tail, piece) for name, piece in layout.items()}
    if not stays_finite(weights):
        raise CheckpointError("its weights are NaN, infinite or so large that its logits are")
    known = tail.rest()
    return Contents(document, network, vocabulary, weights, None if known is None else from_bytes(known))


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
