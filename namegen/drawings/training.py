"""How a training went: ``history.png``, with accuracy and loss against time.

A function makes the figure and another one writes it; a report can take the figure, or its panels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from namegen.core.evaluation.references import HeldOutReferences
from namegen.core.training.history import EpochRecord
from namegen.core.training.run_result import RunResult
from namegen.drawings.style import (
    INK,
    QUIET,
    counted,
    drawable_text,
    drawing_style,
    engine_colour,
    label_lines,
    new_figure,
    number_formatter,
    percent_formatter,
    save_figure,
)


def draw_history(result: RunResult, path: Path) -> None:
    """Draw how a training went: accuracy and loss against seconds of training; PNG, or SVG by the path's ending.

    Raises:
        OutputError: the file cannot be written; what was there is kept.
    """
    with drawing_style():
        save_figure(history_figure(result), path)


def history_figure(result: RunResult) -> Figure:
    """The figure behind ``draw_history``. Call it inside ``drawing_style``."""
    records, references = result.history, result.references
    figure = new_figure(9.5, 7.2 if references else 4.2)
    figure.suptitle(_history_title(result), x=0.01, ha="left", fontsize=12, fontweight="bold")
    if not records:
        axes = figure.add_subplot()
        axes.set_axis_off()
        axes.text(0.5, 0.5, "The training was stopped before its first epoch ended.", ha="center", color=QUIET)
        return figure
    colour = engine_colour(result.backend)
    panels = list(figure.subplots(2 if references else 1, sharex=True, squeeze=False)[:, 0])
    best = records[result.best_epoch - 1] if 0 < result.best_epoch <= len(records) else None
    if references is not None:
        accuracy_panel(panels[0], records, references, colour)
    loss_panel(panels[-1], records, references, colour)
    for axes in panels:
        axes.set_xlim(0, records[-1].seconds * 1.01 or 1)
        if best is not None:
            axes.axvline(best.seconds, color=QUIET, linewidth=1, linestyle=(0, (1, 2)), label="_best")
    if best is not None:
        _name_best(panels[0], best)
    panels[-1].xaxis.set_major_formatter(number_formatter())
    panels[-1].set_xlabel("time in training and validation (seconds)")
    figure.draw_without_rendering()  # settles the layout, which the labels are placed by
    for axes in panels:
        label_lines(axes)
    return figure


def accuracy_panel(axes: Axes, records: Sequence[EpochRecord], references: HeldOutReferences, colour: str) -> None:
    """Accuracy on the held-out part, with its ceiling and the n-gram baseline, against time."""
    seconds = [record.seconds for record in records]
    argmax = [_number(record.validation_accuracy_argmax) for record in records]
    sampled = [_number(record.validation_accuracy_sampled) for record in records]
    marker = "o" if len(records) == 1 else None
    axes.plot(seconds, argmax, color=colour, marker=marker, label="argmax")
    axes.plot(seconds, sampled, color=colour, marker=marker, linewidth=1.2, dashes=(4, 1.5), label="sampled")
    baseline = f"counting, order {references.baseline.order}"
    _reference(axes, "ceiling, argmax", references.ceiling.accuracy_argmax, INK, dashed=False)
    _reference(axes, "ceiling, sampled", references.ceiling.accuracy_sampled, INK, dashed=True)
    _reference(axes, f"{baseline}, argmax", references.baseline.metrics.accuracy_argmax, QUIET, dashed=False)
    _reference(axes, f"{baseline}, sampled", references.baseline.metrics.accuracy_sampled, QUIET, dashed=True)
    axes.set_title("Accuracy on the held-out names")
    axes.set_ylabel("characters predicted")
    axes.yaxis.set_major_formatter(percent_formatter())


def loss_panel(axes: Axes, records: Sequence[EpochRecord], references: HeldOutReferences | None, colour: str) -> None:
    """Loss of the training and of the held-out part, with the held-out part's ceiling and baseline, against time."""
    seconds = [record.seconds for record in records]
    marker = "o" if len(records) == 1 else None
    training = [_number(record.training_loss_nats_per_char) for record in records]
    if references is not None:
        held_out = [_number(record.validation_loss_nats_per_char) for record in records]
        axes.plot(seconds, held_out, color=colour, marker=marker, label="held-out names")
        _reference(axes, "ceiling, held-out", references.ceiling.loss_nats_per_char, INK, dashed=False)
        _reference(
            axes,
            f"counting, order {references.baseline.order}, held-out",
            references.baseline.metrics.loss_nats_per_char,
            QUIET,
            dashed=False,
        )
    axes.plot(seconds, training, color=colour, marker=marker, linewidth=1.2, dashes=(1, 1), label="training names")
    axes.set_title("Loss")
    axes.set_ylabel("loss (nats per character)")


def _history_title(result: RunResult) -> str:
    network = result.checkpoint.network
    source = drawable_text(str(result.checkpoint.training.get("list", "names")), 48)
    epochs = counted(result.epochs, "epoch")
    ended = epochs if result.finished else f"stopped after {epochs}"
    return f"{source}: {network.summary}, {result.backend} engine, {ended}"


def _reference(axes: Axes, label: str, value: float, colour: str, *, dashed: bool) -> None:
    """A level line that the curves are compared with; none for a value that is not finite."""
    if math.isfinite(value):
        axes.axhline(value, color=colour, linewidth=1, linestyle=(0, (4, 2)) if dashed else "-", label=label)


def _name_best(axes: Axes, best: EpochRecord) -> None:
    """Say which epoch was the best, in a lane of its own below the curves."""
    low, high = axes.get_ylim()
    axes.set_ylim(low - 0.08 * (high - low), high)
    right = best.seconds > 0.6 * axes.get_xlim()[1]
    axes.text(
        best.seconds,
        0.02,
        f" best: epoch {best.epoch} ",
        transform=axes.get_xaxis_transform(),
        ha="right" if right else "left",
        va="bottom",
        color=QUIET,
        fontsize=9,
    )


def _number(value: float | None) -> float:
    """A value that a line can hold: where there is none, a gap."""
    return math.nan if value is None or not math.isfinite(value) else value
