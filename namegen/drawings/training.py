"""How a training went: ``history.png``, with accuracy and loss against time.

A function makes the figure and another one writes it; a report can take the figure, or its panels.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from namegen.core.evaluation.references import HeldOutReferences
from namegen.core.training.progress import EpochRecord
from namegen.core.training.result import RunResult
from namegen.drawings import style
from namegen.errors import counted

# Both kinds of accuracy, at the ends of curves.
LIKELIEST, DRAWN = "likeliest (argmax)", "drawn (sampled)"
LEAST_LOSS_SPAN = 0.3  # nats: what curves of loss are taken to fill


def draw_history(result: RunResult, path: Path) -> None:
    """Draw how a training went: accuracy and loss against seconds of training; PNG, or SVG by the path's ending.

    Raises:
        OutputError: the file cannot be written; what was there is kept.
    """
    with style.drawing_style():
        style.save_figure(history_figure(result), path)


def history_figure(result: RunResult) -> Figure:
    """The figure behind ``draw_history``. Call it inside ``drawing_style``."""
    records, references = result.history, result.references
    figure = style.new_figure(9.5, 7.2 if references else 4.2)
    style.write_title(figure, _history_title(result))
    if not records:
        axes = figure.add_subplot()
        axes.set_axis_off()
        axes.text(
            0.5,
            0.5,
            "The training was stopped before its first epoch ended.",
            ha="center",
            color=style.QUIET,
        )
        return figure
    colour = style.engine_colours([result.backend])[result.backend]
    panels = list(figure.subplots(2 if references else 1, sharex=True, squeeze=False)[:, 0])
    best = records[result.best_epoch - 1] if 0 < result.best_epoch <= len(records) else None
    if references is not None:
        accuracy_panel(panels[0], records, references, colour)
    loss_panel(panels[-1], records, references, colour)
    for axes in panels:
        axes.set_xlim(0, records[-1].seconds * 1.01 or 1)
        if best is not None:
            called = f"best: epoch {best.epoch}" if axes is panels[0] else "_best"
            axes.axvline(
                best.seconds, color=style.QUIET, linewidth=1, linestyle=(0, (1, 2)), label=called
            )
    panels[-1].xaxis.set_major_formatter(style.number_formatter())
    panels[-1].set_xlabel("time in training and validation (seconds)")
    for axes in panels:
        style.name_lines(axes)
    return figure


def accuracy_panel(
    axes: Axes, records: Sequence[EpochRecord], references: HeldOutReferences, colour: str
) -> None:
    """Accuracy on the held-out part, with its ceiling and the n-gram baseline, against time."""
    seconds = [record.seconds for record in records]
    argmax = style.line_values(record.validation_accuracy_argmax for record in records)
    sampled = style.line_values(record.validation_accuracy_sampled for record in records)
    marker = "o" if len(records) == 1 else None
    axes.plot(seconds, argmax, color=colour, marker=marker, label=LIKELIEST)
    axes.plot(
        seconds, sampled, color=colour, marker=marker, linewidth=1.2, dashes=(4, 1.5), label=DRAWN
    )
    ngram, ceiling = references.baseline, references.ceiling
    pairs = (
        ("ceiling", ceiling, style.INK),
        (f"n-gram, order {ngram.order}", ngram.metrics, style.QUIET),
    )
    levels = [
        style.Level(f"{name}, {what}", share, f"{100 * share:.1f}%", of_level, dashed)
        for name, metrics, of_level in pairs
        for what, share, dashed in (
            ("likeliest", metrics.accuracy_argmax, False),
            ("drawn", metrics.accuracy_sampled, True),
        )
    ]
    style.draw_levels(axes, levels, least_span=style.LEAST_ACCURACY_SPAN)
    axes.set_title(
        "Accuracy on the held-out names: is the likeliest next character right, is a drawn one?"
    )
    axes.set_ylabel("characters that are right")
    axes.yaxis.set_major_formatter(style.percent_formatter())


def loss_panel(
    axes: Axes, records: Sequence[EpochRecord], references: HeldOutReferences | None, colour: str
) -> None:
    """Loss of the training and of the held-out part, with the held-out part's ceiling and baseline, against time."""
    seconds = [record.seconds for record in records]
    marker = "o" if len(records) == 1 else None
    training = style.line_values(record.training_loss_nats_per_char for record in records)
    if references is not None:
        held_out = style.line_values(record.validation_loss_nats_per_char for record in records)
        axes.plot(seconds, held_out, color=colour, marker=marker, label="held-out names")
    axes.plot(
        seconds,
        training,
        color=colour,
        marker=marker,
        linewidth=1.2,
        dashes=(1, 1),
        label="training names",
    )
    if references is not None:
        ceiling, ngram = (
            references.ceiling.loss_nats_per_char,
            references.baseline.metrics.loss_nats_per_char,
        )
        name = f"n-gram, order {references.baseline.order}, held-out"
        levels = (
            style.Level("ceiling, held-out", ceiling, f"{ceiling:.2f}", style.INK),
            style.Level(name, ngram, f"{ngram:.2f}", style.QUIET),
        )
        style.draw_levels(axes, levels, least_span=LEAST_LOSS_SPAN)
    axes.set(title="Loss", ylabel="loss (nats per character)")


def _history_title(result: RunResult) -> str:
    network = result.checkpoint.network
    source = style.isolated(
        style.drawable_text(str(result.checkpoint.training.get("list", "names")), 48)
    )
    epochs = counted(result.epochs, "epoch")
    ended = epochs if result.finished else f"stopped after {epochs}"
    return f"{source}: {network.summary}, {result.backend} backend, {ended}"
