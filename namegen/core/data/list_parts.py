"""The training, validation and test sets of a list, as prefix trees and batches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from namegen.core.data.batching import BatchMaker
from namegen.core.data.corpus import Corpus
from namegen.core.data.labels import StartTokens
from namegen.core.data.prefix_tree import PrefixTree, SortedNames
from namegen.core.data.split import TEST, TRAINING, VALIDATION, choose_parts, numbered
from namegen.core.data.vocabulary import END_TOKEN, Vocabulary
from namegen.core.settings import DataSettings
from namegen.types import Array, Bool, Float64, Int, Int8, Int64


@dataclass(frozen=True, eq=False)
class ListParts:
    """The training, validation and test sets of a list.

    All trees use the vocabulary of the whole list. If the list has labels, each name starts with its label's token.
    """

    vocabulary: Vocabulary
    labels: tuple[str, ...]  # in the order of their start tokens; empty if the list has no labels
    names: SortedNames  # the distinct names of the whole list, with their counts
    training: PrefixTree  # the training set with all duplicates
    batches: BatchMaker  # the names of an epoch: the training set, maybe with fewer duplicates
    validation: PrefixTree | None  # the validation set
    test: PrefixTree | None  # the test set
    seen_percent: float  # the percentage of the validation set that's also in the training set
    uses_sqrt_duplicates: bool  # whether ``batches`` use square-root weighting of duplicates
    distinct_names: tuple[str, ...]  # of the whole list, in the order in which they first occur
    part_of: Int8[Array, "entries"]  # ``TRAINING``, ``VALIDATION`` or ``TEST`` (``split.py``)

    @classmethod
    def from_corpus(cls, corpus: Corpus, data: DataSettings, *, seed: int) -> ListParts:
        """Split a list, and build the tree of each set.

        Args:
            corpus: The list.
            data: The shares of the sets, the type of split, and whether duplicates are square-root weighted.
            seed: The seed of the split if the settings have none.

        Raises:
            NamesError: The list has too few names to split.

        >>> corpus = Corpus.from_names(["Al", "Ali", "Bo", "Al", "Cy", "Di", "Ed", "Flo", "Gus", "Hal"])
        >>> parts = ListParts.from_corpus(corpus, DataSettings(validation=0.3, split="by-row"), seed=0)
        >>> parts.whole.name_count, parts.training.name_count, parts.validation.name_count
        (10, 7, 3)
        """
        distinct = _DistinctNames.of(corpus)
        part_of = distinct.split(data, seed=seed, source=corpus.source)
        training_counts = distinct.counts(part_of == TRAINING)  # (R,)
        validation_counts = distinct.counts(part_of == VALIDATION)  # (R,)
        test_counts = distinct.counts(part_of == TEST)  # (R,)
        training_rank = distinct.rank[part_of == TRAINING]
        batches = _make_training_batches(
            distinct.sorted_names, training_counts, training_rank, data
        )
        return cls(
            vocabulary=corpus.vocabulary,
            labels=tuple(corpus.label_counts),
            names=distinct.sorted_names,
            training=_make_training_tree(batches, training_counts),
            batches=batches,
            validation=_tree_with_counts(distinct.sorted_names, validation_counts),
            test=_tree_with_counts(distinct.sorted_names, test_counts),
            seen_percent=distinct.seen_percent(training_counts, validation_counts),
            uses_sqrt_duplicates=data.uses_sqrt_duplicates,
            distinct_names=tuple(distinct.names),
            part_of=part_of,
        )

    @property
    def label_counts(self) -> dict[str, int]:
        """How many names of the training set have each label, in the order of the labels' start tokens."""
        roots = self.training.roots
        start_tokens = self.training.token[:roots].tolist()
        counts = self.training.count[:roots].tolist()
        count_of_token = dict(zip(start_tokens, counts, strict=True))
        label_counts = {}
        for token, label in enumerate(self.labels, start=self.vocabulary.size):
            label_counts[label] = count_of_token.get(token, 0)
        return label_counts

    @property
    def start_tokens(self) -> StartTokens:
        """The start tokens, with the share of the training set that has each label."""
        return StartTokens.from_counts(self.vocabulary.size, list(self.label_counts.values()))

    @property
    def longest_name(self) -> int:
        """Characters of the longest name of the list."""
        return max(map(len, self.distinct_names))

    @property
    def whole(self) -> PrefixTree:
        """The tree of the whole list. To save memory, it isn't stored, but built each time."""
        has_all_names = self.validation is None and self.test is None
        return self.training if has_all_names else self.names.tree()


@dataclass(frozen=True, eq=False)
class _DistinctNames:
    """The distinct names of a list. They are numbered in two ways.

    A *rank* numbers the R distinct pairs of a label and a name, in sorted order. A *number* counts the D distinct
    names, regardless of their labels, in the order in which they first occur. Without labels, R = D.
    """

    sorted_names: SortedNames  # the names by rank
    names: Sequence[str]  # the names by number
    rank: Int[Array, "entries"]  # of each entry of the list
    number_of_rank: Int[Array, "R"]

    @classmethod
    def of(cls, corpus: Corpus) -> _DistinctNames:
        """Sort a list, and number its distinct names."""
        start_tokens = label_start_tokens(corpus, corpus.vocabulary, corpus.label_counts)
        sorted_names, ranking = SortedNames.ranked(corpus.names, corpus.vocabulary, start_tokens)
        rank = ranking.rank  # (entries,)
        first_entry = ranking.representatives  # (R,) the first entry with each rank
        del ranking  # it has the characters of every entry, and the trees need that memory
        by_entry = np.argsort(first_entry)  # (R,) all ranks, in the order of the list
        names: Sequence[str] = _take(corpus.names, first_entry[by_entry])  # (R,)
        number_of_rank = _inverse_permutation(by_entry).astype(rank.dtype)  # (R,)
        if corpus.labels:  # a name may have several labels
            names, name_number = numbered(names)  # (D,), (R,)
            number_of_rank = name_number.astype(rank.dtype)[number_of_rank]
        return cls(sorted_names, names, rank, number_of_rank)

    def split(self, data: DataSettings, *, seed: int, source: str) -> Int8[Array, "entries"]:
        """Choose the set of each entry of the list, like ``choose_parts``."""
        number_of_entry = self.number_of_rank[self.rank]  # (entries,)
        return choose_parts(self.names, number_of_entry, data, seed=seed, source=source)

    def counts(self, chosen: Bool[Array, "entries"]) -> Int64[Array, "R"]:
        """Count the chosen entries with each rank."""
        return np.bincount(self.rank[chosen], minlength=len(self.number_of_rank))

    def seen_percent(
        self, training_counts: Int64[Array, "R"], validation_counts: Int64[Array, "R"]
    ) -> float:
        """Return the percentage of the validation set that's also in the training set, regardless of labels."""
        if not validation_counts.any():
            return 0.0
        in_training = np.bincount(self.number_of_rank, training_counts) > 0  # (D,)
        is_seen = in_training[self.number_of_rank]  # (R,)
        return 100 * int(validation_counts[is_seen].sum()) / int(validation_counts.sum())


def _take(names: Sequence[str], indexes: Int[Array, "K"]) -> tuple[str, ...]:
    """Select names by rising indexes. Neighbors are often neighbors in memory, which makes this order fast."""
    return tuple(map(names.__getitem__, indexes.tolist()))


def _inverse_permutation(order: Int64[Array, "n"]) -> Int64[Array, "n"]:
    """Return the position of each index in an order.

    >>> _inverse_permutation(np.array([2, 0, 1])).tolist()
    [1, 2, 0]
    """
    positions = np.empty(len(order), np.int64)
    positions[order] = np.arange(len(order))
    return positions


def _make_training_batches(
    names: SortedNames,
    counts: Int64[Array, "R"],
    rank: Int[Array, "training_entries"],
    data: DataSettings,
) -> BatchMaker:
    """Return the batches of the training set. With square-root weighting, they have fewer duplicates.

    Args:
        names: The distinct names of the whole list.
        counts: How many entries of the training set have each rank.
        rank: The rank of each entry of the training set.
        data: Whether to use square-root weighting of duplicates.
    """
    index_of_rank = np.cumsum(counts > 0, dtype=rank.dtype) - 1  # (R,) in the training set's names
    name_of = index_of_rank[rank]  # (training entries,)
    if data.uses_sqrt_duplicates:
        name_of = name_of[sqrt_weighted_entries(name_of)]
    training = names.counted(counts).counted(np.bincount(name_of))
    return BatchMaker(training, name_of)


def _make_training_tree(batches: BatchMaker, counts: Int64[Array, "R"]) -> PrefixTree:
    """Return the tree of the training set with all duplicates, even if the batches have fewer."""
    training_counts = counts[counts > 0]
    if batches.name_count == training_counts.sum():
        return batches.tree
    return batches.recounted_tree(training_counts)


def _tree_with_counts(names: SortedNames, counts: Int64[Array, "R"]) -> PrefixTree | None:
    """Return the tree of the names with other counts, or None if all counts are 0."""
    return names.counted(counts).tree() if counts.any() else None


def sqrt_weighted_entries(name_of: Int[Array, "entries"]) -> Bool[Array, "entries"]:
    """Choose the entries of a list that remain with square-root weighting of duplicates.

    If a name occurs c times, its first √c entries remain (rounded to a whole number).

    Args:
        name_of: A number for each entry, the same for equal names.

    >>> sqrt_weighted_entries(np.array([0, 1, 0, 0, 0])).tolist()      # Al, Bo, Al, Al, Al
    [True, True, True, False, False]
    """
    counts = np.bincount(name_of)  # (names,)
    remaining_entries = _rounded_sqrt(counts)[name_of]  # (entries,) of each entry's name
    return _count_earlier_duplicates(name_of, counts) < remaining_entries


def _count_earlier_duplicates(
    name_of: Int[Array, "entries"], counts: Int64[Array, "names"]
) -> Int64[Array, "entries"]:
    """Return how many earlier entries have the same name as each entry."""
    by_name = np.argsort(name_of, kind="stable")  # (entries,) equal names are neighbors
    first = np.cumsum(counts) - counts  # (names,) the first entry of each name, in ``by_name``
    earlier = np.empty(len(by_name), np.int64)
    earlier[by_name] = np.arange(len(by_name)) - np.repeat(first, counts)
    return earlier


def sqrt_weighted_tree(tree: PrefixTree) -> PrefixTree:
    """Apply square-root weighting of duplicates to a tree.

    >>> from namegen.core.data.vocabulary import Vocabulary
    >>> names = ["Al", "Bo", "Al", "Al", "Al"]
    >>> tree = sqrt_weighted_tree(PrefixTree.from_names(names, Vocabulary.from_names(names)))
    >>> tree.name_count
    3
    """
    is_end = tree.edge_token == END_TOKEN  # (E,)
    counts = _rounded_sqrt(tree.edge_count[is_end]).astype(np.int64)  # (names,)
    return tree.recounted(tree.edge_node[is_end], counts)


def _rounded_sqrt(counts: Int64[Array, "names"]) -> Float64[Array, "names"]:
    """Return the rounded square root of each count."""
    return np.rint(np.sqrt(counts))


def label_start_tokens(
    corpus: Corpus, vocabulary: Vocabulary, labels: Iterable[str]
) -> list[int] | None:
    """Return the start token of each name of a list, which depends on its label.

    Args:
        corpus: The list.
        vocabulary: The vocabulary of the model. The labels' start tokens are numbered from its size ``V`` on.
        labels: All labels of the model, in the order of their start tokens. They include the labels of the list.

    Returns:
        One token per name, or None if the list has no labels.
    """
    if not corpus.labels:
        return None
    start_tokens = {label: token for token, label in enumerate(labels, start=vocabulary.size)}
    return [start_tokens[label] for label in corpus.labels]
