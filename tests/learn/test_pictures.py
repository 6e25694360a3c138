"""The pictures of the course show the right numbers and the right tree."""

from __future__ import annotations

import doctest
import importlib.util
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

LEARN = Path(__file__).parents[2] / "docs" / "learn"
TEN = ["Tim", "John", "Jim", "Joe", "John", "Josh", "Jimmy", "Jon", "Joe", "John"]
PREFIXES = [name[:end] for name in TEN for end in range(len(name) + 1)]


def learn(name: str) -> ModuleType:
    """Import a module of ``docs/learn``, which isn't in a package."""
    spec = importlib.util.spec_from_file_location(name, LEARN / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def pictures() -> ModuleType:
    return learn("pictures")


@pytest.fixture(scope="module")
def tree_picture() -> ModuleType:
    return learn("tree_picture")


@pytest.fixture
def axes() -> Axes:
    return Figure().subplots()


def written(axes: Axes) -> Counter[str]:
    return Counter(text.get_text() for text in axes.texts)


def test_docstring_examples_run(tree_picture: ModuleType) -> None:
    results = doctest.testmod(tree_picture)
    assert results.attempted > 0
    assert results.failed == 0


def test_the_tree_shows_every_distinct_prefix_and_count(
    tree_picture: ModuleType, axes: Axes
) -> None:
    tree_picture.draw_tree(TEN, axes)
    assert len(axes.collections) == len(set(PREFIXES))
    letters = Counter(prefix[-1:] or tree_picture.START for prefix in set(PREFIXES))
    counts = Counter(str(count) for prefix, count in Counter(PREFIXES).items() if prefix)
    ends = Counter(TEN)
    stops = Counter({tree_picture.STOP: len(ends)})
    assert written(axes) == letters + counts + Counter(map(str, ends.values())) + stops
