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
from typing import Literal

from namegen.core.data.json_list import read_items, read_lines
from namegen.core.data.list_content import MOST_LINES, ListContent
from namegen.documents import Json
from namegen.errors import NamesError, quote, setting, shown

# What pasted lists have around each name. The last group of a pattern is the name.
PASTED = {
    "trailing commas": re.compile(r"(.*)[,;]"),
    "footnotes": re.compile(r"(.*)\[[0-9]{1,3}\]"),
    "bullets": re.compile(r"(?:[-–—*·>+►✓✔]\s+|[•◦▪●‣]\s*)(.*)"),
    "item numbers": re.compile(r"\(?([0-9]{1,6})[.):](?:\s+|$)(.*)"),
    "pairs of quotation marks": re.compile(r'"([^"]*)"'),
}
LOOKED_AT = (
    1_000  # lines that are examined, and characters of each line in which commas are counted
)
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
    where: Callable[[int], str] = lambda entry: (
        f"item {entry + 1}"
    )  # an entry's location in messages
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

    >>> def names_of(text: bytes) -> list[str]:
    ...     return text_lines(ListContent(text, "page.txt"), None, None).names
    >>> names_of(b"1. Al\n2. Bo\n3. Cy"), names_of(b"(1) Al\n(2) Bo\n(3) Cy"), names_of("•A\n•B\n•C".encode())
    (['Al', 'Bo', 'Cy'], ['Al', 'Bo', 'Cy'], ['A', 'B', 'C'])
    >>> names_of(b"<ul>\n<li>Al")
    Traceback (most recent call last):
    namegen.errors.NamesError: page.txt is HTML, XML or RTF, not a list: save its names as plain text
    """
    source = content.source
    requested = column or label_column
    if requested:
        raise NamesError(
            f"{source} is plain text, so it has no column {quote(requested)}: give CSV or JSON"
        )
    names = [line.strip() for line in content.lines()]
    first = _first_lines(names)
    if first and MARKUP.match(first[0]):
        raise NamesError(f"{source} is HTML, XML or RTF, not a list: save its names as plain text")
    for separator, noun in SEPARATORS_IN_A_LINE.items():
        if len(first) == 1 and first[0].count(separator) > 1:
            raise NamesError(f"{source} is one line with {noun}: put each name on its own line")
    dropped = _remove_pasted(names)
    _check_one_column(_first_lines(names), source)
    return Table(
        names, where=lambda entry: f"line {entry + 1}", empty="empty lines", dropped=dropped
    )


def _first_lines(names: list[str]) -> list[str]:
    """The lines to examine: the first ones that aren't empty."""
    return list(islice(filter(None, names), LOOKED_AT))


def _remove_pasted(names: list[str]) -> dict[str, int]:
    """Remove what a pasted list has around its names, in place, and count what was removed."""
    removed = {}
    for noun, pattern in PASTED.items():
        if not _is_pasted(_first_lines(names), pattern):
            continue
        removed[noun] = 0
        for index, name in enumerate(names):
            match = pattern.fullmatch(name)
            if match:
                names[index] = match[pattern.groups]
                removed[noun] += 1
    return removed


def _is_pasted(lines: list[str], pattern: re.Pattern[str]) -> bool:
    """Whether enough lines match a pattern. If they are numbered, the numbers also have to be consecutive."""
    matches = [match for match in map(pattern.fullmatch, lines) if match]
    if len(matches) < max(FEWEST_PASTED, len(lines) / 2):
        return False
    if pattern.groups == 1:
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
    if has_commas or sum("\t" in line for line in lines) > most:
        columns = ", ".join(map(quote, re.split(r"[\t,]", lines[0])[:20]))
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
    source = content.source
    rows = _csv_rows(content)
    _, first_row = next(rows)
    header = [name.strip() for name in first_row]
    name_index, label_indexes = _column_places(header, column, label_column, source=source)
    names: list[str] = []
    labels: list[str] = []
    line_of = array("I")
    short_rows = 0
    for line, row in rows:
        if any(map(str.strip, row[len(header) :])):
            raise NamesError(
                f"{source}, line {line} has {len(row)} cells, but the first row has {len(header)}: "
                "quote cells that contain commas"
            )
        if len(row) <= name_index:
            short_rows += 1
            continue
        names.append(row[name_index])
        line_of.append(line)
        if label_indexes:
            labels.append(
                join_parts(row[index] if index < len(row) else "" for index in label_indexes)
            )
    dropped = {"header rows": 1}
    if short_rows:
        dropped["rows without that column"] = short_rows
    return Table(
        names=names,
        labels=labels if label_indexes else None,
        where=lambda entry: f"line {line_of[entry]}",
        empty="empty cells",
        dropped=dropped,
    )


def _csv_rows(content: ListContent) -> Iterator[tuple[int, list[str]]]:
    """The first row of a CSV file, then all other rows that aren't empty, each with the number of its last line.

    Raises:
        NamesError: The content isn't CSV.
    """
    lines = content.lines()
    first = next(lines, "")
    reader = csv.reader(
        (f"{line}\n" for line in chain([first], lines)),
        delimiter=delimiter_of(first),
        strict=True,
        skipinitialspace=True,
    )
    start = 1  # the first line of the current row
    try:
        yield 1, next(reader)
        start = reader.line_num + 1
        for row in reader:
            if row:
                yield reader.line_num, row
            start = reader.line_num + 1
    except csv.Error as error:
        problem = _csv_problem(str(error), has_several_lines=reader.line_num > start)
        raise NamesError(f"{content.source}, line {start}: {problem}") from error


def _csv_problem(error: str, *, has_several_lines: bool) -> str:
    """What's wrong with a row, and what to do, by the message of Python's csv module."""
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


def _column_places(
    header: Sequence[str], column: str | None, label_column: str | None, *, source: str
) -> tuple[int, list[int]]:
    """The index of the column of names, and the indexes of the columns of labels."""
    if label_column is None:
        return column_place(header, column, source=source, option="column"), []
    columns = [label_column] if label_column in header else split_parts(label_column)
    label_indexes = [
        column_place(header, name, source=source, option="label_column") for name in columns
    ]
    others = set(range(len(header))) - set(label_indexes)
    if column is None and len(others) == 1:
        return others.pop(), label_indexes
    name_index = column_place(header, column, source=source, option="column")
    if name_index in label_indexes:
        raise NamesError(
            f"{source}: names and labels can't both be in the column {quote(header[name_index])}: choose another one"
        )
    return name_index, label_indexes


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
    listed = ", ".join(map(quote, header[:20]))
    if len(header) > 20:
        listed += ", …"
    if not any(header):
        raise NamesError(
            f"{source} has no names: the first row of a CSV file must contain the names of its columns"
        )
    if column is None:
        if len(header) == 1:
            return 0
        advice = f"choose one of {listed} with {setting(option)}"
        if option == "column":
            advice += f" (and one with labels with {setting('label_column')})"
        raise NamesError(f"{source} has {len(header)} columns: {advice}")
    if header.count(column) > 1:
        raise NamesError(
            f"{source} has {header.count(column)} columns {quote(column)}: choose by number, from 1"
        )
    if column in header:
        return header.index(column)
    is_number = column.isascii() and column.isdigit() and len(column) < 10
    if is_number and 1 <= int(column) <= len(header):
        return int(column) - 1
    raise NamesError(
        f"{source} has no column {quote(column)}: choose one of {listed}, or a number from 1"
    )


def json_names(content: ListContent, column: str | None, label_column: str | None) -> Table:
    """Read a JSON list of strings, or of objects if a column is requested. A column is a key of the objects.

    Raises:
        NamesError: The JSON has another form.
    """
    items = _Items(lambda: read_items(content.blocks()), content.source)
    return items.table(column, label_column)


def json_lines(content: ListContent, column: str | None, label_column: str | None) -> Table:
    r"""Read one JSON value per line, like the items of ``json_names``.

    >>> content = ListContent(b'{"name": "Al"}\n\n{"name": "Bo"}\n', "list")
    >>> json_lines(content, "name", None).names
    ['Al', 'Bo']
    """
    items = _Items(lambda: read_lines(content.lines()), content.source)
    return items.table(column, label_column)


@dataclass(frozen=True)
class _Items:
    """The items of a JSON file."""

    read: Callable[[], Iterator[Json]]  # reads all items; objects are read twice
    source: str  # what messages call the file

    def table(self, column: str | None, label_column: str | None) -> Table:
        """The names of the items, and maybe their labels. The arguments are those of ``json_names``."""
        if column is None and label_column is None:
            return Table(list(self._strings()))
        keys = self._keys()
        name_index, label_indexes = _column_places(keys, column, label_column, source=self.source)
        label_keys = [keys[index] for index in label_indexes]
        names = []
        labels = []
        for index, item in self._objects():
            names.append(self._text(index, item, keys[name_index]))
            if label_keys:
                labels.append(join_parts(self._label(index, item, key) for key in label_keys))
        return Table(names, labels if label_keys else None)

    def _keys(self) -> list[str]:
        """The keys of all objects, in the order in which they first occur."""
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
        """The items, which have to be strings."""
        for index, item in self._numbered():
            if not isinstance(item, str):
                advice = "a JSON list of strings"
                if isinstance(item, dict):
                    advice += f", or choose the key of the names with {setting('column')}"
                raise self._unexpected(index, item, "a string", advice)
            yield item

    def _objects(self) -> Iterator[tuple[int, dict[str, Json]]]:
        """The items, which have to be objects, with their indexes."""
        for index, item in self._numbered():
            if not isinstance(item, dict):
                raise self._unexpected(index, item, "an object", "a JSON list of objects")
            yield index, item

    def _numbered(self) -> Iterator[tuple[int, Json]]:
        """The items with their indexes."""
        try:
            for index, item in enumerate(self.read()):
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
        """A label of an object. It may also be null, or a whole number, such as a year."""
        value = item.get(key)
        if value is None:
            return ""
        if type(value) is int:  # not bool
            return str(value)
        return self._text(index, item, key)

    def _text(self, index: int, item: dict[str, Json], key: str) -> str:
        """The string of an object with this key, or "" if the object doesn't have the key."""
        value = item.get(key, "")
        if not isinstance(value, str):
            raise self._unexpected(index, value, f"a string as {quote(key)}", "strings")
        return value

    def _unexpected(self, index: int, value: object, expected: str, advice: str) -> NamesError:
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
