"""The limit that keeps the first letters of the returned names varied."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from namegen.types import Array, Bool, Float64, Int

FIRST = 3  # characters of a start
START_FACTOR = 2  # how much more common than in the model a start may be


class StartLimit:
    """Keeps the first letters varied.

    Among the first k names returned for a label, at most 1 + 2·p·k start with the same three characters, where p is the
    model's probability of these. Upper and lower case are the same here, since names may be written in another case.

    >>> limit = StartLimit()
    >>> labels, probabilities = np.zeros(4, int), np.full(4, 0.2)
    >>> limit.admits(["Marc", "Maria", "Anna", "Mary"], labels, probabilities, most=9).tolist()
    [True, False, True, True]
    """

    def __init__(self) -> None:
        self._returned: Counter[int] = Counter()  # names by label
        self._with_start: Counter[tuple[int, str]] = Counter()  # by label and first characters

    def admits(
        self,
        names: Sequence[str],
        labels: Int[Array, "names"],
        probabilities: Float64[Array, "names"],
        *,
        most: int,
    ) -> Bool[Array, "names"]:
        """Choose which names may be returned, in this order, and count them as returned.

        Args:
            names: the names.
            labels: a number for each name's label.
            probabilities: the model's probability of each name's first characters.
            most: how many names to choose at most.
        """
        admitted = np.zeros(len(names), bool)
        admitted_count = 0
        rows = zip(names, labels.tolist(), probabilities.tolist(), strict=True)
        for row, (name, label, probability) in enumerate(rows):
            if admitted_count == most:
                break
            if self._admit(name, label, probability):
                admitted[row] = True
                admitted_count += 1
        return admitted

    def _admit(self, name: str, label: int, probability: float) -> bool:
        """Count a name as returned if its start isn't too common among the names so far."""
        start = (label, name[:FIRST].lower())
        position = self._returned[label] + 1
        if self._with_start[start] > START_FACTOR * probability * position:
            return False
        self._returned[label] = position
        self._with_start[start] += 1
        return True
