"""How fast the engines train, one beside the other; and whether the machine was quiet meanwhile."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from statistics import mean, median

from namegen.experiments.compare.document import Comparison, ListEntry, Quiet, Timing

# More than so many cores that others kept busy, or a fixed computation that took so many times as long as at best, and
# the times are not to be trusted.
BUSY_CORES, DRIFT = 0.25, 1.25


@dataclass
class Speed:
    """How fast one engine trains one network with batches of one kind, on some lists.

    Attributes:
        network, engine: whose.
        own_batch: whether they are the batches of the training that the curves are of.
        accuracy: of that training, on the held-out part of the last list.
        rounds: list and number → time; rounds of one number were measured one after the other.
    """

    network: str
    engine: str
    own_batch: bool
    accuracy: float
    rounds: dict[tuple[str, int], Timing] = field(default_factory=dict)

    @property
    def batch_sizes(self) -> list[int]:
        """In names; those of two trainings may differ."""
        return sorted({one.batch_size for one in self.rounds.values()})

    def each(self, figure: Callable[[Timing], float | None]) -> list[float]:
        """A figure of each round, where it is known."""
        return [value for one in self.rounds.values() if (value := figure(one)) is not None]

    @property
    def seconds_per_epoch(self) -> list[float]:
        """Of each round."""
        return self.each(lambda one: one.seconds_per_epoch)

    def ratios(self, other: Speed) -> list[float]:
        """How many times as fast as another it was, in each round that both have."""
        both = [key for key in self.rounds if key in other.rounds]
        return [other.rounds[key].seconds_per_epoch / self.rounds[key].seconds_per_epoch for key in both]


def speeds(lists: Sequence[ListEntry]) -> dict[tuple[str, bool], list[Speed]]:
    """Those that are compared with each other: by network, with the batches of the training and with large ones."""
    found: dict[tuple[str, bool], dict[str, Speed]] = {}
    for entry in lists:
        for network, runs in entry.like_for_like.items():
            for run in runs:
                timed = [one for one in entry.timings if (one.network, one.engine) == (run.network, run.engine)]
                rounds = [(0, 0, run.timing)]
                rounds += [(place, one.round, time) for one in timed for place, time in enumerate(one.batches)]
                for place, number, time in sorted(rounds, key=lambda each: each[:2]):
                    of_engines = found.setdefault((network, place == 0), {})
                    accuracy = run.figures.held_out.accuracy_argmax
                    speed = of_engines.setdefault(run.engine, Speed(network, run.engine, place == 0, accuracy))
                    speed.rounds[entry.fingerprint, number] = time
    return {key: list(of_engines.values()) for key, of_engines in found.items()}


@dataclass(frozen=True)
class Ratio:
    """How many times as fast one engine is as another, over rounds and lists.

    Attributes:
        median, lowest, highest: of all rounds.
        rounds: how many.
    """

    median: float
    lowest: float
    highest: float
    rounds: int

    @classmethod
    def of(cls, found: Sequence[float]) -> Ratio:
        """From one of each round; at least one."""
        return cls(median(found), min(found), max(found), len(found))

    @property
    def clear(self) -> bool:
        """Whether one engine was the faster one in every round, of several."""
        return self.rounds > 1 and (self.lowest > 1 or self.highest < 1)

    @property
    def shown(self) -> str:
        """The median; a difference is not shown as none: 1.02 and not 1.0."""
        return self._show(self.median)

    def _show(self, number: float) -> str:
        near = any(f"{one:.1f}" == "1.0" for one in (self.median, self.lowest, self.highest))
        return f"{number:.{2 if near and (self.clear or self.rounds == 1) else 1}f}"

    def __str__(self) -> str:
        """For people.

        >>> str(Ratio.of([1.62, 1.58, 1.71])), str(Ratio.of([2.0])), str(Ratio.of([1.02, 1.04]))
        ('1.6 (1.6 to 1.7)', '2.0 (one round)', '1.03 (1.02 to 1.04)')
        """
        low, high = self._show(self.lowest), self._show(self.highest)
        if self.rounds == 1:
            return f"{self.shown} (one round)"
        return self.shown if low == high else f"{self.shown} ({low} to {high})"


@dataclass(frozen=True)
class Quietness:
    """What is known of the machine, over everything that was timed.

    Attributes:
        other_cores: at most so many did others keep busy, in nine measurements of ten; None where it is not known.
        drift: at most so many times its shortest time did the fixed computation take, on average before and after, in
            nine measurements of ten.
        known: whether anything was timed.
    """

    other_cores: float | None
    drift: float
    known: bool

    @classmethod
    def of(cls, results: Comparison) -> Quietness:
        """Of all measurements of a comparison whose seconds are told."""
        found = [one for entry in results.lists for one in _watched(entry)]
        cores = [one.other_cores for one in found if one.other_cores is not None]
        shortest = min((min(one.control_seconds) for one in found), default=1.0)
        drift = nine_of_ten([mean(one.control_seconds) / shortest for one in found]) if found else 1.0
        return cls(nine_of_ten(cores) if cores else None, drift, bool(found))

    @property
    def busy(self) -> bool:
        """Whether the times are not to be trusted."""
        return self.drift > DRIFT or (self.other_cores or 0.0) > BUSY_CORES


def nine_of_ten(values: Sequence[float]) -> float:
    """What nine of ten values do not exceed (of fewer than ten, none does): one disturbance spoils one round of many,
    which the median leaves out.

    >>> nine_of_ten([1.0] * 9 + [5.0]), nine_of_ten([1.0, 5.0])
    (1.0, 5.0)
    """
    return sorted(values)[math.ceil(0.9 * len(values)) - 1]


def _watched(entry: ListEntry) -> Iterator[Quiet]:
    yield from (run.quiet for runs in entry.like_for_like.values() for run in runs)
    yield from (one.quiet for one in entry.timings)
    yield from (one.quiet for one in entry.generation)
