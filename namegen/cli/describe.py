"""``namegen describe``: the statistics of a list of names."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from namegen.cli import options
from namegen.cli.display import Display
from namegen.cli.opening import open_list
from namegen.cli.terminal import Notes, counted, json_text, percent, printable, show
from namegen.files import check_output
from namegen.threads import limit_threads

if TYPE_CHECKING:
    from rich.table import Table

    from namegen.core.data.description import ListDescription

DRAWING_ENDINGS = (".png", ".svg")
MAX_ROWS = 15
BLOCK_WIDTH = 38  # two blocks next to each other fill a terminal that is 80 columns wide
BAR_WIDTH = 10
REPEAT_BOUNDS = (1, 2, 3, 10, 100, 1_000, 10_000, 100_000, 2**63)

Row: TypeAlias = tuple[str, int]  # a label and its count


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

    NAMES: {names} Default: mlb-first.
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
        _print(statistics, corpus.source)
    if plot is not None:
        from namegen.drawings.description import draw_description

        with Display(notes, f"drawing {plot}"):
            draw_description(statistics, plot, source=corpus.source)
        notes(f"plot: {plot}")


def _print(statistics: ListDescription, source: str) -> None:
    """Print a summary of the list, and blocks of statistics in two columns if they fit."""
    from rich.columns import Columns

    entries = statistics.entries
    distinct = statistics.distinct
    has_repeats = entries > distinct
    blocks = [
        _block("Length of a name in characters", _ranges(statistics.lengths), entries),
        _block(
            "Most common letters",
            list(statistics.letters.items())[:MAX_ROWS],
            sum(statistics.letters.values()),
        ),
    ]
    if has_repeats:
        common_names = list(statistics.commonest[:MAX_ROWS])
        blocks.append(_block("Most common names", common_names, entries))
        repeats = _repeats(statistics.repeats)
        blocks.append(_block("How often a distinct name occurs", repeats, distinct))
    unique_after = [*_ranges(statistics.unique_after), ("at its end", statistics.never_unique)]
    blocks.append(_block("Characters until a name is unique", unique_after, distinct))
    if statistics.labels:
        labels = list(statistics.labels.items())
        others = labels[MAX_ROWS:]
        if others:
            other_count = sum(count for _, count in others)
            labels[MAX_ROWS:] = [(counted(len(others), "other"), other_count)]
        blocks.append(_block("Labels", labels, entries))
    size = f"{counted(entries, 'name')}, {f'{distinct:,}' if has_repeats else 'all'} distinct"
    mean_length = f"{statistics.mean_length:.1f} characters on average"
    show(
        f"{printable(source)}: {size}; {mean_length}, median {statistics.median_length:g}",
        "",
        Columns(blocks, padding=(0, 4)),
    )


def _block(title: str, rows: Sequence[Row], total: int) -> Table:
    """Make a block with a title. Each row has a label, a count, a percentage of ``total``, and a bar."""
    from rich.bar import Bar
    from rich.table import Table

    block = Table(
        title=title,
        title_style="bold",
        title_justify="left",
        width=BLOCK_WIDTH,
        box=None,
        show_header=False,
        pad_edge=False,
        padding=(0, 2, 0, 0),
    )
    block.add_column(ratio=1, no_wrap=True)
    block.add_column(justify="right", no_wrap=True)
    block.add_column(justify="right", no_wrap=True)
    block.add_column(width=BAR_WIDTH)
    largest_count = max((count for _, count in rows), default=0)
    for label, count in rows:
        bar = Bar(max(largest_count, 1), 0, count)
        share = percent(count / max(total, 1))
        block.add_row(printable(label), f"{count:,}", share, bar)
    block.add_row()  # before the block below
    return block


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
        rows.append((label, sum(histogram.get(value, 0) for value in range(start, end + 1))))
    return rows


def _repeats(repeats: Mapping[int, int]) -> list[Row]:
    """Return a row for the names that occur once, a row for those that occur twice, and so on.

    Args:
        repeats: how many distinct names occur once, twice, and so on.
    """
    rows = []
    for lowest, next_lowest in pairwise(REPEAT_BOUNDS):
        counts = [count for times, count in repeats.items() if lowest <= times < next_lowest]
        if counts:
            several = f"{lowest:,}-{next_lowest - 1:,} times"
            rows.append(({1: "once", 2: "twice"}.get(lowest, several), sum(counts)))
    return rows
