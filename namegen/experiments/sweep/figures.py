"""Plot the accuracy of a sweep against time, with one plot per list and one line per setting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from statistics import mean
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from namegen.drawings import style
from namegen.experiments.report import Plot, file_names
from namegen.experiments.sweep.document import Results, Run
from namegen.experiments.sweep.results import (
    Line,
    axes_in_words,
    lists_of,
    reference_lines,
    trained_by_setting,
    values_by_epoch,
)
from namegen.experiments.trained import list_names

COLORS = (style.BLUE, style.ORANGE, style.GREEN, style.PURPLE, style.VERMILION, style.SKY_BLUE)
DASHES: tuple[tuple[float, ...], ...] = ((), (4.0, 1.5), (1.0, 1.0), (6.0, 1.5, 1.0, 1.5))


class Look(NamedTuple):
    """The color and the pattern of a line."""

    color: str
    dashes: tuple[float, ...]  # alternating lengths of dashes and gaps; empty for a solid line


# All colors are used with the first pattern, then all with the second, and so on.
LOOKS = [Look(color, dashes) for dashes in DASHES for color in COLORS]
MOST_LINES = len(LOOKS)
LINE_WIDTH = 1.8  # points
WIDTH = 5.4  # inches
HEIGHT = 3.4  # inches, without the legend
LABEL_HEIGHT = 0.19  # inches per line of the legend


def list_plots(results: Results) -> dict[str, Plot]:
    """Return a plot for each list that has a finished run."""
    plots: dict[str, Plot] = {}
    for list_name, short_name in list_names(lists_of(results)).items():
        runs_by_setting = trained_by_setting(results, list_name)
        if runs_by_setting:
            plots[list_name] = Plot(
                key=list_name,
                of=short_name,
                title=_plot_title(results, len(runs_by_setting)),
                detail=_plot_detail(runs_by_setting),
                draw=partial(sweep_figure, results, list_name),
            )
    return plots


def _plot_title(results: Results, settings: int) -> str:
    """Return the title of a plot with this number of settings. ``Plot`` replaces ``{list}`` with the list's name."""
    title = f"{{list}}: accuracy against time, by {axes_in_words(results)}"
    if settings > MOST_LINES:
        title += f", the best {MOST_LINES} of {settings:,}"
    return title


def _plot_detail(runs_by_setting: Mapping[str, Sequence[Run]]) -> str:
    """Explain the lines and the bands of a plot, or return "" if each setting has only one seed."""
    has_several_seeds = any(len(runs) > 1 for runs in runs_by_setting.values())
    if not has_several_seeds:
        return ""
    return "line: mean of the seeds, up to the last epoch that all reached; band: their range"


def draw_sweep(results: Results, out: Path) -> list[Path]:
    """Save the plot of each list as a PNG file.

    Args:
        results: the results of the sweep.
        out: the folder for the files.

    Returns:
        The files.

    Raises:
        OutputError: a file can't be written. Its previous content is kept.
    """
    plots = list_plots(results)
    paths = [out / f"accuracy-{name}.png" for name in file_names(list(plots))]
    for plot, path in zip(plots.values(), paths, strict=True):
        plot.write(path)
    return paths


def sweep_figure(results: Results, list_name: str) -> Figure:
    """Plot argmax accuracy against seconds, with the mean over the seeds as a line and their range as a band.

    Call it inside ``drawing_style``.

    Args:
        results: the results of the sweep.
        list_name: the list to plot.
    """
    runs_by_setting = _select_best(trained_by_setting(results, list_name))
    figure = _new_figure(settings=len(runs_by_setting))
    axes = figure.add_subplot()
    for (name, runs), look in zip(runs_by_setting.items(), LOOKS, strict=False):
        _draw_setting(axes, runs, name=style.drawable_text(name, 44), look=look)
    references = reference_lines(results, list_name)
    if references:
        _draw_references(axes, *references)
    style.accuracy_over_time(axes, "held-out accuracy (argmax)")
    axes.margins(x=0.01)
    _add_legend(figure)
    return figure


def _new_figure(settings: int) -> Figure:
    """Create a figure with room for a legend of this number of settings, the n-gram baseline and the ceiling."""
    legend_height = LABEL_HEIGHT * (settings + 2)
    return style.new_figure(WIDTH, HEIGHT + legend_height)


def _add_legend(figure: Figure) -> None:
    """Add a legend below the plot."""
    figure.legend(
        loc="outside lower left", fontsize=8.5, handlelength=3, frameon=False, alignment="left"
    )


def _draw_references(axes: Axes, baseline: Line, ceiling: Line) -> None:
    """Draw the accuracies of the n-gram baseline and of the ceiling as horizontal lines."""
    levels = style.accuracy_levels(
        ceiling=mean(ceiling.argmax_accuracies),
        ngram=mean(baseline.argmax_accuracies),
        name=baseline.name,
    )
    style.draw_levels(axes, levels, least_span=style.LEAST_ACCURACY_SPAN)


def _select_best(runs_by_setting: dict[str, list[Run]]) -> dict[str, list[Run]]:
    """Select up to ``MOST_LINES`` settings with the highest accuracies, in their original order."""
    ranking = sorted(
        runs_by_setting, key=lambda name: _mean_accuracy(runs_by_setting[name]), reverse=True
    )
    best = set(ranking[:MOST_LINES])
    return {name: runs for name, runs in runs_by_setting.items() if name in best}


def _mean_accuracy(runs: Sequence[Run]) -> float:
    """Return the mean accuracy of finished runs on the held-out names."""
    return float(mean(run.done.figures.held_out.accuracy_argmax for run in runs))


def _draw_setting(axes: Axes, runs: Sequence[Run], *, name: str, look: Look) -> None:
    """Draw the line of a setting, and a band if it has several seeds."""
    accuracies = values_by_epoch(runs, "validation_accuracy_argmax")  # (epochs, seeds)
    times = [mean(values) for values in values_by_epoch(runs, "seconds")]  # (epochs,)
    means = [mean(values) for values in accuracies]
    options = _line_options(look)
    if len(times) == 1:
        options["marker"] = "o"  # a line of one point would be invisible
    axes.plot(times, means, label=name, **options)
    if len(runs) > 1:
        lowest = [min(values) for values in accuracies]
        highest = [max(values) for values in accuracies]
        axes.fill_between(times, lowest, highest, color=look.color, alpha=0.15, linewidth=0)


def _line_options(look: Look) -> dict[str, Any]:
    """Return the matplotlib options for a line."""
    options: dict[str, Any] = {"color": look.color, "linewidth": LINE_WIDTH}
    if look.dashes:
        options["dashes"] = look.dashes
    return options
