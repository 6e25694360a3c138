"""Profanity: recognize rude words and slurs in names by the hashes of their letters.

``profanity.txt`` has two kinds of hashes: of rude strings, and of longer strings in real names that contain them. For
example, `cock` at the end of a word is rude, except in `Hancock`. A string may start and end with a space, which is the
edge of a word. Some words are rude anywhere, some at an edge, and others, such as most slurs, only as whole words.
``docs/develop/data.md`` describes how the file was made. The JavaScript module and the web page have the same check
(``namegen/web/profanity.js``).
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
LICENSE_FILE = Path(__file__).with_name("profanity.LICENSE.txt")
MAX_STRETCH = 18  # characters of the longest rude string, including spaces at its edges
# FNV-1a with 32 bits (Fowler, Noll and Vo), but with one step per code point instead of one per byte.
FNV_START = 0x811C9DC5
FNV_PRIME = 0x01000193
# The bits of a hash that are looked up first, which is enough for nearly all strings.
FRONT_BITS = 0xFFFF


def folded(names: Iterable[str]) -> str:
    r"""Prepare names for the search: lower case without accents, and one space for all that's not a letter or digit.

    A caron remains, because it makes a different letter. Each name has a space at both ends.

    >>> folded(["O'Née", "Bob", "Špicar"])
    ' o nee \n bob \n špicar '
    """
    lines = [name.replace("\n", " ") for name in names]
    text = "\n".join(lines).lower()  # one string for all names, which is faster
    if not text.isascii():
        # Separate the accents from their letters, and remove all but the caron.
        decomposed = unicodedata.normalize("NFD", text)
        without_accents = re.sub("[\u0300-\u030b\u030d-\u036f]", "", decomposed)
        text = unicodedata.normalize("NFC", without_accents)
    text = re.sub(r"(?:[^\w\n]|_)+", " ", text)
    return f" {text} ".replace("\n", " \n ")


def hash_of(stretch: str) -> int:
    """Hash a string with FNV-1a. ``are_profane`` does the same for many strings at once.

    >>> hex(hash_of("a"))
    '0xe40c292c'
    """
    value = FNV_START
    for character in stretch:
        value = (value ^ ord(character)) * FNV_PRIME & 0xFFFFFFFF
    return value


@cache
def read_hashes() -> tuple[UInt32[Array, "rejected"], UInt32[Array, "allowed"]]:
    """Read ``profanity.txt``: each line is a hash, and + marks the hash of a string that's allowed.

    Returns:
        The hashes of rude strings, sorted, and the hashes of longer strings that contain them but aren't rude.
    """
    rejected = []
    allowed = []
    for line in _read_lines():
        if line.startswith("+"):
            allowed.append(int(line[1:], 16))
        elif not line.startswith("#"):
            rejected.append(int(line, 16))
    return np.array(sorted(rejected), np.uint32), np.array(allowed, np.uint32)


def profanity_credit() -> str:
    """Return the sources of the words and their licenses. Include them wherever you distribute the hashes."""
    comments = [line for line in _read_lines() if line.startswith("#")]
    license_text = LICENSE_FILE.read_text(encoding="utf-8")
    return "\n".join([*comments, "", license_text])


def _read_lines() -> list[str]:
    return PROFANITY_FILE.read_text(encoding="utf-8").splitlines()


def are_profane(names: Sequence[str]) -> Bool[Array, "names"]:
    """Return which names contain rude words.

    All strings of up to 18 characters in all names are hashed and looked up among the hashes of rude strings. A string
    that's one character longer has a hash that follows from the shorter one's. So there's one pass for each length,
    over all C characters of all names.

    >>> are_profane(["Hancock", "Wolfcock"]).tolist()
    [False, True]
    """
    text = folded(names)  # one name per line, with a space at both ends
    characters = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")  # (C,)
    name_of = np.cumsum(characters == ord("\n"))  # (C,) the index of each character's name
    is_profane = np.zeros(len(names), bool)
    rejected, allowed = read_hashes()
    # A table of the last 16 bits of these hashes, which rules out nearly all strings quickly.
    is_possible = np.zeros(FRONT_BITS + 1, bool)
    is_possible[rejected & FRONT_BITS] = True
    hashes = np.full(len(characters), FNV_START, np.uint32)  # of the strings from each character on
    for length in range(1, min(MAX_STRETCH, len(characters)) + 1):
        # Add one more character to all strings. Those at the very end of the text can't become longer.
        last_character = characters[length - 1 :]
        hashes = (hashes[: len(last_character)] ^ last_character) * np.uint32(FNV_PRIME)
        candidates = np.flatnonzero(is_possible[hashes & FRONT_BITS])
        is_rude = is_known(hashes[candidates], rejected)
        for start in candidates[is_rude].tolist():
            # Some longer strings are allowed. They have one more character on each side that isn't the edge of a word.
            end = start + length
            longer_start = start if text[start] == " " else start - 1
            longer_end = end if text[end - 1] == " " else end + 1
            longer = text[longer_start:longer_end]
            is_in_one_name = "\n" not in longer
            if is_in_one_name and hash_of(longer) not in allowed:
                is_profane[name_of[start]] = True
    return is_profane
