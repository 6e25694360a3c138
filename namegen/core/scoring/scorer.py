"""Scoring: which new names of a model are good enough to be returned.

A new name is returned if its score is in the top 1% of the model's new names:

    score(name) = z(name) − 1.5 · (its n-grams of orders 2 to 5 that the training set lacks; a pair counts as five)
                          − 3 · (its words that the training set lacks, if it has phrases)

    z(name) = (log p(name) + 2 · log p(end) − μ(length)) / r(length)

p(name) is the name's probability at temperature 1 given the label, and p(end) the probability of its end token. log p
is in nats. The end counts three times, because the beginning of a frequent name is so likely that an unlikely end would
cost little: `Rober` isn't a complete name. μ and r are straight lines in the length. They are fitted to the model's own
new names: to their mean, and to how widely they scatter around it, relative to the average. So long names aren't
punished for being long.

A training set has phrases if more than 30% of its names contain a space. Then the n-grams are those of its words, so
that known words may be combined in new ways.

Everything is measured once, when training ends, and stored as one ``ScoreRule`` per label. A prefix is dropped as soon
as it can't reach the threshold at any length. That is exact, because log p can only fall, and the number of missing
n-grams can only grow.

``docs/results/blind.md`` shows how readers rated the names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from namegen.core.checkpoint.metadata import Metadata
from namegen.core.checkpoint.ngram_set import END, NgramSet, digit_as_0, symbols_of
from namegen.core.checkpoint.score_rule import ScoreRule
from namegen.core.data.arrays import Columns
from namegen.core.data.normalization import KnownSet
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.scoring.words import WORD_COST, KnownWords
from namegen.types import Array, Bool, Float64, Int, Int32, Int64

END_WEIGHT = 3  # how often the log-probability of the end counts
NGRAM_COST = 1.5  # nats for each missing n-gram
MOST_CHARACTERS = 1_000  # a longer name doesn't reach the threshold


@dataclass(frozen=True, eq=False)
class Tally(Columns):
    """The scorer's state for some prefixes: one column per source."""

    # The longest known n-gram of up to four symbols that each prefix ends with.
    contexts: Int64[Array, "K sources"]
    # How many n-grams of each prefix a source lacks. A missing word counts as WORD_COST n-grams.
    missing: Int64[Array, "K sources"]


class Source:
    """The n-grams of a training set and, if it has phrases, its words. A blend has one source per model.

    Args:
        ngrams: n-grams of the words if the training set has phrases, else of the names.
        vocabulary: the characters of the training set.
        words: the known words (``known_words``); None if the training set has no phrases.
        label: the index of the label whose n-grams count; None: a name's own label.
        tokens: the vocabulary of the names; None: that of the training set.
    """

    def __init__(
        self,
        ngrams: NgramSet,
        vocabulary: Vocabulary,
        *,
        words: KnownSet | None = None,
        label: int | None = None,
        tokens: Vocabulary | None = None,
    ) -> None:
        self.ngrams = ngrams
        self.label = label
        self.vocabulary = tokens or vocabulary  # of the names
        self._training_vocabulary = vocabulary
        self._words = words
        self._known_words = None if words is None else KnownWords(words)
        self._is_blended = tokens is not None
        # (V,) the number that the n-grams use for each token. A blend has characters that this training set lacks.
        # They all have the number ``ngrams.symbols``, which occurs in no n-gram.
        training_characters = map(digit_as_0, vocabulary.characters)
        training_symbols = symbols_of(vocabulary)[1:].tolist()
        symbol_of = dict(zip(training_characters, training_symbols, strict=True))
        name_characters = map(digit_as_0, self.vocabulary.characters)
        symbols = [symbol_of.get(character, ngrams.symbols) for character in name_characters]
        self._symbols = np.array([END, *symbols])
        self._space = self.vocabulary.characters.find(" ") + 1  # token id; 0 without a space

    def for_blend(self, tokens: Vocabulary, label: int) -> Source:
        """Return the same source for the names of a blend, which have another vocabulary and no label of their own."""
        return Source(
            self.ngrams,
            self._training_vocabulary,
            words=self._words,
            label=self.label if self._is_blended else label,  # a blend can be blended again
            tokens=tokens,
        )

    def label_of(self, labels: Int64[Array, "K"]) -> Int64[Array, "K"]:
        """Return the label that counts for names with each label."""
        return labels if self.label is None else np.full(len(labels), self.label)

    def read(
        self,
        contexts: Int64[Array, "K"],
        tokens: Int32[Array, "K depth"],
        labels: Int64[Array, "K"],
        *,
        are_whole_names: bool,
    ) -> tuple[Int64[Array, "K"], Int64[Array, "K"]]:
        """Read the last character of some prefixes (or the end of names), and count the n-grams that are missing.

        Args:
            contexts: the longest known n-gram before that character.
            tokens: the prefixes.
            labels: the label that counts for each.
            are_whole_names: whether the end of the names is read.

        Returns:
            The contexts after the character, and how many of the n-grams that end there the training set lacks. A
            missing word counts as ``WORD_COST`` n-grams.
        """
        last = tokens[:, -1] if tokens.shape[1] else np.zeros(len(tokens), np.int32)  # (K,)
        symbols = np.full(len(tokens), END) if are_whole_names else self._symbols[last]  # (K,)
        if self._known_words is None:
            return self.ngrams.follow(contexts, symbols)
        # Each word is read like a name: a space ends it, and the next word starts without a context.
        is_word_end = (last == self._space) | are_whole_names  # (K,)
        symbols = np.where(is_word_end, END, symbols)
        contexts_after, missing = self.ngrams.follow(contexts, symbols)
        labels = labels[is_word_end]
        contexts_after[is_word_end] = self.ngrams.start[labels]
        prefixes = self.vocabulary.decode_all(tokens[is_word_end])
        words = [prefix.rstrip(" ").rpartition(" ")[2] for prefix in prefixes]
        is_new_word = ~self._known_words.contain(words, labels)
        missing[is_word_end] += WORD_COST * is_new_word
        return contexts_after, missing


def with_end_weight(
    log_probabilities: Float64[Array, "K"], before_end: Float64[Array, "K"]
) -> Float64[Array, "K"]:
    """Return the log-probabilities of names that their scores depend on, in which the end counts ``END_WEIGHT`` times.

    Args:
        log_probabilities: of whole names, in nats.
        before_end: of the names without their end tokens.

    >>> with_end_weight(np.array([-9.0]), np.array([-8.0]))
    array([-11.])
    """
    of_end: Float64[Array, "K"] = np.zeros_like(log_probabilities)
    is_possible = log_probabilities > -np.inf  # a beginning that the user forces may be impossible
    np.subtract(log_probabilities, before_end, out=of_end, where=is_possible)
    weighted: Float64[Array, "K"] = log_probabilities + (END_WEIGHT - 1) * of_end
    return weighted


def scorer_of(metadata: Metadata) -> Scorer | None:
    """Return the scorer of a model; None if the model doesn't store n-grams."""
    if metadata.ngrams is None:
        return None
    source = Source(metadata.ngrams, metadata.vocabulary, words=metadata.words)
    return Scorer([source], metadata.vocabulary.size, metadata.score_rules)


class Scorer:
    """Scores the new names of a model, and the prefixes that may become such names.

    Args:
        sources: one, or one per model of a blend. The source that lacks the fewest n-grams counts.
        first_label: the start token of the first label; any number without labels.
        rules: by label, or one for all names; () before they are measured.
    """

    def __init__(
        self, sources: Sequence[Source], first_label: int, rules: Sequence[ScoreRule] = ()
    ) -> None:
        self.sources = tuple(sources)
        self.first_label = first_label
        self.rules = tuple(rules)
        # The log-probability that names or prefixes need, in nats: by the number of missing n-grams, the length of
        # the longest name, and whether they're whole names.
        self._needed: dict[tuple[int, int, bool], Float64[Array, "R lengths"]] = {}

    def with_rules_of(self, start_tokens: Int[Array, "R"], rules: Sequence[ScoreRule]) -> Scorer:
        """Return a scorer with the same sources and other rules: one for each of some labels, or one for all.

        Args:
            start_tokens: the start tokens of these labels.
            rules: in the same order.
        """
        rule_of_label = list(rules)
        if len(rules) > 1:
            labels = self.labels(start_tokens)
            rule_of_label = [rules[0]] * (int(labels.max()) + 1)
            for label, rule in zip(labels.tolist(), rules, strict=True):
                rule_of_label[label] = rule
        return Scorer(self.sources, self.first_label, rule_of_label)

    def labels(self, start_tokens: Int[Array, "K"]) -> Int64[Array, "K"]:
        """Return the index of each name's label, from its start token; 0 without labels."""
        return np.maximum(start_tokens.astype(np.int64) - self.first_label, 0)

    def start(self, start_tokens: Int[Array, "K"]) -> Tally:
        """Start counting the missing n-grams of some names: return the tally before their first character."""
        labels = self.labels(start_tokens)
        contexts = [source.ngrams.start[source.label_of(labels)] for source in self.sources]
        missing = np.zeros((len(labels), len(self.sources)), np.int64)
        return Tally(np.stack(contexts, axis=1), missing)

    def read(
        self,
        tally: Tally,
        tokens: Int32[Array, "K depth"],
        start_tokens: Int[Array, "K"],
        *,
        are_whole_names: bool = False,
    ) -> Tally:
        """Update the tally of missing n-grams with the last character of some prefixes, or with the end of names.

        Args:
            tally: the tally before that character or end.
            tokens: the prefixes.
            start_tokens: the start token of each.
            are_whole_names: whether the prefixes are whole names, whose end is read.
        """
        labels = self.labels(start_tokens)
        contexts = np.empty_like(tally.contexts)  # (K, sources)
        missing = np.empty_like(tally.missing)  # (K, sources)
        for column, source in enumerate(self.sources):
            contexts[:, column], missing[:, column] = source.read(
                tally.contexts[:, column],
                tokens,
                source.label_of(labels),
                are_whole_names=are_whole_names,
            )
        return Tally(contexts, tally.missing + missing)

    def missing(self, names: Sequence[str], start_tokens: Int[Array, "K"]) -> Int64[Array, "K"]:
        """Count the n-grams of each name that the training set lacks. Names of the same length are read together.

        In a blend, the training set that lacks the fewest counts.
        """
        tokens, lengths = self.sources[0].vocabulary.encode_all(names)
        first_index = np.cumsum(lengths) - lengths  # (K,) where each name starts
        missing = np.empty(len(lengths), np.int64)  # (K,)
        for length in np.unique(lengths):
            rows = np.flatnonzero(lengths == length)
            token_indexes = first_index[rows][:, None] + np.arange(length)  # (rows, length)
            names_of_length = tokens[token_indexes]  # (rows, length)
            starts = start_tokens[rows]
            tally = self.start(starts)
            for end in range(1, length + 1):
                tally = self.read(tally, names_of_length[:, :end], starts)
            tally = self.read(tally, names_of_length, starts, are_whole_names=True)
            missing[rows] = tally.missing.min(axis=1)
        return missing

    def scores_of(
        self,
        names: Sequence[str],
        log_probabilities: Float64[Array, "K"],
        start_tokens: Int[Array, "K"],
    ) -> Float64[Array, "K"]:
        """Return the scores of names, in nats; see ``scores``."""
        return self.scores(
            log_probabilities,
            lengths=np.array([len(name) for name in names], np.int64),
            missing=self.missing(names, start_tokens),
            start_tokens=start_tokens,
        )

    def scores(
        self,
        log_probabilities: Float64[Array, "K"],
        lengths: Int64[Array, "K"],
        missing: Int64[Array, "K"],
        start_tokens: Int[Array, "K"],
    ) -> Float64[Array, "K"]:
        """Return the scores of names, in nats: high for likely names of their length, without missing n-grams.

        Args:
            log_probabilities: of each name, in nats; see ``with_end_weight``.
            lengths: characters of each name.
            missing: n-grams of each name that the training set lacks.
            start_tokens: the start token of each name.
        """
        rule_of_name = self._rule_indexes(start_tokens)  # (K,)
        z = np.empty(len(lengths))  # (K,)
        for index in np.unique(rule_of_name):
            rows = np.flatnonzero(rule_of_name == index)
            rule = self.rules[index]
            deviation = log_probabilities[rows] - rule.mean(lengths[rows])
            z[rows] = deviation / rule.spread(lengths[rows])
        return z - NGRAM_COST * missing

    def reaches(
        self,
        log_probabilities: Float64[Array, "K"],
        *,
        length: int,
        tally: Tally,
        start_tokens: Int[Array, "K"],
        longest: int,
        are_whole_names: bool,
    ) -> Bool[Array, "K"]:
        """Return which names reach the threshold, or which prefixes could become a name that reaches it.

        Args:
            log_probabilities: of each prefix, in nats, or of each name; see ``with_end_weight``.
            length: characters of each.
            tally: the n-grams that each of them lacks.
            start_tokens: the start token of each.
            longest: characters of the longest name that can be returned.
            are_whole_names: whether they are whole names, not prefixes.
        """
        if length > MOST_CHARACTERS:
            return np.zeros(len(log_probabilities), bool)
        longest = min(longest, MOST_CHARACTERS)
        rule_of_name = self._rule_indexes(start_tokens)  # (K,)
        missing = tally.missing.min(axis=1)  # (K,)
        reaches = np.empty(len(missing), bool)
        for count in np.unique(missing).tolist():
            needed = self._log_probability_needed(count, longest, are_whole_names)  # (R, lengths)
            rows = missing == count
            reaches[rows] = log_probabilities[rows] >= needed[rule_of_name[rows], length]
        return reaches

    def _rule_indexes(self, start_tokens: Int[Array, "K"]) -> Int64[Array, "K"]:
        """Return the index of the rule for each name."""
        return np.minimum(self.labels(start_tokens), len(self.rules) - 1)

    def _log_probability_needed(
        self, missing: int, longest: int, are_whole_names: bool
    ) -> Float64[Array, "R lengths"]:
        """Return the log-probability that names or prefixes with missing n-grams need to reach the threshold."""
        key = missing, longest, are_whole_names
        if key not in self._needed:
            lengths = np.arange(longest + 1)
            needed = np.array(
                [
                    rule.mean(lengths)
                    + (rule.threshold + NGRAM_COST * missing) * rule.spread(lengths)
                    for rule in self.rules
                ]
            )  # (R, lengths)
            if not are_whole_names:
                # A prefix needs the least of all lengths that it can still reach: a running minimum from the right.
                needed = np.minimum.accumulate(needed[:, ::-1], axis=1)[:, ::-1]
            self._needed[key] = needed
        return self._needed[key]
