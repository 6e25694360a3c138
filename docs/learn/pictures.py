"""The pictures of the course. Each function draws one and returns it, and a notebook shows it.

This file needs only NumPy and matplotlib, so it also works where namegen isn't installed. The colors are those of
namegen's own plots. They suit all types of color vision.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.rcsetup import cycler
from matplotlib.ticker import FuncFormatter, MaxNLocator

PAPER = "#ffffff"
INK = "#262626"
QUIET = "#6e6e6e"
BLUE = "#0072b2"
VERMILION = "#d55e00"
GREEN = "#009e73"
NEGATIVE_TO_POSITIVE = LinearSegmentedColormap.from_list("signed", [BLUE, PAPER, VERMILION])
ZERO_TO_ONE = LinearSegmentedColormap.from_list("shares", [PAPER, BLUE])
WIDTH = 6.4  # inches
MAX_LABELLED_CELLS = 60  # in larger tables, the numbers would be unreadable
STYLE: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "text.parse_math": False,
    "text.color": INK,
    "axes.prop_cycle": cycler(color=[BLUE, VERMILION, GREEN]),
    "axes.labelcolor": INK,
    "axes.edgecolor": QUIET,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
}
IN_STYLE = matplotlib.style.context(["default", STYLE])  # as a decorator, it applies the style


class Picture:
    """A finished picture, which a notebook shows as a PNG.

    Args:
        png: The content of the file.
    """

    def __init__(self, png: bytes) -> None:
        self.png = png

    def __repr__(self) -> str:
        return "a picture"  # without an address in memory, which would change in each run

    def _repr_png_(self) -> bytes:
        return self.png

    def save(self, path: str | Path) -> None:
        """Write the picture to a file."""
        Path(path).write_bytes(self.png)


@IN_STYLE
def states(
    characters: Sequence[str], h: np.ndarray, title: str = "The hidden state after each character"
) -> Picture:
    """Draw states as colors, with a row for each unit and a column for each character.

    Args:
        characters: The ``T`` characters that were read.
        h: The state after each of them, ``(T, H)``, between −1 and 1.
        title: The title.
    """
    h = np.asarray(h)
    unit_count = h.shape[1]
    row_height = 0.28 if unit_count <= 8 else 0.19  # inches
    axes = _new_axes(WIDTH, 1.3 + row_height * max(unit_count, 3))
    image = axes.imshow(h.T, cmap=NEGATIVE_TO_POSITIVE, vmin=-1, vmax=1, aspect="auto")
    if h.size <= MAX_LABELLED_CELLS:
        for (step, unit), value in np.ndenumerate(h):
            text = f"{value:+.2f}".replace("-", "−")
            _write(axes, step, unit, text, is_on_dark=abs(value) > 0.7)
    _label_columns(axes, characters)
    _label_units(axes, unit_count)
    axes.set(xlabel="character", title=title)
    axes.figure.colorbar(image, ax=axes, ticks=[-1, 0, 1])
    return _finish(axes)


@IN_STYLE
def path(characters: Sequence[str], h: np.ndarray) -> Picture:
    """Draw the states of a network with two units as a path in the plane.

    Args:
        characters: The ``T`` characters that were read.
        h: The state after each of them, ``(T, 2)``.
    """
    points = np.vstack([np.zeros(2), h])  # (T + 1, 2)
    axes = _new_axes(4.6, 4.4)
    for number in range(1, len(points)):
        neighbors = np.delete(points[number - 1 : number + 2], 1, axis=0)  # (1 or 2, 2)
        direction = _free_direction(points[number], neighbors)
        _draw_arrow(axes, points[number - 1], points[number])
        _write_beside(axes, f"{number}. {characters[number - 1]}", points[number], direction)
    axes.plot(points[1:, 0], points[1:, 1], "o", color=BLUE)
    axes.plot(0, 0, "o", color=QUIET)
    axes.annotate("start", (0, 0), (7, -10), textcoords="offset points", color=QUIET)
    axes.set(xlim=(-1.25, 1.25), ylim=(-1.25, 1.25), aspect="equal")
    axes.set(xlabel="unit 0", ylabel="unit 1", title="The path of the state")
    return _finish(axes)


@IN_STYLE
def gates(characters: Sequence[str], values: np.ndarray, title: str) -> Picture:
    """Draw how far a gate is open at each character, with a row for each unit.

    Args:
        characters: The ``T`` characters that were read.
        values: The gate at each of them, ``(T, H)``, between 0 and 1.
        title: The title.
    """
    values = np.asarray(values)
    unit_count = values.shape[1]
    axes = _new_axes(WIDTH, 1.3 + 0.19 * max(unit_count, 5))
    image = axes.imshow(values.T, cmap=ZERO_TO_ONE, vmin=0, vmax=1, aspect="auto")
    _label_columns(axes, characters)
    _label_units(axes, unit_count)
    axes.set(xlabel="character", title=title)
    axes.figure.colorbar(image, ax=axes, ticks=[0, 0.5, 1])
    return _finish(axes)


@IN_STYLE
def gradients(
    characters: Sequence[str], norms: Mapping[str, np.ndarray] | np.ndarray, title: str
) -> Picture:
    """Draw the length of a gradient at each character, on a logarithmic scale.

    Args:
        characters: The ``T`` characters that were read.
        norms: The length of ``d_h`` after each of them, ``(T,)``. For several networks, a mapping from their labels.
        title: The title.
    """
    lines = norms if isinstance(norms, Mapping) else {"": norms}
    axes = _new_axes(WIDTH, 3.0)
    for marker, (label, values) in zip("osd^v", lines.items(), strict=False):
        axes.plot(range(len(characters)), values, marker=marker, label=label or None)
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.6g}"))
    _label_columns(axes, characters)
    axes.set(xlabel="character", ylabel="length of d_h", title=title)
    if len(lines) > 1:
        axes.legend()
    return _finish(axes)


@IN_STYLE
def sampling(
    vocabulary: Sequence[str], probabilities: np.ndarray, drawn: Sequence[int], title: str
) -> Picture:
    """Draw how a name is generated: a column for each draw, a row for each id, and frames around the drawn ids.

    Args:
        vocabulary: The meaning of each of the ``V`` ids.
        probabilities: The probabilities at each draw, ``(T, V)``.
        drawn: The ``T`` ids that were drawn.
        title: The title.
    """
    probabilities = np.asarray(probabilities)
    previous = ["START", *(vocabulary[token] for token in drawn[:-1])]
    axes = _new_axes(WIDTH, 1.4 + 0.21 * len(vocabulary))
    image = axes.imshow(probabilities.T, cmap=ZERO_TO_ONE, vmin=0, vmax=1, aspect="auto")
    if probabilities.size <= MAX_LABELLED_CELLS:
        for (step, token), value in np.ndenumerate(probabilities):
            _write(axes, step, token, f"{value:.2f}", is_on_dark=value > 0.5)
    for step, token in enumerate(drawn):
        corner = (step - 0.5, token - 0.5)
        axes.add_patch(Rectangle(corner, 1, 1, fill=False, edgecolor=VERMILION, linewidth=2))
    _label_columns(axes, previous)
    axes.set_yticks(range(len(vocabulary)), vocabulary)
    axes.set(xlabel="previous character", title=title)
    axes.figure.colorbar(image, ax=axes, ticks=[0, 0.5, 1], label="probability")
    return _finish(axes)


@IN_STYLE
def curves(
    lines: Mapping[str, np.ndarray],
    title: str,
    x: str,
    y: str,
    level: tuple[str, float] | None = None,
) -> Picture:
    """Draw losses during training.

    Args:
        lines: The values of each line by its label, one per step.
        title: The title.
        x: The label of the steps.
        y: The label of the values, with their unit.
        level: The label and the value of a horizontal line.
    """
    axes = _new_axes(WIDTH, 3.0)
    for label, values in lines.items():
        axes.plot(np.arange(1, len(values) + 1), values, label=label)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set(xlabel=x, ylabel=y, title=title)
    if level is not None:
        _draw_level(axes, *level)
    if len(lines) > 1:
        axes.legend()
    return _finish(axes)


# --- helpers ----------------------------------------------------------------------------------------------------------


def _new_axes(width: float, height: float) -> Axes:
    """Create an empty plot of a size in inches."""
    figure = Figure(figsize=(width, height), dpi=120, facecolor=PAPER, layout="constrained")
    FigureCanvasAgg(figure)
    return figure.add_subplot()


def _finish(axes: Axes) -> Picture:
    """Return a finished plot as a picture."""
    stream = io.BytesIO()
    axes.figure.savefig(stream, format="png", metadata={"Software": None})
    return Picture(stream.getvalue())


def _draw_arrow(axes: Axes, start: np.ndarray, end: np.ndarray) -> None:
    arrow = {"arrowstyle": "->", "color": QUIET, "shrinkA": 3, "shrinkB": 3}
    axes.annotate("", end, start, arrowprops=arrow)


def _draw_level(axes: Axes, label: str, value: float) -> None:
    axes.axhline(value, color=QUIET, linestyle="--", linewidth=1)
    axes.annotate(
        label,
        (1, value),
        xytext=(-4, 3),
        xycoords=("axes fraction", "data"),
        textcoords="offset points",
        ha="right",
        color=QUIET,
    )


def _write(axes: Axes, column: int, row: int, text: str, *, is_on_dark: bool) -> None:
    """Write a number in a cell of a table."""
    color = PAPER if is_on_dark else INK
    axes.text(column, row, text, ha="center", va="center", color=color)


def _write_beside(axes: Axes, text: str, point: np.ndarray, direction: np.ndarray) -> None:
    """Write a label next to a point, in a direction."""
    if abs(direction[0]) < 0.4:
        side = "center"
    else:
        side = "left" if direction[0] > 0 else "right"
    offset = tuple(11 * direction)  # points
    axes.annotate(
        text, point, offset, textcoords="offset points", ha=side, va="center", weight="bold"
    )


def _free_direction(point: np.ndarray, neighbors: np.ndarray) -> np.ndarray:
    """Return a direction from a point in which a label doesn't cross the arrows to its neighbors."""
    towards = neighbors - point
    towards = towards / np.maximum(np.linalg.norm(towards, axis=1, keepdims=True), 1e-9)
    away = -towards.sum(axis=0)
    is_nearly_straight = len(towards) == 2 and np.linalg.norm(away) < 0.5
    if is_nearly_straight:
        across = np.array([-towards[0, 1], towards[0, 0]])
        away = across if across[1] >= 0 else -across
    return away / max(float(np.linalg.norm(away)), 1e-9)


def _label_columns(axes: Axes, characters: Sequence[str]) -> None:
    axes.set_xticks(range(len(characters)), characters)
    for label, character in zip(axes.get_xticklabels(), characters, strict=True):
        is_crowded = len(character) > 1 and len(characters) > 9  # START between other labels
        if is_crowded:
            label.set_fontsize(6)


def _label_units(axes: Axes, unit_count: int) -> None:
    axes.set_yticks(range(unit_count), [f"unit {unit}" for unit in range(unit_count)])
