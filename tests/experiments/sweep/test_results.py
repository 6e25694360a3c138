"""The results of a sweep: the table, a line a setting, the plot."""

from __future__ import annotations

import copy
import csv
import io
from asyncio import CancelledError
from pathlib import Path
from typing import Any

import pytest
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

from namegen.drawings.style import drawing_style, engine_colour
from namegen.experiments.sweep.figures import draw_sweep, sweep_figure
from namegen.experiments.sweep.results import by_setting, reference_parts, setting_table, table_csv
from namegen.experiments.sweep.run import _reason

HOSTILE = "=cmd|'/c'!A1, $x$ <b>"


def metrics(accuracy: float) -> dict[str, float]:
    return {
        "loss_nats_per_char": 2.0,
        "bits_per_char": 2.9,
        "accuracy_argmax": accuracy,
        "accuracy_sampled": accuracy / 2,
    }


def run(rate: float, seed: int, accuracy: float, **more: Any) -> dict[str, Any]:
    epochs = 3
    return {
        "run": f"{rate}-{seed}",
        "list": HOSTILE,
        "backend": "numpy",
        "seed": seed,
        "settings": {"training.learning_rate": rate, "training.seed": seed},
        "model": f"runs/{rate}-{seed}.safetensors",
        "status": "done",
        "parameters": 10,
        "batch_size": 4,
        "epochs": epochs,
        "best_epoch": 2,
        "history": {
            "seconds": [1.0 + seed, 2.0 + seed, 3.0 + seed],
            "validation_accuracy_argmax": [accuracy - 0.2, accuracy - 0.1, accuracy],
        },
        "figures": {"training": metrics(accuracy), "held_out": metrics(accuracy)},
        "held_out": {"ceiling": metrics(0.9), "baseline": metrics(0.3), "baseline_order": 3},
        "timing": {"seconds": 3.0, "chars_per_second": 1000.0},
        **more,
    }


@pytest.fixture
def results() -> dict[str, Any]:
    lost = {"run": "x", "list": HOSTILE, "backend": "numpy", "seed": 0, "model": None, "status": "diverged"}
    lost |= {"settings": {"training.learning_rate": 9.0, "training.seed": 0}, "why": "astray"}
    return {
        "axes": {"training.learning_rate": [0.1, 0.01, 9.0], "training.seed": [0, 1]},
        "runs": [run(0.1, 0, 0.5), run(0.1, 1, 0.7), run(0.01, 0, 0.4), run(0.01, 1, 0.4), lost],
    }


def test_a_row_is_a_run_and_no_cell_is_a_formula(results: dict[str, Any]) -> None:
    rows = list(csv.DictReader(io.StringIO(table_csv(results))))
    assert [row["training.learning_rate"] for row in rows] == ["0.1", "0.1", "0.01", "0.01", "9.0"]
    assert [row["status"] for row in rows] == ["done"] * 4 + ["diverged"]
    assert {row["list"] for row in rows} == {"'" + HOSTILE}
    assert rows[1]["held_out_accuracy_argmax"] == "0.7"
    assert rows[1]["held_out_ceiling_accuracy_argmax"] == "0.9"
    assert rows[4]["held_out_accuracy_argmax"] == ""
    assert rows[4]["why"] == "astray"


def test_a_setting_is_all_but_the_seed(results: dict[str, Any]) -> None:
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


def test_no_reference_stands_beside_runs_that_differ_in_theirs(results: dict[str, Any]) -> None:
    runs = results["runs"][:4]
    assert len(reference_parts(runs)) == 2  # one a seed
    rounded = copy.deepcopy(runs)
    rounded[3]["held_out"]["ceiling"]["accuracy_argmax"] += 1e-16  # as another processor may
    assert len(reference_parts(rounded)) == 2
    other = copy.deepcopy(runs)
    other[3]["held_out"]["ceiling"] = metrics(0.8)  # as with another split
    assert reference_parts(other) == []


def lines_of(figure: Figure) -> dict[str, Any]:
    return {str(line.get_label()): line for line in figure.axes[0].get_lines()}


def test_the_plot_has_a_line_a_setting_and_a_band_of_its_seeds(results: dict[str, Any]) -> None:
    with drawing_style():
        figure = sweep_figure(results, HOSTILE)
    lines = lines_of(figure)
    assert list(lines) == ["learning rate 0.1", "learning rate 0.01", "ceiling", "3-gram"]
    assert list(lines["learning rate 0.1"].get_xdata()) == pytest.approx([1.5, 2.5, 3.5])
    assert list(lines["learning rate 0.1"].get_ydata()) == pytest.approx([0.4, 0.5, 0.6])
    bands = [one for one in figure.axes[0].collections if isinstance(one, PolyCollection)]
    assert len(bands) == 2
    heights = [vertex[1] for vertex in bands[0].get_paths()[0].vertices]
    assert (min(heights), max(heights)) == pytest.approx((0.3, 0.7))


def test_more_settings_than_can_be_told_apart(results: dict[str, Any]) -> None:
    results["runs"] = [run(float(place), 0, place / 10_000) for place in range(1, 3_001)]
    with drawing_style():
        figure = sweep_figure(results, HOSTILE)
    assert "the best 24 of 3,000" in figure.get_suptitle()
    lines = lines_of(figure)
    assert list(lines)[:2] == ["learning rate 2977", "learning rate 2978"]
    looks = {(line.get_color(), str(line._dash_pattern)) for line in list(lines.values())[:24]}
    assert len(looks) == 24


def test_engines_have_the_colours_that_they_have_everywhere(results: dict[str, Any]) -> None:
    results["axes"] = {"run.backend": ["numpy", "keras"]}
    results["runs"] = [run(0.1, 0, 0.5), run(0.1, 0, 0.5, backend="keras")]
    for one in results["runs"]:
        one["settings"] = {"run.backend": one["backend"]}
    with drawing_style():
        lines = lines_of(sweep_figure(results, HOSTILE))
    for engine in ("numpy", "keras"):
        assert lines[f"backend {engine}"].get_color() == engine_colour(engine)


def test_a_plot_for_each_list_under_a_name_of_its_own(results: dict[str, Any], tmp_path: Path) -> None:
    results["runs"] += [run(0.1, 0, 0.5, list="a/x.txt"), run(0.1, 0, 0.5, list="b/x.txt")]
    written = draw_sweep(results, tmp_path)
    assert [path.parent for path in written] == [tmp_path] * 3
    assert [path.name for path in written[1:]] == ["accuracy-x.png", "accuracy-x-2.png"]
    assert all(path.stat().st_size > 5_000 for path in written)
    results["runs"] = [one for one in results["runs"] if one["status"] == "diverged"]
    assert draw_sweep(results, tmp_path) == []


def test_a_cause_that_says_nothing_gives_way_to_what_was_said_about_it() -> None:
    silent = OSError("timed out after 5 s")
    silent.__cause__ = CancelledError()
    assert _reason(silent) == "timed out after 5 s"
    silent.__cause__ = ConnectionRefusedError("refused\nmore")
    assert _reason(silent) == "refused"
    assert _reason(TimeoutError()) == "TimeoutError"
