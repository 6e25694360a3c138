"""Prefix trees: a list of names as the tree of its distinct prefixes, each with a count.

The hidden state of a recurrent network depends only on the characters that it has read. So training, evaluation and
generation compute it once for each distinct prefix, one depth after another, instead of once for each name.
``core/README.md`` has the notation and a worked example.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np

from namegen.core.data.arrays import index_type, new_run
from namegen.core.data.sorted_names import SortedNames
from namegen.core.data.vocabulary import END_TOKEN, Vocabulary
from namegen.types import Array, Bool, Int, Int32, Int64


@dataclass(frozen=True, eq=False)
class PrefixTree:
    """The distinct prefixes of a list of names, sorted by depth, then by start token, then by their characters.

    Therefore, a node's children are next to each other, and all nodes of the same depth form one slice of each array.
    Depth 0 has one root for each start token that occurs. Without labels, that's only ``END_TOKEN``.

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
        """Build the tree of a list of names. The arguments are the same as those of ``SortedNames.ranked``."""
        sorted_names, _ = SortedNames.ranked(names, vocabulary, start_tokens)
        return cls.of(sorted_names)

    @classmethod
    def of(cls, names: SortedNames) -> PrefixTree:
        """Build the tree of sorted distinct names. Its nodes are the distinct prefixes, one depth after another.

        The names Al, Ali and Bo have the nodes 0 START; 1 A, 2 B; 3 Al, 4 Bo; 5 Ali. The names are sorted, so names
        with the same prefix are neighbors. Its edges are the tokens that follow each node: a character, which leads to
        a child, or the end token, as after Al.
        """
        start = np.cumsum(names.lengths) - names.lengths  # (names,) where a name's ids start
        unfinished = np.arange(len(start))  # (U,) the names with at least ``depth`` characters
        last_token = names.start_tokens  # (U,) the last token of each name's prefix
        parent_node = np.full(len(start), -1)  # (U,) the node of the prefix without its last token
        depth = 0
        level = [0]  # the first node of each depth
        # One array for each depth, with one number for each node, or for each name that ends there:
        token, parent, count = [], [], []
        end_node, end_count = [], []
        while len(unfinished):
            # Add a node for each distinct prefix: where the parent or the last token differs from the name before.
            is_first = new_run(parent_node) | new_run(last_token)  # (U,)
            first = np.flatnonzero(is_first)  # (nodes of this depth,)
            token.append(last_token[first].astype(np.int32))
            parent.append(parent_node[first])
            # For each node, add up the counts of the names from its first name to the next node's first name.
            count.append(np.add.reduceat(names.counts[unfinished], first))
            node = level[-1] - 1 + np.cumsum(is_first)  # (U,) the node of each name's prefix
            level.append(level[-1] + len(first))

            # Some names end here. The others continue with their next character.
            is_end = names.lengths[unfinished] == depth  # (U,)
            end_node.append(node[is_end])
            end_count.append(names.counts[unfinished[is_end]])
            unfinished = unfinished[~is_end]
            parent_node = node[~is_end]
            last_token = names.tokens[start[unfinished] + depth]
            depth += 1

        # Join the depths. Their arrays are deleted, because keeping them would double the memory for a long list.
        tree_token = _join_and_clear(token)  # (N,)
        tree_parent = _join_and_clear(parent)  # (N,)
        tree_count = _join_and_clear(count)  # (N,)
        ends = _join_and_clear(end_node)  # (names,) the node where each name ends
        ends_count = _join_and_clear(end_count)  # (names,)

        # Edges to children have the order of the children. Insert the edges that end a name. Such an edge comes first
        # among the edges of its node, so the edges to the children of all earlier nodes come before it.
        roots = level[1]
        children_before = np.searchsorted(tree_parent[roots:], ends, side="left")  # (names,)
        ends_before = np.arange(len(ends))
        is_end_edge = np.zeros(len(ends) + len(tree_parent) - roots, dtype=bool)  # (E,)
        is_end_edge[children_before + ends_before] = True
        end_token = np.full(len(ends), END_TOKEN, np.int32)
        return cls(
            token=tree_token,
            parent=tree_parent,
            level=np.array(level),
            count=tree_count,
            edge_node=_interleave(is_end_edge, ends, tree_parent[roots:]),
            edge_token=_interleave(is_end_edge, end_token, tree_token[roots:]),
            edge_count=_interleave(is_end_edge, ends_count, tree_count[roots:]),
        )

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
        """The root of each node, from which its prefix starts. Each label of a list has its own root."""
        root = np.arange(self.nodes)
        for first, end in pairwise(self.level[1:].tolist()):  # level by level, after the roots
            root[first:end] = root[self.parent[first:end]]
        return root

    def sequences(self) -> Sequences:
        """Return the distinct names as rows of a table, with one column per character.

        Rows are sorted by length, then by start token, then by their characters. A tree of Al and Ali has the nodes
        0 START, 1 A, 2 Al, 3 Ali. Its rows of nodes are 0 1 2 0 and 0 1 2 3, and its rows of tokens A l END END and
        A l i END.
        """
        # Each name has an edge with the end token, which leaves the name's last node.
        is_end = self.edge_token == END_TOKEN  # (E,)
        last_node = self.edge_node[is_end]  # (names,)
        lengths = self.depth_of[last_node]  # (names,)
        # Go back from the last node of each name to its root, and write the nodes on the way.
        nodes = np.zeros((len(last_node), self.depth), dtype=np.int64)  # (names, T)
        node = last_node.copy()  # (names,)
        for depth in range(self.depth - 1, 0, -1):
            rows = np.flatnonzero(lengths >= depth)
            nodes[rows, depth] = node[rows]
            node[rows] = self.parent[node[rows]]
        nodes[:, 0] = node

        # A name's characters are the last tokens of its nodes after the root. 0 after the root is padding.
        tokens = np.full(nodes.shape, END_TOKEN, dtype=np.int32)  # (names, T)
        after_root = nodes[:, 1:]
        tokens[:, :-1] = np.where(after_root == 0, END_TOKEN, self.token[after_root])
        return Sequences(
            tokens=tokens,
            lengths=lengths,
            counts=self.edge_count[is_end],
            nodes=nodes,
            start_tokens=self.token[node],
        )

    def recounted(self, counts: Int64[Array, "names"]) -> PrefixTree:
        """Return the tree of the same names with other counts. Arrays that stay the same are shared, not copied.

        Args:
            counts: How often each name occurs, in the order of ``sequences``. Each count has to be at least 1.
        """
        # Start with the names that end at each node.
        is_end = self.edge_token == END_TOKEN  # (E,)
        count = np.zeros(self.nodes, np.int64)  # (N,) how many names have each prefix
        count[self.edge_node[is_end]] = counts
        # Add the names of all longer prefixes: from the last level on, add the counts of each level to its parents.
        for depth in range(self.depth - 1, 0, -1):
            level = slice(self.level[depth], self.level[depth + 1])
            parent = self.parent[level]
            first_child = np.flatnonzero(new_run(parent))  # children of a node are neighbors
            count[parent[first_child]] += np.add.reduceat(count[level], first_child)
        # An edge to a child counts as often as the child. These edges have the order of the children.
        edge_count = np.empty(len(is_end), np.int64)  # (E,)
        edge_count[is_end] = counts
        edge_count[~is_end] = count[self.roots :]
        return replace(self, count=count, edge_count=edge_count)

    def under_one_root(self) -> PrefixTree:
        """Return the tree of the same names without their labels. They all start with ``END_TOKEN``."""
        if self.roots == 1 and self.token[0] == END_TOKEN:
            return self
        rows = self.sequences()
        sorted_names, _ = SortedNames.from_rows(rows.tokens, rows.counts)
        return PrefixTree.of(sorted_names)


@dataclass(frozen=True, eq=False)
class Sequences:
    """The distinct names of a tree as rows. ``T`` is the tree's depth."""

    #: The characters, padded with at least one end token. They're the targets of each row.
    tokens: Int32[Array, "names T"]
    lengths: Int64[Array, "names"]  #: characters of each name
    counts: Int64[Array, "names"]  #: how often each name occurs
    nodes: Int64[Array, "names T"]  #: the node before each token; 0 after the end of a name
    start_tokens: Int32[Array, "names"]  #: the start token of each name


def _interleave(
    is_first: Bool[Array, "n"], first: Int[Array, "first"], second: Int[Array, "second"]
) -> Int[Array, "n"]:
    """Merge two arrays into one. ``is_first`` marks the elements that come from the first array."""
    merged = np.empty(len(is_first), second.dtype)
    merged[is_first] = first
    merged[~is_first] = second
    return merged


def _join_and_clear(pieces: list[Array]) -> Array:
    """Concatenate arrays, and empty the list."""
    whole = np.concatenate(pieces)
    pieces.clear()
    return whole
