"""Plot the accuracy and loss of a training run against time, for ``history.png``.

``draw_history`` writes a file. For other uses, ``history_figure`` returns the figure, and a separate function plots
each panel.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from namegen.core.evaluation.evaluator import Metrics
from namegen.core.evaluation.references import HeldOutReferences
from namegen.core.training.progress import EpochRecord
from namegen.core.training.result import RunResult
from namegen.drawings import style
from namegen.errors import counted

# The labels of the two types of accuracy.
LIKELIEST = "likeliest (argmax)"
DRAWN = "drawn (sampled)"
LEAST_LOSS_SPAN = 0.3  # smallest range of the loss axis in nats, for almost flat curves


def draw_history(result: RunResult, path: Path) -> None:
    """Plot the accuracy and loss of a run against training time, and save the figure to a file.

    Args:
        result: the result of the run.
        path: the output file. Its format is SVG if its name ends in ``.svg``, and PNG otherwise.

    Raises:
        OutputError: the file can't be written. Its previous content is preserved.
    """
    with style.drawing_style():
        style.save_figure(history_figure(result), path)


def history_figure(result: RunResult) -> Figure:
    """Plot the accuracy and loss of a run against training time. Call it inside ``drawing_style``.

    Without held-out names, the figure contains only the training loss.

    Args:
        result: the result of the run.
    """
    records = result.history
    references = result.references
    figure = style.new_figure(9.5, 7.2 if references else 4.2)  # inches
    style.write_title(figure, _history_title(result))
    if not records:
        _write_empty_note(figure)
        return figure
    colour = style.engine_colours([result.backend])[result.backend]
    panels = _stacked_panels(figure, 2 if references else 1)
    if references is not None:
        accuracy_panel(panels[0], records, references, colour)
    loss_panel(panels[-1], records, references, colour)
    _set_time_axis(panels, end=records[-1].seconds)
    if 0 < result.best_epoch <= len(records):
        _mark_best(panels, records[result.best_epoch - 1])
    for axes in panels:
        style.name_lines(axes)
    return figure


def _stacked_panels(figure: Figure, count: int) -> list[Axes]:
    """Add panels below each other, with a shared x axis."""
    grid = figure.subplots(count, sharex=True, squeeze=False)  # (count, 1)
    return list(grid[:, 0])


def _write_empty_note(figure: Figure) -> None:
    """Show a message that there is nothing to plot."""
    axes = figure.add_subplot()
    axes.set_axis_off()
    note = "The run was stopped before its first epoch ended."
    axes.text(0.5, 0.5, note, ha="center", color=style.QUIET)


def _set_time_axis(panels: Sequence[Axes], end: float) -> None:
    """Label the x axis, which extends from zero to slightly more than ``end`` seconds."""
    right = end * 1.01 or 1  # matplotlib doesn't draw an empty range
    for axes in panels:
        axes.set_xlim(0, right)
    panels[-1].xaxis.set_major_formatter(style.number_formatter())
    panels[-1].set_xlabel("time in training and validation (seconds)")


def _mark_best(panels: Sequence[Axes], best: EpochRecord) -> None:
    """Mark the best epoch in each panel. Only the first panel's legend includes it."""
    for axes in panels:
        is_first = axes is panels[0]
        axes.axvline(
            best.seconds,
            color=style.QUIET,
            linewidth=1,
            linestyle=(0, (1, 2)),
            label=f"best: epoch {best.epoch}" if is_first else "_best",
        )


def accuracy_panel(
    axes: Axes, records: Sequence[EpochRecord], references: HeldOutReferences, colour: str
) -> None:
    """Plot the accuracy on the held-out names against time, with the ceiling and the n-gram baseline.

    Args:
        axes: the axes to draw on.
        records: the epochs; at least one.
        references: the ceiling and the baseline.
        colour: the color of the curves.
    """
    seconds = [record.seconds for record in records]
    argmax = style.line_values(record.validation_accuracy_argmax for record in records)
    sampled = style.line_values(record.validation_accuracy_sampled for record in records)
    marker = _marker(records)
    axes.plot(seconds, argmax, color=colour, marker=marker, label=LIKELIEST)
    axes.plot(
        seconds, sampled, color=colour, marker=marker, linewidth=1.2, dashes=(4, 1.5), label=DRAWN
    )
    levels = _accuracy_levels(references)
    style.draw_levels(axes, levels, least_span=style.LEAST_ACCURACY_SPAN)
    axes.set_title(
        "Accuracy on the held-out names: is the most likely or a sampled next character right?"
    )
    axes.set_ylabel("characters that are right")
    axes.yaxis.set_major_formatter(style.percent_formatter())


def _accuracy_levels(references: HeldOutReferences) -> list[style.Level]:
    """Return the levels of both types of accuracy, for the ceiling and the n-gram baseline."""
    baseline = references.baseline
    return [
        *_levels_of("ceiling", references.ceiling, style.INK),
        *_levels_of(f"n-gram, order {baseline.order}", baseline.metrics, style.QUIET),
    ]


def _levels_of(name: str, metrics: Metrics, colour: str) -> Iterator[style.Level]:
    """Yield the levels of both types of accuracy."""
    argmax = metrics.accuracy_argmax
    yield style.Level(f"{name}, likeliest", argmax, f"{100 * argmax:.1f}%", colour)
    sampled = metrics.accuracy_sampled
    yield style.Level(f"{name}, drawn", sampled, f"{100 * sampled:.1f}%", colour, dashed=True)


def loss_panel(
    axes: Axes, records: Sequence[EpochRecord], references: HeldOutReferences | None, colour: str
) -> None:
    """Plot the training loss against time, and the loss on the held-out names with its ceiling and baseline.

    Args:
        axes: the axes to draw on.
        records: the epochs; at least one.
        references: the ceiling and the baseline, or None if no names are held out.
        colour: the color of the curves.
    """
    seconds = [record.seconds for record in records]
    marker = _marker(records)
    if references is not None:
        held_out = style.line_values(record.validation_loss_nats_per_char for record in records)
        axes.plot(seconds, held_out, color=colour, marker=marker, label="held-out names")
    training = style.line_values(record.training_loss_nats_per_char for record in records)
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
        style.draw_levels(axes, _loss_levels(references), least_span=LEAST_LOSS_SPAN)
    axes.set(title="Loss", ylabel="loss (nats per character)")


def _loss_levels(references: HeldOutReferences) -> list[style.Level]:
    """Return the loss of the ceiling and of the n-gram baseline."""
    ceiling = references.ceiling.loss_nats_per_char
    baseline = references.baseline.metrics.loss_nats_per_char
    name = f"n-gram, order {references.baseline.order}, held-out"
    return [
        style.Level("ceiling, held-out", ceiling, f"{ceiling:.2f}", style.INK),
        style.Level(name, baseline, f"{baseline:.2f}", style.QUIET),
    ]


def _marker(records: Sequence[EpochRecord]) -> str | None:
    """Return a marker if there is only one epoch, because a line with one point is invisible."""
    return "o" if len(records) == 1 else None


def _history_title(result: RunResult) -> str:
    """Return the title, with the list, the network, the backend and the number of epochs."""
    list_name = str(result.checkpoint.training.get("list", "names"))
    name = style.isolated(style.drawable_text(list_name, 48))
    epochs = counted(result.epochs, "epoch")
    duration = epochs if result.finished else f"stopped after {epochs}"
    return f"{name}: {result.checkpoint.network.summary}, {result.backend} backend, {duration}"
