"""The document ``performance.json``. It contains the values of all rounds, from which medians and ratios are computed.

Each section is measured by one process, and replaced as a whole. It contains comparisons: variants of the same work,
which are measured alternately, with one value per round.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import comb
from operator import attrgetter
from statistics import median
from typing import Any, Literal

Unit = Literal[
    "characters a second", "names a second", "microseconds", "seconds", "nats a character"
]
HIGHER_IS_BETTER = ("characters a second", "names a second")


@dataclass(frozen=True)
class Variant:
    """A variant of a comparison, for example a library with a batch size."""

    name: str  # its name in the table
    values: tuple[float, ...]  # one per round, in the unit of the comparison
    group: str = ""  # variants of a group differ only in their settings, and the best one represents the group
    # The time to load, build and compile before the first round, which isn't part of the values.
    start_seconds: float | None = None
    peak_mebibytes: float | None = None  # the highest memory use in any round

    @property
    def median(self) -> float:
        """The median of all rounds."""
        return median(self.values)


@dataclass(frozen=True)
class Sharing:
    """How much less namegen has to process because names share prefixes, summed over the batches of an epoch."""

    batch_size: int  # in names
    characters: int  # the characters of all names, including the end of each name
    distinct_characters: int  # the same, but each repeated name in a batch counts only once
    prefixes: int  # the distinct prefixes of each batch, which namegen's NumPy backend processes

    @property
    def repeats_factor(self) -> float:
        """How many times fewer characters there are if each name of a batch is processed once."""
        return self.characters / self.distinct_characters

    @property
    def prefixes_factor(self) -> float:
        """How many times fewer characters remain if each prefix is also processed once."""
        return self.distinct_characters / self.prefixes


@dataclass(frozen=True)
class Comparison:
    """Variants of the same work."""

    key: str  # a short name that is unique in the section
    title: str  # the work, for example the network and the list
    unit: Unit
    ways: tuple[Variant, ...]  # the variants, in the order of the table
    subject: str = ""  # the group that all variants are compared with, usually namegen's
    sharing: Sharing | None = (
        None  # what the subject saves at its best batch size, compared with PyTorch
    )

    @property
    def is_loss(self) -> bool:
        """Whether the values are losses, which are compared by their difference instead of their ratio."""
        return self.unit == "nats a character"

    def best(self, group: str) -> Variant:
        """Return the variant with the best median of a group."""
        return self._best(
            [variant for variant in self.ways if group in (variant.group, variant.name)]
        )

    @property
    def best_rival(self) -> Variant:
        """The variant with the best median, except for namegen's variants."""
        return self._best(
            [variant for variant in self.ways if not variant.name.startswith("namegen")]
        )

    def _best(self, variants: Sequence[Variant]) -> Variant:
        choose = max if self.unit in HIGHER_IS_BETTER else min
        return choose(variants, key=attrgetter("median"))

    def against(self, variant: Variant) -> tuple[float, ...]:
        """Compare the subject's best variant with another variant, round by round.

        Returns:
            The subject's values divided by the variant's values, or minus the variant's values if they are losses.
        """
        pairs = zip(self.best(self.subject).values, variant.values, strict=True)
        if self.is_loss:
            return tuple(subject_loss - loss for subject_loss, loss in pairs)
        return tuple(subject_value / value for subject_value, value in pairs)


@dataclass(frozen=True)
class Section:
    """The results of one process."""

    name: str  # selects the section on the command line
    rounds: int  # some comparisons have fewer
    seconds: float  # how long the measurement took
    commit: str  # the commit of namegen
    machine: Mapping[str, Any]  # processor, cores, memory and system
    versions: Mapping[str, str]  # of Python and of the libraries
    comparisons: tuple[Comparison, ...]


@dataclass(frozen=True)
class Performance:
    """The latest results of each section, in the order of the page."""

    sections: tuple[Section, ...] = ()

    def comparison(self, section_name: str, key: str) -> Comparison:
        """Return a comparison of a section."""
        comparisons = {
            (section.name, comparison.key): comparison
            for section in self.sections
            for comparison in section.comparisons
        }
        return comparisons[section_name, key]


def median_interval(values: Sequence[float]) -> tuple[float, float]:
    """Return two of the values that form a 95% confidence interval for the true median.

    The rounds must be independent, but can have any distribution, because each value is below the true median with a
    probability of 50%. With fewer than nine values, the interval consists of the lowest and the highest value. With
    fewer than six, its confidence is below 95%.

    >>> median_interval(range(25))
    (7, 17)
    """
    ranked = sorted(values)
    count = len(ranked)
    # The probabilities that exactly 0, 1, 2, … of the values are below the true median.
    probabilities = [comb(count, below) / 2**count for below in range(count)]
    small_tails = [tail for tail in accumulate(probabilities) if tail <= 0.025]
    rank = max(1, len(small_tails))  # from either end; 1 is the lowest or highest value
    return ranked[rank - 1], ranked[-rank]


def format_median(values: Sequence[float], format_value: Callable[[float], str]) -> str:
    """Format the median with its confidence interval, for example ``2.1 (2.0–2.3)``.

    If rounding makes both ends of the interval equal, the result is only the median.
    """
    low, high = (format_value(bound) for bound in median_interval(values))
    middle = format_value(median(values))
    return middle if low == high else f"{middle} ({low}–{high})"
