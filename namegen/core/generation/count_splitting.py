"""Count-splitting: draw many names at once, and read each distinct prefix only once.

All n names start together. If they can have several labels, one multinomial draw divides n among the start tokens. At a
prefix that k of the names have reached, the model is read once, and the k names are divided among the next tokens in
the same way. The n names have the same distribution as n separate draws, but their order has no meaning.

A prefix that can't become a wanted name is dropped together with its draws. This is early rejection: the remaining
names have the same distribution as if all names had been finished before any was rejected.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import NamedTuple, TypeAlias

import numpy as np

from namegen.core.data.labels import StartTokens
from namegen.core.data.vocabulary import END_TOKEN, Vocabulary
from namegen.core.engine import LanguageModel, State
from namegen.core.generation.constraints.constraint import Tracker
from namegen.core.generation.constraints.constraint_list import ConstraintList, MaxLength
from namegen.core.generation.constraints.texts import StartsWith
from namegen.core.generation.sampling import SamplingSettings
from namegen.core.generation.scoring import Scorer, Tally
from namegen.core.generation.start_limit import FIRST
from namegen.core.models import all_log_probabilities
from namegen.errors import GenerationError
from namegen.types import Array, Bool, Float, Float64, Int, Int32, Int64

BLOCK_ROWS = 4096  # prefixes that are read together, so that their arrays fit into the cache
BLOCK_NUMBERS = 1 << 20  # a block has fewer prefixes if their logits or characters would be more
ADD_AT_ONCE = 128  # rows from which on running sums are added token by token
MAX_IN_VAIN = 400_000_000  # logits computed without finding a name; takes some seconds
LOGITS_PER_CHARACTER = 4  # logits that cost as much as one character of a prefix
TRIED_PER_READ = 4  # prefixes whose constraints are checked in the time that reading one takes
SCORE = "score"  # draws that can't reach the threshold are counted under this name
FEW = 16  # up to this many draws at a prefix are made one by one, more by a multinomial

# By the name of a constraint, the state of its tracker for each prefix.
TrackerStates: TypeAlias = dict[str, Int64[Array, "..."]]
# The name of a constraint, and which prefixes or names it rejects.
Rejection: TypeAlias = tuple[str, Bool[Array, "K"]]


@dataclass(frozen=True, eq=False)
class Draws:
    """Distinct names that were drawn, and how often. A name can occur once for each start token."""

    blocks: list[Int32[Array, "_ _"]]  # token ids; the names of a block have the same length
    counts: Int64[Array, "names"]  # draws of each name, block after block
    log_probability: Float64[Array, "names"]  # given the start token, at temperature 1, in nats
    start_probability: Float64[Array, "names"]  # of the first FIRST tokens, given the forced ones
    start_tokens: Int32[Array, "names"]  # start tokens
    rejected: Counter[str] = field(default_factory=Counter)  # other draws, by constraint

    def names(self, vocabulary: Vocabulary) -> list[str]:
        """Decode the names. A single table of all blocks would consist mostly of padding."""
        names = []
        for block in self.blocks:
            names += vocabulary.decode_all(block)
        return names

    def missing(self, scorer: Scorer) -> Int64[Array, "names"]:
        """How many n-grams of each name the training set lacks."""
        counts = [np.zeros(0, np.int64)]
        start = 0
        for block in self.blocks:
            end = start + len(block)
            counts.append(scorer.missing(block, self.start_tokens[start:end]))
            start = end
        return np.concatenate(counts)


@dataclass(frozen=True, eq=False)
class Open:
    """Prefixes of one length whose last token hasn't been read yet."""

    tokens: Int32[Array, "B depth"]
    last: Int32[Array, "B"]  # the last token, or the start token of an empty prefix
    start_token: Int32[Array, "B"]  # start token
    count: Int64[Array, "B"]  # draws
    score: Float64[Array, "B"]  # log-probability, in nats
    first: Float64[Array, "B"]  # log-probability of the first FIRST tokens, in nats
    tracker_states: TrackerStates
    tally: Tally | None  # the scorer's state; None: nothing is scored
    state: State  # of the model, before the last token; its rows are the shorter prefixes
    parent: Int64[Array, "B"]  # row of each prefix in that state, which is gathered when it's read

    def select(self, rows: Int64[Array, "K"]) -> Open:
        """Some of the prefixes."""
        return Open(
            tokens=self.tokens[rows],
            last=self.last[rows],
            start_token=self.start_token[rows],
            count=self.count[rows],
            score=self.score[rows],
            first=self.first[rows],
            tracker_states=select_states(self.tracker_states, rows),
            tally=None if self.tally is None else self.tally.select(rows),
            state=self.state,
            parent=self.parent[rows],
        )


@dataclass(frozen=True, eq=False)
class Ended:
    """Wanted names of one length that have ended."""

    tokens: Int32[Array, "K depth"]
    rows: Int64[Array, "K"]  # row of each name among the prefixes that it ends with
    count: Int64[Array, "K"]  # draws
    score: Float64[Array, "K"]  # log-probability, including the end, in nats
    first: Float64[Array, "K"]  # log-probability of the first FIRST tokens, in nats
    start_token: Int32[Array, "K"]  # start token


class PrefixFilter:
    """Tells which prefixes can become wanted names, and which names are wanted.

    Args:
        constraints: constraints that are checked against the vocabulary (``ConstraintList.check``).
        vocabulary: the model's characters.
    """

    def __init__(self, constraints: ConstraintList, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        starts_with = constraints.get(StartsWith)
        forced = starts_with.value if starts_with else ""
        # The ids of the characters that every name starts with.
        self.forced: Int32[Array, "characters"] = vocabulary.encode(forced)
        max_length = constraints.get(MaxLength)
        self.longest = int(max_length.value if max_length else np.iinfo(np.int64).max)
        self._trackers: dict[str, Tracker] = {}
        for constraint in constraints:
            tracker = constraint.tracker(vocabulary, self.longest)
            if tracker is not None:
                self._trackers[constraint.name] = tracker

    def start(self) -> TrackerStates:
        """The tracker states of the forced characters, as one row."""
        return {
            name: np.array([tracker.start(self.forced)]) for name, tracker in self._trackers.items()
        }

    def advance(
        self, states: TrackerStates, rows: Int[Array, "K"], tokens: Int32[Array, "K"]
    ) -> TrackerStates:
        """The tracker states of some rows after one more character each."""
        return {
            name: tracker.advance(states[name][rows], tokens)
            for name, tracker in self._trackers.items()
        }

    def rejections(
        self, tokens: Int32[Array, "K depth"], states: TrackerStates, *, ended: bool
    ) -> Iterator[Rejection]:
        """For each constraint, which names it rejects, or which prefixes no wanted name starts with.

        Args:
            tokens: the prefixes.
            states: their tracker states.
            ended: whether the prefixes are whole names.
        """
        for name, tracker in self._trackers.items():
            rejects = tracker.rejects_names if ended else tracker.rejects_prefixes
            rejected = rejects(tokens, states[name])
            if rejected.any():
                yield name, rejected
                if rejected.all():
                    return


def select_states(states: TrackerStates, rows: Int[Array, "K"]) -> TrackerStates:
    """The tracker states of some prefixes."""
    return {name: state[rows] for name, state in states.items()}


class ForcedStart:
    """The characters that every wanted name starts with, read after each start token.

    Args:
        model: reads the characters.
        start_tokens: the ``R`` start tokens.
        characters: ids of the characters.
        sampling: how the characters would be drawn, which changes how likely each start token is.
    """

    def __init__(
        self,
        model: LanguageModel,
        start_tokens: StartTokens,
        characters: Int32[Array, "characters"],
        sampling: SamplingSettings | None = None,
    ) -> None:
        count = len(start_tokens.tokens)
        self.start_tokens = start_tokens
        self.last = start_tokens.ids  # (R,) the last token, which hasn't been read yet
        self.state = model.initial_state(count)  # before the last token
        self.score = np.zeros(count)  # (R,) log-probability of the characters, in nats
        self.first = self.score  # (R,) log-probability of the first FIRST characters, in nats
        self._drawn = np.zeros(count)  # (R,) log-probability of drawing the characters, in nats
        for index, token in enumerate(characters):
            logits, self.state = model.step(self.last, self.state)  # (R, V)
            self.last = np.full(count, token)
            self.score = self.score + all_log_probabilities(logits)[np.arange(count), self.last]
            if index < FIRST:
                self.first = self.score
            if sampling is not None:
                with np.errstate(divide="ignore"):  # −inf if it's impossible
                    self._drawn += np.log(sampling.chances(logits)[:, token])

    def posterior(self) -> Float64[Array, "R"]:
        """The probability of each start token given the characters.

        If the sampling settings never draw the characters (at temperature 0, for example), the model's own
        probabilities count. If they are 0 too, only the shares of the start tokens count. So any characters can be
        forced.
        """
        shares = self.start_tokens.log_shares
        for likelihood in (self._drawn, self.score, np.zeros(len(shares))):
            joint = shares + likelihood  # (R,)
            if joint.max() > -np.inf:
                break
        chances: Float64[Array, "R"] = np.exp(joint - joint.max())
        chances /= chances.sum()
        return chances


class NextTokens(NamedTuple):
    """Next tokens of some prefixes. A prefix can have several."""

    rows: Int64[Array, "K"]  # row of each token's prefix
    tokens: Int32[Array, "K"]
    counts: Int64[Array, "K"]  # draws
    scores: Float64[Array, "K"]  # log-probability of each prefix with the token, in nats

    def select(self, index: Int64[Array, "k"] | Bool[Array, "K"] | slice) -> NextTokens:
        """Some of the tokens."""
        return NextTokens(
            rows=self.rows[index],
            tokens=self.tokens[index],
            counts=self.counts[index],
            scores=self.scores[index],
        )


class Walk:
    """A walk through the tree of all prefixes of a model.

    Args:
        model: the model.
        prefix_filter: which names are wanted.
        start_tokens: the start tokens of names; None: the default start token.
        rows_per_prefix: rows that the model reads for one prefix; more than one for an ``AnyLabel``.
        scorer: drops prefixes that can't become a name that reaches the threshold; None: nothing is scored.
    """

    def __init__(
        self,
        model: LanguageModel,
        prefix_filter: PrefixFilter,
        start_tokens: StartTokens | None = None,
        *,
        rows_per_prefix: int = 1,
        scorer: Scorer | None = None,
    ) -> None:
        self.model = model
        self.filter = prefix_filter
        self.start_tokens = start_tokens or StartTokens.single()
        self.scorer = scorer
        self.logits_per_prefix = model.vocabulary_size * rows_per_prefix
        self.rejected: Counter[str] = Counter()  # draws, by the constraint that rejected them
        self.tried = 0  # prefixes whose constraints were checked
        self.computed = 0  # work so far, in logits
        self._rows_per_prefix = rows_per_prefix
        # By start token, the log-probability of the first FIRST forced characters, in nats.
        self._forced_first: dict[int, float] = {}

    def scored_by(self, scorer: Scorer) -> Walk:
        """A new walk through the same tree, with a scorer."""
        return Walk(
            self.model,
            self.filter,
            self.start_tokens,
            rows_per_prefix=self._rows_per_prefix,
            scorer=scorer,
        )

    # --- start --------------------------------------------------------------------------------------------------------

    def _start(self, count: int, rng: np.random.Generator, sampling: SamplingSettings) -> Open:
        """The forced characters after each start token.

        The draws are divided among the start tokens by their probabilities given the characters.
        """
        forced = ForcedStart(self.model, self.start_tokens, self.filter.forced, sampling)
        counts = rng.multinomial(count, forced.posterior())  # (R,)
        rows = np.flatnonzero(counts)
        return self._open(forced, counts[rows], rows)

    def roots(self, sampling: SamplingSettings | None = None) -> tuple[Open, Float64[Array, "R"]]:
        """The forced characters after each possible start token, for a search that doesn't draw.

        Returns:
            The prefixes, and the log-probability of their start tokens given the characters, in nats.
        """
        forced = ForcedStart(self.model, self.start_tokens, self.filter.forced, sampling)
        chances = forced.posterior()  # (R,)
        rows = np.flatnonzero(chances)
        return self._open(forced, np.ones(len(rows), np.int64), rows), np.log(chances[rows])

    def _open(
        self, forced: ForcedStart, counts: Int64[Array, "B"], rows: Int64[Array, "B"]
    ) -> Open:
        tokens = self.filter.forced[None, :].repeat(len(rows), axis=0)  # (B, depth)
        start_token = self.start_tokens.ids[rows]  # (B,)
        tally = None
        if self.scorer is not None:
            tally = self.scorer.start(start_token)
            for end in range(1, tokens.shape[1] + 1):
                tally = self.scorer.read(tally, tokens[:, :end], start_token)
        self._forced_first = dict(zip(self.start_tokens.tokens, forced.first.tolist(), strict=True))
        return Open(
            tokens=tokens,
            last=forced.last[rows],
            start_token=start_token,
            count=counts,
            score=forced.score[rows],
            first=forced.first[rows],
            tracker_states=select_states(self.filter.start(), np.zeros(len(rows), np.int64)),
            tally=tally,
            state=forced.state,
            parent=rows,
        )

    # --- drawing ------------------------------------------------------------------------------------------------------

    def draw(
        self,
        n: int,
        *,
        rng: np.random.Generator,
        sampling: SamplingSettings,
        tell: Callable[[int], None] = lambda drawn: None,
    ) -> Draws:
        """Draw n names, and return those that the filter accepts.

        The walk goes depth first, one block of prefixes at a time. So it keeps few model states, however large n is.

        Args:
            n: how many names.
            rng: where the random numbers come from.
            sampling: how tokens are drawn.
            tell: called after each block with the number of draws that have ended.

        Raises:
            GenerationError: the model returns logits that aren't numbers.
        """
        self.rejected = Counter()
        ended: list[Ended] = []
        pending = [self._start(n, rng, sampling)] if n else []
        drawn = 0
        computed_before = self.computed  # until the last name was found
        while pending:
            if self.computed - computed_before > MAX_IN_VAIN:  # no name comes to an end
                self.rejected[MaxLength.name] += sum(map(_draw_count, pending))
                break
            prefixes = pending.pop()
            following, state = self._split(prefixes, rng, sampling)
            is_end = following.tokens == END_TOKEN  # (K,)
            if is_end.any():
                whole = following.select(is_end)
                names = self.ended(prefixes, whole.rows, whole.counts, whole.scores)
                if len(names.tokens):
                    computed_before = self.computed
                    ended.append(names)
            going_on = following.select(np.flatnonzero(~is_end))
            longer = [block for block, _ in self.children(prefixes, *going_on, state)]
            pending += longer
            drawn += _draw_count(prefixes) - sum(map(_draw_count, longer))
            tell(drawn)
        return self._draws(ended)

    def _draws(self, ended: list[Ended]) -> Draws:
        """All names that ended, as one object."""
        start_tokens = _joined((names.start_token for names in ended), np.int32)
        first = _joined((names.first for names in ended), np.float64)
        start_probability = first
        if len(first):
            forced = np.array([self._forced_first[token] for token in start_tokens.tolist()])
            # Finite even if the model never draws the forced characters.
            forced = np.maximum(forced, np.finfo(np.float64).min)
            start_probability = np.exp(first - forced)
        return Draws(
            blocks=[names.tokens for names in ended],
            counts=_joined((names.count for names in ended), np.int64),
            log_probability=_joined((names.score for names in ended), np.float64),
            start_probability=start_probability,
            start_tokens=start_tokens,
            rejected=self.rejected,
        )

    def _split(
        self, prefixes: Open, rng: np.random.Generator, sampling: SamplingSettings
    ) -> tuple[NextTokens, State]:
        """Read the prefixes and divide their draws among the next tokens; also returns the model's state."""
        logits, state = self.read(prefixes)  # (B, V)
        weights = sampling.weights(logits)  # (B, V)
        sums = running_sums(weights)  # (V, B)
        if np.isnan(sums[-1]).any():
            raise GenerationError(
                "the model's logits are not numbers: train it again, with a lower learning rate"
            )
        split = split_counts(prefixes.count, weights, sums, rng)
        if sampling.natural:
            score = np.log(weights[split.rows, split.tokens] / sums[-1, split.rows])  # (K,)
        else:
            score = all_log_probabilities(logits)[split.rows, split.tokens]  # (K,)
        score += prefixes.score[split.rows]
        return NextTokens(split.rows, split.tokens.astype(np.int32), split.counts, score), state

    # --- steps of every walk ------------------------------------------------------------------------------------------

    def read(self, prefixes: Open) -> tuple[Float[Array, "B V"], State]:
        """Read the last tokens of some prefixes: the logits of the next tokens, and the model's state."""
        self.computed += len(prefixes.last) * self._cost(prefixes)
        return self.model.step(prefixes.last, self.model.select(prefixes.state, prefixes.parent))

    def _cost(self, prefixes: Open) -> int:
        """The work that each prefix takes, in logits."""
        return max(self.logits_per_prefix, LOGITS_PER_CHARACTER * int(prefixes.tokens.shape[1]))

    def children(
        self,
        prefixes: Open,
        row: Int64[Array, "K"],
        token: Int32[Array, "K"],
        count: Int64[Array, "K"],
        score: Float64[Array, "K"],
        after: State,
    ) -> Iterator[tuple[Open, Int64[Array, "B"]]]:
        """Append tokens to prefixes, and keep the prefixes that can become wanted names.

        Args:
            prefixes: prefixes that have been read.
            row: for each token, the row of its prefix.
            token: the tokens.
            count: draws of each longer prefix.
            score: log-probability of each longer prefix, in nats.
            after: the model's state after ``prefixes``.

        Yields:
            Blocks of longer prefixes, each with the indexes of its tokens in ``token``.
        """
        following = NextTokens(row, token, count, score)
        numbers = max(self.logits_per_prefix, prefixes.tokens.shape[1])
        block_rows = max(1, min(BLOCK_ROWS, BLOCK_NUMBERS // numbers))
        for start in range(0, len(row), block_rows):
            which = np.arange(start, min(start + block_rows, len(row)))
            block = following.select(slice(start, start + block_rows))
            self.tried += len(which)
            self.computed += len(which) * self._cost(prefixes) // TRIED_PER_READ
            longer = self._longer(prefixes, block, after)
            keep = self._keep(longer, ended=False)
            if not keep.all():
                kept = np.flatnonzero(keep)
                longer = longer.select(kept)
                which = which[kept]
            if len(which):
                yield longer, which

    def _longer(self, prefixes: Open, following: NextTokens, after: State) -> Open:
        """Prefixes with one more token each."""
        row = following.rows
        tokens = np.concatenate((prefixes.tokens[row], following.tokens[:, None]), axis=1)
        start_token = prefixes.start_token[row]
        tally = None
        if self.scorer is not None and prefixes.tally is not None:
            tally = self.scorer.read(prefixes.tally.select(row), tokens, start_token)
        is_start = prefixes.tokens.shape[1] < FIRST
        return Open(
            tokens=tokens,
            last=following.tokens,
            start_token=start_token,
            count=following.counts,
            score=following.scores,
            first=following.scores if is_start else prefixes.first[row],
            tracker_states=self.filter.advance(prefixes.tracker_states, row, following.tokens),
            tally=tally,
            state=after,
            parent=row,
        )

    def ended(
        self,
        prefixes: Open,
        row: Int64[Array, "K"],
        count: Int64[Array, "K"],
        score: Float64[Array, "K"],
    ) -> Ended:
        """End some prefixes, and keep the wanted names.

        Args:
            prefixes: prefixes that have been read.
            row: the rows of those that end.
            count: draws of each name.
            score: log-probability of each name, including its end, in nats.
        """
        names = prefixes.select(row)
        tally = names.tally
        if self.scorer is not None and tally is not None:
            tally = self.scorer.read(tally, names.tokens, names.start_token, ended=True)
        is_start = names.tokens.shape[1] < FIRST
        first = score if is_start else names.first
        names = replace(names, count=count, score=score, first=first, tally=tally)
        keep = self._keep(names, ended=True)
        return Ended(
            tokens=names.tokens if keep.all() else names.tokens[keep],
            rows=row[keep],
            count=count[keep],
            score=score[keep],
            first=first[keep],
            start_token=names.start_token[keep],
        )

    def _keep(self, prefixes: Open, *, ended: bool) -> Bool[Array, "B"]:
        """Which prefixes, or whole names, nothing rejects.

        The draws of the others are counted for the first constraint that rejects them.
        """
        keep = np.ones(len(prefixes.count), bool)
        for reason, rejected in self._rejections(prefixes, ended=ended):
            self.rejected[reason] += int(prefixes.count[rejected & keep].sum())
            keep &= ~rejected
        return keep

    def _rejections(self, prefixes: Open, *, ended: bool) -> Iterator[Rejection]:
        """The rejections of the score, then those of the filter."""
        if self.scorer is not None and prefixes.tally is not None:
            length = prefixes.tokens.shape[1]
            reaches_threshold = self.scorer.reaches(
                prefixes.score,
                length=length,
                tally=prefixes.tally,
                start_tokens=prefixes.start_token,
                longest=max(self.filter.longest, length),
                ended=ended,
            )
            yield SCORE, ~reaches_threshold
        yield from self.filter.rejections(prefixes.tokens, prefixes.tracker_states, ended=ended)


def _draw_count(prefixes: Open) -> int:
    return int(prefixes.count.sum())


def _joined(arrays: Iterable[Array], dtype: type) -> Array:
    """The arrays one after the other; empty if there are none."""
    return np.concatenate([np.zeros(0, dtype), *arrays])


class Split(NamedTuple):
    """How many draws of which row give which token. The order has no meaning."""

    rows: Int64[Array, "K"]
    tokens: Int64[Array, "K"]
    counts: Int64[Array, "K"]


def split_counts(
    counts: Int64[Array, "B"],
    weights: Float64[Array, "B V"],
    sums: Float64[Array, "V B"],
    rng: np.random.Generator,
) -> Split:
    """Divide the draws of each row among the tokens: one multinomial draw per row.

    In rows with few draws, each draw is made on its own, which takes less time than a binomial for every token.

    Args:
        counts: draws of each row, at least 1.
        weights: each row is proportional to the probabilities of the tokens.
        sums: the ``running_sums`` of the weights.
        rng: where the random numbers come from.

    Returns:
        Every token that was drawn; the counts of a row sum to its draws.

    >>> weights = np.array([[0, 2.0], [1.0, 0]])
    >>> sums = running_sums(weights)
    >>> split = split_counts(np.array([5, 1000]), weights, sums, np.random.default_rng(0))
    >>> split.rows.tolist(), split.tokens.tolist(), split.counts.tolist()
    ([0, 1], [1, 0], [5, 1000])
    """
    single = np.flatnonzero(counts == 1)
    few = np.flatnonzero((counts > 1) & (counts <= FEW))
    many = np.flatnonzero(counts > FEW)
    uniforms = np.zeros(len(counts))
    uniforms[single] = rng.random(len(single))
    # Most rows have one draw. Picking a token for every row takes less time than gathering the sums of these rows.
    splits = [Split(single, _pick(sums, uniforms)[single], counts[single])]
    if len(few):
        splits.append(_split_few(few, counts[few], sums, rng))
    if len(many):
        splits.append(_split_many(many, counts[many], weights[many], rng))
    return Split(
        rows=np.concatenate([split.rows for split in splits]),
        tokens=np.concatenate([split.tokens for split in splits]),
        counts=np.concatenate([split.counts for split in splits]),
    )


def _split_few(
    rows: Int64[Array, "few"],
    counts: Int64[Array, "few"],
    sums: Float64[Array, "V B"],
    rng: np.random.Generator,
) -> Split:
    """Make each draw of some rows on its own, and count equal ones."""
    row = np.repeat(rows, counts)  # (draws,)
    token = _pick(sums.take(row, axis=1), rng.random(len(row)))  # (draws,)
    vocabulary_size = len(sums)
    pair, count = np.unique(row * vocabulary_size + token, return_counts=True)
    return Split(pair // vocabulary_size, pair % vocabulary_size, count)


def _split_many(
    rows: Int64[Array, "many"],
    counts: Int64[Array, "many"],
    weights: Float64[Array, "many V"],
    rng: np.random.Generator,
) -> Split:
    """One multinomial draw for each of some rows."""
    chances = weights / weights.sum(axis=1, keepdims=True)  # (many, V)
    token_counts = rng.multinomial(counts, chances)  # (many, V)
    index, token = np.nonzero(token_counts)
    return Split(rows[index], token, token_counts[index, token])


def running_sums(weights: Float64[Array, "B V"]) -> Float64[Array, "V B"]:
    """Cumulative sums over the tokens, one token per row; bit for bit the same as ``np.cumsum``.

    With many rows, all sums up to a token are computed at once. This takes a tenth of the time of ``np.cumsum``, which
    adds number by number.
    """
    sums = np.array(weights.T, order="C")  # (V, B)
    if len(weights) < ADD_AT_ONCE:
        return np.cumsum(sums, axis=0, out=sums)
    for previous, current in pairwise(sums):
        current += previous
    return sums


def _pick(sums: Float64[Array, "V n"], uniforms: Float64[Array, "n"]) -> Int64[Array, "n"]:
    """For each column of running sums, the first token whose sum exceeds the uniform number times the total."""
    total = sums[-1]  # (n,)
    # The product can be rounded up to the total, which no sum exceeds.
    threshold = np.minimum(uniforms * total, np.nextafter(total, 0))
    is_before = sums <= threshold  # (V, n)
    # The smallest type that can hold V: eight times as many numbers are added at a time.
    smallest_type = np.min_scalar_type(len(sums))
    small_tokens = is_before.view(np.uint8).sum(axis=0, dtype=smallest_type)  # (n,)
    tokens: Int64[Array, "n"] = small_tokens.astype(np.int64)
    return tokens
