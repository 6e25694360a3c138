"""Compute the exact probability of every name of a small model, using plain loops."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np

from namegen.core.data.labels import StartTokens
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.generation.generator import Generator
from namegen.core.generation.request import GenerationRequest
from namegen.core.generation.walk import Walk
from tests.reading import logits_behind


class SmallModel:
    """A language model whose next character depends on the whole prefix, without a regular pattern.

    The state is a number for each prefix. It's −1 before the start token. The logits are computed from it.
    """

    def __init__(self, characters: str = "abc", *, seed: float = 1.0, impossible: str = "") -> None:
        self.vocabulary = Vocabulary(characters)
        self.seed = seed
        self.impossible = [
            self.vocabulary.characters.index(character) + 1 for character in impossible
        ]

    @property
    def vocabulary_size(self) -> int:
        return self.vocabulary.size

    def initial_state(self, rows: int) -> np.ndarray:
        return np.full(rows, -1)

    def step(self, tokens: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        start = 1 + 977 * np.maximum(
            tokens - self.vocabulary_size + 1, 0
        )  # each start token has different logits
        prefix = np.where(state < 0, start, (state * 31 + tokens) % 1_000_003)
        ids = np.arange(self.vocabulary_size)
        logits = 1.5 * np.sin(self.seed + prefix[:, None] * (ids + 1.7) * 0.37) + (ids == 0) * 0.3
        logits[:, self.impossible] = -np.inf
        return logits.astype(np.float32), prefix

    def select(self, state: np.ndarray, rows: np.ndarray) -> np.ndarray:
        return state[rows]


class ReadingModel(SmallModel):
    """A small model that records how many rows it reads in each call."""

    def __init__(self, characters: str = "abc") -> None:
        super().__init__(characters)
        self.rows: list[int] = []

    def step(self, tokens: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        self.rows.append(len(tokens))
        return super().step(tokens, state)


def asking(n: int = 1, **options: Any) -> GenerationRequest:
    """Return a request that allows known names. It also allows profanity, because short names can look rude."""
    return GenerationRequest(n=n, **{"allow_profanity": True, "allow_seen": True} | options)


def walk_of(model: SmallModel, **options: Any) -> Walk:
    """Return a walk through the names that a request allows."""
    return Generator(model, model.vocabulary).prepare(asking(**options))


def names_of(source: Generator, n: int, seed: int = 0, **options: Any) -> list[str]:
    """Return the names that a generator returns for a request."""
    batches = source.generate(asking(n, seed=seed, **options))
    return [name for batch in batches for name in batch.names]


def most_likely(source: Generator, n: int, **options: Any) -> list[str]:
    """Return the most likely names that a request allows."""
    return [name for batch in source.most_likely(asking(n, **options)) for name in batch.names]


def next_chances(
    logits: np.ndarray,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
) -> list[float]:
    """Return the probabilities of one row of logits, computed number by number."""
    values = [float(value) for value in logits]
    if temperature == 0:
        return [float(place == values.index(max(values))) for place in range(len(values))]
    weights = [math.exp((value - max(values)) / temperature) for value in values]
    order = sorted(range(len(values)), key=lambda place: (-weights[place], place))
    if top_k is not None:
        order = order[:top_k]
    if top_p is not None:
        total, so_far, kept = sum(weights[place] for place in order), 0.0, []
        for place in order:
            if so_far < top_p * total:
                kept.append(place)
            so_far += weights[place]
        order = kept
    total = sum(weights[place] for place in order)
    return [weights[place] / total if place in order else 0.0 for place in range(len(values))]


def letters_of(model: SmallModel, start_token: int, name: str) -> list[float]:
    """Return the log-probability of each character of a name, and of its end."""
    tokens = [*model.vocabulary.encode(name).tolist(), 0]
    rows = logits_behind(model, [start_token, *tokens[:-1]])
    return [math.log(next_chances(row)[token]) for row, token in zip(rows, tokens, strict=True)]


def all_names(
    model: SmallModel, longest: int, *, start_token: int = 0, **sampling: float | None
) -> dict[str, float]:
    """Return the probability of each name with up to ``longest`` characters. Longer names have the rest."""
    chances: dict[str, float] = {}

    def walk(prefix: str, token: int, state: np.ndarray, so_far: float) -> None:
        logits, after = model.step(np.array([token], np.int32), state)
        step = next_chances(logits[0], **sampling)  # type: ignore[arg-type]
        chances[prefix] = so_far * step[0]
        if len(prefix) < longest:
            for place, character in enumerate(model.vocabulary.characters, start=1):
                if step[place] > 0:
                    walk(prefix + character, place, after, so_far * step[place])

    walk("", start_token, model.initial_state(1), 1.0)
    return chances


def over_beginnings(
    model: SmallModel, start_tokens: StartTokens, longest: int, **sampling: float | None
) -> dict[str, float]:
    """Return each name's probability over all start tokens: Σ share · p(name | start token)."""
    chances: dict[str, float] = defaultdict(float)
    for token, share in zip(start_tokens.tokens, start_tokens.shares, strict=True):
        for name, chance in all_names(model, longest, start_token=token, **sampling).items():
            chances[name] += share * chance
    return dict(chances)


def conditioned(chances: Mapping[str, float]) -> dict[str, float]:
    """Return the probabilities divided by their sum."""
    total = sum(chances.values())
    return {name: chance / total for name, chance in chances.items() if chance > 0}


def check_frequencies(counts: Mapping[str, int], chances: Mapping[str, float]) -> None:
    """Check counts against probabilities, using Pearson's chi-squared test.

    The check fails if the probabilities would give such counts less than once in a million times. Names that are
    expected fewer than five times are combined.
    """
    assert set(counts) <= set(chances), (
        f"impossible names: {sorted(set(counts) - set(chances))[:5]}"
    )
    n = sum(counts.values())
    expected, seen = [], []
    rest = Counter[str]()
    for name, chance in chances.items():
        if n * chance >= 5:
            expected.append(n * chance)
            seen.append(counts.get(name, 0))
        else:
            rest["expected"] += n * chance  # type: ignore[assignment]
            rest["seen"] += counts.get(name, 0)
    if rest["expected"] > 0:
        expected.append(float(rest["expected"]))
        seen.append(rest["seen"])
    statistic = sum((s - e) ** 2 / e for s, e in zip(seen, expected, strict=True))
    freedom = max(len(expected) - 1, 1)
    # The cube root of chi-squared / freedom is almost normally distributed (Wilson and Hilferty, 1931).
    spread = 2 / (9 * freedom)
    z = ((statistic / freedom) ** (1 / 3) - (1 - spread)) / math.sqrt(spread)
    assert z < 4.75, (
        f"chi-squared {statistic:.1f} with {freedom} degrees of freedom: {z:.1f} standard deviations"
    )
