"""The wish for a regular expression: ``matches``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from namegen.core.data.vocabulary import Vocabulary
from namegen.core.generation.wishes.text import StartsWith, composed
from namegen.core.generation.wishes.tracker import Tracker
from namegen.core.generation.wishes.wish import Wish
from namegen.errors import SettingsError
from namegen.types import Array, Bool, Int32, Int64

if TYPE_CHECKING:  # loaded only where an expression is wished for
    from namegen.core.generation.wishes.pattern import Pattern
    from namegen.core.generation.wishes.wishlist import Wishlist


class Matches(Wish):
    """A regular expression for the whole name.

    Raises:
        SettingsError: it is none, or too large; the message says where and why.
    """

    name = "matches"

    def __init__(self, value: str) -> None:
        from namegen.core.generation.wishes.pattern import Pattern

        super().__init__(composed(value))
        self.pattern = Pattern(self.value)

    def check(self, vocabulary: Vocabulary, wishes: Wishlist) -> None:
        """A name that begins as is wished must be able to match."""
        beginning = wishes.get(StartsWith)
        if beginning is not None and not self.pattern.may_begin(beginning.text):
            raise SettingsError(f"{beginning.told} contradicts {self.told}: no name that begins so matches")

    def tracker(self, vocabulary: Vocabulary, longest: int) -> Tracker:
        """Drops what no match begins with, where the expression is one that can say so."""
        return PatternTracker(self.pattern, vocabulary)

    def keeps(self, name: str) -> bool:
        """The whole name matches."""
        return self.pattern.matches(name)


class PatternTracker(Tracker):
    """Asks the texts of prefixes."""

    def __init__(self, pattern: Pattern, vocabulary: Vocabulary) -> None:
        self.pattern, self.vocabulary = pattern, vocabulary

    def refuses_prefixes(self, tokens: Int32[Array, "K depth"], places: Int64[Array, "K"]) -> Bool[Array, "K"]:
        """Those that no matching name begins with."""
        if not self.pattern.prunes:
            return super().refuses_prefixes(tokens, places)
        begins = map(self.pattern.may_begin, self.vocabulary.decode_all(tokens))
        return ~np.fromiter(begins, bool, count=len(tokens))

    def refuses_names(self, tokens: Int32[Array, "K depth"], places: Int64[Array, "K"]) -> Bool[Array, "K"]:
        """Those that do not match as they stand."""
        matches = map(self.pattern.matches, self.vocabulary.decode_all(tokens))
        return ~np.fromiter(matches, bool, count=len(tokens))
