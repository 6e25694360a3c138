"""Checkpoint: a trained network with all that it needs to be used alone, in one ``.safetensors`` file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias, TypedDict, cast

import numpy as np

from namegen.core.data.beginnings import Beginnings
from namegen.core.data.sameness import Sameness
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.network.architecture import Network
from namegen.core.network.engine_state import checked_tensors
from namegen.core.network.known_names import KNOWN_NAMES, checked_known_names
from namegen.core.network.recurrent_network import RecurrentNetwork, of_version_1
from namegen.core.network.tensor_file import own, read_tensors, write_tensors
from namegen.documents import UNSET, Count, Json, Share, Size, Temperature, UnsetType, from_plain, to_plain
from namegen.errors import CheckpointError, NamesError, SettingsError
from namegen.escaping import quote
from namegen.types import Array, Float32, Float64, UInt64

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
    engine: str | UnsetType = UNSET  # version 1: in training
    labels: tuple[Label, ...] = ()
    drawing_temperature: Temperature | UnsetType = UNSET
    endings: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A trained network.

    Attributes:
        network, vocabulary, parameters: the network itself, parameters float32 by canonical name.
        training: how it came about: list, split, seed, epochs, losses, accuracies, longest name.
        known_names: sorted digests (``core/data/digests.py``) of every distinct name of the list, held-out ones
            included; None where the model does not carry them.
        score_quantiles: log-probabilities in nats, the percentiles 0 to 100 of the list's own names.
        engine: which one trained it.
        probe: what it computed on fixed tokens (``core/evaluation/probe.py``), so that a reader that computes something
            else is found out; None in files of version 1.
        labels: those of the list, in the order of their beginnings.
        drawing_temperature: what names are drawn with unless another is asked for; None: 1.
        endings: what does not count at the end of a name when it is told whether two are the same
            (``core/data/sameness.py``); ``known_names`` are without them.
    """

    network: Network
    vocabulary: Vocabulary
    parameters: Mapping[str, Float32[Array, "..."]]
    training: TrainingSummary = field(default_factory=TrainingSummary)
    known_names: UInt64[Array, "known"] | None = None
    score_quantiles: Float64[Array, "101"] | None = None
    engine: str = "numpy"
    probe: Float32[Array, "2 V"] | None = None
    labels: tuple[Label, ...] = ()
    drawing_temperature: float | None = None
    endings: tuple[str, ...] = ()

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
        beside = {KNOWN_NAMES: self.known_names, SCORE_QUANTILES: self.score_quantiles, PROBE: self.probe}
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
            document = from_plain(CheckpointDocument, _as_version_2(plain))
            training = checked_summary(document.training)
        except ValueError as error:
            raise _unfit(path, error) from error
        engine = document.engine if isinstance(document.engine, str) else "numpy"
        try:
            architecture = architectures(str(document.network.get("architecture")), engine)
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
            _check_beside(known, quantiles, probe, vocabulary.size)
        except (CheckpointError, NamesError, SettingsError) as error:
            raise _unfit(path, error) from error
        temperature = document.drawing_temperature
        return cls(
            network,
            vocabulary,
            parameters,
            training,
            known,
            quantiles,
            engine,
            probe,
            document.labels,
            temperature if isinstance(temperature, float) else None,
            document.endings,
        )


def _as_version_2(plain: Mapping[str, Json]) -> dict[str, Json]:
    """The document without what belongs to the file; one of version 1 as the second has it."""
    document = own(plain)
    if plain["format_version"] == 1 and isinstance(network := document.get("network"), dict):
        document["network"] = of_version_1(network)
        training = document.get("training")
        if isinstance(training, dict) and isinstance(backend := training.get("backend"), str):
            document["engine"] = backend
    return document


def _check_beside(known: Array | None, quantiles: Array | None, probe: Array | None, vocabulary_size: int) -> None:
    """Raise CheckpointError for a tensor beside the parameters that has another form than it should."""
    if known is not None:
        checked_known_names(known)
    if quantiles is not None and (quantiles.dtype != np.float64 or quantiles.shape != (QUANTILES,)):
        raise CheckpointError(f"{SCORE_QUANTILES} is not {QUANTILES} numbers")
    if quantiles is not None and not (np.isfinite(quantiles).all() and (quantiles[:-1] <= quantiles[1:]).all()):
        raise CheckpointError(f"{SCORE_QUANTILES} are not numbers in rising order")
    if probe is not None and (probe.dtype != np.float32 or probe.shape != (2, vocabulary_size)):
        raise CheckpointError(f"{PROBE} is not two rows of logits")


def _unfit(path: Path, error: Exception) -> CheckpointError:
    return CheckpointError(f"{path} does not fit together: {error}; take another copy of the file")
