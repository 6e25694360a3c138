"""How every drawing of namegen looks: palette, fonts, text, labels beside lines, levels, the way to a file.

Matplotlib is used without pyplot: nothing global is changed, and no window is ever opened. Text from lists and models
is data: it is never read as a formula, and a character that no font can draw is shown as its code point.
"""

from __future__ import annotations

import io
import math
import unicodedata
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
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
from matplotlib.offsetbox import AnnotationBbox, DrawingArea
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
    "faint": Colour("#e4e4e4", dark="#33373c", printed="#dddddd"),  # the grid, and rules between rows
    "raised": Colour("#f6f6f4", dark="#1f2226", printed="#ffffff"),  # behind text that stands out; never in a drawing
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

LIGHT_COLOURS, ON_LIGHT = (PURPLE, ORANGE, SKY_BLUE), PALETTE["black"].light  # white is hard to read on these

ENGINE_COLOURS = {"numpy": BLUE, "keras": VERMILION, "tflite": PURPLE}  # nobody else's
ENGINE_MARKERS = {"numpy": "o", "keras": "s", "tflite": "d"}
OTHER_ENGINE_COLOURS = (ORANGE, SKY_BLUE, INDIGO, WINE)
OTHER_ENGINE_MARKERS = "^DvPX*<hp>"
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

CODE_POINT = "U+"  # what a character that cannot be drawn is shown by, with its number in hexadecimal

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


@dataclass(frozen=True)
class EngineLook:
    """How an engine is drawn.

    Attributes:
        colour: of its lines and markers.
        marker: in matplotlib's letters.
        hollow: its markers are rings: all colours were taken, so it has that of another engine.
    """

    colour: str
    marker: str
    hollow: bool = False

    @property
    def face(self) -> str:
        """What its markers are filled with."""
        return PAPER if self.hollow else self.colour


def engine_looks(engines: Iterable[str]) -> dict[str, EngineLook]:
    """How each of the engines is drawn that stand in one report, whatever their order.

    Ours look alike everywhere. A third party's has a colour by its name, or the next one that is free beside the
    others; where there are more engines than colours, they go round again with other markers, which are hollow.

    >>> engine_looks(["numpy"])
    {'numpy': EngineLook(colour='#0072b2', marker='o', hollow=False)}
    """
    looks: dict[str, EngineLook] = {}
    taken: set[int] = set()
    colours, markers = OTHER_ENGINE_COLOURS, OTHER_ENGINE_MARKERS
    for name in sorted(set(engines)):
        if name in ENGINE_COLOURS:
            looks[name] = EngineLook(ENGINE_COLOURS[name], ENGINE_MARKERS[name])
            continue
        turns = len(taken) // len(colours)
        first = zlib.crc32(name.encode()) % len(colours)
        places = (turns * len(colours) + (first + more) % len(colours) for more in range(len(colours)))
        place = next(place for place in places if place not in taken)
        taken.add(place)
        looks[name] = EngineLook(colours[place % len(colours)], markers[place % len(markers)], hollow=turns > 0)
    return looks


def engine_colour(engine: str) -> str:
    """The colour of an engine that stands alone in a drawing.

    >>> engine_colour("numpy")
    '#0072b2'
    """
    return engine_looks([engine])[engine].colour


@contextmanager
def drawing_style() -> Iterator[None]:
    """While this is open, matplotlib draws in our style, whatever the machine's own settings; then all is as before."""
    with matplotlib.style.context(["default", {**_SETTINGS, "font.family": available_fonts()}]):
        yield


def new_figure(width: float, height: float) -> Figure:
    """An empty figure, in inches, that keeps its parts from overlapping. Call it inside ``drawing_style``."""
    figure = Figure(figsize=(width, height), dpi=120, facecolor=PAPER, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def write_title(figure: Figure, text: str, size: float = 12) -> None:
    """Write a title above a figure, at its left."""
    figure.suptitle(text, x=0.01, ha="left", fontsize=size, fontweight="bold")


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure, whole or not at all: SVG where the path ends in ``.svg``, PNG otherwise.

    Call it inside ``drawing_style``. Raises OutputError.
    """
    write_whole(Path(path), figure_bytes(figure, "svg" if Path(path).suffix.lower() == ".svg" else "png"))


def figure_bytes(figure: Figure, kind: str) -> bytes:
    """The figure as a ``png`` or ``svg`` file's content, without a date, so that equal figures are equal bytes."""
    stream = io.BytesIO()
    figure.savefig(stream, format=kind, metadata={"Date": None} if kind == "svg" else {"Software": None})
    return stream.getvalue()


@lru_cache(maxsize=1)
def available_fonts() -> list[str]:
    """Those of ``FONTS`` that this machine has, the first one always."""
    installed = {font.name for font in font_manager.fontManager.ttflist}
    return [FONTS[0], *(name for name in FONTS[1:] if name in installed)]


@lru_cache(maxsize=1)
def _drawable() -> frozenset[int]:
    """The code points that some available font has a picture for."""
    paths = [font_manager.findfont(font_manager.FontProperties(family=name)) for name in available_fonts()]
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
        lambda value, _: next(f"{plain_number(value / (step or 1))}{sign}" for step, sign in steps if value >= step)
    )


def percent_formatter() -> FuncFormatter:
    """Ticks of shares as percentages."""
    return FuncFormatter(lambda value, _: f"{plain_number(round(100 * value, 6))}%")


def accuracy_over_time(axes: Axes, what: str) -> None:
    """Name the axes of curves of accuracy, a share, against the seconds of a training."""
    axes.set_xlabel("time in training and validation (seconds)")
    axes.set_ylabel(what)
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
    return f"\u2068{text}\u2069" if is_right_to_left(text) else text


def is_right_to_left(text: str) -> bool:
    """Whether a character of it is written from right to left."""
    return any(unicodedata.bidirectional(character) in ("R", "AL") for character in text)


LEAST_ACCURACY_SPAN = 0.1  # what curves of accuracy are taken to fill: of level ones, all else is far
LEAST_ROOM = 0.6  # the share of an axis' height that curves keep
MARK_SIZE = 6.0  # points
MARK_STEP = 0.03  # the share of an axis' width from one mark to the next, so that none hides another


@dataclass(frozen=True)
class Level:
    """A value that curves are compared with.

    Attributes:
        label: what it is.
        value: where it stands on the axis; one that is not finite is not drawn.
        shown: the value for people, with its unit: beside a mark that stands for it.
        colour: of the line, and of the mark.
        dashed: whether the line is dashed.
    """

    label: str
    value: float
    shown: str
    colour: str = QUIET
    dashed: bool = False


def accuracy_levels(ceiling: float, counting: float, name: str) -> tuple[Level, Level]:
    """The ceiling, and counting by its name, beside curves of accuracy."""
    shown = f"{100 * ceiling:.1f}%", f"{100 * counting:.1f}%"
    return Level("ceiling", ceiling, shown[0], INK), Level(name, counting, shown[1], dashed=True)


def draw_levels(axes: Axes, levels: Sequence[Level], *, least_span: float) -> list[Line2D]:
    """Draw each level as a line; one that would squeeze the curves becomes a mark with its number at the edge.

    Call it when the curves are drawn and nothing else. What it gives is labelled, for a legend or for ``label_lines``.

    Args:
        axes: with its curves.
        levels: what to draw.
        least_span: the height that curves are taken to fill at least, in units of the axis: level curves need none.
    """
    low, high = _curves_range(axes)
    room = max(high - low, least_span)
    drawn: dict[int, Line2D] = {}
    finite = [place for place, level in enumerate(levels) if math.isfinite(level.value)]
    squeezing: list[int] = []
    for place in sorted(finite, key=lambda place: max(low - levels[place].value, levels[place].value - high)):
        level = levels[place]
        wider = min(low, level.value), max(high, level.value)
        if squeezing or room < LEAST_ROOM * (wider[1] - wider[0]):
            squeezing.append(place)
            continue
        low, high = wider
        style = (0, (4, 2)) if level.dashed else "-"
        drawn[place] = axes.axhline(level.value, color=level.colour, linewidth=1, linestyle=style, label=level.label)
    for place in squeezing:
        level = levels[place]
        drawn[place] = _mark(axes, level, above=level.value > high, left=MARK_STEP * squeezing.index(place))
    return [drawn[place] for place in sorted(drawn)]


def _curves_range(axes: Axes) -> tuple[float, float]:
    """The lowest and the highest value of the curves; those of an empty plot are at 0."""
    heights = [np.asarray(line.get_ydata(), np.float64) for line in axes.get_lines()]
    found = [float(value) for curve in heights for value in curve[np.isfinite(curve)]]
    return min(found, default=0.0), max(found, default=0.0)


def _mark(axes: Axes, level: Level, *, above: bool, left: float) -> Line2D:
    """A triangle at the right end of the edge that the level lies beyond, hollow for one that would be dashed."""
    return axes.plot(
        [1.0 - left],
        [1.0 if above else 0.0],
        transform=axes.transAxes,
        marker="^" if above else "v",
        markersize=MARK_SIZE,
        linestyle="",
        color=level.colour,
        fillstyle="none" if level.dashed else "full",
        clip_on=False,
        label=f"{level.label}: {level.shown} ({'above' if above else 'below'})",
    )[0]


SAMPLE, GAP = 24.0, 6.0  # points: of a line, and between the parts of a label


def label_lines(axes: Axes, points: float = 9.0) -> None:
    """Write each line's label beside its right end, in its colour, pushed apart where labels would overlap.

    Where two lines have one colour, a sample of the line stands before each label.

    Args:
        axes: drawn once already, so that its limits and its place in the figure are settled.
        points: size of the text.
    """
    ends: list[tuple[float, Line2D]] = []
    for line in axes.get_lines():
        heights = np.asarray(line.get_ydata(), np.float64)
        finite = heights[np.isfinite(heights)]
        if len(finite) and not str(line.get_label()).startswith("_"):
            to_axes = line.get_transform() + axes.transAxes.inverted()
            ends.append((float(to_axes.transform((0, finite[-1]))[1]), line))
    ends.sort(key=lambda end: end[0])
    sampled = max(Counter(line.get_color() for _, line in ends).values(), default=0) > 1
    gap = 1.35 * points / (axes.get_window_extent().height * 72 / axes.figure.dpi)
    for place, (_, line) in zip(kept_inside(spread([place for place, _ in ends], gap), gap), ends, strict=True):
        if sampled and line.get_linestyle() != "None":  # marks at the edge are none
            _sample(axes, line, place)
        axes.annotate(
            str(line.get_label()),
            (1, place),
            (GAP + (SAMPLE + GAP) * sampled, 0),
            "axes fraction",
            "offset points",
            color=line.get_color(),
            fontsize=points,
            va="center",
        )


def _sample(axes: Axes, line: Line2D, place: float) -> None:
    """A piece of a line, right of the plot at a height."""
    box = DrawingArea(SAMPLE, 0)
    piece = Line2D([0, SAMPLE], [0, 0])
    piece.update_from(line)
    piece.set(transform=box.get_transform(), clip_on=False, marker="")
    box.add_artist(piece)
    axes.add_artist(
        AnnotationBbox(
            box,
            (1, place),
            (GAP, 0),
            "axes fraction",
            boxcoords="offset points",
            box_alignment=(0, 0.5),
            frameon=False,
            pad=0,
            annotation_clip=False,
        )
    )


def spread(places: Sequence[float], gap: float) -> list[float]:
    """Rising places, moved as little as is needed to stand ``gap`` apart.

    >>> [round(place, 2) for place in spread([0.1, 0.5, 0.5], 0.2)]
    [0.1, 0.4, 0.6]
    """
    groups: list[list[float]] = []  # those that touch move together, around their own middle
    for place in places:
        groups.append([place])
        while len(groups) > 1 and _first(groups[-1], gap) < _first(groups[-2], gap) + gap * len(groups[-2]):
            groups[-2:] = [groups[-2] + groups[-1]]
    return [_first(group, gap) + gap * index for group in groups for index in range(len(group))]


def kept_inside(places: Sequence[float], gap: float) -> list[float]:
    """Rising places that stand ``gap`` apart, moved as little as is needed to stand between 0 and 1, if there is room.

    >>> [round(place, 2) for place in kept_inside([0.4, 0.9, 1.1], 0.2)]
    [0.4, 0.8, 1.0]
    """
    found = list(places)
    for index in reversed(range(len(found))):
        found[index] = min(found[index], 1 - gap * (len(found) - 1 - index))
    return [max(place, gap * index) for index, place in enumerate(found)]


def _first(group: Sequence[float], gap: float) -> float:
    return sum(group) / len(group) - gap * (len(group) - 1) / 2
