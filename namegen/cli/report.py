"""``namegen report``: several comparisons and sweeps in one report; and tables of reports in the terminal."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING

import click

from namegen.cli import options
from namegen.cli.display import Display
from namegen.cli.terminal import Notes, aligned, columns, fits, fitted, json_text, printable

if TYPE_CHECKING:
    from namegen.experiments.report import Table

DEFAULT_OUT = Path("reports") / "joined.html"


def show_table(title: str, table: Table) -> None:
    """Print a table under a title; text from lists is escaped."""
    rows = [tuple(map(printable, row)) for row in table.rows]
    click.secho(fill(printable(title), columns()), bold=True)
    click.echo(fitted([table.columns, *rows], left=table.left))


def show_with_ranges(title: str, table: Table) -> None:
    """``show_table`` with the ranges of the seeds: each below its mean, from the first column of figures on, as far as
    there is room. Where there is none for a table at all, ranges stand beside their means.
    """
    for most in (*reversed(range(table.left, len(table.columns))), table.left - 1):  # the last column that has ranges
        rows = [line for row in table.rows for line in _ranges_below(tuple(map(printable, row)), table.left, most)]
        if fits(aligned([table.columns, *rows], left=table.left)):
            show_table(title, replace(table, rows=tuple(rows)))
            return
    show_table(title, table)


def _ranges_below(row: tuple[str, ...], left: int, most: int) -> list[tuple[str, ...]]:
    """A row with its means alone, then one with their ranges up to this column, if there are any."""
    means, ranges = list(row), [""] * len(row)
    for place in range(left, len(row)):
        means[place], _, low_and_high = row[place].partition(" (")
        if place <= most:
            ranges[place] = low_and_high.removesuffix(")").replace(" to ", "–")
    return [tuple(means), tuple(ranges)] if any(ranges) else [tuple(means)]


@options.command("namegen report reports/compare reports/sweep-hidden", "namegen report laptop desktop --out both.html")
@click.argument("folders", metavar="DIR...", nargs=-1, required=True)
@click.option(
    "--out",
    type=options.OutFile(".html", ".htm"),
    default=DEFAULT_OUT,
    show_default=True,
    metavar="OUT.html",
    help="The page to write.",
)
@click.option("--force", is_flag=True, help="Overwrite a file that exists.")
@options.common
def report(folders: tuple[str, ...], out: Path, force: bool, as_json: bool, notes: Notes) -> None:
    """Join comparisons and sweeps into one report: from several machines, of several lists, of engines added later.

    Each DIR is a folder that compare-backends or sweep has made, or a results.json from there. The report says what
    differs between their machines, versions and settings. It puts the figures of the same list side by side, and has
    each report of its own below.
    """
    from namegen.experiments.joined import cautions, differences_table, read_sources, sources_table, write_joined

    sources = read_sources(folders)
    if len(sources) < len(folders):
        notes("the same report was given more than once: it counts once")
    if out == DEFAULT_OUT:
        with suppress(OSError):  # which the next step tells
            out.parent.mkdir(exist_ok=True)
    with Display(notes, f"writing {printable(str(out))}"):
        write_joined(sources, out, force=force)
    if as_json:
        reports = [{"letter": of.letter, "folder": of.path, "kind": of.kind, "lists": list(of.lists)} for of in sources]
        click.echo(json_text({"out": str(out), "reports": reports}))
        return
    for table in (sources_table(sources), differences_table(sources)):
        if table.rows:
            show_table(table.title, table)
            click.echo()
    for sentence in cautions(sources):
        click.echo(fill(printable(sentence), columns()))
    click.echo(f"report: {printable(str(out))}")
