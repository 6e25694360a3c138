"""The wish for a regular expression: ``matches``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from namegen.core.data.vocabulary import BOUNDARY, Vocabulary
from namegen.core.generation.wishes.length import MaxLength, MinLength
from namegen.core.generation.wishes.text import StartsWith, composed
from namegen.core.generation.wishes.tracker import Tracker
from namegen.core.generation.wishes.wish import Wish
from namegen.errors import SettingsError, setting
from namegen.types import Array, Bool, Int32, Int64

if TYPE_CHECKING:  # loaded only where an expression is wished for
    from namegen.core.generation.wishes.pattern import Pattern
    from namegen.core.generation.wishes.wishlist import Wishlist

MOST_KNOWN = 200_000  # texts whose answers are kept
MOST_NUMBERED = 100  # characters that an expression tells apart: where there are more, hardly a text comes twice


class Matches(Wish):
    """A regular expression for the whole name.

    Raises:
        SettingsError: it is none, or too large; the message says where and why.
    """

    name = "matches"
    value: str

    def __init__(self, value: str) -> None:
        from namegen.core.generation.wishes.pattern import Pattern

        super().__init__(composed(value))
        self.pattern = Pattern(self.value)

    def check(self, vocabulary: Vocabulary, wishes: Wishlist) -> None:
        """A name that begins as is wished must be able to match, and one of the lengths that are wished, too."""
        beginning = wishes.get(StartsWith)
        if beginning is not None and not self.pattern.may_begin(beginning.text):
            raise SettingsError(f"{beginning.told} contradicts {self.told}: no name that begins so matches")
        if (missing := self.pattern.lacks(vocabulary.characters)) is not None:
            raise SettingsError(
                f"{self.told} matches no name of this model, which knows no character for {missing}: relax "
                f"{setting(self.name)}"
            )
        fewest, most = self.pattern.lengths
        limit, shortest = wishes.get(MaxLength), wishes.get(MinLength)
        if limit is not None and fewest > limit.characters:
            raise SettingsError(
                f"{self.told} needs {fewest:,.0f} characters, and names may have "
                f"{setting(limit.name, limit.characters)}: raise {setting(limit.name)}"
            )
        if shortest is not None and most < shortest.characters:
            raise SettingsError(
                f"{self.told} matches {most:,.0f} characters at most, and names must have {shortest.told}: "
                f"lower {setting(shortest.name)}"
            )

    def tracker(self, vocabulary: Vocabulary, longest: int) -> Tracker:
        """Drops what no match begins with, where the expression is one that can say so."""
        return PatternTracker(self.pattern, vocabulary)

    def keeps(self, name: str) -> bool:
        """The whole name matches."""
        return self.pattern.matches(name)


class PatternTracker(Tracker):
    """Asks the texts of prefixes. Of a plain expression texts that no part of it tells apart are asked once only: of
    ``[A-Z]{6}`` whether ``AA`` begins a match, and never ``XY``.
    """

    def __init__(self, pattern: Pattern, vocabulary: Vocabulary) -> None:
        self.pattern, self.vocabulary = pattern, vocabulary
        alike = pattern.alike(vocabulary.characters) if pattern.prunes else {}
        first = [alike.get(ord(character), character) for character in vocabulary.characters]
        # Of each token the one that stands for it, and the number of that, counted from 1.
        self._stands_for = np.concatenate(([BOUNDARY], vocabulary.encode_all(first)[0]))
        self._number = np.unique(self._stands_for, return_inverse=True)[1]
        self._few = int(self._number.max()) <= MOST_NUMBERED
        self._begins: dict[str, bool] = {}
        self._matches: dict[str, bool] = {}

    def refuses_prefixes(self, tokens: Int32[Array, "K depth"], places: Int64[Array, "K"]) -> Bool[Array, "K"]:
        """Those that no matching name begins with."""
        if not self.pattern.prunes:
            return super().refuses_prefixes(tokens, places)
        return ~self._ask(tokens, self.pattern.may_begin, self._begins)

    def refuses_names(self, tokens: Int32[Array, "K depth"], places: Int64[Array, "K"]) -> Bool[Array, "K"]:
        """Those that do not match as they stand."""
        return ~self._ask(tokens, self.pattern.matches, self._matches)

    def _ask(
        self, tokens: Int32[Array, "K depth"], ask: Callable[[str], bool], known: dict[str, bool]
    ) -> Bool[Array, "K"]:
        if self._few and tokens.size:
            rows, which = self._different(tokens)
            return self._answers(tokens[rows], ask, known)[which]
        return self._answers(tokens, ask, known)

    def _answers(
        self, tokens: Int32[Array, "K depth"], ask: Callable[[str], bool], known: dict[str, bool]
    ) -> Bool[Array, "K"]:
        answers = np.empty(len(tokens), bool)
        if len(known) > MOST_KNOWN:
            known.clear()
        for row, text in enumerate(self.vocabulary.decode_all(self._stands_for[tokens])):
            answer = known.get(text)
            if answer is None:
                answer = known[text] = ask(text)
            answers[row] = answer
        return answers

    def _different(self, tokens: Int32[Array, "K depth"]) -> tuple[Int64[Array, "different"], Int64[Array, "K"]]:
        """A row of each text that the expression tells apart, and which of those each row is: sorted as bytes, which
        takes a tenth of the time of asking for each.
        """
        texts = np.ascontiguousarray(self._number[tokens].astype(np.uint8)).view(f"S{tokens.shape[1]}")[:, 0]
        _, rows, which = np.unique(texts, return_index=True, return_inverse=True)
        return rows, which
