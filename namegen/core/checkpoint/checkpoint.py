"""Checkpoint: a trained network and everything that is necessary to use it, in one ``.safetensors`` file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from namegen.core.checkpoint.metadata import (
    Architectures,
    Metadata,
    check_together,
    own_architectures,
    read_metadata,
)
from namegen.core.checkpoint.ngram_set import NgramSet
from namegen.core.checkpoint.tensor_file import read_tensors, write_tensors
from namegen.core.data.normalization import KnownSet
from namegen.core.network.architecture import Network, checked_tensors
from namegen.documents import Json, from_plain
from namegen.errors import CheckpointError, quote
from namegen.files import is_file
from namegen.types import Array, Float32

MAX_PARAMETER = 1e30  # far above what training reaches; sums of products stay within float32
CHECKPOINT = "checkpoint"  # the ``kind`` of file in the document
KNOWN_NAMES_FILE = "known names"
KNOWN_NAMES = "known_names"
# The fields of the metadata that a file contains as tensors of bytes, because text would take a quarter more.
SETS: dict[str, Callable[[bytes], Any]] = {
    KNOWN_NAMES: KnownSet.read,
    "ngrams": NgramSet.read,
    "words": KnownSet.read,
}


@dataclass(frozen=True, eq=False, kw_only=True)
class Checkpoint(Metadata):
    """A trained network: its metadata and its parameters.

    >>> from tempfile import TemporaryDirectory
    >>> from namegen.core.data.vocabulary import Vocabulary
    >>> from namegen.core.network.architecture import RecurrentNetwork
    >>> network = RecurrentNetwork(vocabulary_size=4, cell="gru", hidden=(2,))
    >>> initial = network.initial_parameters("glorot", rng=np.random.default_rng(0))
    >>> parameters = {name: values.astype(np.float32) for name, values in initial.items()}
    >>> checkpoint = Checkpoint(network=network, vocabulary=Vocabulary("abc"), parameters=parameters)
    >>> with TemporaryDirectory() as folder:
    ...     checkpoint.save(Path(folder) / "model.safetensors")
    ...     loaded = Checkpoint.load(Path(folder) / "model.safetensors")
    >>> loaded.network == network
    True
    """

    parameters: Mapping[str, Float32[Array, "..."]]  #: by canonical name

    @property
    def is_half(self) -> bool:
        """Whether half precision represents all parameters exactly, so that they take half the space."""
        with np.errstate(over="ignore"):
            return all(
                np.array_equal(values, values.astype(np.float16))
                for values in self.parameters.values()
            )

    def save(self, path: Path | str) -> None:
        """Write parameters and metadata to a file, completely or not at all. Raise OutputError if that fails."""
        # The parameters, as tensors of numbers.
        dtype = np.float16 if self.is_half else np.float32
        tensors: dict[str, Array] = {}
        for name, values in self.parameters.items():
            tensors[name] = np.asarray(values, dtype)
        # Large parts of the metadata, as tensors of bytes. The rest is JSON.
        for name in SETS:
            field_value = getattr(self, name)
            if field_value is not None:
                tensors[name] = np.frombuffer(field_value.to_bytes(), np.uint8)
        metadata = replace(self, known_names=None, ngrams=None, words=None).to_plain()
        write_tensors(path, tensors, {"kind": CHECKPOINT, "metadata": metadata})

    @classmethod
    def load(cls, path: Path | str, architectures: Architectures = own_architectures) -> Checkpoint:
        """Read a checkpoint and check that its contents are consistent.

        Args:
            path: The file.
            architectures: Returns the class of the network.

        Raises:
            CheckpointError: If the file is damaged, foreign or inconsistent, has another format version, or contains a
                network with an unknown architecture.
        """
        tensors, document = read_tensors(path)
        kind = document.pop("kind", None)
        if kind != CHECKPOINT:
            raise CheckpointError(
                f"{path} contains {quote(str(kind))}, not a model: pass a model.safetensors file"
            )
        inconsistent = f"{path} does not fit together"
        # 1. The metadata in JSON.
        try:
            plain = from_plain(dict[Literal["metadata"], Json], document).get("metadata")
            metadata = read_metadata(plain, architectures)
        except ValueError as error:
            raise CheckpointError(
                f"{inconsistent}: {error}; use another copy of the file"
            ) from error
        except CheckpointError as error:  # the architecture is unknown
            raise CheckpointError(f"can't load {path}: {error}") from error
        try:
            # 2. Its large parts, which are tensors of bytes.
            for name, read in SETS.items():
                values = tensors.pop(name, None)
                is_in_document = getattr(metadata, name) is not None
                is_bytes = values is None or (values.dtype == np.uint8 and values.ndim == 1)
                if is_in_document or not is_bytes:
                    raise ValueError(f"{name} isn't stored as a tensor of bytes")
                if values is not None:
                    metadata = replace(metadata, **{name: read(values.tobytes())})
            check_together(metadata)
            # 3. The parameters, which are all other tensors.
            return cls(**vars(metadata), parameters=_checked_parameters(metadata.network, tensors))
        except (CheckpointError, ValueError) as error:
            raise CheckpointError(
                f"{inconsistent}: {error}; use another copy of the file"
            ) from error


def _checked_parameters(network: Network, tensors: Mapping[str, Array]) -> dict[str, Array]:
    """Return the parameters in float32. Raise CheckpointError if they don't fit the network, or aren't finite."""
    in_float32 = {
        name: values.astype(np.float32) if values.dtype == np.float16 else values
        for name, values in tensors.items()
    }
    parameters, _ = checked_tensors(network, in_float32, slots=())
    has_other_dtype = any(values.dtype != np.float32 for values in parameters.values())
    if has_other_dtype or set(tensors) != set(parameters):
        raise CheckpointError("it contains tensors that aren't float32 parameters of its network")
    are_small = all((np.abs(values) <= MAX_PARAMETER).all() for values in parameters.values())
    if not are_small:  # also for NaN
        raise CheckpointError(f"a parameter is NaN or larger than {MAX_PARAMETER:g}")
    return parameters


def known_names_path(model: Path) -> Path:
    """Return the path of the file with the full hashes of a model's known names. The model contains short hashes.

    >>> known_names_path(Path("runs/elves/model.safetensors")).name
    'model.known_names.safetensors'
    """
    return model.with_suffix(f".known_names{model.suffix}")


def read_model(path: Path, architectures: Architectures = own_architectures) -> Checkpoint:
    """Read a model: a checkpoint and, if there is a file next to it, the full hashes of its known names.

    Raises:
        CheckpointError: See ``Checkpoint.load`` and ``read_known_names``.
    """
    checkpoint = Checkpoint.load(path, architectures)
    known_names_file = known_names_path(path)
    if checkpoint.known_names is None or not is_file(known_names_file, None):
        return checkpoint
    full = read_known_names(known_names_file)
    # The file may belong to another model that had this path before.
    belongs_to_model = np.array_equal(full.short.numbers, checkpoint.known_names.numbers)
    return replace(checkpoint, known_names=full) if belongs_to_model else checkpoint


def write_known_names(path: Path, known: KnownSet) -> None:
    """Write the full hashes of known names to a file, completely or not at all. Raise OutputError if that fails."""
    write_tensors(path, {KNOWN_NAMES: known.numbers}, {"kind": KNOWN_NAMES_FILE})


def read_known_names(path: Path) -> KnownSet:
    """Read the full hashes of a model's known names from the file that ``write_known_names`` wrote.

    Raises:
        CheckpointError: If the file is missing, foreign or damaged.
    """
    tensors, document = read_tensors(path)
    hashes = tensors.get(KNOWN_NAMES)
    # The file may be forged. KnownSet uses binary search, so the hashes have to be sorted.
    is_valid = (
        document == {"kind": KNOWN_NAMES_FILE}
        and set(tensors) == {KNOWN_NAMES}
        and hashes is not None
        and hashes.dtype == np.uint64
        and hashes.ndim == 1
        and (hashes[:-1] < hashes[1:]).all()
    )
    if not is_valid:
        raise CheckpointError(
            f"{path} does not contain the known names of a model: use another copy of the file"
        )
    return KnownSet(tensors[KNOWN_NAMES])
