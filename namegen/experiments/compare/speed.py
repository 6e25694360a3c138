"""How fast each backend trains, and how clearly one is faster than another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median

from namegen.experiments.compare.document import ListEntry, Timing

DISPLAY_NAMES = {"numpy": "NumPy", "keras": "Keras"}


def display_name(engine: str) -> str:
    """Spell a backend the way a sentence does."""
    return DISPLAY_NAMES.get(engine, engine)


@dataclass
class Speed:
    """How fast one backend trains one network with batches of one kind, on some lists."""

    network: str
    engine: str
    own_batch: bool  # whether the batches are those of the run whose curves are shown
    # (list, number of the round) → time. Rounds with the same number were measured one after the other.
    rounds: dict[tuple[str, int], Timing] = field(default_factory=dict)

    @property
    def batch_sizes(self) -> list[int]:
        """The sizes in names; two lists may be trained with different ones."""
        return sorted({one.batch_size for one in self.rounds.values()})

    def each(self, figure: Callable[[Timing], float | None]) -> list[float]:
        """A measurement of each round, where it is known."""
        values = [figure(one) for one in self.rounds.values()]
        return [value for value in values if value is not None]

    @property
    def seconds_per_epoch(self) -> list[float]:
        """Of each round."""
        return self.each(lambda one: one.seconds_per_epoch)

    def ratios(self, other: Speed) -> list[float]:
        """How many times as fast as another backend it was, in each round that both have."""
        both = [key for key in self.rounds if key in other.rounds]
        return [
            other.rounds[key].seconds_per_epoch / self.rounds[key].seconds_per_epoch for key in both
        ]


def speeds(lists: Sequence[ListEntry]) -> list[list[Speed]]:
    """Group the speeds that are compared with each other: by network, then the run's own batches before large ones."""
    found: dict[tuple[str, bool], dict[str, Speed]] = {}
    for entry in lists:
        for network, runs in entry.like_for_like.items():
            for run in runs:
                timed = [
                    one
                    for one in entry.timings
                    if (one.network, one.engine) == (run.network, run.engine)
                ]
                rounds = [(0, 0, run.timing)]
                rounds += [
                    (place, one.round, time)
                    for one in timed
                    for place, time in enumerate(one.batches)
                ]
                for place, number, time in sorted(rounds, key=lambda each: each[:2]):
                    of_engines = found.setdefault((network, place == 0), {})
                    speed = of_engines.setdefault(
                        run.engine, Speed(network, run.engine, place == 0)
                    )
                    speed.rounds[entry.fingerprint, number] = time
    return [list(of_engines.values()) for of_engines in found.values()]


@dataclass(frozen=True)
class Ratio:
    """How many times as fast one backend is as another, over rounds and lists."""

    rounds: Sequence[float]  # the ratio of each round, at least one

    @property
    def clear(self) -> bool:
        """Whether the same backend was faster in every round, of several."""
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
        """Two decimals where one would show a clear difference as 1.0."""
        shown = (median(self.rounds), min(self.rounds), max(self.rounds))
        near_one = any(f"{one:.1f}" == "1.0" for one in shown)
        is_difference = self.clear or len(self.rounds) == 1
        return f"{number:.2f}" if near_one and is_difference else f"{number:.1f}"

    def __str__(self) -> str:
        """For a table.

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
    def of(cls, one: Speed, other: Speed) -> Lead | None:
        """Compare two backends, in either order; None if they have no round in common."""
        rounds = one.ratios(other)
        if not rounds:
            return None
        if median(rounds) < 1:
            one, other, rounds = other, one, other.ratios(one)
        return cls(one.network, one.engine, other.engine, Ratio(rounds))


def leads(lists: Sequence[ListEntry]) -> list[list[Lead]]:
    """Compare the fastest backend of each network with each of the others, the fastest of these first.

    A network that was timed with one backend only isn't in the result.
    """
    found = []
    for of_engines in speeds(lists):
        fastest, *others = sorted(of_engines, key=lambda speed: median(speed.seconds_per_epoch))
        if fastest.own_batch:
            of_network = [Lead.of(fastest, other) for other in others]
            found.append([lead for lead in of_network if lead is not None])
    return [of_network for of_network in found if of_network]
