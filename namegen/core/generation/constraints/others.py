"""Constraints that compare a name with other names: of the model's list, of the user's list, or found before.

Letter case, spaces and punctuation are ignored, and for companies also legal forms.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from namegen.core.data.normalization import NAMES, KnownSet, Normalization, is_known
from namegen.core.generation.constraints.constraint import MORE_VARIETY, Constraint, Finished
from namegen.errors import setting
from namegen.types import Array, Bool, UInt64

BLOCK_PAIRS = 20_000_000  # pairs of names that are compared together; each takes one byte


class Unlisted(Constraint):
    """A name that isn't in a list."""

    compares = True

    def __init__(self, known: KnownSet) -> None:
        self.known = known
        self.rarely_rejects = len(known) == 0

    def rejects(self, finished: Finished) -> Bool[Array, "names"]:
        """Return which names are in the list."""
        return finished.are_known(self.known)


class New(Unlisted):
    """A name that isn't in the list that the model was trained on."""

    key = "new"
    option = "allow_seen"
    advice = (MORE_VARIETY, f"allow names of the list with {setting(option, True)}")


class ExcludedNames(Unlisted):
    """A name that isn't in a list of the user's."""

    key = "exclude_names"
    advice = (f"shorten the list of {setting(key)}",)

    def __init__(self, names: Iterable[str], normalization: Normalization = NAMES) -> None:
        super().__init__(normalization.known_set(names))


class Distinct(Constraint):
    """A name that the same search hasn't found before. Its hash is stored, which takes 8 bytes."""

    key = "distinct"
    option = "allow_repeats"
    compares = True
    advice = ("ask for fewer", MORE_VARIETY, f"allow more with {setting(option, True)}")

    def __init__(self) -> None:
        self._hashes: UInt64[Array, "found"] = np.zeros(0, np.uint64)  # ascending

    def add(self, hashes: UInt64[Array, "names"]) -> None:
        """Add names that were found, and aren't there yet."""
        hashes = np.concatenate((self._hashes, np.sort(hashes)))
        self._hashes = np.sort(hashes, kind="stable")  # merges the two sorted halves in one pass

    def rejects(self, finished: Finished) -> Bool[Array, "names"]:
        """Return which names were found before."""
        return is_known(finished.hashes, self._hashes)


class MinDistance(Constraint):
    """A name that differs from each name of a list by at least a number of edits.

    The distance is Levenshtein's (1966): how many characters have to be inserted, deleted or replaced. It's measured
    between normalized names, which have no spaces, punctuation or upper case, and for companies no legal form.

    >>> far = MinDistance(2, ["Anna", "Bob"])
    >>> far.rejects(Finished(["ANNE", "Hanna", "Bo b", "Robert"])).tolist()     # 1, 1 and 0 edits; 4
    [True, True, True, False]
    """

    key = "min_distance"
    compares = True
    advice = (f"lower {setting(key)}",)
    rarely_rejects = True  # true at a distance of 1; kept at others so that seeds keep their names

    def __init__(
        self, distance: int, names: Iterable[str], normalization: Normalization = NAMES
    ) -> None:
        self._most_edits = distance - 1  # of a name that is too similar
        self._normalize = normalization.normalize
        self._listed = sorted({self._normalize(name) for name in names}, key=len)
        self._listed_lengths = np.array(list(map(len, self._listed)))  # (listed,) ascending

    def rejects(self, finished: Finished) -> Bool[Array, "names"]:
        """Return which names are too similar to a listed name."""
        from rapidfuzz.distance import Levenshtein
        from rapidfuzz.process import cdist

        forms = np.array([self._normalize(name) for name in finished.names], object)  # (names,)
        lengths = np.fromiter(map(len, forms), np.int64, count=len(forms))  # (names,)
        is_near = np.zeros(len(forms), bool)
        for length in np.unique(lengths).tolist():
            # Compare names of one length with the listed names of about that length. An edit changes it by at most one.
            shortest = length - self._most_edits
            longest = length + self._most_edits
            first, end = np.searchsorted(self._listed_lengths, (shortest, longest + 1))
            listed = self._listed[first:end]
            rows = np.flatnonzero(lengths == length)
            rows_at_once = max(1, BLOCK_PAIRS // max(1, len(listed)))
            for start in range(0, len(rows), rows_at_once):
                block = rows[start : start + rows_at_once]
                distances = cdist(
                    forms[block].tolist(),
                    listed,
                    scorer=Levenshtein.distance,
                    score_cutoff=self._most_edits,
                    dtype=np.uint8,
                )  # (block, listed); most_edits + 1 if it's more
                is_near[block] = np.any(distances <= self._most_edits, axis=1)
        return is_near
