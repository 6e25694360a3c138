"""What goes to the terminal: notes, errors, tables; made safe to show."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from shutil import get_terminal_size
from textwrap import wrap
from typing import TYPE_CHECKING

import click

from namegen.errors import UNSAFE, shortened
from namegen.errors import counted as counted
from namegen.errors import printable as printable

if TYPE_CHECKING:
    from namegen.core.evaluation.evaluator import Metrics

WIDTH = 80  # columns of text, at most
LEAST_WIDTH = 30  # columns: with fewer, a table would have one digit per line; the terminal breaks lines better
NARROW = 60  # columns: with fewer, what a thing is stands below its name
FIGURES = ("nats/char", "argmax accuracy", "sampled accuracy")
HYPHEN = "\u2011"  # in place of a hyphen, where a line must not end
NONE = ("", "–")  # cells of a table that say nothing
ONE_COLUMN = re.compile(
    "[ -\u02ff\u2010-\u2027]*"
)  # characters that take one; rich knows all others, and loads late


# --- text -------------------------------------------------------------------------------------------------------------


_TO_JSON = json.JSONEncoder(ensure_ascii=False, allow_nan=False)


def json_text(document: Mapping[str, object]) -> str:
    """One line of JSON that is safe to show: what JSON itself leaves unescaped of the control characters is escaped."""
    text = _TO_JSON.encode(document)
    return text if text.isprintable() else UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def error_line(message: str, *, lines: bool = False) -> str:
    """How every error looks: who speaks, then one sentence. Only a list of wrong settings takes more ``lines``: the end
    of a line in anything else is part of a path.
    """
    told = f"namegen: {message}"
    return shortened("\n".join(map(printable, told.split("\n"))) if lines else printable(told))


OPTIONS = {"weights": "blend-weights", "origins": "origin", "countries": "country"}


def option_name(name: str, value: str | None = None) -> str:
    """What a setting is called on the command line, with the value that it should have if one is given.

    >>> option_name("min_length"), option_name("validation", "0"), option_name("allow_seen", "True")
    ('--min-length', '--validation 0', '--allow-seen')
    """
    option = OPTIONS.get(name, name).replace("_", "-")
    if value in (None, "True"):
        return f"--{option}"
    return f"--no-{option}" if value == "False" else f"--{option} {value}"


def percent(share: float) -> str:
    """A share as per cent, one decimal: what every human-readable output uses."""
    return f"{100 * share:.1f}%"


def clock(seconds: float) -> str:
    """Seconds as a clock shows them.

    >>> clock(83.0), clock(3_700.0)
    ('1:23', '1:01:40')
    """
    minutes, left = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"


def number(value: float) -> str:
    """A loss for people: four decimals, or a power of ten where training has gone astray."""
    return f"{value:.4f}" if abs(value) < 10_000 else f"{value:.3g}"


def figures(metrics: Metrics) -> tuple[str, str, str]:
    """How good a model is, for people, in the order of ``FIGURES``."""
    return (
        number(metrics.loss_nats_per_char),
        percent(metrics.accuracy_argmax),
        percent(metrics.accuracy_sampled),
    )


# --- tables -----------------------------------------------------------------------------------------------------------


def columns() -> int:
    """Columns for a result: those of the terminal, from ``LEAST_WIDTH`` to ``WIDTH``; without one, ``WIDTH``."""
    return max(LEAST_WIDTH, min(get_terminal_size().columns, WIDTH))


class Narrow(click.HelpFormatter):
    """Help as wide as the terminal: click's own has 50 columns at least, which a narrower one breaks anywhere."""

    def __init__(self, **_: object) -> None:
        super().__init__(width=columns() - 2)

    def write_text(self, text: str) -> None:
        """A paragraph; no name such as mlb-first is broken at its hyphen."""
        super().write_text(text.replace("-", HYPHEN))

    def write_dl(
        self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2
    ) -> None:
        """What is told of each option; below it, where there is no room beside it."""
        rows = [(name, text.replace("-", HYPHEN)) for name, text in rows]
        super().write_dl(rows, col_max if self.width > 58 else 6, col_spacing)

    def write(self, string: str) -> None:
        """Text; an example that is too long goes on in the next line, as a shell reads it, but not between an option
        and its value.
        """
        lines = string.replace(HYPHEN, "-").split("\n")
        for place, line in enumerate(lines):
            if len(line) > columns() and line.startswith("    namegen "):
                kept = re.sub(r"( --?\S+) (?!-)", "\\1\xa0", line)
                split = wrap(kept, self.width - 6, break_long_words=False, break_on_hyphens=False)
                lines[place] = " \\\n      ".join(split).replace("\xa0", " ")
        super().write("\n".join(lines))


class Context(click.Context):
    """That of a command whose help is this narrow."""

    formatter_class = Narrow


def cells(text: str) -> int:
    """Columns of a terminal that a text takes; colours take none."""
    if ONE_COLUMN.fullmatch(text):
        return len(text)
    from rich.cells import cell_len

    return cell_len(click.unstyle(text))


def aligned(rows: Sequence[tuple[str, ...]], *, left: int = 1) -> str:
    """A small table as lines of text: the first ``left`` columns flush left, the others flush right, two spaces apart.

    >>> print(aligned([("names", "24,000"), ("distinct", "4")]))
    names     24,000
    distinct       4
    """
    widths = [max(map(cells, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        gaps = [" " * (width - cells(cell)) for cell, width in zip(row, widths, strict=True)]
        padded = [
            cell + gap if at < left else gap + cell
            for at, (cell, gap) in enumerate(zip(row, gaps, strict=True))
        ]
        lines.append("  ".join(padded).rstrip())
    return "\n".join(lines)


def fits(table: str) -> bool:
    """Whether no line is wider than the terminal."""
    return max(map(cells, table.splitlines())) <= columns()


def fitted(rows: Sequence[tuple[str, ...]], *, left: int = 1) -> str:
    """``aligned``; in a terminal too narrow for that, the cells of each row one below the other.

    Args:
        rows: the first one names the columns; such a row, or one without any figure, may stand further below too.
        left: how many columns are flush left.
    """
    table = aligned(rows, left=left)
    if fits(table):
        return table
    head = rows[0][1:]
    lines: list[str] = []
    for name, *others in rows:
        below = [(what, cell) for what, cell in zip(head, others, strict=True) if cell not in NONE]
        is_head = rows[0] == (name, *others)
        lines += [name] if name and not (is_head and left > 1) else []
        if below and tuple(others) != head:
            indent = " " * (len(name) - len(name.lstrip()) + 2)
            behind = " " * (len(indent) + max(len(what) for what, _ in below) + 2)
            for line in aligned(below, left=left).splitlines():
                lines += wrap(
                    indent + line, columns(), subsequent_indent=behind, break_on_hyphens=False
                )
    return "\n".join(lines)


def beside(name: str, *texts: str) -> str:
    """A name with texts beside it, each begun in a line of its own; in a narrow terminal they stand below the name."""
    indent = len(name) + len("  ") if columns() >= NARROW else 4
    lines = [
        " " * indent + line
        for text in texts
        for line in wrap(text, columns() - indent, break_on_hyphens=False)
    ]
    return "\n".join(
        [name.rstrip(), *lines]
        if columns() < NARROW
        else [name + lines[0][len(name) :], *lines[1:]]
    )


# --- standard error ---------------------------------------------------------------------------------------------------


class Notes:
    """What is said on standard error beside the result; nothing with ``--quiet``."""

    def __init__(self, quiet: bool) -> None:
        self.quiet = quiet
        self.write: Callable[..., None] = click.echo  # another one while something is drawn there

    def __call__(self, text: str) -> None:
        """Say one thing; an empty text is nothing to say."""
        if text and not self.quiet:
            self.write("\n".join(map(printable, text.split("\n"))), err=True)

    @property
    def can_draw_over(self) -> bool:
        """Whether they go to a terminal in which what stands there can be drawn over."""
        return not self.quiet and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
