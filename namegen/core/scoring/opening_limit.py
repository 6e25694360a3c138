"""The limit that keeps the first letters of the returned names varied.

The first three characters of a name are its *opening*. The opening of a shorter name also includes its end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from namegen.types import Array, Bool, Float64, Int

OPENING_LENGTH = 3  # characters of an opening
OPENING_FACTOR = 2  # how much more common than in the model an opening may be


class OpeningLimit:
    """Keeps the first letters varied.

    Among the first k names returned for a label, at most 1 + 2·p·k have the same opening, where p is the model's
    probability of this opening. Upper and lower case are the same here, since names may be written in another case.

    >>> limit = OpeningLimit()
    >>> start_tokens, probabilities = np.zeros(4, int), np.full(4, 0.2)
    >>> limit.admits(["Marc", "Maria", "Anna", "Mary"], start_tokens, probabilities, most=9).tolist()
    [True, False, True, True]
    """

    def __init__(self) -> None:
        self._returned: Counter[int] = Counter()  # names by start token
        # Names by start token and opening.
        self._returned_with_opening: Counter[tuple[int, str]] = Counter()

    def admits(
        self,
        names: Sequence[str],
        start_tokens: Int[Array, "names"],
        probabilities: Float64[Array, "names"],
        *,
        most: int,
    ) -> Bool[Array, "names"]:
        """Choose which names may be returned, in this order, and count them as returned.

        Args:
            names: the names.
            start_tokens: the start token of each name.
            probabilities: the model's probability of each name's opening.
            most: how many names to choose at most.
        """
        admitted = np.zeros(len(names), bool)
        admitted_count = 0
        rows = zip(names, start_tokens.tolist(), probabilities.tolist(), strict=True)
        for row, (name, start_token, probability) in enumerate(rows):
            if admitted_count == most:
                break
            if self._admit(name, start_token, probability):
                admitted[row] = True
                admitted_count += 1
        return admitted

    def _admit(self, name: str, start_token: int, probability: float) -> bool:
        """Return whether a name's opening isn't too common among the names so far, and if so, count it as returned."""
        opening = (start_token, name[:OPENING_LENGTH].lower())
        returned_count = self._returned[start_token] + 1  # including this name
        most_with_opening = OPENING_FACTOR * probability * returned_count
        if self._returned_with_opening[opening] > most_with_opening:
            return False
        self._returned[start_token] = returned_count
        self._returned_with_opening[opening] += 1
        return True
