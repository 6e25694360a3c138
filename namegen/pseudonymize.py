"""Pseudonyms: a secret key maps each value to a fixed name from a pool. This requires neither a model nor NumPy.

    k     = HMAC-SHA-256(key, "namegen pseudonyms 1" ‖ SHA-256(pool) ‖ context)
    index = HMAC-SHA-256(k, value) mod N

If the value is a whole number below N, its index is instead a permutation of these numbers: a Feistel network whose
round function is HMAC-SHA-256(k, …).

Values, names and the context are compared in NFC form, without surrounding whitespace. The hash of a pool is computed
from its distinct names in order, each followed by a line feed. Several pools are hashed together, with an empty line
between two pools, and N is the product of their sizes. The index modulo the size of the first pool is the index into
that pool; the quotient gives the indexes into the other pools in the same way. ``docs/guides/pseudonymize.md``
describes what this guarantees and what it doesn't.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import stat
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from math import isqrt, prod
from pathlib import Path
from typing import SupportsIndex
from unicodedata import combining, normalize

from namegen.core.data.list_formats import Source, csv_columns
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

MIN_KEY_BYTES = 16
MAX_KEY_BYTES = 4096
MAX_POOL_BYTES = 2**29
MAKE_KEY = "make one with `umask 077; head -c 32 /dev/urandom > KEY`"
WHOLE_NUMBER = re.compile("0|[1-9][0-9]*")
PLACEHOLDER = re.compile(r"\{([1-9][0-9]*)\}")
ROUNDS = 8
LONG = 1000  # characters; the combining marks of a longer string are sorted here, as ``normalize`` takes too long
BUCKETS = 1 << 16


class Pseudonyms(Iterator[str]):
    """Map values to names from a pool. The same key, pool, context and value always produce the same name.

    Use this class to hide names in data that others can see. It's also available as ``namegen.pseudonyms``. An instance
    is an iterator over the names. It reads the values one at a time.

    Args:
        values: strings or whole numbers. An empty string stays empty.
        pool: the names, or several lists of names, one for each part of a pseudonym.
        key: at least 16 random bytes that only you know.
        template: how the parts are combined. The default is ``{1}`` for one part, ``{1} {2}`` for two parts, and so on.
        context: a label for this use of the key. Each context maps values to different names.
        unique: whether to raise an error if two values get the same name. This takes 8 bytes per value.

    Attributes:
        size: N, the number of names, which is the product of the sizes of the pools.
        pool_hash: the SHA-256 of the pool, in hexadecimal.
        hashed: the number of values so far whose name was chosen by a hash, including repeats.
        numbers: the number of values so far that are whole numbers below N. Different numbers never share a name.
        listed: the number of values so far that are themselves in a pool, so that a pseudonym could be someone's real
            name.

    Raises:
        SettingsError: a pool is empty, the key is too short, or the template lacks a part. The error is raised during
            iteration if a value is neither a string nor a whole number.
        GenerationError: two values have the same name. This error is raised during iteration if ``unique`` is set.

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
        _check_values(values)
        _check_key(key)
        _check_is_string("template", template or "")
        _check_is_string("context", context)
        self._values = iter(values)
        self._pools = _distinct_names(pool)
        self._names = frozenset().union(*self._pools)
        self._template = _checked_template(template, parts=len(self._pools))
        self.size = prod(len(names) for names in self._pools)
        self.pool_hash = _hash_of_pools(self._pools)
        self.hashed = 0
        self.numbers = 0
        self.listed = 0
        self._key = _derived_key(key, self.pool_hash, context)
        self._taken = _TakenNames() if unique else None

    def __next__(self) -> str:
        return self.of(next(self._values))

    @property
    def expected_shared(self) -> float:
        """The expected number of pairs of values that share a name, over all keys, if no value occurs twice."""
        return self.hashed * ((self.hashed - 1) / 2 + self.numbers) / self.size

    def of(self, value: str | SupportsIndex) -> str:
        """Return the name of one value.

        Raises:
            SettingsError: the value is neither a string nor a whole number.
            GenerationError: another value has the same name, and ``unique`` is set.
        """
        text = _checked_value(value)
        if not text:
            return ""
        if text in self._names:
            self.listed += 1
        name = self._name_at(self._index(text))
        if self._taken is not None and not self._taken.add(name, self._mac(_bytes(text))):
            raise GenerationError(
                f"two values share the name {quote(name)}, as there are only {self.size:,} names: use a larger pool or "
                f"several pools, or remove {setting('unique')}"
            )
        return name

    def has_name(self, name: str) -> bool:
        """Return whether a pool contains a name.

        >>> Pseudonyms(pool=["Ada", "Bo"], key=b"only an example!").has_name(" Bo")
        True
        """
        return _canonical(name) in self._names

    def is_number(self, value: str) -> bool:
        """Return whether a value is a whole number below N. No two of these numbers share a name.

        >>> names = Pseudonyms(pool=["Ada", "Bo"], key=b"only an example!")
        >>> names.is_number("1"), names.is_number("2"), names.is_number("Ann")
        (True, False, False)
        """
        text = _canonical(value)
        is_short = len(text) <= len(str(self.size))
        return is_short and WHOLE_NUMBER.fullmatch(text) is not None and int(text) < self.size

    def _name_at(self, index: int) -> str:
        """Return the name at an index, formatted with the template."""
        parts = []
        for names in self._pools:
            index, index_in_pool = divmod(index, len(names))
            parts.append(names[index_in_pool])
        return PLACEHOLDER.sub(lambda match: parts[int(match[1]) - 1], self._template)

    def _index(self, text: str) -> int:
        """Return the index of a value's name, below N."""
        if self.is_number(text):
            self.numbers += 1
            return self._permuted(int(text))
        self.hashed += 1
        return self._mac(_bytes(text)) % self.size

    def _mac(self, message: bytes) -> int:
        return int.from_bytes(hmac.digest(self._key, message, "sha256"), "big")

    def _permuted(self, number: int) -> int:
        """Return the position of a number in a permutation of the whole numbers below N.

        A Feistel network permutes pairs (left, right), of which there are slightly more than N. The network is
        applied until the result is below N (Black and Rogaway, "Ciphers with arbitrary finite domains", 2002).
        """
        left_size = isqrt(self.size - 1) + 1
        right_size = (self.size - 1) // left_size + 1
        while True:
            number = self._shuffled(number, left_size, right_size)
            if number < self.size:
                return number

    def _shuffled(self, number: int, left_size: int, right_size: int) -> int:
        """Apply all rounds of the Feistel network once."""
        left, right = divmod(number, right_size)
        for turn in range(0, ROUNDS, 2):
            left = (left + self._round(turn, right)) % left_size
            right = (right + self._round(turn + 1, left)) % right_size
        return left * right_size + right

    def _round(self, turn: int, half: int) -> int:
        """Return the number that a round adds. No UTF-8 string contains the byte 255, so it differs from all values."""
        return self._mac(b"\xff%d,%d" % (turn, half))


class _TakenNames:
    """The name of each value, to find values that share a name.

    An entry contains 5 bytes of the name's hash and 3 bytes of the value's hash. Two more bytes of the name's hash
    choose a sorted array. With 10 million values, 1 in 1,000 runs reports a pair that doesn't exist.
    """

    def __init__(self) -> None:
        self._buckets = [array("Q") for _ in range(BUCKETS)]

    def add(self, name: str, value_hash: int) -> bool:
        """Add the name of a value. Return False if another value has it."""
        name_hash = hashlib.sha256(_bytes(name)).digest()
        bucket = self._buckets[int.from_bytes(name_hash[:2], "big")]
        lowest = int.from_bytes(name_hash[2:7], "big") << 24  # the entry of the value hash 0
        entry = lowest + value_hash % (1 << 24)
        index = bisect_left(bucket, lowest)
        is_known = index < len(bucket) and bucket[index] >> 24 == lowest >> 24
        if not is_known:
            bucket.insert(index, entry)
        return bucket[index] == entry


def _check_values(values: object) -> None:
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise SettingsError(
            f"{setting('values')} must be an iterable of strings or whole numbers, not {shown(values)}"
        )


def _checked_value(value: object) -> str:
    """Return a value as a string in its canonical form."""
    if not isinstance(value, str | SupportsIndex):
        raise SettingsError(f"a value must be a string or a whole number, not {shown(value)}")
    return _canonical(str(value))


def _checked_template(template: str | None, *, parts: int) -> str:
    """Return the template, which must contain every part. The default is the parts, separated by spaces."""
    placeholders = [f"{{{number}}}" for number in range(1, parts + 1)]
    if template is None:
        return " ".join(placeholders)
    in_template = {match[0] for match in PLACEHOLDER.finditer(template)}
    if in_template != set(placeholders):
        raise SettingsError(
            f"{setting('template')} {quote(template)} must contain {', '.join(placeholders)}"
        )
    return template


def _hash_of_pools(pools: Sequence[Sequence[str]]) -> str:
    """Return the hash of one or several pools, as defined at the start of this file."""
    pool_lines = ["".join(f"{name}\n" for name in names) for names in pools]
    return hashlib.sha256(_bytes("\n".join(pool_lines))).hexdigest()


def _derived_key(key: bytes, pool_hash: str, context: str) -> bytes:
    """Return the key for one pool and context."""
    version = b"namegen pseudonyms 1"
    purpose = version + bytes.fromhex(pool_hash) + _bytes(_canonical(context))
    return hmac.digest(key, purpose, "sha256")


def _check_key(key: object) -> None:
    if isinstance(key, bytes) and len(key) >= MIN_KEY_BYTES:
        return
    actual = f"{len(key)} bytes" if isinstance(key, bytes) else f"of type {type(key).__name__}"
    raise SettingsError(
        f"the key must be at least {MIN_KEY_BYTES} random bytes, but is {actual}: {MAKE_KEY}"
    )


def _check_is_string(name: str, value: object) -> None:
    if not isinstance(value, str):
        raise SettingsError(f"{setting(name)} must be a string, not {shown(value)}")


def _distinct_names(pool: Iterable[str] | Iterable[Iterable[str]]) -> list[list[str]]:
    """Return the distinct names of each pool. Raises SettingsError if a pool has none."""
    try:
        pools = [_names_of(names) for names in _as_pools(pool)]
    except (TypeError, AttributeError):
        pools = [[]]
    if not all(pools):
        raise SettingsError(
            f"{setting('pool')} must be a list of names, or several lists, and none of them may be empty"
        )
    return pools


def _as_pools(pool: Iterable[str] | Iterable[Iterable[str]]) -> Sequence[Iterable[str]]:
    """Return a list of pools, even for a single pool. Raise TypeError if the value is neither."""
    if isinstance(pool, str):
        raise TypeError
    items = list(pool)
    names = [item for item in items if isinstance(item, str)]
    pools = [item for item in items if not isinstance(item, str)]
    if names and pools:
        raise TypeError
    return pools or [names]


def _names_of(names: Iterable[str]) -> list[str]:
    """Return the distinct names, in order, without empty ones."""
    distinct = dict.fromkeys(map(_canonical, names))
    distinct.pop("", None)
    return list(distinct)


def _canonical(text: str) -> str:
    """Return the string in NFC form, without surrounding whitespace."""
    text = text.strip()
    if len(text) > LONG and not text.isascii():
        text = _with_sorted_marks(text)
    return normalize("NFC", text)


def _with_sorted_marks(text: str) -> str:
    """Return the decomposed string with its combining marks sorted, for which ``normalize`` takes quadratic time."""
    decomposed = "".join(normalize("NFD", character) for character in text)
    sorted_runs = []
    for _, run in groupby(decomposed, key=_is_mark):
        sorted_runs += sorted(run, key=combining)
    return "".join(sorted_runs)


def _is_mark(character: str) -> bool:
    return combining(character) > 0


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


# --- files ------------------------------------------------------------------------------------------------------------


def read_pool(path: Path | str) -> list[str]:
    """Read the names of a UTF-8 file: one name per line, or the column ``name`` of a ``.csv``. Raises NamesError."""
    data = _read(
        path,
        MAX_POOL_BYTES,
        "pass a file with one name per line, for example from `namegen generate`",
    )
    content = Source(data, short(path))
    if Path(path).suffix.lower() == ".csv":
        return csv_columns(content, "name", None).names
    return list(content.lines)


def read_key(path: Path | str) -> bytes:
    """Read the bytes of a key. Raise NamesError if the file can't be read, or if everyone can read it."""
    if _is_public_file(path):
        raise NamesError(f"everyone can read the key {short(path)}: keep it secret (`chmod 600`)")
    return _read(path, MAX_KEY_BYTES, MAKE_KEY)


def _is_public_file(path: Path | str) -> bool:
    status = look(path, None)
    if os.name != "posix" or status is None:
        return False
    is_folder = stat.S_ISDIR(status.st_mode)
    return not is_folder and bool(status.st_mode & stat.S_IROTH)


def keep_pool(key_path: Path | str, pool_hash: str, *, write: bool = True) -> None:
    """Store the hash of the pool that a key is first used with, or check that the pool is still the same.

    The hash is stored in a file next to the key, whose name ends in ``.pool``.

    Args:
        key_path: the key file.
        pool_hash: the hash of the pool.
        write: whether to store the hash if there is none.

    Raises:
        NamesError: a different hash is stored.
        OutputError: the hash can't be stored.
    """
    path = Path(f"{key_path}.pool")
    content = f"{pool_hash}\n".encode()
    if not is_there(path, NamesError):
        if write:
            write_whole(path, content)
    elif _read(path, MAX_KEY_BYTES, "make it readable") != content:
        raise NamesError(
            f"{short(path)} contains the hash of another pool: use that pool unchanged, or another key"
        )


def _read(path: Path | str, largest: int, advice: str) -> bytes:
    try:
        return read_whole(path, largest)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise NamesError(f"cannot read {short(path)} ({reason_of(error)}): {advice}") from error


pseudonyms = Pseudonyms
