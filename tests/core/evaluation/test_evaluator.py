"""Metrics, ceiling and sums of groups, compared with reading each name by itself; and the self-test logits."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.engine import LanguageModel
from namegen.core.evaluation.evaluator import AccuracyEvaluator, ceiling
from namegen.core.evaluation.name_groups import GROUPS, group_sums, groups_of
from namegen.core.evaluation.self_test import check_self_test, probe_tokens, self_test_logits
from namegen.core.models.ngram import NgramModel
from namegen.errors import CheckpointError
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
    """The log-probability of each character and of the end, and whether it was the likeliest."""
    rows = zip(
        logits_behind(model, [start_token, *tokens]).astype(float), [*tokens, 0], strict=True
    )
    return [(row[token] - np.logaddexp.reduce(row), np.argmax(row) == token) for row, token in rows]


def figures(letters: list[tuple[float, bool]]) -> list[float]:
    """The values of ``Metrics`` for the letters of all names."""
    sums = zip(*((-score, right, math.exp(score)) for score, right in letters), strict=True)
    return [sum(values) / len(letters) for values in sums]


@given(LISTS, st.sampled_from([1, 3, 100]))
def test_each_name_is_read_behind_its_beginning(names: Labelled, rows: int) -> None:
    """However many prefixes are read at a time; of all names, and of those of each label."""
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
def test_the_ceiling_is_that_of_a_plain_count(names: list[str]) -> None:
    expected, metrics = (
        reference.ceiling(names),
        ceiling(PrefixTree.from_names(names, Vocabulary.from_names(names))),
    )
    assert metrics.to_dict() == pytest.approx(expected, abs=1e-12)


@given(LISTS)
def test_the_ceiling_knows_the_label(names: Labelled) -> None:
    follows: dict[tuple[int, str], Counter[str]] = defaultdict(Counter)
    for label, name in names:
        for length in range(len(name) + 1):
            follows[label, name[:length]][name[length : length + 1]] += 1
    loss = sum(
        -n * math.log(n / counts.total()) for counts in follows.values() for n in counts.values()
    )
    tree = tree_of(names)
    assert ceiling(tree).loss_nats_per_char == pytest.approx(loss / tree.characters, abs=1e-12)


def test_the_sums_of_each_group_are_those_of_reading_every_name() -> None:
    """Duplicates count. A name's group doesn't depend on its label."""
    names = list(load_bundled("mlb-first").names[:100])  # many of them more than once
    vocabulary = Vocabulary.from_names(names)
    labels = [vocabulary.size + index % 2 for index in range(100)]
    model = NgramModel(PrefixTree.from_names(names[:50], vocabulary), vocabulary.size, 3)
    for tree, start_tokens in (
        (PrefixTree.from_names(names, vocabulary), [0] * 100),
        (PrefixTree.from_names(names, vocabulary, labels), labels),
    ):
        sums = np.zeros((GROUPS, 4))
        for name, start_token in zip(names, start_tokens, strict=True):
            for score, right in letters_of(model, start_token, vocabulary.encode(name).tolist()):
                sums[groups_of([name])[0]] += (1, -score, right, math.exp(score))
        sums_of_groups = group_sums(model, tree, vocabulary)
        made = np.stack(
            [sums_of_groups[name] for name in ("characters", "nats", "hits", "sampled")], axis=1
        )
        np.testing.assert_allclose(made, sums, atol=1e-9)


def test_groups_are_of_about_one_size() -> None:
    distinct = list(dict.fromkeys(load_bundled("mlb-last").names))
    sizes = np.bincount(groups_of(distinct), minlength=GROUPS)
    assert len(sizes) == GROUPS
    assert abs(sizes - len(distinct) / GROUPS).max() < 5 * math.sqrt(len(distinct) / GROUPS)


class Fixed:
    """A model that always returns the same logits. It records the tokens that it reads."""

    def __init__(self, *logits: float) -> None:
        self.logits, self.read = np.array([logits], np.float32), []

    @property
    def vocabulary_size(self) -> int:
        return self.logits.shape[1]

    def initial_state(self, rows: int) -> None:
        assert rows == 1

    def step(self, tokens: Any, state: None) -> tuple[Any, None]:
        self.read.append(int(tokens[0]))
        return self.logits, None

    def select(self, state: None, rows: Any) -> None:
        return None


def test_the_self_test_reads_a_start_token_and_eight_characters() -> None:
    for size in (2, 3, 27, 300):
        model = Fixed(*np.zeros(size))
        self_test_logits(model, size)
        assert model.read == [size, *probe_tokens(size).tolist()]
        assert all(1 <= token < size for token in model.read[1:])
    assert len(set(probe_tokens(27).tolist())) == 8


INF, NAN = np.inf, np.nan
OTHER, NOT_A_NUMBER = (
    "m was trained by the backend 'far', and the page computes other values",
    "m that are not numbers",
)


@pytest.mark.parametrize(
    ("expected", "computed", "message"),
    [
        ((-INF, 1.0, 2.0), (-INF, 1.0, 2.0), None),  # what never comes agrees with itself alone
        ((-INF, 1.0, 2.0), (0.0, 1.0, 2.0), OTHER),
        ((-INF, 1.0, 2.0), (INF, 1.0, 2.0), OTHER),
        ((-10.0, 0.0), (-10.0, 0.0099), None),  # the limit is a share of the largest logit
        ((-10.0, 0.0), (-10.0, 0.0101), r"differ by 0\.01"),
        ((0.1, 0.0), (0.1, 0.00099), None),  # or of 1
        ((0.1, 0.0), (0.1, 0.00101), OTHER),
        ((0.0, 0.0), (NAN, 1.0), NOT_A_NUMBER),
        ((NAN, NAN), (0.0, 1.0), OTHER),
        ((0.0, 0.0), (0.0, 0.0, 0.0), "the self-test logits of m have the shape"),
    ],
)
def test_different_logits_are_detected_but_rounding_is_allowed(
    expected: tuple[float, ...], computed: tuple[float, ...], message: str | None
) -> None:
    about = {"reader": "the page", "trained_by": "far", "name": "m", "advice": "do so"}
    of_file = np.array([expected, expected], np.float32)
    if message is None:
        return check_self_test(Fixed(*computed), of_file, 0, **about)
    with pytest.raises(CheckpointError, match=message):
        check_self_test(Fixed(*computed), of_file, 0, **about)
    if message is OTHER:
        with pytest.raises(
            CheckpointError,
            match="the backend 'far', and its present version computes other values",
        ):
            check_self_test(Fixed(*computed), of_file, 0, is_own=True, **about)
    return None
