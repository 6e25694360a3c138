"""A slow and simple Python version of the search for names in the web page and the JavaScript module.

With the same seed, it finds the same names. ``docs/reference/file-formats.md`` describes the search. The NumPy backend
computes the network in float64.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from namegen.api.model import open_checkpoint
from namegen.core.checkpoint.checkpoint import Checkpoint
from namegen.core.checkpoint.metadata import default_max_length
from namegen.core.checkpoint.ngram_set import END, ORDER, PAIR_COUNT, symbols_of
from namegen.core.checkpoint.score_rule import ScoreRule
from namegen.core.data.normalization import hash_name
from namegen.core.data.profanity import are_profane
from namegen.core.data.vocabulary import END_TOKEN
from namegen.core.generation.constraints.constraint_list import ExcludedWords
from namegen.core.scoring.opening_limit import OPENING_LENGTH
from namegen.core.scoring.scorer import NGRAM_COST
from namegen.core.scoring.words import WORD_COST, word_digests
from tests.reading import engine_of

LOW = 0xFFFFFFFF


def uniforms_of_seed(seed: int) -> Iterator[float]:
    """Yield random numbers from xoshiro128**, seeded with splitmix32. Two 32-bit words make one number of 53 bits."""

    def rotate(x: int, bits: int) -> int:
        return ((x << bits) | (x >> (32 - bits))) & LOW

    state = []
    for k in range(1, 5):
        z = (seed + k * 0x9E3779B9) & LOW
        z = ((z ^ (z >> 16)) * 0x85EBCA6B) & LOW
        z = ((z ^ (z >> 13)) * 0xC2B2AE35) & LOW
        state.append(z ^ (z >> 16))

    def next32() -> int:
        result = (rotate((state[1] * 5) & LOW, 7) * 9) & LOW
        shifted = (state[1] << 9) & LOW
        state[2] ^= state[0]
        state[3] ^= state[1]
        state[1] ^= state[2]
        state[0] ^= state[3]
        state[2] ^= shifted
        state[3] = rotate(state[3], 11)
        return result

    while True:
        yield ((next32() >> 5) * 2**26 + (next32() >> 6)) / 2**53


class Drawer:
    """Computes the probabilities of the next token. Each prefix is computed only once.

    Args:
        checkpoint: the model.
        temperature: above 0.
    """

    def __init__(self, checkpoint: Checkpoint, temperature: float) -> None:
        self.engine = engine_of(checkpoint, "float64")
        self.temperature = temperature
        self.read: dict[tuple[int, ...], tuple[np.ndarray, object]] = {}

    def chances(self, prefix: tuple[int, ...]) -> np.ndarray:
        """Return the probability of each next token after a prefix, which begins with a start token."""
        return self._reading(prefix)[0]

    def _reading(self, prefix: tuple[int, ...]) -> tuple[np.ndarray, object]:
        if prefix not in self.read:
            before = (
                self._reading(prefix[:-1])[1] if len(prefix) > 1 else self.engine.initial_state(1)
            )
            logits, state = self.engine.step(np.array(prefix[-1:], np.int32), before)
            weights = np.exp((logits[0] - logits[0].max()) / self.temperature)
            self.read[prefix] = weights / weights.sum(), state
        return self.read[prefix]


def draw(uniform: float, chances: np.ndarray) -> int:
    """Return the first index at which the cumulative sum exceeds the number, or else the last index."""
    return min(int(np.searchsorted(np.cumsum(chances), uniform, side="right")), len(chances) - 1)


# The first pass ends after 30,000 letters, plus 1,500 letters for each name that it has found.
LETTERS, LETTERS_PER_NAME = 30_000, 1_500
# The second pass collects 4 candidates for each missing name, and draws at least 400 times.
CANDIDATES, DRAWS = 4, 400
# It stops early after this many draws or letters, plus an additional number for each missing name.
TRIES, TRIES_PER_NAME, LETTERS_OF_OTHERS, LETTERS_PER_OTHER = 10_000, 20, 100_000, 1_000
# If names must contain or end with a given string, only this limit applies.
LETTERS_WITH_TEXT, LETTERS_PER_NAME_WITH_TEXT = 30_000, 500


class Scores:
    """Scores the new names of a model, using the definition in ``core/scoring/scorer.py``.

    Args:
        checkpoint: the model.
        longest: the length of the longest name.
    """

    def __init__(self, checkpoint: Checkpoint, longest: int) -> None:
        assert checkpoint.ngrams is not None
        self.checkpoint, self.longest = checkpoint, longest
        self.drawer = Drawer(checkpoint, temperature=1.0)
        self.known = ngrams_of(checkpoint)
        self.symbols = symbols_of(checkpoint.vocabulary).tolist()
        self.missing, self.needed = cache(self._missing), cache(self._needed)
        self.log_probability = cache(self._log_probability)

    def label_of(self, ids: tuple[int, ...]) -> int:
        """Return the index of a prefix's label, from its start token."""
        return max(ids[0] - self.checkpoint.vocabulary.size, 0)

    def rule_of(self, ids: tuple[int, ...]) -> ScoreRule:
        """Return the score rule for the label of a prefix. A model may have one rule for all labels."""
        rules = self.checkpoint.score_rules
        return rules[min(self.label_of(ids), len(rules) - 1)]

    def _log_probability(self, ids: tuple[int, ...]) -> float:
        """Return the log-probability of a prefix, given its start token."""
        if len(ids) == 1:
            return 0.0
        return self.log_probability(ids[:-1]) + math.log(self.drawer.chances(ids[:-1])[ids[-1]])

    def _missing(self, ids: tuple[int, ...]) -> int:
        """Count the unknown n-grams and words of a prefix, or of a name that ends with an end token."""
        label, vocabulary, words = (
            self.label_of(ids),
            self.checkpoint.vocabulary,
            self.checkpoint.words,
        )
        start = vocabulary.size
        read, total = [start] * 4, 0
        for place, token in enumerate(ids[1:], start=1):
            ends_word = words is not None and vocabulary.characters[token - 1 : token] in (" ", "")
            read.append(END if ends_word else self.symbols[token])
            for order in range(2, ORDER + 1):
                if (label, *read[-order:]) not in self.known:
                    total += PAIR_COUNT if order == 2 else 1
            if ends_word:
                read = [start] * 4
                text = "".join(vocabulary.characters[k - 1] for k in ids[1:place]).rstrip(" ")
                total += (
                    0
                    if words.holds(word_digests([(text.split(" ")[-1], label)])).all()
                    else WORD_COST
                )
        return total

    def of_name(self, ids: tuple[int, ...]) -> float:
        """Return the score of a name. Its ids end with an end token."""
        rule, length = self.rule_of(ids), np.array([len(ids) - 2])
        z = (self.log_probability(ids) - rule.mean(length)[0]) / rule.spread(length)[0]
        return float(z - NGRAM_COST * self.missing(ids))

    def _needed(self, rule: ScoreRule, missing: int) -> list[float]:
        """Return the log-probabilities that names of each length need to reach the threshold."""
        lengths = np.arange(self.longest + 1)
        needed: list[float] = (
            rule.mean(lengths) + (rule.threshold + NGRAM_COST * missing) * rule.spread(lengths)
        ).tolist()
        return needed

    def may_reach(self, ids: tuple[int, ...]) -> bool:
        """Return whether a name reaches the threshold, or whether a prefix could reach it at some length."""
        is_whole = len(ids) > 1 and ids[-1] == END_TOKEN
        lengths = slice(len(ids) - 2, len(ids) - 1) if is_whole else slice(len(ids) - 1, None)
        needed = self.needed(self.rule_of(ids), self.missing(ids))[lengths]
        return any(self.log_probability(ids) >= one for one in needed)


def ngrams_of(checkpoint: Checkpoint) -> set[tuple[int, ...]]:
    """Return all n-grams of a model, each as a tuple of its label's index and its symbols."""
    ngrams = checkpoint.ngrams
    assert ngrams is not None
    paths = [(label,) for label in range(ngrams.labels)]
    rows = zip(ngrams.parent.tolist(), ngrams.symbol.tolist(), strict=True)
    for parent, symbol in list(rows)[ngrams.labels :]:
        paths.append((*paths[parent], symbol))
    return set(paths)


class OpeningLimit:
    """Among the first k names of a label, at most 1 + 2·p·k start with the same three characters."""

    def __init__(self) -> None:
        self.returned = Counter[tuple[int, str]]()

    def admits(self, name: Name) -> bool:
        """Return whether a name is within the limit. If so, count it as returned."""
        start, every = (name.ids[0], name.text[:OPENING_LENGTH].lower()), (name.ids[0], "")
        if self.returned[start] > 2 * name.opening_probability * (self.returned[every] + 1):
            return False
        self.returned.update([start, every])
        return True


@dataclass(frozen=True)
class Name:
    """A name that was drawn.

    Attributes:
        text: the name.
        ids: the start token, the characters and the end token.
        form: the normalized name. Two names are the same if their forms are equal.
        opening_probability: the probability of the opening, given the label and the required first letters.
    """

    text: str
    ids: tuple[int, ...]
    form: str
    opening_probability: float


class SearchOfSeed:
    """Finds the same names for a seed as the page and the module. The options have the names of the Python API."""

    def __init__(
        self,
        checkpoint: Checkpoint,
        *,
        n: int,
        seed: int,
        unfiltered: bool = False,
        temperature: float = 1.0,
        starts_with: str = "",
        ends_with: str = "",
        contains: str = "",
        min_length: int | None = None,
        max_length: int | None = None,
        label: str | None = None,
        allow_seen: bool = False,
        allow_profanity: bool = False,
        exclude_words: Sequence[str] = (),
    ) -> None:
        is_filtered = not unfiltered and checkpoint.ngrams is not None and checkpoint.score_rules
        usual = (
            checkpoint.longest_name if is_filtered else default_max_length(checkpoint.longest_name)
        )
        self.checkpoint, self.n, self.label, self.temperature = checkpoint, n, label, temperature
        self.starts_with, self.contains, self.ends_with = starts_with, contains, ends_with
        self.min_length, self.max_length = min_length, max_length or usual
        self.allow_seen, self.allow_profanity = allow_seen, allow_profanity
        self.excluded_words = ExcludedWords(exclude_words)
        self.characters, self.normalization = (
            checkpoint.vocabulary.characters,
            open_checkpoint(checkpoint, "a").normalization,
        )
        self.drawer, self.natural = Drawer(checkpoint, temperature), Drawer(checkpoint, 1.0)
        self.scores = Scores(checkpoint, self.max_length) if is_filtered else None
        self.numbers = uniforms_of_seed(seed)
        self.ways, self.odds = self.start_tokens()
        self.tries = self.letters = self.filled = 0
        self.taken = set[str]()
        self.names = [name.text for name in self.search()]

    def start_tokens(self) -> tuple[list[tuple[int, ...]], np.ndarray]:
        """Return the prefixes from which names are drawn, and their probabilities."""
        labels = list(self.checkpoint.labels)
        total = sum(one.names for one in labels)
        roots = [
            ((len(self.characters) + 1 + k,), one.names / total) for k, one in enumerate(labels)
        ]
        ways = [
            way for way, one in zip(roots, labels, strict=True) if self.label in (None, one.name)
        ]
        ways = ways or [((END_TOKEN,), 1.0)]
        if len(ways) == 1:
            ways = [(ways[0][0], 1.0)]
        for letter in self.starts_with:
            ids = [
                k
                for k, one in enumerate(self.characters, start=1)
                if one.casefold() == letter.casefold()
            ]
            ways = [
                ((*before, k), p * self.drawer.chances(before)[k])
                for before, p in ways
                for k in ids
            ]
            ways = sorted(ways, key=lambda way: -way[1])[:64]
        return [ids for ids, _ in ways], np.array([p for _, p in ways]) / sum(p for _, p in ways)

    def search(self) -> list[Name]:
        """Return all names."""
        if self.scores is None:
            return self.drawn(self.n, only_new=not self.allow_seen)
        if not self.allow_seen:
            return self.filtered(self.n)
        places = self.drawn(self.n, only_new=False)
        self.taken.clear()
        are_new = [self.is_new(name.form) for name in places]
        new_names = self.filtered(sum(are_new))
        return [
            new_names.pop(0) if is_new else name
            for name, is_new in zip(places, are_new, strict=True)
        ]

    def drawn(self, n: int, *, only_new: bool) -> list[Name]:
        """Return ``n`` names from the model's own distribution."""
        found: list[Name] = []
        while len(found) < n:
            name = self.draw(only_new=only_new, shortest=self.min_length or 1)
            if name is not None:
                self.taken.add(name.form)
                found.append(name)
        return found

    def filtered(self, n: int) -> list[Name]:
        """Return ``n`` new names. If too few reach the threshold, add the best of the other names."""
        shortest = self.min_length or min(self.checkpoint.shortest_name, self.max_length)
        limit, found = OpeningLimit(), []
        letters = self.letters
        while len(found) < n and self.letters - letters < LETTERS + LETTERS_PER_NAME * len(found):
            name = self.draw(only_new=True, shortest=shortest, scores=self.scores)
            if name is not None and limit.admits(name):
                self.taken.add(name.form)
                found.append(name)
        missing = n - len(found)
        return found + (self.best_of_others(missing, shortest, limit) if missing else [])

    def best_of_others(self, missing: int, shortest: int, limit: OpeningLimit) -> list[Name]:
        """Run the second pass, which ignores the threshold and returns the names with the highest scores."""
        candidates: list[Name] = []
        tries, letters = self.tries, self.letters
        while len(candidates) < CANDIDATES * missing or self.tries - tries < DRAWS:
            if self.is_enough(self.tries - tries, self.letters - letters, missing):
                break
            name = self.draw(only_new=True, shortest=shortest)
            if name is not None:
                self.taken.add(name.form)
                candidates.append(name)
        ranked = sorted(candidates, key=lambda name: -self.scores.of_name(name.ids))
        best: list[Name] = []
        for name in ranked:
            if len(best) < missing and limit.admits(name):
                best.append(name)
        best += [name for name in ranked if name not in best][: missing - len(best)]
        self.filled = len(best)
        return [name for name in candidates if name in best]

    def is_enough(self, tries: int, letters: int, missing: int) -> bool:
        """Return whether the second pass has to stop early, without enough candidates."""
        if self.contains or self.ends_with:
            return letters >= LETTERS_WITH_TEXT + LETTERS_PER_NAME_WITH_TEXT * missing
        return (
            tries >= TRIES + TRIES_PER_NAME * missing
            or letters >= LETTERS_OF_OTHERS + LETTERS_PER_OTHER * missing
        )

    def draw(self, *, only_new: bool, shortest: int, scores: Scores | None = None) -> Name | None:
        """Draw a name. Return None if it violates a constraint or, with ``scores``, doesn't reach the threshold."""
        self.tries += 1
        ids = self.ways[draw(self.number(), self.odds) if len(self.ways) > 1 else 0]
        if len(self.ways) > 1:
            self.letters -= 1  # choosing the start doesn't count as a letter
        while len(ids) == 1 or ids[-1] != END_TOKEN:
            token = draw(self.number(), self.drawer.chances(ids))
            if token != END_TOKEN and len(ids) > self.max_length:
                return None
            ids = (*ids, token)
            if scores is not None and not scores.may_reach(ids):
                return None
        text = "".join(self.characters[k - 1] for k in ids[1:-1])
        form = self.normalization.normalize(text)
        is_wanted = (
            len(text) >= shortest
            and text == text.strip()
            and text.casefold().endswith(self.ends_with.casefold())
            and self.contains.casefold() in text.casefold()
            and form not in self.taken
            and (self.allow_profanity or not are_profane([text]).any())
            and self.excluded_words.accepts(text)
            and (not only_new or self.is_new(form))
        )
        return Name(text, ids, form, self.opening_probability(ids)) if is_wanted and text else None

    def number(self) -> float:
        """Return the next random number."""
        self.letters += 1
        return next(self.numbers)

    def is_new(self, form: str) -> bool:
        """Return whether a name isn't in the training list."""
        known = self.checkpoint.known_names
        return known is None or hash_name(form) not in known.short

    def opening_probability(self, ids: tuple[int, ...]) -> float:
        """Return the probability of a name's opening, given its label and the required first letters."""
        openings = {way[: 1 + OPENING_LENGTH] for way in self.ways if way[0] == ids[0]}
        return self.probability(ids[: 1 + OPENING_LENGTH]) / sum(map(self.probability, openings))

    def probability(self, ids: tuple[int, ...]) -> float:
        """Return the probability of some ids, given the first one, which is a start token."""
        return math.prod(self.natural.chances(ids[:k])[ids[k]] for k in range(1, len(ids)))


def names_of_seed(checkpoint: Checkpoint, **options: Any) -> list[str]:
    """Return the names that a search finds."""
    return SearchOfSeed(checkpoint, **options).names
