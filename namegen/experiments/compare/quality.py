"""What generated names are like, beside the list: how many are new, and how many of these could stand in it.

A new name is *plausible* if a judge finds its characters likelier, on average, than those of the tenth of real names
that it finds oddest. The judge counts, and what it has counted are the held-out names that the training
part lacks: names that no model here has learned. How likely a plausible name has to be is set by names of the training
part, which the judge has not counted. So no name is known to both a model and its judge, and the same judge hears all
models. Held-out names have chosen the epoch of a network and the order of the n-gram, as everywhere in a comparison;
they have chosen nothing else, and nothing of a Markov chain.

A judge that knows few names hears little. What it is worth, the names of *pairs* show: a Markov chain of order 1, which
knows which letter follows which and nothing more.
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

ORDER = 5  # of the n-gram that judges
FEWEST_NAMES = 100  # different ones: fewer neither teach a judge nor say what is odd
ORDERS: dict[Literal["1", "2", "3"], int] = {"1": 1, "2": 2, "3": 3}
DUPLICATES_SHOWN = 20
NEW_NAMES_SHOWN = 10


@dataclass(frozen=True, eq=False)
class SplitJudge:
    """What is new to one training part, and what is plausible beside it.

    Attributes:
        training: digests of the names of the training part, rising.
        names: how many names it has counted.
        model: what judges; None where it would have counted too few.
        vocabulary: its characters.
        oddest: log-probability a character below which a name is not plausible, nats.
    """

    training: KnownSet
    names: int
    model: LanguageModel | None
    vocabulary: Vocabulary
    oddest: float = 0.0

    @classmethod
    def of(cls, corpus: Corpus, split: ReferenceSubject) -> SplitJudge:
        """That of one split of a list."""
        data = DataSettings(validation=split.validation, split=split.split)
        learned, chosen_by, _ = corpus.split(data, seed=split.seed)
        real, vocabulary = list(dict.fromkeys(learned.names)), corpus.vocabulary
        training, by_hash = known_set(real), digests(real)
        held_out = list(dict.fromkeys(chosen_by.names))
        unknown = list(compress(held_out, (~training.holds(digests(held_out))).tolist()))
        if len(unknown) < FEWEST_NAMES:
            return cls(training, len(unknown), None, vocabulary)
        model = NgramModel(
            PrefixTree.from_names(unknown, vocabulary), vocabulary.size, ORDER, KNESER_NEY
        )
        judge = cls(training, len(unknown), model, vocabulary)
        bar = [real[place] for place in np.argsort(by_hash)[:BAR_NAMES].tolist()]
        return replace(judge, oddest=float(np.quantile(judge.scores(bar), ODDEST)))

    def scores(self, names: Sequence[str]) -> Float64[Array, "names"]:
        """The log-probability a character of different names, the end counted, in nats, in no particular order; −inf
        for one with a character that the judge does not know, and without a model.
        """
        known = [name for name in names if not self.vocabulary.unknown(name)]
        found = np.full(len(names), -np.inf)
        if known and self.model is not None:
            tree = PrefixTree.from_names(known, self.vocabulary)
            lengths = tree.sequences().lengths + 1
            found[: len(known)] = (
                AccuracyEvaluator(self.model).name_log_probabilities(tree) / lengths
            )
        return found

    def plausible_percent(self, names: Sequence[str]) -> float | None:
        """How many of some different names are plausible; None of none, and without a model."""
        return (
            100 * float((self.scores(names) > self.oddest).mean())
            if names and self.model is not None
            else None
        )


def describe_names(
    names: Sequence[str], known: Sequence[str], half: Sequence[str], judge: SplitJudge
) -> NameFigures:
    """The figures of generated names.

    Args:
        names: the generated names, repeats kept.
        known: the list.
        half: the half of the list that n-grams are compared with (``two_halves``).
        judge: says what is new and plausible.
    """
    counts = Counter(names)
    total = max(len(names), 1)
    distinct = list(counts)
    seen = known_set(known).holds(digests(distinct))
    recreated = sum(
        counts[name] for name, is_seen in zip(distinct, seen.tolist(), strict=True) if is_seen
    )
    repeated = sorted(
        ((name, count) for name, count in counts.items() if count > 1),
        key=lambda one: (-one[1], one[0]),
    )
    new = list(compress(distinct, (~judge.training.holds(digests(distinct))).tolist()))
    return NameFigures(
        recreated_percent=100 * recreated / total,
        unique_percent=100 * len(distinct) / total,
        duplicates=tuple(repeated[:DUPLICATES_SHOWN]),
        duplicated_names=len(repeated),
        lengths=lengths(names),
        divergence_bits=divergences(names, half),
        new_percent=100 * sum(counts[name] for name in new) / total,
        plausible_percent=judge.plausible_percent(new),
        new_names=tuple(new[:NEW_NAMES_SHOWN]),
    )


def lengths(names: Sequence[str]) -> Lengths:
    """How many names have how many characters, shortest first."""
    return {str(length): count for length, count in sorted(Counter(map(len, names)).items())}


def two_halves(names: Sequence[str], seed: int = 0) -> tuple[list[str], list[str]]:
    """A list cut in two at random: how far they are apart is what chance alone makes."""
    order = np.random.default_rng([seed, len(names)]).permutation(len(names)).tolist()
    middle = len(names) // 2
    return [names[place] for place in order[:middle]], [names[place] for place in order[middle:]]


def divergences(names: Sequence[str], others: Sequence[str]) -> Divergences:
    """The Jensen–Shannon divergence in bits (0: the same, 1: nothing in common) of the n-grams of two lists.

    >>> divergences(["ab"], ["ab"]), divergences(["aa"], ["bb"])["1"] < 1      # both end, which is a character too
    ({'1': 0.0, '2': 0.0, '3': 0.0}, True)
    """
    return {
        name: _divergence(_ngrams(names, order), _ngrams(others, order))
        for name, order in ORDERS.items()
    }


def _ngrams(names: Sequence[str], order: int) -> Counter[tuple[str, ...]]:
    """The n-grams of all names, the boundary before a name and at its end included."""
    counts: Counter[tuple[str, ...]] = Counter()
    for name, times in Counter(names).items():
        text = ["", *name, ""] if order > 1 else [*name, ""]  # no name holds an empty character
        for start in range(len(text) - order + 1):
            counts[tuple(text[start : start + order])] += times
    return counts


def _divergence(left: Counter[tuple[str, ...]], right: Counter[tuple[str, ...]]) -> float:
    if not left or not right:
        return 1.0
    grams = sorted(
        left.keys() | right.keys()
    )  # in one order, so that the sum has the same bits every time
    p = np.array([left[gram] for gram in grams], np.float64) / left.total()
    q = np.array([right[gram] for gram in grams], np.float64) / right.total()
    middle = (p + q) / 2
    return max((_relative_entropy(p, middle) + _relative_entropy(q, middle)) / 2, 0.0)


def _relative_entropy(p: Float64[Array, "grams"], middle: Float64[Array, "grams"]) -> float:
    inside = p > 0
    return float(p[inside] @ np.log2(p[inside] / middle[inside]))


BAR_NAMES = 2_000  # of the training part set the bar at most: they say to a per cent which the oddest tenth is
CHAIN_ORDERS: dict[NgramModelName, int] = {"pairs": 1, "chain": 4}


def ngram_names(
    corpus: Corpus,
    parts: ListParts,
    ngram: NgramModel,
    split: ReferenceSubject,
    *,
    names: int,
    seed: int,
) -> tuple[dict[NgramModelName, NameFigures], int]:
    """What the names are like that n-gram and Markov chains draw, and how many names their judge knows.

    Args:
        corpus: the list.
        parts: its parts.
        ngram: that the networks are compared with.
        split: which names are held out.
        names: how many are drawn by each model.
        seed: of the drawing.
    """
    judge, half = SplitJudge.of(corpus, split), two_halves(corpus.names)[0]
    size, tree = corpus.vocabulary.size, parts.batches.tree
    sampling = SamplingSettings(max_length=default_max_length(max(map(len, corpus.names))))
    models: dict[NgramModelName, LanguageModel] = {"ngram": ngram}
    models |= {
        name: NgramModel(tree, size, order + 1, UNSMOOTHED) for name, order in CHAIN_ORDERS.items()
    }

    def drawn(model: LanguageModel) -> list[str]:
        generator = Generator(model, corpus.vocabulary, beginnings=parts.beginnings)
        rng = np.random.default_rng(seed)
        batches = generator.generate(
            names, rng=rng, sampling=sampling, allow_seen=True, allow_repeats=True
        )
        return [name for batch in batches for name in batch.names]

    found = {
        name: describe_names(drawn(model), corpus.names, half, judge)
        for name, model in models.items()
    }
    return found, judge.names
