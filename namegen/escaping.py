"""Text from outside (a list, a model, an argument) made safe to stand in a message or a table."""

from __future__ import annotations

import re
import reprlib
from typing import TypeVar

# Control characters (they move the cursor, colour, ring), line and paragraph separators, the marks that override the
# direction of writing, half characters. Marks that scripts and emoji are spelt with (joiners, LRM, RLM) stay.
UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
MOST_SHOWN = 40  # characters of a value in a message
MOST_OF_A_PATH = 200
# Looks no further into a value than will be shown of it: one of a stranger may be huge, or nest without an end.
_SHORT = reprlib.Repr()
_SHORT.maxlevel = _SHORT.maxdict = _SHORT.maxlist = _SHORT.maxtuple = _SHORT.maxset = _SHORT.maxfrozenset = MOST_SHOWN
_SHORT.maxstring = _SHORT.maxlong = _SHORT.maxother = 2 * MOST_SHOWN
Cell = TypeVar("Cell")
FORMULA_STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")  # what East Asian spreadsheets take, too


def quote(text: str, longest: int = 40) -> str:
    r"""Text from outside for a message: control characters escaped, long text cut.

    >>> quote("a\x1b[31m"), len(quote("x" * 1000))
    ("'a\\x1b[31m'", 42)
    """
    return repr(cut(text, longest))


def short(path: object, longest: int = MOST_OF_A_PATH) -> str:
    """A path for a message, cut where it is longer than anybody reads.

    >>> short("runs/first"), len(short("x" * 4096))
    ('runs/first', 200)
    """
    return cut(str(path), longest)


def shown(value: object) -> str:
    """A value of any kind for a message: as ``repr`` has it, control characters escaped, long ones cut.

    >>> shown((32, 32)), shown("x" * 1000) == quote("x" * 1000), len(shown([0] * 1000))
    ('[32, 32]', True, 40)
    """
    value = list(value) if isinstance(value, tuple) else value  # as a config writes it
    return quote(value, MOST_SHOWN) if isinstance(value, str) else cut(_SHORT.repr(value), MOST_SHOWN)


def cut(text: str, most: int) -> str:
    """Text that is too long ends in an ellipsis."""
    return text if len(text) <= most else text[: most - 1] + "…"


def printable(text: str) -> str:
    r"""Text from a list, a model or a path with its control characters escaped.

    >>> printable("a\x1b[31mb"), printable("Zoë")
    ('a\\x1b[31mb', 'Zoë')
    """
    return text if text.isprintable() else UNSAFE.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode()


def safe_cell(value: Cell) -> Cell | str:
    """A cell that no spreadsheet runs: text that begins with ``= + - @``, in full width too, gets an apostrophe.

    >>> safe_cell("=1+1"), safe_cell("Ann"), safe_cell(-1.5)
    ("'=1+1", 'Ann', -1.5)
    """
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    return value
