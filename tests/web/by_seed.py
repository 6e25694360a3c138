"""What page and module give for a seed, written once more in Python: slow, obvious, one name after the other.

``docs/use/web.md`` is what it follows; the network is the NumPy engine's in float64.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from namegen.api.model import open_checkpoint
from namegen.core.data.fourgrams import FourGrams
from namegen.core.data.rude import are_rude
from namegen.core.data.sameness import digest
from namegen.core.data.shapes import fits
from namegen.core.data.vocabulary import BOUNDARY
from namegen.core.network.checkpoint import Checkpoint
from namegen.core.network.record import default_max_length
from tests.reading import engine_of

LOW = 0xFFFFFFFF


def uniforms_of_seed(seed: int) -> Iterator[float]:
    """splitmix32 fills four words, xoshiro128** goes on, two words make 53 bits."""

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
    """Reads prefixes, each once.

    Args:
        checkpoint: the model.
        temperature: above 0.
    """

    def __init__(self, checkpoint: Checkpoint, temperature: float) -> None:
        self.engine = engine_of(checkpoint, "float64")
        self.temperature = temperature
        self.read: dict[tuple[int, ...], tuple[np.ndarray, object]] = {}

    def chances(self, prefix: tuple[int, ...]) -> np.ndarray:
        """The probability of each id behind these ids, the first of which is a beginning."""
        return self._reading(prefix)[0]

    def _reading(self, prefix: tuple[int, ...]) -> tuple[np.ndarray, object]:
        if prefix not in self.read:
            before = self._reading(prefix[:-1])[1] if len(prefix) > 1 else self.engine.initial_state(1)
            logits, state = self.engine.step(np.array(prefix[-1:], np.int32), before)
            weights = np.exp((logits[0] - logits[0].max()) / self.temperature)
            self.read[prefix] = weights / weights.sum(), state
        return self.read[prefix]


def draw(uniform: float, chances: np.ndarray) -> int:
    """The first place whose cumulative sum exceeds the number, the last one as a clamp."""
    return min(int(np.searchsorted(np.cumsum(chances), uniform, side="right")), len(chances) - 1)


def names_of_seed(
    checkpoint: Checkpoint,
    *,
    n: int,
    seed: int,
    choose: float | None = None,
    temperature: float = 1.0,
    starts_with: str = "",
    ends_with: str = "",
    contains: str = "",
    min_length: int = 1,
    max_length: int | None = None,
    label: str | None = None,
    allow_seen: bool = False,
    rude: bool = False,
) -> list[str]:
    """The first n names that are as wished, all of one share."""
    max_length = max_length or default_max_length(checkpoint.longest_name)
    characters, sameness = checkpoint.vocabulary.characters, open_checkpoint(checkpoint, "a").sameness
    drawer, as_learned = Drawer(checkpoint, temperature), Drawer(checkpoint, 1.0)
    numbers, choose = uniforms_of_seed(seed), checkpoint.choose if choose is None else choose
    bars = None if choose == 1 or checkpoint.bars is None else checkpoint.bars.at(choose)

    known, labelled = checkpoint.fourgrams, len(checkpoint.labels)
    fourgrams = known and FourGrams(known, checkpoint.vocabulary, labelled, checkpoint.known_names)

    def reaches(prefix: tuple[int, ...], *, whole: bool) -> bool:
        if bars is None:
            return True
        tokens, beginning = np.array([prefix[1:]], np.int32), np.array(prefix[:1], np.int32)
        if fourgrams is not None and not fourgrams.allows(tokens, beginning, ended=whole).all():
            return False
        ids = (*prefix, BOUNDARY) if whole else prefix
        scores = [float(np.log(as_learned.chances(ids[:k])[ids[k]])) for k in range(1, len(ids))]
        merit = sum(scores[:3]) / 2 + sum(scores[3:])
        row = bars[max(prefix[0] - checkpoint.vocabulary.size, 0) % len(bars)]
        return bool((merit >= row[len(prefix) - 1 : len(prefix) if whole else max_length + 1]).any())

    labels = list(checkpoint.labels)
    total = sum(one.names for one in labels)
    shares = [((len(characters) + 1 + k,), one.names / total) for k, one in enumerate(labels)]
    ways = [way for way, one in zip(shares, labels, strict=True) if label in (None, one.name)] or [((BOUNDARY,), 1.0)]
    if len(ways) == 1:
        ways = [(ways[0][0], 1.0)]
    for letter in starts_with:
        ids = [k for k, character in enumerate(characters, start=1) if character.casefold() == letter.casefold()]
        ways = [((*ids_before, k), p * drawer.chances(ids_before)[k]) for ids_before, p in ways for k in ids]
        ways = sorted(ways, key=lambda way: -way[1])[:64]
    odds = np.array([p for _, p in ways]) / sum(p for _, p in ways)

    found, taken, begun = [], set[str](), Counter[tuple[int, str]]()
    varied = bars is not None and temperature == 1 and not starts_with + ends_with + contains
    while len(found) < n:
        prefix = ways[draw(next(numbers), odds) if len(ways) > 1 else 0][0]
        while (token := draw(next(numbers), drawer.chances(prefix))) != BOUNDARY and len(prefix) <= max_length:
            prefix = (*prefix, token)
            if not reaches(prefix, whole=False):
                break
        name = "".join(characters[k - 1] for k in prefix[1:])
        form = sameness.normalise(name)
        if (
            token == BOUNDARY
            and reaches(prefix, whole=True)
            and len(name) >= min_length
            and name == name.strip()
            and name.casefold().endswith(ends_with.casefold())
            and contains.casefold() in name.casefold()
            and form not in taken
            and (not checkpoint.shapes or fits(name, frozenset(checkpoint.shapes)))
            and (rude or not are_rude([name]).any())
            and (allow_seen or digest(form) not in checkpoint.known_names.short)
        ):
            chance = np.prod([as_learned.chances(prefix[:k])[prefix[k]] for k in range(1, len(prefix))][:3])
            if not varied or begun[prefix[0], name[:3]] < 1 + 1.75 * chance * begun[prefix[0], ""]:
                begun.update([(prefix[0], name[:3]), (prefix[0], "")])
                taken.add(form)
                found.append(name)
    return found
