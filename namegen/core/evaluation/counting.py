"""Counting: the interpolated n-gram that every network has to pass."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy

import numpy as np

from namegen.core.data.prefix_tree import PrefixTree, ranges
from namegen.core.evaluation.evaluator import AccuracyEvaluator
from namegen.core.evaluation.metrics import Metrics
from namegen.errors import NamesError
from namegen.types import Array, Float64, Int, Int32, Int64

ORDERS = (2, 3, 4, 5, 6)


class NgramModel:
    """An n-gram with Witten–Bell interpolation, as a LanguageModel.

    The next token given the last ``order − 1`` ones (the name's beginning padded to the left), each length of context
    mixed with the next shorter one by how many different tokens have followed it (Witten and Bell, 1991; Chen and
    Goodman, 1999, section 2.5), down to the uniform distribution:

        p_k(w | context) = (count(context, w) + kinds(context) · p_{k−1}(w | shorter))
                           / (count(context) + kinds(context))

    State: the last ``order − 1`` tokens, ``(B, order − 1)``; −1 before anything was read.

    Args:
        tree: the names that are counted.
        vocabulary_size: ``V``.
        order: tokens that an n-gram has, the predicted one included; 1 or more.
    """

    def __init__(self, tree: PrefixTree, vocabulary_size: int, order: int) -> None:
        if order < 1:
            raise NamesError(f"the order of an n-gram is {order}: expected at least 1")
        self.order, self._size = order, vocabulary_size
        self._unseen = _unseen(tree, vocabulary_size)
        self._tables = list(_tables(tree, vocabulary_size, order))

    @classmethod
    def best(
        cls, tree: PrefixTree, held_out: PrefixTree, vocabulary_size: int, orders: tuple[int, ...] = ORDERS
    ) -> tuple[NgramModel, Metrics]:
        """Of several orders, the one with the lowest loss on held-out names, with its figures on them.

        An order has the tables of all lower ones, so they are counted once.
        """
        longest = cls(tree, vocabulary_size, max(orders))
        candidates = [longest._shortened(order) for order in orders]
        figures = [AccuracyEvaluator(model).evaluate(held_out) for model in candidates]
        best = min(range(len(orders)), key=lambda place: figures[place].loss_nats_per_char)
        return candidates[best], figures[best]

    def _shortened(self, order: int) -> NgramModel:
        """The n-gram of a lower order, of the same counts."""
        model = copy(self)
        model.order, model._tables = order, self._tables[:order]
        return model

    @property
    def vocabulary_size(self) -> int:
        """``V``."""
        return self._size

    def initial_state(self, rows: int) -> Int32[Array, "B context"]:
        """Nothing has been read."""
        return np.full((rows, self.order - 1), -1, np.int32)

    def step(
        self, tokens: Int32[Array, "B"], state: Int32[Array, "B context"]
    ) -> tuple[Float64[Array, "B V"], Int32[Array, "B context"]]:
        """Log-probabilities of the next token."""
        read = np.minimum(tokens, self._unseen)[:, None]
        before = np.where(state < 0, read, state)  # a beginning stands at every place to its left too
        state = np.concatenate((read, before), axis=1)[:, : self.order - 1]
        chances = np.full((len(tokens), self._size), 1 / self._size)
        for table in self._tables:
            table.mix(state, chances)
        return np.log(chances), state

    def select(self, state: Int32[Array, "B context"], rows: Int[Array, "K"]) -> Int32[Array, "K context"]:
        """Gather rows."""
        return state[rows]


def _unseen(tree: PrefixTree, vocabulary_size: int) -> int:
    """The id that stands for every beginning that the tree lacks."""
    return max(vocabulary_size, int(tree.token.max()) + 1)


def _tables(tree: PrefixTree, vocabulary_size: int, count: int) -> Iterator[_ContextTable]:
    """The counts after contexts of length 0, 1, …; each length stands on the one before it.

    A context's id is the rank of the pair (id of the shorter one, the token to its left).
    """
    width = _unseen(tree, vocabulary_size) + 1  # how many ids a context may hold
    columns: list[Int64[Array, "pairs"]] = []
    identity = np.zeros(tree.nodes, np.int64)
    for length, to_the_left in enumerate(node_contexts(tree, count)):
        yield _ContextTable(tuple(columns), identity, tree, vocabulary_size, width)
        if length + 1 < count:
            pairs, identity = np.unique(identity * width + to_the_left, return_inverse=True)
            columns.append(pairs)


class _ContextTable:
    """The counts after all contexts of one length, as sorted keys and the token counts of each."""

    def __init__(
        self,
        columns: tuple[Int64[Array, "_"], ...],
        identity: Int64[Array, "N"],
        tree: PrefixTree,
        size: int,
        width: int,
    ) -> None:
        """Count.

        Args:
            columns: per token of context, the sorted pairs that have an id.
            identity: the id of each node's context.
            tree: the names.
            size: ``V``, what may follow.
            width: how many ids a context may hold.
        """
        self._columns, self._width = columns, width
        followed, place = np.unique(identity[tree.edge_node] * size + tree.edge_token, return_inverse=True)
        context, token = np.divmod(followed, size)
        counts = np.bincount(place, weights=tree.edge_count).astype(np.float64)
        self._start = np.searchsorted(context, np.arange(context[-1] + 2))  # first entry of each context
        self._token, self._count = token, counts
        self._kinds = np.diff(self._start).astype(np.float64)
        self._total = np.add.reduceat(counts, self._start[:-1])

    def mix(self, state: Int32[Array, "B context"], chances: Float64[Array, "B V"]) -> None:
        """One step of the interpolation, in place, for the rows whose context was seen."""
        identity, rows = np.zeros(len(state), np.int64), np.arange(len(state))
        for column, pairs in enumerate(self._columns):
            wanted = identity * self._width + state[rows, column]
            place = np.minimum(np.searchsorted(pairs, wanted), len(pairs) - 1)
            seen = pairs[place] == wanted
            identity, rows = place[seen], rows[seen]
        kinds, total = self._kinds[identity], self._total[identity]
        chances[rows] *= (kinds / (total + kinds))[:, None]
        entry, row = ranges(self._start[identity], self._start[identity + 1])
        chances[rows[row], self._token[entry]] += self._count[entry] / (total + kinds)[row]


def node_contexts(tree: PrefixTree, length: int) -> Iterator[Int32[Array, "N"]]:
    """The last token of every prefix, then the one before it, and so on; a name's beginning stands to the left of it as
    often as needed.
    """
    node = np.arange(tree.nodes)
    before = np.where(tree.parent < 0, node, tree.parent)
    for _ in range(length):
        yield tree.token[node]
        node = before[node]
