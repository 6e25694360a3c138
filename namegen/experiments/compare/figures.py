"""The plots of a comparison, in the style of every plot of namegen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import LogLocator, MaxNLocator, MultipleLocator, NullFormatter

from namegen.drawings.style import (
    INK,
    LIST_COLOUR,
    PAPER,
    QUIET,
    drawable_text,
    engine_colour,
    engine_looks,
    new_figure,
    number_formatter,
    percent_formatter,
)
from namegen.experiments.compare.curves import WIDTH, Looks, curves_figure
from namegen.experiments.compare.document import Generation, ListEntry
from namegen.experiments.compare.measured import Lengths
from namegen.experiments.compare.selection import (
    ALGORITHMS,
    PARTS,
    Metric,
    baseline_name,
    engines_of,
    generated_by_network,
    like_for_like_by_network,
    network_names,
    network_runs,
    network_values,
    reference_values,
    splits,
)
from namegen.experiments.compare.subjects import SplitName
from namegen.experiments.compare.tables.sections import GENERATION_SECTION, LIKE_FOR_LIKE_SECTION, NETWORKS_SECTION
from namegen.experiments.table import whole

PALE = 0.4  # the share of colour in the second of two bars that belong together


@dataclass(frozen=True)
class ListPlot:
    """A plot of a list, before it is written.

    Attributes:
        section: the title of the part of the report that it belongs to.
        key: tells it from the other plots of the list.
        title: what stands above it.
        detail: the rest of what it shows.
        figure: the plot.
    """

    section: str
    key: str
    title: str
    detail: str
    figure: Figure

    @property
    def caption(self) -> str:
        """All that it shows, for the page."""
        return f"{self.title}: {self.detail}"


def list_plots(entry: ListEntry, names: int, engines: Iterable[str] = ()) -> Iterator[ListPlot]:
    """All plots of a list. Call it inside ``drawing_style``.

    Args:
        entry: the list.
        names: how many each model drew.
        engines: all of the report, so that each looks alike in the plots of every list.
    """
    looks = engine_looks([*engines, *engines_of(entry)])
    for plot in _plots(entry, names, looks):
        plot.figure.suptitle(plot.title, x=0.01, ha="left", fontsize=12, fontweight="bold")
        yield plot


def _plots(entry: ListEntry, names: int, looks: Looks) -> Iterator[ListPlot]:
    """The plots without their titles."""
    shown = drawable_text(entry.name, 48)
    for number, (network, runs) in enumerate(like_for_like_by_network(entry).items(), start=1):
        by = "each engine" if len(runs) > 1 else runs[0].engine
        title, detail = f"{network} on {shown}, by {by}", "loss against epochs, and accuracy against seconds"
        yield ListPlot(LIKE_FOR_LIKE_SECTION, f"curves-{number}", title, detail, curves_figure(runs, entry, looks))
    for split in splits(entry):
        if network_names(entry, split):
            title, detail = f"Accuracy of the networks on {shown}, split {split}", "beside counting and the ceiling"
            yield ListPlot(NETWORKS_SECTION, f"accuracy-{split}", title, detail, accuracy_figure(entry, split, looks))
    if entry.generation:
        title, detail = f"Names per second, {shown}", "by every model and algorithm"
        yield ListPlot(GENERATION_SECTION, "speed", title, detail, speed_figure(entry.generation, looks))
        generated = {network: found.lengths for network, found in generated_by_network(entry).items()}
        if entry.facts is not None and generated:
            title, detail = f"Names by their length, {shown}", f"the list, and {names:,} names drawn by each network"
            figure = lengths_figure(entry.facts.lengths, generated, names)
            yield ListPlot(GENERATION_SECTION, "lengths", title, detail, figure)


# --- networks ---------------------------------------------------------------------------------------------------------


BARS: dict[Metric, tuple[float, float]] = {"accuracy_argmax": (-0.2, 1.0), "accuracy_sampled": (0.2, PALE)}


def accuracy_figure(entry: ListEntry, split: SplitName, looks: Looks | None = None) -> Figure:
    """A panel for each part of the list: argmax and sampled of every network, with that part's ceiling and n-gram."""
    networks = network_names(entry, split)
    figure = new_figure(WIDTH, 2.05 + 0.5 * len(networks))
    panels = figure.subplots(1, len(PARTS), sharey=True, sharex=True)
    looks = looks or engine_looks(engines_of(entry))
    engines = [network_runs(entry, split, network)[0].engine for network in networks]
    colours = [looks[engine].colour for engine in engines]
    for axes, (part, name) in zip(panels, PARTS.items(), strict=True):
        for metric, (offset, alpha) in BARS.items():
            found = [network_values(entry, split, network, part, metric) for network in networks]
            heights = [mean(values) for values in found]
            reach = [[mean(v) - min(v) for v in found], [max(v) - mean(v) for v in found]]
            axes.barh(
                [place + offset for place in range(len(networks))],
                heights,
                height=0.38,
                color=colours,
                alpha=alpha,
                xerr=reach if any(len(values) > 1 for values in found) else None,
                error_kw={"ecolor": INK, "elinewidth": 1, "capsize": 2},
            )
            for place, value in enumerate(heights):
                ink = PAPER if offset < 0 else INK
                axes.text(0.012, place + offset, f"{100 * value:.1f}", color=ink, va="center", fontsize=8.5)
            _reference_line(axes, reference_values(entry, split, part, "ceiling", metric), INK, offset)
            _reference_line(axes, reference_values(entry, split, part, "baseline", metric), QUIET, offset)
        axes.set_title(name)
        axes.xaxis.set_major_formatter(percent_formatter())
        axes.xaxis.set_major_locator(MultipleLocator(0.2))
        axes.grid(visible=False, axis="y")
    panels[0].set_xlim(0, max(0.7, min(1.0, panels[0].get_xlim()[1])))
    panels[0].set_yticks(range(len(networks)), [network.replace(" (original)", "\n(original)") for network in networks])
    panels[0].set_ylim(len(networks) - 0.4, -0.6)
    panels[1].set_xlabel("characters predicted")
    baseline, dashed = baseline_name(entry, split), (0, (2, 1.5))
    handles = [
        Patch(color=colours[0], label="argmax"),
        Patch(color=colours[0], alpha=PALE, label="sampled"),
        Line2D([], [], color=INK, linewidth=1.3, label="ceiling, argmax"),
        Line2D([], [], color=INK, linewidth=1.3, linestyle=dashed, label="ceiling, sampled"),
        Line2D([], [], color=QUIET, linewidth=1.3, label=f"{baseline}, argmax"),
        Line2D([], [], color=QUIET, linewidth=1.3, linestyle=dashed, label=f"{baseline}, sampled"),
    ]
    if len(set(engines)) > 1:
        handles += [Patch(color=looks[engine].colour, label=f"by {engine}") for engine in dict.fromkeys(engines)]
    figure.legend(handles=handles, loc="outside lower center", ncols=6, fontsize=9)
    return figure


def _reference_line(axes: Axes, values: Sequence[float], colour: str, offset: float) -> None:
    if values:
        axes.axvline(mean(values), color=colour, linewidth=1.3, linestyle="-" if offset < 0 else (0, (2, 1.5)))


# --- generation -------------------------------------------------------------------------------------------------------


def speed_figure(models: Sequence[Generation], looks: Looks | None = None) -> Figure:
    """Names per second by every model: a ring for one by one, a disc for count-splitting, on a logarithmic axis."""
    figure = new_figure(WIDTH, 1.9 + 0.42 * len(models))
    axes = figure.add_subplot()
    looks = looks or engine_looks(one.engine for one in models)
    for place, one in enumerate(models):
        colour = looks[one.engine].colour
        speeds = {name: generated.names_per_second for name, generated in one.algorithms.items()}
        axes.plot(list(speeds.values()), [place] * len(speeds), color=colour, linewidth=2.5, alpha=PALE, zorder=2)
        slowest = min(speeds, key=lambda name: speeds[name])
        for name, speed in speeds.items():
            ring = name == "one_by_one"
            face = PAPER if ring else colour
            axes.plot([speed], [place], marker="o", markersize=8, color=colour, markerfacecolor=face, zorder=3)
            left = name == slowest and len(speeds) > 1
            axes.annotate(
                whole(speed),
                (speed, place),
                (-9 if left else 9, 0),
                textcoords="offset points",
                ha="right" if left else "left",
                va="center",
                fontsize=9,
            )
    axes.set_xscale("log")
    found = [generated.names_per_second for one in models for generated in one.algorithms.values()]
    axes.set_xlim(min(found) / 3, max(found) * 3)
    axes.xaxis.set_major_locator(LogLocator(10, subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(number_formatter())
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_yticks(range(len(models)), [f"{one.model}: {one.network}" for one in models])
    axes.set_ylim(len(models) - 0.4, -0.6)
    axes.set_xlabel("names per second (logarithmic)")
    handles = [
        Line2D([], [], color=QUIET, marker="o", linestyle="", markersize=8, markerfacecolor=PAPER),
        Line2D([], [], color=QUIET, marker="o", linestyle="", markersize=8),
    ]
    figure.legend(handles, list(ALGORITHMS.values()), loc="outside upper right", ncols=2, fontsize=9)
    return figure


def lengths_figure(of_list: Lengths, generated: Mapping[str, Lengths], names: int) -> Figure:
    """The share of names of each length: the list as bars, what each network generates (of so many names) as points."""
    figure = new_figure(WIDTH, 4.0)
    axes = figure.add_subplot()
    original = {int(length): count for length, count in of_list.items()}
    total = sum(original.values())
    last = max(original)
    axes.bar(list(original), [count / total for count in original.values()], color=LIST_COLOUR, alpha=0.45)
    markers = "osD^vP*Xhp"
    lanes = len(generated)
    for place, (network, found) in enumerate(generated.items()):
        shift = (place - (lanes - 1) / 2) * min(0.7 / lanes, 0.25)
        axes.plot(
            [length + shift for length in range(1, last + 1)],
            [found.get(str(length), 0) / names for length in range(1, last + 1)],
            linestyle="",
            marker=markers[place % len(markers)],
            markersize=4.5 if last <= 24 else 3,
            color=engine_colour("numpy"),
            markerfacecolor=engine_colour("numpy") if place % 2 == 0 else PAPER,
            label=network,
        )
    axes.set_xlabel("characters of the name")
    axes.set_ylabel("share of the names")
    axes.set_xlim(0.4, last + 0.6)
    axes.xaxis.set_major_locator(MaxNLocator(14, integer=True))
    axes.yaxis.set_major_formatter(percent_formatter())
    axes.grid(visible=False, axis="x")
    handles, labels = axes.get_legend_handles_labels()
    list_patch = Patch(color=LIST_COLOUR, alpha=0.45, label="the list itself")
    figure.legend([list_patch, *handles], ["the list itself", *labels], loc="outside lower center", ncols=4, fontsize=9)
    return figure
