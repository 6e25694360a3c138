"""Corpus: a list of names, cleaned; its labels, its characters, its fingerprint, what was left out.

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

from namegen.core.data.list_content import ListContent
from namegen.core.data.list_formats import FORMATS, Kind, Table
from namegen.core.data.split import TEST, TRAINING, VALIDATION, choose_parts, numbered
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.settings import DataSettings
from namegen.errors import NamesError, quote, setting, shown
from namegen.types import Array, Bool

FEWEST_NAMES = (
    100  # different ones: a tenth of fewer can choose nothing, so nothing is held out of them
)
MANY_NAMES = 100_000
FEWEST_TO_COMPARE, SHORT_LIST = (
    20,
    500,
)  # different names: lists of fewer than 500 may be fine-tuned from a base
PHRASES = (
    0.4  # the share of a short list's names with several words that makes it a list of phrases
)
MAX_NAME_LENGTH = DataSettings.max_name_length
# Unicode's canonical composition makes one code point of at most four, so no longer line can become a name in time.
_LONGEST_COMPOSITION = 4
# Putting the marks on one letter in order takes time quadratic in them. Unicode allows no more in a text that can be
# normalized as it comes (Standard Annex 15, Stream-Safe Text Format), and says that no language needs so many.
_MOST_MARKS = 30


@dataclass(frozen=True, eq=False)
class Corpus:
    r"""A list of names, in its order, repeats kept: they are the frequencies.

    Attributes:
        names: each without surrounding space, in Unicode's composed form (NFC), never empty.
        source: what the list is called in messages: a file, a bundled list, standard input.
        dropped: what was left out in reading, and how many of it; the keys are plural nouns.
        labels: what each name is labelled with, never empty; (): the list has no labels.
        normalization: when two of its names count as one; see ``DataSettings``.

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
    name_type: str = "plain"

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
            kind: ``text``, one name a line, as ``text_lines`` reads it; ``csv``, a column of a table whose first row
                names the columns (separated by commas, else by semicolons or tabs); ``json``, a list of strings, or of
                objects with strings.
            column: the column of a table, by its name or its number, counted from 1; not needed if there is one beside
                that of the labels.
            label_column: the one that labels each name, such as its origin; None: the list has no labels. A row without
                a label is dropped.
            max_name_length: a name with more characters is an error, as it is a sign of a file that is no list.

        Raises:
            NamesError: no name in it, not UTF-8, a NUL byte, a line too long, no such column, JSON of another form.
        """
        table = FORMATS[kind](ListContent(data, source), column, label_column)
        return cls._clean(table, source, max_name_length)

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
        for what, given in (("names", names), ("labels", () if labels is None else labels)):
            # A text would be a list of its letters.
            if isinstance(given, str | bytes) or not isinstance(given, Iterable):
                raise NamesError(f"{what} is {shown(given)}: give a list of {what}")
        entries, of_each = list(names), None if labels is None else list(labels)
        if of_each is not None and len(of_each) != len(entries):
            raise NamesError(
                f"{source} has {len(entries):,} names and {len(of_each):,} labels: give one for each name"
            )
        return cls._clean(Table(entries, of_each), source, max_name_length)

    @classmethod
    def _clean(cls, table: Table, source: str, max_name_length: int) -> Corpus:
        """Trim, compose, check and drop."""
        names = _cleaned(table.names, source, table.where, max_name_length, "name")
        counts = dict(table.dropped)
        if empty := names.count(""):
            counts[table.empty] = empty
        if table.labels is None:
            return cls(_some(tuple(filter(None, names)), source), source, counts)
        labels = _cleaned(table.labels, source, table.where, max_name_length, "label")
        named = [(name, label) for name, label in zip(names, labels, strict=True) if name]
        labelled = [pair for pair in named if pair[1]]
        if named and not labelled:
            raise NamesError(
                f"{source}: no name has a label: give a column that labels some, or leave it out"
            )
        if len(labelled) < len(named):
            counts["names without a label"] = len(named) - len(labelled)
        kept = _some(tuple(name for name, _ in labelled), source)
        return cls(kept, source, counts, tuple(label for _, label in labelled))

    @property
    def is_short(self) -> bool:
        """Whether it has fewer than ``FEWEST_NAMES`` different names."""
        some = self.names[:MANY_NAMES]  # of a long list the first ones tell
        return len(set(some)) < FEWEST_NAMES and len(set(self.names)) < FEWEST_NAMES

    @cached_property
    def is_phrases(self) -> bool:
        """Whether it is a short list of phrases, which is trained differently (``core/training/defaults.py``).

        Many of its names have several words, whose first and last parts combine to at least twice as many names.
        """
        names = set(self.names)
        cut = [name.rpartition(" ") for name in names if " " in name]
        combinations = len({start for start, _, _ in cut}) * len({end for _, _, end in cut})
        is_short = FEWEST_TO_COMPARE <= len(names) < SHORT_LIST
        return is_short and len(cut) >= PHRASES * len(names) and combinations >= 2 * len(cut)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The characters of the whole list, the part that is held out later included."""
        return Vocabulary.from_names(
            ["".join(self.names)]
        )  # one long name: a set for each would take 20 times as long

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
            f"{count:,} {what if count != 1 else _singular(what)}"
            for what, count in self.dropped.items()
            if count
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

    def split(self, data: DataSettings, *, seed: int) -> tuple[Corpus, Corpus, Corpus]:
        """Three lists, labels included: to train on, held out to choose by, and held out to test with.

        Args:
            data: which says what is held out; see ``choose_parts`` in ``core/data/split.py``.
            seed: of the split, where ``data`` has none of its own.

        Raises:
            NamesError: too few names for the parts.
        """
        part_of = choose_parts(*numbered(self.names), data, seed=seed, source=self.source)
        return (
            self.where(part_of == TRAINING),
            self.where(part_of == VALIDATION),
            self.where(part_of == TEST),
        )

    def where(self, chosen: Bool[Array, "entries"]) -> Corpus:
        """The list of some of its entries, labels included."""
        names, labels = (
            tuple(compress(every, chosen.tolist())) for every in (self.names, self.labels)
        )
        return Corpus(names, self.source, labels=labels, name_type=self.name_type)


def _singular(noun: str) -> str:
    first, _, rest = noun.partition(" without")
    return first.removesuffix("s") + _ + rest


def _some(names: tuple[str, ...], source: str) -> tuple[str, ...]:
    if not names:
        raise NamesError(f"{source} has no names: give a list with at least one name")
    return names


def _cleaned(
    entries: list[str], source: str, where: Callable[[int], str], longest: int, what: str
) -> list[str]:
    """Names or labels, trimmed, composed and checked; each step is one call over all, a loop only to place an error."""
    if not all(isinstance(entry, str) for entry in entries):
        place = next(place for place, entry in enumerate(entries) if not isinstance(entry, str))
        raise NamesError(
            f"{source}, {where(place)}: the {what} {shown(entries[place])} is no text: leave it out"
        )
    found = list(map(str.strip, entries))

    def refuse(
        wrong: Callable[[str], bool], has: str, do: str = "correct it or leave it out"
    ) -> None:
        place, name = next((place, name) for place, name in enumerate(found) if wrong(name))
        raise NamesError(
            f"{source}, {where(place)}: {quote(name)} has {has.format(len(name))}: {do}"
        )

    def check_lengths(most: int) -> None:
        if max(map(len, found), default=0) > most:
            has, do = (
                f"{{:,}} characters, and a {what} may have {longest:,}",
                "shorten it, or raise ",
            )
            refuse(lambda name: len(name) > most, has, do + setting("max_name_length"))

    check_lengths(_LONGEST_COMPOSITION * longest)
    text = "\n".join(found)
    if text.count("\n") != max(len(found) - 1, 0) or "\r" in text or "\0" in text:
        refuse(
            lambda name: any(c in name for c in "\n\r\0"), f"a line end or NUL inside the {what}"
        )
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            refuse(
                lambda name: any("\ud800" <= c <= "\udfff" for c in name),
                "an incomplete Unicode character",
            )
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
