"""How every drawing of namegen looks: palette, fonts, text, levels, legends, the way to a file.

Matplotlib is used without pyplot: nothing global is changed, and no window is ever opened. Text from lists and models
is data: it is never read as a formula, and a character that no font can draw is shown as its code point.
"""

from __future__ import annotations

import io
import math
import unicodedata
import zlib
from collections.abc import Iterable, Sequence
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
    """A colour of the palette, for each background that it may stand on.

    Attributes:
        light: on white; the files that are drawn have this one.
        dark: on dark paper, in a page that is shown dark.
        printed: on paper; default: the light one.
    """

    light: str
    dark: str
    printed: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "printed", self.printed or self.light)


# Every colour of namegen's drawings and reports, by its name in a style sheet; only the page for a browser has its own.
# From blue to sky they are Okabe and Ito's, made to be told apart with every kind of colour vision
# (jfly.uni-koeln.de/color); indigo and wine are darker than any of those.
PALETTE = {
    "paper": Colour("#ffffff", dark="#16181b"),
    "ink": Colour("#262626", dark="#e6e6e3", printed="#000000"),  # text
    "quiet": Colour("#6e6e6e", dark="#a3a39d", printed="#555555"),  # what stands beside the data
    "faint": Colour(
        "#e4e4e4", dark="#33373c", printed="#dddddd"
    ),  # the grid, and rules between rows
    "raised": Colour(
        "#f6f6f4", dark="#1f2226", printed="#ffffff"
    ),  # behind text that stands out; never in a drawing
    "blue": Colour("#0072b2", dark="#4da6e0"),
    "vermilion": Colour("#d55e00", dark="#f0843c"),
    "green": Colour("#009e73", dark="#2fbf93"),
    "purple": Colour("#cc79a7", dark="#dd9dc0"),
    "orange": Colour("#e69f00", dark="#f0b53c"),
    "sky": Colour("#56b4e9", dark="#86cbf2"),
    "indigo": Colour("#43308f", dark="#a596f2"),
    "wine": Colour("#8a1c45", dark="#f07a96"),
    "black": Colour("#111111", dark="#111111"),  # on a light colour, whatever is around
}
PAPER, INK, QUIET, FAINT = (PALETTE[name].light for name in ("paper", "ink", "quiet", "faint"))
BLUE, VERMILION, GREEN = (PALETTE[name].light for name in ("blue", "vermilion", "green"))
PURPLE, ORANGE, SKY_BLUE = (PALETTE[name].light for name in ("purple", "orange", "sky"))
INDIGO, WINE = (PALETTE[name].light for name in ("indigo", "wine"))

LIGHT_COLOURS, ON_LIGHT = (
    (PURPLE, ORANGE, SKY_BLUE),
    PALETTE["black"].light,
)  # white is hard to read on these

ENGINE_COLOURS = {"numpy": BLUE, "keras": VERMILION, "tflite": PURPLE}  # nobody else's
OTHER_ENGINE_COLOURS = (ORANGE, SKY_BLUE, INDIGO, WINE)
LIST_COLOUR = GREEN  # what belongs to a list and to no engine

# DejaVu Sans comes with matplotlib, so it is always there; the others have the scripts that it lacks, where installed.
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

CODE_POINT = (
    "U+"  # what a character that cannot be drawn is shown by, with its number in hexadecimal
)

_SETTINGS: dict[str, Any] = {
    "text.parse_math": False,  # a $ in a name is a $
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
    "svg.hashsalt": "namegen",  # the same drawing is the same file
}


def engine_colours(engines: Iterable[str]) -> dict[str, str]:
    """The colour of each of the engines that stand in one report, whatever their order.

    Ours have the same everywhere. A third party's has one by its name, or the next one that is free beside the others;
    where there are more engines than colours, they go round again.

    >>> engine_colours(["numpy"])
    {'numpy': '#0072b2'}
    """
    found: dict[str, str] = {}
    for name in sorted(set(engines)):
        first = zlib.crc32(name.encode()) % len(OTHER_ENGINE_COLOURS)
        colours = [*OTHER_ENGINE_COLOURS[first:], *OTHER_ENGINE_COLOURS[:first]]
        free = [colour for colour in colours if colour not in found.values()]
        found[name] = ENGINE_COLOURS.get(name) or (free or colours)[0]
    return found


def drawing_style() -> AbstractContextManager[None]:
    """While this is open, matplotlib draws in our style, whatever the machine's own settings; then all is as before."""
    return matplotlib.style.context(["default", {**_SETTINGS, "font.family": available_fonts()}])


def new_figure(width: float, height: float) -> Figure:
    """An empty figure, in inches, that keeps its parts from overlapping. Call it inside ``drawing_style``."""
    figure = Figure(figsize=(width, height), dpi=120, facecolor=PAPER, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def write_title(figure: Figure, text: str, size: float = 12) -> None:
    """Write a title above a figure, at its left."""
    figure.suptitle(text, x=0.01, ha="left", fontsize=size, fontweight="bold", wrap=True)


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure, whole or not at all: SVG where the path ends in ``.svg``, PNG otherwise.

    Call it inside ``drawing_style``. Raises OutputError.
    """
    write_whole(
        Path(path), figure_bytes(figure, "svg" if Path(path).suffix.lower() == ".svg" else "png")
    )


def figure_bytes(figure: Figure, kind: str) -> bytes:
    """The figure as a ``png`` or ``svg`` file's content, without a date, so that equal figures are equal bytes."""
    stream = io.BytesIO()
    figure.savefig(
        stream, format=kind, metadata={"Date": None} if kind == "svg" else {"Software": None}
    )
    return stream.getvalue()


@lru_cache(maxsize=1)
def available_fonts() -> list[str]:
    """Those of ``FONTS`` that this machine has, the first one always."""
    installed = {font.name for font in font_manager.fontManager.ttflist}
    return [FONTS[0], *(name for name in FONTS[1:] if name in installed)]


@lru_cache(maxsize=1)
def _drawable() -> frozenset[int]:
    """The code points that some available font has a picture for."""
    paths = [
        font_manager.findfont(font_manager.FontProperties(family=name))
        for name in available_fonts()
    ]
    return frozenset(point for path in paths for point in font_manager.get_font(path).get_charmap())


def drawable_text(text: str, most: int = 40) -> str:
    """Text from a list as it can be drawn: what no font has, or what is no visible character, as its code point.

    Args:
        text: any text.
        most: characters after which the rest is cut off with an ellipsis.

    >>> drawable_text("Zoë"), drawable_text("a" + chr(10) + "b")
    ('Zoë', 'aU+000Ab')
    """
    pieces: list[str] = []
    for place, character in enumerate(text):
        if not (character.isprintable() and ord(character) in _drawable()):
            piece = f"{CODE_POINT}{ord(character):04X}"
            if pieces and pieces[-1].lstrip().startswith(CODE_POINT):
                piece = f" {piece}"
        elif place == 0 and unicodedata.combining(character):
            piece = f"◌{character}"  # a mark needs something to stand on
        else:
            piece = character
        if sum(map(len, pieces)) + len(piece) > most:
            return "".join(pieces).rstrip() + "…"
        pieces.append(piece)
    return "".join(pieces)


def plain_number(value: float) -> str:
    """A number for an axis or a label, with commas and without needless zeros.

    >>> plain_number(12000.0), plain_number(0.25)
    ('12,000', '0.25')
    """
    return f"{value:,.0f}" if value == round(value) else f"{value:,.6g}"


def number_formatter() -> FuncFormatter:
    """Ticks as plain numbers (matplotlib's own logarithmic ticks would be formulas)."""
    return FuncFormatter(lambda value, _: plain_number(value))


def short_formatter() -> FuncFormatter:
    """Ticks for a narrow screen: thousands as k, millions as M.

    >>> [short_formatter()(value) for value in (5, 2_000, 10_000_000)]
    ['5', '2k', '10M']
    """
    steps = (1e6, "M"), (1e3, "k"), (0, "")
    return FuncFormatter(
        lambda value, _: next(
            f"{plain_number(value / (step or 1))}{sign}" for step, sign in steps if value >= step
        )
    )


def percent_formatter() -> FuncFormatter:
    """Ticks of shares as percentages."""
    return FuncFormatter(lambda value, _: f"{plain_number(round(100 * value, 6))}%")


def accuracy_over_time(axes: Axes, what: str) -> None:
    """Name the axes of curves of accuracy, a share, against the seconds of a training."""
    axes.set(xlabel="time in training and validation (seconds)", ylabel=what)
    axes.xaxis.set_major_formatter(number_formatter())
    axes.yaxis.set_major_formatter(percent_formatter())
    axes.set_xlim(left=0)


def line_values(column: Iterable[float | None]) -> list[float]:
    """Values that a line can hold: a gap where there is none, or one that is not finite."""
    return [math.nan if value is None or not math.isfinite(value) else value for value in column]


def isolated(text: str) -> str:
    """Drawable text to stand inside a sentence: one in a right-to-left script keeps the order of the words around it.

    Matplotlib (3.11 or later) orders and joins the letters of such scripts itself.

    >>> isolated("Ann"), isolated("\u05e9") == "\u2068\u05e9\u2069"
    ('Ann', True)
    """
    is_right_to_left = any(
        unicodedata.bidirectional(character) in ("R", "AL") for character in text
    )
    return f"\u2068{text}\u2069" if is_right_to_left else text


LEAST_ACCURACY_SPAN = (
    0.1  # what curves of accuracy are taken to fill: of level ones, all else is far
)
LEAST_ROOM, MARGIN = (
    0.6,
    0.05,
)  # the shares of an axis' height that curves keep, and that stay free at each edge


@dataclass(frozen=True)
class Level:
    """A value that curves are compared with.

    Attributes:
        label: what it is.
        value: where it stands on the axis; one that is not finite is not drawn.
        shown: the value for people, with its unit: in the label of a level that the plot has no room for.
        colour: of the line.
        dashed: whether the line is dashed.
    """

    label: str
    value: float
    shown: str
    colour: str = QUIET
    dashed: bool = False


def accuracy_levels(ceiling: float, ngram: float, name: str) -> tuple[Level, Level]:
    """The ceiling, and the n-gram baseline by its name, beside curves of accuracy."""
    shown = f"{100 * ceiling:.1f}%", f"{100 * ngram:.1f}%"
    return Level("ceiling", ceiling, shown[0], INK), Level(name, ngram, shown[1], dashed=True)


def draw_levels(axes: Axes, levels: Sequence[Level], *, least_span: float) -> list[Line2D]:
    """Draw each level as a line; one that would squeeze the curves lies outside, and its label has its number.

    Call it when the curves are drawn and nothing else. What it gives is labelled, for a legend.

    Args:
        axes: with its curves.
        levels: what to draw.
        least_span: the height that curves are taken to fill at least, in units of the axis: level curves need none.
    """
    heights = [np.asarray(line.get_ydata(), np.float64) for line in axes.get_lines()]
    found = [float(value) for curve in heights for value in curve[np.isfinite(curve)]] or [0.0]
    low, high = min(found), max(found)
    room, drawn = max(high - low, least_span), {}
    finite = [level for level in levels if math.isfinite(level.value)]
    for level in sorted(finite, key=lambda level: max(low - level.value, level.value - high)):
        wider, label = (min(low, level.value), max(high, level.value)), level.label
        if room < LEAST_ROOM * (wider[1] - wider[0]):
            label += f": {level.shown} ({'above' if level.value > high else 'below'})"
        else:
            low, high = wider
        pattern = (0, (4, 2)) if level.dashed else "-"
        drawn[level] = axes.axhline(
            level.value, color=level.colour, linewidth=1, linestyle=pattern, label=label
        )
    margin = MARGIN * max(high - low, least_span)
    axes.set_ylim(low - margin, high + margin)
    return [drawn[level] for level in finite]


def name_lines(axes: Axes) -> None:
    """A legend right of the plot: the lines in the order in which they end, the highest first."""
    ends: list[tuple[float, Line2D]] = []
    for line in axes.get_lines():
        heights = np.asarray(line.get_ydata(), np.float64)
        finite = heights[np.isfinite(heights)]
        if len(finite) and not str(line.get_label()).startswith("_"):
            ends.append((float(finite[-1]), line))
    lines = [line for _, line in sorted(ends, key=lambda end: end[0], reverse=True)]
    axes.legend(
        handles=lines, loc="center left", bbox_to_anchor=(1, 0.5), fontsize=9, handlelength=3
    )
