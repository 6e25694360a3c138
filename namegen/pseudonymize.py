"""Pseudonyms: a secret key maps each value to a fixed name from a pool. This requires neither a model nor NumPy.

    k     = HMAC-SHA-256(key, "namegen pseudonyms 2" ‖ SHA-256(pool) ‖ context)
    index = HMAC-SHA-256(k, value) mod N

Values, names and the context are compared in Unicode normalization form NFKC, with single spaces between words. The
hash of a pool is computed from its distinct names in order, each followed by a line feed. Several pools are hashed
together, with an empty line between two pools, and N is the product of their sizes. The index modulo the size of the
first pool is the index into that pool; the quotient gives the indexes into the other pools in the same way.
``docs/guides/pseudonymize.md`` describes what this guarantees and what it doesn't.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import stat
from collections.abc import Iterable, Iterator
from math import ceil, prod
from pathlib import Path
from typing import SupportsIndex
from unicodedata import normalize

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
from namegen.files import is_file, is_there, look, read_whole, write_whole

MIN_KEY_BYTES = 16
MAX_KEY_BYTES = 4096
MAX_POOL_BYTES = 2**29
MAKE_KEY = "make one with `umask 077; head -c 32 /dev/urandom > KEY`"
PLACEHOLDER = re.compile(r"\{([1-9][0-9]*)\}")
# n people need 50 · n² names, so that two of them share a name in less than 1% of all cases.
NAMES_PER_SQUARE = 50


class Pseudonyms(Iterator[str]):
    """Map values to names from a pool. The same key, pool, context and value always produce the same name.

    Use this class to hide names in data that others can see. It's also available as ``namegen.pseudonyms``. An instance
    is an iterator over the names. It reads the values one at a time, and remembers a hash of each different value.

    Args:
        values: strings or whole numbers. An empty string stays empty.
        pool: the names, or several lists of names, one for each part of a pseudonym.
        key: at least 16 random bytes that only you know.
        template: how the parts are combined. The default is ``{1}`` for one part, ``{1} {2}`` for two parts, and so on.
        context: a label for this use of the key. Each context maps values to different names.
        ignore_case: whether ``ANN`` and ``Ann`` are the same value.
        allow_collisions: whether different values may get the same name.

    Attributes:
        size: N, the number of names, which is the product of the sizes of the pools.
        pool_hash: the SHA-256 of the pool, in hexadecimal.

    Raises:
        SettingsError: a pool is empty, the key is too short, or the template lacks a part. The error is raised during
            iteration if a value is neither a string nor a whole number.
        GenerationError: during iteration, if two different values have the same name.

    >>> list(Pseudonyms(["Ann", "Bob", " Ann", ""], pool=["Ada", "Bo", "Cy"], key=b"only an example!"))
    ['Bo', 'Cy', 'Bo', '']
    >>> parts = [["Ada", "Bo", "Cy"], ["Lee", "Diaz"]]
    >>> patients = Pseudonyms(pool=parts, key=b"only an example!", template="{2}, {1}")
    >>> patients.size, patients.of("Ann")
    (6, 'Diaz, Bo')
    """

    def __init__(
        self,
        values: Iterable[str | SupportsIndex] = (),
        *,
        pool: Iterable[str] | Iterable[Iterable[str]],
        key: bytes,
        template: str | None = None,
        context: str = "",
        ignore_case: bool = False,
        allow_collisions: bool = False,
    ) -> None:
        if isinstance(values, str):
            raise SettingsError(f"{setting('values')} must be several strings, such as a list")
        if not isinstance(key, bytes) or len(key) < MIN_KEY_BYTES:
            actual = f"{len(key)} bytes" if isinstance(key, bytes) else shown(key)
            raise SettingsError(
                f"the key must be at least {MIN_KEY_BYTES} random bytes, but is {actual}: {MAKE_KEY}"
            )
        # Keep the distinct names of each pool, without empty ones.
        items = [] if isinstance(pool, str) else list(pool)
        has_several = not any(isinstance(item, str) for item in items)
        self._pools: list[list[str]] = []
        for names in items if has_several else [items]:
            distinct = dict.fromkeys(map(canonical, names))  # type: ignore[arg-type]
            distinct.pop("", None)
            self._pools.append(list(distinct))
        if not self._pools or not all(self._pools):
            raise SettingsError(
                f"{setting('pool')} must be a list of names, or several lists, and none of them may be empty"
            )
        numbers = [str(number) for number in range(1, len(self._pools) + 1)]
        placeholders = [f"{{{number}}}" for number in numbers]
        self._template = " ".join(placeholders) if template is None else template
        if set(PLACEHOLDER.findall(self._template)) != set(numbers):
            raise SettingsError(
                f"{setting('template')} {quote(self._template)} must contain {', '.join(placeholders)}"
            )
        lines = ["".join(f"{name}\n" for name in names) for names in self._pools]
        self.pool_hash = hashlib.sha256(_bytes("\n".join(lines))).hexdigest()
        self.size = prod(map(len, self._pools))
        purpose = b"namegen pseudonyms 2" + bytes.fromhex(self.pool_hash)
        self._key = hmac.digest(key, purpose + _bytes(canonical(context)), "sha256")
        self._values = iter(values)
        self._names = frozenset().union(*self._pools)
        self._ignore_case = ignore_case
        self._allow_collisions = allow_collisions
        self._people: set[bytes] = set()  # the hash of each different value so far
        self._owners: dict[str, bytes] = {}  # name → the hash of the first value that got it

    @property
    def people(self) -> int:
        """The number of different values so far."""
        return len(self._people)

    @property
    def collisions(self) -> int:
        """How many of the different values have the name of an earlier value."""
        return len(self._people) - len(self._owners)

    def __next__(self) -> str:
        return self.of(next(self._values))

    def of(self, value: str | SupportsIndex) -> str:
        """Return the name of one value.

        Raises:
            SettingsError: the value is neither a string nor a whole number.
            GenerationError: another value has the same name.
        """
        if not isinstance(value, str | SupportsIndex):
            raise SettingsError(f"a value must be a string or a whole number, not {shown(value)}")
        text = canonical(str(value))
        if self._ignore_case:
            text = canonical(text.casefold())
        if not text:
            return ""
        # The hash of the value chooses the name.
        value_hash = hmac.digest(self._key, _bytes(text), "sha256")
        name = self._name_at(int.from_bytes(value_hash, "big") % self.size)
        # Find out whether another value has this name.
        self._people.add(value_hash)
        owner = self._owners.setdefault(name, value_hash)
        if owner != value_hash and not self._allow_collisions:
            raise GenerationError(f"two values share the name {quote(name)}: {self.advice()}")
        return name

    def _name_at(self, index: int) -> str:
        """Return one of the N names. The index is a number whose digits choose a part from each pool."""
        parts = []
        for names in self._pools:
            index, place = divmod(index, len(names))
            parts.append(names[place])
        return PLACEHOLDER.sub(lambda match: parts[int(match[1]) - 1], self._template)

    def advice(self) -> str:
        """Return which pools the people so far need, so that two of them share a name with a chance below 1%."""
        needed = NAMES_PER_SQUARE * self.people**2
        of_two, of_three = (ceil(needed ** (1 / parts)) for parts in (2, 3))
        return (
            f"use a pool of {needed:,} names, 2 pools of {of_two:,} names each, or 3 pools of {of_three:,} "
            f"(these have {self.size:,} names), or pass {setting('allow_collisions', True)}"
        )

    def has_name(self, name: str) -> bool:
        """Return whether a pool contains a name.

        >>> Pseudonyms(pool=["Ada", "Bo"], key=b"only an example!").has_name(" Bo")
        True
        """
        return canonical(name) in self._names


pseudonyms = Pseudonyms


def canonical(text: str) -> str:
    r"""Return a string in Unicode normalization form NFKC, with single spaces between words.

    >>> canonical(" Zoe\u0308  Smith ")
    'Zoë Smith'
    """
    return " ".join(normalize("NFKC", text).split())


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def read_pool(path: Path | str) -> list[str]:
    """Read the names of a UTF-8 file: one name per line, or the column ``name`` of a ``.csv``. Raises NamesError."""
    advice = "pass a file with one name per line, for example from `namegen generate`"
    content = Source(_read(path, MAX_POOL_BYTES, advice), short(path))
    is_table = Path(path).suffix.lower() == ".csv"
    names = csv_columns(content, "name", None).names if is_table else list(content.lines)
    if not any(map(str.strip, names)):
        raise NamesError(f"{short(path)} has no names: {advice}")
    return names


def read_key(path: Path | str) -> bytes:
    """Read the bytes of a key. Raise NamesError if the file can't be read, or if everyone can read it."""
    status = look(path, None)
    is_posix_file = os.name == "posix" and is_file(path, None)
    if is_posix_file and status is not None and status.st_mode & stat.S_IROTH:
        raise NamesError(f"everyone can read the key {short(path)}: keep it secret (`chmod 600`)")
    return _read(path, MAX_KEY_BYTES, MAKE_KEY)


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
