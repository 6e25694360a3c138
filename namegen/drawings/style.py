"""The common style of all plots: colors, fonts, labels, reference levels and files.

``light.mplstyle`` and ``dark.mplstyle`` contain matplotlib's settings. Matplotlib is used without pyplot, so no global
state changes and no window opens. Text from lists and models is never interpreted as a formula, and a character that no
font contains is shown as its code point.
"""

from __future__ import annotations

import io
import math
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import matplotlib as mpl
import matplotlib.style
import numpy as np
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from namegen.files import write_whole

SHEETS = Path(__file__).parent

# The colors of light.mplstyle, for plots that need a particular color.
PAPER = "#ffffff"
INK = "#262626"  # text
QUIET = "#6e6e6e"  # secondary text
FAINT = "#e4e4e4"  # grids
BLUE = "#0072b2"
ORANGE = "#e69f00"

LIST_COLOUR = "C3"  # for data about a list, which doesn't depend on the backend

CODE_POINT = "U+"  # the prefix of the hexadecimal code point of a character that no font contains


# --- figures and files ------------------------------------------------------------------------------------------------


@contextmanager
def drawing_style(*, dark: bool = False) -> Iterator[None]:
    """Use namegen's style in a ``with`` block, instead of the user's settings for matplotlib."""
    sheets: list[str | Path] = ["default", SHEETS / "light.mplstyle"]
    if dark:
        sheets.append(SHEETS / "dark.mplstyle")
    with matplotlib.style.context(sheets):
        mpl.rcParams["font.family"] = available_fonts(tuple(mpl.rcParams["font.family"]))
        yield


@lru_cache(maxsize=1)
def available_fonts(names: tuple[str, ...]) -> list[str]:
    """Return the fonts that are installed."""
    installed = {font.name for font in font_manager.fontManager.ttflist}
    return [name for name in names if name in installed]


def new_figure(width: float, height: float) -> Figure:
    """Create an empty figure. Call it inside ``drawing_style``.

    Args:
        width: the width in inches.
        height: the height in inches.
    """
    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)
    return figure


def write_title(figure: Figure, text: str) -> None:
    """Add a left-aligned title above a figure."""
    figure.suptitle(text, x=0.01, ha="left", wrap=True)


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure to a file atomically. Call it inside ``drawing_style``.

    Args:
        figure: the figure.
        path: the output file. Its format is SVG if its name ends in ``.svg``, and PNG otherwise.

    Raises:
        OutputError: the file can't be written. Its previous content is preserved.
    """
    kind = "svg" if Path(path).suffix.lower() == ".svg" else "png"
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


# --- text and numbers -------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _drawable(fonts: tuple[str, ...]) -> frozenset[int]:
    """Return the code points of all characters in the fonts."""
    code_points: set[int] = set()
    for name in fonts:
        path = font_manager.findfont(font_manager.FontProperties(family=name))
        code_points.update(font_manager.get_font(path).get_charmap())
    return frozenset(code_points)


def drawable_text(text: str, most: int = 40) -> str:
    """Replace characters that are invisible or missing from all available fonts with their code points.

    Call it inside ``drawing_style``.

    Args:
        text: any string, for example a name from a list.
        most: the maximum length of the result, without the ellipsis that replaces the rest.

    >>> with drawing_style():
    ...     drawable_text("Zoë"), drawable_text("a" + chr(10) + "b")
    ('Zoë', 'aU+000Ab')
    """
    drawable = _drawable(tuple(mpl.rcParams["font.family"]))
    pieces: list[str] = []
    for character in text:
        if character.isprintable() and ord(character) in drawable:
            needs_base = not pieces and unicodedata.combining(character)
            pieces.append(f"◌{character}" if needs_base else character)
        else:
            pieces.append(f"{CODE_POINT}{ord(character):04X}")
        if sum(map(len, pieces)) > most:
            pieces[-1] = "…"
            break
    return "".join(pieces)


def plain_number(value: float) -> str:
    """Format a number with commas and no unnecessary zeros.

    >>> plain_number(12000.0), plain_number(0.25)
    ('12,000', '0.25')
    """
    return f"{value:,.0f}" if value == round(value) else f"{value:,.6g}"


def number_formatter() -> FuncFormatter:
    """Return a formatter that writes ticks as plain numbers, because matplotlib's logarithmic ticks are formulas."""
    return FuncFormatter(lambda value, _: plain_number(value))


def percent_formatter() -> FuncFormatter:
    """Return a formatter that writes shares as percentages."""
    return FuncFormatter(lambda value, _: f"{plain_number(round(100 * value, 6))}%")


# --- curves and levels ------------------------------------------------------------------------------------------------

# The smallest range of an axis, for almost flat curves.
LEAST_ACCURACY_SPAN = 0.1
LEAST_LOSS_SPAN = 0.3  # nats
LEAST_ROOM = 0.6  # smallest share of an axis that the curves fill
MARGIN = 0.05  # empty share of an axis at each end


def line_values(column: Iterable[float | None]) -> list[float]:
    """Replace missing and infinite values with NaN, which leaves a gap in a line."""
    return [math.nan if value is None or not math.isfinite(value) else value for value in column]


@dataclass(frozen=True)
class Level:
    """A reference value for curves."""

    label: str
    """Its name."""
    value: float
    """Its position on the axis. Infinite and NaN levels aren't drawn."""
    dashed: bool = False
    """Whether its line is dashed and pale."""


def draw_levels(axes: Axes, levels: Sequence[Level], *, least_span: float) -> None:
    """Draw levels as horizontal lines, and set the limits of the y axis.

    Call it after all curves have been drawn. A level that would make the curves too flat is left off the plot, and its
    label shows its value.

    Args:
        axes: the axes with the curves.
        levels: the levels.
        least_span: the smallest range to keep for the curves, in units of the y axis.
    """
    values = [value for line in axes.get_lines() for value in np.asarray(line.get_ydata())]
    finite_values = [float(value) for value in values if math.isfinite(value)] or [0.0]
    low = min(finite_values)
    high = max(finite_values)
    largest_span = max(high - low, least_span) / LEAST_ROOM
    finite = [level for level in levels if math.isfinite(level.value)]
    # The nearest level first: it has the best chance of a place on the plot.
    for level in sorted(finite, key=lambda level: max(low - level.value, level.value - high)):
        label = level.label
        would_flatten_curves = max(high, level.value) - min(low, level.value) > largest_span
        if would_flatten_curves:
            side = "above" if level.value > high else "below"
            label = f"{label}: {axes.yaxis.get_major_formatter()(round(level.value, 3))} ({side})"
        else:
            low = min(low, level.value)
            high = max(high, level.value)
        axes.axhline(
            level.value,
            color=mpl.rcParams["axes.edgecolor" if level.dashed else "text.color"],
            linewidth=1,
            linestyle=(0, (4, 2)) if level.dashed else "-",
            label=label,
        )
    margin = MARGIN * max(high - low, least_span)
    axes.set_ylim(low - margin, high + margin)
