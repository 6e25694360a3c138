"""TreeWalk: how a recurrent layer goes down a prefix tree, and how gradients come back up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from namegen.core.data.prefix_tree import PrefixTree, new_run
from namegen.types import Array, Float, Int64


@dataclass(frozen=True, eq=False)
class Level:
    """The nodes of one depth, and how they hang on the depth above.

    A family is the children of one parent. Families are numbered as their nodes are, so that 0 is the roots.

    Attributes:
        rows: the slice of these nodes.
        parents: the parent of each node; −1, the state before a name, on level 0.
        families: the slice of their families.
        own_family: the family whose parent each node is; 0 for a node without children.
        eldest: the first child of each family; the others are its neighbours.
        large: which of the families, counted from the first of this level, have more than one child.
        siblings: the children of those, one family behind the other.
        sibling_starts: where in ``siblings`` each of those begins.
    """

    rows: slice
    parents: Int64[Array, "n"]
    families: slice
    own_family: Int64[Array, "n"]
    eldest: Int64[Array, "families"]
    large: Int64[Array, "large"]
    siblings: Int64[Array, "siblings"]
    sibling_starts: Int64[Array, "large"]

    def sum_over_children(self, sent: Float[Array, "N D"]) -> Float[Array, "families D"]:
        """What each family of this level sends to its parent, of what each node of the tree sends."""
        sums = sent.take(self.eldest, axis=0)
        # reduceat over all families would give the same, but it takes its time for each family and column, also where
        # there is nothing to add, and most families have one child.
        if len(self.large):
            sums[self.large] = np.add.reduceat(sent.take(self.siblings, axis=0), self.sibling_starts, axis=0)
        return sums


class TreeWalk:
    """The levels of a tree from its roots down; made once for a batch and shared by all layers."""

    def __init__(self, tree: PrefixTree) -> None:
        self.nodes = tree.nodes
        parent, level = tree.parent, tree.level
        is_eldest = new_run(parent)
        eldest = np.flatnonzero(is_eldest)
        self.families = len(eldest)
        family = np.cumsum(is_eldest) - 1  # of each node
        is_large = np.bincount(family) > 1
        large = np.flatnonzero(is_large)
        siblings = np.flatnonzero(is_large[family])
        sibling_starts = np.flatnonzero(is_eldest[siblings])
        own_family = np.zeros(tree.nodes, np.int64)
        own_family[parent[eldest[1:]]] = np.arange(1, self.families)

        # Where each level begins in the arrays above.
        by_family = np.searchsorted(eldest, level)
        by_large = np.searchsorted(large, by_family)
        by_sibling = np.searchsorted(siblings, level)
        bounds, families = level.tolist(), by_family.tolist()
        large_bounds, sibling_bounds = by_large.tolist(), by_sibling.tolist()
        self.levels = []
        for t in range(tree.depth):
            rows, family_rows = slice(bounds[t], bounds[t + 1]), slice(families[t], families[t + 1])
            large_rows = slice(large_bounds[t], large_bounds[t + 1])
            self.levels.append(
                Level(
                    rows,
                    parent[rows],
                    family_rows,
                    own_family[rows],
                    eldest[family_rows],
                    large[large_rows] - families[t],
                    siblings[sibling_bounds[t] : sibling_bounds[t + 1]],
                    sibling_starts[large_rows] - sibling_bounds[t],
                )
            )
