"""The style of every drawing: its colours, light and dark, its text, its labels."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from namegen.drawings import style
from namegen.drawings.style import PALETTE

# WCAG 2.2 asks for 4.5 between text and its background: labels beside lines have the colours of the lines.
LEAST_CONTRAST = 4.5
BEHIND = ("paper", "raised")  # what other colours stand on
GRID = "faint"  # meant to be hardly seen


@pytest.fixture(autouse=True)
def _in_style() -> Iterator[None]:
    with style.drawing_style():
        yield


def test_no_drawn_text_lacks_a_glyph() -> None:
    assert style.drawable_text("\ue000a\U000e0001") == "U+E000aU+E0001"
    assert style.drawable_text("\n\n") == "U+000A U+000A"
    assert style.drawable_text("\u0301x") == "◌\u0301x"
    assert style.drawable_text("a" * 50, 10) == "a" * 10 + "…"


def test_engines_keep_their_colours() -> None:
    colours = {style.engine_colour(name) for name in ("numpy", "keras", "tflite")}
    assert len(colours) == 3
    third = style.engine_colour("a third party's")
    assert third == style.engine_colour("a third party's")
    assert third not in {*colours, style.LIST_COLOUR, style.INK, style.QUIET}


@pytest.mark.parametrize("count", [2, 4, 9])
def test_no_engine_of_a_report_looks_like_another(count: int) -> None:
    names = [*style.ENGINE_COLOURS, *(f"engine {place}" for place in range(count))]
    looks = style.engine_looks(names)
    assert looks == style.engine_looks(reversed(names))
    assert len(set(looks.values())) == len(names)
    others = [look for name, look in looks.items() if name not in style.ENGINE_COLOURS]
    assert len({look.colour for look in others}) == min(count, len(style.OTHER_ENGINE_COLOURS))
    assert {look.hollow for look in others} == {False, count > len(style.OTHER_ENGINE_COLOURS)}


def test_names_from_right_to_left_are_drawn_in_their_order() -> None:
    """A Hebrew word and its letters in reverse are drawn as mirror-ordered glyphs: the first letter stands right."""
    axes = style.new_figure(3.0, 2.0).add_subplot()
    spots = {}
    for text in ("\u05d0\u05d9", "\u05d0", "\u05d9"):
        shown = axes.text(0, 0, text)
        canvas = FigureCanvasAgg(style.new_figure(1.0, 1.0))
        image = canvas.get_renderer()
        image.draw_text(image.new_gc(), 10, 50, text, shown.get_fontproperties(), 0)
        columns = np.asarray(image.buffer_rgba())[..., 3].sum(axis=0).astype(int)
        spots[text] = columns[columns.nonzero()[0]]
    yod = spots["\u05d9"]
    assert list(spots["\u05d0\u05d9"][: len(yod) - 1]) == list(yod[:-1]), "the second letter stands at the left"


def luminance(colour: str) -> float:
    """Relative luminance, as WCAG 2.2 defines it."""
    shares = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """From 1, the same, to 21, black on white."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_that_of_the_definition() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("name", [name for name in PALETTE if name not in (*BEHIND, GRID, "black")])
def test_every_colour_has_a_dark_one_that_can_be_read_on_dark_paper(name: str) -> None:
    assert contrast(PALETTE[name].dark, PALETTE["paper"].dark) >= LEAST_CONTRAST


@pytest.mark.parametrize("name", ["ink", "quiet"])
def test_text_can_be_read_on_each_background(name: str) -> None:
    for scheme in ("light", "dark", "printed"):
        for behind in BEHIND:
            assert contrast(getattr(PALETTE[name], scheme), getattr(PALETTE[behind], scheme)) >= LEAST_CONTRAST


def test_what_stands_on_a_bar_can_be_read() -> None:
    for colour in PALETTE.values():
        if colour.light in style.LIGHT_COLOURS:
            for scheme in ("light", "dark", "printed"):
                assert contrast(getattr(PALETTE["black"], scheme), getattr(colour, scheme)) >= LEAST_CONTRAST
        elif colour.light in (*style.ENGINE_COLOURS.values(), *style.OTHER_ENGINE_COLOURS):
            assert contrast(PALETTE["paper"].light, colour.light) > 3.5
            assert contrast(PALETTE["paper"].dark, colour.dark) >= LEAST_CONTRAST


def test_the_grid_is_seen_on_dark_paper_as_well_as_on_light() -> None:
    light, dark = (contrast(getattr(PALETTE[GRID], one), getattr(PALETTE["paper"], one)) for one in ("light", "dark"))
    assert 1 < light <= dark < LEAST_CONTRAST


def test_no_two_colours_are_the_same_in_light_or_in_dark() -> None:
    """A page finds the name of a drawing's colour by its light value."""
    for scheme in ("light", "dark"):
        assert len({getattr(colour, scheme) for colour in PALETTE.values()}) == len(PALETTE)


def test_every_colour_of_a_drawing_is_one_of_the_palette() -> None:
    light = {colour.light for colour in PALETTE.values()}
    named = {value for name, value in vars(style).items() if name.isupper() and str(value).startswith("#")}
    assert len(named) == 13
    assert named <= light
    assert {*style.ENGINE_COLOURS.values(), *style.OTHER_ENGINE_COLOURS} <= light


def test_a_line_without_a_colour_of_its_own_takes_one_of_the_palette() -> None:
    axes = style.new_figure(3.0, 2.0).add_subplot()
    drawn = [axes.plot([0, 1])[0].get_color() for _ in range(7)]
    assert drawn[:3] == [style.BLUE, style.VERMILION, style.GREEN]
    assert set(drawn) <= {colour.light for colour in PALETTE.values()}
