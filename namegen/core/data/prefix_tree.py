"""PrefixTree: a list of names as the tree of its distinct prefixes, each with a count; how a list is sorted for it.

The hidden state of a recurrent network depends only on the prefix that it has read, so everything here (training,
evaluation, the ceiling, generation) runs over the distinct prefixes, one depth after the other, instead of over the
names. ``core/README.md`` has the notation and a worked example.

Names are sorted without comparing strings: ids rise with code points, so names sort as their ids do. As many ids as fit
are packed into one whole number, and the numbers are sorted. Only names that are alike so far, and go on, are looked at
again with their next characters. So the work is a few sorts of numbers however long the list is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np

from namegen.core.data.vocabulary import BOUNDARY, Vocabulary
from namegen.errors import NamesError
from namegen.types import Array, Bool, Int, Int32, Int64


@dataclass(frozen=True, eq=False)
class PrefixTree:
    """The distinct prefixes of a list of names, ordered by depth, then lexicographically.

    So the children of one parent are neighbours, and the nodes of one depth are one slice of every array. Depth 0 holds
    the roots: a node for each beginning that occurs, in the order of their ids. Where names have no labels that is one,
    the boundary.

    Attributes:
        token: last token of the prefix; of a root its beginning.
        parent: node of the prefix that is one shorter; −1 for a root.
        level: nodes of depth t are ``level[t]:level[t + 1]``.
        count: names that pass through the node.
        edge_node, edge_token, edge_count: what follows each node, the boundary included, and how often; ``edge_node``
            is the node that the edge leaves; sorted by it, then by token.

    >>> vocabulary = Vocabulary.from_names(["Al", "Ali", "Al"])
    >>> tree = PrefixTree.from_names(["Al", "Ali", "Al"], vocabulary)
    >>> tree.nodes, tree.characters          # the root, A, Al, Ali; 3 + 4 + 3 characters with their STOPs
    (4, 10)
    >>> tree.count.tolist(), tree.parent.tolist()
    ([3, 3, 3, 1], [-1, 0, 1, 2])
    """

    token: Int32[Array, "N"]
    parent: Int64[Array, "N"]
    level: Int64[Array, "levels"]
    count: Int64[Array, "N"]
    edge_node: Int64[Array, "E"]
    edge_token: Int32[Array, "E"]
    edge_count: Int64[Array, "E"]

    @classmethod
    def from_names(
        cls, names: Iterable[str], vocabulary: Vocabulary, beginnings: Iterable[int] | None = None
    ) -> PrefixTree:
        """The tree of a list of names; repeats become counts.

        Args:
            names: the list.
            vocabulary: the ids of their characters.
            beginnings: the id that each name begins with; None: all with the boundary.

        Raises:
            NamesError: the list is empty, a character is not in the vocabulary, or there is not one beginning for each
                name.
        """
        return SortedNames.ranked(names, vocabulary, beginnings)[0].tree()

    @property
    def nodes(self) -> int:
        """``N``: the distinct prefixes, the empty one of each beginning included."""
        return len(self.token)

    @property
    def roots(self) -> int:
        """How many beginnings occur: nodes ``0:roots``, which are depth 0."""
        return int(self.level[1])

    @property
    def depth(self) -> int:
        """``T``: levels of nodes; the longest name has ``T − 1`` characters."""
        return len(self.level) - 1

    @property
    def name_count(self) -> int:
        """How many names the tree stands for, repeats counted."""
        return int(self.count[: self.roots].sum())

    @property
    def characters(self) -> int:
        """How many characters there are to predict, the STOP of every name counted."""
        return int(self.edge_count.sum())

    @property
    def distinct_name_count(self) -> int:
        """How many different names the tree holds; one that stands under two beginnings is two."""
        return int((self.edge_token == BOUNDARY).sum())

    @cached_property
    def edge_start(self) -> Int[Array, "M"]:
        """The edges of node n are ``edge_start[n]:edge_start[n + 1]``."""
        start = np.full(self.nodes + 1, len(self.edge_node), index_type(len(self.edge_node)))
        start[:-1] = np.flatnonzero(
            new_run(self.edge_node)
        )  # each node has one at least: it ends, or goes on
        return start

    @cached_property
    def edge_child(self) -> Int[Array, "E"]:
        """The node that each edge leads to; −1 for an edge that ends a name."""
        child = np.full(len(self.edge_token), -1, index_type(self.nodes))
        below = np.arange(self.roots, self.nodes, dtype=child.dtype)
        child[self.edge_token != BOUNDARY] = below  # both stand in order of parent, then token
        return child

    @property
    def depth_of(self) -> Int64[Array, "N"]:
        """How many characters lie between each node and its root."""
        return np.repeat(np.arange(self.depth), np.diff(self.level))

    @property
    def root_of(self) -> Int64[Array, "N"]:
        """The root above each node."""
        root = np.arange(self.nodes)
        for first, end in pairwise(self.level[1:].tolist()):
            root[first:end] = root[self.parent[first:end]]
        return root

    def sequences(self) -> Sequences:
        """The distinct names as rows: the way back from a tree.

        Rows are ordered by length, then by beginning, then lexicographically, and padded with the boundary, so that
        every row holds at least one; ``T`` is the tree's depth.
        """
        ends = self.edge_token == BOUNDARY
        node, counts = self.edge_node[ends], self.edge_count[ends]
        lengths = self.depth_of[node]
        tokens = np.zeros((len(node), self.depth), dtype=np.int32)  # (names, T)
        nodes = np.zeros((len(node), self.depth), dtype=np.int64)  # (names, T)
        for depth in range(
            self.depth - 1, 0, -1
        ):  # from the last character of each name up to its first
            rows = np.flatnonzero(lengths >= depth)
            tokens[rows, depth - 1] = self.token[node[rows]]
            nodes[rows, depth] = node[rows]
            node[rows] = self.parent[node[rows]]
        nodes[:, 0] = node
        return Sequences(tokens, lengths, counts, nodes, self.token[node])

    def recounted(self, end_node: Int[Array, "names"], counts: Int64[Array, "names"]) -> PrefixTree:
        """The same prefixes with other counts of the names; what does not change is shared, not copied.

        Args:
            end_node: the node where each name ends, each once and all of them.
            counts: how often each name occurs, at least once.
        """
        ends = self.edge_token == BOUNDARY
        count = np.zeros(self.nodes, np.int64)
        count[end_node] = counts
        edge_count = np.empty(len(ends), np.int64)
        edge_count[ends] = count[self.edge_node[ends]]
        for depth in range(self.depth - 1, 0, -1):  # a node passes what it has on to its parent
            rows = slice(self.level[depth], self.level[depth + 1])
            parent = self.parent[rows]
            eldest = np.flatnonzero(new_run(parent))
            count[parent[eldest]] += np.add.reduceat(count[rows], eldest)
        edge_count[~ends] = count[self.roots :]
        return replace(self, count=count, edge_count=edge_count)

    def under_one_root(self) -> PrefixTree:
        """The same names without their beginnings, all under the boundary: what says how often a name is in all."""
        if self.roots == 1 and self.token[0] == BOUNDARY:
            return self
        rows = self.sequences()
        return SortedNames.from_rows(rows.tokens, rows.counts)[0].tree()


@dataclass(frozen=True, eq=False)
class Sequences:
    """The distinct names of a tree as rows.

    Attributes:
        tokens: the characters of each name, then the boundary: what is to be predicted at each place.
        lengths: characters of each name.
        counts: how many names a row stands for.
        nodes: the node of the tree at each place, before its token; 0 behind a name's end.
        beginnings: what each name begins with.
    """

    tokens: Int32[Array, "names T"]
    lengths: Int64[Array, "names"]
    counts: Int64[Array, "names"]
    nodes: Int64[Array, "names T"]
    beginnings: Int32[Array, "names"]


@dataclass(frozen=True, eq=False)
class SortedNames:
    """The distinct names of a list by beginning, then lexicographically, as tokens one behind the other: what trees are
    built from.

    Attributes:
        tokens: the ids of all names, one name behind the other.
        lengths: characters of each name.
        counts: how often each name stands in the list.
        beginnings: what each name begins with.
    """

    tokens: Int[Array, "total"]
    lengths: Int64[Array, "names"]
    counts: Int64[Array, "names"]
    beginnings: Int32[Array, "names"]

    @classmethod
    def ranked(
        cls, names: Iterable[str], vocabulary: Vocabulary, beginnings: Iterable[int] | None = None
    ) -> tuple[SortedNames, Ranking]:
        """Count and sort names; and which of the distinct names each entry of the list is.

        Raises:
            NamesError: an empty list, an unknown character, a beginning too few.
        """
        entries = names if isinstance(names, Sequence) else list(names)
        begins = None if beginnings is None else np.fromiter(beginnings, dtype=np.int32)
        if begins is not None and len(begins) != len(entries):
            raise NamesError(
                "there is not one beginning for each name: give as many as there are names"
            )
        if not entries:
            raise NamesError("the list has no names: give at least one")
        ranking = Ranking.of(entries, vocabulary, begins)
        which = ranking.representatives
        begins = np.full(len(which), BOUNDARY, np.int32) if begins is None else begins[which]
        return cls(
            ranking.distinct_tokens(), ranking.lengths[which], ranking.counts, begins
        ), ranking

    def counted(self, counts: Int64[Array, "names"]) -> SortedNames:
        """The same names with other counts, without those that no longer occur."""
        kept = np.flatnonzero(counts)
        if len(kept) == len(counts):
            return replace(self, counts=counts)
        tokens = take_rows(self.tokens, self.lengths, kept)
        return SortedNames(tokens, self.lengths[kept], counts[kept], self.beginnings[kept])

    @classmethod
    def from_rows(
        cls, tokens: Int32[Array, "rows T"], counts: Int64[Array, "rows"]
    ) -> tuple[SortedNames, Int64[Array, "rows"]]:
        """Names given as rows that end with the boundary, or with the last character of the longest, all beginning with
        the boundary; and which of them each row is.
        """
        # In the order of the names: the boundary is lowest.
        rows, name = np.unique(tokens, axis=0, return_inverse=True)
        name = name.reshape(-1)
        total = np.zeros(len(rows), np.int64)
        np.add.at(total, name, counts)
        begins = np.full(len(rows), BOUNDARY, np.int32)
        within = rows != BOUNDARY
        return cls(rows[within], within.sum(axis=1), total, begins), name

    def shared_with_next(self) -> Int64[Array, "neighbours"]:
        """How many first characters each name but the last shares with the one that follows it."""
        start, shorter = (
            np.cumsum(self.lengths) - self.lengths,
            np.minimum(self.lengths[:-1], self.lengths[1:]),
        )
        shared = np.zeros(len(shorter), np.int64)
        alike, depth = np.arange(len(shorter)), 0
        while len(alike):
            alike = alike[shorter[alike] > depth]
            alike = alike[
                self.tokens[start[alike] + depth] == self.tokens[start[alike + 1] + depth]
            ]
            depth += 1
            shared[alike] = depth
        return shared

    def tree(self) -> PrefixTree:
        """Build the tree one depth at a time; the work is one pass over the characters."""
        return self.tree_and_paths(want_paths=False)[0]

    def tree_and_paths(
        self, *, want_paths: bool = True
    ) -> tuple[PrefixTree, Int[Array, "P"], Int64[Array, "names"]]:
        """The tree, and the way of each name through it: its nodes one behind the other, from its root to its last
        character, if that is wanted; and where in that array each name's way starts.
        """
        names = len(self.lengths)
        start = np.cumsum(self.lengths) - self.lengths  # first token of each name
        path_start = start + np.arange(
            names
        )  # a way has one node more than the name has characters
        steps = len(self.tokens) + names
        paths = np.zeros(steps if want_paths else 0, dtype=index_type(steps))
        alive = np.arange(names)  # the names that reach this depth
        begins = new_run(self.beginnings)
        place = np.flatnonzero(begins)
        node = np.cumsum(begins) - 1  # where each of them stands
        token, parent, level = [self.beginnings[place]], [np.full(len(place), -1)], [0, len(place)]
        count = [np.add.reduceat(self.counts, place)]
        if want_paths:
            paths[path_start] = node
        end_node, end_count = [], []
        depth = 0
        while True:
            ends = self.lengths[alive] == depth
            end_node.append(node[ends])
            end_count.append(self.counts[alive[ends]])
            alive, above = alive[~ends], node[~ends]
            if len(alive) == 0:
                break
            tokens = self.tokens[start[alive] + depth]
            first = new_run(above) | new_run(
                tokens
            )  # sorted, so that equal prefixes are neighbours
            place = np.flatnonzero(first)
            node = level[-1] - 1 + np.cumsum(first)
            token.append(tokens[place].astype(np.int32))
            parent.append(above[place])
            count.append(np.add.reduceat(self.counts[alive], place))
            level.append(level[-1] + len(place))
            depth += 1
            if want_paths:
                paths[path_start[alive] + depth] = node
        tree = assemble(
            _joined(token),
            _joined(parent),
            np.array(level),
            _joined(count),
            _joined(end_node),
            _joined(end_count),
        )
        return tree, paths, path_start


def _joined(pieces: list[Array]) -> Array:
    """One array of the pieces, which are let go: of a long list they would take as much memory again."""
    whole = np.concatenate(pieces)
    pieces.clear()
    return whole


def ranges(
    starts: Int[Array, "B"], ends: Int[Array, "B"]
) -> tuple[Int64[Array, "total"], Int64[Array, "total"]]:
    """All whole numbers of the ranges ``starts[i]:ends[i]`` one behind the other, and the i of each."""
    sizes = ends - starts
    rows = np.repeat(np.arange(len(sizes)), sizes)
    return np.arange(len(rows)) + np.repeat(starts - (np.cumsum(sizes) - sizes), sizes), rows


def assemble(
    token: Int32[Array, "N"],
    parent: Int64[Array, "N"],
    level: Int64[Array, "levels"],
    count: Int64[Array, "N"],
    end_node: Int64[Array, "ends"],
    end_count: Int64[Array, "ends"],
) -> PrefixTree:
    """Add the edges: one into every node but the roots, and one out of every node where names end, by rising node.

    Both kinds are sorted by the node that they leave already, so the place of each in the merged order is its own
    rank plus the number of edges of the other kind before it; an end (token 0) goes before the children of its node.
    """
    roots = int(level[1])
    ends = np.searchsorted(parent[roots:], end_node, side="left") + np.arange(len(end_node))
    is_end = np.zeros(len(token) - roots + len(end_node), dtype=bool)
    is_end[ends] = True
    children = np.flatnonzero(~is_end)
    edge_node, edge_count = np.empty(len(is_end), np.int64), np.empty(len(is_end), np.int64)
    edge_token = np.zeros(len(is_end), np.int32)
    edge_node[ends], edge_node[children] = end_node, parent[roots:]
    edge_count[ends], edge_count[children] = end_count, count[roots:]
    edge_token[children] = token[roots:]
    return PrefixTree(token, parent, level, count, edge_node, edge_token, edge_count)


BLOCK = 1 << 16  # rows that are packed at a time: what is made on the way stays in the cache
KEY_BITS = 63  # of a whole number that is not negative


@dataclass(frozen=True, eq=False)
class Ranking:
    """The entries of a list, sorted by beginning, then name; equal ones in the order of the list.

    Attributes:
        order: the entries, by their place in the list, in sorted order.
        first: where in ``order`` another name begins.
        tokens: the ids of all entries, one behind the other, in the order of the list.
        lengths: characters of each entry, in the order of the list.

    >>> names = ["Bo", "Al", "Bo"]
    >>> ranking = Ranking.of(names, Vocabulary.from_names(names))
    >>> ranking.order.tolist(), ranking.rank.tolist(), ranking.counts.tolist()
    ([1, 0, 2], [1, 0, 1], [1, 2])
    """

    order: Int[Array, "entries"]
    first: Bool[Array, "entries"]
    tokens: Int[Array, "total"]
    lengths: Int64[Array, "entries"]

    @classmethod
    def of(
        cls, names: Sequence[str], vocabulary: Vocabulary, beginnings: Int[Array, "E"] | None = None
    ) -> Ranking:
        """Sort names. Raises NamesError for an unknown character."""
        tokens, lengths = vocabulary.encode_compactly(names)
        group = np.zeros(len(names), np.int64)
        if beginnings is not None:
            group = np.unique(beginnings, return_inverse=True)[1].reshape(-1).astype(np.int64)
        return cls(*_sorted(tokens, lengths, group, vocabulary.size), tokens, lengths)

    @cached_property
    def place(self) -> Int64[Array, "distinct"]:
        """Where in ``order`` each distinct name begins."""
        return np.flatnonzero(self.first)

    @property
    def representatives(self) -> Int[Array, "distinct"]:
        """The first entry of each distinct name, in sorted order."""
        return self.order[self.place]

    @property
    def counts(self) -> Int64[Array, "distinct"]:
        """How often each distinct name stands in the list."""
        return np.diff(self.place, append=len(self.order))

    @property
    def rank(self) -> Int[Array, "entries"]:
        """The number of each entry's name among the distinct ones, which are numbered in sorted order."""
        rank = np.empty(len(self.order), index_type(len(self.order)))
        rank[self.order] = np.cumsum(self.first) - 1
        return rank

    def distinct_tokens(self) -> Int[Array, "total"]:
        """The ids of the distinct names in sorted order, one name behind the other."""
        return take_rows(self.tokens, self.lengths, self.representatives)


def index_type(count: int) -> type[np.signedinteger]:
    """What the numbers of ``count`` things are kept in: half the memory wherever that is enough."""
    return np.int32 if count <= np.iinfo(np.int32).max else np.int64


def new_run(values: Int[Array, "n"]) -> Bool[Array, "n"]:
    """True where a value differs from the one before it; the first always does."""
    first = np.empty(len(values), dtype=bool)
    first[:1] = True
    np.not_equal(values[1:], values[:-1], out=first[1:])
    return first


def run_lengths(starts: Int64[Array, "runs"], count: int) -> Int64[Array, "runs"]:
    """How many values each run has, of ``count`` in all; the last ends with them."""
    lengths = np.empty_like(starts)
    np.subtract(starts[1:], starts[:-1], out=lengths[:-1])
    lengths[-1] = count - starts[-1]
    return lengths


def take_rows(
    flat: Int[Array, "total"], lengths: Int64[Array, "rows"], rows: Int[Array, "K"]
) -> Int[Array, "of_K"]:
    """Some rows, one behind the other, of rows that lie one behind the other."""
    start, sizes = np.cumsum(lengths) - lengths, lengths[rows]
    end = np.cumsum(sizes)
    taken = np.empty(int(sizes.sum()), flat.dtype)
    for block in range(0, len(rows), BLOCK):
        part = slice(block, block + BLOCK)
        begin = end[block] - sizes[block]
        shift = np.repeat(start[rows[part]] - (end[part] - sizes[part]), sizes[part])
        taken[begin : begin + len(shift)] = flat[np.arange(begin, begin + len(shift)) + shift]
    return taken


def _sorted(
    tokens: Int[Array, "total"], lengths: Int64[Array, "n"], group: Int64[Array, "n"], size: int
) -> tuple[Int[Array, "n"], Bool[Array, "n"]]:
    """The order of the names within their groups, and where another name begins."""
    start = np.cumsum(lengths) - lengths
    bits = max((size - 1).bit_length(), 1)
    order = np.arange(len(lengths), dtype=index_type(len(lengths)))
    first = np.zeros(len(lengths), dtype=bool)
    slots = (
        order.copy()
    )  # places of the order that are not settled yet: runs of names that are alike so far
    depth, lengths_type = 0, index_type(len(tokens))
    while len(slots):
        rows = order[slots]
        left = (lengths[rows] - depth).astype(lengths_type)
        width = min((KEY_BITS - int(group.max()).bit_length()) // bits, max(int(left.max()), 0))
        # One number a name: its group and its next ids; behind a name's end stands the boundary, 0.
        key = group.astype(np.int64)  # a copy, filled in place
        for block in range(0, len(key), BLOCK):
            part = slice(block, block + BLOCK)
            packed, begin, end = key[part], start[rows[part]] + depth, left[part]
            for place in range(width):
                packed <<= bits
                packed |= np.where(end > place, tokens.take(begin + place, mode="clip"), 0)
        within = np.argsort(key, kind="stable")
        order[slots], left = rows[within], left[within]
        key = key[within]
        del within, rows
        first[slots] = new = new_run(key)
        depth += width
        runs = np.flatnonzero(new)
        sizes = np.diff(runs, append=len(key))
        unsettled = (sizes > 1) & (np.maximum.reduceat(left, runs) > width)
        slots = slots[np.repeat(unsettled, sizes)]
        group = np.repeat(np.arange(int(unsettled.sum())), sizes[unsettled])
    return order, first
