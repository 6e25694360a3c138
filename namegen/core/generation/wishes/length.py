"""Wishes for a name's length: ``min_length``, ``max_length``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from namegen.core.data.vocabulary import Vocabulary
from namegen.core.generation.wishes.finished import Finished
from namegen.core.generation.wishes.tracker import Tracker
from namegen.core.generation.wishes.wish import MORE_VARIETY, Wish
from namegen.errors import SettingsError, setting
from namegen.types import Array, Bool, Int32, Int64

if TYPE_CHECKING:
    from namegen.core.generation.wishes.wishlist import Wishlist


class MinLength(Wish, Tracker):
    """The fewest characters of a name; its own tracker.

    Raises:
        SettingsError: a negative number.
    """

    name = "min_length"
    about = "length"
    value: int

    def __init__(self, value: int) -> None:
        super().__init__(value)
        self.characters = value
        if value < 0:
            raise SettingsError(f"{setting(self.name)} is {value}: expected a whole number of at least 0")

    @property
    def asks_nothing(self) -> bool:
        """Every name has at least 0 characters."""
        return self.characters == 0

    @property
    def advice(self) -> tuple[str, ...]:
        """Lower it, or let the model be more daring: long names are rare at a low temperature."""
        return (f"lower {setting(self.name)}", MORE_VARIETY)

    def tracker(self, vocabulary: Vocabulary, longest: int) -> Tracker:
        """Drops short names before they are written out; no prefix is hopeless."""
        return self

    def refuses_names(self, tokens: Int32[Array, "K depth"], places: Int64[Array, "K"]) -> Bool[Array, "K"]:
        """All of a depth that is too small."""
        return np.full(len(tokens), tokens.shape[1] < self.characters)

    def keeps(self, name: str) -> bool:
        """The name has so many."""
        return len(name) >= self.characters


class MaxLength(Wish, Tracker):
    """The most characters of a name; its own tracker."""

    name = "max_length"
    about = "length"
    always = True
    seldom_refuses = True
    value: int

    def __init__(self, value: int) -> None:
        super().__init__(value)
        self.characters = value

    @property
    def advice(self) -> tuple[str, ...]:
        """Raise it."""
        return (f"raise {setting(self.name)}",)

    def check(self, vocabulary: Vocabulary, wishes: Wishlist) -> None:
        """What a name must have has to fit."""
        limit = f"{setting(self.name, self.characters)}"
        shortest = wishes.get(MinLength)
        if shortest is not None and shortest.characters > self.characters:
            raise SettingsError(
                f"{shortest.told} contradicts {limit}: raise {setting(self.name)}, or lower {setting(shortest.name)}"
            )
        for wish in wishes.texts:
            if len(wish.text) > self.characters:
                raise SettingsError(
                    f"{wish.told} has {len(wish.text)} characters, more than {limit} allows: raise that"
                )
        if wishes.shortest > self.characters:
            raise SettingsError(
                f"{', '.join(wish.told for wish in wishes.texts)} need {wishes.shortest} characters together, more "
                f"than {limit} allows: raise that"
            )

    def tracker(self, vocabulary: Vocabulary, longest: int) -> Tracker:
        """Drops what has become too long."""
        return self

    def refuses_prefixes(self, tokens: Int32[Array, "K depth"], places: Int64[Array, "K"]) -> Bool[Array, "K"]:
        """All of a depth that is too large."""
        return np.full(len(tokens), tokens.shape[1] > self.characters)

    def refuses(self, finished: Finished) -> Bool[Array, "names"]:
        """Those that are too long."""
        return np.fromiter(map(len, finished.names), np.int64, count=len(finished)) > self.characters
