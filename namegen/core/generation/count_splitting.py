"""Count-splitting: many names at once, each distinct prefix of them read once.

n names start together. Where names may begin in several ways, of which each label has one, the n are split over them
by one multinomial draw by their shares. At a prefix that k of them have reached, the model is asked once, and the k are
split over the next characters in the same way. The n names have the same distribution as n separate draws; only their
order means nothing.

A prefix that can no longer become a name that is wanted is dropped on the way, with the draws that reached it. That is
rejection done early: what is left has the same distribution as if every name had been finished first and then judged.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TypeAlias

import numpy as np

from namegen.core.data.labels import Beginnings
from namegen.core.data.vocabulary import BOUNDARY, Vocabulary
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

BLOCK_ROWS = 4096  # prefixes that are read together: what they need stays in the processor's cache
BLOCK_NUMBERS = 1 << 20  # fewer where their logits, or their characters, would be more than so many
ADD_AT_ONCE = 128  # prefixes from which on running sums are added a token at a time
MAX_IN_VAIN = 400_000_000  # logits that are computed for no name: some seconds
LOGITS_PER_CHARACTER = (
    4  # that take as long as to copy, write out and ask one character of a prefix
)
TRIED_PER_READ = 4  # prefixes that the constraints are asked of take as long as one that is read
SCORE = "score"  # draws that can't reach the threshold are counted under this name
FEW = 16  # up to so many draws at one prefix are made one by one, more by a multinomial

Places: TypeAlias = dict[
    str, Int64[Array, "..."]
]  # of each prefix, its place in each constraint's tracker


@dataclass(frozen=True, eq=False)
class Draws:
    """Distinct names that were drawn, and how often each was.

    Attributes:
        parts: their token ids, names of one length a part; a name once for each beginning that it was drawn with.
        counts: how many of the draws gave the name, part after part.
        beginnings: what each name was drawn with.
        log_probability: of the name given its beginning, under the model at temperature 1, nats, STOP included.
        start_probability: of the first ``FIRST`` tokens, given the beginning and the characters that are forced.
        rejected: the other draws, counted by what they failed at (a constraint's name).
    """

    parts: list[Int32[Array, "_ _"]]
    counts: Int64[Array, "names"]
    log_probability: Float64[Array, "names"]
    start_probability: Float64[Array, "names"]
    beginnings: Int32[Array, "names"]
    rejected: Counter[str] = field(default_factory=Counter)

    def names(self, vocabulary: Vocabulary) -> list[str]:
        """Written out part by part: a table of all of them would be mostly what stands behind their ends."""
        return [name for part in self.parts for name in vocabulary.decode_all(part)]

    def missing(self, scorer: Scorer) -> Int64[Array, "names"]:
        """How many n-grams each name lacks."""
        ends = np.cumsum([len(part) for part in self.parts])
        beginnings = np.split(self.beginnings, ends[:-1])
        counts = [
            scorer.missing(part, of_part)
            for part, of_part in zip(self.parts, beginnings, strict=False)
        ]
        return np.concatenate([np.zeros(0, np.int64), *counts])


@dataclass(frozen=True, eq=False)
class Open:
    """Prefixes of one length whose last token is still to be read."""

    tokens: Int32[Array, "B depth"]
    last: Int32[Array, "B"]
    beginning: Int32[Array, "B"]
    count: Int64[Array, "B"]
    score: Float64[Array, "B"]  # log-probability of the prefix, nats
    first: Float64[Array, "B"]  # that of its first tokens, up to FIRST
    places: Places
    tally: Tally | None  # what the scorer remembers; None if nothing is scored
    state: State  # of the prefixes one shorter, before the last token
    parent: Int64[Array, "B"]  # each one's row in that state: gathered only when it is read


@dataclass(frozen=True, eq=False)
class Ended:
    """Names of one length that have ended and are wanted.

    Attributes:
        tokens: their token ids.
        rows: the row of each among the prefixes that it ends with.
        count: the draws of each.
        score: log-probability of each, the end included, nats.
        first: log-probability of its first ``FIRST`` tokens, nats.
        beginning: the start token of each.
    """

    tokens: Int32[Array, "K depth"]
    rows: Int64[Array, "K"]
    count: Int64[Array, "K"]
    score: Float64[Array, "K"]
    first: Float64[Array, "K"]
    beginning: Int32[Array, "K"]


class PrefixFilter:
    """What a walk asks of its prefixes.

    Args:
        constraints: already checked against the vocabulary (``ConstraintList.check``), ``MaxLength`` among them.
        vocabulary: the model's.
    """

    def __init__(self, constraints: ConstraintList, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        beginning, limit = constraints.get(StartsWith), constraints.get(MaxLength)
        self.beginning: Int32[Array, "characters"] = vocabulary.encode_all(
            [beginning.value if beginning else ""]
        )[0]
        self.longest = int(limit.value if limit else np.iinfo(np.int64).max)
        trackers = (
            (constraint.name, constraint.tracker(vocabulary, self.longest))
            for constraint in constraints
        )
        self._trackers: dict[str, Tracker] = {
            name: tracker for name, tracker in trackers if tracker is not None
        }

    def start(self) -> Places:
        """Where the beginning that is forced stands: one row."""
        return {
            name: np.array([tracker.start(self.beginning)])
            for name, tracker in self._trackers.items()
        }

    def go_on(self, places: Places, rows: Int[Array, "K"], tokens: Int32[Array, "K"]) -> Places:
        """Where the prefixes stand after one more character each."""
        return {
            name: tracker.go_on(places[name][rows], tokens)
            for name, tracker in self._trackers.items()
        }

    def select(self, places: Places, rows: Int[Array, "K"]) -> Places:
        """Gather rows."""
        return {name: place[rows] for name, place in places.items()}

    def refused(
        self, tokens: Int32[Array, "K depth"], places: Places, *, whole: bool
    ) -> Iterator[tuple[str, Bool[Array, "K"]]]:
        """By the constraint's name, the prefixes that no wanted name begins with; or, ``whole``, those that are not
        wanted as whole names.
        """
        for name, tracker in self._trackers.items():
            ask = tracker.refuses_names if whole else tracker.refuses_prefixes
            refused = ask(tokens, places[name])
            if refused.any():
                yield name, refused
                if refused.all():
                    return


class Forced:
    """The characters that every wanted name begins with, read behind each beginning.

    Args:
        model: what reads them.
        beginnings: behind which.
        characters: their ids.
        sampling: how they would have been drawn, which weighs the beginnings; None where there is one.

    Attributes:
        score: their log-probability given the beginning, nats, ``(R,)``.
        first: that of the first ``FIRST`` of them.
        last: the last token, which is still to be read, and ``state``, the state before it.
    """

    def __init__(
        self,
        model: LanguageModel,
        beginnings: Beginnings,
        characters: Int32[Array, "characters"],
        sampling: SamplingSettings | None = None,
    ) -> None:
        self.beginnings = beginnings
        self.last, count = beginnings.ids, len(beginnings.tokens)
        self.state, self.score, self._drawn = (
            model.initial_state(count),
            np.zeros(count),
            np.zeros(count),
        )
        self.first = self.score
        for place, token in enumerate(characters):
            logits, self.state = model.step(self.last, self.state)
            self.last = np.full(count, token)
            self.score = self.score + all_log_probabilities(logits)[np.arange(count), self.last]
            self.first = self.score if place < FIRST else self.first
            if sampling is not None:
                with np.errstate(divide="ignore"):  # of an impossible one −inf
                    self._drawn += np.log(sampling.chances(logits)[:, token])

    def posterior(self) -> Float64[Array, "R"]:
        """The probability of each beginning given the characters.

        Where the way of drawing never gives them (at temperature 0, say), the model itself weighs the beginnings; where
        that never does either, their shares alone. So they can always be asked for, as with one beginning.
        """
        shares = self.beginnings.log_shares
        for of_characters in (self._drawn, self.score, np.zeros(len(shares))):
            joint = shares + of_characters
            if joint.max() > -np.inf:
                break
        chances: Float64[Array, "R"] = np.exp(joint - joint.max())
        chances /= chances.sum()
        return chances


class Walk:
    """One walk through the tree of a model.

    Args:
        model: whose tree it is.
        prefix_filter: which names are wanted.
        beginnings: what names begin with; None: the boundary.
        rows_per_prefix: how many rows the model reads for one prefix; more than one where it is an ``AnyBeginning``.
        scorer: drops prefixes that can't become a name that reaches the threshold; None: nothing is scored.
    """

    def __init__(
        self,
        model: LanguageModel,
        prefix_filter: PrefixFilter,
        beginnings: Beginnings | None = None,
        *,
        rows_per_prefix: int = 1,
        scorer: Scorer | None = None,
    ) -> None:
        self.model, self.filter, self.scorer, self._rows_per_prefix = (
            model,
            prefix_filter,
            scorer,
            rows_per_prefix,
        )
        self.beginnings = beginnings or Beginnings.single()
        self.logits_per_prefix = model.vocabulary_size * rows_per_prefix
        self.rejected: Counter[str] = Counter()
        self.tried = 0  # prefixes that the filter was asked of, refused ones included
        self.computed = 0  # what was done so far, in logits

    def scored_by(self, scorer: Scorer) -> Walk:
        """The same walk with a scorer."""
        return Walk(
            self.model,
            self.filter,
            self.beginnings,
            rows_per_prefix=self._rows_per_prefix,
            scorer=scorer,
        )

    def _start(self, count: int, rng: np.random.Generator, sampling: SamplingSettings) -> Open:
        """The first characters that the constraint forces, read behind each beginning, and the draws split over the
        beginnings by their probabilities given the characters. To condition on the characters is to begin there.
        """
        forced = Forced(self.model, self.beginnings, self.filter.beginning, sampling)
        split = rng.multinomial(count, forced.posterior())
        rows = np.flatnonzero(split)
        return self._open(forced, split[rows], rows)

    def roots(self, sampling: SamplingSettings | None = None) -> tuple[Open, Float64[Array, "R"]]:
        """The same for a search that draws nothing: every beginning that is possible, and its log-probability given the
        characters.
        """
        forced = Forced(self.model, self.beginnings, self.filter.beginning, sampling)
        chances = forced.posterior()
        rows = np.flatnonzero(chances)
        return self._open(forced, np.ones(len(rows), np.int64), rows), np.log(chances[rows])

    def _open(self, forced: Forced, counts: Int64[Array, "B"], rows: Int64[Array, "B"]) -> Open:
        tokens = self.filter.beginning[None, :].repeat(len(rows), axis=0)
        places = self.filter.select(self.filter.start(), np.zeros(len(rows), np.int64))
        beginning = self.beginnings.ids[rows]
        tally = None
        if self.scorer is not None:
            tally = self.scorer.start(beginning)
            for end in range(1, tokens.shape[1] + 1):
                tally = self.scorer.read(tally, tokens[:, :end], beginning)
        self._forced_first = dict(zip(self.beginnings.tokens, forced.first.tolist(), strict=True))
        return Open(
            tokens=tokens,
            last=forced.last[rows],
            beginning=beginning,
            count=counts,
            score=forced.score[rows],
            first=forced.first[rows],
            places=places,
            tally=tally,
            state=forced.state,
            parent=rows,
        )

    def draw(
        self,
        n: int,
        *,
        rng: np.random.Generator,
        sampling: SamplingSettings,
        tell: Callable[[int], None] = lambda drawn: None,
    ) -> Draws:
        """Draw n names; given are those that the filter lets through.

        Depth first, a block of prefixes at a time: few states wait at any time, however large n is.

        Args:
            n: how many.
            rng: where the random numbers come from.
            sampling: how characters are chosen.
            tell: called after each block with how many of the n have come to their end so far.

        Raises:
            GenerationError: the model gives logits that are not numbers.
        """
        self.rejected = Counter()
        done = 0
        ended: list[Ended] = []
        pending = [self._start(n, rng, sampling)] if n else []
        last_found = self.computed
        while pending:
            if self.computed - last_found > MAX_IN_VAIN:  # none of the draws comes to an end
                self.rejected[MaxLength.name] += sum(int(block.count.sum()) for block in pending)
                break
            prefixes = pending.pop()
            row, token, count, score, after = self._split(prefixes, rng, sampling)
            score += prefixes.score[row]
            stops = token == BOUNDARY
            if stops.any():
                names = self.ended(prefixes, row[stops], count[stops], score[stops])
                if len(names.tokens):
                    last_found = self.computed
                    ended.append(names)
            goes_on = np.flatnonzero(~stops)
            going = row[goes_on], token[goes_on], count[goes_on], score[goes_on]
            longer = [block for block, _ in self.children(prefixes, *going, after)]
            pending += longer
            done += int(prefixes.count.sum()) - sum(int(block.count.sum()) for block in longer)
            tell(done)
        return self._draws(ended)

    def _draws(self, ended: list[Ended]) -> Draws:
        """All names that ended, as one object."""

        def joined(arrays: Iterable[Array], dtype: type) -> Array:
            return np.concatenate([np.zeros(0, dtype), *arrays])

        beginnings = joined((names.beginning for names in ended), np.int32)
        first = joined((names.first for names in ended), np.float64)
        forced = np.array([self._forced_first[token] for token in beginnings.tolist()])
        forced = np.maximum(
            forced, np.finfo(np.float64).min
        )  # where the model never has these characters
        return Draws(
            parts=[names.tokens for names in ended],
            counts=joined((names.count for names in ended), np.int64),
            log_probability=joined((names.score for names in ended), np.float64),
            start_probability=np.exp(first - forced) if len(first) else first,
            beginnings=beginnings,
            rejected=self.rejected,
        )

    def _split(
        self, prefixes: Open, rng: np.random.Generator, sampling: SamplingSettings
    ) -> tuple[Int64[Array, "R"], Int32[Array, "R"], Int64[Array, "R"], Float64[Array, "R"], State]:
        """Read the prefixes and split their counts: (row, next token, count, its log-probability), and the state."""
        logits, after = self.read(prefixes)
        weights = sampling.weights(logits)
        sums = running_sums(weights)
        if np.isnan(sums[-1]).any():
            raise GenerationError(
                "the model gives logits that are not numbers: train it anew, with a lower learning rate"
            )
        row, token, count = split_counts(prefixes.count, weights, sums, rng)
        if sampling.natural:
            score = np.log(weights[row, token] / sums[-1, row])
        else:
            score = all_log_probabilities(logits)[row, token]
        return row, token.astype(np.int32), count, score, after

    def read(self, prefixes: Open) -> tuple[Float[Array, "B V"], State]:
        """The logits of what follows the prefixes, and the state."""
        self.computed += len(prefixes.last) * self._numbers(prefixes)
        return self.model.step(prefixes.last, self.model.select(prefixes.state, prefixes.parent))

    def _numbers(self, prefixes: Open) -> int:
        """Logits that each of some prefixes takes, or that its characters are worth, if those are more."""
        return max(self.logits_per_prefix, LOGITS_PER_CHARACTER * int(prefixes.tokens.shape[1]))

    def children(
        self,
        prefixes: Open,
        row: Int64[Array, "R"],
        token: Int32[Array, "R"],
        count: Int64[Array, "R"],
        score: Float64[Array, "R"],
        after: State,
    ) -> Iterator[tuple[Open, Int64[Array, "B"]]]:
        """The prefixes that are one longer and may still become wanted names, in blocks; and which of the given they
        are.
        """
        numbers = max(self.logits_per_prefix, prefixes.tokens.shape[1])
        rows_together = max(1, min(BLOCK_ROWS, BLOCK_NUMBERS // numbers))
        for start in range(0, len(row), rows_together):
            block = slice(start, start + rows_together)
            rows, last, counts, scores = row[block], token[block], count[block], score[block]
            first = scores if prefixes.tokens.shape[1] < FIRST else prefixes.first[rows]
            tokens, beginning = (
                np.concatenate((prefixes.tokens[rows], last[:, None]), axis=1),
                prefixes.beginning[rows],
            )
            self.tried += len(rows)
            self.computed += len(rows) * self._numbers(prefixes) // TRIED_PER_READ
            places = self.filter.go_on(prefixes.places, rows, last)
            tally = None
            if self.scorer is not None and prefixes.tally is not None:
                tally = self.scorer.read(prefixes.tally.select(rows), tokens, beginning)
            which = np.arange(start, start + len(rows))
            refusals = self.refused(tokens, places, beginning, scores, tally, whole=False)
            keep = self.keep(refusals, counts)
            if not keep.all():
                kept = np.flatnonzero(keep)
                rows, last, counts, scores, tokens = (
                    rows[kept],
                    last[kept],
                    counts[kept],
                    scores[kept],
                    tokens[kept],
                )
                beginning, which, first = beginning[kept], which[kept], first[kept]
                places = self.filter.select(places, kept)
                tally = None if tally is None else tally.select(kept)
            if len(rows):
                longer = Open(
                    tokens=tokens,
                    last=last,
                    beginning=beginning,
                    count=counts,
                    score=scores,
                    first=first,
                    places=places,
                    tally=tally,
                    state=after,
                    parent=rows,
                )
                yield longer, which

    def ended(
        self,
        prefixes: Open,
        row: Int64[Array, "K"],
        count: Int64[Array, "K"],
        score: Float64[Array, "K"],
    ) -> Ended:
        """The names that end with some of the prefixes, as far as they are wanted.

        Args:
            prefixes: some.
            row: which of them end.
            count: the draws of each name.
            score: of each name, the end counted.
        """
        tokens, places = prefixes.tokens[row], self.filter.select(prefixes.places, row)
        beginning = prefixes.beginning[row]
        first = score if tokens.shape[1] < FIRST else prefixes.first[row]
        tally = None
        if self.scorer is not None and prefixes.tally is not None:
            tally = self.scorer.read(prefixes.tally.select(row), tokens, beginning, ended=True)
        keep = self.keep(self.refused(tokens, places, beginning, score, tally, whole=True), count)
        return Ended(
            tokens=tokens if keep.all() else tokens[keep],
            rows=row[keep],
            count=count[keep],
            score=score[keep],
            first=first[keep],
            beginning=beginning[keep],
        )

    def refused(
        self,
        tokens: Int32[Array, "K depth"],
        places: Places,
        beginning: Int32[Array, "K"],
        score: Float64[Array, "K"],
        tally: Tally | None,
        *,
        whole: bool,
    ) -> Iterator[tuple[str, Bool[Array, "K"]]]:
        """As ``PrefixFilter.refused``; and those that can't reach the threshold."""
        if self.scorer is not None and tally is not None:
            reaches = self.scorer.reaches if whole else self.scorer.may_reach
            longest = max(self.filter.longest, tokens.shape[1])
            yield SCORE, ~reaches(score, tokens.shape[1], tally, beginning, longest)
        yield from self.filter.refused(tokens, places, whole=whole)

    def keep(
        self, refusals: Iterator[tuple[str, Bool[Array, "K"]]], count: Int64[Array, "K"]
    ) -> Bool[Array, "K"]:
        """Which rows no constraint refuses; the draws of the others are counted for the first that does."""
        keep = np.ones(len(count), bool)
        for reason, refused in refusals:
            self.rejected[reason] += int(count[refused & keep].sum())
            keep &= ~refused
        return keep


def split_counts(
    counts: Int64[Array, "B"],
    weights: Float64[Array, "B V"],
    sums: Float64[Array, "V B"],
    rng: np.random.Generator,
) -> tuple[Int64[Array, "R"], Int64[Array, "R"], Int64[Array, "R"]]:
    """For each row, how many of ``counts`` independent draws give each token: one multinomial a row.

    Where a row has few draws they are made one by one, which costs less than a binomial for every token.

    Args:
        counts: draws, at least 1 a row.
        weights: what the probabilities of a row are in proportion to.
        sums: their ``running_sums``.
        rng: where the random numbers come from.

    Returns:
        (row, token, count) of every token that was drawn, in no particular order; the counts of a row sum to its own.

    >>> weights = np.array([[0, 2.0], [1.0, 0]])
    >>> sums = running_sums(weights)
    >>> row, token, count = split_counts(np.array([5, 1000]), weights, sums, np.random.default_rng(0))
    >>> row.tolist(), token.tolist(), count.tolist()
    ([0, 1], [1, 0], [5, 1000])
    """
    one = np.flatnonzero(counts == 1)
    uniforms = np.zeros(len(counts))
    uniforms[one] = rng.random(len(one))
    # Most rows have one draw: to look at the others too, in vain, is faster than to gather these.
    parts = [(one, _pick(sums, uniforms)[one], counts[one])]
    some, many = np.flatnonzero((counts > 1) & (counts <= FEW)), np.flatnonzero(counts > FEW)
    if len(some):
        drawn = np.repeat(some, counts[some])
        pair, count = np.unique(
            drawn * len(sums) + _pick(sums.take(drawn, axis=1), rng.random(len(drawn))),
            return_counts=True,
        )
        parts.append((pair // len(sums), pair % len(sums), count))
    if len(many):
        exact = weights[many]
        split = rng.multinomial(counts[many], exact / exact.sum(axis=1, keepdims=True))  # (many, V)
        row, token = np.nonzero(split)
        parts.append((many[row], token, split[row, token]))
    rows, tokens, split_count = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return rows, tokens, split_count


def running_sums(weights: Float64[Array, "B V"]) -> Float64[Array, "V B"]:
    """The cumulative sums over the tokens, a token a row: those of ``np.cumsum``, to the bit.

    Of many rows each token's are added at once, which takes a tenth of the time: ``np.cumsum`` adds number by number.
    """
    sums = np.array(weights.T, order="C")
    if len(weights) < ADD_AT_ONCE:
        return np.cumsum(sums, axis=0, out=sums)
    for before, here in pairwise(sums):
        here += before
    return sums


def _pick(sums: Float64[Array, "V n"], uniforms: Float64[Array, "n"]) -> Int64[Array, "n"]:
    """A token for each column of running sums: the first whose sum exceeds the uniform number's share of the last."""
    total = sums[-1]
    number = np.minimum(
        uniforms * total, np.nextafter(total, 0)
    )  # a product may round up to the total
    not_yet = sums <= number  # (V, n)
    # Counted in the smallest type that holds V: eight times as many numbers at a time.
    picked: Int64[Array, "n"] = (
        not_yet.view(np.uint8).sum(axis=0, dtype=np.min_scalar_type(len(sums))).astype(np.int64)
    )
    return picked
