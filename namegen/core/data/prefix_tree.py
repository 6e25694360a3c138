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
        last_node = self.edge_node[is_end]  # (names,)
        lengths = self.depth_of[last_node]  # (names,)
        nodes = self._paths_to(last_node, lengths)  # (names, T)
        return Sequences(
            tokens=self._characters_on_paths(nodes),
            lengths=lengths,
            counts=self.edge_count[is_end],
            nodes=nodes,
            start_tokens=self.token[nodes[:, 0]],
        )

    def _paths_to(
        self, last_node: Int64[Array, "names"], lengths: Int64[Array, "names"]
    ) -> Int64[Array, "names T"]:
        """Return the nodes from the root to each name's last node. Rows are padded with 0."""
        paths = np.zeros((len(last_node), self.depth), dtype=np.int64)
        node = last_node.copy()  # (names,) moves from the last node of each name up to its root
        for depth in range(self.depth - 1, 0, -1):
            rows = np.flatnonzero(lengths >= depth)
            paths[rows, depth] = node[rows]
            node[rows] = self.parent[node[rows]]
        paths[:, 0] = node
        return paths

    def _characters_on_paths(self, paths: Int64[Array, "names T"]) -> Int32[Array, "names T"]:
        """Return the characters of each name from its path, padded with end tokens."""
        characters = np.zeros(paths.shape, dtype=np.int32)
        after_root = paths[:, 1:]
        is_padding = after_root == 0
        characters[:, :-1] = np.where(is_padding, END_TOKEN, self.token[after_root])
        return characters

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
        self._add_to_parents(count)
        edge_count[~is_end] = count[self.roots :]
        return replace(self, count=count, edge_count=edge_count)

    def _add_to_parents(self, count: Int64[Array, "N"]) -> None:
        """Add each node's count to all nodes above it, in place, one level after another."""
        for depth in range(self.depth - 1, 0, -1):
            level = slice(self.level[depth], self.level[depth + 1])
            parent = self.parent[level]
            first_child = np.flatnonzero(new_run(parent))
            count[parent[first_child]] += np.add.reduceat(count[level], first_child)

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

    #: The characters, padded with at least one end token. They're the targets of each row.
    tokens: Int32[Array, "names T"]
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
        token_of_entry = None if start_tokens is None else np.fromiter(start_tokens, dtype=np.int32)
        if token_of_entry is not None and len(token_of_entry) != len(entries):
            raise NamesError(
                f"there are {len(token_of_entry):,} start tokens for {len(entries):,} names: give one for each name"
            )
        if not entries:
            raise NamesError("the list has no names: give at least one")
        ranking = Ranking.of(entries, vocabulary, token_of_entry)
        return cls._of_ranking(ranking, token_of_entry), ranking

    @classmethod
    def _of_ranking(
        cls, ranking: Ranking, token_of_entry: Int32[Array, "entries"] | None
    ) -> SortedNames:
        """Collect the distinct names of a ranking, and the start token of each."""
        first_entry = ranking.representatives  # (names,)
        if token_of_entry is None:
            start_tokens = np.full(len(first_entry), END_TOKEN, np.int32)  # (names,)
        else:
            start_tokens = token_of_entry[first_entry]  # (names,)
        return cls(
            tokens=ranking.distinct_tokens(),
            lengths=ranking.lengths[first_entry],
            counts=ranking.counts,
            start_tokens=start_tokens,
        )

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
        """Sort and count names from rows of ids. They all start with ``END_TOKEN``.

        Args:
            tokens: The characters of each name, padded with end tokens. The longest names need no padding.
            counts: How often each row occurs.

        Returns:
            The distinct names, and the index of each row's name among them.
        """
        rows, name_of = np.unique(tokens, axis=0, return_inverse=True)  # the end token is lowest
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
        depth = 0
        alike = np.arange(len(shorter))  # the names that share ``depth`` characters
        while len(alike):
            alike = alike[shorter[alike] > depth]
            token = self.tokens[start[alike] + depth]
            next_token = self.tokens[start[alike + 1] + depth]
            alike = alike[token == next_token]
            depth += 1
            shared[alike] = depth
        return shared

    def tree(self) -> PrefixTree:
        """Build the prefix tree of the names."""
        builder = _TreeBuilder(self)
        level: _Level | None = builder.add_roots()
        while level is not None:
            level = builder.add_children(level)
        return builder.tree()

    def tree_and_paths(self) -> tuple[PrefixTree, Int[Array, "P"], Int64[Array, "names"]]:
        """Build the tree, and the path of each name through it.

        Returns:
            The tree, the nodes of each name from its root to its last character (concatenated for all names), and the
            index of each name's first node among them.
        """
        path_start = self._start + np.arange(len(self.lengths))  # one more node than characters
        path_nodes = len(self.tokens) + len(self.lengths)
        paths = np.zeros(path_nodes, dtype=index_type(path_nodes))
        builder = _TreeBuilder(self)
        level: _Level | None = builder.add_roots()
        while level is not None:
            paths[path_start[level.names] + level.depth] = level.nodes
            level = builder.add_children(level)
        return builder.tree(), paths, path_start


@dataclass(frozen=True, eq=False)
class _Level:
    """The names that have a node at one depth, because they aren't shorter."""

    depth: int
    names: Int64[Array, "A"]  # indexes of names
    nodes: Int64[Array, "A"]  # the node of each name at this depth


@dataclass(frozen=True, eq=False)
class _Edges:
    """Edges of a tree, sorted by the node that they leave."""

    node: Int64[Array, "edges"]
    token: Int32[Array, "edges"]
    count: Int64[Array, "edges"]


class _TreeBuilder:
    """Builds the prefix tree of some names, one depth after another."""

    def __init__(self, names: SortedNames) -> None:
        self._names = names
        self._start = np.cumsum(names.lengths) - names.lengths  # (names,) in ``names.tokens``
        self._first_of_depth = [0]  # the first node of each depth
        # One array for each depth, with one number for each of its nodes:
        self._token: list[Array] = []
        self._parent: list[Array] = []
        self._count: list[Array] = []
        # One array for each depth, with one number for each of its nodes where names end:
        self._end_node: list[Array] = []
        self._end_count: list[Array] = []

    def add_roots(self) -> _Level:
        """Add the roots of the tree, one for each start token."""
        start_tokens = self._names.start_tokens
        name_count = len(start_tokens)
        roots = self._add_nodes(
            tokens=start_tokens,
            parents=np.full(name_count, -1),
            counts=self._names.counts,
            is_first=new_run(start_tokens),
        )
        return _Level(depth=0, names=np.arange(name_count), nodes=roots)

    def add_children(self, level: _Level) -> _Level | None:
        """Add the children of a level's nodes. Return None if there are none, because all names have ended."""
        is_end = self._names.lengths[level.names] == level.depth
        self._end_node.append(level.nodes[is_end])
        self._end_count.append(self._names.counts[level.names[is_end]])
        names = level.names[~is_end]
        if len(names) == 0:
            return None
        tokens = self._names.tokens[self._start[names] + level.depth]
        parents = level.nodes[~is_end]
        children = self._add_nodes(
            tokens=tokens,
            parents=parents,
            counts=self._names.counts[names],
            is_first=new_run(parents) | new_run(tokens),  # equal prefixes are neighbors
        )
        return _Level(depth=level.depth + 1, names=names, nodes=children)

    def _add_nodes(
        self,
        *,
        tokens: Int[Array, "A"],
        parents: Int64[Array, "A"],
        counts: Int64[Array, "A"],
        is_first: Bool[Array, "A"],
    ) -> Int64[Array, "A"]:
        """Add the nodes of one depth, and return the node of each name.

        Every argument has one value per name. ``is_first`` marks the first name of each node.
        """
        first = np.flatnonzero(is_first)
        self._token.append(tokens[first].astype(np.int32))
        self._parent.append(parents[first])
        self._count.append(np.add.reduceat(counts, first))
        nodes_before = self._first_of_depth[-1]
        self._first_of_depth.append(nodes_before + len(first))
        return nodes_before - 1 + np.cumsum(is_first)

    def tree(self) -> PrefixTree:
        """Build the tree from the nodes that have been added."""
        token = _concatenate_and_clear(self._token)  # (N,)
        parent = _concatenate_and_clear(self._parent)  # (N,)
        count = _concatenate_and_clear(self._count)  # (N,)
        level = np.array(self._first_of_depth)
        roots = level[1]
        to_children = _Edges(node=parent[roots:], token=token[roots:], count=count[roots:])
        edges = _merge_edges(self._end_edges(), to_children)
        return PrefixTree(
            token=token,
            parent=parent,
            level=level,
            count=count,
            edge_node=edges.node,
            edge_token=edges.token,
            edge_count=edges.count,
        )

    def _end_edges(self) -> _Edges:
        """Return the edges that end names."""
        node = _concatenate_and_clear(self._end_node)
        token = np.full(len(node), END_TOKEN, np.int32)
        return _Edges(node, token, count=_concatenate_and_clear(self._end_count))


def _merge_edges(ends: _Edges, to_children: _Edges) -> _Edges:
    """Merge edges that end names with edges that lead to children.

    The end of a name comes before the other edges of its node, because ``END_TOKEN`` is the smallest token.
    """
    children_before = np.searchsorted(to_children.node, ends.node, side="left")  # (ends,)
    end_index = children_before + np.arange(len(ends.node))  # (ends,) among all edges
    is_end = np.zeros(len(ends.node) + len(to_children.node), dtype=bool)  # (E,)
    is_end[end_index] = True
    return _Edges(
        node=_interleave(is_end, ends.node, to_children.node),
        token=_interleave(is_end, ends.token, to_children.token),
        count=_interleave(is_end, ends.count, to_children.count),
    )


def _interleave(
    is_first: Bool[Array, "n"], first: Int[Array, "first"], second: Int[Array, "second"]
) -> Int[Array, "n"]:
    """Merge two arrays into one. ``is_first`` marks the elements that come from the first array."""
    merged = np.empty(len(is_first), second.dtype)
    merged[is_first] = first
    merged[~is_first] = second
    return merged


def _concatenate_and_clear(pieces: list[Array]) -> Array:
    """Concatenate arrays, and empty the list. For a long list of names, keeping them would double the memory."""
    whole = np.concatenate(pieces)
    pieces.clear()
    return whole
