"""``namegen describe``: the statistics of a list of names."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from namegen.cli import options
from namegen.cli.commands import command
from namegen.cli.display import Display
from namegen.cli.opening import open_list
from namegen.cli.terminal import counted, note, percent, printable, show_result, table
from namegen.files import check_output

if TYPE_CHECKING:
    from rich.console import RenderableType

    from namegen.core.data.description import ListDescription

DRAWING_ENDINGS = (".png", ".svg")
MAX_ROWS = 15
BLOCK_WIDTH = 38  # two blocks next to each other fill a terminal that is 80 columns wide
BAR_WIDTH = 10
REPEAT_BOUNDS = (1, 2, 3, 10, 100, 1_000, 10_000, 100_000, 2**63)

Counts: TypeAlias = dict[str, int]  # label → count


@command("namegen describe companies", "namegen describe friends.txt --plot friends.svg")
@click.argument("names", required=False)
@options.list_options
@click.option(
    "--plot",
    type=options.OutFile(*DRAWING_ENDINGS),
    metavar="FILE",
    help="Also plot the statistics as a .png or .svg file.",
)
@options.force
@options.common
def describe(names: str | None, plot: Path | None, force: bool, as_json: bool, **how: Any) -> None:
    """Show statistics of a list of names.

    The statistics cover the lengths, the letters, the most common names, the repeats and the labels. They also show how
    many characters it takes to tell a name from all others.

    NAMES: {names} Default: mlb-first.
    """
    if force and plot is None:
        raise click.UsageError(
            "--force has an effect only with --plot: add --plot, or remove --force"
        )
    if plot is not None:
        check_output(plot, example=f"description{plot.suffix}", force=force)
    corpus = open_list(names, **how)
    from namegen.core.data import description

    with Display(f"describing {corpus.source}"):
        statistics = description.describe(corpus.names, corpus.labels)
    show_result(as_json, statistics.to_dict(), *_summary(statistics, corpus.source))
    if plot is not None:
        from namegen.drawings.description import draw_description

        with Display(f"drawing {plot}"):
            draw_description(statistics, plot, source=corpus.source)
        note(f"plot: {plot}")


def _summary(statistics: ListDescription, source: str) -> list[RenderableType]:
    """Return one line about the list, and blocks of statistics, which are in two columns if they fit."""
    from rich.columns import Columns

    entries = statistics.entries
    distinct = statistics.distinct
    has_repeats = entries > distinct
    blocks = [
        _block("Length of a name in characters", _ranges(statistics.lengths), entries),
        _block("Most common letters", statistics.letters, sum(statistics.letters.values())),
    ]
    if has_repeats:
        # How many distinct names occur once, twice, and so on.
        repeats: Counts = {}
        for lowest, next_lowest in pairwise(REPEAT_BOUNDS):
            label = {1: "once", 2: "twice"}.get(lowest, f"{lowest:,}-{next_lowest - 1:,} times")
            names = [
                count
                for times, count in statistics.repeats.items()
                if lowest <= times < next_lowest
            ]
            if names:
                repeats[label] = sum(names)
        blocks.append(_block("Most common names", dict(statistics.commonest), entries))
        blocks.append(_block("How often a distinct name occurs", repeats, distinct))
    unique_after = _ranges(statistics.unique_after) | {"at its end": statistics.never_unique}
    blocks.append(_block("Characters until a name is unique", unique_after, distinct))
    if statistics.labels:
        labels = dict(list(statistics.labels.items())[:MAX_ROWS])
        others = len(statistics.labels) - len(labels)
        if others:
            labels[counted(others, "other")] = sum(statistics.labels.values()) - sum(
                labels.values()
            )
        blocks.append(_block("Labels", labels, entries))
    size = f"{counted(entries, 'name')}, {f'{distinct:,}' if has_repeats else 'all'} distinct"
    mean_length = f"{statistics.mean_length:.1f} characters on average"
    heading = f"{printable(source)}: {size}; {mean_length}, median {statistics.median_length:g}"
    return [heading, "", Columns(blocks, padding=(0, 4))]


def _block(title: str, counts: Mapping[str, int], total: int) -> RenderableType:
    """Make a block with a title. Each row has a label, a count, a percentage of ``total``, and a bar."""
    from rich.bar import Bar

    largest_count = max(counts.values(), default=1)
    rows: list[tuple[RenderableType, ...]] = []
    for label, count in list(counts.items())[: MAX_ROWS + 1]:  # the last one may be "12 others"
        bar = Bar(max(largest_count, 1), 0, count, width=BAR_WIDTH)
        rows.append((printable(label), f"{count:,}", percent(count / max(total, 1)), bar))
    block = table([*rows, ("",)])  # the last row separates this block from the next one
    block.title = title
    block.title_style = "bold"
    block.title_justify = "left"
    block.width = BLOCK_WIDTH
    block.columns[0].ratio = 1
    return block


def _ranges(histogram: Mapping[int, int]) -> Counts:
    """Group a histogram of whole numbers into at most ``MAX_ROWS`` ranges of equal width, with a label for each."""
    if not histogram:
        return {}
    lowest = min(histogram)
    highest = max(histogram)
    width = math.ceil((highest - lowest + 1) / MAX_ROWS)
    ranges: Counts = {}
    for start in range(lowest, highest + 1, width):
        end = min(start + width - 1, highest)
        label = f"{start}" if start == end else f"{start}-{end}"
        ranges[label] = sum(histogram.get(value, 0) for value in range(start, end + 1))
    return ranges
