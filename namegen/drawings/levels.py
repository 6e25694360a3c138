"""Levels that curves are compared with: the ceiling, counting. The curves keep their room."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from namegen.drawings.style import QUIET

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
