"""Draw the plot of ``quality.json``: the loss against the number of parameters and the training time, for each list."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from benchmarks.quality_page import NGRAM, Model, Quality, QualityList
from namegen.drawings.style import (
    BLUE,
    GREEN,
    INDIGO,
    INK,
    ORANGE,
    PAPER,
    QUIET,
    VERMILION,
    drawable_text,
    drawing_style,
    new_figure,
    number_formatter,
    save_figure,
)

WIDTH = 9.5  # inches
LIST_HEIGHT = 2.5  # the height of a row of panels, in inches
LEGEND_HEIGHT = 0.8
NO_DROPOUT = ", nothing dropped"
DASHED = (0, (4, 2))


class Look(NamedTuple):
    """The color and the marker of a model."""

    color: str
    marker: str


LOOKS = {  # by the first word of the model's name
    "quick": Look(ORANGE, "v"),
    "standard": Look(INK, "*"),
    "SimpleRNN": Look(BLUE, "o"),
    "GRU": Look(VERMILION, "s"),
    "LSTM": Look(GREEN, "D"),
    "Transformer": Look(INDIGO, "^"),
}


def draw_quality(document: Quality, path: Path) -> None:
    """Write the plot.

    Raises:
        OutputError: The file can't be written.
    """
    with drawing_style():
        save_figure(quality_figure(document), path)


def quality_figure(document: Quality) -> Figure:
    """Draw a row of two panels for each list, except for lists with leaks. Call it inside ``drawing_style``."""
    lists = [results for results in document.lists if not results.seen_share]
    rows = max(len(lists), 1)
    figure = new_figure(WIDTH, LEGEND_HEIGHT + LIST_HEIGHT * rows)
    panels = figure.subplots(rows, 2, squeeze=False, sharex="col")
    for (left, right), results in zip(panels, lists, strict=False):
        _draw_list(left, right, results)
    panels[-1, 0].set_xlabel("parameters")
    panels[-1, 1].set_xlabel("seconds of one core")
    _add_legend(figure)
    return figure


def _draw_list(left: Axes, right: Axes, results: QualityList) -> None:
    """Draw the results of a list against the number of parameters (left) and against the training time (right)."""
    _draw_panel(left, results, "parameters")
    _draw_panel(right, results, "seconds")
    left.set_title(drawable_text(results.name))
    left.set_ylabel("nats a character (less is better)")
    right.sharey(left)
    right.tick_params(labelleft=False)


def _draw_panel(axes: Axes, results: QualityList, x_field: str) -> None:
    """Draw each network as a point, and the n-gram baseline as a horizontal line."""
    for model in results.models:
        if model.name == NGRAM:
            axes.axhline(model.nats, color=QUIET, linewidth=1, linestyle=DASHED)
        elif not _is_variant_of_default(model):
            _draw_point(axes, model, x=getattr(model, x_field))
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(number_formatter())
    axes.margins(0.12)


def _is_variant_of_default(model: Model) -> bool:
    """Check for variants of the default network. The page lists them, but the plot doesn't show them."""
    return model.name.startswith("standard,")


def _draw_point(axes: Axes, model: Model, x: float) -> None:
    """Draw a network, hollow if it was trained without dropout. The default network is large and in front."""
    look = _look(model)
    is_star = look.marker == "*"
    is_hollow = model.name.endswith(NO_DROPOUT)
    axes.plot(
        x,
        model.nats,
        look.marker,
        color=look.color,
        mfc=PAPER if is_hollow else look.color,
        markersize=11 if is_star else 6,
        zorder=3 if is_star else 2,
    )


def _look(model: Model) -> Look:
    first_word = model.name.partition(" ")[0]
    return LOOKS[first_word.rstrip(":")]


def _add_legend(figure: Figure) -> None:
    """Add a legend above the panels."""
    points = [_legend_point(name, look, face=look.color) for name, look in LOOKS.items()]
    hollow = _legend_point("hollow: nothing dropped", Look(QUIET, "o"), face=PAPER)
    ngram = Line2D([], [], color=QUIET, linewidth=1, linestyle=DASHED, label=NGRAM)
    figure.legend(
        handles=[*points, hollow, ngram],
        loc="outside upper left",
        ncols=5,
        fontsize=9,
        handletextpad=0.2,
        columnspacing=1.0,
    )


def _legend_point(label: str, look: Look, face: str) -> Line2D:
    return Line2D([], [], color=look.color, marker=look.marker, mfc=face, linestyle="", label=label)
