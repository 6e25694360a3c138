"""Distinct keys, found a block at a time, are those of ``np.unique``; and so is all that is counted with them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.evaluation import ngram as distinct
from namegen.core.evaluation.ngram import NgramModel, node_contexts
from namegen.lists import load_bundled
from namegen.types import Array

KEYS = st.lists(st.integers(0, 9) | st.integers(0, 2**62), min_size=1, max_size=40)


@given(KEYS, st.integers(1, 50), st.data())
def test_a_block_at_a_time_gives_what_all_at_once_do(keys: list[int], block: int, data: st.DataObject) -> None:
    key = np.array(keys, np.int64)
    times = np.array(data.draw(st.lists(st.integers(1, 10**9), min_size=len(key), max_size=len(key))), np.int64)
    expected, place = np.unique(key, return_inverse=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(distinct, "BLOCK", block)
        found, rank = distinct.ranked(len(key), lambda part: key[part])
        again, count = distinct.counted(len(key), lambda part: key[part], times)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(rank, place)
    np.testing.assert_array_equal(again, expected)
    np.testing.assert_array_equal(count, [times[place == one].sum() for one in range(len(expected))])


def all_at_once(tree: PrefixTree, size: int, order: int) -> list[tuple[Array, Array]]:
    """What follows the contexts of each length, and how often, in the plain form."""
    width, identity, found = max(size, int(tree.token.max()) + 1) + 1, np.zeros(tree.nodes, np.int64), []
    for to_the_left in node_contexts(tree, order):
        followed, place = np.unique(identity[tree.edge_node] * size + tree.edge_token, return_inverse=True)
        found.append((followed, np.bincount(place, weights=tree.edge_count).astype(np.int64)))
        identity = np.unique(identity * width + to_the_left, return_inverse=True)[1]
    return found


@pytest.mark.parametrize("smoothing", ["witten-bell", "kneser-ney"])
def test_counts_and_chances_of_a_real_list_do_not_depend_on_the_block(
    monkeypatch: pytest.MonkeyPatch, smoothing: str
) -> None:
    names = load_bundled("mlb-last").names[:4_000]
    vocabulary = Vocabulary.from_names(names)
    tree = PrefixTree.from_names(names, vocabulary)
    whole = NgramModel(tree, vocabulary.size, 5, smoothing)
    monkeypatch.setattr(distinct, "BLOCK", 100)
    model = NgramModel(tree, vocabulary.size, 5, smoothing)
    plain = all_at_once(tree, vocabulary.size, 5)
    for table, (followed, count) in zip(model._tables, plain, strict=True):
        context = np.repeat(np.arange(len(table.followers.start) - 1), np.diff(table.followers.start))
        np.testing.assert_array_equal(context * vocabulary.size + table.followers.token, followed)
        np.testing.assert_array_equal(table.followers.count, count)
    for one, other in zip(model._tables, whole._tables, strict=True):
        np.testing.assert_array_equal(one.shares.share, other.shares.share)
        np.testing.assert_array_equal(one.shares.rest, other.shares.rest)
