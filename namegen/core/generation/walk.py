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
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import ClassVar, NamedTuple

import numpy as np

from namegen.core.data.arrays import Columns
from namegen.core.data.labels import StartTokens
from namegen.core.data.vocabulary import END_TOKEN
from namegen.core.engine import LanguageModel, State
from namegen.core.generation.constraints.constraint_list import ConstraintList
from namegen.core.generation.constraints.lengths import MaxLength
from namegen.core.generation.sampling import log_chances, log_weights
from namegen.core.models import all_log_probabilities
from namegen.core.scoring.opening_limit import OPENING_LENGTH
from namegen.core.scoring.scorer import Scorer, Tally, with_end_weight
from namegen.errors import GenerationError
from namegen.types import Array, Bool, Float, Float64, Int32, Int64

BLOCK_ROWS = 4096  # prefixes that are read together, so that their arrays fit into the cache
BLOCK_NUMBERS = 1 << 20  # a block has fewer prefixes if their logits or characters would be more
ADD_AT_ONCE = 128  # rows from which on running sums are added token by token
MAX_IN_VAIN = 400_000_000  # logits computed without finding a name; takes some seconds
LOGITS_PER_CHARACTER = 4  # logits that cost as much as one character of a prefix
TRIED_PER_READ = 4  # prefixes whose constraints are checked in the time that reading one takes
BELOW_THRESHOLD = "score"  # draws that can't reach the threshold are counted under this name
FEW = 16  # up to this many draws at a prefix are made one by one, more by a multinomial


@dataclass(frozen=True, eq=False)
class Ranks(Columns):
    """How an exact search ranks prefixes and names (``exact.py``)."""

    rank: Float64[Array, "*shape"]  # no name with this prefix ranks higher


@dataclass(frozen=True, eq=False)
class PrefixBlock(Columns):
    """Prefixes of one length. The model hasn't read their last token yet."""

    shared: ClassVar[tuple[str, ...]] = ("state",)

    tokens: Int32[Array, "B depth"]
    last: Int32[Array, "B"]  # the last token, or the start token of an empty prefix
    start_token: Int32[Array, "B"]
    count: Int64[Array, "B"]  # draws
    log_probability: Float64[Array, "B"]  # in nats
    opening_log_probability: Float64[Array, "B"]  # of the first OPENING_LENGTH tokens, in nats
    constraint_states: Int64[Array, "B C"]
    tally: Tally | None  # the scorer's state; None: nothing is scored
    ranks: Ranks | None  # None: the names are drawn
    parent: Int64[Array, "B"]  # row of each prefix in the state, which is gathered when it's read
    state: State  # of the model, before the last token; its rows are the shorter prefixes


@dataclass(frozen=True, eq=False)
class NextTokens(Columns):
    """Next tokens of some prefixes. A prefix can have several."""

    rows: Int64[Array, "K"]  # row of each token's prefix
    tokens: Int32[Array, "K"]
    counts: Int64[Array, "K"]  # draws
    log_probability: Float64[Array, "K"]  # of the prefix with the token, in nats
    ranks: Ranks | None = None  # of the prefix with the token


@dataclass(frozen=True, eq=False)
class FoundNames(Columns):
    """Names that a walk has found. A name can occur once for each start token."""

    names: Array  # (K,) strings
    start_tokens: Int32[Array, "K"]
    counts: Int64[Array, "K"]  # draws
    log_probability: Float64[Array, "K"]  # given the start token, at temperature 1, in nats
    scored_log_probability: Float64[Array, "K"]  # the same, with the weight of the end
    # Of the opening, given the forced characters; see ``OpeningLimit``.
    opening_probability: Float64[Array, "K"]
    ranks: Ranks | None = None  # None: the names were drawn

    @classmethod
    def none(cls) -> FoundNames:
        """Return a table without names."""
        return cls(
            names=np.zeros(0, object),
            start_tokens=np.zeros(0, np.int32),
            counts=np.zeros(0, np.int64),
            log_probability=np.zeros(0),
            scored_log_probability=np.zeros(0),
            opening_probability=np.zeros(0),
        )


class Walk:
    """A walk through the tree of all prefixes of a model.

    Args:
        model: the model.
        constraints: which names are wanted.
        start_tokens: the start tokens of names; None: the default start token.
        rows_per_prefix: rows that the model reads for one prefix; more than one for an ``AnyLabel``.
        scorer: drops prefixes that can't become a name that reaches the threshold; None: nothing is scored.
    """

    def __init__(
        self,
        model: LanguageModel,
        constraints: ConstraintList,
        start_tokens: StartTokens | None = None,
        *,
        rows_per_prefix: int = 1,
        scorer: Scorer | None = None,
    ) -> None:
        self.model = model
        self.constraints = constraints
        self.request = constraints.request
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
            self.constraints,
            self.start_tokens,
            rows_per_prefix=self._rows_per_prefix,
            scorer=scorer,
        )

    # --- start --------------------------------------------------------------------------------------------------------

    def roots(self, *, drawn: bool) -> tuple[PrefixBlock, Float64[Array, "R"]]:
        """Read the characters that every wanted name starts with, after each possible start token.

        If the sampling settings never draw the characters (at temperature 0, for example), the model's own
        probabilities count. If they are 0 too, only the shares of the start tokens count. So any characters can be
        forced.

        Args:
            drawn: whether names are drawn with the sampling settings, which change how likely each start token is.

        Returns:
            The characters after each start token, as prefixes with one draw each, and the probability of each start
            token given the characters.
        """
        start_tokens = self.start_tokens.ids  # (R,)
        forced = self.constraints.forced  # (depth,)
        count = len(start_tokens)

        # Read the forced characters after every start token, and add up their log-probabilities: those of the model,
        # and those of the sampling settings.
        last = start_tokens  # the last token, which hasn't been read yet
        state = self.model.initial_state(count)  # before the last token
        log_probability = np.zeros(count)  # (R,) of the characters, in nats
        opening_log_probability = log_probability  # (R,) of the first OPENING_LENGTH characters
        log_drawn = np.zeros(count)  # (R,) log-probability of drawing the characters, in nats
        for index, token in enumerate(forced):
            logits, state = self.model.step(last, state)  # (R, V)
            log_probability = log_probability + all_log_probabilities(logits)[:, token]
            if index < OPENING_LENGTH:
                opening_log_probability = log_probability
            if drawn:
                with np.errstate(divide="ignore"):  # −inf if it's impossible
                    log_drawn += log_chances(logits, self.request)[:, token]
            last = np.full(count, token)

        # The forced characters are given. Their probability is finite even if the model never draws them.
        smallest = np.finfo(np.float64).min
        finite_opening = np.maximum(opening_log_probability, smallest)
        self._forced_opening = dict(
            zip(start_tokens.tolist(), finite_opening.tolist(), strict=True)
        )

        # How likely is each start token, given the forced characters? Bayes' theorem: in proportion to its share times
        # the probability of the characters after it.
        log_shares = self.start_tokens.log_shares  # (R,)
        log_joint = log_shares + log_drawn  # (R,)
        if log_joint.max() == -np.inf:  # the sampling settings never draw the characters
            log_joint = log_shares + log_probability
        if log_joint.max() == -np.inf:  # the model never returns them
            log_joint = log_shares
        chances: Float64[Array, "R"] = np.exp(log_joint - log_joint.max())
        chances /= chances.sum()

        # Read the forced characters with the scorer.
        tokens = np.tile(forced, (count, 1))  # (R, depth)
        tally = None
        if self.scorer is not None:
            tally = self.scorer.start(start_tokens)
            for end in range(1, len(forced) + 1):
                tally = self.scorer.read(tally, tokens[:, :end], start_tokens)
        prefixes = PrefixBlock(
            tokens=tokens,
            last=last,
            start_token=start_tokens,
            count=np.ones(count, np.int64),
            log_probability=log_probability,
            opening_log_probability=opening_log_probability,
            constraint_states=self.constraints.start(count),
            tally=tally,
            ranks=None,
            parent=np.arange(count),
            state=state,
        )
        possible = np.flatnonzero(chances)  # indexes of start tokens
        return prefixes[possible], chances[possible]

    # --- drawing ------------------------------------------------------------------------------------------------------

    def draw(
        self,
        n: int,
        rng: np.random.Generator,
        report: Callable[[int], None] = lambda drawn: None,
    ) -> FoundNames:
        """Draw n names together, and return the wanted ones. ``rejected`` counts the other draws.

        Each step extends one block of prefixes by one token. The longest prefixes come first, so there are few model
        states in memory, however large n is.

        Args:
            n: how many names.
            rng: where the random numbers come from.
            report: called after each block with the number of draws that have ended.

        Raises:
            GenerationError: the model returns logits that aren't numbers.
        """
        self.rejected = Counter()
        computed_at_last_name = self.computed
        found = [FoundNames.none()]
        unfinished: list[PrefixBlock] = []
        if n:
            # The draws are divided among the start tokens by their probabilities given the forced characters.
            roots, chances = self.roots(drawn=True)
            counts = rng.multinomial(n, chances)  # (R,)
            drawn = np.flatnonzero(counts)
            unfinished.append(replace(roots[drawn], count=counts[drawn]))
        ended_count = 0
        # Give up if so much has been computed since the last name that no name seems to end.
        while unfinished and self.computed - computed_at_last_name <= MAX_IN_VAIN:
            prefixes = unfinished.pop()
            next_tokens, state = self._draw_next_tokens(prefixes, rng)
            is_end = next_tokens.tokens == END_TOKEN  # (K,)
            if is_end.any():
                names = self.finish_names(prefixes, next_tokens[is_end])
                if len(names):
                    found.append(names)
                    computed_at_last_name = self.computed
            longer = list(self.extend(prefixes, next_tokens[~is_end], state))
            unfinished += longer
            going_on_count = sum(int(block.count.sum()) for block in longer)
            ended_count += int(prefixes.count.sum()) - going_on_count
            report(ended_count)
        if unfinished:  # it gave up
            self.rejected[MaxLength.key] += sum(int(block.count.sum()) for block in unfinished)
        return FoundNames.join(found)

    def _draw_next_tokens(
        self, prefixes: PrefixBlock, rng: np.random.Generator
    ) -> tuple[NextTokens, State]:
        """Read some prefixes, and divide the draws of each among its next tokens. Also returns the model's state."""
        logits, state = self.read(prefixes)  # (B, V)
        weights = log_weights(logits, *self.request.sampling)  # (B, V)
        np.exp(weights, out=weights)
        sums = running_sums(weights)  # (V, B)
        check_are_numbers(sums[-1])
        rows, tokens, counts = split_counts(prefixes.count, weights, sums, rng)
        if self.request.is_natural:  # the weights are the model's own, so its softmax isn't needed
            log_probability = np.log(weights[rows, tokens] / sums[-1, rows])  # (K,)
        else:
            log_probability = all_log_probabilities(logits)[rows, tokens]  # (K,)
        log_probability += prefixes.log_probability[rows]
        return NextTokens(rows, tokens.astype(np.int32), counts, log_probability), state

    # --- steps of every walk ------------------------------------------------------------------------------------------

    def read(self, prefixes: PrefixBlock) -> tuple[Float[Array, "B V"], State]:
        """Read the last token of each prefix: return the logits of the next tokens, and the model's new state."""
        self.computed += len(prefixes) * self._cost(prefixes)
        state_before = self.model.select(prefixes.state, prefixes.parent)
        return self.model.step(prefixes.last, state_before)

    def _cost(self, prefixes: PrefixBlock) -> int:
        """Return the work that each prefix takes, in logits."""
        return max(self.logits_per_prefix, LOGITS_PER_CHARACTER * int(prefixes.tokens.shape[1]))

    def extend(
        self, prefixes: PrefixBlock, next_tokens: NextTokens, after: State
    ) -> Iterator[PrefixBlock]:
        """Append next tokens to prefixes, and yield the longer prefixes that can become wanted names, in blocks.

        Args:
            prefixes: prefixes that have been read.
            next_tokens: the tokens to append.
            after: the model's state after ``prefixes``.
        """
        length = int(prefixes.tokens.shape[1])
        # The arrays of a block should fit into the cache.
        numbers_per_row = max(self.logits_per_prefix, length)
        block_rows = max(1, min(BLOCK_ROWS, BLOCK_NUMBERS // numbers_per_row))
        for start in range(0, len(next_tokens), block_rows):
            block = next_tokens[start : start + block_rows]
            row = block.rows
            self.tried += len(row)
            self.computed += len(row) * self._cost(prefixes) // TRIED_PER_READ
            constraint_states = self.constraints.advance(
                prefixes.constraint_states, row, block.tokens
            )
            longer = PrefixBlock(
                tokens=np.concatenate((prefixes.tokens[row], block.tokens[:, None]), axis=1),
                last=block.tokens,
                start_token=prefixes.start_token[row],
                count=block.counts,
                log_probability=block.log_probability,
                opening_log_probability=_opening(prefixes, block),
                constraint_states=constraint_states,
                tally=None if prefixes.tally is None else prefixes.tally[row],
                ranks=block.ranks,
                parent=row,
                state=after,
            )
            longer = self._with_tally(longer, are_whole_names=False)
            is_wanted = self._are_wanted(longer, are_whole_names=False)
            if not is_wanted.all():
                longer = longer[is_wanted]
            if len(longer):
                yield longer

    def finish_names(self, prefixes: PrefixBlock, next_tokens: NextTokens) -> FoundNames:
        """End some prefixes, which makes them whole names, and return the names that are wanted.

        Args:
            prefixes: prefixes that have been read.
            next_tokens: end tokens; their log-probabilities include the end.
        """
        names = prefixes[next_tokens.rows]
        log_probability = next_tokens.log_probability  # (K,)
        scored_log_probability = with_end_weight(log_probability, names.log_probability)
        names = replace(
            names,
            count=next_tokens.counts,
            log_probability=scored_log_probability,
            opening_log_probability=_opening(prefixes, next_tokens),
        )
        names = self._with_tally(names, are_whole_names=True)
        is_wanted = self._are_wanted(names, are_whole_names=True)  # (K,)
        if not is_wanted.all():
            names = names[is_wanted]
            next_tokens = next_tokens[is_wanted]
        forced = [self._forced_opening[token] for token in names.start_token.tolist()]
        return FoundNames(
            names=np.array(self.constraints.vocabulary.decode_all(names.tokens), object),
            start_tokens=names.start_token,
            counts=names.count,
            log_probability=next_tokens.log_probability,
            scored_log_probability=names.log_probability,
            opening_probability=np.exp(names.opening_log_probability - np.array(forced)),
            ranks=next_tokens.ranks,
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
                longest=max(self.constraints.longest, length),
                are_whole_names=are_whole_names,
            )
            reject(BELOW_THRESHOLD, ~reaches_threshold)
        for key, rejected in self.constraints.rejections(
            prefixes.tokens, prefixes.constraint_states, are_whole_names=are_whole_names
        ):
            reject(key, rejected)
        return is_wanted


def check_are_numbers(values: Float64[Array, "B"]) -> None:
    """Raise GenerationError if a number computed from the model's logits is NaN."""
    if np.isnan(values).any():
        raise GenerationError(
            "the model's logits are not numbers: train it again, with a lower learning rate"
        )


def _opening(prefixes: PrefixBlock, next_tokens: NextTokens) -> Float64[Array, "K"]:
    """Return the log-probability of each opening after some prefixes have been extended by one token, in nats."""
    has_whole_opening = prefixes.tokens.shape[1] >= OPENING_LENGTH
    if has_whole_opening:
        return prefixes.opening_log_probability[next_tokens.rows]
    return next_tokens.log_probability


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
