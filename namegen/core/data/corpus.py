"""Corpus: a list of names, read from text, CSV or JSON, cleaned, and split for validation.

Core opens no files: it takes the bytes and a word for where they came from, which every error then names.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from itertools import compress, islice
from typing import Literal

import numpy as np

from namegen.core.data.vocabulary import Vocabulary
from namegen.errors import NamesError, SettingsError, setting
from namegen.escaping import quote

Kind = Literal["text", "csv", "json"]

MAX_NAME_LENGTH = 1000
FEWEST_NAMES_TO_SPLIT = 10
# Unicode's canonical composition makes one code point of at most four, so no longer line can become a name in time.
_LONGEST_COMPOSITION = 4
_SPLIT_STREAM = int.from_bytes(b"split", "big")  # numbers apart from those that training draws with the same seed


@dataclass(frozen=True)
class Split:
    """A list in two parts: names to train on, and names held out to validate with; both in list order.

    ``seen_percent``: how many of the held-out names (repeats counted) stand in the training part too.
    """

    training: tuple[str, ...]
    validation: tuple[str, ...]
    seen_percent: float


@dataclass(frozen=True, eq=False)
class Corpus:
    r"""A list of names, in its order, repeats kept: they are the frequencies.

    Attributes:
        names: each without surrounding space, in Unicode's composed form (NFC), never empty.
        source: what the list is called in messages: a file, a bundled list, standard input.
        dropped: what was left out in reading, and how many of it; the keys are plural nouns.

    >>> corpus = Corpus.from_bytes("Bob\r\n\r\n Al ".encode(), source="friends.txt")
    >>> corpus.names, corpus.vocabulary.size
    (('Bob', 'Al'), 6)
    >>> corpus.dropped_sentence()
    'friends.txt: 1 empty line was dropped'
    """

    names: tuple[str, ...]
    source: str
    dropped: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def from_bytes(
        cls,
        data: bytes,
        *,
        source: str,
        kind: Kind = "text",
        column: str | None = None,
        max_name_length: int = MAX_NAME_LENGTH,
    ) -> Corpus:
        """Read a list of names from the content of a file.

        Args:
            data: UTF-8, with or without a byte order mark, with any line ends.
            source: what to call the list in messages.
            kind: ``text``, one name a line; ``csv``, a column of a table whose first row names the columns (separated
                by commas, else by semicolons or tabs); ``json``, a list of strings.
            column: the column of a CSV file, by its name or its number, counted from 1; not needed if there is one.
            max_name_length: a name with more characters is an error, as it is a sign of a file that is no list.

        Raises:
            NamesError: no name in it, not UTF-8, a NUL byte, a line too long, no such column, JSON of another form.
        """
        if column is not None and kind != "csv":
            raise NamesError(f"{source}: the column {quote(column)} was asked for, but only a CSV file has columns")
        text = _decode(data, source)
        if kind == "text":
            return cls._clean(_lines(text), source, "empty lines", lambda i: f"line {i + 1}", max_name_length)
        if kind == "csv":
            cells, where, ragged = _csv_column(text, column, source)
            dropped = {"header rows": 1} | ({"rows without that column": ragged} if ragged else {})
            return cls._clean(cells, source, "empty cells", where, max_name_length, dropped)
        items = _json_list(text, source)
        return cls._clean(items, source, "empty strings", lambda i: f"item {i + 1}", max_name_length)

    @classmethod
    def from_names(
        cls, names: Iterable[str], *, source: str = "the names given", max_name_length: int = MAX_NAME_LENGTH
    ) -> Corpus:
        """Make a corpus of strings that a program has already, cleaned as those of a file are.

        Raises:
            NamesError: no name among them, one that is too long, one with a line end, a NUL or half a character.
        """
        return cls._clean(list(names), source, "empty strings", lambda i: f"item {i + 1}", max_name_length)

    @classmethod
    def _clean(
        cls,
        entries: list[str],
        source: str,
        empty: str,
        where: Callable[[int], str],
        max_name_length: int,
        dropped: Mapping[str, int] | None = None,
    ) -> Corpus:
        """Trim, compose, check and drop; each step is one call over all entries, a loop only to place an error."""
        names = list(map(str.strip, entries))
        # Before anything looks at combining marks: putting a million of them in order takes time quadratic in them.
        _check_lengths(names, _LONGEST_COMPOSITION * max_name_length, max_name_length, source, where)
        text = "\n".join(names)
        if text.count("\n") != max(len(names) - 1, 0) or "\r" in text or "\0" in text:
            _refuse(names, lambda n: any(c in n for c in "\n\r\0"), "a line end or NUL inside the name", source, where)
        if not text.isascii():
            try:
                text.encode()
            except UnicodeEncodeError:
                _refuse(names, lambda n: any("\ud800" <= c <= "\udfff" for c in n), "half a character", source, where)
            if not unicodedata.is_normalized("NFC", text):
                names = unicodedata.normalize("NFC", text).split("\n")
        _check_lengths(names, max_name_length, max_name_length, source, where)
        kept = tuple(filter(None, names))
        if not kept:
            raise NamesError(f"{source} has no names: give a list with at least one name")
        counts = dict(dropped or {})
        if len(kept) < len(names):
            counts[empty] = len(names) - len(kept)
        return cls(kept, source, counts)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The characters of the whole list, the part that is held out later included."""
        return Vocabulary.from_names(["".join(self.names)])  # one long name: a set for each would take 20 times as long

    @cached_property
    def fingerprint(self) -> str:
        """BLAKE2b of the names in their order, as hexadecimal: two lists with the same names have the same."""
        return blake2b("\n".join(self.names).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()

    def dropped_sentence(self) -> str:
        """What was left out in reading, in words, for standard error; empty if that is nothing."""
        parts = [
            f"{count:,} {what if count != 1 else _singular(what)}" for what, count in self.dropped.items() if count
        ]
        if not parts:
            return ""
        listed = " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))
        return f"{self.source}: {listed} {'was' if sum(self.dropped.values()) == 1 else 'were'} dropped"

    def split(self, validation: float, split: str = "unique", seed: int = 0) -> Split:
        """Hold a part of the list out, to validate with.

        Use ``unique`` to learn how a model does on names that it has never seen: a hash of the name and the seed
        decides for all repeats of a name together, so a name added to the list moves no other, and the share that is
        held out is near the one asked for, not equal to it. Use ``names`` to compare with the original project: single
        entries are drawn, so a repeated name may stand on both sides.

        Args:
            validation: the share of entries to hold out, 0 for none.
            split: ``unique`` or ``names``.
            seed: another seed holds out another part.

        Raises:
            NamesError: too few names for two parts.
            SettingsError: a share outside 0 to 1, or an unknown kind of split.
        """
        if not 0 <= validation < 1:
            raise SettingsError(f"{setting('validation')} is {validation!r}: expected a share from 0 to below 1")
        if split not in ("unique", "names"):
            raise SettingsError(f"{setting('split')} is {quote(split)}: expected one of unique, names")
        if validation == 0:
            return Split(self.names, (), 0.0)
        if split == "unique":
            held_out = _held_out_names(self.names, validation, seed)
            mask = [name in held_out for name in self.names]
        else:
            chosen = np.zeros(len(self.names), dtype=bool)
            order = np.random.default_rng([seed, _SPLIT_STREAM]).permutation(len(self.names))
            chosen[order[: round(validation * len(self.names))]] = True
            mask = chosen.tolist()
        training = tuple(compress(self.names, [not held for held in mask]))
        held = tuple(compress(self.names, mask))
        if len(self.names) < FEWEST_NAMES_TO_SPLIT or not training or not held:
            some = "1 name" if len(self.names) == 1 else f"{len(self.names):,} names"
            raise NamesError(
                f"{self.source} has {some} ({len(set(self.names)):,} distinct), too few to hold out "
                f"{validation:.0%} of them: train on all with {setting('validation', 0)}, or give a longer list"
            )
        trained = set(training)
        return Split(training, held, 100 * sum(name in trained for name in held) / len(held))


def _held_out_names(names: Iterable[str], share: float, seed: int) -> set[str]:
    """The distinct names whose keyed hash falls into the first ``share`` of its range."""
    limit = int(share * 2**64).to_bytes(8, "big")
    start = blake2b(digest_size=8, key=f"split {seed}".encode())

    def held(name: str) -> bool:
        state = start.copy()
        state.update(name.encode("utf-8", "surrogatepass"))
        return state.digest() < limit

    return set(filter(held, set(names)))


def _singular(noun: str) -> str:
    first, _, rest = noun.partition(" without")
    return first.removesuffix("s") + _ + rest


def _decode(data: bytes, source: str) -> str:
    """UTF-8 to text, without a byte order mark and with one kind of line end."""
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


def _lines(text: str) -> list[str]:
    lines = text.split("\n")  # splitlines would also split at characters that a name may hold
    if not lines[-1]:
        lines.pop()  # a last line end ends a line, it does not begin an empty one
    return lines


def _csv_reader(text: str) -> tuple[Iterator[list[str]], Callable[[], int]]:
    header = text[: text.find("\n")] if "\n" in text else text
    delimiter = next((d for d in ",;\t" if d in header), ",")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=True)
    return reader, lambda: reader.line_num


def _csv_column(text: str, column: str | None, source: str) -> tuple[list[str], Callable[[int], str], int]:
    """The cells of one column; where a cell stands, for messages; and how many rows are too short to have it."""
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


def _json_list(text: str, source: str) -> list[str]:
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


def _check_lengths(names: list[str], longest: int, stated: int, source: str, where: Callable[[int], str]) -> None:
    if max(map(len, names), default=0) > longest:
        place, name = next((i, name) for i, name in enumerate(names) if len(name) > longest)
        raise NamesError(
            f"{source}, {where(place)}: {quote(name)} has {len(name):,} characters, and a name may have {stated:,}: "
            f"shorten it, or raise {setting('max_name_length')}"
        )


def _refuse(
    names: list[str], wrong: Callable[[str], bool], what: str, source: str, where: Callable[[int], str]
) -> None:
    place = next(i for i, name in enumerate(names) if wrong(name))
    raise NamesError(f"{source}, {where(place)}: {quote(names[place])} has {what}: correct it or leave it out")
