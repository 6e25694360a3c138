"""The start tokens of names. A label, such as an origin, is a start token of its own.

A model reads the start token before the first character. So a label is treated like any other character of a prefix.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from namegen.core.data.vocabulary import END_TOKEN
from namegen.errors import SettingsError
from namegen.types import Array, Float64, Int32


@dataclass(frozen=True)
class StartTokens:
    """The start tokens of names, with their probabilities.

    Without labels, ``END_TOKEN`` is the only start token. With labels, the label with index i has the token ``V + i``.
    A name has the probability ``p(name) = Σ share · p(name | start token)``.

    Raises:
        SettingsError: There's no token, a token repeats, or the shares aren't a distribution.

    >>> StartTokens.single()
    StartTokens(tokens=(0,), shares=(1.0,))
    >>> StartTokens.from_counts(54, [30, 10])
    StartTokens(tokens=(54, 55), shares=(0.75, 0.25))
    """

    tokens: tuple[int, ...]  #: distinct ids
    shares: tuple[float, ...]  #: the probability of each token; they sum to 1

    def __post_init__(self) -> None:
        """Check that the ids are distinct, and that the shares are probabilities that sum to 1."""
        has_duplicates = len(set(self.tokens)) < len(self.tokens)
        if not self.tokens or has_duplicates or min(self.tokens) < 0:
            raise SettingsError(
                f"the start tokens are {self.tokens}: give at least one id, and each id only once"
            )
        has_all_shares = len(self.shares) == len(self.tokens)
        is_distribution = min(self.shares, default=-1) >= 0 and abs(sum(self.shares) - 1) < 1e-9
        if not (has_all_shares and is_distribution):
            raise SettingsError(
                f"the shares of the {len(self.tokens)} start tokens are {self.shares}: give one share of at least 0 "
                "for each token, with the sum 1"
            )

    @classmethod
    def single(cls, token: int = END_TOKEN) -> StartTokens:
        """Use the same start token for all names."""
        return cls((token,), (1.0,))

    @classmethod
    def from_counts(cls, vocabulary_size: int, counts: Sequence[int]) -> StartTokens:
        """Use the start tokens of a list's labels, with the labels' shares of the list.

        Args:
            vocabulary_size: ``V``, the start token of the first label.
            counts: How many names have each label. Without labels, ``END_TOKEN`` is the only start token.

        Raises:
            SettingsError: A count is negative, or all are 0.
        """
        if not counts:
            return cls.single()
        total = sum(counts)
        if total < 1 or min(counts) < 0:
            raise SettingsError(
                f"the labels have {tuple(counts)} names: at least one label needs a name"
            )
        tokens = tuple(range(vocabulary_size, vocabulary_size + len(counts)))
        shares = tuple(count / total for count in counts)
        return cls(tokens, shares)

    def only(self, indexes: Sequence[int]) -> StartTokens:
        """Select some start tokens by their indexes, and scale their shares to the sum 1.

        Raises:
            SettingsError: The selected tokens have the probability 0.

        >>> StartTokens.from_counts(54, [30, 10, 10]).only([1, 2])
        StartTokens(tokens=(55, 56), shares=(0.5, 0.5))
        """
        total = sum(self.shares[index] for index in indexes)
        if total <= 0:
            raise SettingsError(
                "no name of the training set has one of these labels: choose others"
            )
        tokens = tuple(self.tokens[index] for index in indexes)
        shares = tuple(self.shares[index] / total for index in indexes)
        return StartTokens(tokens, shares)

    @property
    def several(self) -> bool:
        """Whether there's more than one start token, so that each name's start token has to be drawn."""
        return len(self.tokens) > 1

    @property
    def numbers(self) -> int:
        """How many random numbers it takes to draw a start token: 1, or 0 if there's only one token."""
        return int(self.several)

    @property
    def ids(self) -> Int32[Array, "R"]:
        """The tokens as an array."""
        return np.array(self.tokens, np.int32)

    @property
    def log_shares(self) -> Float64[Array, "R"]:
        """The logarithms of the shares. −inf if a share is 0."""
        with np.errstate(divide="ignore"):
            logarithms: Float64[Array, "R"] = np.log(self.shares)
        return logarithms
