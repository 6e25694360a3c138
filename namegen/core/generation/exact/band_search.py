"""Bands: the names that rank highest, exactly, by any order in which no name ranks above its beginnings.

All names above a floor are found by reading all prefixes above it. The floor starts high and goes down band by band,
each time from the start: the last band costs about as much as all those before it together, and a band is read in large
blocks, which one prefix at a time from a queue, the textbook's way, could not be; nor does a queue have to be kept.
Within a band what ranks highest is read first, and once there are enough names the floor rises to the last of them.

What ranks names is an ``Order``: their probability (``ByProbability``), or when they would first be drawn
(``exact/without_replacement.py``). What it says of a prefix has to be the same in every band.
"""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple, Protocol, TypeAlias, runtime_checkable

import numpy as np

from namegen.core.data.vocabulary import BOUNDARY
from namegen.core.engine import State
from namegen.core.generation.constraints.constraint_list import Judge
from namegen.core.generation.count_splitting import MAX_IN_VAIN, TRIED_PER_READ, Open, Walk
from namegen.core.models import all_log_probabilities
from namegen.errors import GenerationError
from namegen.types import Array, Float, Float64, Int32, Int64

BAND_NATS = 1.5  # how far the floor goes down at a time
SMALL_BAND = 20_000  # prefixes: where a band reads fewer, the floor may go down further
HARDLY_MORE, FAR_MORE = (
    1.5,
    6.0,
)  # times the prefixes of the band before: the next one is wider, or narrower
MAX_WAITING = 500_000  # names that are judged together
# Where the bound is met before there is any of so many names, that many times fewer are looked for.
MAX_LOST, FEWER = 10_000, 4
MAX_LOGITS = 350_000_000  # that a search computes, however few prefixes those are: some seconds
MAX_NUMBERS = 100_000_000  # that wait to be read: most of a gigabyte

MARKS = "rank", "score", "beginning"  # of each name that is found

Tell: TypeAlias = Callable[[int, int], None]
Marks: TypeAlias = dict[
    str, Array
]  # what an order keeps of each prefix, or of each next token; its ``rank`` at least


@runtime_checkable
class Order(Protocol):
    """What ranks prefixes and finished names; a name never ranks above its beginnings."""

    def start(self, walk: Walk) -> tuple[Open, Marks]:
        """Where the walk starts, and the marks of that: one a row."""
        ...

    def read(
        self,
        logits: Float[Array, "B V"],
        steps: Float64[Array, "B V"],
        marks: Marks,
        lowest: float = -math.inf,
    ) -> Marks:
        """The marks of what follows some prefixes, ``(B, V)``; a rank of −inf is never reached.

        Args:
            logits: what the model says behind them.
            steps: the same as log-probabilities at temperature 1.
            marks: of the prefixes.
            lowest: ranks below it need not be exact, so long as they are below it, and −inf where they are.
        """
        ...


class ByProbability:
    """The order of the likeliest names: a rank is a log-probability, nats."""

    def start(self, walk: Walk) -> tuple[Open, Marks]:
        """At the one beginning."""
        start, _ = walk.roots()
        return start, {"rank": start.score}

    def read(
        self,
        logits: Float[Array, "B V"],
        steps: Float64[Array, "B V"],
        marks: Marks,
        lowest: float = -math.inf,
    ) -> Marks:
        """The prefix's and the step's are added."""
        return {"rank": steps + marks["rank"][:, None]}


@dataclass(eq=False)
class Ranked:
    """The n highest names of a band so far, in order: by falling rank, equals by their characters.

    Attributes:
        n: how many.
        judge: the last word on each.
        floor: above which the band finds names.
        names: those there are.
        marks: of each name: its ``rank``; its ``score``, the log-probability in nats; and its ``beginning``.
        refused: how many others failed at which constraint.
        waiting, waiting_marks: names that are still to be judged, and what was marked of them.
    """

    n: int
    judge: Judge
    floor: float
    names: list[str] = field(default_factory=list)
    marks: Marks = field(default_factory=lambda: {name: np.zeros(0) for name in MARKS})
    refused: Counter[str] = field(default_factory=Counter)
    waiting: list[str] = field(default_factory=list)
    waiting_marks: list[Marks] = field(default_factory=list)

    @property
    def lowest(self) -> float:
        """The rank that a name must have to be among them: that of the last one, or the floor while there are fewer."""
        return (
            max(self.floor, float(self.marks["rank"][self.n - 1]))
            if len(self.names) >= self.n
            else self.floor
        )

    def judge_waiting(self) -> None:
        """Take in those names that the judge lets through; where none may come twice, of one digest the highest."""
        if not self.waiting:
            return
        rows, kept, refused = self.judge.keep(self.waiting, np.ones(len(self.waiting), np.int64))
        self.refused += refused
        every = [*self.names, *kept.names]
        waiting = self.waiting_marks
        of_all = {
            name: np.concatenate([marks[name] for marks in waiting])[rows] for name in waiting[0]
        }
        self.waiting, self.waiting_marks = [], []
        if self.names:
            of_all = {
                name: np.concatenate((self.marks[name], mark)) for name, mark in of_all.items()
            }
        rank = of_all["rank"]
        order = sorted(range(len(every)), key=lambda row: (-rank[row], every[row]))
        if (
            self.judge.given is not None
        ):  # no two names that differ in letter case, spaces or punctuation only
            marked = self.judge.normalization.digests([every[row] for row in order])
            order = [
                order[place] for place in np.sort(np.unique(marked, return_index=True)[1]).tolist()
            ]
        order = order[: self.n]
        self.names, self.marks = (
            [every[row] for row in order],
            {name: mark[order] for name, mark in of_all.items()},
        )


class BandSearch:
    """A search for the names that rank highest.

    Args:
        walk: the model and the filter.
        judge: the last word on a finished name.
        order: what ranks them.
        bound: prefixes that are read before the search gives up, each that the constraints are asked of counted as a
            part of one; sooner where the model knows so many characters that it would compute more than ``MAX_LOGITS``,
            prefixes are so long that it takes more than ``MAX_IN_VAIN``, or more wait than memory is for
            (``MAX_NUMBERS``).
        tell: called now and then with the names found so far, of which some may still be refused or give way to higher
            ones, and the prefixes read so far.

    Attributes:
        read: prefixes so far.
        bounded: whether the search came to its bound, or its next band would have; where not, there are no more names
            than were given.
        refused: how many prefixes and names of the last band failed at which constraint.
        given: names that the caller has taken already, for ``tell``.
    """

    returns_unfinished_bands: ClassVar[bool] = (
        False  # whether names of a band that met the bound are returned as well
    )

    def __init__(
        self,
        walk: Walk,
        judge: Judge,
        order: Order,
        *,
        bound: int,
        tell: Tell = lambda found, read: None,
    ) -> None:
        self.walk, self.judge, self.order, self._tell = walk, judge, order, tell
        self.read = self.given = self._most_found = 0
        self.reads_at_most(bound)
        self.bounded = self._wants_all = False
        self.refused: Counter[str] = Counter()

    def reads_at_most(self, prefixes: int) -> None:
        """Set the bound: so many more prefixes than were read, or as many as ``MAX_LOGITS`` allow."""
        self._prefixes = prefixes
        self.bound = self._work + max(1, min(prefixes, MAX_LOGITS // self.walk.logits_per_prefix))
        self._computed = self.walk.computed + MAX_IN_VAIN

    @property
    def _work(self) -> int:
        """What was done so far, in prefixes that are read: where a constraint refuses nearly all, asking it takes
        longest.
        """
        return self.read + self.walk.tried // TRIED_PER_READ

    def bands(self, n: int | None, *, at_first: int | None = None) -> Iterator[Ranked]:
        """The highest names above one floor after the other, until there are n, or no more at all, or the bound is met.

        Each time from the highest of all; names that the judge is told of in between are not given again, and count as
        ``given``.

        Args:
            n: how many; None: all that there are, those given included.
            at_first: for how many the first floor is meant; None: for n.
        """
        self._wants_all, n = n is None, sys.maxsize if n is None else n
        start, marks = self.order.start(self.walk)
        width, before, expected = 2 * BAND_NATS, 0, 0.0
        at_first = max(n if at_first is None else at_first, 1)
        floor = (highest := float(marks["rank"].max())) - math.log(at_first) - width
        while n > self.given and math.isfinite(floor):
            found = Ranked(n if self._wants_all else n - self.given, self.judge, floor)
            already = self.read
            is_hopeless = expected > self.bound - self._work and not self.returns_unfinished_bands
            if is_hopeless:  # a band gives no name unless it is read to its end
                self.bounded = True
                return
            highest_cut = self._read_band(start, marks, found)
            self.refused = found.refused + self.walk.rejected
            if highest_cut is None and not self.given and at_first > MAX_LOST:
                at_first //= FEWER  # rather some of very many names than none
                floor = highest - math.log(at_first) - width
                self.reads_at_most(self._prefixes)
                continue
            if highest_cut is None:
                self.bounded = True
                if self.returns_unfinished_bands:
                    found.judge_waiting()
                    yield found
                return
            yield found
            if len(found.names) >= found.n:
                return
            read, last_width = self.read - already, width
            if read < HARDLY_MORE * before:
                width *= 2
            elif read > max(SMALL_BAND, FAR_MORE * before) or (
                read >= SMALL_BAND and width > 2 * BAND_NATS
            ):
                width = max(BAND_NATS, width / 2)
            # It grows as this band did, by their widths. Low, as asking the constraints counts as well.
            expected = (
                read * (read / before) ** (width / last_width) if read > before > SMALL_BAND else 0
            )
            before = read
            floor = min(floor - width, highest_cut)  # down to something, at least

    def _read_band(self, start: Open, marks: Marks, found: Ranked) -> float | None:
        """Find all names above the floor.

        Returns:
            The highest rank of what lies below it: −inf where there is nothing; None where the bound was met.
        """
        pending = [_Block(start, marks, iter(()), 0)]
        self.walk.rejected.clear()
        highest_cut = -math.inf
        numbers = 0
        while pending:
            prefixes, marks = (block := pending.pop()).prefixes, block.marks
            lowest = found.lowest
            above = float(marks["rank"].max())
            if above < lowest:  # so are its brothers, which come in the order of their ranks
                numbers -= block.numbers
                highest_cut = max(highest_cut, above)
                continue
            if (brother := next(block.brothers, None)) is not None:
                pending.append(brother)
            else:
                numbers -= block.numbers
            too_much = self.walk.computed > self._computed or numbers > MAX_NUMBERS
            if self._work + len(prefixes.last) > self.bound or too_much:
                return None
            self.read += len(prefixes.last)
            logits, after = self.walk.read(prefixes)
            steps = all_log_probabilities(logits)
            if np.isnan(steps[:, BOUNDARY]).any():
                raise GenerationError(
                    "the model gives logits that are not numbers: no name is likelier than another"
                )
            following = self.order.read(logits, steps, marks, lowest)  # (B, V) each
            rank = following["rank"]
            following["score"] = steps + prefixes.score[:, None]
            chosen = rank >= lowest
            highest_cut = max(highest_cut, float(rank.max(where=~chosen, initial=-math.inf)))
            row, token = np.nonzero(chosen & (rank > -math.inf))
            stops = token == BOUNDARY
            self._take(prefixes, row[stops], following, found)
            goes_on = np.flatnonzero(~stops)
            goes_on = goes_on[np.argsort(-rank[row[goes_on], token[goes_on]], kind="stable")]
            longer = self._longer(
                prefixes, row[goes_on], token[goes_on].astype(np.int32), following, after
            )
            if (first := next(longer, None)) is not None:
                pending.append(first)  # the highest are read first
                numbers += first.numbers
            if not pending:
                found.judge_waiting()
            self._note(found)
            self._tell(self._most_found, self.read)
        found.judge_waiting()
        self._note(found)
        return highest_cut

    def _longer(
        self,
        prefixes: Open,
        row: Int64[Array, "K"],
        token: Int32[Array, "K"],
        following: Marks,
        after: State,
    ) -> Iterator[_Block]:
        """The prefixes that are one longer, in blocks, each made when it is its turn: before that a prefix would take
        room for all its characters and its place in every constraint.
        """
        marks = {name: mark[row, token] for name, mark in following.items()}
        ones, of_pairs = np.ones(len(row), np.int64), marks.pop("score")
        numbers = prefixes.tokens.size + len(row) * (4 + len(marks))

        def blocks() -> Iterator[_Block]:
            for longer, which in self.walk.children(prefixes, row, token, ones, of_pairs, after):
                yield _Block(
                    longer, {name: mark[which] for name, mark in marks.items()}, brothers, numbers
                )

        brothers = blocks()
        return brothers

    def _note(self, found: Ranked) -> None:
        """How many there are by now. A band starts again from nothing, so the most that there were count."""
        in_band = 0 if self._wants_all else len(found.names)
        self._most_found = max(self._most_found, self.given + in_band)

    def _take(
        self, prefixes: Open, row: Int64[Array, "K"], following: Marks, found: Ranked
    ) -> None:
        """Note the names that end here, and judge what has come together once it is worth the sorting."""
        scores = following["score"][row, BOUNDARY]
        names = self.walk.ended(prefixes, row, np.ones(len(row), np.int64), scores)
        if len(names.tokens):
            found.waiting += self.walk.filter.vocabulary.decode_all(names.tokens)
            marks = {name: mark[names.rows, BOUNDARY] for name, mark in following.items()}
            found.waiting_marks.append(marks | {"beginning": names.beginning})
        if len(found.waiting) >= max(256, min(found.n // 2, MAX_WAITING)):
            found.judge_waiting()


class _Block(NamedTuple):
    """Prefixes that are to be read, the highest of their brothers.

    Attributes:
        prefixes, marks: of each.
        brothers: the blocks of those that rank below them, of the same prefixes one shorter.
        numbers: that all of them keep in memory as long as one waits.
    """

    prefixes: Open
    marks: Marks
    brothers: Iterator[_Block]
    numbers: int
