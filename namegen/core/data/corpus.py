"""Corpus: a list of names, read from text, CSV or JSON and cleaned; its characters, its fingerprint, what was left out.

Core opens no files: it takes the bytes and a word for where they came from, which every error then names.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from itertools import compress
from typing import Literal

import numpy as np

from namegen.core.data.split import TEST, TRAINING, VALIDATION, Split, choose_parts, numbered, seen_percent
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.settings import DataSettings
from namegen.documents import Json, read_json
from namegen.errors import NamesError, quote, setting

MAX_NAME_LENGTH = DataSettings.max_name_length
# Unicode's canonical composition makes one code point of at most four, so no longer line can become a name in time.
_LONGEST_COMPOSITION = 4
# Putting the marks on one letter in order takes time quadratic in them. Unicode allows no more in a text that can be
# normalised as it comes (Standard Annex 15, Stream-Safe Text Format), and says that no language needs so many.
_MOST_MARKS = 30


@dataclass(frozen=True, eq=False)
class Corpus:
    r"""A list of names, in its order, repeats kept: they are the frequencies.

    Attributes:
        names: each without surrounding space, in Unicode's composed form (NFC), never empty.
        source: what the list is called in messages: a file, a bundled list, standard input.
        dropped: what was left out in reading, and how many of it; the keys are plural nouns.
        labels: what each name is labelled with, never empty; (): the list has no labels.
        sameness: when two of its names count as one; see ``DataSettings``.

    >>> corpus = Corpus.from_bytes("Bob\r\n\r\n Al ".encode(), source="friends.txt")
    >>> corpus.names, corpus.vocabulary.size
    (('Bob', 'Al'), 6)
    >>> corpus.dropped_sentence()
    'friends.txt: 1 empty line was dropped'
    """

    names: tuple[str, ...]
    source: str
    dropped: Mapping[str, int] = field(default_factory=dict)
    labels: tuple[str, ...] = ()
    sameness: str = "names"

    @classmethod
    def from_bytes(
        cls,
        data: bytes,
        *,
        source: str,
        kind: Kind = "text",
        column: str | None = None,
        label_column: str | None = None,
        max_name_length: int = MAX_NAME_LENGTH,
    ) -> Corpus:
        """Read a list of names from the content of a file.

        Args:
            data: UTF-8, with or without a byte order mark, with any line ends.
            source: what to call the list in messages.
            kind: ``text``, one name a line; ``csv``, a column of a table whose first row names the columns (separated
                by commas, else by semicolons or tabs); ``json``, a list of strings, or of objects with strings.
            column: the column of a table, by its name or its number, counted from 1; not needed if there is one beside
                that of the labels.
            label_column: the one that labels each name, such as its origin; None: the list has no labels. A row without
                a label is dropped.
            max_name_length: a name with more characters is an error, as it is a sign of a file that is no list.

        Raises:
            NamesError: no name in it, not UTF-8, a NUL byte, a line too long, no such column, JSON of another form.
        """
        if kind == "text" and (asked := column or label_column):
            raise NamesError(f"{source}: the column {quote(asked)} was asked for, but text has none: give CSV or JSON")
        text = decode(data, source)
        if kind == "text":
            return cls._clean(lines(text), source, "empty lines", lambda i: f"line {i + 1}", max_name_length)
        table = (csv_columns if kind == "csv" else json_names)(text, column, label_column, source)
        dropped = {"header rows": 1} if kind == "csv" else {}
        if table.too_short:
            dropped["rows without that column"] = table.too_short
        empty = "empty cells" if kind == "csv" else "empty strings"
        return cls._clean(table.cells, source, empty, table.where, max_name_length, dropped, table.labels)

    @classmethod
    def from_names(
        cls,
        names: Iterable[str],
        *,
        labels: Iterable[str] | None = None,
        source: str = "the names given",
        max_name_length: int = MAX_NAME_LENGTH,
    ) -> Corpus:
        """Make a corpus of strings that a program has already, cleaned as those of a file are.

        Args:
            names: the list.
            labels: one for each name, such as its origin; None: there are none.
            source: what to call the list in messages.
            max_name_length: a name with more characters is an error.

        Raises:
            NamesError: no name among them, one that is too long, one with a line end, a NUL or half a character; or not
                one label for each.

        >>> Corpus.from_names(["Aino", "Anna", "Anna"], labels=["Finnish", "Finnish", "Danish"]).label_counts
        {'Danish': 1, 'Finnish': 2}
        """
        entries, of_each = list(names), None if labels is None else list(labels)
        if of_each is not None and len(of_each) != len(entries):
            raise NamesError(f"{source} has {len(entries):,} names and {len(of_each):,} labels: give one for each name")
        return cls._clean(entries, source, "empty strings", lambda i: f"item {i + 1}", max_name_length, labels=of_each)

    @classmethod
    def _clean(
        cls,
        entries: list[str],
        source: str,
        empty: str,
        where: Callable[[int], str],
        max_name_length: int,
        dropped: Mapping[str, int] | None = None,
        labels: list[str] | None = None,
    ) -> Corpus:
        """Trim, compose, check and drop."""
        names = _cleaned(entries, source, where, max_name_length, "name")
        counts = dict(dropped or {})
        if labels is None:
            kept = tuple(filter(None, names))
            if len(kept) < len(names):
                counts[empty] = len(names) - len(kept)
            return cls(_some(kept, source), source, counts)
        labels = _cleaned(labels, source, where, max_name_length, "label")
        if names.count(""):
            counts[empty] = names.count("")
        pairs = [pair for pair in zip(names, labels, strict=True) if pair[0]]
        labelled = [pair for pair in pairs if pair[1]]
        if len(labelled) < len(pairs):
            counts["names without a label"] = len(pairs) - len(labelled)
        if pairs and not labelled:
            raise NamesError(f"{source}: no name has a label: give a column that labels some, or leave it out")
        kept, of_each = zip(*labelled, strict=True) if labelled else ((), ())
        return cls(_some(kept, source), source, counts, of_each)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The characters of the whole list, the part that is held out later included."""
        return Vocabulary.from_names(["".join(self.names)])  # one long name: a set for each would take 20 times as long

    @cached_property
    def label_counts(self) -> dict[str, int]:
        """The labels, sorted, which is the order of their beginnings, with how many names have each."""
        counts = Counter(self.labels)
        return {label: counts[label] for label in sorted(counts)}

    @cached_property
    def fingerprint(self) -> str:
        """BLAKE2b of the names and labels in their order, as hexadecimal: two lists with the same have the same."""
        text = "\n".join(self.names) + "".join(f"\n\n{label}" for label in self.labels)
        return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()

    def dropped_sentence(self) -> str:
        """What was left out in reading, in words, for standard error; empty if that is nothing."""
        parts = [
            f"{count:,} {what if count != 1 else _singular(what)}" for what, count in self.dropped.items() if count
        ]
        if not parts:
            return ""
        listed = " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))
        return f"{self.source}: {listed} {'was' if sum(self.dropped.values()) == 1 else 'were'} dropped"

    def alike_labels_sentence(self) -> str:
        """Which of its labels differ in letter case and spaces alone, in words; empty if none do.

        >>> Corpus(("Aino", "Pia"), "a list", labels=("Finnish", "finnish ")).alike_labels_sentence()
        "a list: the labels 'Finnish' and 'finnish ' count as two, as they are written differently"
        """
        found: dict[str, str] = {}
        for label in self.label_counts:
            other = found.setdefault(" ".join(label.casefold().split()), label)
            if other != label:
                told = f"{quote(other)} and {quote(label)}"
                return f"{self.source}: the labels {told} count as two, as they are written differently"
        return ""

    def split(self, validation: float, split: str = "unique", seed: int = 0, *, test: float = 0.0) -> Split:
        """Hold parts of the list out, to choose by and to test with; see ``choose_parts`` in ``core/data/split.py``.

        Raises:
            NamesError: too few names for the parts.
            SettingsError: a share outside 0 to 1, or an unknown kind of split.
        """
        distinct, name_of = numbered(self.names)
        part_of = choose_parts(distinct, name_of, validation, split, seed, source=self.source, test=test)
        counts = [np.bincount(name_of[part_of == part], minlength=len(distinct)) for part in (TRAINING, VALIDATION)]
        training, chosen_by, tested_with = (
            tuple(compress(self.names, (part_of == part).tolist())) for part in (TRAINING, VALIDATION, TEST)
        )
        return Split(training, chosen_by, tested_with, seen_percent(*counts))

    def training_part(self, data: DataSettings, *, seed: int) -> Corpus:
        """What is left to train on, as a list, labels included.

        Args:
            data: which says what is held out.
            seed: of the split.

        Raises:
            NamesError: too few names for the parts.
        """
        distinct, name_of = numbered(self.names)
        part_of = choose_parts(distinct, name_of, data.held_out, data.split, seed, source=self.source, test=data.test)
        chosen = (part_of == TRAINING).tolist()
        names, labels = (tuple(compress(every, chosen)) for every in (self.names, self.labels))
        return Corpus(names, self.source, labels=labels, sameness=self.sameness)


def _singular(noun: str) -> str:
    first, _, rest = noun.partition(" without")
    return first.removesuffix("s") + _ + rest


def _some(names: tuple[str, ...], source: str) -> tuple[str, ...]:
    if not names:
        raise NamesError(f"{source} has no names: give a list with at least one name")
    return names


def _cleaned(entries: list[str], source: str, where: Callable[[int], str], longest: int, what: str) -> list[str]:
    """Names or labels, trimmed, composed and checked; each step is one call over all, a loop only to place an error."""
    found = list(map(str.strip, entries))

    def refuse(wrong: Callable[[str], bool], has: str, do: str = "correct it or leave it out") -> None:
        place, name = next((place, name) for place, name in enumerate(found) if wrong(name))
        raise NamesError(f"{source}, {where(place)}: {quote(name)} has {has.format(len(name))}: {do}")

    def check_lengths(most: int) -> None:
        if max(map(len, found), default=0) > most:
            has, do = f"{{:,}} characters, and a {what} may have {longest:,}", "shorten it, or raise "
            refuse(lambda name: len(name) > most, has, do + setting("max_name_length"))

    check_lengths(_LONGEST_COMPOSITION * longest)
    text = "\n".join(found)
    if text.count("\n") != max(len(found) - 1, 0) or "\r" in text or "\0" in text:
        refuse(lambda name: any(c in name for c in "\n\r\0"), f"a line end or NUL inside the {what}")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            refuse(lambda name: any("\ud800" <= c <= "\udfff" for c in name), "an incomplete Unicode character")
        if any(map(_has_too_many_marks, found)):
            refuse(_has_too_many_marks, f"more than {_MOST_MARKS} accents on one letter")
        if not unicodedata.is_normalized("NFC", text):
            found = unicodedata.normalize("NFC", text).split("\n")
    check_lengths(longest)
    return found


def _has_too_many_marks(name: str) -> bool:
    if len(name) <= _MOST_MARKS or name.isascii():
        return False
    marks = 0
    for character in name:
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks > _MOST_MARKS:
            return True
    return False


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
    first = text[: text.find("\n")] if "\n" in text else text
    bare = re.sub(r'"[^"]*"', "", first)  # what stands between quotation marks separates nothing
    delimiter = max(",;\t", key=bare.count)  # of equals the first
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        place, label_place = _column_places(header, column, label_column, source)
        rows = [(row, reader.line_num) for row in reader if row]
    except csv.Error as error:
        raise NamesError(
            f"{source}, line {reader.line_num}: not CSV ({error}): quote cells that hold commas or quotation marks"
        ) from error
    width = len(header)
    for row, line in rows:
        if len(row) > width and any(map(str.strip, row[width:])):
            raise NamesError(
                f"{source}, line {line}: {len(row)} cells where the first row names {width}: quote cells that hold "
                "commas"
            )
    named = [row for row, _ in rows if len(row) > place]
    line_of = [line for row, line in rows if len(row) > place]
    labels = None
    if label_place is not None:
        labels = [row[label_place] if len(row) > label_place else "" for row in named]
    cells = [row[place] for row in named]
    return Table(cells, labels, lambda entry: f"line {line_of[entry]}", len(rows) - len(named))


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
