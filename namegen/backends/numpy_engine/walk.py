"""TreeWalk: how a recurrent layer goes down a prefix tree, and how gradients come back up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from namegen.core.data.prefix_tree import PrefixTree, new_run
from namegen.types import Array, Int64


@dataclass(frozen=True, eq=False)
class Level:
    """The nodes of one depth below START, and how they hang on the depth above.

    Attributes:
        rows: the slice of these nodes.
        parents: the parent of each node.
        families: the parents that have a child here, each once.
        family_starts: where in ``rows`` the children of each of those begin (they are neighbours).
    """

    rows: slice
    parents: Int64[Array, "n"]
    families: Int64[Array, "families"]
    family_starts: Int64[Array, "families"]


class TreeWalk:
    """The levels of a tree from the first character down; made once for a batch and shared by all layers."""

    def __init__(self, tree: PrefixTree) -> None:
        self.tree = tree
        starts = np.flatnonzero(new_run(tree.parent))  # of all families, START's own among them
        families = tree.parent[starts]
        family_level = np.searchsorted(starts, tree.level)
        bounds, cuts = tree.level.tolist(), family_level.tolist()
        self.levels = [
            Level(
                slice(bounds[t], bounds[t + 1]),
                tree.parent[bounds[t] : bounds[t + 1]],
                families[cuts[t] : cuts[t + 1]],
                starts[cuts[t] : cuts[t + 1]] - bounds[t],
            )
            for t in range(1, tree.depth)
        ]
