"""The document ``performance.json``. It contains the values of all rounds, from which medians and ratios are computed.

Each section is measured by one process, and replaced as a whole. It contains comparisons: variants of the same work,
which are measured alternately, with one value per round.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from math import comb
from operator import attrgetter
from statistics import median
from typing import Any, Literal

from namegen.documents import Count, Measure

FORMAT: Literal["namegen performance"] = "namegen performance"
Unit = Literal[
    "characters a second",
    "GFLOP/s",
    "names a second",
    "microseconds",
    "seconds",
    "nats a character",
]
HIGHER_IS_BETTER = ("characters a second", "GFLOP/s", "names a second")


@dataclass(frozen=True)
class Variant:
    """A variant of a comparison, for example a library with a batch size.

    Attributes:
        name: its name in the table.
        values: one value per round, in the unit of the comparison.
        group: variants of the same group differ only in their settings. The variant with the best median represents
            the group.
        start_seconds: the time to load, build and compile before the first round, which isn't part of the values. It's
            None if it wasn't measured.
        peak_mebibytes: the highest memory use in any round. It's None if it wasn't measured.
    """

    name: str
    values: tuple[float, ...]
    group: str = ""
    start_seconds: Measure | None = None
    peak_mebibytes: Measure | None = None

    @property
    def median(self) -> float:
        """The median of all rounds."""
        return median(self.values)

    @property
    def group_name(self) -> str:
        """The name of the group. A variant without a group forms its own."""
        return self.group or self.name


@dataclass(frozen=True)
class Sharing:
    """How much less namegen has to process because names share prefixes, summed over the batches of an epoch.

    Attributes:
        batch_size: the number of names in a batch.
        characters: the characters of all names, including the end of each name.
        distinct_characters: the same, but each repeated name in a batch counts only once.
        prefixes: the distinct prefixes of each batch. namegen's NumPy backend processes these.
    """

    batch_size: Count
    characters: Count
    distinct_characters: Count
    prefixes: Count

    @property
    def repeats_factor(self) -> float:
        """How many times fewer characters there are if each name of a batch is processed once."""
        return self.characters / self.distinct_characters

    @property
    def prefixes_factor(self) -> float:
        """How many times fewer characters remain if each prefix is also processed once."""
        return self.distinct_characters / self.prefixes

    @property
    def total_factor(self) -> float:
        """The product of both factors."""
        return self.characters / self.prefixes


@dataclass(frozen=True)
class Comparison:
    """Variants of the same work.

    Attributes:
        key: a short name that is unique in the section.
        title: the work, for example the network and the list.
        unit: the unit of the values.
        subjects: the groups that all variants are compared with, usually namegen's. Without subjects, the table has no
            ratios.
        ways: the variants, in the order of the table.
        sharing: how much namegen's NumPy backend saves at certain batch sizes.
        shares: the batch size in ``sharing`` that applies to a subject, for subjects that process each prefix once.
        rival: the group over which namegen's lead is explained, or an empty string.
    """

    key: str
    title: str
    unit: Unit
    subjects: tuple[str, ...]
    ways: tuple[Variant, ...]
    sharing: tuple[Sharing, ...] = ()
    shares: Mapping[str, int] = field(default_factory=dict)
    rival: str = ""

    @property
    def is_loss(self) -> bool:
        """Whether the values are losses, which are compared by their difference instead of their ratio."""
        return self.unit == "nats a character"

    def best(self, group: str) -> Variant:
        """Return the variant with the best median of a group."""
        return self._best([variant for variant in self.ways if variant.group_name == group])

    @property
    def best_rival(self) -> Variant:
        """The variant with the best median, except for namegen's variants."""
        rivals = [variant for variant in self.ways if not variant.name.startswith("namegen")]
        return self._best(rivals)

    def _best(self, variants: Sequence[Variant]) -> Variant:
        """Return the variant with the highest or lowest median, whichever is better in this unit."""
        if self.unit in HIGHER_IS_BETTER:
            return max(variants, key=attrgetter("median"))
        return min(variants, key=attrgetter("median"))

    def against(self, subject: str, variant: Variant) -> tuple[float, ...]:
        """Compare the best variant of a subject with another variant, round by round.

        Returns:
            The subject's values divided by the variant's values, or minus the variant's values if they are losses.
        """
        pairs = zip(self.best(subject).values, variant.values, strict=True)
        if self.is_loss:
            return tuple(subject_loss - loss for subject_loss, loss in pairs)
        return tuple(subject_value / value for subject_value, value in pairs)


@dataclass(frozen=True)
class Section:
    """The results of one process.

    Attributes:
        name: the name that selects the section on the command line.
        rounds: the number of rounds. Some comparisons have fewer.
        seconds: how long the measurement took.
        commit: the commit of namegen, or None outside of a checkout.
        machine: processor, cores, memory and system.
        versions: the versions of Python and of the libraries.
        comparisons: the results.
    """

    name: str
    rounds: Count
    seconds: Measure
    commit: str | None
    machine: Mapping[str, Any]
    versions: Mapping[str, str]
    comparisons: tuple[Comparison, ...]


@dataclass(frozen=True)
class Performance:
    """The latest results of each section."""

    sections: tuple[Section, ...] = ()
    format: Literal["namegen performance"] = FORMAT

    def with_section(self, new: Section, order: Sequence[str]) -> Performance:
        """Return a copy in which a new section replaces the old one of the same name.

        Args:
            new: the new section.
            order: the names of all sections, in the order of the result.
        """
        sections = {section.name: section for section in self.sections}
        sections[new.name] = new
        return Performance(tuple(sections[name] for name in order if name in sections))


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
    if low == high:
        return middle
    return f"{middle} ({low}–{high})"
