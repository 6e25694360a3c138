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
from namegen.core.data.prefix_tree import PrefixTree
from namegen.types import Array, Float, Int32, Int64

ROWS = 32  # nodes in a tile; 16 and 64 are as fast or slower
NODES = 8192  # nodes in a call; a larger batch gets a call of its own, with 2, 4, … times as many
BLOCK = 256  # nodes that are computed at a time where no node depends on another


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
    # The first tile of each batch, then the number of tiles.
    first_tile: Int32[Array, "batches_and_end"]
    # The first node of each batch, then the number of nodes.
    first_node: Int32[Array, "batches_and_end"]

    def add_batch(self, batch: Batch, first: int) -> None:
        """Write a batch's nodes into the arrays.

        Args:
            batch: the batch.
            first: the number of its first node.
        """
        tree = batch.tree
        end = first + tree.nodes
        self.tokens[first:end] = tree.token
        self.parents[first + tree.roots : end] = tree.parent[tree.roots :] + first
        self.counts[first:end] = tree.count
        if batch.targets is None:
            probabilities = tree.edge_count / tree.count[tree.edge_node]  # (E,)
            self.targets[tree.edge_node + first, tree.edge_token] = probabilities
        else:
            self.targets[first:end] = batch.targets


def pack(
    batches: Sequence[Batch], room: int, vocabulary_size: int, dtype: str, rows: int = ROWS
) -> Packing:
    """Lay the trees of some batches into arrays of fixed length.

    Args:
        batches: the batches.
        room: the length of the arrays, which must be greater than the number of nodes.
        vocabulary_size: V.
        dtype: the type of the counts and targets.
        rows: the largest number of nodes in a tile.

    >>> from namegen.core.data.vocabulary import Vocabulary
    >>> names = ["Al", "Ali", "Bo"]
    >>> tree = PrefixTree.from_names(names, Vocabulary.from_names(names))
    >>> packing = pack([Batch(tree)], 8, vocabulary_size=6, dtype="float32")
    >>> packing.parents.tolist(), packing.tiles.tolist()
    ([7, 0, 0, 1, 2, 3, 7, 7], [0, 1, 3, 5, 6, 6, 6, 6])
    """
    tiles = [tile_starts(batch.tree, rows) for batch in batches]
    first_node = _starts([batch.tree.nodes for batch in batches])
    first_tile = _starts([len(starts) for starts in tiles])
    packing = Packing(
        tokens=np.zeros(room, np.int32),
        parents=np.full(room, room - 1, np.int32),
        counts=np.zeros(room, dtype),
        targets=np.zeros((room, vocabulary_size), dtype),
        tiles=np.full(room, first_node[-1], np.int32),
        first_tile=first_tile,
        first_node=first_node,
    )
    for k, batch in enumerate(batches):
        first = int(first_node[k])
        packing.tiles[first_tile[k] : first_tile[k + 1]] = tiles[k] + first
        packing.add_batch(batch, first)
    return packing


def _starts(sizes: list[int]) -> Int32[Array, "sizes_and_end"]:
    """Compute where each of some consecutive pieces starts, and where the last one ends.

    >>> _starts([3, 2]).tolist()
    [0, 3, 5]
    """
    return np.cumsum([0, *sizes], dtype=np.int32)


def tile_starts(tree: PrefixTree, rows: int = ROWS) -> Int64[Array, "tiles"]:
    """Find the first node of each tile. A tile has at most ``rows`` nodes, and none is the parent of another."""
    starts = [0]
    while starts[-1] < tree.nodes:
        first_child = int(np.searchsorted(tree.parent, starts[-1]))  # of the tile's first node
        starts.append(min(starts[-1] + rows, first_child))
    return np.array(starts[:-1])


def room_for(count: int) -> int:
    """Choose the length of the arrays for a call of ``count`` nodes.

    There is room for ``NODES`` nodes, or for the next power of two, and for the nodes that a tile or block reads beyond
    the end.
    """
    power_of_two: int = 2 ** (count - 1).bit_length()
    return max(NODES, power_of_two) + max(ROWS, BLOCK) + 1
