"""Check prefix trees and sorted names by comparing them with dictionaries and sorted lists."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from namegen.core.data.arrays import index_type
from namegen.core.data.batching import BatchMaker
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.sorted_names import SortedNames
from namegen.core.data.vocabulary import END_TOKEN, Vocabulary
from namegen.errors import NamesError
from tests.strategies import HARD_NAMES, any_name, labelled_lists, names_lists

ARRAYS = ("token", "parent", "level", "count", "edge_node", "edge_token", "edge_count")
Labelled = list[tuple[int, str]]
PLAIN = -1  # the label of all names in lists without labels

# Names whose common prefix exceeds one packed number, so that sorting needs several passes. Some names end exactly
# at the end of a packed number.
long_alike = st.builds(
    lambda start, repeats, end: start * repeats + end,
    st.sampled_from(["a", "ab", "\U0010ffff", "Ж"]),
    st.integers(0, 90),
    st.text("ab", max_size=3),
)
plain_lists = st.one_of(
    names_lists, st.lists(st.one_of(long_alike, any_name), min_size=1, max_size=25)
)
any_lists = st.one_of(
    labelled_lists, plain_lists.map(lambda names: [(PLAIN, name) for name in names])
)
WORKED: Labelled = [(0, "Al"), (2, "Al"), (0, "Ali"), (0, "Al"), (2, ""), (2, "B")]
HARD: Labelled = [(PLAIN, name) for name in (*HARD_NAMES, *HARD_NAMES)]
SAME_START: Labelled = [(PLAIN, "a" * n) for n in range(200, 0, -1)] * 2


def parts_of(entries: Labelled) -> tuple[list[str], Vocabulary, list[int] | None]:
    """Return the names, their vocabulary and their start tokens."""
    names = [name for _, name in entries]
    vocabulary = Vocabulary.from_names(names)
    if entries[0][0] == PLAIN:
        return names, vocabulary, None
    return names, vocabulary, [vocabulary.size + label for label, _ in entries]


def make(entries: Labelled) -> tuple[PrefixTree, Vocabulary]:
    names, vocabulary, start_tokens = parts_of(entries)
    return PrefixTree.from_names(names, vocabulary, start_tokens), vocabulary


def label_of(start_token: int, vocabulary: Vocabulary) -> int:
    return PLAIN if start_token == END_TOKEN else start_token - vocabulary.size


def prefixes(tree: PrefixTree, vocabulary: Vocabulary) -> Labelled:
    """Return the label and the prefix of every node."""
    spelled: Labelled = []
    for token, parent in zip(tree.token.tolist(), tree.parent.tolist(), strict=True):
        if parent < 0:
            spelled.append((label_of(token, vocabulary), ""))
        else:
            label, prefix = spelled[parent]
            spelled.append((label, prefix + vocabulary.characters[token - 1]))
    return spelled


def assert_same_tree(one: PrefixTree, other: PrefixTree) -> None:
    for name in ARRAYS:
        assert getattr(one, name).dtype == getattr(other, name).dtype, name
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


@given(any_lists)
@example(WORKED)
@example(HARD)
@example([(PLAIN, "")])
@example([(0, ""), (1, "")])
@example([(PLAIN, "x" * 1000)])
def test_nodes_and_edges_agree_with_a_dictionary(entries: Labelled) -> None:
    """Check the order of the prefixes, and how often each character follows each prefix."""
    tree, vocabulary = make(entries)
    expected: dict[tuple[int, str], Counter[str]] = defaultdict(Counter)
    for label, name in entries:
        for place in range(len(name) + 1):
            expected[label, name[:place]][name[place : place + 1]] += 1
    spelled = prefixes(tree, vocabulary)
    assert spelled == sorted(expected, key=lambda key: (len(key[1]), key))
    assert tree.count.tolist() == [expected[key].total() for key in spelled]
    edges = zip(
        tree.edge_node.tolist(), tree.edge_token.tolist(), tree.edge_count.tolist(), strict=True
    )
    found = [
        (spelled[node], ["", *vocabulary.characters][token], count) for node, token, count in edges
    ]
    assert found == [
        (key, character, n) for key in spelled for character, n in sorted(expected[key].items())
    ]
    labels = sorted({label for label, _ in entries})
    assert (tree.roots, tree.nodes) == (len(labels), len(expected))
    assert (tree.parent[: tree.roots] == -1).all()
    assert (tree.parent[tree.roots :] >= 0).all()
    assert tree.depth == max(len(name) for _, name in entries) + 1
    assert tree.level.tolist() == [
        sum(len(p) < t for _, p in spelled) for t in range(tree.depth + 1)
    ]
    assert (tree.name_count, tree.distinct_name_count) == (len(entries), len(set(entries)))
    assert tree.characters == sum(len(name) + 1 for _, name in entries)
    assert (
        np.repeat(np.arange(tree.nodes), np.diff(tree.edge_start)).tolist()
        == tree.edge_node.tolist()
    )
    ends = tree.edge_token == END_TOKEN
    assert (tree.edge_child[ends] == -1).all()
    child = tree.edge_child[~ends]
    assert child.tolist() == list(range(tree.roots, tree.nodes))
    assert tree.parent[child].tolist() == tree.edge_node[~ends].tolist()


@given(any_lists)
@example(WORKED)
@example(HARD)
@example([(PLAIN, "")])
def test_a_tree_restores_its_names(entries: Labelled) -> None:
    """The names are sorted by length, label and characters, with their counts and the node before each token."""
    tree, vocabulary = make(entries)
    rows, spelled = tree.sequences(), prefixes(tree, vocabulary)
    of_token = ["", *vocabulary.characters]
    names = [
        "".join(of_token[t] for t in row[:n])
        for row, n in zip(rows.tokens, rows.lengths, strict=True)
    ]
    back = [
        (label_of(b, vocabulary), name)
        for b, name in zip(rows.start_tokens.tolist(), names, strict=True)
    ]
    assert dict(zip(back, rows.counts.tolist(), strict=True)) == Counter(entries)
    assert back == sorted(set(entries), key=lambda entry: (len(entry[1]), entry))
    assert rows.tokens.shape == (len(back), tree.depth)
    assert not rows.tokens[
        np.arange(tree.depth) >= rows.lengths[:, None]
    ].any()  # padded with the end token
    for nodes, length, (label, name) in zip(rows.nodes, rows.lengths, back, strict=True):
        assert [spelled[node] for node in nodes[: length + 1]] == [
            (label, name[:k]) for k in range(length + 1)
        ]
        assert not nodes[length + 1 :].any()
    plain = tree.under_one_root()
    assert_same_tree(plain, PrefixTree.from_names([name for _, name in entries], vocabulary))
    assert plain.under_one_root() is plain


@given(any_lists)
@example(WORKED)
@example(HARD)
@example(SAME_START)
def test_names_are_sorted_like_python_strings(entries: Labelled) -> None:
    """Entries are sorted by start token, then by name."""
    names, vocabulary, start_tokens = parts_of(entries)
    found, name_of = SortedNames.ranked(names, vocabulary, start_tokens)
    counts, distinct = Counter(entries), sorted(set(entries))
    assert found.first_entry.tolist() == [entries.index(entry) for entry in distinct]
    assert found.counts.tolist() == [counts[entry] for entry in distinct]
    assert name_of.tolist() == [distinct.index(entry) for entry in entries]
    assert [label_of(b, vocabulary) for b in found.start_tokens.tolist()] == [
        label for label, _ in distinct
    ]
    tokens, lengths = vocabulary.encode_all([name for _, name in distinct])
    assert (found.tokens.tolist(), found.lengths.tolist()) == (tokens.tolist(), lengths.tolist())


def test_invalid_lists_are_rejected() -> None:
    vocabulary = Vocabulary("ab")
    for names, start_tokens, said in (
        ([], None, "no names"),
        ([], [], "no names"),
        (["ab", "az"], None, "'z'"),
        (["a", "b"], [3], "start tokens for 2 names"),
        (["a", "b"], [3, 4, 3], "start tokens for 2 names"),
    ):
        for make_of in (PrefixTree.from_names, BatchMaker.from_names):
            with pytest.raises(NamesError, match=said):
                make_of(names, vocabulary, start_tokens)  # type: ignore[operator]


def test_indices_use_32_bits_only_if_they_fit() -> None:
    assert (index_type(2**31 - 1), index_type(2**31)) == (np.int32, np.int64)
