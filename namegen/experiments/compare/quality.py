"""Statistics of generated names: how many are new, and how many of the new names could be real.

A new name is *plausible* if a judge, an n-gram model, finds it likelier per character than the oddest tenth of real
names. No name is known to both a model and its judge:

- The judge is fitted on the held-out names that aren't in the training set. No network or n-gram trains on them.
- The threshold is set with names from the training set, which the judge hasn't seen.

All models have the same judge. The held-out names also determine a network's best epoch and the order of the n-gram,
as everywhere in a comparison. They have no other effect on these models, and none on the Markov chains.

A judge fitted on few names can't tell real names from random ones. The names of *pairs* show how good the judge is:
they come from a Markov chain of order 1, which only knows which letter follows which.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import compress
from typing import Literal

import numpy as np

from namegen.core.checkpoint.metadata import default_max_length
from namegen.core.data.corpus import Corpus
from namegen.core.data.list_parts import ListParts
from namegen.core.data.normalization import KnownSet, digests, known_set
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.engine import LanguageModel
from namegen.core.evaluation.evaluator import AccuracyEvaluator
from namegen.core.generation.generator import Generator
from namegen.core.generation.sampling import SamplingSettings
from namegen.core.models.ngram import KNESER_NEY, UNSMOOTHED, NgramModel
from namegen.core.settings import DataSettings
from namegen.experiments.compare.document import (
    ODDEST,
    Divergences,
    Lengths,
    NameFigures,
    NgramModelName,
    ReferenceSubject,
)
from namegen.types import Array, Float64

ORDER = 5  # of the judge
FEWEST_NAMES = 100  # different names; with fewer, the judge would be useless
MOST_THRESHOLD_NAMES = 2_000  # enough to find the oddest tenth to within one percentage point
ORDERS: dict[Literal["1", "2", "3"], int] = {"1": 1, "2": 2, "3": 3}
CHAIN_ORDERS: dict[NgramModelName, int] = {"pairs": 1, "chain": 4}
DUPLICATES_SHOWN = 20
NEW_NAMES_SHOWN = 10


@dataclass(frozen=True, eq=False)
class SplitJudge:
    """Decides which names are new to one training set, and which of them are plausible."""

    training: KnownSet  # the names of the training set
    names: int  # how many names the judge was fitted on
    model: LanguageModel | None  # the judge; None if there are too few names
    vocabulary: Vocabulary
    oddest: float = 0.0  # log-probability per character (nats) that a plausible name exceeds

    @classmethod
    def of(cls, corpus: Corpus, split: ReferenceSubject) -> SplitJudge:
        """Fit the judge of one split of a list, and set its threshold."""
        data = DataSettings(validation=split.validation, split=split.split)
        training_set, validation_set, _ = corpus.split(data, seed=split.seed)
        vocabulary = corpus.vocabulary
        training_names = list(dict.fromkeys(training_set.names))
        held_out = list(dict.fromkeys(validation_set.names))
        known = known_set(training_names)
        unknown = _not_in(known, held_out)
        if len(unknown) < FEWEST_NAMES:
            return cls(known, len(unknown), None, vocabulary)
        tree = PrefixTree.from_names(unknown, vocabulary)
        model = NgramModel(tree, vocabulary.size, ORDER, KNESER_NEY)
        judge = cls(known, len(unknown), model, vocabulary)
        by_hash = np.argsort(digests(training_names))[:MOST_THRESHOLD_NAMES].tolist()
        threshold_names = [training_names[index] for index in by_hash]
        return replace(judge, oddest=float(np.quantile(judge.scores(threshold_names), ODDEST)))

    def scores(self, names: Sequence[str]) -> Float64[Array, "names"]:
        """Compute the log-probability per character of different names, in nats.

        The end token counts as a character. The scores are in no particular order. A name with a character that the
        judge doesn't know has −inf, as has every name if there is no model.
        """
        known = [name for name in names if not self.vocabulary.unknown(name)]
        scores = np.full(len(names), -np.inf)
        if known and self.model is not None:
            tree = PrefixTree.from_names(known, self.vocabulary)
            characters = tree.sequences().lengths + 1
            log_probabilities = AccuracyEvaluator(self.model).name_log_probabilities(tree)
            scores[: len(known)] = log_probabilities / characters
        return scores

    def plausible_percent(self, names: Sequence[str]) -> float | None:
        """Return the percentage of different names that are plausible; None without names or without a model."""
        if not names or self.model is None:
            return None
        is_plausible = self.scores(names) > self.oddest
        return 100 * float(is_plausible.mean())


def _not_in(known: KnownSet, names: Sequence[str]) -> list[str]:
    """The names that aren't in a set."""
    is_new = ~known.holds(digests(names))
    return list(compress(names, is_new.tolist()))


def describe_names(
    names: Sequence[str], known: Sequence[str], half: Sequence[str], judge: SplitJudge
) -> NameFigures:
    """Compute the statistics of generated names.

    Args:
        names: the generated names, with duplicates.
        known: the list.
        half: the half of the list that n-grams are compared with (``two_halves``).
        judge: decides which names are new and plausible.
    """
    counts = Counter(names)
    total = max(len(names), 1)
    distinct = list(counts)
    in_list = known_set(known).holds(digests(distinct)).tolist()
    recreated = list(compress(distinct, in_list))
    new = _not_in(judge.training, distinct)
    repeated = [(name, count) for name, count in counts.items() if count > 1]
    repeated.sort(key=_frequent_first)
    return NameFigures(
        recreated_percent=100 * sum(counts[name] for name in recreated) / total,
        unique_percent=100 * len(distinct) / total,
        duplicates=tuple(repeated[:DUPLICATES_SHOWN]),
        duplicated_names=len(repeated),
        lengths=lengths(names),
        divergence_bits=divergences(names, half),
        new_percent=100 * sum(counts[name] for name in new) / total,
        plausible_percent=judge.plausible_percent(new),
        new_names=tuple(new[:NEW_NAMES_SHOWN]),
    )


def _frequent_first(name_and_count: tuple[str, int]) -> tuple[int, str]:
    """Sort key: the most frequent names first, and names with the same count in alphabetical order."""
    name, count = name_and_count
    return -count, name


def lengths(names: Sequence[str]) -> Lengths:
    """Count the names of each length, the shortest first.

    >>> lengths(["Ann", "Al", "Bo"])
    {'2': 2, '3': 1}
    """
    counts = Counter(len(name) for name in names)
    return {str(length): count for length, count in sorted(counts.items())}


def two_halves(names: Sequence[str], seed: int = 0) -> tuple[list[str], list[str]]:
    """Cut a list into two random halves, whose divergence shows the effect of chance alone."""
    indices = np.random.default_rng([seed, len(names)]).permutation(len(names)).tolist()
    shuffled = [names[index] for index in indices]
    middle = len(names) // 2
    return shuffled[:middle], shuffled[middle:]


def divergences(names: Sequence[str], others: Sequence[str]) -> Divergences:
    """Compute the Jensen–Shannon divergence between the n-grams of two lists, in bits.

    It's 0 if both have the same n-grams with the same frequency, and 1 if they have none in common. See Lin,
    "Divergence measures based on the Shannon entropy" (1991).

    >>> divergences(["ab"], ["ab"])
    {'1': 0.0, '2': 0.0, '3': 0.0}
    >>> divergences(["aa"], ["bb"])["1"] < 1  # both names have the end token in common
    True
    """
    return {
        name: _divergence(_ngrams(names, order), _ngrams(others, order))
        for name, order in ORDERS.items()
    }


def _ngrams(names: Sequence[str], order: int) -> Counter[tuple[str, ...]]:
    """Count the n-grams of all names, including the end token and, except for single characters, the start token."""
    counts: Counter[tuple[str, ...]] = Counter()
    for name, times in Counter(names).items():
        tokens = [*name, ""]  # the empty string is the start and end token
        if order > 1:
            tokens.insert(0, "")
        for start in range(len(tokens) - order + 1):
            counts[tuple(tokens[start : start + order])] += times
    return counts


def _divergence(left: Counter[tuple[str, ...]], right: Counter[tuple[str, ...]]) -> float:
    if not left or not right:
        return 1.0
    grams = sorted(left.keys() | right.keys())  # sorted, so that the sum is reproducible
    p = np.array([left[gram] for gram in grams], np.float64) / left.total()  # (grams,)
    q = np.array([right[gram] for gram in grams], np.float64) / right.total()  # (grams,)
    middle = (p + q) / 2
    return max((_relative_entropy(p, middle) + _relative_entropy(q, middle)) / 2, 0.0)


def _relative_entropy(p: Float64[Array, "grams"], middle: Float64[Array, "grams"]) -> float:
    inside = p > 0
    return float(p[inside] @ np.log2(p[inside] / middle[inside]))


def ngram_names(
    corpus: Corpus,
    parts: ListParts,
    ngram: NgramModel,
    split: ReferenceSubject,
    *,
    names: int,
    seed: int,
) -> tuple[dict[NgramModelName, NameFigures], int]:
    """Describe the names that the n-gram and the Markov chains draw.

    Args:
        corpus: the list.
        parts: the parts of the list.
        ngram: the n-gram baseline.
        split: determines which names are held out.
        names: how many names each model draws.
        seed: of the random numbers.

    Returns:
        The statistics of each model's names, and how many names the judge was fitted on.
    """
    judge = SplitJudge.of(corpus, split)
    half, _ = two_halves(corpus.names)
    tree = parts.batches.tree
    models: dict[NgramModelName, LanguageModel] = {"ngram": ngram}
    for model_name, order in CHAIN_ORDERS.items():
        models[model_name] = NgramModel(tree, corpus.vocabulary.size, order + 1, UNSMOOTHED)
    longest = max(len(name) for name in corpus.names)
    sampling = SamplingSettings(max_length=default_max_length(longest))
    figures: dict[NgramModelName, NameFigures] = {}
    for model_name, model in models.items():
        generator = Generator(model, corpus.vocabulary, beginnings=parts.beginnings)
        batches = generator.generate(
            names,
            rng=np.random.default_rng(seed),
            sampling=sampling,
            allow_seen=True,
            allow_repeats=True,
        )
        drawn = [name for batch in batches for name in batch.names]
        figures[model_name] = describe_names(drawn, corpus.names, half, judge)
    return figures, judge.names
