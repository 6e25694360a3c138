"""The plots of a comparison hold its figures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from namegen.drawings import style
from namegen.experiments.compare.document import Comparison
from namegen.experiments.compare.figures import (
    accuracy_figure,
    curves_figure,
    lengths_figure,
    list_plots,
    speed_figure,
)
from namegen.experiments.compare.selection import like_for_like_by_network


@pytest.fixture(autouse=True)
def _in_style() -> Iterator[None]:
    with style.drawing_style():
        yield


def test_every_plot_has_its_section_and_a_key_of_its_own(comparison: Comparison) -> None:
    found = [(plot.section, plot.key) for plot in list_plots(comparison.lists[0], comparison.generated_names)]
    assert found == [
        ("Like for like", "curves-1"),
        ("Like for like", "curves-2"),
        ("Networks and accuracy", "accuracy-names"),
        ("Networks and accuracy", "accuracy-unique"),
        ("Generation", "speed"),
        ("Generation", "lengths"),
    ]


def test_the_title_of_a_plot_begins_its_caption_whatever_the_list_is_called(comparison: Comparison) -> None:
    plot = next(iter(list_plots(replace(comparison.lists[0], name="a: b"), comparison.generated_names)))
    assert plot.figure.get_suptitle() == plot.title == "SimpleRNN 2×32 on a: b, by each engine"
    assert plot.caption == f"{plot.title}: loss against epochs, and accuracy against seconds"


def test_curves_hold_the_history_of_each_engine(comparison: Comparison) -> None:
    entry = comparison.lists[0]
    runs = like_for_like_by_network(entry)["LSTM 2×32"]
    left, right = curves_figure(runs, entry).axes
    curves = [list(line.get_ydata()) for line in left.get_lines()]
    for run in runs:
        assert list(run.history.training_loss_nats_per_char) in curves
        assert list(run.history.validation_loss_nats_per_char) in curves
    lines = {str(line.get_label()): line for line in right.get_lines()}
    assert list(lines["keras"].get_xdata()) == list(runs[1].history.seconds)
    [reference] = [one for one in entry.references if (one.split, one.seed) == ("names", 0)]
    assert set(lines["ceiling"].get_ydata()) == {reference.parts.held_out.ceiling.accuracy_argmax}
    assert set(lines[f"{reference.baseline_order}-gram"].get_ydata()) == {
        reference.parts.held_out.baseline.accuracy_argmax
    }


def test_a_curve_of_one_epoch_is_visible(comparison: Comparison) -> None:
    entry = comparison.lists[0]
    [run, *_] = like_for_like_by_network(entry)["LSTM 2×32"]
    columns = {name: values[:1] for name, values in vars(run.history).items()}
    left, _ = curves_figure([replace(run, history=replace(run.history, **columns))], entry).axes
    assert left.get_lines()[0].get_marker() == "o"


def test_accuracy_has_a_panel_for_each_part_and_two_bars_for_each_network(comparison: Comparison) -> None:
    panels = accuracy_figure(comparison.lists[0], "unique").axes
    assert [axes.get_title(loc="left") for axes in panels] == ["training part", "held-out part", "whole list"]
    assert [len(axes.patches) for axes in panels] == [8, 8, 8]


def test_speed_has_a_point_for_each_algorithm(comparison: Comparison) -> None:
    models = comparison.lists[0].generation
    [axes] = speed_figure(models).axes
    points = [line.get_xdata()[0] for line in axes.get_lines() if line.get_marker() == "o"]
    assert points == [generated.names_per_second for one in models for generated in one.algorithms.values()]


def test_lengths_are_shares() -> None:
    [axes] = lengths_figure({"1": 1, "3": 3}, {"a network": {"3": 10}}, 10).axes
    assert [bar.get_height() for bar in axes.patches] == [0.25, 0.75]
    assert list(axes.get_lines()[0].get_ydata()) == [0, 0, 1]
