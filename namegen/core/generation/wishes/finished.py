"""Finished: names that were drawn to their end and are to be judged, with their digests."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import compress

from namegen.core.data.sameness import NAMES, Sameness
from namegen.types import Array, Bool, UInt64


class Finished:
    """Distinct finished names, and when two of them are the same.

    >>> names = Finished(["Anna", "Bob"])
    >>> names.select(names.digests == names.digests[1]).names
    ['Bob']
    """

    def __init__(self, names: Sequence[str], sameness: Sameness = NAMES) -> None:
        self.names, self.sameness = names, sameness

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def digests(self) -> UInt64[Array, "names"]:
        """Of each name; made when a wish first asks, as a digest costs about as much as drawing the name did."""
        return self.sameness.digests(self.names)

    def are_known(self, known: UInt64[Array, "known"]) -> Bool[Array, "names"]:
        """Which of them are among those of known digests."""
        return self.sameness.are_known(self.names, known, self.digests)

    def select(self, keep: Bool[Array, "names"]) -> Finished:
        """Those that are kept; digests that were made already are not made again."""
        selected = Finished(list(compress(self.names, keep.tolist())), self.sameness)
        if "digests" in vars(self):
            vars(selected)["digests"] = self.digests[keep]
        return selected
