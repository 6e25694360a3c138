"""Vocabulary: which characters a list of names has, and the whole number that stands for each.

Id 0 is the boundary of a name: read as START, predicted as STOP, never a character. The characters follow in the order
of their code points, so that sorting names as strings and sorting their token rows give the same order.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from namegen.documents import read_json
from namegen.errors import NamesError
from namegen.files import write_whole
from namegen.types import Array, Int, Int32, Int64

BOUNDARY = 0


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
            raise NamesError("a vocabulary's characters must stand in rising order of their code points, each once")

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
        return "".join(sorted(set(text) - set(self.characters)))

    def encode(self, name: str) -> Int32[Array, "characters"]:
        """The ids of one name's characters, without boundaries. Raises NamesError for an unknown character."""
        return self.encode_all([name])[0]

    def encode_all(self, names: Sequence[str]) -> tuple[Int32[Array, "total"], Int64[Array, "names"]]:
        """The ids of all names one behind the other, and each name's length.

        Raises:
            NamesError: a character is not in the vocabulary; the message names it.
        """
        text = "".join(names)
        codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.int32)
        tokens = np.searchsorted(self.code_points, codes).astype(np.int32)
        tokens[tokens == self.size] = BOUNDARY  # beyond the last character; the comparison below finds it
        if not np.array_equal(self.code_points[tokens], codes):
            unknown = self.unknown(text)
            raise NamesError(
                f"the characters {unknown[:20]!r} are not among the {self.size - 1} that the model knows: "
                "leave them out, or train on a list that has them"
            )
        return tokens, np.fromiter(map(len, names), dtype=np.int64, count=len(names))

    def decode(self, tokens: Sequence[int] | Int[Array, "T"]) -> str:
        """The name that the ids spell, up to the first boundary."""
        return self.decode_all(np.asarray(tokens, dtype=np.int64)[None, :])[0]

    def decode_all(self, tokens: Int[Array, "names T"]) -> list[str]:
        """One name a row, each up to its first boundary."""
        rows, depth = tokens.shape
        if rows == 0 or depth == 0:
            return [""] * rows
        ended = np.logical_or.accumulate(tokens == BOUNDARY, axis=1)
        codes = np.where(ended, 0, self.code_points[tokens]).astype(np.uint32)  # (names, T)
        if "\0" not in self.characters:  # NumPy's strings end at their last character that is not NUL
            texts: list[str] = np.ascontiguousarray(codes).view(f"<U{depth}")[:, 0].tolist()
            return texts
        lengths = (~ended).sum(axis=1).tolist()
        return ["".join(map(chr, row[:n])) for row, n in zip(codes.tolist(), lengths, strict=True)]

    def save(self, path: Path | str) -> None:
        """Write the vocabulary as a JSON file, whole or not at all; ``namegen export-vocabulary`` does it for a model.

        >>> Vocabulary("abc").save("abc.json")
        >>> Vocabulary.load("abc.json").decode([3, 1, 2])
        'cab'
        """
        document = {"format": "namegen vocabulary", "format_version": 1, "characters": self.characters}
        write_whole(Path(path), (json.dumps(document, ensure_ascii=True, indent=2) + "\n").encode())

    @classmethod
    def load(cls, path: Path | str) -> Vocabulary:
        """Read what ``save`` wrote. Raises NamesError for a file that is something else."""
        try:
            document = read_json(Path(path).read_bytes())
            if document["format"] != "namegen vocabulary" or document["format_version"] != 1:
                raise KeyError("format")
            characters = document["characters"]
            if not isinstance(characters, str):
                raise TypeError("characters")
        except OSError as error:
            raise NamesError(f"cannot read the vocabulary {path}: {error.strerror}") from error
        except (ValueError, KeyError, TypeError) as error:
            raise NamesError(
                f"{path} is not a vocabulary file of namegen (format version 1): give a file that Vocabulary.save wrote"
            ) from error
        return cls(characters)
