"""Plot a list of names, with its letters, the lengths of the names, and the most common names.

``draw_description`` writes a file. For other uses, ``description_figure`` returns the figure, and a separate function
plots each panel.
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
SHORT_RANGE = 24  # a histogram shows all values if there are at most this many
LONG_TAIL_SHARE = 0.005  # the share of the counts that a longer histogram combines into one bar
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
    height_ratios = [1, 1, 1.25] if has_repeats else [1, 1]
    height = 11.5 if has_repeats else 7.4
    figure = style.new_figure(10.0, height)  # inches
    style.write_title(figure, _description_title(description, source), size=13)
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
    _explain_code_points(figure)
    return figure


def _description_title(description: ListDescription, source: str) -> str:
    """Return the title, with the list and the number of its names."""
    name = style.isolated(style.drawable_text(source, 60))
    names = counted(description.entries, "name")
    if description.distinct == description.entries:
        return f"{name}: {names}, none of them twice"
    return f"{name}: {names}, {description.distinct:,} different"


def _explain_code_points(figure: Figure) -> None:
    """Add a note if a label contains a code point instead of a character."""
    if any(style.CODE_POINT in text for text in _tick_texts(figure)):
        note = f"{style.CODE_POINT}… is a character that no font on this machine contains"
        figure.supxlabel(note, fontsize=9, color=style.QUIET)


def _tick_texts(figure: Figure) -> list[str]:
    """Return the labels of all axes."""
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
    shown = list(letters)[:MOST_LETTERS]
    positions = range(len(shown))
    shares = [letters[letter] / total for letter in shown]
    axes.bar(positions, shares, color=style.LIST_COLOUR)
    axes.set_xticks(positions, [style.drawable_text(letter) for letter in shown])
    for label in axes.get_xticklabels():
        is_code_point = style.CODE_POINT in label.get_text()
        label.set_rotation(90 if is_code_point else 0)
    axes.set_xlim(-0.8, max(len(shown), 8) - 0.2)
    axes.set_title(_letters_title(len(letters)))
    axes.set(ylabel="share of all letters", xlabel="letter, uppercase and lowercase combined")
    axes.yaxis.set_major_formatter(style.percent_formatter())
    axes.grid(visible=False, axis="x")


def _letters_title(letter_count: int) -> str:
    if letter_count == 0:
        return "Letters: there are none"
    if letter_count <= MOST_LETTERS:
        return "Letters"
    return f"Letters, the most common {MOST_LETTERS} of {letter_count:,}"


def lengths_panel(axes: Axes, description: ListDescription) -> None:
    """Plot the number of names for each length in characters."""
    _histogram(axes, description.lengths)
    median = style.plain_number(description.median_length)
    axes.set_title(f"Lengths: {description.mean_length:.1f} on average, median {median}")
    axes.set(xlabel="characters per name", ylabel="names, including repeats")


def unique_panel(axes: Axes, description: ListDescription) -> None:
    """Plot how many characters are needed to identify a name in the list."""
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
        repeats: the number of names with each count, highest count first.
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
    """Plot how often whole numbers occur. A long tail is combined into one bar.

    Args:
        axes: the axes to draw on.
        counts: the count of each number.
        never: the height of an additional bar with the label "never", or None for no such bar.
    """
    first = min(counts) if counts else 1
    last = _last_bar(counts) if counts else 1
    values = range(first, last + 1)
    heights = [counts.get(value, 0) for value in values]
    axes.bar(values, heights, width=0.84, color=style.LIST_COLOUR)
    tick_step = math.ceil(len(values) / 12)  # for at most 12 labels
    ticks = {value: str(value) for value in values if value % tick_step == 0}

    right = last
    distance = max(2, round(0.12 * len(values)))  # between the extra bars
    for bar in _extra_bars(counts, last, never):
        right += distance
        _draw_extra_bar(axes, bar, right, distance)
        ticks[right] = bar.text
    axes.set_xticks(list(ticks), list(ticks.values()))
    axes.set_xlim(first - 0.8, max(right, first + 5) + 0.4 * distance)
    _format_counts(axes.yaxis)
    axes.grid(visible=False, axis="x")


def _draw_extra_bar(axes: Axes, bar: _ExtraBar, position: int, distance: int) -> None:
    """Draw a bar at a position. It is wider if the distance between the extra bars is large."""
    width = 0.84 * max(1, distance / 3)
    axes.bar([position], [bar.count], width=width, color=bar.colour)


def _extra_bars(counts: Mapping[int, int], last: int, never: int | None) -> list[_ExtraBar]:
    """Return the bars for the numbers beyond the last one, and for ``never``."""
    bars: list[_ExtraBar] = []
    beyond = sum(count for value, count in counts.items() if value > last)
    if beyond:
        bars.append(_ExtraBar(f"{last + 1}+", beyond, style.LIST_COLOUR))
    if never is not None:
        bars.append(_ExtraBar("never", never, style.QUIET))
    return bars


def _format_counts(axis: Axis) -> None:
    """Label an axis with whole numbers."""
    axis.set_major_formatter(style.number_formatter())
    axis.set_major_locator(MaxNLocator(6, integer=True, steps=[1, 2, 5, 10]))


def _last_bar(counts: Mapping[int, int]) -> int:
    """Return the last value that has a bar: the highest value in a short range, and otherwise the 99.5% quantile."""
    first = min(counts)
    last = max(counts)
    most_in_tail = sum(counts.values()) * LONG_TAIL_SHARE
    names_in_tail = counts[last]
    while last - first >= SHORT_RANGE and names_in_tail <= most_in_tail:
        last -= 1
        names_in_tail += counts.get(last, 0)
    return min(last, first + MOST_BARS - 1)
