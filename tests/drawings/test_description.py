"""Check that the plots of a list show the right data for any names, and don't change matplotlib's settings."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from namegen.core.data.description import describe
from namegen.drawings.description import description_figure, draw_description

pytestmark = pytest.mark.usefixtures("in_style")

AWKWARD = (
    "$x^2$",
    "$a_{b}",
    "\\frac{1}",
    "%s {0}",
    "مرحبا",
    "שלום",
    "さくら",
    "o\u0301",
    "\u0301x",
    "😀😀",
    "x\x07y\x1b[2J",
    "<b>&amp;",
    "\ue000\U000e0001",
    "a" * 300,
)


def panel(figure: Figure, title: str) -> Axes:
    [axes] = [axes for axes in figure.axes if axes.get_title(loc="left").startswith(title)]
    return axes


def test_the_plots_show_the_counts() -> None:
    description = describe(["Al", "Alan", "Bob", "Al", "Al", "Bob"])
    figure = description_figure(description, source="a list")
    heights = [bar.get_height() for bar in panel(figure, "Letters").patches]
    assert heights == [
        count / sum(description.letters.values()) for count in description.letters.values()
    ]
    lengths = panel(figure, "Lengths")
    bars = {round(bar.get_x() + bar.get_width() / 2): bar.get_height() for bar in lengths.patches}
    assert bars == {2: 3, 3: 2, 4: 1}
    unique = panel(figure, "Characters until")
    # Bob is unique after one character and Alan after three. Al is never unique.
    assert [bar.get_height() for bar in unique.patches] == [
        1,
        0,
        1,
        1,
    ]
    assert [label.get_text() for label in unique.get_xticklabels()] == ["1", "2", "3", "never"]
    commonest = panel(figure, "Most common")
    assert [label.get_text() for label in commonest.get_yticklabels()] == ["Al", "Bob", "Alan"]
    assert [bar.get_width() for bar in commonest.patches] == [3, 2, 1]
    [tail] = panel(figure, "The long tail: 1 of 3").get_lines()
    assert [*zip(tail.get_xdata(), tail.get_ydata(), strict=True)] == [
        (1, 3),
        (1, 3),
        (2, 2),
        (2, 2),
        (3, 1),
        (3, 1),
    ]
    assert figure.get_suptitle() == "a list: 6 names, 3 different"
    assert all(axes.get_xlabel() for axes in figure.axes)
    assert sum(not axes.get_ylabel() for axes in figure.axes) == 1  # the names label the bars


def test_a_list_without_duplicates_has_no_most_common_names() -> None:
    figure = description_figure(describe(["Al", "Bo"]), source="x")
    assert len(figure.axes) == 3
    assert figure.get_suptitle() == "x: 2 names, none of them twice"


def test_rare_long_lengths_share_a_bar() -> None:
    names = ["a" * (1 + number % 20) for number in range(3000)] + ["b" * 700]
    lengths = panel(description_figure(describe(names), source="x"), "Lengths")
    assert lengths.get_xticklabels()[-1].get_text().endswith("+")
    assert sum(bar.get_height() for bar in lengths.patches) == 3001


def test_awkward_names_are_drawn_without_a_warning(tmp_path: Path) -> None:
    """In the tests, every warning is an error, including matplotlib's warning about missing glyphs."""
    path = tmp_path / "description.png"
    draw_description(describe([*AWKWARD, *AWKWARD, "Q"]), path, source="a $list$\n of の names")
    assert path.read_bytes().startswith(b"\x89PNG")


def test_names_are_drawn_literally_and_matplotlib_settings_are_unchanged(
    tmp_path: Path,
) -> None:
    before = dict(matplotlib.rcParams)
    figure = description_figure(describe([*AWKWARD, *AWKWARD]), source="x")
    texts = figure.findobj(matplotlib.text.Text)
    assert "$x^2$" in [text.get_text() for text in texts]
    assert not any(text.get_parse_math() for text in texts)
    assert dict(matplotlib.rcParams) == before
