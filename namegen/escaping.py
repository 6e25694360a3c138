"""Text from outside (a list, a model, an argument) made safe to stand in a message or a table."""

from __future__ import annotations

import re
from typing import Any

# Control characters (they move the cursor, colour, ring), line and paragraph separators, the marks that override the
# direction of writing, half characters. Marks that scripts and emoji are spelt with (joiners, LRM, RLM) stay.
UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
FORMULA_STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")  # what East Asian spreadsheets take, too


def quote(text: str, longest: int = 40) -> str:
    r"""Text from outside for a message: control characters escaped, long text cut.

    >>> quote("a\x1b[31m"), len(quote("x" * 1000))
    ("'a\\x1b[31m'", 42)
    """
    return repr(text if len(text) <= longest else text[: longest - 1] + "…")


def short(path: object, longest: int = 200) -> str:
    """A path for a message, cut where it is longer than anybody reads.

    >>> short("runs/first"), len(short("x" * 4096))
    ('runs/first', 200)
    """
    text = str(path)
    return text if len(text) <= longest else text[: longest - 1] + "…"


def printable(text: str) -> str:
    r"""Text from a list, a model or a path with its control characters escaped.

    >>> printable("a\x1b[31mb"), printable("Zoë")
    ('a\\x1b[31mb', 'Zoë')
    """
    return text if text.isprintable() else UNSAFE.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode()


def safe_cell(value: Any) -> Any:
    """A cell that no spreadsheet runs: text that begins with ``= + - @``, in full width too, gets an apostrophe.

    >>> safe_cell("=1+1"), safe_cell("Ann"), safe_cell(-1.5)
    ("'=1+1", 'Ann', -1.5)
    """
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    return value
