"""Corpus: a cleaned list of names, maybe with labels.

It's created from bytes or strings, because ``core`` doesn't open files. Error messages call the list by its ``source``.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from itertools import compress
from typing import Literal

from namegen.core.data.list_formats import FORMATS, Kind, Source, Table
from namegen.core.data.split import TEST, TRAINING, VALIDATION, choose_parts
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.settings import DataSettings
from namegen.errors import NamesError, counted, quote, setting, shown
from namegen.types import Array, Bool

# Counts of distinct names:
FEWEST_NAMES = 100  # with fewer, 10% are too few for a validation set, so all names are trained on
SHORT_LIST = 500  # with fewer names, the model may be fine-tuned from a pretrained base model
PHRASES = 0.4  # a short list has phrases if at least this share of its names has several words
MAX_NAME_LENGTH = DataSettings.max_name_length
_NOT_IN_NAMES = re.compile("[\n\r\0\ud800-\udfff]")  # with the halves of characters in UTF-16


@dataclass(frozen=True, eq=False)
class Corpus:
    r"""A list of names in its original order. Duplicates are kept, because they are the frequencies of the names.

    >>> corpus = Corpus.from_bytes("Bob\r\n\r\n Al ".encode(), source="friends.txt")
    >>> corpus.names, corpus.vocabulary.size
    (('Bob', 'Al'), 6)
    >>> corpus.dropped_sentence()
    'friends.txt: 1 empty line was dropped'
    """

    #: Without white space around them, in Unicode's composed form (NFC), never empty.
    names: tuple[str, ...]
    source: str  #: what messages call the list, such as its file
    dropped: Mapping[str, int] = field(default_factory=dict)  #: noun → how many were dropped
    #: The label of each name, never an empty string. (): the list has no labels.
    labels: tuple[str, ...] = ()
    name_type: str = "plain"  #: decides when two names are the same; see ``DataSettings``

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
            source: What messages call the list.
            kind: ``text`` is one name per line. ``csv`` is a table whose first row contains the names of the columns;
                cells are separated by commas, semicolons or tabs. ``json`` is a list of strings or of objects, or has
                one string or object per line.
            column: The name or number (from 1) of the column of names. It isn't needed if no other column remains.
            label_column: The column of labels, such as origins. Rows without a label are dropped. None: the list has no
                labels.
            max_name_length: The most characters of a name. A longer name is an error, because the file is probably not
                a list.

        Raises:
            NamesError: The data has no names, isn't in the format, isn't UTF-8, or has a NUL, too long a name, or no
                such column.
        """
        read_table = FORMATS[kind]
        table = read_table(Source(data, source), column, label_column)
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
        """Clean a list of strings.

        Args:
            names: The list.
            labels: The label of each name, such as its origin. None: the list has no labels.
            source: What messages call the list.
            max_name_length: The most characters of a name.

        Raises:
            NamesError: There are no names; a name is too long, or has a line end, a NUL or half a character; or the
                number of labels is wrong.

        >>> Corpus.from_names(["Aino", "Anna", "Anna"], labels=["Finnish", "Finnish", "Danish"]).label_counts
        {'Danish': 1, 'Finnish': 2}
        """
        name_list = _to_list(names, "names")
        label_list = None if labels is None else _to_list(labels, "labels")
        if label_list is not None and len(label_list) != len(name_list):
            raise NamesError(
                f"{source} has {len(name_list):,} names and {len(label_list):,} labels: give one label for each name"
            )
        return cls._clean(Table(name_list, label_list), source, max_name_length)

    @classmethod
    def _clean(cls, table: Table, source: str, max_name_length: int) -> Corpus:
        """Clean names and labels, and drop the names that are empty or have no label."""
        names = _clean_entries(table.names, "name", source, table.where, max_name_length)
        labels: list[str] = []
        empty_names = names.count("")
        unlabeled_names = 0
        if table.labels is None:
            names = [name for name in names if name]
        else:
            all_labels = _clean_entries(table.labels, "label", source, table.where, max_name_length)
            labeled = [
                (name, label)
                for name, label in zip(names, all_labels, strict=True)
                if name and label
            ]
            unlabeled_names = len(names) - empty_names - len(labeled)
            if unlabeled_names and not labeled:
                raise NamesError(
                    f"{source}: no name has a label: choose another label column, or none"
                )
            names = [name for name, _ in labeled]
            labels = [label for _, label in labeled]
        if not names:
            raise NamesError(f"{source} has no names: give a list with at least one name")
        dropped = {
            **table.dropped,
            table.empty: empty_names,
            "unlabeled name": unlabeled_names,
        }
        dropped = {noun: count for noun, count in dropped.items() if count}
        return cls(tuple(names), source, dropped, labels=tuple(labels))

    @cached_property
    def distinct_names(self) -> tuple[str, ...]:
        """The distinct names, in the order in which they first occur."""
        return tuple(dict.fromkeys(self.names))

    @property
    def is_short(self) -> bool:
        """Whether the list has fewer than ``FEWEST_NAMES`` distinct names."""
        return len(self.distinct_names) < FEWEST_NAMES

    @cached_property
    def is_phrases(self) -> bool:
        """Whether it's a short list of phrases such as `The Red Lion`, which needs other training settings.

        Many of its names have several words, and other combinations of their beginnings and last words would be at
        least as many names again.
        """
        names = self.distinct_names
        phrases = [name for name in names if " " in name]
        beginnings = {phrase.rpartition(" ")[0] for phrase in phrases}  # The Red
        last_words = {phrase.rpartition(" ")[2] for phrase in phrases}  # Lion
        is_short = len(names) < SHORT_LIST
        has_many_phrases = len(phrases) >= PHRASES * len(names)
        has_many_combinations = len(beginnings) * len(last_words) >= 2 * len(phrases)
        return is_short and has_many_phrases and has_many_combinations

    @cached_property
    def letter_case(self) -> Literal["original", "lower", "upper"]:
        """Whether all names are in lower case or in capitals; ``original`` if they aren't, or if there's no case."""
        text = "".join(self.names)
        if text.lower() == text.upper():
            return "original"
        if text == text.lower():
            return "lower"
        return "upper" if text == text.upper() else "original"

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The characters of the whole list, including those that only the validation and test sets have."""
        all_characters = "".join(self.names)  # 20 times faster than a set for each name
        return Vocabulary.from_names([all_characters])

    @cached_property
    def label_counts(self) -> dict[str, int]:
        """How many names have each label. The labels are sorted, in the order of their start tokens."""
        return dict(sorted(Counter(self.labels).items()))

    @cached_property
    def fingerprint(self) -> str:
        """A hash (BLAKE2b, hexadecimal) of the names and labels in their order."""
        text = "\n".join(self.names) + "".join(f"\n\n{label}" for label in self.labels)
        return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()

    def dropped_sentence(self) -> str:
        """Return a message about what was dropped. It's empty if nothing was dropped."""
        if not self.dropped:
            return ""
        *first_parts, last_part = [counted(count, noun) for noun, count in self.dropped.items()]
        listed = f"{', '.join(first_parts)} and {last_part}" if first_parts else last_part
        verb = "was" if sum(self.dropped.values()) == 1 else "were"
        return f"{self.source}: {listed} {verb} dropped"

    def alike_labels_sentence(self) -> str:
        """Return a message about two labels that differ only in letter case or spaces. It's empty if there are none.

        >>> Corpus(("Aino", "Pia"), "a list", labels=("Finnish", "finnish ")).alike_labels_sentence()
        "a list: the labels 'Finnish' and 'finnish ' count as two, because their spelling differs"
        """
        label_of: dict[str, str] = {}  # form without case and extra spaces → the first such label
        for label in self.label_counts:
            form = " ".join(label.casefold().split())
            if form in label_of:
                pair = f"{quote(label_of[form])} and {quote(label)}"
                return (
                    f"{self.source}: the labels {pair} count as two, because their spelling differs"
                )
            label_of[form] = label
        return ""

    def split(self, data: DataSettings, *, seed: int) -> tuple[Corpus, Corpus, Corpus]:
        """Split the list, with its labels, into a training set, a validation set and a test set.

        Args:
            data: The shares of the sets, and the type of split.
            seed: The seed of the split if ``data`` has none.

        Raises:
            NamesError: The list has too few names.
        """
        part_of = choose_parts(self.names, data, seed=seed, source=self.source)
        training = self.where(part_of == TRAINING)
        validation = self.where(part_of == VALIDATION)
        test = self.where(part_of == TEST)
        return training, validation, test

    def where(self, chosen: Bool[Array, "entries"]) -> Corpus:
        """Return the chosen entries, with their labels."""
        is_chosen = chosen.tolist()
        names = tuple(compress(self.names, is_chosen))
        labels = tuple(compress(self.labels, is_chosen))
        return Corpus(names, self.source, labels=labels, name_type=self.name_type)


def _to_list(values: Iterable[str], noun: str) -> list[str]:
    """Convert an argument to a list. Raise NamesError for a string, which would be a list of its characters."""
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        raise NamesError(f"{noun} is {shown(values)}: give a list of {noun}")
    return list(values)


def _clean_entries(
    entries: list[str], noun: str, source: str, where: Callable[[int], str], max_length: int
) -> list[str]:
    """Remove white space around names or labels, compose their characters, and check them.

    Each step processes all entries in one call. Only to report an error, the entries are examined one by one.

    Args:
        entries: The names or labels.
        noun: What messages call an entry: "name" or "label".
        source: What messages call the list.
        where: Returns an entry's location for messages.
        max_length: The most characters of an entry.
    """
    for index, entry in enumerate(entries):
        if not isinstance(entry, str):
            raise NamesError(
                f"{source}, {where(index)}: the {noun} {shown(entry)} isn't a string: remove it"
            )
    texts = [entry.strip() for entry in entries]
    all_texts = "".join(texts)
    is_too_long = max(map(len, texts), default=0) > max_length
    if is_too_long or _NOT_IN_NAMES.search(all_texts):
        for index, text in enumerate(texts):
            problem = ""
            if _NOT_IN_NAMES.search(text):
                problem = f"has a line end, a NUL or half a character inside the {noun}: correct or remove it"
            elif len(text) > max_length:
                problem = (
                    f"has {len(text):,} characters, but a {noun} may have {max_length:,}: "
                    f"shorten it, or raise {setting('max_name_length')}"
                )
            if problem:
                raise NamesError(f"{source}, {where(index)}: {quote(text)} {problem}")
    if not unicodedata.is_normalized("NFC", all_texts):
        texts = [unicodedata.normalize("NFC", text) for text in texts]
    return texts
