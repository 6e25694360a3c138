"""The plots of a comparison."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import mean
from textwrap import fill
from typing import Any, TypeAlias

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from namegen.drawings import style
from namegen.experiments.compare.document import (
    ALGORITHMS,
    BASELINE,
    CEILING,
    Algorithm,
    Generation,
    Lengths,
    ListEntry,
    SplitName,
    Training,
)
from namegen.experiments.report import Plot, whole
from namegen.experiments.trained import Metric

Colours: TypeAlias = Mapping[str, str]  # backend → color
WIDTH = 5.4  # inches; a plot of this width is legible in a page, on a phone, and as a file
# Line widths in points. Wide lines are drawn below narrow ones, so that all are visible where they coincide.
NARROW = 1.4
STEP = 2.6
WIDEST = 6.4
# The lengths in points of the dashes and gaps of a line of any width.
DASH = 8.0
GAP = 3.5
PALE = 0.4  # the opacity of the second of two bars that belong together
MARKERS = "osD^vP*Xhp"


# --- loss and accuracy curves -----------------------------------------------------------------------------------------


def curves_figure(runs: Sequence[Training], entry: ListEntry, colours: Colours) -> Figure:
    """Plot the loss of the same run by each backend against epochs, and its accuracy against time.

    Args:
        runs: one run per backend.
        entry: the list.
        colours: the color of each backend.
    """
    figure = style.new_figure(WIDTH, 5.8)
    loss_axes, accuracy_axes = figure.subplots(2, 1)
    _loss_panel(loss_axes, runs, colours)
    handles = _curves(
        accuracy_axes,
        runs,
        colours,
        x="seconds",
        y="validation_accuracy_argmax",
        step=STEP / 4,
    )
    accuracy_axes.set_title("Accuracy against time, held-out names")
    style.accuracy_over_time(accuracy_axes, "likeliest character right (argmax)")
    split = runs[0].split
    if any(reference.split == split for reference in entry.references):
        [ceiling] = entry.values(split, CEILING, "held_out", "accuracy_argmax")
        [ngram] = entry.values(split, BASELINE, "held_out", "accuracy_argmax")
        levels = style.accuracy_levels(ceiling, ngram, entry.label_of(split, BASELINE))
        handles += style.draw_levels(accuracy_axes, levels, least_span=style.LEAST_ACCURACY_SPAN)
    accuracy_axes.legend(handles=handles, fontsize=9, loc="best", handlelength=3)
    return figure


def _loss_panel(axes: Axes, runs: Sequence[Training], colours: Colours) -> None:
    handles = _curves(axes, runs, colours, x="epoch", y="training_loss_nats_per_char")
    _curves(axes, runs, colours, x="epoch", y="validation_loss_nats_per_char", dashed=True)
    handles.append(_legend_line("training names"))
    handles.append(_legend_line("held-out names", dashes=(DASH / NARROW, GAP / NARROW)))
    axes.legend(handles=handles, fontsize=9, handlelength=3)
    axes.set(title="Loss against epochs", xlabel="epoch", ylabel="loss (nats per character)")
    axes.xaxis.set_major_locator(MaxNLocator(7, integer=True))


def _legend_line(label: str, **line_style: Any) -> Line2D:
    return Line2D([], [], color=style.QUIET, linewidth=NARROW, label=label, **line_style)


def _curves(
    axes: Axes,
    runs: Sequence[Training],
    colours: Colours,
    *,
    x: str,
    y: str,
    step: float = STEP,
    dashed: bool = False,
) -> list[Line2D]:
    """Draw two columns of each run's history against each other.

    The first curve is the widest and at the bottom, so that all curves are visible where they coincide.
    """
    lines = []
    step = min(step, (WIDEST - NARROW) / max(len(runs) - 1, 1))
    for number, run in enumerate(runs):
        width = NARROW + step * (len(runs) - 1 - number)
        line_style: dict[str, Any] = {}
        if dashed:
            line_style = {"dashes": (DASH / width, GAP / width), "dash_capstyle": "butt"}
        is_point = len(run.history.epoch) == 1  # a line of one epoch has no length
        lines += axes.plot(
            getattr(run.history, x),
            style.line_values(getattr(run.history, y)),
            color=colours[run.engine],
            linewidth=width,
            marker="o" if is_point else None,
            label=run.engine,
            solid_capstyle="butt",
            **line_style,
        )
    return lines


def _colours(entry: ListEntry, engines: Iterable[str]) -> Colours:
    return style.engine_colours([*engines, *entry.engines])


def curve_plots(entry: ListEntry, engines: Iterable[str] = ()) -> Iterator[Plot]:
    """Make a plot of the curves of each network that every backend trained the same way.

    Args:
        entry: the list.
        engines: all backends of the report, so that each has the same color in the plots of every list.
    """
    for number, (network, runs) in enumerate(entry.like_for_like.items(), start=1):
        trained_by = "each backend" if len(runs) > 1 else runs[0].engine
        yield Plot(
            key=f"curves-{number}",
            of=entry.name,
            title=f"{network} on {{list}}, by {trained_by}",
            detail="loss against epochs, and accuracy against seconds",
            draw=partial(curves_figure, runs, entry, _colours(entry, engines)),
        )


def accuracy_plots(entry: ListEntry, engines: Iterable[str] = ()) -> Iterator[Plot]:
    """Make a plot of the networks' accuracy for each split."""
    for split in entry.splits:
        yield Plot(
            key=f"accuracy-{split}",
            of=entry.name,
            title=f"Accuracy of the networks on {{list}}, split {split}",
            detail="on the held-out names, compared with the n-gram and the ceiling",
            draw=partial(accuracy_figure, entry, split, _colours(entry, engines)),
        )


def generation_plots(entry: ListEntry, names: int, engines: Iterable[str] = ()) -> Iterator[Plot]:
    """Make plots of how fast names are drawn, and of how long they are; each model drew ``names`` names."""
    yield Plot(
        key="speed",
        of=entry.name,
        title="Names per second, {list}",
        detail="by every model and algorithm",
        draw=partial(speed_figure, entry, _colours(entry, engines)),
    )
    generated = {network: figures.lengths for network, figures in entry.generated.items()}
    if entry.facts is not None and generated:
        yield Plot(
            key="lengths",
            of=entry.name,
            title="Names by their length, {list}",
            detail=f"the list, and {names:,} names drawn by each network",
            draw=partial(lengths_figure, entry.facts.lengths, generated, names),
        )


# --- networks ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class BarStyle:
    """How the bars of one accuracy are drawn."""

    metric: Metric
    offset: float  # from the middle of the network's row
    opacity: float
    line_pattern: Any  # of the lines of the n-gram and the ceiling across the bars
    label: str


BARS = (
    BarStyle(
        metric="accuracy_argmax",
        offset=-0.2,
        opacity=1.0,
        line_pattern="-",
        label="likeliest (argmax)",
    ),
    BarStyle(
        metric="accuracy_sampled",
        offset=0.2,
        opacity=PALE,
        line_pattern=(0, (2, 1.5)),
        label="drawn (sampled)",
    ),
)


def accuracy_figure(entry: ListEntry, split: SplitName, colours: Colours) -> Figure:
    """Plot both accuracies of every network on the held-out names, with the ceiling and the n-gram.

    Args:
        entry: the list.
        split: one of the list's splits.
        colours: the color of each backend.
    """
    networks = entry.networks(split)
    figure = style.new_figure(WIDTH, 1.75 + 0.4 * len(networks))
    axes = figure.add_subplot()
    engines = [entry.runs(split, network)[0].engine for network in networks]
    bar_colours = [colours[engine] for engine in engines]
    handles: list[Artist] = []
    for bar in BARS:
        _draw_bars(axes, entry, split, bar, bar_colours)
        handles.append(Patch(color=bar_colours[0], alpha=bar.opacity, label=bar.label))
        handles += _reference_lines(axes, entry, split, bar)
    axes.xaxis.set_major_formatter(style.percent_formatter())
    axes.grid(visible=False, axis="y")
    axes.set_xlim(0, max(0.7, min(1.0, axes.get_xlim()[1])))
    labels = [network.replace(" (original)", "\n(original)") for network in networks]
    axes.set_yticks(range(len(networks)), labels)
    axes.set(ylim=(len(networks) - 0.4, -0.6), xlabel="characters that are right")
    different_engines = list(dict.fromkeys(engines))
    if len(different_engines) > 1:
        handles += [Patch(color=colours[name], label=f"by {name}") for name in different_engines]
    figure.legend(handles=handles, loc="outside lower center", ncols=2, fontsize=9)
    return figure


def _draw_bars(
    axes: Axes, entry: ListEntry, split: SplitName, bar: BarStyle, colours: Sequence[str]
) -> None:
    """Draw a bar per network, with the range of its seeds, and write its accuracy into it."""
    networks = entry.networks(split)
    values = [entry.values(split, network, "held_out", bar.metric) for network in networks]
    means = [mean(of_seeds) for of_seeds in values]
    below = [mean(of_seeds) - min(of_seeds) for of_seeds in values]
    above = [max(of_seeds) - mean(of_seeds) for of_seeds in values]
    heights = [row + bar.offset for row in range(len(networks))]
    axes.barh(
        heights,
        means,
        height=0.38,
        color=colours,
        alpha=bar.opacity,
        xerr=[below, above],
        error_kw={"ecolor": style.INK, "elinewidth": 1, "capsize": 2},
    )
    for height, accuracy, colour in zip(heights, means, colours, strict=True):
        ink = style.PAPER
        if bar.opacity < 1:
            ink = style.INK
        elif colour in style.LIGHT_COLOURS:
            ink = style.ON_LIGHT
        axes.text(0.012, height, f"{100 * accuracy:.1f}", color=ink, va="center", fontsize=8.5)


def _reference_lines(axes: Axes, entry: ListEntry, split: SplitName, bar: BarStyle) -> list[Line2D]:
    """Draw the accuracy of the ceiling and of the n-gram as vertical lines."""
    metric_name = bar.label.partition(" ")[0]
    lines = []
    for model, colour in ((CEILING, style.INK), (BASELINE, style.QUIET)):
        [accuracy] = entry.values(split, model, "held_out", bar.metric)
        line = axes.axvline(
            accuracy,
            color=colour,
            linewidth=1.3,
            linestyle=bar.line_pattern,
            label=f"{entry.label_of(split, model)}, {metric_name}",
        )
        lines.append(line)
    return lines


# --- generation -------------------------------------------------------------------------------------------------------


def speed_figure(entry: ListEntry, colours: Colours) -> Figure:
    """Plot the names per second of every model on a logarithmic axis.

    A ring is the speed of drawing one by one, a disc the speed of count-splitting.

    Args:
        entry: the list.
        colours: the color of each backend.
    """
    models = entry.generation
    figure = style.new_figure(WIDTH, 1.3 + 0.37 * len(models))
    axes = figure.add_subplot()
    handles: dict[Algorithm, Artist] = {}
    for row, model in enumerate(models):
        handles |= _draw_speeds(axes, row, model, colours[model.engine])
    axes.set_xscale("log")
    speeds = [figures.names_per_second for model in models for figures in model.algorithms.values()]
    axes.set_xlim(min(speeds) / 10, max(speeds) * 10)  # leaves room for the numbers
    axes.xaxis.set_major_locator(LogLocator(10))
    axes.xaxis.set_major_formatter(style.short_formatter())
    axes.xaxis.set_minor_formatter(NullFormatter())
    labels = [fill(f"{model.model}: {model.network}", 24) for model in models]
    axes.set_yticks(range(len(models)), labels, fontsize=8.5)
    axes.set(ylim=(len(models) - 0.4, -0.6), xlabel="names per second (logarithmic)")
    shown = [algorithm for algorithm in ALGORITHMS if algorithm in handles]
    figure.legend(
        [handles[algorithm] for algorithm in shown],
        [ALGORITHMS[algorithm] for algorithm in shown],
        loc="outside lower center",
        ncols=2,
    )
    return figure


def _draw_speeds(axes: Axes, row: int, model: Generation, colour: str) -> dict[Algorithm, Line2D]:
    """Draw the speed of each algorithm of a model in a row of the plot, and write the numbers next to the points."""
    speeds = {name: figures.names_per_second for name, figures in model.algorithms.items()}
    slowest = min(speeds, key=lambda name: speeds[name])
    rows = [row] * len(speeds)
    axes.plot(list(speeds.values()), rows, color=colour, linewidth=2.5, alpha=PALE, zorder=2)
    points: dict[Algorithm, Line2D] = {}
    for algorithm, speed in speeds.items():
        face = style.PAPER if algorithm == "one_by_one" else colour
        [points[algorithm]] = axes.plot(
            [speed], [row], "o", markersize=8, color=colour, markerfacecolor=face, zorder=3
        )
        is_left = algorithm == slowest and len(speeds) > 1
        axes.annotate(
            whole(speed),
            xy=(speed, row),
            xytext=(-9, 0) if is_left else (9, 0),
            textcoords="offset points",
            ha="right" if is_left else "left",
            va="center",
            fontsize=9,
        )
    return points


def lengths_figure(of_list: Lengths, generated: Mapping[str, Lengths], names: int) -> Figure:
    """Plot the share of names of each length: bars for the list, and points for the names of each network.

    Args:
        of_list: the lengths of the names in the list.
        generated: the lengths of the names that each network drew.
        names: how many names each network drew.
    """
    figure = style.new_figure(WIDTH, 4.4)
    axes = figure.add_subplot()
    original = {int(length): count for length, count in of_list.items()}
    total = sum(original.values())
    shares = [count / total for count in original.values()]
    longest = max(original)
    bars = axes.bar(list(original), shares, color=style.LIST_COLOUR, alpha=0.45)
    blue = style.ENGINE_COLOURS["numpy"]
    lanes = len(generated)
    for number, (network, lengths) in enumerate(generated.items()):
        shift = (number - (lanes - 1) / 2) * min(0.7 / lanes, 0.25)
        axes.plot(
            [length + shift for length in range(1, longest + 1)],
            [lengths.get(str(length), 0) / names for length in range(1, longest + 1)],
            MARKERS[number % len(MARKERS)],
            markersize=4 if longest <= 24 else 3,
            color=blue,
            markerfacecolor=blue if number % 2 == 0 else style.PAPER,
            label=network,
        )
    axes.set(
        xlabel="characters of the name", ylabel="share of the names", xlim=(0.4, longest + 0.6)
    )
    axes.xaxis.set_major_locator(MaxNLocator(9, integer=True))
    axes.yaxis.set_major_formatter(style.percent_formatter())
    axes.grid(visible=False, axis="x")
    bars.set_label("the list itself")
    handles = [bars, *axes.get_lines()]
    figure.legend(handles=handles, loc="outside lower center", ncols=2, fontsize=8)
    return figure
