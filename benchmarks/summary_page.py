"""Write ``docs/results/index.md`` and its charts from the stored results.

With ``--check``, only check that the page is up to date.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from matplotlib.axes import Axes

from benchmarks import blind
from benchmarks.document import Performance, median_interval
from benchmarks.pages import RESULTS, read, write_or_check
from benchmarks.quality_page import DEFAULT, NGRAM, Quality, find
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
TRAINING_SECTIONS = ("gated", "small", "plain")
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


def accepted_names_chart() -> Chart:
    """Compare how many real, generated and Markov-chain names readers accept, averaged over the long lists."""
    sheets = read(blind.Sheets, blind.DATA).sheets
    long_sheets = [sheet for sheet in sheets if not sheet.is_short]
    bars = (
        Bar("real names", 100 * blind.mean_acceptance(long_sheets, "real")),
        Bar("namegen", 100 * blind.mean_acceptance(long_sheets, "new"), is_namegen=True),
        Bar("a Markov chain", 100 * blind.mean_acceptance(long_sheets, "chain")),
    )
    return Chart("Names that readers accept", "percent", bars)


def loss_chart() -> Chart:
    """Show the default network's loss minus the n-gram baseline's loss.

    The chart skips lists where some test names are also in the training set.
    """
    bars = []
    for result in read(Quality, RESULTS / "quality.json").lists:
        network = find(result, DEFAULT)
        has_unseen_names_only = result.seen_share == 0
        if network is not None and has_unseen_names_only:
            interval = (network.low, network.high)
            bars.append(Bar(result.name, network.against_ngram, interval, is_namegen=True))
    return Chart(
        "Loss on held-out names, minus the n-gram baseline's",
        "nats per character (negative: namegen is better)",
        tuple(bars),
        reference=0.0,
    )


def speed_chart() -> Chart:
    """Show namegen's training speed relative to the fastest other library, each at its best batch size."""
    bars = []
    for section in read(Performance, RESULTS / "performance.json").sections:
        for comparison in section.comparisons:
            is_training = section.name in TRAINING_SECTIONS
            if not is_training or comparison.unit != "characters a second":
                continue
            rival = comparison.best_rival
            ratios = comparison.against(comparison.subjects[-1], rival)
            network_name = comparison.title.partition(",")[0]
            rival_name = rival.name.partition(",")[0]
            label = f"{network_name}, rival: {rival_name}"
            bars.append(Bar(label, median(ratios), median_interval(ratios), is_namegen=True))
    return Chart(
        "Training speed, relative to the fastest other library",
        "times as fast (above 1: namegen is faster)",
        tuple(bars),
        reference=1.0,
    )


# --- drawing ----------------------------------------------------------------------------------------------------------


def write_picture(charts: Sequence[Chart], path: Path) -> None:
    """Draw the charts below each other, and write the picture to a file."""
    with drawing_style():
        figure = new_figure(WIDTH, PANEL_HEIGHT * len(charts))
        heights = [len(chart.bars) + 1.5 for chart in charts]
        panels = figure.subplots(len(charts), 1, height_ratios=heights)
        for axes, chart in zip(panels, charts, strict=True):
            _draw_chart(axes, chart)
        save_figure(figure, path)


def _draw_chart(axes: Axes, chart: Chart) -> None:
    """Draw a chart with its axes and its reference line."""
    for position, bar in enumerate(chart.bars):
        _draw_bar(axes, bar, position, start=chart.reference or 0.0)
    labels = [drawable_text(bar.label) for bar in chart.bars]
    axes.set_yticks(range(len(labels)), labels)
    axes.invert_yaxis()  # the first bar is at the top
    axes.grid(visible=False, axis="y")
    if chart.reference is not None:
        axes.axvline(chart.reference, color=INK, linewidth=1)
    axes.set_title(chart.title, loc="left")
    axes.set_xlabel(chart.axis_label)


def _draw_bar(axes: Axes, bar: Bar, position: int, start: float) -> None:
    """Draw a horizontal bar from a start value to the bar's value, and a line for its interval."""
    color = BLUE if bar.is_namegen else QUIET
    axes.barh(position, bar.value - start, left=start, color=color)
    if bar.interval is not None:
        axes.plot(bar.interval, (position, position), color=INK, linewidth=1.5)


# --- the page ---------------------------------------------------------------------------------------------------------


def page(accepted_names: Chart, losses: Chart, speeds: Chart) -> str:
    """Write the page, with the charts as a picture and as sentences."""
    percent = {bar.label: bar.value for bar in accepted_names.bars}
    better = [bar for bar in losses.bars if bar.interval is not None and bar.interval[1] < 0]
    faster = [bar for bar in speeds.bars if bar.value > 1]
    return f"""{HEAD}
- Readers accepted {percent["namegen"]:.0f}% of the names that namegen generated, \
{percent["real names"]:.0f}% of real names and {percent["a Markov chain"]:.0f}% of a Markov chain's names.
- The default network predicts held-out names significantly better than an {NGRAM} baseline on \
{len(better)} of {len(losses.bars)} lists.
- For {len(faster)} of {len(speeds.bars)} networks, namegen trains faster on one core than any other library.

{TAIL}
"""


def main() -> None:
    """Write the page and its picture, or check the page."""
    charts = accepted_names_chart(), loss_chart(), speed_chart()
    if write_or_check("index", page(*charts)):
        write_picture(charts, RESULTS / "summary.png")


if __name__ == "__main__":
    main()
