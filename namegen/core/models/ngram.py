"""The interpolated n-gram, which is the baseline for every network, and the Markov chain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass, replace
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
        self.vocabulary_size = vocabulary_size
        self._unknown_start = _unknown_start(tree, vocabulary_size)
        counts = _count(tree, vocabulary_size, order)  # by the length of the context
        lower = [_smoothed(of_length, smoothing, is_longest=False) for of_length in counts[:-1]]
        self._use(counts, lower, smoothing)

    def _use(
        self, counts: Sequence[_Counts], lower: Sequence[Shares | None], smoothing: str
    ) -> None:
        """Set the counts of all context lengths, and the shares of all but the longest contexts."""
        self.order = len(counts)
        self.smoothing = smoothing
        self._counts = counts
        self._shares = [*lower, _smoothed(counts[-1], smoothing, is_longest=True)]

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
        largest = cls(tree, vocabulary_size, max(orders))
        counts = largest._counts
        for smoothing in SMOOTHINGS:
            lower = [_smoothed(of_length, smoothing, is_longest=False) for of_length in counts[:-1]]
            for order in orders:
                model = copy(largest)
                model._use(counts[:order], lower[: order - 1], smoothing)
                yield model

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

        # Make the contexts one token longer at a time, and mix in what followed them.
        rows = np.arange(len(tokens))  # (known,) those whose context occurs in the list
        context_id = np.zeros(len(tokens), np.int64)  # (known,) of these contexts
        for length, (counts, shares) in enumerate(zip(self._counts, self._shares, strict=True)):
            if length > 0:
                pair = context_id * (self._unknown_start + 1) + context[rows, length - 1]
                rank = np.searchsorted(counts.pairs, pair)
                rank = np.minimum(rank, len(counts.pairs) - 1)
                is_known = counts.pairs[rank] == pair
                rows = rows[is_known]
                context_id = rank[is_known]
            if shares is None:
                continue
            # p = share + rest · p of the shorter context. Rows whose context is unknown stay as they are.
            rest = np.ones(len(tokens))  # (B,)
            rest[rows] = shares.rest[context_id]
            # All rows at once: to gather the known rows and to write them back takes three times as long.
            probabilities *= rest[:, None]
            first_entry = counts.followers.start[context_id]  # (known,)
            end_entry = counts.followers.start[context_id + 1]  # (known,)
            entries, index_of_entry = ranges(first_entry, end_entry)
            next_tokens = counts.followers.token[entries]
            probabilities[rows[index_of_entry], next_tokens] += shares.share[entries]
        with np.errstate(divide="ignore"):  # log(0) = -inf, which occurs only without smoothing
            return np.log(probabilities), context

    def select(self, state: State, rows: Int[Array, "K"]) -> Int32[Array, "K context"]:
        """Return the state of some rows. A row may occur several times."""
        return cast(Array, state)[rows]


@dataclass(eq=False)
class _Counts:
    """The contexts of one length that occur in a list, and what followed them.

    A context of length k is a pair: the id of the context of length k − 1, and the token to its left. The pair is
    stored as one number, ``shorter id · width + token``. The id of a context is the rank of its pair.
    """

    pairs: Int64[Array, "C"]  # sorted
    followers: Followers
    begins_with_start: Bool[Array, "C"]  # whether the leftmost token is a start token
    repeats_start: Bool[Array, "C"]  # whether the context reaches beyond the start of the name
    # The counts that Kneser–Ney uses if there are longer contexts; None for the longest contexts.
    lower_count: Int64[Array, "entries"] | None = None


def _unknown_start(tree: PrefixTree, vocabulary_size: int) -> int:
    """Return an id that stands for every start token that isn't in the tree."""
    return max(vocabulary_size, int(tree.token.max()) + 1)


def _count(tree: PrefixTree, vocabulary_size: int, order: int) -> list[_Counts]:
    """Count what follows the contexts of each length below ``order``, beginning with the empty context."""
    width = _unknown_start(tree, vocabulary_size) + 1  # larger than every id
    counts: list[_Counts] = []  # by length
    left_tokens = node_contexts(tree, order)
    context_id: Int64[Array, "N"] = np.zeros(tree.nodes, np.int64)  # that each prefix ends with
    pairs = np.zeros(1, np.int64)  # (C,) only the empty context
    begins_with_start = np.zeros(1, bool)  # (C,)
    repeats_start = np.zeros(1, bool)  # (C,)
    entries_before = np.zeros(0, np.int64)  # the entries of the shorter contexts
    for length in range(order):
        # Make the contexts one token longer.
        if length > 0:
            longer_pairs = context_id * width + next(left_tokens)  # (N,)
            pairs, context_id = np.unique(longer_pairs, return_inverse=True)
            shorter_id, leftmost_token = np.divmod(pairs, width)  # (C,) each
            repeats_start = begins_with_start[shorter_id]
            begins_with_start = (leftmost_token == END_TOKEN) | (leftmost_token >= vocabulary_size)

        # Count how often each token follows each context. An entry is a context and a token that follows it, as one
        # number.
        entry_of_edge = context_id[tree.edge_node] * vocabulary_size + tree.edge_token  # (E,)
        entries, index_of_edge = np.unique(entry_of_edge, return_inverse=True)
        count = np.bincount(index_of_edge, weights=tree.edge_count).astype(np.int64)  # (entries,)
        context, token = np.divmod(entries, vocabulary_size)  # (entries,) each
        start = np.searchsorted(context, np.arange(len(pairs) + 1))
        followers = Followers(start, token.astype(np.int32), count)

        # Kneser–Ney: after the shorter context, a token counts once for each longer context that it followed. But
        # nothing precedes a start token, so contexts that begin with one keep their plain counts.
        if length > 0:
            shorter = counts[-1]
            entry_of_shorter = shorter_id[context] * vocabulary_size + token  # (entries,)
            index = np.searchsorted(entries_before, entry_of_shorter)
            longer_contexts = np.bincount(index, minlength=len(entries_before))
            keeps_count = shorter.followers.per_entry(shorter.begins_with_start)
            shorter.lower_count = np.where(keeps_count, shorter.followers.count, longer_contexts)
        entries_before = entries
        counts.append(_Counts(pairs, followers, begins_with_start, repeats_start))
    return counts


def _smoothed(counts: _Counts, smoothing: str, *, is_longest: bool) -> Shares | None:
    """Return the probabilities that contexts of one length contribute. None: they contribute nothing.

    Args:
        counts: The counts of these contexts.
        smoothing: The smoothing.
        is_longest: Whether the model has no longer contexts.
    """
    followers = counts.followers
    if smoothing == UNSMOOTHED:
        if not is_longest:
            return None
        total = followers.total  # (C,)
        share = followers.count / followers.per_entry(total)  # (entries,)
        return Shares(share, rest=np.zeros(len(total)))
    if smoothing == WITTEN_BELL:
        return witten_bell(followers)
    if not is_longest and counts.lower_count is not None:
        followers = replace(followers, count=counts.lower_count)
    # Contexts that repeat the start token leave everything to the next shorter context.
    is_included = ~counts.repeats_start  # (C,)
    is_included_entry = followers.per_entry(is_included)  # (entries,)
    share = np.zeros(len(followers.token))  # (entries,)
    rest = np.ones(len(is_included))  # (C,)
    if is_included.any():
        kneser_ney = modified_kneser_ney(followers.selected(is_included, is_included_entry))
        share[is_included_entry] = kneser_ney.share
        rest[is_included] = kneser_ney.rest
    return Shares(share, rest)


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
