"""Convert frozen dataclasses to JSON and back, with checked types and keys.

All JSON that namegen reads (in checkpoints, saved states, ``.tflite`` files and measurements) is parsed by
``read_json`` and then converted by ``from_plain``. ``read_json`` rejects documents that are too large or too deeply
nested. ``Json`` is the type of the plain values that it returns.

An optional field is declared as ``why: str | UnsetType = UNSET``. A key that doesn't match a field is an error,
except in a ``Mapping[str, Json]``.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias, TypeVar, cast

import msgspec
from msgspec import UNSET as UNSET
from msgspec import Meta as Meta
from msgspec import UnsetType as UnsetType

from namegen.errors import cut, printable, quote

MAX_NUMBER = 2**63 - 1  # the largest whole number in a document, which still fits into an array
# Numbers with bounds, which from_plain checks and the schema contains.
Count = Annotated[int, Meta(ge=0, le=MAX_NUMBER)]
Size = Annotated[int, Meta(ge=1, le=MAX_NUMBER)]
CountKey = Annotated[str, Meta(pattern="^(0|[1-9][0-9]{0,5})$")]  # a number as the key of an object
Measure = Annotated[float, Meta(ge=0)]
Share = Annotated[float, Meta(ge=0, le=1)]
Percent = Annotated[float, Meta(ge=0, le=100)]
Document = TypeVar("Document")

if TYPE_CHECKING:
    Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
else:
    Json = Any  # msgspec evaluates the annotations of fields, and doesn't support recursive types

# Limits in bytes. Parsing a million bytes can take half a second and 50 MB of memory.
LARGEST = 4 * 2**20  # for documents in models
LARGEST_RECORD = 64 * 2**20  # for saved states and comparisons (5 MB), which grow with the epochs
CONTAINERS = (dict, list, tuple)
MOST_TOLD = 160  # the maximum length of a problem and of its path, in characters
DEEPEST = 40  # nested objects and arrays; namegen's documents have at most 10


def read_json(content: bytes | str, *, largest: int | None = None) -> Json:
    """Parse a JSON document, with limits on its size and depth.

    Args:
        content: the document. Bytes are decoded as UTF-8.
        largest: the maximum size in bytes or characters. The default is 4 MiB.

    Raises:
        ValueError: the document isn't JSON or UTF-8, is too large, is too deeply nested, has a duplicate key, or
            contains NaN, infinity or a number of more than 64 bits.

    >>> read_json('{"a": [1]}')
    {'a': [1]}
    >>> read_json('{"a": 1, "a": 2}')
    Traceback (most recent call last):
    ...
    ValueError: the key 'a' appears twice
    """
    _check_size(content, LARGEST if largest is None else largest)
    text = content.decode() if isinstance(content, bytes) else content
    try:
        plain: Json = _DECODER.decode(text)
    except (RecursionError, ValueError) as error:
        raise _in_plain_words(error) from None
    _check_depth_and_numbers(plain)
    return plain


def _check_size(content: bytes | str, largest: int) -> None:
    """Raise ValueError for a document that is too large."""
    if len(content) > largest:
        unit = "bytes" if isinstance(content, bytes) else "characters"
        raise ValueError(f"{len(content):,} {unit} long: expected at most {largest:,}")


def _check_depth_and_numbers(document: Json) -> None:
    """Raise ValueError for a document that's too deeply nested or contains a number that's too large."""
    level = [document]  # all values at one depth
    depth = 0
    while level:
        depth += 1
        if depth > DEEPEST:
            raise ValueError(f"nests too deeply: expected at most {DEEPEST} levels")
        for value in level:
            _check_number(value)
        level = _values_inside(level)


def _check_number(value: Json) -> None:
    """Raise ValueError for a whole number of more than 64 bits, and for a number that was parsed as infinity."""
    if type(value) is int and abs(value) > MAX_NUMBER:
        raise ValueError(f"the whole number {quote(str(value))} needs more than 64 bits")
    if type(value) is float and math.isinf(value):
        raise ValueError("a number is too large for a 64-bit float")


def _values_inside(level: Sequence[Json]) -> list[Json]:
    """Return the values of all objects and arrays."""
    values: list[Json] = []
    for container in level:
        if isinstance(container, dict):
            values.extend(container.values())
        elif isinstance(container, list):
            values.extend(container)
    return values


def parse_json(text: str, start: int = 0) -> tuple[Json, int]:
    """Parse the JSON value that starts at a position of a string.

    Use it to read a long document piece by piece. The caller has to limit the length of the string.

    Returns:
        The value, and the position where it ends.

    Raises:
        ValueError: the value is too deeply nested or has a duplicate key. If it isn't JSON, the error is a
            ``json.JSONDecodeError``.

    >>> parse_json("[1], 2")
    ([1], 3)
    """
    try:
        return _DECODER.raw_decode(text, start)
    except (RecursionError, ValueError) as error:
        raise _in_plain_words(error) from None


def _in_plain_words(error: RecursionError | ValueError) -> ValueError:
    """Return an error with a clearer message, to raise instead of the JSON library's error."""
    if isinstance(error, RecursionError):
        return ValueError(f"nests too deeply: expected at most {DEEPEST} levels")
    if "integer string conversion" in str(error):  # Python's own limit, thousands of digits
        return ValueError("a whole number needs more than 64 bits")
    return error


def read_object(content: bytes | str, *, largest: int | None = None) -> dict[str, Json]:
    """Parse a JSON document that must be an object. The arguments are the same as for ``read_json``.

    Raises:
        ValueError: the document isn't an object, or ``read_json`` rejects it.

    >>> read_object("[1]")
    Traceback (most recent call last):
    ...
    ValueError: it isn't a JSON object
    """
    plain = read_json(content, largest=largest)
    if not isinstance(plain, dict):
        raise ValueError("it isn't a JSON object")
    return plain


def _with_unique_keys(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    """Return a JSON object. Raise ValueError if it has a duplicate key."""
    json_object = dict(pairs)
    if len(json_object) < len(pairs):
        [(repeated, _)] = Counter(key for key, _ in pairs).most_common(1)
        raise ValueError(f"the key {quote(repeated)} appears twice")
    return json_object


def _reject_constant(text: str) -> Json:
    raise ValueError(f"{text} is not a number in JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_with_unique_keys, parse_constant=_reject_constant)


def to_plain(document: object) -> dict[str, Json]:
    """Convert a dataclass instance to plain values: dicts with string keys, lists, strings, numbers, booleans and None.

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
    """Convert plain values to a dataclass instance.

    Args:
        kind: the dataclass.
        plain: the result of ``to_plain`` or ``read_json``.

    Raises:
        ValueError: a type or a key is wrong. The message contains its path.

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
        problem, separator, path = str(error).rpartition(" - at ")
        raise ValueError(f"{_safe(problem)}{separator}{_safe(path)}") from None
    known = msgspec.to_builtins(document, str_keys=True)
    unknown_path = _find_unknown_key(plain, known)
    if unknown_path is not None:
        raise ValueError(f"Unknown key - at `${unknown_path}`")
    return document


def schema(kind: type) -> dict[str, Json]:
    """Return the JSON schema of a dataclass. It allows unknown keys, although ``from_plain`` rejects them."""
    return msgspec.json.schema(kind)


def _with_lists(value: object) -> Json:
    """Replace tuples with lists, so that the value equals its JSON after parsing."""
    if isinstance(value, dict):
        return {key: _with_lists(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_with_lists(entry) for entry in value]
    return cast(Json, value)


def _find_unknown_key(plain: object, known: object) -> str | None:
    """Return the path of the first key without a matching field, or None. msgspec ignores such keys.

    Args:
        plain: the original values.
        known: the same values after conversion to the dataclass and back.
    """
    if isinstance(plain, dict) and isinstance(known, dict):
        return _find_unknown_key_in_object(plain, known)
    if isinstance(plain, list | tuple) and isinstance(known, list | tuple):
        return _find_unknown_key_in_array(plain, known)
    return None


def _find_unknown_key_in_object(
    plain: Mapping[str, object], known: Mapping[str, object]
) -> str | None:
    for key, value in plain.items():
        if key not in known:
            return f".{_quote_key(key)}"
        if isinstance(value, CONTAINERS):
            path = _find_unknown_key(value, known[key])
            if path is not None:
                return f".{_quote_key(key)}{path}"
    return None


def _find_unknown_key_in_array(plain: Sequence[object], known: Sequence[object]) -> str | None:
    for index, (value, known_value) in enumerate(zip(plain, known, strict=True)):
        if isinstance(value, CONTAINERS):
            path = _find_unknown_key(value, known_value)
            if path is not None:
                return f"[{index}]{path}"
    return None


def _safe(text: str) -> str:
    """Return part of msgspec's message, with values from the document made safe to print."""
    return printable(cut(text, MOST_TOLD))


def _quote_key(key: object) -> str:
    """Return a key for a path, in quotes unless it could be the name of a field."""
    is_plain = isinstance(key, str) and key.isidentifier() and len(key) <= 40
    return str(key) if is_plain else quote(str(key))
