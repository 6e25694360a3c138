"""Batches: ``BatchMaker`` cuts a list of names into small prefix trees, one for each update of the weights."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from namegen.core.data.arrays import index_type, new_run
from namegen.core.data.prefix_tree import PrefixTree, Sequences
from namegen.core.data.sorted_names import SortedNames
from namegen.core.data.vocabulary import END_TOKEN, Vocabulary
from namegen.errors import SettingsError
from namegen.types import Array, Float32, Int

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
        """Check that each node of the tree has a distribution, if there are targets."""
        targets = self.targets
        if targets is None:
            return
        if targets.ndim != 2 or len(targets) != self.tree.nodes:
            raise SettingsError(
                f"targets have the shape {targets.shape}: give one row for each of the {self.tree.nodes} nodes"
            )
        sums = targets.sum(axis=1, dtype=np.float64)  # (N,)
        sum_to_1 = (np.abs(sums - 1) <= TARGET_TOLERANCE).all()
        if not sum_to_1 or (targets < 0).any():
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
        """Build the prefix tree of a list, and find the path of each name in it.

        A node of the tree is a distinct prefix, and an edge is a token that follows a node. The path of a name consists
        of the edges to its characters, then the edge with the end token. The paths of all names are concatenated: name
        i has the edges ``_paths[_path_start[i] : _path_start[i] + _path_size[i]]``.
        """
        self._name_of = name_of
        self.tree = tree = PrefixTree.of(names)
        self._path_size = names.lengths + 1  # (names,)
        path_end = np.cumsum(self._path_size)  # (names,)
        self._path_start = path_end - self._path_size
        self._paths = np.empty(path_end[-1], index_type(len(tree.edge_token)))

        # Write the last edge of each path. The tree has its edges with end tokens by the length of the names.
        by_length = names.by_length
        lengths = names.lengths[by_length]
        place = path_end[by_length] - 1  # (names,) where to write in _paths
        is_end = tree.edge_token == END_TOKEN  # (E,)
        self._paths[place] = np.flatnonzero(is_end)

        # Go back from the last node of each name to its root, and write the edges on the way. Names are sorted by
        # length, so those that are still on the way are at the end.
        edge_to_node = np.zeros(tree.nodes, self._paths.dtype)  # (N,) 0 for roots
        edge_to_node[tree.roots :] = np.flatnonzero(~is_end)  # nodes and edges have the same order
        node = tree.edge_node[is_end]  # (names,)
        for steps_back in range(1, tree.depth):
            long_enough = slice(np.searchsorted(lengths, steps_back), None)
            lengths = lengths[long_enough]
            place = place[long_enough] - 1
            node = node[long_enough]
            self._paths[place] = edge_to_node[node]
            node = tree.parent[node]

        self._expected: Float32[Array, "N V"] | None = None
        self._share = 1.0

    @classmethod
    def from_names(
        cls, names: Sequence[str], vocabulary: Vocabulary, start_tokens: Sequence[int] | None = None
    ) -> BatchMaker:
        """Make batches from a list of strings. For repeated names, the same path through the tree is used again.

        Args:
            names: The names in the order of the list, with duplicates.
            vocabulary: The ids of their characters.
            start_tokens: The start token of each name. None: all names start with ``END_TOKEN``.

        Raises:
            NamesError: The list is empty, or the number of start tokens is wrong.
        """
        sorted_names, name_of = SortedNames.ranked(names, vocabulary, start_tokens)
        return cls(sorted_names, name_of)

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
        """Shuffle the names, and yield them in batches.

        Their order depends only on ``seed`` and ``epoch``, so a run can be resumed without storing it.

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
        """Build the prefix tree of some names, as a part of the whole list's tree.

        A tree consists of nodes (distinct prefixes) and edges (the tokens that follow each node). The edges of the
        whole tree are numbered in the order that the batch's tree needs. So it's enough to collect the numbers of the
        edges on the names' paths, to sort them, and to count how often each one occurs.

        Args:
            names: The indexes of the B names in the sorted list of distinct names. They may repeat.
        """
        # Concatenate the paths of the names. ``indexes`` are their places in ``_paths``: for paths that start at 10 and
        # 4 and have the sizes 3 and 2, that's 10, 11, 12, 4, 5.
        sizes = self._path_size.take(names)  # (B,)
        end = sizes.cumsum()  # (B,)
        start = end - sizes  # (B,)
        indexes = (self._path_start.take(names) - start).repeat(sizes)
        indexes += np.arange(end[-1])
        all_edges: Int[Array, "edges"] = self._paths.take(indexes)
        all_edges.sort()

        # The batch's edges are the E distinct numbers. Their counts are the distances of their first occurrences.
        whole_tree = self.tree
        first = new_run(all_edges).nonzero()[0]  # (E,)
        edges = all_edges.take(first).astype(np.intp)  # (E,)
        edge_count = np.diff(first, append=len(all_edges))  # (E,)
        edge_token = whole_tree.edge_token.take(edges)  # (E,)

        # The batch's nodes are the N nodes that these edges leave. Edges are sorted by node, so a new node starts where
        # the node of an edge differs from the one before.
        whole_edge_node = whole_tree.edge_node.take(
            edges
        )  # (E,) numbers of nodes in the whole tree
        is_first_of_node = new_run(whole_edge_node)  # (E,)
        edge_node = is_first_of_node.cumsum() - 1  # (E,) numbers of nodes in the batch's tree
        first_edge = is_first_of_node.nonzero()[0]  # (N,)
        nodes = whole_edge_node.take(first_edge)  # (N,) numbers of nodes in the whole tree
        level = nodes.searchsorted(whole_tree.level[: int(sizes.max()) + 1])
        # Every node after the roots has an edge that leads to it. Nodes have the same order as these edges.
        parent = np.full(len(nodes), -1)  # (N,)
        parent[int(level[1]) :] = edge_node[edge_token != END_TOKEN]
        tree = PrefixTree(
            token=whole_tree.token.take(nodes),
            parent=parent,
            level=level,
            count=np.add.reduceat(edge_count, first_edge),  # the sum over the edges of each node
            edge_node=edge_node,
            edge_token=edge_token,
            edge_count=edge_count,
        )
        if self._expected is None:
            return Batch(tree)
        # Label smoothing: mix the expected distributions with the shares of the tokens that follow in the batch.
        targets: Float32[Array, "N V"] = self._expected.take(nodes, axis=0)
        if self._share < 1:
            targets *= self._share
            followed = edge_count / tree.count[edge_node]  # (E,)
            targets[edge_node, edge_token] += (1 - self._share) * followed
        return Batch(tree, targets)
