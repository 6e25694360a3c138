"""The plots of a report: learning curves, bars for accuracies, and the lengths of generated names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import mean
from textwrap import fill

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.rcsetup import cycler
from matplotlib.ticker import MaxNLocator

from namegen.drawings import style
from namegen.experiments.rows import Training
from namegen.experiments.summary import ARGMAX, LOSS, SAMPLED, Model

MOST_LINES = 24  # of a plot; with more, the least accurate ones are omitted
LABEL_HEIGHT = 0.19  # inches per line of a legend
LOSS_CURVE = "validation_loss_nats_per_char"
ACCURACY_CURVE = "validation_accuracy_argmax"


def curves_figure(lines: Mapping[str, Sequence[Training]], references: Sequence[Model]) -> Figure:
    """Plot held-out loss and accuracy against epochs, and accuracy against seconds.

    A line is the mean over the seeds, up to the last epoch that all of them reached, and a band is their
    range. Each line is wider than the next one, so that all are visible where they coincide.

    Args:
        lines: the runs of each network, setting or backend.
        references: the models that horizontal lines show.
    """
    shown = list(lines)
    if len(lines) > MOST_LINES:
        accuracies = {
            name: mean(run.metrics["held_out"].accuracy_argmax for run in runs)
            for name, runs in lines.items()
        }
        best = sorted(lines, key=accuracies.__getitem__, reverse=True)[:MOST_LINES]
        shown = [name for name in lines if name in best]
    figure = style.new_figure(11.0, 3.6 + LABEL_HEIGHT * (len(shown) // 3 + 2))
    panels = figure.subplots(1, 3)
    axis_names = (("epoch", LOSS_CURVE), ("epoch", ACCURACY_CURVE), ("seconds", ACCURACY_CURVE))
    for axes, (x, y) in zip(panels, axis_names, strict=True):
        # All colors with solid lines, then all colors with dashed lines, and so on.
        dashes = cycler(linestyle=["-", "--", ":"])
        axes.set_prop_cycle(dashes * mpl.rcParams["axes.prop_cycle"])
        for number, name in enumerate(shown):
            times = zip(
                *(getattr(run.history, x) for run in lines[name]), strict=False
            )  # (epochs, seeds)
            curves = [style.line_values(getattr(run.history, y)) for run in lines[name]]
            by_epoch = list(zip(*curves, strict=False))  # (epochs, seeds)
            [line] = axes.plot(
                [mean(values) for values in times],
                [mean(values) for values in by_epoch],
                linewidth=1.4 + 1.6 * (len(shown) - 1 - number) / len(shown),
                marker="o" if len(by_epoch) == 1 else None,
                label=style.drawable_text(name, 44),
            )
            axes.fill_between(
                line.get_xdata(),
                [min(values) for values in by_epoch],
                [max(values) for values in by_epoch],
                color=line.get_color(),
                alpha=0.15,
                linewidth=0,
            )
        is_loss = y == LOSS_CURVE
        axes.set_ylabel(
            "held-out " + ("loss (nats per character)" if is_loss else "accuracy (argmax)")
        )
        axes.yaxis.set_major_formatter(
            style.number_formatter() if is_loss else style.percent_formatter()
        )
        levels = []
        for model in references:
            value = model.mean(LOSS if is_loss else ARGMAX)
            levels.append(style.Level(model.name, value, dashed=model.name != "ceiling"))
        least_span = style.LEAST_LOSS_SPAN if is_loss else style.LEAST_ACCURACY_SPAN
        style.draw_levels(axes, levels, least_span=least_span)
        axes.set_xlabel(x)
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=x == "epoch"))
        axes.xaxis.set_major_formatter(style.number_formatter())
    handles, _ = panels[1].get_legend_handles_labels()
    figure.legend(handles=handles, loc="outside lower left", ncols=3)
    return figure


def accuracy_figure(networks: Sequence[Model], references: Sequence[Model]) -> Figure:
    """Plot both accuracies of each network as horizontal bars, which show the mean and the range over the seeds.

    Args:
        networks: the networks.
        references: the models that vertical lines show: solid lines for argmax, dashed lines for sampled.
    """
    figure = style.new_figure(8.0, 1.4 + 0.42 * len(networks))
    axes = figure.add_subplot()
    kinds = (("argmax", ARGMAX, -0.2, 0.85, "-"), ("sampled", SAMPLED, 0.2, 0.4, "--"))
    for words, metric, offset, opacity, line_style in kinds:
        for place, model in enumerate(networks):
            average = model.mean(metric)
            values = model.values(metric)
            axes.barh(
                place + offset,
                average,
                height=0.38,
                color="C0",
                alpha=opacity,
                xerr=[[average - min(values)], [max(values) - average]],
                error_kw={"ecolor": mpl.rcParams["text.color"], "elinewidth": 1},
                label=words if place == 0 else None,
            )
        for model in references:
            color = mpl.rcParams["text.color" if model.name == "ceiling" else "axes.edgecolor"]
            axes.axvline(
                model.mean(metric),
                color=color,
                linewidth=1.2,
                linestyle=line_style,
                label=f"{model.name}, {words}",
            )
    axes.set_xlabel("characters of the held-out names that are right")
    axes.xaxis.set_major_formatter(style.percent_formatter())
    labels = [fill(style.drawable_text(model.name, 60), 26) for model in networks]
    axes.set_yticks(range(len(networks)), labels)
    axes.set_ylim(len(networks) - 0.4, -0.6)  # the first row at the top
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
        name = style.drawable_text(label)
        if number == 0:
            axes.bar(characters, shares, color=style.LIST_COLOUR, alpha=0.4, label=name)
        else:
            axes.plot(characters, shares, "os^Dv<>P"[number % 8], markersize=4, label=name)
    axes.set(xlabel="characters of the name", ylabel="share of the names")
    axes.xaxis.set_major_locator(MaxNLocator(9, integer=True))
    axes.yaxis.set_major_formatter(style.percent_formatter())
    axes.grid(visible=False, axis="x")
    figure.legend(loc="outside lower center", ncols=3)
    return figure
