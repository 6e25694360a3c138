"""Checkpoint: a trained network with all that it needs to be used alone, in one ``.safetensors`` file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from namegen.core.data.vocabulary import Vocabulary
from namegen.core.network.architecture import Network
from namegen.core.network.engine_state import checked_tensors
from namegen.core.network.tensor_file import read_tensors, write_tensors
from namegen.errors import CheckpointError, NamesError
from namegen.types import Array, Float32, Float64, UInt64

KNOWN_NAMES, SCORE_QUANTILES = "known_names", "score_quantiles"
QUANTILES = 101
LONGEST_GIVEN = 1_000  # characters of a name, unless a longer limit is asked for


def default_max_length(longest_name: int) -> int:
    """Characters of the longest name that a model gives unless another limit is asked for: twice its list's longest.

    >>> default_max_length(14)
    28
    """
    return min(2 * longest_name, LONGEST_GIVEN)


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A trained network.

    Attributes:
        network, vocabulary, parameters: the network itself, parameters float32 by canonical name.
        training: how it came about: list, split, seed, epochs, losses, accuracies, longest name.
        known_names: sorted digests (``core/data/digests.py``) of every distinct name of the list, held-out ones
            included; None where the model does not carry them.
        score_quantiles: log-probabilities in nats, the percentiles 0 to 100 of the list's own names.
    """

    network: Network
    vocabulary: Vocabulary
    parameters: Mapping[str, Float32[Array, "..."]]
    training: Mapping[str, Any] = field(default_factory=dict)
    known_names: UInt64[Array, "known"] | None = None
    score_quantiles: Float64[Array, "101"] | None = None

    @property
    def longest_name(self) -> int:
        """Characters of the longest name of the list that it was trained on."""
        return int(self.training.get("longest_name", 20))

    def save(self, path: Path) -> None:
        """Write the file, whole or not at all. Raises OutputError."""
        tensors = {name: np.asarray(values, np.float32) for name, values in self.parameters.items()}
        if self.known_names is not None:
            tensors[KNOWN_NAMES] = self.known_names
        if self.score_quantiles is not None:
            tensors[SCORE_QUANTILES] = self.score_quantiles
        document = {
            "kind": "checkpoint",
            "network": self.network.to_dict(),
            "vocabulary": self.vocabulary.characters,
            "training": dict(self.training),
        }
        write_tensors(path, tensors, document)

    @classmethod
    def load(cls, path: Path) -> Checkpoint:
        """Read a checkpoint and check that everything fits together.

        Raises:
            CheckpointError: damaged, foreign, of a newer format, or tensors that do not fit the description.
        """
        tensors, document = read_tensors(path)
        if document.get("kind") != "checkpoint":
            raise CheckpointError(f"{path} holds a {document.get('kind')}, not a model: give a model.safetensors file")
        try:
            network = Network.from_dict(document["network"])
            vocabulary = Vocabulary(document["vocabulary"])
            training = dict(document["training"])
            known, quantiles = tensors.pop(KNOWN_NAMES, None), tensors.pop(SCORE_QUANTILES, None)
            parameters, _ = checked_tensors(network, tensors, ())
            if network.vocabulary_size != vocabulary.size:
                raise CheckpointError(
                    f"the network has {network.vocabulary_size} outputs and the vocabulary {vocabulary.size} ids"
                )
            if any(values.dtype != np.float32 for values in parameters.values()) or set(tensors) != set(parameters):
                raise CheckpointError("it holds tensors that a network of float32 parameters does not have")
            if known is not None and (known.dtype != np.uint64 or known.ndim != 1):
                raise CheckpointError(f"{KNOWN_NAMES} is not a list of digests")
            if quantiles is not None and (quantiles.dtype != np.float64 or quantiles.shape != (QUANTILES,)):
                raise CheckpointError(f"{SCORE_QUANTILES} is not {QUANTILES} numbers")
        except (CheckpointError, NamesError, KeyError, TypeError, ValueError) as error:
            raise CheckpointError(f"{path} does not fit together: {error}; take another copy of the file") from error
        return cls(network, vocabulary, parameters, training, known, quantiles)
