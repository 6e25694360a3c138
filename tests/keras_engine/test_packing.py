"""Test that packing for the Keras engine puts each node with its data into one tile, after its parent's tile."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from namegen.backends.keras_engine.packing import pack
from namegen.core.data.batching import Batch
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import Vocabulary
from tests.strategies import labelled_lists


def labelled(names: list[tuple[int, str]], vocabulary: Vocabulary) -> Batch:
    start_tokens = [vocabulary.size + label for label, _ in names]
    return Batch(PrefixTree.from_names([name for _, name in names], vocabulary, start_tokens))


@settings(max_examples=10)
@given(lists=st.lists(labelled_lists, min_size=1, max_size=3), rows=st.integers(1, 5))
def test_tiles_contain_each_node_once_without_its_parent(
    lists: list[list[tuple[int, str]]], rows: int
) -> None:
    vocabulary = Vocabulary.from_names(name for names in lists for _, name in names)
    batches = [labelled(names, vocabulary) for names in lists]
    packing = pack(batches, vocabulary.size, "float64", rows)
    tiles = packing.first_tile[-1]
    np.testing.assert_array_equal(packing.tiles[packing.first_tile], packing.first_node)
    assert (packing.tiles[tiles:] == packing.first_node[-1]).all()
    no_node = len(packing.parents) - 1
    for start, end in zip(packing.tiles[:tiles], packing.tiles[1 : tiles + 1], strict=True):
        assert 0 < end - start <= rows
        parents = packing.parents[start:end]
        assert ((parents < start) | (parents == no_node)).all()
        # A tile only ends early before a node whose parent is in this tile.
        if end not in packing.first_node and end - start < rows:
            assert packing.parents[end] >= start
