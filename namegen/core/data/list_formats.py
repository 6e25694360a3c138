"""List formats: the names, and the labels beside them, in the content of a file.

A format is a function from a text to a ``Table``, and a line of ``FORMATS``; the ending of a file's name chooses one.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise
from pathlib import Path
from typing import Literal

from namegen.documents import Json, read_json
from namegen.errors import NamesError, quote, setting, shown

# What lines of a pasted list have around the name, the last group.
PASTED = {
    "commas at ends": re.compile(r"(.*)[,;]"),
    "footnotes": re.compile(r"(.*)\[[0-9]{1,3}\]"),
    "marks of items": re.compile(r"(?:[-–—*·>+►✓✔]\s+|[•◦▪●‣]\s*)(.*)"),
    "numbers of items": re.compile(r"\(?([0-9]{1,6})[.):](?:\s+|$)(.*)"),
    "pairs of quotation marks": re.compile(r'"([^"]*)"'),
}
LOOKED_AT, FEWEST_PASTED = 1_000, 3  # filled lines: half of the first ones, and so many, must have it
GOING_ON = 0.8  # of the numbers, at least, are one more than those before
# How PDF, PNG, and Office documents since 2007 and before begin.
FOREIGN = b"%PDF", b"\x89PNG", b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
MARKUP = re.compile(r"\s*(<[!?/a-z]|\{\\rtf)", re.IGNORECASE)


def decode(data: bytes, source: str) -> str:
    """UTF-8 to text, without a byte order mark and with one kind of line end. Raises NamesError for anything else.

    >>> decode(b"%PDF-1.7", "names.txt")
    Traceback (most recent call last):
        ...
    namegen.errors.NamesError: names.txt is a PDF, a picture or an Office document: save its names as plain text
    """
    if data.startswith(FOREIGN):
        raise NamesError(f"{source} is a PDF, a picture or an Office document: save its names as plain text")
    mark = len(codecs.BOM_UTF8) if data.startswith(codecs.BOM_UTF8) else 0
    if b"\0" in data:
        line = _line_number(data[: data.index(b"\0")])
        raise NamesError(f"{source}, line {line}: a NUL byte, so this is no UTF-8 text: save the list as UTF-8 text")
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


@dataclass(frozen=True)
class Table:
    """What a list holds, as it stands there.

    Attributes:
        names: one for each entry.
        labels: of each name, empty where the entry has none; None: the list has no labels. One of several columns is
            the line of a CSV file with their cells.
        where: the place of an entry in the list, for messages.
        empty: what an empty name is called, in the plural.
        dropped: what was left out, as in ``Corpus``.
    """

    names: list[str]
    labels: list[str] | None = None
    where: Callable[[int], str] = lambda entry: f"item {entry + 1}"
    empty: str = "empty strings"
    dropped: Mapping[str, int] = field(default_factory=dict)


def join_parts(parts: Iterable[str]) -> str:
    """A label of these parts; empty if all of them are.

    >>> join_parts(["Finnish", ""]), join_parts(["Washington, D.C."]), join_parts(["Washington, D.C.", "city"])
    ('Finnish,', 'Washington, D.C.', '"Washington, D.C.",city')
    """
    parts = [part.strip() for part in parts]
    if len(parts) == 1 or not any(parts):
        return parts[0]
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(parts)
    return line.getvalue()


def split_parts(label: str) -> list[str]:
    """The parts of a label that has several, or of what was asked for.

    >>> split_parts("Finnish,"), split_parts('"Washington, D.C.", city')
    (['Finnish', ''], ['Washington, D.C.', 'city'])
    """
    try:
        [parts] = csv.reader([label], skipinitialspace=True)
    except (csv.Error, ValueError):  # a line end, or a part without an end
        return [label]
    return [part.strip() for part in parts]


def text_lines(text: str, column: str | None, label_column: str | None, source: str) -> Table:
    r"""The lines of a text, each a name, without what most lines of a pasted list have around it.

    Raises:
        NamesError: a column was asked for; or it is a table or markup.

    >>> pasted = "1. Al\n2. Bo\n3. Cy", "(1) Al\n(2) Bo\n(3) Cy", "•A\n•B\n•C"
    >>> [text_lines(text, None, None, "list").names for text in pasted]
    [['Al', 'Bo', 'Cy'], ['Al', 'Bo', 'Cy'], ['A', 'B', 'C']]
    >>> text_lines("<ul>\n<li>Al", None, None, "page.txt")
    Traceback (most recent call last):
    namegen.errors.NamesError: page.txt is HTML, XML or RTF, and a list was expected: save its names as plain text
    """
    if asked := column or label_column:
        raise NamesError(f"{source}: the column {quote(asked)} was asked for, but text has none: give CSV or JSON")
    # Not splitlines, which would also split at characters that a name may hold. A last line end begins no other line.
    names = [line.strip() for line in text.removesuffix("\n").split("\n")]
    first = list(islice(filter(None, names), LOOKED_AT))
    if MARKUP.match(text):
        raise NamesError(f"{source} is HTML, XML or RTF, and a list was expected: save its names as plain text")
    if len(first) == 1 and first[0].count(",") > 1:
        raise NamesError(f"{source} is one line with commas: give each name a line of its own")
    dropped = {}
    for what, pattern in PASTED.items():
        marked = [found for line in first if (found := pattern.fullmatch(line))]
        numbers = [int(found[1]) for found in marked] if pattern.groups > 1 else []
        going_on = sum(after - one == 1 for one, after in pairwise(numbers)) >= GOING_ON * (len(numbers) - 1)
        if len(marked) >= max(FEWEST_PASTED, len(first) / 2) and going_on:
            each = list(map(pattern.fullmatch, names))
            dropped[what] = sum(map(bool, each))
            names = [found[pattern.groups] if found else name for found, name in zip(each, names, strict=True)]
            first = list(islice(filter(None, names), LOOKED_AT))
    commas = [len(re.findall(r",(?=\S)", line)) for line in first]  # names with commas have spaces behind these
    of_commas = commas[:1] > [1] and commas.count(commas[0]) > len(first) / 2
    if of_commas or sum("\t" in line for line in first) > len(first) / 2:
        listed = ", ".join(map(quote, re.split(r"[\t,]", first[0])[:20]))
        raise NamesError(
            f"{source} is a table: if its first row names its columns, choose one of {listed} with "
            f"{setting('column')}; or save one column alone"
        )
    return Table(names, where=lambda entry: f"line {entry + 1}", empty="empty lines", dropped=dropped)


def csv_columns(text: str, column: str | None, label_column: str | None, source: str) -> Table:
    """The cells of one column, and of another one that labels them.

    Args:
        text: the content of the file.
        column: of the names; None: the only one, or the only one beside that of the labels.
        label_column: of the labels, or several of them, separated by commas; None: there are none.
        source: what messages call the file.

    Raises:
        NamesError: no CSV, no such column, or rows that are too long.
    """
    delimiter = delimiter_of(text[: text.find("\n")] if "\n" in text else text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        place, label_places = _column_places(header, column, label_column, source)
        rows = [(row, reader.line_num) for row in reader if row]
    except csv.Error as error:
        raise NamesError(
            f"{source}, line {reader.line_num}: not CSV ({error}): quote cells that hold commas or quotation marks"
        ) from error
    width = len(header)
    for row, line in rows:
        if len(row) > width and any(map(str.strip, row[width:])):
            raise NamesError(
                f"{source}, line {line}: {len(row)} cells where the first row names {width}: quote cells with commas"
            )
    named = [row for row, _ in rows if len(row) > place]
    line_of = [line for row, line in rows if len(row) > place]
    labels = None
    if label_places:
        labels = [join_parts([row[at] if len(row) > at else "" for at in label_places]) for row in named]
    dropped = {"header rows": 1}
    if len(named) < len(rows):
        dropped["rows without that column"] = len(rows) - len(named)
    names = [row[place] for row in named]
    return Table(names, labels, lambda entry: f"line {line_of[entry]}", "empty cells", dropped)


def delimiter_of(first: str) -> str:
    """What separates the cells of a table, by its first line: a comma, a semicolon or a tab."""
    bare = re.sub(r'"[^"]*"', "", first)  # what stands between quotation marks separates nothing
    return max(",;\t", key=bare.count)  # of equals the first


def _column_places(
    header: Sequence[str], column: str | None, label_column: str | None, source: str
) -> tuple[int, list[int]]:
    """Where the names stand, and where their labels."""
    if label_column is None:
        return column_place(header, column, source, "column"), []
    columns = [label_column] if label_column in header else split_parts(label_column)
    label_places = [column_place(header, one, source, "label_column") for one in columns]
    if column is None and len(header) == len(set(label_places)) + 1:
        return (set(range(len(header))) - set(label_places)).pop(), label_places
    place = column_place(header, column, source, "column")
    if place in label_places:
        raise NamesError(f"{source}: names and labels cannot both stand in the column {quote(header[place])}")
    return place, label_places


def column_place(header: Sequence[str], column: str | None, source: str, option: str) -> int:
    """Where the column of a name or a number from 1 stands; None: the only one. Raises NamesError."""
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
        return Table(strings)
    keys = dict.fromkeys(key for item in items if isinstance(item, dict) for key in item)
    if not any(keys):
        raise NamesError(f"{source} has no columns: give a JSON list of objects that have the name of a column")
    names, labels = _column_places(list(keys), column, label_column, source)
    wanted = [list(keys)[place] for place in (names, *labels)]
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
    return Table(cells[0], list(map(join_parts, zip(*cells[1:], strict=True))) if labels else None)


def _unexpected(source: str, place: int, value: object, expected: str, give: str) -> NamesError:
    return NamesError(f"{source}, item {place + 1} is {shown(value)}, and {expected} was expected: give {give}")


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
        raise NamesError(f"{source} holds {shown(document)}: expected a list of strings")
    return document


def json_lines(text: str, column: str | None, label_column: str | None, source: str) -> Table:
    r"""What ``json_names`` makes of a list of these lines.

    >>> json_lines('{"name": "Al"}\n\n{"name": "Bo"}\n', "name", None, "list").names
    ['Al', 'Bo']
    """
    return json_names("[" + ",\n".join(filter(str.strip, text.split("\n"))) + "]", column, label_column, source)


Kind = Literal["text", "csv", "json", "jsonl"]
FORMATS: dict[Kind, Callable[[str, str | None, str | None, str], Table]] = {
    "text": text_lines,
    "csv": csv_columns,
    "json": json_names,
    "jsonl": json_lines,
}
ENDINGS: dict[str, Kind] = {".csv": "csv", ".json": "json", ".jsonl": "jsonl"}


def format_of(file_name: str, *, has_columns: bool) -> Kind:
    """The format of a list by the ending of its file's name; without such an ending text, or CSV if it has columns.

    >>> format_of("players.csv", has_columns=False), format_of("-", has_columns=True)
    ('csv', 'csv')
    """
    return ENDINGS.get(Path(file_name).suffix.lower(), "csv" if has_columns else "text")
