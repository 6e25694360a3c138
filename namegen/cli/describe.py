"""``namegen describe``: the statistics of a list of names."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, zip_longest
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from namegen.cli import options
from namegen.cli.display import Display
from namegen.cli.opening import open_list
from namegen.cli.terminal import Notes, cells, columns, counted, json_text, percent, printable
from namegen.files import check_output
from namegen.threads import limit_threads

if TYPE_CHECKING:
    from namegen.core.data.description import ListDescription

DRAWING_ENDINGS = (".png", ".svg")
MAX_ROWS = 15
BLOCK_WIDTH = 38  # two blocks side by side fill a terminal that is 80 columns wide
GAP_WIDTH = 4  # between two blocks
MAX_BAR = 14
MIN_BAR = 6
REPEAT_BOUNDS = (1, 2, 3, 10, 100, 1_000, 10_000, 100_000, 2**63)

Row: TypeAlias = tuple[str, int]  # a label and its count
Block: TypeAlias = list[str]  # lines


@options.command("namegen describe companies", "namegen describe friends.txt --plot friends.svg")
@click.argument("names", required=False)
@options.list_options
@click.option(
    "--plot",
    type=options.OutFile(*DRAWING_ENDINGS),
    metavar="FILE",
    help="Also plot the statistics as a .png or .svg file.",
)
@click.option("--force", is_flag=True, help="Overwrite FILE if it exists.")
@options.common
def describe(
    names: str | None, plot: Path | None, force: bool, as_json: bool, notes: Notes, **how: Any
) -> None:
    """Show statistics of a list of names.

    The statistics cover the lengths, the letters, the most common names, the repeats and the labels. They also show how
    many characters it takes to tell a name from all others.

    NAMES: a file, - for standard input, or a built-in list (see `namegen lists`). Default: mlb-first.
    """
    if force and plot is None:
        raise click.UsageError(
            "--force has an effect only with --plot: add --plot, or remove --force"
        )
    limit_threads(1)
    if plot is not None:
        check_output(plot, example=f"description{plot.suffix}", force=force)
    corpus = open_list(names, notes, **how)
    from namegen.core.data import description

    with Display(notes, f"describing {corpus.source}"):
        statistics = description.describe(corpus.names, corpus.labels)
    if as_json:
        click.echo(json_text(statistics.to_dict()))
    else:
        click.echo(_text(statistics, corpus.source))
    if plot is not None:
        _draw(statistics, plot, corpus.source, notes)


def _draw(statistics: ListDescription, plot: Path, source: str, notes: Notes) -> None:
    """Plot the statistics and save the plot to a file."""
    from namegen.drawings.description import draw_description

    with Display(notes, f"drawing {plot}"):
        draw_description(statistics, plot, source=source)
    notes(f"plot: {printable(str(plot))}")


# --- text -------------------------------------------------------------------------------------------------------------


def _text(statistics: ListDescription, source: str) -> str:
    """Format the statistics as blocks in two columns, or in one column in a narrow terminal."""
    heading = _heading(statistics, source)
    blocks = _blocks(statistics)
    is_narrow = columns() < 2 * BLOCK_WIDTH + GAP_WIDTH
    if is_narrow:
        return "\n\n".join([fill(heading, columns()), *map("\n".join, blocks)])
    return "\n\n".join([heading, *_pairs_side_by_side(blocks)])


def _heading(statistics: ListDescription, source: str) -> str:
    """Summarize the list in one line: its number of names, and their mean and median length."""
    names = counted(statistics.entries, "name")
    has_repeats = statistics.entries > statistics.distinct
    distinct_names = f"{statistics.distinct:,}" if has_repeats else "all"
    mean_length = f"{statistics.mean_length:.1f} characters on average"
    median_length = f"median {statistics.median_length:g}"
    size = f"{names}, {distinct_names} distinct"
    return f"{printable(source)}: {size}; {mean_length}, {median_length}"


def _pairs_side_by_side(blocks: Sequence[Block]) -> list[str]:
    """Place the first block next to the second, the third next to the fourth, and so on."""
    no_block: Block = []
    pairs = zip_longest(blocks[::2], blocks[1::2], fillvalue=no_block)
    return [_side_by_side(left, right) for left, right in pairs]


def _side_by_side(left_block: Block, right_block: Block) -> str:
    """Join two blocks line by line. The left one is padded to ``BLOCK_WIDTH``."""
    lines = []
    gap = " " * GAP_WIDTH
    for left, right in zip_longest(left_block, right_block, fillvalue=""):
        line = _cut_or_padded(left, BLOCK_WIDTH) + gap + right
        lines.append(line.rstrip())
    return "\n".join(lines)


def _cut_or_padded(text: str, width: int) -> str:
    """Cut or pad a string to a number of terminal columns. Some characters take two columns."""
    from rich.cells import set_cell_size

    if cells(text) <= width:
        return set_cell_size(text, width)
    return set_cell_size(text, width - 1) + "…"


# --- blocks -----------------------------------------------------------------------------------------------------------


def _blocks(statistics: ListDescription) -> list[Block]:
    """Return the blocks of statistics. A list without repeats or labels has no blocks for them."""
    entries = statistics.entries
    distinct = statistics.distinct
    letters = list(statistics.letters.items())
    letter_count = sum(statistics.letters.values())
    blocks = [
        _block("Length of a name in characters", _ranges(statistics.lengths), entries),
        _block("Most common letters", letters[:MAX_ROWS], letter_count),
    ]
    if entries > distinct:
        common_names = list(statistics.commonest[:MAX_ROWS])
        blocks.append(_block("Most common names", common_names, entries))
        repeats = _repeats(statistics.repeats)
        blocks.append(_block("How often a distinct name occurs", repeats, distinct))
    blocks.append(_block("Characters until a name is unique", _unique_after(statistics), distinct))
    if statistics.labels:
        blocks.append(_block("Labels", _labels(statistics.labels), entries))
    return blocks


def _block(title: str, rows: Sequence[Row], total: int) -> Block:
    """Format a title and the rows. Each row has a label, a count, a percentage of ``total``, and a bar."""
    layout = _Layout.of(rows)
    largest_count = max((count for _, count in rows), default=0)
    lines = [title]
    for label, count in rows:
        shown_label = _cut_or_padded(printable(label), layout.label_width)
        number = f"{count:,}".rjust(layout.number_width)
        share = percent(count / max(total, 1)).rjust(6)
        bar_length = round(layout.bar_width * count / max(largest_count, 1))
        bar = _bar_character() * bar_length
        lines.append(f"{shown_label}  {number}  {share}  {bar}".rstrip())
    return lines


@dataclass(frozen=True)
class _Layout:
    """The widths of a block's columns."""

    label_width: int
    number_width: int
    bar_width: int

    @classmethod
    def of(cls, rows: Sequence[Row]) -> _Layout:
        """Choose column widths that make the block at most ``BLOCK_WIDTH`` wide. Labels that are too long are cut."""
        longest_label = max((cells(printable(label)) for label, _ in rows), default=0)
        number_width = max((len(f"{count:,}") for _, count in rows), default=0)
        width_left = BLOCK_WIDTH - number_width - len("    100.0%  ")  # for the label and the bar
        label_width = min(longest_label, width_left - MIN_BAR)
        bar_width = min(width_left - label_width, MAX_BAR)
        return cls(label_width, number_width, bar_width)


def _bar_character() -> str:
    has_unicode = "utf" in (sys.stdout.encoding or "").lower()
    return "█" if has_unicode else "#"


def _ranges(histogram: Mapping[int, int]) -> list[Row]:
    """Group a histogram of whole numbers into at most ``MAX_ROWS`` ranges of equal width, with a row for each."""
    if not histogram:
        return []
    lowest = min(histogram)
    highest = max(histogram)
    width = math.ceil((highest - lowest + 1) / MAX_ROWS)
    rows = []
    for start in range(lowest, highest + 1, width):
        end = min(start + width - 1, highest)
        label = f"{start}" if start == end else f"{start}-{end}"
        count = sum(histogram.get(value, 0) for value in range(start, end + 1))
        rows.append((label, count))
    return rows


def _unique_after(statistics: ListDescription) -> list[Row]:
    """Count the names that become unique after one character, after two characters, and so on."""
    return [*_ranges(statistics.unique_after), ("only at its end", statistics.never_unique)]


def _repeats(repeats: Mapping[int, int]) -> list[Row]:
    """Return a row for the names that occur once, a row for those that occur twice, and so on.

    Args:
        repeats: how many distinct names occur once, twice, and so on.
    """
    rows = []
    for lowest, next_lowest in pairwise(REPEAT_BOUNDS):
        counts = [count for times, count in repeats.items() if lowest <= times < next_lowest]
        if counts:
            rows.append((_times(lowest, next_lowest - 1), sum(counts)))
    return rows


def _times(low: int, high: int) -> str:
    """Describe how often a name occurs.

    >>> _times(1, 1), _times(2, 2), _times(3, 9)
    ('once', 'twice', '3-9 times')
    """
    if low == 1:
        return "once"
    if low == 2:
        return "twice"
    return f"{low:,}-{high:,} times"


def _labels(labels: Mapping[str, int]) -> list[Row]:
    """Return the most frequent labels, followed by one row for all other labels."""
    rows = list(labels.items())
    shown = rows[:MAX_ROWS]
    others = rows[MAX_ROWS:]
    if others:
        count = sum(count for _, count in others)
        shown.append((counted(len(others), "other"), count))
    return shown
