"""The one wish without a setting: what is given is a name at all."""

from __future__ import annotations

import operator

import numpy as np

from namegen.core.generation.wishes.finished import Finished
from namegen.core.generation.wishes.wish import MORE_VARIETY, Wish
from namegen.types import Array, Bool


class WellFormed(Wish):
    """A name that a list could hold as it stands: not empty, and no space at either end (lists are trimmed).

    >>> WellFormed().keeps("Anna"), WellFormed().keeps("Anna "), WellFormed().keeps("")
    (True, False, False)
    """

    name = "not_a_name"
    always = True
    seldom_refuses = True

    def __init__(self) -> None:
        super().__init__(None)

    @property
    def advice(self) -> tuple[str, ...]:
        """Make unlikely names likelier."""
        return (MORE_VARIETY,)

    def keeps(self, name: str) -> bool:
        """It is a name."""
        return bool(name) and name == name.strip()

    def refuses(self, finished: Finished) -> Bool[Array, "names"]:
        """The same of many, without a call of Python for each."""
        names = finished.names
        fails = np.fromiter(map(operator.ne, names, map(str.strip, names)), bool, count=len(names))
        return fails if all(names) else fails | np.fromiter(map(operator.not_, names), bool, count=len(names))
