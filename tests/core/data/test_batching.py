"""Batches: their trees, their order, and that an epoch can be taken up in its middle."""

from __future__ import annotations

from collections import Counter
from dataclasses import FrozenInstanceError, fields

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from namegen.core.data.batching import Batch, BatchMaker
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import Vocabulary
from namegen.errors import NamesError, SettingsError
from namegen.lists import load_bundled
from tests.core.data.test_prefix_tree import assert_same_tree
from tests.strategies import names_lists


def names_of(batch: Batch, vocabulary: Vocabulary) -> Counter[str]:
    found = batch.sequences()
    rows = zip(found.tokens, found.lengths, found.counts, strict=True)
    return Counter({vocabulary.decode(row[:length]): int(count) for row, length, count in rows})


@given(names_lists, st.data())
@example(["", "", "a"], None)
def test_a_batchs_tree_is_the_tree_of_its_names(names: list[str], data: st.DataObject | None) -> None:
    """Cut out of the tree of the whole list, or built from the names: all arrays and dtypes are the same."""
    vocabulary = Vocabulary.from_names(names)
    maker = BatchMaker(names, vocabulary)
    distinct = sorted(set(names))
    ranks = st.lists(st.integers(0, len(distinct) - 1), min_size=1, max_size=30)
    chosen = list(range(len(distinct))) if data is None else data.draw(ranks)
    batch = maker.batch(np.array(chosen))
    assert_same_tree(batch.tree, PrefixTree.from_names([distinct[rank] for rank in chosen], vocabulary))
    assert batch.characters == sum(len(distinct[rank]) + 1 for rank in chosen)


@pytest.mark.parametrize("batch_size", [1, 97, 1000, 100_000])
def test_batches_of_real_names(batch_size: int) -> None:
    names = load_bundled("mlb-last").names[:3000]
    vocabulary = Vocabulary.from_names(names)
    maker = BatchMaker(names, vocabulary)
    order = np.random.default_rng([6, 2]).permutation(len(names))
    for step, batch in zip(range(20), maker.epoch(2, batch_size=batch_size, seed=6), strict=False):
        chosen = [names[i] for i in order[step * batch_size :][:batch_size]]
        assert_same_tree(batch.tree, PrefixTree.from_names(chosen, vocabulary))


@given(names_lists, st.integers(1, 30), st.integers(0, 3), st.integers(0, 2**63 - 1))
def test_an_epoch_holds_every_name_once(names: list[str], batch_size: int, epoch: int, seed: int) -> None:
    """Repeats counted; all batches are full but the last; ``steps`` says how many there are."""
    vocabulary = Vocabulary.from_names(names)
    maker = BatchMaker(names, vocabulary)
    batches = list(maker.epoch(epoch, batch_size=batch_size, seed=seed))
    assert sum((names_of(batch, vocabulary) for batch in batches), Counter()) == Counter(names)
    assert maker.name_count == len(names)
    assert len(batches) == maker.steps(batch_size)
    sizes = [batch.tree.name_count for batch in batches]
    assert set(sizes[:-1]) <= {batch_size}
    assert 1 <= sizes[-1] <= batch_size


LIST = [f"{a}{b}" for a in "abcdefgh" for b in "abcdefgh"]
VOCABULARY = Vocabulary.from_names(LIST)


def epoch_of(epoch: int, seed: int, first_step: int = 0) -> list[Counter[str]]:
    maker = BatchMaker(LIST, VOCABULARY)
    made = maker.epoch(epoch, batch_size=10, seed=seed, first_step=first_step)
    return [names_of(batch, VOCABULARY) for batch in made]


def test_the_order_depends_on_seed_and_epoch_alone() -> None:
    """Not on what was drawn before, of the maker or of NumPy's global state."""
    expected = epoch_of(4, seed=11)
    maker = BatchMaker(LIST, VOCABULARY)
    for earlier in range(3):
        list(maker.epoch(earlier, batch_size=7, seed=11))
    np.random.seed(0)
    assert [names_of(batch, VOCABULARY) for batch in maker.epoch(4, batch_size=10, seed=11)] == expected
    assert epoch_of(5, seed=11) != expected
    assert epoch_of(4, seed=12) != expected
    assert epoch_of(11, seed=4) != expected


@pytest.mark.parametrize("first_step", [0, 1, 5, 6, 7, 8])
def test_an_epoch_goes_on_at_its_first_step(first_step: int) -> None:
    whole = epoch_of(3, seed=1)
    assert len(whole) == 7  # 64 names in tens
    assert epoch_of(3, seed=1, first_step=first_step) == whole[first_step:]


def test_sequences_are_made_once() -> None:
    batch = BatchMaker(LIST, VOCABULARY).batch(np.arange(5))
    assert batch.sequences() is batch.sequences()


def test_no_names() -> None:
    with pytest.raises(NamesError, match="no names"):
        BatchMaker([], VOCABULARY)


def test_targets_must_be_distributions_one_for_each_node() -> None:
    tree = PrefixTree.from_names(["Al", "Ali"], Vocabulary.from_names(["Al", "Ali"]))
    sound = np.full((tree.nodes, 4), 0.25, np.float32)
    assert Batch(tree, sound).targets is sound
    for wrong in (sound[1:], sound * 1.1, np.concatenate((sound[:, :2] * 5, -sound[:, 2:] * 3), axis=1)):
        with pytest.raises(SettingsError, match="targets"):
            Batch(tree, wrong.astype(np.float32))


def test_the_nodes_of_rows_are_the_prefixes_that_they_read() -> None:
    names = ["Al", "Ali", "Bo", "Al", "Alba"]
    vocabulary = Vocabulary.from_names(names)
    tree = PrefixTree.from_names(names, vocabulary)
    rows = tree.sequences()
    for row, name in enumerate(vocabulary.decode_all(rows.tokens)):
        for depth in range(len(name) + 1):
            node, spelled = rows.nodes[row, depth], ""
            while node:
                spelled = vocabulary.decode(tree.token[node : node + 1]) + spelled
                node = tree.parent[node]
            assert spelled == name[:depth]


def test_a_batch_stays_as_it_is() -> None:
    """Engines may keep it."""
    batch = BatchMaker(["Al", "Bo"], Vocabulary("ABlo")).batch(np.array([0, 1]))
    for name in [field.name for field in fields(batch)]:
        with pytest.raises(FrozenInstanceError):
            setattr(batch, name, None)
