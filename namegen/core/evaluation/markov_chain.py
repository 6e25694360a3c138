"""A Markov chain: what followed the last characters in a list, as often as it did, and nothing else."""

from __future__ import annotations

from typing import cast

import numpy as np

from namegen.core.data.prefix_tree import PrefixTree, ranges
from namegen.core.engine import State
from namegen.core.evaluation.counting import node_contexts
from namegen.core.evaluation.distinct import Keys, counted, ranked
from namegen.errors import NamesError
from namegen.types import Array, Float64, Int, Int32


class MarkovChain:
    """A Markov chain, as a LanguageModel: the oldest machine that makes names.

    Nothing is smoothed, so it only ever strings together what stands in its list. To the left of a name stands its
    beginning, as often as needed. After a context that is not in the list, everything is equally likely; no name that
    it draws leads there.

    State: the last ``order`` tokens, the last one first, ``(B, order)``; −1 before anything was read.

    Args:
        tree: the names that are counted.
        vocabulary_size: ``V``.
        order: how many characters each next one depends on; 1 or more.

    Raises:
        NamesError: the order is below 1.

    >>> from namegen.core.data.vocabulary import Vocabulary
    >>> names = ["Ann", "Abe"]
    >>> vocabulary = Vocabulary.from_names(names)
    >>> chain = MarkovChain(PrefixTree.from_names(names, vocabulary), vocabulary.size, order=1)
    >>> logits, state = chain.step(np.zeros(1, np.int32), chain.initial_state(1))
    >>> np.exp(logits)[0, vocabulary.encode("A")[0]]            # every name begins with A
    np.float64(1.0)
    """

    def __init__(self, tree: PrefixTree, vocabulary_size: int, order: int) -> None:
        if order < 1:
            raise NamesError(f"the order of a Markov chain is {order}: expected at least 1")
        self.order, self._size = order, vocabulary_size
        self._width = max(vocabulary_size, int(tree.token.max()) + 1)  # ids that a context may hold
        identity: Int[Array, "N"] = np.zeros(tree.nodes, np.int64)
        self._columns = []  # of a context's tokens, the last one first: pairs (id of the context so far, token), rising
        for to_the_left in node_contexts(tree, order):
            pairs, identity = ranked(tree.nodes, _pairs(identity, self._width, to_the_left))
            self._columns.append(pairs)
        followed = _pairs(identity[tree.edge_node], vocabulary_size, tree.edge_token)
        keys, count = counted(len(tree.edge_node), followed, tree.edge_count)
        context, self._token = np.divmod(keys, vocabulary_size)
        self._start = np.searchsorted(context, np.arange(len(self._columns[-1]) + 1))
        self._log_share = np.log(count / np.bincount(context, count)[context])

    @property
    def vocabulary_size(self) -> int:
        """``V``."""
        return self._size

    def initial_state(self, rows: int) -> Int32[Array, "B order"]:
        """Nothing has been read."""
        return np.full((rows, self.order), -1, np.int32)

    def step(self, tokens: Int32[Array, "B"], state: State) -> tuple[Float64[Array, "B V"], Int32[Array, "B order"]]:
        """Log-probabilities of the next token; −inf for what never followed."""
        before, read = cast(Array, state), tokens[:, None]
        context = np.concatenate((read, np.where(before < 0, read, before)), axis=1)[:, : self.order]
        identity, rows = np.zeros(len(tokens), np.int64), np.arange(len(tokens))
        for column, pairs in enumerate(self._columns):
            wanted = identity * self._width + context[rows, column]
            place = np.minimum(np.searchsorted(pairs, wanted), len(pairs) - 1)
            seen = (pairs[place] == wanted) & (context[rows, column] < self._width)
            identity, rows = place[seen], rows[seen]
        logits = np.full((len(tokens), self._size), -np.log(self._size))
        logits[rows] = -np.inf
        entry, row = ranges(self._start[identity], self._start[identity + 1])
        logits[rows[row], self._token[entry]] = self._log_share[entry]
        return logits, context

    def select(self, state: State, rows: Int[Array, "K"]) -> Int32[Array, "K order"]:
        """Gather rows."""
        return cast(Array, state)[rows]


def _pairs(left: Int[Array, "rows"], width: int, right: Int[Array, "rows"]) -> Keys:
    """Of each row two numbers as one."""
    return lambda part: left[part].astype(np.int64) * width + right[part]
