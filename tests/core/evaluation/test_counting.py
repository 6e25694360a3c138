"""The n-gram against the plainest way to count."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.evaluation.evaluator import AccuracyEvaluator
from namegen.core.evaluation.ngram import NgramModel
from namegen.lists import load_bundled
from namegen.types import Array, Float64

BEGINNING, STOP = "^", "$"
NAMES = st.lists(st.text("ab", min_size=1, max_size=5), min_size=1, max_size=30)


def tree_of(names: list[str]) -> tuple[PrefixTree, Vocabulary]:
    vocabulary = Vocabulary.from_names(names)
    return PrefixTree.from_names(names, vocabulary), vocabulary


def plain_witten_bell(names: list[str], order: int, size: int, context: list[int], token: int) -> float:
    """The formula, its counts collected from the token lists of all names, START padded to the left."""
    vocabulary = Vocabulary.from_names(names)
    chance = 1 / size
    for length in range(order):
        follows: Counter[int] = Counter()
        wanted = ([0] * length + context)[len(context) :] if length else []
        for name in names:
            tokens = [0] * length + [0] + vocabulary.encode(name).tolist() + [0]
            for place in range(length + 1, len(tokens)):
                if tokens[place - length : place] == wanted:
                    follows[tokens[place]] += 1
        if follows:
            kinds = len(follows)
            chance = (follows[token] + kinds * chance) / (follows.total() + kinds)
    return chance


class PlainKneserNey:
    """The formulas of Chen and Goodman (1999), section 3, in dictionaries; what a name is read after is ``^``."""

    def __init__(self, names: list[str], order: int) -> None:
        self.order, self.symbols = order, [STOP, *sorted(set("".join(names)))]
        raw: Counter[tuple[str, str]] = Counter()  # (context, what followed it), of every length up to order − 1
        for name in names:
            text = BEGINNING + name + STOP
            for place in range(1, len(text)):
                for length in range(min(place, order - 1) + 1):
                    raw[text[place - length : place], text[place]] += 1
        before: defaultdict[tuple[str, str], set[str]] = defaultdict(set)  # which letters stood to the left of it
        for context, follower in raw:
            if context:
                before[context[1:], follower].add(context[0])
        self.counts: dict[str, dict[str, int]] = {}
        for (context, follower), count in raw.items():
            as_it_stands = len(context) == order - 1 or context.startswith(BEGINNING)
            adjusted = count if as_it_stands else len(before[context, follower])
            self.counts.setdefault(context, {})[follower] = adjusted
        self.discounts = [self._discounts(length) for length in range(order)]

    def _discounts(self, length: int) -> list[float]:
        n = Counter(
            count for context, found in self.counts.items() if len(context) == length for count in found.values()
        )
        found = []
        for times in (1, 2, 3):
            discount = -1.0
            if n[1] and n[times] and n[times + 1]:
                y = n[1] / (n[1] + 2 * n[2])
                discount = times - (times + 1) * y * n[times + 1] / n[times]
            found.append(discount if 0 < discount <= times else (0.5, 1.0, 1.5)[times - 1])
        return found

    def chance(self, prefix: str, follower: str) -> float:
        """Of one character behind a prefix of a name."""
        text = BEGINNING + prefix
        chance = 1 / len(self.symbols)
        for length in range(min(self.order - 1, len(text)) + 1):
            found = self.counts.get(text[len(text) - length :])
            if found is None:
                break
            total = sum(found.values())
            taken = {key: self.discounts[length][min(count, 3) - 1] for key, count in found.items()}
            share = (found[follower] - taken[follower]) / total if follower in found else 0.0
            chance = share + sum(taken.values()) / total * chance
        return chance


@given(NAMES, st.integers(1, 6), st.text("ab", max_size=6))
def test_kneser_ney_is_the_formulas(names: list[str], order: int, prefix: str) -> None:
    tree, vocabulary = tree_of(names)
    prefix = "".join(letter for letter in prefix if letter in vocabulary.characters)
    plain = PlainKneserNey(names, order)
    chances = chances_after(NgramModel(tree, vocabulary.size, order, "kneser-ney"), vocabulary, prefix)
    np.testing.assert_allclose(chances, [plain.chance(prefix, symbol) for symbol in plain.symbols], rtol=1e-12)
    assert chances.sum() == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("order", [2, 5, 8])
def test_kneser_ney_is_the_formulas_on_a_real_list(order: int) -> None:
    """Long enough that every discount is estimated: read after every prefix of fifty names."""
    names = sorted(set(load_bundled("mlb-last").names))[::8]
    tree, vocabulary = tree_of(names)
    model, plain = NgramModel(tree, vocabulary.size, order, "kneser-ney"), PlainKneserNey(names, order)
    for name in names[:1000:20]:
        for length in range(len(name) + 1):
            expected = [plain.chance(name[:length], symbol) for symbol in plain.symbols]
            np.testing.assert_allclose(chances_after(model, vocabulary, name[:length]), expected, rtol=1e-12)


def chances_after(model: NgramModel, vocabulary: Vocabulary, prefix: str) -> Float64[Array, "V"]:
    """Of every token, behind a prefix of a name."""
    state = model.initial_state(1)
    for token in [0, *vocabulary.encode(prefix).tolist()]:
        logits, state = model.step(np.array([token], np.int32), state)
    return np.exp(logits[0])


@given(NAMES, st.integers(1, 4), st.data())
def test_the_ngram_is_the_formula(names: list[str], order: int, data: st.DataObject) -> None:
    tree, vocabulary = tree_of(names)
    model = NgramModel(tree, vocabulary.size, order)
    prefix = data.draw(st.lists(st.integers(1, vocabulary.size - 1), max_size=4))
    state = model.initial_state(1)
    for token in [0, *prefix]:
        logits, state = model.step(np.array([token], np.int32), state)
    chances = [
        plain_witten_bell(names, order, vocabulary.size, [0, *prefix], token) for token in range(vocabulary.size)
    ]
    np.testing.assert_allclose(np.exp(logits[0]), chances, atol=1e-12)
    assert np.exp(logits[0]).sum() == pytest.approx(1)


def test_the_best_order_is_the_one_with_the_lowest_held_out_loss() -> None:
    split = load_bundled("mlb-first").split(0.1, "names", 0)
    vocabulary = Vocabulary.from_names(split.training + split.validation)
    training, held_out = (PrefixTree.from_names(part, vocabulary) for part in (split.training, split.validation))
    model, figures = NgramModel.best(training, held_out, vocabulary.size)
    others = {}
    for order, smoothing in product(range(2, 9), ("witten-bell", "kneser-ney")):
        other = NgramModel(training, vocabulary.size, order, smoothing)
        others[order, smoothing] = AccuracyEvaluator(other).evaluate(held_out)
    assert figures.loss_nats_per_char == min(other.loss_nats_per_char for other in others.values())
    assert others[model.order, model.smoothing] == figures
