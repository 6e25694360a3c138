"""Documents: frozen dataclasses as JSON carries them, and back, with types and keys checked.

Every JSON that namegen reads back (what a checkpoint, a state, a ``.tflite`` and a kept measurement carry) goes through
``read_json``, which refuses what is too large or nests too deeply, and then through ``from_plain`` and its dataclass.
A ``Json`` is what it gives: plain values inside one another.

A field that may be missing is declared ``why: str | UnsetType = UNSET``; a key that no field is for is an error, apart
from those of a ``Mapping[str, Json]``.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias, TypeVar, cast

import msgspec
from msgspec import UNSET as UNSET
from msgspec import Meta as Meta
from msgspec import UnsetType as UnsetType

from namegen.errors import cut, printable, quote

# Numbers with their bounds, which from_plain checks and the schema names.
MAX_NUMBER = (
    2**63 - 1
)  # the largest whole number of a document: no count comes near, and arrays hold it
Count = Annotated[int, Meta(ge=0, le=MAX_NUMBER)]
Size = Annotated[int, Meta(ge=1, le=MAX_NUMBER)]
CountKey = Annotated[
    str, Meta(pattern="^(0|[1-9][0-9]{0,5})$")
]  # a small count as an object's key, which is a text
Measure = Annotated[float, Meta(ge=0)]
Share = Annotated[float, Meta(ge=0, le=1)]
Percent = Annotated[float, Meta(ge=0, le=100)]
Document = TypeVar("Document")

if TYPE_CHECKING:
    Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
else:
    Json = Any  # msgspec reads it where it stands in a document's field, and knows no type that is made of itself

# Bytes of a JSON, which may take fifty times as much memory, and half a second for each million of them.
LARGEST = 4 * 2**20  # of what a model carries
LARGEST_RECORD = (
    64 * 2**20
)  # of what grows with the epochs of a training: its state, what a comparison writes (5 MB)
CONTAINERS = (dict, list)
MOST_TOLD = 160  # characters of what is wrong, and of where
DEEPEST = 40  # objects and arrays inside one another; namegen's own have at most 10


def read_json(content: bytes | str, *, largest: int | None = None) -> Json:
    """Plain values from a JSON text, within a limit of size and depth.

    Args:
        content: the text; bytes as UTF-8.
        largest: bytes or characters, at most; None: 4 Mi of them.

    Raises:
        ValueError: not JSON, not UTF-8, NaN, infinity or a number beyond 64 bits, a key that stands twice, too large,
            or too deep.

    >>> read_json('{"a": [1]}')
    {'a': [1]}
    >>> read_json('{"a": 1, "a": 2}')
    Traceback (most recent call last):
    ...
    ValueError: the key 'a' stands twice
    """
    largest = LARGEST if largest is None else largest
    if len(content) > largest:
        unit = "bytes" if isinstance(content, bytes) else "characters"
        raise ValueError(f"{len(content):,} {unit} long: expected at most {largest:,}")
    text = content.decode() if isinstance(content, bytes) else content
    try:
        plain: Json = _DECODER.decode(text)
    except (RecursionError, ValueError) as error:
        raise _in_plain_words(error) from None
    level, depth = [plain], 0
    while level:
        depth += 1
        if depth > DEEPEST:
            raise ValueError(f"nests too deeply: expected at most {DEEPEST} levels")
        _check_numbers(level)
        containers = [value for value in level if isinstance(value, CONTAINERS)]
        level = [
            inner
            for value in containers
            for inner in (value.values() if isinstance(value, dict) else value)
        ]
    return plain


def parse_json(text: str, start: int = 0) -> tuple[Json, int]:
    """Parse the JSON value at a position of a text.

    Use it to read a long document piece by piece. The caller limits how long the text is.

    Returns:
        The value, and the position of its end.

    Raises:
        ValueError: It isn't JSON (then it's a ``json.JSONDecodeError``), nests too deeply, or has a key twice.

    >>> parse_json("[1], 2")
    ([1], 3)
    """
    try:
        return _DECODER.raw_decode(text, start)
    except (RecursionError, ValueError) as error:
        raise _in_plain_words(error) from None


def _in_plain_words(error: RecursionError | ValueError) -> ValueError:
    """The error to raise instead of one of Python's own."""
    if isinstance(error, RecursionError):
        return ValueError(f"nests too deeply: expected at most {DEEPEST} levels")
    if "integer string conversion" in str(error):  # Python's own limit, thousands of digits
        return ValueError("a number is beyond the whole numbers that a document may hold")
    return error


def read_object(content: bytes | str, *, largest: int | None = None) -> dict[str, Json]:
    """The same of a text that holds one object, as all files of ours do.

    Raises:
        ValueError: as ``read_json``, and for any other JSON.

    >>> read_object("[1]")
    Traceback (most recent call last):
    ...
    ValueError: it holds no JSON object
    """
    plain = read_json(content, largest=largest)
    if not isinstance(plain, dict):
        raise ValueError("it holds no JSON object")
    return plain


def _once(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
        raise ValueError(f"the key {quote(twice)} stands twice")
    return found


def _check_numbers(values: Sequence[Json]) -> None:
    """Raises ValueError for a whole number beyond 64 bits, and for one that was read as infinite."""
    for value in values:
        kind = type(value)
        if kind is int and abs(cast(int, value)) > MAX_NUMBER:
            raise ValueError(
                f"{quote(str(value))} is beyond the whole numbers that a document may hold"
            )
        if kind is float and math.isinf(cast(float, value)):
            raise ValueError("a number is beyond the numbers that a document may hold")


def _no_number(text: str) -> Json:
    raise ValueError(f"{text} is not a number of JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_no_number)


def to_plain(document: object) -> dict[str, Json]:
    """A document as plain values: dicts with text as keys, lists, text, numbers, booleans and None.

    Args:
        document: an object of a dataclass.

    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True)
    ... class Point:
    ...     at: tuple[int, ...]
    ...     name: str | UnsetType = UNSET
    >>> to_plain(Point((1, 2)))
    {'at': [1, 2]}
    """
    return cast(dict[str, Json], _with_lists(msgspec.to_builtins(document, str_keys=True)))


def from_plain(kind: type[Document], plain: object) -> Document:
    """A document from plain values.

    Args:
        kind: its dataclass.
        plain: what ``to_plain`` gave, or what a JSON file holds.

    Raises:
        ValueError: it has another form, and where: ``Expected `int`, got `str` - at `$.runs[0].seed```.

    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True)
    ... class Point:
    ...     at: tuple[int, ...]
    >>> from_plain(Point, {"at": [1, 2]})
    Point(at=(1, 2))
    >>> from_plain(Point, {"at": [1, "2"]})
    Traceback (most recent call last):
    ...
    ValueError: Expected `int`, got `str` - at `$.at[1]`
    """
    try:
        document = msgspec.convert(plain, kind)
    except msgspec.ValidationError as error:
        what, at, where = str(error).rpartition(" - at ")
        raise ValueError(f"{_told(what)}{at}{_told(where)}") from None
    place = _unknown_key(plain, msgspec.to_builtins(document, str_keys=True), "$")
    if place is not None:
        raise ValueError(f"Unknown key - at `{place}`")
    return document


def schema(kind: type) -> dict[str, Json]:
    """The JSON schema of a document; it says which keys there are, not that there are no others."""
    return msgspec.json.schema(kind)


def _with_lists(value: object) -> Json:
    """Tuples as lists, as JSON gives them back, so that a document equals its reading."""
    if isinstance(value, dict):
        return {key: _with_lists(entry) for key, entry in value.items()}
    return (
        [_with_lists(entry) for entry in value]
        if isinstance(value, list | tuple)
        else cast(Json, value)
    )


def _unknown_key(plain: object, known: object, place: str) -> str | None:
    """The first key of ``plain`` that its reading, ``known``, has not taken in: a dataclass passes over those."""
    if isinstance(plain, dict) and isinstance(known, dict):
        for key, value in plain.items():
            if key not in known:
                return f"{place}.{_shown(key)}"
            if (
                value
                and isinstance(value, CONTAINERS)
                and (found := _unknown_key(value, known[key], "")) is not None
            ):
                return f"{place}.{_shown(key)}{found}"
    elif isinstance(plain, list | tuple) and isinstance(known, list | tuple):
        for index, (value, read) in enumerate(zip(plain, known, strict=True)):
            if (
                value
                and isinstance(value, CONTAINERS)
                and (found := _unknown_key(value, read, "")) is not None
            ):
                return f"{place}[{index}]{found}"
    return None


def _told(text: str) -> str:
    """A part of msgspec's message, which repeats a wrong word in whole and as it came."""
    return printable(cut(text, MOST_TOLD))


def _shown(key: object) -> str:
    """A key in a place: as it is, where it could be one of ours."""
    return (
        key if isinstance(key, str) and key.isidentifier() and len(key) <= 40 else quote(str(key))
    )
