"""The constraint that a new company's name doesn't start like a listed company's.

The **start** of a company's name is its first word, without "The". If the first word is common, the start is the first
two words. A word is common if several listed names start with it, none of them consists of it alone, and it also occurs
later in a listed name: "American" is common, but "BlackRock" isn't, since only that company's own funds start with it.

No listed company starts with "Communications" or "Corp", which occur only later in names. So no new name may either.

A new name is rejected if its first word, or its first two words joined, is such a start: "Black Rock". The same holds
if one letter is different, missing or added. To find such misspellings quickly, each start is stored as it is, and
with each of its letters replaced by a wildcard: "a?ple". A word is looked up as it is, with each letter replaced by a
wildcard, with each letter removed, and with a wildcard added between any two letters.

Three more kinds of names are rejected: a common word with nothing but a legal form ("American Inc"), a name with the
same word twice in a row, and a name that starts with a misspelled long common word ("Natinal").
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

import numpy as np

from namegen.core.data.normalization import SEPARATORS, Normalization, bare
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.generation.constraints.constraint import (
    MORE_VARIETY,
    Constraint,
    Rejected,
    States,
    Tokens,
)
from namegen.core.generation.request import GenerationRequest, shown_text
from namegen.errors import SettingsError, setting
from namegen.types import Array, Int32

WILDCARD = "?"  # occurs in no word
LONG = 6  # letters of a common word; a shorter word and its misspelling may be two different words
LISTED = setting("allow_seen", True)
_SPACE_FOR_SEPARATOR = {ord(separator): " " for separator in SEPARATORS}


def words_of(name: str) -> list[str]:
    """Split a name into normalized words, which are compared with the words of other names. A first "The" is left out.

    >>> words_of("THE GAP, INC."), words_of("The")
    (['gap', 'inc'], ['the'])
    """
    separate_words = name.translate(_SPACE_FOR_SEPARATOR).split()
    normalized = map(bare, separate_words)
    words = list(filter(None, normalized))
    if len(words) > 1 and words[0] == "the":
        return words[1:]
    return words


def starts_of_names(names: Iterable[str], normalization: Normalization) -> tuple[str, ...]:
    """Return the starts of listed companies' names, and the words that occur only later in them, sorted.

    Args:
        names: the listed companies.
        normalization: the rule of their list.

    >>> from namegen.core.data.normalization import normalization_of
    >>> listed = ["American Airlines", "American Tower", "Bank of American Airlines", "The Gap, Inc."]
    >>> starts_of_names(listed, Normalization())
    ('airlines', 'american airlines', 'american tower', 'bank', 'gap')
    """
    words_of_names = [words_of(normalization.without_endings(name)) for name in names]
    listed_words = [words for words in words_of_names if words]
    first_words = Counter(words[0] for words in listed_words)
    later_words: Counter[str] = Counter()
    for words in listed_words:
        later_words.update(words[1:])
    # Common words: several names start with one, no name consists only of it, and it also occurs later in a name.
    repeated = {word for word, count in first_words.items() if count > 1}
    single_words = {words[0] for words in listed_words if len(words) == 1}
    common = (repeated & later_words.keys()) - single_words
    starts: set[str] = set()
    for words in listed_words:
        start_length = 2 if words[0] in common else 1
        starts.add(" ".join(words[:start_length]))
    occurs_only_later = {word for word, count in later_words.items() if count > 1} - set(
        first_words
    )
    starts |= occurs_only_later
    starts.update(filter(None, normalization.endings))
    return tuple(sorted(starts))


class Unclaimed(Constraint):
    """The constraint that a name doesn't start like a listed company's.

    While names are drawn, it checks prefixes that end with their first or second word. The state is the number of
    separators so far.

    Args:
        starts: the starts of the listed names; see ``starts_of_names``.
        normalization: the rule of their list.
        vocabulary: the model's characters.

    >>> from namegen.core.data.normalization import normalization_of
    >>> starts = ["american airlines", "blackrock", "gap"]
    >>> constraint = Unclaimed(starts, normalization_of("company"), Vocabulary(" "))
    >>> names = ("American Gold", "Blackrok Inc", "Black Rock Inc", "Gape Co", "American Inc")
    >>> [constraint.accepts(name) for name in names]
    [True, False, False, False, False]
    >>> [constraint.accepts(name) for name in ("Gold Gold Inc", ".", "Amercan Gold", "American S Gold")]
    [False, False, False, True]
    """

    key = "begins_as_a_listed_company"
    compares = True
    advice = (MORE_VARIETY, f"allow names of the list with {LISTED}")
    prunes = True

    def __init__(
        self, starts: Sequence[str], normalization: Normalization, vocabulary: Vocabulary
    ) -> None:
        self._normalization = normalization
        self._vocabulary = vocabulary
        separates = [
            character.isspace() or character in SEPARATORS for character in vocabulary.characters
        ]
        self._separates = np.array([False, *separates])  # (V,)
        self._common: set[str] = set()  # words that need a second word
        for start in starts:
            first_word, _, second_word = start.partition(" ")
            if second_word:
                self._common.add(first_word)
        long_common = [word for word in self._common if len(word) >= LONG]
        joined_starts = [start.replace(" ", "") for start in starts]
        # The keys of all starts, for two joined words; for a single word also those of long common words.
        self._keys = _stored_keys(joined_starts)
        self._first_word_keys = _stored_keys(long_common) | self._keys
        # Earlier results, since many names start alike, by word and whether it's a single word.
        self._is_claimed_cache: dict[tuple[str, bool], bool] = {}

    def check(self, request: GenerationRequest) -> None:
        """Raise SettingsError if the string that every name starts with is a listed company's start."""
        complete_words = request.starts_with.rpartition(" ")[0]
        if not self.may_begin(complete_words):
            raise SettingsError(
                f"{shown_text('starts_with', request.starts_with)} is (nearly) the start of a listed company's name: "
                f"change it, or allow such names with {LISTED}"
            )

    def advance(self, states: States, tokens: Int32[Array, "K"]) -> States:
        """Count separators."""
        after: States = states + self._separates[tokens]
        return after

    def rejects_prefixes(self, tokens: Tokens, states: States) -> Rejected:
        """Return which prefixes have just completed a listed company's start."""
        rejected = super().rejects_prefixes(tokens, states)
        if tokens.shape[1] == 0:
            return rejected
        completes_start = self._separates[tokens[:, -1]] & (states <= 2)
        rows = np.flatnonzero(completes_start)
        prefixes = self._vocabulary.decode_all(tokens[rows])
        rejected[rows] = [not self.may_begin(prefix) for prefix in prefixes]
        return rejected

    def accepts(self, name: str) -> bool:
        """Return whether the name's start is new, it's more than a common word, and no word is repeated in a row."""
        words = words_of(self._normalization.without_endings(name))
        joined_words = "".join(words)
        is_only_common_word = joined_words in self._common
        if not joined_words or is_only_common_word:
            return False
        has_repeated_word = any(word == following for word, following in pairwise(words))
        return not has_repeated_word and self.may_begin(name)

    def may_begin(self, name: str) -> bool:
        """Return whether neither the first word nor the first two words are a listed company's start."""
        words = words_of(name)
        if not words:
            return True
        is_common = words[0] in self._common
        if not is_common and self._is_claimed(words[0], is_single=True):
            return False
        if len(words) == 1:
            return True
        return not self._is_claimed(words[0] + words[1], is_single=False)

    def _is_claimed(self, word: str, *, is_single: bool) -> bool:
        """Return whether a single word, or two joined words, are within one letter of a listed company's start."""
        cache_key = word, is_single
        if cache_key not in self._is_claimed_cache:
            claimed_keys = self._first_word_keys if is_single else self._keys
            is_claimed = bool(word) and not claimed_keys.isdisjoint(_lookup_keys(word))
            self._is_claimed_cache[cache_key] = is_claimed
        return self._is_claimed_cache[cache_key]


def _stored_keys(words: Sequence[str]) -> set[str]:
    """Return the keys under which words are stored: each word as it is, and with each letter replaced by a wildcard."""
    keys = set(words)
    for word in words:
        for index in range(len(word)):
            keys.add(word[:index] + WILDCARD + word[index + 1 :])
    return keys


def _lookup_keys(word: str) -> Iterator[str]:
    """Yield the keys to look for, to find out whether a word differs by at most one letter from a stored word.

    If it does, at least one of them is among the ``_stored_keys``.
    """
    yield word
    for index in range(len(word) + 1):
        before = word[:index]
        after = word[index:]
        yield before + WILDCARD + after  # a letter is missing
        yield before + WILDCARD + after[1:]  # a letter is different
        yield before + after[1:]  # a letter was added
