"""Labels of names, such as origins: what names begin with by them.

A label is a prefix like any other: an id that is read before the first character, in place of the boundary.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from namegen.core.data.vocabulary import BOUNDARY
from namegen.errors import SettingsError
from namegen.types import Array, Float64, Int32


@dataclass(frozen=True)
class Beginnings:
    """What is read before a name's first character: the boundary, or of each label an id of its own, from ``V`` on.

    A name has the probability ``p(name) = Σ share · p(name | beginning)``.

    Attributes:
        tokens: their ids, each once.
        shares: the probability of each, which sum to 1.

    Raises:
        SettingsError: no beginning, one that stands twice, or shares that are no distribution over them.

    >>> Beginnings.single()
    Beginnings(tokens=(0,), shares=(1.0,))
    >>> Beginnings.from_counts(54, [30, 10])
    Beginnings(tokens=(54, 55), shares=(0.75, 0.25))
    """

    tokens: tuple[int, ...]
    shares: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.tokens or len(set(self.tokens)) < len(self.tokens) or min(self.tokens) < 0:
            raise SettingsError(
                f"the beginnings are {self.tokens}: expected at least one id, each once"
            )
        sound = (
            len(self.shares) == len(self.tokens)
            and min(self.shares) >= 0
            and abs(sum(self.shares) - 1) < 1e-9
        )
        if not sound:
            raise SettingsError(
                f"the shares of the {len(self.tokens)} beginnings are {self.shares}: expected one of at least 0 for "
                "each, which sum to 1"
            )

    @classmethod
    def single(cls, token: int = BOUNDARY) -> Beginnings:
        """One beginning for all names: the boundary, or that of a label that is asked for."""
        return cls((token,), (1.0,))

    @classmethod
    def from_counts(cls, vocabulary_size: int, counts: Sequence[int]) -> Beginnings:
        """Those of a list's labels, by how many names have each; without labels the boundary.

        Args:
            vocabulary_size: ``V``, the id of the first label's beginning.
            counts: names of each label, in the order of their beginnings.

        Raises:
            SettingsError: a count is below 0, or no label has a name.
        """
        if not counts:
            return cls.single()
        total = sum(counts)
        if total < 1 or min(counts) < 0:
            raise SettingsError(
                f"the labels have {tuple(counts)} names: expected a name with at least one of them"
            )
        tokens = tuple(range(vocabulary_size, vocabulary_size + len(counts)))
        return cls(tokens, tuple(count / total for count in counts))

    def only(self, places: Sequence[int]) -> Beginnings:
        """Some of them, by their places; as likely beside each other as before.

        Raises:
            SettingsError: none of these ever is.

        >>> Beginnings.from_counts(54, [30, 10, 10]).only([1, 2])
        Beginnings(tokens=(55, 56), shares=(0.5, 0.5))
        """
        total = sum(self.shares[place] for place in places)
        if total <= 0:
            raise SettingsError(
                "no name that was learned from has one of these labels: choose others"
            )
        tokens = tuple(self.tokens[place] for place in places)
        return Beginnings(tokens, tuple(self.shares[place] / total for place in places))

    @property
    def several(self) -> bool:
        """Whether there is more than one, so that a name's beginning has to be drawn."""
        return len(self.tokens) > 1

    @property
    def numbers(self) -> int:
        """Uniform numbers that drawing a name's beginning takes: 1, or 0 where there is only one."""
        return int(self.several)

    @property
    def ids(self) -> Int32[Array, "R"]:
        """``tokens`` as a model reads them."""
        return np.array(self.tokens, np.int32)

    @property
    def log_shares(self) -> Float64[Array, "R"]:
        """Logarithms of the shares; −inf for what never is."""
        with np.errstate(divide="ignore"):
            logarithms: Float64[Array, "R"] = np.log(self.shares)
        return logarithms
