"""Tables of a report, in the terminal."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rich.table import Table as RichTable
from rich.text import Text

from namegen.cli.terminal import aligned, printable
from namegen.experiments.table import NONE

if TYPE_CHECKING:
    from rich.console import Console

    from namegen.experiments.table import Table


WIDEST = 1_000  # columns, for measuring how wide a table would be


def without_ranges(table: Table) -> Table:
    """The table with its means alone: a terminal is narrow. Words, such as the name of a network, stay whole."""
    rows = ((*row[: table.left], *(cell.partition(" (")[0] for cell in row[table.left :])) for row in table.rows)
    return replace(table, rows=tuple(rows))


def show_table(console: Console, title: str, table: Table) -> None:
    """Print a table under a title: words flush left, figures flush right; text from lists is escaped. Where a row is
    wider than the console, its figures stand one below the other.
    """
    console.print(Text(printable(title), style="bold"))
    shown = RichTable(box=None, pad_edge=False)
    for place, column in enumerate(table.columns):
        shown.add_column(Text(column), justify="left" if place < table.left else "right", overflow="fold")
    for row in table.rows:
        shown.add_row(*(Text(printable(cell)) for cell in row))
    if console.measure(shown, options=console.options.update(max_width=WIDEST)).maximum <= console.width:
        console.print(shown)
        return
    for row in table.rows:
        console.print(Text(", ".join(printable(cell) for cell in row[: table.left])))
        figures = zip(table.columns[table.left :], map(printable, row[table.left :]), strict=True)
        console.print(Text(aligned([(f"  {what}", cell) for what, cell in figures if cell not in ("", NONE)])))
