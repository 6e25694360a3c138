"""Numbers as text, for tables and sentences."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from statistics import mean

from namegen.experiments.ratios import Ratio

NONE = "–"  # the cell of a missing value


def file_words(text: str) -> str:
    """Return the words of a text in a form that suits the name of a file, at most 60 characters.

    >>> file_words("My names: GRU 2×32, seed 0")
    'my-names-gru-2-32-seed-0'
    """
    words = re.sub("[^a-z0-9.]+", "-", text.lower())
    return words.strip("-.")[:60]


def percent(share: float) -> str:
    """Format a share as a percentage with one decimal, without the percent sign.

    >>> percent(0.123)
    '12.3'
    """
    return f"{100 * share:.1f}"


def three_digits(value: float) -> str:
    """Format a number with three significant digits, and at most four decimals.

    >>> [three_digits(value) for value in (0.00123, 12.34, 1234.5, 0.0)]
    ['0.0012', '12.3', '1,230', '0']
    """
    rounded = float(f"{value:.3g}")
    return f"{rounded:,.0f}" if rounded >= 100 else f"{round(rounded, 4):g}"


def spread(values: Iterable[float | None], show: Callable[[float], str] = three_digits) -> str:
    """Format the mean of several values, and their range if they differ. Missing values are skipped.

    >>> spread([1.0, 2.0, 6.0]), spread([])
    ('3 (1–6)', '–')
    """
    known = [value for value in values if value is not None]
    if not known:
        return NONE
    lowest = show(min(known))
    highest = show(max(known))
    middle = show(mean(known))
    return middle if lowest == highest else f"{middle} ({lowest}–{highest})"


def ratio_text(ratio: Ratio) -> str:
    """Format a ratio with its interval.

    >>> ratio_text(Ratio(2.41, 1.9, 2.8)), ratio_text(Ratio(1.414, 1.333, 1.5))
    ('2.4 (1.9 to 2.8)', '1.41 (1.33 to 1.50)')
    """
    digits = 2 if 0.5 < ratio.mean < 2 else 1
    return f"{ratio.mean:.{digits}f} ({ratio.low:.{digits}f} to {ratio.high:.{digits}f})"
