"""Check n-grams and the Markov chain by comparing them with plain Python implementations."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import product

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from namegen.core.data.corpus import Corpus
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.evaluation.evaluator import AccuracyEvaluator
from namegen.core.evaluation.references import best_ngram
from namegen.core.models.ngram import UNSMOOTHED, NgramModel
from namegen.core.settings import DataSettings
from namegen.lists import load_bundled
from tests.reading import logits_behind

BEGINNING, STOP = "^", "$"
NAMES = st.lists(st.text("ab", min_size=1, max_size=5), min_size=1, max_size=30)
ABC = Vocabulary("abc")
PLAIN = -4  # a label whose start token is the plain one: ABC.size + PLAIN is 0


def tree_of(names: list[str]) -> tuple[PrefixTree, Vocabulary]:
    vocabulary = Vocabulary.from_names(names)
    return PrefixTree.from_names(names, vocabulary), vocabulary


def plain_witten_bell(
    names: list[tuple[int, str]], order: int, context: list[int], token: int
) -> float:
    """Return the probability by the Witten-Bell formula. Names are padded on the left with their start token."""
    chance = 1 / ABC.size
    for length in range(order):
        wanted = ([context[0]] * length + context)[len(context) :] if length else []
        follows: Counter[int] = Counter()
        for label, name in names:
            tokens = [ABC.size + label] * (length + 1) + ABC.encode(name).tolist() + [0]
            for index in range(length + 1, len(tokens)):
                if tokens[index - length : index] == wanted:
                    follows[tokens[index]] += 1
        if follows:
            chance = (follows[token] + len(follows) * chance) / (follows.total() + len(follows))
    return chance


@given(
    st.one_of(
        st.lists(st.tuples(st.integers(0, 2), st.text("abc", max_size=4)), min_size=1, max_size=12),
        st.lists(st.tuples(st.just(PLAIN), st.text("abc", max_size=4)), min_size=1, max_size=12),
    ),
    st.integers(1, 4),
    st.sampled_from([PLAIN, 0, 1, 2, 3]),
    st.text("abc", max_size=3),
)
@example([(1, "a"), (0, "b")], 3, 1, "")
@example(
    [(0, "ab")], 3, 3, "a"
)  # the code of the context ab must differ from the code of label 3 followed by a
def test_witten_bell_agrees_with_the_formula(
    names: list[tuple[int, str]], order: int, label: int, prefix: str
) -> None:
    """Label 3 never occurs in the names, so only the shorter contexts matter there."""
    tree = PrefixTree.from_names(
        [name for _, name in names], ABC, [ABC.size + label for label, _ in names]
    )
    context = [ABC.size + label, *ABC.encode(prefix).tolist()]
    probabilities = np.exp(logits_behind(NgramModel(tree, ABC.size, order), context)[-1])
    expected = [plain_witten_bell(names, order, context, token) for token in range(ABC.size)]
    np.testing.assert_allclose(probabilities, expected, atol=1e-12)


class PlainKneserNey:
    """The formulas of section 3 of Chen and Goodman (1999), computed with dictionaries. ``^`` is the start token."""

    def __init__(self, names: list[str], order: int) -> None:
        self.order, self.symbols = order, [STOP, *sorted(set("".join(names)))]
        raw: Counter[tuple[str, str]] = (
            Counter()
        )  # (context, next character), for contexts of up to order − 1 characters
        for name in names:
            text = BEGINNING + name + STOP
            for index in range(1, len(text)):
                for length in range(min(index, order - 1) + 1):
                    raw[text[index - length : index], text[index]] += 1
        before: defaultdict[tuple[str, str], set[str]] = defaultdict(
            set
        )  # the characters that precede it
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
        of_length = [counts for context, counts in self.counts.items() if len(context) == length]
        n = Counter(count for counts in of_length for count in counts.values())
        discounts = []
        for times in (1, 2, 3):
            discount = -1.0
            if n[1] and n[times] and n[times + 1]:
                y = n[1] / (n[1] + 2 * n[2])
                discount = times - (times + 1) * y * n[times + 1] / n[times]
            discounts.append(discount if 0 < discount <= times else (0.5, 1.0, 1.5)[times - 1])
        return discounts

    def chance(self, prefix: str, follower: str) -> float:
        """Return the probability of a character after a prefix of a name."""
        text = BEGINNING + prefix
        chance = 1 / len(self.symbols)
        for length in range(min(self.order - 1, len(text)) + 1):
            counts = self.counts.get(text[len(text) - length :])
            if counts is None:
                break
            total = sum(counts.values())
            taken = {
                key: self.discounts[length][min(count, 3) - 1] for key, count in counts.items()
            }
            share = (counts[follower] - taken[follower]) / total if follower in counts else 0.0
            chance = share + sum(taken.values()) / total * chance
        return chance


@given(NAMES, st.integers(1, 6), st.text("ab", max_size=6))
def test_kneser_ney_agrees_with_the_formulas(names: list[str], order: int, prefix: str) -> None:
    tree, vocabulary = tree_of(names)
    prefix = "".join(letter for letter in prefix if letter in vocabulary.characters)
    plain, model = (
        PlainKneserNey(names, order),
        NgramModel(tree, vocabulary.size, order, "kneser-ney"),
    )
    probabilities = np.exp(logits_behind(model, [0, *vocabulary.encode(prefix)])[-1])
    np.testing.assert_allclose(
        probabilities, [plain.chance(prefix, symbol) for symbol in plain.symbols], rtol=1e-12
    )


def test_the_best_order_has_the_lowest_validation_loss(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    corpus = Corpus.from_names(load_bundled("mlb-first").names[:5_000])
    learned, chosen_by, _ = corpus.split(DataSettings(split="by-row"), seed=0)
    vocabulary = corpus.vocabulary
    training, held_out = (
        PrefixTree.from_names(part.names, vocabulary) for part in (learned, chosen_by)
    )
    model, figures = best_ngram(training, held_out, vocabulary.size)
    others = {}
    for order, smoothing in product(range(2, 9), ("witten-bell", "kneser-ney")):
        other = NgramModel(training, vocabulary.size, order, smoothing)
        others[order, smoothing] = AccuracyEvaluator(other).evaluate(held_out)
    assert figures.loss_nats_per_char == min(other.loss_nats_per_char for other in others.values())
    assert others[model.order, model.smoothing] == figures


SOME = list(load_bundled("mlb-first").names[:250])
TREE, VOCABULARY = tree_of(SOME)


def counted_by_hand(order: int) -> dict[tuple[int, ...], Counter[int]]:
    """Return how often each token follows each context. A context's earliest token comes first."""
    counts: dict[tuple[int, ...], Counter[int]] = defaultdict(Counter)
    for name in SOME:
        text = [0] * order + [*VOCABULARY.encode(name).tolist(), 0]
        for index in range(order, len(text)):
            counts[tuple(text[index - order : index])][text[index]] += 1
    return counts


@pytest.mark.parametrize("order", [1, 2, 4])
def test_markov_chain_probabilities_are_the_frequencies_in_the_list(order: int) -> None:
    chain, expected = (
        NgramModel(TREE, VOCABULARY.size, order + 1, UNSMOOTHED),
        counted_by_hand(order),
    )
    for name in (
        "nhoJJnho",
        *dict.fromkeys(SOME),
    ):  # the first one has contexts that aren't in the list
        text = [0] * order + VOCABULARY.encode(name).tolist()
        for index, logits in enumerate(logits_behind(chain, text[order - 1 :])):
            counts = expected.get(tuple(text[index : index + order]))
            shares = np.full(VOCABULARY.size, 1 / VOCABULARY.size)
            if counts is not None:
                shares = np.array(
                    [counts[other] / counts.total() for other in range(VOCABULARY.size)]
                )
            np.testing.assert_allclose(np.exp(logits), shares, atol=1e-12)
