"""How help is laid out: 80 columns wide at most, and in a narrow terminal what an option does stands below its name."""

from __future__ import annotations

from collections.abc import Iterable
from shutil import get_terminal_size

import click

WIDTH = 80
NARROW = 60  # columns: with fewer, beside the names of options there is no room for text
FEWEST_COLUMNS = 24


class HelpFormatter(click.HelpFormatter):
    """click's, with lists of two columns that become one column in a narrow terminal."""

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Write a list of names, each with what it means."""
        # click puts a name that is longer than col_max in a line of its own.
        super().write_dl(rows, col_max if self.width >= NARROW else 2, col_spacing)


class HelpContext(click.Context):
    """click's, whose help fits terminals of fewer than 50 columns too, where click's own does not."""

    formatter_class = HelpFormatter

    def make_formatter(self) -> click.HelpFormatter:
        """What lays the help out."""
        formatter = super().make_formatter()
        if self.terminal_width is None:
            formatter.width = min(formatter.width, max(get_terminal_size().columns - 2, FEWEST_COLUMNS))
        return formatter
