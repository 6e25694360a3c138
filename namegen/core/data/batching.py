"""Batch: the names of one update, as their own small prefix tree. BatchMaker: cuts a list into batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np

from namegen.core.data.prefix_tree import PrefixTree, Sequences, SortedNames, assemble
from namegen.core.data.ranking import new_run
from namegen.core.data.vocabulary import Vocabulary
from namegen.errors import NamesError, SettingsError
from namegen.types import Array, Float32, Int, Int64

# A batch's tree, and the node of the whole list's tree that each of its nodes is → what should follow each.
TargetsOf: TypeAlias = Callable[[PrefixTree, Int[Array, "N"]], Float32[Array, "N V"]]

TARGET_TOLERANCE = 1e-3  # how far the float32 chances of a target may be from a sum of 1


@dataclass(frozen=True, eq=False)
class Batch:
    """The names of one update. An engine takes the form that it wants: the tree, or the distinct names as rows.

    Attributes:
        tree: the names.
        targets: what should follow each node, a distribution over the vocabulary; None: what follows it in the tree.

    Raises:
        SettingsError: targets that are no distributions, or not one for each node.
    """

    tree: PrefixTree
    targets: Float32[Array, "N V"] | None = None

    def __post_init__(self) -> None:
        if self.targets is None:
            return
        if self.targets.ndim != 2 or len(self.targets) != self.tree.nodes:
            raise SettingsError(
                f"targets have the shape {self.targets.shape}: expected a row for each of {self.tree.nodes} nodes"
            )
        sums = self.targets.sum(axis=1, dtype=np.float64)
        if not (np.abs(sums - 1) <= TARGET_TOLERANCE).all() or (self.targets < 0).any():
            raise SettingsError("a row of targets is no distribution: expected chances of at least 0 that sum to 1")

    @cached_property
    def characters(self) -> int:
        """Characters to predict, the STOP of every name counted: what the loss is divided by."""
        return self.tree.characters

    @cached_property
    def _sequences(self) -> Sequences:
        return self.tree.sequences()

    def sequences(self) -> Sequences:
        """The distinct names as rows, which end with at least one boundary. Made once."""
        return self._sequences


class BatchMaker:
    """Cuts a list of names into batches; each batch's tree is taken out of the tree of the whole list.

    Args:
        names: the training names, repeats included, in the order of the list.
        vocabulary: the ids of their characters.
        beginnings: the id that each name begins with; None: all with the boundary.

    Raises:
        NamesError: the list is empty, or there is not one beginning for each name.
    """

    def __init__(self, names: Sequence[str], vocabulary: Vocabulary, beginnings: Sequence[int] | None = None) -> None:
        if not names:
            raise NamesError("there are no names to train on: give at least one")
        sorted_names, ranking = SortedNames.ranked(names, vocabulary, beginnings)
        self._take(sorted_names, ranking.rank)

    @classmethod
    def of_sorted(cls, names: SortedNames, name_of: Int[Array, "entries"]) -> BatchMaker:
        """The same of names that are sorted already.

        Args:
            names: the distinct names, each with how often it stands in ``name_of``.
            name_of: which of them each entry of the list is.
        """
        maker = cls.__new__(cls)
        maker._take(names, name_of)
        return maker

    def _take(self, names: SortedNames, name_of: Int[Array, "entries"]) -> None:
        self._name_of = name_of
        self.tree, self._paths, self._path_start = names.tree_and_paths()
        self._lengths = names.lengths
        self._targets: TargetsOf | None = None
        self._slices = 1

    def with_targets(self, targets: TargetsOf | None) -> BatchMaker:
        """The same, but each batch is told what should follow its nodes."""
        maker = copy(self)
        maker._targets = targets
        return maker

    def in_slices(self, names: int) -> BatchMaker:
        """The same, but an epoch has about so many of the names: it takes several to read them all, in an order that
        each reading has anew.
        """
        maker = copy(self)
        maker._slices = max(1, round(len(self._name_of) / names))
        return maker

    def tree_of(self, counts: Int64[Array, "names"]) -> PrefixTree:
        """The tree of the same distinct names, by their ranks, with other counts; each is at least 1."""
        return self.tree.recounted(self._paths[self._path_start + self._lengths], counts)

    @property
    def name_count(self) -> int:
        """How many names an epoch has."""
        return len(self._name_of) // self._slices

    @property
    def characters(self) -> float:
        """How many characters an epoch predicts; of slices on average."""
        return self.tree.characters / self._slices

    def steps(self, batch_size: int) -> int:
        """Updates an epoch: the last batch may be smaller."""
        return -(-self.name_count // batch_size)

    def epoch(self, epoch: int, *, batch_size: int, seed: int, first_step: int = 0) -> Iterator[Batch]:
        """The batches of one epoch, from its step ``first_step`` on.

        The order of the names depends on ``[seed, epoch]`` alone, of slices on ``[seed, reading]``, so that nothing has
        to be kept to go on later.
        """
        reading, place = divmod(epoch, self._slices)
        order = np.random.default_rng([seed, reading]).permutation(self._name_of)
        order = order[place * self.name_count :][: self.name_count]
        for start in range(first_step * batch_size, self.name_count, batch_size):
            yield self.batch(order[start : start + batch_size])

    def batch(self, names: Int[Array, "B"]) -> Batch:
        """The tree of some names, given by their rank among the distinct names of the list (by beginning, then name),
        repeats allowed.

        Rows are sorted, so the names that share a prefix are neighbours, and a node of the small tree begins wherever
        the node of the whole tree changes along a level.
        """
        names = np.sort(names)
        place = np.flatnonzero(new_run(names))
        rows = names[place]  # the distinct names, (R,)
        counts = np.empty_like(place)
        np.subtract(place[1:], place[:-1], out=counts[:-1])
        counts[-1] = len(names) - place[-1]
        lengths = self._lengths[rows]
        depths = np.arange(int(lengths.max()) + 1)[:, None]  # (T, 1)
        reached = depths <= lengths  # (T, R)
        whole = np.where(reached, self._paths.take(self._path_start[rows] + depths, mode="clip"), -1)
        first = reached.copy()
        first[:, 1:] &= whole[:, 1:] != whole[:, :-1]
        starts = np.flatnonzero(first)  # one a node: by depth, then lexicographically
        node = np.cumsum(first).reshape(first.shape) - 1  # (T, R): which node of the small tree each name is at
        level = np.zeros(len(first) + 1, dtype=np.int64)
        np.cumsum(first.sum(axis=1), out=level[1:])
        parent = np.empty(len(starts), dtype=np.int64)
        roots = level[1]
        parent[:roots] = -1
        parent[roots:] = node.ravel()[starts[roots:] - len(rows)]
        count = np.add.reduceat((counts * reached).ravel(), starts)
        end_node = node[lengths, np.arange(len(rows))]
        order = np.argsort(end_node)
        nodes = whole.ravel()[starts]
        tree = assemble(self.tree.token[nodes], parent, level, count, end_node[order], counts[order])
        return Batch(tree, None if self._targets is None else self._targets(tree, nodes))
