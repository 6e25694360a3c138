"""ListParts: a list, split, as the trees that a training reads and that it is judged by.

The list is sorted once. Each part is the distinct names with counts of its own, and parts of the same names share the
arrays of one tree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from namegen.core.data.batching import BatchMaker
from namegen.core.data.corpus import Corpus
from namegen.core.data.labels import label_beginnings
from namegen.core.data.prefix_tree import PrefixTree, SortedNames
from namegen.core.data.repeats import damped
from namegen.core.data.split import TEST, TRAINING, VALIDATION, choose_parts, numbered, seen_percent
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.settings import DataSettings


@dataclass(frozen=True, eq=False)
class ListParts:
    """The parts of a list, all over the vocabulary of the whole of it; each name stands behind its label's beginning.

    Attributes:
        names: the distinct names of the whole list, sorted and counted.
        training: every entry of the training part.
        batches: cuts what an epoch reads: the training part, with fewer repeats where those are damped.
        held_out: the entries that are held out to choose by; None where there are none.
        test: the entries that are held out beside them and that nothing is chosen by; None where there are none.
        seen_percent: how many of the entries to choose by stand in the training part too.
        damped: whether ``batches`` hold fewer repeats than ``training``.
        distinct_names: every name of the list once, in the order in which they first occur.
    """

    names: SortedNames
    training: PrefixTree
    batches: BatchMaker
    held_out: PrefixTree | None
    test: PrefixTree | None
    seen_percent: float
    damped: bool
    distinct_names: tuple[str, ...]

    @classmethod
    def from_corpus(
        cls,
        corpus: Corpus,
        data: DataSettings,
        *,
        seed: int,
        vocabulary: Vocabulary | None = None,
        labels: Sequence[str] | None = None,
    ) -> ListParts:
        """Split a list as the settings say, and make the tree of each part.

        Args:
            corpus: the list.
            data: its settings.
            seed: of the split, where the settings have none of their own.
            vocabulary: that the trees are over; None: the list's own.
            labels: in the order of their beginnings; None: those of the list.

        Raises:
            NamesError: too few names to split.

        >>> corpus = Corpus.from_names(["Al", "Ali", "Bo", "Al", "Cy", "Di", "Ed", "Flo", "Gus", "Hal"])
        >>> parts = ListParts.from_corpus(corpus, DataSettings(validation=0.3, split="names"), seed=0)
        >>> parts.whole.name_count, parts.training.name_count, parts.held_out.name_count
        (10, 7, 3)
        """
        names = corpus.names
        vocabulary = vocabulary or corpus.vocabulary
        beginnings = label_beginnings(corpus, vocabulary, corpus.label_counts if labels is None else labels)
        sorted_names, ranking = SortedNames.ranked(names, vocabulary, beginnings)
        rank, entries = ranking.rank, ranking.representatives
        del ranking  # the characters of every entry: no longer needed, and the trees take their place
        by_appearance = np.argsort(entries)  # neighbours in memory: strings in sorted order lie anywhere
        under_labels = tuple(map(names.__getitem__, entries[by_appearance].tolist()))
        number = np.empty_like(rank, shape=len(entries))
        number[by_appearance] = np.arange(len(entries))
        distinct: Sequence[str] = under_labels
        if corpus.labels:  # a name may stand under several, and is one name wherever it does
            distinct, name_number = numbered(under_labels)
            number = name_number.astype(rank.dtype)[number]
        part_of = choose_parts(
            distinct,
            number[rank],
            data.validation,
            data.split,
            seed if data.split_seed is None else data.split_seed,
            source=corpus.source,
            test=data.test,
        )
        counts, *held_out_counts = (
            np.bincount(rank[part_of == part], minlength=len(entries)) for part in (TRAINING, VALIDATION, TEST)
        )
        of_names = (np.bincount(number, part).astype(np.int64) for part in (counts, held_out_counts[0]))
        seen = seen_percent(*of_names)
        del entries, by_appearance, number
        training = sorted_names.counted(counts)
        name_of = (np.cumsum(counts > 0, dtype=rank.dtype) - 1)[rank[part_of == TRAINING]]
        if data.damps_repeats:
            name_of = name_of[damped(name_of)]
        read = np.bincount(name_of)
        batches = BatchMaker.of_sorted(training.counted(read), name_of)
        alike = np.array_equal(read, training.counts)
        training_tree = batches.tree if alike else batches.tree_of(training.counts)
        held_out, test = (sorted_names.counted(part).tree() if part.any() else None for part in held_out_counts)
        return cls(
            names=sorted_names,
            training=training_tree,
            batches=batches,
            held_out=held_out,
            test=test,
            seen_percent=seen,
            damped=data.damps_repeats,
            distinct_names=tuple(distinct),
        )

    def names_of_label(self, vocabulary_size: int, labels: int) -> list[int]:
        """How many names of the training part have each label, in the order of their beginnings."""
        roots = slice(0, self.training.roots)
        counts = np.zeros(labels, np.int64)
        if labels:
            counts[self.training.token[roots] - vocabulary_size] = self.training.count[roots]
        of_each: list[int] = counts.tolist()
        return of_each

    @property
    def whole(self) -> PrefixTree:
        """The tree of every entry of the list; made anew each time, as it is seldom needed and no small one."""
        return self.training if self.held_out is None and self.test is None else self.names.tree()
