"""Metadata: everything that a model's file contains, except for the parameters. It's declared once.

Checkpoints, ``.tflite`` files, pages and modules contain the same metadata as JSON, under the names of the fields.
``to_plain`` writes it and ``read_metadata`` reads and checks it, for all four. So a new field takes one line in
``Metadata``, and its type is its check. For types that JSON lacks, ``FORMS`` defines the conversion.

Bytes become text in base 85, five characters for four bytes: Python's ``b85encode`` with ``,`` in place of ``<``, so
that nothing has to be escaped in JSON or in a page. Numbers stand with the little end first.
"""

from __future__ import annotations

from base64 import b85decode, b85encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass, field, fields, make_dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias, TypedDict, get_type_hints

import numpy as np

from namegen.core.checkpoint.ngram_set import NgramSet
from namegen.core.checkpoint.score_rule import ScoreRule
from namegen.core.data.labels import Beginnings
from namegen.core.data.normalization import KnownSet, Normalization
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.network.architecture import Network, RecurrentNetwork
from namegen.documents import Count, Json, Share, Size, from_plain, to_plain
from namegen.errors import CheckpointError, NamegenError, quote
from namegen.types import Array, Float32, Float64

QUANTILES = 101
LARGEST_RULE = 1e6  # nats: far beyond any list
SHORT = 0.02  # the share of a list's names that may be shorter than any name returned
MAX_DEFAULT_LENGTH = 1_000  # characters of a name, unless a longer limit is asked for

# From an architecture's name and the engine that trained it to its class; raises CheckpointError where nobody knows it.
Architectures: TypeAlias = Callable[[str, str], type[Network]]


def own_architectures(name: str, engine: str) -> type[Network]:
    """The architectures of core itself: ``rnn``. Raises CheckpointError for any other."""
    if name == RecurrentNetwork.architecture:
        return RecurrentNetwork
    raise CheckpointError(
        f"it holds a network of the architecture {quote(name)}, trained by the backend {quote(engine)}: expected "
        f"{RecurrentNetwork.architecture}"
    )


def default_max_length(longest_name: int) -> int:
    """Characters of the longest name that a model gives unless another limit is asked for: twice its list's longest.

    >>> default_max_length(14)
    28
    """
    return min(2 * longest_name, MAX_DEFAULT_LENGTH)


def shortest_name(names: Sequence[str]) -> int:
    """Characters of the shortest name that a model of a list returns by default: the 2% quantile of the lengths.

    >>> shortest_name(["Al", *["Anna"] * 60])
    4
    """
    return int(np.quantile([len(name) for name in names], SHORT, method="lower"))


def bytes_to_text(data: bytes) -> str:
    """Bytes in base 85.

    >>> bytes_to_text(b"name"), text_to_bytes("ZeeX@")
    ('ZeeX@', b'name')
    """
    return b85encode(data).decode().replace("<", ",")


def text_to_bytes(text: str) -> bytes:
    """The way back. Raises ValueError for any other text."""
    try:
        return b85decode(text.replace("<", " ").replace(",", "<"))  # a space is not base 85
    except ValueError as error:
        raise ValueError("a text is not base 85, as namegen writes it") from error


@dataclass(frozen=True)
class Label:
    """A label of a list: a start token of its own, and how many names of the training part have it."""

    name: str
    names: Count


class TrainingSummary(TypedDict, total=False):
    """What a metadata's ``training`` may say, each with its type and range; other keys are passed by."""

    list: str
    names: Count
    distinct_names: Count
    split: str
    validation_share: Share
    test_share: Share
    backend: str
    settings: Mapping[str, Json]
    base_model: str  # the model that was fine-tuned; known_names contains its names as well
    credit: str  # the sources of the base model's lists
    seed: Count
    epochs: Count
    best_epoch: Count
    training: Mapping[str, float | None] | None
    validation: Mapping[str, float | None] | None
    test: Mapping[str, float | None] | None


@dataclass(frozen=True)
class Form:
    """How values of a type that JSON does not have become plain: the type that they get, the way to it and back."""

    plain: object
    write: Callable[[Any], Json]
    read: Callable[[Any], object]


def _bytes(write: Callable[[Any], bytes], read: Callable[[bytes], object]) -> Form:
    """Bytes as text."""
    return Form(
        str | None,
        lambda value: bytes_to_text(write(value)),
        lambda text: read(text_to_bytes(text)),
    )


def _numbers(dtype: str, *shape: int) -> Form:
    """Numbers, by their bytes."""
    return _bytes(
        lambda one: np.asarray(one, dtype).tobytes(),
        lambda one: np.frombuffer(one, dtype).reshape(shape),
    )


# Of the fields of Metadata that JSON has no type for.
FORMS = {
    "network": Form(Mapping[str, Json], Network.to_dict, dict),  # read_metadata finds its class
    "vocabulary": Form(str, lambda vocabulary: vocabulary.characters, Vocabulary),
    "training": Form(Mapping[str, Json], dict, dict),
    "score_quantiles": _numbers("<f8", QUANTILES),
    "probe": _numbers("<f4", 2, -1),
    "ngrams": _bytes(NgramSet.to_bytes, NgramSet.read),
    "words": _bytes(KnownSet.to_bytes, KnownSet.read),
    "known_names": _bytes(KnownSet.to_bytes, KnownSet.read),
}


@dataclass(frozen=True, eq=False, kw_only=True)
class ListMetadata:
    """What a model stores about the list that it was trained on. A blend has this metadata only."""

    vocabulary: Vocabulary
    labels: tuple[Label, ...] = ()  # in the order of their start tokens
    shortest_name: Size = 1  # characters; shorter names aren't returned by default
    longest_name: Size = 20  # characters of the list's longest name
    # How new names are scored (``core/generation/scoring.py``): one rule per label, or one for all; () if the scores
    # weren't measured.
    score_rules: tuple[ScoreRule, ...] = ()
    # What doesn't count at the end of a name when two names are compared (``core/data/normalization.py``).
    endings: tuple[str, ...] = ()
    ngrams: NgramSet | None = None  # of the training set, by label
    words: KnownSet | None = None  # of the training set, if many of its names contain a space
    training: TrainingSummary = field(default_factory=TrainingSummary)
    # Log-probabilities in nats: the percentiles 0 to 100 of the list's own names.
    score_quantiles: Float64[Array, "101"] | None = None
    # Every distinct name of the list, held-out names included, and words that occur in several of its names but not
    # alone (``Normalization.common_words``). None if the model doesn't store them. A file stores short hashes.
    known_names: KnownSet | None = None

    @property
    def normalization(self) -> Normalization:
        """When two of its names are the same."""
        return Normalization(self.endings)

    @property
    def beginnings(self) -> Beginnings:
        """What its names begin with, by how many names of the training part have each; without labels the boundary."""
        return Beginnings.from_counts(self.vocabulary.size, [label.names for label in self.labels])

    @property
    def max_length(self) -> int:
        """Characters of the longest name that it gives unless another limit is asked for."""
        return default_max_length(self.longest_name)


@dataclass(frozen=True, eq=False, kw_only=True)
class Metadata(ListMetadata):
    """Everything that a model's file contains, except for the parameters."""

    network: Network  # the shapes of the parameters
    engine: str = "numpy"  # which one trained it
    # What the engine computed for fixed tokens (``core/evaluation/evaluator.py``). A reader that computes something
    # else is detected. None if nothing can be checked.
    probe: Float32[Array, "2 V"] | None = None

    def to_export(self) -> Metadata:
        """The same for a file that is passed on: of the list's path, which tells where somebody keeps things, the
        file's name; of the known names, as much as every export holds.
        """
        training, known = self.training, self.known_names
        if "list" in training:
            training = {**training, "list": Path(training["list"]).name}
        return replace(self, training=training, known_names=None if known is None else known.short)

    def to_plain(self) -> dict[str, Json]:
        """Plain values by the names of the fields."""
        written = {name: _converted(name, "write", getattr(self, name)) for name in _PLAIN_TYPES}
        return to_plain(MetadataDocument(**written))


# The plain values of a metadata, with their types: it has the fields of Metadata, and none may be missing.
_HINTS = get_type_hints(Metadata, include_extras=True)
_PLAIN_TYPES = {
    one.name: FORMS[one.name].plain if one.name in FORMS else _HINTS[one.name]
    for one in fields(Metadata)
}
MetadataDocument: type[Any] = make_dataclass("MetadataDocument", _PLAIN_TYPES.items())


def _converted(name: str, way: str, value: object) -> Any:
    """A field's value, written or read."""
    return getattr(FORMS[name], way)(value) if name in FORMS and value is not None else value


def read_metadata(plain: object, architectures: Architectures = own_architectures) -> Metadata:
    """A metadata from plain values, checked.

    Args:
        plain: what ``Metadata.to_plain`` gave, from anybody's file.
        architectures: those that its network may have.

    Raises:
        ValueError: a field is missing, unknown, of another type, or does not fit the others.
        CheckpointError: an architecture that nobody here knows.
    """
    document = from_plain(MetadataDocument, plain)
    architecture = architectures(str(document.network.get("architecture")), document.engine)
    summary = document.training
    from_plain(
        TrainingSummary,
        {name: summary[name] for name in TrainingSummary.__annotations__ if name in summary},
    )
    try:
        values = {name: _converted(name, "read", getattr(document, name)) for name in _PLAIN_TYPES}
        values["network"] = architecture.from_dict(document.network)
        metadata = Metadata(**values)
        check_together(metadata)
        return metadata
    except NamegenError as error:
        raise ValueError(str(error)) from error


def check_together(metadata: Metadata) -> None:
    """Raise ValueError, NamesError or SettingsError for values that are sound one by one and do not fit together."""
    network, vocabulary, ngrams = metadata.network, metadata.vocabulary, metadata.ngrams
    labels, quantiles = len(metadata.labels), metadata.score_quantiles
    if network.vocabulary_size != vocabulary.size:
        raise ValueError(
            f"the network has {network.vocabulary_size} outputs and the vocabulary {vocabulary.size} ids"
        )
    if network.labels != labels:
        raise ValueError(f"the network has {network.labels} labels and the file {labels}")
    _ = metadata.beginnings, metadata.normalization  # raise
    if any(abs(number) > LARGEST_RULE for rule in metadata.score_rules for number in astuple(rule)):
        raise ValueError("score_rules has a number that no list gives")
    if len(metadata.score_rules) not in (0, 1, labels):
        raise ValueError("score_rules has another number of rules than there are labels")
    if ngrams is not None and (ngrams.labels, ngrams.symbols) != (
        max(labels, 1),
        vocabulary.size + 1,
    ):
        raise ValueError("ngrams doesn't fit the vocabulary and the labels")
    if metadata.shortest_name > metadata.longest_name:
        raise ValueError("shortest_name is above longest_name")
    if quantiles is not None and not (
        np.isfinite(quantiles).all() and (quantiles[:-1] <= quantiles[1:]).all()
    ):
        raise ValueError("the score_quantiles are not numbers in rising order")
    if metadata.probe is not None and metadata.probe.shape != (2, vocabulary.size):
        raise ValueError("the probe is not two rows of logits")
