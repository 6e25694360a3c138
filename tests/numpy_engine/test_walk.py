"""Compare the levels of ``TreeWalk`` with a simple loop over the nodes of the tree."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from namegen.backends.numpy_engine.cells import SimpleRNN
from namegen.backends.numpy_engine.recurrent import Recurrent
from namegen.backends.numpy_engine.walk import BLOCK_GROUPS, GroupSums, TreeWalk
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import Vocabulary
from tests.strategies import alike, any_name, labelled_lists


def tree_of(names: list[str]) -> PrefixTree:
    return PrefixTree.from_names(names, Vocabulary.from_names(names))


@given(names=st.lists(st.one_of(alike, any_name), min_size=1, max_size=12))
@example(names=[""])
@example(names=["ab", "ac", "ad", "b"])
def test_levels_agree_with_the_tree(names: list[str]) -> None:
    check_levels(tree_of(names))


def test_shared_groups_are_split_into_blocks() -> None:
    firsts = [chr(code) for code in range(0x4E00, 0x4E00 + 2 * BLOCK_GROUPS + 5)]
    tree = tree_of([first + end for first in firsts for end in ("", "a", "b", "bc")])
    assert [len(level.shared) for level in TreeWalk(tree).levels] == [0, 1, 3, 0]
    check_levels(tree)


@given(names=labelled_lists)
@example(names=[(0, ""), (2, "")])
@example(names=[(0, "ab"), (1, "ac"), (1, "ad"), (2, "b"), (2, "")])
def test_trees_can_have_several_roots(names: list[tuple[int, str]]) -> None:
    """The roots form one group, whose parent is the initial state. A root without children has no group."""
    vocabulary = Vocabulary.from_names(name for _, name in names)
    start_tokens = [vocabulary.size + label for label, _ in names]
    check_levels(PrefixTree.from_names([name for _, name in names], vocabulary, start_tokens))


def check_levels(tree: PrefixTree) -> None:
    walk = TreeWalk(tree)
    children = {node: np.flatnonzero(tree.parent == node) for node in range(-1, tree.nodes)}
    assert walk.nodes == tree.nodes
    assert [(level.rows.start, level.rows.stop) for level in walk.levels] == list(
        zip(tree.level[:-1].tolist(), tree.level[1:].tolist(), strict=True)
    )
    groups = [
        parent for parent in range(-1, tree.nodes) if len(children[parent])
    ]  # the parents of all levels, in order
    assert walk.group_count == len(groups)
    assert walk.first_child.tolist() == [children[parent][0] for parent in groups]
    for rows in (1, 3, tree.nodes):
        chunks = walk.chunks(rows)
        assert [level.rows for _, levels in chunks for level, _ in levels] == [
            level.rows for level in walk.levels
        ]
        for nodes, levels in chunks:
            assert nodes.stop - nodes.start <= rows or len(levels) == 1
            for level, in_chunk in levels:
                assert range(nodes.start, nodes.stop)[in_chunk] == range(
                    level.rows.start, level.rows.stop
                )
    sent = np.random.default_rng(0).normal(size=(3, tree.nodes, 3))
    sums = GroupSums(sent, [0, 2])
    sums.begin(walk)
    for level in walk.levels:
        np.testing.assert_array_equal(level.parents, tree.parent[level.rows])
        here = groups[level.groups]
        assert sorted(set(level.parents.tolist())) == here
        assert level.parents_of_groups.tolist() == here
        if level.group is None:
            assert len(here) == len(level.parents)
        else:
            assert [here[group] for group in level.group] == level.parents.tolist()
        own = [
            groups.index(node) if len(children[node]) else 0
            for node in range(level.rows.start, level.rows.stop)
        ]
        assert level.children.tolist() == own
        expected = [sent[[0, 2]][:, children[parent]].sum(axis=1).ravel() for parent in here]
        np.testing.assert_allclose(sums.fill(level), expected, rtol=0, atol=1e-14)


@pytest.mark.parametrize(
    ("names", "first_child", "siblings", "children", "sent"),
    [
        (["Al", "Ali", "Al"], [0, 1, 2, 3], [], [1, 2, 3, 0], [0, 0.875, 0.75, 0.5]),
        (
            ["Al", "Ali", "Bo"],
            [0, 1, 3, 4, 5],
            [1, 2],
            [1, 2, 3, 4, 0, 0],
            [0, 1.625, 0.75, 0.5, 0.5],
        ),
    ],
)
def test_the_worked_example_of_the_core_readme(
    names: list[str],
    first_child: list[int],
    siblings: list[int],
    children: list[int],
    sent: list[float],
) -> None:
    vocabulary = Vocabulary.from_names(names)
    tree = PrefixTree.from_names(names, vocabulary)
    walk = TreeWalk(tree, "float64")
    assert walk.first_child.tolist() == first_child
    assert walk.siblings.tolist() == siblings
    assert np.concatenate([level.children for level in walk.levels]).tolist() == children
    groups = [level.group for level in walk.levels if level.group is not None]
    assert [group.tolist() for group in groups] == ([[0, 0]] if siblings else [])
    parameters = {
        "kernel": np.zeros((vocabulary.size, 1)),
        "recurrent_kernel": np.array([[0.5]]),
        "bias": np.zeros(1),
    }
    gradients = {name: np.empty_like(values) for name, values in parameters.items()}
    layer = Recurrent(SimpleRNN(), parameters, gradients)
    layer.forward(tree.token, walk)
    layer.backward(np.ones((tree.nodes, 1)))
    assert layer._arrays.sent[0, : walk.group_count, 0].tolist() == sent
