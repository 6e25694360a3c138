"""Pseudonyms: a secret key gives each value a name of a pool, the same one each time. No model and no NumPy is needed.

    k     = HMAC-SHA-256(key, "namegen pseudonyms 1" ‖ SHA-256(pool) ‖ context)
    place = HMAC-SHA-256(k, value) mod N
    place = a permutation of the numbers below N, if the value is one of them: a Feistel network by HMAC-SHA-256(k, …)

Values, names and context count as Unicode's form NFC has them, without white space around them. The hash of a pool is
that of its distinct names in their order, each with a line feed. Of several pools, it is that of all of them, with an
empty line between two; N is the product of their sizes. The place modulo the size of the first pool is the place in
it; what the division leaves is the place in the others. docs/use/pseudonyms.md says what this promises, and what not.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import stat
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import groupby
from math import isqrt, prod
from pathlib import Path
from typing import Any, SupportsIndex
from unicodedata import combining, normalize

from namegen.core.data.list_content import ListContent
from namegen.core.data.list_formats import csv_columns
from namegen.errors import (
    GenerationError,
    NamesError,
    SettingsError,
    quote,
    reason_of,
    setting,
    short,
    shown,
)
from namegen.files import is_there, look, read_whole, write_whole

MIN_KEY_BYTES, MAX_KEY_BYTES, MAX_POOL_BYTES = 16, 4096, 2**29
MAKE_KEY = "make one with `umask 077; head -c 32 /dev/urandom > KEY`"
NUMBER, PART = re.compile("0|[1-9][0-9]*"), re.compile(r"\{([1-9][0-9]*)\}")
ROUNDS = 8
MANY = 1000  # characters


class Pseudonyms(Iterator[str]):
    """Give each value a name of a pool: the same one wherever key, pool, context and value are the same.

    Use it to hide names in data that others may see. It is also called ``namegen.pseudonyms``. The names come one after
    the other, as the values are read.

    Args:
        values: texts or whole numbers. An empty one stays empty.
        pool: the names; or several lists of names, one for each part of a pseudonym.
        key: at least 16 random bytes, which nobody else may have.
        template: how the parts are written; None: ``{1}``, of two ``{1} {2}``, and so on.
        context: with another one, the same value gets another name.
        unique: refuse a name that another value has already; this takes 8 bytes for each value.

    Attributes:
        size: N, how many names there are: the product of the sizes of the pools.
        pool_hash: the SHA-256 of the pool, in hexadecimal digits.
        hashed: how many values have got a name by their hash so far, repeats included.
        numbers: how many of the others were whole numbers below N, no two of which share a name.
        listed: how many values stood in a pool themselves (of several pools, in one of them): a value may have got its
            own name, or that of another one.

    Raises:
        SettingsError: a pool without names, a short key, a template without one of the parts; of a value: its type.
        GenerationError: of a value: another one has its name, and ``unique`` was asked for.

    >>> list(Pseudonyms(["Ann", "Bob", " Ann", ""], pool=["Ada", "Bo", "Cy"], key=b"only an example!"))
    ['Cy', 'Ada', 'Cy', '']
    >>> parts = [["Ada", "Bo", "Cy"], ["Lee", "Diaz"]]
    >>> patients = Pseudonyms(range(6), pool=parts, key=b"only an example!", template="{2}, {1}")
    >>> patients.size, len(set(patients)), patients.of("Ann")
    (6, 6, 'Diaz, Cy')
    """

    def __init__(
        self,
        values: Iterable[str | SupportsIndex] = (),
        *,
        pool: Iterable[str] | Iterable[Iterable[str]],
        key: bytes,
        template: str | None = None,
        context: str = "",
        unique: bool = False,
    ) -> None:
        if isinstance(values, str) or not isinstance(values, Iterable):
            raise SettingsError(
                f"{setting('values')} is {shown(values)}: expected several texts or whole numbers"
            )
        if not isinstance(key, bytes) or len(key) < MIN_KEY_BYTES:
            came = (
                f"{len(key)} bytes"
                if isinstance(key, bytes)
                else f"of the type {type(key).__name__}"
            )
            raise SettingsError(
                f"the key is {came}: expected at least {MIN_KEY_BYTES} random bytes; {MAKE_KEY}"
            )
        self._values, self._pools = iter(values), _distinct(pool)
        self.size, self.hashed, self.numbers, self.listed = prod(map(len, self._pools)), 0, 0, 0
        self._in_pools = frozenset().union(*self._pools)
        for name, text in (("template", template or ""), ("context", context)):
            if not isinstance(text, str):
                raise SettingsError(f"{setting(name)} is {shown(text)}: expected a text")
        parts = [f"{{{part + 1}}}" for part in range(len(self._pools))]
        self._template = " ".join(parts) if template is None else template
        if {found[0] for found in PART.finditer(self._template)} != {*parts}:
            raise SettingsError(
                f"{setting('template')} is {quote(self._template)}: it needs {', '.join(parts)}"
            )
        lines = "\n".join("".join(f"{name}\n" for name in names) for names in self._pools)
        self.pool_hash = hashlib.sha256(_bytes(lines)).hexdigest()
        about = (
            b"namegen pseudonyms 1" + bytes.fromhex(self.pool_hash) + _bytes(_canonical(context))
        )
        self._key = hmac.digest(key, about, "sha256")
        self._taken = [array("Q") for _ in range(1 << 16)] if unique else []

    def __next__(self) -> str:
        return self.of(next(self._values))

    @property
    def expected_shared(self) -> float:
        """How many pairs of the values so far share a name, as expected over all keys, if no value has come twice."""
        return self.hashed * ((self.hashed - 1) / 2 + self.numbers) / self.size

    def of(self, value: str | SupportsIndex) -> str:
        """The name of one value. Raises SettingsError, GenerationError, as the class has them."""
        if not isinstance(value, str | SupportsIndex):
            raise SettingsError(f"a value is {shown(value)}: expected a text or a whole number")
        text = _canonical(str(value))
        if not text:
            return ""
        self.listed += text in self._in_pools
        if len(text) <= len(str(self.size)) and NUMBER.fullmatch(text) and int(text) < self.size:
            self.numbers += 1
            place = self._permuted(int(text))
        else:
            self.hashed += 1
            place = self._mac(_bytes(text)) % self.size
        parts = []
        for names in self._pools:
            place, at = divmod(place, len(names))
            parts.append(names[at])
        name = PART.sub(lambda part: parts[int(part[1]) - 1], self._template)
        if self._taken and not self._is_free(name, text):
            raise GenerationError(
                f"two values share the name {quote(name)}, as there are only {self.size:,} names: give a larger pool, "
                f"several pools, or leave {setting('unique')} out"
            )
        return name

    def _mac(self, message: bytes) -> int:
        return int.from_bytes(hmac.digest(self._key, message, "sha256"), "big")

    def _permuted(self, number: int) -> int:
        """The place of a number below N: a Feistel network over pairs, of which there are few more than N, again and
        again until it gives one below N.

        Source: Black and Rogaway, "Ciphers with arbitrary finite domains", 2002.
        """
        high = isqrt(self.size - 1) + 1
        low = -(-self.size // high)
        while True:
            left, right = divmod(number, low)
            for turn in range(0, ROUNDS, 2):  # no text in UTF-8 has the byte 255
                left = (left + self._mac(b"\xff%d,%d" % (turn, right))) % high
                right = (right + self._mac(b"\xff%d,%d" % (turn + 1, left))) % low
            if (number := left * low + right) < self.size:
                return number

    def _is_free(self, name: str, value: str) -> bool:
        """Whether no other value has a name. Of a name 7 bytes of its hash are kept, two of them as the place of a
        sorted array, and of its value 3: among 10 million values, one run in a thousand finds a pair that is none.
        """
        hashed = hashlib.sha256(_bytes(name)).digest()
        bucket, first = (
            self._taken[int.from_bytes(hashed[:2], "big")],
            int.from_bytes(hashed[2:7], "big") << 24,
        )
        entry, at = first + self._mac(_bytes(value)) % (1 << 24), bisect_left(bucket, first)
        if at == len(bucket) or bucket[at] >> 24 != first >> 24:
            bucket.insert(at, entry)
        return bucket[at] == entry


def _distinct(pool: Iterable[str] | Iterable[Iterable[str]]) -> list[list[str]]:
    """The distinct names of each pool. Raises SettingsError: one has none."""
    try:
        given: list[Any] = [None] if isinstance(pool, str) else list(pool)
        pools = given if given and not isinstance(given[0], str) else [given]
        found = [list(dict.fromkeys(filter(None, map(_canonical, names)))) for names in pools]
    except (TypeError, AttributeError):
        found = [[]]
    if not all(found):
        raise SettingsError(
            f"{setting('pool')} has no names, or some are no text: expected names, or lists of names"
        )
    return found


def _canonical(text: str) -> str:
    """A text without white space around it, in the form NFC."""
    text = text.strip()
    if (
        len(text) > MANY and not text.isascii()
    ):  # to sort combining marks, normalize takes a time that is quadratic
        marks = "".join(normalize("NFD", one) for one in text)
        runs = groupby(marks, key=lambda one: combining(one) > 0)
        text = "".join("".join(sorted(run, key=combining)) for _, run in runs)
    return normalize("NFC", text)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


# --- files ------------------------------------------------------------------------------------------------------------


def read_pool(path: Path | str) -> list[str]:
    """The names of a file in UTF-8: a name a line; of a ``.csv``, its column ``name``. Raises NamesError."""
    content = ListContent(
        _read(path, MAX_POOL_BYTES, "give a file with a name a line"), short(path)
    )
    is_table = Path(path).suffix.lower() == ".csv"
    return csv_columns(content, "name", None).names if is_table else list(content.lines())


def read_key(path: Path | str) -> bytes:
    """The bytes of a key. Raises NamesError: it cannot be read, or everybody can read it."""
    found = look(path, None)
    if (
        os.name == "posix"
        and found
        and found.st_mode & stat.S_IROTH
        and not stat.S_ISDIR(found.st_mode)
    ):
        raise NamesError(f"everybody can read the key {short(path)}: keep it secret (`chmod 600`)")
    return _read(path, MAX_KEY_BYTES, MAKE_KEY)


def keep_pool(key_path: Path | str, pool_hash: str, *, write: bool = True) -> None:
    """Keep the hash of a key's first pool beside the key; unless ``write``, only see that there is no other.

    Raises:
        NamesError: it is another one. OutputError: its hash cannot be kept.
    """
    path, content = Path(f"{key_path}.pool"), f"{pool_hash}\n".encode()
    if not is_there(path, NamesError):
        if write:
            write_whole(path, content)
    elif _read(path, MAX_KEY_BYTES, "make it readable") != content:
        raise NamesError(
            f"{short(path)} has the hash of another pool: give that pool, as it was, or another key"
        )


def _read(path: Path | str, largest: int, advice: str) -> bytes:
    try:
        return read_whole(path, largest)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise NamesError(f"cannot read {short(path)} ({reason_of(error)}): {advice}") from error


pseudonyms = Pseudonyms
