"""Test that packing for the Keras engine puts each node with its data into one tile, after its parent's tile."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from namegen.backends.keras_engine.packing import Packing, pack
from namegen.core.data.batching import Batch
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import Vocabulary
from tests.strategies import labelled_lists


def labelled(names: list[tuple[int, str]], vocabulary: Vocabulary) -> Batch:
    start_tokens = [vocabulary.size + label for label, _ in names]
    return Batch(PrefixTree.from_names([name for _, name in names], vocabulary, start_tokens))


def assert_holds(packing: Packing, k: int, batch: Batch) -> None:
    """Check that tree ``k`` of the packing equals the batch's tree.

    The parent of its roots is the last index, which no node uses.
    """
    tree = batch.tree
    first, end = packing.first_node[k : k + 2].tolist()
    assert end - first == tree.nodes
    np.testing.assert_array_equal(packing.tokens[first:end], tree.token)
    expected = np.where(tree.parent < 0, len(packing.parents) - 1, tree.parent + first)
    np.testing.assert_array_equal(packing.parents[first:end], expected)
    np.testing.assert_array_equal(packing.counts[first:end], tree.count)
    counts = packing.targets[first:end] * packing.counts[first:end, None]
    dense = np.zeros_like(counts)
    if batch.targets is None:
        dense[tree.edge_node, tree.edge_token] = tree.edge_count
    else:
        dense = batch.targets * tree.count[:, None]
    np.testing.assert_allclose(counts, dense, rtol=1e-12)


@settings(max_examples=10)
@given(lists=st.lists(labelled_lists, min_size=1, max_size=3))
def test_every_node_is_packed_with_its_counts(lists: list[list[tuple[int, str]]]) -> None:
    vocabulary = Vocabulary.from_names(name for names in lists for _, name in names)
    batches = [labelled(names, vocabulary) for names in lists]
    targets = (
        np.random.default_rng(0)
        .dirichlet(np.ones(vocabulary.size), batches[0].tree.nodes)
        .astype(np.float32)
    )
    batches.append(replace(batches[0], targets=targets))  # targets replace the counts
    packing = pack(batches, vocabulary.size, "float64")
    for k, batch in enumerate(batches):
        assert_holds(packing, k, batch)
    end = packing.first_node[-1]
    assert len(packing.tokens) > end
    assert (packing.counts[end:] == 0).all()
    assert (packing.parents[end:] == len(packing.parents) - 1).all()


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
