"""The plots of a sweep: accuracy on the held-out names against time, a line a setting, a plot a list."""

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
    axes_in_words,
    curve,
    lists_of,
    reference_lines,
    trained_by_setting,
)
from namegen.experiments.trained import list_names

COLOURS = (style.BLUE, style.ORANGE, style.GREEN, style.PURPLE, style.VERMILION, style.SKY_BLUE)
# Each round of the colours has its own.
DASHES: tuple[tuple[float, ...], ...] = ((), (4.0, 1.5), (1.0, 1.0), (6.0, 1.5, 1.0, 1.5))
MOST_LINES = len(COLOURS) * len(DASHES)  # that can be told apart
LINE_WIDTH = 1.8  # points
WIDTH, HEIGHT, HEIGHT_OF_A_LABEL = 5.4, 3.4, 0.19  # inches; the height without its labels


def list_plots(results: Results) -> dict[str, Plot]:
    """A plot for each list of which a run is done."""
    found = {}
    for of_list, called in list_names(lists_of(results)).items():
        settings = trained_by_setting(results, of_list)
        if settings:
            left_out = len(settings) - MOST_LINES
            title = f"{{list}}: accuracy against time, by {axes_in_words(results)}"
            title += f", the best {MOST_LINES} of {len(settings):,}" if left_out > 0 else ""
            several = max(map(len, settings.values())) > 1
            detail = (
                "line: mean of the seeds, as far as all of them go; band: their range"
                if several
                else ""
            )
            found[of_list] = Plot(
                of_list, called, title, detail, partial(sweep_figure, results, of_list)
            )
    return found


def draw_sweep(results: Results, out: Path) -> list[Path]:
    """Draw the plot of each list; PNG.

    Raises:
        OutputError: a file cannot be written; what was there is kept.
    """
    drawn = list_plots(results)
    paths = [out / f"accuracy-{name}.png" for name in file_names(list(drawn))]
    for plot, path in zip(drawn.values(), paths, strict=True):
        plot.write(path)
    return paths


def sweep_figure(results: Results, of_list: str) -> Figure:
    """Argmax accuracy against seconds: the mean of the seeds as a line, their range as a band.

    Call it inside ``drawing_style``.

    Args:
        results: the sweep.
        of_list: which of its lists.
    """
    settings = _best(trained_by_setting(results, of_list))
    figure = style.new_figure(
        WIDTH, HEIGHT + HEIGHT_OF_A_LABEL * (len(settings) + 2)
    )  # with ceiling and n-gram
    axes = figure.add_subplot()
    for (name, runs), (dashes, colour) in zip(
        settings.items(), product(DASHES, COLOURS), strict=False
    ):
        _line(axes, runs, style.drawable_text(name, 44), colour, dashes)
    references = reference_lines(results, of_list)
    if references:
        ngram, ceiling = (
            mean(one.accuracy_argmax for one in metrics) for _, metrics, _ in references
        )
        levels = style.accuracy_levels(ceiling, ngram, references[0][0])
        style.draw_levels(axes, levels, least_span=style.LEAST_ACCURACY_SPAN)
    style.accuracy_over_time(axes, "held-out accuracy (argmax)")
    axes.margins(x=0.01)
    figure.legend(
        loc="outside lower left", fontsize=8.5, handlelength=3, frameon=False, alignment="left"
    )
    return figure


def _best(settings: dict[str, list[Run]]) -> dict[str, list[Run]]:
    """As many settings as can be told apart, in their order: without the worst ones."""

    def accuracy(name: str) -> float:
        return float(mean(run.done.figures.held_out.accuracy_argmax for run in settings[name]))

    shown = set(sorted(settings, key=accuracy, reverse=True)[:MOST_LINES])
    return {name: runs for name, runs in settings.items() if name in shown}


def _line(
    axes: Axes, runs: Sequence[Run], name: str, colour: str, dashes: tuple[float, ...]
) -> None:
    accuracies = curve(runs, "validation_accuracy_argmax")
    times = [mean(values) for values in curve(runs, "seconds")]
    marker = "o" if len(times) == 1 else None
    options: dict[str, Any] = {"linewidth": LINE_WIDTH, **({"dashes": dashes} if dashes else {})}
    axes.plot(
        times,
        [mean(values) for values in accuracies],
        color=colour,
        label=name,
        marker=marker,
        **options,
    )
    if len(runs) > 1:
        low, high = ([choose(values) for values in accuracies] for choose in (min, max))
        axes.fill_between(times, low, high, color=colour, alpha=0.15, linewidth=0)
