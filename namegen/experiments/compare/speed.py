"""Compare how fast the backends train, and determine whether the differences are clear."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import NamedTuple

from namegen.experiments.compare.document import ListEntry, Timing, Training

DISPLAY_NAMES = {"numpy": "NumPy", "keras": "Keras"}


def display_name(engine: str) -> str:
    """Return a backend's name as it's spelled in sentences."""
    return DISPLAY_NAMES.get(engine, engine)


# --- speeds -----------------------------------------------------------------------------------------------------------


class RoundKey(NamedTuple):
    """The key of a timing round. Rounds with the same key ran one after another."""

    list_fingerprint: str
    number: int


@dataclass
class Speed:
    """The speed of one backend in training one network, with the run's own or the large batch size, on some lists."""

    network: str
    engine: str
    own_batch: bool  # whether it's the batch size of the run whose curves are shown
    rounds: dict[RoundKey, Timing] = field(default_factory=dict)

    @property
    def batch_sizes(self) -> list[int]:
        """The batch sizes, in names. They may differ between lists."""
        return sorted({timing.batch_size for timing in self.rounds.values()})

    @property
    def seconds_per_epoch(self) -> list[float]:
        """The seconds per epoch of each round."""
        return [timing.seconds_per_epoch for timing in self.rounds.values()]

    def each(self, measurement: Callable[[Timing], float | None]) -> list[float]:
        """Return a measurement of every round, such as the peak memory, skipping rounds in which it's unknown."""
        values = [measurement(timing) for timing in self.rounds.values()]
        return [value for value in values if value is not None]

    def ratios(self, other: Speed) -> list[float]:
        """For each round in which both backends were timed, return how many times as fast as the other one it was."""
        ratios = []
        for key, timing in self.rounds.items():
            if key in other.rounds:
                other_timing = other.rounds[key]
                ratios.append(other_timing.seconds_per_epoch / timing.seconds_per_epoch)
        return ratios


def speeds(lists: Sequence[ListEntry]) -> list[list[Speed]]:
    """Group the speeds of all backends by network and choice of batch size, so that they can be compared.

    A network's group with the run's own batch size comes before its group with the large one.
    """
    groups: dict[tuple[str, bool], dict[str, Speed]] = {}
    for speed in _speeds_on_each_list(lists):
        speed_by_engine = groups.setdefault((speed.network, speed.own_batch), {})
        if speed.engine in speed_by_engine:  # from another list
            speed_by_engine[speed.engine].rounds.update(speed.rounds)
        else:
            speed_by_engine[speed.engine] = speed
    return [list(speed_by_engine.values()) for speed_by_engine in groups.values()]


def _speeds_on_each_list(lists: Sequence[ListEntry]) -> Iterator[Speed]:
    """Yield the speed of every backend on every list, with the run's own batch size and with the large one."""
    for entry in lists:
        for network, runs in entry.like_for_like.items():
            for run in runs:
                own_rounds = _own_batch_rounds(entry, run)
                yield Speed(network, run.engine, own_batch=True, rounds=own_rounds)
                large_rounds = _large_batch_rounds(entry, run)
                if large_rounds:
                    yield Speed(network, run.engine, own_batch=False, rounds=large_rounds)


def _own_batch_rounds(entry: ListEntry, run: Training) -> dict[RoundKey, Timing]:
    """Return the timings of a backend with the run's batch size. The run itself is the first round."""
    rounds = {RoundKey(entry.fingerprint, 0): run.timing}
    for number, timings in _later_rounds(entry, run):
        rounds[RoundKey(entry.fingerprint, number)] = timings[0]
    return rounds


def _large_batch_rounds(entry: ListEntry, run: Training) -> dict[RoundKey, Timing]:
    """Return the timings of a backend with the large batch size. For a short list, there are none."""
    rounds = {}
    for number, timings in _later_rounds(entry, run):
        if len(timings) > 1:
            rounds[RoundKey(entry.fingerprint, number)] = timings[1]
    return rounds


def _later_rounds(entry: ListEntry, run: Training) -> list[tuple[int, tuple[Timing, ...]]]:
    """Return the number and the timings of each round after the first one, for the network and backend of a run."""
    rounds = {
        timed.round: timed.batches
        for timed in entry.timings
        if timed.network == run.network and timed.engine == run.engine
    }
    return [(number, rounds[number]) for number in sorted(rounds)]


# --- ratios -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ratio:
    """The ratio of two backends' speeds, over rounds and lists."""

    rounds: Sequence[float]  # the ratio in each round; there is at least one round

    @property
    def is_clear(self) -> bool:
        """Whether there are several rounds, and the same backend was faster in all of them."""
        has_same_winner = min(self.rounds) > 1 or max(self.rounds) < 1
        return len(self.rounds) > 1 and has_same_winner

    @property
    def middle(self) -> str:
        """The median as a string."""
        return self._format(median(self.rounds))

    @property
    def range(self) -> str:
        """The smallest and the largest ratio as a string."""
        lowest = self._format(min(self.rounds))
        highest = self._format(max(self.rounds))
        return f"{lowest} to {highest}"

    def _format(self, ratio: float) -> str:
        digits = 2 if self._needs_two_decimals else 1
        return f"{ratio:.{digits}f}"

    @property
    def _needs_two_decimals(self) -> bool:
        """Whether one decimal would hide that a backend is faster, because a ratio would be rounded to 1.0."""
        is_difference = self.is_clear or len(self.rounds) == 1
        shown_ratios = (median(self.rounds), min(self.rounds), max(self.rounds))
        return is_difference and any(f"{ratio:.1f}" == "1.0" for ratio in shown_ratios)

    def __str__(self) -> str:
        """Format the ratio for a table.

        >>> str(Ratio([1.62, 1.58, 1.71])), str(Ratio([2.0])), str(Ratio([1.02, 1.04]))
        ('1.6 (1.6 to 1.7)', '2.0 (one round)', '1.03 (1.02 to 1.04)')
        """
        if len(self.rounds) == 1:
            return f"{self.middle} (one round)"
        return f"{self.middle} ({self.range})"


@dataclass(frozen=True)
class Lead:
    """The faster of two backends that train the same network, and its lead."""

    network: str
    faster: str  # the engine's name
    slower: str
    ratio: Ratio

    @classmethod
    def of(cls, first: Speed, second: Speed) -> Lead | None:
        """Find out which of two backends is faster. Return None if they have no round in common."""
        ratios = first.ratios(second)
        if not ratios:
            return None
        is_second_faster = median(ratios) < 1
        faster, slower = (second, first) if is_second_faster else (first, second)
        return cls(
            network=first.network,
            faster=faster.engine,
            slower=slower.engine,
            ratio=Ratio(faster.ratios(slower)),
        )


def leads(lists: Sequence[ListEntry]) -> list[list[Lead]]:
    """For each network, compare the fastest backend with each of the others, from fastest to slowest.

    A network that was timed with only one backend isn't in the result.
    """
    groups = []
    for network_speeds in speeds(lists):
        network_leads = _leads_of_network(network_speeds)
        if network_leads:
            groups.append(network_leads)
    return groups


def _leads_of_network(network_speeds: Sequence[Speed]) -> list[Lead]:
    """Compare the fastest backend with each of the others. Speeds with the large batch size aren't compared."""
    by_speed = sorted(network_speeds, key=lambda speed: median(speed.seconds_per_epoch))
    fastest, *others = by_speed
    if not fastest.own_batch:
        return []
    all_leads = [Lead.of(fastest, other) for other in others]
    return [lead for lead in all_leads if lead is not None]
