"""The wish for words that no name contains: ``banned``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from namegen.core.data.sameness import normalise
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.generation.wishes.wish import Wish
from namegen.errors import SettingsError, setting

if TYPE_CHECKING:
    from namegen.core.generation.wishes.wishlist import Wishlist


class Banned(Wish):
    """Words that no name contains.

    Letter case, spaces and punctuation do not count, in the words or in the name. A word of nothing but punctuation is
    looked for as it stands. Empty words forbid nothing.

    >>> wish = Banned(["ass", "Bob"])
    >>> wish.keeps("M. Assaf"), wish.keeps("B-o-b"), wish.keeps("Basil")
    (False, False, True)
    """

    name = "banned"
    value: frozenset[str]

    def __init__(self, value: Iterable[str]) -> None:
        super().__init__(frozenset(value))
        exact = {word.strip().casefold() for word in self.value}
        forms = {normalise(word) for word in exact}
        self._words: dict[int, set[str]] = {}  # by length: looking up every stretch of a name costs the same for
        for form in exact | forms:  # ten words as for ten thousand
            if form:
                self._words.setdefault(len(form), set()).add(form)

    @property
    def asks_nothing(self) -> bool:
        """There are no words."""
        return not self.value

    @property
    def advice(self) -> tuple[str, ...]:
        """Ban fewer words."""
        return (f"shorten the list of {setting(self.name)}",)

    def check(self, vocabulary: Vocabulary, wishes: Wishlist) -> None:
        """No text that a name must have may contain a banned word."""
        for wish in wishes.texts:
            if not self.keeps(wish.text):
                raise SettingsError(f"{wish.told} contradicts {setting(self.name)}: it contains a banned word")

    def keeps(self, name: str) -> bool:
        """The name contains none of the words."""
        return not any(self._in(form) for form in {name.casefold(), normalise(name)})

    def _in(self, text: str) -> bool:
        for length, words in self._words.items():
            for start in range(len(text) - length + 1):
                if text[start : start + length] in words:
                    return True
        return False
