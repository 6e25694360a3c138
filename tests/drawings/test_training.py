"""Check that the plots of a training run show the right data, and don't change matplotlib's settings."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from namegen import api
from namegen.core.data.corpus import Corpus
from namegen.core.settings import Config
from namegen.core.training.result import RunResult
from namegen.drawings import style
from namegen.drawings.training import draw_history, history_figure
from namegen.errors import OutputError
from namegen.settings_toml import merge

pytestmark = pytest.mark.usefixtures("in_style")

NAMES = ("Ann", "Anna", "Bob", "Bo", "Cyd", "Dan", "Dana", "Eve", "Eva", "Ian", "Ida", "Ivo") * 4


@pytest.fixture(scope="module")
def trained() -> RunResult:
    """Train for three epochs on a small list with a validation set."""
    config = merge(
        Config(),
        {
            "training.quick": True,
            "training.epochs": 3,
            "data.validation": 0.3,
            "network.hidden": (4,),
        },
    )
    return api.train(Corpus(NAMES, source="small $list"), config=config)


@pytest.fixture(scope="module")
def figure(trained: RunResult) -> Figure:
    with style.drawing_style():
        return history_figure(trained)


def lines(axes: Axes) -> dict[str, Any]:
    return {str(line.get_label()): line for line in axes.get_lines()}


def test_the_plot_shows_the_recorded_metrics(trained: RunResult, figure: Figure) -> None:
    accuracy, loss = figure.axes
    epochs = [record.epoch for record in trained.history]
    for axes, label, field in (
        (accuracy, "argmax", "validation_accuracy_argmax"),
        (accuracy, "sampled", "validation_accuracy_sampled"),
        (loss, "training names", "training_loss_nats_per_char"),
        (loss, "held-out names", "validation_loss_nats_per_char"),
    ):
        line = lines(axes)[label]
        assert list(line.get_xdata()) == epochs
        assert list(line.get_ydata()) == [getattr(record, field) for record in trained.history]


def test_the_plot_shows_the_validation_ceiling_and_baseline(
    trained: RunResult, figure: Figure
) -> None:
    references = trained.references
    assert references is not None
    accuracy, loss = figure.axes
    gram = f"{references.baseline.order}-gram"
    wanted = {
        (accuracy, "ceiling, argmax"): references.ceiling.accuracy_argmax,
        (accuracy, "ceiling, sampled"): references.ceiling.accuracy_sampled,
        (accuracy, f"{gram}, argmax"): references.baseline.metrics.accuracy_argmax,
        (accuracy, f"{gram}, sampled"): references.baseline.metrics.accuracy_sampled,
        (loss, "ceiling, held-out"): references.ceiling.loss_nats_per_char,
        (loss, f"{gram}, held-out"): references.baseline.metrics.loss_nats_per_char,
    }
    marks = 0
    for (axes, name), value in wanted.items():
        [(label, line)] = [
            (label, line) for label, line in lines(axes).items() if label.startswith(name)
        ]
        if label == name:
            assert list(line.get_ydata()) == [value, value]
        else:
            side = "above" if value > axes.get_ylim()[1] else "below"
            assert label.endswith(f"({side})")
            assert not axes.get_ylim()[0] <= value <= axes.get_ylim()[1]
            marks += 1
        assert label in [text.get_text() for text in axes.get_legend().get_texts()]
    assert 0 < marks < len(wanted)


def test_the_plot_shows_its_source_best_epoch_and_units(trained: RunResult) -> None:
    figure = history_figure(replace(trained, best_epoch=2, finished=False))
    for axes in figure.axes:
        [best] = [line for label, line in lines(axes).items() if "best" in label]
        assert list(best.get_xdata()) == [2, 2]
    accuracy, loss = figure.axes
    assert "best: epoch 2" in [text.get_text() for text in accuracy.get_legend().get_texts()]
    assert "seconds" in loss.get_xlabel()
    assert "nats per character" in loss.get_ylabel()
    assert accuracy.yaxis.get_major_formatter()(0.25) == "25%"
    assert (
        figure.get_suptitle() == "small $list: simple_rnn 4, numpy backend, stopped after 3 epochs"
    )


def test_without_a_validation_set_only_the_loss_is_plotted(trained: RunResult) -> None:
    nothing = dict.fromkeys(
        (
            "validation_loss_nats_per_char",
            "validation_accuracy_argmax",
            "validation_accuracy_sampled",
        )
    )
    bare = tuple(replace(record, **nothing) for record in trained.history)  # type: ignore[arg-type]
    [axes] = history_figure(replace(trained, history=bare, references=None, validation=None)).axes
    assert set(lines(axes)) == {"training names", f"best: epoch {trained.best_epoch}"}


def test_runs_with_one_or_no_epochs_can_be_plotted(trained: RunResult) -> None:
    figure = history_figure(replace(trained, history=trained.history[:1], epochs=1, best_epoch=1))
    assert lines(figure.axes[0])["argmax"].get_marker() == "o"
    figure = history_figure(replace(trained, history=(), epochs=0, best_epoch=0, finished=False))
    assert figure.axes == []
    assert "stopped after 0 epochs" in figure.get_suptitle()


def test_an_infinite_loss_is_a_gap(trained: RunResult) -> None:
    """An n-gram model can give a name a probability of zero. Its level is then omitted."""
    assert trained.references is not None
    known = trained.references.baseline
    # In this copy, the n-gram baseline is set below instead of being fitted.
    references = replace(trained.references)
    references.__dict__["baseline"] = replace(
        known, metrics=replace(known.metrics, loss_nats_per_char=math.inf)
    )
    records = (
        replace(trained.history[0], validation_loss_nats_per_char=math.inf),
        *trained.history[1:],
    )
    loss = history_figure(replace(trained, references=references, history=records)).axes[1]
    assert f"{known.order}-gram, held-out" not in lines(loss)
    assert np.isnan(lines(loss)["held-out names"].get_ydata()[0])


def test_the_legends_are_not_cut_off(figure: Figure) -> None:
    figure.draw_without_rendering()
    for axes in figure.axes:
        box = axes.get_legend().get_window_extent()
        assert axes.bbox.x1 <= box.x0 < box.x1 <= figure.bbox.x1


def test_plot_files_do_not_depend_on_matplotlib_settings(
    trained: RunResult, tmp_path: Path
) -> None:
    before = dict(matplotlib.rcParams)
    first, second = tmp_path / "1.svg", tmp_path / "2.svg"
    draw_history(trained, first)
    with matplotlib.rc_context({"font.size": 30, "text.usetex": True, "axes.facecolor": "black"}):
        draw_history(trained, second)
    assert first.read_bytes() == second.read_bytes()
    assert dict(matplotlib.rcParams) == before


def test_a_plot_that_cannot_be_written_is_reported(trained: RunResult, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot write"):
        draw_history(trained, tmp_path / "missing" / "history.png")
