"""TreeWalk: the levels and sibling groups of a prefix tree, as a recurrent layer needs them.

The children of one parent form a *sibling group*, or group for short. They all read the same state, so the layer
computes the state's part of a step once per group. In the backward pass, the gradients of a group's nodes are added up
and sent to its parent. Groups are numbered in the order of their nodes. Group 0 contains the roots, whose parent is the
state before a name. ``core/README.md`` shows all of this for two short names.

N is the number of nodes, M the number of groups, and H the width of the layer.
"""

from __future__ import annotations

from collections.abc import Sequence
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
    groups: Int64[Array, "groups"]
    # Where their nodes are in ``TreeWalk.siblings``.
    siblings: slice
    # 1 where the sibling of that column belongs to the group of that row, 0 elsewhere.
    membership: Float[Array, "groups siblings"]


class Level(NamedTuple):
    """The nodes of one depth, and their connections to the level above and the level below."""

    # The nodes of this level, as a slice of all nodes.
    nodes: slice
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


class Chunk(NamedTuple):
    """Consecutive levels whose arrays are computed together."""

    levels: list[Level]

    @property
    def nodes(self) -> slice:
        """The nodes of all these levels, as a slice of all nodes."""
        return slice(self.levels[0].nodes.start, self.levels[-1].nodes.stop)

    def nodes_of(self, level: Level) -> slice:
        """Return the nodes of one of these levels, as a slice of the chunk's nodes."""
        start = self.levels[0].nodes.start
        return slice(level.nodes.start - start, level.nodes.stop - start)


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

    # N
    nodes: int
    # M
    group_count: int
    # The first node of each group. The other nodes of the group follow it.
    first_child: Int64[Array, "M"]
    # All nodes that have siblings, in order.
    siblings: Int64[Array, "siblings"]
    # From the roots down.
    levels: list[Level]

    def __init__(self, tree: PrefixTree, dtype: np.dtype | str = "float32") -> None:
        """Find the groups of a prefix tree, and cut nodes and groups into levels.

        A node is a distinct prefix of the names. The children of a node, which are one character longer, form a group.
        The tree of Al, Ali and Bo has the nodes 0 START, 1 A, 2 B, 3 Al, 4 Bo, 5 Ali, and the groups 0 (START), 1 (A,
        B), 2 (Al), 3 (Bo), 4 (Ali). A level has the nodes of one depth.

        Args:
            tree: ``tree.parent`` is the parent of each of the N nodes, here [−1, 0, 0, 1, 2, 3]. ``tree.level`` is the
                first node of each level, then N, here [0, 1, 3, 5, 6].
            dtype: the type of the numbers that will be summed.
        """
        # Siblings follow each other, so a new group starts where a node's parent differs from the previous one's.
        is_first_child = new_run(tree.parent)  # (N,)
        group_of_node = is_first_child.cumsum() - 1  # (N,)
        group_size = np.bincount(group_of_node)  # (M,), where M is the number of groups
        self.nodes = tree.nodes
        self.group_count = len(group_size)
        self.first_child = np.flatnonzero(is_first_child)

        # Connect groups and parents, in both directions. The roots have no parent, so group 0 is skipped.
        parents_of_groups = tree.parent[self.first_child]  # (M,)
        children = np.zeros(self.nodes, np.int64)  # (N,), the group of each node's children
        children[parents_of_groups[1:]] = np.arange(1, self.group_count)

        # Only groups with several nodes (shared groups) need a sum in the backward pass. List them and their nodes.
        shared = np.flatnonzero(group_size > 1)  # (shared groups,), here [1]
        self.siblings = np.flatnonzero(group_size[group_of_node] > 1)  # (siblings,), here [1, 2]
        group_of_sibling = group_of_node[self.siblings]  # (siblings,), here [1, 1]
        # Where the nodes of each shared group start in ``siblings``, and where the last ones end.
        first_sibling = group_of_sibling.searchsorted(np.append(shared, self.group_count)).tolist()

        # Where the nodes, groups and shared groups of each level start. A level ends where the next one starts.
        first_node = tree.level.tolist()
        first_group = self.first_child.searchsorted(tree.level).tolist()
        first_shared = shared.searchsorted(first_group).tolist()
        self.levels = []
        for depth in range(len(first_node) - 1):
            nodes = slice(first_node[depth], first_node[depth + 1])
            groups = slice(first_group[depth], first_group[depth + 1])
            # A matrix of ones and zeros says which sibling is in which group. It's cut into blocks of a few groups,
            # because a large one would consist mostly of zeros.
            end = first_shared[depth + 1]
            blocks: list[SharedGroups] = []
            for start in range(first_shared[depth], end, BLOCK_GROUPS):
                stop = min(start + BLOCK_GROUPS, end)
                siblings = slice(first_sibling[start], first_sibling[stop])
                is_member = shared[start:stop, None] == group_of_sibling[siblings]
                blocks.append(SharedGroups(shared[start:stop], siblings, is_member.astype(dtype)))
            level = Level(
                nodes=nodes,
                parents=tree.parent[nodes],
                groups=groups,
                parents_of_groups=parents_of_groups[groups],
                group=group_of_node[nodes] - groups.start if blocks else None,
                children=children[nodes],
                shared=blocks,
            )
            self.levels.append(level)

    def chunks(self, most_nodes: int) -> list[Chunk]:
        """Return the levels in chunks of at most ``most_nodes`` nodes. A larger level is a chunk of its own."""
        chunks: list[Chunk] = []
        for level in self.levels:
            if not chunks or level.nodes.stop - chunks[-1].nodes.start > most_nodes:
                chunks.append(Chunk([]))
            chunks[-1].levels.append(level)
        return chunks


class GroupSums:
    """The sum over the nodes of each group, for several arrays at once.

    All arrays are one block of memory, so a node's row in any of them can be addressed by one number, its *flat row*:
    row ``r`` of array ``a`` is flat row ``a · rows + r``. One ``take`` can then read from all arrays.

    Args:
        arrays: the arrays, contiguous in memory.
        summed: the numbers of the arrays to sum.
    """

    # The sums of each group. ``fill`` writes them level by level.
    sums: Float[Array, "rows summed H"]

    def __init__(self, arrays: Float[Array, "arrays rows H"], summed: Sequence[int]) -> None:
        _, rows, width = arrays.shape
        self._flat = arrays.reshape(-1, width)  # (arrays · rows, H)
        self._first_flat_rows = np.array(summed, np.int64) * rows  # (summed,), of each array
        self.sums = np.empty((rows, len(summed), width), arrays.dtype)

    def begin(self, walk: TreeWalk) -> None:
        """Look up where the rows of a tree's groups are, before any call of ``fill``."""
        # The flat rows, in each summed array, of every group's first child, and of every node that has siblings.
        self._first_child = walk.first_child[:, None] + self._first_flat_rows  # (M, summed)
        self._siblings = walk.siblings[:, None] + self._first_flat_rows  # (siblings, summed)

    def fill(self, level: Level) -> Float[Array, "groups summed H"]:
        """Sum the rows of the nodes in each group (nodes with the same parent), for the groups of one level.

        Most groups have a single node, whose row is the sum. So the row of each group's first node is copied, and only
        the groups with several nodes are added up. For the groups (A), (B, C), the first step gives A, B and the second
        one A, B + C.

        Several arrays are summed at once. ``_flat`` has the rows of all arrays, one array after the other.
        ``_first_child`` and ``_siblings`` are the numbers of these nodes' rows in it, with a column for each summed
        array.

        Returns:
            The sum for each group and each array, a view of ``self.sums``.
        """
        # 1. Copy the row of every group's first node. The default mode of ``take`` makes another copy.
        sums = self.sums[level.groups]  # (groups, summed, H)
        first_rows = self._first_child[level.groups]  # (groups, summed)
        self._flat.take(first_rows, axis=0, out=sums, mode="clip")
        # 2. Overwrite the sums of the groups with several nodes. The product with ``membership``, a matrix of ones and
        #    zeros, adds up their rows several times as fast as ``np.add.reduceat``.
        for shared in level.shared:
            sibling_rows = self._siblings[shared.siblings]  # (siblings, summed)
            siblings = self._flat.take(sibling_rows, axis=0)  # (siblings, summed, H)
            siblings = siblings.reshape(len(siblings), -1)  # (siblings, summed · H)
            sums_of_shared = shared.membership.dot(siblings)  # (shared groups, summed · H)
            self.sums[shared.groups] = sums_of_shared.reshape(-1, *sums.shape[1:])
        return sums
