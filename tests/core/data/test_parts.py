"""A list, split, as trees: the parts make up the whole, and training reads its own part alone."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from namegen.core.data.batching import BatchMaker, ListParts
from namegen.core.data.corpus import Corpus
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.settings import DataSettings
from namegen.errors import NamesError
from namegen.lists import load_bundled
from tests.core.data.test_prefix_tree import assert_same_tree
from tests.core.data.test_repeats import damped_one_by_one
from tests.strategies import clean_name


def counted(tree: PrefixTree, corpus: Corpus) -> Counter[str]:
    rows = tree.sequences()
    return Counter(dict(zip(corpus.vocabulary.decode_all(rows.tokens), rows.counts.tolist(), strict=True)))


@given(st.lists(st.text("abc", min_size=1, max_size=3), min_size=10, max_size=60), st.sampled_from(["unique", "names"]))
def test_training_and_held_out_part_make_up_the_whole(names: list[str], split: str) -> None:
    corpus = Corpus.from_names(names)
    try:
        parts = ListParts.from_corpus(corpus, DataSettings(validation=0.4, split=split), seed=1)
    except NamesError:  # all names are alike, so there is nothing to hold out
        return
    assert parts.held_out is not None
    training, held_out = counted(parts.training, corpus), counted(parts.held_out, corpus)
    assert training + held_out == counted(parts.whole, corpus) == Counter(names)
    assert split == "names" or not training.keys() & held_out.keys()


def test_the_test_part_is_apart_from_both() -> None:
    corpus = load_bundled("mlb-last")
    two, three = (
        ListParts.from_corpus(corpus, DataSettings(test=share, split_seed=5), seed=seed)
        for share, seed in ((0.0, 1), (0.1, 2))
    )
    assert two.held_out is not None
    assert three.held_out is not None
    assert three.test is not None
    assert two.test is None
    assert_same_tree(two.held_out, three.held_out)  # by the seed of the split, not that of the training
    training, chosen_by, tested = (counted(tree, corpus) for tree in (three.training, three.held_out, three.test))
    assert training + chosen_by + tested == Counter(corpus.names)
    assert not tested.keys() & (training + chosen_by).keys()


@given(
    st.lists(st.one_of(st.sampled_from(["Al", "Alan", "Bo"]), clean_name), min_size=10, max_size=60),
    st.sampled_from(["unique", "names"]),
    st.sampled_from(["kept", "damped"]),
    st.sampled_from([0.0, 0.3]),
)
def test_each_tree_is_that_of_its_names(names: list[str], split: str, repeats: str, share: float) -> None:
    """All are taken out of one sorted list; the simple way is a tree of each part's own names."""
    corpus = Corpus.from_names(names)
    try:
        parts = ListParts.from_corpus(corpus, DataSettings(validation=share, split=split, repeats=repeats), seed=3)
    except NamesError:
        return
    simple = corpus.split(share, split, 3)
    vocabulary = corpus.vocabulary
    assert_same_tree(parts.whole, PrefixTree.from_names(corpus.names, vocabulary))
    assert_same_tree(parts.training, PrefixTree.from_names(simple.training, vocabulary))
    if share:
        assert parts.held_out is not None
        assert_same_tree(parts.held_out, PrefixTree.from_names(simple.validation, vocabulary))
    else:
        assert parts.held_out is None
    assert parts.seen_percent == simple.seen_percent
    assert parts.distinct_names == tuple(dict.fromkeys(corpus.names))
    assert parts.damped == (repeats == "damped")
    read = list(simple.training)
    if repeats == "damped":
        read = [name for name, is_read in zip(read, damped_one_by_one(read), strict=True) if is_read]
    assert_same_batches(parts.batches, BatchMaker(read, vocabulary))


def assert_same_batches(found: BatchMaker, expected: BatchMaker) -> None:
    """The same entries in the same order, so that an epoch reads the same names in the same steps."""
    assert_same_tree(found.tree, expected.tree)
    assert found.name_count == expected.name_count
    for one, other in zip(found.epoch(1, batch_size=7, seed=2), expected.epoch(1, batch_size=7, seed=2), strict=True):
        assert_same_tree(one.tree, other.tree)


@pytest.mark.parametrize("repeats", ["kept", "damped"])
def test_an_epoch_reads_the_training_part_damped_or_not(repeats: str) -> None:
    corpus = load_bundled("mlb-first")
    parts = ListParts.from_corpus(corpus, DataSettings(repeats=repeats), seed=3)
    read = list(corpus.split(0.1, "unique", 3).training)
    if repeats == "damped":
        read = [name for name, is_read in zip(read, damped_one_by_one(read), strict=True) if is_read]
    assert counted(parts.batches.tree, corpus) == Counter(read)
    assert parts.damped == (repeats == "damped")


@pytest.mark.parametrize(("split", "repeats"), [("unique", "damped"), ("names", "kept")])
def test_what_is_damped_follows_the_split_unless_it_is_said(split: str, repeats: str) -> None:
    corpus = Corpus.from_names(["Al"] * 9 + ["Bo"] * 9)

    def names_read(**said: str) -> int:
        parts = ListParts.from_corpus(corpus, DataSettings(validation=0.0, split=split, **said), seed=0)
        return parts.batches.name_count

    counts = {"damped": 6, "kept": 18}
    assert names_read() == counts[repeats]
    assert {said: names_read(repeats=said) for said in counts} == counts


def test_nothing_held_out() -> None:
    parts = ListParts.from_corpus(Corpus.from_names(["Al", "Bo"]), DataSettings(validation=0.0), seed=0)
    assert parts.held_out is None
    assert parts.training.name_count == parts.whole.name_count == 2


@pytest.mark.parametrize("shares", [{}, {"validation": 0.3}, {"test": 0.3}, {"validation": 0.3, "test": 0.3}], ids=str)
def test_the_whole_is_every_entry_whatever_is_held_out(shares: dict[str, float]) -> None:
    corpus = Corpus.from_names([a + b for a in "abcdef" for b in "uvwxyz"])
    parts = ListParts.from_corpus(corpus, DataSettings(**({"validation": 0.0} | shares)), seed=1)
    assert counted(parts.whole, corpus) == Counter(corpus.names)
