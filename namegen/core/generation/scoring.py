"""Scoring: which new names of a model are good enough to be returned.

A new name is returned if its score is in the top 1% of the model's new names:

    score(name) = z(name) − 1.5 · (its n-grams of orders 2 to 5 that the training set lacks; a pair counts as five)
                          − 3 · (its words that the training set lacks, if it has phrases)

    z(name) = (log p(name) − μ(length)) / r(length)

p is the name's probability at temperature 1 given the label; log p is in nats. μ and r are straight lines in the
length. They are fitted to the model's own new names: to their mean, and to how widely they scatter around it, relative
to the average. So long names aren't punished for being long.

A training set has phrases if more than 30% of its names contain a space. Then the n-grams are those of its words, so
that known words may be combined in new ways.

Everything is measured once, when training ends, and stored as one ``ScoreRule`` per label. A prefix is dropped as soon
as no length at which it could still end lets it reach the threshold. That is exact: log p can only fall, and the number
of missing n-grams can only grow.

``docs/results/blind.md`` shows what readers say of the names.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from namegen.core.checkpoint.metadata import Metadata
from namegen.core.checkpoint.ngram_set import END, NgramSet, digit_as_0, symbols_of
from namegen.core.checkpoint.score_rule import ScoreRule
from namegen.core.data.normalization import KnownSet, digests, scramble
from namegen.core.data.vocabulary import Vocabulary
from namegen.types import Array, Bool, Float64, Int, Int32, Int64, UInt64

NGRAM_COST = 1.5  # nats for each missing n-gram
WORD_COST = 2  # missing n-grams that a missing word counts as
MOST_CHARACTERS = 1_000  # a longer name doesn't reach the threshold
PHRASES = 0.3  # a training set has phrases if a larger share of its names contains a space


@dataclass(frozen=True, eq=False)
class Tally:
    """What the scorer remembers of some prefixes.

    Attributes:
        contexts: in each source, the longest known n-gram of up to four symbols that each prefix ends with.
        missing: in each source, how many n-grams the prefix has that the source lacks; a missing word counts as
            ``WORD_COST`` of them.
    """

    contexts: Int64[Array, "K sources"]
    missing: Int64[Array, "K sources"]

    def select(self, rows: Int[Array, "kept"]) -> Tally:
        """Keep some prefixes, or repeat them."""
        return Tally(self.contexts[rows], self.missing[rows])


class Source:
    """What a training set contains: its n-grams and, if it has phrases, its words. A blend has one per model.

    Args:
        ngrams: the n-grams: of the words if the training set has phrases, else of the names.
        vocabulary: the characters that the n-grams are numbered by.
        words: the known words (``known_words``); None if the training set has no phrases.
        label: the index of the label whose n-grams count; None: a name's own label.
        tokens: the vocabulary of the names; None: that of the n-grams.
    """

    def for_blend(self, tokens: Vocabulary, label: int) -> Source:
        """The same n-grams for names of a blend, which have another vocabulary and no label of their own."""
        if self._tokens is not None:  # a model of a blend is a blend itself
            return Source(
                self.ngrams, self._own, words=self._words, label=self.label, tokens=tokens
            )
        return Source(self.ngrams, self._own, words=self._words, label=label, tokens=tokens)

    def __init__(
        self,
        ngrams: NgramSet,
        vocabulary: Vocabulary,
        *,
        words: KnownSet | None = None,
        label: int | None = None,
        tokens: Vocabulary | None = None,
    ) -> None:
        self.ngrams, self.label, self._words = ngrams, label, words
        self._own, self._tokens = vocabulary, tokens
        self.vocabulary = tokens or vocabulary
        self._symbols = symbols_of(vocabulary)  # (V,) by token
        if tokens is not None:
            symbol_of = dict(
                zip(map(digit_as_0, vocabulary.characters), self._symbols[1:].tolist(), strict=True)
            )
            known = [
                symbol_of.get(digit_as_0(character), ngrams.symbols)
                for character in tokens.characters
            ]
            self._symbols = np.array([END, *known])
        self._space = self.vocabulary.characters.find(" ") + 1  # 0 without a space
        self._is_known_word: dict[tuple[str, int], bool] = {}

    def label_of(self, labels: Int64[Array, "K"]) -> Int64[Array, "K"]:
        """The label that counts for names with each label."""
        return labels if self.label is None else np.full(len(labels), self.label)

    def read(
        self,
        contexts: Int64[Array, "K"],
        tokens: Int32[Array, "K depth"],
        labels: Int64[Array, "K"],
        *,
        ended: bool,
    ) -> tuple[Int64[Array, "K"], Int64[Array, "K"]]:
        """Read the last character of some prefixes, or the end of names.

        Args:
            contexts: before that character, or that end.
            tokens: the prefixes.
            labels: the label that counts for each.
            ended: whether the prefixes are whole names and their end is read.

        Returns:
            The contexts after it, and how many n-grams were missing; a missing word counts as several.
        """
        last = tokens[:, -1] if tokens.shape[1] else np.zeros(len(tokens), np.int32)
        symbols = np.full(len(tokens), END) if ended else self._symbols[last]
        if self._words is None:
            return self.ngrams.follow(contexts, symbols)
        ends_word = (last == self._space) | ended
        after, missing = self.ngrams.follow(contexts, np.where(ends_word, END, symbols))
        after[ends_word] = self.ngrams.start[labels[ends_word]]
        missing[ends_word] += WORD_COST * self._has_new_word(tokens[ends_word], labels[ends_word])
        return after, missing

    def _has_new_word(
        self, tokens: Int32[Array, "K depth"], labels: Int64[Array, "K"]
    ) -> Bool[Array, "K"]:
        """Whether the last word of each prefix is unknown."""
        texts = self.vocabulary.decode_all(tokens)
        words = [text.rstrip(" ").rpartition(" ")[2] for text in texts]
        asked = list(zip(words, labels.tolist(), strict=True))
        self._ask({pair for pair in asked if pair not in self._is_known_word})
        return np.array([not self._is_known_word[pair] for pair in asked], bool)

    def _ask(self, words: Iterable[tuple[str, int]]) -> None:
        """Look up some words, each with its label."""
        new = sorted(words)
        known = cast(KnownSet, self._words).holds(word_digests(new))
        self._is_known_word.update(zip(new, known.tolist(), strict=True))


def word_digests(words: Sequence[tuple[str, int]]) -> UInt64[Array, "words"]:
    """A digest of each word together with the index of its label."""
    labels = np.array([label for _, label in words], np.uint64)
    return digests(word for word, _ in words) ^ scramble(labels)


def has_phrases(names: Sequence[str]) -> bool:
    """Whether more than ``PHRASES`` of some names contain a space."""
    return sum(" " in name for name in names) > PHRASES * len(names)


def words_by_label(names: Sequence[str], labels: Sequence[int]) -> list[tuple[str, int]]:
    """The different words of a training set with their labels, sorted.

    Args:
        names: the training set.
        labels: the index of each name's label; 0 without labels.

    >>> words_by_label(["The Red Fox", "The Fox"], [0, 0])
    [('Fox', 0), ('Red', 0), ('The', 0)]
    """
    return sorted(
        {(word, label) for name, label in zip(names, labels, strict=True) for word in name.split()}
    )


def known_words(words: Sequence[tuple[str, int]]) -> KnownSet:
    """Words with their labels as the set that a model carries."""
    return KnownSet(np.unique(word_digests(words))).short


def scorer_of(metadata: Metadata) -> Scorer | None:
    """What scores the names of a model; None if the model doesn't carry n-grams."""
    if metadata.ngrams is None:
        return None
    source = Source(metadata.ngrams, metadata.vocabulary, words=metadata.words)
    return Scorer([source], metadata.vocabulary.size, metadata.score_rules)


class Scorer:
    """Scores the new names of a model, and the prefixes that may become such names.

    Args:
        sources: what the training sets contain: one, or one per model of a blend. The source that lacks the fewest
            n-grams counts.
        first_label: the start token of the first label; any number without labels.
        rules: by label, or one for all names; () before they are measured.
    """

    def __init__(
        self, sources: Sequence[Source], first_label: int, rules: Sequence[ScoreRule] = ()
    ) -> None:
        self.sources, self.first_label, self.rules = tuple(sources), first_label, tuple(rules)
        self._needed: dict[
            tuple[int, int], tuple[Float64[Array, "R lengths"], Float64[Array, "R lengths"]]
        ] = {}

    def with_rules(self, rules: Sequence[ScoreRule]) -> Scorer:
        """The same sources with rules."""
        return Scorer(self.sources, self.first_label, rules)

    def with_rules_of(self, beginnings: Int[Array, "R"], rules: Sequence[ScoreRule]) -> Scorer:
        """The same sources with the rules of some labels, or one rule for all.

        Args:
            beginnings: the start tokens of these labels.
            rules: in the same order.
        """
        if len(rules) < 2:
            return self.with_rules(rules)
        labels = self.labels(beginnings)
        by_label = [rules[0]] * (int(labels.max()) + 1)
        for label, rule in zip(labels.tolist(), rules, strict=True):
            by_label[label] = rule
        return self.with_rules(by_label)

    def labels(self, beginnings: Int[Array, "K"]) -> Int64[Array, "K"]:
        """The index of each name's label, from its start token; 0 without labels."""
        return np.maximum(beginnings.astype(np.int64) - self.first_label, 0)

    def start(self, beginnings: Int[Array, "K"]) -> Tally:
        """The tally before the first character."""
        labels = self.labels(beginnings)
        contexts = [source.ngrams.start[source.label_of(labels)] for source in self.sources]
        return Tally(
            np.stack(contexts, axis=1), np.zeros((len(labels), len(self.sources)), np.int64)
        )

    def read(
        self,
        tally: Tally,
        tokens: Int32[Array, "K depth"],
        beginnings: Int[Array, "K"],
        *,
        ended: bool = False,
    ) -> Tally:
        """Read the last character of some prefixes, or the end of names.

        Args:
            tally: of the prefixes before that character, or before that end.
            tokens: the prefixes.
            beginnings: the start token of each.
            ended: whether the prefixes are whole names and their end is read.
        """
        labels = self.labels(beginnings)
        contexts, missing = np.empty_like(tally.contexts), np.empty_like(tally.missing)
        for column, source in enumerate(self.sources):
            contexts[:, column], missing[:, column] = source.read(
                tally.contexts[:, column], tokens, source.label_of(labels), ended=ended
            )
        return Tally(contexts, tally.missing + missing)

    def missing(
        self, tokens: Int32[Array, "K length"], beginnings: Int[Array, "K"]
    ) -> Int64[Array, "K"]:
        """How many n-grams whole names of one length lack."""
        tally = self.start(beginnings)
        for end in range(1, tokens.shape[1] + 1):
            tally = self.read(tally, tokens[:, :end], beginnings)
        least: Int64[Array, "K"] = self.read(tally, tokens, beginnings, ended=True).missing.min(
            axis=1
        )
        return least

    def scores(
        self,
        log_probabilities: Float64[Array, "K"],
        lengths: Int64[Array, "K"],
        missing: Int64[Array, "K"],
        beginnings: Int[Array, "K"],
    ) -> Float64[Array, "K"]:
        """The scores of names, in nats.

        Args:
            log_probabilities: of each, in nats.
            lengths: characters of each.
            missing: how many n-grams each lacks.
            beginnings: the start token of each.
        """
        rule_of = np.minimum(self.labels(beginnings), len(self.rules) - 1)
        z = np.empty(len(lengths))
        for index in np.unique(rule_of):
            rows = rule_of == index
            rule = self.rules[index]
            z[rows] = (log_probabilities[rows] - rule.mean(lengths[rows])) / rule.spread(
                lengths[rows]
            )
        return z - NGRAM_COST * missing

    def reaches(
        self,
        log_probabilities: Float64[Array, "K"],
        length: int,
        tally: Tally,
        beginnings: Int[Array, "K"],
        longest: int,
    ) -> Bool[Array, "K"]:
        """Which names of one length reach the threshold.

        Args:
            log_probabilities: of each, in nats.
            length: characters of each.
            tally: after the end of each.
            beginnings: the start token of each.
            longest: characters of the longest name that can be returned.
        """
        return self._reaches(
            log_probabilities, length, tally, beginnings, longest, of_prefixes=False
        )

    def may_reach(
        self,
        log_probabilities: Float64[Array, "K"],
        length: int,
        tally: Tally,
        beginnings: Int[Array, "K"],
        longest: int,
    ) -> Bool[Array, "K"]:
        """Which prefixes of one length could become a name that reaches the threshold; see ``reaches``."""
        return self._reaches(
            log_probabilities, length, tally, beginnings, longest, of_prefixes=True
        )

    def _reaches(
        self,
        log_probabilities: Float64[Array, "K"],
        length: int,
        tally: Tally,
        beginnings: Int[Array, "K"],
        longest: int,
        *,
        of_prefixes: bool,
    ) -> Bool[Array, "K"]:
        """Which names, or prefixes, are likely enough for the n-grams that they lack."""
        rule_of = np.minimum(self.labels(beginnings), len(self.rules) - 1)
        missing = tally.missing.min(axis=1)
        reaches = np.zeros(len(missing), bool)
        if length > MOST_CHARACTERS:
            return reaches
        for count in np.unique(missing).tolist():
            rows = missing == count
            needed = self._log_probability_needed(count, min(longest, MOST_CHARACTERS))[of_prefixes]
            reaches[rows] = log_probabilities[rows] >= needed[rule_of[rows], length]
        return reaches

    def _log_probability_needed(
        self, missing: int, longest: int
    ) -> tuple[Float64[Array, "R lengths"], Float64[Array, "R lengths"]]:
        """The log-probability that names with so many missing n-grams need, by rule and length; and prefixes, too."""
        key = missing, longest
        if key not in self._needed:
            lengths = np.arange(longest + 1)
            cost = NGRAM_COST * missing
            of_names = np.array(
                [
                    rule.mean(lengths) + (rule.threshold + cost) * rule.spread(lengths)
                    for rule in self.rules
                ]
            )  # (R, lengths)
            of_prefixes = np.minimum.accumulate(of_names[:, ::-1], axis=1)[
                :, ::-1
            ]  # the least over longer names
            self._needed[key] = of_names, of_prefixes
        return self._needed[key]
