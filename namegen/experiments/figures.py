"""The plots of a report: learning curves, bars for accuracies, and the lengths of generated names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import mean
from textwrap import fill

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from namegen.drawings import style
from namegen.experiments.rows import Training

MOST_LINES = 24  # of a plot; with more, the least accurate ones are omitted
COLORS = 8  # in the style sheet; further lines are dashed
DASHES: tuple[tuple[float, ...], ...] = ((), (4.0, 1.5), (1.0, 1.0))
LABEL_HEIGHT = 0.19  # inches per line of a legend
LOSS = "validation_loss_nats_per_char"
ACCURACY = "validation_accuracy_argmax"


def curves_figure(
    lines: Mapping[str, Sequence[Training]], levels: Mapping[str, Mapping[str, float]]
) -> Figure:
    """Plot held-out loss and accuracy against epochs, and accuracy against seconds.

    A line is the mean over the seeds, up to the last epoch that all seeds reached, and a band is their range. Backends
    have colors of their own. Each line is wider than the next one, so that all are visible where they coincide.

    Args:
        lines: the runs of each network, setting or backend.
        levels: the horizontal lines of the plots of ``LOSS`` and ``ACCURACY``, by their labels.
    """
    accuracies = {
        name: mean(run.metrics["held_out"].accuracy_argmax for run in runs)
        for name, runs in lines.items()
    }
    best = sorted(lines, key=accuracies.__getitem__, reverse=True)[:MOST_LINES]
    shown = [name for name in lines if name in best]
    backend_colors = style.engine_colours(shown)
    figure = style.new_figure(11.0, 3.6 + LABEL_HEIGHT * (len(shown) // 3 + 2))
    panels = figure.subplots(1, 3)
    for axes, x, y in zip(
        panels, ("epoch", "epoch", "seconds"), (LOSS, ACCURACY, ACCURACY), strict=True
    ):
        for number, name in enumerate(shown):
            times = [
                mean(values)
                for values in zip(*(run.history[x] for run in lines[name]), strict=False)
            ]
            curves = [style.line_values(run.history[y]) for run in lines[name]]
            by_epoch = list(zip(*curves, strict=False))  # (epochs, seeds)
            is_backend = name in style.ENGINE_COLOURS
            color = backend_colors[name] if is_backend else f"C{number % COLORS}"
            axes.plot(
                times,
                [mean(values) for values in by_epoch],
                color=color,
                linewidth=1.4 + 1.6 * (len(shown) - 1 - number) / len(shown),
                linestyle=(0, DASHES[number // COLORS]) if number >= COLORS else "-",
                marker="o" if len(times) == 1 else None,
                label=style.drawable_text(name, 44),
            )
            lowest = [min(values) for values in by_epoch]
            highest = [max(values) for values in by_epoch]
            axes.fill_between(times, lowest, highest, color=color, alpha=0.15, linewidth=0)
        if y == LOSS:
            axes.set(ylabel="held-out loss (nats per character)")
            axes.yaxis.set_major_formatter(style.number_formatter())
        else:
            axes.set(ylabel="held-out accuracy (argmax)")
            axes.yaxis.set_major_formatter(style.percent_formatter())
        lines_of_levels = [
            style.Level(name, value, dashed=name != "ceiling")
            for name, value in levels.get(y, {}).items()
        ]
        least_span = 0.3 if y == LOSS else style.LEAST_ACCURACY_SPAN
        style.draw_levels(axes, lines_of_levels, least_span=least_span)
        axes.set_xlabel(x)
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=x == "epoch"))
        axes.xaxis.set_major_formatter(style.number_formatter())
    handles, _ = panels[1].get_legend_handles_labels()
    figure.legend(handles=handles, loc="outside lower left", ncols=3)
    return figure


def accuracy_figure(
    rows: Mapping[str, Mapping[str, Sequence[float]]], levels: Mapping[str, float]
) -> Figure:
    """Plot a group of horizontal bars per network, with a bar for each kind of accuracy.

    Args:
        rows: for each network, the values of each kind, of which a bar shows the mean and the range over the seeds.
        levels: vertical lines, by their labels.
    """
    kinds = list(dict.fromkeys(kind for bars in rows.values() for kind in bars))
    height = 0.8 / len(kinds)  # of a bar
    figure = style.new_figure(8.0, 1.4 + 0.42 * len(rows))
    axes = figure.add_subplot()
    for place, bars in enumerate(rows.values()):
        for number, kind in enumerate(kinds):
            values = bars[kind]
            average = mean(values)
            axes.barh(
                place + (number - (len(kinds) - 1) / 2) * height,
                average,
                height * 0.95,
                color="C0",
                alpha=0.85 - 0.45 * number,
                xerr=[[average - min(values)], [max(values) - average]],
                error_kw={"ecolor": mpl.rcParams["text.color"], "elinewidth": 1},
                label=kind if place == 0 else None,
            )
    for number, (label, value) in enumerate(levels.items()):
        color = mpl.rcParams["text.color" if label.startswith("ceiling") else "axes.edgecolor"]
        pattern = "-" if number % 2 == 0 else (0, (2, 1.5))
        axes.axvline(value, color=color, linewidth=1.2, linestyle=pattern, label=label)
    axes.set_xlabel("characters of the held-out names that are right")
    axes.xaxis.set_major_formatter(style.percent_formatter())
    axes.set_yticks(range(len(rows)), [fill(style.drawable_text(label, 60), 26) for label in rows])
    axes.set_ylim(len(rows) - 0.4, -0.6)  # the first row at the top
    axes.grid(visible=False, axis="y")
    figure.legend(loc="outside lower center", ncols=3)
    return figure


def lengths_figure(lengths: Mapping[str, Mapping[str, int]]) -> Figure:
    """Plot the share of names of each length, with bars for the first source and points for the others."""
    figure = style.new_figure(8.0, 4.2)
    axes = figure.add_subplot()
    for number, (label, counts) in enumerate(lengths.items()):
        characters = [int(length) for length in counts]
        shares = [count / sum(counts.values()) for count in counts.values()]
        if number == 0:
            axes.bar(characters, shares, color=style.LIST_COLOUR, alpha=0.4, label=label)
        else:
            name = style.drawable_text(label)
            axes.plot(characters, shares, "os^Dv<>P"[number % 8], markersize=4, label=name)
    axes.set(xlabel="characters of the name", ylabel="share of the names")
    axes.xaxis.set_major_locator(MaxNLocator(9, integer=True))
    axes.yaxis.set_major_formatter(style.percent_formatter())
    axes.grid(visible=False, axis="x")
    figure.legend(loc="outside lower center", ncols=3)
    return figure
