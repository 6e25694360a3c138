"""A list as a model of itself, to hold the ceiling against."""

from __future__ import annotations

import numpy as np

from namegen.core.data.prefix_tree import PrefixTree, ranges
from namegen.errors import NamesError
from namegen.types import Array, Float64, Int, Int32, Int64


class ListModel:
    """A list as a model of itself: each prefix predicts what follows it in the list. Defined on its own names only.

    State: the node of each row; −1 before START.
    """

    def __init__(self, tree: PrefixTree, vocabulary_size: int) -> None:
        self._tree, self._size = tree, vocabulary_size
        self._edge_key = tree.edge_node * vocabulary_size + tree.edge_token  # rising
        self._first_edge = np.searchsorted(tree.edge_node, np.arange(tree.nodes + 1))

    @property
    def vocabulary_size(self) -> int:
        """``V``."""
        return self._size

    def initial_state(self, rows: int) -> Int64[Array, "B"]:
        """Before START."""
        return np.full(rows, -1)

    def step(
        self, tokens: Int32[Array, "B"], state: Int64[Array, "B"]
    ) -> tuple[Float64[Array, "B V"], Int64[Array, "B"]]:
        """The logarithms of the shares of what follows; −inf for what never does.

        Raises:
            NamesError: a prefix is not one of the list's.
        """
        tree = self._tree
        wanted = state * self._size + tokens
        edge = np.minimum(np.searchsorted(self._edge_key, wanted), len(self._edge_key) - 1)
        root = np.searchsorted(tree.token[: tree.roots], tokens)
        node = np.where(state < 0, root, tree.edge_child[edge])
        if np.any((state >= 0) & (self._edge_key[edge] != wanted)) or np.any(node < 0):
            raise NamesError("a prefix is not in the list: the list as a model is defined on its own names only")
        logits = np.full((len(node), self._size), -np.inf)
        edges, row = ranges(self._first_edge[node], self._first_edge[node + 1])
        logits[row, tree.edge_token[edges]] = np.log(tree.edge_count[edges] / tree.count[node[row]])
        return logits, node

    def select(self, state: Int64[Array, "B"], rows: Int[Array, "K"]) -> Int64[Array, "K"]:
        """Gather rows."""
        return state[rows]
