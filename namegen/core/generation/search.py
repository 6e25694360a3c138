"""Search: one request for names.

An *unfiltered* search draws from the model's own distribution. It draws until it has enough names. If next to none turn
up, it searches for the rest exactly (``exact/without_replacement.py``), and if it finds too few, it proves that there
are no more or gives up.

A *filtered* search returns the new names that reach the threshold of their score (``scoring.py``), in two passes:

1. It draws from a walk that drops whatever can't reach the threshold, and returns names as they are found.
2. If names are still missing after many draws, an unfiltered search finds candidates, at least four for each of them.
   Those with the best scores are returned.

Known names aren't scored. If they are allowed, an unfiltered search draws as many names as are wanted. The known ones
among them are returned, and a filtered search replaces the others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from namegen.core.generation.advice import advice, more_variety
from namegen.core.generation.constraints.constraint_list import Distinct, Judge
from namegen.core.generation.count_splitting import MAX_IN_VAIN, Draws, Walk
from namegen.core.generation.exact.without_replacement import MAX_PREFIXES, Arrivals, Found
from namegen.core.generation.sampling import SamplingSettings
from namegen.core.generation.scoring import Scorer
from namegen.core.generation.start_limit import StartLimit
from namegen.errors import GenerationError
from namegen.events import FilledUp, ProgressCallback, Searched
from namegen.types import Array, Float64, Int32, Int64

CHUNK_NAMES = (
    500_000  # names that are drawn at a time: this bounds the memory of a request for millions
)
MAX_AT_FIRST = 8_192  # names that are drawn before it's known how many of them are wanted
MAX_SPARE = 1_000  # names that are drawn beyond what is expected to be enough
FIRST_NAMES = 64  # the fewest names that are drawn at a time if some will be dropped
CANDIDATES = 4  # candidates of the second pass for each missing name, at least
DRAWS_FOR_CANDIDATES = 10_000  # draws of the second pass, at least


@dataclass(frozen=True)
class Effort:
    """How long it pays to draw.

    Attributes:
        draws_per_name: if a round takes more draws per name than this, it was in vain.
        draws_in_vain: drawing ends after so many draws in vain, one after the other.
        largest_round: names that are drawn at a time at most.
    """

    draws_per_name: int
    draws_in_vain: int
    largest_round: int = CHUNK_NAMES


UNFILTERED = Effort(
    draws_per_name=25_000, draws_in_vain=25_000
)  # beyond that, an exact search is faster
# Beyond that, the second pass is faster. Of all new names, one in a hundred reaches the threshold.
FILTERED = Effort(draws_per_name=250, draws_in_vain=20_000, largest_round=10_000)


@dataclass(frozen=True, eq=False)
class Candidates:
    """Names that were found, before the best of them are chosen.

    Attributes:
        names: the names.
        log_probability: of each given its beginning, in nats.
        beginnings: the start token of each.
    """

    names: list[str]
    log_probability: Float64[Array, "names"]
    beginnings: Int32[Array, "names"]
    start_probability: Float64[Array, "names"]

    def select(self, rows: Int64[Array, "rows"]) -> Candidates:
        """The candidates of some rows, in their order."""
        return Candidates(
            names=[self.names[row] for row in rows.tolist()],
            log_probability=self.log_probability[rows],
            beginnings=self.beginnings[rows],
            start_probability=self.start_probability[rows],
        )


class Search:
    """One request for n names.

    Args:
        walk: the tree of the model, and which prefixes are wanted.
        judge: which finished names are wanted.
        n: how many names.
        rng: where the random numbers come from.
        sampling: how characters are drawn.
        searches: how many searches share the work that one may do in vain.
        on_progress: called with events.

    Attributes:
        found: how many names were returned so far.
    """

    def __init__(
        self,
        walk: Walk,
        judge: Judge,
        n: int,
        *,
        rng: np.random.Generator,
        sampling: SamplingSettings,
        searches: int,
        on_progress: ProgressCallback,
    ) -> None:
        self.walk, self.judge, self.n, self.rng, self.sampling = walk, judge, n, rng, sampling
        self._searches, self._on_progress = searches, on_progress
        self.found = 0
        self._tried = 0  # draws so far
        self._rejected: Counter[str] = Counter()  # draws in vain, by what they failed at

    # --- unfiltered ---------------------------------------------------------------------------------------------------

    def unfiltered(self) -> Iterator[Candidates]:
        """Return n names from the model's own distribution.

        Raises:
            GenerationError: there are fewer, or finding them takes too long. Those found have been returned.
        """
        yield from self._drawn(self.walk, self.n, UNFILTERED)
        exact = None
        if self.found < self.n:
            exact = self._exact_search()
            yield from self._exactly(exact, self.n)
        if self.found < self.n:
            raise GenerationError(self._too_few(exact))

    def _drawn(
        self, walk: Walk, n: int, effort: Effort, limit: StartLimit | None = None
    ) -> Iterator[Candidates]:
        """Draw until n names are found, or many draws were in vain.

        Args:
            walk: what is drawn from.
            n: how many names, those found before counted.
            effort: how long it pays to draw.
            limit: discards names whose start is too common; None: none.
        """
        found_before, tried_before = self.found, self._tried
        in_vain = 0
        computed = walk.computed
        self._rejected.clear()
        is_certain = self.judge.lets_all_through and walk.scorer is None
        while self.found < n:
            size = round_size(
                missing=n - self.found,
                found=self.found - found_before,
                tried=self._tried - tried_before,
                certain=is_certain,
            )
            size = min(size, effort.largest_round)
            draws = walk.draw(size, rng=self.rng, sampling=self.sampling, tell=self._tell_drawn)
            names, refused = self._accepted(draws, n - self.found, limit)
            self.found += len(names.names)
            self._tried += size
            if names.names:
                yield names
            if size < effort.draws_per_name * len(names.names):
                in_vain = 0
                computed = walk.computed
                self._rejected.clear()
                continue
            in_vain += size
            self._rejected += draws.rejected + refused  # adding counters drops zeros
            if in_vain >= effort.draws_in_vain or walk.computed - computed > MAX_IN_VAIN:
                return

    def _accepted(
        self, draws: Draws, n: int, limit: StartLimit | None = None
    ) -> tuple[Candidates, Counter[str]]:
        """The wanted names among some draws, at most n, in random order; and why the other draws aren't."""
        rows, kept, refused = self.judge.keep(
            draws.names(self.walk.filter.vocabulary), draws.counts
        )
        counts = draws.counts[rows]
        order = np.arange(len(rows))
        names = np.array(kept.names, object)  # gathers three times as fast as a loop
        if self.judge.given is None:
            order = np.repeat(order, counts)
            self.rng.shuffle(order)
        else:
            # In a random order of all draws, a name that was drawn c times comes first where the least of c uniform
            # numbers is. Names with one digest are one name, spelled as it first turns up.
            first = -np.expm1(np.log1p(-self.rng.random(len(rows))) / counts)
            order = order[np.argsort(first)]
            _, once = np.unique(kept.digests[order], return_index=True)
            refused[Distinct.name] += int(counts.sum() - len(once))
            order = order[np.sort(once)]
        if limit is not None:
            chosen = rows[order]
            admitted = limit.admits(
                names[order].tolist(),
                draws.beginnings[chosen],
                draws.start_probability[chosen],
                most=n,
            )
            order = order[admitted]
        order = order[:n]
        if self.judge.given is not None:
            self.judge.given.add(kept.digests[order])
        chosen = rows[order]
        accepted = Candidates(
            names=names[order].tolist(),
            log_probability=draws.log_probability[chosen],
            beginnings=draws.beginnings[chosen],
            start_probability=draws.start_probability[chosen],
        )
        return accepted, refused

    def _exact_search(self) -> Arrivals:
        """A search for what drawing hasn't found."""
        drawn = self.found

        def tell(more: int, read: int) -> None:
            self._on_progress(Searched(drawn + more, self.n, self._tried, read))

        most = MAX_PREFIXES // self._searches
        return Arrivals(self.walk, self.judge, self.sampling, self.rng, tell, most=most)

    def _exactly(self, exact: Arrivals, n: int) -> Iterator[Candidates]:
        """Find names without drawing until there are n, or no more, or it has done too much work."""
        for names in exact.find(n - self.found):
            self.found += len(names.names)
            yield self._candidates_of(names)

    def _candidates_of(self, found: Found) -> Candidates:
        return Candidates(
            names=found.names,
            log_probability=found.log_probability,
            beginnings=found.beginnings,
            start_probability=np.ones(
                len(found.names)
            ),  # an exact search finds rare names, which nothing discards
        )

    def _tell_drawn(self, more: int) -> None:
        self._on_progress(Searched(min(self.found, self.n), self.n, self._tried + more))

    def _too_few(self, exact: Arrivals | None) -> str:
        """Why there are fewer names, and what to do."""
        told = f"names found: {self.found:,} of {self.n:,} asked for; "
        if exact is not None and exact.bounded:
            told += f"no more within {self._tried:,} tries and {exact.read:,} prefixes: "
        else:
            why = (
                ", because only the likeliest characters are taken"
                if more_variety(self.sampling).is_stuck
                else ""
            )
            told += f"no other name is possible{why}: "
        return told + advice(
            self._rejected, self.judge.constraints, self.sampling, fewer=self.found > 0
        )

    # --- filtered -----------------------------------------------------------------------------------------------------

    def filtered(self, scorer: Scorer) -> Iterator[Candidates]:
        """Return n new names: those that reach the threshold, and if they are too few the best of others.

        Args:
            scorer: scores them.

        Raises:
            GenerationError: there are fewer names, or finding them takes too long. Those found have been returned.
        """
        limit = StartLimit()
        yield from self._drawn(self.walk.scored_by(scorer), self.n, FILTERED, limit)
        reached = self.found
        others = no_candidates()
        while self.found < self.n:
            missing = min(self.n - self.found, CHUNK_NAMES // CANDIDATES)
            others, exact = self._with_more_candidates(others, missing)
            best, others = self._best(others, missing, scorer, limit)
            self.found += len(best.names)
            if best.names:
                yield best
            if len(best.names) < missing:
                raise GenerationError(self._too_few(exact))
        if self.n - reached > self.n / 2:
            self._on_progress(FilledUp(self.n, filled=self.n - reached))

    def _with_more_candidates(
        self, candidates: Candidates, missing: int
    ) -> tuple[Candidates, Arrivals | None]:
        """The candidates and new ones from an unfiltered search; and the exact search, if one was needed.

        Args:
            candidates: those that weren't returned so far.
            missing: names that are still to be returned.
        """
        returned = self.found
        self.found += len(candidates.names)
        batches = [candidates]
        if not candidates.names:
            draws = self.walk.draw(
                DRAWS_FOR_CANDIDATES, rng=self.rng, sampling=self.sampling, tell=self._tell_drawn
            )
            first, _ = self._accepted(draws, DRAWS_FOR_CANDIDATES)
            self._tried += DRAWS_FOR_CANDIDATES
            self.found += len(first.names)
            batches.append(first)
        batches += self._drawn(self.walk, returned + CANDIDATES * missing, UNFILTERED)
        exact = None
        if self.found < returned + missing:
            exact = self._exact_search()
            batches += self._exactly(exact, returned + missing)
        self.found = returned
        return _joined(batches), exact

    def _best(
        self, candidates: Candidates, missing: int, scorer: Scorer, limit: StartLimit
    ) -> tuple[Candidates, Candidates]:
        """The best candidates in random order, at most as many as are missing; and the other ones.

        Candidates whose start is too common come last.
        """
        scores = self._scores(candidates, scorer)
        candidates = candidates.select(np.argsort(-scores, kind="stable"))
        admitted = limit.admits(
            candidates.names, candidates.beginnings, candidates.start_probability, most=missing
        )
        order = np.concatenate((np.flatnonzero(admitted), np.flatnonzero(~admitted)))
        best, others = order[:missing], order[missing:]
        return candidates.select(self.rng.permutation(best)), candidates.select(others)

    def _scores(self, candidates: Candidates, scorer: Scorer) -> Float64[Array, "names"]:
        """The scores of some names, in nats."""
        vocabulary = self.walk.filter.vocabulary
        tokens, lengths = vocabulary.encode_all(candidates.names)
        missing = np.empty(len(lengths), np.int64)
        start = np.cumsum(lengths) - lengths
        for length in np.unique(lengths):
            rows = np.flatnonzero(lengths == length)
            of_length = tokens[start[rows][:, None] + np.arange(length)]  # (rows, length)
            missing[rows] = scorer.missing(of_length, candidates.beginnings[rows])
        return scorer.scores(candidates.log_probability, lengths, missing, candidates.beginnings)


def round_size(missing: int, found: int, tried: int, *, certain: bool) -> int:
    """How many names to draw next, so that about as many are found as are missing.

    In a long request, the first few thousand draws show how many fail. Before that, it's two draws per name.

    Args:
        missing: names that are still missing.
        found: names found so far.
        tried: draws so far.
        certain: whether nearly every draw gives a wanted name.
    """
    if certain and not tried:
        wanted = missing
    elif found:
        expected = missing * tried / found
        wanted = int(expected + min(0.1 * expected, MAX_SPARE)) + FIRST_NAMES
    else:
        wanted = max(min(2 * missing, MAX_AT_FIRST), 2 * tried, FIRST_NAMES)
    return min(CHUNK_NAMES, wanted)


def _joined(batches: list[Candidates]) -> Candidates:
    """Several batches of candidates as one."""
    return Candidates(
        names=[name for batch in batches for name in batch.names],
        log_probability=np.concatenate([batch.log_probability for batch in batches]),
        beginnings=np.concatenate([batch.beginnings for batch in batches]),
        start_probability=np.concatenate([batch.start_probability for batch in batches]),
    )


def no_candidates() -> Candidates:
    """No names at all."""
    nothing = np.zeros(0)
    return Candidates([], nothing, np.zeros(0, np.int32), nothing)
