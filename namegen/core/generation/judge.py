"""Judge: the last word on every finished name, before it is given."""

from __future__ import annotations

from collections import Counter

import numpy as np

from namegen.core.data.digests import digests, is_known
from namegen.core.generation.constraints import Constraints
from namegen.types import Array, Bool, Int64, UInt64


class Given:
    """The digests of the names that were given: at most 16 bytes a name, also while they are sorted.

    Sorted parts, each at least twice as long as the one behind it: a digest is moved once for each doubling.
    """

    def __init__(self) -> None:
        self._parts: list[UInt64[Array, "given"]] = []

    def add(self, marks: UInt64[Array, "names"]) -> None:
        """Take in digests that are not there yet."""
        part = np.sort(marks)
        while self._parts and len(self._parts[-1]) < 2 * len(part):
            part = np.concatenate((self._parts.pop(), part))
            part.sort()  # in place
        if len(part):
            self._parts.append(part)

    def holds(self, marks: UInt64[Array, "names"]) -> Bool[Array, "names"]:
        """Which of the digests were given."""
        held = np.zeros(len(marks), bool)
        for part in self._parts:
            held |= is_known(marks, part)
        return held


class Judge:
    """Decides about finished names: the last word on every constraint, newness and repetition.

    Args:
        constraints: what each name must keep.
        known_names: sorted digests of names that are not wanted; None: none.
        given: what was given before and may not be again; None: it may.
    """

    def __init__(
        self, constraints: Constraints, known_names: UInt64[Array, "known"] | None, given: Given | None
    ) -> None:
        self.constraints, self.given = constraints, given
        self._known = {
            reason: known
            for reason, known in (("seen", known_names), ("avoid", constraints.avoid))
            if known is not None and len(known)
        }

    @property
    def lets_all_through(self) -> bool:
        """Whether nearly every name that is drawn will be given."""
        return self.given is None and not self._known and self.constraints.empty

    def keep(
        self, names: list[str], counts: Int64[Array, "names"]
    ) -> tuple[UInt64[Array, "marks"], Bool[Array, "names"], Counter[str]]:
        """Judge distinct names that were drawn so many times.

        Returns:
            Their digests (none where nothing goes by them), which may be given, and the draws refused, by reason.
        """
        refused: Counter[str] = Counter()
        keep = np.fromiter(map(well_formed, names), bool, count=len(names))
        refused["not_a_name"] = int(counts[~keep].sum())
        if not self.constraints.empty:
            for row in np.flatnonzero(keep).tolist():
                if (reason := self.constraints.refusal(names[row])) is not None:
                    refused[reason] += int(counts[row])
                    keep[row] = False
        marks = digests(names) if self._known or self.given is not None else np.zeros(0, np.uint64)
        for reason, known in self._known.items():
            self._drop(reason, is_known(marks, known), keep, counts, refused)
        if self.given is not None:
            self._drop("repeated", self.given.holds(marks), keep, counts, refused)
        if self.constraints.near is not None:
            rows = np.flatnonzero(keep)
            close = np.zeros(len(names), bool)
            close[rows] = self.constraints.near.close_to([names[row] for row in rows.tolist()])
            self._drop("min_distance", close, keep, counts, refused)
        return marks, keep, refused

    @staticmethod
    def _drop(
        reason: str,
        dropped: Bool[Array, "names"],
        keep: Bool[Array, "names"],
        counts: Int64[Array, "names"],
        refused: Counter[str],
    ) -> None:
        refused[reason] += int(counts[keep & dropped].sum())
        keep &= ~dropped


def well_formed(name: str) -> bool:
    """Whether a list could hold the name as it stands: not empty, and no space at either end (lists are trimmed)."""
    return bool(name) and name == name.strip()
