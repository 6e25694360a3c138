"""The document of ``performance.json``: every figure of every round, from which all else (medians, ratios) is computed.

A section is measured by one process and replaced as a whole. It has comparisons: several ways of doing the same, timed
in turn, a value for each round.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from math import comb
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
class Way:
    """One way of doing the work, or one setting of it.

    Attributes:
        name: what a table calls it.
        values: one a round, in the comparison's unit.
        group: ways of one group are settings of the same; the one with the best median stands for all of them.
        start_seconds: loading, building and compiling before the first round, which no value holds; None: not measured.
        peak_mebibytes: the most memory of any round; None: not measured.
    """

    name: str
    values: tuple[float, ...]
    group: str = ""
    start_seconds: Measure | None = None
    peak_mebibytes: Measure | None = None

    @property
    def median(self) -> float:
        """The middle one of the rounds."""
        return median(self.values)


@dataclass(frozen=True)
class Sharing:
    """How much less namegen reads than there is, on average over the batches of an epoch.

    Attributes:
        batch_size: names of a batch.
        characters: of an epoch, every name counted, with its STOP.
        distinct_characters: those of the distinct names of each batch.
        prefixes: distinct prefixes of each batch, which is what namegen's NumPy engine reads.
    """

    batch_size: Count
    characters: Count
    distinct_characters: Count
    prefixes: Count

    @property
    def repeats(self) -> float:
        """How many times fewer characters there are when each name of a batch is read once."""
        return self.characters / self.distinct_characters

    @property
    def common_prefixes(self) -> float:
        """How many times fewer again when each prefix is."""
        return self.distinct_characters / self.prefixes

    @property
    def by_all(self) -> float:
        """Both together."""
        return self.characters / self.prefixes


@dataclass(frozen=True)
class Comparison:
    """Ways of doing the same work.

    Attributes:
        key: short, unique in its section.
        title: the work: network, list, batch.
        unit: of the values.
        subjects: the groups that the others are held against, namegen's as a rule; empty: nothing is compared.
        ways: in the order of the table.
        sharing: for a training by the NumPy engine, the batch sizes of it.
        shares: subject → which of ``sharing``, by its batch size; only those that read by prefixes.
        rival: the group that the lead is explained against; empty: none.
    """

    key: str
    title: str
    unit: Unit
    subjects: tuple[str, ...]
    ways: tuple[Way, ...]
    sharing: tuple[Sharing, ...] = ()
    shares: Mapping[str, int] = field(default_factory=dict)
    rival: str = ""

    def best(self, group: str) -> Way:
        """The way that stands for its group."""
        return self._best([way for way in self.ways if (way.group or way.name) == group])

    @property
    def best_rival(self) -> Way:
        """The best of all that is not namegen's."""
        return self._best([way for way in self.ways if not way.name.startswith("namegen")])

    def _best(self, ways: Sequence[Way]) -> Way:
        return (max if self.unit in HIGHER_IS_BETTER else min)(ways, key=lambda way: way.median)

    def against(self, subject: str, way: Way) -> tuple[float, ...]:
        """The subject held against a way, round by round: how many times as much, of losses the difference."""
        pairs = list(zip(self.best(subject).values, way.values, strict=True))
        if self.unit == "nats a character":
            return tuple(ours - theirs for ours, theirs in pairs)
        return tuple(ours / theirs for ours, theirs in pairs)


@dataclass(frozen=True)
class Section:
    """What one process has measured.

    Attributes:
        name: by which it is chosen.
        rounds: of the comparisons; some have fewer.
        seconds: that it took.
        commit: of namegen; None outside of a checkout.
        machine: processor, cores, memory, system.
        versions: of Python and the libraries that take part.
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
    """All sections that were ever measured, the newest of each."""

    sections: tuple[Section, ...] = ()
    format: Literal["namegen performance"] = FORMAT

    def with_section(self, new: Section, order: Sequence[str]) -> Performance:
        """The same with this section in the place of the one of its name, sections in the order given."""
        kept = {section.name: section for section in self.sections} | {new.name: new}
        return Performance(tuple(kept[name] for name in order if name in kept))


def around_median(values: Sequence[float]) -> tuple[float, float]:
    """Between which two values the median of very many rounds lies, in 95 of 100 cases.

    However rounds are spread, each is below that median as often as a coin shows heads, if none depends on the one
    before. Of fewer than nine rounds, these are the lowest and the highest; of fewer than six, that is less than 95.

    >>> around_median(range(25))
    (7, 17)
    """
    ranked, rounds = sorted(values), len(values)
    at_most = accumulate(comb(rounds, below) / 2**rounds for below in range(rounds))
    outer = max(1, sum(chance <= 0.025 for chance in at_most))
    return ranked[outer - 1], ranked[-outer]


def typical(values: Sequence[float], show: Callable[[float], str]) -> str:
    """The median with what lies around it: ``2.1 (2.0–2.3)``; no range where both ends look the same."""
    low, high = map(show, around_median(values))
    middle = show(median(values))
    return middle if low == high else f"{middle} ({low}–{high})"
