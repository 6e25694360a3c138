"""The pictures of the course: each function draws one, in the colours of namegen's own plots, on white paper.

A notebook shows what a function returns. Colours are told apart with every kind of colour vision; where a colour stands
for a number, the number stands beside it or in the bar at the side.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from namegen.drawings.style import (
    BLUE,
    INK,
    PAPER,
    QUIET,
    VERMILION,
    drawing_style,
    figure_bytes,
    name_lines,
    new_figure,
    number_formatter,
)

BELOW_AND_ABOVE = LinearSegmentedColormap.from_list(
    "below and above zero", [BLUE, PAPER, VERMILION]
)
FROM_NOTHING = LinearSegmentedColormap.from_list("from nothing", [PAPER, BLUE])
WIDTH = 6.4  # inches
MOST_NUMBERS = 60  # that are still readable when they are written into the cells


class Picture:
    """A drawing that is finished: what a notebook shows as a PNG.

    Args:
        png: the file's content.
    """

    def __init__(self, png: bytes) -> None:
        self.png = png

    def __repr__(self) -> str:
        return "a picture"  # no address in memory, which would be another one in each run

    def _repr_png_(self) -> bytes:
        return self.png

    def save(self, path: str | Path) -> None:
        """Write it to a file."""
        Path(path).write_bytes(self.png)


def states(
    read: Sequence[str], h: np.ndarray, title: str = "The hidden state after each letter"
) -> Picture:
    """The state after each letter as colours: a row for each unit, a column for each letter.

    Args:
        read: what was read, ``T`` letters.
        h: the states after them, ``(T, H)``, between −1 and 1.
        title: what stands above.
    """
    h = np.asarray(h)
    with _drawing(WIDTH, 1.3 + (0.28 if h.shape[1] <= 8 else 0.19) * max(h.shape[1], 3)) as (
        figure,
        axes,
        pictures,
    ):
        image = axes.imshow(h.T, cmap=BELOW_AND_ABOVE, vmin=-1, vmax=1, aspect="auto")
        if h.size <= MOST_NUMBERS:
            for (step, unit), value in np.ndenumerate(h):
                ink = PAPER if abs(value) > 0.7 else INK
                axes.text(
                    step,
                    unit,
                    f"{value:+.2f}".replace("-", "−"),
                    ha="center",
                    va="center",
                    color=ink,
                )
        _letters(axes, read)
        axes.set_yticks(range(h.shape[1]), [f"unit {unit}" for unit in range(h.shape[1])])
        axes.set(xlabel="letter that was read", title=title)
        figure.colorbar(image, ax=axes, ticks=[-1, 0, 1])
    return pictures[0]


def path(read: Sequence[str], h: np.ndarray) -> Picture:
    """The states of a network of two units as a way through the plane, from zero on.

    Args:
        read: what was read, ``T`` letters.
        h: the states after them, ``(T, 2)``.
    """
    points = np.vstack([np.zeros(2), h])
    with _drawing(4.6, 4.4) as (_, axes, pictures):
        for step, (one, other) in enumerate(pairwise(points)):
            axes.annotate(
                "",
                other,
                one,
                arrowprops={"arrowstyle": "->", "color": QUIET, "shrinkA": 3, "shrinkB": 3},
            )
            away = _away(other, points[step : step + 3 : 2])
            side = "center" if abs(away[0]) < 0.4 else "left" if away[0] > 0 else "right"
            label = {"textcoords": "offset points", "ha": side, "va": "center", "weight": "bold"}
            axes.annotate(f"{step + 1}. {read[step]}", other, tuple(11 * away), **label)
        axes.plot(*points[1:].T, "o", color=BLUE)
        axes.plot(0, 0, "o", color=QUIET)
        axes.annotate("nothing read", (0, 0), (7, -10), textcoords="offset points", color=QUIET)
        axes.set(
            xlim=(-1.25, 1.25), ylim=(-1.25, 1.25), xlabel="unit 0", ylabel="unit 1", aspect="equal"
        )
        axes.set_title("The way of the state")
    return pictures[0]


def gates(read: Sequence[str], values: np.ndarray, title: str) -> Picture:
    """How far a gate is open at each letter: a row for each unit, a column for each letter.

    Args:
        read: what was read, ``T`` letters.
        values: the gate at each of them, ``(T, H)``, between 0 and 1.
        title: what stands above.
    """
    values = np.asarray(values)
    with _drawing(WIDTH, 1.3 + 0.19 * max(values.shape[1], 5)) as (figure, axes, pictures):
        image = axes.imshow(values.T, cmap=FROM_NOTHING, vmin=0, vmax=1, aspect="auto")
        _letters(axes, read)
        axes.set_yticks(range(values.shape[1]), [f"unit {unit}" for unit in range(values.shape[1])])
        axes.set(xlabel="letter that was read", title=title)
        figure.colorbar(image, ax=axes, ticks=[0, 0.5, 1])
    return pictures[0]


def gradients(
    read: Sequence[str], norms: Mapping[str, np.ndarray] | np.ndarray, title: str
) -> Picture:
    """How large a gradient still is at each letter, on a logarithmic scale.

    Args:
        read: what was read, ``T`` letters.
        norms: the length of ``d_h`` after each of them, ``(T,)``; of several networks by what each is called.
        title: what stands above.
    """
    lines = norms if isinstance(norms, Mapping) else {"": norms}
    with _drawing(WIDTH, 3.0) as (_, axes, pictures):
        for marker, (name, values) in zip("osd^v", lines.items(), strict=False):
            axes.plot(range(len(read)), values, marker=marker, label=name or None)
        axes.set_yscale("log")
        _letters(axes, read)
        axes.set(xlabel="letter that was read", ylabel="length of d_h", title=title)
        axes.yaxis.set_major_formatter(number_formatter())
        if len(lines) > 1:
            axes.legend()
    return pictures[0]


def sampling(
    characters: Sequence[str], chances: np.ndarray, drawn: Sequence[int], title: str
) -> Picture:
    """How a name is drawn: a column for each draw, a row for each character, a frame around what was drawn.

    Args:
        characters: what each of ``V`` ids stands for.
        chances: the probabilities at each draw, ``(T, V)``.
        drawn: the ids that were drawn, ``T`` of them.
        title: what stands above.
    """
    chances = np.asarray(chances)
    before = ["", *(characters[token] for token in drawn[:-1])]
    with _drawing(WIDTH, 1.4 + 0.21 * len(characters)) as (figure, axes, pictures):
        image = axes.imshow(chances.T, cmap=FROM_NOTHING, vmin=0, vmax=1, aspect="auto")
        if chances.size <= MOST_NUMBERS:
            for (step, token), value in np.ndenumerate(chances):
                axes.text(
                    step,
                    token,
                    f"{value:.2f}",
                    ha="center",
                    va="center",
                    color=PAPER if value > 0.5 else INK,
                )
        for step, token in enumerate(drawn):
            axes.add_patch(
                Rectangle(
                    (step - 0.5, token - 0.5), 1, 1, fill=False, edgecolor=VERMILION, linewidth=2
                )
            )
        _letters(axes, ["START", *before[1:]])
        axes.set_yticks(range(len(characters)), characters)
        axes.set(xlabel="letter that was read last", title=title)
        figure.colorbar(image, ax=axes, ticks=[0, 0.5, 1], label="probability")
    return pictures[0]


def curves(
    lines: Mapping[str, np.ndarray],
    title: str,
    x: str,
    y: str,
    level: tuple[str, float] | None = None,
) -> Picture:
    """Losses on the way through a training.

    Args:
        lines: by what each is called, its values, one for each step.
        title: what stands above.
        x: what a step is.
        y: what is drawn, with its unit.
        level: a horizontal line to compare with: what it is called, and where it is.
    """
    with _drawing(WIDTH, 3.0) as (_, axes, pictures):
        for name, values in lines.items():
            axes.plot(np.arange(1, len(values) + 1), values, label=name)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set(xlabel=x, ylabel=y, title=title)
        if level is not None:
            axes.axhline(level[1], color=QUIET, linestyle="--", linewidth=1)
            beside = {
                "xytext": (-4, 3),
                "textcoords": "offset points",
                "ha": "right",
                "color": QUIET,
            }
            axes.annotate(level[0], (1, level[1]), xycoords=("axes fraction", "data"), **beside)
        if len(lines) > 1:
            name_lines(axes)
    return pictures[0]


@contextmanager
def _drawing(width: float, height: float) -> Iterator[tuple[Figure, Axes, list[Picture]]]:
    """A figure of that size in inches, its axes, and a list that holds the picture when it is finished."""
    pictures: list[Picture] = []
    with drawing_style():
        figure = new_figure(width, height)
        axes = figure.add_subplot()
        axes.grid(False)
        yield figure, axes, pictures
        pictures.append(Picture(figure_bytes(figure, "png")))


def _away(point: np.ndarray, neighbours: np.ndarray) -> np.ndarray:
    """The direction in which a label of the point meets no arrow: away from those to its neighbours, or across both."""
    towards = neighbours - point
    towards = towards / np.maximum(np.linalg.norm(towards, axis=1, keepdims=True), 1e-9)
    away = -towards.sum(axis=0)
    if len(towards) == 2 and np.linalg.norm(away) < 0.5:  # nearly on one line with them
        away = np.array([-towards[0, 1], towards[0, 0]])
        away *= -1 if away[1] < 0 else 1
    return away / max(float(np.linalg.norm(away)), 1e-9)


def _letters(axes: Axes, read: Sequence[str]) -> None:
    """What was read, under the columns."""
    axes.set_xticks(range(len(read)), read)
    for label, letter in zip(axes.get_xticklabels(), read, strict=True):
        if len(letter) > 1 and len(read) > 9:  # START, between neighbours that are near
            label.set_fontsize(6)
