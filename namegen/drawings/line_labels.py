"""Labels beside the right ends of a plot's lines, instead of a legend that has to be looked up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.offsetbox import AnnotationBbox, DrawingArea

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
