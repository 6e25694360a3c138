"""Check metrics and ceilings by comparing them with plain calculations for each name."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.engine import LanguageModel
from namegen.core.evaluation.evaluator import AccuracyEvaluator, ceiling
from namegen.lists import load_bundled
from tests import reference
from tests.core.generation.exact import SmallModel
from tests.reading import logits_behind

MODEL = SmallModel()
V = MODEL.vocabulary_size
FIELDS = ("loss_nats_per_char", "accuracy_argmax", "accuracy_sampled")
Labelled = list[tuple[int, str]]
LISTS = st.lists(st.tuples(st.integers(0, 2), st.text("abc", max_size=4)), min_size=1, max_size=12)


def tree_of(names: Labelled) -> PrefixTree:
    return PrefixTree.from_names(
        [name for _, name in names], MODEL.vocabulary, [V + label for label, _ in names]
    )


def letters_of(
    model: LanguageModel, start_token: int, tokens: list[int]
) -> list[tuple[float, bool]]:
    """Return the log-probability of each character and the end token, and whether it was the most likely."""
    rows = zip(
        logits_behind(model, [start_token, *tokens]).astype(float), [*tokens, 0], strict=True
    )
    return [(row[token] - np.logaddexp.reduce(row), np.argmax(row) == token) for row, token in rows]


def figures(letters: list[tuple[float, bool]]) -> list[float]:
    """Return the values of ``Metrics`` for the characters of all names."""
    sums = zip(*((-score, right, math.exp(score)) for score, right in letters), strict=True)
    return [sum(values) / len(letters) for values in sums]


@given(LISTS, st.sampled_from([1, 3, 100]))
def test_metrics_agree_with_evaluating_each_name_separately(names: Labelled, rows: int) -> None:
    """Check all names together and each label, with any number of prefixes per chunk."""
    tree, evaluator = tree_of(names), AccuracyEvaluator(MODEL)
    of_each: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    for label, name in names:
        of_each[label] += letters_of(MODEL, V + label, MODEL.vocabulary.encode(name).tolist())
    with patch("namegen.core.evaluation.prefix_reader.CHUNK_ROWS", rows):
        metrics = evaluator.evaluate(tree)
        each = {
            label: evaluator.evaluate(tree_of([entry for entry in names if entry[0] == label]))
            for label in of_each
        }
        scores = evaluator.name_log_probabilities(tree)
    expected = figures([letter for of_label in of_each.values() for letter in of_label])
    assert [getattr(metrics, field) for field in FIELDS] == pytest.approx(expected)
    assert metrics.bits_per_char == pytest.approx(expected[0] / math.log(2))
    for label, of_label in each.items():
        assert [getattr(of_label, field) for field in FIELDS] == pytest.approx(
            figures(of_each[label])
        )
    rows_of = tree.sequences()
    spelled = zip(rows_of.start_tokens, MODEL.vocabulary.decode_all(rows_of.tokens), strict=True)
    sums = [
        sum(score for score, _ in letters_of(MODEL, b, MODEL.vocabulary.encode(n).tolist()))
        for b, n in spelled
    ]
    np.testing.assert_allclose(scores, sums, atol=1e-9)


@given(st.lists(st.text("ab", min_size=1, max_size=5), min_size=1, max_size=30))
@example(list(load_bundled("mlb-first").names[:5000]))
def test_the_ceiling_agrees_with_plain_counting(names: list[str]) -> None:
    expected, metrics = (
        reference.ceiling(names),
        ceiling(PrefixTree.from_names(names, Vocabulary.from_names(names))),
    )
    assert metrics.to_dict() == pytest.approx(expected, abs=1e-12)


@given(LISTS)
def test_the_ceiling_is_computed_separately_for_each_label(names: Labelled) -> None:
    follows: dict[tuple[int, str], Counter[str]] = defaultdict(Counter)
    for label, name in names:
        for length in range(len(name) + 1):
            follows[label, name[:length]][name[length : length + 1]] += 1
    loss = sum(
        -n * math.log(n / counts.total()) for counts in follows.values() for n in counts.values()
    )
    tree = tree_of(names)
    assert ceiling(tree).loss_nats_per_char == pytest.approx(loss / tree.characters, abs=1e-12)
