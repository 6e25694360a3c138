"""The drawings hold the data that they should, whatever the names; and they leave matplotlib as it was."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import same_color
from matplotlib.figure import Figure

from namegen import api
from namegen.config import Config, merge
from namegen.core.data.corpus import Corpus
from namegen.core.data.description import describe
from namegen.core.training.run import RunResult
from namegen.drawings import style
from namegen.drawings.plots import description_figure, draw_description, draw_history, history_figure
from namegen.errors import OutputError

NAMES = ("Ann", "Anna", "Bob", "Bo", "Cyd", "Dan", "Dana", "Eve", "Eva", "Ian", "Ida", "Ivo") * 4
AWKWARD = (
    "$x^2$",
    "$a_{b}",
    "\\frac{1}",
    "%s {0}",
    "مرحبا",
    "שלום",
    "さくら",
    "o\u0301",
    "\u0301x",
    "😀😀",
    "x\x07y\x1b[2J",
    "<b>&amp;",
    "\ue000\U000e0001",
    "a" * 300,
)


@pytest.fixture(scope="module")
def trained() -> RunResult:
    """Three epochs on a small list, a part of it held out."""
    config = merge(Config(), {"training.epochs": 3, "data.validation": 0.3, "network.hidden": (4,)})
    return api.train(Corpus(NAMES, source="small $list"), config=config)


@pytest.fixture(autouse=True)
def _in_style() -> Iterator[None]:
    with style.drawing_style():
        yield


def lines(axes: Axes) -> dict[str, Any]:
    return {str(line.get_label()): line for line in axes.get_lines()}


def panel(figure: Figure, title: str) -> Axes:
    [axes] = [axes for axes in figure.axes if axes.get_title(loc="left").startswith(title)]
    return axes


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(matplotlib.text.Text)]


def test_history_holds_the_records(trained: RunResult) -> None:
    accuracy, loss = history_figure(trained).axes
    seconds = [record.seconds for record in trained.history]
    for axes, label, field in (
        (accuracy, "argmax", "validation_accuracy_argmax"),
        (accuracy, "sampled", "validation_accuracy_sampled"),
        (loss, "training names", "training_loss_nats_per_char"),
        (loss, "held-out names", "validation_loss_nats_per_char"),
    ):
        line = lines(axes)[label]
        assert list(line.get_xdata()) == seconds
        assert list(line.get_ydata()) == [getattr(record, field) for record in trained.history]
        assert same_color(line.get_color(), style.ENGINE_COLOURS["numpy"])


def test_history_shows_ceiling_and_baseline_of_the_held_out_part(trained: RunResult) -> None:
    references = trained.references
    assert references is not None
    assert references.baseline_damped is not None, "the split unique damps repeats"
    accuracy, loss = history_figure(trained).axes
    gram = f"{references.baseline.order}-gram"
    wanted = {
        (accuracy, "ceiling, argmax"): references.ceiling.accuracy_argmax,
        (accuracy, "ceiling, sampled"): references.ceiling.accuracy_sampled,
        (accuracy, f"{gram}, argmax"): references.baseline.metrics.accuracy_argmax,
        (accuracy, f"{gram}, sampled"): references.baseline.metrics.accuracy_sampled,
        (loss, "ceiling, held-out"): references.ceiling.loss_nats_per_char,
        (loss, f"{gram}, held-out"): references.baseline.metrics.loss_nats_per_char,
        (loss, f"{gram}, repeats damped"): references.baseline_damped.metrics.loss_nats_per_char,
    }
    for (axes, label), value in wanted.items():
        assert list(lines(axes)[label].get_ydata()) == [value, value]
        assert label in [text.get_text() for text in axes.texts], "each line is labelled beside its end"


def test_history_marks_the_best_epoch(trained: RunResult) -> None:
    figure = history_figure(replace(trained, best_epoch=2))
    for axes in figure.axes:
        assert list(lines(axes)["_best"].get_xdata()) == [trained.history[1].seconds] * 2
    assert " best: epoch 2 " in texts(figure)


def test_history_axes_have_units(trained: RunResult) -> None:
    accuracy, loss = history_figure(trained).axes
    assert "seconds" in loss.get_xlabel()
    assert "nats per character" in loss.get_ylabel()
    assert accuracy.yaxis.get_major_formatter()(0.25) == "25%"


def test_history_says_where_it_comes_from_and_that_it_was_stopped(trained: RunResult) -> None:
    title = history_figure(replace(trained, finished=False)).get_suptitle()
    assert title == "small $list: simple_rnn 4, numpy engine, stopped after 3 epochs"


def test_history_without_a_held_out_part_has_the_loss_alone(trained: RunResult) -> None:
    bare = [
        replace(
            record,
            validation_loss_nats_per_char=None,
            validation_accuracy_argmax=None,
            validation_accuracy_sampled=None,
        )
        for record in trained.history
    ]
    figure = history_figure(replace(trained, history=tuple(bare), references=None, validation=None))
    assert len(figure.axes) == 1
    assert set(lines(figure.axes[0])) == {"training names", "_best"}


def test_history_of_one_epoch_is_visible(trained: RunResult) -> None:
    figure = history_figure(replace(trained, history=trained.history[:1], epochs=1, best_epoch=1))
    assert lines(figure.axes[0])["argmax"].get_marker() == "o"


def test_history_of_a_run_stopped_in_its_first_epoch(trained: RunResult) -> None:
    figure = history_figure(replace(trained, history=(), epochs=0, best_epoch=0, finished=False))
    assert "The training was stopped before its first epoch ended." in texts(figure)


def test_an_infinite_figure_is_a_gap(trained: RunResult) -> None:
    """An n-gram may give a name no probability at all; its level is then left out, not drawn at infinity."""
    assert trained.references is not None
    known = trained.references.baseline
    references = replace(trained.references)  # a copy, which is told its n-gram in place of fitting one
    references.__dict__["baseline"] = replace(known, metrics=replace(known.metrics, loss_nats_per_char=math.inf))
    records = (replace(trained.history[0], validation_loss_nats_per_char=math.inf), *trained.history[1:])
    loss = history_figure(replace(trained, references=references, history=records)).axes[1]
    assert f"{known.order}-gram, held-out" not in lines(loss)
    assert np.isnan(lines(loss)["held-out names"].get_ydata()[0])


def test_labels_beside_lines_do_not_overlap(trained: RunResult) -> None:
    figure = history_figure(trained)
    figure.draw_without_rendering()
    for axes in figure.axes:
        boxes = [text.get_window_extent() for text in axes.texts if not text.get_text().startswith(" best")]
        assert not any(a.overlaps(b) for index, a in enumerate(boxes) for b in boxes[:index])
        assert all(box.x1 <= figure.bbox.x1 for box in boxes), "none is cut off"


def test_description_holds_the_counts() -> None:
    description = describe(["Al", "Alan", "Bob", "Al", "Al", "Bob"])
    figure = description_figure(description, source="a list")
    heights = [bar.get_height() for bar in panel(figure, "Letters").patches]
    assert heights == [count / sum(description.letters.values()) for count in description.letters.values()]
    lengths = panel(figure, "Lengths")
    bars = {round(bar.get_x() + bar.get_width() / 2): bar.get_height() for bar in lengths.patches}
    assert bars == {2: 3, 3: 2, 4: 1}
    unique = panel(figure, "Characters until")
    assert [bar.get_height() for bar in unique.patches] == [1, 0, 1, 1]  # B, none, Ala, and Al never
    assert [label.get_text() for label in unique.get_xticklabels()] == ["1", "2", "3", "never"]
    commonest = panel(figure, "Commonest")
    assert [label.get_text() for label in commonest.get_yticklabels()] == ["Al", "Bob", "Alan"]
    assert [bar.get_width() for bar in commonest.patches] == [3, 2, 1]
    [tail] = panel(figure, "The long tail: 1 of 3").get_lines()
    assert [*zip(tail.get_xdata(), tail.get_ydata(), strict=True)] == [(1, 3), (1, 3), (2, 2), (2, 2), (3, 1), (3, 1)]
    assert figure.get_suptitle() == "a list: 6 names, 3 different"


def test_every_panel_says_what_its_axes_count() -> None:
    for axes in description_figure(describe(NAMES), source="x").axes:
        assert axes.get_xlabel()
        assert axes.get_ylabel() or axes.get_title(loc="left") == "Commonest names"


def test_a_list_without_repeats_has_no_commonest_names() -> None:
    figure = description_figure(describe(["Al", "Bo"]), source="x")
    assert len(figure.axes) == 3
    assert figure.get_suptitle() == "x: 2 names, none of them twice"


def test_a_thin_end_of_lengths_shares_a_bar() -> None:
    names = ["a" * (1 + number % 20) for number in range(3000)] + ["b" * 700]
    lengths = panel(description_figure(describe(names), source="x"), "Lengths")
    assert lengths.get_xticklabels()[-1].get_text().endswith("+")
    assert sum(bar.get_height() for bar in lengths.patches) == 3001


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_awkward_names_are_drawn_without_a_warning(ending: str, tmp_path: Path) -> None:
    """Every warning is an error in the tests, matplotlib's about a missing glyph too."""
    path = tmp_path / f"description.{ending}"
    draw_description(describe([*AWKWARD, *AWKWARD, "Q"]), path, source="a $list$\n of の names")
    assert path.read_bytes().startswith(b"\x89PNG" if ending == "png" else b"<?xml")


def test_names_of_any_text_are_drawn_as_they_are() -> None:
    shown = texts(description_figure(describe([*AWKWARD, *AWKWARD]), source="x"))
    assert "$x^2$" in shown
    assert not any(
        text.get_parse_math() for text in description_figure(describe(NAMES), source="x").findobj(matplotlib.text.Text)
    )


def test_no_drawn_text_lacks_a_glyph() -> None:
    assert style.drawable_text("\ue000a\U000e0001") == "U+E000aU+E0001"
    assert style.drawable_text("\n\n") == "U+000A U+000A"
    assert style.drawable_text("\u0301x") == "◌\u0301x"
    assert style.drawable_text("a" * 50, 10) == "a" * 10 + "…"


def test_the_same_drawing_is_the_same_file(trained: RunResult, tmp_path: Path) -> None:
    for ending in ("png", "svg"):
        first, second = tmp_path / f"1.{ending}", tmp_path / f"2.{ending}"
        draw_history(trained, first)
        draw_history(trained, second)
        assert first.read_bytes() == second.read_bytes()


def test_matplotlib_is_left_as_it_was(trained: RunResult, tmp_path: Path) -> None:
    before = dict(matplotlib.rcParams)
    draw_history(trained, tmp_path / "history.png")
    draw_description(describe(NAMES), tmp_path / "description.png", source="x")
    assert dict(matplotlib.rcParams) == before


def test_settings_of_the_machine_do_not_reach_a_drawing(trained: RunResult, tmp_path: Path) -> None:
    draw_history(trained, tmp_path / "1.png")
    with matplotlib.rc_context({"font.size": 30, "text.usetex": True, "axes.facecolor": "black"}):
        draw_history(trained, tmp_path / "2.png")
    assert (tmp_path / "1.png").read_bytes() == (tmp_path / "2.png").read_bytes()


def test_a_drawing_that_cannot_be_written_is_one_sentence(trained: RunResult, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot write"):
        draw_history(trained, tmp_path / "missing" / "history.png")


def test_engines_keep_their_colours() -> None:
    colours = {style.engine_colour(name) for name in ("numpy", "keras")}
    assert len(colours) == 2
    third = style.engine_colour("a third party's")
    assert third == style.engine_colour("a third party's")
    assert third not in colours


def test_spread_moves_as_little_as_needed() -> None:
    assert style.spread([0.0, 1.0], 0.5) == [0.0, 1.0]
    assert style.spread([1.0, 1.0, 1.0], 0.5) == [0.5, 1.0, 1.5]
    rng = np.random.default_rng(0)
    for places in np.sort(rng.random((50, 7)), axis=1):
        assert np.diff(style.spread(list(places), 0.1)).min() > 0.1 - 1e-12
