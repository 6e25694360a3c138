"""TreeWalk: how a recurrent layer goes down a prefix tree, and how gradients come back up.

The children of one parent are a *group*. They have the state before in common, so what is made of it is computed once
for the group; on the way back, the group sends the sum over its children to its parent. Groups are numbered as their
nodes are: group 0 is the roots, whose parent is the state before a name.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np

from namegen.core.data.arrays import new_run
from namegen.core.data.prefix_tree import PrefixTree
from namegen.types import Array, Float, Int64

BLOCK_GROUPS = (
    32  # groups that are summed by one product: the more, the larger the share of its zeros
)


class Level(NamedTuple):
    """The nodes of one depth, and how they hang on the depth above.

    Attributes:
        rows: the slice of these nodes.
        parents: the parent of each node; −1, the state before a name, on level 0.
        groups: the slice of their groups.
        parents_of_groups: the parent of each group.
        group: the group of each node, counted from the first of this level; None where every group has one node.
        children: the group of the children of each node; 0 for a node without children.
        shared: the groups of more than one node, a block after the other.
    """

    rows: slice
    parents: Int64[Array, "n"]
    groups: slice
    parents_of_groups: Int64[Array, "groups"]
    group: Int64[Array, "n"] | None
    children: Int64[Array, "n"]
    shared: list[SharedGroups]


class SharedGroups(NamedTuple):
    """Some groups of more than one node; to sum over the nodes is a product with ones and zeros.

    ``np.add.reduceat`` gives the same sums without a product, 3 to 5 times as slowly.

    Attributes:
        numbers: of these groups.
        places: the slice of their nodes among the siblings of the walk.
        membership: 1 where a sibling belongs to a group.
    """

    numbers: Int64[Array, "groups"]
    places: slice
    membership: Float[Array, "groups siblings"]


# Neighbouring levels: the slice of all their nodes; each level, with the slice of its nodes among these.
Stretch: TypeAlias = tuple[slice, list[tuple[Level, slice]]]


class TreeWalk:
    """The levels of a tree from its roots down; made once for a batch and shared by all layers.

    Args:
        tree: where to walk.
        dtype: of the numbers that are summed.

    Attributes:
        nodes, group_count: how many there are.
        first_child: of each group; the others are its neighbours.
        siblings: all nodes that have siblings, in order.
        levels: from the roots down.
    """

    def __init__(self, tree: PrefixTree, dtype: np.dtype | str = "float32") -> None:
        parent, level = tree.parent, tree.level
        is_first = new_run(parent)  # (N,), of its group
        alone = is_first.copy()  # (N,), without siblings
        alone[:-1] &= is_first[1:]
        self.nodes = tree.nodes
        self.first_child = is_first.nonzero()[0]  # (groups,)
        self.siblings = (~alone).nonzero()[0]  # (siblings,)
        self.group_count = len(self.first_child)
        parents_of_groups = parent[self.first_child]
        children = np.zeros(tree.nodes, np.int64)  # (N,), the group of them
        children[parents_of_groups[1:]] = np.arange(1, self.group_count)
        group = is_first.cumsum() - 1  # (N,), of each node
        group_of_sibling = group[self.siblings]
        is_shared = new_run(group_of_sibling)
        shared = group_of_sibling[is_shared]  # (shared,), the groups of more than one node
        first_sibling = [
            *is_shared.nonzero()[0].tolist(),
            len(self.siblings),
        ]  # where the nodes of each begin

        # Where each level begins: among the nodes, the groups, the shared groups.
        rows, groups = level.tolist(), self.first_child.searchsorted(level).tolist()
        of_shared = shared.searchsorted(groups).tolist()
        self.levels: list[Level] = []
        self._stretches: dict[int, list[Stretch]] = {}
        for t in range(tree.depth):
            nodes, blocks = slice(rows[t], rows[t + 1]), []
            for first in range(of_shared[t], of_shared[t + 1], BLOCK_GROUPS):
                last = min(first + BLOCK_GROUPS, of_shared[t + 1])
                numbers, places = (
                    shared[first:last],
                    slice(first_sibling[first], first_sibling[last]),
                )
                membership = (numbers[:, None] == group_of_sibling[places]).astype(dtype)
                blocks.append(SharedGroups(numbers, places, membership))
            own = slice(groups[t], groups[t + 1])
            place = group[nodes] - groups[t] if blocks else None
            self.levels.append(
                Level(
                    nodes,
                    parent[nodes],
                    own,
                    parents_of_groups[own],
                    place,
                    children[nodes],
                    blocks,
                )
            )

    def stretches(self, rows: int) -> list[Stretch]:
        """The levels in order, some at a time: as many as have at most so many nodes together, but at least one."""
        if rows not in self._stretches:
            some: list[list[Level]] = []
            for level in self.levels:
                if not some or level.rows.stop - some[-1][0].rows.start > rows:
                    some.append([])
                some[-1].append(level)
            self._stretches[rows] = list(map(_stretch, some))
        return self._stretches[rows]


def _stretch(levels: list[Level]) -> Stretch:
    first = levels[0].rows.start
    places = [slice(level.rows.start - first, level.rows.stop - first) for level in levels]
    return slice(first, levels[-1].rows.stop), list(zip(levels, places, strict=True))


class GroupSums:
    """Sums over the nodes of each group, of several arrays at once.

    Args:
        of_nodes: the arrays, whole in memory.
        which: those of them that are summed.

    Attributes:
        rows: the sums, those of all arrays of a group side by side; a level's are there once it is filled.
    """

    def __init__(self, of_nodes: Float[Array, "arrays rows H"], which: Sequence[int]) -> None:
        _, rows, width = of_nodes.shape
        self._flat, self._first_of_array = (
            of_nodes.reshape(-1, width),
            np.array(which, np.int64) * rows,
        )
        self._sums = np.empty((rows, len(which), width), of_nodes.dtype)
        self.rows = self._sums.reshape(rows, len(which) * width)

    def begin(self, walk: TreeWalk) -> None:
        """Take the groups of a walk."""
        self._first_child = walk.first_child[:, None] + self._first_of_array
        self._siblings = walk.siblings[:, None] + self._first_of_array

    def fill(self, level: Level) -> Float[Array, "groups which_H"]:
        """Sum over the nodes of a level; gives its part of the rows."""
        # clip: unlike raise, the default, it writes into out without a copy
        self._flat.take(
            self._first_child[level.groups], axis=0, out=self._sums[level.groups], mode="clip"
        )
        for numbers, places, membership in level.shared:
            siblings = self._flat.take(self._siblings[places], axis=0)
            self.rows[numbers] = membership.dot(siblings.reshape(len(siblings), -1))
        return self.rows[level.groups]
