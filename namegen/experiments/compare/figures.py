"""The plots of a comparison."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
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
    Lengths,
    ListEntry,
    SplitName,
    Training,
)
from namegen.experiments.report import Plot, whole
from namegen.experiments.trained import Metric

Colours: TypeAlias = Mapping[str, str]  # of engines
WIDTH = 5.4  # inches: one drawing can be read in a page, on a phone, and as a file
NARROW, STEP, WIDEST = (
    1.4,
    2.6,
    6.4,
)  # wide lines below narrow ones: all are seen where they coincide
DASH, GAP = 8.0, 3.5  # points, whatever the width


def curves_figure(runs: Sequence[Training], entry: ListEntry, colours: Colours) -> Figure:
    """Two panels: the loss curves, which lie on each other, and accuracy against time, which does not.

    Args:
        runs: the same training by each engine.
        entry: the list.
        colours: of the engines.
    """
    figure = style.new_figure(WIDTH, 5.8)
    upper, lower = figure.subplots(2, 1)
    _loss_panel(upper, runs, colours)
    handles = _curves(lower, runs, colours, "seconds", "validation_accuracy_argmax", step=STEP / 4)
    lower.set_title("Accuracy against time, held-out names")
    style.accuracy_over_time(lower, "likeliest character right (argmax)")
    split = runs[0].split
    if any(one.split == split for one in entry.references):
        [ceiling], [ngram] = (
            entry.values(split, who, "held_out", "accuracy_argmax") for who in (CEILING, BASELINE)
        )
        levels = style.accuracy_levels(ceiling, ngram, entry.called(split, BASELINE))
        handles += style.draw_levels(lower, levels, least_span=style.LEAST_ACCURACY_SPAN)
    lower.legend(handles=handles, fontsize=9, loc="best", handlelength=3)
    return figure


def _loss_panel(axes: Axes, runs: Sequence[Training], colours: Colours) -> None:
    handles = _curves(axes, runs, colours, "epoch", "training_loss_nats_per_char")
    _curves(axes, runs, colours, "epoch", "validation_loss_nats_per_char", dashed=True)
    dashes: dict[str, Any] = {
        "training names": {},
        "held-out names": {"dashes": (DASH / NARROW, GAP / NARROW)},
    }
    handles += [
        Line2D([], [], color=style.QUIET, linewidth=NARROW, label=one, **how)
        for one, how in dashes.items()
    ]
    axes.legend(handles=handles, fontsize=9, handlelength=3)
    axes.set(title="Loss against epochs", xlabel="epoch", ylabel="loss (nats per character)")
    axes.xaxis.set_major_locator(MaxNLocator(7, integer=True))


def _curves(
    axes: Axes,
    runs: Sequence[Training],
    colours: Colours,
    x: str,
    y: str,
    *,
    step: float = STEP,
    dashed: bool = False,
) -> list[Line2D]:
    """A curve of each run, by columns of its history: the first one is the widest, at the bottom, so that all are seen
    where they coincide.
    """
    lines = []
    step = min(step, (WIDEST - NARROW) / max(len(runs) - 1, 1))
    for place, run in enumerate(runs):
        width = NARROW + step * (len(runs) - 1 - place)
        how: dict[str, Any] = (
            {"dashes": (DASH / width, GAP / width), "dash_capstyle": "butt"} if dashed else {}
        )
        dot = "o" if len(run.history.epoch) == 1 else None  # a line of one epoch has no length
        values = style.line_values(getattr(run.history, y))
        how |= {
            "color": colours[run.engine],
            "linewidth": width,
            "marker": dot,
            "label": run.engine,
        }
        lines += axes.plot(getattr(run.history, x), values, solid_capstyle="butt", **how)
    return lines


PALE = 0.4  # the share of colour in the second of two bars that belong together


def _colours(entry: ListEntry, engines: Iterable[str]) -> Colours:
    return style.engine_colours([*engines, *entry.engines])


def curve_plots(entry: ListEntry, engines: Iterable[str] = ()) -> Iterator[Plot]:
    """The curves of each network that the engines trained alike.

    Args:
        entry: the list.
        engines: all of the report, so that each looks alike in the plots of every list.
    """
    for number, (network, runs) in enumerate(entry.like_for_like.items(), start=1):
        by = "each backend" if len(runs) > 1 else runs[0].engine
        title, detail = (
            f"{network} on {{list}}, by {by}",
            "loss against epochs, and accuracy against seconds",
        )
        draw = partial(curves_figure, runs, entry, _colours(entry, engines))
        yield Plot(f"curves-{number}", entry.name, title, detail, draw)


def accuracy_plots(entry: ListEntry, engines: Iterable[str] = ()) -> Iterator[Plot]:
    """The accuracy of the networks, for each split."""
    for split in entry.splits:
        title = f"Accuracy of the networks on {{list}}, split {split}"
        draw = partial(accuracy_figure, entry, split, _colours(entry, engines))
        detail = "on the held-out part, beside the n-gram and the ceiling"
        yield Plot(f"accuracy-{split}", entry.name, title, detail, draw)


def generation_plots(entry: ListEntry, names: int, engines: Iterable[str] = ()) -> Iterator[Plot]:
    """How fast names are drawn, and how long they are; each model drew so many."""
    draw = partial(speed_figure, entry, _colours(entry, engines))
    yield Plot(
        "speed", entry.name, "Names per second, {list}", "by every model and algorithm", draw
    )
    generated = {network: found.lengths for network, found in entry.generated.items()}
    if entry.facts is not None and generated:
        detail = f"the list, and {names:,} names drawn by each network"
        draw = partial(lengths_figure, entry.facts.lengths, generated, names)
        yield Plot("lengths", entry.name, "Names by their length, {list}", detail, draw)


# --- networks ---------------------------------------------------------------------------------------------------------


# Metric → where its bars stand, how strong they are, the pattern of the lines across them, what it is called.
BARS: dict[Metric, tuple[float, float, Any, str]] = {
    "accuracy_argmax": (-0.2, 1.0, "-", "likeliest (argmax)"),
    "accuracy_sampled": (0.2, PALE, (0, (2, 1.5)), "drawn (sampled)"),
}


def accuracy_figure(entry: ListEntry, split: SplitName, colours: Colours) -> Figure:
    """Both accuracies of every network on the held-out part, with the ceiling and the n-gram.

    Args:
        entry: the list.
        split: which of its splits.
        colours: of the engines.
    """
    networks = entry.networks(split)
    figure = style.new_figure(WIDTH, 1.75 + 0.4 * len(networks))
    axes = figure.add_subplot()
    engines = [entry.runs(split, network)[0].engine for network in networks]
    bars = [colours[engine] for engine in engines]
    handles: list[Artist] = []
    for metric, (offset, alpha, pattern, kind) in BARS.items():
        found = [entry.values(split, network, "held_out", metric) for network in networks]
        heights = [mean(values) for values in found]
        reach = [[mean(v) - min(v) for v in found], [max(v) - mean(v) for v in found]]
        places = [place + offset for place in range(len(networks))]
        error = {"ecolor": style.INK, "elinewidth": 1, "capsize": 2}
        axes.barh(places, heights, height=0.38, color=bars, alpha=alpha, xerr=reach, error_kw=error)
        for place, value, colour in zip(places, heights, bars, strict=True):
            ink = (
                style.INK
                if alpha < 1
                else style.ON_LIGHT
                if colour in style.LIGHT_COLOURS
                else style.PAPER
            )
            axes.text(0.012, place, f"{100 * value:.1f}", color=ink, va="center", fontsize=8.5)
        handles.append(Patch(color=bars[0], alpha=alpha, label=kind))
        for who, colour in ((CEILING, style.INK), (BASELINE, style.QUIET)):
            [value] = entry.values(split, who, "held_out", metric)
            name = f"{entry.called(split, who)}, {kind.partition(' ')[0]}"
            handles.append(
                axes.axvline(value, color=colour, linewidth=1.3, linestyle=pattern, label=name)
            )
    axes.xaxis.set_major_formatter(style.percent_formatter())
    axes.grid(visible=False, axis="y")
    axes.set_xlim(0, max(0.7, min(1.0, axes.get_xlim()[1])))
    axes.set_yticks(
        range(len(networks)),
        [network.replace(" (original)", "\n(original)") for network in networks],
    )
    axes.set(ylim=(len(networks) - 0.4, -0.6), xlabel="characters that are right")
    if len(set(engines)) > 1:
        handles += [
            Patch(color=colours[engine], label=f"by {engine}") for engine in dict.fromkeys(engines)
        ]
    figure.legend(handles=handles, loc="outside lower center", ncols=2, fontsize=9)
    return figure


# --- generation -------------------------------------------------------------------------------------------------------


def speed_figure(entry: ListEntry, colours: Colours) -> Figure:
    """Names per second by every model: a ring for one by one, a disc for count-splitting, on a logarithmic axis."""
    models = entry.generation
    figure = style.new_figure(WIDTH, 1.3 + 0.37 * len(models))
    axes = figure.add_subplot()
    handles: dict[str, Artist] = {}
    for place, one in enumerate(models):
        speeds = {name: generated.names_per_second for name, generated in one.algorithms.items()}
        colour, slowest = colours[one.engine], min(speeds, key=lambda name: speeds[name])
        axes.plot(
            list(speeds.values()),
            [place] * len(speeds),
            color=colour,
            linewidth=2.5,
            alpha=PALE,
            zorder=2,
        )
        for name, speed in speeds.items():
            face = style.PAPER if name == "one_by_one" else colour
            dot: dict[str, Any] = {
                "markersize": 8,
                "color": colour,
                "markerfacecolor": face,
                "zorder": 3,
            }
            [handles[name]] = axes.plot([speed], [place], "o", **dot)
            aside, side = (-9, "right") if name == slowest and len(speeds) > 1 else (9, "left")
            where: dict[str, Any] = {"textcoords": "offset points", "ha": side, "va": "center"}
            axes.annotate(whole(speed), (speed, place), (aside, 0), fontsize=9, **where)
    axes.set_xscale("log")
    found = [generated.names_per_second for one in models for generated in one.algorithms.values()]
    axes.set_xlim(
        min(found) / 10, max(found) * 10
    )  # with room for the numbers beside the first and the last
    axes.xaxis.set_major_locator(LogLocator(10))
    axes.xaxis.set_major_formatter(style.short_formatter())
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_yticks(
        range(len(models)),
        [fill(f"{one.model}: {one.network}", 24) for one in models],
        fontsize=8.5,
    )
    axes.set(ylim=(len(models) - 0.4, -0.6), xlabel="names per second (logarithmic)")
    called = {shown: handles[name] for name, shown in ALGORITHMS.items() if name in handles}
    figure.legend(list(called.values()), list(called), loc="outside lower center", ncols=2)
    return figure


def lengths_figure(of_list: Lengths, generated: Mapping[str, Lengths], names: int) -> Figure:
    """The share of names of each length: the list as bars, what each network generates (of so many names) as points."""
    figure = style.new_figure(WIDTH, 4.4)
    axes = figure.add_subplot()
    original = {int(length): count for length, count in of_list.items()}
    total, last, lanes = sum(original.values()), max(original), len(generated)
    bars = axes.bar(
        list(original),
        [count / total for count in original.values()],
        color=style.LIST_COLOUR,
        alpha=0.45,
    )
    blue = style.ENGINE_COLOURS["numpy"]
    for place, (network, found) in enumerate(generated.items()):
        shift = (place - (lanes - 1) / 2) * min(0.7 / lanes, 0.25)
        axes.plot(
            [length + shift for length in range(1, last + 1)],
            [found.get(str(length), 0) / names for length in range(1, last + 1)],
            "osD^vP*Xhp"[place % 10],
            markersize=4 if last <= 24 else 3,
            color=blue,
            markerfacecolor=blue if place % 2 == 0 else style.PAPER,
            label=network,
        )
    axes.set(xlabel="characters of the name", ylabel="share of the names", xlim=(0.4, last + 0.6))
    axes.xaxis.set_major_locator(MaxNLocator(9, integer=True))
    axes.yaxis.set_major_formatter(style.percent_formatter())
    axes.grid(visible=False, axis="x")
    bars.set_label("the list itself")
    figure.legend(
        handles=[bars, *axes.get_lines()], loc="outside lower center", ncols=2, fontsize=8
    )
    return figure
