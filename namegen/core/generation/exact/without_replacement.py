"""Arrivals: names in the order in which drawing would come upon them, found without drawing.

Imagine that names are drawn for ever, one a second on average, at random moments. Then those that begin with a prefix
of probability p arrive p a second, and the first of them after an exponential time of rate p. Distinct names in the
order of their first arrival are just what drawing gives where repeats are passed over.

These times can be drawn from the top of the tree down, only as far as they are needed. When the first name with a
prefix arrives, so does the first name with one of the prefixes one longer: of independent exponential times, one for
each next character at the rate of its own probability, the earliest. By how much each of the others is later than that
one is again an exponential time of its own rate, whatever has happened before, so

    time(prefix + v) = time(prefix) + wait(v) − min(wait),    wait(v) exponential of the rate p(prefix + v).

With −log(time) for the rank this is sampling without replacement by Gumbel's distribution (Kool, van Hoof and Welling,
"Stochastic Beams and Where to Find Them", 2019; Maddison, Tarlow and Minka, "A* Sampling", 2014). A prefix never comes
later than the names that begin with it, so ``band_search.py`` reads whatever arrives up to some time, then up to a
later one.
Prefixes that the constraints refuse are dropped unread, and where nothing is left to arrive, that is proved.

Whoever has drawn some names already may go over to this at any moment: what drawing finds next does not depend on how
often it was in vain. Each wait is a hash of the prefix and of one random number, so that it is the same in every band.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from namegen.core.data.normalization import scramble
from namegen.core.generation.constraints.constraint_list import Given, Judge
from namegen.core.generation.count_splitting import Open, Walk
from namegen.core.generation.exact.band_search import BandSearch, Marks, Ranked, Tell
from namegen.core.generation.sampling import SamplingSettings
from namegen.types import Array, Float, Float64, Int32, Int64, UInt64

MAX_PREFIXES = 1_500_000  # that are read in vain before the search gives up: some seconds
CHUNK_NAMES = 500_000  # names that may repeat: as many are given at a time
ROUNDING = 1e-6  # nats: what is as near as that to a bound may lie on either side of it
FEWEST_NAMES = (
    64  # or as many as are asked for, but stretches of time are not made shorter than for these
)
MAX_AT_FIRST = 1_000  # names: for more the first band is not larger


@dataclass(frozen=True, eq=False)
class Found:
    """Names that a search found.

    Attributes:
        names: the names.
        log_probability: of each given its beginning, at temperature 1, nats.
        beginnings: the start token of each.
    """

    names: list[str]
    log_probability: Float64[Array, "names"]
    beginnings: Int32[Array, "names"]


class ByArrival:
    """The order of first arrivals: a rank is −log(time).

    Args:
        sampling: how names are drawn.
        seed: the random number that all waits come from.
    """

    def __init__(self, sampling: SamplingSettings, seed: np.uint64) -> None:
        self.sampling, self.seed = sampling, seed

    def start(self, walk: Walk) -> tuple[Open, Marks]:
        """At every beginning; its rate is its probability given the characters that are forced."""
        roots, chance = walk.roots(self.sampling)
        key = scramble(scramble(np.arange(len(chance), dtype=np.uint64)) ^ self.seed)
        return roots, {"rank": chance - log_waits(key), "chance": chance, "key": key}

    def read(
        self,
        logits: Float[Array, "B V"],
        steps: Float64[Array, "B V"],
        marks: Marks,
        lowest: float = -math.inf,
    ) -> Marks:
        """The times of all that is one character longer; their log-probabilities; the hashes."""
        chance = marks["chance"][:, None] + (
            steps if self.sampling.natural else self.sampling.log_chances(logits)
        )
        key = scramble(
            marks["key"][:, None] ^ scramble(np.arange(1, chance.shape[1] + 1, dtype=np.uint64))
        )
        waits = log_waits(key) - chance
        late, earliest = -marks["rank"], waits.min(axis=1)
        # What is too late needs no exact time: most tokens, and three logarithms each.
        rank = -np.maximum(waits, late[:, None])
        np.minimum(rank, np.nextafter(lowest, -math.inf), out=rank)
        latest = np.logaddexp(-lowest, earliest) + ROUNDING
        row, token = np.nonzero(waits <= latest[:, None])
        wait, before = waits[row, token], late[row]
        with np.errstate(divide="ignore"):  # of the earliest, which is no later than the prefix
            later = wait + np.log1p(-np.exp(earliest[row] - wait))
        rank[row, token] = -np.logaddexp(before, later)
        return {"rank": rank, "chance": chance, "key": key}


class Arrivals(BandSearch):
    """A search for names in the order of their arrival. Where it was not ``bounded`` and gave too few names, there are
    no more.

    Args:
        walk: the model and the filter.
        judge: the last word on a finished name; where it lets no name through twice it is told of all that are given.
        sampling: how the names would be drawn.
        rng: where the random numbers come from.
        tell: called now and then with the names found so far and the prefixes read so far.
        most: prefixes that are read in vain before it gives up.
    """

    returns_unfinished_bands = True

    def __init__(
        self,
        walk: Walk,
        judge: Judge,
        sampling: SamplingSettings,
        rng: np.random.Generator,
        tell: Tell = lambda found, read: None,
        *,
        most: int = MAX_PREFIXES,
    ) -> None:
        self._rng, self._most = rng, most
        order = ByArrival(sampling, rng.integers(2**64, dtype=np.uint64))
        super().__init__(walk, judge, order, bound=self._most, tell=tell)

    def find(self, n: int) -> Iterator[Found]:
        """Give n names as they are found, in order; fewer if there are no more, or the bound was met.

        Names that may be given again are independent draws from all that the constraints leave.
        """
        return (
            self._distinct(n, self.judge.given)
            if self.judge.given is not None
            else self._again_and_again(n)
        )

    def _distinct(self, n: int, given: Given) -> Iterator[Found]:
        """Each once: those of a band that were not given yet come later than all of the band before."""
        for found in self.bands(n, at_first=min(n, MAX_AT_FIRST)):
            names = self._found(found, np.arange(min(len(found.names), n - self.given)))
            if names.names:
                given.add(self.judge.normalization.digests(names.names))
                self._goes_on(len(names.names))
                yield names

    def _found(self, found: Ranked, rows: Int64[Array, "rows"]) -> Found:
        """Some names of a band."""
        return Found(
            names=[found.names[row] for row in rows.tolist()],
            log_probability=found.marks["score"][rows],
            beginnings=found.marks["beginning"][rows].astype(np.int32),
        )

    def _again_and_again(self, n: int) -> Iterator[Found]:
        """All arrivals of each name: band by band, and once all names are known, by their probabilities alone."""
        found, until = None, -math.inf
        for found in self.bands(None, at_first=1):
            before, until = until, -found.floor
            for rows in self._between(found, before, until, n):
                n -= len(rows)
                self._goes_on(len(rows))
                yield self._found(found, rows)
            if n == 0:
                return
        if found is not None and found.names and not self.bounded:
            chances = np.exp(found.marks["chance"] - found.marks["chance"].max())
            chances /= chances.sum()
            while n:
                rows = self._rng.choice(len(chances), min(n, CHUNK_NAMES), p=chances)
                n -= len(rows)
                yield self._found(found, rows)

    def _between(
        self, found: Ranked, before: float, until: float, most: int
    ) -> Iterator[Int64[Array, "rows"]]:
        """The rows of the names that arrive between two times (given as logarithms), in order; at most so many.

        After its first arrival, which was found, a name arrives as often as a Poisson distribution says, at any moment.
        In short stretches of time, so that few names come at once.
        """
        if not found.names:
            return
        late, chance = -found.marks["rank"], found.marks["chance"]
        before = max(
            before, float(np.nextafter(late.min(), -math.inf))
        )  # until then there was none
        rate = float(np.logaddexp.reduce(chance))
        while before < until and most:
            expected = max(min(most, CHUNK_NAMES), FEWEST_NAMES)
            end = min(
                until,
                max(
                    np.logaddexp(before, math.log(expected) - rate), np.nextafter(before, math.inf)
                ),
            )
            since = np.clip(late, before, end)
            with np.errstate(divide="ignore"):  # of no time
                span = end + np.log(-np.expm1(since - end))
            new = np.flatnonzero((late > before) & (late <= end))
            old = np.repeat(np.arange(len(late)), self._rng.poisson(np.exp(chance + span)))
            share = np.exp(since - end)  # of the time up to the end
            times = np.concatenate(
                (share[new], share[old] + (1 - share[old]) * self._rng.random(len(old)))
            )
            rows = np.concatenate((new, old))[np.argsort(times, kind="stable")][:most]
            if len(rows):
                most -= len(rows)
                yield rows
            before = end

    def _goes_on(self, count: int) -> None:
        """So many names were given: the search may read as much again."""
        self.given += count
        self.reads_at_most(self._most)


def log_waits(keys: UInt64[Array, "*shape"]) -> Float64[Array, "*shape"]:
    """The logarithms of exponential times of rate 1, one for each hash.

    >>> bool(abs(np.exp(log_waits(scramble(np.arange(10_000, dtype=np.uint64)))).mean() - 1) < 0.05)
    True
    """
    uniform = ((keys >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53  # neither 0 nor 1
    logs: Float64[Array, "*shape"] = np.log(-np.log(uniform))
    return logs
