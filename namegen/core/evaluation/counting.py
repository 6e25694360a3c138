"""Counting: the interpolated n-gram that every network has to pass."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import cast

import numpy as np

from namegen.core.data.prefix_tree import PrefixTree, ranges
from namegen.core.data.ranking import index_type
from namegen.core.engine import State
from namegen.core.evaluation.distinct import Keys, counted, ranked
from namegen.core.evaluation.evaluator import AccuracyEvaluator
from namegen.core.evaluation.metrics import Metrics
from namegen.core.evaluation.smoothing import (
    SMOOTHINGS,
    WITTEN_BELL,
    Followers,
    Shares,
    modified_kneser_ney,
    witten_bell,
)
from namegen.errors import NamesError
from namegen.types import Array, Bool, Float64, Int, Int32, Int64

ORDERS = (2, 3, 4, 5, 6, 7, 8)
# Of millions of names every short context has been seen so often that the lowest orders cannot be the best, and the
# counts of the highest would take gigabytes.
LONG_TREE, ORDERS_OF_LONG_TREE = 4_000_000, (4, 5)  # nodes


class NgramModel:
    """An interpolated n-gram, as a LanguageModel.

    The next token given the last ``order − 1`` ones, each length of context mixed with the next shorter one, down to
    the uniform distribution; ``smoothing.py`` says in which shares. To the left of a name stands its beginning, for
    Witten–Bell as often as needed. Kneser–Ney has it once: a context that would reach further left is not there, and
    one that begins with it is counted as it stands, as nothing can stand before it.

    State: the last ``order − 1`` tokens, ``(B, order − 1)``; −1 before anything was read.

    Args:
        tree: the names that are counted.
        vocabulary_size: ``V``.
        order: tokens that an n-gram has, the predicted one included; 1 or more.
        smoothing: ``witten-bell`` or ``kneser-ney``.
    """

    def __init__(self, tree: PrefixTree, vocabulary_size: int, order: int, smoothing: str = WITTEN_BELL) -> None:
        if order < 1:
            raise NamesError(f"the order of an n-gram is {order}: expected at least 1")
        if smoothing not in SMOOTHINGS:
            raise NamesError(f"the smoothing of an n-gram is {smoothing!r}: expected one of {', '.join(SMOOTHINGS)}")
        self._take(_Counted(tree, vocabulary_size, order), order, smoothing)

    @classmethod
    def best(
        cls, tree: PrefixTree, held_out: PrefixTree, vocabulary_size: int, orders: tuple[int, ...] = ORDERS
    ) -> tuple[NgramModel, Metrics]:
        """Of several orders and both smoothings, the one with the lowest loss on held-out names, with its figures on
        them.

        An order has the counts of all lower ones, so they are counted once. Of a tree of more than ``LONG_TREE`` nodes
        fewer orders are tried.
        """
        if tree.nodes > LONG_TREE:
            orders = tuple(order for order in orders if order in ORDERS_OF_LONG_TREE) or orders[:1]
        counts = _Counted(tree, vocabulary_size, max(orders))
        found: tuple[NgramModel, Metrics] | None = None
        for smoothing in SMOOTHINGS:
            for order in orders:
                model = cls.__new__(cls)
                model._take(counts, order, smoothing)
                figures = AccuracyEvaluator(model).evaluate(held_out)
                if found is None or figures.loss_nats_per_char < found[1].loss_nats_per_char:
                    found = model, figures
            counts.forget()  # the tables of one smoothing are as large as the counts
        assert found is not None  # there is an order
        return found

    def _take(self, counts: _Counted, order: int, smoothing: str) -> None:
        self.order, self.smoothing = order, smoothing
        self._size, self._unseen = counts.size, counts.unseen
        self._tables = counts.tables(order, smoothing)

    @property
    def vocabulary_size(self) -> int:
        """``V``."""
        return self._size

    def initial_state(self, rows: int) -> Int32[Array, "B context"]:
        """Nothing has been read."""
        return np.full((rows, self.order - 1), -1, np.int32)

    def step(self, tokens: Int32[Array, "B"], state: State) -> tuple[Float64[Array, "B V"], Int32[Array, "B context"]]:
        """Log-probabilities of the next token."""
        context = cast(Array, state)
        read = np.minimum(tokens, self._unseen)[:, None]
        before = np.where(context < 0, read, context)  # a beginning stands at every place to its left too
        context = np.concatenate((read, before), axis=1)[:, : self.order - 1]
        chances = np.full((len(tokens), self._size), 1 / self._size)
        for table in self._tables:
            table.mix(context, chances)
        return np.log(chances), context

    def select(self, state: State, rows: Int[Array, "K"]) -> Int32[Array, "K context"]:
        """Gather rows."""
        return cast(Array, state)[rows]


@dataclass(frozen=True, eq=False)
class _Table:
    """What follows all contexts of one length, smoothed.

    Attributes:
        columns: per token of context, the sorted pairs (id of the shorter context, the token to its left) that were
            seen; a context's id is the rank of its pair.
        width: how many ids of tokens a context may hold.
        followers, shares: by context id.
    """

    columns: tuple[Int64[Array, "_"], ...]
    width: int
    followers: Followers
    shares: Shares

    def mix(self, state: Int32[Array, "B context"], chances: Float64[Array, "B V"]) -> None:
        """One step of the interpolation, in place, for the rows whose context was seen."""
        identity, rows = np.zeros(len(state), np.int64), np.arange(len(state))
        for column, pairs in enumerate(self.columns):
            wanted = identity * self.width + state[rows, column]
            place = np.minimum(np.searchsorted(pairs, wanted), len(pairs) - 1)
            seen = pairs[place] == wanted
            identity, rows = place[seen], rows[seen]
        rest = np.ones(len(state))  # a row whose context was not seen stays as it is
        rest[rows] = self.shares.rest[identity]
        chances *= rest[:, None]  # in place: to gather the rows and put them back takes three times as long
        entry, row = ranges(self.followers.start[identity], self.followers.start[identity + 1])
        chances[rows[row], self.followers.token[entry]] += self.shares.share[entry]


class _Counted:
    """The counts after contexts of length 0, 1, … of a tree, and the tables that are made of them.

    Args:
        tree: the names.
        size: ``V``, what may follow.
        order: how many lengths to count, 0 included.
    """

    def __init__(self, tree: PrefixTree, size: int, order: int) -> None:
        self.size = size
        self.unseen = max(size, int(tree.token.max()) + 1)  # the id of every beginning that the tree lacks
        self._lengths = list(self._count(tree, order))
        for shorter, longer in zip(self._lengths, self._lengths[1:], strict=False):
            shorter.longer = longer

    def _count(self, tree: PrefixTree, order: int) -> Iterator[_Length]:
        """Each length stands on the one before it."""
        width = self.unseen + 1
        columns: list[Int64[Array, "pairs"]] = []
        identity: Int[Array, "N"] = np.zeros(tree.nodes, np.int32)
        for length, to_the_left in enumerate(node_contexts(tree, order)):
            followed, count = counted(len(tree.edge_node), self._followed(tree, identity), tree.edge_count)
            yield _Length(tuple(columns), width, self.size, followed, count)
            if length + 1 < order:
                pairs, identity = ranked(tree.nodes, _longer(identity, width, to_the_left))
                columns.append(pairs)

    def _followed(self, tree: PrefixTree, identity: Int[Array, "N"]) -> Keys:
        """Of each edge the context that it leaves, and its token, as one number."""
        return lambda part: identity[tree.edge_node[part]].astype(np.int64) * self.size + tree.edge_token[part]

    def forget(self) -> None:
        """Let go of the tables that were made so far; a model keeps its own."""
        for length in self._lengths:
            for name in ("witten_bell", "kneser_ney_highest", "kneser_ney_lower"):
                length.__dict__.pop(name, None)

    def tables(self, order: int, smoothing: str) -> list[_Table]:
        """What an n-gram of this order mixes, from the shortest context on."""
        lengths = self._lengths[:order]
        if smoothing == WITTEN_BELL:
            return [length.witten_bell for length in lengths]
        return [*(length.kneser_ney_lower for length in lengths[:-1]), lengths[-1].kneser_ney_highest]


class _Length:
    """The counts after all contexts of one length.

    Args:
        columns, width: of the contexts, see ``_Table``.
        size: ``V``.
        followed: what was seen, as context · V + token, rising.
        count: how often.
    """

    def __init__(
        self,
        columns: tuple[Int64[Array, "_"], ...],
        width: int,
        size: int,
        followed: Int64[Array, "entries"],
        count: Int64[Array, "entries"],
    ) -> None:
        self.columns, self.width, self.size, self.followed = columns, width, size, followed
        self.longer: _Length | None = None
        context, token = np.divmod(followed, size)
        start = np.searchsorted(context, np.arange(context[-1] + 2))
        self.followers = Followers(start, token.astype(np.int32), count)

    @property
    def context(self) -> Int64[Array, "entries"]:
        """Of each entry: made anew each time, as it is large and seldom needed."""
        start = self.followers.start
        return np.repeat(np.arange(len(start) - 1), np.diff(start))

    @cached_property
    def witten_bell(self) -> _Table:
        """Smoothed by Witten–Bell."""
        return self._table(self.followers, witten_bell(self.followers))

    @cached_property
    def kneser_ney_highest(self) -> _Table:
        """As the longest length of a Kneser–Ney model: the counts as they stand."""
        return self._kneser_ney(self.followers)

    @cached_property
    def kneser_ney_lower(self) -> _Table:
        """As a shorter length of a Kneser–Ney model: after how many longer contexts each token was seen.

        Before a beginning nothing stands, so behind one the counts stay as they are.
        """
        assert self.longer is not None  # so there is a longer length
        entry = np.searchsorted(self.followed, self._seen_from(self.longer))
        continued = np.bincount(entry, minlength=len(self.followed))
        count = np.where(self._begins[self.context], self.followers.count, continued)
        return self._kneser_ney(replace(self.followers, count=count))

    def _seen_from(self, longer: _Length) -> Int64[Array, "entries"]:
        """The entry that each entry of the next longer contexts is without its leftmost token."""
        shorter = longer.columns[-1] // longer.width  # of each longer context
        keys: Int64[Array, "entries"] = shorter[longer.context] * self.size + longer.followers.token
        return keys

    @cached_property
    def _begins(self) -> Bool[Array, "C"]:
        """Which contexts begin with a name's beginning."""
        if not self.columns:
            return np.zeros(1, bool)
        return self._is_beginning(self.columns[-1] % self.width)  # the leftmost token

    def _is_beginning(self, tokens: Int64[Array, "_"]) -> Bool[Array, "_"]:
        found: Bool[Array, "_"] = (tokens == 0) | (tokens >= self.size)
        return found

    @cached_property
    def _reaches_too_far(self) -> Bool[Array, "C"]:
        """Which contexts have more than one beginning at their left."""
        if len(self.columns) < 2:
            return np.zeros(len(self.followers.start) - 1, bool)
        shorter = self.columns[-1] // self.width
        second = self.columns[-2][shorter] % self.width  # token from the left
        return self._is_beginning(second)

    def _kneser_ney(self, followers: Followers) -> _Table:
        """Smoothed, but where a context reaches too far: there the shorter one counts alone."""
        too_far = self._reaches_too_far
        of_entry = too_far[self.context]
        real = Followers(
            start=np.concatenate(([0], np.cumsum(np.diff(followers.start)[~too_far]))),
            token=followers.token[~of_entry],
            count=followers.count[~of_entry],
        )
        share, rest = np.zeros(len(followers.token)), np.ones(len(too_far))
        if len(real.token):
            smoothed = modified_kneser_ney(real)
            share[~of_entry], rest[~too_far] = smoothed.share, smoothed.rest
        return self._table(self.followers, Shares(share, rest))  # whose counts are no longer needed

    def _table(self, followers: Followers, shares: Shares) -> _Table:
        return _Table(self.columns, self.width, followers, shares)


def node_contexts(tree: PrefixTree, length: int) -> Iterator[Int32[Array, "N"]]:
    """The last token of every prefix, then the one before it, and so on; a name's beginning stands to the left of it as
    often as needed.
    """
    node = np.arange(tree.nodes, dtype=index_type(tree.nodes))
    before = np.where(tree.parent < 0, node, tree.parent).astype(node.dtype)
    for place in range(length):
        yield tree.token[node]
        if place + 1 < length:
            node = before[node]


def _longer(identity: Int[Array, "N"], width: int, to_the_left: Int32[Array, "N"]) -> Keys:
    """Of each node its context and the token to the left of that, as one number."""
    return lambda part: identity[part].astype(np.int64) * width + to_the_left[part]
