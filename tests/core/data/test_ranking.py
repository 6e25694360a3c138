"""Ranking: the order of a list, held against sorted strings and a counter."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from namegen.core.data import prefix_tree as module
from namegen.core.data.prefix_tree import Ranking, SortedNames, index_type, take_rows
from namegen.core.data.vocabulary import Vocabulary
from tests.strategies import HARD_NAMES, any_name, names_lists

# Alike for longer than one packed number, so that names are looked at several times; some end where a number does.
long_alike = st.builds(
    lambda beginning, repeats, end: beginning * repeats + end,
    st.sampled_from(["a", "ab", "\U0010ffff", "Ж"]),
    st.integers(0, 90),
    st.text("ab", max_size=3),
)
long_lists = st.lists(st.one_of(long_alike, any_name), min_size=1, max_size=25)


@given(st.one_of(names_lists, long_lists))
@example([*HARD_NAMES, *HARD_NAMES])
@example([""])
@example(["a" * n for n in range(200, 0, -1)] * 2)
def test_the_order_is_that_of_sorted_strings(names: list[str]) -> None:
    """Equal names in the order of the list, as Python's stable sort leaves them."""
    found = Ranking.of(names, Vocabulary.from_names(names))
    assert found.order.tolist() == sorted(range(len(names)), key=names.__getitem__)
    counted = Counter(names)
    distinct = sorted(counted)
    assert [names[entry] for entry in found.representatives] == distinct
    assert found.counts.tolist() == [counted[name] for name in distinct]
    assert found.rank.tolist() == [distinct.index(name) for name in names]


@given(st.lists(st.tuples(st.integers(0, 3), st.one_of(long_alike, any_name)), min_size=1, max_size=25))
def test_beginnings_go_before_names(entries: list[tuple[int, str]]) -> None:
    names = [name for _, name in entries]
    vocabulary = Vocabulary.from_names(names)
    beginnings = [vocabulary.size + label for label, _ in entries]
    found, ranking = SortedNames.ranked(names, vocabulary, beginnings)
    assert ranking.order.tolist() == sorted(range(len(entries)), key=entries.__getitem__)
    distinct = sorted(set(entries))
    assert (found.beginnings - vocabulary.size).tolist() == [label for label, _ in distinct]
    tokens, lengths = vocabulary.encode_all([name for _, name in distinct])
    assert (found.tokens.tolist(), found.lengths.tolist()) == (tokens.tolist(), lengths.tolist())


def test_blocks_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["".join(row) for row in np.random.default_rng(0).choice(list("aбß"), (1000, 9)).tolist()]
    vocabulary = Vocabulary.from_names(names)
    whole = Ranking.of(names, vocabulary)
    monkeypatch.setattr(module, "BLOCK", 7)
    monkeypatch.setattr("namegen.core.data.vocabulary._BLOCK_CHARACTERS", 5)
    again = Ranking.of(names, vocabulary)
    np.testing.assert_array_equal(again.order, whole.order)
    np.testing.assert_array_equal(again.tokens, whole.tokens)
    np.testing.assert_array_equal(again.distinct_tokens(), whole.distinct_tokens())


@given(names_lists)
def test_neighbours_share_their_common_prefix(names: list[str]) -> None:
    distinct = sorted(set(names))
    found = SortedNames.from_names(names, Vocabulary.from_names(names)).shared_with_next()
    assert found.tolist() == [
        next((k for k, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
        for one, other in pairwise(distinct)
    ]


def test_rows_are_taken_in_the_order_asked_for() -> None:
    flat, lengths = np.array([1, 2, 3, 4, 5, 6], np.int8), np.array([2, 0, 3, 1])
    assert take_rows(flat, lengths, np.array([3, 0, 1, 2])).tolist() == [6, 1, 2, 3, 4, 5]
    assert take_rows(flat, lengths, np.array([], np.int64)).tolist() == []


def test_numbers_of_things_are_kept_small_only_where_they_fit() -> None:
    assert index_type(2**31 - 1) is np.int32
    assert index_type(2**31) is np.int64
