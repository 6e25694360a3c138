"""Count-splitting: draw many names at once, and read each distinct prefix only once.

All n names start together. If they can have several labels, one multinomial draw divides n among the start tokens. At a
prefix that k of the names have reached, the model is read once, and the k names are divided among the next tokens in
the same way. The n names have the same distribution as n separate draws, but their order has no meaning.

A prefix that can't become a wanted name is dropped together with its draws. This is early rejection: the remaining
names have the same distribution as if all names had been finished before any was rejected.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
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
from namegen.core.models import all_log_probabilities
from namegen.core.scoring.opening_limit import OPENING_LENGTH
from namegen.core.scoring.scorer import Scorer, Tally, with_end_weight
from namegen.errors import GenerationError
from namegen.types import Array, Bool, Float, Float64, Int, Int32, Int64

BLOCK_ROWS = 4096  # prefixes that are read together, so that their arrays fit into the cache
BLOCK_NUMBERS = 1 << 20  # a block has fewer prefixes if their logits or characters would be more
ADD_AT_ONCE = 128  # rows from which on running sums are added token by token
MAX_IN_VAIN = 400_000_000  # logits computed without finding a name; takes some seconds
LOGITS_PER_CHARACTER = 4  # logits that cost as much as one character of a prefix
TRIED_PER_READ = 4  # prefixes whose constraints are checked in the time that reading one takes
BELOW_THRESHOLD = "score"  # draws that can't reach the threshold are counted under this name
FEW = 16  # up to this many draws at a prefix are made one by one, more by a multinomial

# By the key of a constraint, the state of its tracker for each prefix.
TrackerStates: TypeAlias = dict[str, Int64[Array, "..."]]
# The key of a constraint, and which prefixes or names it rejects.
Rejection: TypeAlias = tuple[str, Bool[Array, "K"]]


@dataclass(frozen=True, eq=False)
class Draws:
    """Distinct names that were drawn, and how often. A name can occur once for each start token."""

    blocks: list[Int32[Array, "_ _"]]  # token ids; the names of a block have the same length
    counts: Int64[Array, "names"]  # draws of each name, block after block
    log_probability: Float64[Array, "names"]  # given the start token, at temperature 1, in nats
    scored_log_probability: Float64[Array, "names"]  # the same, with the weight of the end
    opening_probability: Float64[Array, "names"]  # of the first characters, given the forced ones
    start_tokens: Int32[Array, "names"]
    rejected: Counter[str] = field(default_factory=Counter)  # other draws, by constraint

    def names(self, vocabulary: Vocabulary) -> list[str]:
        """Decode the names. A single table of all blocks would consist mostly of padding."""
        names = []
        for block in self.blocks:
            names += vocabulary.decode_all(block)
        return names

    def lengths(self) -> Int64[Array, "names"]:
        """Return the number of characters of each name."""
        lengths = [np.full(len(block), block.shape[1]) for block in self.blocks]
        return _join(lengths, np.int64)

    def missing(self, scorer: Scorer) -> Int64[Array, "names"]:
        """Count the n-grams of each name that the training set lacks."""
        counts = [np.zeros(0, np.int64)]
        start = 0
        for block in self.blocks:
            end = start + len(block)
            counts.append(scorer.missing(block, self.start_tokens[start:end]))
            start = end
        return np.concatenate(counts)


@dataclass(frozen=True, eq=False)
class PrefixBlock:
    """Prefixes of one length. The model hasn't read their last token yet."""

    tokens: Int32[Array, "B depth"]
    last: Int32[Array, "B"]  # the last token, or the start token of an empty prefix
    start_token: Int32[Array, "B"]
    count: Int64[Array, "B"]  # draws
    log_probability: Float64[Array, "B"]  # in nats
    opening_log_probability: Float64[Array, "B"]  # of the first OPENING_LENGTH tokens, in nats
    tracker_states: TrackerStates
    tally: Tally | None  # the scorer's state; None: nothing is scored
    state: State  # of the model, before the last token; its rows are the shorter prefixes
    parent: Int64[Array, "B"]  # row of each prefix in that state, which is gathered when it's read

    def select(self, rows: Int64[Array, "K"]) -> PrefixBlock:
        """Return the prefixes of some rows."""
        return PrefixBlock(
            tokens=self.tokens[rows],
            last=self.last[rows],
            start_token=self.start_token[rows],
            count=self.count[rows],
            log_probability=self.log_probability[rows],
            opening_log_probability=self.opening_log_probability[rows],
            tracker_states={key: states[rows] for key, states in self.tracker_states.items()},
            tally=None if self.tally is None else self.tally.select(rows),
            state=self.state,
            parent=self.parent[rows],
        )


@dataclass(frozen=True, eq=False)
class FinishedNames:
    """Wanted names of one length whose end token has been drawn or found."""

    tokens: Int32[Array, "K depth"]
    rows: Int64[Array, "K"]  # row of each name among the prefixes that it ends with
    count: Int64[Array, "K"]  # draws
    log_probability: Float64[Array, "K"]  # including the end, in nats
    scored_log_probability: Float64[Array, "K"]  # the same, with the weight of the end
    opening_log_probability: Float64[Array, "K"]  # of the first OPENING_LENGTH tokens, in nats
    start_token: Int32[Array, "K"]


class PrefixFilter:
    """Checks during a search which prefixes can become wanted names, and which names are wanted.

    Args:
        constraints: constraints that are checked against the vocabulary (``ConstraintList.check``).
        vocabulary: the model's characters.
    """

    def __init__(self, constraints: ConstraintList, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        starts_with = constraints.get(StartsWith)
        # The ids of the characters that every name starts with.
        self.forced: Int32[Array, "characters"] = vocabulary.encode(
            starts_with.value if starts_with else ""
        )
        max_length = constraints.get(MaxLength)
        self.longest = int(max_length.value if max_length else np.iinfo(np.int64).max)
        # A tracker for each constraint that can reject prefixes while names are drawn, by its key.
        self._trackers: dict[str, Tracker] = {}
        for constraint in constraints:
            tracker = constraint.tracker(vocabulary, self.longest)
            if tracker is not None:
                self._trackers[constraint.key] = tracker

    def start(self, count: int) -> TrackerStates:
        """Return the tracker states of the forced characters, for some prefixes."""
        return {
            key: np.full(count, tracker.start(self.forced))
            for key, tracker in self._trackers.items()
        }

    def advance(
        self, states: TrackerStates, rows: Int[Array, "K"], tokens: Int32[Array, "K"]
    ) -> TrackerStates:
        """Return the tracker states of some rows after one more character each."""
        return {
            key: tracker.advance(states[key][rows], tokens)
            for key, tracker in self._trackers.items()
        }

    def rejections(
        self, tokens: Int32[Array, "K depth"], states: TrackerStates, *, are_whole_names: bool
    ) -> Iterator[Rejection]:
        """Check prefixes or whole names, and yield which of them each constraint rejects.

        It ends as soon as a constraint rejects all of them.
        """
        for key, tracker in self._trackers.items():
            check = tracker.rejects_names if are_whole_names else tracker.rejects_prefixes
            rejected = check(tokens, states[key])  # (K,)
            if rejected.any():
                yield key, rejected
                if rejected.all():
                    return


class NextTokens(NamedTuple):
    """Next tokens of some prefixes. A prefix can have several."""

    rows: Int64[Array, "K"]  # row of each token's prefix
    tokens: Int32[Array, "K"]
    counts: Int64[Array, "K"]  # draws
    log_probabilities: Float64[Array, "K"]  # of each prefix with the token, in nats

    def select(self, index: Int64[Array, "k"] | Bool[Array, "K"] | slice) -> NextTokens:
        """Return some of the tokens."""
        return NextTokens(
            rows=self.rows[index],
            tokens=self.tokens[index],
            counts=self.counts[index],
            log_probabilities=self.log_probabilities[index],
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
        # By start token, the log-probability of the forced characters that belong to the opening, in nats.
        self._forced_opening: dict[int, float] = {}

    def scored_by(self, scorer: Scorer) -> Walk:
        """Return a walk through the same prefixes that drops those that can't reach a scorer's threshold."""
        return Walk(
            self.model,
            self.filter,
            self.start_tokens,
            rows_per_prefix=self._rows_per_prefix,
            scorer=scorer,
        )

    # --- start --------------------------------------------------------------------------------------------------------

    def roots(
        self, sampling: SamplingSettings | None = None
    ) -> tuple[PrefixBlock, Float64[Array, "R"]]:
        """Return the prefixes that an exact search starts from: the forced characters, after each possible start token.

        Returns:
            The prefixes, and the log-probability of their start tokens given the characters, in nats.
        """
        start, chances = self._read_forced(sampling)
        possible = np.flatnonzero(chances)  # indexes of start tokens
        return start.select(possible), np.log(chances[possible])

    def _read_forced(
        self, sampling: SamplingSettings | None
    ) -> tuple[PrefixBlock, Float64[Array, "R"]]:
        """Read the characters that every wanted name starts with after each start token.

        If the sampling settings never draw the characters (at temperature 0, for example), the model's own
        probabilities count. If they are 0 too, only the shares of the start tokens count. So any characters can be
        forced.

        Args:
            sampling: how the characters would be drawn, which changes how likely each start token is.

        Returns:
            The characters after each start token, as prefixes with one draw each, and the probability of each start
            token given the characters.
        """
        start_tokens = self.start_tokens.ids  # (R,)
        count = len(start_tokens)
        last = start_tokens  # the last token, which hasn't been read yet
        state = self.model.initial_state(count)  # before the last token
        log_probability = np.zeros(count)  # (R,) of the characters, in nats
        opening_log_probability = log_probability  # (R,) of the first OPENING_LENGTH characters
        log_drawn = np.zeros(count)  # (R,) log-probability of drawing the characters, in nats
        for index, token in enumerate(self.filter.forced):
            logits, state = self.model.step(last, state)  # (R, V)
            log_probability = log_probability + all_log_probabilities(logits)[:, token]
            if index < OPENING_LENGTH:
                opening_log_probability = log_probability
            if sampling is not None:
                with np.errstate(divide="ignore"):  # −inf if it's impossible
                    log_drawn += np.log(sampling.chances(logits)[:, token])
            last = np.full(count, token)
        self._forced_opening = dict(
            zip(start_tokens.tolist(), opening_log_probability.tolist(), strict=True)
        )
        log_shares = self.start_tokens.log_shares  # (R,)
        joint = log_shares + log_drawn  # (R,)
        if joint.max() == -np.inf:
            joint = log_shares + log_probability
        if joint.max() == -np.inf:
            joint = log_shares
        chances: Float64[Array, "R"] = np.exp(joint - joint.max())
        chances /= chances.sum()
        tokens = self.filter.forced[None, :].repeat(count, axis=0)  # (R, depth)
        tally = None
        if self.scorer is not None:
            tally = self.scorer.start(start_tokens)
            for end in range(1, tokens.shape[1] + 1):
                tally = self.scorer.read(tally, tokens[:, :end], start_tokens)
        prefixes = PrefixBlock(
            tokens=tokens,
            last=last,
            start_token=start_tokens,
            count=np.ones(count, np.int64),
            log_probability=log_probability,
            opening_log_probability=opening_log_probability,
            tracker_states=self.filter.start(count),
            tally=tally,
            state=state,
            parent=np.arange(count),
        )
        return prefixes, chances

    # --- drawing ------------------------------------------------------------------------------------------------------

    def draw(
        self,
        n: int,
        *,
        rng: np.random.Generator,
        sampling: SamplingSettings,
        report: Callable[[int], None] = lambda drawn: None,
    ) -> Draws:
        """Draw n names together, and return the wanted ones.

        Each step extends one block of prefixes by one token. The longest prefixes come first, so there are few model
        states in memory, however large n is.

        Args:
            n: how many names.
            rng: where the random numbers come from.
            sampling: how tokens are drawn.
            report: called after each block with the number of draws that have ended.

        Raises:
            GenerationError: the model returns logits that aren't numbers.
        """
        self.rejected = Counter()
        computed_at_last_name = self.computed
        finished: list[FinishedNames] = []
        unfinished: list[PrefixBlock] = []
        if n:
            # The draws are divided among the start tokens by their probabilities given the forced characters.
            start, chances = self._read_forced(sampling)
            counts = rng.multinomial(n, chances)  # (R,)
            drawn = np.flatnonzero(counts)
            unfinished.append(replace(start.select(drawn), count=counts[drawn]))
        ended_count = 0
        # Give up if so much has been computed since the last name that no name seems to end.
        while unfinished and self.computed - computed_at_last_name <= MAX_IN_VAIN:
            prefixes = unfinished.pop()
            next_tokens, state = self._draw_next_tokens(prefixes, rng, sampling)
            is_end = next_tokens.tokens == END_TOKEN  # (K,)
            if is_end.any():
                names = self.finish_names(prefixes, next_tokens.select(is_end))
                if len(names.tokens):
                    finished.append(names)
                    computed_at_last_name = self.computed
            going_on = next_tokens.select(np.flatnonzero(~is_end))
            longer = [block for block, _ in self.extend(prefixes, going_on, state)]
            unfinished += longer
            ended_count += int(prefixes.count.sum()) - sum(
                int(block.count.sum()) for block in longer
            )
            report(ended_count)
        if unfinished:  # it gave up
            self.rejected[MaxLength.key] += sum(int(block.count.sum()) for block in unfinished)
        start_tokens = _join([names.start_token for names in finished], np.int32)
        # The forced characters are given. Their probability is finite even if the model never draws them.
        forced = np.array([self._forced_opening[token] for token in start_tokens.tolist()])
        forced = np.maximum(forced, np.finfo(np.float64).min)
        opening = _join([names.opening_log_probability for names in finished], np.float64)
        return Draws(
            blocks=[names.tokens for names in finished],
            counts=_join([names.count for names in finished], np.int64),
            log_probability=_join([names.log_probability for names in finished], np.float64),
            scored_log_probability=_join(
                [names.scored_log_probability for names in finished], np.float64
            ),
            opening_probability=np.exp(opening - forced),
            start_tokens=start_tokens,
            rejected=self.rejected,
        )

    def _draw_next_tokens(
        self, prefixes: PrefixBlock, rng: np.random.Generator, sampling: SamplingSettings
    ) -> tuple[NextTokens, State]:
        """Read some prefixes, and divide the draws of each among its next tokens. Also returns the model's state."""
        logits, state = self.read(prefixes)  # (B, V)
        weights = sampling.weights(logits)  # (B, V)
        sums = running_sums(weights)  # (V, B)
        check_are_numbers(sums[-1])
        rows, tokens, counts = split_counts(prefixes.count, weights, sums, rng)
        if sampling.natural:  # the weights are the model's own, so its softmax isn't needed
            log_probabilities = np.log(weights[rows, tokens] / sums[-1, rows])  # (K,)
        else:
            log_probabilities = all_log_probabilities(logits)[rows, tokens]  # (K,)
        log_probabilities += prefixes.log_probability[rows]
        return NextTokens(rows, tokens.astype(np.int32), counts, log_probabilities), state

    # --- steps of every walk ------------------------------------------------------------------------------------------

    def read(self, prefixes: PrefixBlock) -> tuple[Float[Array, "B V"], State]:
        """Read the last token of each prefix: return the logits of the next tokens, and the model's new state."""
        self.computed += len(prefixes.last) * self._cost(prefixes)
        state_before = self.model.select(prefixes.state, prefixes.parent)
        return self.model.step(prefixes.last, state_before)

    def _cost(self, prefixes: PrefixBlock) -> int:
        """Return the work that each prefix takes, in logits."""
        return max(self.logits_per_prefix, LOGITS_PER_CHARACTER * int(prefixes.tokens.shape[1]))

    def extend(
        self, prefixes: PrefixBlock, next_tokens: NextTokens, after: State
    ) -> Iterator[tuple[PrefixBlock, Int64[Array, "B"]]]:
        """Append next tokens to prefixes, and yield the longer prefixes that can become wanted names, in blocks.

        Each block comes with the index of each prefix's last token among the next tokens.

        Args:
            prefixes: prefixes that have been read.
            next_tokens: the tokens to append.
            after: the model's state after ``prefixes``.
        """
        length = int(prefixes.tokens.shape[1])
        # The arrays of a block should fit into the cache.
        numbers_per_row = max(self.logits_per_prefix, length)
        block_rows = max(1, min(BLOCK_ROWS, BLOCK_NUMBERS // numbers_per_row))
        for start in range(0, len(next_tokens.rows), block_rows):
            block = next_tokens.select(slice(start, start + block_rows))
            self.tried += len(block.rows)
            self.computed += len(block.rows) * self._cost(prefixes) // TRIED_PER_READ
            row = block.rows
            opening_log_probability = block.log_probabilities
            if length >= OPENING_LENGTH:
                opening_log_probability = prefixes.opening_log_probability[row]
            longer = PrefixBlock(
                tokens=np.concatenate((prefixes.tokens[row], block.tokens[:, None]), axis=1),
                last=block.tokens,
                start_token=prefixes.start_token[row],
                count=block.counts,
                log_probability=block.log_probabilities,
                opening_log_probability=opening_log_probability,
                tracker_states=self.filter.advance(prefixes.tracker_states, row, block.tokens),
                tally=None if prefixes.tally is None else prefixes.tally.select(row),
                state=after,
                parent=row,
            )
            longer = self._with_tally(longer, are_whole_names=False)
            wanted = np.flatnonzero(self._are_wanted(longer, are_whole_names=False))
            if len(wanted) < len(row):
                longer = longer.select(wanted)
            if len(wanted):
                yield longer, start + wanted

    def finish_names(self, prefixes: PrefixBlock, next_tokens: NextTokens) -> FinishedNames:
        """End some prefixes, which makes them whole names, and return the names that are wanted.

        Args:
            prefixes: prefixes that have been read.
            next_tokens: end tokens; their log-probabilities include the end.
        """
        names = prefixes.select(next_tokens.rows)
        opening_log_probability = next_tokens.log_probabilities
        if names.tokens.shape[1] >= OPENING_LENGTH:
            opening_log_probability = names.opening_log_probability
        names = replace(
            names,
            count=next_tokens.counts,
            log_probability=next_tokens.log_probabilities,
            opening_log_probability=opening_log_probability,
        )
        names = self._with_tally(names, are_whole_names=True)
        before_end = prefixes.log_probability[next_tokens.rows]
        scored = replace(names, log_probability=with_end_weight(names.log_probability, before_end))
        is_wanted = self._are_wanted(scored, are_whole_names=True)  # (K,)
        return FinishedNames(
            tokens=names.tokens if is_wanted.all() else names.tokens[is_wanted],
            rows=next_tokens.rows[is_wanted],
            count=names.count[is_wanted],
            log_probability=names.log_probability[is_wanted],
            scored_log_probability=scored.log_probability[is_wanted],
            opening_log_probability=names.opening_log_probability[is_wanted],
            start_token=names.start_token[is_wanted],
        )

    def _with_tally(self, prefixes: PrefixBlock, *, are_whole_names: bool) -> PrefixBlock:
        """Let the scorer read the last token of some prefixes, or the end of names, and store its new state."""
        if self.scorer is None or prefixes.tally is None:
            return prefixes
        tally = self.scorer.read(
            prefixes.tally, prefixes.tokens, prefixes.start_token, are_whole_names=are_whole_names
        )
        return replace(prefixes, tally=tally)

    def _are_wanted(self, prefixes: PrefixBlock, *, are_whole_names: bool) -> Bool[Array, "B"]:
        """Return which prefixes, or whole names, nothing rejects: neither their scores nor a constraint.

        The draws of the others are counted for the first reason that rejects them.
        """
        is_wanted = np.ones(len(prefixes.count), bool)

        def reject(reason: str, rejected: Bool[Array, "B"]) -> None:
            self.rejected[reason] += int(prefixes.count[rejected & is_wanted].sum())
            is_wanted[rejected] = False

        if self.scorer is not None and prefixes.tally is not None:
            length = prefixes.tokens.shape[1]
            reaches_threshold = self.scorer.reaches(
                prefixes.log_probability,
                length=length,
                tally=prefixes.tally,
                start_tokens=prefixes.start_token,
                longest=max(self.filter.longest, length),
                are_whole_names=are_whole_names,
            )
            reject(BELOW_THRESHOLD, ~reaches_threshold)
        for key, rejected in self.filter.rejections(
            prefixes.tokens, prefixes.tracker_states, are_whole_names=are_whole_names
        ):
            reject(key, rejected)
        return is_wanted


def check_are_numbers(values: Float64[Array, "B"]) -> None:
    """Raise GenerationError if a number computed from the model's logits is NaN."""
    if np.isnan(values).any():
        raise GenerationError(
            "the model's logits are not numbers: train it again, with a lower learning rate"
        )


def _join(arrays: list[Array], dtype: type) -> Array:
    """Join arrays into one. It's empty if there are none."""
    return np.concatenate([np.zeros(0, dtype), *arrays])


class Split(NamedTuple):
    """Draws of several rows, divided among the tokens. The order has no meaning."""

    rows: Int64[Array, "K"]
    tokens: Int64[Array, "K"]
    counts: Int64[Array, "K"]  # how many draws of the row give the token


def split_counts(
    counts: Int64[Array, "B"],
    weights: Float64[Array, "B V"],
    sums: Float64[Array, "V B"],
    rng: np.random.Generator,
) -> Split:
    """Draw ``counts`` tokens for each row, and return how often each token was drawn: a multinomial draw per row.

    The tokens' probabilities are proportional to the weights; ``sums`` are their ``running_sums``. In rows with few
    draws, each draw is made on its own, which takes less time than a binomial for every token.
    """
    # Most rows have one draw. Picking a token for every row takes less time than gathering the sums of these rows.
    single = np.flatnonzero(counts == 1)  # rows
    uniforms = np.zeros(len(counts))  # (B,) 0 for rows with other numbers of draws
    uniforms[single] = rng.random(len(single))
    splits = [Split(single, _pick(sums, uniforms)[single], counts[single])]
    # In rows with few draws, draw token by token, and count equal pairs of a row and a token.
    few = np.flatnonzero((counts > 1) & (counts <= FEW))  # rows
    if len(few):
        row_of_draw = np.repeat(few, counts[few])  # (draws,)
        uniforms = rng.random(len(row_of_draw))  # (draws,)
        token_of_draw = _pick(sums.take(row_of_draw, axis=1), uniforms)  # (draws,)
        vocabulary_size = len(sums)
        pair_of_draw = row_of_draw * vocabulary_size + token_of_draw
        pairs, pair_counts = np.unique(pair_of_draw, return_counts=True)
        splits.append(Split(pairs // vocabulary_size, pairs % vocabulary_size, pair_counts))
    many = np.flatnonzero(counts > FEW)  # rows
    if len(many):
        chances = weights[many] / weights[many].sum(axis=1, keepdims=True)  # (many, V)
        token_counts = rng.multinomial(counts[many], chances)  # (many, V)
        index, token = np.nonzero(token_counts)  # (K,) each
        splits.append(Split(many[index], token, token_counts[index, token]))
    return Split(*map(np.concatenate, zip(*splits, strict=True)))


def running_sums(weights: Float64[Array, "B V"]) -> Float64[Array, "V B"]:
    """Return cumulative sums over the tokens, one token per row; bit for bit the same as ``np.cumsum``.

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
    """Draw a token for each column: the first one whose running sum exceeds the uniform number times the total."""
    total = sums[-1]  # (n,)
    # The product can be rounded up to the total, which no sum exceeds.
    threshold = np.minimum(uniforms * total, np.nextafter(total, 0))  # (n,)
    is_before = sums <= threshold  # (V, n) whether a token comes before the drawn one
    # The smallest type that can hold V: eight times as many numbers are added at a time.
    smallest_type = np.min_scalar_type(len(sums))
    count_before = is_before.view(np.uint8).sum(axis=0, dtype=smallest_type)  # (n,)
    tokens: Int64[Array, "n"] = count_before.astype(np.int64)
    return tokens
