"""TFLiteDocument: what the description inside a ``.tflite`` says of its network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from namegen.core.network.checkpoint import Label
from namegen.documents import Count, Json, Temperature, from_plain
from namegen.errors import CheckpointError
from namegen.types import Array, Float32

OF_THE_FILE = ("format", "format_version", "checksum")  # what seal.py adds


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


def read_document(plain: Mapping[str, Json]) -> TFLiteDocument:
    """The description from plain values. Raises ValueError."""
    return from_plain(TFLiteDocument, {name: value for name, value in plain.items() if name not in OF_THE_FILE})


def plain_probe(probe: Float32[Array, "2 V"]) -> tuple[tuple[float, ...], ...]:
    """A probe for the description: seven digits are what single precision has. None of it where it is not finite."""
    if not np.isfinite(probe).all():
        return ()
    return tuple(tuple(float(f"{value:.7g}") for value in row) for row in probe.tolist())


def probe_of(document: TFLiteDocument, vocabulary_size: int) -> Float32[Array, "2 V"] | None:
    """The way back; None where there is none. Raises CheckpointError for another form."""
    if not document.probe:
        return None
    if len(document.probe) != 2 or any(len(row) != vocabulary_size for row in document.probe):
        raise CheckpointError("its probe is not two rows of logits")
    return np.array(document.probe, np.float32)
