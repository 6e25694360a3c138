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

from namegen.core.data.list_content import ListContent
from namegen.core.data.list_formats import FORMATS, Kind, Table
from namegen.core.data.split import TEST, TRAINING, VALIDATION, choose_parts, numbered
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.settings import DataSettings
from namegen.errors import NamesError, quote, setting, shown
from namegen.types import Array, Bool

# Counts of distinct names:
FEWEST_NAMES = 100  # with fewer, 10% are too few for a validation set, so all names are trained on
FEWEST_TO_COMPARE = (
    20  # with fewer, namegen can't tell whether a pretrained base model suits the list
)
SHORT_LIST = 500  # with fewer names, the model may be fine-tuned from a pretrained base model
MANY_NAMES = (
    100_000  # so many names of a long list nearly always include FEWEST_NAMES distinct names
)
PHRASES = 0.4  # a short list has phrases if at least this share of its names has several words
MAX_NAME_LENGTH = DataSettings.max_name_length
# Unicode's canonical composition replaces at most four code points by one. Longer lines can't become short enough.
_LONGEST_COMPOSITION = 4
# Sorting the combining marks of one letter takes time quadratic in their number. Unicode's Stream-Safe Text Format
# (Standard Annex 15) allows at most 30, which is more than any language needs.
_MOST_MARKS = 30
_LINE_END = re.compile("[\n\r\0]")
CORRECT = "correct or remove it"  # the advice of most messages


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
    dropped: Mapping[str, int] = field(default_factory=dict)  #: plural noun → how many were dropped
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
                cells are separated by commas, semicolons or tabs. ``json`` is a list of strings or of objects, and
                ``jsonl`` has one string or object per line.
            column: The name or number (from 1) of the column of names. It isn't needed if no other column remains.
            label_column: The column of labels, such as origins. Rows without a label are dropped. None: the list has no
                labels.
            max_name_length: The most characters of a name. A longer name is an error, because the file is probably not
                a list.

        Raises:
            NamesError: The data has no names, isn't in the format, isn't UTF-8, or has a NUL, too long a line or name,
                or no such column.
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
        cleaner = _Cleaner(source, table.where, max_name_length)
        names = cleaner.cleaned(table.names, "name")
        labels = None if table.labels is None else cleaner.cleaned(table.labels, "label")
        dropped = dict(table.dropped)
        empty = names.count("")
        if empty:
            dropped[table.empty] = empty
        if labels is None:
            corpus = cls(tuple(filter(None, names)), source, dropped)
        else:
            corpus = cls._with_labels(names, labels, source, dropped)
        if not corpus.names:
            raise NamesError(f"{source} has no names: give a list with at least one name")
        return corpus

    @classmethod
    def _with_labels(
        cls, names: list[str], labels: list[str], source: str, dropped: dict[str, int]
    ) -> Corpus:
        """Create a list with labels, and drop the names that are empty or have no label."""
        pairs = [(name, label) for name, label in zip(names, labels, strict=True) if name]
        labeled = [(name, label) for name, label in pairs if label]
        if pairs and not labeled:
            raise NamesError(f"{source}: no name has a label: choose another label column, or none")
        if len(labeled) < len(pairs):
            dropped["names without a label"] = len(pairs) - len(labeled)
        kept_names = tuple(name for name, label in labeled)
        kept_labels = tuple(label for name, label in labeled)
        return cls(kept_names, source, dropped, labels=kept_labels)

    @property
    def is_short(self) -> bool:
        """Whether the list has fewer than ``FEWEST_NAMES`` distinct names."""
        first = self.names[:MANY_NAMES]  # usually enough to tell
        return len(set(first)) < FEWEST_NAMES and len(set(self.names)) < FEWEST_NAMES

    @cached_property
    def is_phrases(self) -> bool:
        """Whether it's a short list of phrases, which needs other training settings (``core/training/defaults.py``).

        Many of its names have several words, and their first words and last words can be combined to at least twice as
        many names.
        """
        names = set(self.names)
        phrases = [name.rpartition(" ") for name in names if " " in name]
        beginnings = {phrase[0] for phrase in phrases}
        last_words = {phrase[2] for phrase in phrases}
        is_short = FEWEST_TO_COMPARE <= len(names) < SHORT_LIST
        has_many_phrases = len(phrases) >= PHRASES * len(names)
        has_many_combinations = len(beginnings) * len(last_words) >= 2 * len(phrases)
        return is_short and has_many_phrases and has_many_combinations

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
        parts = [_number_with_noun(count, noun) for noun, count in self.dropped.items() if count]
        if not parts:
            return ""
        verb = "was" if sum(self.dropped.values()) == 1 else "were"
        return f"{self.source}: {_joined_with_and(parts)} {verb} dropped"

    def alike_labels_sentence(self) -> str:
        """Return a message about two labels that differ only in letter case or spaces. It's empty if there are none.

        >>> Corpus(("Aino", "Pia"), "a list", labels=("Finnish", "finnish ")).alike_labels_sentence()
        "a list: the labels 'Finnish' and 'finnish ' count as two, because their spelling differs"
        """
        first_label: dict[str, str] = {}  # by the form without case and spaces
        for label in self.label_counts:
            form = " ".join(label.casefold().split())
            if form not in first_label:
                first_label[form] = label
                continue
            pair = f"{quote(first_label[form])} and {quote(label)}"
            return f"{self.source}: the labels {pair} count as two, because their spelling differs"
        return ""

    def split(self, data: DataSettings, *, seed: int) -> tuple[Corpus, Corpus, Corpus]:
        """Split the list, with its labels, into a training set, a validation set and a test set.

        The arguments are the same as those of ``choose_parts`` in ``core/data/split.py``.

        Raises:
            NamesError: The list has too few names.
        """
        distinct, name_of = numbered(self.names)
        part_of = choose_parts(distinct, name_of, data, seed=seed, source=self.source)
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


def _number_with_noun(count: int, noun: str) -> str:
    """Combine a number with a plural noun, which becomes singular if the number is 1.

    >>> _number_with_noun(1, "names without a label"), _number_with_noun(2, "empty lines")
    ('1 name without a label', '2 empty lines')
    """
    if count == 1:
        first, preposition, rest = noun.partition(" without")
        noun = first.removesuffix("s") + preposition + rest
    return f"{count:,} {noun}"


def _joined_with_and(items: list[str]) -> str:
    """Join items to a list in words, such as "a, b and c"."""
    *first, last = items
    return f"{', '.join(first)} and {last}" if first else last


@dataclass(frozen=True)
class _Cleaner:
    """Removes white space around names or labels, composes their characters, and checks them.

    Each step processes all entries in one call. Only to report an error, the entries are examined one by one.
    """

    source: str
    where: Callable[[int], str]  # an entry's location in messages
    max_length: int  # characters

    def cleaned(self, entries: list[str], noun: str) -> list[str]:
        """Clean names or labels.

        Args:
            entries: The names or labels.
            noun: What messages call an entry: "name" or "label".
        """
        self._check_types(entries, noun)
        texts = list(map(str.strip, entries))
        self._check_lengths(texts, noun, _LONGEST_COMPOSITION * self.max_length)
        joined = "\n".join(texts)
        has_line_ends = joined.count("\n") >= max(len(texts), 1) or "\r" in joined
        if has_line_ends or "\0" in joined:
            has_line_end = [bool(_LINE_END.search(text)) for text in texts]
            index = has_line_end.index(True)
            raise self._error(texts, index, f"has a line end or NUL inside the {noun}: {CORRECT}")
        if not joined.isascii():
            texts = self._compose(texts, joined)
        self._check_lengths(texts, noun, self.max_length)
        return texts

    def _check_types(self, entries: list[str], noun: str) -> None:
        """Raise NamesError if an entry isn't a string."""
        is_string = [isinstance(entry, str) for entry in entries]
        if all(is_string):
            return
        index = is_string.index(False)
        raise NamesError(
            f"{self.source}, {self.where(index)}: the {noun} {shown(entries[index])} isn't a string: remove it"
        )

    def _compose(self, texts: list[str], joined: str) -> list[str]:
        """Return the entries in Unicode's composed form (NFC). ``joined`` has all entries as lines."""
        if _has_half_character(joined):
            is_incomplete = [_has_half_character(text) for text in texts]
            problem = f"has an incomplete Unicode character: {CORRECT}"
            raise self._error(texts, is_incomplete.index(True), problem)
        has_too_many_marks = [_has_too_many_marks(text) for text in texts]
        if any(has_too_many_marks):
            problem = f"has more than {_MOST_MARKS} accents on one letter: {CORRECT}"
            raise self._error(texts, has_too_many_marks.index(True), problem)
        if unicodedata.is_normalized("NFC", joined):
            return texts
        return unicodedata.normalize("NFC", joined).split("\n")

    def _check_lengths(self, texts: list[str], noun: str, most: int) -> None:
        """Raise NamesError if an entry has more than ``most`` characters."""
        if max(map(len, texts), default=0) <= most:
            return
        is_too_long = [len(text) > most for text in texts]
        index = is_too_long.index(True)
        length = len(texts[index])
        problem = f"has {length:,} characters, but a {noun} may have {self.max_length:,}"
        advice = f"shorten it, or raise {setting('max_name_length')}"
        raise self._error(texts, index, f"{problem}: {advice}")

    def _error(self, texts: list[str], index: int, problem: str) -> NamesError:
        """Return the error about an entry. The problem includes the advice."""
        location = f"{self.source}, {self.where(index)}"
        return NamesError(f"{location}: {quote(texts[index])} {problem}")


def _has_half_character(text: str) -> bool:
    """Whether a text has a surrogate, which is half of a character in UTF-16."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _has_too_many_marks(text: str) -> bool:
    """Whether one letter has more than ``_MOST_MARKS`` combining marks."""
    if len(text) <= _MOST_MARKS or text.isascii():
        return False
    mark_count = 0
    for character in text:
        mark_count = mark_count + 1 if unicodedata.combining(character) else 0
        if mark_count > _MOST_MARKS:
            return True
    return False
