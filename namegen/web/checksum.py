"""The checksum of a model's data in a module: two letters that have changed places would give other names, unnoticed.

It guards against accidents, not against people, so CRC-32 is enough: small in JavaScript, and quick there on megabytes.
``checksum.js`` computes the same, from what it has read as JSON. So it is taken of values and not of a text, whose
spaces and order of keys may change on the way: of each value its kind (the code of a letter, 4 bytes), its length
(4 bytes; 0 where it has none), and what is in it, numbers with the little end first.

    null, true, false    n, t, f
    number               d   float64
    text                 s   its UTF-16 code units
    list                 l   its values
    object               o   its keys, sorted by their code units, each as a text with its value behind it
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from zlib import crc32


def checksum(value: object) -> str:
    """Eight hexadecimal digits for a value that JSON can hold.

    Args:
        value: of None, bool, int, float, str, lists and dicts; ints as a double can hold them.

    Raises:
        TypeError: it is of something else.

    >>> checksum({"name": "ab", "hidden": [32, 32]}) == checksum({"hidden": [32.0, 32], "name": "ab"})
    True
    >>> checksum({"name": "ab", "hidden": [32, 32]}) == checksum({"name": "ba", "hidden": [32, 32]})
    False
    """
    crc = 0
    for part in _parts(value):
        crc = crc32(part, crc)
    return f"{crc:08x}"


def _parts(value: object) -> Iterator[bytes]:
    if value is None or isinstance(value, bool):
        yield _begin({None: "n", True: "t", False: "f"}[value])
    elif isinstance(value, int | float):
        yield _begin("d")
        yield struct.pack("<d", value)
    elif isinstance(value, str):
        units = _units(value)
        yield _begin("s", len(units) // 2)
        yield units
    elif isinstance(value, Sequence):
        yield _begin("l", len(value))
        for one in value:
            yield from _parts(one)
    elif isinstance(value, Mapping):
        yield _begin("o", len(value))
        for key in sorted(value, key=lambda key: key.encode("utf-16-be", "surrogatepass")):
            yield from _parts(key)
            yield from _parts(value[key])
    else:
        raise TypeError(f"a checksum was asked of {type(value).__name__}: expected what JSON can hold")


def _begin(kind: str, length: int = 0) -> bytes:
    return struct.pack("<II", ord(kind), length)


def _units(text: str) -> bytes:
    return text.encode("utf-16-le", "surrogatepass")
