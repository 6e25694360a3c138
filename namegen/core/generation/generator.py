"""Generator: draws names from any LanguageModel.

There are two ways to draw:

- ``generate`` draws many names together. It reads each *distinct* prefix once (``walk.py``), and a search
  decides which of the names are returned (``search.py``).
- ``draw_one_by_one`` is the simple reference. Each name is drawn from its own row of uniform numbers, one for each
  token. From the same numbers, all backends draw the same names.

The most likely names are found without drawing (``exact.py``).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import KW_ONLY, dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from namegen.core.data.labels import StartTokens
from namegen.core.data.normalization import NAMES, KnownSet, Normalization
from namegen.core.data.sorted_names import SortedNames
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
    UsualPatterns,
    WellFormed,
)
from namegen.core.generation.constraints.matches import Matches
from namegen.core.generation.name_batch import NameBatch, join_batches
from namegen.core.generation.sampling import SamplingSettings, check_amount, draw, pick
from namegen.core.generation.search import Candidates, Search
from namegen.core.generation.walk import PrefixFilter, Walk
from namegen.core.models.mixture import as_one
from namegen.core.scoring.scorer import Scorer
from namegen.errors import GenerationError, setting
from namegen.events import ProgressCallback, ignore_progress
from namegen.types import Array, Float64, Int32

CHARACTERS_AT_ONCE = 200_000  # characters that are scored together, over several start tokens


class PreparedSearch(NamedTuple):
    """What a search for names needs."""

    walk: Walk  # through the model's tree of prefixes
    name_filter: NameFilter  # checks finished names


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
    # Patterns that a filtered name may have (``core/data/patterns.py``); (): all.
    patterns: tuple[str, ...] = ()
    normalization: Normalization = NAMES  # decides when two names are the same
    rows_per_prefix: int = 1  # rows that the model reads for one prefix; see ``Walk``
    claimed: tuple[str, ...] = ()  # no new name starts with these; see ``constraints/claimed.py``
    searches: int = 1  # searches that share the work that one may do in vain

    def as_one(self) -> Generator:
        """Return a generator of the same names that has only one start token, which stands for all of them."""
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
        """Return a batch of names, which computes their probabilities when they are needed.

        With several start tokens, ``log_probability`` is ignored, and the probability with each of them is computed.
        """

        def compute_joint() -> Float64[Array, "names R"]:
            if self.start_tokens.several:
                return self._joint_log_probability(names)
            return log_probability[:, None]

        return NameBatch(names, compute_joint, self.known_names, self.normalization)

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
            allow_repeats: whether a name may be returned more than once. Filtered new names never repeat. Two names
                are the same if they're equal by ``normalization``, which ignores letter case, spaces and punctuation.
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
        longest = sampling.max_length

        def search(
            constraints: ConstraintList | None, *, allow_seen: bool, **options: Any
        ) -> Search:
            walk, name_filter = self.prepare(
                n, longest, constraints, allow_seen=allow_seen, **options
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

        as_drawn = {"allow_seen": allow_seen, "allow_repeats": allow_repeats}
        if unfiltered or self.scorer is None or not self.scorer.rules:
            return map(self._batch_of, search(constraints, **as_drawn).unfiltered())
        usual = self.with_usual_constraints(constraints, longest)
        if not allow_seen or self.known_names is None:
            new = search(usual, allow_seen=allow_seen)
            return map(self._batch_of, new.filtered(self.scorer))
        drawn = search(constraints, **as_drawn)
        new = search(usual, allow_seen=False)
        return self._with_known_names(drawn, new, self.scorer)

    def with_usual_constraints(
        self, constraints: ConstraintList | None, longest: int
    ) -> ConstraintList:
        """Add the usual minimum length and the usual patterns, unless other constraints may contradict them."""
        constraints = constraints or ConstraintList()
        usual: list[Constraint] = []
        if constraints.get(MinLength) is None:
            usual.append(UsualLength(min(self.shortest, longest)))
        has_text = bool(constraints.texts) or constraints.get(Matches) is not None
        if self.patterns and not has_text:
            usual.append(UsualPatterns(self.patterns))
        return ConstraintList([*constraints, *usual])

    def _with_known_names(
        self, drawn: Search, search_for_new: Search, scorer: Scorer
    ) -> Iterator[NameBatch]:
        """Yield n names, known and new ones mixed: the known names of an unfiltered search, and filtered new names.

        The known names are spread evenly over the batches of new ones.

        Args:
            drawn: the unfiltered search. Its new names are replaced with filtered ones.
            search_for_new: the search for new names.
            scorer: scores the new names.
        """
        batches = [self._batch_of(Candidates.join([]))]
        with suppress(GenerationError):  # it may find too few names
            for candidates in drawn.unfiltered():
                batch = self._batch_of(candidates)
                if batch.new is not None:
                    batches.append(batch.select(np.flatnonzero(~batch.new).tolist()))
        known = join_batches(batches)
        known_count = len(known.names)
        known_returned = 0
        search_for_new.name_count = known_count
        new_count = drawn.n - known_count
        new_returned = 0
        too_few_names: GenerationError | None = None
        try:
            for candidates in search_for_new.filtered(scorer):
                new = self._batch_of(candidates)
                new_returned += len(new.names)
                # The share of the known names that have been returned becomes that of the new names.
                known_due = round(known_count * new_returned / new_count)
                mixed = join_batches([new, known.select(range(known_returned, known_due))])
                known_returned = known_due
                yield mixed.select(drawn.rng.permutation(len(mixed.names)).tolist())
        except GenerationError as error:
            too_few_names = error
        if known_returned < known_count:
            yield known.select(range(known_returned, known_count))
        if too_few_names is not None:
            raise too_few_names

    def prepare(
        self,
        n: int,
        longest: int,
        constraints: ConstraintList | None,
        allow_seen: bool,
        allow_repeats: bool = False,
    ) -> PreparedSearch:
        """Check the constraints, and prepare a search for names.

        The arguments are those of ``generate``; ``longest`` is the number of characters that a name may have.

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
        knows_names = self.known_names is not None or constraints.get(ExcludedNames) is not None
        if not allow_seen and not knows_names:
            raise GenerationError(
                "can't tell which names are new: the model doesn't contain the names it was trained on. Pass them with "
                f"{setting(ExcludedNames.setting_name)}, or pass {setting(New.setting_name, True)}"
            )
        walk = Walk(
            self.model,
            PrefixFilter(constraints, self.vocabulary),
            self.start_tokens,
            rows_per_prefix=self.rows_per_prefix,
        )
        return PreparedSearch(walk, NameFilter(constraints, self.normalization))

    def _batch_of(self, candidates: Candidates) -> NameBatch:
        """Return the names of a search as a batch."""
        return self.batch(candidates.names, candidates.log_probability)

    def _joint_log_probability(self, names: list[str]) -> Float64[Array, "names R"]:
        """Return the log-probability of each name together with each start token, in nats."""
        start_tokens = self.start_tokens.ids  # (R,)
        joint = np.empty((len(names), len(start_tokens)))
        if not names:
            return joint
        distinct, row_of_name = SortedNames.ranked(names, self.vocabulary)
        # For a few names, one tree per start token would be slow. For many names, a single tree would be too large.
        tokens_at_once = max(1, CHARACTERS_AT_ONCE // len(distinct.tokens))  # start tokens
        evaluator = AccuracyEvaluator(self.model)
        for first in range(0, len(start_tokens), tokens_at_once):
            columns = slice(first, first + tokens_at_once)
            log_probability = evaluator.log_probabilities_after(distinct, start_tokens[columns])
            joint[:, columns] = log_probability[:, row_of_name].T
        return joint + self.start_tokens.log_shares

    def draw_one_by_one(
        self, uniforms: Float64[Array, "n M"], *, temperature: float = 1.0
    ) -> Int32[Array, "n T"]:
        """Draw n names from n rows of random numbers, one number per token.

        From the same numbers, all backends have to draw the same names as this simple reference.

        Args:
            uniforms: numbers from 0 up to 1. With several start tokens, the first number of a row chooses the start
                token by the shares, whatever the temperature.
            temperature: the logits are divided by it; 0 gives the most likely token.

        Returns:
            Token ids, filled up with end tokens. A row without an end token needs more numbers.
        """
        n = len(uniforms)
        last_tokens = np.full(n, self.start_tokens.tokens[0], np.int32)
        if self.start_tokens.several:
            shares = np.tile(self.start_tokens.shares, (n, 1))  # (n, R)
            last_tokens = self.start_tokens.ids[pick(uniforms[:, 0], shares)]
            uniforms = uniforms[:, 1:]
        longest = uniforms.shape[1]
        tokens = np.zeros((n, longest), np.int32)
        unfinished = np.arange(n)  # rows whose names haven't ended
        state = self.model.initial_state(max(n, 1))
        for position in range(longest):
            if len(unfinished) == 0:
                break
            logits, state = self.model.step(last_tokens, state)  # (unfinished, V)
            drawn = draw(uniforms[unfinished, position], logits, temperature)  # (unfinished,)
            last_tokens = drawn.astype(np.int32)
            tokens[unfinished, position] = last_tokens
            continuing = np.flatnonzero(last_tokens != END_TOKEN)
            if len(continuing) < len(unfinished):  # some names have ended
                unfinished = unfinished[continuing]
                last_tokens = last_tokens[continuing]
                state = self.model.select(state, continuing)
        return tokens
