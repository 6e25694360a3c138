"""What a list of names looks like: its letters, its lengths, its commonest names.

A function makes the figure and another one writes it; a report can take the figure, or its panels.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from namegen.core.data.description import ListDescription
from namegen.drawings import style
from namegen.errors import counted

MOST_BARS = 48  # of a histogram, one a value
SHORT_RANGE = 24  # values that a histogram always shows in full
MOST_LETTERS = 36
MOST_NAMES = 15


def draw_description(description: ListDescription, path: Path, *, source: str) -> None:
    """Draw what a list of names looks like; PNG, or SVG by the path's ending.

    Args:
        description: what ``namegen.core.data.description.describe`` counted.
        path: the file.
        source: what the list is called.

    Raises:
        OutputError: the file cannot be written; what was there is kept.
    """
    with style.drawing_style():
        style.save_figure(description_figure(description, source=source), path)


def description_figure(description: ListDescription, *, source: str) -> Figure:
    """The figure behind ``draw_description``; a list without repeats has neither commonest names nor a tail.

    Call it inside ``drawing_style``.
    """
    repeats = description.distinct < description.entries
    figure = style.new_figure(10.0, 11.5 if repeats else 7.4)
    different = f"{description.distinct:,} different" if repeats else "none of them twice"
    title = f"{style.isolated(style.drawable_text(source, 60))}: {counted(description.entries, 'name')}, {different}"
    style.write_title(figure, title, size=13)
    heights = [1, 1, 1.25][: 3 if repeats else 2]
    rows = figure.subfigures(len(heights), 1, squeeze=False, height_ratios=heights)[:, 0]
    letters_panel(rows[0].subplots(), description.letters)
    left, right = rows[1].subplots(1, 2)
    lengths_panel(left, description)
    unique_panel(right, description)
    if repeats:
        left, right = rows[2].subplots(1, 2)
        commonest_panel(left, description.commonest)
        tail_panel(right, description.repeats)
    texts = [
        label.get_text()
        for axes in figure.axes
        for label in (*axes.get_xticklabels(), *axes.get_yticklabels())
    ]
    if any(style.CODE_POINT in text for text in texts):
        text = f"{style.CODE_POINT}… stands for a character that no font of this machine shows"
        figure.supxlabel(text, fontsize=9, color=style.QUIET)
    return figure


def letters_panel(axes: Axes, letters: Mapping[str, int]) -> None:
    """The commonest letters, each with its share of all letters."""
    total = sum(letters.values())
    shown = list(letters.items())[:MOST_LETTERS]
    places = range(len(shown))
    axes.bar(places, [count / total for _, count in shown], color=style.LIST_COLOUR)
    axes.set_xticks(places, [style.drawable_text(letter) for letter, _ in shown])
    for label in axes.get_xticklabels():
        label.set_rotation(90 if style.CODE_POINT in label.get_text() else 0)
    axes.set_xlim(-0.8, max(len(shown), 8) - 0.2)
    cut = (
        f", the commonest {MOST_LETTERS} of {len(letters):,}" if len(letters) > MOST_LETTERS else ""
    )
    axes.set_title(f"Letters{cut}" if shown else "Letters: there are none")
    axes.set(ylabel="share of all letters", xlabel="letter, upper and lower case together")
    axes.yaxis.set_major_formatter(style.percent_formatter())
    axes.grid(visible=False, axis="x")


def lengths_panel(axes: Axes, description: ListDescription) -> None:
    """How many names have how many characters."""
    _histogram(axes, description.lengths)
    median = style.plain_number(description.median_length)
    axes.set_title(f"Lengths: {description.mean_length:.1f} on average, median {median}")
    axes.set(xlabel="characters of the name", ylabel="names, repeats counted")


def unique_panel(axes: Axes, description: ListDescription) -> None:
    """After how many characters a name can be told from all others of the list."""
    _histogram(axes, description.unique_after, last=("never", description.never_unique))
    axes.set(title="Characters until a name is unique", ylabel="different names")
    axes.set_xlabel("first characters; never: another name begins with it")


def commonest_panel(axes: Axes, commonest: Sequence[tuple[str, int]]) -> None:
    """The commonest names, each with its count."""
    shown = commonest[:MOST_NAMES]
    places = range(len(shown))
    bars = axes.barh(places, [count for _, count in shown], color=style.LIST_COLOUR)
    axes.bar_label(
        bars, [f"{count:,}" for _, count in shown], padding=3, fontsize=8.5, color=style.QUIET
    )
    axes.set_yticks(places, [style.drawable_text(name, 24) for name, _ in shown])
    axes.set_ylim(max(len(shown), 5) - 0.4, -0.6)
    axes.margins(x=0.12)
    axes.set(title="Commonest names", xlabel="times in the list")
    _count_ticks(axes.xaxis)
    axes.grid(visible=False, axis="y")


def tail_panel(axes: Axes, repeats: Mapping[int, int]) -> None:
    """The count of each name against its rank: the long tail, both axes logarithmic."""
    ranks, counts, rank = [], [], 0
    for count, names in repeats.items():  # names of one count are a level stretch
        ranks += [rank + 1, rank + names]
        counts += [count, count]
        rank += names
    axes.loglog(ranks, counts, color=style.LIST_COLOUR, marker="o", markersize=3)
    axes.set(xlim=(0.8, max(rank * 1.5, 12)), ylim=(0.8, max(*counts, 8) * 1.5))
    axes.xaxis.set_major_formatter(style.number_formatter())
    axes.yaxis.set_major_formatter(style.number_formatter())
    axes.set_title(f"The long tail: {repeats.get(1, 0):,} of {rank:,} stand once")
    axes.set(xlabel="rank of the name", ylabel="times in the list")


def _histogram(axes: Axes, counts: Mapping[int, int], last: tuple[str, int] | None = None) -> None:
    """Bars over whole numbers; a long thin end goes into one bar, and ``last`` stands apart at the right."""
    first, end = (min(counts), _thin_end(counts)) if counts else (1, 1)
    values = range(first, end + 1)
    axes.bar(
        values, [counts.get(value, 0) for value in values], width=0.84, color=style.LIST_COLOUR
    )
    step, apart = (
        math.ceil(len(values) / 12),
        max(2, round(0.12 * len(values))),
    )  # of labels; of bars at the right
    ticks, right = {value: str(value) for value in values if value % step == 0}, end
    beyond = sum(count for value, count in counts.items() if value > end)
    for text, count, colour in (
        (f"{end + 1}+", beyond, style.LIST_COLOUR),
        *([(*last, style.QUIET)] if last else []),
    ):
        if count or colour == style.QUIET:
            right += apart
            axes.bar([right], [count], width=0.84 * max(1, apart / 3), color=colour)
            ticks[right] = text
    axes.set_xticks(list(ticks), list(ticks.values()))
    axes.set_xlim(first - 0.8, max(right, first + 5) + 0.4 * apart)
    _count_ticks(axes.yaxis)
    axes.grid(visible=False, axis="x")


def _count_ticks(axis: Axis) -> None:
    axis.set_major_formatter(style.number_formatter())
    axis.set_major_locator(MaxNLocator(6, integer=True, steps=[1, 2, 5, 10]))


def _thin_end(counts: Mapping[int, int]) -> int:
    """The value up to which single bars are worth their place: all of a short range, else 99.5 % of the counts."""
    first, last = min(counts), max(counts)
    left = sum(counts.values()) * 0.005
    while last - first >= SHORT_RANGE and left >= counts.get(last, 0):
        left -= counts.get(last, 0)
        last -= 1
    return min(last, first + MOST_BARS - 1)
