"""The Markov chain against counting by hand."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np
import pytest

from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.evaluation.ngram import MarkovChain
from namegen.core.generation.generator import Generator
from namegen.errors import NamesError
from namegen.lists import load_bundled

NAMES = list(load_bundled("mlb-first").names[:500])
VOCABULARY = Vocabulary.from_names(NAMES)
TREE = PrefixTree.from_names(NAMES, VOCABULARY)


def counted_by_hand(order: int) -> dict[tuple[int, ...], Counter[int]]:
    """Context, the earliest token first → how often each token followed it."""
    found: dict[tuple[int, ...], Counter[int]] = defaultdict(Counter)
    for name in NAMES:
        tokens = [*VOCABULARY.encode(name).tolist(), 0]
        text = [0] * order + tokens
        for place, token in enumerate(tokens):
            found[tuple(text[place : place + order])][token] += 1
    return found


@pytest.mark.parametrize("order", [1, 2, 4])
def test_each_character_follows_as_often_as_in_the_list(order: int) -> None:
    chain, expected = MarkovChain(TREE, VOCABULARY.size, order), counted_by_hand(order)
    for name in ("nhoJJnho", *dict.fromkeys(NAMES)):  # the first one has contexts that no name has
        state, last, text = chain.initial_state(1), 0, [0] * order
        for token in VOCABULARY.encode(name).tolist():
            logits, state = chain.step(np.array([last], np.int32), state)
            counts = expected.get(tuple(text[-order:]))
            shares = np.full(VOCABULARY.size, 1 / VOCABULARY.size)
            if counts is not None:
                shares = np.array([counts[other] / counts.total() for other in range(VOCABULARY.size)])
            np.testing.assert_allclose(np.exp(logits[0]), shares, atol=1e-12)
            last = token
            text.append(token)


def test_what_it_draws_is_strung_together_from_the_list() -> None:
    order, seen = 2, counted_by_hand(2)
    generator = Generator(MarkovChain(TREE, VOCABULARY.size, order), VOCABULARY)
    rng = np.random.default_rng(0)
    [*batches] = generator.generate(300, rng=rng, allow_seen=True, allow_repeats=True)
    drawn = [name for batch in batches for name in batch.names]
    assert len(drawn) == 300
    assert set(drawn) - set(NAMES)  # new ones too
    for name in drawn:
        text = [0, 0, *VOCABULARY.encode(name).tolist(), 0]
        assert all(seen[text[place - 2], text[place - 1]][text[place]] for place in range(2, len(text)))


def test_an_order_below_one_is_refused() -> None:
    with pytest.raises(NamesError, match="order of a Markov chain is 0: expected at least 1"):
        MarkovChain(TREE, VOCABULARY.size, 0)
