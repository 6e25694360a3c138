"""Reads the distinct prefixes of a list with a model, in chunks, so that memory stays small."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from namegen.core.data.arrays import blocks, ranges
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.engine import LanguageModel, State
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


@dataclass(frozen=True, eq=False)
class _Unread:
    """Nodes to read next, and the states of their parents."""

    nodes: Int[Array, "B"]
    states: State
    parents: Int[Array, "B"]  # the row of each node's parent in the states


def read_prefixes(model: LanguageModel, tree: PrefixTree) -> Iterator[PrefixChunk]:
    """Read each prefix of a tree once, after its parent.

    The tree is read depth first, in chunks, and only the states of nodes with children are kept. So few states exist at
    the same time, and memory stays small however long the list is.
    """
    chunk_rows = _prefixes_per_step(model)
    roots = np.arange(tree.roots)
    pending = [_Unread(roots, model.initial_state(len(roots)), roots)]
    while pending:
        unread = pending.pop()
        states = model.select(unread.states, unread.parents)
        logits, states = model.step(tree.token[unread.nodes], states)
        chunk = _make_chunk(tree, unread.nodes, logits)
        yield chunk
        pending.extend(_unread_children(tree, chunk, states, chunk_rows))


def _make_chunk(
    tree: PrefixTree, nodes: Int[Array, "B"], logits: Float[Array, "B V"]
) -> PrefixChunk:
    """Return the result of reading some nodes, with the edges that leave them."""
    first_edges = tree.edge_start[nodes]  # (B,)
    edges, rows = ranges(first_edges, tree.edge_start[nodes + 1])
    return PrefixChunk(nodes, logits, edges, rows)


def _unread_children(
    tree: PrefixTree, chunk: PrefixChunk, states: State, chunk_rows: int
) -> Iterator[_Unread]:
    """Yield the children of a chunk's nodes, in chunks of at most ``chunk_rows`` nodes."""
    to_nodes = tree.edge_child[chunk.edges]  # (e,)
    has_child = to_nodes >= 0
    children = to_nodes[has_child]
    parents = chunk.rows[has_child]
    for block in blocks(len(children), chunk_rows):
        yield _Unread(children[block], states, parents[block])


def _prefixes_per_step(model: LanguageModel) -> int:
    """Return how many prefixes to read per step, so that the logits don't take much memory."""
    rows = CHUNK_ROWS
    if rows * model.vocabulary_size > MAX_LOGITS:
        rows = max(1, LOGITS_IN_CACHE // model.vocabulary_size)
    return limited_rows(model, rows)


def limited_rows(model: LanguageModel, rows: int) -> int:
    """Return how many prefixes to read per step: ``rows``, or fewer if the model reads many rows per prefix."""
    rows_per_prefix = getattr(model, "rows_per_prefix", 1)
    if rows * rows_per_prefix > MAX_ROWS:
        return max(1, ROWS_IN_CACHE // rows_per_prefix)
    return rows
