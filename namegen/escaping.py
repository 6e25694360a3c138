"""Text from outside (a list, a model, an argument) made safe to stand in a message or a table."""

from __future__ import annotations

import reprlib
from typing import Any

MOST_SHOWN = 40  # characters of a value in a message
# Looks no further into a value than will be shown of it: one of a stranger may be huge, or nest without an end.
_SHORT = reprlib.Repr()
_SHORT.maxlevel = _SHORT.maxdict = _SHORT.maxlist = _SHORT.maxtuple = _SHORT.maxset = _SHORT.maxfrozenset = MOST_SHOWN
_SHORT.maxstring = _SHORT.maxlong = _SHORT.maxother = 2 * MOST_SHOWN
FORMULA_STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")  # what East Asian spreadsheets take, too


def quote(text: str, longest: int = 40) -> str:
    r"""Text from outside for a message: control characters escaped, long text cut.

    >>> quote("a\x1b[31m"), len(quote("x" * 1000))
    ("'a\\x1b[31m'", 42)
    """
    return repr(text if len(text) <= longest else text[: longest - 1] + "…")


def shown(value: object) -> str:
    """A value of any kind for a message: as ``repr`` has it, control characters escaped, long ones cut.

    >>> shown((32, 32)), shown("x" * 1000) == quote("x" * 1000), len(shown([0] * 1000))
    ('(32, 32)', True, 40)
    """
    return quote(value, MOST_SHOWN) if isinstance(value, str) else cut(_SHORT.repr(value), MOST_SHOWN)


def cut(text: str, most: int) -> str:
    """Text that is too long ends in an ellipsis."""
    return text if len(text) <= most else text[: most - 1] + "…"


def safe_cell(value: Any) -> Any:
    """A cell that no spreadsheet runs: text that begins with ``= + - @``, in full width too, gets an apostrophe.

    >>> safe_cell("=1+1"), safe_cell("Ann"), safe_cell(-1.5)
    ("'=1+1", 'Ann', -1.5)
    """
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    return value
