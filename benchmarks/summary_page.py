"""Write ``docs/results/index.md`` and its charts from the stored results.

With ``--check``, only check that the page is up to date.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks import blind
from benchmarks.document import Comparison, Performance, median_interval
from benchmarks.pages import RESULTS, read, write_or_check
from benchmarks.quality_page import DEFAULT, NGRAM, Model, Quality
from namegen.drawings.style import (
    BLUE,
    INK,
    QUIET,
    drawable_text,
    drawing_style,
    new_figure,
    save_figure,
)

WIDTH, PANEL_HEIGHT = 8.0, 1.9  # inches
HEAD = """\
# Results

We measure three things: whether readers accept the names that namegen generates, how well its networks predict
names they haven't seen before, and how fast it is. The charts below summarize the results. Each linked page
describes how and on which machine we measured. The underlying numbers are stored in a `.json` file next to the
page.

![Charts: names that readers accept, loss on held-out names, and training speed](summary.png)
"""
TAIL = """\
## All results

| question | page | command | time |
| --- | --- | --- | --- |
| Would a reader accept the generated names? | [Blind test](blind.md) | `make blind` | seconds, from stored marks |
| How well do networks predict held-out names? | [Quality](quality.md) | `make quality` | hours |
| How fast is namegen? | [Speed](performance.md) | `make bench` | an hour |
| Is one model for all labels better than separate models? | [Labels](labels.md) | `make labels` | an hour |
| Do the backends agree? | [The original comparison](original.md) | `namegen compare-backends` | 45 minutes |

The readers in the blind tests were language models, not people. To learn more about the n-gram baseline and the
best possible score, read [Chapter 5 of the course](../learn/5-any-good.md)."""


@dataclass(frozen=True)
class Bar:
    """A bar of a chart, with a 95% confidence interval if it has one."""

    label: str
    value: float
    interval: tuple[float, float] | None = None
    is_namegen: bool = False


@dataclass(frozen=True)
class Chart:
    """A horizontal bar chart."""

    title: str
    axis_label: str
    bars: tuple[Bar, ...]
    #: Where to draw a line for "no difference".
    reference: float | None = None


def charts() -> tuple[Chart, Chart, Chart]:
    """Read the stored results, and return the three charts."""
    return accepted_names(), losses(), speeds()


def accepted_names() -> Chart:
    """The share of names that readers accept, averaged over the long lists."""
    sheets = [sheet for sheet in read(blind.Sheets, blind.DATA).sheets if not sheet.is_short]
    labels = {"real": "real names", "new": "namegen", "chain": "a Markov chain"}
    bars = tuple(
        Bar(label, 100 * blind.mean_accepted(sheets, source), is_namegen=source == "new")
        for source, label in labels.items()
    )
    return Chart("Names that readers accept", "percent", bars)


def losses() -> Chart:
    """The default network's loss minus the n-gram baseline's, for each list."""
    results = read(Quality, RESULTS / "quality.json").lists
    bars = []
    for result in results:
        if not result.seen_share:
            network = _model(result.models, DEFAULT)
            interval = (network.low, network.high)
            bars.append(Bar(result.name, network.against_ngram, interval, is_namegen=True))
    return Chart(
        "Loss on held-out names, minus the n-gram baseline's",
        "nats per character (negative: namegen is better)",
        tuple(bars),
        reference=0.0,
    )


def _model(models: Sequence[Model], name: str) -> Model:
    return next(model for model in models if model.name == name)


def speeds() -> Chart:
    """The training speed, relative to the fastest other library at its best batch size."""
    sections = read(Performance, RESULTS / "performance.json").sections
    bars = [
        _speed(comparison)
        for section in sections
        if section.name in ("gated", "small", "plain")
        for comparison in section.comparisons
        if comparison.unit == "characters a second"
    ]
    return Chart(
        "Training speed, relative to the fastest other library",
        "times as fast (above 1: namegen is faster)",
        tuple(bars),
        reference=1.0,
    )


def _speed(comparison: Comparison) -> Bar:
    ratios = comparison.against(comparison.subjects[-1], comparison.best_rival)
    network = comparison.title.partition(",")[0]
    rival = comparison.best_rival.name.partition(",")[0]
    return Bar(
        f"{network}, rival: {rival}", median(ratios), median_interval(ratios), is_namegen=True
    )


def figure_of(all_charts: Sequence[Chart]) -> Figure:
    """Draw the charts below each other. Call it inside ``drawing_style``."""
    figure = new_figure(WIDTH, PANEL_HEIGHT * len(all_charts))
    heights = [len(chart.bars) + 1.5 for chart in all_charts]
    panels = figure.subplots(len(all_charts), 1, height_ratios=heights)
    for axes, chart in zip(panels, all_charts, strict=True):
        _draw(axes, chart)
    return figure


def _draw(axes: Axes, chart: Chart) -> None:
    for position, bar in enumerate(chart.bars):
        color = BLUE if bar.is_namegen else QUIET
        axes.barh(position, bar.value - (chart.reference or 0.0), left=chart.reference, color=color)
        if bar.interval is not None:
            axes.plot(bar.interval, (position, position), color=INK, linewidth=1.5)
    axes.set_yticks(range(len(chart.bars)), [drawable_text(bar.label) for bar in chart.bars])
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    if chart.reference is not None:
        axes.axvline(chart.reference, color=INK, linewidth=1)
    axes.set_title(chart.title, loc="left")
    axes.set_xlabel(chart.axis_label)


def page(all_charts: Sequence[Chart]) -> str:
    """Write the whole page: the charts as a picture, and as sentences."""
    accepted, loss, speed = all_charts
    share = {bar.label: bar.value for bar in accepted.bars}
    better = [bar for bar in loss.bars if bar.interval is not None and bar.interval[1] < 0]
    faster = [bar for bar in speed.bars if bar.value > 1]
    sentences = (
        f"- Readers accepted {share['namegen']:.0f}% of the names that namegen generated, "
        f"{share['real names']:.0f}% of real names "
        f"and {share['a Markov chain']:.0f}% of a Markov chain's names.\n"
        f"- The default network predicts held-out names significantly better than an {NGRAM} baseline on "
        f"{len(better)} of {len(loss.bars)} lists.\n"
        f"- For {len(faster)} of {len(speed.bars)} networks, namegen trains faster on one core than any other library."
    )
    return f"{HEAD}\n{sentences}\n\n{TAIL}\n"


def draw(all_charts: Sequence[Chart], path: Path) -> None:
    """Write the charts as a picture."""
    with drawing_style():
        save_figure(figure_of(all_charts), path)


def main() -> None:
    """Write the page and its charts, or check the page."""
    all_charts = charts()
    write_or_check(RESULTS, "index", page(all_charts))
    if "--check" not in sys.argv:
        draw(all_charts, RESULTS / "summary.png")


if __name__ == "__main__":
    main()
