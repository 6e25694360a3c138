"""A slow, obvious Python version of a search in the web page and the JavaScript module.

With the same seed, it finds the same names. It draws one letter after another with Python's networks, scores and
limits, but it has no text constraints and no second pass.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from namegen.api.model import open_checkpoint
from namegen.core.checkpoint.checkpoint import Checkpoint
from namegen.core.data.normalization import hash_name
from namegen.core.data.patterns import patterns_of
from namegen.core.data.profanity import are_profane
from namegen.core.data.vocabulary import END_TOKEN
from namegen.core.scoring.opening_limit import OPENING_LENGTH, OpeningLimit
from namegen.core.scoring.scorer import scorer_of, with_end_weight
from tests.reading import engine_of

WORD = 2**32


def uniforms_of_seed(seed: int) -> Iterator[float]:
    """Yield random numbers from xoshiro128**, seeded with splitmix32. Two 32-bit words make one number of 53 bits."""
    state = []
    for k in range(1, 5):
        z = (seed + k * 0x9E3779B9) % WORD
        z = (z ^ (z >> 16)) * 0x85EBCA6B % WORD
        z = (z ^ (z >> 13)) * 0xC2B2AE35 % WORD
        state.append(z ^ (z >> 16))

    def rotate(word: int, bits: int) -> int:
        return (word << bits | word >> (32 - bits)) % WORD

    def next_word() -> int:
        result = rotate(state[1] * 5 % WORD, 7) * 9 % WORD
        shifted = (state[1] << 9) % WORD
        state[2] ^= state[0]
        state[3] ^= state[1]
        state[1] ^= state[2]
        state[0] ^= state[3]
        state[2] ^= shifted
        state[3] = rotate(state[3], 11)
        return result

    while True:
        yield ((next_word() >> 5) * 2**26 + (next_word() >> 6)) / 2**53


class SeededSearch:
    """Draws names of a model from a seed.

    Args:
        checkpoint: The model.
        seed: The seed.
        unfiltered: Whether names are drawn from the model's own distribution.
    """

    def __init__(self, checkpoint: Checkpoint, seed: int, *, unfiltered: bool = False) -> None:
        self.checkpoint = checkpoint
        self.engine = engine_of(checkpoint, "float64")
        self.normalization = open_checkpoint(checkpoint, "a").normalization
        self.numbers = uniforms_of_seed(seed)
        is_filtered = not unfiltered and checkpoint.ngrams is not None and checkpoint.score_rules
        self.scorer = scorer_of(checkpoint) if is_filtered else None
        self.longest = checkpoint.longest_name if is_filtered else checkpoint.max_length
        self.shortest = checkpoint.shortest_name if is_filtered else 1
        # By tokens: the log-probability of each next token, and the network's state.
        self.outputs: dict[tuple[int, ...], tuple[np.ndarray, object]] = {}

    def names(self, n: int, temperature: float = 1.0) -> list[str]:
        """Return ``n`` new, distinct names."""
        limit, taken, names = OpeningLimit(), set(), []
        known = self.checkpoint.known_names
        while len(names) < n:
            ids = self.draw(temperature)
            if ids is None:
                continue
            text = "".join(self.checkpoint.vocabulary.characters[token - 1] for token in ids[1:])
            form = self.normalization.normalize(text)
            is_well_formed = len(text) >= self.shortest and text == text.strip()
            is_known = known is not None and hash_name(form) in known.short
            usual = set(self.checkpoint.patterns)
            if self.scorer is not None and usual and not patterns_of(text) <= usual:
                continue
            if not is_well_formed or form in taken or is_known or are_profane([text])[0]:
                continue
            if self.scorer is not None:
                opening = np.exp(self.log_probability((*ids, END_TOKEN)[: OPENING_LENGTH + 1]))
                label = np.array([ids[0]])
                if not limit.admits([text], label, np.array([opening]), most=1)[0]:
                    continue
            taken.add(form)
            names.append(text)
        return names

    def draw(self, temperature: float) -> tuple[int, ...] | None:
        """Draw one name, as its start token and its characters. None if it's too long, or its score is too low."""
        starts = self.checkpoint.start_tokens
        place = self.choose(np.array(starts.shares)) if len(starts.tokens) > 1 else 0
        ids: tuple[int, ...] = (starts.tokens[place],)
        start_tokens = np.array(ids, np.int32)
        tally = None if self.scorer is None else self.scorer.start(start_tokens)
        while True:
            weights = np.exp(self.next_log_probabilities(ids) / temperature)
            token = self.choose(weights / weights.sum())
            is_whole = token == END_TOKEN
            if not is_whole and len(ids) > self.longest:
                return None
            if not is_whole:
                ids = (*ids, token)
            if self.scorer is not None:
                characters = np.array(ids[1:], np.int32)[None]
                tally = self.scorer.read(tally, characters, start_tokens, are_whole_names=is_whole)
                log_probability = np.array([self.log_probability(ids)])
                if is_whole:
                    of_name = np.array([self.log_probability((*ids, END_TOKEN))])
                    log_probability = with_end_weight(of_name, log_probability)
                reaches = self.scorer.reaches(
                    log_probability,
                    length=len(ids) - 1,
                    tally=tally,
                    start_tokens=start_tokens,
                    longest=self.longest,
                    are_whole_names=is_whole,
                )
                if not reaches[0]:
                    return None
            if is_whole:
                return ids

    def choose(self, probabilities: np.ndarray) -> int:
        """Return the first index whose cumulative probability exceeds the next random number."""
        number = next(self.numbers)
        return min(int((np.cumsum(probabilities) <= number).sum()), len(probabilities) - 1)

    def next_log_probabilities(self, ids: tuple[int, ...]) -> np.ndarray:
        """Return the log-probability of each next token at temperature 1."""
        return self.output(ids)[0]

    def output(self, ids: tuple[int, ...]) -> tuple[np.ndarray, object]:
        """Return the log-probability of each next token, and the network's state."""
        if ids not in self.outputs:
            state = self.output(ids[:-1])[1] if len(ids) > 1 else self.engine.initial_state(1)
            logits, state = self.engine.step(np.array(ids[-1:], np.int32), state)
            self.outputs[ids] = (logits[0] - np.logaddexp.reduce(logits[0]), state)
        return self.outputs[ids]

    def log_probability(self, ids: tuple[int, ...]) -> float:
        """Return the log-probability of some tokens, given the first one, which is a start token."""
        return float(sum(self.next_log_probabilities(ids[:k])[ids[k]] for k in range(1, len(ids))))
