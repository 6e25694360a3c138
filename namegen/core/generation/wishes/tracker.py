"""Tracker: how a wish follows the beginnings of names, a whole array of them at a time, and drops what has no hope."""

from __future__ import annotations

import numpy as np

from namegen.types import Array, Bool, Int32, Int64


class Tracker:
    """Refuses nothing: a class of a wish overrides what it needs.

    A tracker keeps nothing itself. What it has to remember of a prefix is one number, the prefix's *place*; the walk
    carries it along and gives it back. A prefix is refused only where no name that keeps the wish begins so.
    """

    def start(self, beginning: Int32[Array, "characters"]) -> int:
        """The place of the beginning that is forced (token ids; none: the empty one)."""
        place = np.zeros(1, np.int64)
        for token in beginning:
            place = self.go_on(place, token[None])
        return int(place[0])

    def go_on(self, places: Int64[Array, "K"], tokens: Int32[Array, "K"]) -> Int64[Array, "K"]:
        """The places of prefixes after one more character each."""
        return places

    def refuses_prefixes(self, tokens: Int32[Array, "K depth"], places: Int64[Array, "K"]) -> Bool[Array, "K"]:
        """Which prefixes no wanted name begins with."""
        return np.zeros(len(tokens), bool)

    def refuses_names(self, tokens: Int32[Array, "K depth"], places: Int64[Array, "K"]) -> Bool[Array, "K"]:
        """Which prefixes are not wanted as whole names."""
        return np.zeros(len(tokens), bool)
