"""Digests of names: 64 bits that stand for a name whatever its letter case, spacing and punctuation.

A checkpoint keeps the digests of every name of its list, so that a model alone can tell a new name from one that it has
read, without carrying the list. (Digests can be guessed by trying names: they save space, they hide nothing.)
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from itertools import islice

import numpy as np

from namegen.types import Array, Bool, UInt64

# Punctuation, spaces, controls, invisible joiners and direction marks, free-standing accents. Letters, digits,
# combining marks and pictures (emoji) stay: they are what tells one name from another.
_REMOVED_CATEGORIES = frozenset(("Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Zs", "Zl", "Zp", "Cc", "Cf", "Sk"))
_EMPTY_DIGEST = blake2b(digest_size=8)
REMOVED_ASCII = bytes(code for code in range(128) if not chr(code).isalnum() and chr(code) != "\n")
_BLOCK_NAMES = 4096  # normalised together


class _Removal(dict[int, str | None]):
    """A table for ``str.translate`` that decides about each character when it first meets it."""

    def __missing__(self, code: int) -> str | None:
        character = chr(code)
        if code < 128:
            removed = not character.isalnum()
        else:
            removed = unicodedata.category(character) in _REMOVED_CATEGORIES or 0xFE00 <= code <= 0xFE0F
        self[code] = None if removed else character
        return self[code]


# The dotless ı is the one letter whose capital (I) folds to another letter (i): joined, so that case never counts.
REMOVAL = _Removal({ord("ı"): "i"})


def normalise(name: str) -> str:
    """The form of a name in which letter case, spacing, punctuation and Unicode's spellings no longer count.

    Use it to ask whether two names are the same to a reader. Unicode's compatibility form (NFKC) and case folding,
    then punctuation and spaces go; a name of nothing else keeps its folded text. Doing it twice changes nothing.

    >>> normalise("Jean-Luc O'Neil"), normalise("JEAN LUC ONEIL"), normalise("?!")
    ('jeanluconeil', 'jeanluconeil', '?!')
    """
    if name.isascii():  # nearly every name; the same result as the general way below
        lowered = name.lower()
        return lowered if lowered.isalnum() else lowered.translate(REMOVAL) or lowered
    while (result := _normalise_once(name)) != name:
        name = result
    return result


def _normalise_once(name: str) -> str:
    # Removal comes first too: NFKC makes a combining accent of a free-standing one, as in O´Brien.
    return _fold(name.translate(REMOVAL)).translate(REMOVAL) or _fold(name)


def _fold(text: str) -> str:
    """Unicode's compatibility caseless form (The Unicode Standard, definition D146)."""
    once = unicodedata.normalize("NFKD", unicodedata.normalize("NFD", text).casefold())
    return unicodedata.normalize("NFKC", once.casefold())


def digest(name: str) -> int:
    """The 64-bit digest of one name: BLAKE2b, 8 bytes, of its normalised form in UTF-8, little end first.

    >>> digest("de la Cruz") == digest("De La Cruz") == digest("DeLaCruz")
    True
    """
    return int.from_bytes(_digest_bytes(_encode(normalise(name))), "little")


def _digest_bytes(normalised: bytes) -> bytes:
    state = _EMPTY_DIGEST.copy()  # takes less time than a new one
    state.update(normalised)
    return state.digest()


def _encode(normalised: str) -> bytes:
    return normalised.encode("utf-8", "surrogatepass")


def _normalised(names: Sequence[str]) -> Iterator[bytes]:
    """Names as ``normalise`` gives them, in UTF-8; where all are ASCII, by two calls for all of them together."""
    text = "\n".join(names)
    if not text.isascii() or text.count("\n") != len(names) - 1:
        return map(_encode, map(normalise, names))
    forms = text.lower().encode().translate(None, REMOVED_ASCII).split(b"\n")
    return (form or _encode(normalise(name)) for form, name in zip(forms, names, strict=True))


def digests(names: Iterable[str]) -> UInt64[Array, "names"]:
    """The digest of each name, in the order of the names, repeats kept.

    >>> digests(["Bob", "bob", "Al"])[0] == digest("BOB")
    np.True_
    """
    remaining = iter(names)
    blocks = iter(lambda: list(islice(remaining, _BLOCK_NAMES)), [])
    return digests_of(map(_normalised, blocks))


def digests_of(blocks: Iterable[Iterable[bytes]]) -> UInt64[Array, "names"]:
    """The digests of names that are normalised already, in UTF-8, block by block."""
    made = [b"".join(map(_digest_bytes, block)) for block in blocks]
    return np.frombuffer(b"".join(made), dtype="<u8").astype(np.uint64)


def known_digests(names: Iterable[str]) -> UInt64[Array, "known"]:
    """What a checkpoint keeps of a list: the digests of its names, each once, in rising order.

    >>> len(known_digests(["Bob", "bob", "Al"]))
    2
    """
    return np.unique(digests(dict.fromkeys(names)))


def is_known(candidates: UInt64[Array, "names"], known: UInt64[Array, "known"]) -> Bool[Array, "names"]:
    """Which candidates are among the known digests (``known`` as ``known_digests`` makes it: in rising order).

    >>> is_known(digests(["BOB", "Zed"]), known_digests(["Bob", "Al"])).tolist()
    [True, False]
    """
    if len(known) == 0:
        return np.zeros(len(candidates), dtype=bool)
    place = np.searchsorted(known, candidates)
    found: Bool[Array, "names"] = known[np.minimum(place, len(known) - 1)] == candidates
    return found


def scramble(numbers: UInt64[Array, "*shape"]) -> UInt64[Array, "*shape"]:
    """64 bits that look random for each number (splitmix64, Steele, Lea and Flood, 2014)."""
    mixed = numbers * np.uint64(0x9E3779B97F4A7C15) + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
