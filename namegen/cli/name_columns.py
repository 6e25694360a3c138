"""NameColumns finds columns of a table that still look like names. To start fast, it doesn't import NumPy."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from namegen.lists.bundled import BUNDLED

LISTS = ("world-given", "world-family", "mlb-first")  # the last list contains full names
MAX_ROWS = 1000  # the number of rows to look at
MIN_SHARE = 0.5  # the share of a column's values that look like names
MIN_LETTERS = 3  # of a replaced name that is searched for in other columns
MAX_WORDS = 5  # of a name
SEPARATORS = re.compile(r"[\s,.'’-]+")  # between the words of a name
WORD = re.compile(r"[^\W\d_]+")
EMAIL = re.compile(r"\s*\S+@\S+\.\w+\s*")


class NameColumns:
    """Use the first rows of a table to find columns that still look like names or e-mail addresses.

    A value looks like a name if all of its words are in namegen's lists of names, or if it contains the name that was
    replaced in its row. A column is found if at least half of its values look like names or addresses.
    """

    def __init__(self, header: Sequence[str], replaced_index: int) -> None:
        self._header = header
        self._replaced_index = replaced_index
        self._rows = 0  # the number of rows so far
        # For each column, the number of values that aren't empty, and of those that look like names.
        self._values: Counter[int] = Counter()
        self._names: Counter[int] = Counter()
        self._words: set[str] = set()  # of all names
        for name in LISTS:
            for line in BUNDLED[name].path.read_text(encoding="utf-8").casefold().splitlines():
                self._words.update(WORD.findall(line.split(",")[0]))

    def check_row(self, row: Sequence[str]) -> None:
        """Count which cells of a row look like names. Rows after the first ``MAX_ROWS`` are ignored.

        Args:
            row: the row before its name is replaced.
        """
        self._rows += 1
        if self._rows > MAX_ROWS:
            return
        replaced_name = row[self._replaced_index].strip().casefold()
        for index, cell in enumerate(row):
            cell = cell.casefold()
            if index == self._replaced_index or not cell.strip():
                continue
            # Initials count as parts of a name.
            words = [word for word in SEPARATORS.split(cell) if len(word) > 1]
            is_name = 1 <= len(words) <= MAX_WORDS and self._words.issuperset(words)
            has_name = len(replaced_name) >= MIN_LETTERS and replaced_name in cell
            self._values[index] += 1
            if is_name or has_name or EMAIL.fullmatch(cell):
                self._names[index] += 1

    def found(self) -> list[str]:
        """Return the names of the columns that look like names or addresses."""
        return [
            self._header[index]
            for index, count in sorted(self._names.items())
            if count >= MIN_SHARE * self._values[index]
        ]
