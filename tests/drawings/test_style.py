"""Check the style of all plots: colors in light and dark mode, text, levels and legends."""

from __future__ import annotations

import math
from pathlib import Path

import matplotlib
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from namegen.drawings import style
from namegen.drawings.style import Level, draw_levels

pytestmark = pytest.mark.usefixtures("in_style")

# WCAG 2.2 requires a contrast of 4.5 between text and its background. Labels have the same colors as their lines.
LEAST_CONTRAST = 4.5


def test_characters_without_a_glyph_are_replaced() -> None:
    assert style.drawable_text("\ue000a\U000e0001") == "U+E000aU+E0001"
    assert style.drawable_text("\u0301x") == "◌\u0301x"
    assert style.drawable_text("a" * 50, 10) == "a" * 10 + "…"


@pytest.mark.parametrize(
    ("name", "first_bytes"),
    [
        ("plot.svg", b"<?xml"),
        ("plot.SVG", b"<?xml"),
        ("plot.png", b"\x89PNG"),
        ("plot.txt", b"\x89PNG"),
        ("plot", b"\x89PNG"),
    ],
)
def test_the_name_of_a_file_decides_its_format(
    name: str, first_bytes: bytes, tmp_path: Path
) -> None:
    style.save_figure(Figure(), tmp_path / name)
    assert (tmp_path / name).read_bytes().startswith(first_bytes)


def luminance(colour: str) -> float:
    """Return the relative luminance as defined in WCAG 2.2."""
    shares = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the contrast, from 1 for equal colors to 21 for black on white."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("dark", [False, True])
def test_text_and_curves_are_readable_on_their_background(dark: bool) -> None:
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    with style.drawing_style(dark=dark):
        settings = matplotlib.rcParams
        behind = to_hex(settings["figure.facecolor"])
        for name in ("text.color", "axes.labelcolor", "xtick.labelcolor", "axes.edgecolor"):
            assert contrast(to_hex(settings[name]), behind) >= LEAST_CONTRAST, name
        colors = [to_hex(color) for color in settings["axes.prop_cycle"].by_key()["color"]]
        assert len(set(colors)) == len(colors) == 8
        assert all(contrast(color, behind) >= 2 for color in colors)
        # The grid is barely visible on purpose.
        assert 1 < contrast(to_hex(settings["grid.color"]), behind) < 2


@pytest.fixture
def axes() -> Axes:
    """Return axes with one curve from 0.2 to 0.4."""
    axes = style.new_figure(4.0, 3.0).add_subplot()
    axes.plot([1, 2, 3], [0.2, 0.35, 0.4])
    axes.yaxis.set_major_formatter(style.percent_formatter())
    return axes


def level(value: float, name: str = "ceiling") -> Level:
    return Level(name, value)


def test_only_nearby_finite_levels_are_drawn_as_lines(axes: Axes) -> None:
    draw_levels(axes, [level(math.inf), level(0.5), level(math.nan)], least_span=0.1)
    _, line = axes.get_lines()
    assert list(line.get_ydata()) == [0.5, 0.5]
    assert line.get_label() == "ceiling"
    assert axes.get_ylim()[0] < 0.2 < 0.5 < axes.get_ylim()[1] < 0.55


@pytest.mark.parametrize(("value", "side"), [(0.9, "above"), (-0.5, "below")])
def test_a_distant_level_is_only_shown_in_the_legend(axes: Axes, value: float, side: str) -> None:
    draw_levels(axes, [level(value), level(0.41, "n-gram")], least_span=0.1)
    _, near, far = axes.get_lines()  # the nearest level is drawn first
    assert (near.get_label(), far.get_label()) == ("n-gram", f"ceiling: {value:.0%} ({side})")
    assert axes.get_ylim() == pytest.approx((0.2 - 0.0105, 0.41 + 0.0105))
