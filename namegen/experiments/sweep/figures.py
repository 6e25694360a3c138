"""Plot a sweep: accuracy on the held-out names against time, one plot per list, one line per setting."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import product
from pathlib import Path
from statistics import mean
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from namegen.drawings import style
from namegen.experiments.report import Plot, file_names
from namegen.experiments.sweep.document import Results, Run
from namegen.experiments.sweep.results import (
    Line,
    axes_in_words,
    curve,
    lists_of,
    reference_lines,
    trained_by_setting,
)
from namegen.experiments.trained import list_names

COLOURS = (style.BLUE, style.ORANGE, style.GREEN, style.PURPLE, style.VERMILION, style.SKY_BLUE)
# All colors are used with the first pattern, then all with the second, and so on.
DASHES: tuple[tuple[float, ...], ...] = ((), (4.0, 1.5), (1.0, 1.0), (6.0, 1.5, 1.0, 1.5))
MOST_LINES = len(COLOURS) * len(DASHES)  # lines that differ in color or pattern
LINE_WIDTH = 1.8  # points
WIDTH = 5.4  # inches
HEIGHT = 3.4  # inches, without the legend
LABEL_HEIGHT = 0.19  # inches per line of the legend


def list_plots(results: Results) -> dict[str, Plot]:
    """Return a plot for each list that has a finished run."""
    plots = {}
    for of_list, name in list_names(lists_of(results)).items():
        settings = trained_by_setting(results, of_list)
        if not settings:
            continue
        title = f"{{list}}: accuracy against time, by {axes_in_words(results)}"
        if len(settings) > MOST_LINES:
            title += f", the best {MOST_LINES} of {len(settings):,}"
        detail = ""
        if any(len(runs) > 1 for runs in settings.values()):  # several seeds
            detail = (
                "line: mean of the seeds, up to the last epoch that all reached; band: their range"
            )
        plots[of_list] = Plot(
            key=of_list,
            of=name,
            title=title,
            detail=detail,
            draw=partial(sweep_figure, results, of_list),
        )
    return plots


def draw_sweep(results: Results, out: Path) -> list[Path]:
    """Draw the plot of each list into a PNG file.

    Args:
        results: the results of the sweep.
        out: the folder for the files.

    Returns:
        The files.

    Raises:
        OutputError: a file can't be written; its previous content is kept.
    """
    plots = list_plots(results)
    paths = [out / f"accuracy-{name}.png" for name in file_names(list(plots))]
    for plot, path in zip(plots.values(), paths, strict=True):
        plot.write(path)
    return paths


def sweep_figure(results: Results, of_list: str) -> Figure:
    """Plot argmax accuracy against seconds: the mean over seeds as a line, their range as a band.

    Call it inside ``drawing_style``.

    Args:
        results: the results of the sweep.
        of_list: the list to plot.
    """
    settings = _best(trained_by_setting(results, of_list))
    label_count = len(settings) + 2  # with the ceiling and the n-gram baseline
    figure = style.new_figure(WIDTH, HEIGHT + LABEL_HEIGHT * label_count)
    axes = figure.add_subplot()
    looks = product(DASHES, COLOURS)
    for (name, runs), (dashes, colour) in zip(settings.items(), looks, strict=False):
        _draw_setting(axes, runs, name=style.drawable_text(name, 44), colour=colour, dashes=dashes)
    references = reference_lines(results, of_list)
    if references:
        _draw_references(axes, *references)
    style.accuracy_over_time(axes, "held-out accuracy (argmax)")
    axes.margins(x=0.01)
    figure.legend(
        loc="outside lower left", fontsize=8.5, handlelength=3, frameon=False, alignment="left"
    )
    return figure


def _draw_references(axes: Axes, baseline: Line, ceiling: Line) -> None:
    levels = style.accuracy_levels(
        ceiling=mean(metrics.accuracy_argmax for metrics in ceiling.metrics),
        ngram=mean(metrics.accuracy_argmax for metrics in baseline.metrics),
        name=baseline.name,
    )
    style.draw_levels(axes, levels, least_span=style.LEAST_ACCURACY_SPAN)


def _best(settings: dict[str, list[Run]]) -> dict[str, list[Run]]:
    """Keep the settings with the highest accuracy, at most ``MOST_LINES``, in their original order."""

    def accuracy(name: str) -> float:
        return float(mean(run.done.figures.held_out.accuracy_argmax for run in settings[name]))

    best = set(sorted(settings, key=accuracy, reverse=True)[:MOST_LINES])
    return {name: runs for name, runs in settings.items() if name in best}


def _draw_setting(
    axes: Axes, runs: Sequence[Run], *, name: str, colour: str, dashes: tuple[float, ...]
) -> None:
    """Draw the line of a setting, and the band if it has several seeds."""
    accuracies = curve(runs, "validation_accuracy_argmax")  # (epochs, seeds)
    times = [mean(values) for values in curve(runs, "seconds")]  # (epochs,)
    options: dict[str, Any] = {"linewidth": LINE_WIDTH}
    if dashes:
        options["dashes"] = dashes
    if len(times) == 1:
        options["marker"] = "o"
    means = [mean(values) for values in accuracies]
    axes.plot(times, means, color=colour, label=name, **options)
    if len(runs) > 1:
        lowest = [min(values) for values in accuracies]
        highest = [max(values) for values in accuracies]
        axes.fill_between(times, lowest, highest, color=colour, alpha=0.15, linewidth=0)
