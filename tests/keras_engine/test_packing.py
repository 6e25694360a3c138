"""Names in lanes: nothing is lost, nothing stands twice, and where each name begins is right. No Keras is needed."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from namegen.backends.keras_engine.packing import Packing, pack
from namegen.core.data.batching import Batch
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import Vocabulary
from tests.strategies import labelled_lists, names_lists


def unpacked(packing: Packing, vocabulary: Vocabulary) -> Counter[tuple[int, str]]:
    """Read the lanes one after the other: each name that ends with its STOP, what it begins with, and how often it
    counts.
    """
    names: Counter[tuple[int, str]] = Counter()
    for lane in range(packing.tokens.shape[1]):
        read: list[int] = []
        for chunk in range(packing.chunks):
            tokens, used = packing.tokens[chunk, lane].tolist(), packing.used[chunk, lane]
            assert (used > 0) == (packing.weight[chunk, lane] > 0)
            if used == 0:
                assert not packing.follows[chunk, lane]
                continue
            if packing.follows[chunk, lane]:
                assert tokens[0] == read[-1]  # it reads on where the chunk before has ended
                assert chunk <= packing.replayed
            else:
                assert not read  # the name before has ended
                beginning = tokens[0]
            read += tokens[1 : used + 1]
            if 0 in read:
                assert read.index(0) == len(read) - 1
                names[beginning, vocabulary.decode(read)] += int(packing.weight[chunk, lane])
                read = []
        assert not read
    return names


@given(names=names_lists, lanes=st.integers(1, 5), chunk=st.integers(1, 4))
def test_every_name_is_there_as_often_as_it_was(names: list[str], lanes: int, chunk: int) -> None:
    vocabulary = Vocabulary.from_names(names)
    packing = pack(Batch(PrefixTree.from_names(names, vocabulary)), lanes, chunk)
    assert unpacked(packing, vocabulary) == Counter((0, name) for name in names)


@given(names=labelled_lists, lanes=st.integers(1, 5), chunk=st.integers(1, 4))
def test_every_name_begins_with_its_own_beginning(names: list[tuple[int, str]], lanes: int, chunk: int) -> None:
    vocabulary = Vocabulary.from_names(name for _, name in names)
    beginnings = [vocabulary.size + label for label, _ in names]
    tree = PrefixTree.from_names([name for _, name in names], vocabulary, beginnings)
    packing = pack(Batch(tree), lanes, chunk)
    assert unpacked(packing, vocabulary) == Counter((vocabulary.size + label, name) for label, name in names)
    reads = packing.used > 0
    begins = reads & ~packing.follows
    np.testing.assert_array_equal(tree.token[packing.nodes[:, :, 0][begins]], packing.tokens[:, :, 0][begins])


def test_the_way_back_replays_no_chunk_in_vain() -> None:
    """Three names that end in their first chunk need no state of any other."""
    names = ["Al", "Bo", "Cy"]
    vocabulary = Vocabulary.from_names(names)
    assert pack(Batch(PrefixTree.from_names(names, vocabulary)), 2, 4).replayed == 0


@pytest.mark.parametrize("length", [7, 8, 1000])
def test_long_names_take_as_many_chunks_as_they_need(length: int) -> None:
    names = ["a" * length, "b"]
    packing = pack(Batch(PrefixTree.from_names(names, Vocabulary("ab"))))
    assert packing.chunks == length // 8 + 1
    assert packing.used.sum() == length + 1 + 2


def test_little_is_padded() -> None:
    """Of 400 names of one to four characters in 50 lanes, each name takes one chunk and no lane is left empty."""
    rng = np.random.default_rng(0)
    names = sorted({"".join(rng.choice(list("abcdef"), rng.integers(1, 4))) for _ in range(900)})[:200]
    packing = pack(Batch(PrefixTree.from_names(names, Vocabulary("abcdef"))), 50, 4)
    assert packing.chunks == 4
    assert (packing.used > 0).all()
