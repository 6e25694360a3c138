"""pack: lays the prefix trees of several batches into arrays of fixed length, for a compiled program.

A compiled program needs fixed shapes, so it reads a *tile* at a time: ``ROWS`` consecutive nodes. Nodes are ordered by
depth, and their parents are in the same order. A tile ends before the first node whose parent is in the tile, so all
of its nodes can be read at once. For Al, Ali, Bo, Boe and Cy:

    prefix        A  B  C   Al Bo Cy   Ali Boe
    node      0   1  2  3   4  5  6    7   8
    parent   -1   0  0  0   1  2  3    4   5
    tile      0   1  1  1   2  2  2    3   3

If a tile has fewer than ``ROWS`` nodes, the program also reads the nodes after it and ignores the results. The arrays
therefore need padding only at their end.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from namegen.core.data.batching import Batch
from namegen.types import Array, Float, Int32

ROWS = 32  # nodes in a tile; 16 and 64 are as fast or slower
BLOCK = 256  # nodes that are computed at a time where no node depends on another
STEPS = 16  # the largest number of updates in a call
NODES = 8192  # nodes in a call; a larger batch gets a call of its own, with 2, 4, … times as many


class Packing(NamedTuple):
    """The trees of some batches, one after the other, and padding. The nodes are numbered consecutively."""

    # The last token of each node.
    tokens: Int32[Array, "room"]
    # The node of each parent. For roots and padding, the last row, which is never a node.
    parents: Int32[Array, "room"]
    # How many names pass each node. 0 in the padding.
    counts: Float[Array, "room"]
    # The probability of each token after each node, from the counts in the batch or from its targets.
    targets: Float[Array, "room V"]
    # The first node of each tile. The rest of the array is the end of the last tree.
    tiles: Int32[Array, "room"]
    # The first tile of each batch. The rest of the array is the number of tiles.
    first_tile: Int32[Array, "STEPS_and_end"]
    # The first node of each batch. The rest of the array is the number of nodes.
    first_node: Int32[Array, "STEPS_and_end"]


def pack(batches: Sequence[Batch], V: int, dtype: str, rows: int = ROWS) -> Packing:
    """Lay the prefix trees of some batches into arrays of fixed length, which a compiled program needs.

    A node is a distinct prefix of the names, and its parent is one character shorter. The program reads a *tile* of up
    to ``rows`` consecutive nodes at a time. A node's parent has to be in an earlier tile, because the program reads the
    parent's state. For Al, Ali and Bo, the nodes START, A, B, Al, Bo, Ali have the parents −1, 0, 0, 1, 2, 3, so the
    tiles are START; A, B; Al, Bo; Ali.

    The arrays have room for ``NODES`` nodes, or for the next power of two, and for the nodes that a tile or a block
    reads beyond the end.

    Args:
        batches: at most ``STEPS`` batches.
        V: the size of the vocabulary.
        dtype: the type of the counts and targets.
        rows: the largest number of nodes in a tile.

    >>> from namegen.core.data.prefix_tree import PrefixTree
    >>> from namegen.core.data.vocabulary import Vocabulary
    >>> names = ["Al", "Ali", "Bo"]
    >>> tree = PrefixTree.from_names(names, Vocabulary.from_names(names))
    >>> packing = pack([Batch(tree)], V=6, dtype="float32")
    >>> packing.parents[:7].tolist(), packing.tiles[:5].tolist()
    ([8448, 0, 0, 1, 2, 3, 8448], [0, 1, 3, 5, 6])
    """
    node_count = sum(batch.tree.nodes for batch in batches)
    power_of_two = 2 ** (node_count - 1).bit_length()
    room = max(NODES, power_of_two) + max(ROWS, BLOCK) + 1
    packing = Packing(
        tokens=np.zeros(room, np.int32),
        parents=np.full(room, room - 1, np.int32),
        counts=np.zeros(room, dtype),
        targets=np.zeros((room, V), dtype),
        tiles=np.full(room, node_count, np.int32),
        first_tile=np.zeros(STEPS + 1, np.int32),
        first_node=np.full(STEPS + 1, node_count, np.int32),
    )
    start = 0  # the first node of the batch, counted over all batches
    tile_count = 0
    for k, batch in enumerate(batches):
        tree = batch.tree
        end = start + tree.nodes
        packing.first_node[k] = start
        packing.first_tile[k] = tile_count
        # Copy the tree. Its parents are counted within the tree. Roots have none and keep the last row.
        packing.tokens[start:end] = tree.token
        packing.parents[start + tree.roots : end] = tree.parent[tree.roots :] + start
        packing.counts[start:end] = tree.count
        # What should follow each node: the shares of the tokens that follow it in the batch, or its targets.
        if batch.targets is None:
            shares = tree.edge_count / tree.count[tree.edge_node]  # (E,)
            packing.targets[tree.edge_node + start, tree.edge_token] = shares
        else:
            packing.targets[start:end] = batch.targets
        # Cut the tree into tiles. A tile ends after ``rows`` nodes, or before the first child of its first node.
        tile = 0  # the first node of the tile, counted within the tree
        while tile < tree.nodes:
            packing.tiles[tile_count] = start + tile
            tile_count += 1
            first_child = int(np.searchsorted(tree.parent, tile))
            tile = min(tile + rows, first_child)
        start = end
    packing.first_tile[len(batches) :] = tile_count
    return packing
