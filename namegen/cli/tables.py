"""Tables of a report, in the terminal."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rich.table import Table as RichTable
from rich.text import Text

from namegen.cli.terminal import aligned, printable
from namegen.experiments.table import NONE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from namegen.experiments.table import Table


WIDEST = 1_000  # columns, for measuring how wide a table would be


def without_ranges(table: Table) -> Table:
    """The table with its means alone: a terminal is narrow. Words, such as the name of a network, stay whole."""
    rows = ((*row[: table.left], *(cell.partition(" (")[0] for cell in row[table.left :])) for row in table.rows)
    return replace(table, rows=tuple(rows))


def show_with_ranges(console: Console, title: str, table: Table) -> None:
    """The same as ``show_table``, with the ranges of the seeds: each below its mean, from the first column of figures
    on, as far as there is room. Where there is none for a table at all, ranges stand beside their means.
    """
    figures = range(table.left, len(table.columns))
    for most in (*reversed(figures), table.left - 1):  # the last column that has ranges
        tried = _ranges_below(table, most)
        if _fits(console, _rich_table(tried)):
            show_table(console, title, tried)
            return
    show_table(console, title, table)


def _ranges_below(table: Table, most: int) -> Table:
    """Ranges in a line of their own, up to this column, and none behind it."""
    rows = []
    for row in table.rows:
        cells = list(row)
        for place in range(table.left, len(row)):
            mean, _, low_and_high = row[place].partition(" (")
            below = low_and_high.removesuffix(")").replace(" to ", "–")
            cells[place] = f"{mean}\n{below}" if below and place <= most else mean
        rows.append(tuple(cells))
    return replace(table, rows=tuple(rows))


def show_table(console: Console, title: str, table: Table) -> None:
    """Print a table under a title: words flush left, figures flush right; text from lists is escaped. Where a row is
    wider than the console, its figures stand one below the other; in a table of words alone, all but the first.
    """
    console.print(Text(printable(title), style="bold"))
    shown = _rich_table(table)
    if _fits(console, shown):
        console.print(shown)
        return
    of_words = table.left >= len(table.columns)
    left = 1 if of_words else table.left
    for row in table.rows:
        console.print(Text(", ".join(printable(cell) for cell in row[:left])))
        below = zip(table.columns[left:], map(printable, row[left:]), strict=True)
        lines = [(f"  {what}", cell) for what, cell in below if cell not in ("", NONE)]
        if of_words:
            _show_words(console, lines)
        else:
            console.print(Text(aligned(lines)))


def _show_words(console: Console, lines: Sequence[tuple[str, str]]) -> None:
    """What a row says, a line for each column, flush left; what is longer goes on below its own beginning."""
    shown = RichTable(box=None, pad_edge=False, show_header=False)
    shown.add_column(no_wrap=True)
    shown.add_column(overflow="fold")
    for what, cell in lines:
        shown.add_row(Text(what), Text(cell))
    console.print(shown)


def _rich_table(table: Table) -> RichTable:
    shown = RichTable(box=None, pad_edge=False)
    for place, column in enumerate(table.columns):
        shown.add_column(Text(column), justify="left" if place < table.left else "right", overflow="fold")
    for row in table.rows:
        words, figures = row[: table.left], row[table.left :]  # a line break is ours in a figure alone
        shown.add_row(
            *(Text(printable(cell)) for cell in words),
            *(Text("\n".join(map(printable, cell.split("\n")))) for cell in figures),
        )
    return shown


def _fits(console: Console, shown: RichTable) -> bool:
    return console.measure(shown, options=console.options.update(max_width=WIDEST)).maximum <= console.width
