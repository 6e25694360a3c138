"""Model metadata: everything that a model's file contains, except for the parameters.

Checkpoints, ``.tflite`` files, pages and modules contain the same metadata as JSON, with the fields' names as keys.
``to_plain`` writes it, and ``read_metadata`` reads and checks it, for all four. So a new field takes one line in
``Metadata``, and its type is its check. If JSON has no such type, ``CONVERSIONS`` defines how to write and read it.

Bytes are written as base 85, which takes five characters for four bytes. It's Python's ``b85encode`` with ``,`` instead
of ``<``, so that nothing has to be escaped in JSON or HTML. Numbers are little-endian.
"""

from __future__ import annotations

from base64 import b85decode, b85encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass, field, fields, make_dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypedDict, get_type_hints

import numpy as np

from namegen.core.checkpoint.ngram_set import NgramSet
from namegen.core.checkpoint.score_rule import ScoreRule
from namegen.core.data.labels import StartTokens
from namegen.core.data.normalization import KnownSet, Normalization
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.network.architecture import Network, RecurrentNetwork
from namegen.documents import Count, Json, Share, Size, from_plain, to_plain
from namegen.errors import CheckpointError, NamegenError, quote
from namegen.types import Array, Float32, Float64

QUANTILES = 101
LARGEST_RULE = 1e6  # nats, far more than any list produces
SHORT = 0.02  # the share of a list's names that may be shorter than any returned name
MAX_DEFAULT_LENGTH = 1_000  # characters of a name, unless the user sets a higher limit

# Returns the class of an architecture, given its name and the backend that trained the network. Raises CheckpointError
# if the architecture is unknown.
Architectures: TypeAlias = Callable[[str, str], type[Network]]


def own_architectures(name: str, engine: str) -> type[Network]:
    """Return the class of ``rnn``, the only architecture in ``namegen.core``. Raise CheckpointError for any other."""
    if name == RecurrentNetwork.architecture:
        return RecurrentNetwork
    raise CheckpointError(
        f"its network has the architecture {quote(name)}, trained by the backend {quote(engine)}: expected "
        f"{RecurrentNetwork.architecture}"
    )


def default_max_length(longest_name: int) -> int:
    """Choose how many characters a name may have unless the user sets a limit (``max_length``).

    It's twice the length of the list's longest name, but at most 1,000 characters.

    >>> default_max_length(14)
    28
    """
    return min(2 * longest_name, MAX_DEFAULT_LENGTH)


def shortest_name(names: Sequence[str]) -> int:
    """Return the length of the shortest name that a model returns by default: the 2% quantile of the list's lengths.

    >>> shortest_name(["Al", *["Anna"] * 60])
    4
    """
    return int(np.quantile([len(name) for name in names], SHORT, method="lower"))


def bytes_to_text(data: bytes) -> str:
    """Write bytes as base 85.

    >>> bytes_to_text(b"name"), text_to_bytes("ZeeX@")
    ('ZeeX@', b'name')
    """
    return b85encode(data).decode().replace("<", ",")


def text_to_bytes(text: str) -> bytes:
    """Decode bytes that ``bytes_to_text`` wrote as base 85. Raise ValueError for any other string."""
    python_text = text.replace("<", " ")  # b85decode rejects spaces
    python_text = python_text.replace(",", "<")
    try:
        return b85decode(python_text)
    except ValueError as error:
        raise ValueError("expected a string in base 85, as namegen writes it") from error


@dataclass(frozen=True)
class Label:
    """A label of a list. Each label has a start token."""

    name: str
    names: Count  #: how many names of the training set have this label


class TrainingSummary(TypedDict, total=False):
    """The keys of ``Metadata.training`` that namegen knows, with their types and ranges. Other keys are allowed."""

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


KEYS_OF_SUMMARY = TrainingSummary.__annotations__.keys()


@dataclass(frozen=True)
class Conversion:
    """How to write and read a type that JSON doesn't have."""

    plain: object  # the type in the JSON document
    write: Callable[[Any], Json]
    read: Callable[[Any], object]


def _as_bytes(write: Callable[[Any], bytes], read: Callable[[bytes], object]) -> Conversion:
    """Convert values to bytes, and the bytes to text."""
    return Conversion(
        plain=str | None,
        write=lambda value: bytes_to_text(write(value)),
        read=lambda text: read(text_to_bytes(text)),
    )


def _as_array(dtype: str, *shape: int) -> Conversion:
    """Convert an array to the bytes of its numbers."""
    return _as_bytes(
        write=lambda array: np.asarray(array, dtype).tobytes(),
        read=lambda data: np.frombuffer(data, dtype).reshape(shape),
    )


# By the name of the field in Metadata.
CONVERSIONS = {
    # read_metadata creates the network, because only it knows the class.
    "network": Conversion(Mapping[str, Json], Network.to_dict, dict),
    "vocabulary": Conversion(str, lambda vocabulary: vocabulary.characters, Vocabulary),
    "training": Conversion(Mapping[str, Json], dict, dict),
    "score_quantiles": _as_array("<f8", QUANTILES),
    "probe": _as_array("<f4", 2, -1),
    "ngrams": _as_bytes(NgramSet.to_bytes, NgramSet.read),
    "words": _as_bytes(KnownSet.to_bytes, KnownSet.read),
    "known_names": _as_bytes(KnownSet.to_bytes, KnownSet.read),
}


@dataclass(frozen=True, eq=False, kw_only=True)
class ListMetadata:
    """What a model stores about the list that it was trained on. A blend has this metadata only."""

    vocabulary: Vocabulary
    labels: tuple[Label, ...] = ()  #: in the order of their start tokens
    shortest_name: Size = 1  #: characters; shorter names aren't returned by default
    longest_name: Size = 20  #: characters of the list's longest name
    #: The features of the list's names, such as their letter case (``core/data/patterns.py``). By default, names with
    #: other features aren't returned. (): unknown.
    patterns: tuple[str, ...] = ()
    #: How new names are scored (``core/scoring/scorer.py``): one rule per label, or one for all; () if the scores
    #: weren't measured.
    score_rules: tuple[ScoreRule, ...] = ()
    #: "lower" or "upper" if all names of the list were in that case: the model reads and returns them in title case.
    letter_case: Literal["original", "lower", "upper"] = "original"
    #: Endings that are ignored when two names are compared (``core/data/normalization.py``).
    endings: tuple[str, ...] = ()
    ngrams: NgramSet | None = None  #: of the training set, by label
    words: KnownSet | None = None  #: of the training set, if many of its names contain a space
    training: TrainingSummary = field(default_factory=TrainingSummary)
    #: Log-probabilities in nats: the percentiles 0 to 100 of the list's own names.
    score_quantiles: Float64[Array, "101"] | None = None
    #: Every distinct name of the list, held-out names included, and words that occur in several of its names but not
    #: alone (``Normalization.common_words``). None if the model doesn't store them. A file stores short hashes.
    known_names: KnownSet | None = None

    @property
    def normalization(self) -> Normalization:
        """The rule for when two names are the same."""
        return Normalization(self.endings)

    @property
    def start_tokens(self) -> StartTokens:
        """The start tokens and their shares in the training set. Without labels, that's the plain start token."""
        return StartTokens.from_counts(self.vocabulary.size, [label.names for label in self.labels])

    @property
    def max_length(self) -> int:
        """The maximum length of unfiltered names, which is twice ``longest_name``, but at most 1,000 characters."""
        return default_max_length(self.longest_name)


@dataclass(frozen=True, eq=False, kw_only=True)
class Metadata(ListMetadata):
    """Everything that a model's file contains, except for the parameters."""

    network: Network  #: the shapes of the parameters
    engine: str = "numpy"  #: the backend that trained it
    #: The self-test logits: what the backend computed for some fixed tokens (``core/checkpoint/self_test.py``). They
    #: show whether another program computes the same. None: there's no self-test.
    probe: Float32[Array, "2 V"] | None = None

    def to_export(self) -> Metadata:
        """Return the metadata for a file that other people may get.

        The path of the list may be private, so the metadata has only the file's name. Of the known names, it has only
        short hashes.
        """
        training = self.training
        if "list" in training:
            file_name = Path(training["list"]).name
            training = {**training, "list": file_name}
        known_names = None if self.known_names is None else self.known_names.short
        return replace(self, training=training, known_names=known_names)

    def to_plain(self) -> dict[str, Json]:
        """Return the metadata as JSON values."""
        values: dict[str, Any] = {}
        for name in _PLAIN_TYPES:
            value = getattr(self, name)
            needs_conversion = value is not None and name in CONVERSIONS
            values[name] = CONVERSIONS[name].write(value) if needs_conversion else value
        return to_plain(MetadataDocument(**values))


# MetadataDocument has the fields of Metadata, with the types of the JSON document. All of them are required.
_TYPES = get_type_hints(Metadata, include_extras=True)
_PLAIN_TYPES = {
    field.name: CONVERSIONS[field.name].plain if field.name in CONVERSIONS else _TYPES[field.name]
    for field in fields(Metadata)
}
MetadataDocument: type[Any] = make_dataclass("MetadataDocument", _PLAIN_TYPES.items())


def read_metadata(plain: object, architectures: Architectures = own_architectures) -> Metadata:
    """Read a model's metadata from JSON values, and check it.

    Args:
        plain: JSON values, as returned by ``Metadata.to_plain``. They may come from an untrusted file.
        architectures: Returns the class of the network.

    Raises:
        ValueError: If a field is missing, is unknown, has the wrong type, or contradicts another field.
        CheckpointError: If the network's architecture is unknown.

    >>> metadata = Metadata(vocabulary=Vocabulary("abc"), network=RecurrentNetwork(4, "gru", (2,)))
    >>> read_metadata(metadata.to_plain()).vocabulary
    Vocabulary(characters='abc')
    """
    # Check the types of all fields, and the types of the training summary's known keys. It may have other keys.
    document = from_plain(MetadataDocument, plain)
    known = {key: document.training[key] for key in KEYS_OF_SUMMARY & document.training.keys()}
    from_plain(TrainingSummary, known)
    # Convert what JSON doesn't have, such as arrays and the network.
    architecture_name = str(document.network.get("architecture"))
    network_class = architectures(architecture_name, document.engine)
    values: dict[str, Any] = {}
    for name in _PLAIN_TYPES:
        value = getattr(document, name)
        needs_conversion = value is not None and name in CONVERSIONS
        try:
            values[name] = CONVERSIONS[name].read(value) if needs_conversion else value
        except (ValueError, NamegenError) as error:
            raise ValueError(f"{name}: {error}") from error
    try:
        values["network"] = network_class.from_dict(document.network)
        metadata = Metadata(**values)
        check_together(metadata)
    except NamegenError as error:
        raise ValueError(str(error)) from error
    return metadata


def check_together(metadata: Metadata) -> None:
    """Raise ValueError, NamesError or SettingsError if fields of the metadata contradict each other."""
    # The network has the vocabulary and the labels.
    vocabulary = metadata.vocabulary
    network = metadata.network
    label_count = len(metadata.labels)
    if network.vocabulary_size != vocabulary.size:
        raise ValueError(
            f"the network has {network.vocabulary_size} outputs, but the vocabulary has {vocabulary.size} ids"
        )
    if network.labels != label_count:
        raise ValueError(f"the network has {network.labels} labels, but the file has {label_count}")
    _ = metadata.start_tokens  # raises SettingsError if the labels' counts are invalid
    if metadata.shortest_name > metadata.longest_name:
        raise ValueError("shortest_name is above longest_name")
    if metadata.probe is not None and metadata.probe.shape != (2, vocabulary.size):
        raise ValueError("probe doesn't have two rows of logits")
    # What names are scored by fits the labels and the vocabulary.
    if len(metadata.score_rules) not in (0, 1, label_count):
        raise ValueError("score_rules has neither one rule nor one per label")
    numbers = [number for rule in metadata.score_rules for number in astuple(rule)]
    if any(abs(number) > LARGEST_RULE for number in numbers):
        raise ValueError("score_rules contains a number that is too large")
    ngrams = metadata.ngrams
    if ngrams is not None:
        has_same_labels = ngrams.labels == max(label_count, 1)
        has_same_symbols = ngrams.symbols == vocabulary.size + 1
        if not (has_same_labels and has_same_symbols):
            raise ValueError("ngrams doesn't fit the vocabulary and the labels")
    quantiles = metadata.score_quantiles
    if quantiles is not None:
        is_rising = (quantiles[:-1] <= quantiles[1:]).all()
        if not (is_rising and np.isfinite(quantiles).all()):
            raise ValueError("score_quantiles aren't finite numbers in rising order")
