"""The document of ``labels.json``: one model of all labels beside a model of each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from benchmarks.document import write_json
from namegen.documents import Count, Measure, Share, from_plain, read_json

FORMAT: Literal["namegen labels"] = "namegen labels"


@dataclass(frozen=True)
class OfLabel:
    """One label.

    Attributes:
        label: its text.
        learned, judging: names of it that were learned from, and that judge.
        shared, single: nats a character of the model of all labels, and of the one that knows no other; means over
            seeds.
    """

    label: str
    learned: Count
    judging: Count
    shared: Measure
    single: Measure


@dataclass(frozen=True)
class Told:
    """How often an outsider names the label of new names.

    Attributes:
        drawn: how they were drawn.
        share: of those whose label was named rightly; the mean over seeds.
    """

    drawn: str
    share: Share


@dataclass(frozen=True)
class LabelledList:
    """One list.

    Attributes:
        name: of the list.
        seeds: how many trainings each model had.
        shared, single: nats a character over all names that judge.
        counting: the best n-gram, with labels or without.
        low, high: 95 % of shared − single.
        labels: each by itself.
        real: how often the outsider names the label of real names that nobody learned.
        told: the same of new names of the shared model.
    """

    name: str
    seeds: Count
    shared: Measure
    single: Measure
    counting: Measure
    low: float
    high: float
    labels: tuple[OfLabel, ...]
    real: Share
    told: tuple[Told, ...]


@dataclass(frozen=True)
class Labels:
    """All lists."""

    lists: tuple[LabelledList, ...] = ()
    format: Literal["namegen labels"] = FORMAT


def read(path: Path) -> Labels:
    """What a file holds; nothing where there is none. Raises ValueError for another form."""
    return from_plain(Labels, read_json(path.read_bytes())) if path.exists() else Labels()


def write(path: Path, document: Labels) -> None:
    """Write the file whole or not at all."""
    write_json(path, document)
