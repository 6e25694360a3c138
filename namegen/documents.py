"""Convert frozen dataclasses to JSON and back, with checked types and keys.

All JSON that namegen reads (in checkpoints, saved states, ``.tflite`` files and measurements) is parsed by
``read_json`` and then converted by ``from_plain``. ``read_json`` rejects documents that are too large or too deeply
nested. ``Json`` is the type of the plain values that it returns.

An optional field is declared as ``why: str | UnsetType = UNSET``. A key that doesn't match a field is an error,
except in a ``Mapping[str, Json]``.
"""

from __future__ import annotations

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
MOST_TOLD = 160  # the maximum length of a problem and of its path, in characters
DEEPEST = 40  # nested objects and arrays; namegen's documents have at most 10


def read_json(content: bytes | str, *, largest: int = LARGEST) -> Json:
    """Parse a JSON document, with limits on its size and depth.

    Args:
        content: the document. Bytes are decoded as UTF-8.
        largest: the maximum size in bytes or characters. The default is 4 MiB.

    Raises:
        ValueError: the document isn't JSON or UTF-8, is too large, is too deeply nested, or contains NaN, infinity or a
            whole number of more than 64 bits.

    >>> read_json('{"a": [1]}')
    {'a': [1]}
    """
    if len(content) > largest:
        unit = "bytes" if isinstance(content, bytes) else "characters"
        raise ValueError(f"{len(content):,} {unit} long: expected at most {largest:,}")
    too_deep = f"nests too deeply: expected at most {DEEPEST} levels"
    try:
        plain: Json = msgspec.json.decode(content)
    except RecursionError:
        raise ValueError(too_deep) from None
    except (msgspec.DecodeError, UnicodeError) as error:
        raise ValueError(f"it isn't JSON: {error}") from None
    level = [plain]  # all values at one depth
    for _ in range(DEEPEST):
        inner: list[Json] = []
        for value in level:
            if isinstance(value, dict):
                inner.extend(value.values())
            elif isinstance(value, list):
                inner.extend(value)
            elif type(value) is int and abs(value) > MAX_NUMBER:
                raise ValueError(f"the whole number {quote(str(value))} needs more than 64 bits")
        level = inner
    if level:
        raise ValueError(too_deep)
    return plain


def read_object(content: bytes | str, *, largest: int = LARGEST) -> dict[str, Json]:
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
        # The message may contain values from the document.
        shown = [printable(cut(text, MOST_TOLD)) for text in (problem, path)]
        raise ValueError(separator.join(shown)) from None
    unknown_path = _find_unknown_key(plain, msgspec.to_builtins(document, str_keys=True))
    if unknown_path is not None:
        raise ValueError(f"Unknown key - at `${unknown_path}`")
    return document


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
    entries: list[tuple[str, object, object]] = []  # path, value, known value
    if isinstance(plain, dict) and isinstance(known, dict):
        for key, value in plain.items():
            is_plain = str(key).isidentifier() and len(key) <= 40
            path = f".{key if is_plain else quote(str(key))}"
            if key not in known:
                return path
            entries.append((path, value, known[key]))
    elif isinstance(plain, list | tuple) and isinstance(known, list | tuple):
        for index, (value, known_value) in enumerate(zip(plain, known, strict=True)):
            entries.append((f"[{index}]", value, known_value))
    for path, value, known_value in entries:
        inner_path = _find_unknown_key(value, known_value)
        if inner_path is not None:
            return f"{path}{inner_path}"
    return None
