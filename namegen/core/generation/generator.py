"""Generator: draws names from any LanguageModel.

There are three ways to get names:

- ``generate`` draws many names together. It reads each *distinct* prefix once (``walk.py``), and a search
  decides which of the names are returned (``search.py``).
- ``most_likely`` finds the most likely names without drawing (``exact.py``).
- ``draw_one_by_one`` is the simple reference. Each name is drawn from its own row of uniform numbers, one for each
  token. From the same numbers, all backends draw the same names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import KW_ONLY, dataclass, field, replace

import numpy as np

from namegen.core.checkpoint.metadata import default_max_length
from namegen.core.data.labels import StartTokens
from namegen.core.data.normalization import NAMES, KnownSet, Normalization
from namegen.core.data.sorted_names import SortedNames
from namegen.core.data.vocabulary import END_TOKEN, Vocabulary
from namegen.core.engine import LanguageModel
from namegen.core.evaluation.evaluator import AccuracyEvaluator
from namegen.core.generation.advice import advice
from namegen.core.generation.constraints.claimed import Unclaimed
from namegen.core.generation.constraints.constraint import Constraint
from namegen.core.generation.constraints.constraint_list import ConstraintList
from namegen.core.generation.constraints.lengths import (
    MaxLength,
    MinLength,
    UsualLength,
    shortest_name,
)
from namegen.core.generation.constraints.matches import Matches
from namegen.core.generation.constraints.others import Distinct, ExcludedNames, MinDistance, New
from namegen.core.generation.constraints.texts import Contains, EndsWith, StartsWith
from namegen.core.generation.constraints.words import (
    ExcludedWords,
    NoProfanity,
    UsualPatterns,
    WellFormed,
)
from namegen.core.generation.exact import MAX_PREFIXES, BandSearch, ByProbability
from namegen.core.generation.name_batch import NameBatch
from namegen.core.generation.request import GenerationRequest
from namegen.core.generation.sampling import draw, pick
from namegen.core.generation.search import Search
from namegen.core.generation.walk import FoundNames, Walk
from namegen.core.models.mixture import as_one
from namegen.core.scoring.scorer import Scorer
from namegen.core.settings import checked
from namegen.errors import GenerationError, SettingsError, setting
from namegen.events import ProgressCallback, Searched, ignore_progress
from namegen.types import Array, Float64, Int32

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
    shortest: int = 1  # characters of a filtered name, at least, unless a request sets another
    longest_name: int = 20  # characters of the list's longest name
    # Patterns that a filtered name may have (``core/data/patterns.py``); (): all.
    patterns: tuple[str, ...] = ()
    normalization: Normalization = NAMES  # decides when two names are the same
    rows_per_prefix: int = 1  # rows that the model reads for one prefix; see ``Walk``
    claimed: tuple[str, ...] = ()  # no new name starts with these; see ``constraints/claimed.py``
    # Reads the model's list, for ``min_distance``; None if it isn't available.
    read_list: Callable[[], Sequence[str]] | None = None
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

    def _batch_of(self, found: FoundNames) -> NameBatch:
        """Return the names of a search as a batch."""
        return self.batch(found.names.tolist(), found.log_probability)

    # --- requests -----------------------------------------------------------------------------------------------------

    def with_max_length(self, request: GenerationRequest) -> GenerationRequest:
        """Return the request with a maximum length: its own, or a default that suits the list and required strings."""
        if request.max_length is not None:
            return request
        longest = self.longest_name
        if request.unfiltered:
            longest = default_max_length(longest)
        return request.changed(max_length=max(longest, 2 * shortest_name(request)))

    def prepare(self, request: GenerationRequest, *, usual: bool = False) -> Walk:
        """Check a request, and prepare a walk through the names that it allows.

        Args:
            request: what names are wanted.
            usual: whether names also have the usual minimum length and the usual patterns, unless the request may
                contradict them.

        Raises:
            SettingsError: no name can satisfy the request.
            GenerationError: the model doesn't know which names are new.
        """
        request = self.with_max_length(request)
        longest = request.max_length or 0
        # In the order in which they're checked: those that take the least time come first.
        constraints: list[Constraint] = [WellFormed(self.vocabulary.combines)]
        if request.min_length is not None:
            constraints.append(MinLength(request.min_length))
        elif usual:
            constraints.append(UsualLength(min(self.shortest, longest)))
        constraints.append(MaxLength(longest))
        for kind in (StartsWith, Contains, EndsWith):
            text = request.required.get(kind.key)
            if text is not None:
                constraints.append(kind(text, self.vocabulary, longest))
        if request.matches is not None:
            constraints.append(Matches(request.matches, self.vocabulary))
        elif usual and self.patterns and not request.required:
            constraints.append(UsualPatterns(self.patterns))
        if request.exclude_words:
            constraints.append(ExcludedWords(request.exclude_words))
        if not request.allow_profanity:
            constraints.append(NoProfanity(self.vocabulary))
        if not request.allow_seen and self.known_names is not None:
            constraints.append(New(self.known_names))
        if request.exclude_names is not None:
            constraints.append(ExcludedNames(request.exclude_names, self.normalization))
        if not request.allow_repeats:
            constraints.append(Distinct())
        if request.min_distance is not None:
            is_from_list = request.exclude_names is None
            others = self._listed_names() if is_from_list else request.exclude_names
            constraints.append(MinDistance(request.min_distance, others or (), self.normalization))
        if not request.allow_seen and self.claimed:
            constraints.append(Unclaimed(self.claimed, self.normalization, self.vocabulary))
        checked_constraints = ConstraintList(
            constraints, request, self.vocabulary, self.normalization
        )
        knows_names = self.known_names is not None or request.exclude_names is not None
        if not request.allow_seen and not knows_names:
            raise GenerationError(
                "can't tell which names are new: the model doesn't contain the names it was trained on. Pass them with "
                f"{setting('exclude_names')}, or pass {setting('allow_seen', True)}"
            )
        return Walk(
            self.model,
            checked_constraints,
            self.start_tokens,
            rows_per_prefix=self.rows_per_prefix,
        )

    def _listed_names(self) -> Sequence[str]:
        """Return the names of the model's list, for ``min_distance``."""
        if self.read_list is None:
            raise SettingsError(
                f"{setting('min_distance')} needs names to compare with, and this model doesn't contain its list: pass "
                f"the list with {setting('exclude_names')}"
            )
        return self.read_list()

    # --- names --------------------------------------------------------------------------------------------------------

    def generate(
        self,
        request: GenerationRequest,
        *,
        rng: np.random.Generator | None = None,
        on_progress: ProgressCallback = ignore_progress,
    ) -> Iterator[NameBatch]:
        """Return names in batches as they are found; by default new and distinct ones.

        ``search.py`` describes how they are found, ``docs/concepts/which-names.md`` which names are returned. Known
        names aren't scored. If they are allowed, they make up the share of the names that they have in the model's own
        distribution. A generator whose scorer has no rules doesn't filter names.

        Args:
            request: what names are wanted.
            rng: the random number generator; None: one with the request's seed.
            on_progress: called with events: how far the search is, and that most names didn't reach the threshold.

        Raises:
            SettingsError: the request contradicts itself; raised at once, before a name is drawn.
            GenerationError: the model doesn't know which names are new (raised at once); or there are fewer names, or
                finding them takes too long. The names found have been returned by then.

        >>> from namegen.core.models.ngram import NgramModel
        >>> from namegen.core.data.prefix_tree import PrefixTree
        >>> names = ["Anna", "Annika", "Hanna", "Hans"]
        >>> vocabulary = Vocabulary.from_names(names)
        >>> model = NgramModel(PrefixTree.from_names(names, vocabulary), vocabulary.size, order=3)
        >>> request = GenerationRequest(n=3, seed=0, starts_with="Hann", allow_seen=True)
        >>> [len(batch.names) for batch in Generator(model, vocabulary).generate(request)]
        [3]
        """
        rng = np.random.default_rng(request.seed) if rng is None else rng
        is_unfiltered = request.unfiltered or self.scorer is None or not self.scorer.rules
        request = self.with_max_length(request.changed(unfiltered=is_unfiltered))

        def search(wanted: GenerationRequest, *, usual: bool) -> Search:
            walk = self.prepare(wanted, usual=usual)
            return Search(walk, request.n, rng=rng, searches=self.searches, on_progress=on_progress)

        if is_unfiltered or self.scorer is None:
            return map(self._batch_of, search(request, usual=False).unfiltered())
        # Filtered new names never repeat.
        new = request.changed(allow_repeats=False)
        if not request.allow_seen or self.known_names is None:
            return map(self._batch_of, search(new, usual=True).filtered(self.scorer))
        return self._with_known_names(
            search(request, usual=False),
            search(new.changed(allow_seen=False), usual=True),
            self.scorer,
        )

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
        batches = [self._batch_of(FoundNames.none())]
        with suppress(GenerationError):  # it may find too few names
            for found in drawn.unfiltered():
                batch = self._batch_of(found)
                if batch.new is not None:
                    batches.append(batch.select(np.flatnonzero(~batch.new).tolist()))
        known = NameBatch.join(batches)
        known_count = len(known.names)
        known_returned = 0
        search_for_new.name_count = known_count
        new_count = drawn.n - known_count
        new_returned = 0
        too_few_names: GenerationError | None = None
        try:
            for found in search_for_new.filtered(scorer):
                new = self._batch_of(found)
                new_returned += len(new.names)
                # The share of the known names that have been returned becomes that of the new names.
                known_due = round(known_count * new_returned / new_count)
                mixed = NameBatch.join([new, known.select(range(known_returned, known_due))])
                known_returned = known_due
                yield mixed.select(drawn.rng.permutation(len(mixed.names)).tolist())
        except GenerationError as error:
            too_few_names = error
        if known_returned < known_count:
            yield known.select(range(known_returned, known_count))
        if too_few_names is not None:
            raise too_few_names

    def most_likely(
        self, request: GenerationRequest, *, on_progress: ProgressCallback = ignore_progress
    ) -> Iterator[NameBatch]:
        """Return the most likely names as one batch, the most likely first.

        The result is exact: reading every possible name would give the same. The sampling settings have no effect. If
        names differ only in letter case, spaces or punctuation, only the most likely one is returned, unless repeats
        are allowed.

        Args:
            request: what names are wanted.
            on_progress: called now and then with a ``Searched`` event.

        Raises:
            SettingsError: the request contradicts itself; raised at once.
            GenerationError: the model doesn't know which names are new (raised at once); or there are fewer names, or
                finding them takes too long. The names found have been returned by then; they are the most likely ones.

        >>> from namegen.core.models.ngram import NgramModel
        >>> from namegen.core.data.prefix_tree import PrefixTree
        >>> names = ["Anna", "Annika", "Hanna", "Hans"]
        >>> vocabulary = Vocabulary.from_names(names)
        >>> model = NgramModel(PrefixTree.from_names(names, vocabulary), vocabulary.size, order=3)
        >>> next(Generator(model, vocabulary).most_likely(GenerationRequest(n=3, allow_seen=True))).names
        ['Anna', 'Hans', 'Ha']
        """
        n = request.n

        def report(name_count: int, prefixes_read: int) -> None:
            on_progress(Searched(name_count, n, read=prefixes_read))

        walk = self.as_one().prepare(request.changed(unfiltered=True))
        search = BandSearch(walk, ByProbability(), budget=MAX_PREFIXES, report=report)

        def run() -> Iterator[NameBatch]:
            best = FoundNames.none()
            for band in search.bands(n):
                best = band.best  # the last band has the names of all bands before
            if len(best):
                yield self._batch_of(best)
            if len(best) < n:
                reason = "and no other name is possible: ask for fewer, or relax a constraint"
                if search.gave_up:
                    suggestions = advice(search.rejected, walk.constraints, drawn=False)
                    reason = f"then gave up after {search.prefixes_read:,} prefixes: {suggestions}"
                raise GenerationError(
                    f"found {len(best):,} of the {n:,} most likely names, {reason}"
                )

        return run()

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
        temperature = checked(GenerationRequest, "temperature", temperature)
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
