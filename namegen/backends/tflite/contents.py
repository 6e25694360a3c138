"""Contents: the parts that a ``.tflite`` is made of, and the bytes that namegen writes of them.

Whatever does not stand in a part follows from them: the same contents give the same bytes, on every machine and with
every version of LiteRT. ``reading.py`` relies on that. Who changes what is written (``program.py``, ``graph.py``,
``flatbuffer.py``, ``weights.py``) raises ``FORMAT_VERSION`` in ``seal.py``; a test holds a file of the present one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from namegen.backends.tflite.document import TFLiteDocument, plain_probe
from namegen.backends.tflite.graph import File, Weight
from namegen.backends.tflite.known_names import KNOWN_NAMES, to_bytes
from namegen.backends.tflite.program import CELLS, Program
from namegen.backends.tflite.seal import METADATA_NAME, blank_text, seal
from namegen.backends.tflite.weights import pieces, stays_finite, stored
from namegen.core.data.vocabulary import Beginnings, Vocabulary
from namegen.core.network.checkpoint import Checkpoint
from namegen.core.network.recurrent_network import RecurrentNetwork, exportable
from namegen.documents import to_plain
from namegen.errors import OutputError
from namegen.types import Array, UInt64


@dataclass(frozen=True, eq=False)
class Contents:
    """All that a file holds.

    Attributes:
        document: its description.
        network: that of the document.
        vocabulary: its characters.
        weights: by the names of ``weights.py``, in its order.
        known_names: digests; None where it carries none.
    """

    document: TFLiteDocument
    network: RecurrentNetwork
    vocabulary: Vocabulary
    weights: Mapping[str, Weight]
    known_names: UInt64[Array, "known"] | None

    @property
    def beginnings(self) -> Beginnings:
        """What names begin with, by how many names have each label."""
        return Beginnings.from_counts(self.vocabulary.size, [label.names for label in self.document.labels])


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
    document = TFLiteDocument(
        network=network.to_dict(),
        labels=checkpoint.labels,
        longest_name=checkpoint.longest_name,
        quantize=quantize,  # type: ignore[arg-type]  # check_quantize has looked at it
        temperature=1.0 if checkpoint.drawing_temperature is None else checkpoint.drawing_temperature,
        trained_by=checkpoint.engine,
        ignored_endings=checkpoint.endings,
        probe=() if checkpoint.probe is None else plain_probe(checkpoint.probe),
        half=tuple(half),
    )
    layout = pieces(network, quantize, half)
    if not stays_finite(stored(checkpoint.parameters, pieces(network, "none"))):
        raise OutputError(
            "the model has weights that are NaN, infinite or so large that its logits are: a .tflite holds finite "
            "numbers; train anew"
        )
    weights = stored(checkpoint.parameters, layout)
    return Contents(document, network, checkpoint.vocabulary, weights, checkpoint.known_names)


def to_bytes_of(contents: Contents) -> bytes:
    """The whole file, sealed. At its end stand, in this order: description, code points, weights, known names."""
    file = File()
    file.describe(METADATA_NAME, blank_text(to_plain(contents.document)).encode())
    code_points = Weight(contents.vocabulary.code_points)
    for weight in (code_points, *contents.weights.values()):
        file.weight(weight)
    if contents.known_names is not None:
        file.describe(KNOWN_NAMES, to_bytes(contents.known_names))
    Program(file, contents.network, contents.weights, contents.beginnings).add_signatures(code_points)
    return seal(file.to_bytes())
