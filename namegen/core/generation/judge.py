"""Judge: the last word on every finished name, before it is given."""

from __future__ import annotations

from collections import Counter

import numpy as np

from namegen.core.data.sameness import NAMES, Sameness
from namegen.core.generation.wishes.finished import Finished
from namegen.core.generation.wishes.known import Distinct, Given
from namegen.core.generation.wishes.wishlist import Wishlist
from namegen.types import Array, Int64


class Judge:
    """Asks finished names about every wish, whatever the search did on its way.

    Args:
        wishes: what each name must keep.
        sameness: when two names are the same.
    """

    def __init__(self, wishes: Wishlist, sameness: Sameness = NAMES) -> None:
        self.wishes, self.sameness = wishes, sameness
        distinct = wishes.get(Distinct)
        self.given: Given | None = None if distinct is None else distinct.given  # None: names may be given again

    @property
    def lets_all_through(self) -> bool:
        """Whether nearly every name that is drawn will be given."""
        return all(wish.seldom_refuses for wish in self.wishes)

    def keep(
        self, names: list[str], counts: Int64[Array, "names"]
    ) -> tuple[Int64[Array, "kept"], Finished, Counter[str]]:
        """Judge distinct names that were drawn so many times.

        Returns:
            The rows of those that may be given, those names themselves, and the draws refused, by the name of the first
            wish that refused them.
        """
        refused: Counter[str] = Counter()
        rows, kept = np.arange(len(names)), Finished(names, self.sameness)
        for wish in self.wishes:
            fails = wish.refuses(kept)
            if fails.any():
                refused[wish.name] += int(counts[rows[fails]].sum())
                rows, kept = rows[~fails], kept.select(~fails)
        return rows, kept, refused
