"""``namegen lists``, ``models``, ``configs``: what comes with the package; ``describe``: what a list looks like."""

from __future__ import annotations

import sys
from collections.abc import Mapping
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
    beside,
    cells,
    columns,
    counted,
    fitted,
    json_text,
    percent,
    printable,
)
from namegen.files import check_output, is_file
from namegen.threads import limit_threads

if TYPE_CHECKING:
    from namegen.core.data.description import ListDescription

DRAWINGS = (".png", ".svg")
MAX_ROWS = 15
BLOCK_WIDTH, BETWEEN_BLOCKS = 38, 4  # two blocks side by side fill a terminal of 80 columns
MAX_BAR, SHORTEST_BAR = 14, 6
REPEAT_BOUNDS = (1, 2, 3, 10, 100, 1_000, 10_000, 100_000, 2**63)

Row = tuple[str, int]  # a label and how many


@options.command("namegen lists", "namegen train companies")
@options.common
def lists(as_json: bool, notes: Notes) -> None:
    """Show the lists of names that come with namegen. Give the name of one wherever a command takes NAMES."""
    limit_threads(1)
    from namegen.lists import BUNDLED, load_bundled

    sizes = {name: len(load_bundled(name).names) for name in BUNDLED}
    if as_json:
        shown = ("description", "licence", "credit")
        entries = [
            {
                "name": name,
                "names": sizes[name],
                **{field: getattr(bundled, field) for field in shown},
            }
            for name, bundled in BUNDLED.items()
        ]
        click.echo(json_text({"lists": entries}))
        return
    width = max(map(len, BUNDLED))
    for name, bundled in BUNDLED.items():
        click.echo(
            beside(f"{name.ljust(width)}  {sizes[name]:>6,}", bundled.description, bundled.licence)
        )


@options.command("namegen models", "namegen generate mlb-last")
@options.common
def models(as_json: bool, notes: Notes) -> None:
    """Show the trained models that come with namegen. Give the name of one wherever a command takes MODEL."""
    limit_threads(1)
    from namegen import api
    from namegen.core.data.label_parts import by_part
    from namegen.models import SHIPPED, TITLES, shipped_path

    found = {
        name: api.read_checkpoint(shipped_path(name))
        for name in SHIPPED
        if is_file(shipped_path(name), None)
    }
    if as_json:
        entries = [
            {
                "name": name,
                "title": TITLES[name],
                "network": checkpoint.network.to_dict(),
                "training": dict(checkpoint.training),
                "labels": {label.name: label.names for label in checkpoint.labels},
            }
            for name, checkpoint in found.items()
        ]
        click.echo(json_text({"models": entries}))
        return
    rows = [("model", "network", "list", "held out")]
    for name, checkpoint in found.items():
        accuracy = (checkpoint.training.get("validation") or {}).get("accuracy_argmax")
        network = checkpoint.network.summary
        source = f"{checkpoint.training.get('names', 0):,} names of {printable(str(checkpoint.training.get('list')))}"
        rows.append((name, network, source, "" if accuracy is None else percent(accuracy)))
    click.echo(fitted(rows, left=3))
    click.echo(
        "\n"
        + fill(
            "held out: how often the likeliest next character is right, on held-out names",
            columns(),
        )
    )
    for name, checkpoint in found.items():
        if checkpoint.labels:
            parts = by_part({label.name: label.names for label in checkpoint.labels})
            listed = "; ".join(printable(", ".join(filter(None, sorted(part)))) for part in parts)
            click.echo(
                "\n" + fill(f"labels of {name}: {listed}", columns(), subsequent_indent="  ")
            )


@options.command("namegen configs", "namegen train --config blog-rnn32-first")
@options.common
def configs(as_json: bool, notes: Notes) -> None:
    """Show the settings files that come with namegen. Give the name of one wherever a command takes CONFIG."""
    from namegen.bundled_configs import bundled_configs

    found = bundled_configs()
    if as_json:
        entries = [
            {
                "name": name,
                "command": "sweep" if config.is_sweep else "train",
                "description": config.description,
            }
            for name, config in found.items()
        ]
        click.echo(json_text({"configs": entries}))
        return
    width = max(map(len, found))
    for heading, sweeps in (
        ("namegen train --config CONFIG", False),
        ("\nnamegen sweep CONFIG", True),
    ):
        click.echo(heading)
        for name, config in found.items():
            if config.is_sweep == sweeps:
                click.echo(beside(f"  {name.ljust(width)}", config.description))


@options.command("namegen describe companies", "namegen describe friends.txt --plot friends.svg")
@click.argument("names", required=False)
@click.option(
    "--plot",
    type=options.OutFile(*DRAWINGS),
    metavar="FILE",
    help="Draw it too, as a .png or .svg file.",
)
@click.option("--force", is_flag=True, help="Overwrite FILE if it exists.")
@options.of_a_list
@options.common
def describe(
    names: str | None, plot: Path | None, force: bool, as_json: bool, notes: Notes, **where: Any
) -> None:
    """Show what a list of names looks like: lengths, letters, the commonest names, repeats, the number of characters
    that tell a name from all others, labels.

    NAMES is a file, - for standard input, or the name of a bundled list. The default is mlb-first.
    """
    if force and plot is None:
        raise click.UsageError(
            "--force is for --plot, as nothing else is written: add --plot, or leave --force out"
        )
    limit_threads(1)
    if plot is not None:
        check_output(plot, example=f"description{plot.suffix}", force=force)
    corpus = open_list(names, notes, **where)
    from namegen.core.data import description

    with Display(notes, f"describing {corpus.source}"):
        described = description.describe(corpus.names, corpus.labels)
    click.echo(json_text(described.to_dict()) if as_json else _text(described, corpus.source))
    if plot is not None:
        from namegen.drawings.description import draw_description

        with Display(notes, f"drawing {plot}"):
            draw_description(described, plot, source=corpus.source)
        notes(f"drawn: {printable(str(plot))}")


def _text(described: ListDescription, source: str) -> str:
    """Blocks in two columns, 80 characters wide; in a narrower terminal one below the other."""
    entries, distinct = described.entries, described.distinct
    letters = list(described.letters.items())[:MAX_ROWS]
    apart = [*_ranges(described.unique_after), ("only at its end", described.never_unique)]
    blocks = [
        _block("Length of a name in characters", _ranges(described.lengths), entries),
        _block("Commonest letters", letters, sum(described.letters.values())),
    ]
    if entries > distinct:
        blocks += [
            _block("Commonest names", list(described.commonest[:MAX_ROWS]), entries),
            _block("How often a distinct name occurs", _repeats(described.repeats), distinct),
        ]
    blocks.append(_block("Characters until a name is unique", apart, distinct))
    if described.labels:
        labels = list(described.labels.items())
        more = [
            (f"{len(labels) - MAX_ROWS:,} others", sum(count for _, count in labels[MAX_ROWS:]))
        ]
        blocks.append(
            _block("Labels", labels[:MAX_ROWS] + more * (len(labels) > MAX_ROWS), entries)
        )
    different = f"{distinct:,}" if entries > distinct else "all"
    head = (
        f"{printable(source)}: {counted(entries, 'name')}, {different} distinct; "
        f"{described.mean_length:.1f} characters on average, median {described.median_length:g}"
    )
    if columns() < 2 * BLOCK_WIDTH + BETWEEN_BLOCKS:
        return "\n\n".join([fill(head, columns()), *("\n".join(block) for block in blocks)])
    lines = [head]
    nothing: list[str] = []
    for pair in zip_longest(blocks[::2], blocks[1::2], fillvalue=nothing):
        lines.append("")
        for left, right in zip_longest(*pair, fillvalue=""):
            lines.append(f"{_fitted(left, BLOCK_WIDTH)}{' ' * BETWEEN_BLOCKS}{right}".rstrip())
    return "\n".join(lines)


def _block(title: str, rows: list[Row], total: int) -> list[str]:
    """A title, then lines of label, number, per cent of ``total`` and a bar."""
    labels = [printable(label) for label, _ in rows]
    numbers = [f"{count:,}" for _, count in rows]
    number_width = max(map(len, numbers), default=0)
    room = BLOCK_WIDTH - number_width - len("    100.0%  ")  # what label and bar share
    label_width = min(max(map(cells, labels), default=0), room - SHORTEST_BAR)
    bar_width = min(room - label_width, MAX_BAR)
    most = max((count for _, count in rows), default=0)
    block = "█" if "utf" in (sys.stdout.encoding or "").lower() else "#"
    lines = [title]
    for label, number, (_, count) in zip(labels, numbers, rows, strict=True):
        share = percent(count / max(total, 1)).rjust(6)
        bar = block * round(bar_width * count / max(most, 1))
        lines.append(
            f"{_fitted(label, label_width)}  {number.rjust(number_width)}  {share}  {bar}".rstrip()
        )
    return lines


def _fitted(text: str, width: int) -> str:
    """Text cut or padded to so many columns of a terminal, in which some characters take two."""
    from rich.cells import set_cell_size

    return (
        set_cell_size(text, width) if cells(text) <= width else set_cell_size(text, width - 1) + "…"
    )


def _ranges(histogram: Mapping[int, int]) -> list[Row]:
    """A histogram over whole numbers, as at most ``MAX_ROWS`` ranges of equal width."""
    if not histogram:
        return []
    low, high = min(histogram), max(histogram)
    width = -(-(high - low + 1) // MAX_ROWS)
    rows = []
    for start in range(low, high + 1, width):
        end = min(start + width - 1, high)
        label = f"{start}" if start == end else f"{start}-{end}"
        rows.append((label, sum(histogram.get(value, 0) for value in range(start, end + 1))))
    return rows


def _repeats(repeats: Mapping[int, int]) -> list[Row]:
    """How many distinct names stand once, twice, … in the list."""
    rows = []
    for low, above in pairwise(REPEAT_BOUNDS):
        distinct = sum(names for times, names in repeats.items() if low <= times < above)
        words = {1: "once", 2: "twice"}.get(low, f"{low:,}-{above - 1:,} times")
        if distinct:
            rows.append((words, distinct))
    return rows
