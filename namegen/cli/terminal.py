"""What goes to the terminal: notes, errors, and text from outside made safe to show."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from shutil import get_terminal_size
from typing import TYPE_CHECKING

import click

from namegen.errors import UNSAFE, shortened
from namegen.errors import printable as printable

if TYPE_CHECKING:
    from namegen.core.evaluation.evaluator import Metrics

WIDTH = 80  # columns of text, at most
FIGURES = ("nats/char", "argmax accuracy", "sampled accuracy")


def json_text(document: Mapping[str, object]) -> str:
    """One line of JSON that is safe to show: what JSON itself leaves unescaped of the control characters is escaped."""
    return _json_safe(json.dumps(document, ensure_ascii=False, allow_nan=False))


def json_string(text: str) -> str:
    """One string of JSON, as safe to show."""
    return _json_safe(json.encoder.encode_basestring(text))


def _json_safe(text: str) -> str:
    return text if text.isprintable() else UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def error_line(message: str, *, lines: bool = False) -> str:
    """How every error looks: who speaks, then one sentence. Only a list of wrong settings takes more ``lines``: the end
    of a line in anything else is part of a path.
    """
    told = f"namegen: {message}"
    return shortened("\n".join(map(printable, told.split("\n"))) if lines else printable(told))


def option_name(name: str, value: str | None = None) -> str:
    """What a setting is called on the command line, with the value that it should have if one is given.

    >>> option_name("min_length"), option_name("validation", "0"), option_name("allow_seen", "True")
    ('--min-length', '--validation 0', '--allow-seen')
    """
    option = name.replace("_", "-")
    if value in (None, "True"):
        return f"--{option}"
    return f"--no-{option}" if value == "False" else f"--{option} {value}"


class Notes:
    """What is said on standard error beside the result; nothing with ``--quiet``."""

    def __init__(self, quiet: bool) -> None:
        self.quiet = quiet

    def __call__(self, text: str) -> None:
        """Say one thing; an empty text is nothing to say."""
        if text and not self.quiet:
            click.echo("\n".join(map(printable, text.split("\n"))), err=True)

    @property
    def can_draw_over(self) -> bool:
        """Whether they go to a terminal in which what stands there can be drawn over."""
        return not self.quiet and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def aligned(rows: Sequence[tuple[str, ...]], *, left: int = 1) -> str:
    """A small table as lines of text: the first ``left`` columns flush left, the others flush right, two spaces apart.

    >>> print(aligned([("names", "24,000"), ("distinct", "4")]))
    names     24,000
    distinct       4
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if place < left else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def columns() -> int:
    """Columns for a result: those of the terminal, ``WIDTH`` at most; ``WIDTH`` where there is none."""
    return min(get_terminal_size().columns, WIDTH)


def columns_of_notes() -> int:
    """The same for standard error."""
    try:
        found = os.get_terminal_size(sys.stderr.fileno()).columns
    except (OSError, ValueError):  # no terminal, or no file
        found = 0
    return min(found or WIDTH, WIDTH)


def one_line(text: str) -> str:
    """A text that is drawn over later: what does not fit into a line is cut, as only one line can be erased."""
    most = columns_of_notes() - 1  # a terminal may wrap a line that fills it
    return text if len(text) <= most else text[: most - 1] + "…"


def fitted(rows: Sequence[tuple[str, ...]], *, left: int = 1) -> str:
    """``aligned``; in a terminal too narrow for that, the cells of each row one below the other.

    Args:
        rows: the first one names the columns; such a row, or one without any figure, may stand further below too.
        left: how many columns are flush left.
    """
    from textwrap import wrap

    table = aligned(rows, left=left)
    if max(map(len, table.splitlines())) <= columns():
        return table
    head = rows[0][1:]
    lines: list[str] = []
    for name, *cells in rows:
        lines += [name] if name else []
        if tuple(cells) != head and any(cells):
            indent = " " * (len(name) - len(name.lstrip()) + 2)
            found = [(what, cell) for what, cell in zip(head, cells, strict=True) if cell]
            behind = " " * (len(indent) + max(len(what) for what, _ in found) + 2)
            for line in aligned(found, left=left).splitlines():
                lines += wrap(indent + line, columns(), subsequent_indent=behind, break_on_hyphens=False)
    return "\n".join(lines)


def percent(share: float) -> str:
    """A share as per cent, one decimal: what every human-readable output uses."""
    return f"{100 * share:.1f}%"


def counted(count: int, thing: str) -> str:
    """How many of a thing.

    >>> counted(1, "name"), counted(2_000, "name")
    ('1 name', '2,000 names')
    """
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"


def number(value: float) -> str:
    """A loss for people: four decimals, or a power of ten where training has gone astray."""
    return f"{value:.4f}" if abs(value) < 10_000 else f"{value:.3g}"


def figures(metrics: Metrics) -> tuple[str, str, str]:
    """How good a model is, for people, in the order of ``FIGURES``."""
    return number(metrics.loss_nats_per_char), percent(metrics.accuracy_argmax), percent(metrics.accuracy_sampled)
