"""List formats: read the names, and maybe their labels, from the content of a file.

A format is a function from a ``ListContent`` to a ``Table``, and an entry in ``FORMATS``. The ending of a file's name
determines its format. Formats read the content in blocks and keep only the columns they need, which saves memory.
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
from typing import TYPE_CHECKING, Literal

from namegen.core.data.json_list import read_items, read_lines
from namegen.core.data.list_content import MOST_LINES, ListContent
from namegen.documents import Json
from namegen.errors import NamesError, quote, setting, shown

if TYPE_CHECKING:
    import _csv

# What pasted lists have around each name. The last group of a pattern is the name.
PASTED = {
    "trailing commas": re.compile(r"(.*)[,;]"),
    "footnotes": re.compile(r"(.*)\[[0-9]{1,3}\]"),
    "bullets": re.compile(r"(?:[-–—*·>+►✓✔]\s+|[•◦▪●‣]\s*)(.*)"),
    "item numbers": re.compile(r"\(?([0-9]{1,6})[.):](?:\s+|$)(.*)"),
    "pairs of quotation marks": re.compile(r'"([^"]*)"'),
}
LOOKED_AT = 1_000  # examined lines, and characters of each line in which commas are counted
SEPARATORS_IN_A_LINE = {",": "commas", ";": "semicolons"}
FEWEST_PASTED = 3  # so many lines, and half of the examined lines, must match a pattern
GOING_ON = 0.8  # the smallest share of item numbers that are one more than the previous number
MOST_COLUMNS = 10_000
MARKUP = re.compile(r"\s*(<[!?/a-z]|\{\\rtf)", re.IGNORECASE)


@dataclass(frozen=True)
class Table:
    """The entries of a list, before they are cleaned."""

    names: list[str]
    # The label of each name, or "" if it has none. None: the list has no labels. Labels from several columns are joined
    # to one line of CSV.
    labels: list[str] | None = None
    # Returns an entry's location for messages.
    where: Callable[[int], str] = lambda entry: f"item {entry + 1}"
    empty: str = "empty strings"  # what messages call empty names
    dropped: Mapping[str, int] = field(default_factory=dict)  # what was skipped, as in ``Corpus``


def join_parts(parts: Iterable[str]) -> str:
    """Join the parts of a label. The result is empty if all parts are empty.

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
    """Split a label, or the user's request for labels, into its parts.

    >>> split_parts("Finnish,"), split_parts('"Washington, D.C.", city')
    (['Finnish', ''], ['Washington, D.C.', 'city'])
    """
    try:
        [parts] = csv.reader([label], skipinitialspace=True)
    except (csv.Error, ValueError):  # a line end, or a quotation mark that isn't closed
        return [label]
    return [part.strip() for part in parts]


def text_lines(content: ListContent, column: str | None, label_column: str | None) -> Table:
    r"""Read one name per line. If the list was pasted from a page, remove the bullets, numbers and so on.

    Raises:
        NamesError: A column was requested, or the content is a table or markup.

    >>> text_lines(ListContent(b"1. Al\n2. Bo\n3. Cy", "page.txt"), None, None).names
    ['Al', 'Bo', 'Cy']
    """
    source = content.source
    requested = column or label_column
    if requested:
        raise NamesError(
            f"{source} is plain text, so it has no column {quote(requested)}: give CSV or JSON"
        )
    names = [line.strip() for line in content.lines()]
    _check_plain_text(_first_lines(names), source)
    dropped = _remove_pasted(names)
    _check_one_column(_first_lines(names), source)
    return Table(
        names, where=lambda entry: f"line {entry + 1}", empty="empty lines", dropped=dropped
    )


def _first_lines(names: list[str]) -> list[str]:
    """Return the lines to examine: the first ones that aren't empty."""
    return list(islice(filter(None, names), LOOKED_AT))


def _check_plain_text(lines: list[str], source: str) -> None:
    r"""Raise NamesError if the text is markup, or has all names in one line.

    >>> _check_plain_text(["<ul>", "<li>Al"], "page.txt")
    Traceback (most recent call last):
    namegen.errors.NamesError: page.txt is HTML, XML or RTF, not a list: save its names as plain text
    """
    if lines and MARKUP.match(lines[0]):
        raise NamesError(f"{source} is HTML, XML or RTF, not a list: save its names as plain text")
    for separator, noun in SEPARATORS_IN_A_LINE.items():
        if len(lines) == 1 and lines[0].count(separator) > 1:
            raise NamesError(f"{source} is one line with {noun}: put each name on its own line")


def _remove_pasted(names: list[str]) -> dict[str, int]:
    r"""Remove what a pasted list has around its names, in place, and count what was removed.

    >>> names = ["(1) Al", "(2) Bo", "(3) Cy"]
    >>> _remove_pasted(names), names
    ({'item numbers': 3}, ['Al', 'Bo', 'Cy'])
    """
    removed = {}
    for noun, pattern in PASTED.items():
        if _is_pasted(_first_lines(names), pattern):
            removed[noun] = _replace_matches(names, pattern)
    return removed


def _replace_matches(names: list[str], pattern: re.Pattern[str]) -> int:
    """Replace each name that matches a pattern by the pattern's last group, and count these names."""
    count = 0
    for index, name in enumerate(names):
        match = pattern.fullmatch(name)
        if match:
            names[index] = match[pattern.groups]
            count += 1
    return count


def _is_pasted(lines: list[str], pattern: re.Pattern[str]) -> bool:
    """Whether enough lines match a pattern. If they are numbered, the numbers also have to be consecutive."""
    matches = [match for match in map(pattern.fullmatch, lines) if match]
    if len(matches) < max(FEWEST_PASTED, len(lines) / 2):
        return False
    has_numbers = pattern.groups == 2
    if not has_numbers:
        return True
    numbers = [int(match[1]) for match in matches]
    consecutive = sum(after - before == 1 for before, after in pairwise(numbers))
    return consecutive >= GOING_ON * (len(numbers) - 1)


def _check_one_column(lines: list[str], source: str) -> None:
    """Raise NamesError if most lines have tabs, or the same number of commas: two or more."""
    # In a name, such as "Acme, Inc.", a space follows the comma.
    commas = [len(re.findall(r",(?=\S)", line[:LOOKED_AT])) for line in lines]
    most = len(lines) / 2
    has_commas = bool(commas) and commas[0] > 1 and commas.count(commas[0]) > most
    lines_with_tabs = sum("\t" in line for line in lines)
    if has_commas or lines_with_tabs > most:
        cells = re.split(r"[\t,]", lines[0])[:20]
        columns = ", ".join(map(quote, cells))
        raise NamesError(
            f"{source} is a table: if its first row contains the names of its columns, choose one of {columns} with "
            f"{setting('column')}; otherwise save only one column"
        )


def csv_columns(content: ListContent, column: str | None, label_column: str | None) -> Table:
    """Read a column of names, and maybe columns of labels.

    Args:
        content: The content of a CSV file.
        column: The column of the names. None: the only column that isn't a label column.
        label_column: The column of the labels, or several columns, separated by commas. None: there are no labels.

    Raises:
        NamesError: The content isn't CSV, has no such column, or has rows that are too long.
    """
    rows = _csv_rows(content)
    header = [name.strip() for name in next(rows).cells]
    columns = _find_columns(header, column, label_column, source=content.source)
    collector = _RowCollector(columns)
    for row in rows:
        row.check_length(len(header), content.source)
        collector.add(row)
    return collector.table()


@dataclass(frozen=True)
class _Row:
    """A row of a CSV file."""

    line: int  # the number of its last line, from 1
    cells: list[str]

    def check_length(self, columns: int, source: str) -> None:
        """Raise NamesError if there are cells after the last column, unless they're empty."""
        if any(map(str.strip, self.cells[columns:])):
            raise NamesError(
                f"{source}, line {self.line} has {len(self.cells)} cells, but the first row has {columns}: "
                "quote cells that contain commas"
            )

    def label(self, columns: list[int]) -> str:
        """Return the label, whose parts are in these columns."""
        return join_parts(map(self._cell, columns))

    def _cell(self, column: int) -> str:
        """Return the cell in a column. It's empty if the row is too short."""
        return self.cells[column] if column < len(self.cells) else ""


class _RowCollector:
    """Collects the names and labels of a table, row by row."""

    def __init__(self, columns: _Columns) -> None:
        self._columns = columns
        self._names: list[str] = []
        self._labels: list[str] = []
        self._line_of = array("I")  # the line of each name
        self._short_rows = 0  # rows without a name

    def add(self, row: _Row) -> None:
        """Add the name of a row, and its label if there are labels."""
        if len(row.cells) <= self._columns.name:
            self._short_rows += 1
            return
        self._names.append(row.cells[self._columns.name])
        self._line_of.append(row.line)
        if self._columns.labels:
            self._labels.append(row.label(self._columns.labels))

    def table(self) -> Table:
        """Return the collected entries."""
        dropped = {"header rows": 1}
        if self._short_rows:
            dropped["rows without that column"] = self._short_rows
        return Table(
            names=self._names,
            labels=self._labels if self._columns.labels else None,
            where=self._location,
            empty="empty cells",
            dropped=dropped,
        )

    def _location(self, entry: int) -> str:
        return f"line {self._line_of[entry]}"


def _csv_rows(content: ListContent) -> Iterator[_Row]:
    """Yield the first row of a CSV file, then all other rows that aren't empty.

    Raises:
        NamesError: The content isn't CSV.
    """
    reader = _csv_reader(content)
    first_line = 1  # of the current row
    try:
        yield _Row(1, next(reader))
        first_line = reader.line_num + 1
        for cells in reader:
            if cells:
                yield _Row(reader.line_num, cells)
            first_line = reader.line_num + 1
    except csv.Error as error:
        has_several_lines = reader.line_num > first_line
        problem = _csv_problem(str(error), has_several_lines=has_several_lines)
        raise NamesError(f"{content.source}, line {first_line}: {problem}") from error


def _csv_reader(content: ListContent) -> _csv.Reader:
    """Create a reader with the separator that the first line has."""
    lines = content.lines()
    first = next(lines, "")
    with_line_ends = (f"{line}\n" for line in chain([first], lines))
    delimiter = delimiter_of(first)
    return csv.reader(with_line_ends, delimiter=delimiter, strict=True, skipinitialspace=True)


def _csv_problem(error: str, *, has_several_lines: bool) -> str:
    """Describe what's wrong with a row, and what to do, by the message of Python's csv module."""
    is_too_long = "field larger" in error
    if "unexpected end" in error or (is_too_long and has_several_lines):
        return "a quotation mark in this row is never closed: close it, or quote the cell and double the mark"
    if is_too_long:
        longest = csv.field_size_limit()
        return (
            f"a cell has more than {longest:,} characters: shorten it, or close its quotation mark"
        )
    return f"not CSV ({error}): quote cells that contain commas or quotation marks"


def delimiter_of(first: str) -> str:
    """Return the character that separates a table's cells: the most frequent of comma, semicolon and tab.

    Args:
        first: The first line of the table.
    """
    unquoted = re.sub(r'"[^"]*"', "", first)
    return max(",;\t", key=unquoted.count)  # a comma if they are equally frequent


@dataclass(frozen=True)
class _Columns:
    """The indexes of a table's columns."""

    name: int  # the column of names
    labels: list[int]  # the columns of labels


def _find_columns(
    header: Sequence[str], column: str | None, label_column: str | None, *, source: str
) -> _Columns:
    """Find the column of names and the columns of labels.

    The arguments are those of ``csv_columns``, with the names of the table's columns as ``header``.
    """
    labels = _label_columns(header, label_column, source)
    others = set(range(len(header))) - set(labels)
    if column is None and labels and len(others) == 1:
        return _Columns(others.pop(), labels)
    name = column_place(header, column, source=source, option="column")
    if name in labels:
        raise NamesError(
            f"{source}: names and labels can't both be in the column {quote(header[name])}: choose another one"
        )
    return _Columns(name, labels)


def _label_columns(header: Sequence[str], label_column: str | None, source: str) -> list[int]:
    """Find the columns of labels, whose names are separated by commas."""
    if label_column is None:
        return []
    names = [label_column] if label_column in header else split_parts(label_column)
    return [column_place(header, name, source=source, option="label_column") for name in names]


def column_place(header: Sequence[str], column: str | None, source: str, option: str) -> int:
    """Return the index of a column.

    Args:
        header: The names of the columns.
        column: The name or the number of a column, counted from 1. None: the only column.
        source: What messages call the table.
        option: The setting that chooses the column.

    Raises:
        NamesError: There's no such column.

    >>> column_place(["id", "name"], "name", "a.csv", "column"), column_place(["id", "name"], "1", "a.csv", "column")
    (1, 0)
    """
    if not any(header):
        raise NamesError(
            f"{source} has no names: the first row of a CSV file must contain the names of its columns"
        )
    if column is None:
        return _only_column(header, source, option)
    if header.count(column) > 1:
        raise NamesError(
            f"{source} has {header.count(column)} columns {quote(column)}: choose by number, from 1"
        )
    if column in header:
        return header.index(column)
    if _is_column_number(column, len(header)):
        return int(column) - 1
    raise NamesError(
        f"{source} has no column {quote(column)}: choose one of {_list_columns(header)}, or a number from 1"
    )


def _is_column_number(text: str, columns: int) -> bool:
    """Whether a text is the number of a column, from 1."""
    is_number = text.isascii() and text.isdigit() and len(text) < 10
    return is_number and 1 <= int(text) <= columns


def _only_column(header: Sequence[str], source: str, option: str) -> int:
    """Return the index of the only column. Raise NamesError if there are several."""
    if len(header) == 1:
        return 0
    advice = f"choose one of {_list_columns(header)} with {setting(option)}"
    if option == "column":
        advice += f" (and one with labels with {setting('label_column')})"
    raise NamesError(f"{source} has {len(header)} columns: {advice}")


def _list_columns(columns: Sequence[str]) -> str:
    """List the first columns for a message."""
    listed = ", ".join(map(quote, columns[:20]))
    return f"{listed}, …" if len(columns) > 20 else listed


def json_names(content: ListContent, column: str | None, label_column: str | None) -> Table:
    """Read a JSON list of strings, or of objects if a column is requested. A column is a key of the objects.

    Raises:
        NamesError: The JSON has another form.
    """
    items = _Items(content, content.source, has_item_per_line=False)
    return items.table(column, label_column)


def json_lines(content: ListContent, column: str | None, label_column: str | None) -> Table:
    r"""Read one JSON value per line, like the items of ``json_names``.

    >>> content = ListContent(b'{"name": "Al"}\n\n{"name": "Bo"}\n', "list")
    >>> json_lines(content, "name", None).names
    ['Al', 'Bo']
    """
    items = _Items(content, content.source, has_item_per_line=True)
    return items.table(column, label_column)


@dataclass(frozen=True)
class _Items:
    """The items of a JSON file."""

    content: ListContent
    source: str  # what messages call the file
    has_item_per_line: bool  # otherwise, the items are in a JSON list

    def table(self, column: str | None, label_column: str | None) -> Table:
        """Return the names of the items, and maybe their labels. The arguments are those of ``json_names``."""
        if column is None and label_column is None:
            return Table(list(self._strings()))
        keys = self._keys()
        columns = _find_columns(keys, column, label_column, source=self.source)
        label_keys = [keys[index] for index in columns.labels]
        names = []
        labels = []
        for index, item in self._objects():
            names.append(self._text(index, item, keys[columns.name]))
            if label_keys:
                labels.append(join_parts(self._label(index, item, key) for key in label_keys))
        return Table(names, labels if label_keys else None)

    def _keys(self) -> list[str]:
        """Return the keys of all objects, in the order in which they first occur."""
        keys: dict[str, None] = {}
        for _, item in self._objects():
            keys.update(dict.fromkeys(item))
            if len(keys) > MOST_COLUMNS:
                raise NamesError(
                    f"{self.source} has more than {MOST_COLUMNS:,} columns: remove those that aren't needed"
                )
        if not any(keys):
            raise NamesError(
                f"{self.source} has no columns: give a JSON list of objects whose keys are the columns"
            )
        return list(keys)

    def _strings(self) -> Iterator[str]:
        """Yield the items, which have to be strings."""
        for index, item in self._numbered():
            if not isinstance(item, str):
                advice = "a JSON list of strings"
                if isinstance(item, dict):
                    advice += f", or choose the key of the names with {setting('column')}"
                raise self._unexpected(index, item, "a string", advice)
            yield item

    def _objects(self) -> Iterator[tuple[int, dict[str, Json]]]:
        """Yield the items, which have to be objects, with their indexes."""
        for index, item in self._numbered():
            if not isinstance(item, dict):
                raise self._unexpected(index, item, "an object", "a JSON list of objects")
            yield index, item

    def _read(self) -> Iterator[Json]:
        """Read all items. Objects are read twice: first to find their keys."""
        if self.has_item_per_line:
            return read_lines(self.content.lines())
        return read_items(self.content.blocks())

    def _numbered(self) -> Iterator[tuple[int, Json]]:
        """Yield the items with their indexes."""
        try:
            for index, item in enumerate(self._read()):
                if index == MOST_LINES:
                    raise NamesError(
                        f"{self.source} has more than {MOST_LINES:,} items: split it into several lists"
                    )
                yield index, item
        except ValueError as error:
            raise NamesError(
                f'{self.source}, {error}: expected a list of strings, such as ["Ann", "Bob"]'
            ) from error

    def _label(self, index: int, item: dict[str, Json], key: str) -> str:
        """Return a part of an object's label. It may also be null, or a whole number, such as a year."""
        value = item.get(key)
        if value is None:
            return ""
        if type(value) is int:  # not bool
            return str(value)
        return self._text(index, item, key)

    def _text(self, index: int, item: dict[str, Json], key: str) -> str:
        """Return the string that an object has for this key, or "" if the object doesn't have the key."""
        value = item.get(key, "")
        if not isinstance(value, str):
            raise self._unexpected(index, value, f"a string as {quote(key)}", "strings")
        return value

    def _unexpected(self, index: int, value: object, expected: str, advice: str) -> NamesError:
        """Return the error about an item of the wrong type."""
        return NamesError(
            f"{self.source}, item {index + 1}: expected {expected}, but found {shown(value)}: give {advice}"
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
    """Return the format of a list by the ending of its file's name.

    Args:
        file_name: The file's name. If it has no known ending, the format is CSV or text.
        has_columns: Whether a column was requested, so that the list must be a table.

    >>> format_of("players.csv", has_columns=False), format_of("-", has_columns=True)
    ('csv', 'csv')
    """
    return ENDINGS.get(Path(file_name).suffix.lower(), "csv" if has_columns else "text")
