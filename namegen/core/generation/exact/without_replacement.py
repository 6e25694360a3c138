"""Exact sampling without replacement: finds names in the order in which drawing would find them, without drawing.

Imagine that names are drawn forever, at random moments, one per second on average. Names with a prefix of probability p
then arrive at a rate of p per second, and the first of them arrives after an exponential time of rate p. Distinct names
in the order of their first arrival are exactly what drawing gives if repeats are skipped.

These times can be computed from the start token on, only as far as they are needed. The first name with a prefix is
also the first name with one of the prefixes that are one token longer. Each of these has an exponential waiting time of
its own rate, and the shortest one decides. How much later each of the others comes is again exponential with its own
rate, whatever happened before:

    time(prefix + v) = time(prefix) + wait(v) − min(wait),    wait(v) ~ Exponential(p(prefix + v))

With the rank −log(time), this is sampling without replacement by the Gumbel-top-k trick (Kool, van Hoof and Welling,
"Stochastic Beams and Where to Find Them", 2019; Maddison, Tarlow and Minka, "A* Sampling", 2014). A prefix never
arrives later than a name that starts with it, so ``band_search.py`` can find all names that arrive before one time,
then before a later one. Prefixes that the constraints reject are never read. If no prefix is left, there are no more
names.

A search can continue after some names have been drawn, since what drawing finds next doesn't depend on how many draws
were in vain. Each wait is computed from a hash of the prefix and one random number, so it's the same in every band.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import numpy as np

from namegen.core.data.normalization import scramble
from namegen.core.generation.constraints.constraint_list import NameFilter, ReservedNames
from namegen.core.generation.count_splitting import PrefixBlock, Walk
from namegen.core.generation.exact.band_search import (
    BandSearch,
    PrefixScores,
    RankedNames,
    Report,
    ignore_progress,
)
from namegen.core.generation.sampling import SamplingSettings
from namegen.types import Array, Float, Float64, Int64, UInt64

MAX_PREFIXES = 1_500_000  # prefixes read in vain before the search gives up: a few seconds
CHUNK_NAMES = 500_000  # names that are returned together at most, if repeats are allowed
FEWEST_NAMES = 64  # names expected in one period of time, at least
MAX_AT_FIRST = 1_000  # names that the first band is meant for, at most
ROUNDING = 1e-6  # nats: two values that are this close may be equal


@dataclass(frozen=True, eq=False)
class ArrivalScores(PrefixScores):
    """A ranking by arrival: the rank is −log(time), with the time of the first arrival in seconds."""

    log_rate: Float64[Array, "*shape"]  # log of the arrivals per second: its log-probability, nats
    hashes: UInt64[Array, "*shape"]  # the random numbers that the waits are computed from


@dataclass(frozen=True)
class ByArrival:
    """Ranks by the time of the first arrival."""

    sampling: SamplingSettings  # how names are drawn
    seed: np.uint64  # the random number on which all waits depend

    def start(self, walk: Walk) -> tuple[PrefixBlock, ArrivalScores]:
        """Return every start token. Its rate is its probability, given the characters that every name starts with."""
        roots, log_rate = walk.roots(self.sampling)
        numbers = np.arange(len(log_rate), dtype=np.uint64)
        hashes = scramble(scramble(numbers) ^ self.seed)
        rank = log_rate - log_waits(hashes)
        return roots, ArrivalScores(rank, roots.log_probability, log_rate=log_rate, hashes=hashes)

    def extend(
        self,
        logits: Float[Array, "B V"],
        next_log_probability: Float64[Array, "B V"],
        scores: PrefixScores,
        floor: float,
    ) -> ArrivalScores:
        """Compute when the first name with each longer prefix arrives."""
        prefix = cast(ArrivalScores, scores)
        log_chance = next_log_probability  # (B, V)
        if not self.sampling.natural:
            log_chance = self.sampling.log_chances(logits)
        log_rate = prefix.log_rate[:, None] + log_chance  # (B, V)
        tokens = np.arange(1, log_rate.shape[1] + 1, dtype=np.uint64)
        hashes = scramble(prefix.hashes[:, None] ^ scramble(tokens))  # (B, V)
        log_wait = log_waits(hashes) - log_rate  # (B, V)
        prefix_log_time = -prefix.rank  # (B,)
        rank = self._ranks(prefix_log_time, log_wait, floor)
        log_probability = prefix.log_probability[:, None] + next_log_probability
        return ArrivalScores(rank, log_probability, log_rate=log_rate, hashes=hashes)

    def _ranks(
        self, prefix_log_time: Float64[Array, "B"], log_wait: Float64[Array, "B V"], floor: float
    ) -> Float64[Array, "B V"]:
        """Compute −log(time) of longer prefixes (see the formula above), exactly if it reaches the floor.

        Most tokens come too late, so the three logarithms of an exact time are computed only for the others.
        """
        rank = -np.maximum(log_wait, prefix_log_time[:, None])  # (B, V) upper bounds
        below_floor = np.nextafter(floor, -math.inf)
        np.minimum(rank, below_floor, out=rank)
        log_min_wait = log_wait.min(axis=1)  # (B,)
        latest = np.logaddexp(-floor, log_min_wait) + ROUNDING  # (B,)
        row, token = np.nonzero(log_wait <= latest[:, None])  # (K,) each: not too late
        log_wait_of_token = log_wait[row, token]  # (K,)
        with np.errstate(divide="ignore"):  # the difference may be 0
            log_difference = log_wait_of_token + np.log1p(
                -np.exp(log_min_wait[row] - log_wait_of_token)
            )  # (K,) log(wait − min_wait)
        rank[row, token] = -np.logaddexp(prefix_log_time[row], log_difference)
        return rank


class Arrivals(BandSearch):
    """A search for names in the order of their arrival.

    If it found too few names and didn't give up (``gave_up``), there are no more.

    Args:
        walk: the model's tree, and which prefixes are wanted.
        name_filter: decides which finished names are wanted. Without repeats, the returned names are reserved in it.
        sampling: how names would be drawn.
        rng: the random number generator.
        report: called now and then with the number of names found and of prefixes read.
        budget: prefixes that are read in vain before the search gives up.
    """

    returns_unfinished_bands = True

    def __init__(
        self,
        walk: Walk,
        name_filter: NameFilter,
        sampling: SamplingSettings,
        rng: np.random.Generator,
        report: Report = ignore_progress,
        *,
        budget: int = MAX_PREFIXES,
    ) -> None:
        self._rng = rng
        ranking = ByArrival(sampling, rng.integers(2**64, dtype=np.uint64))
        super().__init__(walk, name_filter, ranking, budget=budget, report=report)

    def find(self, n: int) -> Iterator[RankedNames]:
        """Return n names in batches as they are found; fewer if there are no more, or the search gives up.

        If repeats are allowed, the names are independent draws from all names that satisfy the constraints.
        """
        if self.name_filter.reserved is None:
            return self._with_repeats(n)
        return self._distinct(n, self.name_filter.reserved)

    def _distinct(self, n: int, reserved: ReservedNames) -> Iterator[RankedNames]:
        """Yield the names of each band, each name once. They arrive later than all names of the band before."""
        for band in self.bands(n, at_first=min(n, MAX_AT_FIRST)):
            count = min(len(band.best.names), n - self.returned)
            names = band.best.select(np.arange(count))
            if names.names:
                reserved.add(self.name_filter.normalization.hash_names(names.names))
                self._note_returned(count)
                yield names

    def _with_repeats(self, n: int) -> Iterator[RankedNames]:
        """Yield all arrivals, also repeated ones, band by band. Once all names are known, draw them by probability."""
        last_band = None
        end = -math.inf
        for band in self.bands(None, at_first=1):
            last_band = band
            start = end
            end = -band.floor
            scores = cast(ArrivalScores, band.best.scores)
            for rows in self._arrivals(scores, start, end, most=n):
                n -= len(rows)
                self._note_returned(len(rows))
                yield band.best.select(rows)
            if n == 0:
                return
        if last_band is not None and not self.gave_up:
            yield from self._draw(last_band.best, n)

    def _note_returned(self, count: int) -> None:
        """Count names that were returned, after which the search may do as much work again."""
        self.returned += count
        self.renew_budget()

    def _draw(self, names: RankedNames, n: int) -> Iterator[RankedNames]:
        """Draw n names from a complete list by their probabilities, some of them more than once."""
        if not names.names:
            return
        log_rate = cast(ArrivalScores, names.scores).log_rate
        chances = np.exp(log_rate - log_rate.max())
        chances /= chances.sum()
        while n:
            rows = self._rng.choice(len(chances), min(n, CHUNK_NAMES), p=chances)
            n -= len(rows)
            yield names.select(rows)

    def _arrivals(
        self, scores: ArrivalScores, start: float, end: float, *, most: int
    ) -> Iterator[Int64[Array, "rows"]]:
        """Yield the rows of the names that arrive between two times, in order; at most ``most`` arrivals.

        The times are logarithms of seconds. The time is divided into short periods, so that few names arrive in each.
        """
        if not len(scores.rank):
            return
        first_arrival = float((-scores.rank).min())
        start = max(start, math.nextafter(first_arrival, -math.inf))
        log_total_rate = float(np.logaddexp.reduce(scores.log_rate))
        while start < end and most:
            expected_count = max(min(most, CHUNK_NAMES), FEWEST_NAMES)
            log_duration = math.log(expected_count) - log_total_rate
            period_end = np.logaddexp(start, log_duration)
            earliest_end = np.nextafter(start, math.inf)
            period_end = min(end, max(period_end, earliest_end))
            rows = self._arrivals_in_period(scores, start, period_end)[:most]
            if len(rows):
                most -= len(rows)
                yield rows
            start = period_end

    def _arrivals_in_period(
        self, scores: ArrivalScores, start: float, end: float
    ) -> Int64[Array, "rows"]:
        """Return the rows of the names that arrive in one period, in the order of their arrivals.

        A name can arrive several times. The time of its first arrival is known; later ones are drawn.
        """
        log_first = -scores.rank  # (names,) first arrivals
        first_rows = np.flatnonzero((log_first > start) & (log_first <= end))
        log_since = np.clip(log_first, start, end)  # (names,) when repeats begin
        since = np.exp(log_since - end)  # (names,) as a share of the time up to the end
        repeat_rows, repeat_times = self._draw_repeats(scores.log_rate, log_since, end)
        times = np.concatenate((since[first_rows], repeat_times))
        rows = np.concatenate((first_rows, repeat_rows))
        order = np.argsort(times, kind="stable")
        return rows[order]

    def _draw_repeats(
        self, log_rate: Float64[Array, "names"], log_since: Float64[Array, "names"], end: float
    ) -> tuple[Int64[Array, "repeats"], Float64[Array, "repeats"]]:
        """Draw the arrivals of names that have arrived before, from ``log_since`` up to the end.

        The number of arrivals has a Poisson distribution, and each of them comes at a uniformly distributed time.

        Returns:
            The row of each arrival's name, and its time as a share of the time up to the end.
        """
        with np.errstate(divide="ignore"):  # there may be no time for repeats
            log_span = end + np.log(-np.expm1(log_since - end))  # (names,)
        expected_counts = np.exp(log_rate + log_span)  # (names,)
        counts = self._rng.poisson(expected_counts)  # (names,)
        rows = np.repeat(np.arange(len(counts)), counts)  # (repeats,)
        since = np.exp(log_since - end)[rows]  # (repeats,)
        times = since + (1 - since) * self._rng.random(len(rows))  # (repeats,)
        return rows, times


def log_waits(hashes: UInt64[Array, "*shape"]) -> Float64[Array, "*shape"]:
    """Compute an exponential random number of rate 1 from each hash: return the logarithms of these waiting times.

    >>> bool(abs(np.exp(log_waits(scramble(np.arange(10_000, dtype=np.uint64)))).mean() - 1) < 0.05)
    True
    """
    upper_bits = hashes >> np.uint64(11)
    uniform = (upper_bits.astype(np.float64) + 0.5) * 2.0**-53  # between 0 and 1, never equal
    logs: Float64[Array, "*shape"] = np.log(-np.log(uniform))
    return logs
