"""Constraints for a string that each name starts with, contains or ends with.

Strings are compared exactly, including upper and lower case, and may overlap.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from namegen.core.data.vocabulary import Vocabulary
from namegen.core.generation.constraints.constraint import Constraint, Rejected, States, Tokens
from namegen.core.generation.request import GenerationRequest, shown_text
from namegen.errors import SettingsError
from namegen.types import Array, Int32


class TextConstraint(Constraint):
    """A string that each name has somewhere.

    Args:
        text: the string, not empty.
        vocabulary: the model's characters.
        longest: characters of the longest name that can be returned.
    """

    edge: ClassVar[int | None] = None  # the index of its character at an end of the name

    def __init__(self, text: str, vocabulary: Vocabulary, longest: int) -> None:
        self.text = text
        self.vocabulary = vocabulary
        self.longest = longest

    def check(self, request: GenerationRequest) -> None:
        """Raise SettingsError if the model doesn't know a character, or if the name would start or end with a space."""
        shown = shown_text(self.key, self.text)
        unknown = self.vocabulary.unknown(self.text)
        if unknown:
            raise SettingsError(
                f"{shown} has the characters {unknown!r}, which the model has never seen: use characters of its list "
                "(upper and lower case differ), or train on a list that has them"
            )
        if self.edge is not None and self.text[self.edge].isspace():
            raise SettingsError(
                f"{shown} starts or ends the name with a space, but names never do: remove the space"
            )


class StartsWith(TextConstraint):
    """The start of each name. The walk begins after these characters, so no draw is rejected."""

    key = "starts_with"
    edge = 0

    def accepts(self, name: str) -> bool:
        """Return whether the name starts with the string."""
        return name.startswith(self.text)


class SpelledText(TextConstraint):
    """A string that can come at any time, which an automaton follows (Knuth, Morris and Pratt, 1977).

    The state is how many characters of the string the last characters of a prefix spell. The next state is one table
    look-up.
    """

    prunes = True
    stays: ClassVar[
        bool
    ]  # whether the string counts once it's spelled, or only at the end of a name

    def start(self, forced: Int32[Array, "characters"]) -> int:
        """Make the table, now that the vocabulary is known to have all characters."""
        text = self.vocabulary.encode(self.text)
        length = len(text)
        # (characters + 1, V) the next state for each state and each next token
        self.next_state = np.zeros((length + 1, self.vocabulary.size), np.int64)
        self.next_state[0, text[0]] = 1
        # The state after the string without its first character: its longest end that is also a start of the string.
        # After a wrong token, the automaton goes on from there.
        fallback = 0
        for state in range(1, length + 1):
            self.next_state[state] = self.next_state[fallback]
            if state < length:
                fallback = int(self.next_state[fallback, text[state]])
                self.next_state[state, text[state]] = state + 1
        if self.stays:
            self.next_state[length] = length
        # (characters + 1,) characters that a prefix needs at least, by state
        self.missing = length - np.arange(length + 1)
        return super().start(forced)

    def advance(self, states: States, tokens: Int32[Array, "K"]) -> States:
        """Look up the next states."""
        after: States = self.next_state[states, tokens]
        return after

    def rejects_prefixes(self, tokens: Tokens, states: States) -> Rejected:
        """Return which prefixes leave too little room for the missing characters."""
        room = self.longest - tokens.shape[1]
        rejected: Rejected = self.missing[states] > room
        return rejected

    def rejects_names(self, tokens: Tokens, states: States) -> Rejected:
        """Return which names lack characters of the string."""
        rejected: Rejected = self.missing[states] > 0
        return rejected


class Contains(SpelledText):
    """A string that each name contains."""

    key = "contains"
    stays = True

    def accepts(self, name: str) -> bool:
        """Return whether the name contains the string."""
        return self.text in name


class EndsWith(SpelledText):
    """The end of each name."""

    key = "ends_with"
    edge = -1
    stays = False

    def accepts(self, name: str) -> bool:
        """Return whether the name ends with the string."""
        return name.endswith(self.text)


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
