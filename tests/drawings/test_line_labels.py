"""Labels beside lines: where they stand, and how a line is known by its label."""

from __future__ import annotations

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.offsetbox import AnnotationBbox

from namegen.drawings.style import drawing_style, kept_inside, label_lines, new_figure, spread


def samples(colours: list[str]) -> list[tuple[str, object]]:
    """The colours and patterns of the samples of lines of these colours, the second half of them dashed."""
    with drawing_style():
        axes = new_figure(4.0, 3.0).add_subplot()
        for place, colour in enumerate(colours):
            axes.plot([0, 1], [0, place], color=colour, linestyle="--" if place >= len(colours) / 2 else "-", label="x")
        axes.figure.draw_without_rendering()
        label_lines(axes)
        axes.figure.draw_without_rendering()
        assert len(axes.texts) == len(colours)
        boxes = [box for box in axes.artists if isinstance(box, AnnotationBbox)]
        lines = [line for box in boxes for line in box.findobj(Line2D)]
        return [(str(line.get_color()), line.get_linestyle()) for line in lines if isinstance(line, Line2D)]


def test_lines_of_one_colour_have_samples_beside_their_labels() -> None:
    assert samples(["red", "blue", "red", "blue"]) == [("red", "-"), ("blue", "-"), ("red", "--"), ("blue", "--")]


def test_a_mark_at_the_edge_has_no_line_to_sample() -> None:
    with drawing_style():
        axes = new_figure(4.0, 3.0).add_subplot()
        axes.plot([0, 1], [0, 1], color="red", label="line")
        axes.plot([1], [1], color="red", linestyle="None", marker="^", label="mark")
        axes.figure.draw_without_rendering()
        label_lines(axes)
        assert len(axes.texts) == 2
        assert sum(isinstance(one, AnnotationBbox) for one in axes.artists) == 1


def test_a_colour_of_its_own_says_which_line_it_is() -> None:
    assert samples(["red", "blue", "green"]) == []


def test_spread_moves_as_little_as_needed() -> None:
    assert spread([0.0, 1.0], 0.5) == [0.0, 1.0]
    assert spread([1.0, 1.0, 1.0], 0.5) == [0.5, 1.0, 1.5]
    rng = np.random.default_rng(0)
    for places in np.sort(rng.random((50, 7)), axis=1):
        assert np.diff(spread(list(places), 0.1)).min() > 0.1 - 1e-12


def test_labels_are_kept_inside_of_a_plot() -> None:
    assert kept_inside([0.5, 1.2], 0.1) == [0.5, 1.0]
    assert kept_inside([-0.3, -0.2, 0.9], 0.1) == [0.0, 0.1, 0.9]
