"""Check how lists are split into training, validation and test sets, and the prefix trees of these sets."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from namegen.core.data.batching import BatchMaker
from namegen.core.data.corpus import Corpus
from namegen.core.data.list_parts import ListParts
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.settings import DataSettings
from namegen.errors import NamesError
from namegen.lists import load_bundled
from tests.core.data.test_batching import sqrt_weighted_one_by_one
from tests.core.data.test_prefix_tree import assert_same_tree
from tests.strategies import clean_lists, clean_name

SPLITS = st.sampled_from(["by-name", "by-row"])


def parts_of(
    corpus: Corpus, validation: float, split: str = "by-name", seed: int = 0, test: float = 0.0
) -> tuple[tuple[str, ...], ...]:
    """Return the names of the training, validation and test sets."""
    return tuple(
        part.names
        for part in corpus.split(
            DataSettings(validation=validation, test=test, split=split), seed=seed
        )
    )


class TestNames:
    @given(clean_lists, st.floats(0.05, 0.9), SPLITS, st.integers(0, 2**63 - 1))
    def test_the_sets_contain_all_names_in_order(
        self, names: list[str], share: float, split: str, seed: int
    ) -> None:
        corpus = Corpus.from_names(names)
        try:
            training, validation, _ = parts_of(corpus, share, split, seed)
        except NamesError:
            return
        assert sorted(training + validation) == sorted(corpus.names)
        for part in (training, validation):
            left = iter(corpus.names)
            assert all(name in left for name in part), "each set is a subsequence of the list"
        if split == "by-name":
            assert not set(training) & set(validation)
        else:
            assert len(validation) == round(share * len(names))

    @given(
        st.lists(clean_name, min_size=20, max_size=40),
        clean_name,
        st.integers(0, 40),
        st.integers(0, 99),
    )
    def test_adding_a_name_does_not_move_other_names(
        self, names: list[str], added: str, place: int, seed: int
    ) -> None:
        try:
            before = parts_of(Corpus.from_names(names), 0.3, seed=seed)
        except NamesError:
            return
        after = parts_of(Corpus.from_names([*names[:place], added, *names[place:]]), 0.3, seed=seed)
        assert [set(part) - {added} for part in after] == [set(part) - {added} for part in before]

    def test_the_validation_set_has_about_the_requested_size(self) -> None:
        corpus = load_bundled("companies")
        shares = [
            len(parts_of(corpus, 0.1, seed=seed)[1]) / len(corpus.names) for seed in range(10)
        ]
        assert all(0.09 < share < 0.11 for share in shares)
        assert len(set(shares)) > 5
        three, again, four = (parts_of(corpus, 0.2, "by-row", seed) for seed in (3, 3, 4))
        assert three == again != four

    def test_the_split_of_each_name_is_fixed(self) -> None:
        """If the split changed, the validation set could contain names on which existing models were trained."""
        corpus = Corpus.from_names([f"name {i}" for i in range(30)])
        held_out = [int(name.removeprefix("name ")) for name in parts_of(corpus, 0.2)[1]]
        assert held_out == [0, 5, 6, 7, 23, 29]

    @pytest.mark.parametrize("split", ["by-name", "by-row"])
    @pytest.mark.parametrize(
        ("names", "said"),
        [([], "0 names"), (["Bob"], "1 name"), (["a", "b"], "2 names"), (["a"] * 9, "1 distinct")],
    )
    def test_too_few_names_are_rejected(self, names: list[str], said: str, split: str) -> None:
        with pytest.raises(NamesError, match=rf"\b{said}\b.*validation=0"):
            parts_of(Corpus(tuple(names), "a list"), 0.5, split)


def counted(tree: PrefixTree | None, corpus: Corpus) -> Counter[str]:
    assert tree is not None
    rows = tree.sequences()
    return Counter(
        dict(zip(corpus.vocabulary.decode_all(rows.tokens), rows.counts.tolist(), strict=True))
    )


class TestTrees:
    @given(
        st.lists(
            st.one_of(st.sampled_from(["Al", "Alan", "Bo"]), clean_name), min_size=10, max_size=60
        ),
        SPLITS,
        st.sampled_from(["full", "sqrt"]),
        st.sampled_from([(0.0, 0.0), (0.3, 0.0), (0.0, 0.3), (0.3, 0.3)]),
    )
    def test_each_tree_contains_the_names_of_its_set(
        self, names: list[str], split: str, duplicates: str, shares: tuple[float, float]
    ) -> None:
        """All trees are built from one sorted list. Compare them with a tree built separately for each set."""
        corpus = Corpus.from_names(names)
        validation, test = shares
        data = DataSettings(validation=validation, test=test, split=split, duplicates=duplicates)
        try:
            parts = ListParts.from_corpus(corpus, data, seed=3)
        except NamesError:
            return
        (training, chosen_by, tested), vocabulary = (
            parts_of(corpus, validation, split, 3, test),
            corpus.vocabulary,
        )
        for found, expected in (
            (parts.whole, corpus.names),
            (parts.training, training),
            (parts.validation, chosen_by),
            (parts.test, tested),
        ):
            assert (found is None) == (not expected)
            if found is not None:
                assert_same_tree(found, PrefixTree.from_names(expected, vocabulary))
        assert parts.seen_percent == pytest.approx(
            100 * np.mean([*map(training.__contains__, chosen_by)] or [0])
        )
        assert parts.corpus.distinct_names == tuple(dict.fromkeys(corpus.names))
        assert parts.uses_sqrt_duplicates == (duplicates == "sqrt")
        read = list(training)
        if duplicates == "sqrt":
            read = [
                name
                for name, is_read in zip(read, sqrt_weighted_one_by_one(read), strict=True)
                if is_read
            ]
        batches = BatchMaker.from_names(read, vocabulary)
        assert_same_tree(parts.batches.tree, batches.tree)
        assert parts.batches.name_count == batches.name_count
        epochs = (maker.epoch(1, batch_size=7, seed=2) for maker in (parts.batches, batches))
        for one, other in zip(*epochs, strict=True):  # each step has the same names
            assert_same_tree(one.tree, other.tree)

    def test_split_seed_takes_precedence_over_the_seed(self) -> None:
        corpus = load_bundled("mlb-last")
        two, three = (
            ListParts.from_corpus(corpus, DataSettings(test=share, split_seed=5), seed=seed)
            for share, seed in ((0.0, 1), (0.1, 2))
        )
        assert two.validation is not None
        assert three.validation is not None
        assert_same_tree(two.validation, three.validation)
        training, chosen_by, tested = (
            counted(tree, corpus) for tree in (three.training, three.validation, three.test)
        )
        assert training + chosen_by + tested == Counter(corpus.names)
        assert not tested.keys() & (training + chosen_by).keys()


def decoded(tree: PrefixTree | None, corpus: Corpus) -> set[tuple[str, str]]:
    """Return the names of a tree with their labels."""
    assert tree is not None
    rows, labels = tree.sequences(), list(corpus.label_counts)
    names = corpus.vocabulary.decode_all(rows.tokens)
    places = (rows.start_tokens - corpus.vocabulary.size).tolist()
    return {(name, labels[place]) for name, place in zip(names, places, strict=True)}


class TestLabels:
    def test_labels_do_not_change_which_names_are_held_out(self) -> None:
        corpus = load_bundled("world-family")
        under = defaultdict(set)
        for name, label in zip(corpus.names, corpus.labels, strict=True):
            under[name].add(label)
        data = DataSettings(test=0.1)
        without = Corpus(corpus.names, corpus.source)
        parts, alone = (ListParts.from_corpus(one, data, seed=5) for one in (corpus, without))
        sides = [decoded(part, corpus) for part in (parts.training, parts.validation, parts.test)]
        for side, plain in zip(sides, (alone.training, alone.validation, alone.test), strict=True):
            names = {name for name, _ in side}
            assert side == {(name, label) for name in names for label in under[name]}
            assert names == set(counted(plain, corpus))
        assert sum(map(len, sides)) == len(set(zip(corpus.names, corpus.labels, strict=True)))
        assert sorted(parts.corpus.distinct_names) == sorted(under)
        part, _, _ = corpus.split(data, seed=5)
        assert parts.training_set.names == part.names
        assert set(zip(part.names, part.labels, strict=True)) == sides[0]
        assert parts.label_counts == {
            label: part.labels.count(label) for label in corpus.label_counts
        }
