"""Patterns: features that a name only has if a name of the list has them.

A network sometimes returns names such as `McgEe`, `ensbury`, `ANna`, `Annna`, `Pink Pink` or `Brrt`. Their characters
may be likely, but if no name of the list has such a feature, it looks like a mistake.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import groupby
from unicodedata import category, normalize

CAPITALS = "XXx"  # several capitals before small letters
TRIPLE = "aaa"  # a letter three times in a row
REPEATED_WORD = "word word"
NO_VOWEL = "bcd"
FIRST = "^"  # before the case pattern of the first word
SHORTEST_REPEATED = 3  # letters; a shorter word, such as an initial, may be repeated
_TRIPLE = re.compile(r"([^\W\d_])\1\1")
_LATIN = re.compile("[a-z]")
_VOWEL = re.compile("[aeiouyæøœəıɛɔ]")


def patterns_of(name: str) -> set[str]:
    """Return the patterns of a name: the letter case of its words, and unusual features.

    In the letter case of a word, X stands for capitals and x for other letters.

    >>> sorted(patterns_of("Annna McGee")), sorted(patterns_of("dr Brrt-brrt"))
    (['XxXx', '^Xx', 'aaa'], ['Xx', '^x', 'bcd', 'word word', 'x'])
    """
    # The words: stretches of letters.
    words = [name]
    if not name.isalpha():
        words = ["".join(letters) for is_word, letters in groupby(name, str.isalpha) if is_word]
    # The letter case of each word, such as XxXx for McGee: each stretch of the same case counts once.
    patterns = set()
    for index, word in enumerate(words):
        if word[0].isupper() and word[1:].islower():  # most words, in a third of the time
            pattern = "Xx"
        else:
            is_capital = [category(letter) in ("Lu", "Lt") for letter in word]
            cases = "".join("X" if capital else "x" for capital in is_capital)
            if CAPITALS in cases:
                patterns.add(CAPITALS)
            pattern = "".join(case for case, _ in groupby(cases))
        patterns.add(FIRST + pattern if index == 0 else pattern)
    # More unusual features: a letter three times in a row, a repeated word, and Latin letters without a vowel.
    lower = name.lower()
    if _TRIPLE.search(lower):
        patterns.add(TRIPLE)
    long_words = [word.lower() for word in words if len(word) >= SHORTEST_REPEATED]
    if len(set(long_words)) < len(long_words):
        patterns.add(REPEATED_WORD)
    without_accents = lower if lower.isascii() else normalize("NFD", lower)
    if _LATIN.search(without_accents) and not _VOWEL.search(without_accents):
        patterns.add(NO_VOWEL)
    return patterns


def patterns_of_list(names: Iterable[str]) -> tuple[str, ...]:
    """Return all patterns of the names of a list, sorted."""
    patterns: set[str] = set()
    for name in set(names):
        patterns |= patterns_of(name)
    return tuple(sorted(patterns))
