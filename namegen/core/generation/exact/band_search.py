"""Exact search: finds the names that rank highest, without drawing.

A ranking gives each prefix and each finished name a rank, and a name never ranks higher than its prefixes. So to find
all names above a floor, it's enough to read all prefixes above it. If they are too few, the search lowers the floor and
starts again from the start token. The names above one floor are a *band*.

Textbook best-first search keeps a priority queue and reads one prefix at a time. A band needs no queue, and its
prefixes are read in large blocks. Starting again is cheap, since the last band takes about as long as all bands before
it. Within a band, the prefixes that rank highest are read first. As soon as there are enough names, the floor rises to
the rank of the last one.

There are two rankings: by probability (``ByProbability``), and by the time at which a name would first be drawn
(``without_replacement.py``). A prefix has to have the same rank in every band.
"""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Protocol, Self, TypeAlias, runtime_checkable

import numpy as np

from namegen.core.data.vocabulary import END_TOKEN
from namegen.core.engine import State
from namegen.core.generation.constraints.constraint_list import NameFilter
from namegen.core.generation.count_splitting import (
    MAX_IN_VAIN,
    TRIED_PER_READ,
    LongerPrefixes,
    NextTokens,
    PrefixBlock,
    Walk,
    check_are_numbers,
)
from namegen.core.models import all_log_probabilities
from namegen.types import Array, Float, Float64, Int32, Int64

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
MAX_LOGITS = 350_000_000  # logits that a search computes: a few seconds
MAX_NUMBERS = 100_000_000  # numbers in memory for prefixes that wait: almost a gigabyte

Report: TypeAlias = Callable[[int, int], None]  # called with names found and prefixes read


def ignore_progress(names: int, prefixes: int) -> None:
    """Report nothing: the default of a search."""


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


@runtime_checkable
class Ranking(Protocol):
    """Ranks prefixes and finished names; a name never ranks higher than its prefixes."""

    def start(self, walk: Walk) -> tuple[PrefixBlock, PrefixScores]:
        """Return the prefixes that the search starts from, and their scores ``(B,)``."""
        ...

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
            floor: ranks below the floor may be inexact, but must stay below it. Impossible prefixes must have the rank
                −inf.

        Returns:
            Scores ``(B, V)``.
        """
        ...


class ByProbability:
    """Ranks by log-probability, in nats."""

    def start(self, walk: Walk) -> tuple[PrefixBlock, PrefixScores]:
        """Return the only start token, and the characters that a constraint forces."""
        start, _ = walk.roots()
        return start, PrefixScores(
            rank=start.log_probability, log_probability=start.log_probability
        )

    def extend(
        self,
        logits: Float[Array, "B V"],
        next_log_probability: Float64[Array, "B V"],
        scores: PrefixScores,
        floor: float,
    ) -> PrefixScores:
        """Add the next token's log-probability to the prefix's."""
        log_probability = scores.log_probability[:, None] + next_log_probability
        return PrefixScores(rank=log_probability, log_probability=log_probability)


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
    """The n highest names above a floor.

    They are sorted by falling rank. Names of equal rank are sorted by their characters.
    """

    n: int  # names that are wanted
    name_filter: NameFilter  # decides which finished names are wanted
    floor: float  # rank that names have to reach
    best: RankedNames  # the n highest names so far
    rejected: Counter[str] = field(default_factory=Counter)  # names by the constraint they failed
    highest_below: float = -math.inf  # the highest rank that is known to be below the floor
    _waiting: list[RankedNames] = field(default_factory=list)  # names that aren't checked yet
    _waiting_count: int = 0

    @property
    def current_floor(self) -> float:
        """The rank that a name has to reach now. Once there are n names, it's the rank of the last one."""
        if len(self.best.names) < self.n:
            return self.floor
        return max(self.floor, float(self.best.scores.rank[self.n - 1]))

    def add(self, names: RankedNames) -> None:
        """Add finished names. They are checked once there are enough to make the sorting worthwhile."""
        self._waiting.append(names)
        self._waiting_count += len(names.names)
        if self._waiting_count >= max(MIN_JUDGED, min(self.n // 2, MAX_JUDGED)):
            self.judge_waiting()

    def note_below(self, rank: float) -> None:
        """Remember a rank below the floor, if it's the highest so far."""
        self.highest_below = max(self.highest_below, rank)

    def judge_waiting(self) -> None:
        """Check the constraints of the names that were added, and keep the n highest names of the band."""
        if not self._waiting:
            return
        waiting = RankedNames.concatenate(self._waiting)
        self._waiting = []
        self._waiting_count = 0
        counts = np.ones(len(waiting.names), np.int64)
        accepted = self.name_filter.keep(waiting.names, counts)
        self.rejected += accepted.rejected
        names = RankedNames.concatenate([self.best, waiting.select(accepted.rows)])
        self.best = names.select(self._sorted_rows(names)[: self.n])

    def _sorted_rows(self, names: RankedNames) -> Int64[Array, "rows"]:
        """Sort names by falling rank, and return their rows. If names may not repeat, equal names have only one row."""
        rank = names.scores.rank
        by_rank = sorted(range(len(rank)), key=lambda row: (-rank[row], names.names[row]))
        rows = np.array(by_rank, np.int64)
        allows_repeats = self.name_filter.reserved is None
        if allows_repeats:
            return rows
        sorted_names = [names.names[row] for row in by_rank]
        hashes = self.name_filter.normalization.hash_names(sorted_names)  # equal for equal names
        first_positions = np.unique(hashes, return_index=True)[1]
        return rows[np.sort(first_positions)]


@dataclass(frozen=True, eq=False)
class _Block:
    """Prefixes that are read together."""

    prefixes: PrefixBlock
    scores: PrefixScores  # (B,)
    later: Iterator[_Block]  # blocks that rank lower and continue the same shorter prefixes
    numbers: int  # numbers in memory until the last of these blocks has been read


class _LaterBlocks(Iterator[_Block]):
    """Blocks of prefixes that are one token longer than those of a block; the highest block comes first.

    Each block is made only when it's read. Before that, a prefix takes a few numbers; afterwards, it has all its
    characters and a state of each constraint.
    """

    def __init__(
        self, longer: Iterator[LongerPrefixes], scores: PrefixScores, numbers: int
    ) -> None:
        self._longer = longer
        self._scores = scores  # (K,) of all prefixes in these blocks
        self._numbers = numbers  # in memory until the last block has been read

    def __next__(self) -> _Block:
        prefixes, token_indexes = next(self._longer)
        scores = self._scores.select(token_indexes)
        return _Block(prefixes, scores, later=self, numbers=self._numbers)


class _BlockStack:
    """The blocks of a band that are still to be read. The block that was added last is read first."""

    def __init__(self, first: _Block) -> None:
        self.blocks = [first]
        self.numbers = first.numbers  # in memory, for all blocks and their later blocks

    def push(self, block: _Block) -> None:
        """Add a block."""
        self.blocks.append(block)
        self.numbers += block.numbers

    def push_next_block(self, block: _Block) -> None:
        """Add the block that comes after a block that was taken from the stack."""
        next_block = next(block.later, None)
        if next_block is None:
            self.free(block)
        else:
            self.blocks.append(next_block)

    def free(self, block: _Block) -> None:
        """Stop counting the memory of a block whose later blocks won't be read any more."""
        self.numbers -= block.numbers


@dataclass(eq=False)
class _BandWidth:
    """How far the floor is lowered for the next band. It depends on the sizes of the bands before."""

    nats: float = 2 * BAND_NATS
    expected: float = 0.0  # prefixes that the next band has at least; 0 if unknown
    _prefixes_before: int = 0  # prefixes of the last band

    def adapt(self, prefixes: int) -> None:
        """Choose how far the floor is lowered for the next band, given the number of prefixes in the last one."""
        prefixes_before = self._prefixes_before
        nats_before = self.nats
        self.nats = self._choose_width(prefixes)
        self.expected = 0
        if prefixes > prefixes_before > SMALL_BAND:
            # Assume the same growth per nat. It's a low estimate, as checking the constraints takes time too.
            last_growth = prefixes / prefixes_before
            next_growth = last_growth ** (self.nats / nats_before)
            self.expected = prefixes * next_growth
        self._prefixes_before = prefixes

    def _choose_width(self, prefixes: int) -> float:
        """Return how far to lower the floor: further if the last band hardly grew, less far if it grew a lot."""
        prefixes_before = self._prefixes_before
        is_hardly_larger = prefixes < HARDLY_MORE * prefixes_before
        is_far_larger = prefixes > max(SMALL_BAND, FAR_MORE * prefixes_before)
        is_large_and_wide = prefixes >= SMALL_BAND and self.nats > 2 * BAND_NATS
        if is_hardly_larger:
            return 2 * self.nats
        if is_far_larger or is_large_and_wide:
            return max(BAND_NATS, self.nats / 2)
        return self.nats


class _Floors:
    """Chooses the floor of each band: the rank that its names have to reach.

    Args:
        highest: the rank that no name exceeds.
        first_names: how many names the first band should have.
    """

    def __init__(self, highest: float, first_names: int) -> None:
        self.width = _BandWidth()
        self._highest = highest
        self._first_names = first_names
        self.floor = self._first_floor()

    def _first_floor(self) -> float:
        """Return the floor that about ``first_names`` names should reach."""
        return self._highest - math.log(self._first_names) - self.width.nats

    @property
    def can_expect_fewer(self) -> bool:
        """Whether the first band was meant for so many names that a smaller one is worth a try."""
        return self._first_names > MAX_LOST

    def expect_fewer(self) -> None:
        """Raise the floor, because some of very many names are better than none."""
        self._first_names //= FEWER
        self.floor = self._first_floor()

    def lower(self, band: Band, prefixes: int) -> None:
        """Lower the floor after a band, at least as far as is needed to find something new.

        Args:
            band: the band.
            prefixes: how many prefixes of the band were read.
        """
        self.width.adapt(prefixes)
        self.floor = min(self.floor - self.width.nats, band.highest_below)


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
        ranking: Ranking,
        *,
        budget: int,
        report: Report = ignore_progress,
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
        self._most_found = 0
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
        floors = _Floors(highest=float(scores.rank.max()), first_names=max(first_names, 1))
        while self.returned < names_wanted and math.isfinite(floors.floor):
            if not self._can_continue(floors):
                self.gave_up = True
                return
            band = self._new_band(n, floors.floor, scores)
            read_before = self.prefixes_read
            is_complete = self._read_band(start, scores, band)
            if is_complete:
                yield band
                has_enough_names = len(band.best.names) >= band.n
                if has_enough_names:
                    return
                floors.lower(band, prefixes=self.prefixes_read - read_before)
            elif floors.can_expect_fewer and not self.returned:  # the first band was too large
                floors.expect_fewer()
                self.renew_budget()
            else:
                self.gave_up = True
                yield from self._unfinished(band)
                return

    def _can_continue(self, floors: _Floors) -> bool:
        """Return whether to read another band: if it can be finished, or if the caller also wants an unfinished one."""
        remaining_work = self._work_limit - self._work
        can_be_finished = floors.width.expected <= remaining_work
        return self.returns_unfinished_bands or can_be_finished

    def _new_band(self, n: int | None, floor: float, scores: PrefixScores) -> Band:
        """Create an empty band for the names that are still missing.

        Args:
            n: names that are wanted; None: all.
            floor: rank that names have to reach.
            scores: any scores of the search's ranking.
        """
        missing = ALL if n is None else n - self.returned
        no_names = RankedNames([], scores.select(slice(0)), start_tokens=np.zeros(0, np.int32))
        return Band(missing, self.name_filter, floor, best=no_names)

    def _unfinished(self, band: Band) -> Iterator[Band]:
        """Return the band that the search was reading when it gave up, if the caller wants it."""
        if self.returns_unfinished_bands:
            band.judge_waiting()
            yield band

    def _read_band(self, start: PrefixBlock, scores: PrefixScores, band: Band) -> bool:
        """Find all names above the band's floor, and add them to it.

        Args:
            start: the shortest prefixes.
            scores: of these prefixes.
            band: gets the names.

        Returns:
            Whether the band was read in full; False if the search has to give up.
        """
        self.walk.rejected.clear()
        stack = _BlockStack(_Block(start, scores, later=iter(()), numbers=0))
        is_complete = self._read_blocks(stack, band)
        if is_complete:
            band.judge_waiting()
            self._note_found(band)
        self.rejected = band.rejected + self.walk.rejected
        return is_complete

    def _read_blocks(self, stack: _BlockStack, band: Band) -> bool:
        """Read the blocks of a stack, and the longer prefixes that follow, until none is left above the band's floor.

        Returns:
            Whether all were read; False if that's too much work.
        """
        while stack.blocks:
            block = stack.blocks.pop()
            highest_rank = float(block.scores.rank.max())
            if highest_rank < band.current_floor:  # the later blocks rank even lower
                stack.free(block)
                band.note_below(highest_rank)
                continue
            stack.push_next_block(block)
            if self._is_too_much_work(block, stack):
                return False
            self._read_next(block, stack, band)
        return True

    def _is_too_much_work(self, block: _Block, stack: _BlockStack) -> bool:
        """Return whether reading a block would exceed the limits on work and memory."""
        work_after = self._work + len(block.prefixes.last)
        takes_too_long = (
            work_after > self._work_limit or self.walk.computed > self._computed_at_most
        )
        takes_too_much_memory = stack.numbers > MAX_NUMBERS
        return takes_too_long or takes_too_much_memory

    def _read_next(self, block: _Block, stack: _BlockStack, band: Band) -> None:
        """Read a block, and add the highest of its longer prefixes to the stack, so that they are read next."""
        longer = self._read_block(block, band)
        first_longer = next(longer, None)  # the other blocks follow it (``later``)
        if first_longer is not None:
            stack.push(first_longer)
        if not stack.blocks:
            band.judge_waiting()
        self._note_found(band)
        self._report(self._most_found, self.prefixes_read)

    def _read_block(self, block: _Block, band: Band) -> Iterator[_Block]:
        """Read some prefixes, and add the names that end there to the band.

        Returns:
            The longer prefixes above the band's floor, in blocks. Those that rank highest come first.
        """
        prefixes = block.prefixes
        self.prefixes_read += len(prefixes.last)
        logits, state = self.walk.read(prefixes)  # (B, V)
        log_probabilities = all_log_probabilities(logits)  # (B, V)
        check_are_numbers(log_probabilities[:, END_TOKEN])
        scores = self.ranking.extend(
            logits, log_probabilities, block.scores, band.current_floor
        )  # (B, V)
        row, token = _find_above_floor(scores.rank, band)  # (K,) each
        is_end = token == END_TOKEN  # (K,)
        self._add_names(prefixes, row[is_end], scores, band)
        row, token = _sort_by_rank(row[~is_end], token[~is_end], scores)
        return self._make_longer_blocks(prefixes, row, token, scores.select((row, token)), state)

    def _make_longer_blocks(
        self,
        prefixes: PrefixBlock,
        row: Int64[Array, "K"],
        token: Int64[Array, "K"],
        scores: PrefixScores,
        after: State,
    ) -> _LaterBlocks:
        """Return the prefixes that are one token longer, in blocks.

        Args:
            prefixes: the shorter prefixes.
            row: the row of the shorter prefix of each longer one.
            token: the last token of each longer prefix.
            scores: of the longer prefixes, ``(K,)``.
            after: the model's state after the shorter prefixes.
        """
        next_tokens = _next_tokens(row, token, scores.log_probability)
        longer = self.walk.extend(prefixes, next_tokens, after)
        numbers_per_prefix = 3 + len(fields(scores))
        numbers = prefixes.tokens.size + len(row) * numbers_per_prefix
        return _LaterBlocks(longer, scores, numbers)

    def _add_names(
        self, prefixes: PrefixBlock, row: Int64[Array, "K"], scores: PrefixScores, band: Band
    ) -> None:
        """Add the names that consist of the prefixes of some rows to a band, if the walk's constraints accept them."""
        log_probability = scores.log_probability[row, END_TOKEN]
        end_tokens = _next_tokens(row, np.full(len(row), END_TOKEN), log_probability)
        finished = self.walk.finish_names(prefixes, end_tokens)
        if len(finished.rows):
            names = RankedNames(
                names=self.walk.filter.vocabulary.decode_all(finished.tokens),
                scores=scores.select((finished.rows, END_TOKEN)),
                start_tokens=finished.start_token,
            )
            band.add(names)

    def _note_found(self, band: Band) -> None:
        """Count the names found so far. A new band starts with no names, so the largest count is kept."""
        # A band for all names also has those that were returned.
        new_count = 0 if band.n == ALL else len(band.best.names)
        self._most_found = max(self._most_found, self.returned + new_count)


def _find_above_floor(
    rank: Float64[Array, "B V"], band: Band
) -> tuple[Int64[Array, "K"], Int64[Array, "K"]]:
    """Find the longer prefixes whose rank is above a band's floor, and note the highest rank below it.

    Returns:
        The row of the shorter prefix, and the last token, of each longer prefix.
    """
    is_above = rank >= band.current_floor  # (B, V)
    highest_below = float(rank.max(where=~is_above, initial=-math.inf))
    band.note_below(highest_below)
    row, token = np.nonzero(is_above & (rank > -math.inf))
    return row, token


def _sort_by_rank(
    row: Int64[Array, "K"], token: Int64[Array, "K"], scores: PrefixScores
) -> tuple[Int64[Array, "K"], Int64[Array, "K"]]:
    """Sort the rows and tokens of longer prefixes, so that those that rank highest come first."""
    order = np.argsort(-scores.rank[row, token], kind="stable")
    return row[order], token[order]


def _next_tokens(
    row: Int64[Array, "K"], token: Int64[Array, "K"], log_probability: Float64[Array, "K"]
) -> NextTokens:
    """Return next tokens for a walk that doesn't draw, which counts each of them once."""
    return NextTokens(
        rows=row,
        tokens=token.astype(np.int32),
        counts=np.ones(len(row), np.int64),
        log_probabilities=log_probability,
    )
