"""Batches: ``BatchMaker`` cuts a list of names into small prefix trees, one for each update of the weights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from namegen.core.data.arrays import new_run, run_lengths
from namegen.core.data.prefix_tree import PrefixTree, Sequences, SortedNames
from namegen.core.data.vocabulary import END_TOKEN, Vocabulary
from namegen.errors import SettingsError
from namegen.types import Array, Float32, Int, Int64

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
        if self.targets is None:
            return
        if self.targets.ndim != 2 or len(self.targets) != self.tree.nodes:
            raise SettingsError(
                f"targets have the shape {self.targets.shape}: give one row for each of the {self.tree.nodes} nodes"
            )
        sums = self.targets.sum(axis=1, dtype=np.float64)  # (N,)
        sum_to_1 = (np.abs(sums - 1) <= TARGET_TOLERANCE).all()
        if not sum_to_1 or (self.targets < 0).any():
            raise SettingsError(
                "a row of targets isn't a distribution: give probabilities of at least 0 that sum to 1"
            )

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
        self._paths = _edge_paths(self.tree, paths, self._path_last)  # (P,)
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
        return -(-self.name_count // batch_size)

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

        Nodes and edges of the whole tree are numbered in the order that the small tree needs, too. So the sorted
        distinct edges of the names are the edges of the small tree.

        Args:
            names: The indexes of the names in the sorted list of distinct names. They may repeat.
        """
        tree = self.tree
        sizes = self._path_size.take(names)  # (B,)
        all_edges = self._sorted_edges(names, sizes)  # (edges of all names,)
        first_of_edge = new_run(all_edges).nonzero()[0]  # (E,)
        edge_count = run_lengths(first_of_edge, len(all_edges))  # (E,)
        edges = all_edges.take(first_of_edge).astype(np.intp)  # (E,) indexes in the whole tree
        edge_token = tree.edge_token.take(edges)  # (E,)
        whole_edge_node = tree.edge_node.take(edges)  # (E,) nodes of the whole tree
        is_first_of_node = new_run(whole_edge_node)  # (E,) every node has at least one edge
        edge_node = is_first_of_node.cumsum() - 1  # (E,) nodes of the small tree
        first_of_node = is_first_of_node.nonzero()[0]  # (N,)
        whole_node = whole_edge_node.take(first_of_node)  # (N,) nodes of the whole tree
        level = whole_node.searchsorted(tree.level[: sizes.max() + 1])
        parent = np.full(len(whole_node), -1)  # (N,)
        parent[level[1] :] = edge_node[edge_token != END_TOKEN]
        small = PrefixTree(
            token=tree.token.take(whole_node),
            parent=parent,
            level=level,
            count=np.add.reduceat(edge_count, first_of_node),
            edge_node=edge_node,
            edge_token=edge_token,
            edge_count=edge_count,
        )
        return Batch(small, self._targets(small, whole_node))

    def _sorted_edges(
        self, names: Int[Array, "B"], sizes: Int64[Array, "B"]
    ) -> Int[Array, "edges"]:
        """The edges of all these names, sorted. An edge appears once for each name that uses it."""
        start = self._path_start.take(names)  # (B,)
        behind = sizes.cumsum()  # (B,) where each name's edges end in the result
        indexes = (start - behind + sizes).repeat(sizes)
        indexes += np.arange(behind[-1])
        edges: Int[Array, "edges"] = self._paths.take(indexes)
        edges.sort()
        return edges

    def _targets(
        self, small: PrefixTree, whole_node: Int[Array, "N"]
    ) -> Float32[Array, "N V"] | None:
        """The targets of a batch. ``whole_node`` has the node of the whole tree for each node of the small tree."""
        if self._expected is None:
            return None
        targets: Float32[Array, "N V"] = self._expected.take(whole_node, axis=0)
        if self._share < 1:
            targets *= self._share
            followed = small.edge_count / small.count[small.edge_node]  # (E,)
            targets[small.edge_node, small.edge_token] += (1 - self._share) * followed
        return targets


def _edge_paths(
    tree: PrefixTree, paths: Int[Array, "P"], last: Int64[Array, "names"]
) -> Int[Array, "P"]:
    """Turn each name's nodes, from its root on, into its edges: those to its other nodes, then the end of the name.

    Args:
        tree: The tree of all names.
        paths: The nodes of all names, overwritten with the edges.
        last: The index of each name's last node in ``paths``.
    """
    is_end = tree.edge_token == END_TOKEN  # (E,)
    last_node = paths[last]  # (names,)
    edge_to = np.zeros(tree.nodes, paths.dtype)  # (N,) the edge that leads to a node
    edge_to[tree.roots :] = np.flatnonzero(~is_end)
    paths[:-1] = edge_to[paths[1:]]
    del edge_to
    end_edge = np.zeros(tree.nodes, paths.dtype)  # (N,) the edge that ends a name at a node
    end_edge[tree.edge_node[is_end]] = np.flatnonzero(is_end)
    paths[last] = end_edge[last_node]
    return paths
