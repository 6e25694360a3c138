"""Plot the accuracy and loss of a training run against its epochs, for ``history.png``."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from namegen.core.training.result import RunResult
from namegen.drawings import style
from namegen.drawings.style import Level
from namegen.errors import counted


def draw_history(result: RunResult, path: Path) -> None:
    """Plot the accuracy and loss of a run, and save the figure to a file.

    Args:
        result: the result of the run.
        path: the output file. Its format is SVG if its name ends in ``.svg``, and PNG otherwise.

    Raises:
        OutputError: the file can't be written. Its previous content is preserved.
    """
    with style.drawing_style():
        style.save_figure(history_figure(result), path)


def history_figure(result: RunResult) -> Figure:
    """Plot the accuracy and loss of a run. Call it inside ``drawing_style``.

    Below the number of the epoch, the horizontal axis shows the time. Without held-out names, the figure contains only
    the training loss.

    Args:
        result: the result of the run.
    """
    records = result.history
    references = result.references
    figure = style.new_figure(9.5, 7.4 if references else 4.4)  # inches
    list_name = style.drawable_text(str(result.checkpoint.training.get("list", "names")), 48)
    epochs = counted(result.epochs, "epoch")
    duration = epochs if result.finished else f"stopped after {epochs}"
    style.write_title(
        figure,
        f"{list_name}: {result.checkpoint.network.summary}, {result.backend} backend, {duration}",
    )
    if not records:  # the run was stopped before its first epoch ended
        return figure

    panels = list(figure.subplots(2 if references else 1, sharex=True, squeeze=False)[:, 0])
    epoch_numbers = [record.epoch for record in records]
    solid = {"color": "C0", "marker": "o" if len(records) == 1 else None}
    dashed = {**solid, "linewidth": 1.2, "dashes": (4, 1.5)}

    if references is not None:
        # Accuracy on the held-out names, with the ceiling and the n-gram baseline.
        baseline = references.baseline
        axes = panels[0]
        argmax = style.line_values(record.validation_accuracy_argmax for record in records)
        sampled = style.line_values(record.validation_accuracy_sampled for record in records)
        axes.plot(epoch_numbers, argmax, label="argmax", **solid)
        axes.plot(epoch_numbers, sampled, label="sampled", **dashed)
        axes.set_title(
            "Accuracy on the held-out names, of the likeliest (argmax) or a sampled character"
        )
        axes.set_ylabel("characters that are right")
        axes.yaxis.set_major_formatter(style.percent_formatter())
        levels = []
        for name, metrics in (
            ("ceiling", references.ceiling),
            (f"{baseline.order}-gram", baseline.metrics),
        ):
            levels.append(Level(f"{name}, argmax", metrics.accuracy_argmax))
            levels.append(Level(f"{name}, sampled", metrics.accuracy_sampled, dashed=True))
        style.draw_levels(axes, levels, least_span=style.LEAST_ACCURACY_SPAN)

    # Loss on the training names and on the held-out names.
    axes = panels[-1]
    axes.set(title="Loss", ylabel="loss (nats per character)")
    axes.yaxis.set_major_formatter(style.number_formatter())
    training = style.line_values(record.training_loss_nats_per_char for record in records)
    if references is not None:
        held_out = style.line_values(record.validation_loss_nats_per_char for record in records)
        axes.plot(epoch_numbers, held_out, label="held-out names", **solid)
    axes.plot(epoch_numbers, training, label="training names", **dashed)
    if references is not None:
        levels = [
            Level("ceiling, held-out", references.ceiling.loss_nats_per_char),
            Level(f"{baseline.order}-gram, held-out", baseline.metrics.loss_nats_per_char, True),
        ]
        style.draw_levels(axes, levels, least_span=style.LEAST_LOSS_SPAN)

    # The horizontal axis, the best epoch and the legends.
    seconds_per_epoch = records[-1].seconds / len(records) or 1.0
    axes.set_xlim(0, len(records) * 1.01)
    axes.set_xlabel("epoch, and below it the seconds of training and validation")
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    time_axis = axes.secondary_xaxis(
        -0.24,
        functions=(lambda epoch: epoch * seconds_per_epoch, lambda time: time / seconds_per_epoch),
    )
    time_axis.xaxis.set_major_formatter(style.number_formatter())
    for axes in panels:
        if 0 < result.best_epoch <= len(records):
            axes.axvline(
                result.best_epoch,
                color=style.QUIET,
                linewidth=1,
                linestyle=(0, (1, 2)),
                label=f"best: epoch {result.best_epoch}" if axes is panels[0] else "_best",
            )
        axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return figure
