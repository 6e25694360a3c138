"""How fast each backend trains, and how clearly one is faster than another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median

from namegen.experiments.compare.document import ListEntry, Timing, Training

DISPLAY_NAMES = {"numpy": "NumPy", "keras": "Keras"}


def display_name(engine: str) -> str:
    """Spell the name of a backend as in a sentence."""
    return DISPLAY_NAMES.get(engine, engine)


@dataclass
class Speed:
    """How fast one backend trains one network with one choice of batch size, on some lists."""

    network: str
    engine: str
    own_batch: bool  # whether the batch size is that of the run whose curves are shown
    # (fingerprint of the list, number of the round) → time. Rounds with the same number ran one after the other.
    rounds: dict[tuple[str, int], Timing] = field(default_factory=dict)

    @property
    def batch_sizes(self) -> list[int]:
        """The sizes in names; two lists may be trained with different ones."""
        return sorted({timing.batch_size for timing in self.rounds.values()})

    def each(self, figure: Callable[[Timing], float | None]) -> list[float]:
        """Return a measurement of each round, except for rounds where it's unknown."""
        values = [figure(timing) for timing in self.rounds.values()]
        return [value for value in values if value is not None]

    @property
    def seconds_per_epoch(self) -> list[float]:
        """The seconds per epoch of each round."""
        return self.each(lambda timing: timing.seconds_per_epoch)

    def ratios(self, other: Speed) -> list[float]:
        """Return how many times as fast as another backend it was, for each round that both have."""
        ratios = []
        for key, timing in self.rounds.items():
            if key in other.rounds:
                ratios.append(other.rounds[key].seconds_per_epoch / timing.seconds_per_epoch)
        return ratios


def speeds(lists: Sequence[ListEntry]) -> list[list[Speed]]:
    """Group the speeds that can be compared: by network, and the run's own batch size before the large one."""
    groups: dict[tuple[str, bool], dict[str, Speed]] = {}
    for entry in lists:
        for network, runs in entry.like_for_like.items():
            for run in runs:
                for own_batch, timings in _timings(entry, run):
                    by_engine = groups.setdefault((network, own_batch), {})
                    speed = by_engine.setdefault(run.engine, Speed(network, run.engine, own_batch))
                    for number, timing in timings.items():
                        speed.rounds[entry.fingerprint, number] = timing
    return [list(by_engine.values()) for by_engine in groups.values()]


def _timings(entry: ListEntry, run: Training) -> Iterator[tuple[bool, dict[int, Timing]]]:
    """The timings of a backend by the number of the round: first with the run's batch size, then with the large one."""
    own_batch = {0: run.timing}
    large_batch: dict[int, Timing] = {}
    for timed in entry.timings:
        if (timed.network, timed.engine) == (run.network, run.engine):
            own_batch[timed.round] = timed.batches[0]
            for timing in timed.batches[1:]:
                large_batch[timed.round] = timing
    yield True, dict(sorted(own_batch.items()))
    if large_batch:
        yield False, dict(sorted(large_batch.items()))


@dataclass(frozen=True)
class Ratio:
    """How many times as fast one backend is as another, over rounds and lists."""

    rounds: Sequence[float]  # the ratio of each round, at least one

    @property
    def clear(self) -> bool:
        """Whether there are several rounds, and the same backend was faster in all of them."""
        return len(self.rounds) > 1 and (min(self.rounds) > 1 or max(self.rounds) < 1)

    @property
    def shown(self) -> str:
        """The median as text."""
        return self._show(median(self.rounds))

    @property
    def shown_range(self) -> str:
        """The smallest and the largest ratio as text."""
        return f"{self._show(min(self.rounds))} to {self._show(max(self.rounds))}"

    def _show(self, number: float) -> str:
        """Show two decimals if one decimal would show a clear difference as 1.0."""
        shown = (median(self.rounds), min(self.rounds), max(self.rounds))
        is_near_one = any(f"{ratio:.1f}" == "1.0" for ratio in shown)
        is_difference = self.clear or len(self.rounds) == 1
        return f"{number:.2f}" if is_near_one and is_difference else f"{number:.1f}"

    def __str__(self) -> str:
        """Format the ratio for a table.

        >>> str(Ratio([1.62, 1.58, 1.71])), str(Ratio([2.0])), str(Ratio([1.02, 1.04]))
        ('1.6 (1.6 to 1.7)', '2.0 (one round)', '1.03 (1.02 to 1.04)')
        """
        return f"{self.shown} ({'one round' if len(self.rounds) == 1 else self.shown_range})"


@dataclass(frozen=True)
class Lead:
    """Two backends that train the same network: the one with the shorter epochs, and its lead."""

    network: str
    faster: str  # the engine's name
    slower: str
    ratio: Ratio

    @classmethod
    def of(cls, first: Speed, second: Speed) -> Lead | None:
        """Compare two backends, in either order; None if they have no round in common."""
        ratios = first.ratios(second)
        if not ratios:
            return None
        if median(ratios) < 1:
            return cls(first.network, second.engine, first.engine, Ratio(second.ratios(first)))
        return cls(first.network, first.engine, second.engine, Ratio(ratios))


def leads(lists: Sequence[ListEntry]) -> list[list[Lead]]:
    """Compare the fastest backend of each network with each of the others, the fastest of these first.

    A network that was timed with one backend only isn't in the result.
    """
    groups = []
    for of_engines in speeds(lists):
        fastest, *others = sorted(of_engines, key=lambda speed: median(speed.seconds_per_epoch))
        if fastest.own_batch:
            of_network = [Lead.of(fastest, other) for other in others]
            groups.append([lead for lead in of_network if lead is not None])
    return [of_network for of_network in groups if of_network]
