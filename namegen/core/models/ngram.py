"""The interpolated n-gram, which is the baseline for every network, and the Markov chain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import cast

import numpy as np

from namegen.core.data.arrays import index_type, ranges
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import END_TOKEN
from namegen.core.engine import State
from namegen.core.models.smoothing import Followers, Shares, modified_kneser_ney, witten_bell
from namegen.errors import NamesError
from namegen.types import Array, Bool, Float64, Int, Int32, Int64

WITTEN_BELL = "witten-bell"
KNESER_NEY = "kneser-ney"
SMOOTHING_NAMES = {WITTEN_BELL: "Witten–Bell", KNESER_NEY: "Kneser–Ney"}
SMOOTHINGS = tuple(SMOOTHING_NAMES)
UNSMOOTHED = "none"

ORDERS = (2, 3, 4, 5, 6, 7, 8)
# A list of millions of names contains every short context so often that low orders can't be the best. The counts of
# high orders would take gigabytes.
LONG_TREE = 4_000_000  # nodes
ORDERS_OF_LONG_TREE = (4, 5)


class NgramModel:
    """An interpolated n-gram, as a LanguageModel. Without smoothing, it's a Markov chain.

    The model predicts a token from the ``order − 1`` tokens before it, its context. Each context is mixed with the next
    shorter one, down to the uniform distribution:
    ``p_k(w | context) = share(context, w) + rest(context) · p_{k−1}(w | shorter context)``.

    - Witten–Bell: a context that was followed by many different tokens leaves more to the shorter context. To the left
      of a name, its start token is repeated as often as necessary.
    - Kneser–Ney: every count is reduced by a discount. For a shorter context, a token counts as often as it followed
      *different* longer contexts. A name has only one start token. There are no contexts that reach further to the
      left, and contexts that begin with the start token keep their plain counts.
    - None: the plain frequencies. After a context that the list doesn't contain, all tokens are equally likely, but no
      name that is drawn from the model reaches such a context.

    The state contains the last ``order − 1`` tokens, the latest one first: ``(B, order − 1)``. Before the start token,
    they are −1.

    Args:
        tree: The names to count.
        vocabulary_size: ``V``.
        order: The length of an n-gram in tokens, including the predicted token; at least 1.
        smoothing: ``witten-bell``, ``kneser-ney`` or ``none``.

    Raises:
        NamesError: If the order is below 1, or the smoothing is unknown.

    >>> from namegen.core.data.vocabulary import Vocabulary
    >>> names = ["Ann", "Abe"]
    >>> vocabulary = Vocabulary.from_names(names)
    >>> chain = NgramModel(PrefixTree.from_names(names, vocabulary), vocabulary.size, 2, UNSMOOTHED)
    >>> logits, state = chain.step(np.zeros(1, np.int32), chain.initial_state(1))
    >>> np.exp(logits)[0, vocabulary.encode("A")[0]]            # every name begins with A
    np.float64(1.0)
    """

    def __init__(
        self, tree: PrefixTree, vocabulary_size: int, order: int, smoothing: str = WITTEN_BELL
    ) -> None:
        if order < 1:
            raise NamesError(f"the order of an n-gram is {order}: expected at least 1")
        known = (*SMOOTHINGS, UNSMOOTHED)
        if smoothing not in known:
            raise NamesError(
                f"the smoothing of an n-gram is {smoothing!r}: expected one of {', '.join(known)}"
            )
        self._fit(_NgramCounts(tree, vocabulary_size, order), order, smoothing)

    @classmethod
    def each(
        cls, tree: PrefixTree, vocabulary_size: int, orders: tuple[int, ...] = ORDERS
    ) -> Iterator[NgramModel]:
        """Yield a model for each combination of smoothing and order, and count the names only once for all of them.

        For a tree with more than ``LONG_TREE`` nodes, only the orders in ``ORDERS_OF_LONG_TREE`` are used.
        """
        if tree.nodes > LONG_TREE:
            suitable = tuple(order for order in orders if order in ORDERS_OF_LONG_TREE)
            orders = suitable or orders[:1]
        counts = _NgramCounts(tree, vocabulary_size, max(orders))
        for smoothing in SMOOTHINGS:
            for order in orders:
                yield cls._from_counts(counts, order, smoothing)
            counts.forget_tables()  # the tables of one smoothing are as large as the counts

    @classmethod
    def _from_counts(cls, counts: _NgramCounts, order: int, smoothing: str) -> NgramModel:
        """Create a model without counting the names again."""
        model = cls.__new__(cls)
        model._fit(counts, order, smoothing)
        return model

    def _fit(self, counts: _NgramCounts, order: int, smoothing: str) -> None:
        """Set the attributes of the model from counts of n-grams."""
        self.order = order
        self.smoothing = smoothing
        self.vocabulary_size = counts.vocabulary_size
        self._unknown_start = counts.unknown_start
        self._tables = counts.tables(order, smoothing)

    def initial_state(self, rows: int) -> Int32[Array, "B context"]:
        """Return the state before the start token."""
        return np.full((rows, self.order - 1), -1, np.int32)

    def step(
        self, tokens: Int32[Array, "B"], state: State
    ) -> tuple[Float64[Array, "B V"], Int32[Array, "B context"]]:
        """Read one token per row, and return the log-probabilities of the next token."""
        latest = np.minimum(tokens, self._unknown_start)[:, None]  # (B, 1)
        earlier = cast(Array, state)
        earlier = np.where(earlier < 0, latest, earlier)  # −1: only the start token was read
        context = np.concatenate((latest, earlier), axis=1)[:, : self.order - 1]  # (B, context)
        probabilities = np.full((len(tokens), self.vocabulary_size), 1 / self.vocabulary_size)
        for table in self._tables:
            table.mix(context, probabilities)
        with np.errstate(divide="ignore"):  # log(0) = -inf, which occurs only without smoothing
            return np.log(probabilities), context

    def select(self, state: State, rows: Int[Array, "K"]) -> Int32[Array, "K context"]:
        """Return the state of some rows. A row may occur several times."""
        return cast(Array, state)[rows]


@dataclass(frozen=True, eq=False)
class _Contexts:
    """The contexts of one length that occur in a list, each with an id.

    A context of length k is a pair: the id of the context of length k − 1, and the token to its left. The pair is
    stored as one number, ``shorter id · width + token``. The id of a context is the rank of its pair.
    """

    pairs: tuple[Int64[Array, "_"], ...]  # the sorted pairs of length 1, 2, …, k
    width: int  # larger than every token id

    @property
    def shorter(self) -> Int64[Array, "C"]:
        """The id of each context without its leftmost token."""
        return self.pairs[-1] // self.width

    def leftmost_token(self, length: int) -> Int64[Array, "_"]:
        """Return the leftmost token of each context of that length."""
        return self.pairs[length - 1] % self.width

    def find(
        self, contexts: Int32[Array, "B context"]
    ) -> tuple[Int64[Array, "known"], Int64[Array, "known"]]:
        """Look up the ids of contexts. Their tokens are read from right to left, the latest one first.

        Returns:
            The rows whose context occurs in the list, and the ids of these contexts.
        """
        rows = np.arange(len(contexts))  # whose context is known so far
        ids = np.zeros(len(rows), np.int64)  # (rows,) ids of these contexts
        for column, known_pairs in enumerate(self.pairs):
            longer_pairs = ids * self.width + contexts[rows, column]  # (rows,)
            rank = np.searchsorted(known_pairs, longer_pairs)
            rank = np.minimum(rank, len(known_pairs) - 1)
            is_known = known_pairs[rank] == longer_pairs
            ids = rank[is_known]  # a context's id is the rank of its pair
            rows = rows[is_known]
        return rows, ids


@dataclass(frozen=True, eq=False)
class _Table:
    """The smoothed probabilities of the tokens that follow the contexts of one length."""

    contexts: _Contexts
    followers: Followers
    shares: Shares

    def mix(self, context: Int32[Array, "B context"], probabilities: Float64[Array, "B V"]) -> None:
        """Update the probabilities from those of the next shorter context to those of this context, in place.

        Rows whose context doesn't occur in the list stay as they are.
        """
        rows, context_id = self.contexts.find(context)
        rest = np.ones(len(context))  # (B,)
        rest[rows] = self.shares.rest[context_id]
        # All rows at once: to gather the known rows and to write them back takes three times as long.
        probabilities *= rest[:, None]
        first_entry = self.followers.start[context_id]  # (known,)
        end_entry = self.followers.start[context_id + 1]  # (known,)
        entries, index_of_entry = ranges(first_entry, end_entry)
        tokens = self.followers.token[entries]
        probabilities[rows[index_of_entry], tokens] += self.shares.share[entries]


class _NgramCounts:
    """The counts of all n-grams up to an order, and the tables that are computed from them.

    Args:
        tree: The names to count.
        vocabulary_size: ``V``.
        order: The number of context lengths to count, including 0.
    """

    def __init__(self, tree: PrefixTree, vocabulary_size: int, order: int) -> None:
        self.vocabulary_size = vocabulary_size
        # The id that stands for every start token that isn't in the tree.
        self.unknown_start = max(vocabulary_size, int(tree.token.max()) + 1)
        self._lengths: list[_LengthCounts] = []
        contexts = _Contexts(pairs=(), width=self.unknown_start + 1)  # the empty context
        context_id: Int[Array, "N"] = np.zeros(tree.nodes, np.int64)  # that each prefix ends with
        for length, left_token in enumerate(node_contexts(tree, order)):
            # Count how often each token follows each context of this length.
            edge_pairs = context_id[tree.edge_node] * vocabulary_size + tree.edge_token  # (E,)
            entry_pairs, entry_of_edge = np.unique(edge_pairs, return_inverse=True)  # (entries,)
            count = np.bincount(entry_of_edge, weights=tree.edge_count).astype(np.int64)
            del edge_pairs, entry_of_edge  # to save memory
            context, token = np.divmod(entry_pairs, vocabulary_size)  # (entries,) each
            start = np.searchsorted(context, np.arange(context[-1] + 2))  # (C + 1,)
            followers = Followers(start, token.astype(np.int32), count)
            counts = _LengthCounts(contexts, vocabulary_size, entry_pairs, followers)
            if self._lengths:
                self._lengths[-1].longer = counts
            self._lengths.append(counts)

            # The contexts of the next length are pairs of a context and the token to its left.
            if length + 1 < order:
                longer_pairs = context_id * contexts.width + left_token  # (N,)
                pairs, context_id = np.unique(longer_pairs, return_inverse=True)
                contexts = replace(contexts, pairs=(*contexts.pairs, pairs))

    def forget_tables(self) -> None:
        """Free the memory of the cached tables. A model keeps the tables that it uses."""
        cached_properties = ("witten_bell", "kneser_ney_highest", "kneser_ney_lower")
        for length in self._lengths:
            for name in cached_properties:
                length.__dict__.pop(name, None)

    def tables(self, order: int, smoothing: str) -> list[_Table]:
        """Return the probabilities that an n-gram mixes: a table for each context length, the shortest first."""
        counts_by_length = self._lengths[:order]
        longest = counts_by_length[-1]
        if smoothing == UNSMOOTHED:
            return [longest.unsmoothed]
        if smoothing == WITTEN_BELL:
            return [counts.witten_bell for counts in counts_by_length]
        lower = [counts.kneser_ney_lower for counts in counts_by_length[:-1]]
        return [*lower, longest.kneser_ney_highest]


@dataclass(eq=False)
class _LengthCounts:
    """The counts of the tokens that follow the contexts of one length, and their tables."""

    contexts: _Contexts
    vocabulary_size: int  # V
    entry_pairs: Int64[Array, "entries"]  # context id · V + token, rising
    followers: Followers
    longer: _LengthCounts | None = None  # the counts of the next longer contexts, if there are any

    @property
    def entry_context(self) -> Int64[Array, "entries"]:
        """The context id of each entry. It's large and rarely used, so it isn't cached."""
        start = self.followers.start
        return np.repeat(np.arange(len(start) - 1), np.diff(start))

    @property
    def unsmoothed(self) -> _Table:
        """The plain frequencies, which leave no rest."""
        total = self.followers.total  # (C,)
        share = self.followers.count / self.followers.per_entry(total)  # (entries,)
        return self._table(Shares(share, rest=np.zeros(len(total))))

    @cached_property
    def witten_bell(self) -> _Table:
        """Witten–Bell smoothing."""
        return self._table(witten_bell(self.followers))

    @cached_property
    def kneser_ney_highest(self) -> _Table:
        """Kneser–Ney smoothing for the longest contexts of a model, with the plain counts."""
        return self._smooth_kneser_ney(self.followers)

    @cached_property
    def kneser_ney_lower(self) -> _Table:
        """Kneser–Ney smoothing for shorter contexts: a token counts once for each longer context that it followed.

        Nothing precedes a start token, so contexts that begin with one keep their plain counts.
        """
        longer = self.longer
        assert longer is not None
        context_of_longer = longer.contexts.shorter[longer.entry_context]  # (entries of longer,)
        pair_of_longer = context_of_longer * self.vocabulary_size + longer.followers.token
        entry_of_longer = np.searchsorted(self.entry_pairs, pair_of_longer)
        continuation_count = np.bincount(entry_of_longer, minlength=len(self.entry_pairs))

        length = len(self.contexts.pairs)
        begins_with_start = np.zeros(1, bool)  # (C,) the empty context doesn't
        if length > 0:
            begins_with_start = self._is_start(self.contexts.leftmost_token(length))
        keeps_count = begins_with_start[self.entry_context]  # (entries,)
        count = np.where(keeps_count, self.followers.count, continuation_count)
        return self._smooth_kneser_ney(replace(self.followers, count=count))

    def _table(self, shares: Shares) -> _Table:
        return _Table(self.contexts, self.followers, shares)

    def _is_start(self, tokens: Int64[Array, "_"]) -> Bool[Array, "_"]:
        """Return which tokens are start tokens: the plain one, or the start token of a label."""
        is_start: Bool[Array, "_"] = (tokens == END_TOKEN) | (tokens >= self.vocabulary_size)
        return is_start

    def _smooth_kneser_ney(self, followers: Followers) -> _Table:
        """Smooth some counts. Contexts that repeat the start token leave everything to the next shorter context."""
        # These contexts reach beyond the start of the name.
        repeats_start = np.zeros(len(followers.start) - 1, bool)  # (C,)
        length = len(self.contexts.pairs)
        if length > 1:
            second_token = self.contexts.leftmost_token(length - 1)[self.contexts.shorter]
            repeats_start = self._is_start(second_token)
        is_included = ~repeats_start  # (C,)
        is_included_entry = is_included[self.entry_context]  # (entries,)
        included = followers.selected(is_included, is_included_entry)
        share = np.zeros(len(followers.token))  # (entries,) of each token
        rest = np.ones(len(is_included))  # (C,) for the next shorter context
        if len(included.token):
            smoothed = modified_kneser_ney(included)
            share[is_included_entry] = smoothed.share
            rest[is_included] = smoothed.rest
        return self._table(Shares(share, rest))


def node_contexts(tree: PrefixTree, length: int) -> Iterator[Int32[Array, "N"]]:
    """Yield the last ``length`` tokens of all prefixes in a tree, as one array per position.

    The first array has the last token of each prefix, the next one the token before it, and so on. A name's start token
    is repeated as often as necessary.

    >>> from namegen.core.data.vocabulary import Vocabulary
    >>> tree = PrefixTree.from_names(["ab"], Vocabulary.from_names(["ab"]))  # three prefixes: "", "a", "ab"
    >>> [tokens.tolist() for tokens in node_contexts(tree, 2)]
    [[0, 1, 2], [0, 0, 1]]
    """
    node_at_position = np.arange(tree.nodes, dtype=index_type(tree.nodes))  # (N,)
    is_root = tree.parent < 0
    parent_or_root = np.where(is_root, node_at_position, tree.parent).astype(node_at_position.dtype)
    for position in range(length):
        if position > 0:
            node_at_position = parent_or_root[node_at_position]  # one token to the left
        yield tree.token[node_at_position]
