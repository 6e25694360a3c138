"""Search: one request for names.

An *unfiltered* search draws from the model's own distribution. It draws until it has enough names. If drawing finds
hardly any names, it finds the rest with an exact search (``exact/without_replacement.py``). If the exact search finds
too few, it has proved that there are no more, or has given up.

A *filtered* search returns the new names that reach the threshold of their score (``scoring.py``), in two passes:

1. It draws from a walk that drops whatever can't reach the threshold, and returns names as they are found.
2. If names are still missing after many draws, an unfiltered search finds candidates, at least four for each of them.
   Those with the best scores are returned.

Known names aren't scored. If they are allowed, an unfiltered search draws as many names as are wanted. The known ones
among them are returned, and a filtered search replaces the others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import NamedTuple

import numpy as np

from namegen.core.generation.advice import advice, more_variety
from namegen.core.generation.constraints.constraint import Finished
from namegen.core.generation.constraints.constraint_list import Distinct, NameFilter
from namegen.core.generation.count_splitting import MAX_IN_VAIN, Draws, Walk
from namegen.core.generation.exact.without_replacement import MAX_PREFIXES, Arrivals
from namegen.core.generation.sampling import SamplingSettings
from namegen.core.scoring.opening_limit import OpeningLimit
from namegen.core.scoring.scorer import Scorer
from namegen.errors import GenerationError
from namegen.events import FilledUp, ProgressCallback, Searched
from namegen.types import Array, Bool, Float64, Int32, Int64, UInt64

CHUNK_NAMES = 500_000  # names drawn at a time, at most: limits the memory of a request for millions
MAX_AT_FIRST = 8_192  # names that are drawn before it's known how many of them are wanted
MAX_SPARE = 1_000  # names that are drawn beyond what is expected to be enough
FIRST_NAMES = 64  # the fewest names that are drawn at a time if some will be dropped
CANDIDATES = 4  # candidates of the second pass for each missing name, at least
DRAWS_FOR_CANDIDATES = 10_000  # draws of the second pass, at least


@dataclass(frozen=True)
class Effort:
    """How long it pays to draw."""

    draws_per_name: int  # if a round takes more draws per name than this, it was in vain
    draws_in_vain: int  # drawing ends after so many draws in vain, one after the other
    largest_round: int = CHUNK_NAMES  # names that are drawn at a time, at most


# With more effort, an exact search is faster.
UNFILTERED = Effort(draws_per_name=25_000, draws_in_vain=25_000)
# With more effort, the second pass is faster. Of all new names, one in a hundred reaches the threshold.
FILTERED = Effort(draws_per_name=250, draws_in_vain=20_000, largest_round=10_000)


@dataclass(frozen=True, eq=False)
class Candidates:
    """Names that were found, before the best of them are chosen."""

    names: list[str]
    log_probability: Float64[Array, "names"]  # of each name given its start token, nats
    scored_log_probability: Float64[Array, "names"]  # the same, with the weight of the end
    start_tokens: Int32[Array, "names"]
    # Of the opening, given the forced characters; see ``OpeningLimit``.
    opening_probability: Float64[Array, "names"]

    @classmethod
    def from_draws(
        cls, names: Sequence[str], draws: Draws, rows: Int64[Array, "names"]
    ) -> Candidates:
        """Return some of the drawn names; ``names`` are the decoded names of these rows."""
        return cls(
            names=list(names),
            log_probability=draws.log_probability[rows],
            scored_log_probability=draws.scored_log_probability[rows],
            start_tokens=draws.start_tokens[rows],
            opening_probability=draws.opening_probability[rows],
        )

    def select(self, rows: Int64[Array, "rows"]) -> Candidates:
        """Return the candidates of some rows, in their order."""
        names = np.array(self.names, object)  # gathering is three times as fast as in a loop
        return Candidates(
            names=names[rows].tolist(),
            log_probability=self.log_probability[rows],
            scored_log_probability=self.scored_log_probability[rows],
            start_tokens=self.start_tokens[rows],
            opening_probability=self.opening_probability[rows],
        )

    def admitted(self, limit: OpeningLimit, most: int) -> Bool[Array, "names"]:
        """Return which candidates may be returned without too many equal openings, at most so many."""
        return limit.admits(self.names, self.start_tokens, self.opening_probability, most=most)


class _Choice(NamedTuple):
    """The wanted names among some draws."""

    candidates: Candidates  # in random order
    hashes: UInt64[Array, "names"] | None  # of these names; None if names may be returned again
    rejected: Counter[str]  # the other draws, by the constraint that rejected them


class _Round(NamedTuple):
    """The result of some draws."""

    candidates: Candidates  # the names to return
    rejected: Counter[str]  # rejected draws, by the constraint that rejected them


@dataclass
class _Misses:
    """Draws since the last round that found enough names."""

    computed_before: int  # the walk's work up to that round
    draws: int = 0

    def are_too_many(self, walk: Walk, effort: Effort) -> bool:
        """Return whether drawing should end."""
        computed = walk.computed - self.computed_before
        return self.draws >= effort.draws_in_vain or computed > MAX_IN_VAIN


@dataclass(eq=False)
class Search:
    """One request for n names."""

    walk: Walk  # the model's tree, and which prefixes are wanted
    name_filter: NameFilter  # decides which finished names are wanted
    n: int
    _: KW_ONLY
    rng: np.random.Generator
    sampling: SamplingSettings  # how characters are drawn
    searches: int  # how many searches share the work that one may do in vain
    on_progress: ProgressCallback
    known_count: int = 0  # known names from another search, which count as found
    name_count: int = field(init=False)  # names found so far, including the known ones
    _tried: int = field(default=0, init=False)  # draws so far
    _count_before_exact: int = field(default=0, init=False)  # names found before an exact search
    _rejected: Counter[str] = field(default_factory=Counter, init=False)  # of the draws in vain

    def __post_init__(self) -> None:
        self.name_count = self.known_count

    @property
    def _missing(self) -> int:
        """How many more names to find."""
        return self.n - self.name_count

    # --- unfiltered ---------------------------------------------------------------------------------------------------

    def unfiltered(self) -> Iterator[Candidates]:
        """Yield n names from the model's own distribution, in batches as they are found.

        Raises:
            GenerationError: there are fewer names, or finding them takes too long. Those found have been returned.
        """
        yield from self._draw(self.walk, self._missing, UNFILTERED)
        exact = None
        if self._missing > 0:
            exact = self._create_exact_search()
            yield from self._find_exactly(exact, self._missing)
        if self._missing > 0:
            raise GenerationError(self._too_few(exact))

    def _draw(
        self, walk: Walk, missing: int, effort: Effort, limit: OpeningLimit | None = None
    ) -> Iterator[Candidates]:
        """Draw names in rounds until ``missing`` more are found, or many draws were in vain.

        A limit discards names whose opening is too common.
        """
        accepted_count = 0
        tried_before = self._tried
        misses = _Misses(computed_before=walk.computed)
        self._rejected.clear()
        while accepted_count < missing and not misses.are_too_many(walk, effort):
            still_missing = missing - accepted_count
            size = round_size(
                missing=still_missing,
                accepted=accepted_count,
                tried=self._tried - tried_before,
                certain=self.name_filter.lets_all_through and walk.scorer is None,
            )
            size = min(size, effort.largest_round)
            candidates, rejected = self._draw_round(walk, size, still_missing, limit)
            accepted_count += len(candidates.names)
            if candidates.names:
                yield candidates
            was_worthwhile = size < effort.draws_per_name * len(candidates.names)
            if was_worthwhile:
                misses = _Misses(computed_before=walk.computed)
                self._rejected.clear()
            else:
                misses.draws += size
                self._rejected += rejected  # adding counters drops zeros

    def _draw_round(
        self, walk: Walk, size: int, most: int, limit: OpeningLimit | None = None
    ) -> _Round:
        """Draw ``size`` names, and return at most ``most`` of the wanted ones, and why the others were rejected."""
        draws = walk.draw(size, rng=self.rng, sampling=self.sampling, report=self._report_draws)
        choice = self._choose(draws)
        candidates = self._reserve(choice, most, limit)
        self.name_count += len(candidates.names)
        self._tried += size
        return _Round(candidates, draws.rejected + choice.rejected)

    def _choose(self, draws: Draws) -> _Choice:
        """Check the constraints of drawn names, and return the accepted names in random order.

        A name is returned as often as it was drawn, or only once if names may not repeat. This changes nothing except
        for the random numbers.
        """
        drawn_names = draws.names(self.walk.filter.vocabulary)
        rows, accepted, rejected = self.name_filter.keep(drawn_names, draws.counts)
        counts = draws.counts[rows]  # (accepted,)
        candidates = Candidates.from_draws(accepted.names, draws, rows)
        order = self._random_order(counts, accepted)
        hashes = None
        if self.name_filter.reserved is not None:
            repeat_count = int(counts.sum() - len(order))
            rejected[Distinct.key] += repeat_count
            hashes = accepted.hashes[order]
        return _Choice(candidates.select(order), hashes, rejected)

    def _reserve(self, choice: _Choice, most: int, limit: OpeningLimit | None) -> Candidates:
        """Return at most ``most`` names of a choice, and note them so that this search won't find them again.

        A limit discards names whose opening is too common.
        """
        candidates = choice.candidates
        rows = np.arange(len(candidates.names))
        if limit is not None:
            rows = np.flatnonzero(candidates.admitted(limit, most))
        rows = rows[:most]
        if self.name_filter.reserved is not None and choice.hashes is not None:
            self.name_filter.reserved.add(choice.hashes[rows])
        return candidates.select(rows)

    def _random_order(
        self, counts: Int64[Array, "accepted"], names: Finished
    ) -> Int64[Array, "ordered"]:
        """Return the rows of drawn names in random order, each as often as it may be returned."""
        if self.name_filter.reserved is not None:
            return self._order_of_first_draws(counts, names.hashes)
        order = np.repeat(np.arange(len(counts)), counts)
        self.rng.shuffle(order)
        return order

    def _order_of_first_draws(
        self, counts: Int64[Array, "accepted"], hashes: UInt64[Array, "accepted"]
    ) -> Int64[Array, "distinct"]:
        """Put the draws in random order, and return the rows of distinct names by their first draws.

        Imagine that each draw has a uniform random number as its time. The first draw of a name that was drawn c times
        is the minimum of c of them, which is computed from a single random number. Names with the same hash are one
        name, in the spelling that was drawn first.
        """
        uniforms = self.rng.random(len(counts))  # (accepted,)
        first_times = -np.expm1(np.log1p(-uniforms) / counts)  # (accepted,) minimum of c uniforms
        order = np.argsort(first_times)
        first_positions = np.unique(hashes[order], return_index=True)[1]  # (distinct,)
        return order[np.sort(first_positions)]

    def _create_exact_search(self) -> Arrivals:
        """Create an exact search for names that drawing hasn't found."""
        self._count_before_exact = self.name_count
        return Arrivals(
            self.walk,
            self.name_filter,
            sampling=self.sampling,
            rng=self.rng,
            report=self._report_exact,
            budget=MAX_PREFIXES // self.searches,
        )

    def _find_exactly(self, exact: Arrivals, missing: int) -> Iterator[Candidates]:
        """Find ``missing`` more names without drawing; fewer if no more exist, or the search gives up."""
        for batch in exact.find(missing):
            count = len(batch.names)
            self.name_count += count
            yield Candidates(
                names=batch.names,
                log_probability=batch.scores.log_probability,
                scored_log_probability=batch.scores.log_probability,  # all are returned
                start_tokens=batch.start_tokens,
                opening_probability=np.ones(count),  # the openings of rare names aren't limited
            )

    def _report_exact(self, more: int, prefixes_read: int) -> None:
        """Report how far an exact search is."""
        name_count = self._count_before_exact + more
        self.on_progress(Searched(name_count, self.n, self._tried, prefixes_read))

    def _report_draws(self, more: int) -> None:
        """Report that more draws have come to their end."""
        self.on_progress(Searched(min(self.name_count, self.n), self.n, self._tried + more))

    def _too_few(self, exact: Arrivals | None) -> str:
        """Return the error message for too few names: why there are no more, and what to do."""
        suggestions = advice(
            self._rejected, self.name_filter.constraints, self.sampling, fewer=self.name_count > 0
        )
        reason = self._reason_for_end(exact)
        return f"found {self.name_count:,} of {self.n:,} names, {reason}: {suggestions}"

    def _reason_for_end(self, exact: Arrivals | None) -> str:
        """Return why the search ended."""
        if exact is not None and exact.gave_up:
            return f"then gave up after {self._tried:,} tries and {exact.prefixes_read:,} prefixes"
        if more_variety(self.sampling).is_stuck:
            return (
                "and no other name is possible, because only the most likely characters are chosen"
            )
        return "and no other name is possible"

    # --- filtered -----------------------------------------------------------------------------------------------------

    def filtered(self, scorer: Scorer) -> Iterator[Candidates]:
        """Yield n new names: those that reach the threshold and, if they are too few, the best of the others.

        Args:
            scorer: scores the names.

        Raises:
            GenerationError: there are fewer names, or finding them takes too long. Those found have been returned.
        """
        limit = OpeningLimit()
        yield from self._draw(self.walk.scored_by(scorer), self._missing, FILTERED, limit)
        below_threshold = self._missing
        yield from self._fill_up(scorer, limit)
        if below_threshold > self.n / 2:
            self.on_progress(FilledUp(self.n, filled=below_threshold))

    def _fill_up(self, scorer: Scorer, limit: OpeningLimit) -> Iterator[Candidates]:
        """Yield the missing names: those with the best scores among candidates from an unfiltered search."""
        candidates = no_candidates()
        while self._missing > 0:
            missing = min(self._missing, CHUNK_NAMES // CANDIDATES)
            candidates, exact = self._with_more_candidates(candidates, missing)
            best, candidates = self._split_off_best(candidates, missing, scorer, limit)
            self.name_count += len(best.names)
            if best.names:
                yield best
            if len(best.names) < missing:
                raise GenerationError(self._too_few(exact))

    def _with_more_candidates(
        self, candidates: Candidates, missing: int
    ) -> tuple[Candidates, Arrivals | None]:
        """Add names from an unfiltered search to the candidates, so that there are several for each missing name.

        Also returns the exact search, if one was needed.
        """
        count_before = self.name_count
        self.name_count += len(candidates.names)  # until the best are chosen, candidates count too
        batches = [candidates]
        if not candidates.names:
            size = DRAWS_FOR_CANDIDATES
            first_round = self._draw_round(self.walk, size, most=size)
            batches.append(first_round.candidates)
        still_missing = CANDIDATES * missing - _count(batches)
        batches += self._draw(self.walk, still_missing, UNFILTERED)
        exact = None
        candidate_count = _count(batches)
        if candidate_count < missing:
            exact = self._create_exact_search()
            batches += self._find_exactly(exact, missing - candidate_count)
        self.name_count = count_before
        return _joined(batches), exact

    def _split_off_best(
        self, candidates: Candidates, missing: int, scorer: Scorer, limit: OpeningLimit
    ) -> tuple[Candidates, Candidates]:
        """Return the best candidates, as many as are missing and in random order, and then the other candidates.

        Candidates whose opening is too common come last.
        """
        scores = self._score(candidates, scorer)  # (candidates,)
        best_first = candidates.select(np.argsort(-scores, kind="stable"))
        is_admitted = best_first.admitted(limit, missing)  # (candidates,)
        order = np.concatenate((np.flatnonzero(is_admitted), np.flatnonzero(~is_admitted)))
        best_rows = self.rng.permutation(order[:missing])
        return best_first.select(best_rows), best_first.select(order[missing:])

    def _score(self, candidates: Candidates, scorer: Scorer) -> Float64[Array, "names"]:
        """Score some names, in nats."""
        tokens, lengths = self.walk.filter.vocabulary.encode_all(candidates.names)
        return scorer.scores(
            candidates.scored_log_probability,
            lengths=lengths,
            missing=_count_missing_ngrams(tokens, lengths, candidates.start_tokens, scorer),
            start_tokens=candidates.start_tokens,
        )


def _count_missing_ngrams(
    tokens: Int32[Array, "tokens"],
    lengths: Int64[Array, "names"],
    start_tokens: Int32[Array, "names"],
    scorer: Scorer,
) -> Int64[Array, "names"]:
    """Count the n-grams of each name that the training set lacks. Names of the same length are read together.

    ``tokens`` has the tokens of all names, one name after the other.
    """
    first_index = np.cumsum(lengths) - lengths  # (names,) where each name starts
    missing = np.empty(len(lengths), np.int64)  # (names,)
    for length in np.unique(lengths):
        rows = np.flatnonzero(lengths == length)
        token_indexes = first_index[rows][:, None] + np.arange(length)  # (rows, length)
        missing[rows] = scorer.missing(tokens[token_indexes], start_tokens[rows])
    return missing


def round_size(missing: int, accepted: int, tried: int, *, certain: bool) -> int:
    """Choose how many names to draw next, so that about as many are accepted as are missing.

    The first few thousand draws of a long request show how many fail. Before that, two names are drawn for each missing
    one.

    Args:
        missing: names that are still missing.
        accepted: names accepted so far.
        tried: draws so far.
        certain: whether nearly every draw gives a wanted name.
    """
    if certain and not tried:
        size = missing
    elif accepted:
        expected = missing * tried / accepted
        size = int(expected + min(0.1 * expected, MAX_SPARE)) + FIRST_NAMES
    else:
        size = max(min(2 * missing, MAX_AT_FIRST), 2 * tried, FIRST_NAMES)
    return min(CHUNK_NAMES, size)


def no_candidates() -> Candidates:
    """Return no names at all."""
    empty = np.zeros(0)
    return Candidates(
        names=[],
        log_probability=empty,
        scored_log_probability=empty,
        start_tokens=np.zeros(0, np.int32),
        opening_probability=empty,
    )


def _count(batches: list[Candidates]) -> int:
    """Return the number of candidates in several batches."""
    return sum(len(batch.names) for batch in batches)


def _joined(batches: list[Candidates]) -> Candidates:
    """Join several batches of candidates into one."""
    return Candidates(
        names=[name for batch in batches for name in batch.names],
        log_probability=np.concatenate([batch.log_probability for batch in batches]),
        scored_log_probability=np.concatenate([batch.scored_log_probability for batch in batches]),
        start_tokens=np.concatenate([batch.start_tokens for batch in batches]),
        opening_probability=np.concatenate([batch.opening_probability for batch in batches]),
    )
