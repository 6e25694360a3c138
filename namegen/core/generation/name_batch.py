"""NameBatch: names of one search, in the order in which they were found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from namegen.core.data.normalization import NAMES, KnownSet, Normalization
from namegen.core.settings import LETTER_CASES
from namegen.errors import SettingsError, setting
from namegen.types import Array, Bool, Float64, Int64

ORIGINAL = LETTER_CASES[0]


@dataclass(frozen=True, eq=False)
class NameBatch:
    """Some generated names.

    Attributes:
        names: the names, in random order.
        scores: finds the log-probability of each together with each of the ``R`` beginnings that it may have, under the
            model at temperature 1, nats, STOP included.
        known_names, normalization: what ``new`` goes by.
    """

    names: list[str]
    scores: Callable[[], Float64[Array, "names R"]] = field(repr=False)
    known_names: KnownSet | None = field(default=None, repr=False)
    normalization: Normalization = field(default=NAMES, repr=False)

    @cached_property
    def joint(self) -> Float64[Array, "names R"]:
        """``scores``; found out when they are first asked for: over many beginnings that takes far longer than drawing
        the names did.
        """
        return self.scores()

    @cached_property
    def log_probability(self) -> Float64[Array, "names"]:
        """Of each name, whatever its beginning."""
        summed: Float64[Array, "names"] = np.logaddexp.reduce(self.joint, axis=1)
        return summed

    @property
    def likeliest_beginning(self) -> Int64[Array, "names"]:
        """Of each name, which of the beginnings, by its place."""
        places: Int64[Array, "names"] = self.joint.argmax(axis=1)
        return places

    @cached_property
    def new(self) -> Bool[Array, "names"] | None:
        """Of each, whether the list that the model learned from lacks it; None where the model does not know.

        Found out when it is first asked for: a digest costs about as much as drawing the name did.
        """
        if self.known_names is None:
            return None
        row_of = {name: row for row, name in enumerate(dict.fromkeys(self.names))}
        new = ~self.normalization.are_known(row_of, self.known_names)
        return new[
            np.fromiter(map(row_of.__getitem__, self.names), np.int64, count=len(self.names))
        ]

    def select(self, rows: Sequence[int]) -> NameBatch:
        """The names of some rows, in their order."""
        places = np.array(rows, np.int64)
        return replace(
            self, names=[self.names[row] for row in rows], scores=lambda: self.joint[places]
        )


def check_letter_case(case: str | None) -> None:
    """Raise SettingsError for a letter case that there is not; None is the usual one."""
    if case is not None and case not in LETTER_CASES:
        raise SettingsError(
            f"{setting('letter_case')} is {case!r}: expected one of {', '.join(LETTER_CASES)}"
        )


def in_case(batches: Iterator[NameBatch], case: str | None) -> Iterator[NameBatch]:
    """Batches with their names in a letter case; see ``write`` in ``letter_case.py``."""
    if case == ORIGINAL:
        return batches
    from namegen.core.generation.letter_case import write

    return (
        replace(batch, names=[write(name, case, batch.normalization) for name in batch.names])
        for batch in batches
    )


def join_batches(batches: Sequence[NameBatch]) -> NameBatch:
    """Batches of one generator, at least one, as one batch."""
    names = [name for batch in batches for name in batch.names]
    return replace(
        batches[0], names=names, scores=lambda: np.concatenate([batch.joint for batch in batches])
    )
