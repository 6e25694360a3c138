"""Exact search: finds the names that rank highest, without drawing.

A ranking gives each prefix and each finished name a rank, and a name never ranks higher than its prefixes. So to find
all names above a floor, it's enough to read all prefixes above it. If they are too few, the search lowers the floor and
starts again from the start token. The names above one floor are a *band*.

Best-first search, the textbook's way, keeps a priority queue and reads one prefix at a time. A band needs no queue, and
its prefixes are read in large blocks. Starting again is cheap, since the last band takes about as long as all bands
before it. Within a band, the prefixes that rank highest are read first. As soon as there are enough names, the floor
rises to the rank of the last one.

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
from namegen.core.generation.count_splitting import MAX_IN_VAIN, TRIED_PER_READ, Open, Walk
from namegen.core.models import all_log_probabilities
from namegen.errors import GenerationError
from namegen.types import Array, Float, Float64, Int32, Int64

ALL = sys.maxsize  # if all names are wanted
BAND_NATS = 1.5  # the least by which the floor is lowered
SMALL_BAND = 20_000  # prefixes of a band after which the floor may be lowered by more
# The next band is wider if a band has fewer times as many prefixes as the one before, and narrower if it has more.
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


@dataclass(frozen=True, eq=False)
class PrefixScores:
    """What a ranking stores for each prefix; a subclass may add fields.

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
        """Several batches as one."""
        return cls(
            **{
                column.name: np.concatenate([getattr(batch, column.name) for batch in batches])
                for column in fields(cls)
            }
        )

    def select(self, index: Any) -> Self:
        """The same elements of each array, by a NumPy index."""
        return type(self)(
            **{column.name: getattr(self, column.name)[index] for column in fields(self)}
        )


@runtime_checkable
class Ranking(Protocol):
    """Ranks prefixes and finished names; a name never ranks higher than its prefixes."""

    def start(self, walk: Walk) -> tuple[Open, PrefixScores]:
        """The prefixes that the search starts from, and their scores ``(B,)``."""
        ...

    def extend(
        self,
        logits: Float[Array, "B V"],
        step: Float64[Array, "B V"],
        scores: PrefixScores,
        floor: float,
    ) -> PrefixScores:
        """Score everything that is one token longer.

        Args:
            logits: the model's logits after each prefix.
            step: the log-probability of each next token at temperature 1, in nats.
            scores: of the prefixes, ``(B,)``.
            floor: a rank below it may be inexact, as long as it's below the floor, and −inf if it should be.

        Returns:
            Scores ``(B, V)``. A rank of −inf means that the prefix is impossible.
        """
        ...


class ByProbability:
    """Ranks by log-probability, in nats."""

    def start(self, walk: Walk) -> tuple[Open, PrefixScores]:
        """The only start token, and the characters that a constraint forces."""
        start, _ = walk.roots()
        return start, PrefixScores(rank=start.score, log_probability=start.score)

    def extend(
        self,
        logits: Float[Array, "B V"],
        step: Float64[Array, "B V"],
        scores: PrefixScores,
        floor: float,
    ) -> PrefixScores:
        """Add the next token's log-probability to the prefix's."""
        log_probability = scores.log_probability[:, None] + step
        return PrefixScores(rank=log_probability, log_probability=log_probability)


@dataclass(frozen=True, eq=False)
class RankedNames:
    """Names and their scores."""

    names: list[str]
    scores: PrefixScores  # (names,)
    start_tokens: Int32[Array, "names"]

    @classmethod
    def concatenate(cls, batches: Sequence[RankedNames]) -> RankedNames:
        """Several batches as one."""
        scores = [batch.scores for batch in batches]
        return cls(
            names=[name for batch in batches for name in batch.names],
            scores=type(scores[0]).concatenate(scores),
            start_tokens=np.concatenate([batch.start_tokens for batch in batches]),
        )

    def select(self, rows: Int64[Array, "rows"]) -> RankedNames:
        """The names of some rows, in their order."""
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
    _waiting: list[RankedNames] = field(default_factory=list)  # names that aren't judged yet
    _waiting_count: int = 0

    @property
    def current_floor(self) -> float:
        """The rank that a name has to reach now: that of the last name, once there are n."""
        if len(self.best.names) < self.n:
            return self.floor
        return max(self.floor, float(self.best.scores.rank[self.n - 1]))

    def add(self, names: RankedNames) -> None:
        """Add finished names. They are judged once there are enough to make the sorting worthwhile."""
        self._waiting.append(names)
        self._waiting_count += len(names.names)
        if self._waiting_count >= max(MIN_JUDGED, min(self.n // 2, MAX_JUDGED)):
            self.judge_waiting()

    def judge_waiting(self) -> None:
        """Filter the names that were added, and keep the n highest."""
        if not self._waiting:
            return
        waiting = RankedNames.concatenate(self._waiting)
        self._waiting = []
        self._waiting_count = 0
        counts = np.ones(len(waiting.names), np.int64)
        rows, _, rejected = self.name_filter.keep(waiting.names, counts)
        self.rejected += rejected
        names = RankedNames.concatenate([self.best, waiting.select(rows)])
        self.best = names.select(self._sorted_rows(names)[: self.n])

    def _sorted_rows(self, names: RankedNames) -> Int64[Array, "rows"]:
        """The rows by falling rank; without repeats, only the highest name of each hash."""
        rank = names.scores.rank
        by_rank = sorted(range(len(rank)), key=lambda row: (-rank[row], names.names[row]))
        rows = np.array(by_rank, np.int64)
        allows_repeats = self.name_filter.returned is None
        if allows_repeats:
            return rows
        hashes = self.name_filter.normalization.hash_names([names.names[row] for row in by_rank])
        _, first_positions = np.unique(hashes, return_index=True)
        return rows[np.sort(first_positions)]


@dataclass(frozen=True, eq=False)
class _Block:
    """Prefixes that are read together."""

    prefixes: Open
    scores: PrefixScores  # (B,)
    siblings: Iterator[_Block]  # blocks that rank lower, with the same prefixes one token shorter
    numbers: int  # numbers in memory until the last sibling has been read


@dataclass(eq=False)
class _BandWidth:
    """How far the floor is lowered for the next band; depends on the size of the bands before."""

    nats: float = 2 * BAND_NATS
    expected: float = 0.0  # prefixes that the next band has at least; 0 if unknown
    _prefixes_before: int = 0  # prefixes of the last band

    def adapt(self, prefixes: int) -> None:
        """Set the width of the next band, given the number of prefixes in the last one."""
        before = self._prefixes_before
        last_nats = self.nats
        is_far_larger = prefixes > max(SMALL_BAND, FAR_MORE * before)
        is_large_and_wide = prefixes >= SMALL_BAND and self.nats > 2 * BAND_NATS
        if prefixes < HARDLY_MORE * before:
            self.nats *= 2
        elif is_far_larger or is_large_and_wide:
            self.nats = max(BAND_NATS, self.nats / 2)
        self.expected = 0
        if prefixes > before > SMALL_BAND:
            # Assume the same growth per nat. It's a low estimate, as asking the constraints takes time too.
            growth = (prefixes / before) ** (self.nats / last_nats)
            self.expected = prefixes * growth
        self._prefixes_before = prefixes


class BandSearch:
    """A search for the names that rank highest.

    The search gives up when it has done too much work. A few prefixes for which the constraints are asked count as much
    as one prefix that is read (``TRIED_PER_READ``). It also gives up if it has computed ``MAX_LOGITS`` logits, which
    happens with large vocabularies; if its prefixes are very long (``MAX_IN_VAIN``); or if too many prefixes wait in
    memory (``MAX_NUMBERS``).

    Args:
        walk: the model's tree, and which prefixes are wanted.
        name_filter: decides which finished names are wanted.
        ranking: ranks the names.
        bound: prefixes that may be read.
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
    >>> search = BandSearch(walk, name_filter, ByProbability(), bound=1_000)
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
        bound: int,
        report: Report = lambda names, prefixes: None,
    ) -> None:
        self.walk = walk
        self.name_filter = name_filter
        self.ranking = ranking
        self.prefixes_read = 0
        self.returned = 0  # names that the caller has returned already
        self.bounded = False  # whether the search gave up; if not, there are no more names
        self.rejected: Counter[str] = (
            Counter()
        )  # prefixes and names of the last band, by constraint
        self._report = report
        self._most_found = 0
        self._most_prefixes = bound
        self.renew_bound()

    def renew_bound(self) -> None:
        """Allow the search to do as much work again."""
        affordable = MAX_LOGITS // self.walk.logits_per_prefix
        self.bound = self._work + max(1, min(self._most_prefixes, affordable))
        self._computed_at_most = self.walk.computed + MAX_IN_VAIN

    @property
    def _work(self) -> int:
        """The work done so far, in prefixes read."""
        return self.prefixes_read + self.walk.tried // TRIED_PER_READ

    def bands(self, n: int | None, *, at_first: int | None = None) -> Iterator[Band]:
        """Find bands with lower and lower floors until n names are found, no more exist, or the search gives up.

        Each band also has the names of the bands before, except for those that the caller has returned.
        The caller has to count these in ``returned``.

        Args:
            n: how many names; None: all, including those that have been returned.
            at_first: the number of names that the first band should have; None: n.
        """
        wanted = ALL if n is None else n
        start, scores = self.ranking.start(self.walk)
        no_names = RankedNames([], scores.select(slice(0)), start_tokens=np.zeros(0, np.int32))
        highest = float(scores.rank.max())
        at_first = max(wanted if at_first is None else at_first, 1)
        width = _BandWidth()
        floor = highest - math.log(at_first) - width.nats
        while wanted > self.returned and math.isfinite(floor):
            is_hopeless = width.expected > self.bound - self._work
            if is_hopeless and not self.returns_unfinished_bands:
                self.bounded = True
                return
            missing = ALL if n is None else wanted - self.returned
            band = Band(missing, self.name_filter, floor, best=no_names)
            read_before = self.prefixes_read
            highest_below = self._read_band(start, scores, band)
            self.rejected = band.rejected + self.walk.rejected
            if highest_below is None and not self.returned and at_first > MAX_LOST:
                at_first //= FEWER  # some of very many names are better than none
                floor = highest - math.log(at_first) - width.nats
                self.renew_bound()
                continue
            if highest_below is None:
                self.bounded = True
                if self.returns_unfinished_bands:
                    band.judge_waiting()
                    yield band
                return
            yield band
            if len(band.best.names) >= band.n:
                return
            width.adapt(self.prefixes_read - read_before)
            floor = min(floor - width.nats, highest_below)  # low enough to find something new

    def _read_band(self, start: Open, scores: PrefixScores, band: Band) -> float | None:
        """Find all names above the floor.

        Returns:
            The highest rank below the floor, −inf if there is nothing. None if the search has to give up.
        """
        pending = [_Block(start, scores, siblings=iter(()), numbers=0)]
        numbers = 0  # in memory, for all pending blocks and their siblings
        highest_below = -math.inf
        self.walk.rejected.clear()
        while pending:
            block = pending.pop()
            highest = float(block.scores.rank.max())
            if highest < band.current_floor:  # its siblings rank even lower
                numbers -= block.numbers
                highest_below = max(highest_below, highest)
                continue
            sibling = next(block.siblings, None)
            if sibling is not None:
                pending.append(sibling)
            else:
                numbers -= block.numbers
            work = self._work + len(block.prefixes.last)
            is_too_long = work > self.bound or self.walk.computed > self._computed_at_most
            if is_too_long or numbers > MAX_NUMBERS:
                return None
            longer, below = self._read_block(block, band)
            highest_below = max(highest_below, below)
            first = next(longer, None)
            if first is not None:
                pending.append(first)  # the highest prefixes are read next
                numbers += first.numbers
            if not pending:
                band.judge_waiting()
            self._note_found(band)
            self._report(self._most_found, self.prefixes_read)
        band.judge_waiting()
        self._note_found(band)
        return highest_below

    def _read_block(self, block: _Block, band: Band) -> tuple[Iterator[_Block], float]:
        """Read some prefixes, and add the names that end there to the band.

        Returns:
            The blocks of longer prefixes above the floor, and the highest rank below it.
        """
        prefixes = block.prefixes
        self.prefixes_read += len(prefixes.last)
        logits, after = self.walk.read(prefixes)  # (B, V)
        step = all_log_probabilities(logits)  # (B, V)
        if np.isnan(step[:, END_TOKEN]).any():
            raise GenerationError(
                "the model's logits are not numbers: train it again, with a lower learning rate"
            )
        floor = band.current_floor
        scores = self.ranking.extend(logits, step, block.scores, floor)  # (B, V)
        rank = scores.rank
        is_above = rank >= floor
        highest_below = float(rank.max(where=~is_above, initial=-math.inf))
        row, token = np.nonzero(is_above & (rank > -math.inf))  # (K,) each
        ends = token == END_TOKEN
        self._add_names(prefixes, row[ends], scores, band)
        goes_on = np.flatnonzero(~ends)
        by_rank = np.argsort(-rank[row[goes_on], token[goes_on]], kind="stable")
        goes_on = goes_on[by_rank]
        row, token = row[goes_on], token[goes_on].astype(np.int32)
        return self._longer(prefixes, row, token, scores.select((row, token)), after), highest_below

    def _longer(
        self,
        prefixes: Open,
        row: Int64[Array, "K"],
        token: Int32[Array, "K"],
        scores: PrefixScores,
        after: State,
    ) -> Iterator[_Block]:
        """The prefixes that are one token longer, in blocks.

        Each block is made only when it's read. Before that, a prefix takes a few numbers; afterwards, it has all its
        characters and a state of each constraint.

        Args:
            prefixes: the shorter prefixes.
            row: which of them each longer prefix extends.
            token: the last token of each longer prefix.
            scores: of the longer prefixes, ``(K,)``.
            after: the model's state after the shorter prefixes.
        """
        counts = np.ones(len(row), np.int64)
        numbers_per_prefix = 3 + len(fields(scores))
        numbers = prefixes.tokens.size + len(row) * numbers_per_prefix

        def make_blocks() -> Iterator[_Block]:
            children = self.walk.children(
                prefixes, row, token, counts, scores.log_probability, after
            )
            for longer, chosen in children:
                yield _Block(longer, scores.select(chosen), siblings=blocks, numbers=numbers)

        blocks = make_blocks()
        return blocks

    def _add_names(
        self, prefixes: Open, row: Int64[Array, "K"], scores: PrefixScores, band: Band
    ) -> None:
        """Add the names that end after the prefixes of some rows."""
        counts = np.ones(len(row), np.int64)
        ended = self.walk.ended(prefixes, row, counts, scores.log_probability[row, END_TOKEN])
        if len(ended.rows):
            names = RankedNames(
                names=self.walk.filter.vocabulary.decode_all(ended.tokens),
                scores=scores.select((ended.rows, END_TOKEN)),
                start_tokens=ended.start_token,
            )
            band.add(names)

    def _note_found(self, band: Band) -> None:
        """Count the names found so far. A new band starts with no names, so the largest count is kept."""
        in_band = 0 if band.n == ALL else len(band.best.names)  # bands of all have returned names
        self._most_found = max(self._most_found, self.returned + in_band)
