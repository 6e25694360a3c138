"""Rude names: which letters no name has unless it may be rude, as hashes.

``profanity.txt`` has two kinds of hashes: of stretches of letters that are refused, and of longer ones that real names
have
around them, which make up for that: `cock` at the end of a word is refused, but not in `Hancock`. A stretch may begin
and end with a space, the edge of a word. ``docs/tools/make_profanity.py`` made both, and has the rule by which a word
counts anywhere, at an edge, or as a whole. The module and the page do the same (``namegen/web/seen.js``).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from namegen.core.data.normalization import is_known
from namegen.types import Array, Bool, UInt32

PROFANITY_FILE = Path(__file__).with_name("profanity.txt")
MAX_STRETCH = 18  # characters of the longest stretch, edges included
FNV_START, FNV_PRIME = (
    0x811C9DC5,
    0x01000193,
)  # FNV-1a of 32 bits (Fowler, Noll and Vo), a step for each character
FRONT_BITS = 0xFFFF  # of a hash, by which nearly all are told apart from those that are refused


def folded(names: Iterable[str]) -> str:
    r"""Names in small letters without accents, and one space for whatever is no letter or digit; each between spaces. A
    caron makes another letter, and stays.

    >>> folded(["O'Née", "Bob", "Špicar"])
    ' o nee \n bob \n špicar '
    """
    text = "\n".join(name.replace("\n", " ") for name in names).lower()
    if not text.isascii():
        bare = re.sub("[\u0300-\u030b\u030d-\u036f]", "", unicodedata.normalize("NFD", text))
        text = unicodedata.normalize("NFC", bare)
    text = re.sub(r"(?:[^\w\n]|_)+", " ", text)
    return f" {text} ".replace("\n", " \n ")


def hash_of(stretch: str) -> int:
    """The hash of some characters, a step for each code point and not for each byte.

    >>> hex(hash_of("a"))
    '0xe40c292c'
    """
    value = FNV_START
    for character in stretch:
        value = (value ^ ord(character)) * FNV_PRIME & 0xFFFFFFFF
    return value


@cache
def read_hashes() -> tuple[UInt32[Array, "refused"], UInt32[Array, "allowed"]]:
    """The hashes of what is refused, in rising order, and of what is allowed all the same (behind a plus sign)."""
    lines = [
        line
        for line in PROFANITY_FILE.read_text(encoding="utf-8").split("\n")
        if line and line[0] != "#"
    ]
    refused, allowed = (
        [int(line, 16) for line in lines if (line[0] == "+") is plus] for plus in (False, True)
    )
    return np.array(sorted(refused), np.uint32), np.array(allowed, np.uint32)


def profanity_credit() -> str:
    """Who the words come from, under which licence, and what was changed; it goes wherever the hashes go."""
    return "".join(
        line
        for line in PROFANITY_FILE.read_text(encoding="utf-8").splitlines(keepends=True)
        if line[0] == "#"
    )


def are_profane(names: Sequence[str]) -> Bool[Array, "names"]:
    """Which names have rude words: of each length the stretches of all names are looked up at once.

    >>> are_profane(["Hancock", "Wolfcock"]).tolist()
    [False, True]
    """
    refused, allowed = read_hashes()
    front = np.zeros(FRONT_BITS + 1, bool)
    front[refused & FRONT_BITS] = True
    text = folded(names)
    characters = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")
    name_of = np.cumsum(characters == ord("\n"))
    is_profane = np.zeros(len(names), bool)
    hashes = np.full(len(characters), FNV_START, np.uint32)
    for length in range(1, min(MAX_STRETCH, len(characters)) + 1):
        hashes = (hashes[: len(characters) - length + 1] ^ characters[length - 1 :]) * np.uint32(
            FNV_PRIME
        )
        places = np.flatnonzero(front[hashes & FRONT_BITS])
        for start in places[is_known(hashes[places], refused)].tolist():
            end = start + length
            around = text[start - (text[start] != " ") : end + (text[end - 1] != " ")]
            if hash_of(around) not in allowed and "\n" not in around:
                is_profane[name_of[start]] = True
    return is_profane
