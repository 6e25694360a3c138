"""Trees and batches of several roots against dictionaries that are filled one name after the other; and the shares."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from namegen.core.data.batching import BatchMaker
from namegen.core.data.prefix_tree import PrefixTree, SortedNames
from namegen.core.data.vocabulary import BOUNDARY, Beginnings, Vocabulary
from namegen.errors import NamesError, SettingsError
from tests.core.data.test_prefix_tree import assert_same_tree
from tests.strategies import labelled_lists

Labelled = list[tuple[int, str]]
few = settings(max_examples=25)
WORKED: Labelled = [(0, "Al"), (2, "Al"), (0, "Ali"), (0, "Al"), (2, ""), (2, "B")]


def make(names: Labelled) -> tuple[PrefixTree, Vocabulary]:
    vocabulary = Vocabulary.from_names(name for _, name in names)
    tree = PrefixTree.from_names(
        [name for _, name in names], vocabulary, [vocabulary.size + label for label, _ in names]
    )
    return tree, vocabulary


def prefixes(tree: PrefixTree, vocabulary: Vocabulary) -> Labelled:
    """The label and the prefix of every node, spelled from its root on."""
    spelled: Labelled = []
    for token, parent in zip(tree.token.tolist(), tree.parent.tolist(), strict=True):
        if parent < 0:
            spelled.append((token - vocabulary.size, ""))
        else:
            label, prefix = spelled[parent]
            spelled.append((label, prefix + vocabulary.characters[token - 1]))
    return spelled


@given(labelled_lists)
@example(WORKED)
@example([(2, "")])
@example([(0, ""), (1, "")])
def test_nodes_and_edges_are_those_of_the_dictionary(names: Labelled) -> None:
    """Each prefix of each label once, by depth, label and characters; what follows it, and how often."""
    tree, vocabulary = make(names)
    expected: dict[tuple[int, str], Counter[str]] = defaultdict(Counter)
    for label, name in names:
        for place in range(len(name) + 1):
            expected[label, name[:place]][name[place : place + 1]] += 1
    spelled = prefixes(tree, vocabulary)
    assert spelled == sorted(expected, key=lambda key: (len(key[1]), key))
    assert tree.count.tolist() == [expected[key].total() for key in spelled]
    found = [
        (spelled[node], ["", *vocabulary.characters][token], count)
        for node, token, count in zip(
            tree.edge_node.tolist(), tree.edge_token.tolist(), tree.edge_count.tolist(), strict=True
        )
    ]
    assert found == [(key, character, n) for key in spelled for character, n in sorted(expected[key].items())]
    labels = sorted({label for label, _ in names})
    assert tree.roots == len(labels)
    assert tree.token[: tree.roots].tolist() == [vocabulary.size + label for label in labels]
    assert (tree.parent[: tree.roots] == -1).all()
    assert (tree.parent[tree.roots :] >= 0).all()
    assert tree.level.tolist() == [sum(len(p) < t for _, p in spelled) for t in range(tree.depth + 1)]
    assert (tree.name_count, tree.distinct_name_count) == (len(names), len(set(names)))


@few
@given(labelled_lists)
@example(WORKED)
def test_edges_lead_to_their_children(names: Labelled) -> None:
    tree, _ = make(names)
    ends = tree.edge_token == BOUNDARY
    assert (tree.edge_child[ends] == -1).all()
    child = tree.edge_child[~ends]
    assert child.tolist() == list(range(tree.roots, tree.nodes))
    np.testing.assert_array_equal(tree.parent[child], tree.edge_node[~ends])
    np.testing.assert_array_equal(tree.token[child], tree.edge_token[~ends])


@few
@given(labelled_lists)
@example(WORKED)
def test_there_and_back(names: Labelled) -> None:
    """A tree gives its names back with beginnings, counts, and the node before each token."""
    tree, vocabulary = make(names)
    rows, spelled = tree.sequences(), prefixes(tree, vocabulary)
    labels = (rows.beginnings - vocabulary.size).tolist()
    back = list(zip(labels, vocabulary.decode_all(rows.tokens), strict=True))
    if "\0" not in vocabulary.characters:
        assert dict(zip(back, rows.counts.tolist(), strict=True)) == Counter(names)
        assert back == sorted(set(names), key=lambda entry: (len(entry[1]), entry))
    for nodes, length, (label, name) in zip(rows.nodes, rows.lengths, back, strict=True):
        assert [spelled[node] for node in nodes[: length + 1]] == [(label, name[:k]) for k in range(length + 1)]


@few
@given(labelled_lists)
@example(WORKED)
def test_paths_begin_at_the_root_of_their_label(names: Labelled) -> None:
    vocabulary = Vocabulary.from_names(name for _, name in names)
    beginnings = [vocabulary.size + label for label, _ in names]
    made = SortedNames.from_names([name for _, name in names], vocabulary, beginnings)
    tree, paths, starts = made.tree_and_paths()
    spelled = prefixes(tree, vocabulary)
    for (label, name), start in zip(sorted(set(names)), starts, strict=True):
        way = [spelled[node] for node in paths[start : start + len(name) + 1]]
        assert way == [(label, name[:place]) for place in range(len(name) + 1)]


@few
@given(labelled_lists)
@example(WORKED)
def test_under_one_root_is_the_tree_of_the_names_alone(names: Labelled) -> None:
    tree, vocabulary = make(names)
    assert_same_tree(tree.under_one_root(), PrefixTree.from_names([name for _, name in names], vocabulary))
    plain = tree.under_one_root()
    assert plain.under_one_root() is plain


@given(labelled_lists, st.data())
@example(WORKED, None)
def test_a_batchs_tree_is_the_tree_of_its_names(names: Labelled, data: st.DataObject | None) -> None:
    vocabulary = Vocabulary.from_names(name for _, name in names)
    maker = BatchMaker([name for _, name in names], vocabulary, [vocabulary.size + label for label, _ in names])
    distinct = sorted(set(names))
    ranks = st.lists(st.integers(0, len(distinct) - 1), min_size=1, max_size=30)
    chosen = [distinct[rank] for rank in ([3, 1, 1, 0] if data is None else data.draw(ranks))]
    batch = maker.batch(np.array([distinct.index(entry) for entry in chosen]))
    beginnings = [vocabulary.size + label for label, _ in chosen]
    assert_same_tree(batch.tree, PrefixTree.from_names([name for _, name in chosen], vocabulary, beginnings))
    assert batch.characters == sum(len(name) + 1 for _, name in chosen)


@few
@given(labelled_lists, st.integers(1, 9))
def test_an_epoch_holds_every_name_once_with_its_beginning(names: Labelled, batch_size: int) -> None:
    vocabulary = Vocabulary.from_names(name for _, name in names)
    maker = BatchMaker([name for _, name in names], vocabulary, [vocabulary.size + label for label, _ in names])
    found: Counter[tuple[int, int, int]] = Counter()
    for batch in maker.epoch(1, batch_size=batch_size, seed=5):
        rows = batch.sequences()
        for tokens, beginning, length, count in zip(
            rows.tokens, rows.beginnings, rows.lengths, rows.counts, strict=True
        ):
            found[beginning - vocabulary.size, *tokens[:length]] += count
    assert found == Counter((label, *vocabulary.encode(name).tolist()) for label, name in names)


def test_the_worked_example_of_the_readme() -> None:
    tree, vocabulary = make([(0, "Al"), (1, "Al"), (0, "Ali")])
    assert vocabulary.size == 4
    assert (tree.token.tolist()[:4], tree.parent.tolist()[:4]) == ([4, 5, 1, 1], [-1, -1, 0, 1])
    assert (tree.count.tolist()[:4], tree.level.tolist()) == ([2, 1, 2, 1], [0, 2, 4, 6, 7])


def test_the_boundary_given_as_beginning_is_no_beginning_given() -> None:
    names = ["Al", "", "Bo", "Al"]
    vocabulary = Vocabulary.from_names(names)
    plain = PrefixTree.from_names(names, vocabulary)
    assert_same_tree(PrefixTree.from_names(names, vocabulary, [0] * 4), plain)
    given, without = (BatchMaker(names, vocabulary, which).batch(np.array([0, 2, 2])).tree for which in ([0] * 4, None))
    assert_same_tree(given, without)


def test_there_must_be_a_beginning_for_each_name() -> None:
    with pytest.raises(NamesError, match="one beginning for each name"):
        PrefixTree.from_names(["a", "b"], Vocabulary("ab"), [3])
    with pytest.raises(NamesError, match="one beginning for each name"):
        BatchMaker(["a", "b"], Vocabulary("ab"), [3, 4, 3])
    with pytest.raises(NamesError, match="no names"):
        PrefixTree.from_names([], Vocabulary("ab"), [])


def test_shares_are_the_counts_of_the_labels() -> None:
    assert Beginnings.from_counts(9, []) == Beginnings.single() == Beginnings((0,), (1.0,))
    three = Beginnings.from_counts(9, [3, 0, 1])
    assert three == Beginnings((9, 10, 11), (0.75, 0.0, 0.25))
    assert three.ids.tolist() == [9, 10, 11]
    np.testing.assert_array_equal(three.log_shares, [np.log(0.75), -np.inf, np.log(0.25)])
    assert (three.several, three.numbers) == (True, 1)
    one = Beginnings.from_counts(9, [7])
    assert (one, one.several, one.numbers) == (Beginnings.single(9), False, 0)


@pytest.mark.parametrize(
    ("tokens", "shares"),
    [((), ()), ((4, 4), (0.5, 0.5)), ((-1,), (1.0,)), ((4, 5), (1.0,)), ((4, 5), (0.5, 0.4)), ((4, 5), (1.5, -0.5))],
)
def test_beginnings_without_a_distribution_are_refused(tokens: tuple[int, ...], shares: tuple[float, ...]) -> None:
    with pytest.raises(SettingsError, match="beginnings"):
        Beginnings(tokens, shares)


@pytest.mark.parametrize("counts", [[0, 0], [3, -1]])
def test_labels_without_names_are_refused(counts: list[int]) -> None:
    with pytest.raises(SettingsError, match="labels"):
        Beginnings.from_counts(9, counts)
