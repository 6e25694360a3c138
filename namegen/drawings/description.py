"""Plot a list of names: its letters, the lengths of the names, and the most common names.

``draw_description`` writes a file. For other uses, ``description_figure`` returns the figure, and each panel has a
function.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from namegen.core.data.description import ListDescription
from namegen.drawings import style
from namegen.errors import counted

MOST_BARS = 48  # bars of a histogram, one per value
SHORT_RANGE = 24  # a histogram with at most this many values shows all of them
LONG_TAIL_SHARE = 0.005  # of the counts, which a histogram with more values combines in one bar
MOST_LETTERS = 36
MOST_NAMES = 15


def draw_description(description: ListDescription, path: Path, *, source: str) -> None:
    """Plot a list of names into a file.

    Args:
        description: the description of the list, from ``namegen.core.data.description.describe``.
        path: the file, SVG if its name ends in ``.svg``, PNG otherwise.
        source: the name of the list.

    Raises:
        OutputError: the file can't be written; its previous content is kept.
    """
    with style.drawing_style():
        style.save_figure(description_figure(description, source=source), path)


def description_figure(description: ListDescription, *, source: str) -> Figure:
    """Plot a list of names; call it inside ``drawing_style``.

    The most common names and the long tail are shown only if some names occur more than once.

    Args:
        description: the description of the list.
        source: the name of the list.
    """
    has_repeats = description.distinct < description.entries
    height_ratios = [1, 1, 1.25] if has_repeats else [1, 1]
    figure = style.new_figure(10.0, 11.5 if has_repeats else 7.4)  # inches
    different = f"{description.distinct:,} different" if has_repeats else "none of them twice"
    name = style.isolated(style.drawable_text(source, 60))
    title = f"{name}: {counted(description.entries, 'name')}, {different}"
    style.write_title(figure, title, size=13)
    grid = figure.subfigures(len(height_ratios), 1, squeeze=False, height_ratios=height_ratios)
    rows = grid[:, 0]
    letters_panel(rows[0].subplots(), description.letters)
    left, right = rows[1].subplots(1, 2)
    lengths_panel(left, description)
    unique_panel(right, description)
    if has_repeats:
        left, right = rows[2].subplots(1, 2)
        commonest_panel(left, description.commonest)
        tail_panel(right, description.repeats)
    if any(style.CODE_POINT in text for text in _tick_texts(figure)):
        note = f"{style.CODE_POINT}… is a character that no font on this machine contains"
        figure.supxlabel(note, fontsize=9, color=style.QUIET)
    return figure


def _tick_texts(figure: Figure) -> list[str]:
    texts: list[str] = []
    for axes in figure.axes:
        texts += [label.get_text() for label in axes.get_xticklabels()]
        texts += [label.get_text() for label in axes.get_yticklabels()]
    return texts


def letters_panel(axes: Axes, letters: Mapping[str, int]) -> None:
    """Plot the most common letters and their shares of all letters.

    Args:
        axes: the axes to draw on.
        letters: the count of each letter, most common first.
    """
    total = sum(letters.values())
    shown = list(letters.items())[:MOST_LETTERS]
    positions = range(len(shown))
    axes.bar(positions, [count / total for _, count in shown], color=style.LIST_COLOUR)
    axes.set_xticks(positions, [style.drawable_text(letter) for letter, _ in shown])
    for label in axes.get_xticklabels():
        label.set_rotation(90 if style.CODE_POINT in label.get_text() else 0)
    axes.set_xlim(-0.8, max(len(shown), 8) - 0.2)
    title = "Letters"
    if not shown:
        title = "Letters: there are none"
    elif len(letters) > MOST_LETTERS:
        title = f"Letters, the most common {MOST_LETTERS} of {len(letters):,}"
    axes.set_title(title)
    axes.set(ylabel="share of all letters", xlabel="letter, uppercase and lowercase combined")
    axes.yaxis.set_major_formatter(style.percent_formatter())
    axes.grid(visible=False, axis="x")


def lengths_panel(axes: Axes, description: ListDescription) -> None:
    """Plot how many names have how many characters."""
    _histogram(axes, description.lengths)
    median = style.plain_number(description.median_length)
    axes.set_title(f"Lengths: {description.mean_length:.1f} on average, median {median}")
    axes.set(xlabel="characters per name", ylabel="names, including repeats")


def unique_panel(axes: Axes, description: ListDescription) -> None:
    """Plot how many characters identify a name among all names of the list."""
    _histogram(axes, description.unique_after, never=description.never_unique)
    axes.set(title="Characters until a name is unique", ylabel="different names")
    axes.set_xlabel("first characters; never: another name starts with it")


def commonest_panel(axes: Axes, commonest: Sequence[tuple[str, int]]) -> None:
    """Plot the most common names.

    Args:
        axes: the axes to draw on.
        commonest: the names and their counts, most common first.
    """
    shown = commonest[:MOST_NAMES]
    positions = range(len(shown))
    bars = axes.barh(positions, [count for _, count in shown], color=style.LIST_COLOUR)
    labels = [f"{count:,}" for _, count in shown]
    axes.bar_label(bars, labels, padding=3, fontsize=8.5, color=style.QUIET)
    axes.set_yticks(positions, [style.drawable_text(name, 24) for name, _ in shown])
    axes.set_ylim(max(len(shown), 5) - 0.4, -0.6)  # the first name at the top
    axes.margins(x=0.12)
    axes.set(title="Most common names", xlabel="times in the list")
    _format_counts(axes.xaxis)
    axes.grid(visible=False, axis="y")


def tail_panel(axes: Axes, repeats: Mapping[int, int]) -> None:
    """Plot the count of each name against its rank, on logarithmic axes.

    Args:
        axes: the axes to draw on.
        repeats: how many names have each count, highest count first.
    """
    ranks = []
    counts = []
    rank = 0
    for count, name_count in repeats.items():  # a horizontal line for names with the same count
        ranks += [rank + 1, rank + name_count]
        counts += [count, count]
        rank += name_count
    axes.loglog(ranks, counts, color=style.LIST_COLOUR, marker="o", markersize=3)
    axes.set(xlim=(0.8, max(rank * 1.5, 12)), ylim=(0.8, max(*counts, 8) * 1.5))
    axes.xaxis.set_major_formatter(style.number_formatter())
    axes.yaxis.set_major_formatter(style.number_formatter())
    axes.set_title(f"The long tail: {repeats.get(1, 0):,} of {rank:,} occur once")
    axes.set(xlabel="rank of the name", ylabel="times in the list")


@dataclass(frozen=True)
class _ExtraBar:
    """A bar to the right of a histogram."""

    text: str  # its label
    count: int  # its height
    colour: str


def _histogram(axes: Axes, counts: Mapping[int, int], *, never: int | None = None) -> None:
    """Plot counts of whole numbers; a long tail becomes one bar, and ``never`` another one."""
    first = min(counts) if counts else 1
    last = _last_bar(counts) if counts else 1
    values = range(first, last + 1)
    heights = [counts.get(value, 0) for value in values]
    axes.bar(values, heights, width=0.84, color=style.LIST_COLOUR)
    tick_step = math.ceil(len(values) / 12)  # for at most 12 labels
    ticks = {value: str(value) for value in values if value % tick_step == 0}

    extra_bars: list[_ExtraBar] = []
    beyond = sum(count for value, count in counts.items() if value > last)
    if beyond:
        extra_bars.append(_ExtraBar(f"{last + 1}+", beyond, style.LIST_COLOUR))
    if never is not None:
        extra_bars.append(_ExtraBar("never", never, style.QUIET))
    distance = max(2, round(0.12 * len(values)))  # between the extra bars
    right = last
    for bar in extra_bars:
        right += distance
        axes.bar([right], [bar.count], width=0.84 * max(1, distance / 3), color=bar.colour)
        ticks[right] = bar.text
    axes.set_xticks(list(ticks), list(ticks.values()))
    axes.set_xlim(first - 0.8, max(right, first + 5) + 0.4 * distance)
    _format_counts(axes.yaxis)
    axes.grid(visible=False, axis="x")


def _format_counts(axis: Axis) -> None:
    """Label an axis with whole numbers."""
    axis.set_major_formatter(style.number_formatter())
    axis.set_major_locator(MaxNLocator(6, integer=True, steps=[1, 2, 5, 10]))


def _last_bar(counts: Mapping[int, int]) -> int:
    """The last value with its own bar: the highest one in a short range, else the 99.5% quantile."""
    first = min(counts)
    last = max(counts)
    tail_count = sum(counts.values()) * LONG_TAIL_SHARE  # names that may still join the tail
    while last - first >= SHORT_RANGE and tail_count >= counts.get(last, 0):
        tail_count -= counts.get(last, 0)
        last -= 1
    return min(last, first + MOST_BARS - 1)
