"""``namegen report``: several comparisons and sweeps in one report."""

from __future__ import annotations

from pathlib import Path

import click

from namegen.cli import options
from namegen.cli.terminal import Notes, columns, json_text, printable
from namegen.cli.waiting import Waiting

DEFAULT_OUT = Path("reports") / "joined.html"


@click.command(
    "report",
    epilog=options.examples(
        "namegen report reports/compare reports/sweep-hidden",
        "namegen report laptop desktop --out both.html",
    ),
)
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
def report(folders: tuple[str, ...], out: Path, force: bool, as_json: bool, quiet: bool) -> None:
    """Join comparisons and sweeps into one report: from several machines, of several lists, of engines added later.

    Each DIR is a folder that compare-backends or sweep has made, or a results.json from there, of this edition or of
    the first. The report says what differs between their machines, versions and settings. It puts the figures of the
    comparisons of the same list side by side, and has each report of its own below.
    """
    from namegen.experiments.joined.page import write_joined
    from namegen.experiments.joined.source import read_sources

    notes = Notes(quiet)
    sources = read_sources(folders)
    if len(sources) < len(folders):
        notes("the same report was given more than once: it counts once")
    with Waiting(notes, f"writing {printable(str(out))}"):
        write_joined(sources, out, force=force)
    if as_json:
        click.echo(
            json_text(
                {
                    "out": str(out),
                    "reports": [
                        {"letter": one.letter, "folder": one.path, "kind": one.kind, "lists": list(one.lists)}
                        for one in sources
                    ],
                }
            )
        )
        return
    from rich.console import Console

    from namegen.cli.tables import show_table
    from namegen.experiments.joined.differences import cautions, differences_table, sources_table

    console = Console(width=columns(), highlight=False, markup=False, emoji=False)
    for table in (sources_table(sources), differences_table(sources)):
        if table.rows:
            show_table(console, table.title, table)
            console.print()
    for sentence in cautions(sources):
        console.print(printable(sentence))
    click.echo(f"report: {printable(str(out))}")
