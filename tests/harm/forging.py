"""Make forgeries of valid documents, tensors and files, each from a seed.

An attacker can change a file in three ways:

- change bytes, which the checksum detects;
- change the document or the tensors, and update the checksum;
- change the header, which is read before the checksum is verified.
"""

from __future__ import annotations

import contextlib
import copy
import json
import struct
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from namegen.core.checkpoint.tensor_file import write_tensors
from namegen.errors import CheckpointError
from namegen.types import Array

Random: TypeAlias = np.random.Generator
Tensors: TypeAlias = dict[str, Array]
Place: TypeAlias = tuple[Any, Any]  # a dict or a list, and one of its keys or indices

LONG = 100_000  # characters; far too long to be shown in full in a message


def nested(depth: int) -> Any:
    """Return lists and objects that are nested to the given depth."""
    value: Any = 1
    for level in range(depth):
        value = {"a": value} if level % 2 else [value]
    return value


# Mutable values are made again each time, because a forgery may change them.
Made: TypeAlias = Callable[[], Any]
PLAIN = (None, True, -1, 0, 1, 3, 65536, 2**53 + 1, 2**63, 2**64, 10**400)
NUMBERS = (np.nan, np.inf, -np.inf, 3.4e38, 1e-45, 0.0, -1.0, 0.5, 1e-320, 1e300)
TEXTS = ("", "rnn", "../..", "NaN", "\0\x1b[31m\u202e\x7f\n\u2028", "x" * LONG, "é😀" * LONG)
CONTAINERS: tuple[Made, ...] = (
    list,
    dict,
    lambda: ["a", 1, None],
    lambda: {"a": 1, "name": "b", "names": 2},
    lambda: {"k" * LONG: 1},
    lambda: [0] * 10_000,
)
DEEP: tuple[Made, ...] = tuple(partial(nested, depth) for depth in (2, 44, 1100, 5000))
VALUES: tuple[Any, ...] = (*PLAIN, *NUMBERS, *TEXTS, *CONTAINERS, *DEEP)
KEYS = ("", "a", "name", "epoch", "x" * LONG, "\x1b[31m\u202e", "é" * LONG)


def strange(rng: Random) -> Any:
    """Return a value that is usually invalid."""
    value = VALUES[rng.integers(len(VALUES))]
    return value() if callable(value) else value


def places(value: Any) -> list[Place]:
    """Return the location of every value in a document."""
    found: list[Place] = []
    waiting = [value]
    while waiting:
        container = waiting.pop()
        keys = list(container) if isinstance(container, dict) else range(len(container))
        for key in keys:
            found.append((container, key))
            if isinstance(container[key], dict | list):
                waiting.append(container[key])
    return found


def forged_document(document: Mapping[str, Any], rng: Random) -> dict[str, Any]:
    """Return a copy of the document with one to three changes: values replaced or copied, keys deleted or added."""
    forged = copy.deepcopy(dict(document))
    for _ in range(int(rng.choice([1, 1, 1, 2, 3]))):
        # Also choose from the top level alone, because a long list would otherwise receive most of the changes.
        there = places(forged) if rng.random() < 0.6 else [(forged, key) for key in forged]
        if not there:
            break
        (container, key), (other, place) = (there[rng.integers(len(there))] for _ in range(2))
        kind = rng.integers(10)
        with contextlib.suppress(RecursionError):  # the value is nested too deeply to be copied
            new = copy.deepcopy(other[place]) if kind in (7, 8) else strange(rng)
            if kind == 6:
                del container[key]
            elif kind < 8:
                container[key] = new
            elif isinstance(container, list):
                container.insert(key, new)
            else:
                container[KEYS[rng.integers(len(KEYS))]] = new
    return forged


def write_forged(path: Path, tensors: Mapping[str, Array], document: Mapping[str, Any]) -> None:
    """Write a file with a valid checksum.

    Raise CheckpointError for content that can't be written; ``forged_header`` covers such files.
    """
    try:
        write_tensors(path, tensors, document)
    except (ValueError, RecursionError, TypeError) as error:
        raise CheckpointError("no such file can be written") from error


DTYPES = ("float64", "float32", "float16", "int64", "int32", "int8", "uint8", "uint64", "bool")


def forged_tensors(tensors: Mapping[str, Array], rng: Random) -> Tensors:
    """Return a copy of the tensors with one or two changes to the types, shapes or values, or to the set of tensors."""
    forged = {name: values.copy() for name, values in tensors.items()}
    for _ in range(int(rng.choice([1, 1, 2]))):
        name = list(forged)[rng.integers(len(forged))]
        kind, values = rng.integers(6), forged[name]
        shapes = [
            values.reshape(-1),
            values.T,
            values[..., None],
            values.reshape(-1)[:0],
            np.zeros((3, 0, 8)),
        ]
        with np.errstate(all="ignore"):  # 1e300 overflows in smaller types
            if kind == 0:
                forged[name] = values.astype(DTYPES[rng.integers(len(DTYPES))])
            elif kind == 1:
                forged[name] = np.ascontiguousarray(shapes[rng.integers(len(shapes))])
            elif kind == 2 and len(forged) > 1:
                del forged[name]
            elif kind == 3:
                new = (f"{name}.", "optimizer.step", "probe", "x" * LONG, "\x1b[31m", "best.")
                forged[new[rng.integers(len(new))]] = values
            elif values.dtype.kind == "f":
                chosen = rng.random(values.shape) < rng.choice([0.01, 0.5, 1.0])
                forged[name] = np.where(chosen, NUMBERS[rng.integers(len(NUMBERS))], values).astype(
                    values.dtype
                )
            else:
                forged[name] = rng.permuted(values.reshape(-1)).reshape(values.shape)
    return forged


def forged_bytes(content: bytes, rng: Random) -> bytes:
    """Return the bytes with some changed, deleted, repeated or inserted, mostly near the start (the headers)."""
    data = bytearray(content)
    for _ in range(int(rng.choice([1, 1, 2, 8]))):
        reach = max(1, len(data) if rng.random() < 0.3 else min(len(data), 1500))
        place, kind = int(rng.integers(reach)), rng.integers(5)
        length = int(rng.choice([1, 2, 8, 64, 1000]))
        if kind == 0:
            data[place : place + 1] = bytes([rng.integers(256)])
        elif kind == 1:
            del data[place : place + length]
        elif kind == 2:
            data[place:place] = data[place : place + length]
        elif kind == 3:
            data[place:place] = TOKENS[rng.integers(len(TOKENS))]
        else:
            data = data[:place]
    return bytes(data)


TOKENS = (
    *(
        b"\0",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"\xed\xa0\x80",
        b"\r",
        b"\n",
        b"\t",
        b'"',
        b",",
        b"]",
        b"=",
    ),
    *(b"\\ud800", b"1e999", b"NaN", b"1" * 5000, b"x" * LONG, "😀".encode() * 30_000),
    *(b"[" * 20_000, b'{"a":' * 20_000),
)


def dumped(document: object) -> str:
    """Return the document as JSON. If it is nested too deeply for Python, return other JSON that is deeply nested."""
    try:
        return json.dumps(document)
    except RecursionError:
        return '{"a":' * 10_000


def forged_header(content: bytes, rng: Random) -> bytes:
    """Return a safetensors file with a forged header, or with a wrong header length.

    The header is read before the checksum is verified.
    """
    length = struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8 : 8 + length])
    kind, deep = rng.integers(4), int(rng.choice([30, 45, 990, 5000, 100_000]))
    if kind == 0:  # the text of the document itself
        text = header["__metadata__"]["namegen"]
        texts = [
            '{"a":' * deep + "1" + "}" * deep,
            "",
            "1" * 5000,
            text.replace("{", '{"\\ud800":1,', 1),
            text.replace(":1,", ":1e999,", 1),
            forged_bytes(text.encode(), rng).decode(errors="replace"),
        ]
        header["__metadata__"]["namegen"] = texts[rng.integers(len(texts))]
    raw = dumped(forged_document(header, rng) if kind == 1 else header).encode()
    if kind == 2:
        raw = b'{"__metadata__":' + b'{"a":' * deep + b"1" + b"}" * deep + b"}"
    elif kind == 3:
        raw = forged_bytes(content[8 : 8 + length], rng)
    said = len(raw) if rng.random() < 0.9 else [0, 1, 2**31, 2**63 - 1, 2**64 - 1][rng.integers(5)]
    return struct.pack("<Q", said) + raw + content[8 + length :]
