"""Statistics of generated names: how many are new, and how many of the new names are plausible.

A new name is *plausible* if its characters are more likely than those of the least likely tenth of real names,
according to an n-gram model called the *judge*. No name is used for both a model and its judge:

- The judge is fitted on the held-out names that aren't in the training set. No network or n-gram trains on them.
- The threshold is set with names from the training set, which the judge hasn't seen.

All models have the same judge. As in the rest of a comparison, the held-out names also determine a network's best epoch
and the order of the n-gram. They have no other effect on these models, and no effect on the Markov chains.

A judge fitted on few names can't tell real names from random ones. The names of *pairs* show how good the judge is:
they come from a Markov chain of order 1, which predicts each letter from the letter before it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import compress
from typing import Literal, TypeAlias

import numpy as np

from namegen.core.checkpoint.metadata import default_max_length
from namegen.core.data.corpus import Corpus
from namegen.core.data.list_parts import ListParts
from namegen.core.data.normalization import KnownSet, hash_names, known_set
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
FEWEST_NAMES = 100  # the number of different names; with fewer, the judge would be useless
MOST_THRESHOLD_NAMES = 2_000  # enough to find the least likely tenth to within one percentage point
ORDERS: dict[Literal["1", "2", "3"], int] = {"1": 1, "2": 2, "3": 3}
CHAIN_ORDERS: dict[NgramModelName, int] = {"pairs": 1, "chain": 4}
DUPLICATES_SHOWN = 20
NEW_NAMES_SHOWN = 10
START_TOKEN = ""
END_TOKEN = ""
Ngrams: TypeAlias = Counter[tuple[str, ...]]  # how often each n-gram occurs


@dataclass(frozen=True, eq=False)
class NameJudge:
    """Decide which names are new to one training set, and which of them are plausible."""

    training: KnownSet  # the names of the training set
    vocabulary: Vocabulary
    names: int  # the number of held-out names that the model is fitted on
    model: LanguageModel | None = None  # None if there are too few names
    # The log-probability per character (in nats) that a plausible name exceeds.
    threshold: float = 0.0

    def new_names(self, names: Sequence[str]) -> list[str]:
        """Return the names that aren't in the training set."""
        return names_outside(self.training, names)

    def plausible_percent(self, names: Sequence[str]) -> float | None:
        """Return the percentage of different names that are plausible, or None if there are no names or no model."""
        if not names or self.model is None:
            return None
        is_plausible = self.unordered_scores(names) > self.threshold
        return 100 * float(is_plausible.mean())

    def unordered_scores(self, names: Sequence[str]) -> Float64[Array, "names"]:
        """Compute the scores of different names. They aren't in the order of the names.

        A score is the log-probability per character, in nats. The end token counts as a character. A name with a
        character that the judge doesn't know has the score −inf. If there is no model, every name has the score −inf.
        """
        scores = np.full(len(names), -np.inf)
        known_names = [name for name in names if not self.vocabulary.unknown(name)]
        if known_names and self.model is not None:
            scores[: len(known_names)] = self._score(self.model, known_names)
        return scores

    def _score(self, model: LanguageModel, names: Sequence[str]) -> Float64[Array, "names"]:
        """Compute the log-probability per character of names, in the order of their prefix tree."""
        tree = PrefixTree.from_names(names, self.vocabulary)
        characters = tree.sequences().lengths + 1  # with the end token, (names,)
        log_probabilities = AccuracyEvaluator(model).name_log_probabilities(tree)
        scores: Float64[Array, "names"] = log_probabilities / characters
        return scores


def fit_judge(corpus: Corpus, split: ReferenceSubject) -> NameJudge:
    """Fit the judge of one split of a list, and set its threshold."""
    data = DataSettings(validation=split.validation, split=split.split)
    training_set, validation_set, _ = corpus.split(data, seed=split.seed)
    training_names = list(dict.fromkeys(training_set.names))
    held_out_names = list(dict.fromkeys(validation_set.names))
    known_names = known_set(training_names)
    judge_names = names_outside(known_names, held_out_names)
    judge = NameJudge(known_names, corpus.vocabulary, names=len(judge_names))
    if len(judge_names) < FEWEST_NAMES:  # too few for a model
        return judge
    model = _fit_ngram(judge_names, corpus.vocabulary)
    return _set_threshold(replace(judge, model=model), training_names)


def names_outside(known: KnownSet, names: Sequence[str]) -> list[str]:
    """Return the names that aren't in a set."""
    is_outside = ~known.holds(hash_names(names))
    return list(compress(names, is_outside.tolist()))


def _fit_ngram(names: Sequence[str], vocabulary: Vocabulary) -> NgramModel:
    tree = PrefixTree.from_names(names, vocabulary)
    return NgramModel(tree, vocabulary.size, ORDER, KNESER_NEY)


def _set_threshold(judge: NameJudge, training_names: Sequence[str]) -> NameJudge:
    """Set the threshold to the score that nine in ten real names exceed.

    The real names are a sample of the training set: the names with the smallest hashes, so that it's reproducible.
    """
    order_of_hashes = np.argsort(hash_names(training_names))
    sample = [training_names[index] for index in order_of_hashes[:MOST_THRESHOLD_NAMES]]
    threshold = float(np.quantile(judge.unordered_scores(sample), ODDEST))
    return replace(judge, threshold=threshold)


# --- statistics of generated names ------------------------------------------------------------------------------------


def describe_names(
    names: Sequence[str], known: Sequence[str], half: Sequence[str], judge: NameJudge
) -> NameFigures:
    """Compute the statistics of generated names.

    Args:
        names: the generated names, with duplicates.
        known: the list.
        half: the half of the list that n-grams are compared with (``two_halves``).
        judge: decides which names are new, and which of them are plausible.
    """
    counts = Counter(names)  # how often each name was generated
    distinct_names = list(counts)
    is_in_list = known_set(known).holds(hash_names(distinct_names))
    recreated_names = compress(distinct_names, is_in_list.tolist())
    new_names = judge.new_names(distinct_names)
    repeated = repeated_names(counts)
    return NameFigures(
        recreated_percent=_percent(_total_count(recreated_names, counts), names),
        unique_percent=_percent(len(distinct_names), names),
        duplicates=tuple(repeated[:DUPLICATES_SHOWN]),
        duplicated_names=len(repeated),
        lengths=lengths(names),
        divergence_bits=divergences(names, half),
        new_percent=_percent(_total_count(new_names, counts), names),
        plausible_percent=judge.plausible_percent(new_names),
        new_names=tuple(new_names[:NEW_NAMES_SHOWN]),
    )


def _percent(count: int, names: Sequence[str]) -> float:
    """Return a count as a percentage of all names."""
    return 100 * count / max(len(names), 1)


def _total_count(names: Iterable[str], counts: Counter[str]) -> int:
    """Return how often all of these names together were generated."""
    return sum(counts[name] for name in names)


def repeated_names(counts: Counter[str]) -> list[tuple[str, int]]:
    """Return the names that occur more than once and their counts, the most frequent first.

    >>> repeated_names(Counter(["Bo", "Al", "Bo", "Cy", "Al"]))
    [('Al', 2), ('Bo', 2)]
    """
    repeated = [(name, count) for name, count in counts.items() if count > 1]
    alphabetical = sorted(repeated)
    return sorted(alphabetical, key=lambda name_and_count: -name_and_count[1])


def lengths(names: Sequence[str]) -> Lengths:
    """Count the names of each length, the shortest first.

    >>> lengths(["Ann", "Al", "Bo"])
    {'2': 2, '3': 1}
    """
    counts = Counter(len(name) for name in names)
    shortest_first = sorted(counts.items())
    return {str(length): count for length, count in shortest_first}


def two_halves(names: Sequence[str], seed: int = 0) -> tuple[list[str], list[str]]:
    """Split a list into two random halves, whose divergence shows the effect of chance alone."""
    indices = np.random.default_rng([seed, len(names)]).permutation(len(names)).tolist()
    shuffled = [names[index] for index in indices]
    middle = len(names) // 2
    return shuffled[:middle], shuffled[middle:]


def divergences(names: Sequence[str], others: Sequence[str]) -> Divergences:
    """Compute the Jensen–Shannon divergence between the n-grams of two lists, in bits.

    It's 0 if both lists have the same n-grams with the same frequencies, and 1 if they have no n-grams in common. See
    Lin, "Divergence measures based on the Shannon entropy" (1991).

    >>> divergences(["ab"], ["ab"])
    {'1': 0.0, '2': 0.0, '3': 0.0}
    >>> divergences(["aa"], ["bb"])["1"] < 1  # both names have the end token in common
    True
    """
    return {
        name: _divergence(_ngrams(names, order), _ngrams(others, order))
        for name, order in ORDERS.items()
    }


def _ngrams(names: Sequence[str], order: int) -> Ngrams:
    """Count the n-grams of all names. They include the end token and, except for single characters, the start token."""
    counts: Ngrams = Counter()
    for name, occurrences in Counter(names).items():
        tokens = [*name, END_TOKEN]
        if order > 1:
            tokens.insert(0, START_TOKEN)
        for start in range(len(tokens) - order + 1):
            counts[tuple(tokens[start : start + order])] += occurrences
    return counts


def _divergence(left: Ngrams, right: Ngrams) -> float:
    """Return the Jensen–Shannon divergence between the distributions of two lists' n-grams, in bits."""
    if not left or not right:
        return 1.0
    ngrams = sorted(left.keys() | right.keys())  # sorted, so that the sum is reproducible
    # The relative frequencies of each n-gram, (ngrams,).
    p = np.array([left[ngram] for ngram in ngrams], np.float64) / left.total()
    q = np.array([right[ngram] for ngram in ngrams], np.float64) / right.total()
    middle = (p + q) / 2
    divergence = (_relative_entropy(p, middle) + _relative_entropy(q, middle)) / 2
    return max(divergence, 0.0)  # rounding can make it negative


def _relative_entropy(p: Float64[Array, "ngrams"], middle: Float64[Array, "ngrams"]) -> float:
    """Return the relative entropy of a distribution with respect to the mean of both distributions, in bits.

    N-grams with the probability 0 don't contribute to it.
    """
    occurs = p > 0
    log_ratios = np.log2(p[occurs] / middle[occurs])
    return float(p[occurs] @ log_ratios)


# --- names from n-grams -----------------------------------------------------------------------------------------------


def describe_ngram_names(
    corpus: Corpus,
    parts: ListParts,
    ngram: NgramModel,
    judge: NameJudge,
    *,
    names: int,
    seed: int,
) -> dict[NgramModelName, NameFigures]:
    """Describe the names that the n-gram and the Markov chains generate.

    Args:
        corpus: the list.
        parts: the parts of the list.
        ngram: the n-gram baseline.
        judge: decides which names are new, and which of them are plausible.
        names: the number of names that each model generates.
        seed: the seed of the random numbers.

    Returns:
        The statistics of each model's names.
    """
    half, _ = two_halves(corpus.names)
    models: dict[NgramModelName, LanguageModel] = {"ngram": ngram, **markov_chains(parts)}
    figures: dict[NgramModelName, NameFigures] = {}
    for model_name, model in models.items():
        drawn = draw_names(model, corpus, parts, names=names, seed=seed)
        figures[model_name] = describe_names(drawn, corpus.names, half, judge)
    return figures


def markov_chains(parts: ListParts) -> dict[NgramModelName, LanguageModel]:
    """Fit the Markov chains on the training set."""
    tree = parts.batches.tree
    size = parts.vocabulary.size
    return {
        name: NgramModel(tree, size, order + 1, UNSMOOTHED) for name, order in CHAIN_ORDERS.items()
    }


def draw_names(
    model: LanguageModel, corpus: Corpus, parts: ListParts, *, names: int, seed: int
) -> list[str]:
    """Generate names with a model by count-splitting."""
    longest = max(len(name) for name in corpus.names)
    generator = Generator(model, corpus.vocabulary, start_tokens=parts.start_tokens)
    batches = generator.generate(
        names,
        rng=np.random.default_rng(seed),
        sampling=SamplingSettings(max_length=default_max_length(longest)),
        allow_seen=True,
        allow_repeats=True,
    )
    return [name for batch in batches for name in batch.names]
