"""A table of text, as Markdown and as rows; and figures as text, alike in every report."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import mean, median

NONE = "–"


@dataclass(frozen=True)
class Table:
    """A table of text: a title, columns, rows; the first ``left`` columns are words, the others figures."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    left: int = 1
    emphasised: frozenset[int] = field(default_factory=frozenset)  # rows that the others are compared with

    def markdown(self) -> str:
        """As GitHub reads it; text from lists is escaped."""
        rule = ["---" if place < self.left else "---:" for place in range(len(self.columns))]
        lines = [_cells(self.columns), _cells(rule, escape=False), *map(_cells, self.rows)]
        return "\n".join(
            [f"**{escaped(self.title)}**", "", *lines, *(["", escaped_sentence(self.note)] if self.note else [])]
        )


def _cells(cells: Sequence[str], escape: bool = True) -> str:
    return f"| {' | '.join(escaped(cell) if escape else cell for cell in cells)} |"


def escaped(text: str) -> str:
    """Text that Markdown shows as it is, control characters as code points."""
    return "".join(map(_escaped_character, text))


def escaped_sentence(text: str) -> str:
    r"""The same of a sentence; an underscore inside a word stays as it is, as Markdown takes it for a letter.

    >>> print(escaped_sentence("x86_64 <b> _a_"))
    x86_64 &#60;b&#62; \_a\_
    """
    return re.sub(r"(?<=[^\W_])\\_(?=[^\W_])", "_", escaped(text))


def _escaped_character(one: str) -> str:
    if not one.isprintable():
        return f"U+{ord(one):04X}"
    if one in "<>&":
        return f"&#{ord(one)};"
    return f"\\{one}" if one in "\\`*_[]|" else one


# --- figures as text --------------------------------------------------------------------------------------------------


def percent(share: float | None) -> str:
    """A share, one decimal, without the sign that the column's head has."""
    return NONE if share is None else f"{100 * share:.1f}"


def spread(values: Sequence[float], show: Callable[[float], str] = percent) -> str:
    """The mean of several seeds, and their range."""
    return _with_range(mean(values), values, show) if values else NONE


def spread_around_median(values: Sequence[float], show: Callable[[float], str]) -> str:
    """The median of several rounds, and their range.

    >>> spread_around_median([1.0, 2.0, 4.0], seconds)
    '2 (1 to 4)'
    """
    return _with_range(median(values), values, show)


def _with_range(middle: float, values: Sequence[float], show: Callable[[float], str]) -> str:
    shown, low, high = map(show, (middle, min(values), max(values)))
    return shown if low == high else f"{shown} ({low} to {high})"


def seconds(value: float | None) -> str:
    """Three digits that matter: 0.00123, 0.123, 12.3, 1,234."""
    if value is None:
        return NONE
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}" if value >= 0.001 else "under 0.001"


def whole(value: float | None) -> str:
    """A large number with commas, three digits that matter."""
    return NONE if value is None else f"{float(f'{value:.3g}'):,.0f}"


def mebibytes(value: float | None) -> str:
    """Of memory."""
    return NONE if value is None else f"{value:,.0f}"
