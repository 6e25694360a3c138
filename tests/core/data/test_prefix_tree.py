"""The prefix tree against a dictionary of prefixes that is filled one character after the other."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import example, given

from namegen.core.data.prefix_tree import PrefixTree, SortedNames
from namegen.core.data.vocabulary import BOUNDARY, Vocabulary
from namegen.errors import NamesError
from namegen.lists import load_bundled
from tests import reference
from tests.strategies import HARD_NAMES, alike_lists, names_lists

ARRAYS = ("token", "parent", "level", "count", "edge_node", "edge_token", "edge_count")


def make(names: list[str]) -> tuple[PrefixTree, Vocabulary]:
    vocabulary = Vocabulary.from_names(names)
    return PrefixTree.from_names(names, vocabulary), vocabulary


def prefixes(tree: PrefixTree, vocabulary: Vocabulary) -> list[str]:
    """The prefix of every node, spelled by going up to START."""
    spelled = [""]
    for node in range(1, tree.nodes):
        assert tree.parent[node] < node
        spelled.append(spelled[tree.parent[node]] + vocabulary.characters[tree.token[node] - 1])
    return spelled


def assert_same_tree(one: PrefixTree, other: PrefixTree) -> None:
    for name in ARRAYS:
        assert getattr(one, name).dtype == getattr(other, name).dtype, name
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


@given(names_lists)
@example(list(HARD_NAMES))
@example([""])
@example(["", "", "a"])
@example(["x" * 1000])
def test_counts_are_those_of_the_dictionary(names: list[str]) -> None:
    """Every prefix once, with the number of names that pass it, and what follows it how often."""
    tree, vocabulary = make(names)
    spelled = prefixes(tree, vocabulary)
    expected = reference.prefix_counts(names)
    assert len(set(spelled)) == tree.nodes == len(expected)
    assert dict(zip(spelled, tree.count.tolist(), strict=True)) == {p: c.total() for p, c in expected.items()}
    characters = [reference.STOP, *vocabulary.characters]
    follows: dict[str, Counter[str]] = {prefix: Counter() for prefix in expected}
    for node, token, count in zip(tree.edge_node, tree.edge_token, tree.edge_count, strict=True):
        assert characters[token] not in follows[spelled[node]]  # each edge once
        follows[spelled[node]][characters[token]] = int(count)
    assert follows == expected


@given(names_lists)
@example(["", "", "a"])
def test_the_order_of_nodes_and_edges(names: list[str]) -> None:
    """Nodes by depth, then lexicographically; so children are neighbours; edges by node, then token."""
    tree, vocabulary = make(names)
    spelled = prefixes(tree, vocabulary)
    assert spelled == sorted(spelled, key=lambda prefix: (len(prefix), prefix))
    depths = [len(prefix) for prefix in spelled]
    assert tree.level.tolist() == [sum(d < t for d in depths) for t in range(max(depths) + 2)]
    assert tree.depth == max(map(len, names)) + 1
    assert (np.diff(tree.parent) >= 0).all()
    edges = list(zip(tree.edge_node.tolist(), tree.edge_token.tolist(), strict=True))
    assert edges == sorted(set(edges))
    assert (tree.token[0], tree.parent[0]) == (BOUNDARY, -1)
    assert not (tree.token[1:] == BOUNDARY).any()


@given(names_lists)
@example([""])
def test_edges_lead_to_their_children(names: list[str]) -> None:
    tree, _ = make(names)
    ends = tree.edge_token == BOUNDARY
    assert (tree.edge_child[ends] == -1).all()
    child = tree.edge_child[~ends]
    assert sorted(child.tolist()) == list(range(1, tree.nodes))
    np.testing.assert_array_equal(tree.parent[child], tree.edge_node[~ends])
    np.testing.assert_array_equal(tree.token[child], tree.edge_token[~ends])
    np.testing.assert_array_equal(tree.count[child], tree.edge_count[~ends])


@given(names_lists)
@example([""])
def test_totals(names: list[str]) -> None:
    tree, _ = make(names)
    assert tree.name_count == len(names)
    assert tree.distinct_name_count == len(set(names))
    assert tree.characters == sum(map(len, names)) + len(names)


@given(names_lists)
@example(list(HARD_NAMES))
@example([""])
def test_there_and_back(names: list[str]) -> None:
    """A tree gives its names back with their counts, in order of length, then lexicographically; and from them the
    same tree is made again.
    """
    tree, vocabulary = make(names)
    rows = tree.sequences()
    tokens, lengths, counts = rows.tokens, rows.lengths, rows.counts
    back = ["".join(vocabulary.characters[t - 1] for t in row[:n]) for row, n in zip(tokens, lengths, strict=True)]
    assert dict(zip(back, counts.tolist(), strict=True)) == Counter(names)
    assert back == sorted(set(names), key=lambda name: (len(name), name))
    assert tokens.shape == (len(back), tree.depth)
    assert not tokens[np.arange(tree.depth) >= lengths[:, None]].any()  # padded with the boundary
    assert (lengths < tree.depth).all()
    again = [name for name, count in zip(back, counts.tolist(), strict=True) for _ in range(count)]
    assert_same_tree(PrefixTree.from_names(again, vocabulary), tree)


@given(names_lists)
@example([""])
def test_paths_are_the_way_of_each_name(names: list[str]) -> None:
    vocabulary = Vocabulary.from_names(names)
    tree, paths, starts = SortedNames.from_names(names, vocabulary).tree_and_paths()
    assert_same_tree(tree, PrefixTree.from_names(names, vocabulary))
    spelled = prefixes(tree, vocabulary)
    for name, start in zip(sorted(set(names)), starts, strict=True):
        way = [spelled[node] for node in paths[start : start + len(name) + 1]]
        assert way == [name[:place] for place in range(len(name) + 1)]
    assert len(paths) == sum(map(len, set(names))) + len(set(names))


@given(alike_lists)
def test_the_counts_give_the_ceiling(names: list[str]) -> None:
    """What evaluation takes out of a tree's counts is what a loop over all characters finds."""
    tree, _ = make(names)
    expected = reference.ceiling(names)
    total = tree.count[tree.edge_node]
    loss = (tree.edge_count * np.log(total / tree.edge_count)).sum() / tree.characters
    best = np.zeros(tree.nodes, np.int64)
    np.maximum.at(best, tree.edge_node, tree.edge_count)
    assert loss == pytest.approx(expected["loss_nats_per_char"], abs=1e-12)
    assert loss / math.log(2) == pytest.approx(expected["bits_per_char"], abs=1e-12)
    assert best.sum() / tree.characters == pytest.approx(expected["accuracy_argmax"], abs=1e-12)
    sampled = (tree.edge_count**2 / total).sum() / tree.characters
    assert sampled == pytest.approx(expected["accuracy_sampled"], abs=1e-12)


def test_the_worked_example_of_the_readme() -> None:
    tree, vocabulary = make(["Al", "Ali", "Al"])
    assert vocabulary.characters == "Ail"
    assert {name: getattr(tree, name).tolist() for name in ARRAYS} == {
        "token": [0, 1, 3, 2],
        "parent": [-1, 0, 1, 2],
        "count": [3, 3, 3, 1],
        "level": [0, 1, 2, 3, 4],
        "edge_node": [0, 1, 2, 2, 3],
        "edge_token": [1, 3, 0, 2, 0],
        "edge_count": [3, 3, 2, 1, 1],
    }
    assert reference.ceiling(["Al", "Ali", "Al"])["accuracy_argmax"] == 0.9


def test_a_list_of_real_names() -> None:
    names = list(load_bundled("mlb-last").names)
    tree, vocabulary = make(names)
    expected = reference.prefix_counts(names)
    spelled = prefixes(tree, vocabulary)
    assert dict(zip(spelled, tree.count.tolist(), strict=True)) == {p: c.total() for p, c in expected.items()}
    assert tree.nodes > 30_000


def test_no_names() -> None:
    with pytest.raises(NamesError, match="no names"):
        PrefixTree.from_names([], Vocabulary("a"))


def test_an_unknown_character() -> None:
    with pytest.raises(NamesError, match="'z'"):
        PrefixTree.from_names(["ab", "az"], Vocabulary("ab"))
