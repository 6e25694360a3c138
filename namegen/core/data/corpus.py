"""Corpus: a list of names, cleaned, with what is known of it: its characters, its fingerprint, what was left out.

Core opens no files: it takes the bytes and a word for where they came from, which every error then names.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b

from namegen.core.data.reading import Kind, csv_column, decode, json_list, lines
from namegen.core.data.split import Split, split_names
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.settings import DataSettings
from namegen.errors import NamesError, setting
from namegen.escaping import quote

MAX_NAME_LENGTH = DataSettings.max_name_length
# Unicode's canonical composition makes one code point of at most four, so no longer line can become a name in time.
_LONGEST_COMPOSITION = 4


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
        text = decode(data, source)
        if kind == "text":
            return cls._clean(lines(text), source, "empty lines", lambda i: f"line {i + 1}", max_name_length)
        if kind == "csv":
            cells, where, ragged = csv_column(text, column, source)
            dropped = {"header rows": 1} | ({"rows without that column": ragged} if ragged else {})
            return cls._clean(cells, source, "empty cells", where, max_name_length, dropped)
        items = json_list(text, source)
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

    def split(self, validation: float, split: str = "unique", seed: int = 0, *, test: float = 0.0) -> Split:
        """Hold parts of the list out, to choose by and to test with; see ``choose_parts`` in ``core/data/split.py``.

        Raises:
            NamesError: too few names for the parts.
            SettingsError: a share outside 0 to 1, or an unknown kind of split.
        """
        return split_names(self.names, validation, split, seed, source=self.source, test=test)


def _singular(noun: str) -> str:
    first, _, rest = noun.partition(" without")
    return first.removesuffix("s") + _ + rest


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
