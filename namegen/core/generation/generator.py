"""Generator: draws names from any LanguageModel.

There are two ways to draw:

- ``generate`` draws many names together. It reads each *distinct* prefix once (``count_splitting.py``), and a search
  decides which of the names are returned (``search.py``).
- ``draw_one_by_one`` is the simple reference. Each name is drawn from its own row of uniform numbers, one for each
  token. From the same numbers, all backends draw the same names.

The most likely names are found without drawing (``exact/most_likely.py``).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import KW_ONLY, dataclass, field, replace
from functools import partial

import numpy as np

from namegen.core.data.labels import StartTokens
from namegen.core.data.normalization import NAMES, KnownSet, Normalization
from namegen.core.data.prefix_tree import SortedNames
from namegen.core.data.vocabulary import END_TOKEN, Vocabulary
from namegen.core.engine import LanguageModel
from namegen.core.evaluation.evaluator import AccuracyEvaluator
from namegen.core.generation.constraints.claimed import Unclaimed
from namegen.core.generation.constraints.constraint import Constraint
from namegen.core.generation.constraints.constraint_list import (
    ConstraintList,
    Distinct,
    ExcludedNames,
    MaxLength,
    MinLength,
    NameFilter,
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
from namegen.types import Array, Float64, Int32, Int64

CHARACTERS_AT_ONCE = 200_000  # characters that are scored together, over several start tokens


@dataclass(frozen=True, eq=False)
class Generator:
    """Draws names from a model."""

    model: LanguageModel
    vocabulary: Vocabulary
    _: KW_ONLY
    known_names: KnownSet | None = None  # names that aren't new; None: unknown
    start_tokens: StartTokens = field(default=StartTokens.single())  # start tokens and their shares
    scorer: Scorer | None = None  # scores new names; without rules, names can't be filtered
    shortest: int = 1  # characters of a filtered name, at least, unless a constraint sets another
    normalization: Normalization = NAMES  # decides when two names are the same
    rows_per_prefix: int = 1  # rows that the model reads for one prefix; see ``Walk``
    claimed: tuple[str, ...] = ()  # no new name starts with these; see ``constraints/claimed.py``
    searches: int = 1  # searches that share the work that one may do in vain

    def as_one(self) -> Generator:
        """The same names with only one start token, which stands for all of them."""
        if not self.start_tokens.several:
            return self
        model, start_token = as_one(self.model, self.start_tokens)
        return replace(
            self,
            model=model,
            start_tokens=StartTokens.single(start_token),
            rows_per_prefix=len(self.start_tokens.tokens),
        )

    def batch(self, names: list[str], log_probability: Float64[Array, "names"]) -> NameBatch:
        """Names of this generator as a batch.

        Args:
            names: the names.
            log_probability: of each name, in nats. With several start tokens it's ignored: the probabilities with each
                of them are computed when they are needed.
        """

        def joint() -> Float64[Array, "names R"]:
            if self.start_tokens.several:
                return self._joint_log_probability(names)
            return log_probability[:, None]

        return NameBatch(names, joint, self.known_names, self.normalization)

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

        ``search.py`` describes how they are found, ``docs/concepts/which-names.md`` which names are returned.

        Args:
            n: how many names.
            rng: the random number generator.
            sampling: how characters are drawn, and how long a name may be.
            constraints: what each name has to satisfy.
            allow_seen: also return known names. They aren't scored, and make up the share of the draws that they have
                in the model's own distribution.
            allow_repeats: return the same name more than once, except for new names that are filtered. Otherwise no two
                names are the same by ``normalization``, so they differ in more than letter case, spaces or punctuation.
            unfiltered: draw from the model's own distribution. A generator without rules always does that.
            on_progress: called with events: how far the search is, and that most names didn't reach the threshold.

        Raises:
            SettingsError: the constraints contradict each other; raised at once, before a name is drawn.
            GenerationError: the model doesn't know which names are new (raised at once); or there are fewer than n
                names, or finding them takes too long. The names found have been returned by then.

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
        search = partial(self._search, n, rng=rng, sampling=sampling, on_progress=on_progress)
        scorer = self.scorer
        if unfiltered or scorer is None or not scorer.rules:
            drawn = search(constraints, allow_seen=allow_seen, allow_repeats=allow_repeats)
            return map(self._batch_of, drawn.unfiltered())
        with_usual_length = self._with_usual_length(constraints, sampling.max_length)
        if not allow_seen or self.known_names is None:
            new = search(with_usual_length, allow_seen=allow_seen)
            return map(self._batch_of, new.filtered(scorer))
        drawn = search(constraints, allow_seen=True, allow_repeats=allow_repeats)
        new = search(with_usual_length, allow_seen=False)
        return self._with_known_names(drawn, new, scorer)

    def _search(
        self,
        n: int,
        constraints: ConstraintList | None,
        *,
        allow_seen: bool,
        allow_repeats: bool = False,
        rng: np.random.Generator,
        sampling: SamplingSettings,
        on_progress: ProgressCallback,
    ) -> Search:
        """Prepare a search; the arguments are those of ``generate``."""
        walk, name_filter = self.prepare(
            n, sampling.max_length, constraints, allow_seen, allow_repeats
        )
        return Search(
            walk,
            name_filter,
            n,
            rng=rng,
            sampling=sampling,
            searches=self.searches,
            on_progress=on_progress,
        )

    def _with_usual_length(
        self, constraints: ConstraintList | None, longest: int
    ) -> ConstraintList:
        """The constraints, and the shortest usual length unless they set another."""
        constraints = constraints or ConstraintList()
        if constraints.get(MinLength) is not None:
            return constraints
        return ConstraintList([*constraints, UsualLength(min(self.shortest, longest))])

    def _with_known_names(
        self, drawn: Search, filtered: Search, scorer: Scorer
    ) -> Iterator[NameBatch]:
        """The known names among unfiltered draws, and a filtered new name for each other draw.

        The known names are spread over the new ones.

        Args:
            drawn: the unfiltered search.
            filtered: the search for new names.
            scorer: scores the new names.
        """
        known = self._known_names(drawn)
        new_wanted = drawn.n - len(known.names)
        filtered.name_count = len(known.names)
        known_returned = 0
        new_returned = 0
        too_few: GenerationError | None = None
        try:
            for candidates in filtered.filtered(scorer) if new_wanted else ():
                new = self._batch_of(candidates)
                new_returned += len(new.names)
                end = len(known.names) * new_returned // new_wanted
                mixed = join_batches([new, known.select(range(known_returned, end))])
                known_returned = end
                yield mixed.select(drawn.rng.permutation(len(mixed.names)).tolist())
        except GenerationError as error:
            too_few = error
        if known_returned < len(known.names):
            yield known.select(range(known_returned, len(known.names)))
        if too_few is not None:
            raise too_few

    def _known_names(self, drawn: Search) -> NameBatch:
        """The known names that an unfiltered search returns, even if it finds too few names."""
        batches = [self._batch_of(no_candidates())]
        with suppress(GenerationError):
            for candidates in drawn.unfiltered():
                batch = self._batch_of(candidates)
                if batch.new is not None:
                    known = np.flatnonzero(~batch.new)
                    batches.append(batch.select(known.tolist()))
        return join_batches(batches)

    def prepare(
        self,
        n: int,
        longest: int,
        constraints: ConstraintList | None,
        allow_seen: bool,
        allow_repeats: bool,
    ) -> tuple[Walk, NameFilter]:
        """Check the constraints, and prepare a search for names.

        Args:
            n: how many names.
            longest: characters of the longest name that is returned.
            constraints: what each name has to satisfy.
            allow_seen: as in ``generate``.
            allow_repeats: as in ``generate``.

        Returns:
            The walk through the model's tree, and the filter of finished names.

        Raises:
            SettingsError: the constraints contradict each other.
            GenerationError: the model doesn't know which names are new.
        """
        check_amount(n, "names")
        with_defaults: list[Constraint] = [
            WellFormed(self.vocabulary.combines),
            MaxLength(longest),
            *(constraints or ()),
        ]
        if not allow_repeats:
            with_defaults.append(Distinct())
        if not allow_seen and self.known_names is not None:
            with_defaults.append(New(self.known_names))
        if not allow_seen and self.claimed:
            with_defaults.append(Unclaimed(self.claimed, self.normalization))
        constraints = ConstraintList(with_defaults)
        constraints.check(self.vocabulary)
        if not allow_seen and self.known_names is None and constraints.get(ExcludedNames) is None:
            raise GenerationError(
                "can't tell which names are new: the model doesn't contain the names it was trained on. Pass them with "
                f"{setting(ExcludedNames.name)}, or pass {setting(New.name, True)}"
            )
        prefix_filter = PrefixFilter(constraints, self.vocabulary)
        walk = Walk(
            self.model, prefix_filter, self.start_tokens, rows_per_prefix=self.rows_per_prefix
        )
        return walk, NameFilter(constraints, self.normalization)

    def _batch_of(self, candidates: Candidates) -> NameBatch:
        """Names of a search as a batch."""
        return self.batch(candidates.names, candidates.log_probability)

    def _joint_log_probability(self, names: list[str]) -> Float64[Array, "names R"]:
        """The log-probability of each name together with each start token, in nats."""
        start_tokens = self.start_tokens.ids  # (R,)
        joint = np.empty((len(names), len(start_tokens)))
        if not names:
            return joint
        distinct, distinct_of = self._sorted(names)
        # A tree for each start token would be slow for few names, and one tree for all large for many names.
        at_once = max(1, CHARACTERS_AT_ONCE // len(distinct.tokens))
        for start in range(0, len(start_tokens), at_once):
            columns = slice(start, start + at_once)
            of_distinct = self._log_probability(distinct, start_tokens[columns])
            joint[:, columns] = of_distinct[:, distinct_of].T
        return joint + self.start_tokens.log_shares

    def _sorted(self, names: list[str]) -> tuple[SortedNames, Int64[Array, "names"]]:
        """The distinct names in sorted order, and which of them each name is."""
        tokens, lengths = self.vocabulary.encode_all(names)
        longest = int(lengths.max())
        rows = np.zeros((len(names), longest), np.int32)  # filled up with end tokens
        is_character = np.arange(longest) < lengths[:, None]  # (names, longest)
        rows[is_character] = tokens
        return SortedNames.from_rows(rows, np.ones(len(rows), np.int64))

    def _log_probability(
        self, names: SortedNames, start_tokens: Int32[Array, "S"]
    ) -> Float64[Array, "S names"]:
        """The log-probability of each name given each start token, in nats."""
        count = len(start_tokens)
        with_start = SortedNames(
            tokens=np.tile(names.tokens, count),
            lengths=np.tile(names.lengths, count),
            counts=np.tile(names.counts, count),
            start_tokens=np.repeat(start_tokens, len(names.lengths)),
        )
        by_length = np.argsort(with_start.lengths, kind="stable")  # the order of the tree's names
        log_probability = np.empty(len(by_length))
        log_probability[by_length] = AccuracyEvaluator(self.model).name_log_probabilities(
            with_start.tree()
        )
        return log_probability.reshape(count, -1)

    def draw_one_by_one(
        self, uniforms: Float64[Array, "n M"], *, temperature: float = 1.0
    ) -> Int32[Array, "n T"]:
        """Draw one name from each row of uniform numbers: the simple reference.

        Each token takes one number. With several start tokens, the first number of a row chooses the start token by the
        shares, whatever the temperature.

        Args:
            uniforms: numbers from 0 up to but not including 1.
            temperature: as in ``SamplingSettings``.

        Returns:
            Token ids, filled up with end tokens. A row without an end token needs more numbers.
        """
        n = len(uniforms)
        last = np.full(n, self.start_tokens.tokens[0], np.int32)
        if self.start_tokens.several:
            shares = np.tile(self.start_tokens.shares, (n, 1))  # (n, R)
            last = self.start_tokens.ids[pick(uniforms[:, 0], shares)]
            uniforms = uniforms[:, 1:]
        longest = uniforms.shape[1]
        tokens = np.zeros((n, longest), np.int32)
        unfinished = np.arange(n)  # rows whose name hasn't ended
        state = self.model.initial_state(max(n, 1))
        for depth in range(longest):
            if len(unfinished) == 0:
                break
            logits, state = self.model.step(last, state)  # (unfinished, V)
            last = draw(uniforms[unfinished, depth], logits, temperature).astype(np.int32)
            tokens[unfinished, depth] = last
            goes_on = np.flatnonzero(last != END_TOKEN)
            if len(goes_on) < len(unfinished):
                unfinished = unfinished[goes_on]
                last = last[goes_on]
                state = self.model.select(state, goes_on)
        return tokens
