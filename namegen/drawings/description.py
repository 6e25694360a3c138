"""Plot a list of names, with its letters, the lengths of the names, and the most common names."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from namegen.core.data.description import ListDescription
from namegen.drawings import style
from namegen.errors import counted

MOST_BARS = 40  # of a histogram; larger values are combined into one bar
MOST_LETTERS = 36
MOST_NAMES = 15


def draw_description(description: ListDescription, path: Path, *, source: str) -> None:
    """Plot a list of names and save the figure to a file.

    Args:
        description: the description of the list, from ``namegen.core.data.description.describe``.
        path: the output file. Its format is SVG if its name ends in ``.svg``, and PNG otherwise.
        source: the name of the list.

    Raises:
        OutputError: the file can't be written. Its previous content is preserved.
    """
    with style.drawing_style():
        style.save_figure(description_figure(description, source=source), path)


def description_figure(description: ListDescription, *, source: str) -> Figure:
    """Plot a list of names. Call it inside ``drawing_style``.

    The most common names and the long tail are shown only if some names occur more than once.

    Args:
        description: the description of the list.
        source: the name of the list.
    """
    has_repeats = description.distinct < description.entries
    different = f"{description.distinct:,} different" if has_repeats else "none of them twice"
    height_ratios = [1, 1, 1.25] if has_repeats else [1, 1]
    figure = style.new_figure(10.0, 11.5 if has_repeats else 7.4)  # inches
    names = counted(description.entries, "name")
    style.write_title(figure, f"{style.drawable_text(source, 60)}: {names}, {different}")
    grid = figure.subfigures(len(height_ratios), 1, squeeze=False, height_ratios=height_ratios)
    rows = grid[:, 0]

    # The most common letters and their shares of all letters.
    axes = rows[0].subplots()
    letter_count = len(description.letters)
    letters = list(description.letters)[:MOST_LETTERS]
    total = sum(description.letters.values())
    axes.bar(
        range(len(letters)),
        [description.letters[letter] / total for letter in letters],
        color=style.LIST_COLOUR,
    )
    axes.set_xticks(range(len(letters)), [style.drawable_text(letter) for letter in letters])
    for label in axes.get_xticklabels():
        if style.CODE_POINT in label.get_text():
            label.set_rotation(90)
    axes.set_xlim(-0.8, max(len(letters), 8) - 0.2)
    title = "Letters"
    if letter_count > MOST_LETTERS:
        title += f", the most common {MOST_LETTERS} of {letter_count:,}"
    axes.set_title(title)
    axes.set(ylabel="share of all letters", xlabel="letter, uppercase and lowercase combined")
    axes.yaxis.set_major_formatter(style.percent_formatter())
    axes.grid(visible=False, axis="x")

    # The number of names of each length, and how many characters are needed to identify a name.
    left, right = rows[1].subplots(1, 2)
    _histogram(left, description.lengths)
    median = style.plain_number(description.median_length)
    left.set_title(f"Lengths: {description.mean_length:.1f} on average, median {median}")
    left.set(xlabel="characters per name", ylabel="names, including repeats")
    _histogram(right, description.unique_after, never=description.never_unique)
    right.set(title="Characters until a name is unique", ylabel="different names")
    right.set_xlabel("first characters; never: another name starts with it")

    if has_repeats:
        left, right = rows[2].subplots(1, 2)
        _plot_most_common(left, description)
        _plot_tail(right, description.repeats)

    return figure


def _plot_most_common(axes: Axes, description: ListDescription) -> None:
    """Plot the most common names."""
    commonest = description.commonest[:MOST_NAMES]
    bars = axes.barh(
        range(len(commonest)), [count for _, count in commonest], color=style.LIST_COLOUR
    )
    axes.bar_label(bars, [f"{count:,}" for _, count in commonest], padding=3, color=style.QUIET)
    axes.set_yticks(range(len(commonest)), [style.drawable_text(name, 24) for name, _ in commonest])
    axes.set_ylim(max(len(commonest), 5) - 0.4, -0.6)  # the first name at the top
    axes.margins(x=0.12)
    axes.set(title="Most common names", xlabel="times in the list")
    axes.xaxis.set_major_formatter(style.number_formatter())
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.grid(visible=False, axis="y")


def _plot_tail(axes: Axes, repeats: Mapping[int, int]) -> None:
    """Plot the count of each name against its rank, on logarithmic axes."""
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


def _histogram(axes: Axes, counts: Mapping[int, int], *, never: int | None = None) -> None:
    """Plot how often whole numbers occur. A long tail is combined into one bar.

    Args:
        axes: the axes to draw on.
        counts: the count of each number.
        never: the height of an additional bar with the label "never", or None for no such bar.
    """
    first = min(counts, default=1)
    last = min(max(counts, default=1), first + MOST_BARS - 1)
    beyond = sum(count for value, count in counts.items() if value > last)
    values = range(first, last + 1)
    axes.bar(
        values, [counts.get(value, 0) for value in values], width=0.84, color=style.LIST_COLOUR
    )
    tick_step = math.ceil(len(values) / 12)  # for at most 12 labels
    ticks = {value: str(value) for value in values if value % tick_step == 0}

    # Bars to the right of the histogram.
    right = last
    distance = max(2, round(0.12 * len(values)))
    width = 0.84 * max(1, distance / 3)
    if beyond:
        right += distance
        ticks[right] = f"{last + 1}+"
        axes.bar([right], [beyond], width=width, color=style.LIST_COLOUR)
    if never is not None:
        right += distance
        ticks[right] = "never"
        axes.bar([right], [never], width=width, color=style.QUIET)
    axes.set_xticks(list(ticks), list(ticks.values()))
    axes.set_xlim(first - 0.8, max(right, first + 5) + 0.4 * distance)
    axes.yaxis.set_major_formatter(style.number_formatter())
    axes.yaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.grid(visible=False, axis="x")
