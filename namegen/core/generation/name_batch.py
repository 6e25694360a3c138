"""NameBatch: some names of one search, with their probabilities."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from namegen.core.data.normalization import NAMES, KnownSet, Normalization
from namegen.core.generation.letter_case import ORIGINAL, write
from namegen.types import Array, Bool, Float64, Int64


@dataclass(frozen=True, eq=False)
class NameBatch:
    """Generated names, in the order in which they are returned.

    The other properties are computed when they are first used, since that can take longer than drawing the names.

    >>> batch = NameBatch(["Anna", "Bob"], lambda: np.log([[0.1], [0.2]]))
    >>> batch.select([1]).names, np.exp(batch.log_probability).round(3).tolist()
    (['Bob'], [0.1, 0.2])
    """

    names: list[str]
    """The names."""
    compute_joint: Callable[[], Float64[Array, "names R"]] = field(repr=False)
    """Computes ``joint``."""
    known_names: KnownSet | None = field(default=None, repr=False)
    """Names that aren't new; None if they are unknown."""
    normalization: Normalization = field(default=NAMES, repr=False)
    """Decides when two names are the same."""

    @cached_property
    def joint(self) -> Float64[Array, "names R"]:
        """The log-probability of each name together with each start token, in nats.

        It's the model's own, at temperature 1, and includes the end token.
        """
        return self.compute_joint()

    @cached_property
    def log_probability(self) -> Float64[Array, "names"]:
        """The log-probability of each name with any start token, in nats."""
        total: Float64[Array, "names"] = np.logaddexp.reduce(self.joint, axis=1)
        return total

    @property
    def most_likely_label(self) -> Int64[Array, "names"]:
        """The index of the most likely start token of each name."""
        indices: Int64[Array, "names"] = self.joint.argmax(axis=1)
        return indices

    @cached_property
    def new(self) -> Bool[Array, "names"] | None:
        """Whether each name is new, which means that it isn't in the model's list; None if the model has no list."""
        if self.known_names is None:
            return None
        distinct_names = list(dict.fromkeys(self.names))
        are_new = ~self.normalization.are_known(distinct_names, self.known_names)
        is_new = dict(zip(distinct_names, are_new.tolist(), strict=True))  # by name
        return np.fromiter(map(is_new.__getitem__, self.names), bool, count=len(self.names))

    def select(self, rows: Sequence[int]) -> NameBatch:
        """Return the names of some rows, in their order."""
        indices = np.array(rows, np.int64)
        return replace(
            self,
            names=[self.names[row] for row in rows],
            compute_joint=lambda: self.joint[indices],
        )

    @classmethod
    def join(cls, batches: Sequence[NameBatch]) -> NameBatch:
        """Join batches of one generator, at least one, into one batch."""
        return replace(
            batches[0],
            names=[name for batch in batches for name in batch.names],
            compute_joint=lambda: np.concatenate([batch.joint for batch in batches]),
        )

    def in_case(self, letter_case: str | None) -> NameBatch:
        """Return the same names in a letter case; see ``letter_case.write``."""
        if letter_case == ORIGINAL:
            return self
        return replace(
            self, names=[write(name, letter_case, self.normalization) for name in self.names]
        )
