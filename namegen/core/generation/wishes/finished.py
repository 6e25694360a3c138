"""Finished: names that were drawn to their end and are to be judged, with their digests."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import compress

from namegen.core.data.digests import digests
from namegen.types import Array, Bool, UInt64


class Finished:
    """Distinct finished names.

    >>> names = Finished(["Anna", "Bob"])
    >>> names.select(names.digests == names.digests[1]).names
    ['Bob']
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def digests(self) -> UInt64[Array, "names"]:
        """Of each name; made when a wish first asks, as a digest costs about as much as drawing the name did."""
        return digests(self.names)

    def select(self, keep: Bool[Array, "names"]) -> Finished:
        """Those that are kept; digests that were made already are not made again."""
        selected = Finished(list(compress(self.names, keep.tolist())))
        if "digests" in vars(self):
            vars(selected)["digests"] = self.digests[keep]
        return selected
