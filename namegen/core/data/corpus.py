"""Corpus: a list of names, cleaned, with what is known of it: its characters, its fingerprint, what was left out.

Core opens no files: it takes the bytes and a word for where they came from, which every error then names.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from itertools import compress

from namegen.core.data.reading import Kind, Table, csv_columns, decode, json_names, lines
from namegen.core.data.split import TRAINING, Split, choose_parts, numbered, split_names
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.settings import DataSettings
from namegen.errors import NamesError, setting
from namegen.escaping import quote

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
        for asked in filter(None, (column, label_column)):
            if kind == "text":
                raise NamesError(
                    f"{source}: the column {quote(asked)} was asked for, but text has none: give CSV or JSON"
                )
        text = decode(data, source)
        if kind == "text":
            return cls._clean(lines(text), source, "empty lines", lambda i: f"line {i + 1}", max_name_length)
        if kind == "csv":
            return cls._from_table(csv_columns(text, column, label_column, source), source, "cells", max_name_length)
        return cls._from_table(json_names(text, column, label_column, source), source, "strings", max_name_length)

    @classmethod
    def _from_table(cls, table: Table, source: str, what: str, max_name_length: int) -> Corpus:
        dropped = {"header rows": 1} if what == "cells" else {}
        if table.too_short:
            dropped["rows without that column"] = table.too_short
        return cls._clean(table.cells, source, f"empty {what}", table.where, max_name_length, dropped, table.labels)

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
        return split_names(self.names, validation, split, seed, source=self.source, test=test)

    def training_part(self, data: DataSettings, *, seed: int) -> Corpus:
        """What is left to train on, as a list, labels included.

        Args:
            data: which says what is held out.
            seed: of the split.

        Raises:
            NamesError: too few names for the parts.
        """
        distinct, name_of = numbered(self.names)
        part_of = choose_parts(distinct, name_of, data.validation, data.split, seed, source=self.source, test=data.test)
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
    _check_lengths(found, _LONGEST_COMPOSITION * longest, longest, source, where, what)
    text = "\n".join(found)
    if text.count("\n") != max(len(found) - 1, 0) or "\r" in text or "\0" in text:
        wrong = f"a line end or NUL inside the {what}"
        _refuse(found, lambda n: any(c in n for c in "\n\r\0"), wrong, source, where)
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            _refuse(
                found,
                lambda n: any("\ud800" <= c <= "\udfff" for c in n),
                "an incomplete Unicode character",
                source,
                where,
            )
        _check_marks(found, source, where)
        if not unicodedata.is_normalized("NFC", text):
            found = unicodedata.normalize("NFC", text).split("\n")
    _check_lengths(found, longest, longest, source, where, what)
    return found


def _check_lengths(
    names: list[str], longest: int, stated: int, source: str, where: Callable[[int], str], what: str
) -> None:
    if max(map(len, names), default=0) > longest:
        place, name = next((i, name) for i, name in enumerate(names) if len(name) > longest)
        raise NamesError(
            f"{source}, {where(place)}: {quote(name)} has {len(name):,} characters, and a {what} may have {stated:,}: "
            f"shorten it, or raise {setting('max_name_length')}"
        )


def _check_marks(names: list[str], source: str, where: Callable[[int], str]) -> None:
    """A loop over the characters of names alone that are long enough to have too many combining marks on one letter."""
    for place, name in enumerate(names):
        if len(name) <= _MOST_MARKS or name.isascii():
            continue
        marks = 0
        for character in name:
            marks = marks + 1 if unicodedata.combining(character) else 0
            if marks > _MOST_MARKS:
                raise NamesError(
                    f"{source}, {where(place)}: {quote(name)} has more than {_MOST_MARKS} accents on one letter: "
                    "correct it or leave it out"
                )


def _refuse(
    names: list[str], wrong: Callable[[str], bool], what: str, source: str, where: Callable[[int], str]
) -> None:
    place = next(i for i, name in enumerate(names) if wrong(name))
    raise NamesError(f"{source}, {where(place)}: {quote(names[place])} has {what}: correct it or leave it out")
