"""Text from outside (a list, a model, an argument) made safe to stand in a message or a table."""

from __future__ import annotations

from typing import Any

FORMULA_STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")  # what East Asian spreadsheets take, too


def quote(text: str, longest: int = 40) -> str:
    r"""Text from outside for a message: control characters escaped, long text cut.

    >>> quote("a\x1b[31m"), len(quote("x" * 1000))
    ("'a\\x1b[31m'", 42)
    """
    return repr(text if len(text) <= longest else text[: longest - 1] + "…")


def safe_cell(value: Any) -> Any:
    """A cell that no spreadsheet runs: text that begins with ``= + - @``, in full width too, gets an apostrophe.

    >>> safe_cell("=1+1"), safe_cell("Ann"), safe_cell(-1.5)
    ("'=1+1", 'Ann', -1.5)
    """
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    return value
