"""A list, split, as trees: the parts make up the whole, and training reads its own part alone."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from namegen.core.data.corpus import Corpus
from namegen.core.data.parts import ListParts
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.repeats import damped
from namegen.core.settings import DataSettings
from namegen.errors import NamesError
from namegen.lists import load_bundled


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


@pytest.mark.parametrize("repeats", ["kept", "damped"])
def test_an_epoch_reads_the_training_part_damped_or_not(repeats: str) -> None:
    corpus = load_bundled("mlb-first")
    parts = ListParts.from_corpus(corpus, DataSettings(repeats=repeats), seed=3)
    training = corpus.split(0.1, "unique", 3).training
    assert counted(parts.batches.tree, corpus) == Counter(damped(training) if repeats == "damped" else training)
    assert parts.damped == (repeats == "damped")


def test_nothing_held_out() -> None:
    parts = ListParts.from_corpus(Corpus.from_names(["Al", "Bo"]), DataSettings(validation=0.0), seed=0)
    assert parts.held_out is None
    assert parts.training.name_count == parts.whole.name_count == 2
