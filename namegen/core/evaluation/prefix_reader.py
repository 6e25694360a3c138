"""Reads the distinct prefixes of a list with a model, in chunks, so that memory stays small."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from namegen.core.data.arrays import blocks, ranges
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.engine import LanguageModel
from namegen.types import Array, Float, Int

CHUNK_ROWS = 8192  # prefixes per step
# If a step computed more logits than MAX_LOGITS, it reads only as many prefixes as give LOGITS_IN_CACHE.
MAX_LOGITS = 1 << 22
LOGITS_IN_CACHE = 1 << 18
# The same limits for the rows of a model that reads several rows per prefix.
MAX_ROWS = 1 << 18
ROWS_IN_CACHE = 1 << 14


@dataclass(frozen=True, eq=False)
class PrefixChunk:
    """Some prefixes of a tree that a model has read in one step."""

    nodes: Int[Array, "B"]
    logits: Float[Array, "B V"]  # of the token after each prefix
    edges: Int[Array, "e"]  # the edges that leave these nodes
    rows: Int[Array, "e"]  # the row of the node that each edge leaves


def read_prefixes(model: LanguageModel, tree: PrefixTree) -> Iterator[PrefixChunk]:
    """Read each prefix of a tree once, after its parent.

    The tree is read depth first, in chunks, and only the states of nodes with children are kept. So few states exist at
    the same time, and memory stays small however long the list is.
    """
    rows = CHUNK_ROWS
    if rows * model.vocabulary_size > MAX_LOGITS:
        rows = max(1, LOGITS_IN_CACHE // model.vocabulary_size)
    chunk_rows = limited_rows(model, rows)
    roots = np.arange(tree.roots)
    # Nodes to read next, the states of their parents, and the row of each node's parent in these states.
    unread = [(roots, model.initial_state(len(roots)), roots)]
    while unread:
        nodes, states, parents = unread.pop()
        logits, states = model.step(tree.token[nodes], model.select(states, parents))
        edges, row_of_edge = ranges(tree.edge_start[nodes], tree.edge_start[nodes + 1])
        yield PrefixChunk(nodes, logits, edges, row_of_edge)
        to_nodes = tree.edge_child[edges]  # (e,)
        has_child = to_nodes >= 0
        children = to_nodes[has_child]
        parents = row_of_edge[has_child]
        for block in blocks(len(children), chunk_rows):
            unread.append((children[block], states, parents[block]))


def limited_rows(model: LanguageModel, rows: int) -> int:
    """Return how many prefixes to read per step: ``rows``, or fewer if the model reads many rows per prefix."""
    rows_per_prefix = getattr(model, "rows_per_prefix", 1)
    if rows * rows_per_prefix > MAX_ROWS:
        return max(1, ROWS_IN_CACHE // rows_per_prefix)
    return rows
