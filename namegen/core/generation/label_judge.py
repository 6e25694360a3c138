"""LabelJudge: whether somebody else would name the label that a made-up name was drawn with.

Who asks for Finnish names wants names that sound Finnish. A model draws them as far from what is typical as it is
unsure, and an outsider, who knows other names, then hears the label less often than of real names. Drawing closer to
what is likely makes up for that.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress

import numpy as np

from namegen.core.data.prefix_tree import PrefixTree, SortedNames
from namegen.core.data.sameness import digests
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.evaluation.evaluator import AccuracyEvaluator
from namegen.core.evaluation.ngram import KNESER_NEY, NgramModel
from namegen.types import Array, Bool, Int32

ORDER = 5  # of the n-gram of each label
MOST_LABELS = 50  # the most frequent ones: each name is read once for each
MOST_REAL = 4_000  # names of the half that was not learned: the share is known to a per cent or so
FEWEST_REAL = 100


class LabelJudge:
    """An n-gram for each label, of one half of a list's names; the other half says how often they are right.

    Args:
        training: a list's names, a root for each label.
        vocabulary: their characters.

    Attributes:
        labels: the beginnings that it looks at: the most frequent ones.
        real: how often it names the label of the other half, 0 to 1; None where there are too few names to tell.

    >>> names = [a + b + c for a in "abcdefgh" for b in "uvwxyz" for c in "kmprst"]
    >>> vocabulary = Vocabulary.from_names(names)
    >>> beginnings = [vocabulary.size + (name[0] in "abcd") for name in names]
    >>> LabelJudge(PrefixTree.from_names(names, vocabulary, beginnings), vocabulary).real
    1.0
    """

    def __init__(self, training: PrefixTree, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        rows = training.sequences()
        found, counts = np.unique(rows.beginnings, return_counts=True)
        self.labels: Int32[Array, "L"] = np.sort(found[np.argsort(-counts, kind="stable")[:MOST_LABELS]])
        names = vocabulary.decode_all(rows.tokens)
        learned = digests(names) % 2 == 1  # as ``plausibility.halves``: alike but for letter case stay together
        self._models = []
        for label in self.labels:
            of_label = list(compress(names, (rows.beginnings == label) & learned))
            if of_label:
                tree = PrefixTree.from_names(of_label, vocabulary)
                model = NgramModel(tree, vocabulary.size, ORDER, KNESER_NEY)
                self._models.append((int(label), np.log(len(of_label)), AccuracyEvaluator(model)))
        real = np.flatnonzero(~learned & np.isin(rows.beginnings, self.labels))
        real = real[:: max(1, -(-len(real) // MOST_REAL))]
        of_real = [names[row] for row in real]
        self._mix = dict(
            zip(*map(np.ndarray.tolist, np.unique(rows.beginnings[real], return_counts=True)), strict=True)
        )
        enough = len(self._models) > 1 and len(real) >= FEWEST_REAL
        self.real = self.share(of_real, rows.beginnings[real]) if enough else None

    def hears(self, names: Sequence[str], labels: Int32[Array, "names"], wanted: float) -> bool:
        """Whether it is right about made-up names ``wanted`` times as often as about real ones, or more; True where
        nobody can tell.
        """
        return self.real is None or self.share(names, labels) >= wanted * self.real

    def share(self, names: Sequence[str], labels: Int32[Array, "names"]) -> float:
        """How often the label of a name is the one that it has, each label weighing as much as among the real names.

        Args:
            names: of characters of the vocabulary; a name stands once for each of its labels.
            labels: the beginning of each name; one that is not told apart does not count.

        Returns:
            0 to 1; 0 where no name counts.
        """
        if not names:
            return 0.0
        right = self._named(names) == labels
        total = hits = 0.0
        for label, weight in self._mix.items():
            here: Bool[Array, "names"] = labels == label
            if here.any():
                total += weight
                hits += weight * float(right[here].mean())
        return hits / total if total else 0.0

    def _named(self, names: Sequence[str]) -> Int32[Array, "names"]:
        """The likeliest label of each name."""
        distinct, ranking = SortedNames.ranked(names, self.vocabulary)
        tree, by_length = distinct.tree(), np.argsort(distinct.lengths, kind="stable")  # the order of the evaluator
        joint = np.empty((len(self._models), len(by_length)))
        for row, (_, log_count, evaluator) in enumerate(self._models):
            joint[row, by_length] = log_count + evaluator.name_log_probabilities(tree)
        of_models = np.array([label for label, _, _ in self._models], np.int32)
        named: Int32[Array, "names"] = of_models[joint.argmax(axis=0)][ranking.rank]
        return named
