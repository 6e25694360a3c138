"""From the content of a file to names as they stand in it: lines of text, a column of a CSV table, a JSON list."""

from __future__ import annotations

import codecs
import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Literal

from namegen.errors import NamesError, setting
from namegen.escaping import quote

Kind = Literal["text", "csv", "json"]


def decode(data: bytes, source: str) -> str:
    """UTF-8 to text, without a byte order mark and with one kind of line end. Raises NamesError for anything else."""
    mark = len(codecs.BOM_UTF8) if data.startswith(codecs.BOM_UTF8) else 0
    if b"\0" in data:
        line = _line_number(data[: data.index(b"\0")])
        raise NamesError(f"{source}, line {line}: a NUL byte, so this is not a text file: save the list as UTF-8 text")
    try:
        text = data[mark:].decode()
    except UnicodeDecodeError as error:
        place = mark + error.start
        before = data[:place]
        column = place - max(before.rfind(b"\n"), before.rfind(b"\r"))
        raise NamesError(
            f"{source}, line {_line_number(before)}, byte {column}: 0x{data[place]:02x} is not UTF-8: "
            "save the list as UTF-8 text"
        ) from error
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _line_number(before: bytes) -> int:
    return 1 + before.count(b"\n") + before.count(b"\r") - before.count(b"\r\n")


def lines(text: str) -> list[str]:
    """The lines of a text, each a name."""
    found = text.split("\n")  # splitlines would also split at characters that a name may hold
    if not found[-1]:
        found.pop()  # a last line end ends a line, it does not begin an empty one
    return found


def _csv_reader(text: str) -> tuple[Iterator[list[str]], Callable[[], int]]:
    header = text[: text.find("\n")] if "\n" in text else text
    delimiter = next((d for d in ",;\t" if d in header), ",")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=True)
    return reader, lambda: reader.line_num


def csv_column(text: str, column: str | None, source: str) -> tuple[list[str], Callable[[int], str], int]:
    """The cells of one column; where a cell stands, for messages; and how many rows are too short to have it.

    Raises:
        NamesError: no CSV, no such column, or rows that are too long.
    """
    reader, line = _csv_reader(text)
    try:
        header = [name.strip() for name in next(reader, [])]
        place = _column_place(header, column, source)
        rows = [row for row in reader if row]
    except csv.Error as error:
        raise NamesError(
            f"{source}, line {line()}: not CSV ({error}): quote cells that hold commas or quotation marks"
        ) from error

    def where(entry: int) -> str:
        again, line_again = _csv_reader(text)
        next(again)
        next(islice((row for row in again if len(row) > place), entry, None), None)
        return f"line {line_again()}"

    width = len(header)
    if rows and max(map(len, rows)) > width:
        number, row = next((n, row) for n, row in enumerate(rows) if len(row) > width)
        if any(map(str.strip, row[width:])):
            raise NamesError(
                f"{source}, row {number + 2}: {len(row)} cells where the first row names {width}: "
                "quote cells that hold commas"
            )
    cells = [row[place] for row in rows if len(row) > place]
    return cells, where, len(rows) - len(cells)


def _column_place(header: Sequence[str], column: str | None, source: str) -> int:
    listed = ", ".join(map(quote, header[:20])) + (", …" if len(header) > 20 else "")
    if not any(header):
        raise NamesError(f"{source} has no names: the first row of a CSV file must name its columns")
    if column is None:
        if len(header) == 1:
            return 0
        raise NamesError(f"{source} has {len(header)} columns: choose one of {listed} with {setting('column')}")
    if header.count(column) > 1:
        raise NamesError(f"{source} has {header.count(column)} columns {quote(column)}: choose by number, from 1")
    if column in header:
        return header.index(column)
    if column.isascii() and column.isdigit() and len(column) < 10 and 1 <= int(column) <= len(header):
        return int(column) - 1
    raise NamesError(f"{source} has no column {quote(column)}: choose one of {listed}, or a number from 1")


def json_list(text: str, source: str) -> list[str]:
    """The strings of a JSON list. Raises NamesError for JSON of any other form."""
    try:
        document = json.loads(text)
    except RecursionError as error:
        raise NamesError(f"{source} nests too deeply: expected a JSON list of strings") from error
    except ValueError as error:  # JSONDecodeError, and a number of too many digits
        line = f", line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise NamesError(f'{source}{line}: not JSON: expected a list of strings, such as ["Ann", "Bob"]') from error
    if not isinstance(document, list):
        raise NamesError(f"{source} holds a JSON {_json_type(document)}: expected a list of strings")
    for place, item in enumerate(document):
        if not isinstance(item, str):
            raise NamesError(
                f"{source}, item {place + 1}: a {_json_type(item)} where a string was expected: "
                "give a JSON list of strings"
            )
    return document


def _json_type(value: object) -> str:
    names = {dict: "object", list: "list", str: "string", bool: "truth value", type(None): "null"}
    return names.get(type(value), "number")
