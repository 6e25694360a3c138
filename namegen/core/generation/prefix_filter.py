"""PrefixFilter: which prefixes can still become a name that is wanted, a whole array of them at a time.

It asks the trackers of the wishes (``wishes/tracker.py``). What it drops can never become a wanted name; what it keeps
may still fail later.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import numpy as np

from namegen.core.data.vocabulary import Vocabulary
from namegen.core.generation.wishes.length import MaxLength
from namegen.core.generation.wishes.text import StartsWith
from namegen.core.generation.wishes.tracker import Tracker
from namegen.core.generation.wishes.wishlist import Wishlist
from namegen.types import Array, Bool, Int, Int32, Int64

Places: TypeAlias = dict[str, Int64[Array, "..."]]  # of each prefix, its place in each wish's tracker


class PrefixFilter:
    """What a walk asks of its prefixes.

    Args:
        wishes: already checked against the vocabulary (``Wishlist.check``), ``MaxLength`` among them.
        vocabulary: the model's.
    """

    def __init__(self, wishes: Wishlist, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        beginning, limit = wishes.get(StartsWith), wishes.get(MaxLength)
        self.beginning: Int32[Array, "characters"] = vocabulary.encode_all([beginning.text if beginning else ""])[0]
        longest = limit.characters if limit else np.iinfo(np.int64).max
        trackers = ((wish.name, wish.tracker(vocabulary, longest)) for wish in wishes)
        self._trackers: dict[str, Tracker] = {name: tracker for name, tracker in trackers if tracker is not None}

    def start(self) -> Places:
        """Where the beginning that is forced stands: one row."""
        return {name: np.array([tracker.start(self.beginning)]) for name, tracker in self._trackers.items()}

    def go_on(self, places: Places, rows: Int[Array, "K"], tokens: Int32[Array, "K"]) -> Places:
        """Where the prefixes stand after one more character each."""
        return {name: tracker.go_on(places[name][rows], tokens) for name, tracker in self._trackers.items()}

    def select(self, places: Places, rows: Int[Array, "K"]) -> Places:
        """Gather rows."""
        return {name: place[rows] for name, place in places.items()}

    def refused_prefixes(
        self, tokens: Int32[Array, "B depth"], places: Places
    ) -> Iterator[tuple[str, Bool[Array, "B"]]]:
        """By the wish's name, the prefixes that no wanted name begins with."""
        for name, tracker in self._trackers.items():
            refused = tracker.refuses_prefixes(tokens, places[name])
            if refused.any():
                yield name, refused
                if refused.all():
                    return

    def refused_names(self, tokens: Int32[Array, "K depth"], places: Places) -> Iterator[tuple[str, Bool[Array, "K"]]]:
        """By the wish's name, which prefixes are not wanted as whole names."""
        for name, tracker in self._trackers.items():
            refused = tracker.refuses_names(tokens, places[name])
            if refused.any():
                yield name, refused
