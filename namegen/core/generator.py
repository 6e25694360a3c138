"""Generator: draws names from any LanguageModel, one by one or, much faster, by splitting counts.

**One by one**: each name reads its own tokens, one uniform number a token, by the rule of ``sampling.draw``. Given the
same numbers, every engine gives the same names.

**Count-splitting**: n names start together at START. At a prefix that k of them have reached, the model is asked once,
and the k are split over the next characters by one multinomial draw. The n names have the same distribution as n
separate draws, and cost one step for each *distinct* prefix; a shuffle at the end makes their order meaningless.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from namegen.core.digests import digests, is_known
from namegen.core.engine import LanguageModel, State
from namegen.core.sampling import check_temperature, draw, probabilities, truncate
from namegen.core.vocabulary import BOUNDARY, Vocabulary
from namegen.errors import GenerationError, SettingsError
from namegen.types import Array, Bool, Float, Float64, Int, Int32, Int64, UInt64

CHUNK_NAMES = 250_000  # names that are split at a time: what bounds the memory of a request for millions
BLOCK_ROWS = 4096  # prefixes whose logits are looked at together: they stay in the processor's cache
FEW = 16  # up to so many draws at one prefix are made one by one, more by a multinomial
TRIES = 200_000  # names drawn in vain, one behind the other, before a search for new ones gives up


@dataclass(frozen=True)
class SamplingSettings:
    """How the next character is chosen.

    ``temperature`` 1 is the model's own distribution, below it is bolder in what is likely, 0 always takes the
    likeliest. ``top_k`` and ``top_p`` keep only the likeliest characters. ``max_length``: characters of the longest
    name that is given; a longer one is drawn anew, so the others keep their proportions.
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None
    max_length: int = 40

    def __post_init__(self) -> None:
        check_temperature(self.temperature)
        truncate(np.ones((1, 1)), self.top_k, self.top_p)  # the same checks
        if self.max_length < 1:
            raise SettingsError(f"max_length is {self.max_length}: expected a whole number of at least 1")

    @property
    def natural(self) -> bool:
        """Every character with just the model's probability."""
        return self.temperature == 1 and self.top_k is None and self.top_p in (None, 1)

    def chances(self, logits: Float[Array, "B V"]) -> Float64[Array, "B V"]:
        """The probability of each next token."""
        return truncate(probabilities(logits, self.temperature), self.top_k, self.top_p)


@dataclass(frozen=True, eq=False)
class NameBatch:
    """Some generated names.

    Attributes:
        names: the names, in random order.
        log_probability: of each, under the model at temperature 1, nats, STOP included.
        new: of each, whether the list that the model learned from lacks it; None where the model does not know.
    """

    names: list[str]
    log_probability: Float64[Array, "names"]
    new: Bool[Array, "names"] | None


@dataclass(frozen=True, eq=False)
class Draws:
    """Distinct names that were drawn, and how often each was."""

    tokens: Int32[Array, "names T"]
    counts: Int64[Array, "names"]
    log_probability: Float64[Array, "names"]


class Generator:
    """Draws names from a model.

    Args:
        model: any LanguageModel.
        vocabulary: its characters.
        known_names: sorted digests of the names that are not new; None: newness is unknown.
    """

    def __init__(
        self, model: LanguageModel, vocabulary: Vocabulary, *, known_names: UInt64[Array, "known"] | None = None
    ) -> None:
        self.model = model
        self.vocabulary = vocabulary
        self.known_names = known_names

    def generate(
        self,
        n: int,
        *,
        rng: np.random.Generator,
        sampling: SamplingSettings | None = None,
        allow_seen: bool = False,
        allow_repeats: bool = False,
    ) -> Iterator[NameBatch]:
        """Give n names, in batches as they are found; by default new and distinct ones.

        Args:
            n: how many.
            rng: where the random numbers come from.
            sampling: how characters are chosen.
            allow_seen: names of the list too.
            allow_repeats: the same name more than once; otherwise no two that differ in letter case, spaces or
                punctuation only.

        Raises:
            GenerationError: newness is asked of a model that knows no names; or, after those found have been given,
                no more turn up.
        """
        sampling = sampling or SamplingSettings()
        if not allow_seen and self.known_names is None:
            raise GenerationError(
                "this model carries no names, so it cannot say which are new: give --avoid FILE with the names to "
                "keep away from, or --allow-seen"
            )
        taken = np.zeros(0, np.uint64)  # sorted digests of what was given
        found = in_vain = 0
        while found < n:
            wanted = n - found
            if not (allow_seen and allow_repeats):  # some will be dropped, and more of them as the search gets harder
                wanted = max(64, 2 * wanted, in_vain)
            round_size = min(CHUNK_NAMES, wanted)
            batch, marks = self._batch(self.draw(round_size, rng=rng, sampling=sampling), rng)
            keep = np.fromiter(map(well_formed, batch.names), bool, count=len(batch.names))
            if not allow_seen and batch.new is not None:
                keep &= batch.new
            if not allow_repeats:
                first = np.zeros(len(keep), bool)
                first[np.unique(marks, return_index=True)[1]] = True
                keep &= first & ~is_known(marks, taken)
            rows = np.flatnonzero(keep)[: n - found]
            in_vain = 0 if len(rows) else in_vain + round_size
            if len(rows):
                found += len(rows)
                if not allow_repeats:
                    taken = np.union1d(taken, marks[rows])
                yield NameBatch(
                    [batch.names[row] for row in rows.tolist()],
                    batch.log_probability[rows],
                    None if batch.new is None else batch.new[rows],
                )
            if in_vain >= TRIES:
                kind = " and ".join(["new"] * (not allow_seen) + ["distinct"] * (not allow_repeats)) or "short"
                raise GenerationError(
                    f"{found:,} names found of {n:,} asked for; no more that are {kind} within {in_vain:,} tries: ask "
                    "for fewer, raise --temperature, or allow more with --allow-seen, --allow-repeats or --max-length"
                )

    def _batch(self, draws: Draws, rng: np.random.Generator) -> tuple[NameBatch, UInt64[Array, "names"]]:
        """The drawn names one by one in random order, with the digest of each; names are hashed once each."""
        distinct = self.vocabulary.decode_all(draws.tokens)
        marks = digests(distinct)
        order = np.repeat(np.arange(len(distinct)), draws.counts)
        rng.shuffle(order)
        new = None if self.known_names is None else ~is_known(marks, self.known_names)
        names = [distinct[row] for row in order.tolist()]
        batch = NameBatch(names, draws.log_probability[order], None if new is None else new[order])
        return batch, marks[order]

    def draw(self, n: int, *, rng: np.random.Generator, sampling: SamplingSettings) -> Draws:
        """Draw up to n names by count-splitting: n, less those that would have been longer than ``max_length``."""
        levels: list[tuple[Int64[Array, "M"], Int32[Array, "M"]]] = []  # (row of the parent, token) for each depth
        ends: list[tuple[int, Int64[Array, "R"], Int64[Array, "R"], Float64[Array, "R"]]] = []
        state = self.model.initial_state(1)
        token, count, score = np.zeros(1, np.int32), np.array([n]), np.zeros(1)
        for depth in range(sampling.max_length + 1):
            row, next_token, next_count, next_score, state = self._split(token, count, state, rng, sampling)
            next_score += score[row]
            stops = next_token == BOUNDARY
            ends.append((depth, row[stops], next_count[stops], next_score[stops]))
            goes_on = ~stops
            row, token = row[goes_on], next_token[goes_on]
            count, score = next_count[goes_on], next_score[goes_on]
            if len(row) == 0:
                break
            levels.append((row, token))
            state = self.model.select(state, row)
        return self._gather(levels, ends)

    def _split(
        self,
        token: Int32[Array, "M"],
        count: Int64[Array, "M"],
        state: State,
        rng: np.random.Generator,
        sampling: SamplingSettings,
    ) -> tuple[Int64[Array, "R"], Int32[Array, "R"], Int64[Array, "R"], Float64[Array, "R"], State]:
        """Read one depth and split its counts: (row, next token, count, log-probability of the token), and the state.

        Raises:
            GenerationError: the model gives logits that are not numbers.
        """
        logits, after = self.model.step(token, state)
        parts = []
        for start in range(0, len(token), BLOCK_ROWS):
            block = slice(start, start + BLOCK_ROWS)
            chances = sampling.chances(logits[block])
            split = split_counts(count[block], chances, rng)  # (rows, V)
            row, chosen = np.nonzero(split)
            if sampling.natural:
                score = np.log(chances[row, chosen])
            else:
                score = np.log(probabilities(logits[block])[row, chosen])
            parts.append((row + start, chosen.astype(np.int32), split[row, chosen], score))
        row, chosen, split_count, score = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        return row, chosen, split_count, score, after

    def _gather(
        self,
        levels: list[tuple[Int64[Array, "M"], Int32[Array, "M"]]],
        ends: list[tuple[int, Int64[Array, "R"], Int64[Array, "R"], Float64[Array, "R"]]],
    ) -> Draws:
        """Write down the names that ended, each from its last character back to its first."""
        tokens = np.zeros((sum(len(rows) for _, rows, _, _ in ends), len(levels) + 1), np.int32)
        start = 0
        for depth, rows, _, _ in ends:
            part = slice(start, start + len(rows))
            start = part.stop
            for column in range(depth - 1, -1, -1):
                parent, token = levels[column]
                tokens[part, column] = token[rows]
                rows = parent[rows]
        counts, scores = (np.concatenate([end[place] for end in ends]) for place in (2, 3))
        return Draws(tokens, counts, scores)

    def draw_one_by_one(self, uniforms: Float64[Array, "n T"], *, temperature: float = 1.0) -> Int32[Array, "n T"]:
        """Draw one name for each row of uniform numbers, one number a token; the reference way.

        Returns:
            Token ids, the boundary from the end of each name on; a row without a boundary did not end within ``T``.
        """
        n, longest = uniforms.shape
        tokens = np.zeros((n, longest), np.int32)
        alive, state, last = np.arange(n), self.model.initial_state(max(n, 1)), np.zeros(n, np.int32)
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


def well_formed(name: str) -> bool:
    """Whether a list could hold the name as it stands: not empty, and no space at either end (lists are trimmed)."""
    return bool(name) and name == name.strip()


def split_counts(
    counts: Int[Array, "B"], chances: Float64[Array, "B V"], rng: np.random.Generator
) -> Int64[Array, "B V"]:
    """For each row, how many of ``counts`` independent draws give each token: one multinomial a row.

    Where a row has few draws they are made one by one, which costs less than a binomial for every token.
    """
    rows, size = chances.shape
    split = np.zeros((rows, size), np.int64)
    few = np.flatnonzero(counts <= FEW)
    if len(few):
        row = np.repeat(few, counts[few])
        sums = np.cumsum(chances[few], axis=1)
        sums = sums if len(row) == len(few) else np.repeat(sums, counts[few], axis=0)
        pick = (sums <= (rng.random(len(row)) * sums[:, -1])[:, None]).sum(axis=1)
        split += np.bincount(row * size + pick, minlength=rows * size).reshape(rows, size)
    many = np.flatnonzero(counts > FEW)
    if len(many):
        exact = chances[many]
        split[many] = rng.multinomial(counts[many], exact / exact.sum(axis=1, keepdims=True))
    return split
