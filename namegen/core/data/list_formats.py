"""List formats: read the names, and maybe their labels, from the content of a file.

A format is a function from a ``Source`` to a ``Table``, and an entry in ``FORMATS``. The ending of a file's name
determines its format.
"""

from __future__ import annotations

import csv
import io
import re
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Literal

from namegen.errors import NamesError, quote, setting, shown

# The first bytes of PDF files, PNG files, and Office documents since 2007 and before.
FOREIGN = b"%PDF", b"\x89PNG", b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
MARKUP = re.compile(r"\s*(<[!?/a-z]|\{\\rtf)", re.IGNORECASE)

# What pasted lists have around each name. The last group of a pattern is the name.
PASTED = {
    "trailing comma": re.compile(r"(.*)[,;]"),
    "footnote": re.compile(r"(.*)\[[0-9]{1,3}\]"),
    "bullet": re.compile(r"(?:[-–—*·>+►✓✔]\s+|[•◦▪●‣]\s*)(.*)"),
    "item number": re.compile(r"\(?([0-9]{1,6})[.):](?:\s+|$)(.*)"),
    "quoted line": re.compile(r'"([^"]*)"'),
}
EXAMINED_LINES = 1_000  # of a text, to find out whether it was pasted
FEWEST_PASTED = 3  # so many lines, and half of the examined lines, must match a pattern
CONSECUTIVE = 0.8  # the smallest share of item numbers that are one more than the previous number


@dataclass(frozen=True)
class Source:
    r"""The bytes of a list, read as UTF-8 with any line ends, and with or without a byte order mark.

    >>> Source(b"Al\r\nBo\n", "friends.txt").lines
    ['Al', 'Bo']
    >>> Source(b"%PDF-1.7", "names.txt").text
    Traceback (most recent call last):
        ...
    namegen.errors.NamesError: names.txt is a PDF, a picture or an Office document: save its names as plain text
    """

    data: bytes
    name: str  # what messages call the list

    @cached_property
    def text(self) -> str:
        r"""The decoded text, with ``\n`` as the only line end.

        Raises:
            NamesError: The bytes aren't UTF-8 text.
        """
        if self.data.startswith(FOREIGN):
            raise NamesError(
                f"{self.name} is a PDF, a picture or an Office document: save its names as plain text"
            )
        # Find the first byte that isn't text: a NUL, as in UTF-16, or the start of an invalid character.
        position = self.data.find(b"\0")
        if position < 0:
            try:
                text = self.data.decode("utf-8")
            except UnicodeDecodeError as error:
                position = error.start
            else:
                without_mark = text.removeprefix("\ufeff")  # the byte order mark
                return without_mark.replace("\r\n", "\n").replace("\r", "\n")
        lines_before = re.split(rb"\r\n?|\n", self.data[:position])
        raise NamesError(
            f"{self.name}, line {len(lines_before)}, byte {len(lines_before[-1]) + 1}: "
            f"0x{self.data[position]:02x} doesn't belong in a text file: save the list as UTF-8 text"
        )

    @property
    def lines(self) -> list[str]:
        r"""The lines without their ends. A line end at the very end doesn't start another line.

        Only ``\n`` ends a line, because names may contain other characters that ``splitlines`` splits at.

        Raises:
            NamesError: The bytes aren't UTF-8 text.
        """
        return self.text.removesuffix("\n").split("\n") if self.text else []


@dataclass(frozen=True)
class Table:
    """The entries of a list, before they are cleaned."""

    names: list[str]
    # The label of each name, or "" if it has none. None: the list has no labels. Labels from several columns are joined
    # to one line of CSV.
    labels: list[str] | None = None
    # Returns an entry's location for messages.
    where: Callable[[int], str] = lambda entry: f"item {entry + 1}"
    empty: str = "empty string"  # what messages call an empty name
    dropped: Mapping[str, int] = field(default_factory=dict)  # what was skipped, as in ``Corpus``


def join_parts(parts: Iterable[str]) -> str:
    """Join the parts of a label. The result is empty if all parts are empty.

    >>> join_parts(["Finnish", ""]), join_parts(["Washington, D.C."]), join_parts(["Washington, D.C.", "city"])
    ('Finnish,', 'Washington, D.C.', '"Washington, D.C.",city')
    """
    parts = [part.strip() for part in parts]
    if not any(parts):
        return ""
    if len(parts) == 1:
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


def text_lines(source: Source, column: str | None, label_column: str | None) -> Table:
    r"""Read one name per line. If the list was pasted from a page, remove the bullets, numbers and so on.

    Args:
        source: The content of the list.
        column: Must be None, like ``label_column``, because plain text has no columns.
        label_column: See ``column``.

    Raises:
        NamesError: A column was requested, or the content is a table or markup.

    >>> text_lines(Source(b"1. Al\n2. Bo\n3. Cy", "page.txt"), None, None).names
    ['Al', 'Bo', 'Cy']
    """
    requested = column or label_column
    if requested:
        raise NamesError(
            f"{source.name} is plain text, so it has no column {quote(requested)}: give CSV or JSON"
        )
    names = [line.strip() for line in source.lines]

    # Reject what isn't a list of names. The first lines that aren't empty are enough to notice it.
    examined = [name for name in names if name][:EXAMINED_LINES]
    if examined and MARKUP.match(examined[0]):
        raise NamesError(
            f"{source.name} is HTML, XML or RTF, not a list: save its names as plain text"
        )
    for separator, noun in ((",", "commas"), (";", "semicolons")):
        if len(examined) == 1 and examined[0].count(separator) > 1:
            raise NamesError(
                f"{source.name} is one line with {noun}: put each name on its own line"
            )

    # Remove bullets, item numbers and so on, if most lines have them. The last group of a pattern is the name.
    removed = {}
    for noun, pattern in PASTED.items():
        if not _looks_pasted(examined, pattern):
            continue
        removed[noun] = 0
        for index, name in enumerate(names):
            match = pattern.fullmatch(name)
            if match:
                removed[noun] += 1
                names[index] = match[pattern.groups]
        examined = [name for name in names if name][:EXAMINED_LINES]

    # Reject a table: most lines have a tab or a semicolon between two cells, or as many commas as the first line, at
    # least two. In a name, such as "Acme, Inc.", a space follows the comma, so such commas don't count.
    commas = [len(re.findall(r",(?=\S)", line[:1000])) for line in examined]
    has_commas = bool(commas) and commas[0] > 1 and commas.count(commas[0]) > len(commas) / 2
    lines_with_cells = sum(bool(re.search(r"\t|\w;\w", line[:1000])) for line in examined)
    if has_commas or lines_with_cells > len(examined) / 2:
        cells = re.split(r"[\t,;]", examined[0])[:20]
        columns = ", ".join(map(quote, cells))
        raise NamesError(
            f"{source.name} is a table: if its first row contains the names of its columns, choose one of {columns} "
            f"with {setting('column')}; otherwise save only one column"
        )
    return Table(
        names, where=lambda entry: f"line {entry + 1}", empty="empty line", dropped=removed
    )


def _looks_pasted(lines: list[str], pattern: re.Pattern[str]) -> bool:
    """Check whether half of the lines match a pattern. If they are numbered, the numbers have to be consecutive."""
    matches = [match for match in map(pattern.fullmatch, lines) if match]
    if len(matches) < max(FEWEST_PASTED, len(lines) / 2):
        return False
    has_numbers = pattern.groups == 2  # the first group is the number, the second one the name
    if not has_numbers:
        return True
    numbers = [int(match[1]) for match in matches]
    consecutive = sum(after - before == 1 for before, after in pairwise(numbers))
    return consecutive >= CONSECUTIVE * (len(numbers) - 1)


def csv_columns(source: Source, column: str | None, label_column: str | None) -> Table:
    """Read a column of names, and maybe columns of labels.

    Args:
        source: The content of a CSV file.
        column: The column of the names. None: the only column that isn't a label column.
        label_column: The column of the labels, or several columns, separated by commas. None: there are no labels.

    Raises:
        NamesError: The content isn't CSV, has no such column, or has rows that are too long.
    """
    lines = source.lines or [""]
    reader = csv.reader(
        (f"{line}\n" for line in lines),
        delimiter=delimiter_of(lines[0]),
        strict=True,
        skipinitialspace=True,
    )
    names = []
    labels = []
    line_of = array("I")  # the last line of each name's row, as compact as possible
    line = 0  # of the last row that was read
    try:
        # The first row has the names of the columns.
        header = [title.strip() for title in next(reader)]
        line = reader.line_num
        name_column, label_columns = _find_columns(header, column, label_column, source=source.name)
        for cells in reader:
            line = reader.line_num
            if not cells:
                continue
            has_more_cells = any(map(str.strip, cells[len(header) :]))
            if has_more_cells:
                raise NamesError(
                    f"{source.name}, line {line} has {len(cells)} cells, but the first row has {len(header)}: "
                    "quote cells that contain commas"
                )
            cells += [""] * (len(header) - len(cells))  # a short row
            names.append(cells[name_column])
            labels.append(join_parts(cells[index] for index in label_columns))
            line_of.append(line)
    except csv.Error as error:
        raise NamesError(
            f"{source.name}, line {line + 1}: not CSV ({error}): close each quotation mark, and quote cells that "
            "contain commas or quotation marks"
        ) from error
    return Table(
        names,
        labels=labels if label_columns else None,
        where=lambda entry: f"line {line_of[entry]}",
        empty="empty cell",
        dropped={"header row": 1},
    )


def delimiter_of(first_line: str) -> str:
    """Return the character that separates a table's cells: the most frequent of comma, semicolon and tab."""
    unquoted = re.sub(r'"[^"]*"', "", first_line)
    return max(",;\t", key=unquoted.count)  # a comma if they are equally frequent


def _find_columns(
    header: Sequence[str], column: str | None, label_column: str | None, *, source: str
) -> tuple[int, list[int]]:
    """Return the index of the column of names, and the indexes of the columns of labels.

    The arguments are those of ``csv_columns``, with the names of the table's columns as ``header``.
    """
    label_columns: list[int] = []
    if label_column is not None:
        titles = [label_column] if label_column in header else split_parts(label_column)
        label_columns = [
            column_place(header, title, source=source, option="label_column") for title in titles
        ]
    others = set(range(len(header))) - set(label_columns)
    if column is None and label_columns and len(others) == 1:
        return others.pop(), label_columns
    name_column = column_place(header, column, source=source, option="column")
    if name_column in label_columns:
        title = quote(header[name_column])
        raise NamesError(
            f"{source}: names and labels can't both be in the column {title}: choose another one"
        )
    return name_column, label_columns


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
    listed = ", ".join(map(quote, header[:20]))  # for messages
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
    # A name takes precedence over a number.
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


def json_names(source: Source, column: str | None, label_column: str | None) -> Table:
    r"""Read a JSON list, or one JSON value per line. The items are strings, or objects if a column is requested.

    Args:
        source: The content of the file.
        column: The key of the names in each object. None: the only key that isn't a key of labels.
        label_column: The key of the labels, or several keys, separated by commas. None: there are no labels.

    Raises:
        NamesError: The JSON has another form.

    >>> json_names(Source(b'{"name": "Al"}\n\n{"name": "Bo"}\n', "list"), "name", None).names
    ['Al', 'Bo']
    """
    import msgspec  # other formats, and commands that complete labels, don't need it

    # Parse all values of the file. A single list contains the items.
    try:
        items = msgspec.json.Decoder().decode_lines(source.text)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        # The error says at which byte it is, unless the file is cut short. Users need the line.
        position = re.search(r"\(byte (\d+)\)", str(error))
        before = source.text.encode()[: int(position[1]) if position else None]
        line = before.rstrip(b"\n").count(b"\n") + 1
        raise NamesError(
            f"{source.name}, line {line}: not JSON: expected a list of strings, such as "
            '["Ann", "Bob"]'
        ) from error
    if len(items) == 1 and isinstance(items[0], list):
        [items] = items

    # All items are strings, or all are objects.
    has_columns = column is not None or label_column is not None
    expected_type = dict if has_columns else str
    for number, item in enumerate(items, start=1):
        if not isinstance(item, expected_type):
            advice = f"give a JSON list of {'objects' if has_columns else 'strings'}"
            if isinstance(item, dict):
                advice += f", or choose the key of the names with {setting('column')}"
            raise NamesError(f"{source.name}, item {number}: found {shown(item)}: {advice}")
    if not has_columns:
        return Table(items)

    # Read the name and the parts of the label from each object.
    keys = list(dict.fromkeys(key for item in items for key in item))
    name_column, label_columns = _find_columns(keys, column, label_column, source=source.name)
    names = []
    labels = []
    for number, item in enumerate(items, start=1):
        name, *parts = [
            _json_cell(item, keys[index], f"{source.name}, item {number}")
            for index in (name_column, *label_columns)
        ]
        names.append(name)
        labels.append(join_parts(parts))
    return Table(names, labels if label_columns else None)


def _json_cell(item: Mapping[str, object], key: str, place: str) -> str:
    """Return a value of a JSON object as a string. It may also be a whole number, such as a year, null or missing."""
    cell = item.get(key)
    if cell is None:
        return ""
    is_whole_number = type(cell) is int  # not bool
    if not isinstance(cell, str) and not is_whole_number:
        raise NamesError(
            f"{place}: expected a string as {quote(key)}, but found {shown(cell)}: give strings"
        )
    return str(cell)


Kind = Literal["text", "csv", "json"]
FORMATS: dict[Kind, Callable[[Source, str | None, str | None], Table]] = {
    "text": text_lines,
    "csv": csv_columns,
    "json": json_names,
}
ENDINGS: dict[str, Kind] = {".csv": "csv", ".json": "json", ".jsonl": "json"}


def format_of(file_name: str, *, has_columns: bool) -> Kind:
    """Return the format of a list by the ending of its file's name.

    Args:
        file_name: The file's name. If it has no known ending, the format is CSV or text.
        has_columns: Whether a column was requested, so that the list must be a table.

    >>> format_of("players.csv", has_columns=False), format_of("-", has_columns=True)
    ('csv', 'csv')
    """
    return ENDINGS.get(Path(file_name).suffix.lower(), "csv" if has_columns else "text")
