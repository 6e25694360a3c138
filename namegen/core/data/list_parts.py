"""The training, validation and test sets of a list, as prefix trees and batches."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from namegen.core.data.batching import BatchMaker
from namegen.core.data.corpus import Corpus
from namegen.core.data.labels import StartTokens
from namegen.core.data.prefix_tree import PrefixTree, SortedNames
from namegen.core.data.split import TEST, TRAINING, VALIDATION, choose_parts, numbered
from namegen.core.data.vocabulary import END_TOKEN, Vocabulary
from namegen.core.settings import DataSettings
from namegen.types import Array, Bool, Int, Int8, Int64


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
        # Names are numbered in two ways. A *rank* numbers the R distinct pairs of a label and a name, in sorted order.
        # A *number* counts the D distinct names, regardless of labels, in the order in which they first occur.
        vocabulary = corpus.vocabulary
        start_tokens = label_start_tokens(corpus, vocabulary, corpus.label_counts)
        names, ranking = SortedNames.ranked(corpus.names, vocabulary, start_tokens)
        rank = ranking.rank  # (entries,)
        first_entry = ranking.representatives  # (R,) the first entry with each rank
        del ranking  # it has the characters of every entry, and the trees need that memory
        by_entry = np.argsort(first_entry)  # (R,) all ranks, in the order of the list
        # Reading the names in the order of the list is faster, because neighbors are often neighbors in memory.
        distinct = [corpus.names[entry] for entry in first_entry[by_entry].tolist()]  # (R,)
        number_of_rank = np.empty(len(by_entry), rank.dtype)  # (R,)
        number_of_rank[by_entry] = np.arange(len(by_entry))
        if corpus.labels:  # a name may have several labels
            distinct, name_number = numbered(distinct)  # (D,), (R,)
            number_of_rank = name_number.astype(rank.dtype)[number_of_rank]

        part_of = choose_parts(
            distinct, number_of_rank[rank], data, seed=seed, source=corpus.source
        )
        ranks = len(number_of_rank)
        training_counts = np.bincount(rank[part_of == TRAINING], minlength=ranks)  # (R,)
        validation_counts = np.bincount(rank[part_of == VALIDATION], minlength=ranks)  # (R,)
        test_counts = np.bincount(rank[part_of == TEST], minlength=ranks)  # (R,)

        # The names of an epoch. With square-root weighting, they have fewer duplicates than the training set.
        index_of_rank = np.cumsum(training_counts > 0, dtype=rank.dtype) - 1  # (R,)
        name_of = index_of_rank[rank[part_of == TRAINING]]  # (training entries,)
        if data.uses_sqrt_duplicates:
            name_of = name_of[sqrt_weighted_entries(name_of)]
        training_names = names.counted(training_counts)
        batches = BatchMaker(training_names.counted(np.bincount(name_of)), name_of)
        training = batches.tree
        if batches.name_count < training_counts.sum():
            training = batches.recounted_tree(training_names.counts)

        seen_percent = 0.0
        if validation_counts.any():
            in_training = np.bincount(number_of_rank, training_counts) > 0  # (D,)
            seen_entries = int(validation_counts[in_training[number_of_rank]].sum())
            seen_percent = 100 * seen_entries / int(validation_counts.sum())
        return cls(
            vocabulary=vocabulary,
            labels=tuple(corpus.label_counts),
            names=names,
            training=training,
            batches=batches,
            validation=_tree_with_counts(names, validation_counts),
            test=_tree_with_counts(names, test_counts),
            seen_percent=seen_percent,
            uses_sqrt_duplicates=data.uses_sqrt_duplicates,
            distinct_names=tuple(distinct),
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
    by_name = np.argsort(name_of, kind="stable")  # (entries,) equal names are neighbors
    first = np.cumsum(counts) - counts  # (names,) the first entry of each name, in ``by_name``
    earlier = np.empty(len(by_name), np.int64)  # (entries,) earlier entries with the same name
    earlier[by_name] = np.arange(len(by_name)) - np.repeat(first, counts)
    return earlier < np.rint(np.sqrt(counts))[name_of]


def sqrt_weighted_tree(tree: PrefixTree) -> PrefixTree:
    """Apply square-root weighting of duplicates to a tree.

    >>> from namegen.core.data.vocabulary import Vocabulary
    >>> names = ["Al", "Bo", "Al", "Al", "Al"]
    >>> tree = sqrt_weighted_tree(PrefixTree.from_names(names, Vocabulary.from_names(names)))
    >>> tree.name_count
    3
    """
    is_end = tree.edge_token == END_TOKEN  # (E,)
    counts = np.rint(np.sqrt(tree.edge_count[is_end])).astype(np.int64)  # (names,)
    return tree.recounted(tree.edge_node[is_end], counts)


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
