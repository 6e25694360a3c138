"""List formats: the names, and the labels beside them, in the content of a file.

A format is a function from a ``ListContent`` to a ``Table``, and a line of ``FORMATS``; the ending of a file's name
chooses one. It reads the content piece by piece and keeps only what the table holds, so that memory stays small.
"""

from __future__ import annotations

import csv
import io
import re
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice, pairwise
from pathlib import Path
from typing import Literal

from namegen.core.data.json_list import read_items, read_lines
from namegen.core.data.list_content import MOST_LINES, ListContent
from namegen.documents import Json
from namegen.errors import NamesError, quote, setting, shown

# What lines of a pasted list have around the name, the last group.
PASTED = {
    "commas at ends": re.compile(r"(.*)[,;]"),
    "footnotes": re.compile(r"(.*)\[[0-9]{1,3}\]"),
    "marks of items": re.compile(r"(?:[-–—*·>+►✓✔]\s+|[•◦▪●‣]\s*)(.*)"),
    "numbers of items": re.compile(r"\(?([0-9]{1,6})[.):](?:\s+|$)(.*)"),
    "pairs of quotation marks": re.compile(r'"([^"]*)"'),
}
# Filled lines: half of the first ones, and so many, must have it. Commas are counted in as many characters of a line.
LOOKED_AT, FEWEST_PASTED = 1_000, 3
GOING_ON = 0.8  # of the numbers, at least, are one more than those before
MOST_COLUMNS = 10_000
MARKUP = re.compile(r"\s*(<[!?/a-z]|\{\\rtf)", re.IGNORECASE)


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


def text_lines(content: ListContent, column: str | None, label_column: str | None) -> Table:
    r"""The lines of a text, each a name, without what most lines of a pasted list have around it.

    Raises:
        NamesError: a column was asked for; or it is a table or markup.

    >>> def names_of(text: bytes) -> list[str]:
    ...     return text_lines(ListContent(text, "page.txt"), None, None).names
    >>> names_of(b"1. Al\n2. Bo\n3. Cy"), names_of(b"(1) Al\n(2) Bo\n(3) Cy"), names_of("•A\n•B\n•C".encode())
    (['Al', 'Bo', 'Cy'], ['Al', 'Bo', 'Cy'], ['A', 'B', 'C'])
    >>> names_of(b"<ul>\n<li>Al")
    Traceback (most recent call last):
    namegen.errors.NamesError: page.txt is HTML, XML or RTF, and a list was expected: save its names as plain text
    """
    source = content.source
    if asked := column or label_column:
        raise NamesError(
            f"{source}: the column {quote(asked)} was asked for, but text has none: give CSV or JSON"
        )
    names = [line.strip() for line in content.lines()]
    first = list(islice(filter(None, names), LOOKED_AT))
    if first and MARKUP.match(first[0]):
        raise NamesError(
            f"{source} is HTML, XML or RTF, and a list was expected: save its names as plain text"
        )
    if len(first) == 1 and first[0].count(",") > 1:
        raise NamesError(f"{source} is one line with commas: give each name a line of its own")
    dropped = {}
    for what, pattern in PASTED.items():
        marked = [found for line in first if (found := pattern.fullmatch(line))]
        numbers = [int(found[1]) for found in marked] if pattern.groups > 1 else []
        going_on = sum(after - one == 1 for one, after in pairwise(numbers)) >= GOING_ON * (
            len(numbers) - 1
        )
        if len(marked) >= max(FEWEST_PASTED, len(first) / 2) and going_on:
            dropped[what] = 0
            for place, name in enumerate(names):
                if found := pattern.fullmatch(name):
                    names[place] = found[pattern.groups]
                    dropped[what] += 1
            first = list(islice(filter(None, names), LOOKED_AT))
    # Names with commas have spaces after them.
    commas = [len(re.findall(r",(?=\S)", line[:LOOKED_AT])) for line in first]
    of_commas = commas[:1] > [1] and commas.count(commas[0]) > len(first) / 2
    if of_commas or sum("\t" in line for line in first) > len(first) / 2:
        listed = ", ".join(map(quote, re.split(r"[\t,]", first[0])[:20]))
        raise NamesError(
            f"{source} is a table: if its first row names its columns, choose one of {listed} with "
            f"{setting('column')}; or save one column alone"
        )
    return Table(
        names, where=lambda entry: f"line {entry + 1}", empty="empty lines", dropped=dropped
    )


def csv_columns(content: ListContent, column: str | None, label_column: str | None) -> Table:
    """The cells of one column, and of another one that labels them.

    Args:
        content: of the file.
        column: of the names; None: the only one, or the only one beside that of the labels.
        label_column: of the labels, or several of them, separated by commas; None: there are none.

    Raises:
        NamesError: no CSV, no such column, or rows that are too long.
    """
    source = content.source
    rows = _csv_rows(content)
    header = [name.strip() for name in next(rows)[1]]
    place, label_places = _column_places(header, column, label_column, source)
    width = len(header)
    names: list[str] = []
    labels: list[str] = []
    line_of = array("I")
    rows_without = 0
    for line, row in rows:
        if len(row) > width and any(map(str.strip, row[width:])):
            raise NamesError(
                f"{source}, line {line}: {len(row)} cells where the first row names {width}: quote cells with commas"
            )
        if len(row) <= place:
            rows_without += 1
            continue
        names.append(row[place])
        line_of.append(line)
        if label_places:
            labels.append(join_parts([row[at] if len(row) > at else "" for at in label_places]))
    dropped = {"header rows": 1}
    if rows_without:
        dropped["rows without that column"] = rows_without
    return Table(
        names=names,
        labels=labels if label_places else None,
        where=lambda entry: f"line {line_of[entry]}",
        empty="empty cells",
        dropped=dropped,
    )


def _csv_rows(content: ListContent) -> Iterator[tuple[int, list[str]]]:
    """The first row of a CSV file, then all other rows that aren't empty, each with the number of its last line.

    Raises:
        NamesError: It isn't CSV.
    """
    lines = content.lines()
    first = next(lines, "")
    reader = csv.reader(
        (f"{line}\n" for line in chain([first], lines)),
        delimiter=delimiter_of(first),
        strict=True,
        skipinitialspace=True,
    )
    start = 1  # the first line of the row that is being read
    try:
        yield 1, next(reader)
        start = reader.line_num + 1
        for row in reader:
            if row:
                yield reader.line_num, row
            start = reader.line_num + 1
    except csv.Error as error:
        is_too_long = "field larger" in str(error)
        if "unexpected end" in str(error) or (is_too_long and reader.line_num > start):
            wrong = "a quotation mark in this row is never closed: close it, or quote the cell and double the mark"
        elif is_too_long:
            longest = csv.field_size_limit()
            wrong = f"a cell has more than {longest:,} characters: shorten it, or close its quotation mark"
        else:
            wrong = f"not CSV ({error}): quote cells that hold commas or quotation marks"
        raise NamesError(f"{content.source}, line {start}: {wrong}") from error


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
        raise NamesError(
            f"{source}: names and labels cannot both stand in the column {quote(header[place])}"
        )
    return place, label_places


def column_place(header: Sequence[str], column: str | None, source: str, option: str) -> int:
    """Where the column of a name or a number from 1 stands; None: the only one. Raises NamesError."""
    listed = ", ".join(map(quote, header[:20])) + (", …" if len(header) > 20 else "")
    if not any(header):
        raise NamesError(
            f"{source} has no names: the first row of a CSV file must name its columns"
        )
    if column is None:
        if len(header) == 1:
            return 0
        also = f" (and one that labels the names with {setting('label_column')})" * (
            option == "column"
        )
        raise NamesError(
            f"{source} has {len(header)} columns: choose one of {listed} with {setting(option)}{also}"
        )
    if header.count(column) > 1:
        raise NamesError(
            f"{source} has {header.count(column)} columns {quote(column)}: choose by number, from 1"
        )
    if column in header:
        return header.index(column)
    if (
        column.isascii()
        and column.isdigit()
        and len(column) < 10
        and 1 <= int(column) <= len(header)
    ):
        return int(column) - 1
    raise NamesError(
        f"{source} has no column {quote(column)}: choose one of {listed}, or a number from 1"
    )


def json_names(content: ListContent, column: str | None, label_column: str | None) -> Table:
    """The strings of a JSON list; or, where a column is named, the strings of that name in a list of objects.

    Raises:
        NamesError: JSON of any other form.
    """
    return _names_of_items(
        lambda: read_items(content.blocks()), column, label_column, content.source
    )


def json_lines(content: ListContent, column: str | None, label_column: str | None) -> Table:
    r"""What ``json_names`` makes of a list of these lines.

    >>> content = ListContent(b'{"name": "Al"}\n\n{"name": "Bo"}\n', "list")
    >>> json_lines(content, "name", None).names
    ['Al', 'Bo']
    """
    return _names_of_items(
        lambda: read_lines(content.lines()), column, label_column, content.source
    )


def _names_of_items(
    read: Callable[[], Iterator[Json]], column: str | None, label_column: str | None, source: str
) -> Table:
    """The names in the items of a JSON file.

    Args:
        read: Reads the items, from the first one on. A list of objects is read twice.
        column: See ``json_names``.
        label_column: See ``json_names``.
        source: What messages call the list.
    """
    if column is None and label_column is None:
        return Table(list(_strings(read, source)))
    keys: dict[str, None] = {}
    for _, item in _objects(read, source):
        keys.update(dict.fromkeys(item))
        if len(keys) > MOST_COLUMNS:
            raise NamesError(
                f"{source} has more than {MOST_COLUMNS:,} columns: leave out those that aren't needed"
            )
    if not any(keys):
        raise NamesError(
            f"{source} has no columns: give a JSON list of objects that have the name of a column"
        )
    name_place, label_places = _column_places(list(keys), column, label_column, source)
    name_key = list(keys)[name_place]
    label_keys = [list(keys)[place] for place in label_places]
    names = []
    labels = []
    for place, item in _objects(read, source):
        names.append(_text(item, name_key, place, source))
        if label_keys:
            labels.append(
                join_parts(_text(item, key, place, source, is_label=True) for key in label_keys)
            )
    return Table(names, labels if label_keys else None)


def _strings(read: Callable[[], Iterator[Json]], source: str) -> Iterator[str]:
    """The items of a JSON file, each a string."""
    for place, item in _numbered(read, source):
        if not isinstance(item, str):
            also = (
                f", or say with {setting('column')} which string of each is the name"
                * isinstance(item, dict)
            )
            raise _unexpected(source, place, item, "a string", f"a JSON list of strings{also}")
        yield item


def _objects(
    read: Callable[[], Iterator[Json]], source: str
) -> Iterator[tuple[int, dict[str, Json]]]:
    """The items of a JSON file, each an object, numbered from 0."""
    for place, item in _numbered(read, source):
        if not isinstance(item, dict):
            raise _unexpected(source, place, item, "an object", "a JSON list of objects")
        yield place, item


def _numbered(read: Callable[[], Iterator[Json]], source: str) -> Iterator[tuple[int, Json]]:
    """The items of a JSON file, numbered from 0. Raises NamesError: it can't be read, or has too many items."""
    try:
        for place, item in enumerate(read()):
            if place == MOST_LINES:
                raise NamesError(
                    f"{source} has more than {MOST_LINES:,} items: split it into several lists"
                )
            yield place, item
    except ValueError as error:
        raise NamesError(
            f'{source}, {error}: expected a list of strings, such as ["Ann", "Bob"]'
        ) from error


def _text(
    item: dict[str, Json], key: str, place: int, source: str, *, is_label: bool = False
) -> str:
    """The string of an object under a key. A label may also be a whole number, such as a year, or null."""
    value = item.get(key, "")
    if is_label and value is None:
        return ""
    if is_label and type(value) is int:
        return str(value)
    if not isinstance(value, str):
        raise _unexpected(source, place, value, f"a string {quote(key)}", "strings")
    return value


def _unexpected(source: str, place: int, value: object, expected: str, give: str) -> NamesError:
    return NamesError(
        f"{source}, item {place + 1} is {shown(value)}, and {expected} was expected: give {give}"
    )


Kind = Literal["text", "csv", "json", "jsonl"]
FORMATS: dict[Kind, Callable[[ListContent, str | None, str | None], Table]] = {
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
