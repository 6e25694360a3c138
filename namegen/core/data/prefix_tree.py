"""Prefix trees: a list of names as the tree of its distinct prefixes, each with a count.

The hidden state of a recurrent network depends only on the characters that it has read. So training, evaluation and
generation compute it once for each distinct prefix, one depth after another, instead of once for each name.
``core/README.md`` has the notation and a worked example.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np

from namegen.core.data.arrays import index_type, new_run
from namegen.core.data.ranking import Ranking, take_rows
from namegen.core.data.vocabulary import END_TOKEN, Vocabulary
from namegen.errors import NamesError
from namegen.types import Array, Bool, Int, Int32, Int64


@dataclass(frozen=True, eq=False)
class PrefixTree:
    """The distinct prefixes of a list of names, sorted by depth, then by start token, then by their characters.

    So the children of a node are neighbors, and the nodes of one depth are one slice of every array. Depth 0 has one
    root for each start token that occurs. Without labels, that's only ``END_TOKEN``.

    An edge is something that follows a node: a character that leads to a child, or the end token ``END_TOKEN``. Edges
    are sorted by node, then by token.

    >>> vocabulary = Vocabulary.from_names(["Al", "Ali", "Al"])
    >>> tree = PrefixTree.from_names(["Al", "Ali", "Al"], vocabulary)
    >>> tree.nodes, tree.characters          # the root, A, Al, Ali; 3 + 4 + 3 characters with end tokens
    (4, 10)
    >>> tree.count.tolist(), tree.parent.tolist()
    ([3, 3, 3, 1], [-1, 0, 1, 2])
    """

    token: Int32[Array, "N"]  #: the last token of each prefix; the start token of a root
    parent: Int64[Array, "N"]  #: the node of the prefix without its last token; −1 for a root
    level: Int64[Array, "levels"]  #: the nodes of depth t are ``level[t]:level[t + 1]``
    count: Int64[Array, "N"]  #: how many names have the prefix
    edge_node: Int64[Array, "E"]  #: the node that the edge leaves
    edge_token: Int32[Array, "E"]  #: what follows the node
    edge_count: Int64[Array, "E"]  #: how often it follows

    @classmethod
    def from_names(
        cls, names: Iterable[str], vocabulary: Vocabulary, start_tokens: Iterable[int] | None = None
    ) -> PrefixTree:
        """Build the tree of a list of names. Duplicates become counts.

        Args:
            names: The list.
            vocabulary: The ids of the characters.
            start_tokens: The start token of each name. None: all names start with ``END_TOKEN``.

        Raises:
            NamesError: The list is empty, a character isn't in the vocabulary, or the number of start tokens is wrong.
        """
        sorted_names, _ = SortedNames.ranked(names, vocabulary, start_tokens)
        return sorted_names.tree()

    @property
    def nodes(self) -> int:
        """``N``: the number of distinct prefixes, including the roots."""
        return len(self.token)

    @property
    def roots(self) -> int:
        """The number of start tokens that occur. The roots are the nodes ``0:roots``."""
        return int(self.level[1])

    @property
    def depth(self) -> int:
        """``T``: the number of levels. The longest name has ``T − 1`` characters."""
        return len(self.level) - 1

    @property
    def name_count(self) -> int:
        """The number of names, including duplicates."""
        return int(self.count[: self.roots].sum())

    @property
    def characters(self) -> int:
        """The number of characters to predict, including the end token of each name."""
        return int(self.edge_count.sum())

    @property
    def distinct_name_count(self) -> int:
        """The number of distinct names. A name counts once for each of its start tokens."""
        return int((self.edge_token == END_TOKEN).sum())

    @cached_property
    def edge_start(self) -> Int[Array, "M"]:
        """The edges of node n are ``edge_start[n]:edge_start[n + 1]``."""
        edges = len(self.edge_node)
        start = np.full(self.nodes + 1, edges, index_type(edges))
        start[:-1] = np.flatnonzero(new_run(self.edge_node))  # each node has at least one edge
        return start

    @cached_property
    def edge_child(self) -> Int[Array, "E"]:
        """The node that each edge leads to. −1 for the end of a name."""
        child = np.full(len(self.edge_token), -1, index_type(self.nodes))
        # Nodes and edges are both sorted by parent, then by token.
        child[self.edge_token != END_TOKEN] = np.arange(self.roots, self.nodes, dtype=child.dtype)
        return child

    @property
    def depth_of(self) -> Int64[Array, "N"]:
        """The number of characters of each prefix."""
        return np.repeat(np.arange(self.depth), np.diff(self.level))

    @property
    def root_of(self) -> Int64[Array, "N"]:
        """The root of each node."""
        root = np.arange(self.nodes)
        for first, end in pairwise(self.level[1:].tolist()):
            root[first:end] = root[self.parent[first:end]]
        return root

    def sequences(self) -> Sequences:
        """Return the distinct names as rows.

        Rows are sorted by length, then by start token, then by their characters.
        """
        is_end = self.edge_token == END_TOKEN  # (E,)
        node = self.edge_node[
            is_end
        ]  # (names,) the node of the current depth, from the last one up to the root
        lengths = self.depth_of[node]  # (names,)
        tokens = np.zeros((len(node), self.depth), dtype=np.int32)  # (names, T)
        nodes = np.zeros((len(node), self.depth), dtype=np.int64)  # (names, T)
        for depth in range(self.depth - 1, 0, -1):
            rows = np.flatnonzero(lengths >= depth)
            tokens[rows, depth - 1] = self.token[node[rows]]
            nodes[rows, depth] = node[rows]
            node[rows] = self.parent[node[rows]]
        nodes[:, 0] = node
        return Sequences(
            tokens=tokens,
            lengths=lengths,
            counts=self.edge_count[is_end],
            nodes=nodes,
            start_tokens=self.token[node],
        )

    def recounted(self, end_node: Int[Array, "names"], counts: Int64[Array, "names"]) -> PrefixTree:
        """Return the tree of the same names with other counts. Arrays that stay the same are shared, not copied.

        Args:
            end_node: The last node of each name. All names have to be included.
            counts: How often each name occurs. Each count has to be at least 1.
        """
        is_end = self.edge_token == END_TOKEN  # (E,)
        count = np.zeros(self.nodes, np.int64)  # (N,)
        count[end_node] = counts
        edge_count = np.empty(len(is_end), np.int64)  # (E,)
        edge_count[is_end] = count[self.edge_node[is_end]]
        for depth in range(self.depth - 1, 0, -1):  # add the counts of each level to its parents
            level = slice(self.level[depth], self.level[depth + 1])
            parent = self.parent[level]
            first_child = np.flatnonzero(new_run(parent))
            count[parent[first_child]] += np.add.reduceat(count[level], first_child)
        edge_count[~is_end] = count[self.roots :]
        return replace(self, count=count, edge_count=edge_count)

    def under_one_root(self) -> PrefixTree:
        """Return the tree of the same names without their labels. They all start with ``END_TOKEN``."""
        if self.roots == 1 and self.token[0] == END_TOKEN:
            return self
        rows = self.sequences()
        sorted_names, _ = SortedNames.from_rows(rows.tokens, rows.counts)
        return sorted_names.tree()


@dataclass(frozen=True, eq=False)
class Sequences:
    """The distinct names of a tree as rows. ``T`` is the tree's depth."""

    tokens: Int32[
        Array, "names T"
    ]  #: the characters, padded with at least one end token: the targets of each row
    lengths: Int64[Array, "names"]  #: characters of each name
    counts: Int64[Array, "names"]  #: how often each name occurs
    nodes: Int64[Array, "names T"]  #: the node before each token; 0 after the end of a name
    start_tokens: Int32[Array, "names"]  #: the start token of each name


@dataclass(frozen=True, eq=False)
class SortedNames:
    """The distinct names of a list, sorted by start token, then by their characters. Trees are built from them."""

    tokens: Int[Array, "total"]  # the ids of all names, concatenated
    lengths: Int64[Array, "names"]  # characters of each name
    counts: Int64[Array, "names"]  # how often each name occurs in the list
    start_tokens: Int32[Array, "names"]  # the start token of each name

    @classmethod
    def ranked(
        cls, names: Iterable[str], vocabulary: Vocabulary, start_tokens: Iterable[int] | None = None
    ) -> tuple[SortedNames, Ranking]:
        """Sort and count names.

        Args:
            names: The list.
            vocabulary: The ids of the characters.
            start_tokens: The start token of each name. None: all names start with ``END_TOKEN``.

        Returns:
            The distinct names, and the ranking that maps the entries of the list to them.

        Raises:
            NamesError: The list is empty, a character isn't in the vocabulary, or the number of start tokens is wrong.

        >>> names = ["Bo", "Al", "Bo"]
        >>> sorted_names, ranking = SortedNames.ranked(names, Vocabulary.from_names(names))
        >>> sorted_names.counts.tolist(), ranking.rank.tolist()
        ([1, 2], [1, 0, 1])
        """
        entries = names if isinstance(names, Sequence) else list(names)
        tokens = None if start_tokens is None else np.fromiter(start_tokens, dtype=np.int32)
        if tokens is not None and len(tokens) != len(entries):
            raise NamesError(
                f"there are {len(tokens):,} start tokens for {len(entries):,} names: give one for each name"
            )
        if not entries:
            raise NamesError("the list has no names: give at least one")
        ranking = Ranking.of(entries, vocabulary, tokens)
        first_entry = ranking.representatives  # (names,)
        if tokens is None:
            start_tokens = np.full(len(first_entry), END_TOKEN, np.int32)  # (names,)
        else:
            start_tokens = tokens[first_entry]  # (names,)
        sorted_names = cls(
            tokens=ranking.distinct_tokens(),
            lengths=ranking.lengths[first_entry],
            counts=ranking.counts,
            start_tokens=start_tokens,
        )
        return sorted_names, ranking

    def counted(self, counts: Int64[Array, "names"]) -> SortedNames:
        """Return the names with other counts. Names whose count is 0 are removed."""
        kept = np.flatnonzero(counts)
        if len(kept) == len(counts):
            return replace(self, counts=counts)
        return SortedNames(
            tokens=take_rows(self.tokens, self.lengths, kept),
            lengths=self.lengths[kept],
            counts=counts[kept],
            start_tokens=self.start_tokens[kept],
        )

    @classmethod
    def from_rows(
        cls, tokens: Int32[Array, "rows T"], counts: Int64[Array, "rows"]
    ) -> tuple[SortedNames, Int64[Array, "rows"]]:
        """Sort and count names that are given as rows of ids. They all start with ``END_TOKEN``.

        Args:
            tokens: The characters of each name, padded with end tokens. The longest names need no padding.
            counts: How often each row occurs.

        Returns:
            The distinct names, and the index of each row's name among them.
        """
        rows, name_of = np.unique(
            tokens, axis=0, return_inverse=True
        )  # sorted: the end token is the lowest
        name_of = name_of.reshape(-1)  # (rows,)
        total = np.zeros(len(rows), np.int64)  # (names,)
        np.add.at(total, name_of, counts)
        is_character = rows != END_TOKEN  # (names, T)
        sorted_names = cls(
            tokens=rows[is_character],
            lengths=is_character.sum(axis=1),
            counts=total,
            start_tokens=np.full(len(rows), END_TOKEN, np.int32),
        )
        return sorted_names, name_of

    @property
    def _start(self) -> Int64[Array, "names"]:
        """The index of each name's first character in ``tokens``."""
        return np.cumsum(self.lengths) - self.lengths

    def shared_with_next(self) -> Int64[Array, "neighbors"]:
        """Return how many first characters each name shares with the next name. The last name has no next name."""
        start = self._start  # (names,)
        shorter = np.minimum(self.lengths[:-1], self.lengths[1:])  # (neighbors,)
        shared = np.zeros(len(shorter), np.int64)  # (neighbors,)
        alike = np.arange(
            len(shorter)
        )  # the names that share ``depth`` characters with the next name
        depth = 0
        while len(alike):
            alike = alike[shorter[alike] > depth]
            token = self.tokens[start[alike] + depth]
            next_token = self.tokens[start[alike + 1] + depth]
            alike = alike[token == next_token]
            depth += 1
            shared[alike] = depth
        return shared

    def tree(self) -> PrefixTree:
        """Build the tree. It takes one pass over the characters."""
        tree, _, _ = self.tree_and_paths(want_paths=False)
        return tree

    def tree_and_paths(
        self, *, want_paths: bool = True
    ) -> tuple[PrefixTree, Int[Array, "P"], Int64[Array, "names"]]:
        """Build the tree, one depth after another, and the path of each name through it.

        Args:
            want_paths: Whether to return the paths.

        Returns:
            The tree, the nodes of each name from its root to its last character (concatenated for all names; empty if
            not wanted), and the index of each name's first node among them.
        """
        start = self._start  # (names,)
        names = np.arange(len(start))  # (A,) the names that have a node at this depth
        path_start = start + names  # (names,) a name has one more node than it has characters
        path_nodes = len(self.tokens) + len(start)
        paths = np.zeros(path_nodes if want_paths else 0, dtype=index_type(path_nodes))
        builder = _TreeBuilder()
        node = builder.add_nodes(
            tokens=self.start_tokens,
            parents=np.full(len(names), -1),
            counts=self.counts,
            is_first=new_run(self.start_tokens),
        )  # (A,) the node of each name
        if want_paths:
            paths[path_start] = node
        depth = 0
        while True:
            is_end = self.lengths[names] == depth
            builder.end_node.append(node[is_end])
            builder.end_count.append(self.counts[names[is_end]])
            names = names[~is_end]
            parents = node[~is_end]
            if len(names) == 0:
                return builder.tree(), paths, path_start
            tokens = self.tokens[start[names] + depth]
            node = builder.add_nodes(
                tokens=tokens,
                parents=parents,
                counts=self.counts[names],
                is_first=new_run(parents) | new_run(tokens),  # equal prefixes are neighbors
            )
            depth += 1
            if want_paths:
                paths[path_start[names] + depth] = node


class _TreeBuilder:
    """Collects the arrays of a prefix tree, one depth after another."""

    def __init__(self) -> None:
        self._level = [0]
        # One array for each depth, with one number for each of its nodes:
        self._token: list[Array] = []
        self._parent: list[Array] = []
        self._count: list[Array] = []
        # One array for each depth, with one number for each of its nodes where names end:
        self.end_node: list[Array] = []
        self.end_count: list[Array] = []

    def add_nodes(
        self,
        *,
        tokens: Int[Array, "A"],
        parents: Int64[Array, "A"],
        counts: Int64[Array, "A"],
        is_first: Bool[Array, "A"],
    ) -> Int64[Array, "A"]:
        """Add the nodes of the next depth, and return the node of each name.

        Args:
            tokens: The token that each name has at this depth.
            parents: The node that each name has at the previous depth.
            counts: How often each name occurs.
            is_first: Whether each name is the first one with its node.
        """
        first = np.flatnonzero(is_first)
        self._token.append(tokens[first].astype(np.int32))
        self._parent.append(parents[first])
        self._count.append(np.add.reduceat(counts, first))
        nodes_before = self._level[-1]
        self._level.append(nodes_before + len(first))
        return nodes_before - 1 + np.cumsum(is_first)

    def tree(self) -> PrefixTree:
        """Build the tree with its edges.

        There are two kinds of edges: into each node except the roots, and ends of names. Both are already sorted by the
        node that they leave. So an edge's index is its index among its own kind, plus the number of edges of the other
        kind before it. The end of a name comes before the other edges of its node, because ``END_TOKEN`` is 0.
        """
        token = _concatenated(self._token)  # (N,)
        parent = _concatenated(self._parent)  # (N,)
        level = np.array(self._level)
        count = _concatenated(self._count)  # (N,)
        end_node = _concatenated(self.end_node)  # (ends,)
        end_count = _concatenated(self.end_count)  # (ends,)
        roots = int(level[1])
        children_before = np.searchsorted(parent[roots:], end_node, side="left")  # (ends,)
        end_edge = children_before + np.arange(len(end_node))  # (ends,)
        is_end = np.zeros(len(token) - roots + len(end_node), dtype=bool)  # (E,)
        is_end[end_edge] = True
        child_edge = np.flatnonzero(~is_end)  # (N − roots,)
        edge_node = np.empty(len(is_end), np.int64)
        edge_node[end_edge] = end_node
        edge_node[child_edge] = parent[roots:]
        edge_token = np.zeros(len(is_end), np.int32)  # END_TOKEN where a name ends
        edge_token[child_edge] = token[roots:]
        edge_count = np.empty(len(is_end), np.int64)
        edge_count[end_edge] = end_count
        edge_count[child_edge] = count[roots:]
        return PrefixTree(
            token=token,
            parent=parent,
            level=level,
            count=count,
            edge_node=edge_node,
            edge_token=edge_token,
            edge_count=edge_count,
        )


def _concatenated(pieces: list[Array]) -> Array:
    """Concatenate arrays, and empty the list. For a long list of names, keeping them would double the memory."""
    whole = np.concatenate(pieces)
    pieces.clear()
    return whole
