"""Search: one request for names.

An *unfiltered* search draws from the model's own distribution. It draws until it has enough names. If drawing finds
hardly any names, it finds the rest with an exact search (``exact.py``). If the exact search finds
too few, it has proved that there are no more, or has given up.

A *filtered* search returns the new names that reach the threshold of their score (``core/scoring/scorer.py``). It has
two passes:

1. It draws from a walk that drops whatever can't reach the threshold, and returns names as they are found.
2. If names are still missing after many draws, an unfiltered search finds candidates, at least four for each of them.
   Those with the best scores are returned.

Known names aren't scored. If they are allowed, an unfiltered search draws as many names as are wanted. The known ones
among them are returned, and a filtered search replaces the others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass, field, replace

import numpy as np

from namegen.core.generation.advice import advice, is_stuck
from namegen.core.generation.constraints.others import Distinct
from namegen.core.generation.exact import MAX_PREFIXES_BY_ARRIVAL, Arrivals
from namegen.core.generation.walk import MAX_IN_VAIN, FoundNames, Walk
from namegen.core.scoring.opening_limit import OpeningLimit
from namegen.core.scoring.scorer import Scorer
from namegen.errors import GenerationError
from namegen.events import FilledUp, ProgressCallback, Searched
from namegen.types import Array, Bool, Int64, UInt64

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
FILTERED = Effort(draws_per_name=250, draws_in_vain=20_000, largest_round=20_000)


@dataclass(eq=False)
class Search:
    """One request for n names."""

    walk: Walk  # the model's tree, and which names are wanted
    n: int
    _: KW_ONLY
    rng: np.random.Generator
    searches: int  # how many searches share the work that one may do in vain
    on_progress: ProgressCallback
    name_count: int = 0  # names found so far, including those of an earlier search
    _tried: int = field(default=0, init=False)  # draws so far
    # Of the draws in vain, by the constraint that rejected them.
    _rejected: Counter[str] = field(default_factory=Counter, init=False)

    @property
    def _missing(self) -> int:
        """How many more names to find."""
        return self.n - self.name_count

    # --- unfiltered ---------------------------------------------------------------------------------------------------

    def unfiltered(self) -> Iterator[FoundNames]:
        """Yield n names from the model's own distribution, in batches as they are found.

        Raises:
            GenerationError: there are fewer names, or finding them takes too long. Those found have been returned.
        """
        yield from self._draw(self.walk, self._missing, UNFILTERED)
        if self._missing > 0:
            exact = self._create_exact_search()
            yield from self._find_exactly(exact, self._missing)
            if self._missing > 0:
                raise self._too_few(exact)

    def _draw(
        self, walk: Walk, missing: int, effort: Effort, limit: OpeningLimit | None = None
    ) -> Iterator[FoundNames]:
        """Draw names in rounds until ``missing`` more are found, or many draws were in vain.

        A limit discards names whose opening is too common.
        """
        accepted_count = 0
        tried_before = self._tried
        draws_in_vain = 0  # since the last round that found enough names
        computed_before = walk.computed  # the walk's work up to that round
        self._rejected.clear()
        while (
            accepted_count < missing
            and draws_in_vain < effort.draws_in_vain
            and walk.computed - computed_before <= MAX_IN_VAIN
        ):
            size = round_size(
                missing=missing - accepted_count,
                accepted=accepted_count,
                tried=self._tried - tried_before,
                certain=walk.constraints.lets_all_through and walk.scorer is None,
            )
            size = min(size, effort.largest_round)
            found, rejected = self._draw_round(walk, size, missing - accepted_count, limit)
            accepted_count += len(found)
            if len(found):
                yield found
            was_worthwhile = size < effort.draws_per_name * len(found)
            if was_worthwhile:
                draws_in_vain = 0
                computed_before = walk.computed
                self._rejected.clear()
            else:
                draws_in_vain += size
                self._rejected += rejected  # adding counters drops zeros

    def _draw_round(
        self, walk: Walk, size: int, most: int, limit: OpeningLimit | None = None
    ) -> tuple[FoundNames, Counter[str]]:
        """Draw ``size`` names, and return at most ``most`` of the wanted ones, and why the others were rejected.

        A name is returned as often as it was drawn, or only once if names may not repeat. This changes nothing except
        for the random numbers.
        """

        def report(ended: int) -> None:
            found = min(self.name_count, self.n)
            self.on_progress(Searched(found, self.n, self._tried + ended))

        draws = walk.draw(size, self.rng, report)
        rows, accepted, rejected = walk.constraints.keep(draws.names.tolist(), draws.counts)
        counts = draws.counts[rows]  # (accepted,)
        reserved = walk.constraints.reserved
        if reserved is None:
            order = np.repeat(np.arange(len(counts)), counts)
            self.rng.shuffle(order)
        else:
            order = self._order_of_first_draws(counts, accepted.hashes)
            rejected[Distinct.key] += int(counts.sum() - len(order))
        found = draws[rows[order]]
        returned = np.arange(len(found))
        if limit is not None:
            returned = np.flatnonzero(_admitted(found, limit, most))
        returned = returned[:most]
        if reserved is not None:
            reserved.add(accepted.hashes[order[returned]])
        self.name_count += len(returned)
        self._tried += size
        return found[returned], walk.rejected + rejected

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
        count_before = self.name_count

        def report(more: int, prefixes_read: int) -> None:
            self.on_progress(Searched(count_before + more, self.n, self._tried, prefixes_read))

        budget = MAX_PREFIXES_BY_ARRIVAL // self.searches
        return Arrivals(self.walk, self.rng, budget=budget, report=report)

    def _find_exactly(self, exact: Arrivals, missing: int) -> Iterator[FoundNames]:
        """Find ``missing`` more names without drawing; fewer if no more exist, or the search gives up."""
        for names in exact.find(missing):
            self.name_count += len(names)
            yield replace(
                names,
                scored_log_probability=names.log_probability,  # all are returned
                opening_probability=np.ones(len(names)),  # openings of rare names aren't limited
                ranks=None,
            )

    def _too_few(self, exact: Arrivals | None) -> GenerationError:
        """Return the error for too few names: why there are no more, and what to do."""
        constraints = self.walk.constraints
        has_names = self.name_count > 0
        suggestions = advice(self._rejected, constraints, drawn=True, fewer=has_names)
        reason = "and no other name is possible"
        if exact is not None and exact.gave_up:
            reason = (
                f"then gave up after {self._tried:,} tries and {exact.prefixes_read:,} prefixes"
            )
        elif is_stuck(constraints.request):
            reason += ", because only the most likely characters are chosen"
        return GenerationError(
            f"found {self.name_count:,} of {self.n:,} names, {reason}: {suggestions}"
        )

    # --- filtered -----------------------------------------------------------------------------------------------------

    def filtered(self, scorer: Scorer) -> Iterator[FoundNames]:
        """Yield n new names: those that reach the threshold and, if they are too few, the best of the others.

        Args:
            scorer: scores the names.

        Raises:
            GenerationError: there are fewer names, or finding them takes too long. Those found have been returned.
        """
        limit = OpeningLimit()
        yield from self._draw(self.walk.scored_by(scorer), self._missing, FILTERED, limit)
        below_threshold = self._missing
        candidates = FoundNames.none()
        while self._missing > 0:
            missing = min(self._missing, CHUNK_NAMES // CANDIDATES)
            candidates, exact = self._with_more_candidates(candidates, missing)
            # Those with the best scores come first, but after them those whose opening is too common.
            scores = scorer.scores_of(
                candidates.names.tolist(),
                log_probabilities=candidates.scored_log_probability,
                start_tokens=candidates.start_tokens,
            )  # (candidates,)
            candidates = candidates[np.argsort(-scores, kind="stable")]
            is_admitted = _admitted(candidates, limit, missing)  # (candidates,)
            order = np.concatenate((np.flatnonzero(is_admitted), np.flatnonzero(~is_admitted)))
            best = candidates[self.rng.permutation(order[:missing])]
            candidates = candidates[order[missing:]]
            self.name_count += len(best)
            if len(best):
                yield best
            if len(best) < missing:
                raise self._too_few(exact)
        if below_threshold > self.n / 2:
            self.on_progress(FilledUp(self.n, filled=below_threshold))

    def _with_more_candidates(
        self, candidates: FoundNames, missing: int
    ) -> tuple[FoundNames, Arrivals | None]:
        """Add names from an unfiltered search to the candidates, so that there are several for each missing name.

        Also returns the exact search, if one was needed.
        """
        count_before = self.name_count
        self.name_count += len(candidates)  # until the best are chosen, candidates count too
        batches = [candidates]
        if not len(candidates):
            size = DRAWS_FOR_CANDIDATES
            first_round, _ = self._draw_round(self.walk, size, most=size)
            batches.append(first_round)
        still_missing = CANDIDATES * missing - sum(map(len, batches))
        batches += self._draw(self.walk, still_missing, UNFILTERED)
        exact = None
        candidate_count = sum(map(len, batches))
        if candidate_count < missing:
            exact = self._create_exact_search()
            batches += self._find_exactly(exact, missing - candidate_count)
        self.name_count = count_before
        return FoundNames.join(batches), exact


def _admitted(names: FoundNames, limit: OpeningLimit, most: int) -> Bool[Array, "names"]:
    """Return which names may be returned without too many equal openings, at most so many."""
    return limit.admits(
        names.names.tolist(), names.start_tokens, names.opening_probability, most=most
    )


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
