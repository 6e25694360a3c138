"""The training, validation and test sets of a list, as prefix trees and batches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from namegen.core.data.batching import BatchMaker
from namegen.core.data.corpus import Corpus
from namegen.core.data.labels import StartTokens
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.sorted_names import SortedNames
from namegen.core.data.vocabulary import END_TOKEN, Vocabulary
from namegen.core.settings import DataSettings
from namegen.types import Array, Bool, Int


@dataclass(frozen=True, eq=False)
class ListParts:
    """The training, validation and test sets of a list.

    All trees use the vocabulary of the whole list. If the list has labels, each name starts with its label's token.
    """

    vocabulary: Vocabulary
    labels: tuple[str, ...]  # in the order of their start tokens; empty if the list has no labels
    corpus: Corpus  # the whole list
    training_set: Corpus
    validation_set: Corpus  # without names if there's no validation set
    training: PrefixTree  # the training set with all duplicates
    batches: BatchMaker  # the names of an epoch: the training set, maybe with fewer duplicates
    validation: PrefixTree | None  # the validation set
    test: PrefixTree | None  # the test set
    uses_sqrt_duplicates: bool  # whether ``batches`` use square-root weighting of duplicates

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
        training_set, validation_set, test_set = corpus.split(data, seed=seed)
        labels = tuple(corpus.label_counts)
        vocabulary = corpus.vocabulary
        start_tokens = label_start_tokens(training_set, vocabulary, labels)
        names, name_of = SortedNames.ranked(training_set.names, vocabulary, start_tokens)

        # The names of an epoch. With square-root weighting, they have fewer duplicates than the training set.
        names_of_epoch = names
        if data.uses_sqrt_duplicates:
            name_of = name_of[sqrt_weighted_entries(name_of)]
            names_of_epoch = replace(names, counts=np.bincount(name_of))
        batches = BatchMaker(names_of_epoch, name_of)
        training = batches.tree
        if batches.name_count < len(training_set.names):
            training = training.recounted(names.counts[names.by_length])
        return cls(
            vocabulary=vocabulary,
            labels=labels,
            corpus=corpus,
            training_set=training_set,
            validation_set=validation_set,
            training=training,
            batches=batches,
            validation=_tree_of(validation_set, vocabulary, labels),
            test=_tree_of(test_set, vocabulary, labels),
            uses_sqrt_duplicates=data.uses_sqrt_duplicates,
        )

    @property
    def seen_percent(self) -> float:
        """The percentage of the validation set that's also in the training set."""
        held_out = self.validation_set.names
        if not held_out:
            return 0.0
        trained_on = set(self.training_set.names)
        return 100 * sum(name in trained_on for name in held_out) / len(held_out)

    @property
    def label_counts(self) -> dict[str, int]:
        """How many names of the training set have each label, in the order of the labels' start tokens."""
        counts = self.training_set.label_counts
        return {label: counts.get(label, 0) for label in self.labels}

    @property
    def start_tokens(self) -> StartTokens:
        """The start tokens, with the share of the training set that has each label."""
        return StartTokens.from_counts(self.vocabulary.size, list(self.label_counts.values()))

    @property
    def longest_name(self) -> int:
        """Characters of the longest name of the list."""
        return max(map(len, self.corpus.distinct_names))

    @property
    def whole(self) -> PrefixTree:
        """The tree of the whole list. To save memory, it isn't stored, but built each time."""
        has_all_names = self.validation is None and self.test is None
        if has_all_names:
            return self.training
        start_tokens = label_start_tokens(self.corpus, self.vocabulary, self.labels)
        return PrefixTree.from_names(self.corpus.names, self.vocabulary, start_tokens)


def _tree_of(part: Corpus, vocabulary: Vocabulary, labels: Sequence[str]) -> PrefixTree | None:
    """Return the tree of a part of a list. None if it has no names."""
    if not part.names:
        return None
    start_tokens = label_start_tokens(part, vocabulary, labels)
    return PrefixTree.from_names(part.names, vocabulary, start_tokens)


def sqrt_weighted_entries(name_of: Int[Array, "entries"]) -> Bool[Array, "entries"]:
    """Choose the entries of a list that remain with square-root weighting of duplicates.

    If a name occurs c times, its first √c entries remain (rounded to a whole number).

    Args:
        name_of: A number for each entry, the same for equal names.

    >>> sqrt_weighted_entries(np.array([0, 1, 0, 0, 0])).tolist()      # Al, Bo, Al, Al, Al
    [True, True, True, False, False]
    """
    counts = np.bincount(name_of)  # (names,)
    # Sort the entries by name. Equal names are neighbors, in the order of the list.
    by_name = np.argsort(name_of, kind="stable")  # (entries,)
    first_place = np.cumsum(counts) - counts  # (names,) of each name's entries, in ``by_name``
    # An entry's place, minus the first place of its name, is the number of earlier entries with the same name.
    earlier = np.empty(len(by_name), np.int64)  # (entries,)
    earlier[by_name] = np.arange(len(by_name)) - np.repeat(first_place, counts)
    remaining = np.rint(np.sqrt(counts))  # (names,)
    return earlier < remaining[name_of]


def sqrt_weighted_tree(tree: PrefixTree) -> PrefixTree:
    """Apply square-root weighting of duplicates to a prefix tree: names that occur c times now count √c times.

    >>> from namegen.core.data.vocabulary import Vocabulary
    >>> names = ["Al", "Bo", "Al", "Al", "Al"]
    >>> tree = sqrt_weighted_tree(PrefixTree.from_names(names, Vocabulary.from_names(names)))
    >>> tree.name_count
    3
    """
    is_end = tree.edge_token == END_TOKEN  # (E,) each name has one edge with its end token
    counts = tree.edge_count[is_end]  # (names,)
    remaining = np.rint(np.sqrt(counts)).astype(np.int64)
    return tree.recounted(remaining)


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
