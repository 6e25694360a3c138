"""The interpolated n-gram, which every network has to pass, and without smoothing the Markov chain."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeAlias, cast

import numpy as np

from namegen.core.data.arrays import index_type, new_run, ranges
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.engine import State
from namegen.errors import NamesError
from namegen.types import Array, Bool, Float64, Int, Int32, Int64

WITTEN_BELL, KNESER_NEY = "witten-bell", "kneser-ney"
SMOOTHING_NAMES = {WITTEN_BELL: "Witten–Bell", KNESER_NEY: "Kneser–Ney"}
SMOOTHINGS = tuple(SMOOTHING_NAMES)
UNSMOOTHED = "none"
FALLBACK_DISCOUNTS = (
    0.5,
    1.0,
    1.5,
)  # of counts of 1, of 2, of 3 and more, where a list is too small to tell

ORDERS = (2, 3, 4, 5, 6, 7, 8)
# Of millions of names every short context has been seen so often that the lowest orders cannot be the best, and the
# counts of the highest would take gigabytes.
LONG_TREE, ORDERS_OF_LONG_TREE = 4_000_000, (4, 5)  # nodes


class NgramModel:
    """An interpolated n-gram, as a LanguageModel.

    The next token given the last ``order − 1`` ones, each length of context mixed with the next shorter one, down to
    the uniform distribution: ``p_k(w | context) = share(context, w) + rest(context) · p_{k−1}(w | shorter context)``.
    Witten–Bell leaves the more for the shorter context the more kinds of tokens have followed. Kneser–Ney takes a
    discount off every count, and asks of a shorter context after how many different longer ones a token has followed.
    To the left of a name stands its beginning, for Witten–Bell as often as needed. Kneser–Ney has it once: a context
    that would reach further left is not there, and one that begins with it is counted as it stands.

    Without smoothing it is the Markov chain, the oldest machine that makes names: it only ever strings together what
    stands in its list. After a context that is not in the list, everything is equally likely; no name that it draws
    leads there.

    State: the last ``order − 1`` tokens, ``(B, order − 1)``; −1 before anything was read.

    Args:
        tree: the names that are counted.
        vocabulary_size: ``V``.
        order: tokens that an n-gram has, the predicted one included; 1 or more.
        smoothing: ``witten-bell``, ``kneser-ney``, or ``none``.

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
        self._take(_Counted(tree, vocabulary_size, order), order, smoothing)

    @classmethod
    def each(
        cls, tree: PrefixTree, vocabulary_size: int, orders: tuple[int, ...] = ORDERS
    ) -> Iterator[NgramModel]:
        """One of each order and both smoothings. An order has the counts of all lower ones, so they are counted once.
        Of a tree of more than ``LONG_TREE`` nodes there are fewer orders.
        """
        if tree.nodes > LONG_TREE:
            orders = tuple(order for order in orders if order in ORDERS_OF_LONG_TREE) or orders[:1]
        counts = _Counted(tree, vocabulary_size, max(orders))
        for smoothing in SMOOTHINGS:
            for order in orders:
                model = cls.__new__(cls)
                model._take(counts, order, smoothing)
                yield model
            counts.forget()  # the tables of one smoothing are as large as the counts

    def _take(self, counts: _Counted, order: int, smoothing: str) -> None:
        self.order, self.smoothing = order, smoothing
        self.vocabulary_size, self._unseen = counts.size, counts.unseen
        self._tables = counts.tables(order, smoothing)

    def initial_state(self, rows: int) -> Int32[Array, "B context"]:
        """Nothing has been read."""
        return np.full((rows, self.order - 1), -1, np.int32)

    def step(
        self, tokens: Int32[Array, "B"], state: State
    ) -> tuple[Float64[Array, "B V"], Int32[Array, "B context"]]:
        """Log-probabilities of the next token."""
        context = cast(Array, state)
        read = np.minimum(tokens, self._unseen)[:, None]
        before = np.where(
            context < 0, read, context
        )  # a beginning stands at every place to its left too
        context = np.concatenate((read, before), axis=1)[:, : self.order - 1]
        chances = np.full((len(tokens), self.vocabulary_size), 1 / self.vocabulary_size)
        for table in self._tables:
            table.mix(context, chances)
        with np.errstate(
            divide="ignore"
        ):  # without smoothing, what never followed has the probability 0
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
        chances *= rest[
            :, None
        ]  # in place: to gather the rows and put them back takes three times as long
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
        self.unseen = max(
            size, int(tree.token.max()) + 1
        )  # the id of every beginning that the tree lacks
        self._lengths = list(self._count(tree, order))
        for shorter, longer in zip(self._lengths, self._lengths[1:], strict=False):
            shorter.longer = longer

    def _count(self, tree: PrefixTree, order: int) -> Iterator[_Length]:
        """Each length stands on the one before it."""
        width = self.unseen + 1
        columns: list[Int64[Array, "pairs"]] = []
        identity: Int[Array, "N"] = np.zeros(tree.nodes, np.int32)
        for length, to_the_left in enumerate(node_contexts(tree, order)):
            followed, count = counted(
                len(tree.edge_node), _followed(tree, identity, self.size), tree.edge_count
            )
            context, token = np.divmod(followed, self.size)
            start = np.searchsorted(context, np.arange(context[-1] + 2))
            followers = Followers(start, token.astype(np.int32), count)
            yield _Length(tuple(columns), width, self.size, followed, followers)
            if length + 1 < order:
                pairs, identity = ranked(tree.nodes, _pairs(identity, width, to_the_left))
                columns.append(pairs)

    def forget(self) -> None:
        """Let go of the tables that were made so far; a model keeps its own."""
        for length in self._lengths:
            for name in ("witten_bell", "kneser_ney_highest", "kneser_ney_lower"):
                length.__dict__.pop(name, None)

    def tables(self, order: int, smoothing: str) -> list[_Table]:
        """What an n-gram of this order mixes, from the shortest context on."""
        lengths = self._lengths[:order]
        if smoothing == UNSMOOTHED:
            return [lengths[-1].unsmoothed]
        if smoothing == WITTEN_BELL:
            return [length.witten_bell for length in lengths]
        return [
            *(length.kneser_ney_lower for length in lengths[:-1]),
            lengths[-1].kneser_ney_highest,
        ]


@dataclass(eq=False)
class _Length:
    """The counts after all contexts of one length.

    Attributes:
        columns, width: of the contexts, see ``_Table``.
        size: ``V``.
        followed: what was seen, as context · V + token, rising.
        followers: the same by context, and how often it was seen.
        longer: the counts after contexts that are one longer; None where there are none.
    """

    columns: tuple[Int64[Array, "_"], ...]
    width: int
    size: int
    followed: Int64[Array, "entries"]
    followers: Followers
    longer: _Length | None = None

    @property
    def context(self) -> Int64[Array, "entries"]:
        """Of each entry: made anew each time, as it is large and seldom needed."""
        start = self.followers.start
        return np.repeat(np.arange(len(start) - 1), np.diff(start))

    @property
    def unsmoothed(self) -> _Table:
        """The counts as they stand; nothing is left for the shorter context."""
        total = self.followers.total
        share = self.followers.count / np.repeat(total, np.diff(self.followers.start))
        return _Table(self.columns, self.width, self.followers, Shares(share, np.zeros(len(total))))

    @cached_property
    def witten_bell(self) -> _Table:
        """Smoothed by Witten–Bell."""
        return _Table(self.columns, self.width, self.followers, witten_bell(self.followers))

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
        longer = self.longer
        shorter = (
            longer.columns[-1] // longer.width
        )  # of each longer context: it without its leftmost token
        seen = shorter[longer.context] * self.size + longer.followers.token
        entry = np.searchsorted(self.followed, seen)
        continued = np.bincount(entry, minlength=len(self.followed))
        count = np.where(self._begins[self.context], self.followers.count, continued)
        return self._kneser_ney(replace(self.followers, count=count))

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
        return _Table(self.columns, self.width, self.followers, Shares(share, rest))


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


@dataclass(frozen=True, eq=False)
class Followers:
    """What followed each of the ``C`` contexts of one length, and how often.

    Attributes:
        start: the entries of context c are ``start[c]:start[c + 1]``.
        token: of each entry, rising within a context.
        count: of each entry, at least 1.
    """

    start: Int64[Array, "starts"]
    token: Int[Array, "entries"]
    count: Int64[Array, "entries"]

    @property
    def total(self) -> Float64[Array, "C"]:
        """How often each context was seen."""
        return np.add.reduceat(self.count, self.start[:-1]).astype(np.float64)

    @property
    def kinds(self) -> Float64[Array, "C"]:
        """How many different tokens followed each context."""
        return np.diff(self.start).astype(np.float64)


@dataclass(frozen=True, eq=False)
class Shares:
    """``share`` of each entry, and the ``rest`` of each context, which goes to the shorter one; together 1."""

    share: Float64[Array, "entries"]
    rest: Float64[Array, "C"]


def witten_bell(followers: Followers) -> Shares:
    """Witten and Bell (1991); Chen and Goodman (1999), section 2.5.

    share = count / (total + kinds), rest = kinds / (total + kinds)
    """
    total, kinds = followers.total, followers.kinds
    whole = total + kinds
    return Shares(followers.count / np.repeat(whole, np.diff(followers.start)), kinds / whole)


def modified_kneser_ney(followers: Followers) -> Shares:
    """Interpolated and modified, with three discounts: Chen and Goodman (1999), section 3.

    share = (count − discount(count)) / total; rest = what the discounts of a context sum to, over its total
    """
    by_count = np.array((0.0, *discounts(followers.count)))
    taken = by_count[np.minimum(followers.count, 3)]
    total = followers.total
    share = (followers.count - taken) / np.repeat(total, np.diff(followers.start))
    return Shares(share, np.add.reduceat(taken, followers.start[:-1]) / total)


def discounts(counts: Int64[Array, "entries"]) -> tuple[float, ...]:
    """What is taken off counts of 1, of 2, and of 3 and more, estimated from how many counts are 1, 2, 3 and 4.

    Each must be above 0, so that something is left for what was never seen, and at most the count itself. Where the
    counts of counts are missing or give another number, ``FALLBACK_DISCOUNTS`` stand in.

    >>> discounts(np.array([1] * 8 + [2] * 4 + [3] * 2 + [4]))
    (0.5, 1.25, 2.0)
    >>> discounts(np.array([1, 1, 5]))
    (0.5, 1.0, 1.5)
    """
    n1, n2, n3, n4 = (int((counts == times).sum()) for times in (1, 2, 3, 4))
    found = []
    for times, (fewer, more) in enumerate(((n1, n2), (n2, n3), (n3, n4)), start=1):
        discount = 0.0
        if n1 and fewer:
            discount = times - (times + 1) * n1 / (n1 + 2 * n2) * more / fewer
        found.append(discount if 0 < discount <= times and more else FALLBACK_DISCOUNTS[times - 1])
    return tuple(found)


BLOCK = 1 << 20  # rows

Keys: TypeAlias = Callable[[slice], Int64[Array, "block"]]  # the keys of a part of all rows


def ranked(rows: int, keys: Keys) -> tuple[Int64[Array, "distinct"], Int[Array, "rows"]]:
    """The distinct keys, rising, and the rank of each row's key among them.

    Args:
        rows: how many there are, at least one.
        keys: gives those of a part of them.

    >>> key = np.array([7, 3, 7])
    >>> distinct, rank = ranked(3, lambda part: key[part])
    >>> distinct.tolist(), rank.tolist()
    ([3, 7], [1, 0, 1])
    """
    rank = np.empty(rows, index_type(rows))
    parts, found = _parts(rows), []
    for part in parts:
        distinct, rank[part] = np.unique(keys(part), return_inverse=True)
        found.append(distinct)
    if len(found) == 1:
        return found[0], rank
    every = _merged(found)
    for part, distinct in zip(parts, found, strict=True):
        rank[part] = np.searchsorted(every, distinct)[rank[part]]
    return every, rank


def counted(
    rows: int, keys: Keys, times: Int64[Array, "rows"]
) -> tuple[Int64[Array, "D"], Int64[Array, "D"]]:
    """The distinct keys, rising, and how often each is there.

    Args:
        rows: how many keys there are, at least one.
        keys: gives those of a part of the rows.
        times: how often each row counts.

    >>> key = np.array([7, 3, 7])
    >>> distinct, count = counted(3, lambda part: key[part], np.array([1, 5, 1]))
    >>> distinct.tolist(), count.tolist()
    ([3, 7], [5, 2])
    """
    found, counts = [], []
    for part in _parts(rows):
        distinct, place = np.unique(keys(part), return_inverse=True)
        found.append(distinct)
        counts.append(np.bincount(place, weights=times[part]).astype(np.int64))
    if len(found) == 1:
        return found[0], counts[0]
    every = _merged(found)
    count = np.zeros(len(every), np.int64)
    for distinct, of_part in zip(found, counts, strict=True):
        count[np.searchsorted(every, distinct)] += of_part
    return every, count


def _parts(rows: int) -> list[slice]:
    return [slice(start, start + BLOCK) for start in range(0, rows, BLOCK)]


def _merged(found: list[Int64[Array, "_"]]) -> Int64[Array, "distinct"]:
    """The different ones of several arrays, sorted."""
    every = np.concatenate(found)
    every.sort()  # np.unique hashes here, which takes many times longer where most are different
    return every[new_run(every)]


def _followed(tree: PrefixTree, identity: Int[Array, "N"], size: int) -> Keys:
    """Of each edge the context that it leaves, and its token, as one number."""
    return lambda part: (
        identity[tree.edge_node[part]].astype(np.int64) * size + tree.edge_token[part]
    )


def _pairs(left: Int[Array, "rows"], width: int, right: Int[Array, "rows"]) -> Keys:
    """Of each row two numbers as one."""
    return lambda part: left[part].astype(np.int64) * width + right[part]
