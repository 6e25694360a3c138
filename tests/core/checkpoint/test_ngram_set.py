"""Check n-gram sets by comparing them with plain Python sets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from namegen.core.checkpoint.ngram_set import NgramSet, NgramSource, symbols_of
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import Vocabulary
from tests.core.plain_scores import count_missing

CHARACTERS = "ab12"
name_of_few_characters = st.text(CHARACTERS, min_size=1, max_size=8)
labelled_names = st.lists(
    st.tuples(st.integers(0, 2), name_of_few_characters), min_size=1, max_size=12
)


def ngrams_of(
    names: Sequence[str], vocabulary: Vocabulary, labels: Sequence[int] = (), count: int = 0
) -> NgramSet:
    """Return the n-grams of names with their labels."""
    tree = PrefixTree.from_names(
        names, vocabulary, [vocabulary.size + label for label in labels] or None
    )
    return NgramSet.from_tree(tree, vocabulary, count)


def missing(ngrams: NgramSet, vocabulary: Vocabulary, name: str, label: int = 0) -> int:
    symbols = symbols_of(vocabulary)[vocabulary.encode(name)]
    return int(ngrams.missing(symbols[None], np.array([label]))[0])


@given(labelled_names, st.lists(name_of_few_characters, max_size=5), st.booleans())
@example([(0, "a1"), (2, "2b")], ["a2", "b1"], True)
def test_missing_ngrams_agree_with_plain_sets(
    entries: list[tuple[int, str]], others: list[str], has_labels: bool
) -> None:
    """Check listed and other names. For a label without names, all n-grams are missing."""
    vocabulary = Vocabulary.from_names([CHARACTERS])
    names, labels = (
        [name for _, name in entries],
        [label if has_labels else 0 for label, _ in entries],
    )
    ngrams = ngrams_of(names, vocabulary, labels if has_labels else [], 3 if has_labels else 0)
    for label in range(ngrams.labels):
        listed = [name for name, of in zip(names, labels, strict=True) if of == label]
        for name in (*names, *others):
            assert missing(ngrams, vocabulary, name, label) == count_missing(name, listed)


def test_batches_give_the_same_counts_as_single_names() -> None:
    vocabulary = Vocabulary.from_names([CHARACTERS])
    rng = np.random.default_rng(0)
    names = ["".join(letters) for letters in rng.choice(list(CHARACTERS), (200, 6))]
    labels = rng.integers(2, size=200)
    ngrams = ngrams_of(names[:50], vocabulary, labels[:50].tolist(), 2)
    symbols = symbols_of(vocabulary)[vocabulary.encode_all(names)[0]].reshape(200, 6)
    expected = [
        missing(ngrams, vocabulary, name, label)
        for name, label in zip(names, labels.tolist(), strict=True)
    ]
    assert ngrams.missing(symbols, labels).tolist() == expected
    assert len(set(expected)) > 5


@given(labelled_names)
def test_a_set_is_restored_from_its_bytes(entries: list[tuple[int, str]]) -> None:
    vocabulary = Vocabulary.from_names([CHARACTERS])
    ngrams = ngrams_of(
        [name for _, name in entries], vocabulary, [label for label, _ in entries], 3
    )
    back = NgramSet.read(ngrams.to_bytes())
    assert (back.labels, back.symbols) == (ngrams.labels, ngrams.symbols)
    assert back.first_of_order == ngrams.first_of_order
    for mine, other in (
        (ngrams.parent, back.parent),
        (ngrams.symbol, back.symbol),
        (ngrams.suffix, back.suffix),
    ):
        np.testing.assert_array_equal(mine, other)


@given(labelled_names, st.data())
def test_damaged_bytes_are_rejected_or_give_another_set(
    entries: list[tuple[int, str]], data: st.DataObject
) -> None:
    """Not every bit is checked, so damaged bytes may give another set, which must still be safe to use."""
    vocabulary = Vocabulary.from_names([CHARACTERS])
    sound = ngrams_of(
        [name for _, name in entries], vocabulary, [label for label, _ in entries], 3
    ).to_bytes()
    damaged = bytearray(sound)
    for place in data.draw(st.lists(st.integers(0, len(sound) - 1), min_size=1, max_size=3)):
        damaged[place] = data.draw(st.integers(0, 255))
    try:
        ngrams = NgramSet.read(bytes(damaged))
    except ValueError:
        return
    symbols = np.arange(min(ngrams.symbols, 9))[None]
    assert ngrams.missing(symbols, np.zeros(1, int))[0] >= 0


@pytest.mark.parametrize("head", [(0, 5), (1, 1), (1 << 21, 5), (1, 1 << 22)], ids=str)
def test_impossible_numbers_of_labels_or_symbols_are_rejected(head: tuple[int, int]) -> None:
    data = np.array(head, "<u4").tobytes() + bytes(100)
    with pytest.raises(ValueError, match=r"cut short|as namegen writes"):
        NgramSet.read(data)


@given(labelled_names, labelled_names)
def test_a_union_contains_the_ngrams_of_all_its_sources(
    first: list[tuple[int, str]], second: list[tuple[int, str]]
) -> None:
    """The second source has other symbols. Its label 2 is left out, and its other labels join label 1."""
    vocabulary, wider = (
        Vocabulary.from_names([characters]) for characters in (CHARACTERS, "ab12c")
    )
    sources = []
    for entries, characters in ((first, vocabulary), (second, wider)):
        names, labels = [name for _, name in entries], [label for label, _ in entries]
        sources.append(ngrams_of(names, characters, labels, 3))
    new_symbols = np.append(wider.encode_all(vocabulary.characters)[0], wider.size)
    union = NgramSet.union(
        [
            NgramSource(sources[0], np.arange(3), np.array([0, *new_symbols])),
            NgramSource(sources[1], np.array([1, 1, -1]), np.arange(wider.size + 1)),
        ],
        labels=3,
        symbols=wider.size + 1,
    )
    entries = first + [(1, name) for label, name in second if label < 2]
    expected = ngrams_of([name for _, name in entries], wider, [label for label, _ in entries], 3)
    assert union.to_bytes() == expected.to_bytes()
