"""Compute scores of names with plain Python sets, to check ``namegen/core/scoring/scorer.py``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from namegen.core.checkpoint.score_rule import ScoreRule

COUNTS = {2: 5, 3: 1, 4: 1, 5: 1}  # the weight of a missing n-gram, by order
END_WEIGHT = 3
NGRAM_COST = 1.5
WORD_COST = 3
LEAST_SPREAD = 0.25
Ngram = tuple[str, ...]


def padded_ngrams(name: str, order: int) -> list[Ngram]:
    """Return the n-grams of one order, with order − 1 start tokens and an end token. All digits are the same symbol."""
    characters = ["digit" if character.isdecimal() else character for character in name]
    symbols = ["start"] * (order - 1) + characters + ["end"]
    return [tuple(symbols[end - order : end]) for end in range(order, len(symbols) + 1)]


def count_missing(name: str, listed: Sequence[str]) -> int:
    """Return the weighted number of n-grams of orders 2 to 5 that are in the name but not in the list."""
    known = {ngram for other in listed for order in COUNTS for ngram in padded_ngrams(other, order)}
    return sum(
        count
        for order, count in COUNTS.items()
        for ngram in padded_ngrams(name, order)
        if ngram not in known
    )


@dataclass(frozen=True)
class PlainSource:
    """A training set, or the names in it that have one label.

    Attributes:
        names: The names.
        has_phrases: Whether the names are phrases, so that unknown words also increase the cost.
    """

    names: Sequence[str]
    has_phrases: bool = False

    def cost(self, name: str) -> float:
        """Return how much missing n-grams and words reduce the score. In phrases, n-grams stay within words."""
        if not self.has_phrases:
            return NGRAM_COST * count_missing(name, self.names)
        words = {word for other in self.names for word in other.split(" ")}
        ngrams = sum(count_missing(word, sorted(words)) for word in name.split(" "))
        return NGRAM_COST * ngrams + WORD_COST * sum(word not in words for word in name.split(" "))


def weighted(letters: Sequence[float]) -> float:
    """Return a name's log-probability with the weight of its end, which is the last of the letters."""
    return sum(letters) + (END_WEIGHT - 1) * letters[-1]


def plain_score(
    name: str, log_probability: float, rule: ScoreRule, sources: Sequence[PlainSource]
) -> float:
    """Return the score of a name, given its weighted log-probability. The source with the lowest cost counts."""
    mean = rule.mean_level + rule.mean_slope * len(name)
    spread = max(rule.spread_level + rule.spread_slope * len(name), LEAST_SPREAD)
    return (log_probability - mean) / spread - min(source.cost(name) for source in sources)
