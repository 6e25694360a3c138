"""Constraints for a text that each name begins with, contains or ends with.

Texts are compared as they stand, upper and lower case told apart, and may overlap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from namegen.core.data.vocabulary import Vocabulary
from namegen.core.generation.constraints.constraint import MAX_TEXT, Constraint, Tracker, composed
from namegen.core.generation.constraints.matches import Matches
from namegen.errors import SettingsError, setting
from namegen.types import Array, Bool, Int32, Int64

if TYPE_CHECKING:
    from namegen.core.generation.constraints.constraint_list import ConstraintList


class TextConstraint(Constraint):
    """A text that each name has somewhere.

    Args:
        value: the text; an empty one asks for nothing.

    Raises:
        SettingsError: it has more than 10,000 characters, which no search would come through.
    """

    empty_asks_nothing = True
    edges: ClassVar[tuple[int, ...]] = ()  # the places of its characters that begin or end a name
    value: str

    def __init__(self, value: str) -> None:
        super().__init__(composed(value))
        if len(self.value) > MAX_TEXT:
            raise SettingsError(
                f"{setting(self.name)} has {len(self.value):,} characters: give at most {MAX_TEXT:,}"
            )

    def check(self, vocabulary: Vocabulary, constraints: ConstraintList) -> None:
        """Its characters must be the model's, and no space may stand at an end of the name."""
        if unknown := vocabulary.unknown(self.value):
            raise SettingsError(
                f"{self.told} has the characters {unknown!r}, which the model has never seen: use those that its list "
                "has (upper and lower case differ), or train on a list that has them"
            )
        if any(self.value[place].isspace() for place in self.edges):
            raise SettingsError(
                f"{self.told} has a space at an end of the name, where no name has one: leave it out"
            )


class StartsWith(TextConstraint):
    """How a name begins. The beginning is forced (``PrefixFilter``), so no draw fails at it."""

    name = "starts_with"
    edges = (0,)

    def check(self, vocabulary: Vocabulary, constraints: ConstraintList) -> None:
        """One that begins so must be able to match."""
        super().check(vocabulary, constraints)
        matches = constraints.get(Matches)
        if matches is not None and not matches.may_begin(self.value):
            raise SettingsError(
                f"{self.told} contradicts {matches.told}: no name that begins so matches"
            )

    def keeps(self, name: str) -> bool:
        """The name begins so."""
        return name.startswith(self.value)


class Contains(TextConstraint):
    """What a name has somewhere."""

    name = "contains"

    def tracker(self, vocabulary: Vocabulary, longest: int) -> Tracker:
        """Drops what has too few characters left to spell it."""
        return Automaton(
            vocabulary.encode_all([self.value])[0], vocabulary.size, longest, stays=True
        )

    def keeps(self, name: str) -> bool:
        """The name has it."""
        return self.value in name


class EndsWith(TextConstraint):
    """How a name ends."""

    name = "ends_with"
    edges = (-1,)

    def tracker(self, vocabulary: Vocabulary, longest: int) -> Tracker:
        """Drops what has too few characters left to spell it."""
        return Automaton(
            vocabulary.encode_all([self.value])[0], vocabulary.size, longest, stays=False
        )

    def keeps(self, name: str) -> bool:
        """The name ends so."""
        return name.endswith(self.value)


class Automaton(Tracker):
    """Knows how much of one text the last characters of a prefix have spelled (Knuth, Morris and Pratt, 1977).

    One table look-up a character, and a lower bound on how many characters are still missing.

    Args:
        text: token ids, at least one.
        vocabulary_size: ``V``.
        longest: characters of the longest name that is given.
        stays: once the text is spelled that counts for good (``contains``), otherwise only at the end (``ends_with``).
    """

    def __init__(
        self, text: Int32[Array, "characters"], vocabulary_size: int, longest: int, *, stays: bool
    ) -> None:
        length = len(text)
        self.longest = longest
        self.table = np.zeros(
            (length + 1, vocabulary_size), np.int64
        )  # (characters + 1, V): where a character leads
        fallback = 0  # where the text without its first character leads: the longest end that is a beginning too
        for place in range(length + 1):
            self.table[place] = self.table[fallback] if place else 0
            if place < length:
                self.table[place, text[place]] = place + 1
                fallback = int(self.table[fallback, text[place]]) if place else 0
        if stays:
            self.table[length] = length
        self.missing = length - np.arange(
            length + 1
        )  # characters that a prefix still needs, at least

    def go_on(self, places: Int64[Array, "K"], tokens: Int32[Array, "K"]) -> Int64[Array, "K"]:
        """A look-up."""
        after: Int64[Array, "K"] = self.table[places, tokens]
        return after

    def refuses_prefixes(
        self, tokens: Int32[Array, "K depth"], places: Int64[Array, "K"]
    ) -> Bool[Array, "K"]:
        """More is missing than there is room for."""
        refused: Bool[Array, "K"] = self.missing[places] > self.longest - tokens.shape[1]
        return refused

    def refuses_names(
        self, tokens: Int32[Array, "K depth"], places: Int64[Array, "K"]
    ) -> Bool[Array, "K"]:
        """Something is missing."""
        refused: Bool[Array, "K"] = self.missing[places] > 0
        return refused


def shortest_text(beginning: str, inside: str, end: str) -> int:
    """Characters of the shortest text that begins, ends, and has something in it, as given; overlaps allowed.

    >>> shortest_text("Mac", "", "ack"), shortest_text("ab", "bcd", "de"), shortest_text("a", "x", "b")
    (4, 5, 3)
    """
    whole = _joined(beginning, end)
    if inside in whole:
        return len(whole)
    # If it lies in neither of the two, it reaches beyond both, so it overlaps with each as far as it can.
    return len(_joined(_joined(beginning, inside), end))


def _joined(left: str, right: str) -> str:
    """The shortest text that begins with the one and ends with the other."""
    for overlap in range(min(len(left), len(right)), 0, -1):
        if left.endswith(right[:overlap]):
            return left + right[overlap:]
    return left + right
