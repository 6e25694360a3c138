"""Vocabulary: the token ids of the characters.

Id 0 is the boundary of a name. As an input it's the start token, and as a prediction it's the end token. The characters
follow in the order of their code points, so that sorting token ids sorts names as strings. If names have labels, each
label has a start token of its own, with an id after the characters' ids (``labels.py``).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal
from unicodedata import category

import numpy as np

from namegen.core.data.arrays import blocks
from namegen.documents import LARGEST, from_plain, read_json, to_plain
from namegen.errors import NamesError
from namegen.files import read_whole, write_whole
from namegen.types import Array, Int, Int32, Int64

END_TOKEN = 0  # the start token of names without labels, and the end token of all names
_BLOCK_CHARACTERS = 1 << 18  # encoded at a time; temporary arrays have four bytes for each


@dataclass(frozen=True)
class VocabularyDocument:
    """The content of a vocabulary's JSON file."""

    format: Literal["namegen vocabulary"]
    format_version: Literal[1]
    characters: str
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Vocabulary:
    """The characters (Unicode code points) of a list of names.

    Use the characters of the whole list, so that the validation and test sets have no unknown characters.

    Raises:
        NamesError: The characters aren't sorted, or one repeats.

    >>> vocabulary = Vocabulary.from_names(["Bob", "Al"])
    >>> vocabulary.characters, vocabulary.size
    ('ABblo', 6)
    >>> vocabulary.encode("Bob").tolist()
    [2, 5, 3]
    >>> vocabulary.decode([2, 5, 3, 0, 0])
    'Bob'
    """

    characters: str  #: sorted by code point; the first one has id 1

    def __post_init__(self) -> None:
        if list(self.characters) != sorted(set(self.characters)):
            raise NamesError(
                "a vocabulary's characters must be in the rising order of their code points, without duplicates"
            )

    @classmethod
    def from_names(cls, names: Iterable[str]) -> Vocabulary:
        """Create the vocabulary of all characters in the names."""
        return cls("".join(sorted(set().union(*map(set, names)))))

    @property
    def size(self) -> int:
        """``V``: the number of characters, plus one for the boundary."""
        return len(self.characters) + 1

    @cached_property
    def code_points(self) -> Int32[Array, "V"]:
        """The Unicode code point of each id. −1 for the boundary."""
        return np.array([-1, *map(ord, self.characters)], dtype=np.int32)

    def unknown(self, text: str) -> str:
        """Return the characters of a string that aren't in the vocabulary, in their order and without duplicates."""
        return "".join(
            character for character in dict.fromkeys(text) if character not in self._known
        )

    @cached_property
    def combines(self) -> bool:
        """Whether Unicode's NFC may combine some characters with others, such as accents and Korean letters."""
        return any(
            category(character).startswith("M") or "\u1100" <= character <= "\u11ff"
            for character in self.characters
        )

    @cached_property
    def _known(self) -> frozenset[str]:
        """The characters as a set. It's cached, because 20,000 characters take a millisecond."""
        return frozenset(self.characters)

    def encode(self, name: str) -> Int32[Array, "characters"]:
        """Return the ids of a name's characters, without start and end tokens.

        Raises:
            NamesError: A character isn't in the vocabulary.
        """
        tokens, _ = self.encode_all([name])
        return tokens

    def encode_all(
        self, names: Sequence[str]
    ) -> tuple[Int32[Array, "total"], Int64[Array, "names"]]:
        """Convert names to ids. They're concatenated, because names have different lengths.

        Returns:
            The ids of all names, concatenated without start and end tokens, and the length of each name.

        Raises:
            NamesError: A character isn't in the vocabulary.
        """
        tokens, lengths = self.encode_compactly(names)
        return tokens.astype(np.int32), lengths

    def encode_compactly(
        self, names: Sequence[str]
    ) -> tuple[Int[Array, "total"], Int64[Array, "names"]]:
        """Encode names like ``encode_all``, with the smallest type of ids. For long lists, this saves most memory.

        Characters become ids by a table of all code points. Their code points are their numbers in UTF-32.

        >>> Vocabulary("Al").encode_compactly(["Al", "A"])
        (array([1, 2, 1], dtype=int8), array([2, 1]))
        """
        text = "".join(names)
        tokens = np.empty(len(text), self._id_of_code.dtype)
        for block in blocks(len(text), _BLOCK_CHARACTERS):  # to save memory
            encoded = text[block].encode("utf-32-le", "surrogatepass")
            codes = np.frombuffer(encoded, dtype=np.uint32)
            # Code points after the end of the table get its last entry, 0, like all unknown characters.
            tokens[block] = self._id_of_code.take(codes, mode="clip")
        if not tokens.all():
            unknown = self.unknown(text)[:20]
            raise NamesError(
                f"the characters {unknown!r} are not among the {self.size - 1} that the model knows: "
                "remove them, or train on a list that has them"
            )
        lengths = np.fromiter(map(len, names), dtype=np.int64, count=len(names))
        return tokens, lengths

    @cached_property
    def _id_of_code(self) -> Int[Array, "codes"]:
        """The id of each code point up to the highest in the vocabulary, and one more entry for all higher code points.

        The id of unknown characters is 0.
        """
        codes = int(self.code_points.max()) + 2
        table = np.full(codes, END_TOKEN, dtype=np.min_scalar_type(-self.size))
        table[self.code_points[1:]] = np.arange(1, self.size)
        return table

    def decode(self, tokens: Sequence[int] | Int[Array, "T"]) -> str:
        """Return the name with these ids. It ends before the first end token."""
        [text] = self.decode_all(np.asarray(tokens, dtype=np.int64)[None, :])
        return text

    def decode_all(self, tokens: Int[Array, "names T"]) -> list[str]:
        """Return the name of each row of ids. It ends before the row's first end token.

        NumPy's strings of T characters are T code points, padded with zeros. So the whole table of code points is
        turned into strings at once.
        """
        names, depth = tokens.shape
        if depth == 0:
            return [""] * names
        has_ended = np.logical_or.accumulate(tokens == END_TOKEN, axis=1)  # (names, T)
        codes = np.where(has_ended, 0, self.code_points[tokens]).astype(np.uint32)  # (names, T)
        if "\0" in self.characters:  # NumPy would remove this character from the ends of names
            lengths = (~has_ended).sum(axis=1).tolist()
            rows = codes.tolist()
            return [
                "".join(map(chr, row[:length])) for row, length in zip(rows, lengths, strict=True)
            ]
        strings = np.ascontiguousarray(codes).view(f"<U{depth}")  # (names, 1)
        texts: list[str] = strings[:, 0].tolist()
        return texts

    def save(self, path: Path | str, labels: Iterable[str] = ()) -> int:
        """Write the vocabulary to a JSON file. ``namegen export-vocabulary`` does this for a model.

        Args:
            path: The file. It's replaced only after everything has been written.
            labels: The labels of the model.

        Returns:
            The size of the file in bytes.

        Raises:
            NamesError: A character is a lone surrogate, which UTF-8 can't encode.

        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     size = Vocabulary("abc").save(Path(folder, "abc.json"))
        ...     again = Vocabulary.load(Path(folder, "abc.json"))
        >>> size, again.decode([3, 1, 2])
        (99, 'cab')
        """
        surrogates = [character for character in self.characters if category(character) == "Cs"]
        if surrogates:
            raise NamesError(
                f"the vocabulary has {surrogates[0]!r}, half of a character, which no file can store: remove the names "
                "that contain it"
            )
        document = VocabularyDocument("namegen vocabulary", 1, self.characters, tuple(labels))
        text = json.dumps(to_plain(document), ensure_ascii=True, indent=2) + "\n"
        return write_whole(Path(path), text.encode())

    @classmethod
    def load(cls, path: Path | str) -> Vocabulary:
        """Read a file that ``save`` has written.

        Raises:
            NamesError: The file can't be read, or isn't a vocabulary.
        """
        try:
            document = from_plain(VocabularyDocument, read_json(read_whole(path, LARGEST)))
        except OSError as error:
            raise NamesError(f"cannot read the vocabulary {path}: {error.strerror}") from error
        except ValueError as error:
            raise NamesError(
                f"{path} is not a vocabulary file of namegen (format version 1): give a file that Vocabulary.save wrote"
            ) from error
        return cls(document.characters)
