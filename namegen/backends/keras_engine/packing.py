"""Packing: the prefix trees of several batches one behind the other, cut into tiles.

The state after a prefix needs the state after its parent, so a tree is read from its roots on. A compiled program wants
fixed shapes: it reads a tile at a time, ``ROWS`` nodes that follow one another. Nodes are ordered by depth, so that
parents rise with them; a tile ends before the first node whose parent it holds. Of Al, Ali, Bo, Boe, Cy:

    prefix        A  B  C   Al Bo Cy   Ali Boe
    node      0   1  2  3   4  5  6    7   8
    parent   -1   0  0  0   1  2  3    4   5
    tile      0   1  1  1   2  2  2    3   3

A tile of fewer nodes than ``ROWS`` reads on into the nodes behind it, and what it computes of them counts for nothing.
So the arrays hold no padding but at their end.

Measured on one core (Adam, batches of 128 distinct names, 669 nodes of 965 characters; ms an update):

    rows                16     32     64
    GRU 192             15.7   16.0   17.4
    LSTM 160                   14.3   16.1
    SimpleRNN 2×32      1.71   1.58   1.68
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from namegen.core.data.batching import Batch
from namegen.core.data.prefix_tree import PrefixTree
from namegen.types import Array, Float, Int32, Int64

ROWS = 32


@dataclass(frozen=True, eq=False)
class Packing:
    """The trees of some batches, one behind the other, in arrays of one length; nodes are counted through.

    Attributes:
        tokens: the last token of each node.
        parents: the node of its parent; of a root, and behind the last tree, the last place of all, which no node has.
        visits: how many names pass through the node; 0 behind the last tree.
        chances: of what follows the node, in the batch or by its targets.
        tiles: the first node of each tile; then, up to the end of the array, the end of the last tree.
        first_tile: of each batch; then the number of all tiles.
        first_node: of each batch; then the number of all nodes.
    """

    tokens: Int32[Array, "room"]
    parents: Int32[Array, "room"]
    visits: Float[Array, "room"]
    chances: Float[Array, "room V"]
    tiles: Int32[Array, "room"]
    first_tile: Int32[Array, "starts"]
    first_node: Int32[Array, "starts"]


def pack(batches: Sequence[Batch], room: int, vocabulary_size: int, dtype: str, rows: int = ROWS) -> Packing:
    """Lay the trees of the batches one behind the other into arrays of the length ``room``, which is greater than the
    number of their nodes.
    """
    trees = [batch.tree for batch in batches]
    first_node = np.cumsum([0, *(tree.nodes for tree in trees)])
    starts = [tile_starts(tree, rows) for tree in trees]
    packing = Packing(
        tokens=np.zeros(room, np.int32),
        parents=np.full(room, room - 1, np.int32),
        visits=np.zeros(room, dtype),
        chances=np.zeros((room, vocabulary_size), dtype),
        tiles=np.full(room, first_node[-1], np.int32),
        first_tile=np.cumsum([0, *map(len, starts)], dtype=np.int32),
        first_node=first_node.astype(np.int32),
    )
    for k, (batch, tree) in enumerate(zip(batches, trees, strict=True)):
        first, end = first_node[k : k + 2]
        packing.tokens[first:end] = tree.token
        packing.parents[first + tree.roots : end] = tree.parent[tree.roots :] + first
        packing.visits[first:end] = tree.count
        packing.tiles[packing.first_tile[k] : packing.first_tile[k + 1]] = starts[k] + first
        if batch.targets is None:
            packing.chances[tree.edge_node + first, tree.edge_token] = tree.edge_count / tree.count[tree.edge_node]
        else:
            packing.chances[first:end] = batch.targets
    return packing


def tile_starts(tree: PrefixTree, rows: int = ROWS) -> Int64[Array, "tiles"]:
    """The first node of each tile: a tile holds at most ``rows`` nodes, and the parent of none of them."""
    starts = [0]
    while starts[-1] < tree.nodes:
        first_child = np.searchsorted(tree.parent, starts[-1])  # of the tile: parents rise with the nodes
        starts.append(min(starts[-1] + rows, int(first_child)))
    return np.array(starts[:-1])
