"""Constraints for a string that each name starts with, contains or ends with.

Strings are compared exactly, including upper and lower case, and may overlap.
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
    """A string that each name has somewhere.

    Args:
        value: the string; an empty one accepts every name.

    Raises:
        SettingsError: it has more than 10,000 characters, which would take a search too long.
    """

    empty_accepts_all = True
    edges: ClassVar[tuple[int, ...]] = ()  # indexes of its characters at an end of the name
    value: str

    def __init__(self, value: str) -> None:
        super().__init__(composed(value))
        if len(self.value) > MAX_TEXT:
            raise SettingsError(
                f"{setting(self.shown_name)} has {len(self.value):,} characters: use at most {MAX_TEXT:,}"
            )

    def check(self, vocabulary: Vocabulary, constraints: ConstraintList) -> None:
        """Raise SettingsError if the model doesn't know a character, or if the name would start or end with a space."""
        unknown = vocabulary.unknown(self.value)
        if unknown:
            raise SettingsError(
                f"{self.shown} has the characters {unknown!r}, which the model has never seen: use characters of its "
                "list (upper and lower case differ), or train on a list that has them"
            )
        if any(self.value[index].isspace() for index in self.edges):
            raise SettingsError(
                f"{self.shown} starts or ends the name with a space, but names never do: remove the space"
            )


class StartsWith(TextConstraint):
    """The start of each name. It's forced (see ``PrefixFilter``), so it rejects no draw."""

    key = setting_name = "starts_with"
    edges = (0,)

    def check(self, vocabulary: Vocabulary, constraints: ConstraintList) -> None:
        """Raise SettingsError if no name with this start can match the regular expression (``matches``)."""
        super().check(vocabulary, constraints)
        matches = constraints.get(Matches)
        if matches is not None and not matches.may_begin(self.value):
            raise SettingsError(
                f"{self.shown} contradicts {matches.shown}: no name with this start matches"
            )

    def accepts(self, name: str) -> bool:
        """Return whether the name starts with the string."""
        return name.startswith(self.value)


class Contains(TextConstraint):
    """A string that each name contains."""

    key = setting_name = "contains"

    def tracker(self, vocabulary: Vocabulary, longest: int) -> Tracker:
        """Return a tracker that rejects prefixes that leave too little room for the string."""
        return Automaton(vocabulary.encode(self.value), vocabulary.size, longest, stays=True)

    def accepts(self, name: str) -> bool:
        """Return whether the name contains the string."""
        return self.value in name


class EndsWith(TextConstraint):
    """The end of each name."""

    key = setting_name = "ends_with"
    edges = (-1,)

    def tracker(self, vocabulary: Vocabulary, longest: int) -> Tracker:
        """Return a tracker that rejects prefixes that leave too little room for the string."""
        return Automaton(vocabulary.encode(self.value), vocabulary.size, longest, stays=False)

    def accepts(self, name: str) -> bool:
        """Return whether the name ends with the string."""
        return name.endswith(self.value)


class Automaton(Tracker):
    """Follows how much of a string the last characters of a prefix spell (Knuth, Morris and Pratt, 1977).

    The state is how many characters of the string are spelled. The next state is one table look-up.

    Args:
        text: token ids of the string, at least one.
        vocabulary_size: ``V``.
        longest: characters of the longest name that can be returned.
        stays: whether the string counts once it's spelled anywhere (``contains``), or only at the end (``ends_with``).
    """

    def __init__(
        self, text: Int32[Array, "characters"], vocabulary_size: int, longest: int, *, stays: bool
    ) -> None:
        length = len(text)
        self.longest = longest
        self.next_state = _next_states(text, vocabulary_size)  # (characters + 1, V)
        if stays:  # once the string is spelled, every next character leaves it spelled
            self.next_state[length] = length
        # (characters + 1,) characters that a prefix needs at least, by state
        self.missing = length - np.arange(length + 1)

    def advance(self, states: Int64[Array, "K"], tokens: Int32[Array, "K"]) -> Int64[Array, "K"]:
        """Look up the next states."""
        after: Int64[Array, "K"] = self.next_state[states, tokens]
        return after

    def rejects_prefixes(
        self, tokens: Int32[Array, "K depth"], states: Int64[Array, "K"]
    ) -> Bool[Array, "K"]:
        """Return which prefixes leave too little room for the missing characters."""
        room = self.longest - tokens.shape[1]
        rejected: Bool[Array, "K"] = self.missing[states] > room
        return rejected

    def rejects_names(
        self, tokens: Int32[Array, "K depth"], states: Int64[Array, "K"]
    ) -> Bool[Array, "K"]:
        """Return which names lack characters of the string."""
        rejected: Bool[Array, "K"] = self.missing[states] > 0
        return rejected


def _next_states(
    text: Int32[Array, "characters"], vocabulary_size: int
) -> Int64[Array, "states V"]:
    """Return the automaton's table: the next state for each state and each next token.

    The state is how many characters of the string the last tokens spell.
    """
    length = len(text)
    next_state = np.zeros((length + 1, vocabulary_size), np.int64)
    next_state[0, text[0]] = 1
    # The state after the string without its first character: its longest end that is also a start of the string. After
    # a wrong token, the automaton goes on from there.
    fallback = 0
    for state in range(1, length + 1):
        next_state[state] = next_state[fallback]
        if state < length:
            fallback = int(next_state[fallback, text[state]])
            next_state[state, text[state]] = state + 1
    return next_state


def shortest_text(start: str, inside: str, end: str) -> int:
    """Return the length of the shortest string with a given start, middle and end, which may overlap.

    >>> shortest_text("Mac", "", "ack"), shortest_text("ab", "bcd", "de"), shortest_text("a", "x", "b")
    (4, 5, 3)
    """
    without_middle = _overlap(start, end)
    if inside in without_middle:
        return len(without_middle)
    # A string that is in neither of the two reaches beyond both, so it overlaps with each as far as possible.
    with_middle = _overlap(_overlap(start, inside), end)
    return len(with_middle)


def _overlap(left: str, right: str) -> str:
    """Join two strings so that they overlap as far as possible.

    >>> _overlap("Mac", "ack")
    'Mack'
    """
    for overlap in range(min(len(left), len(right)), 0, -1):
        if left.endswith(right[:overlap]):
            return left + right[overlap:]
    return left + right
