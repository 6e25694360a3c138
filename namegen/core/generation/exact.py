"""Exact search: finds the names that rank highest, without drawing.

A ranking gives each prefix and each finished name a rank, and a name never ranks higher than its prefixes. So to find
all names above a floor, it's enough to read all prefixes above it. If they are too few, the search lowers the floor and
starts again from the start token. The names above one floor are a *band*.

Textbook best-first search keeps a priority queue and reads one prefix at a time. A band needs no queue, and its
prefixes are read in large blocks. Starting again is cheap, since the last band takes about as long as all bands before
it. Within a band, the prefixes that rank highest are read first. As soon as there are enough names, the floor rises to
the rank of the last one.

There are two rankings. By probability, the search finds the most likely names. By the time at which a name would first
be drawn, it's sampling without replacement:

Imagine that names are drawn forever, at random moments, one per second on average. Names with a prefix of probability p
then arrive at a rate of p per second, and the first of them arrives after an exponential time of rate p. Distinct names
in the order of their first arrival are exactly what drawing gives if repeats are skipped.

These times can be computed from the start token on, only as far as they are needed. The first name with a prefix is
also the first name with one of the prefixes that are one token longer. Each of these has an exponential waiting time of
its own rate, and the shortest one decides. How much later each of the others comes is again exponential with its own
rate, whatever happened before:

    time(prefix + v) = time(prefix) + wait(v) − min(wait),    wait(v) ~ Exponential(p(prefix + v))

With the rank −log(time), this is sampling without replacement by the Gumbel-top-k trick (Kool, van Hoof and Welling,
"Stochastic Beams and Where to Find Them", 2019; Maddison, Tarlow and Minka, "A* Sampling", 2014). A search can continue
after some names have been drawn, since what drawing finds next doesn't depend on how many draws were in vain. Each wait
is computed from a hash of the prefix and one random number, so it's the same in every band.
"""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeAlias, cast

import numpy as np

from namegen.core.data.normalization import scramble
from namegen.core.data.vocabulary import END_TOKEN
from namegen.core.generation.constraints.constraint_list import ConstraintList
from namegen.core.generation.request import GenerationRequest
from namegen.core.generation.sampling import log_chances
from namegen.core.generation.walk import (
    MAX_IN_VAIN,
    TRIED_PER_READ,
    FoundNames,
    NextTokens,
    PrefixBlock,
    Ranks,
    Walk,
    check_are_numbers,
)
from namegen.core.models import all_log_probabilities
from namegen.types import Array, Float, Float64, Int64, UInt64

MAX_PREFIXES = 1_000_000  # prefixes that are read before the search for likely names gives up
MAX_PREFIXES_BY_ARRIVAL = 1_500_000  # prefixes that sampling reads in vain before it gives up
MAX_LOGITS = 350_000_000  # logits that a search computes: a few seconds
MAX_NUMBERS = 100_000_000  # numbers in memory for prefixes that wait: almost a gigabyte
NUMBERS_PER_PREFIX = 7  # in addition to its tokens
ALL = sys.maxsize  # if all names are wanted
BAND_NATS = 1.5  # the least by which the floor is lowered
SMALL_BAND = 20_000  # prefixes of a band after which the floor may be lowered by more
# If a band has fewer than HARDLY_MORE times as many prefixes as the band before, the next band is wider. If it has more
# than FAR_MORE times as many, the next band is narrower.
HARDLY_MORE = 1.5
FAR_MORE = 6.0
MIN_JUDGED = 256  # names that are judged together, at least
MAX_JUDGED = 500_000  # and at most
# If the first band for more names than this is too large, the search looks for fewer names.
MAX_LOST = 10_000
FEWER = 4  # how many times fewer
CHUNK_NAMES = 500_000  # names that are returned together at most, if repeats are allowed
FEWEST_NAMES = 64  # names expected in one period of time, at least
MAX_AT_FIRST = 1_000  # names that the first band of sampling is meant for, at most
ROUNDING = 1e-6  # nats: two values that are this close may be equal

Report: TypeAlias = Callable[[int, int], None]  # called with names found and prefixes read


# --- rankings ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class ArrivalRanks(Ranks):
    """A ranking by arrival: the rank is −log(time), with the time of the first arrival in seconds."""

    log_rate: Float64[Array, "*shape"]  # log of the arrivals per second: its log-probability, nats
    hashes: UInt64[Array, "*shape"]  # the random numbers that the waits are computed from


class Ranking(Protocol):
    """Gives each prefix and each name a rank."""

    def start(self, walk: Walk) -> PrefixBlock:
        """Return the shortest prefixes, the forced characters after each start token, with their ranks."""

    def extend(
        self, prefixes: PrefixBlock, logits: Float[Array, "B V"], floor: float
    ) -> tuple[Ranks, Float64[Array, "B V"]]:
        """Rank all prefixes that are one token longer, and the names that end after the prefixes.

        Args:
            prefixes: the prefixes.
            logits: the model's logits after each prefix.
            floor: ranks below the floor may be inexact, but stay below it. Impossible prefixes have the rank −inf.

        Returns:
            Ranks ``(B, V)``, and the log-probabilities of the longer prefixes at temperature 1, in nats.
        """


class ByProbability:
    """Ranks by log-probability, in nats."""

    def start(self, walk: Walk) -> PrefixBlock:
        """Return the only start token, which ``Generator.as_one`` makes."""
        roots, _ = walk.roots(drawn=False)
        return replace(roots, ranks=Ranks(roots.log_probability))

    def extend(
        self, prefixes: PrefixBlock, logits: Float[Array, "B V"], floor: float
    ) -> tuple[Ranks, Float64[Array, "B V"]]:
        """Compute the log-probabilities, which are the ranks."""
        log_probability = prefixes.log_probability[:, None] + all_log_probabilities(logits)
        return Ranks(log_probability), log_probability


@dataclass(frozen=True)
class ByArrival:
    """Ranks by the time of the first arrival."""

    request: GenerationRequest  # how names are drawn
    seed: np.uint64  # the random number on which all waits depend

    def start(self, walk: Walk) -> PrefixBlock:
        """Return every start token. Its rate is its probability, given the characters that every name starts with."""
        roots, chances = walk.roots(drawn=True)
        log_rate = np.log(chances)  # (R,)
        numbers = np.arange(len(log_rate), dtype=np.uint64)
        hashes = scramble(scramble(numbers) ^ self.seed)
        rank = log_rate - log_waits(hashes)
        return replace(roots, ranks=ArrivalRanks(rank, log_rate=log_rate, hashes=hashes))

    def extend(
        self, prefixes: PrefixBlock, logits: Float[Array, "B V"], floor: float
    ) -> tuple[Ranks, Float64[Array, "B V"]]:
        """Compute when the first name with each longer prefix arrives (see the formula above).

        Most tokens come too late, so the three logarithms of an exact time are computed only for the others.
        """
        before = cast(ArrivalRanks, prefixes.ranks)  # (B,) each
        next_log_probability = all_log_probabilities(logits)  # (B, V)
        log_chance = next_log_probability  # (B, V)
        if not self.request.is_natural:
            log_chance = log_chances(logits, self.request)
        log_rate = before.log_rate[:, None] + log_chance  # (B, V)
        tokens = np.arange(1, log_rate.shape[1] + 1, dtype=np.uint64)
        hashes = scramble(before.hashes[:, None] ^ scramble(tokens))  # (B, V)
        log_wait = log_waits(hashes) - log_rate  # (B, V)
        log_min_wait = log_wait.min(axis=1)  # (B,)
        log_time = -before.rank  # (B,) of the prefixes
        # Upper bounds, below the floor.
        rank = -np.maximum(log_wait, log_time[:, None])  # (B, V)
        np.minimum(rank, np.nextafter(floor, -math.inf), out=rank)
        # Exact times of the tokens that aren't too late.
        latest = np.logaddexp(-floor, log_min_wait) + ROUNDING  # (B,)
        row, token = np.nonzero(log_wait <= latest[:, None])  # (K,) each
        log_wait_of_token = log_wait[row, token]  # (K,)
        with np.errstate(divide="ignore"):  # the difference may be 0
            log_difference = log_wait_of_token + np.log1p(
                -np.exp(log_min_wait[row] - log_wait_of_token)
            )  # (K,) log(wait − min_wait)
        rank[row, token] = -np.logaddexp(log_time[row], log_difference)
        log_probability = prefixes.log_probability[:, None] + next_log_probability
        return ArrivalRanks(rank, log_rate=log_rate, hashes=hashes), log_probability


def log_waits(hashes: UInt64[Array, "*shape"]) -> Float64[Array, "*shape"]:
    """Compute an exponential random number of rate 1 from each hash: return the logarithms of these waiting times.

    >>> bool(abs(np.exp(log_waits(scramble(np.arange(10_000, dtype=np.uint64)))).mean() - 1) < 0.05)
    True
    """
    upper_bits = hashes >> np.uint64(11)
    uniform = (upper_bits.astype(np.float64) + 0.5) * 2.0**-53  # between 0 and 1, never equal
    logs: Float64[Array, "*shape"] = np.log(-np.log(uniform))
    return logs


def ranks_of(table: PrefixBlock | FoundNames) -> Ranks:
    """Return the ranks of prefixes or names, which all have some in an exact search."""
    assert table.ranks is not None
    return table.ranks


# --- bands ------------------------------------------------------------------------------------------------------------


@dataclass(eq=False)
class Band:
    """The n highest names above a floor, sorted by falling rank. Names of equal rank are sorted by their characters."""

    n: int  # names that are wanted
    constraints: ConstraintList  # decide which finished names are wanted
    floor: float  # rank that names have to reach
    best: FoundNames  # the n highest names so far
    rejected: Counter[str] = field(default_factory=Counter)  # names by the constraint they failed
    highest_below: float = -math.inf  # the highest rank that is known to be below the floor
    waiting: list[FoundNames] = field(default_factory=list)  # names that aren't checked yet

    @property
    def current_floor(self) -> float:
        """The rank that a name has to reach now. Once there are n names, it's the rank of the last one."""
        if len(self.best) < self.n:
            return self.floor
        return max(self.floor, float(ranks_of(self.best).rank[self.n - 1]))

    def add(self, names: FoundNames) -> None:
        """Add finished names. They are checked once there are enough to make the sorting worthwhile."""
        self.waiting.append(names)
        if sum(map(len, self.waiting)) >= max(MIN_JUDGED, min(self.n // 2, MAX_JUDGED)):
            self.judge_waiting()

    def judge_waiting(self) -> None:
        """Check the constraints of the names that were added, and keep the n highest names of the band."""
        if not self.waiting:
            return
        waiting = FoundNames.join(self.waiting)
        self.waiting = []
        accepted = self.constraints.keep(waiting.names.tolist(), waiting.counts)
        self.rejected += accepted.rejected
        names = FoundNames.join([self.best, waiting[accepted.rows]])
        strings = names.names.tolist()
        rank = ranks_of(names).rank.tolist()
        by_rank = sorted(range(len(rank)), key=lambda row: (-rank[row], strings[row]))
        rows = np.array(by_rank, np.int64)
        if self.constraints.reserved is not None:  # names may not repeat
            sorted_names = [strings[row] for row in by_rank]
            hashes = self.constraints.normalization.hash_names(
                sorted_names
            )  # equal for equal names
            first_positions = np.unique(hashes, return_index=True)[1]
            rows = rows[np.sort(first_positions)]
        self.best = names[rows[: self.n]]


class _Floor:
    """Chooses the floor of each band: the rank that its names have to reach.

    Args:
        highest: the rank that no name exceeds.
        first_names: how many names the first band should have.
    """

    def __init__(self, highest: float, first_names: int) -> None:
        self.first_names = first_names
        self.expected = 0.0  # prefixes that the next band has at least; 0 if unknown
        self._nats = 2 * BAND_NATS  # how far the floor is lowered for the next band
        self._prefixes_before = 0  # prefixes of the last band
        self._highest = highest
        self.rank = self._first_rank()

    def _first_rank(self) -> float:
        """Return the rank that about ``first_names`` names should reach."""
        return self._highest - math.log(self.first_names) - self._nats

    def expect_fewer(self) -> None:
        """Raise the floor, because some of very many names are better than none."""
        self.first_names //= FEWER
        self.rank = self._first_rank()

    def lower(self, band: Band, prefixes: int) -> None:
        """Lower the floor after a band, at least as far as is needed to find something new.

        It's lowered further if the last band hardly grew, and less far if it grew a lot.

        Args:
            band: the band.
            prefixes: how many prefixes of the band were read.
        """
        before = self._prefixes_before
        nats_before = self._nats
        is_far_larger = prefixes > max(SMALL_BAND, FAR_MORE * before)
        is_large_and_wide = prefixes >= SMALL_BAND and self._nats > 2 * BAND_NATS
        if prefixes < HARDLY_MORE * before:
            self._nats = 2 * self._nats
        elif is_far_larger or is_large_and_wide:
            self._nats = max(BAND_NATS, self._nats / 2)
        self.expected = 0
        if prefixes > before > SMALL_BAND:
            # Assume the same growth per nat. It's a low estimate, as checking the constraints takes time too.
            next_growth = (prefixes / before) ** (self._nats / nats_before)
            self.expected = prefixes * next_growth
        self._prefixes_before = prefixes
        self.rank = min(self.rank - self._nats, band.highest_below)


@dataclass(frozen=True, eq=False)
class _Blocks:
    """Prefixes that continue the same shorter prefixes, in blocks that are made when they are read, highest first."""

    blocks: Iterator[PrefixBlock]
    numbers: int  # in memory until the last of these blocks has been read


class BandSearch:
    """A search for the names that rank highest.

    The search gives up when it has done too much work. Checking the constraints of ``TRIED_PER_READ`` prefixes counts
    as much as reading one prefix. The search also gives up if it has computed ``MAX_LOGITS`` logits, which happens with
    large vocabularies; if its prefixes are very long (``MAX_IN_VAIN``); or if too many prefixes wait in memory
    (``MAX_NUMBERS``).

    Args:
        walk: the model's tree, and which names are wanted.
        ranking: ranks the names.
        budget: prefixes that may be read.
        report: called now and then with the number of names found and of prefixes read. Some of these names may still
            be rejected, or replaced with names that rank higher.
        returns_unfinished_bands: whether to return what a cut-off band found.
    """

    def __init__(
        self,
        walk: Walk,
        ranking: Ranking,
        *,
        budget: int,
        report: Report = lambda names, prefixes: None,
        returns_unfinished_bands: bool = False,
    ) -> None:
        self.walk = walk
        self.ranking = ranking
        self.prefixes_read = 0
        self.returned = 0  # names that the caller has returned already
        self.gave_up = False  # whether the search gave up; if not, there are no more names
        # Prefixes and names of the last band, by the constraint that rejected them.
        self.rejected: Counter[str] = Counter()
        self._report = report
        self._returns_unfinished_bands = returns_unfinished_bands
        self._most_found = 0  # names found in any band; a new band starts with none
        self._budget = budget
        self._renew_budget()

    def note_returned(self, count: int) -> None:
        """Count names that the caller has returned, after which the search may do as much work again."""
        self.returned += count
        self._renew_budget()

    def _renew_budget(self) -> None:
        affordable = MAX_LOGITS // self.walk.logits_per_prefix
        self._work_limit = self._work + max(1, min(self._budget, affordable))
        self._computed_at_most = self.walk.computed + MAX_IN_VAIN

    @property
    def _work(self) -> int:
        """The work done so far, in prefixes read."""
        return self.prefixes_read + self.walk.tried // TRIED_PER_READ

    def bands(self, n: int, *, at_first: int | None = None) -> Iterator[Band]:
        """Yield bands, each with a lower floor, until n names are found, no more exist, or the search gives up.

        A band contains the names whose rank is above its floor, and so also the names of the bands before. Names that
        the caller has returned are missing; the caller has to count them with ``note_returned``.

        Args:
            n: how many names; ``ALL`` includes those that have been returned.
            at_first: the number of names that the first band should have; None: n.
        """
        start = self.ranking.start(self.walk)
        first_names = n if at_first is None else at_first
        floor = _Floor(float(ranks_of(start).rank.max()), first_names=max(first_names, 1))
        while self.returned < n and math.isfinite(floor.rank):
            can_be_finished = floor.expected <= self._work_limit - self._work
            if not can_be_finished and not self._returns_unfinished_bands:
                self.gave_up = True
                return
            missing = n if n == ALL else n - self.returned
            no_names = replace(FoundNames.none(), ranks=ranks_of(start)[:0])
            band = Band(missing, self.walk.constraints, floor.rank, best=no_names)
            read_before = self.prefixes_read
            if self._read_band(start, band):
                yield band
                if len(band.best) >= band.n:
                    return
                floor.lower(band, prefixes=self.prefixes_read - read_before)
            elif floor.first_names > MAX_LOST and not self.returned:
                # The first band was meant for so many names that a smaller one is worth a try.
                floor.expect_fewer()
                self._renew_budget()
            else:
                self.gave_up = True
                if self._returns_unfinished_bands:
                    band.judge_waiting()
                    yield band
                return

    def _read_band(self, start: PrefixBlock, band: Band) -> bool:
        """Find all names above the band's floor, and add them to it.

        Returns:
            Whether the band was read in full; False if that's too much work.
        """
        self.walk.rejected.clear()
        read_before = self.prefixes_read
        stack = [_Blocks(iter([start]), numbers=0)]  # the longest prefixes come last
        is_complete = True
        while stack:
            prefixes = next(stack[-1].blocks, None)
            if prefixes is None:
                stack.pop()
                continue
            highest_rank = float(ranks_of(prefixes).rank.max())
            if highest_rank < band.current_floor:  # the later blocks rank even lower
                band.highest_below = max(band.highest_below, highest_rank)
                stack.pop()
                continue
            takes_too_long = (
                self._work + len(prefixes) > self._work_limit
                or self.walk.computed > self._computed_at_most
            )
            takes_too_much_memory = sum(blocks.numbers for blocks in stack) > MAX_NUMBERS
            if takes_too_long or takes_too_much_memory:
                is_complete = False
                break
            if self.prefixes_read > read_before:
                self._report(self._most_found, self.prefixes_read)
            stack.append(self._read_block(prefixes, band))
        if is_complete:
            band.judge_waiting()
            self._note_found(band)
        self._report(self._most_found, self.prefixes_read)
        self.rejected = band.rejected + self.walk.rejected
        return is_complete

    def _read_block(self, prefixes: PrefixBlock, band: Band) -> _Blocks:
        """Read some prefixes, and add the names that end there to the band.

        Returns:
            The longer prefixes above the band's floor, in blocks. Those that rank highest come first.
        """
        self.prefixes_read += len(prefixes)
        logits, state = self.walk.read(prefixes)  # (B, V)
        floor = band.current_floor
        ranks, log_probability = self.ranking.extend(prefixes, logits, floor)  # (B, V) each
        check_are_numbers(log_probability[:, END_TOKEN])
        is_above = ranks.rank >= floor  # (B, V)
        highest_below = float(ranks.rank.max(where=~is_above, initial=-math.inf))
        band.highest_below = max(band.highest_below, highest_below)
        row, token = np.nonzero(is_above & (ranks.rank > -math.inf))  # (K,) each
        next_tokens = NextTokens(
            rows=row,
            tokens=token.astype(np.int32),
            counts=np.ones(len(row), np.int64),
            log_probability=log_probability[row, token],
            ranks=ranks[row, token],
        )
        # Names that end here.
        is_end = token == END_TOKEN  # (K,)
        finished = self.walk.finish_names(prefixes, next_tokens[is_end])
        if len(finished):
            band.add(finished)
        self._note_found(band)
        # Prefixes that go on, the highest first.
        going_on = next_tokens[~is_end]
        by_rank = np.argsort(-ranks.rank[going_on.rows, going_on.tokens], kind="stable")
        longer = self.walk.extend(prefixes, going_on[by_rank], state)
        return _Blocks(longer, prefixes.tokens.size + len(by_rank) * NUMBERS_PER_PREFIX)

    def _note_found(self, band: Band) -> None:
        """Count the names found so far. A band for all names also has those that were returned."""
        new_count = 0 if band.n == ALL else len(band.best)
        self._most_found = max(self._most_found, self.returned + new_count)


# --- sampling without replacement -------------------------------------------------------------------------------------


class Arrivals(BandSearch):
    """A search for names in the order of their arrival.

    If it found too few names and didn't give up (``gave_up``), there are no more.

    Args:
        walk: the model's tree, and which names are wanted. Without repeats, the returned names are reserved in its
            constraints.
        rng: the random number generator.
        budget: prefixes that are read in vain before the search gives up.
        report: called now and then with the number of names found and of prefixes read.
    """

    def __init__(
        self,
        walk: Walk,
        rng: np.random.Generator,
        *,
        budget: int = MAX_PREFIXES_BY_ARRIVAL,
        report: Report = lambda names, prefixes: None,
    ) -> None:
        self._rng = rng
        ranking = ByArrival(walk.request, rng.integers(2**64, dtype=np.uint64))
        super().__init__(walk, ranking, budget=budget, report=report, returns_unfinished_bands=True)

    def find(self, n: int) -> Iterator[FoundNames]:
        """Return n names in batches as they are found; fewer if there are no more, or the search gives up.

        If repeats are allowed, the names are independent draws from all names that satisfy the constraints.
        """
        constraints = self.walk.constraints
        if constraints.reserved is None:
            yield from self._with_repeats(n)
            return
        # Each band's names arrive later than all names of the band before.
        for band in self.bands(n, at_first=min(n, MAX_AT_FIRST)):
            names = band.best[: n - self.returned]
            if len(names):
                hashes = constraints.normalization.hash_names(names.names.tolist())
                constraints.reserved.add(hashes)
                self.note_returned(len(names))
                yield names

    def _with_repeats(self, n: int) -> Iterator[FoundNames]:
        """Yield all arrivals, also repeated ones, band by band. Once all names are known, draw them by probability."""
        names = FoundNames.none()
        end = -math.inf
        for band in self.bands(ALL, at_first=1):
            names = band.best
            start = end
            end = -band.floor
            for rows in self._arrivals(cast(ArrivalRanks, names.ranks), start, end, most=n):
                n -= len(rows)
                self.note_returned(len(rows))
                yield names[rows]
            if n == 0:
                return
        if self.gave_up or not len(names):
            return
        log_rate = cast(ArrivalRanks, names.ranks).log_rate
        chances = np.exp(log_rate - log_rate.max())
        chances /= chances.sum()
        while n:
            rows = self._rng.choice(len(chances), min(n, CHUNK_NAMES), p=chances)
            n -= len(rows)
            yield names[rows]

    def _arrivals(
        self, ranks: ArrivalRanks, start: float, end: float, *, most: int
    ) -> Iterator[Int64[Array, "rows"]]:
        """Yield the rows of the names that arrive between two times, in order; at most ``most`` arrivals.

        The times are logarithms of seconds. The time is divided into short periods, so that few names arrive in each.
        """
        if not len(ranks):
            return
        first_arrival = float((-ranks.rank).min())
        start = max(start, math.nextafter(first_arrival, -math.inf))
        log_total_rate = float(np.logaddexp.reduce(ranks.log_rate))
        while start < end and most:
            expected_count = max(min(most, CHUNK_NAMES), FEWEST_NAMES)
            log_duration = math.log(expected_count) - log_total_rate
            period_end = np.logaddexp(start, log_duration)
            earliest_end = np.nextafter(start, math.inf)
            period_end = min(end, max(period_end, earliest_end))
            rows = self._arrivals_in_period(ranks, start, period_end)[:most]
            if len(rows):
                most -= len(rows)
                yield rows
            start = period_end

    def _arrivals_in_period(
        self, ranks: ArrivalRanks, start: float, end: float
    ) -> Int64[Array, "rows"]:
        """Return the rows of the names that arrive in one period, in the order of their arrivals.

        A name can arrive several times. The time of its first arrival is known. The number of later arrivals has a
        Poisson distribution, and each of them comes at a uniformly distributed time.
        """
        log_first = -ranks.rank  # (names,) first arrivals
        first_rows = np.flatnonzero((log_first > start) & (log_first <= end))
        log_since = np.clip(log_first, start, end)  # (names,) when repeats begin
        since = np.exp(log_since - end)  # (names,) as a share of the time up to the end
        with np.errstate(divide="ignore"):  # there may be no time for repeats
            log_span = end + np.log(-np.expm1(log_since - end))  # (names,)
        counts = self._rng.poisson(np.exp(ranks.log_rate + log_span))  # (names,)
        repeat_rows = np.repeat(np.arange(len(counts)), counts)  # (repeats,)
        repeat_since = since[repeat_rows]  # (repeats,)
        repeat_times = repeat_since + (1 - repeat_since) * self._rng.random(len(repeat_rows))
        times = np.concatenate((since[first_rows], repeat_times))
        rows = np.concatenate((first_rows, repeat_rows))
        return rows[np.argsort(times, kind="stable")]
