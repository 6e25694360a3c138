"""TreeWalk: the levels and sibling groups of a prefix tree, as a recurrent layer needs them.

The children of one parent form a *sibling group*, or group for short. They all read the same state, so the layer
computes the state's part of a step once per group. In the backward pass, the gradients of a group's nodes are added up
and sent to its parent. Groups are numbered in the order of their nodes. Group 0 contains the roots, whose parent is the
state before a name. ``core/README.md`` shows all of this for two short names.

N is the number of nodes, M the number of groups, and H the width of the layer.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from namegen.core.data.arrays import new_run
from namegen.core.data.prefix_tree import PrefixTree
from namegen.types import Array, Float, Int64

# One matrix product sums up to this many groups. With more groups, more of the matrix would be zeros.
BLOCK_GROUPS = 32


class SharedGroups(NamedTuple):
    """Some groups with more than one node, and the matrix that sums over their nodes.

    ``np.add.reduceat`` computes the same sums without a matrix, but takes 3 to 5 times as long.
    """

    # The numbers of these groups.
    numbers: Int64[Array, "groups"]
    # Where their nodes are in ``TreeWalk.siblings``.
    siblings: slice
    # 1 where the sibling of that column belongs to the group of that row, 0 elsewhere.
    membership: Float[Array, "groups siblings"]


class Level(NamedTuple):
    """The nodes of one depth, and their connections to the level above and the level below."""

    # The nodes of this level, as a slice of all nodes.
    rows: slice
    # The parent of each node. On level 0 it is −1, the state before a name.
    parents: Int64[Array, "n"]
    # The groups of this level, as a slice of all groups.
    groups: slice
    # The parent of each group.
    parents_of_groups: Int64[Array, "groups"]
    # The group of each node, counted from the first group of this level. None if no node has siblings.
    group: Int64[Array, "n"] | None
    # The group that each node's children form. 0 for a node without children: group 0 sends no gradient.
    children: Int64[Array, "n"]
    # The groups with more than one node, in blocks.
    shared: list[SharedGroups]


class LevelOfChunk(NamedTuple):
    """A level, and where its nodes are in its chunk."""

    level: Level
    rows: slice  # of the chunk's nodes


class Chunk(NamedTuple):
    """Consecutive levels whose arrays are computed together."""

    rows: slice  # the nodes of these levels, as a slice of all nodes
    levels: list[LevelOfChunk]


class TreeWalk:
    """The levels of a tree, from the roots down. It is made once per batch and shared by all layers.

    Args:
        tree: the tree.
        dtype: the type of the numbers that are summed.

    >>> from namegen.core.data.vocabulary import Vocabulary
    >>> names = ["Al", "Ali", "Bo"]  # nodes: 0 START, 1 A, 2 B, 3 Al, 4 Bo, 5 Ali
    >>> walk = TreeWalk(PrefixTree.from_names(names, Vocabulary.from_names(names)))
    >>> walk.first_child.tolist(), walk.siblings.tolist()
    ([0, 1, 3, 4, 5], [1, 2])
    >>> walk.levels[1].group.tolist(), walk.levels[1].children.tolist()
    ([0, 0], [2, 3])
    """

    def __init__(self, tree: PrefixTree, dtype: np.dtype | str = "float32") -> None:
        starts_group = new_run(
            tree.parent
        )  # (N,), whether each node is the first child of its parent
        group_of_node = starts_group.cumsum() - 1  # (N,)
        is_only_child = starts_group.copy()  # (N,)
        is_only_child[:-1] &= starts_group[1:]
        self.nodes = tree.nodes  # N
        # The first node of each group. The other nodes of the group follow it.
        self.first_child: Int64[Array, "M"] = starts_group.nonzero()[0]
        self.group_count = len(self.first_child)  # M
        # All nodes that have siblings, in order.
        self.siblings: Int64[Array, "siblings"] = (~is_only_child).nonzero()[0]
        # From the roots down.
        self.levels: list[Level] = []
        self._chunks: dict[int, list[Chunk]] = {}

        # Cut the nodes, the groups and the shared groups into levels. Each level ends where the next one starts.
        parents_of_groups = tree.parent[self.first_child]  # (M,)
        children = np.zeros(self.nodes, np.int64)  # (N,), the group of each node's children
        children[parents_of_groups[1:]] = np.arange(1, self.group_count)
        shared = _AllSharedGroups(group_of_node[self.siblings], dtype)
        group_starts = self.first_child.searchsorted(tree.level)
        shared_starts = shared.numbers.searchsorted(group_starts).tolist()
        starts = zip(tree.level.tolist(), group_starts.tolist(), shared_starts, strict=True)
        for (row, group, first_shared), (next_row, next_group, next_shared) in pairwise(starts):
            rows = slice(row, next_row)
            groups = slice(group, next_group)
            blocks = shared.blocks(first_shared, next_shared)
            level = Level(
                rows=rows,
                parents=tree.parent[rows],
                groups=groups,
                parents_of_groups=parents_of_groups[groups],
                group=group_of_node[rows] - group if blocks else None,
                children=children[rows],
                shared=blocks,
            )
            self.levels.append(level)

    def chunks(self, most_rows: int) -> list[Chunk]:
        """Return the levels in chunks of at most ``most_rows`` nodes. A larger level is a chunk of its own."""
        if most_rows not in self._chunks:
            chunks: list[Chunk] = []
            for level in self.levels:
                first = chunks[-1].rows.start if chunks else 0
                if not chunks or level.rows.stop - first > most_rows:
                    first = level.rows.start
                    chunks.append(Chunk(level.rows, []))
                in_chunk = slice(level.rows.start - first, level.rows.stop - first)
                levels = [*chunks[-1].levels, LevelOfChunk(level, in_chunk)]
                chunks[-1] = Chunk(slice(first, level.rows.stop), levels)
            self._chunks[most_rows] = chunks
        return self._chunks[most_rows]


class _AllSharedGroups:
    """All groups of a tree that have more than one node.

    Args:
        group_of_sibling: the group of each node that has siblings.
        dtype: the type of the membership matrices.
    """

    def __init__(self, group_of_sibling: Int64[Array, "siblings"], dtype: np.dtype | str) -> None:
        is_first = new_run(group_of_sibling)  # (siblings,)
        self.numbers: Int64[Array, "shared"] = group_of_sibling[is_first]
        self._group_of_sibling = group_of_sibling
        self._dtype = dtype
        # Where the nodes of each group start among the siblings, and where the last group's nodes end.
        self._starts = [*is_first.nonzero()[0].tolist(), len(group_of_sibling)]

    def blocks(self, start: int, stop: int) -> list[SharedGroups]:
        """Return the shared groups from ``start`` to ``stop``, in blocks of at most ``BLOCK_GROUPS``."""
        blocks = []
        for first in range(start, stop, BLOCK_GROUPS):
            last = min(first + BLOCK_GROUPS, stop)
            numbers = self.numbers[first:last]
            siblings = slice(self._starts[first], self._starts[last])
            membership = numbers[:, None] == self._group_of_sibling[siblings]
            blocks.append(SharedGroups(numbers, siblings, membership.astype(self._dtype)))
        return blocks


class GroupSums:
    """The sum over the nodes of each group, for several arrays at once.

    All arrays are one block of memory, so a node's row in any of them can be addressed by one number, its *flat row*:
    row ``r`` of array ``a`` is flat row ``a · rows + r``. One ``take`` can then read from all arrays.

    Args:
        arrays: the arrays, contiguous in memory.
        summed: the numbers of the arrays to sum.
    """

    def __init__(self, arrays: Float[Array, "arrays rows H"], summed: Sequence[int]) -> None:
        _, rows, width = arrays.shape
        self._flat = arrays.reshape(-1, width)  # (arrays · rows, H)
        self._first_flat_rows = np.array(summed, np.int64) * rows  # (summed,), of each array
        self._sums = np.empty((rows, len(summed), width), arrays.dtype)
        # The sums of each group, one summed array next to the other. ``fill`` writes them level by level.
        self.rows: Float[Array, "rows summed_H"] = self._sums.reshape(rows, len(summed) * width)

    def begin(self, walk: TreeWalk) -> None:
        """Look up where the rows of a tree's groups are, before any call of ``fill``."""
        # The flat rows, in each summed array, of every group's first child, and of every node that has siblings.
        self._first_child = walk.first_child[:, None] + self._first_flat_rows  # (M, summed)
        self._siblings = walk.siblings[:, None] + self._first_flat_rows  # (siblings, summed)

    def fill(self, level: Level) -> Float[Array, "groups summed_H"]:
        """Add up the rows of each group's nodes, for one level, and return these sums."""
        # 1. Copy the row of every group's first child. For a group of one node, this is the sum already, so most
        #    groups need no addition. ``mode="clip"`` writes into ``out`` directly; the default mode makes a copy.
        self._flat.take(
            self._first_child[level.groups], axis=0, out=self._sums[level.groups], mode="clip"
        )
        # 2. Overwrite the groups with more than one node by their sums.
        for numbers, siblings, membership in level.shared:
            rows = self._flat.take(self._siblings[siblings], axis=0)  # (siblings, summed, H)
            self.rows[numbers] = membership.dot(rows.reshape(len(rows), -1))
        return self.rows[level.groups]
