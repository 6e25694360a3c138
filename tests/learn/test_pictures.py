"""The pictures of the course show the right numbers and the right tree."""

from __future__ import annotations

import doctest
import importlib.util
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import Vocabulary

LEARN = Path(__file__).parents[2] / "docs" / "learn"
TEN = ["Tim", "John", "Jim", "Joe", "John", "Josh", "Jimmy", "Jon", "Joe", "John"]
TREE = PrefixTree.from_names(TEN, Vocabulary.from_names(TEN))
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


def test_pictures_are_reproducible_pngs(pictures: ModuleType, tmp_path: Path) -> None:
    """The pictures in a notebook mustn't change if it is run again."""
    rng = np.random.default_rng(0)
    h = rng.uniform(-1, 1, (4, 2))

    drawn = [
        pictures.states("Anna", h),
        pictures.path("Anna", h),
        pictures.gates("Anna", np.abs(h), "a gate"),
        pictures.gradients("Anna", np.abs(h[:, 0]), "one line"),
        pictures.gradients("Anna", {"one": np.abs(h[:, 0]), "two": np.abs(h[:, 1])}, "two lines"),
        pictures.curves(
            {"one": h[:, 0], "two": h[:, 1]}, "curves", "epoch", "nats", level=("zero", 0.0)
        ),
    ]
    assert {repr(picture) for picture in drawn} == {"a picture"}
    pngs = [picture.png for picture in drawn]
    assert all(png.startswith(b"\x89PNG") for png in pngs)
    assert len(set(pngs)) == len(pngs)
    pictures.path("Anna", h).save(tmp_path / "path.png")
    assert (tmp_path / "path.png").read_bytes() == pngs[1]


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


def test_dollar_signs_are_drawn_literally(tree_picture: ModuleType, axes: Axes) -> None:
    """By default, matplotlib would draw a name such as ``$x$`` as a formula."""
    tree_picture.draw_tree(["A$", "$x$"], axes)
    axes.figure.canvas.draw()
    assert written(axes)["$"] == 3
    assert not any(text.get_parse_math() for text in axes.texts if text.get_text() == "$")
