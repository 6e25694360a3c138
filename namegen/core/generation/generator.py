"""Generator: draws names from any LanguageModel.

**One by one** (``draw_one_by_one``): each name reads its own tokens, one uniform number a token, by the rule of
``sampling.draw``; one more, the first, chooses its beginning where there are several. Given the same numbers, every
engine gives the same names. It is the reference.

**All together** (``generate``): the same distribution at the cost of one step for each *distinct* prefix
(``count_splitting.py``); ``search.py`` decides which of the draws are returned.

The most likely names need no drawing: ``exact/most_likely.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import KW_ONLY, dataclass, field, replace
from functools import partial

import numpy as np

from namegen.core.data.labels import Beginnings
from namegen.core.data.normalization import NAMES, KnownSet, Normalization
from namegen.core.data.prefix_tree import SortedNames
from namegen.core.data.vocabulary import BOUNDARY, Vocabulary
from namegen.core.engine import LanguageModel
from namegen.core.evaluation.evaluator import AccuracyEvaluator
from namegen.core.generation.constraints.claimed import Unclaimed
from namegen.core.generation.constraints.constraint import Constraint
from namegen.core.generation.constraints.constraint_list import (
    ConstraintList,
    Distinct,
    ExcludedNames,
    Judge,
    MaxLength,
    MinLength,
    New,
    UsualLength,
    WellFormed,
)
from namegen.core.generation.count_splitting import PrefixFilter, Walk
from namegen.core.generation.name_batch import NameBatch, join_batches
from namegen.core.generation.sampling import SamplingSettings, check_amount, draw, pick
from namegen.core.generation.scoring import Scorer
from namegen.core.generation.search import Candidates, Search, no_candidates
from namegen.core.models.mixture import as_one
from namegen.errors import GenerationError, setting
from namegen.events import ProgressCallback, ignore_progress
from namegen.types import Array, Float64, Int32

TOGETHER = 200_000  # characters of names that are read behind several beginnings at a time


@dataclass(frozen=True, eq=False)
class Generator:
    """Draws names from a model.

    Attributes:
        model: any LanguageModel.
        vocabulary: its characters.
        known_names: the names that are not new; None: newness is unknown.
        beginnings: what names begin with, by their shares.
        scorer: scores new names; None, or one without rules: names can't be filtered.
        shortest: characters of the shortest name that a filtered search returns, unless a constraint says otherwise.
        normalization: when two names are the same; ``known_names`` are by this rule.
        rows_per_prefix: how many rows the model reads for one prefix; see ``Walk``.
        claimed: what no new name begins with (``constraints/claimed.py``).
        searches: how many of them share the prefixes that one may read in vain.
    """

    model: LanguageModel
    vocabulary: Vocabulary
    _: KW_ONLY
    known_names: KnownSet | None = None
    beginnings: Beginnings = field(default=Beginnings.single())  # frozen: all may share it
    scorer: Scorer | None = None
    shortest: int = 1
    normalization: Normalization = NAMES
    rows_per_prefix: int = 1
    claimed: tuple[str, ...] = ()
    searches: int = 1

    def as_one(self) -> Generator:
        """A generator of the same names whose model has one beginning only; itself, where that is so already."""
        if not self.beginnings.several:
            return self
        model, beginning = as_one(self.model, self.beginnings)
        rows = len(self.beginnings.tokens)
        return replace(
            self, model=model, beginnings=Beginnings.single(beginning), rows_per_prefix=rows
        )

    def batch(self, names: list[str], log_probability: Float64[Array, "names"]) -> NameBatch:
        """Names of this generator, as they are given; of several beginnings the scores are found when asked for."""
        several = self.beginnings.several
        scores = (
            partial(self._with_each_beginning, names)
            if several
            else lambda: log_probability[:, None]
        )
        return NameBatch(names, scores, self.known_names, self.normalization)

    def generate(
        self,
        n: int,
        *,
        rng: np.random.Generator,
        sampling: SamplingSettings | None = None,
        constraints: ConstraintList | None = None,
        allow_seen: bool = False,
        allow_repeats: bool = False,
        unfiltered: bool = False,
        on_progress: ProgressCallback = ignore_progress,
    ) -> Iterator[NameBatch]:
        """Return n names, in batches as they are found; by default new and distinct ones.

        ``search.py`` describes how they are found, ``docs/use/generating.md`` which names are returned.

        Args:
            n: how many.
            rng: where the random numbers come from.
            sampling: how characters are chosen, and how long a name may be.
            constraints: what each name must keep.
            allow_seen: names of the list too. They aren't scored, and make up the share of the draws that they have in
                the model's own distribution.
            allow_repeats: the same name more than once, except for new names that are filtered. Otherwise no two names
                are the same by ``normalization``, so they differ in more than letter case, spaces or punctuation.
            unfiltered: draw from the model's own distribution. So does a generator without rules.
            on_progress: called with events: how far the search is, and that most names didn't reach the threshold.

        Raises:
            SettingsError: the constraints contradict each other; raised at once, before a name is drawn.
            GenerationError: the model doesn't know which names are new (raised at once); or there are fewer than n
                names, or finding them takes too long. Those found have been returned by then.

        >>> from namegen.core.models.ngram import NgramModel
        >>> from namegen.core.data.prefix_tree import PrefixTree
        >>> names = ["Anna", "Annika", "Hanna", "Hans"]
        >>> vocabulary = Vocabulary.from_names(names)
        >>> model = NgramModel(PrefixTree.from_names(names, vocabulary), vocabulary.size, order=3)
        >>> from namegen.core.generation.constraints.texts import StartsWith
        >>> batches = Generator(model, vocabulary).generate(
        ...     3, rng=np.random.default_rng(0), constraints=ConstraintList([StartsWith("Hann")]), allow_seen=True)
        >>> [len(batch.names) for batch in batches]
        [3]
        """
        sampling = sampling or SamplingSettings()
        longest = sampling.max_length

        def search(
            count: int,
            constraints: ConstraintList | None,
            *,
            allow_seen: bool,
            allow_repeats: bool = False,
        ) -> Search:
            walk, judge = self.prepare(count, longest, constraints, allow_seen, allow_repeats)
            return Search(
                walk,
                judge,
                count,
                rng=rng,
                sampling=sampling,
                searches=self.searches,
                on_progress=on_progress,
            )

        scorer = self.scorer
        if unfiltered or scorer is None or not scorer.rules:
            drawn = search(n, constraints, allow_seen=allow_seen, allow_repeats=allow_repeats)
            return map(self._batch_of, drawn.unfiltered())
        of_lengths = constraints or ConstraintList()
        if of_lengths.get(MinLength) is None:
            of_lengths = ConstraintList([*of_lengths, UsualLength(min(self.shortest, longest))])
        if not allow_seen or self.known_names is None:
            new = search(n, of_lengths, allow_seen=allow_seen)
            return map(self._batch_of, new.filtered(scorer))
        drawn = search(n, constraints, allow_seen=True, allow_repeats=allow_repeats)
        search(n, of_lengths, allow_seen=False)  # raises, as it would later

        def new_names(known_names: int) -> Iterator[Candidates]:
            new = search(n, of_lengths, allow_seen=False)
            new.found = known_names
            return new.filtered(scorer)

        return self._with_known_names(drawn, new_names, rng)

    def _with_known_names(
        self,
        drawn: Search,
        new_names: Callable[[int], Iterator[Candidates]],
        rng: np.random.Generator,
    ) -> Iterator[NameBatch]:
        """The known names among unfiltered draws, and a filtered new name for each other draw.

        Args:
            drawn: the unfiltered search.
            new_names: finds the new names, given the number of known names that are returned.
            rng: where the random numbers come from.
        """
        n, known, new = drawn.n, [], 0
        try:
            for names in drawn.unfiltered():
                batch = self._batch_of(names)
                is_known = (
                    [not is_new for is_new in batch.new.tolist()] if batch.new is not None else []
                )
                rows = np.flatnonzero(is_known)
                known.append(batch.select(rows.tolist()))
                new += len(names.names) - len(rows)
        except GenerationError:
            new = n - sum(len(batch.names) for batch in known)
        waiting = join_batches(known) if known else self._batch_of(no_candidates())
        returned = 0  # known names
        new_returned = 0
        too_few: GenerationError | None = None
        try:
            for names in new_names(n - new) if new else ():
                batch = self._batch_of(names)
                new_returned += len(batch.names)
                end = len(waiting.names) * new_returned // new
                some = join_batches([batch, waiting.select(range(returned, end))])
                returned = end
                yield some.select(rng.permutation(len(some.names)).tolist())
        except GenerationError as error:
            too_few = error
        if returned < len(waiting.names):
            yield waiting.select(range(returned, len(waiting.names)))
        if too_few is not None:
            raise too_few

    def prepare(
        self,
        n: int,
        longest: int,
        constraints: ConstraintList | None,
        allow_seen: bool,
        allow_repeats: bool,
    ) -> tuple[Walk, Judge]:
        """Check the constraints, and make what every search for names needs: the walk, and the judge of finished names.

        Args:
            n: how many names.
            longest: characters of the longest name that is returned.
            constraints: what each name must keep.
            allow_seen: as in ``generate``.
            allow_repeats: as in ``generate``.

        Raises:
            SettingsError, GenerationError: as ``generate`` does at once.
        """
        check_amount(n, "names")
        every: list[Constraint] = [
            WellFormed(self.vocabulary.combines),
            MaxLength(longest),
            *(constraints or ()),
        ]
        every += [] if allow_repeats else [Distinct()]
        if not allow_seen and self.known_names is not None:
            every.append(New(self.known_names))
        if not allow_seen and self.claimed:
            every.append(Unclaimed(self.claimed, self.normalization))
        constraints = ConstraintList(every)
        constraints.check(self.vocabulary)
        if not allow_seen and self.known_names is None and constraints.get(ExcludedNames) is None:
            raise GenerationError(
                "this model does not keep the names it learned from, so it cannot say which are new: give them with "
                f"{setting(ExcludedNames.name)}, or give {setting(New.name, True)}"
            )
        fits = PrefixFilter(constraints, self.vocabulary)
        walk = Walk(self.model, fits, self.beginnings, rows_per_prefix=self.rows_per_prefix)
        return walk, Judge(constraints, self.normalization)

    def _batch_of(self, candidates: Candidates) -> NameBatch:
        """Names of a search as a batch."""
        return self.batch(candidates.names, candidates.log_probability)

    def _with_each_beginning(self, of: list[str]) -> Float64[Array, "names R"]:
        """The log-probability of names together with each beginning; each distinct prefix is read once."""
        ids = self.beginnings.ids
        scores = np.empty((len(of), len(ids)))
        if not of:
            return scores
        tokens, lengths = self.vocabulary.encode_all(of)
        rows = np.zeros(
            (len(of), int(lengths.max())), np.int32
        )  # as wide as the longest; behind others boundaries
        rows[np.arange(rows.shape[1]) < lengths[:, None]] = tokens
        names, name_of = SortedNames.from_rows(rows, np.ones(len(rows), np.int64))
        evaluator = AccuracyEvaluator(self.model)
        at_once = max(
            1, TOGETHER // len(names.tokens)
        )  # beginnings: of few names one tree each would take long
        for start in range(0, len(ids), at_once):
            some = ids[start : start + at_once]
            behind = SortedNames(
                np.tile(names.tokens, len(some)),
                np.tile(names.lengths, len(some)),
                np.tile(names.counts, len(some)),
                np.repeat(some, len(names.lengths)),
            )
            given = np.empty(len(behind.lengths))
            # The order of the evaluator's names.
            given[np.argsort(behind.lengths, kind="stable")] = evaluator.name_log_probabilities(
                behind.tree()
            )
            scores[:, start : start + at_once] = given.reshape(len(some), -1)[:, name_of].T
        return scores + self.beginnings.log_shares

    def draw_one_by_one(
        self, uniforms: Float64[Array, "n M"], *, temperature: float = 1.0
    ) -> Int32[Array, "n T"]:
        """Draw one name for each row of uniform numbers, one number a token; the reference way.

        Where there are several beginnings (``beginnings.numbers`` is 1), the first number of a row chooses its own, by
        their shares whatever the temperature.

        Returns:
            Token ids, the boundary from the end of each name on; a row without a boundary did not end within its
            numbers.
        """
        n, first = len(uniforms), self.beginnings.numbers
        last = np.full(n, self.beginnings.tokens[0], np.int32)
        if first:
            shares = np.tile(self.beginnings.shares, (n, 1))
            last, uniforms = self.beginnings.ids[pick(uniforms[:, 0], shares)], uniforms[:, first:]
        longest = uniforms.shape[1]
        tokens = np.zeros((n, longest), np.int32)
        alive, state = np.arange(n), self.model.initial_state(max(n, 1))
        for depth in range(longest):
            if len(alive) == 0:
                break
            logits, state = self.model.step(last, state)
            last = draw(uniforms[alive, depth], logits, temperature).astype(np.int32)
            tokens[alive, depth] = last
            rows = np.flatnonzero(last != BOUNDARY)
            if len(rows) < len(alive):
                alive, last, state = alive[rows], last[rows], self.model.select(state, rows)
        return tokens
