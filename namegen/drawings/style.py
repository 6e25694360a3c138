"""The common style of all plots, with colors, fonts, text, reference levels, legends and files.

Matplotlib is used without pyplot, so no global state changes and no window opens. Text from lists and models is never
interpreted as a formula, and a character that no font contains is shown as its code point.
"""

from __future__ import annotations

import io
import math
import unicodedata
import zlib
from collections.abc import Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import matplotlib.style
import numpy as np
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.rcsetup import cycler
from matplotlib.ticker import FuncFormatter

from namegen.files import write_whole


@dataclass(frozen=True)
class Colour:
    """A color of the palette, with a variant for each background."""

    light: str
    """On a white background, and in all plot files."""
    dark: str
    """On a dark background, on a page in dark mode."""
    printed: str = ""
    """On paper, or "" for the same color as ``light``."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "printed", self.printed or self.light)


# All colors of plots and reports, by their names in style sheets. namegen's web page has separate colors. The colors
# from blue to sky form the palette of Okabe and Ito, which suits all types of color vision (jfly.uni-koeln.de/color).
# Indigo and wine are darker than the palette.
PALETTE = {
    "paper": Colour("#ffffff", dark="#16181b"),
    "ink": Colour("#262626", dark="#e6e6e3", printed="#000000"),  # text
    "quiet": Colour("#6e6e6e", dark="#a3a39d", printed="#555555"),  # secondary text
    "faint": Colour("#e4e4e4", dark="#33373c", printed="#dddddd"),  # grids and lines between rows
    "raised": Colour(
        "#f6f6f4", dark="#1f2226", printed="#ffffff"
    ),  # highlighted text; not in plots
    "blue": Colour("#0072b2", dark="#4da6e0"),
    "vermilion": Colour("#d55e00", dark="#f0843c"),
    "green": Colour("#009e73", dark="#2fbf93"),
    "purple": Colour("#cc79a7", dark="#dd9dc0"),
    "orange": Colour("#e69f00", dark="#f0b53c"),
    "sky": Colour("#56b4e9", dark="#86cbf2"),
    "indigo": Colour("#43308f", dark="#a596f2"),
    "wine": Colour("#8a1c45", dark="#f07a96"),
    "black": Colour("#111111", dark="#111111"),  # text on a light color, in both modes
}
PAPER = PALETTE["paper"].light
INK = PALETTE["ink"].light
QUIET = PALETTE["quiet"].light
FAINT = PALETTE["faint"].light
BLUE = PALETTE["blue"].light
VERMILION = PALETTE["vermilion"].light
GREEN = PALETTE["green"].light
PURPLE = PALETTE["purple"].light
ORANGE = PALETTE["orange"].light
SKY_BLUE = PALETTE["sky"].light
INDIGO = PALETTE["indigo"].light
WINE = PALETTE["wine"].light

LIGHT_COLOURS = (PURPLE, ORANGE, SKY_BLUE)  # white text on these colors is hard to read
ON_LIGHT = PALETTE["black"].light  # for text on light colors

ENGINE_COLOURS = {"numpy": BLUE, "keras": VERMILION, "tflite": PURPLE}  # reserved
OTHER_ENGINE_COLOURS = (ORANGE, SKY_BLUE, INDIGO, WINE)
LIST_COLOUR = GREEN  # for data about a list, which doesn't depend on the backend

# DejaVu Sans comes with matplotlib. The other fonts support additional scripts and are used if they're installed.
FONTS = (
    "DejaVu Sans",
    "Noto Sans CJK JP",
    "Noto Sans JP",
    "IPAexGothic",
    "Hiragino Sans",
    "Yu Gothic",
    "MS Gothic",
    "WenQuanYi Zen Hei",
    "Noto Sans KR",
    "Apple SD Gothic Neo",
    "Malgun Gothic",
    "Noto Sans Arabic",
    "Noto Sans Hebrew",
    "Noto Sans Devanagari",
    "Noto Sans Thai",
    "Noto Sans Symbols",
    "Segoe UI Symbol",
    "Arial Unicode MS",
    "Unifont",
)

CODE_POINT = "U+"  # the prefix of the hexadecimal code point of a character that no font contains

_SETTINGS: dict[str, Any] = {
    "text.parse_math": False,  # so that "$" is an ordinary character
    "font.size": 10,
    "text.color": INK,
    "axes.prop_cycle": cycler(color=[BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY_BLUE]),
    "axes.labelcolor": INK,
    "axes.edgecolor": QUIET,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": FAINT,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "svg.hashsalt": "namegen",  # so that equal plots produce equal files
}


def engine_colours(engines: Iterable[str]) -> dict[str, str]:
    """Assign a color to each backend of a report.

    The built-in backends have fixed colors. The color of any other backend depends on its name and on the colors of the
    other backends. Colors repeat if there are more backends than colors.

    Args:
        engines: the names of the backends, in any order.

    >>> engine_colours(["numpy"])
    {'numpy': '#0072b2'}
    """
    assigned: dict[str, str] = {}
    for name in sorted(set(engines)):
        if name in ENGINE_COLOURS:
            assigned[name] = ENGINE_COLOURS[name]
        else:
            assigned[name] = _choose_colour(name, used=assigned.values())
    return assigned


def _choose_colour(engine: str, used: Collection[str]) -> str:
    """Choose a color for a backend that isn't built in, preferably an unused color."""
    first = zlib.crc32(engine.encode()) % len(OTHER_ENGINE_COLOURS)
    candidates = [*OTHER_ENGINE_COLOURS[first:], *OTHER_ENGINE_COLOURS[:first]]
    for colour in candidates:
        if colour not in used:
            return colour
    return candidates[0]


def drawing_style() -> AbstractContextManager[None]:
    """Return a context in which matplotlib uses namegen's style instead of the user's settings."""
    return matplotlib.style.context(["default", {**_SETTINGS, "font.family": available_fonts()}])


def new_figure(width: float, height: float) -> Figure:
    """Create an empty figure whose elements don't overlap. Call it inside ``drawing_style``.

    Args:
        width: the width in inches.
        height: the height in inches.
    """
    figure = Figure(figsize=(width, height), dpi=120, facecolor=PAPER, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def write_title(figure: Figure, text: str, size: float = 12) -> None:
    """Add a left-aligned title above a figure. The font size is in points."""
    figure.suptitle(text, x=0.01, ha="left", fontsize=size, fontweight="bold", wrap=True)


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure to a file atomically. Call it inside ``drawing_style``.

    Args:
        figure: the figure.
        path: the output file. Its format is SVG if its name ends in ``.svg``, and PNG otherwise.

    Raises:
        OutputError: the file can't be written. Its previous content is preserved.
    """
    path = Path(path)
    kind = "svg" if path.suffix.lower() == ".svg" else "png"
    write_whole(path, figure_bytes(figure, kind))


def figure_bytes(figure: Figure, kind: str) -> bytes:
    """Return an image file's bytes. They contain no date, so the same figure always produces the same bytes.

    Args:
        figure: the figure.
        kind: the format, "png" or "svg".
    """
    changing_field = "Date" if kind == "svg" else "Software"  # contains matplotlib's version
    stream = io.BytesIO()
    figure.savefig(stream, format=kind, metadata={changing_field: None})
    return stream.getvalue()


@lru_cache(maxsize=1)
def available_fonts() -> list[str]:
    """Return the names of the installed fonts. The first one comes with matplotlib."""
    installed = {font.name for font in font_manager.fontManager.ttflist}
    return [FONTS[0], *(name for name in FONTS[1:] if name in installed)]


@lru_cache(maxsize=1)
def _drawable() -> frozenset[int]:
    """Return the code points of all characters in the available fonts."""
    code_points: set[int] = set()
    for name in available_fonts():
        path = font_manager.findfont(font_manager.FontProperties(family=name))
        code_points.update(font_manager.get_font(path).get_charmap())
    return frozenset(code_points)


def drawable_text(text: str, most: int = 40) -> str:
    """Replace characters that are invisible or missing from all available fonts with their code points.

    Args:
        text: any string, for example a name from a list.
        most: the maximum length of the result, without the ellipsis that replaces the rest.

    >>> drawable_text("Zoë"), drawable_text("a" + chr(10) + "b")
    ('Zoë', 'aU+000Ab')
    """
    pieces: list[str] = []
    length = 0
    for character in text:
        piece = _drawable_character(character, pieces)
        length += len(piece)
        if length > most:
            return "".join(pieces).rstrip() + "…"
        pieces.append(piece)
    return "".join(pieces)


def _drawable_character(character: str, before: Sequence[str]) -> str:
    """Return a character or its code point, depending on the drawable characters that precede it."""
    is_drawable = character.isprintable() and ord(character) in _drawable()
    if is_drawable:
        is_first = not before
        needs_base = is_first and unicodedata.combining(character)
        return f"◌{character}" if needs_base else character
    code_point = f"{CODE_POINT}{ord(character):04X}"
    follows_code_point = bool(before) and before[-1].lstrip().startswith(CODE_POINT)
    return f" {code_point}" if follows_code_point else code_point


def plain_number(value: float) -> str:
    """Format a number with commas and no unnecessary zeros.

    >>> plain_number(12000.0), plain_number(0.25)
    ('12,000', '0.25')
    """
    if value == round(value):
        return f"{value:,.0f}"
    return f"{value:,.6g}"


def number_formatter() -> FuncFormatter:
    """Return a formatter that writes ticks as plain numbers, because matplotlib's logarithmic ticks are formulas."""
    return FuncFormatter(lambda value, _: plain_number(value))


def short_formatter() -> FuncFormatter:
    """Return a formatter that writes short ticks for narrow plots, with k for thousands and M for millions.

    >>> [short_formatter()(value) for value in (5, 2_000, 10_000_000)]
    ['5', '2k', '10M']
    """
    return FuncFormatter(lambda value, _: _short_number(value))


def _short_number(value: float) -> str:
    """Return a number with k for thousands or M for millions."""
    if value >= 1e6:
        return f"{plain_number(value / 1e6)}M"
    if value >= 1e3:
        return f"{plain_number(value / 1e3)}k"
    return plain_number(value)


def percent_formatter() -> FuncFormatter:
    """Return a formatter that writes shares as percentages."""
    return FuncFormatter(lambda value, _: f"{plain_number(round(100 * value, 6))}%")


def accuracy_over_time(axes: Axes, label: str) -> None:
    """Label the axes of a plot of accuracy against training time.

    Args:
        axes: the axes of the plot, with time in seconds and accuracy as a share.
        label: the label of the accuracy.
    """
    axes.set(xlabel="time in training and validation (seconds)", ylabel=label)
    axes.xaxis.set_major_formatter(number_formatter())
    axes.yaxis.set_major_formatter(percent_formatter())
    axes.set_xlim(left=0)


def line_values(column: Iterable[float | None]) -> list[float]:
    """Replace missing and infinite values with NaN, which leaves a gap in a line."""
    return [math.nan if value is None or not math.isfinite(value) else value for value in column]


def isolated(text: str) -> str:
    """Isolate right-to-left text, so that it doesn't affect the order of the surrounding words.

    Matplotlib 3.11 and later arrange the letters of such scripts themselves.

    Args:
        text: the result of ``drawable_text``.

    >>> isolated("Ann"), isolated("\u05e9") == "\u2068\u05e9\u2069"
    ('Ann', True)
    """
    is_right_to_left = any(
        unicodedata.bidirectional(character) in ("R", "AL") for character in text
    )
    return f"\u2068{text}\u2069" if is_right_to_left else text


LEAST_ACCURACY_SPAN = 0.1  # smallest range of an accuracy axis, for almost flat curves
LEAST_ROOM = 0.6  # smallest share of an axis that the curves fill
MARGIN = 0.05  # empty share of an axis at each end


@dataclass(frozen=True)
class Level:
    """A reference value for curves."""

    label: str
    """Its name."""
    value: float
    """Its position on the axis. Infinite and NaN levels aren't drawn."""
    shown: str
    """The value as text, with the unit, for the label of a level outside the plot."""
    colour: str = QUIET
    """The color of its line."""
    dashed: bool = False
    """Whether its line is dashed."""


def accuracy_levels(ceiling: float, ngram: float, name: str) -> tuple[Level, Level]:
    """Return the levels of the ceiling and of the n-gram baseline.

    Args:
        ceiling: the accuracy of the ceiling.
        ngram: the accuracy of the baseline.
        name: the name of the baseline.
    """
    return (
        Level("ceiling", ceiling, f"{100 * ceiling:.1f}%", INK),
        Level(name, ngram, f"{100 * ngram:.1f}%", dashed=True),
    )


def draw_levels(axes: Axes, levels: Sequence[Level], *, least_span: float) -> list[Line2D]:
    """Draw levels as horizontal lines, and set the limits of the y axis.

    Call it after all curves have been drawn. A level that would make the curves too flat is left off the plot, and its
    label shows its value.

    Args:
        axes: the axes with the curves.
        levels: the levels.
        least_span: the smallest range to keep for the curves, in units of the y axis.

    Returns:
        The lines of the finite levels, with labels for a legend.
    """
    curves = _range_of_curves(axes)
    curve_span = max(curves.span, least_span)
    shown = curves
    lines: dict[Level, Line2D] = {}
    finite = [level for level in levels if math.isfinite(level.value)]
    for level in sorted(finite, key=lambda level: curves.distance_to(level.value)):
        extended = shown.including(level.value)
        would_flatten_curves = curve_span < LEAST_ROOM * extended.span
        if would_flatten_curves:
            side = "above" if level.value > shown.high else "below"
            label = f"{level.label}: {level.shown} ({side})"
        else:
            label = level.label
            shown = extended
        lines[level] = _draw_level(axes, level, label)
    margin = MARGIN * max(shown.span, least_span)
    axes.set_ylim(shown.low - margin, shown.high + margin)
    return [lines[level] for level in finite]


def _draw_level(axes: Axes, level: Level, label: str) -> Line2D:
    """Draw a level as a horizontal line."""
    return axes.axhline(
        level.value,
        color=level.colour,
        linewidth=1,
        linestyle=(0, (4, 2)) if level.dashed else "-",
        label=label,
    )


@dataclass(frozen=True)
class _Range:
    """A range of y values."""

    low: float
    high: float

    @property
    def span(self) -> float:
        """The difference between the highest and the lowest value."""
        return self.high - self.low

    def including(self, value: float) -> _Range:
        """Return the smallest range that contains this range and another value."""
        return _Range(min(self.low, value), max(self.high, value))

    def distance_to(self, value: float) -> float:
        """Return the distance of a value from the nearest end. The distance is negative inside the range."""
        return max(self.low - value, value - self.high)


def _range_of_curves(axes: Axes) -> _Range:
    """Return the lowest and the highest finite value of all curves, or zeros if there are no values."""
    values: list[float] = []
    for line in axes.get_lines():
        values += _finite_values(line)
    return _Range(min(values, default=0.0), max(values, default=0.0))


def _finite_values(line: Line2D) -> list[float]:
    """Return the finite y values of a line."""
    values = np.asarray(line.get_ydata(), np.float64)  # (points,)
    return [float(value) for value in values[np.isfinite(values)]]


def name_lines(axes: Axes) -> None:
    """Add a legend to the right of the plot, with the lines in the order of their last values, highest first."""
    last_values: dict[Line2D, float] = {}
    for line in axes.get_lines():
        values = _finite_values(line)
        is_labelled = not str(line.get_label()).startswith("_")
        if values and is_labelled:
            last_values[line] = values[-1]
    lines = sorted(last_values, key=lambda line: last_values[line], reverse=True)
    axes.legend(
        handles=lines, loc="center left", bbox_to_anchor=(1, 0.5), fontsize=9, handlelength=3
    )
