"""NameColumns finds columns of a table that still look like names. To start fast, it doesn't import NumPy."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import cache

from namegen.lists.bundled import BUNDLED

LISTS = ("world-given", "world-family", "mlb-first")  # the last list contains full names
MAX_ROWS = 1000  # the number of rows to look at
MIN_SHARE = 0.5  # the share of a column's values that look like names
MIN_LETTERS = 3  # of a replaced name that is searched for in other columns
MAX_WORDS = 5  # of a name
SEPARATORS = re.compile(r"[\s,.'’-]+")  # between the words of a name
WORD = re.compile(r"[^\W\d_]+")


class NameColumns:
    """Use the first rows of a table to find columns that still look like names.

    A value looks like a name if all of its words are in namegen's lists of names, or if it contains the name that was
    replaced in its row. A column counts as names if at least half of its values look like names.
    """

    def __init__(self) -> None:
        self._header: Sequence[str] = ()
        self._replaced_index = 0
        self._rows = 0  # the number of rows so far
        # For each column, the number of values that aren't empty.
        self._values: Counter[int] = Counter()
        # For each column, the number of values that look like names.
        self._names: Counter[int] = Counter()

    def start(self, header: Sequence[str], replaced_index: int) -> None:
        """Start a table with these columns, one of which is replaced."""
        self._header = header
        self._replaced_index = replaced_index

    def check_row(self, row: Sequence[str]) -> None:
        """Count which cells of a row look like names. Rows after the first ``MAX_ROWS`` are ignored.

        Args:
            row: the row before its name is replaced.
        """
        if self._rows == MAX_ROWS:
            return
        self._rows += 1
        replaced_name = row[self._replaced_index]
        for index, cell in enumerate(row):
            is_empty = not cell.strip()
            if index == self._replaced_index or is_empty:
                continue
            self._values[index] += 1
            if looks_like_name(cell) or contains_name(cell, replaced_name):
                self._names[index] += 1

    def found(self) -> list[str]:
        """Return the names of the columns that look like names."""
        return [
            self._header[index]
            for index, count in sorted(self._names.items())
            if count >= MIN_SHARE * self._values[index]
        ]


def looks_like_name(cell: str) -> bool:
    """Return whether every word of a value is an initial or appears in namegen's lists of names.

    >>> looks_like_name("Smith, Anna"), looks_like_name("anna@example.com"), looks_like_name("in stock")
    (True, False, False)
    """
    without_initials = [word.casefold() for word in SEPARATORS.split(cell) if len(word) > 1]
    has_usual_length = 1 <= len(without_initials) <= MAX_WORDS
    return has_usual_length and name_words().issuperset(without_initials)


def contains_name(cell: str, name: str) -> bool:
    """Return whether a value contains a name, ignoring letter case.

    >>> contains_name("anna.smith@example.com", "Smith"), contains_name("42", "Smith")
    (True, False)
    """
    name = name.strip().casefold()
    return len(name) >= MIN_LETTERS and name in cell.casefold()


@cache
def name_words() -> frozenset[str]:
    """Return the words in namegen's lists of names, with letter case removed."""
    words: set[str] = set()
    for list_name in LISTS:
        text = BUNDLED[list_name].path.read_text(encoding="utf-8")
        for line in text.splitlines():
            name = line.split(",")[0]
            words.update(WORD.findall(name.casefold()))
    return frozenset(words)
