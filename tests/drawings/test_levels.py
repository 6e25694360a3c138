"""Levels beside curves: lines where there is room, marks at the edge where there is not."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pytest
from matplotlib.axes import Axes

from namegen.drawings import style
from namegen.drawings.style import LEAST_ROOM, Level, draw_levels, label_lines


@pytest.fixture
def axes() -> Iterator[Axes]:
    """One curve, from 0.2 to 0.4."""
    with style.drawing_style():
        axes = style.new_figure(4.0, 3.0).add_subplot()
        axes.plot([1, 2, 3], [0.2, 0.35, 0.4])
        yield axes


def level(value: float, name: str = "ceiling") -> Level:
    return Level(name, value, f"{value:.1%}")


def test_a_near_level_is_a_line(axes: Axes) -> None:
    [line] = draw_levels(axes, [level(0.5)], least_span=0.1)
    assert list(line.get_ydata()) == [0.5, 0.5]
    assert line.get_label() == "ceiling"


@pytest.mark.parametrize(("value", "marker", "edge"), [(0.9, "^", 1.0), (-0.5, "v", 0.0)])
def test_a_far_level_is_a_mark_with_its_number(axes: Axes, value: float, marker: str, edge: float) -> None:
    before = axes.get_ylim()
    [mark] = draw_levels(axes, [level(value)], least_span=0.1)
    assert (mark.get_marker(), mark.get_label()) == (
        marker,
        f"ceiling: {value:.1%} ({'above' if marker == '^' else 'below'})",
    )
    assert axes.get_ylim() == before
    assert axes.transAxes.inverted().transform(mark.get_transform().transform((1.0, edge)))[1] == pytest.approx(edge)
    assert not mark.get_clip_on()


def test_levels_that_only_together_squeeze_the_curves_leave_the_nearer_one(axes: Axes) -> None:
    """Each alone would leave them enough."""
    above, below = level(0.5, "above"), level(0.08, "below")
    for alone in (above, below):
        assert LEAST_ROOM * max(alone.value - 0.2, 0.4 - alone.value) <= 0.2
    found = draw_levels(axes, [below, above], least_span=0.1)
    assert [line.get_label() for line in found] == ["below: 8.0% (below)", "above"]


def test_marks_do_not_hide_each_other(axes: Axes) -> None:
    first, second = draw_levels(axes, [level(0.9), level(0.95)], least_span=0.1)
    assert first.get_xdata()[0] != second.get_xdata()[0]


def test_what_is_not_finite_is_not_drawn(axes: Axes) -> None:
    assert draw_levels(axes, [level(math.inf), level(math.nan)], least_span=0.1) == []


def test_level_curves_are_taken_to_fill_something() -> None:
    with style.drawing_style():
        axes = style.new_figure(4.0, 3.0).add_subplot()
        axes.plot([1, 2], [0.3, 0.3])
        near, far = draw_levels(axes, [level(0.42, "near"), level(0.8, "far")], least_span=0.1)
        assert [near.get_label(), far.get_label()] == ["near", "far: 80.0% (above)"]


def test_labels_of_marks_stay_beside_their_plot(axes: Axes) -> None:
    draw_levels(axes, [level(0.9, "a"), level(0.95, "b"), level(-3.0, "c")], least_span=0.1)
    axes.figure.draw_without_rendering()
    label_lines(axes)
    places = {text.get_text(): text.xy[1] for text in axes.texts}  # type: ignore[attr-defined]  # an annotation
    assert places["c: -300.0% (below)"] >= 0
    assert max(places.values()) <= 1
