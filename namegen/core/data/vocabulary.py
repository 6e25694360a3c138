"""Vocabulary: the whole number that stands for each character.

Id 0 is the boundary of a name: read as START, predicted as STOP, never a character. The characters follow in the order
of their code points, so that sorting names as strings and sorting their token rows give the same order. Where names
have labels, each label has an id of its own behind the characters (``labels.py``), read in place of the boundary.
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

from namegen.documents import LARGEST, from_plain, read_json, to_plain
from namegen.errors import NamesError
from namegen.files import read_whole, write_whole
from namegen.types import Array, Int, Int32, Int64

BOUNDARY = 0
_BLOCK_CHARACTERS = 1 << 18  # encoded at a time, at four bytes each on the way


@dataclass(frozen=True)
class VocabularyDocument:
    """What the JSON file of a vocabulary holds."""

    format: Literal["namegen vocabulary"]
    format_version: Literal[1]
    characters: str
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Vocabulary:
    """The characters (Unicode code points) of a list of names, in rising order, as one string.

    Source: the whole list, before any split (``Vocabulary.from_names``).

    >>> vocabulary = Vocabulary.from_names(["Bob", "Al"])
    >>> vocabulary.characters, vocabulary.size
    ('ABblo', 6)
    >>> vocabulary.encode("Bob").tolist()
    [2, 5, 3]
    >>> vocabulary.decode([2, 5, 3, 0, 0])
    'Bob'
    """

    characters: str

    def __post_init__(self) -> None:
        if any(a >= b for a, b in zip(self.characters, self.characters[1:], strict=False)):
            raise NamesError(
                "a vocabulary's characters must stand in rising order of their code points, each once"
            )

    @classmethod
    def from_names(cls, names: Iterable[str]) -> Vocabulary:
        """Every character that occurs in the names."""
        return cls("".join(sorted(set().union(*map(set, names)))))

    @property
    def size(self) -> int:
        """``V``: the characters and the boundary."""
        return len(self.characters) + 1

    @cached_property
    def code_points(self) -> Int32[Array, "V"]:
        """Unicode code point by id; −1 for the boundary."""
        return np.array([-1, *map(ord, self.characters)], dtype=np.int32)

    def unknown(self, text: str) -> str:
        """The characters of the text that the vocabulary lacks, in rising order, each once."""
        return "".join(sorted(set(text) - self._known))

    @cached_property
    def combines(self) -> bool:
        """Whether some characters are put together with others in Unicode's NFC: accents and Korean letters."""
        return any(
            category(one).startswith("M") or "\u1100" <= one <= "\u11ff" for one in self.characters
        )

    @cached_property
    def _known(self) -> frozenset[str]:
        """The characters as a set, made once: of twenty thousand it takes a millisecond, and every name is asked."""
        return frozenset(self.characters)

    def encode(self, name: str) -> Int32[Array, "characters"]:
        """The ids of one name's characters, without boundaries. Raises NamesError for an unknown character."""
        return self.encode_all([name])[0]

    def encode_all(
        self, names: Sequence[str]
    ) -> tuple[Int32[Array, "total"], Int64[Array, "names"]]:
        """The ids of all names one behind the other, and each name's length.

        Raises:
            NamesError: a character is not in the vocabulary; the message names it.
        """
        tokens, lengths = self.encode_compactly(names)
        return tokens.astype(np.int32), lengths

    def encode_compactly(
        self, names: Sequence[str]
    ) -> tuple[Int[Array, "total"], Int64[Array, "names"]]:
        """The same, with ids in the smallest type that holds them: of a long list they are most of what is kept.

        >>> Vocabulary("Al").encode_compactly(["Al", "A"])
        (array([1, 2, 1], dtype=int8), array([2, 1]))
        """
        text = "".join(names)
        tokens = np.empty(len(text), self._id_of_code.dtype)
        for start in range(0, len(text), _BLOCK_CHARACTERS):
            block = text[start : start + _BLOCK_CHARACTERS].encode("utf-32-le", "surrogatepass")
            tokens[start : start + _BLOCK_CHARACTERS] = self._id_of_code.take(
                np.frombuffer(block, dtype=np.uint32), mode="clip"
            )
        if (
            not tokens.all()
        ):  # the boundary is no character, so it stands for those that are not known
            unknown = self.unknown(text)
            raise NamesError(
                f"the characters {unknown[:20]!r} are not among the {self.size - 1} that the model knows: "
                "leave them out, or train on a list that has them"
            )
        return tokens, np.fromiter(map(len, names), dtype=np.int64, count=len(names))

    @cached_property
    def _id_of_code(self) -> Int[Array, "codes"]:
        """The id of each code point up to the highest; 0 for those that are no character, and one 0 for all above."""
        table = np.full(
            int(self.code_points.max()) + 2, BOUNDARY, dtype=np.min_scalar_type(-self.size)
        )
        table[self.code_points[1:]] = np.arange(1, self.size)
        return table

    def decode(self, tokens: Sequence[int] | Int[Array, "T"]) -> str:
        """The name that the ids spell, up to the first boundary."""
        [text] = self.decode_all(np.asarray(tokens, dtype=np.int64)[None, :])
        return text

    def decode_all(self, tokens: Int[Array, "names T"]) -> list[str]:
        """One name a row, each up to its first boundary."""
        rows, depth = tokens.shape
        if depth == 0:
            return [""] * rows
        ended = np.logical_or.accumulate(tokens == BOUNDARY, axis=1)
        codes = np.where(ended, 0, self.code_points[tokens]).astype(np.uint32)  # (names, T)
        if (
            "\0" not in self.characters
        ):  # NumPy's strings end at their last character that is not NUL
            texts: list[str] = np.ascontiguousarray(codes).view(f"<U{depth}")[:, 0].tolist()
            return texts
        lengths = (~ended).sum(axis=1).tolist()
        return ["".join(map(chr, row[:n])) for row, n in zip(codes.tolist(), lengths, strict=True)]

    def save(self, path: Path | str, labels: Iterable[str] = ()) -> int:
        """Write the vocabulary as a JSON file with a model's labels, whole or not at all, and return its bytes.

        ``namegen export-vocabulary`` does it for a model.

        >>> Vocabulary("abc").save("abc.json")
        99
        >>> Vocabulary.load("abc.json").decode([3, 1, 2])
        'cab'
        """
        document = VocabularyDocument("namegen vocabulary", 1, self.characters, tuple(labels))
        return write_whole(
            Path(path),
            (json.dumps(to_plain(document), ensure_ascii=True, indent=2) + "\n").encode(),
        )

    @classmethod
    def load(cls, path: Path | str) -> Vocabulary:
        """Read what ``save`` wrote. Raises NamesError for a file that is something else."""
        try:
            document = from_plain(VocabularyDocument, read_json(read_whole(path, LARGEST)))
        except OSError as error:
            raise NamesError(f"cannot read the vocabulary {path}: {error.strerror}") from error
        except ValueError as error:
            raise NamesError(
                f"{path} is not a vocabulary file of namegen (format version 1): give a file that Vocabulary.save wrote"
            ) from error
        return cls(document.characters)
