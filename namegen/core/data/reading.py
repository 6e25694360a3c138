"""From the content of a file to names as they stand in it, with their labels where those are asked for: lines of text,
columns of a CSV table, a JSON list of strings or of objects.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from namegen.documents import Json, read_json
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
    bare = re.sub(r'"[^"]*"', "", header)  # what stands between quotation marks separates nothing
    delimiter = max(",;\t", key=bare.count)  # of equals the first
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=True)
    return reader, lambda: reader.line_num


@dataclass(frozen=True)
class Table:
    """Names as a table has them.

    Attributes:
        cells: a name for each row that has the column.
        labels: what stands in the label's column beside each, empty where the row is too short; None: not asked for.
        where: where the row of a cell stands, for messages.
        too_short: how many rows have no such cell.
    """

    cells: list[str]
    labels: list[str] | None
    where: Callable[[int], str]
    too_short: int = 0


def csv_columns(text: str, column: str | None, label_column: str | None, source: str) -> Table:
    """The cells of one column, and of another one that labels them.

    Args:
        text: the content of the file.
        column: of the names; None: the only one, or the only one beside that of the labels.
        label_column: of the labels; None: there are none.
        source: what messages call the file.

    Raises:
        NamesError: no CSV, no such column, or rows that are too long.
    """
    reader, line = _csv_reader(text)
    try:
        header = [name.strip() for name in next(reader, [])]
        place, label_place = _column_places(header, column, label_column, source)
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
        again, line_again = _csv_reader(text)
        row = next(row for row in again if len(row) > width)
        if any(map(str.strip, row[width:])):
            raise NamesError(
                f"{source}, line {line_again()}: {len(row)} cells where the first row names {width}: "
                "quote cells that hold commas"
            )
    named = [row for row in rows if len(row) > place]
    labels = None
    if label_place is not None:
        labels = [row[label_place] if len(row) > label_place else "" for row in named]
    return Table([row[place] for row in named], labels, where, len(rows) - len(named))


def _column_places(
    header: Sequence[str], column: str | None, label_column: str | None, source: str
) -> tuple[int, int | None]:
    """Where the names stand, and where their labels."""
    if label_column is None:
        return _column_place(header, column, source, "column"), None
    label_place = _column_place(header, label_column, source, "label_column")
    if column is None and len(header) == 2:
        return 1 - label_place, label_place
    place = _column_place(header, column, source, "column")
    if place == label_place:
        raise NamesError(f"{source}: names and labels cannot both stand in the column {quote(header[place])}")
    return place, label_place


def _column_place(header: Sequence[str], column: str | None, source: str, option: str) -> int:
    listed = ", ".join(map(quote, header[:20])) + (", …" if len(header) > 20 else "")
    if not any(header):
        raise NamesError(f"{source} has no names: the first row of a CSV file must name its columns")
    if column is None:
        if len(header) == 1:
            return 0
        also = f" (and one that labels the names with {setting('label_column')})" * (option == "column")
        raise NamesError(f"{source} has {len(header)} columns: choose one of {listed} with {setting(option)}{also}")
    if header.count(column) > 1:
        raise NamesError(f"{source} has {header.count(column)} columns {quote(column)}: choose by number, from 1")
    if column in header:
        return header.index(column)
    if column.isascii() and column.isdigit() and len(column) < 10 and 1 <= int(column) <= len(header):
        return int(column) - 1
    raise NamesError(f"{source} has no column {quote(column)}: choose one of {listed}, or a number from 1")


def json_names(text: str, column: str | None, label_column: str | None, source: str) -> Table:
    """The strings of a JSON list; or, where a column is named, the strings of that name in a list of objects.

    Raises:
        NamesError: JSON of any other form.
    """
    items = _json_list(text, source)
    if column is None and label_column is None:
        strings = [item for item in items if isinstance(item, str)]
        if len(strings) < len(items):
            place, wrong = next((place, item) for place, item in enumerate(items) if not isinstance(item, str))
            also = f", or say with {setting('column')} which string of each is the name" * isinstance(wrong, dict)
            raise _unexpected(source, place, wrong, "a string", f"a JSON list of strings{also}")
        return Table(strings, None, _item)
    keys = dict.fromkeys(key for item in items if isinstance(item, dict) for key in item)
    if not any(keys):
        raise NamesError(f"{source} has no columns: give a JSON list of objects that have the name of a column")
    names, labels = _column_places(list(keys), column, label_column, source)
    wanted = [list(keys)[place] for place in (names, labels) if place is not None]
    cells: list[list[str]] = [[] for _ in wanted]
    for place, item in enumerate(items):
        if not isinstance(item, dict):
            raise _unexpected(source, place, item, "an object", "a JSON list of objects")
        for key, found in zip(wanted, cells, strict=True):
            value = item.get(key, "")
            if found is not cells[0] and (value is None or type(value) is int):
                value = "" if value is None else str(value)  # a label may be a year
            if not isinstance(value, str):
                raise _unexpected(source, place, value, f"a string {quote(key)}", "strings")
            found.append(value)
    return Table(cells[0], cells[1] if labels is not None else None, _item)


def _item(entry: int) -> str:
    return f"item {entry + 1}"


def _unexpected(source: str, place: int, value: object, expected: str, give: str) -> NamesError:
    kind = _json_type(value)
    what = kind if kind == "null" else f"{'an' if kind == 'object' else 'a'} {kind}"
    return NamesError(f"{source}, {_item(place)}: {what} where {expected} was expected: give {give}")


def _json_list(text: str, source: str) -> list[Json]:
    """What a JSON list holds. Raises NamesError for JSON of any other form."""
    try:
        document = read_json(text, largest=len(text))  # how long a list may be, whoever read the file has seen to
    except json.JSONDecodeError as error:
        raise NamesError(
            f'{source}, line {error.lineno}: not JSON: expected a list of strings, such as ["Ann", "Bob"]'
        ) from error
    except ValueError as error:  # too deep, a number of too many digits, a key that stands twice
        raise NamesError(f"{source}: not JSON that can be read ({error}): give a list of strings") from error
    if not isinstance(document, list):
        raise NamesError(f"{source} holds a JSON {_json_type(document)}: expected a list of strings")
    return document


def _json_type(value: object) -> str:
    names = {dict: "object", list: "list", str: "string", bool: "truth value", type(None): "null"}
    return names.get(type(value), "number")
