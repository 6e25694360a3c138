"""The document of ``quality.json``: how well each model foretells the test names of each list."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from benchmarks.document import write_json
from namegen.documents import Count, Measure, from_plain, read_json

FORMAT: Literal["namegen quality"] = "namegen quality"
COUNTING = "counting"
SPLIT_SEED = 1  # the rule of `standard` was made on others


@dataclass(frozen=True)
class Model:
    """A model on one list.

    Attributes:
        name: what the table calls it.
        nats: a character of the test names, mean of the seeds.
        parameters: numbers that were trained.
        seeds: how many runs.
        spread: of the seeds, from the best to the worst.
        seconds: of the processor that one training took, on one core, loading and counting left out; mean of the seeds.
        epochs: mean of the seeds.
        against_counting: nats more than counting; below 0 the model is the better one.
        low, high: where 95 % of such differences lie when names and seeds are drawn anew.
        seen_nats, unseen_nats: a character of the test names that were learned from as well, and of the others; 0 where
            there are none.
    """

    name: str
    nats: Measure
    parameters: Count = 0
    seeds: Count = 1
    spread: Measure = 0.0
    seconds: Measure = 0.0
    epochs: Measure = 0.0
    against_counting: float = 0.0
    low: float = 0.0
    high: float = 0.0
    seen_nats: Measure = 0.0
    unseen_nats: Measure = 0.0


@dataclass(frozen=True)
class QualityList:
    """All models of one list, counting first.

    Attributes:
        name: of the list.
        test_names: different names of the test part.
        models: in the order of the table.
        seen_share: of the lines of the test part, those that stand in the training part too.
    """

    name: str
    test_names: Count
    models: tuple[Model, ...]
    seen_share: Measure = 0.0


@dataclass(frozen=True)
class Quality:
    """All lists."""

    lists: tuple[QualityList, ...] = ()
    format: Literal["namegen quality"] = FORMAT


def read(path: Path) -> Quality:
    """What a file holds; nothing where there is none. Raises ValueError for another form."""
    return from_plain(Quality, read_json(path.read_bytes())) if path.exists() else Quality()


def write(path: Path, document: Quality) -> None:
    """Write the file whole or not at all."""
    write_json(path, document)
