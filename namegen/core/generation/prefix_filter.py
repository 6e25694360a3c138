"""PrefixFilter: which prefixes can still become a name that is wanted, a whole array of them at a time.

For ``starts_with``, ``contains`` and ``ends_with`` a prefix is looked at through a small automaton (Knuth, Morris and
Pratt, 1977): one table look-up a character, and a lower bound on how many characters are still missing. ``matches`` is
asked of the text itself. What the filter drops can never become a wanted name; what it keeps may still fail later.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import numpy as np

from namegen.core.data.vocabulary import Vocabulary
from namegen.core.generation.constraints import Constraints
from namegen.types import Array, Bool, Int, Int32, Int64

Places: TypeAlias = dict[str, Int64[Array, "..."]]  # of each prefix, where it stands in each automaton


class Automaton:
    """Reads characters and knows how much of one text the last of them have spelled.

    Args:
        text: token ids, at least one.
        vocabulary_size: ``V``.
        stays: once the text is spelled that counts for good (``contains``), otherwise only at the end (``ends_with``).
    """

    def __init__(self, text: Int32[Array, "L"], vocabulary_size: int, *, stays: bool) -> None:
        length = len(text)
        self.table = np.zeros((length + 1, vocabulary_size), np.int64)  # (L + 1, V): where a character leads
        fallback = 0  # where the text without its first character leads: the longest end that is a beginning too
        for place in range(length + 1):
            self.table[place] = self.table[fallback] if place else 0
            if place < length:
                self.table[place, text[place]] = place + 1
                fallback = int(self.table[fallback, text[place]]) if place else 0
        if stays:
            self.table[length] = length
        self.missing = length - np.arange(length + 1)  # characters that a prefix still needs, at least


class PrefixFilter:
    """What a walk asks of its prefixes.

    Args:
        constraints: the wish, already checked against the vocabulary (``Constraints.check``).
        vocabulary: the model's.
        longest: characters of the longest name that is given.
    """

    def __init__(self, constraints: Constraints, vocabulary: Vocabulary, longest: int) -> None:
        self.constraints, self.vocabulary, self.longest = constraints, vocabulary, longest
        self.beginning: Int32[Array, "L"] = vocabulary.encode_all([constraints.starts_with])[0]
        self._automata = {
            reason: Automaton(vocabulary.encode_all([text])[0], vocabulary.size, stays=stays)
            for reason, text, stays in (
                ("contains", constraints.contains, True),
                ("ends_with", constraints.ends_with, False),
            )
            if text
        }
        pattern = constraints.pattern
        self._pattern = pattern if pattern is not None and pattern.prunes else None

    def start(self) -> Places:
        """Where the beginning that is forced stands: one row."""
        places = {}
        for reason, automaton in self._automata.items():
            place = 0
            for token in self.beginning.tolist():
                place = int(automaton.table[place, token])
            places[reason] = np.array([place])
        return places

    def go_on(self, places: Places, rows: Int[Array, "K"], tokens: Int[Array, "K"]) -> Places:
        """Where the prefixes stand after one more character each."""
        return {reason: automaton.table[places[reason][rows], tokens] for reason, automaton in self._automata.items()}

    def select(self, places: Places, rows: Int[Array, "K"]) -> Places:
        """Gather rows."""
        return {reason: place[rows] for reason, place in places.items()}

    def refused_prefixes(
        self, tokens: Int32[Array, "B depth"], places: Places
    ) -> Iterator[tuple[str, Bool[Array, "B"]]]:
        """By reason, the prefixes that no wanted name begins with."""
        rows, depth = tokens.shape
        if depth > self.longest:
            yield "max_length", np.ones(rows, bool)
            return
        for reason, automaton in self._automata.items():
            yield reason, automaton.missing[places[reason]] > self.longest - depth
        if self._pattern is not None:
            begins = map(self._pattern.may_begin, self.vocabulary.decode_all(tokens))
            yield "matches", ~np.fromiter(begins, bool, count=rows)

    def refused_names(
        self, tokens: Int32[Array, "B depth"], places: Places, rows: Int[Array, "K"]
    ) -> Iterator[tuple[str, Bool[Array, "K"]]]:
        """By reason, which of some prefixes are not wanted as whole names."""
        if tokens.shape[1] < self.constraints.min_length:
            yield "min_length", np.ones(len(rows), bool)
        for reason, automaton in self._automata.items():
            yield reason, automaton.missing[places[reason][rows]] > 0
        if (pattern := self.constraints.pattern) is not None:
            matches = map(pattern.matches, self.vocabulary.decode_all(tokens[rows]))
            yield "matches", ~np.fromiter(matches, bool, count=len(rows))
