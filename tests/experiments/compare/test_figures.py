"""Test that the plots of a comparison show its results."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from statistics import mean

import numpy as np
import pytest

from namegen.drawings import style
from namegen.experiments.compare.document import Comparison
from namegen.experiments.compare.figures import (
    NARROW,
    WIDEST,
    accuracy_figure,
    accuracy_plots,
    curve_plots,
    curves_figure,
    generation_plots,
    lengths_figure,
    speed_figure,
)
from namegen.experiments.report import ARGMAX, SAMPLED, Plot

pytestmark = pytest.mark.usefixtures("in_style")


def list_plots(comparison: Comparison) -> list[Plot]:
    entry = comparison.lists[0]
    return [
        *curve_plots(entry),
        *accuracy_plots(entry),
        *generation_plots(entry, comparison.generated_names),
    ]


def test_every_plot_has_its_own_key(comparison: Comparison) -> None:
    keys = ["curves-1", "curves-2", "accuracy-by-row", "accuracy-by-name", "speed", "lengths"]
    assert [plot.key for plot in list_plots(comparison)] == keys


def test_right_to_left_names_are_isolated_and_braces_are_literal(
    comparison: Comparison, tmp_path: Path
) -> None:
    entry = comparison.lists[0]
    runs = [replace(run, engine="a{0}") for run in entry.like_for_like["LSTM 2×32"][:1]]
    name = "\u05e9\u05de {x}"
    [plot] = curve_plots(replace(entry, name=name, trainings=tuple(runs)))
    assert plot.heading == f"LSTM 2×32 on {name}, by a{{0}}"
    plot.write(tmp_path / "plot.png")
    assert plot.figure.get_suptitle() == f"LSTM 2×32 on \u2068{name}\u2069, by a{{0}}"
    assert (tmp_path / "plot.png").stat().st_size > 5_000


def test_curves_show_the_history_of_each_backend(comparison: Comparison) -> None:
    entry = comparison.lists[0]
    runs = entry.like_for_like["LSTM 2×32"]
    left, right = curves_figure(runs, entry, style.engine_colours(entry.engines)).axes
    curves = [list(line.get_ydata()) for line in left.get_lines()]
    assert [line.get_linewidth() for line in left.get_lines()] == [4.0, 1.4, 4.0, 1.4]
    for run in runs:
        assert list(run.history.training_loss_nats_per_char) in curves
        assert list(run.history.validation_loss_nats_per_char) in curves
    lines = {str(line.get_label()): line for line in right.get_lines()}
    assert list(lines["keras"].get_xdata()) == list(runs[1].history.seconds)
    reference = entry.reference("by-row")
    assert set(lines["ceiling"].get_ydata()) == {reference.parts.held_out.ceiling.accuracy_argmax}
    assert set(lines[f"{reference.baseline_order}-gram"].get_ydata()) == {
        reference.parts.held_out.baseline.accuracy_argmax
    }


def test_curves_of_many_backends_get_narrower_evenly(comparison: Comparison) -> None:
    entry = comparison.lists[0]
    run = entry.like_for_like["LSTM 2×32"][0]
    runs = [replace(run, engine=engine) for engine in "abcdefgh"]
    left, _ = curves_figure(runs, entry, style.engine_colours("abcdefgh")).axes
    widths = [line.get_linewidth() for line in left.get_lines()[: len(runs)]]
    assert widths == pytest.approx(np.linspace(WIDEST, NARROW, len(runs)))


def test_text_is_light_on_full_and_dark_on_pale_colors(
    comparison: Comparison,
) -> None:
    entry = comparison.lists[0]
    [axes] = accuracy_figure(entry, "by-row", style.engine_colours(entry.engines)).axes
    inks = {
        bar.get_alpha(): text.get_color()
        for bar, text in zip(axes.patches, axes.texts, strict=True)
    }
    assert inks == {1.0: style.PAPER, 0.4: style.INK}


def test_each_network_has_a_row_with_a_bar_for_each_accuracy(comparison: Comparison) -> None:
    entry = comparison.lists[0]
    [axes] = accuracy_figure(entry, "by-row", style.engine_colours(entry.engines)).axes
    networks = entry.networks("by-row")
    assert [label.get_text().replace("\n", " ") for label in axes.get_yticklabels()] == networks
    for row, network in enumerate(networks):
        bars = [
            bar
            for bar in axes.patches
            if row - 0.5 < bar.get_y() + bar.get_height() / 2 < row + 0.5
        ]
        accuracies = [
            mean(entry.values("by-row", network, "held_out", metric))
            for metric in (ARGMAX, SAMPLED)
        ]
        assert [bar.get_width() for bar in bars] == accuracies


def test_each_bar_contains_its_accuracy_in_percent(comparison: Comparison) -> None:
    entry = comparison.lists[0]
    [axes] = accuracy_figure(entry, "by-row", style.engine_colours(entry.engines)).axes
    for bar, text in zip(axes.patches, axes.texts, strict=True):
        x, y = text.get_position()
        assert 0 < x < bar.get_width()
        assert bar.get_y() < y < bar.get_y() + bar.get_height()
        assert text.get_text() == f"{100 * bar.get_width():.1f}"


def test_speed_has_a_point_for_each_algorithm(comparison: Comparison) -> None:
    models = comparison.lists[0].generation
    figure = speed_figure(comparison.lists[0], style.engine_colours(one.engine for one in models))
    [axes] = figure.axes
    points = [line.get_xdata()[0] for line in axes.get_lines() if line.get_marker() == "o"]
    assert points == [
        generated.names_per_second for one in models for generated in one.algorithms.values()
    ]
    sides = [
        {text.get_ha() for text in axes.texts if text.xy[1] == place}
        for place in range(len(models))
    ]
    assert sides == [{"left", "right"} if len(one.algorithms) == 2 else {"left"} for one in models]
    assert figure.get_figheight() > 0.3 * len(models), "each model needs its own row"
    assert {100_000, 1_000_000} <= set(axes.get_xticks())


def test_the_length_plot_shows_shares() -> None:
    [axes] = lengths_figure({"1": 1, "3": 3}, {"a network": {"3": 10}}, 10).axes
    assert [bar.get_height() for bar in axes.patches] == [0.25, 0.75]
    assert list(axes.get_lines()[0].get_ydata()) == [0, 0, 1]
    ends = [
        lengths_figure({str(last): 1}, {"a network": {}}, 1).axes[0].get_lines()[0]
        for last in (24, 25)
    ]
    # The markers are smaller if there are many lengths.
    assert ends[0].get_markersize() > ends[1].get_markersize()
