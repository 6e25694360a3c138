"""Test the tables and the plots of a sweep."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

from namegen.drawings.style import drawing_style
from namegen.experiments.sweep.document import Results, Run
from namegen.experiments.sweep.figures import draw_sweep, list_plots, sweep_figure
from namegen.experiments.sweep.results import (
    best_in_words,
    by_setting,
    common_held_out_sets,
    finished_runs,
    setting_table,
    table_csv,
    untrained,
)
from namegen.experiments.trained import PlainMetrics
from tests.experiments.sweep.made import metrics, results_of, some_run, trained_run

HOSTILE = "=cmd|'/c'!A1, $x$ <b>"


@pytest.fixture
def results() -> Results:
    good = [
        trained_run(0.1, 0, 0.5),
        trained_run(0.1, 1, 0.7),
        trained_run(0.01, 0, 0.4),
        trained_run(0.01, 1, 0.4),
    ]
    lost = some_run(9.0, 0, status="diverged", why="astray")
    return results_of(*(replace(run, list=HOSTILE) for run in (*good, lost)))


def test_csv_files_have_one_row_per_run_and_no_formulas(results: Results) -> None:
    rows = list(csv.DictReader(io.StringIO(table_csv(results))))
    assert [row["training.learning_rate"] for row in rows] == ["0.1", "0.1", "0.01", "0.01", "9.0"]
    assert [row["status"] for row in rows] == ["done"] * 4 + ["diverged"]
    assert {row["list"] for row in rows} == {"'" + HOSTILE}
    assert rows[1]["held_out_accuracy_argmax"] == "0.7"
    assert rows[1]["held_out_ceiling_accuracy_argmax"] == "0.9"
    assert rows[4]["held_out_accuracy_argmax"] == ""
    assert rows[4]["why"] == "astray"


def test_runs_that_differ_only_in_the_seed_share_a_setting(results: Results) -> None:
    settings = by_setting(results, HOSTILE)
    assert {name: len(runs) for name, runs in settings.items()} == {
        "learning rate 0.1": 2,
        "learning rate 0.01": 2,
        "learning rate 9": 1,
    }
    table = setting_table(results, HOSTILE)
    assert table.rows[0][:3] == ("learning rate 0.1", "2", "60.0 (50.0 to 70.0)")
    assert table.rows[2][:3] == ("learning rate 9", "0", "–")
    assert [row[0] for row in table.rows[3:]] == ["3-gram", "ceiling"]
    assert table.rows[4][2] == "90.0"
    of_other_list = replace(trained_run(0.1, 0, 0.5, ceiling=metrics(0.8)), list="!")
    # Runs on other lists have no effect.
    assert setting_table(results_of(*results.runs, of_other_list), HOSTILE).rows == table.rows


def test_references_that_differ_between_settings_are_omitted(results: Results) -> None:
    runs = finished_runs(results.runs)

    def with_last_ceiling(ceiling: PlainMetrics) -> list[Run]:
        return [*runs[:3], trained_run(0.01, 1, 0.4, ceiling=ceiling)]

    assert len(common_held_out_sets(runs, "ceiling", "baseline")) == 2  # one per seed
    rounded = replace(metrics(0.9), accuracy_argmax=0.9 + 1e-16)  # as on another processor
    assert len(common_held_out_sets(with_last_ceiling(rounded), "ceiling", "baseline")) == 2
    # Another split can change the ceiling.
    assert common_held_out_sets(with_last_ceiling(metrics(0.8)), "ceiling", "baseline") == []
    infinite = replace(metrics(0.9), loss_nats_per_char=None, bits_per_char=None)
    assert common_held_out_sets(with_last_ceiling(infinite), "ceiling", "baseline") == []


def lines_of(figure: Figure) -> dict[str, Any]:
    return {str(line.get_label()): line for line in figure.axes[0].get_lines()}


def test_the_plot_has_a_line_and_a_band_per_setting(results: Results) -> None:
    with drawing_style():
        figure = sweep_figure(results, HOSTILE)
    lines = lines_of(figure)
    assert list(lines) == [
        "learning rate 0.1",
        "learning rate 0.01",
        "3-gram",
        "ceiling: 90.0% (above)",
    ]
    assert list(lines["learning rate 0.1"].get_xdata()) == pytest.approx([1.5, 2.5, 3.5])
    assert list(lines["learning rate 0.1"].get_ydata()) == pytest.approx([0.4, 0.5, 0.6])
    bands = [one for one in figure.axes[0].collections if isinstance(one, PolyCollection)]
    assert len(bands) == 2
    heights = [vertex[1] for vertex in bands[0].get_paths()[0].vertices]
    assert (min(heights), max(heights)) == pytest.approx((0.3, 0.7))


def test_a_plot_shows_at_most_24_settings() -> None:
    results = results_of(
        *(
            replace(trained_run(float(place), 0, place / 10_000), list=HOSTILE)
            for place in range(1, 3_001)
        )
    )
    with drawing_style():
        figure = sweep_figure(results, HOSTILE)
    assert "the best 24 of 3,000" in list_plots(results)[HOSTILE].heading
    lines = lines_of(figure)
    assert list(lines)[:2] == ["learning rate 2977", "learning rate 2978"]
    looks = {(line.get_color(), str(line._dash_pattern)) for line in list(lines.values())[:24]}
    assert len(looks) == 24


def test_each_list_has_a_plot_with_a_unique_name(results: Results, tmp_path: Path) -> None:
    more = [replace(trained_run(0.1, 0, 0.5), list=name) for name in ("a/x.txt", "b/x.txt")]
    written = draw_sweep(results_of(*results.runs, *more), tmp_path)
    assert [path.parent for path in written] == [tmp_path] * 3
    assert [path.name for path in written[1:]] == ["accuracy-x.png", "accuracy-x-3.png"]
    assert all(path.stat().st_size > 5_000 for path in written)
    assert draw_sweep(results_of(*untrained(results)), tmp_path) == []


@pytest.mark.parametrize(
    ("accuracies", "said"),
    [
        (
            {0.01: (0.5, 0.6), 0.03: (0.4, 0.5), 0.1: (0.2, 0.3)},
            "0.01, 55.0%.*between .* 0.01 and .* 0.03: .*overlap",
        ),
        (
            {0.01: (0.5, 0.6), 0.03: (0.4, 0.49)},
            "0.01, 55.0%. Its range over seeds doesn't overlap with any other",
        ),
        (
            {0.01: (0.5, 0.6), 0.03: (0.1,)},
            "0.01, 55.0%. For learning rate 0.03 there is only one seed",
        ),
        ({0.01: (0.5,), 0.03: (0.6,)}, "0.03, 60.0%. It has one seed"),
        (
            {rate: (0.3, 0.5 + rate) for rate in (0.01, 0.02, 0.03, 0.04, 0.05)},
            "0.05, 42.5%.* 0.05 and 4 others: ",
        ),
        ({0.01: (0.5, 0.6)}, "$"),
    ],
)
def test_the_best_setting_is_described_in_words(
    accuracies: dict[float, tuple[float, ...]], said: str
) -> None:
    runs = [
        trained_run(rate, seed, value)
        for rate, values in accuracies.items()
        for seed, value in enumerate(values)
    ]
    made = results_of(*runs)
    assert re.match(f"(Best by argmax: learning rate )?{said}", best_in_words(made, "list.txt"))
    assert best_in_words(made, "list.txt") == setting_table(made, "list.txt").note
