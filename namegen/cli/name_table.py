"""NameTable is a CSV table in which one column gets pseudonyms. To start fast, it doesn't import NumPy."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import TextIO

import click

from namegen.cli.name_columns import NameColumns
from namegen.cli.terminal import printable
from namegen.core.data.list_formats import column_place, delimiter_of
from namegen.errors import NamesError, quote, reason_of, safe_cell, short
from namegen.pseudonymize import Pseudonyms

# Characters in a cell or a line; limits the memory that an unclosed quotation mark can take.
MAX_CELL = 10_000_000
BYTE_ORDER_MARK = "\ufeff"


class NameTable:
    """A table in which one column gets pseudonyms.

    Args:
        file: the path of a CSV file, or ``-`` for standard input.
        column: the name or number of the column with names.
        by: the column whose values determine the pseudonyms. By default, it's the column with names.
    """

    def __init__(self, file: str, column: str, by: str | None = None) -> None:
        self.values_in_pool = 0  # the number of replaced names so far that are in a pool
        self.name_columns = NameColumns()  # finds other columns with names
        self._file = file
        self._column = column
        self._by = by

    def count_values(self, pseudonyms: Pseudonyms) -> ValueCounts:
        """Read the table, and count the values that determine pseudonyms."""
        counts = ValueCounts()
        with self._open() as table:
            for row in table.rows:
                if table.has_name(row):
                    counts.add(row[table.by_index], pseudonyms)
        return counts

    def renamed(self, pseudonyms: Pseudonyms) -> Iterator[bytes]:
        """Yield the table's byte order mark, if it has one, then its rows with pseudonyms.

        Raises:
            NamesError: the file isn't a CSV table, or it has no such column.
        """
        with self._open() as table:
            self.name_columns.start(table.header, table.name_index)
            yield table.byte_order_mark.encode()
            yield table.line_of(table.header)
            for row in table.rows:
                if table.has_name(row):
                    self._replace(row, table, pseudonyms)
                yield table.line_of(row)

    def _replace(self, row: list[str], table: _OpenTable, pseudonyms: Pseudonyms) -> None:
        """Replace the name in a row with its pseudonym, and update the counts for the report."""
        name = row[table.name_index]
        value = row[table.by_index]
        if not value.strip():
            raise NamesError(
                f"row {table.row_number} of {short(self._file)} has a name, but no value in the column "
                f"{quote(table.header[table.by_index])}: add the value, or choose another column with --by"
            )
        if pseudonyms.has_name(name):
            self.values_in_pool += 1
        self.name_columns.check_row(row)
        row[table.name_index] = safe_cell(printable(pseudonyms.of(value)))

    @contextmanager
    def _open(self) -> Iterator[_OpenTable]:
        """Open the table. Raise a NamesError if it can't be read."""
        csv.field_size_limit(MAX_CELL)
        table: _OpenTable | None = None  # until its first row has been read
        try:
            with click.open_file(self._file, "rb") as stream:
                text = io.TextIOWrapper(stream, "utf-8", newline="")
                table = self._read_start(text)
                yield table
        # RuntimeError: standard input is closed
        except (OSError, ValueError, RuntimeError, csv.Error) as error:
            raise NamesError(self._reading_error(error, table)) from error

    def _read_start(self, text: TextIO) -> _OpenTable:
        """Read the first row of the table, which contains the column names and shows the format of the file."""
        lines = _lines(text)
        first_line = next(lines, "")
        delimiter = delimiter_of(first_line)
        without_mark = first_line.removeprefix(BYTE_ORDER_MARK)
        rows = csv.reader(chain([without_mark], lines), delimiter=delimiter, strict=True)
        header = next(rows, [])
        name_index = self._index_of(self._column, header, "column")
        by_index = name_index if self._by is None else self._index_of(self._by, header, "by")
        return _OpenTable(
            header=header,
            name_index=name_index,
            by_index=by_index,
            delimiter=delimiter,
            byte_order_mark=BYTE_ORDER_MARK if first_line.startswith(BYTE_ORDER_MARK) else "",
            line_end="\r\n" if first_line.endswith("\r\n") else "\n",
            reader=rows,
        )

    def _index_of(self, column: str, header: list[str], option: str) -> int:
        """Find a column by its name or number. Raise a NamesError, which names the option, if there is none."""
        names = [name.strip() for name in header]
        return column_place(names, column, short(self._file), option)

    def _reading_error(self, error: Exception, table: _OpenTable | None) -> str:
        """Return the message for an error in the table. It includes the row if that's known."""
        file = short(self._file)
        reason = reason_of(error)
        if isinstance(error, csv.Error):
            number = 1 if table is None else table.row_number
            return (
                f"cannot read row {number} of {file} ({reason}): correct that row of the CSV file"
            )
        # The row of a decoding error is unknown, because the file is decoded in blocks.
        if isinstance(error, UnicodeDecodeError):
            return f"{file} isn't a UTF-8 file: save it as CSV in UTF-8"
        return f"cannot read {file} ({reason}): pass a CSV file in UTF-8"


@dataclass
class ValueCounts:
    """The number of values that determine pseudonyms. A value that occurs twice counts twice."""

    hashed: int = 0  # values whose pseudonym is chosen by a hash
    numbers: int = 0  # whole numbers below N, no two of which share a pseudonym

    def add(self, value: str, pseudonyms: Pseudonyms) -> None:
        """Count a value."""
        if pseudonyms.is_number(value):
            self.numbers += 1
        else:
            self.hashed += 1

    @property
    def total(self) -> int:
        """The number of values."""
        return self.hashed + self.numbers

    @property
    def pairs(self) -> int:
        """The number of pairs of values that may share a name. In each pair, at least one value is hashed."""
        pairs_of_hashed = self.hashed * (self.hashed - 1) // 2
        mixed_pairs = self.hashed * self.numbers
        return pairs_of_hashed + mixed_pairs


@dataclass
class _OpenTable:
    """A table whose first row has been read."""

    header: list[str]
    name_index: int  # of the column with names
    by_index: int  # of the column that determines pseudonyms
    delimiter: str
    byte_order_mark: str
    line_end: str
    reader: Iterator[list[str]]
    row_number: int = 1  # the last row that was read

    def has_name(self, row: list[str]) -> bool:
        """Return whether a row has a name. Empty lines and rows with an empty cell don't have one."""
        return bool(row) and row[self.name_index].strip() != ""

    @property
    def rows(self) -> Iterator[list[str]]:
        """Yield the rows after the first one. Raises csv.Error if a row has a different number of cells."""
        self.row_number = 2
        for row in self.reader:
            if row and len(row) != len(self.header):
                raise csv.Error(
                    f"number of cells: {len(row)}, but {len(self.header)} in the first row"
                )
            yield row
            self.row_number += 1

    def line_of(self, row: list[str]) -> bytes:
        """Return a row as CSV. Unlike ``csv.writer``, it quotes cells only where necessary."""
        cells = [self._quoted(cell) for cell in row]
        if cells == [""]:
            cells = ['""']  # without quotes, the row would become an empty line
        return f"{self.delimiter.join(cells)}{self.line_end}".encode()

    def _quoted(self, cell: str) -> str:
        """Return a cell, in quotation marks if it needs them."""
        if not re.search(f'[\r\n"{self.delimiter}]', cell):
            return cell
        escaped = cell.replace('"', '""')
        return f'"{escaped}"'


def _lines(text: TextIO) -> Iterator[str]:
    """Yield the lines of a table, with their line endings. Raises csv.Error if a line is too long."""
    while line := text.readline(MAX_CELL):
        if len(line) == MAX_CELL:
            raise csv.Error(f"a line has {MAX_CELL:,} characters or more")
        yield line
