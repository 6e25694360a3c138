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
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeAlias, cast

import numpy as np

from namegen.core.data.normalization import scramble
from namegen.core.data.vocabulary import END_TOKEN
from namegen.core.generation.advice import advice
from namegen.core.generation.constraints.constraint_list import ConstraintList, NameFilter
from namegen.core.generation.sampling import SamplingSettings
from namegen.core.generation.walk import (
    MAX_IN_VAIN,
    TRIED_PER_READ,
    NextTokens,
    PrefixBlock,
    Walk,
    check_are_numbers,
)
from namegen.core.models import all_log_probabilities
from namegen.errors import GenerationError
from namegen.events import ProgressCallback, Searched, ignore_progress
from namegen.types import Array, Float, Float64, Int32, Int64, UInt64

if TYPE_CHECKING:
    from namegen.core.generation.generator import Generator
    from namegen.core.generation.name_batch import NameBatch

MAX_PREFIXES = 1_000_000  # prefixes that are read before the search for likely names gives up
MAX_PREFIXES_BY_ARRIVAL = 1_500_000  # prefixes that sampling reads in vain before it gives up
MAX_LOGITS = 350_000_000  # logits that a search computes: a few seconds
MAX_NUMBERS = 100_000_000  # numbers in memory for prefixes that wait: almost a gigabyte
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
class PrefixScores:
    """The numbers that a ranking stores for each prefix; a subclass may add fields.

    All arrays have the same shape: ``(B,)`` for B prefixes, or ``(B, V)`` for all prefixes that are one token longer.

    >>> log_probability = np.array([-1.0, -3.0, -2.0])
    >>> scores = PrefixScores(rank=log_probability, log_probability=log_probability)
    >>> PrefixScores.concatenate([scores, scores.select(slice(0, 1))]).rank.tolist()
    [-1.0, -3.0, -2.0, -1.0]
    """

    rank: Float64[Array, "*shape"]  # no name with this prefix ranks higher
    log_probability: Float64[Array, "*shape"]  # at temperature 1, given the start token, nats

    @classmethod
    def concatenate(cls, batches: Sequence[Self]) -> Self:
        """Join the scores of several batches of prefixes, array by array."""
        arrays = {}
        for column in fields(cls):
            arrays_of_batches = [getattr(batch, column.name) for batch in batches]
            arrays[column.name] = np.concatenate(arrays_of_batches)
        return cls(**arrays)

    def select(self, index: Any) -> Self:
        """Return the scores of some prefixes. ``index`` is any NumPy index into the arrays."""
        arrays = {column.name: getattr(self, column.name)[index] for column in fields(self)}
        return type(self)(**arrays)


@dataclass(frozen=True, eq=False)
class ArrivalScores(PrefixScores):
    """A ranking by arrival: the rank is −log(time), with the time of the first arrival in seconds."""

    log_rate: Float64[Array, "*shape"]  # log of the arrivals per second: its log-probability, nats
    hashes: UInt64[Array, "*shape"]  # the random numbers that the waits are computed from


class ByProbability:
    """Ranks by log-probability, in nats."""

    def start(self, walk: Walk) -> tuple[PrefixBlock, PrefixScores]:
        """Return the only start token, with the characters that a constraint forces, and its scores ``(1,)``."""
        start, _ = walk.roots()
        return start, PrefixScores(start.log_probability, start.log_probability)

    def extend(
        self,
        logits: Float[Array, "B V"],
        next_log_probability: Float64[Array, "B V"],
        scores: PrefixScores,
        floor: float,
    ) -> PrefixScores:
        """Score all prefixes that are one token longer, and the names that end after the prefixes.

        Args:
            logits: the model's logits after each prefix.
            next_log_probability: the log-probability of each next token at temperature 1, in nats.
            scores: of the prefixes, ``(B,)``.
            floor: ranks below the floor may be inexact, but stay below it. Impossible prefixes have the rank −inf.

        Returns:
            Scores ``(B, V)``.
        """
        log_probability = scores.log_probability[:, None] + next_log_probability
        return PrefixScores(log_probability, log_probability)


@dataclass(frozen=True)
class ByArrival(ByProbability):
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
        """Compute when the first name with each longer prefix arrives (see the formula above).

        Most tokens come too late, so the three logarithms of an exact time are computed only for the others.
        """
        prefix = cast(ArrivalScores, scores)
        log_chance = next_log_probability  # (B, V)
        if not self.sampling.natural:
            log_chance = self.sampling.log_chances(logits)
        log_rate = prefix.log_rate[:, None] + log_chance  # (B, V)
        tokens = np.arange(1, log_rate.shape[1] + 1, dtype=np.uint64)
        hashes = scramble(prefix.hashes[:, None] ^ scramble(tokens))  # (B, V)
        log_wait = log_waits(hashes) - log_rate  # (B, V)
        log_min_wait = log_wait.min(axis=1)  # (B,)
        log_time = -prefix.rank  # (B,) of the prefixes
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
        log_probability = prefix.log_probability[:, None] + next_log_probability
        return ArrivalScores(rank, log_probability, log_rate=log_rate, hashes=hashes)


def log_waits(hashes: UInt64[Array, "*shape"]) -> Float64[Array, "*shape"]:
    """Compute an exponential random number of rate 1 from each hash: return the logarithms of these waiting times.

    >>> bool(abs(np.exp(log_waits(scramble(np.arange(10_000, dtype=np.uint64)))).mean() - 1) < 0.05)
    True
    """
    upper_bits = hashes >> np.uint64(11)
    uniform = (upper_bits.astype(np.float64) + 0.5) * 2.0**-53  # between 0 and 1, never equal
    logs: Float64[Array, "*shape"] = np.log(-np.log(uniform))
    return logs


# --- bands ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class RankedNames:
    """Names and their scores."""

    names: list[str]
    scores: PrefixScores  # (names,)
    start_tokens: Int32[Array, "names"]

    @classmethod
    def concatenate(cls, batches: Sequence[RankedNames]) -> RankedNames:
        """Join several batches into one."""
        scores = [batch.scores for batch in batches]
        return cls(
            names=[name for batch in batches for name in batch.names],
            scores=type(scores[0]).concatenate(scores),
            start_tokens=np.concatenate([batch.start_tokens for batch in batches]),
        )

    def select(self, rows: Int64[Array, "rows"]) -> RankedNames:
        """Return the names of some rows, in their order."""
        return RankedNames(
            names=[self.names[row] for row in rows.tolist()],
            scores=self.scores.select(rows),
            start_tokens=self.start_tokens[rows],
        )


@dataclass(eq=False)
class Band:
    """The n highest names above a floor, sorted by falling rank. Names of equal rank are sorted by their characters."""

    n: int  # names that are wanted
    name_filter: NameFilter  # decides which finished names are wanted
    floor: float  # rank that names have to reach
    best: RankedNames  # the n highest names so far
    rejected: Counter[str] = field(default_factory=Counter)  # names by the constraint they failed
    highest_below: float = -math.inf  # the highest rank that is known to be below the floor
    waiting: list[RankedNames] = field(default_factory=list)  # names that aren't checked yet

    @property
    def current_floor(self) -> float:
        """The rank that a name has to reach now. Once there are n names, it's the rank of the last one."""
        if len(self.best.names) < self.n:
            return self.floor
        return max(self.floor, float(self.best.scores.rank[self.n - 1]))

    def add(self, names: RankedNames) -> None:
        """Add finished names. They are checked once there are enough to make the sorting worthwhile."""
        self.waiting.append(names)
        waiting_count = sum(len(batch.names) for batch in self.waiting)
        if waiting_count >= max(MIN_JUDGED, min(self.n // 2, MAX_JUDGED)):
            self.judge_waiting()

    def judge_waiting(self) -> None:
        """Check the constraints of the names that were added, and keep the n highest names of the band."""
        if not self.waiting:
            return
        waiting = RankedNames.concatenate(self.waiting)
        self.waiting = []
        counts = np.ones(len(waiting.names), np.int64)
        accepted = self.name_filter.keep(waiting.names, counts)
        self.rejected += accepted.rejected
        names = RankedNames.concatenate([self.best, waiting.select(accepted.rows)])
        rank = names.scores.rank
        by_rank = sorted(range(len(rank)), key=lambda row: (-rank[row], names.names[row]))
        rows = np.array(by_rank, np.int64)
        if self.name_filter.reserved is not None:  # names may not repeat
            sorted_names = [names.names[row] for row in by_rank]
            hashes = self.name_filter.normalization.hash_names(
                sorted_names
            )  # equal for equal names
            first_positions = np.unique(hashes, return_index=True)[1]
            rows = rows[np.sort(first_positions)]
        self.best = names.select(rows[: self.n])


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

    blocks: Iterator[tuple[PrefixBlock, PrefixScores]]
    numbers: int  # in memory until the last of these blocks has been read


class BandSearch:
    """A search for the names that rank highest.

    The search gives up when it has done too much work. Checking the constraints of ``TRIED_PER_READ`` prefixes counts
    as much as reading one prefix. The search also gives up if it has computed ``MAX_LOGITS`` logits, which happens with
    large vocabularies; if its prefixes are very long (``MAX_IN_VAIN``); or if too many prefixes wait in memory
    (``MAX_NUMBERS``).

    Args:
        walk: the model's tree, and which prefixes are wanted.
        name_filter: decides which finished names are wanted.
        ranking: ranks the names.
        budget: prefixes that may be read.
        report: called now and then with the number of names found and of prefixes read. Some of these names may still
            be rejected, or replaced with names that rank higher.

    >>> from namegen.core.models.ngram import NgramModel
    >>> from namegen.core.data.prefix_tree import PrefixTree
    >>> from namegen.core.data.vocabulary import Vocabulary
    >>> from namegen.core.generation.generator import Generator
    >>> names = ["Anna", "Annika", "Hanna", "Hans"]
    >>> vocabulary = Vocabulary.from_names(names)
    >>> model = NgramModel(PrefixTree.from_names(names, vocabulary), vocabulary.size, order=3)
    >>> walk, name_filter = Generator(model, vocabulary).prepare(2, 20, None, allow_seen=True, allow_repeats=False)
    >>> search = BandSearch(walk, name_filter, ByProbability(), budget=1_000)
    >>> [band.best.names for band in search.bands(2)][-1]
    ['Anna', 'Hans']
    """

    returns_unfinished_bands: ClassVar[bool] = False  # whether to return what a cut-off band found

    def __init__(
        self,
        walk: Walk,
        name_filter: NameFilter,
        ranking: ByProbability,
        *,
        budget: int,
        report: Report = lambda names, prefixes: None,
    ) -> None:
        self.walk = walk
        self.name_filter = name_filter
        self.ranking = ranking
        self.prefixes_read = 0
        self.returned = 0  # names that the caller has returned already
        self.gave_up = False  # whether the search gave up; if not, there are no more names
        # Prefixes and names of the last band, by the constraint that rejected them.
        self.rejected: Counter[str] = Counter()
        self._report = report
        self._most_found = 0  # names found in any band; a new band starts with none
        self._budget = budget
        self.renew_budget()

    def renew_budget(self) -> None:
        """Allow the search to do as much work again."""
        affordable = MAX_LOGITS // self.walk.logits_per_prefix
        self._work_limit = self._work + max(1, min(self._budget, affordable))
        self._computed_at_most = self.walk.computed + MAX_IN_VAIN

    @property
    def _work(self) -> int:
        """The work done so far, in prefixes read."""
        return self.prefixes_read + self.walk.tried // TRIED_PER_READ

    def bands(self, n: int | None, *, at_first: int | None = None) -> Iterator[Band]:
        """Yield bands, each with a lower floor, until n names are found, no more exist, or the search gives up.

        A band contains the names whose rank is above its floor, and so also the names of the bands before. Names that
        the caller has returned are missing; the caller has to count them in ``returned``.

        Args:
            n: how many names; None: all, including those that have been returned.
            at_first: the number of names that the first band should have; None: n.
        """
        names_wanted = ALL if n is None else n
        first_names = names_wanted if at_first is None else at_first
        start, scores = self.ranking.start(self.walk)
        floor = _Floor(highest=float(scores.rank.max()), first_names=max(first_names, 1))
        while self.returned < names_wanted and math.isfinite(floor.rank):
            can_be_finished = floor.expected <= self._work_limit - self._work
            if not can_be_finished and not self.returns_unfinished_bands:
                self.gave_up = True
                return
            missing = ALL if n is None else n - self.returned
            no_names = RankedNames([], scores.select(slice(0)), start_tokens=np.zeros(0, np.int32))
            band = Band(missing, self.name_filter, floor.rank, best=no_names)
            read_before = self.prefixes_read
            if self._read_band(start, scores, band):
                yield band
                if len(band.best.names) >= band.n:
                    return
                floor.lower(band, prefixes=self.prefixes_read - read_before)
            elif floor.first_names > MAX_LOST and not self.returned:
                # The first band was meant for so many names that a smaller one is worth a try.
                floor.expect_fewer()
                self.renew_budget()
            else:
                self.gave_up = True
                if self.returns_unfinished_bands:
                    band.judge_waiting()
                    yield band
                return

    def _read_band(self, start: PrefixBlock, scores: PrefixScores, band: Band) -> bool:
        """Find all names above the band's floor, and add them to it.

        Args:
            start: the shortest prefixes.
            scores: of these prefixes.
            band: gets the names.

        Returns:
            Whether the band was read in full; False if that's too much work.
        """
        self.walk.rejected.clear()
        read_before = self.prefixes_read
        stack = [_Blocks(iter([(start, scores)]), numbers=0)]  # the longest prefixes come last
        is_complete = True
        while stack:
            block = next(stack[-1].blocks, None)
            if block is None:
                stack.pop()
                continue
            prefixes, scores = block
            highest_rank = float(scores.rank.max())
            if highest_rank < band.current_floor:  # the later blocks rank even lower
                band.highest_below = max(band.highest_below, highest_rank)
                stack.pop()
                continue
            takes_too_long = (
                self._work + len(prefixes.last) > self._work_limit
                or self.walk.computed > self._computed_at_most
            )
            takes_too_much_memory = sum(blocks.numbers for blocks in stack) > MAX_NUMBERS
            if takes_too_long or takes_too_much_memory:
                is_complete = False
                break
            if self.prefixes_read > read_before:
                self._report(self._most_found, self.prefixes_read)
            stack.append(self._read_block(prefixes, scores, band))
        if is_complete:
            band.judge_waiting()
            self._note_found(band)
        self._report(self._most_found, self.prefixes_read)
        self.rejected = band.rejected + self.walk.rejected
        return is_complete

    def _read_block(self, prefixes: PrefixBlock, scores: PrefixScores, band: Band) -> _Blocks:
        """Read some prefixes, and add the names that end there to the band.

        Returns:
            The longer prefixes above the band's floor, in blocks. Those that rank highest come first.
        """
        self.prefixes_read += len(prefixes.last)
        logits, state = self.walk.read(prefixes)  # (B, V)
        log_probabilities = all_log_probabilities(logits)  # (B, V)
        check_are_numbers(log_probabilities[:, END_TOKEN])
        floor = band.current_floor
        longer_scores = self.ranking.extend(logits, log_probabilities, scores, floor)  # (B, V)
        rank = longer_scores.rank
        is_above = rank >= floor  # (B, V)
        highest_below = float(rank.max(where=~is_above, initial=-math.inf))
        band.highest_below = max(band.highest_below, highest_below)
        row, token = np.nonzero(is_above & (rank > -math.inf))  # (K,) each
        counts = np.ones(len(row), np.int64)
        log_probability = longer_scores.log_probability[row, token]
        next_tokens = NextTokens(row, token.astype(np.int32), counts, log_probability)
        # Names that end here.
        is_end = token == END_TOKEN  # (K,)
        finished = self.walk.finish_names(prefixes, next_tokens.select(is_end))
        if len(finished.rows):
            names = RankedNames(
                names=self.walk.filter.vocabulary.decode_all(finished.tokens),
                scores=longer_scores.select((finished.rows, END_TOKEN)),
                start_tokens=finished.start_token,
            )
            band.add(names)
        self._note_found(band)
        # Prefixes that go on, the highest first.
        going_on = np.flatnonzero(~is_end)
        by_rank = going_on[np.argsort(-rank[row[going_on], token[going_on]], kind="stable")]
        scores_by_rank = longer_scores.select((row[by_rank], token[by_rank]))
        longer = self.walk.extend(prefixes, next_tokens.select(by_rank), state)
        numbers_per_prefix = 3 + len(fields(scores))
        return _Blocks(
            blocks=((block, scores_by_rank.select(indexes)) for block, indexes in longer),
            numbers=prefixes.tokens.size + len(by_rank) * numbers_per_prefix,
        )

    def _note_found(self, band: Band) -> None:
        """Count the names found so far. A band for all names also has those that were returned."""
        new_count = 0 if band.n == ALL else len(band.best.names)
        self._most_found = max(self._most_found, self.returned + new_count)


# --- the most likely names --------------------------------------------------------------------------------------------


def most_likely(
    generator: Generator,
    n: int,
    *,
    max_length: int,
    constraints: ConstraintList | None = None,
    allow_seen: bool = False,
    allow_repeats: bool = False,
    on_progress: ProgressCallback = ignore_progress,
) -> Iterator[NameBatch]:
    """Return the n most likely names, the most likely first.

    The result is exact: reading every possible name would give the same.

    Args:
        generator: the model, its vocabulary and the known names.
        n: how many names.
        max_length: characters of the longest name that is returned.
        constraints: what each name has to satisfy.
        allow_seen: also return known names.
        allow_repeats: return each spelling of a name. Otherwise, if names differ only in letter case, spaces or
            punctuation, only the most likely one is returned.
        on_progress: called now and then with a ``Searched`` event.

    Raises:
        SettingsError: the constraints contradict each other; raised at once.
        GenerationError: the model doesn't know which names are new (raised at once); or there are fewer than n names,
            or finding them takes too long. The names found have been returned by then; they are the most likely ones.

    >>> from namegen.core.generation.generator import Generator
    >>> from namegen.core.models.ngram import NgramModel
    >>> from namegen.core.data.prefix_tree import PrefixTree
    >>> from namegen.core.data.vocabulary import Vocabulary
    >>> names = ["Anna", "Annika", "Hanna", "Hans"]
    >>> vocabulary = Vocabulary.from_names(names)
    >>> model = NgramModel(PrefixTree.from_names(names, vocabulary), vocabulary.size, order=3)
    >>> next(most_likely(Generator(model, vocabulary), 3, max_length=20, allow_seen=True)).names
    ['Anna', 'Hans', 'Ha']
    """
    walk, name_filter = generator.as_one().prepare(
        n, max_length, constraints, allow_seen=allow_seen, allow_repeats=allow_repeats
    )

    def report(name_count: int, prefixes_read: int) -> None:
        on_progress(Searched(name_count, n, read=prefixes_read))

    search = BandSearch(walk, name_filter, ByProbability(), budget=MAX_PREFIXES, report=report)

    def run() -> Iterator[NameBatch]:
        best: RankedNames | None = None
        for band in search.bands(n):
            best = band.best  # the last band has the names of all bands before
        count = 0 if best is None else len(best.names)
        if best is not None and count:
            yield generator.batch(best.names, best.scores.log_probability)
        if count < n:
            reason = "and no other name is possible: ask for fewer, or relax a constraint"
            if search.gave_up:
                suggestions = advice(search.rejected, name_filter.constraints)
                reason = f"then gave up after {search.prefixes_read:,} prefixes: {suggestions}"
            raise GenerationError(f"found {count:,} of the {n:,} most likely names, {reason}")

    return run()


# --- sampling without replacement -------------------------------------------------------------------------------------


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
        report: Report = lambda names, prefixes: None,
        *,
        budget: int = MAX_PREFIXES_BY_ARRIVAL,
    ) -> None:
        self._rng = rng
        ranking = ByArrival(sampling, rng.integers(2**64, dtype=np.uint64))
        super().__init__(walk, name_filter, ranking, budget=budget, report=report)

    def find(self, n: int) -> Iterator[RankedNames]:
        """Return n names in batches as they are found; fewer if there are no more, or the search gives up.

        If repeats are allowed, the names are independent draws from all names that satisfy the constraints.
        """
        reserved = self.name_filter.reserved
        if reserved is None:
            yield from self._with_repeats(n)
            return
        # Each band's names arrive later than all names of the band before.
        for band in self.bands(n, at_first=min(n, MAX_AT_FIRST)):
            count = min(len(band.best.names), n - self.returned)
            names = band.best.select(np.arange(count))
            if names.names:
                reserved.add(self.name_filter.normalization.hash_names(names.names))
                self._note_returned(count)
                yield names

    def _note_returned(self, count: int) -> None:
        """Count names that were returned, after which the search may do as much work again."""
        self.returned += count
        self.renew_budget()

    def _with_repeats(self, n: int) -> Iterator[RankedNames]:
        """Yield all arrivals, also repeated ones, band by band. Once all names are known, draw them by probability."""
        names: RankedNames | None = None
        end = -math.inf
        for band in self.bands(None, at_first=1):
            names = band.best
            start = end
            end = -band.floor
            scores = cast(ArrivalScores, names.scores)
            for rows in self._arrivals(scores, start, end, most=n):
                n -= len(rows)
                self._note_returned(len(rows))
                yield names.select(rows)
            if n == 0:
                return
        if names is None or not names.names or self.gave_up:
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

        A name can arrive several times. The time of its first arrival is known. The number of later arrivals has a
        Poisson distribution, and each of them comes at a uniformly distributed time.
        """
        log_first = -scores.rank  # (names,) first arrivals
        first_rows = np.flatnonzero((log_first > start) & (log_first <= end))
        log_since = np.clip(log_first, start, end)  # (names,) when repeats begin
        since = np.exp(log_since - end)  # (names,) as a share of the time up to the end
        with np.errstate(divide="ignore"):  # there may be no time for repeats
            log_span = end + np.log(-np.expm1(log_since - end))  # (names,)
        counts = self._rng.poisson(np.exp(scores.log_rate + log_span))  # (names,)
        repeat_rows = np.repeat(np.arange(len(counts)), counts)  # (repeats,)
        repeat_since = since[repeat_rows]  # (repeats,)
        repeat_times = repeat_since + (1 - repeat_since) * self._rng.random(len(repeat_rows))
        times = np.concatenate((since[first_rows], repeat_times))
        rows = np.concatenate((first_rows, repeat_rows))
        return rows[np.argsort(times, kind="stable")]
