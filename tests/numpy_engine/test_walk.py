"""The levels of a tree, against what a plain loop over its nodes says of them."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from namegen.backends.numpy_engine.walk import BUNDLE, FamilySums, SideBySide, TreeWalk
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import Vocabulary
from tests.strategies import alike, any_name, labelled_lists


def tree_of(names: list[str]) -> PrefixTree:
    return PrefixTree.from_names(names, Vocabulary.from_names(names))


@given(names=st.lists(st.one_of(alike, any_name), min_size=1, max_size=12))
@example(names=[""])
@example(names=["ab", "ac", "ad", "b"])
def test_levels(names: list[str]) -> None:
    check_levels(tree_of(names))


def test_more_large_families_than_one_bundle_holds() -> None:
    firsts = [chr(code) for code in range(0x4E00, 0x4E00 + 2 * BUNDLE + 5)]
    tree = tree_of([first + end for first in firsts for end in ("", "a", "b", "bc")])
    assert [len(level.bundles) for level in TreeWalk(tree).levels] == [0, 1, 3, 0]
    check_levels(tree)


@given(names=labelled_lists)
@example(names=[(0, ""), (2, "")])
@example(names=[(0, "ab"), (1, "ac"), (1, "ad"), (2, "b"), (2, "")])
def test_levels_below_several_roots(names: list[tuple[int, str]]) -> None:
    """The roots are one family, of the state before any name; a root without children is nobody's parent."""
    vocabulary = Vocabulary.from_names(name for _, name in names)
    beginnings = [vocabulary.size + label for label, _ in names]
    check_levels(PrefixTree.from_names([name for _, name in names], vocabulary, beginnings))


def check_levels(tree: PrefixTree) -> None:
    walk = TreeWalk(tree)
    children = {node: np.flatnonzero(tree.parent == node) for node in range(-1, tree.nodes)}
    assert walk.nodes == tree.nodes
    assert [(level.rows.start, level.rows.stop) for level in walk.levels] == list(
        zip(tree.level[:-1].tolist(), tree.level[1:].tolist(), strict=True)
    )
    families = [parent for parent in range(-1, tree.nodes) if len(children[parent])]  # of all levels, by number
    assert walk.families == len(families)
    assert walk.eldest.tolist() == [children[parent][0] for parent in families]
    sent = np.random.default_rng(0).normal(size=(2, tree.nodes, 3))
    sums = FamilySums(SideBySide(sent), walk, np.full((walk.families, 6), np.nan))
    for level in walk.levels:
        np.testing.assert_array_equal(level.parents, tree.parent[level.rows])
        here = families[level.families]
        assert sorted(set(level.parents.tolist())) == here
        assert level.parents_of_families.tolist() == here
        if level.family is None:
            assert len(here) == len(level.parents)
        else:
            assert [here[family] for family in level.family] == level.parents.tolist()
        own = [families.index(node) if len(children[node]) else 0 for node in range(level.rows.start, level.rows.stop)]
        assert level.own_family.tolist() == own
        expected = [sent[:, children[parent]].sum(axis=1).ravel() for parent in here]
        np.testing.assert_allclose(sums.fill(level), expected, rtol=0, atol=1e-14)
