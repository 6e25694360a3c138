"""The pictures of chapter 4 show the tree that they are given: nodes, counts, and what a batch computes twice."""

from __future__ import annotations

import doctest
import sys
from collections import Counter
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import Vocabulary

TEN = ["Tim", "John", "Jim", "Joe", "John", "Josh", "Jimmy", "Jon", "Joe", "John"]
VOCABULARY = Vocabulary.from_names(TEN)
TREE = PrefixTree.from_names(TEN, VOCABULARY)
PREFIXES = [name[:end] for name in TEN for end in range(len(name) + 1)]


@pytest.fixture
def picture(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """``docs/learn/tree_picture.py``, which lies in no package."""
    path = Path(__file__).parents[2] / "docs" / "learn" / "tree_picture.py"
    spec = spec_from_file_location("tree_picture", path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "tree_picture", module)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def axes() -> Axes:
    return Figure().subplots()


def written(axes: Axes) -> Counter[str]:
    return Counter(text.get_text() for text in axes.texts)


def test_the_examples_run(picture: ModuleType) -> None:
    results = doctest.testmod(picture)
    assert results.attempted > 0
    assert results.failed == 0


def test_the_tree_has_a_circle_for_each_distinct_prefix_and_a_count_on_each_edge(
    picture: ModuleType, axes: Axes
) -> None:
    picture.draw_tree(TREE, VOCABULARY, axes)
    assert len(axes.collections) == len(set(PREFIXES))
    letters = Counter(prefix[-1:] or picture.START for prefix in set(PREFIXES))
    counts = Counter(str(count) for prefix, count in Counter(PREFIXES).items() if prefix)
    ends = Counter(TEN)
    assert written(axes) == letters + counts + Counter(map(str, ends.values())) + Counter({picture.STOP: len(ends)})


def test_wider_edges_have_more_names(picture: ModuleType, axes: Axes) -> None:
    picture.draw_tree(TREE, VOCABULARY, axes)
    widths = np.array([line.get_linewidth() for line in axes.lines])
    order = np.argsort(TREE.edge_count, kind="stable")
    assert (np.diff(widths[order]) >= 0).all()
    assert widths.max() > widths.min()


def test_no_two_nodes_and_ends_stand_on_each_other(picture: ModuleType) -> None:
    nodes, ends = picture.places(TREE)
    stops = ends[TREE.edge_child < 0]
    everything = np.concatenate((nodes, stops))
    assert len(np.unique(everything, axis=0)) == len(everything)
    assert len(np.unique(stops[:, 1])) == TREE.distinct_name_count  # a line for each name


def test_an_edge_ends_where_its_child_stands(picture: ModuleType) -> None:
    nodes, ends = picture.places(TREE)
    inner = TREE.edge_child >= 0
    assert np.array_equal(ends[inner], nodes[TREE.edge_child[inner]])


def test_rows_tell_what_is_new_what_was_computed_and_what_is_padding(picture: ModuleType, axes: Axes) -> None:
    picture.draw_rows(TEN, axes)
    squares = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
    colours = Counter(to_hex(square.get_facecolor()) for square in squares)
    columns = max(map(len, TEN)) + 1
    assert colours == {
        picture.ORANGE: len(set(PREFIXES)),
        picture.FAINT: len(PREFIXES) - len(set(PREFIXES)),
        picture.PAPER: len(TEN) * columns - len(PREFIXES),
    }
    assert sum(square.get_hatch() is not None for square in squares) == colours[picture.PAPER]


def test_a_dollar_is_drawn_as_a_dollar(picture: ModuleType, axes: Axes) -> None:
    """Names are data, and no formulas."""
    names = ["A$", "$x$"]
    vocabulary = Vocabulary.from_names(names)
    picture.draw_tree(PrefixTree.from_names(names, vocabulary), vocabulary, axes)
    axes.figure.canvas.draw()
    assert written(axes)["$"] == 3
    assert not any(text.get_parse_math() for text in axes.texts if text.get_text() == "$")
