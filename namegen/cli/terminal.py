"""What goes to the terminal: notes, errors, and text from outside made safe to show."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import click

# Control characters (they move the cursor, colour, ring), line and paragraph separators, the marks that override the
# direction of writing, half characters. Marks that scripts and emoji are spelt with (joiners, LRM, RLM) stay.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str) -> str:
    r"""Text from a list, a model or a path with its control characters escaped.

    >>> printable("a\x1b[31mb"), printable("Zoë")
    ('a\\x1b[31mb', 'Zoë')
    """
    return text if text.isprintable() else _UNSAFE.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode()


def json_text(document: Mapping[str, Any]) -> str:
    """One line of JSON that is safe to show: what JSON itself leaves unescaped of the control characters is escaped."""
    text = json.dumps(document, ensure_ascii=False, allow_nan=False)
    return text if text.isprintable() else _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def error_line(message: str) -> str:
    """How every error looks: who speaks, then one sentence. Only a list of wrong settings takes more lines."""
    return "\n".join(map(printable, f"namegen: {message}".split("\n")))


class Notes:
    """What is said on standard error beside the result; nothing with ``--quiet``."""

    def __init__(self, quiet: bool) -> None:
        self.quiet = quiet

    def __call__(self, text: str) -> None:
        """Say one thing; an empty text is nothing to say."""
        if text and not self.quiet:
            click.echo(printable(text), err=True)


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


def percent(share: float) -> str:
    """A share as per cent, one decimal: what every human-readable output uses."""
    return f"{100 * share:.1f}%"
