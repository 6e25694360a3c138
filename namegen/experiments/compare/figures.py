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
from matplotlib.container import BarContainer
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

Colors: TypeAlias = Mapping[str, str]  # maps each backend to its color
WIDTH = 5.4  # inches; a plot of this width is legible on a page, on a phone, and as a file
# Line widths in points. Wide lines are drawn below narrow ones, so that all are visible where they coincide.
NARROW = 1.4
STEP = 2.6
WIDEST = 6.4
# The lengths of a line's dashes and gaps in points. They don't depend on the line's width.
DASH = 8.0
GAP = 3.5
PALE = 0.4  # the opacity of the second of two bars that belong together
MARKERS = "osD^vP*Xhp"


# --- the plots of a list ----------------------------------------------------------------------------------------------


def curve_plots(entry: ListEntry, engines: Iterable[str] = ()) -> Iterator[Plot]:
    """Yield a plot of the learning curves for each network that the backends trained in the same way.

    Args:
        entry: the results of a list.
        engines: all backends of the report, so that each backend has the same color in all plots.
    """
    runs_by_network = entry.like_for_like
    for number, (network, runs) in enumerate(runs_by_network.items(), start=1):
        trained_by = "each backend" if len(runs) > 1 else runs[0].engine
        yield Plot(
            key=f"curves-{number}",
            of=entry.name,
            title=f"{network} on {{list}}, by {trained_by}",
            detail="loss against epochs, and accuracy against seconds",
            draw=partial(curves_figure, runs, entry, _colors(entry, engines)),
        )


def accuracy_plots(entry: ListEntry, engines: Iterable[str] = ()) -> Iterator[Plot]:
    """Yield a plot of the networks' accuracy for each way to split the list."""
    for split in entry.splits:
        yield Plot(
            key=f"accuracy-{split}",
            of=entry.name,
            title=f"Accuracy of the networks on {{list}}, split {split}",
            detail="on the held-out names, compared with the n-gram and the ceiling",
            draw=partial(accuracy_figure, entry, split, _colors(entry, engines)),
        )


def generation_plots(entry: ListEntry, names: int, engines: Iterable[str] = ()) -> Iterator[Plot]:
    """Yield a plot of the models' speed and, if the list was measured, a plot of the lengths of their names.

    Args:
        entry: the results of a list.
        names: the number of names that each model generated.
        engines: all backends of the report, so that each backend has the same color in all plots.
    """
    yield Plot(
        key="speed",
        of=entry.name,
        title="Names per second, {list}",
        detail="for every model and algorithm",
        draw=partial(speed_figure, entry, _colors(entry, engines)),
    )
    generated = {network: figures.lengths for network, figures in entry.generated.items()}
    if entry.facts is not None and generated:
        yield Plot(
            key="lengths",
            of=entry.name,
            title="Length of the names, {list}",
            detail=f"of the list, and of {names:,} names drawn by each network",
            draw=partial(lengths_figure, entry.facts.lengths, generated, names),
        )


def _colors(entry: ListEntry, engines: Iterable[str]) -> Colors:
    """Choose the color of each backend. The report's backends come first, so their colors don't depend on the list."""
    return style.engine_colours([*engines, *entry.engines])


# --- learning curves --------------------------------------------------------------------------------------------------


def curves_figure(runs: Sequence[Training], entry: ListEntry, colors: Colors) -> Figure:
    """Plot each backend's loss against epochs, and its accuracy against time, for the same run.

    Args:
        runs: one run per backend.
        entry: the list.
        colors: the color of each backend.
    """
    figure = style.new_figure(WIDTH, 5.8)
    loss_axes, accuracy_axes = figure.subplots(2, 1)
    _draw_loss(loss_axes, runs, colors)
    handles: list[Artist] = [*_draw_accuracy(accuracy_axes, runs, colors)]
    split = runs[0].split
    if any(reference.split == split for reference in entry.references):
        handles += _draw_accuracy_levels(accuracy_axes, entry, split)
    accuracy_axes.legend(handles=handles, fontsize=9, loc="best", handlelength=3)
    return figure


def _draw_loss(axes: Axes, runs: Sequence[Training], colors: Colors) -> None:
    """Plot the loss on the training names and on the held-out names against epochs."""
    dashes = (DASH / NARROW, GAP / NARROW)
    handles = _draw_curves(axes, runs, colors, x="epoch", y="training_loss_nats_per_char")
    _draw_curves(axes, runs, colors, x="epoch", y="validation_loss_nats_per_char", dashed=True)
    handles.append(_legend_line("training names"))
    handles.append(_legend_line("held-out names", dashes=dashes))
    axes.legend(handles=handles, fontsize=9, handlelength=3)
    axes.set(title="Loss against epochs", xlabel="epoch", ylabel="loss (nats per character)")
    axes.xaxis.set_major_locator(MaxNLocator(7, integer=True))


def _legend_line(label: str, **line_style: Any) -> Line2D:
    return Line2D([], [], color=style.QUIET, linewidth=NARROW, label=label, **line_style)


def _draw_accuracy(axes: Axes, runs: Sequence[Training], colors: Colors) -> list[Line2D]:
    """Plot the accuracy on the held-out names against time."""
    lines = _draw_curves(
        axes, runs, colors, x="seconds", y="validation_accuracy_argmax", step=STEP / 4
    )
    axes.set_title("Accuracy against time, held-out names")
    style.accuracy_over_time(axes, "likeliest character right (argmax)")
    return lines


def _draw_accuracy_levels(axes: Axes, entry: ListEntry, split: SplitName) -> list[Artist]:
    """Draw the accuracies of the ceiling and of the n-gram as horizontal lines."""
    [ceiling] = entry.values(split, CEILING, "held_out", "accuracy_argmax")
    [ngram] = entry.values(split, BASELINE, "held_out", "accuracy_argmax")
    levels = style.accuracy_levels(ceiling, ngram, entry.label_of(split, BASELINE))
    return [*style.draw_levels(axes, levels, least_span=style.LEAST_ACCURACY_SPAN)]


def _draw_curves(
    axes: Axes,
    runs: Sequence[Training],
    colors: Colors,
    *,
    x: str,
    y: str,
    step: float = STEP,
    dashed: bool = False,
) -> list[Line2D]:
    """Draw a curve for each run, from two columns of its history.

    The first curve is the widest and is drawn first, so that all curves are visible where they coincide.

    Args:
        axes: the axes to draw on.
        runs: one run per backend.
        colors: the color of each backend.
        x: the field of ``History`` for the horizontal axis.
        y: the field of ``History`` for the vertical axis.
        step: how much wider each curve is than the next one, in points.
        dashed: whether the curves are dashed.
    """
    lines = []
    largest_step = (WIDEST - NARROW) / max(len(runs) - 1, 1)
    for number, run in enumerate(runs):
        curves_above = len(runs) - 1 - number
        width = NARROW + min(step, largest_step) * curves_above
        lines += axes.plot(
            getattr(run.history, x),
            style.line_values(getattr(run.history, y)),
            color=colors[run.engine],
            label=run.engine,
            **_curve_style(run, width, dashed),
        )
    return lines


def _curve_style(run: Training, width: float, dashed: bool) -> dict[str, Any]:
    """Return the style of a curve. A curve of one epoch has no length, so it's drawn as a point."""
    curve_style: dict[str, Any] = {"linewidth": width, "solid_capstyle": "butt"}
    if len(run.history.epoch) == 1:
        curve_style["marker"] = "o"
    if dashed:
        curve_style["dashes"] = (DASH / width, GAP / width)
        curve_style["dash_capstyle"] = "butt"
    return curve_style


# --- networks ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class BarStyle:
    """The style of the bars for one kind of accuracy."""

    metric: Metric
    offset: float  # from the middle of the network's row
    opacity: float
    line_pattern: Any  # of the lines across the bars for the n-gram and the ceiling
    name: str  # of the metric
    label: str


BARS = (
    BarStyle(
        metric="accuracy_argmax",
        offset=-0.2,
        opacity=1.0,
        line_pattern="-",
        name="likeliest",
        label="likeliest (argmax)",
    ),
    BarStyle(
        metric="accuracy_sampled",
        offset=0.2,
        opacity=PALE,
        line_pattern=(0, (2, 1.5)),
        name="drawn",
        label="drawn (sampled)",
    ),
)


def accuracy_figure(entry: ListEntry, split: SplitName, colors: Colors) -> Figure:
    """Plot both accuracies of every network, the n-gram and the ceiling on the held-out names.

    Args:
        entry: the list.
        split: one of the list's splits.
        colors: the color of each backend.
    """
    networks = entry.networks(split)
    engines = [entry.runs(split, network)[0].engine for network in networks]
    bar_colors = [colors[engine] for engine in engines]
    figure = style.new_figure(WIDTH, 1.75 + 0.4 * len(networks))
    axes = figure.add_subplot()
    handles: list[Artist] = []
    for bar in BARS:
        _draw_bars(axes, entry, split, bar, bar_colors)
        handles.append(Patch(color=bar_colors[0], alpha=bar.opacity, label=bar.label))
        handles += _draw_reference_lines(axes, entry, split, bar)
    _format_accuracy_axes(axes, networks)
    handles += _engine_handles(engines, colors)
    figure.legend(handles=handles, loc="outside lower center", ncols=2, fontsize=9)
    return figure


def _format_accuracy_axes(axes: Axes, networks: Sequence[str]) -> None:
    """Format a bar chart with one row per network: the accuracy in percent below it, and the networks on its left."""
    _, highest_drawn = axes.get_xlim()
    highest_shown = max(0.7, min(1.0, highest_drawn))
    axes.set_xlim(0, highest_shown)
    axes.set_xlabel("characters that are right")
    axes.xaxis.set_major_formatter(style.percent_formatter())
    labels = [network.replace(" (original)", "\n(original)") for network in networks]
    axes.set_yticks(range(len(networks)), labels)
    _put_first_row_on_top(axes, rows=len(networks))
    axes.grid(visible=False, axis="y")


def _put_first_row_on_top(axes: Axes, *, rows: int) -> None:
    """Number the rows from top to bottom, with a margin above the first one and below the last one."""
    axes.set_ylim(rows - 0.4, -0.6)


def _engine_handles(engines: Sequence[str], colors: Colors) -> list[Patch]:
    """Return the legend for the colors if several backends trained the networks."""
    distinct_engines = list(dict.fromkeys(engines))
    if len(distinct_engines) == 1:
        return []
    return [Patch(color=colors[engine], label=f"by {engine}") for engine in distinct_engines]


def _draw_bars(
    axes: Axes, entry: ListEntry, split: SplitName, bar: BarStyle, colors: Sequence[str]
) -> None:
    """Draw a bar for each network, with its accuracy and the range over its seeds."""
    for row, network in enumerate(entry.networks(split)):
        accuracies = entry.values(split, network, "held_out", bar.metric)
        _draw_bar(axes, row, bar, accuracies, colors[row])


def _draw_bar(axes: Axes, row: int, bar: BarStyle, accuracies: Sequence[float], color: str) -> None:
    """Draw the bar of one network: the mean accuracy of its seeds, with an error bar from the lowest to the highest."""
    mean_accuracy = mean(accuracies)
    below_mean = mean_accuracy - min(accuracies)
    above_mean = max(accuracies) - mean_accuracy
    y = row + bar.offset
    axes.barh(
        y,
        mean_accuracy,
        height=0.38,
        color=color,
        alpha=bar.opacity,
        xerr=[[below_mean], [above_mean]],
        error_kw={"ecolor": style.INK, "elinewidth": 1, "capsize": 2},
    )
    text = f"{100 * mean_accuracy:.1f}"
    axes.text(0.012, y, text, color=_ink_on(color, bar), va="center", fontsize=8.5)


def _ink_on(color: str, bar: BarStyle) -> str:
    """Return a text color that is legible inside a bar."""
    if bar.opacity < 1:
        return style.INK
    if color in style.LIGHT_COLOURS:
        return style.ON_LIGHT
    return style.PAPER


def _draw_reference_lines(
    axes: Axes, entry: ListEntry, split: SplitName, bar: BarStyle
) -> list[Line2D]:
    """Draw the accuracies of the ceiling and of the n-gram as vertical lines."""
    lines = []
    for model, color in ((CEILING, style.INK), (BASELINE, style.QUIET)):
        [accuracy] = entry.values(split, model, "held_out", bar.metric)
        line = axes.axvline(
            accuracy,
            color=color,
            linewidth=1.3,
            linestyle=bar.line_pattern,
            label=f"{entry.label_of(split, model)}, {bar.name}",
        )
        lines.append(line)
    return lines


# --- generation -------------------------------------------------------------------------------------------------------


def speed_figure(entry: ListEntry, colors: Colors) -> Figure:
    """Plot the names per second of every model on a logarithmic axis.

    A ring shows the speed of generating names one by one, and a disc shows the speed of count-splitting.

    Args:
        entry: the list.
        colors: the color of each backend.
    """
    models = entry.generation
    figure = style.new_figure(WIDTH, 1.3 + 0.37 * len(models))
    axes = figure.add_subplot()
    points: dict[Algorithm, Line2D] = {}
    for row, model in enumerate(models):
        points |= _draw_speeds(axes, row, model, colors[model.engine])
    _format_speed_axes(axes, models)
    algorithms = [algorithm for algorithm in ALGORITHMS if algorithm in points]
    figure.legend(
        [points[algorithm] for algorithm in algorithms],
        [ALGORITHMS[algorithm] for algorithm in algorithms],
        loc="outside lower center",
        ncols=2,
    )
    return figure


def _format_speed_axes(axes: Axes, models: Sequence[Generation]) -> None:
    """Label the rows with the models, and leave room for the numbers next to the points."""
    speeds: list[float] = []
    for model in models:
        speeds += [figures.names_per_second for figures in model.algorithms.values()]
    axes.set_xscale("log")
    axes.set_xlim(min(speeds) / 10, max(speeds) * 10)
    axes.xaxis.set_major_locator(LogLocator(10))
    axes.xaxis.set_major_formatter(style.short_formatter())
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("names per second (logarithmic)")
    labels = [fill(f"{model.model}: {model.network}", 24) for model in models]
    axes.set_yticks(range(len(models)), labels, fontsize=8.5)
    _put_first_row_on_top(axes, rows=len(models))


def _draw_speeds(axes: Axes, row: int, model: Generation, color: str) -> dict[Algorithm, Line2D]:
    """Plot the speed of each of a model's algorithms as a point, and connect the points with a line."""
    speeds = {name: figures.names_per_second for name, figures in model.algorithms.items()}
    slowest = min(speeds.values())
    fastest = max(speeds.values())
    axes.hlines(row, slowest, fastest, color=color, linewidth=2.5, alpha=PALE, zorder=2)
    points: dict[Algorithm, Line2D] = {}
    for algorithm, speed in speeds.items():
        points[algorithm] = _draw_point(
            axes, row, speed, color, is_filled=algorithm != "one_by_one"
        )
        _write_speed(axes, row, speed, is_left=speed < fastest)
    return points


def _draw_point(axes: Axes, row: int, speed: float, color: str, *, is_filled: bool) -> Line2D:
    """Draw a disc, or a ring if it isn't filled."""
    face_color = color if is_filled else style.PAPER
    lines = axes.plot(
        [speed], [row], "o", markersize=8, color=color, markerfacecolor=face_color, zorder=3
    )
    return lines[0]


def _write_speed(axes: Axes, row: int, speed: float, *, is_left: bool) -> None:
    """Write the speed to the left or to the right of its point."""
    axes.annotate(
        whole(speed),
        xy=(speed, row),
        xytext=(-9, 0) if is_left else (9, 0),
        textcoords="offset points",
        ha="right" if is_left else "left",
        va="center",
        fontsize=9,
    )


def lengths_figure(of_list: Lengths, generated: Mapping[str, Lengths], names: int) -> Figure:
    """Plot the share of names of each length, with bars for the list and points for each network.

    Args:
        of_list: the lengths of the names in the list.
        generated: the lengths of the names that each network generated.
        names: the number of names that each network generated.
    """
    figure = style.new_figure(WIDTH, 4.4)
    axes = figure.add_subplot()
    longest = max(int(length) for length in of_list)
    bars = _draw_list_lengths(axes, of_list)
    for number, (network, lengths) in enumerate(generated.items()):
        shares = [lengths.get(str(length), 0) / names for length in range(1, longest + 1)]
        _draw_network_lengths(axes, network, shares, number=number, networks=len(generated))
    _format_length_axes(axes, longest)
    handles = [bars, *axes.get_lines()]
    figure.legend(handles=handles, loc="outside lower center", ncols=2, fontsize=8)
    return figure


def _draw_list_lengths(axes: Axes, of_list: Lengths) -> BarContainer:
    """Draw one bar per name length in the list."""
    total = sum(of_list.values())
    lengths = [int(length) for length in of_list]
    shares = [count / total for count in of_list.values()]
    return axes.bar(lengths, shares, color=style.LIST_COLOUR, alpha=0.45, label="the list itself")


def _draw_network_lengths(
    axes: Axes, network: str, shares: Sequence[float], *, number: int, networks: int
) -> None:
    """Plot one point per name length for a network.

    Args:
        axes: the axes.
        network: the label of the network.
        shares: the shares of names with 1, 2, ... characters.
        number: the number of the network, from 0.
        networks: the number of networks, whose points are drawn next to each other.
    """
    blue = style.ENGINE_COLOURS["numpy"]
    distance = min(0.7 / networks, 0.25)
    middle = (networks - 1) / 2
    shift = (number - middle) * distance  # to the right of the bar's middle
    axes.plot(
        [length + shift for length in range(1, len(shares) + 1)],
        shares,
        MARKERS[number % len(MARKERS)],
        markersize=4 if len(shares) <= 24 else 3,
        color=blue,
        markerfacecolor=blue if number % 2 == 0 else style.PAPER,
        label=network,
    )


def _format_length_axes(axes: Axes, longest: int) -> None:
    axes.set_xlabel("characters of the name")
    axes.set_ylabel("share of the names")
    axes.set_xlim(0.4, longest + 0.6)
    axes.xaxis.set_major_locator(MaxNLocator(9, integer=True))
    axes.yaxis.set_major_formatter(style.percent_formatter())
    axes.grid(visible=False, axis="x")
