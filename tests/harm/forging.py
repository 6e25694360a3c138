"""Make forgeries of valid documents, tensors and files, each from a seed.

An attacker can change a file in three ways:

- change bytes, which the checksum detects;
- change the document or the tensors, and update the checksum;
- change the header, which is read before the checksum is verified.
"""

from __future__ import annotations

import copy
import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from namegen.core.checkpoint.tensor_file import write_tensors
from namegen.errors import CheckpointError
from namegen.types import Array

Random: TypeAlias = np.random.Generator
Tensors: TypeAlias = dict[str, Array]

LONG = 100_000  # characters; far too long to be shown in full in a message
DEPTHS = (30, 45, 990, 5000, 100_000)


def nested(depth: int) -> str:
    """Return JSON whose objects are nested to the given depth."""
    return '{"a":' * depth + "1" + "}" * depth


NUMBERS = (np.nan, np.inf, -np.inf, 3.4e38, 1e-45, 0.0, -1.0, 0.5, 1e300)
VALUES: tuple[Any, ...] = (
    *(None, True, -1, 0, 1, 3, 65536, 2**53 + 1, 2**63, 2**64, 10**400, *NUMBERS),
    *("", "rnn", "../..", "NaN", "\0\x1b[31m\u202e\x7f\n\u2028", "x" * LONG, "é😀" * LONG),
    *([], {}, ["a", 1, None], {"a": 1, "name": "b", "names": 2}, {"k" * LONG: 1}, [0] * 10_000),
    *(json.loads(nested(2)), json.loads(nested(44))),
)
KEYS = ("", "a", "name", "epoch", "x" * LONG, "\x1b[31m\u202e")


def forged_document(document: Mapping[str, Any], rng: Random) -> dict[str, Any]:
    """Return a copy of the document with one to three changes: values replaced or copied, keys deleted or added."""
    forged = copy.deepcopy(dict(document))
    for _ in range(rng.integers(1, 4)):
        # List the place of every value: a list or an object, and an index or a key. In half of the cases, list only the
        # top level, because a long list would otherwise receive most of the changes.
        containers: list[Any] = [forged]
        places = []
        is_top_level_only = rng.random() < 0.5
        while containers:
            container = containers.pop()
            for key in list(container) if isinstance(container, dict) else range(len(container)):
                places.append((container, key))
                if isinstance(container[key], dict | list) and not is_top_level_only:
                    containers.append(container[key])
        if not places:
            break
        (container, key), (other, other_key) = (places[rng.integers(len(places))] for _ in "ab")
        strange = VALUES[rng.integers(len(VALUES))]
        new = copy.deepcopy(other[other_key] if rng.random() < 0.3 else strange)
        kind = rng.choice(["replace", "replace", "delete", "add"])
        if kind == "replace":
            container[key] = new
        elif kind == "delete":
            del container[key]
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


DTYPES = ("float64", "float16", "int64", "int32", "int8", "uint8", "uint64", "bool")


def forged_tensors(tensors: Mapping[str, Array], rng: Random) -> Tensors:
    """Return a copy of the tensors with one change to the type, shape or values of one, or to the set of tensors."""
    forged = {name: values.copy() for name, values in tensors.items()}
    name = list(forged)[rng.integers(len(forged))]
    values = forged[name]
    kind = rng.choice(["type", "shape", "delete", "add", "values", "values"])
    with np.errstate(all="ignore"):  # 1e300 overflows in smaller types
        if kind == "type":
            forged[name] = values.astype(rng.choice(DTYPES))
        elif kind == "shape":
            flat = values.reshape(-1)
            shapes = [flat, values.T, values[..., None], flat[:0], np.zeros((3, 0, 8))]
            forged[name] = np.ascontiguousarray(shapes[rng.integers(len(shapes))])
        elif kind == "delete":
            del forged[name]
        elif kind == "add":
            forged[rng.choice([f"{name}.", "optimizer.step", "probe", "x" * LONG, "\x1b[31m"])] = (
                values
            )
        elif values.dtype.kind == "f":
            is_changed = rng.random(values.shape) < rng.choice([0.01, 1.0])
            forged[name] = np.where(is_changed, rng.choice(NUMBERS), values).astype(values.dtype)
        else:
            forged[name] = rng.permuted(values.reshape(-1)).reshape(values.shape)
    return forged


TOKENS = (
    *(b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\r", b"\n", b'"', b",", b"]", b"="),
    *(b"\\ud800", b"1e999", b"NaN", b"1" * 5000, b"x" * LONG, "😀".encode() * 30_000),
    *(b"[" * 20_000, b'{"a":' * 20_000),
)


def forged_bytes(content: bytes, rng: Random) -> bytes:
    """Return the bytes with some changed, deleted, repeated or inserted, mostly near the start (the headers)."""
    data = bytearray(content)
    for _ in range(rng.choice([1, 1, 2, 8])):
        reach = len(data) if rng.random() < 0.3 else min(len(data), 1500)
        place = int(rng.integers(max(1, reach)))
        length = int(rng.choice([1, 2, 8, 64, 1000]))
        kind = rng.choice(["change", "delete", "repeat", "insert", "cut"])
        if kind == "change":
            data[place : place + 1] = bytes([rng.integers(256)])
        elif kind == "delete":
            del data[place : place + length]
        elif kind == "repeat":
            data[place:place] = data[place : place + length]
        elif kind == "insert":
            data[place:place] = TOKENS[rng.integers(len(TOKENS))]
        else:
            data = data[:place]
    return bytes(data)


def forged_header(content: bytes, rng: Random) -> bytes:
    """Return a safetensors file with a forged header, or with a wrong header length.

    The header is read before the checksum is verified.
    """
    length = struct.unpack("<Q", content[:8])[0]
    raw = content[8 : 8 + length]
    header = json.loads(raw)
    deep = nested(int(rng.choice(DEPTHS)))
    kind = rng.choice(["text", "document", "deep", "bytes", "length"])
    if kind == "text":  # the text of the document itself
        text = header["__metadata__"]["namegen"]
        texts = [deep, "", "1" * 5000, text.replace("{", '{"\\ud800":1,', 1)]
        texts.append(text.replace(":1,", ":1e999,", 1))
        header["__metadata__"]["namegen"] = texts[rng.integers(len(texts))]
        raw = json.dumps(header).encode()
    elif kind == "document":
        raw = json.dumps(forged_document(header, rng)).encode()
    elif kind == "deep":
        raw = f'{{"__metadata__":{deep}}}'.encode()
    elif kind == "bytes":
        raw = forged_bytes(raw, rng)
    lengths = [0, 1, 2**31, 2**63 - 1, 2**64 - 1]
    stated_length = lengths[rng.integers(5)] if kind == "length" else len(raw)
    return struct.pack("<Q", stated_length) + raw + content[8 + length :]
