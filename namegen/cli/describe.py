"""``namegen lists``, ``models`` and ``configs`` show built-in data; ``describe`` shows the statistics of a list."""

from __future__ import annotations

import math
import sys
from collections.abc import Container, Mapping, Sequence
from itertools import pairwise, zip_longest
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any

import click

from namegen.cli import options
from namegen.cli.display import Display
from namegen.cli.options import open_list
from namegen.cli.terminal import (
    Notes,
    cells,
    columns,
    counted,
    described,
    json_text,
    percent,
    printable,
)
from namegen.files import check_output, is_file
from namegen.threads import limit_threads

if TYPE_CHECKING:
    from namegen.core.checkpoint.checkpoint import Checkpoint
    from namegen.core.data.description import ListDescription

DRAWING_ENDINGS = (".png", ".svg")
MAX_ROWS = 15
BLOCK_WIDTH = 38  # two blocks side by side fill a terminal of 80 columns
GAP_WIDTH = 4  # between two blocks
MAX_BAR = 14
MIN_BAR = 6
REPEAT_BOUNDS = (1, 2, 3, 10, 100, 1_000, 10_000, 100_000, 2**63)

Row = tuple[str, int]  # a label and its count
Block = list[str]  # lines


# --- built-in data ----------------------------------------------------------------------------------------------------


@options.command("namegen lists", "namegen train companies")
@options.common
def lists(as_json: bool, notes: Notes) -> None:
    """List the built-in lists of names. You can use their names wherever a command takes NAMES."""
    limit_threads(1)
    from namegen.lists import BUNDLED, load_bundled

    sizes = {name: len(load_bundled(name).names) for name in BUNDLED}
    if as_json:
        entries = [
            {
                "name": name,
                "names": sizes[name],
                "description": bundled.description,
                "licence": bundled.licence,
                "credit": bundled.credit,
            }
            for name, bundled in BUNDLED.items()
        ]
        click.echo(json_text({"lists": entries}))
        return
    width = max(map(len, BUNDLED))
    for name, bundled in BUNDLED.items():
        heading = f"{name.ljust(width)}  {sizes[name]:>6,}"
        click.echo(described(heading, bundled.description, bundled.licence))


@options.command("namegen models", "namegen generate taverns")
@options.common
def models(as_json: bool, notes: Notes) -> None:
    """List the built-in models and their labels. You can use their names wherever a command takes MODEL."""
    limit_threads(1)
    from namegen import api
    from namegen.models import SHIPPED, shipped_path

    paths = {name: shipped_path(name) for name in SHIPPED}
    checkpoints = {
        name: api.read_checkpoint(path) for name, path in paths.items() if is_file(path, None)
    }
    if as_json:
        entries = [_model_entry(name, checkpoint) for name, checkpoint in checkpoints.items()]
        click.echo(json_text({"models": entries}))
        return
    click.echo(_model_groups(checkpoints))
    for name, checkpoint in checkpoints.items():
        if checkpoint.labels:
            click.echo(f"\n{_label_paragraph(name, checkpoint)}")


def _model_entry(name: str, checkpoint: Checkpoint) -> dict[str, object]:
    """A model in the JSON output."""
    from namegen.lists import BUNDLED
    from namegen.models import GROUP_OF, TITLES

    return {
        "name": name,
        "title": TITLES[name],
        "group": GROUP_OF[name],
        "description": BUNDLED[name].description,
        "network": checkpoint.network.to_dict(),
        "training": dict(checkpoint.training),
        "labels": {label.name: label.names for label in checkpoint.labels},
    }


def _model_groups(names: Container[str]) -> str:
    """The models with their descriptions, group by group."""
    from namegen.lists import BUNDLED
    from namegen.models import GROUPS, SHIPPED

    width = max(map(len, SHIPPED))
    groups = []
    for group, titles in GROUPS.items():
        lines = [group]
        for name in titles:
            if name in names:
                lines.append(described(f"  {name.ljust(width)}", BUNDLED[name].description))
        groups.append("\n".join(lines))
    return "\n\n".join(groups)


def _label_paragraph(name: str, checkpoint: Checkpoint) -> str:
    """The labels of a model, part by part."""
    from namegen.core.data.label_parts import by_part

    parts = []
    for part in by_part({label.name: label.names for label in checkpoint.labels}):
        values = filter(None, sorted(part))
        parts.append(printable(", ".join(values)))
    return fill(f"labels of {name}: {'; '.join(parts)}", columns(), subsequent_indent="  ")


@options.command("namegen configs", "namegen train --config blog-rnn32-first")
@options.common
def configs(as_json: bool, notes: Notes) -> None:
    """List the built-in settings files. You can use their names wherever a command takes CONFIG."""
    from namegen.bundled_configs import bundled_configs

    bundled = bundled_configs()
    if as_json:
        entries = [
            {
                "name": name,
                "command": "sweep" if config.is_sweep else "train",
                "description": config.description,
            }
            for name, config in bundled.items()
        ]
        click.echo(json_text({"configs": entries}))
        return
    width = max(map(len, bundled))
    headings = {False: "namegen train --config CONFIG", True: "\nnamegen sweep CONFIG"}
    for is_sweep, heading in headings.items():
        click.echo(heading)
        for name, config in bundled.items():
            if config.is_sweep == is_sweep:
                click.echo(described(f"  {name.ljust(width)}", config.description))


# --- statistics of a list ---------------------------------------------------------------------------------------------


@options.command("namegen describe companies", "namegen describe friends.txt --plot friends.svg")
@click.argument("names", required=False)
@options.list_options
@click.option(
    "--plot",
    type=options.OutFile(*DRAWING_ENDINGS),
    metavar="FILE",
    help="Also draw the statistics, as a .png or .svg file.",
)
@click.option("--force", is_flag=True, help="Overwrite FILE if it exists.")
@options.common
def describe(
    names: str | None, plot: Path | None, force: bool, as_json: bool, notes: Notes, **how: Any
) -> None:
    """Show statistics of a list of names.

    They are the lengths, the letters, the most common names, the repeats, the labels, and the number of characters
    after which a name differs from all others.

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
        from namegen.drawings.description import draw_description

        with Display(notes, f"drawing {plot}"):
            draw_description(statistics, plot, source=corpus.source)
        notes(f"drawn: {printable(str(plot))}")


def _text(statistics: ListDescription, source: str) -> str:
    """The statistics as blocks, in two columns or, in a terminal narrower than 80 columns, in one."""
    entries = statistics.entries
    distinct = f"{statistics.distinct:,}" if entries > statistics.distinct else "all"
    heading = (
        f"{printable(source)}: {counted(entries, 'name')}, {distinct} distinct; "
        f"{statistics.mean_length:.1f} characters on average, median {statistics.median_length:g}"
    )
    blocks = _blocks(statistics)
    if columns() < 2 * BLOCK_WIDTH + GAP_WIDTH:
        return "\n\n".join([fill(heading, columns()), *("\n".join(block) for block in blocks)])
    lines = [heading]
    no_block: Block = []
    for left_block, right_block in zip_longest(blocks[::2], blocks[1::2], fillvalue=no_block):
        lines.append("")
        for left, right in zip_longest(left_block, right_block, fillvalue=""):
            lines.append(f"{_cut_or_padded(left, BLOCK_WIDTH)}{' ' * GAP_WIDTH}{right}".rstrip())
    return "\n".join(lines)


def _blocks(statistics: ListDescription) -> list[Block]:
    entries = statistics.entries
    distinct = statistics.distinct
    letters = list(statistics.letters.items())
    letter_count = sum(statistics.letters.values())
    unique_after = _ranges(statistics.unique_after)
    unique_after.append(("only at its end", statistics.never_unique))
    blocks = [
        _block("Length of a name in characters", _ranges(statistics.lengths), entries),
        _block("Most common letters", letters[:MAX_ROWS], letter_count),
    ]
    if entries > distinct:
        common_names = list(statistics.commonest[:MAX_ROWS])
        blocks.append(_block("Most common names", common_names, entries))
        repeats = _repeats(statistics.repeats)
        blocks.append(_block("How often a distinct name occurs", repeats, distinct))
    blocks.append(_block("Characters until a name is unique", unique_after, distinct))
    if statistics.labels:
        labels = list(statistics.labels.items())
        others = labels[MAX_ROWS:]
        rows = labels[:MAX_ROWS]
        if others:
            rows.append((f"{len(others):,} others", sum(count for _, count in others)))
        blocks.append(_block("Labels", rows, entries))
    return blocks


def _block(title: str, rows: Sequence[Row], total: int) -> Block:
    """A title, then for each row its label, its count, its percentage of ``total``, and a bar."""
    labels = [printable(label) for label, _ in rows]
    counts = [count for _, count in rows]
    numbers = [f"{count:,}" for count in counts]
    number_width = max(map(len, numbers), default=0)
    shared_width = BLOCK_WIDTH - number_width - len("    100.0%  ")  # for the label and the bar
    label_width = min(max(map(cells, labels), default=0), shared_width - MIN_BAR)
    bar_width = min(shared_width - label_width, MAX_BAR)
    largest = max(counts, default=0)
    has_unicode = "utf" in (sys.stdout.encoding or "").lower()
    bar_character = "█" if has_unicode else "#"
    lines = [title]
    for label, number, count in zip(labels, numbers, counts, strict=True):
        share = percent(count / max(total, 1)).rjust(6)
        bar = bar_character * round(bar_width * count / max(largest, 1))
        shown = _cut_or_padded(label, label_width)
        lines.append(f"{shown}  {number.rjust(number_width)}  {share}  {bar}".rstrip())
    return lines


def _cut_or_padded(text: str, width: int) -> str:
    """A text cut or padded to a number of terminal columns; some characters take two."""
    from rich.cells import set_cell_size

    if cells(text) <= width:
        return set_cell_size(text, width)
    return set_cell_size(text, width - 1) + "…"


def _ranges(histogram: Mapping[int, int]) -> list[Row]:
    """Summarize a histogram of whole numbers in at most ``MAX_ROWS`` ranges of equal width."""
    if not histogram:
        return []
    low = min(histogram)
    high = max(histogram)
    width = math.ceil((high - low + 1) / MAX_ROWS)
    rows = []
    for start in range(low, high + 1, width):
        end = min(start + width - 1, high)
        label = f"{start}" if start == end else f"{start}-{end}"
        rows.append((label, sum(histogram.get(value, 0) for value in range(start, end + 1))))
    return rows


def _repeats(repeats: Mapping[int, int]) -> list[Row]:
    """How many distinct names occur once, twice, and so on."""
    rows = []
    for low, above in pairwise(REPEAT_BOUNDS):
        distinct = sum(names for times, names in repeats.items() if low <= times < above)
        if low == 1:
            label = "once"
        elif low == 2:
            label = "twice"
        else:
            label = f"{low:,}-{above - 1:,} times"
        if distinct:
            rows.append((label, distinct))
    return rows
