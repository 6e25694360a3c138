"""Text for the terminal: notes, errors and tables, with control characters escaped."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from shutil import get_terminal_size
from textwrap import fill
from typing import TYPE_CHECKING

import click

from namegen.errors import UNSAFE, shortened
from namegen.errors import counted as counted
from namegen.errors import printable as printable

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

    from namegen.core.evaluation.evaluator import Metrics

MAX_WIDTH = 80  # columns of text
NARROW = 60  # a narrower terminal has no space for descriptions next to names
MIN_WIDTH = 40  # in a narrower terminal, tables would break inside numbers
METRICS = ("nats/char", "argmax accuracy", "sampled accuracy")
# Maps names in Python to option names on the command line, where they differ.
OPTIONS = {
    "weights": "blend-weights",
    "origins": "origin",
    "countries": "country",
    "scheduler": "dask",
    "letter_case": "case",
}

_TO_JSON = json.JSONEncoder(ensure_ascii=False, allow_nan=False)


# --- text -------------------------------------------------------------------------------------------------------------


def json_text(document: Mapping[str, object]) -> str:
    """Return one line of JSON. All control characters are escaped, including those that JSON allows."""
    text = _TO_JSON.encode(document)
    if text.isprintable():
        return text
    return UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def printable_lines(text: str) -> str:
    """Escape all control characters of a string, except for line breaks."""
    return "\n".join(map(printable, text.split("\n")))


def error_line(message: str, *, multiline: bool = False) -> str:
    """Format an error message. Only lists of wrong settings are ``multiline``; other line breaks are data."""
    text = f"namegen: {message}"
    return shortened(printable_lines(text) if multiline else printable(text))


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


# --- standard output --------------------------------------------------------------------------------------------------


def columns() -> int:
    """Return the width of the output: the terminal's width, limited to ``MIN_WIDTH`` to ``MAX_WIDTH``."""
    return max(MIN_WIDTH, min(get_terminal_size().columns, MAX_WIDTH))


def show_result(
    as_json: bool, document: Mapping[str, object], *renderables: RenderableType
) -> None:
    """Print a command's result: as one line of JSON after ``--json``, or else as text and tables."""
    if as_json:
        click.echo(json_text(document))
    else:
        show(*renderables)


def make_console() -> Console:
    """Return a console that prints text unchanged, because names may look like markup or emoji."""
    from rich.console import Console

    return Console(width=columns(), markup=False, emoji=False, highlight=False)


def show(*renderables: RenderableType) -> None:
    """Print text and tables, one below the other. Long words, such as paths, aren't broken, so users can copy them."""
    console = make_console()
    for renderable in renderables:
        if isinstance(renderable, str):
            click.echo(fill(renderable, columns(), break_long_words=False, break_on_hyphens=False))
            continue
        with console.capture() as capture:
            console.print(renderable)
        for line in capture.get().rstrip().split("\n"):
            click.echo(line.rstrip())


def table(rows: Iterable[Sequence[RenderableType]], *headings: str, left: int = 1) -> Table:
    """Make a table. The first ``left`` columns are left-aligned, the others right-aligned.

    Args:
        rows: the cells of each row.
        headings: the headings of the columns. Without them, the table has no headings.
        left: the number of left-aligned columns.

    >>> show(table([("names", "24,000"), ("distinct", "4")]))
    names     24,000
    distinct       4
    """
    from rich.table import Table

    result = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=bool(headings))
    for heading in headings:
        result.add_column(heading.replace(" ", "\n") if columns() < NARROW else heading)
    for row in rows:
        result.add_row(*row)
    for index, column in enumerate(result.columns):
        column.overflow = "fold"
        if index >= left:
            column.justify = "right"
            column.no_wrap = True  # numbers stay whole, so the texts to the left become narrower
    return result


# --- standard error ---------------------------------------------------------------------------------------------------


QUIET = "namegen.quiet"  # a key in the meta of click's context, set by --quiet


def is_quiet() -> bool:
    """Return whether the user passed ``--quiet``."""
    context = click.get_current_context(silent=True)
    return context is not None and context.meta.get(QUIET, False)


def note(text: str) -> None:
    """Print a note to standard error, unless it's empty or the user passed ``--quiet``."""
    if text and not is_quiet():
        click.echo(printable_lines(text), err=True)
