"""PaddedRows against the names themselves, one by one."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from namegen.backends.padded_rows import PaddedRows
from namegen.core.data.batching import Batch
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import Vocabulary

VOCABULARY = Vocabulary("abc")


@given(st.lists(st.text("abc", min_size=1, max_size=5), min_size=1, max_size=12))
def test_each_row_is_a_name_read_from_its_beginning_and_predicted_to_its_end(names: list[str]) -> None:
    rows = PaddedRows.of(Batch(PrefixTree.from_names(names, VOCABULARY)))
    found = {}
    for inputs, wanted, weights in zip(rows.inputs, rows.wanted, rows.weights, strict=True):
        places = np.flatnonzero(weights)
        assert places.tolist() == list(range(len(places)))
        assert len(set(weights[places])) == 1
        characters = VOCABULARY.decode(wanted[places[:-1]])
        assert wanted[places[-1]] == 0
        assert inputs.tolist() == [0, *wanted[:-1]]
        found[characters] = weights[0]
    assert found == Counter(names)


def test_targets_stand_where_their_prefix_is_read() -> None:
    tree = PrefixTree.from_names(["ab", "ac", "b"], VOCABULARY)
    targets = np.eye(4, dtype=np.float32)[np.arange(tree.nodes) % 4]
    rows = PaddedRows.of(Batch(tree, targets))
    for inputs, wanted, weights in zip(rows.inputs, rows.wanted, rows.weights, strict=True):
        node = 0
        for place in np.flatnonzero(weights):
            if place:
                (node,) = np.flatnonzero((tree.parent == node) & (tree.token == inputs[place]))
            np.testing.assert_array_equal(wanted[place], targets[node])
