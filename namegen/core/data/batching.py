"""Batches: ``BatchMaker`` cuts a list of names into small prefix trees, one for each update of the weights."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from namegen.core.data.arrays import new_run, run_lengths
from namegen.core.data.prefix_tree import PrefixTree, Sequences, SortedNames
from namegen.core.data.vocabulary import END_TOKEN, Vocabulary
from namegen.errors import SettingsError
from namegen.types import Array, Float32, Int, Int32, Int64

TARGET_TOLERANCE = 1e-3  # how far the sum of a row of float32 targets may be from 1


@dataclass(frozen=True, eq=False)
class Batch:
    """The names of one update, as a prefix tree. Backends that don't work on trees can use ``sequences``.

    Raises:
        SettingsError: The targets aren't distributions, or there isn't one for each node.
    """

    tree: PrefixTree
    #: What should follow each node, as a distribution over the vocabulary. None: what follows it in the tree.
    targets: Float32[Array, "N V"] | None = None

    def __post_init__(self) -> None:
        if self.targets is not None:
            _check_targets(self.targets, self.tree.nodes)

    @cached_property
    def characters(self) -> int:
        """The number of predicted characters, including each name's end token. The loss is divided by it."""
        return self.tree.characters

    @cached_property
    def _sequences(self) -> Sequences:
        return self.tree.sequences()

    def sequences(self) -> Sequences:
        """Return the distinct names as rows. Each row ends with at least one end token. They're built only once."""
        return self._sequences


def _check_targets(targets: Float32[Array, "N V"], nodes: int) -> None:
    """Raise SettingsError if there isn't one distribution for each node."""
    if targets.ndim != 2 or len(targets) != nodes:
        raise SettingsError(
            f"targets have the shape {targets.shape}: give one row for each of the {nodes} nodes"
        )
    sums = targets.sum(axis=1, dtype=np.float64)  # (N,)
    sum_to_1 = (np.abs(sums - 1) <= TARGET_TOLERANCE).all()
    if not sum_to_1 or (targets < 0).any():
        raise SettingsError(
            "a row of targets isn't a distribution: give probabilities of at least 0 that sum to 1"
        )


class BatchMaker:
    """Cuts a list of names into batches. Each batch's tree is a part of the tree of the whole list.

    Args:
        names: The distinct names, with their counts in the list.
        name_of: The index of each entry's name in ``names``.

    >>> names = ["Al", "Bo", "Al"]
    >>> maker = BatchMaker.from_names(names, Vocabulary.from_names(names))
    >>> [batch.tree.name_count for batch in maker.epoch(0, batch_size=2, seed=0)]
    [2, 1]
    """

    def __init__(self, names: SortedNames, name_of: Int[Array, "entries"]) -> None:
        self._name_of = name_of
        self.tree, paths, self._path_start = names.tree_and_paths()
        self._path_size = names.lengths + 1  # (names,)
        self._path_last = self._path_start + names.lengths  # (names,)
        # The edges of all names: name i has the edges _paths[_path_start[i] : _path_start[i] + _path_size[i]].
        self._paths = _to_edge_paths(self.tree, paths, self._path_last)  # (P,)
        self._expected: Float32[Array, "N V"] | None = None
        self._share = 1.0

    @classmethod
    def from_names(
        cls, names: Sequence[str], vocabulary: Vocabulary, start_tokens: Sequence[int] | None = None
    ) -> BatchMaker:
        """Make batches from a list of strings.

        Args:
            names: The names in the order of the list, with duplicates.
            vocabulary: The ids of their characters.
            start_tokens: The start token of each name. None: all names start with ``END_TOKEN``.

        Raises:
            NamesError: The list is empty, or the number of start tokens is wrong.
        """
        sorted_names, ranking = SortedNames.ranked(names, vocabulary, start_tokens)
        return cls(sorted_names, ranking.rank)

    def with_targets(self, expected: Float32[Array, "N V"], share: float = 1.0) -> BatchMaker:
        """Return a copy whose batches have targets.

        Args:
            expected: The distribution of the next character at each node of the tree.
            share: The weight of ``expected`` in the targets, above 0 and at most 1. The rest of the weight goes to the
                characters that follow in the batch.
        """
        maker = copy(self)
        maker._expected = expected
        maker._share = share
        return maker

    def recounted_tree(self, counts: Int64[Array, "names"]) -> PrefixTree:
        """Build the tree of the same distinct names with other counts. Each count has to be at least 1."""
        end_edge = self._paths[self._path_last]  # (names,)
        return self.tree.recounted(self.tree.edge_node[end_edge], counts)

    @property
    def name_count(self) -> int:
        """The number of names in an epoch."""
        return len(self._name_of)

    @property
    def characters(self) -> int:
        """The number of predicted characters in an epoch."""
        return self.tree.characters

    def steps(self, batch_size: int) -> int:
        """Return the number of updates in an epoch. The last batch may be smaller."""
        return math.ceil(self.name_count / batch_size)

    def epoch(
        self, epoch: int, *, batch_size: int, seed: int, first_step: int = 0
    ) -> Iterator[Batch]:
        """Yield the batches of an epoch.

        The order of the names depends only on ``seed`` and ``epoch``, so that a run can be resumed without storing it.

        Args:
            epoch: The index of the epoch.
            batch_size: Names in each batch. The last batch may be smaller.
            seed: The seed of the run.
            first_step: The index of the first batch to yield, if the run is resumed in the middle of an epoch.
        """
        shuffled = np.random.default_rng([seed, epoch]).permutation(self._name_of)  # (entries,)
        for start in range(first_step * batch_size, self.name_count, batch_size):
            yield self.batch(shuffled[start : start + batch_size])

    def batch(self, names: Int[Array, "B"]) -> Batch:
        """Build the tree of some names.

        The whole tree's nodes and edges are already in the order that the batch's tree needs. So the sorted distinct
        edges of the names are the edges of the batch's tree.

        Args:
            names: The indexes of the names in the sorted list of distinct names. They may repeat.
        """
        sizes = self._path_size.take(names)  # (B,)
        all_edges = self._sorted_edges(names, sizes)
        first = new_run(all_edges).nonzero()[0]  # (E,) the first occurrence of each distinct edge
        edges = all_edges.take(first).astype(np.intp)  # (E,)
        edge_count = run_lengths(first, len(all_edges))  # (E,)
        subtree = self._subtree(edges, edge_count, depth=int(sizes.max()))
        return Batch(subtree.tree, self._targets(subtree))

    def _subtree(
        self, edges: Int[Array, "E"], edge_count: Int64[Array, "E"], depth: int
    ) -> _Subtree:
        """Build a tree that consists of some edges of the whole tree, with other counts."""
        whole_tree = self.tree
        whole_edge_node = whole_tree.edge_node.take(edges)  # (E,) nodes of the whole tree
        is_first_of_node = new_run(whole_edge_node)  # (E,)
        first_edge = is_first_of_node.nonzero()[0]  # (N,) each node has at least one edge
        nodes = whole_edge_node.take(first_edge)  # (N,) nodes of the whole tree
        level = nodes.searchsorted(whole_tree.level[: depth + 1])
        edge_node = is_first_of_node.cumsum() - 1  # (E,)
        edge_token = whole_tree.edge_token.take(edges)  # (E,)
        tree = PrefixTree(
            token=whole_tree.token.take(nodes),
            parent=_parents_of_nodes(edge_node, edge_token, nodes=len(nodes), roots=int(level[1])),
            level=level,
            count=np.add.reduceat(edge_count, first_edge),
            edge_node=edge_node,
            edge_token=edge_token,
            edge_count=edge_count,
        )
        return _Subtree(tree, nodes)

    def _sorted_edges(
        self, names: Int[Array, "B"], sizes: Int64[Array, "B"]
    ) -> Int[Array, "edges"]:
        """Return the sorted edges of all these names. An edge is repeated for each name that uses it."""
        start = self._path_start.take(names)  # (B,) of each name's edges, in ``_paths``
        end = sizes.cumsum()  # (B,) of each name's edges, in the result
        indexes = (start - end + sizes).repeat(sizes)
        indexes += np.arange(end[-1])
        edges: Int[Array, "edges"] = self._paths.take(indexes)
        edges.sort()
        return edges

    def _targets(self, subtree: _Subtree) -> Float32[Array, "N V"] | None:
        """Return the targets of a batch, or None if ``with_targets`` wasn't used."""
        if self._expected is None:
            return None
        targets: Float32[Array, "N V"] = self._expected.take(subtree.whole_nodes, axis=0)
        if self._share < 1:
            tree = subtree.tree
            targets *= self._share
            followed = tree.edge_count / tree.count[tree.edge_node]  # (E,)
            targets[tree.edge_node, tree.edge_token] += (1 - self._share) * followed
        return targets


@dataclass(frozen=True, eq=False)
class _Subtree:
    """A tree that is a part of another tree."""

    tree: PrefixTree
    whole_nodes: Int[Array, "N"]  # the node of the whole tree for each node


def _parents_of_nodes(
    edge_node: Int64[Array, "E"], edge_token: Int32[Array, "E"], *, nodes: int, roots: int
) -> Int64[Array, "N"]:
    """Return the parent of each node; −1 for roots. Nodes have the same order as the edges that lead to them."""
    parent = np.full(nodes, -1)
    parent[roots:] = edge_node[edge_token != END_TOKEN]
    return parent


def _to_edge_paths(
    tree: PrefixTree, paths: Int[Array, "P"], last: Int64[Array, "names"]
) -> Int[Array, "P"]:
    """Turn the nodes of each name into its edges: those to its characters, and then the edge that ends the name.

    Args:
        tree: The tree of all names.
        paths: The nodes of all names, from the root on. They are overwritten with the edges.
        last: The index of each name's last node in ``paths``.
    """
    last_node = paths[last]  # (names,)
    paths[:-1] = _edges_to_nodes(tree, paths.dtype)[paths[1:]]
    paths[last] = _edges_that_end_names(tree, paths.dtype)[last_node]
    return paths


def _edges_to_nodes(tree: PrefixTree, dtype: np.dtype[Any]) -> Int[Array, "N"]:
    """Return the edge that leads to each node; 0 for roots."""
    edges = np.zeros(tree.nodes, dtype)
    edges[tree.roots :] = np.flatnonzero(tree.edge_token != END_TOKEN)
    return edges


def _edges_that_end_names(tree: PrefixTree, dtype: np.dtype[Any]) -> Int[Array, "N"]:
    """Return the edge that ends a name at each node; 0 if no name ends there."""
    edges = np.zeros(tree.nodes, dtype)
    end_edges = np.flatnonzero(tree.edge_token == END_TOKEN)
    edges[tree.edge_node[end_edges]] = end_edges
    return edges
