"""Checkpoint: a trained network with all that it needs to be used alone, in one ``.safetensors`` file with a checksum.

``write_tensors`` and ``read_tensors`` are what every file of tensors and a document goes through: checkpoints, known
names beside them, states of a training. ``docs/develop/checkpoint-format.md`` describes the file. Nothing in it is ever
executed, and a single changed byte is noticed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from pathlib import Path
from typing import Literal, TypeAlias, TypedDict, cast

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as load_safetensors
from safetensors.numpy import save as save_safetensors

from namegen.core.data.labels import Beginnings
from namegen.core.data.sameness import KnownSet, Sameness
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.network.architecture import Network, RecurrentNetwork, checked_tensors
from namegen.documents import (
    LARGEST,
    UNSET,
    Count,
    Json,
    Share,
    Size,
    Temperature,
    UnsetType,
    from_plain,
    read_object,
    to_plain,
)
from namegen.errors import CheckpointError, NamesError, OutputError, SettingsError, quote, short
from namegen.files import is_file, read_whole, write_whole
from namegen.types import Array, Float32, Float64

SCORE_QUANTILES, PROBE = "score_quantiles", "probe"
QUANTILES = 101
LARGEST_PARAMETER = 1e30  # far beyond what training reaches, and no sum of such products leaves float32
LONGEST_GIVEN = 1_000  # characters of a name, unless a longer limit is asked for

# From an architecture's name and the engine that trained it to its class; raises CheckpointError where nobody knows it.
Architectures: TypeAlias = Callable[[str, str], type[Network]]


def default_max_length(longest_name: int) -> int:
    """Characters of the longest name that a model gives unless another limit is asked for: twice its list's longest.

    >>> default_max_length(14)
    28
    """
    return min(2 * longest_name, LONGEST_GIVEN)


def own_architectures(name: str, engine: str) -> type[Network]:
    """The architectures of core itself: ``rnn``. Raises CheckpointError for any other."""
    if name == RecurrentNetwork.architecture:
        return RecurrentNetwork
    raise CheckpointError(
        f"it holds a network of the architecture {quote(name)}, trained by the engine {quote(engine)}: expected "
        f"{RecurrentNetwork.architecture}"
    )


@dataclass(frozen=True)
class Label:
    """A label of a list: a beginning of its own, and how many names have it."""

    name: str
    names: Count


class TrainingSummary(TypedDict, total=False):
    """What a checkpoint's ``training`` may say, each with its type and range; other keys are passed by."""

    list: str
    names: Count
    distinct_names: Count
    longest_name: Size
    split: str
    validation_share: Share
    test_share: Share
    backend: str
    settings: Mapping[str, Json]
    seed: Count
    epochs: Count
    best_epoch: Count
    training: Mapping[str, float | None] | None
    validation: Mapping[str, float | None] | None
    test: Mapping[str, float | None] | None
    known_names_file: str


def checked_summary(training: Mapping[str, Json]) -> TrainingSummary:
    """The summary that a document holds. Raises ValueError for a value of another type or range."""
    from_plain(TrainingSummary, {name: training[name] for name in TrainingSummary.__annotations__ if name in training})
    return cast(TrainingSummary, training)


@dataclass(frozen=True)
class CheckpointDocument:
    """What the file's JSON holds, beside the version and the checksum."""

    kind: Literal["checkpoint"]
    network: Mapping[str, Json]  # of which each architecture has a schema of its own
    vocabulary: str
    training: Mapping[str, Json]  # a TrainingSummary, and whatever else
    engine: str
    labels: tuple[Label, ...] = ()
    drawing_temperature: Temperature | UnsetType = UNSET
    endings: tuple[str, ...] = ()
    shapes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A trained network.

    Attributes:
        network, vocabulary, parameters: the network itself, parameters float32 by canonical name.
        training: how it came about: list, split, seed, epochs, losses, accuracies, longest name.
        known_names: the digests (``core/data/sameness.py``) of every distinct name of the list, held-out ones
            included; None where the model does not carry them.
        score_quantiles: log-probabilities in nats, the percentiles 0 to 100 of the list's own names.
        engine: which one trained it.
        probe: what it computed on fixed tokens (``core/evaluation/evaluator.py``), so that a reader that computes
            something else is found out; None: nothing can be checked.
        labels: those of the list, in the order of their beginnings.
        drawing_temperature: what names are drawn with unless another is asked for; None: 1.
        endings: what does not count at the end of a name when it is told whether two are the same
            (``core/data/sameness.py``); ``known_names`` are without them.
        shapes: those of a short list's names, in order, which new names have (``core/data/shapes.py``); (): any.
    """

    network: Network
    vocabulary: Vocabulary
    parameters: Mapping[str, Float32[Array, "..."]]
    training: TrainingSummary = field(default_factory=TrainingSummary)
    known_names: KnownSet | None = None
    score_quantiles: Float64[Array, "101"] | None = None
    engine: str = "numpy"
    probe: Float32[Array, "2 V"] | None = None
    labels: tuple[Label, ...] = ()
    drawing_temperature: float | None = None
    endings: tuple[str, ...] = ()
    shapes: tuple[str, ...] = ()

    @property
    def sameness(self) -> Sameness:
        """When two of its names are the same."""
        return Sameness(self.endings)

    @property
    def beginnings(self) -> Beginnings:
        """What its names begin with, by how many names of the list have each label; without labels the boundary."""
        return Beginnings.from_counts(self.vocabulary.size, [label.names for label in self.labels])

    @property
    def longest_name(self) -> int:
        """Characters of the longest name of the list that it was trained on."""
        return self.training.get("longest_name", 20)

    def save(self, path: Path) -> None:
        """Write the file, whole or not at all. Raises OutputError."""
        tensors = {name: np.asarray(values, np.float32) for name, values in self.parameters.items()}
        digests = None if self.known_names is None else self.known_names.numbers
        beside = {KNOWN_NAMES: digests, SCORE_QUANTILES: self.score_quantiles, PROBE: self.probe}
        tensors |= {name: values for name, values in beside.items() if values is not None}
        document = CheckpointDocument(
            kind="checkpoint",
            network=self.network.to_dict(),
            vocabulary=self.vocabulary.characters,
            training=cast(Mapping[str, Json], dict(self.training)),
            engine=self.engine,
            labels=self.labels,
            drawing_temperature=UNSET if self.drawing_temperature is None else self.drawing_temperature,
            endings=self.endings,
            shapes=self.shapes,
        )
        write_tensors(path, tensors, to_plain(document))

    @classmethod
    def load(cls, path: Path, architectures: Architectures = own_architectures) -> Checkpoint:
        """Read a checkpoint and check that everything fits together.

        Args:
            path: the file.
            architectures: those that it may have.

        Raises:
            CheckpointError: damaged, foreign, of a newer format, of an unknown architecture, or tensors that do not fit
                the description.
        """
        tensors, plain = read_tensors(path)
        if plain.get("kind") != "checkpoint":
            raise CheckpointError(
                f"{path} holds a {quote(str(plain.get('kind')))}, not a model: give a model.safetensors file"
            )
        try:
            document = from_plain(CheckpointDocument, plain)
            training = checked_summary(document.training)
        except ValueError as error:
            raise _unfit(path, error) from error
        try:
            architecture = architectures(str(document.network.get("architecture")), document.engine)
        except CheckpointError as error:
            raise CheckpointError(f"{path} cannot be read here: {error}") from error
        try:
            network = architecture.from_dict(document.network)
            vocabulary = Vocabulary(document.vocabulary)
            known, quantiles, probe = (tensors.pop(name, None) for name in (KNOWN_NAMES, SCORE_QUANTILES, PROBE))
            parameters, _ = checked_tensors(network, tensors, ())
            if network.vocabulary_size != vocabulary.size:
                raise CheckpointError(
                    f"the network has {network.vocabulary_size} outputs and the vocabulary {vocabulary.size} ids"
                )
            if network.labels != len(document.labels):
                raise CheckpointError(f"the network has {network.labels} labels and the file {len(document.labels)}")
            if any(values.dtype != np.float32 for values in parameters.values()) or set(tensors) != set(parameters):
                raise CheckpointError("it holds tensors that a network of float32 parameters does not have")
            if not all((np.abs(values) <= LARGEST_PARAMETER).all() for values in parameters.values()):
                raise CheckpointError(f"a parameter is not a number, or beyond {LARGEST_PARAMETER:g}")
            if document.labels:
                Beginnings.from_counts(vocabulary.size, [label.names for label in document.labels])  # raises
            Sameness(document.endings)  # raises
            known_names = None if known is None else checked_known_names(known)
            _check_beside(quantiles, probe, vocabulary.size)
        except (CheckpointError, NamesError, SettingsError) as error:
            raise _unfit(path, error) from error
        temperature = None if isinstance(document.drawing_temperature, UnsetType) else document.drawing_temperature
        of_use = probe, document.labels, temperature, document.endings, document.shapes
        return cls(network, vocabulary, parameters, training, known_names, quantiles, document.engine, *of_use)


def _check_beside(quantiles: Array | None, probe: Array | None, vocabulary_size: int) -> None:
    """Raise CheckpointError for a tensor beside the parameters that has another form than it should."""
    if quantiles is not None and (quantiles.dtype != np.float64 or quantiles.shape != (QUANTILES,)):
        raise CheckpointError(f"{SCORE_QUANTILES} is not {QUANTILES} numbers")
    if quantiles is not None and not (np.isfinite(quantiles).all() and (quantiles[:-1] <= quantiles[1:]).all()):
        raise CheckpointError(f"{SCORE_QUANTILES} are not numbers in rising order")
    if probe is not None and (probe.dtype != np.float32 or probe.shape != (2, vocabulary_size)):
        raise CheckpointError(f"{PROBE} is not two rows of logits")


def _unfit(path: Path, error: Exception) -> CheckpointError:
    return CheckpointError(f"{path} does not fit together: {error}; take another copy of the file")


KNOWN_NAMES = "known_names"
KIND = "known names"


def read_model(path: Path, architectures: Architectures = own_architectures) -> Checkpoint:
    """Read a model file; digests that lie in a file of their own beside it are read too. Raises CheckpointError."""
    checkpoint = Checkpoint.load(path, architectures)
    named = checkpoint.training.get("known_names_file")
    if checkpoint.known_names is None and isinstance(named, str):
        beside = path.parent / Path(named).name
        if is_file(beside, CheckpointError):
            checkpoint = replace(checkpoint, known_names=read_known_names(beside))
    return checkpoint


def write_known_names(path: Path, known: KnownSet) -> None:
    """Write the digests of a list as a file of their own, whole or not at all. Raises OutputError."""
    write_tensors(path, {KNOWN_NAMES: known.numbers}, {"kind": KIND})


def read_known_names(path: Path) -> KnownSet:
    """The way back.

    Raises:
        CheckpointError: not such a file, damaged, or with anything else in it.
    """
    tensors, plain = read_tensors(path)
    try:
        if plain != {"kind": KIND} or set(tensors) != {KNOWN_NAMES}:
            raise CheckpointError(f"it holds something else than {KNOWN_NAMES} alone")
        return checked_known_names(tensors[KNOWN_NAMES])
    except CheckpointError as error:
        raise CheckpointError(
            f"{path} does not hold the known names of a model ({error}): take another copy of the file"
        ) from error


def checked_known_names(known: Array) -> KnownSet:
    """The tensor of a file as digests, which are looked up by halves and therefore stand in rising order.

    Raises:
        CheckpointError: another type or shape, or out of order.
    """
    if known.dtype != np.uint64 or known.ndim != 1:
        raise CheckpointError(f"{KNOWN_NAMES} is not a list of digests")
    if not (known[:-1] < known[1:]).all():
        raise CheckpointError(f"the digests of {KNOWN_NAMES} do not stand in rising order, each once")
    return KnownSet(known)


METADATA_KEY = "namegen"
FORMAT_VERSION = 2
# Bytes: 25 million parameters with the state of their training. What is read lies in memory twice, and so within 1 GB.
LARGEST_FILE = 400_000_000


@dataclass(frozen=True)
class TensorEntry:
    """What the header says of a tensor; whether it fits the file, safetensors looks at."""

    dtype: str
    shape: tuple[Count, ...]
    data_offsets: tuple[Count, Count]


@dataclass(frozen=True)
class HeaderMetadata:
    """What the header says beside its tensors: the document, as one text."""

    namegen: str


def write_tensors(
    path: Path, tensors: Mapping[str, Array], document: Mapping[str, object], *, largest: int = LARGEST
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
    arrays = {name: np.ascontiguousarray(values).reshape(np.shape(values)) for name, values in tensors.items()}
    document = {"format_version": FORMAT_VERSION, **document}
    text = to_json({**document, "checksum": checksum(arrays, document)})
    if len(json.dumps(text, ensure_ascii=False).encode()) > 0.9 * largest:  # a part for what the header says of tensors
        raise OutputError(
            f"{short(path)} would describe itself in more than {largest:,} bytes, the most that is read: take a list "
            "with fewer labels or fewer different characters"
        )
    if sum(values.nbytes for values in arrays.values()) + len(text) > 0.99 * LARGEST_FILE:  # a part for the header
        raise OutputError(
            f"{short(path)} would have more than {LARGEST_FILE:,} bytes, the most that is read: take a smaller network"
        )
    write_whole(path, save_safetensors(arrays, metadata={METADATA_KEY: text}))


def read_tensors(path: Path, *, largest: int = LARGEST) -> tuple[dict[str, Array], dict[str, Json]]:
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
        raise CheckpointError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from error
    text = _document_text(path, content, largest)
    damaged = CheckpointError(f"{path} is damaged: its checksum does not fit; take another copy of the file")
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
            f"{path} has the format version {version}, and this namegen reads {FORMAT_VERSION}: {advice}"
        )
    stamped = {"format_version": version, **document}
    try:
        tensors = load_safetensors(content)
        sound = text == to_json({**stamped, "checksum": found}) and found == checksum(tensors, stamped)
    except (SafetensorError, ValueError, KeyError, TypeError):
        raise damaged from None
    if not sound:
        raise damaged
    return tensors, document


def to_json(document: Mapping[str, object]) -> str:
    """The one text of a document: keys sorted, no spaces, so that equal documents are equal texts."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def checksum(tensors: Mapping[str, Array], document: Mapping[str, object]) -> str:
    """BLAKE2b (32 bytes, hexadecimal) over names, dtypes, shapes and bytes of the tensors, and the document."""
    digest = blake2b(digest_size=32)
    for name in sorted(tensors):
        values = tensors[name]
        digest.update(f"{name}\0{values.dtype.str}\0{values.shape}\0".encode())
        digest.update(np.ascontiguousarray(values).data if values.ndim else values.tobytes())
    digest.update(to_json(document).encode())
    return digest.hexdigest()


def _document_text(path: Path, content: bytes, largest: int) -> str:
    """The JSON text in the header. The header may be padded with spaces only, so that no byte is free to change."""
    foreign = f"{path} is not a model file of namegen (a .safetensors file, which `namegen train` writes)"
    length = int.from_bytes(content[:8], "little")
    header = content[8 : 8 + length]
    if not content:
        raise CheckpointError(f"{path} is empty: take another copy of the file")
    if len(content) < 8 or not header.startswith(b"{"):
        raise CheckpointError(foreign)
    if len(header) < length:
        raise CheckpointError(f"{path} is cut short: take another copy of the file")
    try:
        tensors = read_object(header, largest=largest)
        metadata = from_plain(HeaderMetadata, tensors.pop("__metadata__"))
        for entry in tensors.values():
            from_plain(TensorEntry, entry)
        if not re.fullmatch(rb"\{.*\} *", header):
            raise ValueError("bytes behind its end")
    except (ValueError, KeyError):
        raise CheckpointError(f"{foreign}, or it is damaged") from None
    return metadata.namegen
