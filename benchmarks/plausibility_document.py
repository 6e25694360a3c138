"""The document of ``plausibility.json``: how many new names of each model could stand in the list."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from benchmarks.document import write_json
from namegen.documents import Count, Measure, Percent, from_plain, read_json

FORMAT: Literal["namegen plausibility"] = "namegen plausibility"
AS_LEARNED, AS_DRAWN, AS_CHAIN = "temperature 1", "its own temperature", "as new as the chain of order 4"


@dataclass(frozen=True)
class Judged:
    """A model's new names at one temperature.

    Attributes:
        name: of the model.
        drawn: which temperature that is.
        temperature: its value.
        by_network, by_counting: per cent of the new names that are plausible under each judge.
        new_and_distinct: different new names among the 10,000 drawn.
        distance: edits to the nearest name that it learned, median.
    """

    name: str
    drawn: str
    temperature: Measure
    by_network: Percent
    by_counting: Percent
    new_and_distinct: Count
    distance: Measure


@dataclass(frozen=True)
class JudgedList:
    """All models of one list.

    Attributes:
        name: of the list.
        judges_learned, models_learned: different names in each half.
        models: in the order of the table.
    """

    name: str
    judges_learned: Count
    models_learned: Count
    models: tuple[Judged, ...]


@dataclass(frozen=True)
class Plausibility:
    """All lists."""

    lists: tuple[JudgedList, ...] = ()
    format: Literal["namegen plausibility"] = FORMAT


def read(path: Path) -> Plausibility:
    """What a file holds; nothing where there is none. Raises ValueError for another form."""
    return from_plain(Plausibility, read_json(path.read_bytes())) if path.exists() else Plausibility()


def write(path: Path, document: Plausibility) -> None:
    """Write the file whole or not at all."""
    write_json(path, document)
