"""Best first: the likeliest names of a model, exactly, without drawing any.

A name is never likelier than its beginning. So all names above a floor are found by reading all prefixes above it, and
if there are n of them or more, the n likeliest of those are the n likeliest of all. The floor starts high and goes down
band by band, each time from the start: the last band costs about as much as all those before it together, and a band is
read in large blocks, which one prefix at a time from a queue, the textbook's way, could not be. Within a band the
likeliest prefixes are read first, and once n names are found the floor rises to the last of them.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from namegen.core.data.vocabulary import BOUNDARY
from namegen.core.evaluation.log_probabilities import all_log_probabilities
from namegen.core.generation.advice import advice
from namegen.core.generation.count_splitting import Open, Walk
from namegen.core.generation.generator import Generator, NameBatch
from namegen.core.generation.judge import Judge
from namegen.core.generation.watching import OnProgress
from namegen.core.generation.wishes.wishlist import Wishlist
from namegen.errors import GenerationError
from namegen.types import Array, Float64, Int64

MOST_PREFIXES = 3_000_000  # that a search reads before it gives up: some seconds
BAND_NATS = 1.5  # how far the floor goes down at a time
SMALL_BAND = 20_000  # prefixes; after a smaller band the floor goes down twice as far


def likeliest(
    generator: Generator,
    n: int,
    *,
    max_length: int,
    wishes: Wishlist | None = None,
    allow_seen: bool = False,
    allow_repeats: bool = False,
    on_progress: OnProgress | None = None,
) -> Iterator[NameBatch]:
    """Give the n likeliest names, the likeliest first: exactly those that reading every name would find.

    Args:
        generator: the model, its characters, and the names that are not new.
        n: how many.
        max_length: characters of the longest name that is given.
        wishes: what each name must keep.
        allow_seen: names of the list too.
        allow_repeats: each spelling is a name; otherwise, of names that differ in letter case, spaces or punctuation
            only, the likeliest.
        on_progress: called now and then with the names found so far, of which some may still be refused or give
            way to likelier ones, and the prefixes read so far.

    Raises:
        SettingsError, GenerationError: as ``Generator.generate``; also if there are fewer than n, or the search came
            to its bound, after those found have been given. Those are then still the likeliest.

    >>> from namegen.core.evaluation.counting import NgramModel
    >>> from namegen.core.data.prefix_tree import PrefixTree
    >>> from namegen.core.data.vocabulary import Vocabulary
    >>> names = ["Anna", "Annika", "Hanna", "Hans"]
    >>> vocabulary = Vocabulary.from_names(names)
    >>> model = NgramModel(PrefixTree.from_names(names, vocabulary), vocabulary.size, order=3)
    >>> next(likeliest(Generator(model, vocabulary), 3, max_length=20, allow_seen=True)).names
    ['Anna', 'Hans', 'Ha']
    """
    generator = generator.as_one()
    walk, judge = generator.prepare(n, max_length, wishes, allow_seen, allow_repeats)
    return _search(BestFirst(walk, judge, on_progress), n, generator)


def _search(search: BestFirst, n: int, generator: Generator) -> Iterator[NameBatch]:
    names, scores, bounded = search.find(n)
    if names:
        yield generator.batch(names, scores)
    if len(names) < n:
        found = f"{len(names):,} names found of {n:,} asked for, the likeliest there are; "
        if bounded:
            raise GenerationError(
                f"{found}no more within {search.read:,} beginnings of names: "
                f"{advice(search.refused, search.judge.wishes)}"
            )
        raise GenerationError(f"{found}no other name is possible: ask for fewer, or relax a wish")


@dataclass(eq=False)
class LikeliestNames:
    """The n likeliest names so far, in order: by falling log-probability, equals by their characters."""

    n: int
    judge: Judge
    names: list[str]
    scores: Float64[Array, "names"]
    refused: Counter[str]

    @property
    def last(self) -> float:
        """The log-probability that a name must have to be among them; −inf while there are fewer than n."""
        return float(self.scores[self.n - 1]) if len(self.names) >= self.n else -math.inf

    def add(self, names: list[str], scores: Float64[Array, "new"]) -> None:
        """Take in those names that the judge lets through. Of names of one digest the likeliest stays."""
        rows, kept, refused = self.judge.keep(names, np.ones(len(names), np.int64))
        self.refused += refused
        every = [*self.names, *kept.names]
        of_all = np.concatenate((self.scores, scores[rows]))
        order = sorted(range(len(every)), key=lambda row: (-of_all[row], every[row]))
        if self.judge.given is not None:  # no two names that differ in letter case, spaces or punctuation only
            marks = self.judge.sameness.digests([every[row] for row in order])
            order = [order[place] for place in np.sort(np.unique(marks, return_index=True)[1]).tolist()]
        order = order[: self.n]
        self.names, self.scores = [every[row] for row in order], of_all[order]


class BestFirst:
    """A search for the likeliest names.

    Args:
        walk: the model and the filter.
        judge: the last word on a finished name.
        on_progress: as in ``likeliest``.
    """

    def __init__(self, walk: Walk, judge: Judge, on_progress: OnProgress | None = None) -> None:
        self.walk, self.judge, self._on_progress = walk, judge, on_progress
        self.read = 0  # prefixes
        self._most_found = 0
        self.refused: Counter[str] = Counter()

    def find(self, n: int) -> tuple[list[str], Float64[Array, "names"], bool]:
        """The n likeliest names, the likeliest first.

        Returns:
            The names, and their log-probabilities; fewer than n if there are no more, or if the search came to its
            bound. And whether it did: the names are then still the likeliest of all.
        """
        best, sure = self._nothing(n), self._nothing(n)
        start = self.walk.start(1)
        floor = float(start.score[0]) - math.log(max(n, 1)) - 2 * BAND_NATS
        while n and math.isfinite(floor):
            before = self.read
            best = self._nothing(n)
            finished, cut = self._read_band(start, floor, best)
            self.refused = best.refused + self.walk.rejected
            if not finished:
                return sure.names, sure.scores, True
            sure = best
            if not cut or len(best.names) >= n:
                break
            floor -= BAND_NATS * (1 if self.read - before >= SMALL_BAND else 2)
        return sure.names, sure.scores, False

    def _nothing(self, n: int) -> LikeliestNames:
        return LikeliestNames(n, self.judge, [], np.zeros(0), Counter())

    def _read_band(self, start: Open, floor: float, best: LikeliestNames) -> tuple[bool, bool]:
        """Find all names above the floor.

        Returns:
            Whether it was finished within the bound, and whether anything at all lies below the floor.
        """
        pending, waiting = [start], _Waiting()
        self.walk.rejected.clear()
        cut = False
        while pending:
            prefixes = pending.pop()
            lowest = max(floor, best.last)
            if prefixes.score.max() < lowest:
                continue
            if self.read + len(prefixes.last) > MOST_PREFIXES:
                return False, True
            self.read += len(prefixes.last)
            if self._on_progress is not None:
                in_band = len(best.names) + len(waiting.names)
                self._most_found = max(self._most_found, min(in_band, best.n))  # a band starts again from nothing
                self._on_progress(self._most_found, self.read)
            logits, after = self.walk.model.step(prefixes.last, self.walk.model.select(prefixes.state, prefixes.parent))
            scores = all_log_probabilities(logits) + prefixes.score[:, None]  # (B, V)
            if np.isnan(scores[:, BOUNDARY]).any():
                raise GenerationError(
                    "the model gives logits that are not numbers, so no name is likelier than another"
                )
            row, token = np.nonzero(scores >= lowest)
            cut = cut or len(row) < int(np.isfinite(scores).sum())
            score = scores[row, token]
            stops = token == BOUNDARY
            self._take(prefixes, row[stops], score[stops], waiting, best)
            goes_on = np.flatnonzero(~stops)
            goes_on = goes_on[np.argsort(-score[goes_on], kind="stable")]
            row, token, score = row[goes_on], token[goes_on].astype(np.int32), score[goes_on]
            blocks = list(self.walk.children(prefixes, row, token, np.ones(len(row), np.int64), score, after))
            pending += reversed(blocks)  # the likeliest are read first
        waiting.empty_into(best)
        return True, cut

    def _take(
        self,
        prefixes: Open,
        row: Int64[Array, "K"],
        score: Float64[Array, "K"],
        waiting: _Waiting,
        best: LikeliestNames,
    ) -> None:
        """Note the names that end here, and judge what has come together once it is worth the sorting."""
        tokens, wanted = self.walk.ended(prefixes, row, np.ones(len(row), np.int64))
        if len(tokens):
            waiting.names += self.walk.filter.vocabulary.decode_all(tokens)
            waiting.scores.append(score[wanted])
        if len(waiting.names) >= max(256, best.n // 2):
            waiting.empty_into(best)


class _Waiting:
    """Names that are still to be judged."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.scores: list[Float64[Array, "..."]] = []

    def empty_into(self, best: LikeliestNames) -> None:
        """Hand them over."""
        if self.names:
            best.add(self.names, np.concatenate(self.scores))
            self.names, self.scores = [], []
