"""TreeWalk: how a recurrent layer goes down a prefix tree, and how gradients come back up."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from namegen.core.data.prefix_tree import PrefixTree, new_run
from namegen.types import Array, Float, Int64

BUNDLE = 32  # large families that are summed by one product; of more it would be mostly zeros


class Level(NamedTuple):
    """The nodes of one depth, and how they hang on the depth above.

    A family is the children of one parent. Families are numbered as their nodes are, so that 0 is the roots.

    Attributes:
        rows: the slice of these nodes.
        parents: the parent of each node; −1, the state before a name, on level 0.
        families: the slice of their families.
        parents_of_families: the parent of each family.
        family: the family of each node, counted from the first of this level; None where each has one node.
        own_family: the family whose parent each node is; 0 for a node without children.
        bundles: the families with more than one child, some at a time.
    """

    rows: slice
    parents: Int64[Array, "n"]
    families: slice
    parents_of_families: Int64[Array, "families"]
    family: Int64[Array, "n"] | None
    own_family: Int64[Array, "n"]
    bundles: list[Bundle]


class Bundle(NamedTuple):
    """Some families with more than one child; to sum over the children is a product with ones and zeros.

    ``np.add.reduceat`` gives the same sums without a product, 3 to 5 times as slowly.

    Attributes:
        families: which, counted from the first of the level.
        siblings: the slice of their children among the siblings of the walk.
        membership: 1 where a sibling belongs to a family.
    """

    families: Int64[Array, "large"]
    siblings: slice
    membership: Float[Array, "large siblings"]


class TreeWalk:
    """The levels of a tree from its roots down; made once for a batch and shared by all layers.

    Args:
        tree: where to walk.
        dtype: in which is computed.

    Attributes:
        nodes, families: how many there are.
        eldest: the first child of each family; the others are its neighbours.
        siblings: all nodes that have siblings, in order.
        levels: from the roots down.
    """

    def __init__(self, tree: PrefixTree, dtype: np.dtype | str = "float32") -> None:
        self.nodes = tree.nodes
        parent, level = tree.parent, tree.level
        is_eldest = new_run(parent)
        self.eldest = eldest = np.flatnonzero(is_eldest)
        self.families = len(eldest)
        parents_of_families = parent[eldest]
        family = np.cumsum(is_eldest)
        family -= 1  # of each node
        own_family = np.zeros(tree.nodes, np.int64)
        places = np.arange(tree.nodes)
        own_family[parents_of_families[1:]] = places[1 : self.families]
        sizes = np.empty(self.families, np.int64)
        np.subtract(eldest[1:], eldest[:-1], out=sizes[:-1])
        sizes[-1] = tree.nodes - eldest[-1]
        is_large = sizes > 1
        large = np.flatnonzero(is_large)
        self.siblings = np.flatnonzero(is_large[family])

        large_of_sibling = np.repeat(places[: len(large)], sizes[large])
        ends = [0, *np.cumsum(sizes[large]).tolist()]  # where in siblings the children of each large family begin
        by_family = np.searchsorted(eldest, level)  # where each level begins among the families
        by_large = np.searchsorted(large, by_family)
        bounds, families, larges = level.tolist(), by_family.tolist(), by_large.tolist()
        self.levels = []
        for t in range(tree.depth):
            rows, family_rows = slice(bounds[t], bounds[t + 1]), slice(families[t], families[t + 1])
            bundles = []
            for first in range(larges[t], larges[t + 1], BUNDLE):
                last = min(first + BUNDLE, larges[t + 1])
                start, end = ends[first], ends[last]
                membership = np.zeros((last - first, end - start), dtype)
                membership[large_of_sibling[start:end] - first, places[: end - start]] = 1
                bundles.append(Bundle(large[first:last] - families[t], slice(start, end), membership))
            of_level, own = family[rows] - families[t] if bundles else None, own_family[rows]
            parents = parents_of_families[family_rows]
            self.levels.append(Level(rows, parent[rows], family_rows, parents, of_level, own, bundles))


class FamilySums:
    """What each family sends to its parent: the sum of what its nodes send, for several arrays of the nodes at once.

    Args:
        sent: what the nodes send, side by side.
        walk: the families.
        rows: where the sums go, those of all arrays of a family side by side; a level's are there once it is filled.
    """

    def __init__(self, sent: SideBySide, walk: TreeWalk, rows: Float[Array, "families arrays_H"]) -> None:
        self._sent, self.rows = sent, rows
        self._eldest, self._siblings = sent.places(walk.eldest), sent.places(walk.siblings)

    def fill(self, level: Level) -> Float[Array, "families arrays_H"]:
        """Sum over the children of a level; gives its part of ``rows``."""
        rows = self._sent.gather(self._eldest[level.families], out=self.rows[level.families])
        for large, siblings, membership in level.bundles:
            rows[large] = membership @ self._sent.gather(self._siblings[siblings])
        return rows


class SideBySide:
    """Several arrays of the nodes, of which the rows of some nodes can be had side by side, by one gather for all.

    Args:
        arrays: ``(arrays, N, H)``, whole in memory.

    Attributes:
        width: numbers of the rows of one node.
    """

    def __init__(self, arrays: Float[Array, "arrays N H"]) -> None:
        _, nodes, width = arrays.shape
        self._flat = arrays.reshape(-1, width)
        self._first_of_array = np.arange(0, len(arrays) * nodes, nodes)
        self.width = len(arrays) * width

    def places(self, nodes: Int64[Array, "n"]) -> Int64[Array, "n arrays"]:
        """Where the rows of nodes are, for ``gather``."""
        return nodes[:, None] + self._first_of_array

    def gather(
        self, places: Int64[Array, "n arrays"], out: Float[Array, "n arrays_H"] | None = None
    ) -> Float[Array, "n arrays_H"]:
        """The rows, those of a node side by side."""
        if out is None:
            out = np.empty((len(places), self.width), self._flat.dtype)
        # clip: unlike raise, the default, it writes into out without a copy
        self._flat.take(places, axis=0, out=out.reshape(*places.shape, -1), mode="clip")
        return out
