"""Constraints on the characters and words of a name, such as usual patterns, excluded words and profanity."""

from __future__ import annotations

import operator
import re
from collections.abc import Iterable
from itertools import product
from unicodedata import is_normalized

import numpy as np

from namegen.core.data.normalization import normalize
from namegen.core.data.patterns import patterns_of
from namegen.core.data.profanity import MAX_STRETCH, are_profane
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.generation.constraints.constraint import MORE_VARIETY, Constraint, Finished
from namegen.core.generation.request import GenerationRequest, shown_text
from namegen.errors import SettingsError, setting
from namegen.types import Array, Bool


class WellFormed(Constraint):
    """A name that could be in a list: not empty, no space at either end, and in Unicode's NFC.

    Names in lists are trimmed and composed (é is one character). A model that can return another form of a name can
    also return the name itself, with a different probability.

    Args:
        combines: whether the model's characters can form strings that aren't in NFC.

    >>> WellFormed().accepts("Anna"), WellFormed().accepts("Anna "), WellFormed(combines=True).accepts("Zoe\u0308")
    (True, False, False)
    """

    key = "not_a_name"
    advice = (MORE_VARIETY,)
    always = True
    rarely_rejects = True

    def __init__(self, combines: bool = False) -> None:
        self.combines = combines

    def accepts(self, name: str) -> bool:
        """Return whether the name could be in a list."""
        if name == "" or name != name.strip():
            return False
        return not self.combines or is_normalized("NFC", name)

    def rejects(self, finished: Finished) -> Bool[Array, "names"]:
        """Return which names couldn't be in a list. Calling ``accepts`` for each name would take longer."""
        if self.combines:
            return super().rejects(finished)
        names = finished.names
        stripped = map(str.strip, names)
        has_outer_space = map(operator.ne, names, stripped)
        rejected = np.fromiter(has_outer_space, bool, count=len(names))
        if not all(names):
            is_empty = map(operator.not_, names)
            rejected |= np.fromiter(is_empty, bool, count=len(names))
        return rejected


class UsualPatterns(Constraint):
    """A name has no feature that no name of the model's list has, such as a letter three times in a row.

    >>> UsualPatterns(("^Xx",)).accepts("Anna"), UsualPatterns(("^Xx",)).accepts("AnNa")
    (True, False)
    """

    key = "patterns"
    advice = (MORE_VARIETY,)
    always = True
    rarely_rejects = True

    def __init__(self, patterns: Iterable[str]) -> None:
        self.patterns = set(patterns)

    def accepts(self, name: str) -> bool:
        """Return whether the list has all patterns of the name."""
        return patterns_of(name) <= self.patterns


class ExcludedWords(Constraint):
    """Words that no name contains.

    Letter case, spaces and punctuation are ignored, in the words and in the name. A word that consists of punctuation
    is looked for exactly. Empty words exclude nothing. A word after ``=`` is excluded only as a whole word: as the
    whole name, or between spaces or hyphens.

    >>> constraint = ExcludedWords(["ass", "Bob", "=ann"])
    >>> [constraint.accepts(name) for name in ("M. Assaf", "B-o-b", "Basil", "Anna", "Mary Ann", "Ann-Lee")]
    [False, False, True, True, False, False]
    """

    key = "exclude_words"
    advice = (f"shorten the list of {setting(key)}",)

    def __init__(self, words: Iterable[str]) -> None:
        words = {word.strip().casefold() for word in words}
        anywhere = {word for word in words if not word.startswith("=")}
        with_equals_sign = words - anywhere
        self._whole_words = {normalize(word[1:]) for word in with_equals_sign} - {""}
        # The words excluded anywhere, by length, so that ten thousand words take no longer than ten.
        self._words_by_length: dict[int, set[str]] = {}
        for word in anywhere | {normalize(word) for word in anywhere}:
            if word:
                self._words_by_length.setdefault(len(word), set()).add(word)

    def check(self, request: GenerationRequest) -> None:
        """Raise SettingsError if a required string contains an excluded word."""
        for name, text in request.required.items():
            if self._contains_word(text):
                raise SettingsError(
                    f"{shown_text(name, text)} contradicts {setting(self.key)}: it contains a banned word"
                )

    def accepts(self, name: str) -> bool:
        """Return whether the name contains none of the words."""
        if self._whole_words:
            parts = re.split(r"[\s-]+", name)
            whole_words = map(normalize, [name, *parts])
            if not self._whole_words.isdisjoint(whole_words):
                return False
        return not self._contains_word(name)

    def _contains_word(self, text: str) -> bool:
        """Return whether a string contains an excluded word, with or without its spaces and punctuation."""
        for form in {text.casefold(), normalize(text)}:
            for length, words in self._words_by_length.items():
                starts = range(len(form) - length + 1)
                substrings = (form[start : start + length] for start in starts)
                if not words.isdisjoint(substrings):
                    return True
        return False


class NoProfanity(Constraint):
    """A name without profanity (``core/data/profanity.py``)."""

    key = "no_profanity"
    option = "allow_profanity"
    advice = (f"allow profanity with {setting(option, True)}",)
    always = True
    rarely_rejects = True

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary

    def check(self, request: GenerationRequest) -> None:
        """Raise SettingsError if a required string is profanity whatever characters are next to it."""
        for name, text in request.required.items():
            if not are_profane([text])[0]:
                continue
            # The characters that can be before and after it; "" at an end of the name.
            before = [""] if name == "starts_with" else ["", *self.vocabulary.characters]
            after = [""] if name == "ends_with" else ["", *self.vocabulary.characters]
            neighbors = list(product(before, after))
            if len(text) > MAX_STRETCH:  # no profanity reaches both of its ends
                neighbors = [pair for pair in neighbors if "" in pair]
            if are_profane([f"{left}{text}{right}" for left, right in neighbors]).all():
                raise SettingsError(
                    f"{shown_text(name, text)} contains profanity: change it, or {self.advice[0]}"
                )

    def rejects(self, finished: Finished) -> Bool[Array, "names"]:
        """Return which names contain profanity."""
        return are_profane(finished.names)
