"""Text for the terminal: notes, errors and tables, with control characters escaped."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from shutil import get_terminal_size
from textwrap import indent, wrap
from typing import TYPE_CHECKING

import click

from namegen.errors import UNSAFE, shortened
from namegen.errors import counted as counted
from namegen.errors import printable as printable

if TYPE_CHECKING:
    from namegen.core.evaluation.evaluator import Metrics

MAX_WIDTH = 80  # columns of text
MIN_WIDTH = 30  # in a narrower terminal, tables would break inside numbers
NARROW = 60  # in a narrower terminal, descriptions go below the names
METRICS = ("nats/char", "argmax accuracy", "sampled accuracy")
NON_BREAKING_HYPHEN = "\u2011"  # replaces hyphens at which a line must not break
NO_VALUE = ("", "–")  # table cells without a value
# Characters that take one column. For all others, rich knows the width, but importing rich takes time.
ONE_COLUMN = re.compile("[ -\u02ff\u2010-\u2027]*")


# --- text -------------------------------------------------------------------------------------------------------------


_TO_JSON = json.JSONEncoder(ensure_ascii=False, allow_nan=False)


def json_text(document: Mapping[str, object]) -> str:
    """Return one line of JSON. All control characters are escaped, including those that JSON allows."""
    text = _TO_JSON.encode(document)
    if text.isprintable():
        return text
    return UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def error_line(message: str, *, multiline: bool = False) -> str:
    """Format an error message. Only lists of wrong settings are ``multiline``; other line breaks are data."""
    text = f"namegen: {message}"
    return shortened(_printable_lines(text) if multiline else printable(text))


def _printable_lines(text: str) -> str:
    """Escape all control characters of a string, except for line breaks."""
    return "\n".join(map(printable, text.split("\n")))


# Maps names in Python to option names on the command line, where they differ.
OPTIONS = {"weights": "blend-weights", "origins": "origin", "countries": "country"}


def option_name(name: str, value: str | None = None) -> str:
    """Return the command-line option of a setting, with a value if one is passed.

    >>> option_name("min_length"), option_name("validation", "0"), option_name("allow_seen", "True")
    ('--min-length', '--validation 0', '--allow-seen')
    """
    option = OPTIONS.get(name, name).replace("_", "-")
    if value in (None, "True"):
        return f"--{option}"
    if value == "False":
        return f"--no-{option}"
    return f"--{option} {value}"


def percent(share: float) -> str:
    """Format a share as a percentage with one decimal."""
    return f"{100 * share:.1f}%"


def clock(seconds: float) -> str:
    """Format a duration in minutes and seconds, with hours if there are any.

    >>> clock(83.0), clock(3_700.0)
    ('1:23', '1:01:40')
    """
    all_minutes, seconds_left = divmod(round(seconds), 60)
    hours, minutes = divmod(all_minutes, 60)
    if hours:
        return f"{hours}:{minutes:02}:{seconds_left:02}"
    return f"{minutes}:{seconds_left:02}"


def loss_text(loss: float) -> str:
    """Format a loss with four decimals, or in scientific notation if training has diverged."""
    return f"{loss:.4f}" if abs(loss) < 10_000 else f"{loss:.3g}"


def metric_cells(metrics: Metrics) -> tuple[str, str, str]:
    """Return the table cells for ``METRICS``."""
    return (
        loss_text(metrics.loss_nats_per_char),
        percent(metrics.accuracy_argmax),
        percent(metrics.accuracy_sampled),
    )


# --- help -------------------------------------------------------------------------------------------------------------


def columns() -> int:
    """Return the width of the output: the terminal's width, limited to ``MIN_WIDTH`` to ``MAX_WIDTH``."""
    return max(MIN_WIDTH, min(get_terminal_size().columns, MAX_WIDTH))


class NarrowHelp(click.HelpFormatter):
    """A help formatter for narrow terminals. Click's own formatter uses at least 50 columns."""

    def __init__(self, **_: object) -> None:
        super().__init__(width=columns() - 2)

    def write_text(self, text: str) -> None:
        """Write a paragraph without breaking names such as mlb-first at their hyphens."""
        super().write_text(_with_whole_names(text))

    def write_dl(
        self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2
    ) -> None:
        """Write names with their descriptions next to them or, in a narrow terminal, below them."""
        is_narrow = self.width < NARROW - 1
        # Click puts the description of a wider name below it.
        max_name_width = 6 if is_narrow else col_max
        shown_rows = []
        for name, text in rows:
            shown_name = self._fitting(name) if is_narrow else name
            shown_rows.append((shown_name, _with_whole_names(text)))
        super().write_dl(shown_rows, max_name_width, col_spacing)

    def _fitting(self, name: str) -> str:
        """Move the choices of a long option, such as ``[constant|steps|one-cycle]``, to the line below."""
        if len(name) + self.current_indent <= self.width:
            return name
        return name.replace(" [", "\n      [")

    def write(self, string: str) -> None:
        """Write text. Long examples continue on the next line after a backslash, as in a shell."""
        text = string.replace(NON_BREAKING_HYPHEN, "-")
        super().write("\n".join(map(self._wrapped_example, text.split("\n"))))

    def _wrapped_example(self, line: str) -> str:
        """Wrap a long example between words, but not between an option and its value."""
        is_example = line.startswith("    namegen ")
        if not is_example or len(line) <= columns():
            return line
        no_break_space = "\xa0"
        # Replaces the space after an option, unless another option follows.
        unbreakable = re.sub(r"( --?\S+) (?!-)", rf"\1{no_break_space}", line)
        lines = wrap(unbreakable, self.width - 6, break_long_words=False, break_on_hyphens=False)
        return " \\\n      ".join(lines).replace(no_break_space, " ")


def _with_whole_names(text: str) -> str:
    """Replace the hyphens in a string, so that lines don't break at them."""
    return text.replace("-", NON_BREAKING_HYPHEN)


class Context(click.Context):
    """The context of a command that uses ``NarrowHelp``."""

    formatter_class = NarrowHelp


# --- tables -----------------------------------------------------------------------------------------------------------


def cells(text: str) -> int:
    """Return the number of terminal columns that a string takes, ignoring color codes."""
    if ONE_COLUMN.fullmatch(text):
        return len(text)
    from rich.cells import cell_len

    return cell_len(click.unstyle(text))


def aligned(rows: Sequence[tuple[str, ...]], *, left: int = 1) -> str:
    """Format a small table: the first ``left`` columns are left-aligned, the others right-aligned.

    >>> print(aligned([("names", "24,000"), ("distinct", "4")]))
    names     24,000
    distinct       4
    """
    table_columns = zip(*rows, strict=True)
    widths = [max(map(cells, column)) for column in table_columns]
    lines = [_aligned_row(row, widths, left=left) for row in rows]
    return "\n".join(lines)


def _aligned_row(row: Sequence[str], widths: Sequence[int], *, left: int) -> str:
    """Return the cells of a row, padded to the widths of their columns."""
    padded = []
    for index, (cell, width) in enumerate(zip(row, widths, strict=True)):
        gap = " " * (width - cells(cell))
        padded.append(cell + gap if index < left else gap + cell)
    return "  ".join(padded).rstrip()


def fits(table: str) -> bool:
    """Return whether no line is wider than the terminal."""
    return max(map(cells, table.splitlines())) <= columns()


def fitted(rows: Sequence[tuple[str, ...]], *, left: int = 1) -> str:
    """Format a table like ``aligned``. In a narrow terminal, put the cells of each row below each other.

    Args:
        rows: the first row has the headings of the columns. Later rows may repeat it, or have no values.
        left: the number of left-aligned columns.
    """
    table = aligned(rows, left=left)
    if fits(table):
        return table
    headings = rows[0][1:]
    lines: list[str] = []
    for row in rows:
        name, *values = row
        hides_name = row == rows[0] and left > 1
        if name and not hides_name:
            lines.append(name)
        lines += _below(name, values, headings=headings, left=left)
    return "\n".join(lines)


def _below(name: str, values: Sequence[str], *, headings: Sequence[str], left: int) -> list[str]:
    """Format the values of a row for a narrow terminal: below its name, one line for each column that has a value.

    Args:
        name: the row's name, whose indentation the lines continue.
        values: the other cells of the row.
        headings: the headings of their columns, with which the lines start.
        left: the number of left-aligned columns.
    """
    repeats_headings = tuple(values) == tuple(headings)
    if repeats_headings:
        return []
    pairs = zip(headings, values, strict=True)
    labeled = [(heading, value) for heading, value in pairs if value not in NO_VALUE]
    if not labeled:
        return []
    first_indent = _indent_of(name) + "  "
    longest_heading = max(len(heading) for heading, _ in labeled)
    next_indent = first_indent + " " * (longest_heading + 2)  # below the value
    lines = []
    for line in aligned(labeled, left=left).splitlines():
        lines += wrap(
            first_indent + line, columns(), subsequent_indent=next_indent, break_on_hyphens=False
        )
    return lines


def _indent_of(text: str) -> str:
    """Return the spaces at the start of a string."""
    return " " * (len(text) - len(text.lstrip()))


def described(name: str, *texts: str) -> str:
    """Format a name with its descriptions, which are to its right or, in a narrow terminal, below it.

    Args:
        name: the name, padded so that the descriptions of several names are aligned.
        texts: the descriptions. Each starts on a new line.
    """
    is_narrow = columns() < NARROW
    indent_width = 4 if is_narrow else len(name) + 2
    lines: list[str] = []
    for text in texts:
        lines += wrap(text, columns() - indent_width, break_on_hyphens=False)
    indented = indent("\n".join(lines), " " * indent_width)
    if is_narrow:
        return f"{name.rstrip()}\n{indented}"
    return name + indented.removeprefix(" " * len(name))  # the name replaces the first indent


# --- standard error ---------------------------------------------------------------------------------------------------


class Notes:
    """Print notes to standard error, unless the user passed ``--quiet``."""

    def __init__(self, quiet: bool) -> None:
        self.quiet = quiet
        self.write: Callable[..., None] = click.echo  # a progress display replaces this function

    def __call__(self, text: str) -> None:
        """Print a note, or nothing if the note is empty."""
        if text and not self.quiet:
            self.write(_printable_lines(text), err=True)

    @property
    def can_draw_over(self) -> bool:
        """Whether standard error is a terminal in which text can be overwritten."""
        return not self.quiet and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
