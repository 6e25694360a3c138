"""The picture of ``quality.json``: nats of the test names against parameters and seconds, a row for each list."""

from __future__ import annotations

import re
from pathlib import Path

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

WIDTH, HEIGHT, LEGEND = 9.5, 2.5, 0.8  # inches; the height is that of a list
HOLLOW = ", nothing dropped"
# Colour and marker by the word that a model's name begins with.
LOOKS = {
    "quick": (ORANGE, "v"),
    "standard": (INK, "*"),
    "SimpleRNN": (BLUE, "o"),
    "GRU": (VERMILION, "s"),
    "LSTM": (GREEN, "D"),
    "Transformer": (INDIGO, "^"),
}


def draw_quality(document: Quality, path: Path) -> None:
    """Write the picture. Raises OutputError."""
    with drawing_style():
        save_figure(quality_figure(document), path)


def quality_figure(document: Quality) -> Figure:
    """A row for each list that was split without repeats. Call it inside ``drawing_style``."""
    lists = [one for one in document.lists if not one.seen_share]
    figure = new_figure(WIDTH, LEGEND + HEIGHT * max(len(lists), 1))
    panels = figure.subplots(max(len(lists), 1), 2, squeeze=False, sharex="col")
    for (left, right), one in zip(panels, lists, strict=False):
        _panel(left, one, "parameters")
        _panel(right, one, "seconds")
        left.set_title(drawable_text(one.name))
        left.set_ylabel("nats a character (less is better)")
        right.sharey(left)
        right.tick_params(labelleft=False)
    panels[-1, 0].set_xlabel("parameters")
    panels[-1, 1].set_xlabel("seconds of one core")
    figure.legend(
        handles=_handles(),
        loc="outside upper left",
        ncols=5,
        fontsize=9,
        handletextpad=0.2,
        columnspacing=1.0,
    )
    return figure


def _panel(axes: Axes, of_list: QualityList, what: str) -> None:
    """Networks as points, counting as a line across."""
    for model in of_list.models:
        if model.name == NGRAM:
            axes.axhline(model.nats, color=QUIET, linewidth=1, linestyle=(0, (4, 2)))
            continue
        look = _look(model)
        if look is None:
            continue
        colour, marker = look
        hollow, size = model.name.endswith(HOLLOW), 11 if marker == "*" else 6
        face = PAPER if hollow else colour
        above = 3 if marker == "*" else 2
        axes.plot(
            getattr(model, what),
            model.nats,
            marker,
            color=colour,
            mfc=face,
            markersize=size,
            zorder=above,
        )
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(number_formatter())
    axes.margins(0.12)


def _look(model: Model) -> tuple[str, str] | None:
    """None for a model that the table alone tells of: what is left of the default without one of its parts."""
    if model.name.startswith("standard,"):
        return None
    return next(
        (look for begin, look in LOOKS.items() if re.match(rf"{begin}\b", model.name)), None
    )


def _handles() -> list[Line2D]:
    def point(label: str, colour: str, marker: str, face: str) -> Line2D:
        return Line2D([], [], color=colour, marker=marker, mfc=face, linestyle="", label=label)

    return [
        *(point(name, colour, marker, colour) for name, (colour, marker) in LOOKS.items()),
        point("hollow: nothing dropped", QUIET, "o", PAPER),
        Line2D([], [], color=QUIET, linewidth=1, linestyle=(0, (4, 2)), label=NGRAM),
    ]
