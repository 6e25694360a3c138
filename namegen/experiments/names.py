"""Statistics of generated names: how many are new, and how many of the new names are plausible.

A new name is *plausible* if its characters are more likely than those of the least likely tenth of real names,
according to an n-gram model called the *judge*. No name is used for both a model and its judge:

- The judge is fitted on the held-out names that aren't in the training set. No network or n-gram trains on them.
- The threshold is set with names from the training set, which the judge hasn't seen.

A judge fitted on few names can't tell real names from random ones. The names of *pairs* show how good the judge is:
they come from a Markov chain of order 1, which predicts each letter from the letter before it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from namegen.core.checkpoint.metadata import default_max_length
from namegen.core.data.corpus import Corpus
from namegen.core.data.labels import StartTokens
from namegen.core.data.list_parts import ListParts
from namegen.core.data.normalization import hash_names, known_set
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.engine import LanguageModel
from namegen.core.evaluation.evaluator import AccuracyEvaluator
from namegen.core.generation.generator import Generator
from namegen.core.generation.sampling import SamplingSettings
from namegen.core.models.ngram import KNESER_NEY, NgramModel
from namegen.experiments.rows import Names
from namegen.types import Array, Float64

ORDER = 5  # of the judge
ODDEST = 0.1  # the share of real names that aren't plausible
FEWEST_NAMES = 100  # the number of different names; with fewer, the judge would be useless
MOST_THRESHOLD_NAMES = 2_000  # enough to find the least likely tenth to within one percentage point
DUPLICATES_SHOWN = 20
NEW_NAMES_SHOWN = 10


class NameJudge:
    """Decide which names are new to a training set, and which of them are plausible.

    Args:
        corpus: the list.
        parts: its training and validation sets.
    """

    names: int  # the number of held-out names that the judge is fitted on

    def __init__(self, corpus: Corpus, parts: ListParts) -> None:
        self._vocabulary = corpus.vocabulary
        self._list = known_set(corpus.names)
        training = list(dict.fromkeys(parts.training_set.names))
        held_out = list(dict.fromkeys(parts.validation_set.names))
        self._training = known_set(training)
        new = ~self._training.holds(hash_names(held_out))
        judge_names = [name for name, is_new in zip(held_out, new, strict=True) if is_new]
        self.names = len(judge_names)
        self._model: NgramModel | None = None
        if self.names >= FEWEST_NAMES:
            tree = PrefixTree.from_names(judge_names, self._vocabulary)
            self._model = NgramModel(tree, self._vocabulary.size, ORDER, KNESER_NEY)
            # The threshold is the score that nine in ten real names exceed. The names with the smallest hashes are a
            # reproducible sample.
            by_hash = np.argsort(hash_names(training))[:MOST_THRESHOLD_NAMES]
            sample = [training[index] for index in by_hash]
            self._threshold = float(np.quantile(self._scores(self._model, sample), ODDEST))

    def _scores(self, model: NgramModel, names: Sequence[str]) -> Float64[Array, "names"]:
        """Compute the log-probability per character of different names, in nats. They have another order.

        A name with a character that the judge doesn't know has the score −inf.
        """
        scores = np.full(len(names), -np.inf)
        known = [name for name in names if not self._vocabulary.unknown(name)]
        if known:
            tree = PrefixTree.from_names(known, self._vocabulary)
            characters = tree.sequences().lengths + 1  # with the end token, (names,)
            scores[: len(known)] = (
                AccuracyEvaluator(model).name_log_probabilities(tree) / characters
            )
        return scores

    def describe(self, names: Sequence[str]) -> Names:
        """Describe generated names."""
        counts = Counter(names)
        distinct = list(counts)
        hashes = hash_names(distinct)
        total = max(len(names), 1)
        in_list = self._list.holds(hashes)
        in_training = self._training.holds(hashes)
        occurrences = np.array([counts[name] for name in distinct], np.int64)
        new_names = [name for name, known in zip(distinct, in_training, strict=True) if not known]
        plausible = None
        if new_names and self._model is not None:
            is_plausible = self._scores(self._model, new_names) > self._threshold
            plausible = 100 * float(is_plausible.mean())
        repeated = [(name, count) for name, count in sorted(counts.items()) if count > 1]
        repeated.sort(key=lambda pair: -pair[1])  # the most frequent first
        return Names(
            recreated_percent=100 * int(occurrences[in_list].sum()) / total,
            unique_percent=100 * len(distinct) / total,
            new_percent=100 * int(occurrences[~in_training].sum()) / total,
            plausible_percent=plausible,
            duplicates=tuple(repeated[:DUPLICATES_SHOWN]),
            duplicated_names=len(repeated),
            lengths=count_lengths(names),
            new_names=tuple(new_names[:NEW_NAMES_SHOWN]),
        )


def count_lengths(names: Sequence[str]) -> dict[str, int]:
    """Count the names of each length, the shortest first.

    >>> count_lengths(["Ann", "Al", "Bo"])
    {'2': 2, '3': 1}
    """
    counts = Counter(map(len, names))
    return {str(length): counts[length] for length in sorted(counts)}


def draw_names(
    model: LanguageModel, corpus: Corpus, start_tokens: StartTokens, count: int
) -> list[str]:
    """Draw names from a model's own distribution by count-splitting, with the seed 0."""
    longest = max(map(len, corpus.names))
    generator = Generator(model, corpus.vocabulary, start_tokens=start_tokens)
    batches = generator.generate(
        count,
        rng=np.random.default_rng(0),
        sampling=SamplingSettings(max_length=default_max_length(longest)),
        allow_seen=True,
        allow_repeats=True,
    )
    return [name for batch in batches for name in batch.names]
