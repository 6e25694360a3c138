"""ListParts: the trees that a training reads and is judged by. BatchMaker: cuts a list into batches, small trees."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from namegen.core.data.corpus import Corpus
from namegen.core.data.labels import Beginnings
from namegen.core.data.prefix_tree import PrefixTree, Sequences, SortedNames, new_run, run_lengths
from namegen.core.data.split import TEST, TRAINING, VALIDATION, choose_parts, numbered, seen_percent
from namegen.core.data.vocabulary import BOUNDARY, Vocabulary
from namegen.core.settings import DataSettings
from namegen.errors import SettingsError
from namegen.types import Array, Bool, Float32, Float64, Int, Int8, Int64

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
            raise SettingsError(
                "a row of targets is no distribution: expected chances of at least 0 that sum to 1"
            )

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
        names: the distinct names, each with how often it stands in ``name_of``.
        name_of: which of them each entry of the list is.
    """

    def __init__(self, names: SortedNames, name_of: Int[Array, "entries"]) -> None:
        self._name_of = name_of
        self.tree, paths, self._path_start = names.tree_and_paths()
        self._path_size = names.lengths + 1
        # The way of each name through the tree as edges: those to its nodes below the root, then the one that ends it.
        children, ends = self.tree.edge_token != BOUNDARY, self.tree.edge_token == BOUNDARY
        edge_to = np.zeros(self.tree.nodes, paths.dtype)
        edge_to[self.tree.roots :] = np.flatnonzero(children)
        last = self._path_start + names.lengths
        end = paths[last]
        paths[:-1] = edge_to[paths[1:]]
        edge_to[self.tree.edge_node[ends]] = np.flatnonzero(ends)
        paths[last] = edge_to[end]
        self._paths = paths
        self._expected: Float32[Array, "N V"] | None = None
        self._share = 1.0

    @classmethod
    def from_names(
        cls, names: Sequence[str], vocabulary: Vocabulary, beginnings: Sequence[int] | None = None
    ) -> BatchMaker:
        """Of a list.

        Args:
            names: repeats included, in the order of the list.
            vocabulary: the ids of their characters.
            beginnings: the id that each name begins with; None: all with the boundary.

        Raises:
            NamesError: the list is empty, or there is not one beginning for each name.
        """
        sorted_names, ranking = SortedNames.ranked(names, vocabulary, beginnings)
        return cls(sorted_names, ranking.rank)

    def with_targets(self, expected: Float32[Array, "N V"], share: float = 1.0) -> BatchMaker:
        """The same, but each batch says what should follow its nodes.

        Args:
            expected: the distribution behind each node of the tree.
            share: of it in a target, above 0 and at most 1; the rest is what follows in the batch itself.
        """
        maker = copy(self)
        maker._expected, maker._share = expected, share
        return maker

    def tree_of(self, counts: Int64[Array, "names"]) -> PrefixTree:
        """The tree of the same distinct names, by their ranks, with other counts; each is at least 1."""
        return self.tree.recounted(
            self.tree.edge_node[self._paths[self._path_start + self._path_size - 1]], counts
        )

    @property
    def name_count(self) -> int:
        """How many names an epoch has."""
        return len(self._name_of)

    @property
    def characters(self) -> int:
        """How many characters an epoch predicts."""
        return self.tree.characters

    def steps(self, batch_size: int) -> int:
        """Updates an epoch: the last batch may be smaller."""
        return -(-self.name_count // batch_size)

    def epoch(
        self, epoch: int, *, batch_size: int, seed: int, first_step: int = 0
    ) -> Iterator[Batch]:
        """The batches of one epoch, from its step ``first_step`` on.

        The order of the names depends on ``[seed, epoch]`` alone, so that nothing has to be kept to go on later.
        """
        order = np.random.default_rng([seed, epoch]).permutation(self._name_of)
        for start in range(first_step * batch_size, self.name_count, batch_size):
            yield self.batch(order[start : start + batch_size])

    def batch(self, names: Int[Array, "B"]) -> Batch:
        """The tree of some names, given by their rank among the distinct names of the list (by beginning, then name),
        repeats allowed.

        The edges of a tree are sorted by node, then by token, and nodes are numbered as the edges to them. So the edges
        of the whole tree that the names take, sorted, each once, are those of the small tree, in its own order.
        """
        tree, start, sizes = self.tree, self._path_start.take(names), self._path_size.take(names)
        behind = sizes.cumsum()
        places = (start - behind + sizes).repeat(sizes)
        places += np.arange(behind[-1])
        edges = self._paths.take(places)
        edges.sort()
        first = new_run(edges).nonzero()[0]
        edge_count = run_lengths(first, len(edges))
        edges = edges.take(first).astype(np.intp)
        edge_token, whole = tree.edge_token.take(edges), tree.edge_node.take(edges)
        is_first = new_run(whole)  # edge of a node: each has one at least, as it ends or goes on
        edge_node, first = is_first.cumsum() - 1, is_first.nonzero()[0]
        nodes = whole.take(first)  # of the whole tree
        level = nodes.searchsorted(tree.level[: sizes.max() + 1])
        parent = np.full(len(nodes), -1)
        parent[level[1] :] = edge_node[edge_token != BOUNDARY]
        count = np.add.reduceat(edge_count, first)
        small = PrefixTree(
            tree.token.take(nodes), parent, level, count, edge_node, edge_token, edge_count
        )
        return Batch(small, self._targets(small, nodes))

    def _targets(self, batch: PrefixTree, nodes: Int[Array, "N"]) -> Float32[Array, "N V"] | None:
        """Those of a batch; ``nodes``: the node of the whole tree that each of its own is."""
        if self._expected is None:
            return None
        targets: Float32[Array, "N V"] = self._expected.take(nodes, axis=0)
        if self._share < 1:
            targets *= self._share
            followed = batch.edge_count / batch.count[batch.edge_node]
            targets[batch.edge_node, batch.edge_token] += (1 - self._share) * followed
        return targets


@dataclass(frozen=True, eq=False)
class ListParts:
    """The parts of a list, all over the vocabulary of the whole of it; each name stands behind its label's beginning.

    Attributes:
        vocabulary: that the trees are over.
        labels: in the order of their beginnings; (): there are none.
        names: the distinct names of the whole list, sorted and counted.
        training: every entry of the training part.
        batches: cuts what an epoch reads: the training part, with fewer repeats where those are damped.
        held_out: the entries that are held out to choose by; None where there are none.
        test: the entries that are held out beside them and that nothing is chosen by; None where there are none.
        seen_percent: how many of the entries to choose by stand in the training part too.
        damped: whether ``batches`` hold fewer repeats than ``training``.
        distinct_names: every name of the list once, in the order in which they first occur.
        part_of: each entry of the list: ``TRAINING``, ``VALIDATION`` or ``TEST`` (``split.py``).
    """

    vocabulary: Vocabulary
    labels: tuple[str, ...]
    names: SortedNames
    training: PrefixTree
    batches: BatchMaker
    held_out: PrefixTree | None
    test: PrefixTree | None
    seen_percent: float
    damped: bool
    distinct_names: tuple[str, ...]
    part_of: Int8[Array, "entries"]

    @classmethod
    def from_corpus(cls, corpus: Corpus, data: DataSettings, *, seed: int) -> ListParts:
        """Split a list as the settings say, and make the tree of each part.

        Args:
            corpus: the list.
            data: its settings.
            seed: of the split, where the settings have none of their own.

        Raises:
            NamesError: too few names to split.

        >>> corpus = Corpus.from_names(["Al", "Ali", "Bo", "Al", "Cy", "Di", "Ed", "Flo", "Gus", "Hal"])
        >>> parts = ListParts.from_corpus(corpus, DataSettings(validation=0.3, split="by-row"), seed=0)
        >>> parts.whole.name_count, parts.training.name_count, parts.held_out.name_count
        (10, 7, 3)
        """
        names, vocabulary = corpus.names, corpus.vocabulary
        labels = tuple(corpus.label_counts)
        beginnings = label_beginnings(corpus, vocabulary, labels)
        sorted_names, ranking = SortedNames.ranked(names, vocabulary, beginnings)
        rank, entries = ranking.rank, ranking.representatives
        del (
            ranking
        )  # the characters of every entry: no longer needed, and the trees take their place
        by_appearance = np.argsort(
            entries
        )  # neighbours in memory: strings in sorted order lie anywhere
        under_labels = tuple(map(names.__getitem__, entries[by_appearance].tolist()))
        number = np.empty_like(rank, shape=len(entries))
        number[by_appearance] = np.arange(len(entries))
        distinct: Sequence[str] = under_labels
        if corpus.labels:  # a name may stand under several, and is one name wherever it does
            distinct, name_number = numbered(under_labels)
            number = name_number.astype(rank.dtype)[number]
        part_of = choose_parts(distinct, number[rank], data, seed=seed, source=corpus.source)
        counts, *held_out_counts = (
            np.bincount(rank[part_of == part], minlength=len(entries))
            for part in (TRAINING, VALIDATION, TEST)
        )
        of_names = (
            np.bincount(number, part).astype(np.int64) for part in (counts, held_out_counts[0])
        )
        seen = seen_percent(*of_names)
        del entries, by_appearance, number
        training = sorted_names.counted(counts)
        name_of = (np.cumsum(counts > 0, dtype=rank.dtype) - 1)[rank[part_of == TRAINING]]
        if data.uses_sqrt_duplicates:
            name_of = name_of[damped(name_of)]
        read = np.bincount(name_of)
        batches = BatchMaker(training.counted(read), name_of)
        alike = np.array_equal(read, training.counts)
        training_tree = batches.tree if alike else batches.tree_of(training.counts)
        held_out, test = (
            sorted_names.counted(part).tree() if part.any() else None for part in held_out_counts
        )
        return cls(
            vocabulary=vocabulary,
            labels=labels,
            names=sorted_names,
            training=training_tree,
            batches=batches,
            held_out=held_out,
            test=test,
            seen_percent=seen,
            damped=data.uses_sqrt_duplicates,
            distinct_names=tuple(distinct),
            part_of=part_of,
        )

    @property
    def label_counts(self) -> dict[str, int]:
        """How many names of the training part have each label, in the order of their beginnings."""
        roots = slice(0, self.training.roots)
        counts = dict(
            zip(
                self.training.token[roots].tolist(),
                self.training.count[roots].tolist(),
                strict=True,
            )
        )
        return {
            label: counts.get(self.vocabulary.size + place, 0)
            for place, label in enumerate(self.labels)
        }

    @property
    def beginnings(self) -> Beginnings:
        """What names begin with, by how many of the training part have each label."""
        return Beginnings.from_counts(self.vocabulary.size, list(self.label_counts.values()))

    @property
    def learned_names(self) -> list[str]:
        """The different names of the training part, whatever their labels."""
        return self.vocabulary.decode_all(self.training.under_one_root().sequences().tokens)

    @property
    def longest_name(self) -> int:
        """Characters of the longest name of the list."""
        return max(map(len, self.distinct_names))

    @property
    def whole(self) -> PrefixTree:
        """The tree of every entry of the list; made anew each time, as it is seldom needed and no small one."""
        return self.training if self.held_out is None and self.test is None else self.names.tree()


def damped(name_of: Int[Array, "entries"]) -> Bool[Array, "entries"]:
    """Which entries of a list are read where repeats are damped: of each name that stands c times the first √c
    (rounded), in the order of the list.

    Args:
        name_of: a number for each entry, the same for equal names.

    >>> damped(np.array([0, 1, 0, 0, 0])).tolist()      # Al, Bo, Al, Al, Al
    [True, True, True, False, False]
    """
    order = np.argsort(name_of, kind="stable")  # equal names side by side, in the order of the list
    counts = np.bincount(name_of)
    earlier = np.arange(len(order)) - np.repeat(
        np.cumsum(counts) - counts, counts
    )  # entries of the same name
    read = np.empty(len(order), dtype=bool)
    read[order] = earlier < np.repeat(_times(counts), counts)
    return read


def sqrt_weighted_tree(tree: PrefixTree) -> PrefixTree:
    """The same names, each as often as it is read where repeats are damped.

    >>> from namegen.core.data.vocabulary import Vocabulary
    >>> names = ["Al", "Bo", "Al", "Al", "Al"]
    >>> tree = sqrt_weighted_tree(PrefixTree.from_names(names, Vocabulary.from_names(names)))
    >>> tree.name_count
    3
    """
    ends = tree.edge_token == BOUNDARY
    return tree.recounted(tree.edge_node[ends], _times(tree.edge_count[ends]).astype(np.int64))


def _times(counts: Int64[Array, "names"]) -> Float64[Array, "names"]:
    """How often a name is read that stands so often in the list."""
    return np.rint(np.sqrt(counts))


def label_beginnings(
    corpus: Corpus, vocabulary: Vocabulary, labels: Iterable[str]
) -> list[int] | None:
    """What each name of a list begins with: of its label an id of its own, from ``V`` on; None: the list has no labels.

    Args:
        corpus: the list.
        vocabulary: of the model that reads it.
        labels: those that the model knows, in the order of their beginnings; all of the list's are among them.
    """
    if not corpus.labels:
        return None
    place = {label: vocabulary.size + place for place, label in enumerate(labels)}
    return list(map(place.__getitem__, corpus.labels))
