"""What a .tflite file contains, how it's written, and how it's read back safely.

**The file** is a flatbuffer, followed by its BLAKE2b hash (32 bytes), which detects damage and is ignored by other
programs. The flatbuffer's metadata table has an entry for everything that namegen needs to read a file:

    namegen               the description, as JSON: the format, the model's metadata, and how the weights are stored
    namegen.known_names   hashes of the training names, as ``KnownSet.to_bytes`` writes them
    rnn.0.kernel, …       the weights, named as in ``weights.py``; those in int8 also have ``rnn.0.kernel.scales``

**Reading** doesn't trust the file. LiteRT is compiled code that follows any offset, so a forged file can crash the
process or worse. namegen therefore never passes it a file. It reads the entries above, with a reader in Python that can
only raise an error, checks them, and builds the operators again from the description. A forged file can still have
wrong weights, but nothing else.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path
from textwrap import shorten
from typing import Literal, TypeAlias, cast

import numpy as np

from namegen.backends.opening import find_architecture
from namegen.backends.tflite.graph import ANY, FLOAT32, INT32, File, Weight
from namegen.backends.tflite.layers import OPERATIONS, network_step
from namegen.backends.tflite.litert import schema
from namegen.backends.tflite.sampling_loop import add_sampling_loop
from namegen.backends.tflite.weights import are_finite, pieces, read_weight, stored
from namegen.core.checkpoint.checkpoint import Checkpoint
from namegen.core.checkpoint.metadata import Metadata, read_metadata
from namegen.core.checkpoint.tensor_file import to_json
from namegen.core.data.normalization import KnownSet
from namegen.core.network.architecture import RecurrentNetwork, exportable
from namegen.documents import Json, from_plain, read_object, to_plain
from namegen.errors import CheckpointError, NamegenError, OutputError

DESCRIPTION = "namegen"  # names of metadata entries
KNOWN_NAMES = "namegen.known_names"
FORMAT = "namegen tflite"
FORMAT_VERSION = 13
HASH_SIZE = 32  # bytes
LONGEST_REASON = 300  # of an error message, in characters

Quantize: TypeAlias = Literal["none", "float16", "int8"]


@dataclass(frozen=True)
class Description:
    """The description of a file."""

    format: str
    format_version: int
    quantize: Quantize
    half: tuple[str, ...]  # the parameters in half precision
    metadata: Mapping[str, Json]  # the model's metadata, except for the known names


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
    with np.errstate(all="ignore"):  # NaN is noticed below
        weights = {
            piece.name: stored(checkpoint.parameters[piece.parameter], piece)
            for piece in pieces(network, quantize, half)
        }
    if not are_finite(weights.values()):
        raise OutputError("the model has weights that are NaN or infinite: train it again")
    return Contents(checkpoint.to_export(), cast(Quantize, quantize), weights, tuple(half))


def to_bytes_of(contents: Contents) -> bytes:
    """Write the whole file.

    Its signatures are ``generate``, ``step`` and ``vocabulary``. ``generate`` is the first subgraph, because that's
    what programs call if they don't choose a signature.
    """
    metadata = contents.metadata
    network = contents.network
    file = File()
    # 1. What namegen reads: the description, the known names and the weights.
    description = Description(
        format=FORMAT,
        format_version=FORMAT_VERSION,
        quantize=contents.quantize,
        half=contents.half,
        metadata=replace(metadata, known_names=None).to_plain(),
    )
    file.add_metadata(DESCRIPTION, to_json(to_plain(description)).encode())
    if metadata.known_names is not None:
        file.add_metadata(KNOWN_NAMES, metadata.known_names.to_bytes())
    for name, weight in contents.weights.items():
        file.add_weight(name, weight)

    # 2. The signature "generate": uniform random numbers → names.
    add_sampling_loop(file, network, metadata.start_tokens)

    # 3. The signature "step": tokens and states → logits and new states.
    step = file.add_graph("step")
    tokens = step.tensor(INT32, (ANY,), name="tokens")
    state = {
        f"state_{k}": step.tensor(FLOAT32, (ANY, width), name=f"state_{k}")
        for k, width in enumerate(network.state_widths)
    }
    logits, after = network_step(step, network, tokens, list(state.values()))
    outputs = {"logits": logits, **dict(zip(state, after, strict=True))}
    file.add_signature(step, {"tokens": tokens, **state}, outputs)

    # 4. The signature "vocabulary", which has no inputs.
    vocabulary = file.add_graph("vocabulary")
    code_points = vocabulary.constant(metadata.vocabulary.code_points)
    file.add_signature(vocabulary, {}, {"code_points": code_points})
    return with_hash(file.to_bytes())


def with_hash(flatbuffer: bytes) -> bytes:
    """Append the hash that detects damage."""
    return flatbuffer + blake2b(flatbuffer, digest_size=HASH_SIZE).digest()


def read_contents(content: bytes, path: Path | str) -> Contents:
    """Read and check what a file contains.

    Args:
        content: the whole file.
        path: the file's name in error messages.

    Raises:
        CheckpointError: the file is damaged, has another format version, or wasn't written by namegen.
    """
    # 1. Read the description. In a file of another program, anything can be missing or wrong.
    try:
        entries = read_entries(content)
        document = read_object(entries[DESCRIPTION])
        version = document["format_version"]
        if document["format"] != FORMAT or not isinstance(version, int):
            raise ValueError("another format")
    except Exception as error:  # the reader raises many kinds of errors if an offset is wrong
        raise CheckpointError(
            f"{path} is not a .tflite of namegen, or it's damaged: use a file that namegen export-tflite has written"
        ) from error
    # 2. Check its version first, because other versions may have other hashes.
    if version != FORMAT_VERSION:
        advice = "update namegen" if version > FORMAT_VERSION else "export the model again"
        raise CheckpointError(
            f"{path} has the format version {version}, and this namegen reads version {FORMAT_VERSION}: {advice}"
        )
    if with_hash(content[:-HASH_SIZE]) != content:
        raise CheckpointError(
            f"{path} is damaged: take another copy of the file, or export it again"
        )
    # 3. Read the rest. A forged file also has a correct hash, so all parts have to fit together.
    try:
        description = from_plain(Description, document)
        metadata = read_metadata(description.metadata, find_architecture)
        network = exportable(metadata.network, OPERATIONS, "a .tflite")
        layout = pieces(network, description.quantize, description.half)
        weights = {piece.name: read_weight(entries, piece) for piece in layout}
        if not are_finite(weights.values()):
            raise CheckpointError("its weights are NaN or infinite")
        if KNOWN_NAMES in entries:
            known_names = KnownSet.read(entries[KNOWN_NAMES])
            metadata = replace(metadata, known_names=known_names)
    except (NamegenError, ValueError, KeyError) as error:
        reason = shorten(str(error), LONGEST_REASON, placeholder=" …")  # it may quote the file
        raise CheckpointError(
            f"{path} does not fit together: {reason}; take another copy of the file, or export it again"
        ) from error
    return Contents(metadata, description.quantize, weights, description.half)


def read_entries(content: bytes) -> dict[str, bytes]:
    """Read the metadata table of a flatbuffer. If the file is damaged, this can raise any error."""
    model = schema.Model.GetRootAsModel(content, 0)
    entries: dict[str, bytes] = {}
    for index in range(model.MetadataLength()):
        entry = model.Metadata(index)
        buffer = model.Buffers(entry.Buffer())
        entries[entry.Name().decode()] = buffer.DataAsNumpy().tobytes()
    return entries
