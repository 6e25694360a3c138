"""Write ``docs/results/index.md`` and its charts from the stored results.

With ``--check``, only check that the page is up to date.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks import blind
from benchmarks.document import Performance, median_interval
from benchmarks.pages import RESULTS, read, write_or_check
from benchmarks.quality_page import DEFAULT, NGRAM, Quality
from namegen.drawings.style import BLUE, INK, QUIET, drawing_style, new_figure, save_figure

TRAINING_SECTIONS = ("gated", "small", "plain")
PAGE = """\
# Results

We measure three things: whether readers accept the names that namegen generates, how well its networks predict
names they haven't seen before, and how fast it is. The charts below summarize the results. Each linked page
describes how and on which machine we measured. The underlying numbers are stored in a `.json` file next to the
page.

![Charts: names that readers accept, loss on held-out names, and training speed](summary.png)

- Readers accepted {namegen:.0f}% of the names that namegen generated, {real:.0f}% of real names and {chain:.0f}% of a \
Markov chain's names.
- The default network predicts held-out names significantly better than an {ngram} baseline on {better} of \
{lists} lists.
- For {faster} of {networks} networks, namegen trains faster on one core than any other library.

## All results

| question | page | command | time |
| --- | --- | --- | --- |
| Would a reader accept the generated names? | [Blind test](blind.md) | `make blind` | seconds, from stored marks |
| How well do networks predict held-out names? | [Quality](quality.md) | `make quality` | hours |
| How fast is namegen? | [Speed](performance.md) | `make bench` | an hour |
| Is one model for all labels better than separate models? | [Labels](labels.md) | `make labels` | an hour |
| Do the backends agree? | [The original comparison](original.md) | `namegen compare-backends` | 45 minutes |

The readers in the blind tests were language models, not people. To learn more about the n-gram baseline and the
best possible score, read [Chapter 5 of the course](../learn/5-any-good.md).
"""


@dataclass(frozen=True)
class Bar:
    """A bar of a chart, with a 95% confidence interval if it has one."""

    label: str
    value: float
    interval: tuple[float, float] | None = None


@dataclass(frozen=True)
class Chart:
    """A horizontal bar chart."""

    title: str
    axis_label: str
    bars: Sequence[Bar]
    reference: float = 0.0  # where the bars start: the value for "no difference"


def accepted_names_chart() -> Chart:
    """Compare how many real, generated and Markov-chain names readers accept, averaged over the long lists."""
    sheets = [sheet for sheet in read(blind.Sheets, blind.DATA).sheets if not sheet.is_short]
    sources = {"real names": "real", "namegen": "new", "a Markov chain": "chain"}
    bars = [
        Bar(label, 100 * blind.mean_acceptance(sheets, source)) for label, source in sources.items()
    ]
    return Chart("Names that readers accept", "percent", bars)


def loss_chart() -> Chart:
    """Show the default network's loss minus the n-gram baseline's loss.

    The chart skips lists where some test names are also in the training set.
    """
    bars = []
    for results in read(Quality, RESULTS / "quality.json").lists:
        network = results.find(DEFAULT)
        if network is not None and results.seen_share == 0:
            bars.append(Bar(results.name, network.against_ngram, (network.low, network.high)))
    return Chart(
        "Loss on held-out names, minus the n-gram baseline's",
        "nats per character (negative: namegen is better)",
        bars,
    )


def speed_chart() -> Chart:
    """Show namegen's training speed relative to the fastest other library, each at its best batch size."""
    bars = []
    for section in read(Performance, RESULTS / "performance.json").sections:
        if section.name in TRAINING_SECTIONS:
            for comparison in section.comparisons:
                rival = comparison.best_rival
                ratios = comparison.against(rival)
                network_name = comparison.title.partition(",")[0]
                label = f"{network_name}, rival: {rival.name.partition(',')[0]}"
                bars.append(Bar(label, median(ratios), median_interval(ratios)))
    return Chart(
        "Training speed, relative to the fastest other library",
        "times as fast (above 1: namegen is faster)",
        bars,
        reference=1.0,
    )


def draw_charts(charts: Sequence[Chart], path: Path) -> None:
    """Draw the charts below each other, and write the picture to a file."""
    with drawing_style():
        figure = new_figure(8.0, 1.9 * len(charts))
        heights = [len(chart.bars) + 1.5 for chart in charts]
        panels = figure.subplots(len(charts), 1, height_ratios=heights)
        for axes, chart in zip(panels, charts, strict=True):
            for position, bar in enumerate(chart.bars):
                is_namegen = bar.label == "namegen" or bar.interval is not None
                color = BLUE if is_namegen else QUIET
                axes.barh(position, bar.value - chart.reference, left=chart.reference, color=color)
                if bar.interval is not None:
                    axes.plot(bar.interval, (position, position), color=INK, linewidth=1.5)
            axes.set_yticks(range(len(chart.bars)), [bar.label for bar in chart.bars])
            axes.invert_yaxis()  # the first bar is at the top
            axes.grid(visible=False, axis="y")
            axes.axvline(chart.reference, color=INK, linewidth=1)
            axes.set_title(chart.title, loc="left")
            axes.set_xlabel(chart.axis_label)
        save_figure(figure, path)


def main() -> None:
    """Write the page and its picture, or check the page."""
    charts = accepted_names_chart(), loss_chart(), speed_chart()
    accepted_names, losses, speeds = charts
    real, namegen, chain = (bar.value for bar in accepted_names.bars)
    page = PAGE.format(
        namegen=namegen,
        real=real,
        chain=chain,
        ngram=NGRAM,
        better=sum(bar.interval is not None and bar.interval[1] < 0 for bar in losses.bars),
        lists=len(losses.bars),
        faster=sum(bar.value > 1 for bar in speeds.bars),
        networks=len(speeds.bars),
    )
    if write_or_check("index", page):
        draw_charts(charts, RESULTS / "summary.png")


if __name__ == "__main__":
    main()
