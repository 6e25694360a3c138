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
from matplotlib.ticker import LogLocator, MaxNLocator, MultipleLocator, NullFormatter

from namegen.drawings import style
from namegen.experiments.compare.document import (
    ALGORITHMS,
    BASELINE,
    CEILING,
    PARTS,
    Generation,
    Lengths,
    ListEntry,
    Part,
    SplitName,
    Training,
)
from namegen.experiments.report import Plot, whole
from namegen.experiments.trained import Metric

Colours: TypeAlias = Mapping[str, str]  # of engines
WIDTH, NARROW_WIDTH = 9.5, 4.2  # inches: in a wide page and as a file, and on a phone
NARROW, STEP, WIDEST = 1.4, 2.6, 6.4  # wide lines below narrow ones: all are seen where they coincide
DASH, GAP = 8.0, 3.5  # points, whatever the width
DASHED = (0, (2, 1.5))  # of a line across bars


def curves_figure(runs: Sequence[Training], entry: ListEntry, colours: Colours, *, narrow: bool = False) -> Figure:
    """Two panels: the loss curves, which lie on each other, and accuracy against time, which does not.

    Args:
        runs: the same training by each engine.
        entry: the list.
        colours: of the engines.
        narrow: for a narrow screen: one panel below the other.
    """
    figure = style.new_figure(NARROW_WIDTH, 5.6) if narrow else style.new_figure(WIDTH, 3.7)
    left, right = figure.subplots(2, 1) if narrow else figure.subplots(1, 2)
    _loss_panel(left, runs, colours)
    handles = _curves(right, runs, colours, "seconds", "validation_accuracy_argmax", step=STEP / 4)
    right.set_title("Accuracy against time, held-out names")
    style.accuracy_over_time(right, "likeliest character right (argmax)")
    split = runs[0].split
    if any(one.split == split for one in entry.references):
        [ceiling], [ngram] = (entry.values(split, who, "held_out", "accuracy_argmax") for who in (CEILING, BASELINE))
        levels = style.accuracy_levels(ceiling, ngram, entry.called(split, BASELINE))
        handles += style.draw_levels(right, levels, least_span=style.LEAST_ACCURACY_SPAN)
    right.legend(handles=handles, fontsize=9, loc="best", handlelength=3)
    return figure


def _loss_panel(axes: Axes, runs: Sequence[Training], colours: Colours) -> None:
    handles = _curves(axes, runs, colours, "epoch", "training_loss_nats_per_char")
    _curves(axes, runs, colours, "epoch", "validation_loss_nats_per_char", dashed=True)
    dashes: dict[str, dict[str, Any]] = {
        "training names": {},
        "held-out names": {"dashes": (DASH / NARROW, GAP / NARROW)},
    }
    handles += [Line2D([], [], color=style.QUIET, linewidth=NARROW, label=one, **how) for one, how in dashes.items()]
    axes.legend(handles=handles, fontsize=9, handlelength=3)
    axes.set_title("Loss against epochs")
    axes.set_xlabel("epoch")
    axes.set_ylabel("loss (nats per character)")
    axes.xaxis.set_major_locator(MaxNLocator(7, integer=True))


def _curves(
    axes: Axes, runs: Sequence[Training], colours: Colours, x: str, y: str, *, step: float = STEP, dashed: bool = False
) -> list[Line2D]:
    """A curve of each run, by columns of its history: the first one is the widest, at the bottom, so that all are seen
    where they coincide.
    """
    lines = []
    step = min(step, (WIDEST - NARROW) / max(len(runs) - 1, 1))
    for place, run in enumerate(runs):
        width = NARROW + step * (len(runs) - 1 - place)
        how: dict[str, Any] = {"dashes": (DASH / width, GAP / width), "dash_capstyle": "butt"} if dashed else {}
        dot = "o" if len(run.history.epoch) == 1 else None  # a line of one epoch has no length
        values = style.line_values(getattr(run.history, y))
        how |= {"color": colours[run.engine], "linewidth": width, "marker": dot, "label": run.engine}
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
        by = "each engine" if len(runs) > 1 else runs[0].engine
        yield Plot(
            f"curves-{number}",
            entry.name,
            f"{network} on {{list}}, by {by}",
            "loss against epochs, and accuracy against seconds",
            partial(curves_figure, runs, entry, _colours(entry, engines)),
        )


def accuracy_plots(entry: ListEntry, engines: Iterable[str] = ()) -> Iterator[Plot]:
    """The accuracy of the networks, for each split."""
    for split in entry.splits:
        yield Plot(
            f"accuracy-{split}",
            entry.name,
            f"Accuracy of the networks on {{list}}, split {split}",
            "beside the n-gram and the ceiling",
            partial(accuracy_figure, entry, split, _colours(entry, engines)),
            "The held-out part alone; the tables have the others.",
        )


def generation_plots(entry: ListEntry, names: int, engines: Iterable[str] = ()) -> Iterator[Plot]:
    """How fast names are drawn, and how long they are; each model drew so many."""
    draw = partial(speed_figure, entry.generation, _colours(entry, engines))
    yield Plot("speed", entry.name, "Names per second, {list}", "by every model and algorithm", draw)
    generated = {network: found.lengths for network, found in entry.generated.items()}
    if entry.facts is not None and generated:
        detail = f"the list, and {names:,} names drawn by each network"
        draw = partial(lengths_figure, entry.facts.lengths, generated, names)
        yield Plot("lengths", entry.name, "Names by their length, {list}", detail, draw)


# --- networks ---------------------------------------------------------------------------------------------------------


BARS: dict[Metric, tuple[float, float]] = {"accuracy_argmax": (-0.2, 1.0), "accuracy_sampled": (0.2, PALE)}


def accuracy_figure(entry: ListEntry, split: SplitName, colours: Colours, *, narrow: bool = False) -> Figure:
    """A panel for each part of the list: both accuracies of every network, with that part's ceiling and n-gram.

    Args:
        entry: the list.
        split: which of its splits.
        colours: of the engines.
        narrow: for a narrow screen: the panel of the held-out part alone.
    """
    networks = entry.networks(split)
    parts: dict[Part, str] = {"held_out": PARTS["held_out"]} if narrow else PARTS
    figure = style.new_figure(NARROW_WIDTH if narrow else WIDTH, 1.75 + 0.4 * len(networks))
    panels = figure.subplots(1, len(parts), sharey=True, sharex=True, squeeze=False)[0]
    engines = [entry.runs(split, network)[0].engine for network in networks]
    bars = [colours[engine] for engine in engines]
    for axes, (part, name) in zip(panels, parts.items(), strict=True):
        for metric, (offset, alpha) in BARS.items():
            found = [entry.values(split, network, part, metric) for network in networks]
            heights = [mean(values) for values in found]
            reach = [[mean(v) - min(v) for v in found], [max(v) - mean(v) for v in found]]
            axes.barh(
                [place + offset for place in range(len(networks))],
                heights,
                height=0.38,
                color=bars,
                alpha=alpha,
                xerr=reach if any(len(values) > 1 for values in found) else None,
                error_kw={"ecolor": style.INK, "elinewidth": 1, "capsize": 2},
            )
            for place, (value, colour) in enumerate(zip(heights, bars, strict=True)):
                ink = style.INK if offset > 0 else style.ON_LIGHT if colour in style.LIGHT_COLOURS else style.PAPER
                axes.text(0.012, place + offset, f"{100 * value:.1f}", color=ink, va="center", fontsize=8.5)
            for who, colour in ((CEILING, style.INK), (BASELINE, style.QUIET)):
                [value] = entry.values(split, who, part, metric)
                axes.axvline(value, color=colour, linewidth=1.3, linestyle="-" if offset < 0 else DASHED)
        axes.set_title(name)
        axes.xaxis.set_major_formatter(style.percent_formatter())
        axes.xaxis.set_major_locator(MultipleLocator(0.2))
        axes.grid(visible=False, axis="y")
    panels[0].set_xlim(0, max(0.7, min(1.0, panels[0].get_xlim()[1])))
    panels[0].set_yticks(range(len(networks)), [network.replace(" (original)", "\n(original)") for network in networks])
    panels[0].set_ylim(len(networks) - 0.4, -0.6)
    panels[len(panels) // 2].set_xlabel("characters that are right")
    likeliest, drawn = (
        ("likeliest (argmax)", "drawn (sampled)")
        if narrow
        else ("the likeliest next character is right (argmax)", "a drawn character is right (sampled)")
    )
    pairs: list[list[Artist]] = [[Patch(color=bars[0], label=likeliest), Patch(color=bars[0], alpha=PALE, label=drawn)]]
    for name, colour in (("ceiling", style.INK), (entry.called(split, BASELINE), style.QUIET)):
        lines: tuple[tuple[str, Any], ...] = ((f"{name}, likeliest", "-"), (f"{name}, drawn", DASHED))
        pairs.append([Line2D([], [], color=colour, linewidth=1.3, linestyle=dash, label=text) for text, dash in lines])
    # A legend fills its columns one after the other: a column for each pair, or one for each of the two accuracies.
    handles = [one for group in (zip(*pairs, strict=True) if narrow else pairs) for one in group]
    figure.legend(handles=handles, loc="outside lower center", ncols=2 if narrow else 3, fontsize=9)
    if len(set(engines)) > 1:
        of_engines = [Patch(color=colours[engine], label=f"by {engine}") for engine in dict.fromkeys(engines)]
        figure.legend(handles=of_engines, loc="outside upper right", ncols=2 if narrow else 6, fontsize=9)
    return figure


# --- generation -------------------------------------------------------------------------------------------------------


def speed_figure(models: Sequence[Generation], colours: Colours, *, narrow: bool = False) -> Figure:
    """Names per second by every model: a ring for one by one, a disc for count-splitting, on a logarithmic axis."""
    labels = [f"{one.model}: {one.network}" for one in models]
    if narrow:
        labels = [fill(label, 20) for label in labels]
    width, height = (NARROW_WIDTH, 0.37) if narrow else (WIDTH, 0.3)  # of each model
    figure = style.new_figure(width, 1.3 + height * len(models))
    axes = figure.add_subplot()
    for place, one in enumerate(models):
        colour = colours[one.engine]
        speeds = {name: generated.names_per_second for name, generated in one.algorithms.items()}
        axes.plot(list(speeds.values()), [place] * len(speeds), color=colour, linewidth=2.5, alpha=PALE, zorder=2)
        slowest = min(speeds, key=lambda name: speeds[name])
        for name, speed in speeds.items():
            ring = name == "one_by_one"
            face = style.PAPER if ring else colour
            axes.plot([speed], [place], marker="o", markersize=8, color=colour, markerfacecolor=face, zorder=3)
            aside, side = (-9, "right") if name == slowest and len(speeds) > 1 else (9, "left")
            where: dict[str, Any] = {"textcoords": "offset points", "ha": side, "va": "center"}
            axes.annotate(whole(speed), (speed, place), (aside, 0), fontsize=9, **where)
    axes.set_xscale("log")
    found = [generated.names_per_second for one in models for generated in one.algorithms.values()]
    room = 12 if narrow else 3  # for the numbers beside the first and the last
    axes.set_xlim(min(found) / room, max(found) * room)
    axes.xaxis.set_major_locator(LogLocator(10, subs=(1,) if narrow else (1, 2, 5)))
    axes.xaxis.set_major_formatter(style.short_formatter() if narrow else style.number_formatter())
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_yticks(range(len(models)), labels, fontsize=8.5 if narrow else 10)
    axes.set_ylim(len(models) - 0.4, -0.6)
    axes.set_xlabel("names per second (logarithmic)")
    handles = [
        Line2D([], [], color=style.QUIET, marker="o", linestyle="", markersize=8, markerfacecolor=style.PAPER),
        Line2D([], [], color=style.QUIET, marker="o", linestyle="", markersize=8),
    ]
    figure.legend(handles, list(ALGORITHMS.values()), loc="outside upper right", ncols=2, fontsize=9)
    return figure


def lengths_figure(of_list: Lengths, generated: Mapping[str, Lengths], names: int, *, narrow: bool = False) -> Figure:
    """The share of names of each length: the list as bars, what each network generates (of so many names) as points."""
    figure = style.new_figure(*((NARROW_WIDTH, 4.4) if narrow else (WIDTH, 4.0)))
    axes = figure.add_subplot()
    original = {int(length): count for length, count in of_list.items()}
    total = sum(original.values())
    last = max(original)
    axes.bar(list(original), [count / total for count in original.values()], color=style.LIST_COLOUR, alpha=0.45)
    markers = "osD^vP*Xhp"
    lanes = len(generated)
    for place, (network, found) in enumerate(generated.items()):
        shift = (place - (lanes - 1) / 2) * min(0.7 / lanes, 0.25)
        axes.plot(
            [length + shift for length in range(1, last + 1)],
            [found.get(str(length), 0) / names for length in range(1, last + 1)],
            linestyle="",
            marker=markers[place % len(markers)],
            markersize=4.5 if last <= 24 and not narrow else 3,
            color=style.ENGINE_COLOURS["numpy"],
            markerfacecolor=style.ENGINE_COLOURS["numpy"] if place % 2 == 0 else style.PAPER,
            label=network,
        )
    axes.set_xlabel("characters of the name")
    axes.set_ylabel("share of the names")
    axes.set_xlim(0.4, last + 0.6)
    axes.xaxis.set_major_locator(MaxNLocator(7 if narrow else 14, integer=True))
    axes.yaxis.set_major_formatter(style.percent_formatter())
    axes.grid(visible=False, axis="x")
    handles = [Patch(color=style.LIST_COLOUR, alpha=0.45, label="the list itself"), *axes.get_lines()]
    columns, size = (2, 8) if narrow else (4, 9)
    figure.legend(handles=handles, loc="outside lower center", ncols=columns, fontsize=size)
    return figure
