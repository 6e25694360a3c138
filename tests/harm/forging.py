"""Forgeries: sound documents, tensors and files with something else in them, each made from a seed.

What a stranger can do to a file is of three kinds: change bytes, which the checksum notices; write another document or
other tensors and put the checksum right again; write a header that is read before there is any checksum.
"""

from __future__ import annotations

import contextlib
import copy
import json
import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from namegen.core.network.checkpoint import write_tensors
from namegen.errors import CheckpointError
from namegen.types import Array

Random: TypeAlias = np.random.Generator
Tensors: TypeAlias = dict[str, Array]
Place: TypeAlias = tuple[Any, Any]  # a dict or a list, and a key or a place of it

LONG = 100_000  # characters; a message that shows the whole of it is far too long


def nested(depth: int) -> Any:
    """Lists and objects inside one another."""
    value: Any = 1
    for level in range(depth):
        value = {"a": value} if level % 2 else [value]
    return value


VALUES: tuple[Callable[[Random], Any], ...] = (
    lambda rng: None,
    lambda rng: bool(rng.integers(2)),
    lambda rng: int(rng.choice([-1, 0, 1, 2, 3, 255, 65536])),
    lambda rng: [2**31, 2**53 + 1, 2**63 - 1, 2**63, 2**64, 2**70, 10**400, -(2**63), -(10**30)][rng.integers(9)],
    lambda rng: float(rng.choice([-1.0, 0.0, -0.0, 0.5, 1.0, 1e-320, 1e300, -1e300, 1.5])),
    lambda rng: "",
    lambda rng: ["rnn", "numpy", "keras", "checkpoint", "adam", "..", "/", "a/../..", "NaN"][rng.integers(9)],
    lambda rng: "\0\x1b[31m\u202e\x7f\n\u2028" * int(rng.integers(1, 4)),
    lambda rng: "x" * LONG,
    lambda rng: "\U0001f600é" * int(rng.choice([1, 30, LONG])),
    lambda rng: [],
    lambda rng: {},
    lambda rng: ["a", 1, None],
    lambda rng: {"a": 1, "name": "b", "names": 2},
    lambda rng: {"k" * LONG: 1},
    lambda rng: {"\x1b[31m\u202e": 1},
    lambda rng: [0] * int(rng.choice([17, 10_000])),
    lambda rng: nested(int(rng.integers(2, 45))),
    lambda rng: nested(int(rng.choice([900, 1100, 5000]))),
)


KEYS = ("", "a", "name", "epoch", "x" * LONG, "\x1b[31m\u202e", "é" * LONG)


def strange(rng: Random) -> Any:
    """A value that hardly fits."""
    return VALUES[rng.integers(len(VALUES))](rng)


def places(value: Any) -> list[Place]:
    """Everywhere in a document where a value stands."""
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
    """The document with one to three changes: other values, values of other places, keys gone, doubled or new."""
    forged = copy.deepcopy(dict(document))
    for _ in range(int(rng.choice([1, 1, 1, 2, 3]))):
        there = places(forged)
        if not there:
            break
        # A list of many alike entries takes no more than its share.
        outer = [place for place in there if place[0] is forged]
        some = outer if rng.random() < 0.4 else there
        container, key = some[rng.integers(len(some))]
        with contextlib.suppress(RecursionError):  # of what nests too deeply to be copied
            _change(container, key, there, rng)
    return forged


def _change(container: Any, key: Any, there: list[Place], rng: Random) -> None:
    kind = rng.integers(10)
    if kind < 6:
        container[key] = strange(rng)
    elif kind == 6:
        del container[key]
    elif kind == 7:
        other, place = there[rng.integers(len(there))]
        container[key] = copy.deepcopy(other[place])
    elif isinstance(container, list):
        container.insert(key, copy.deepcopy(container[key]) if kind == 8 else strange(rng))
    else:
        container[KEYS[rng.integers(len(KEYS))]] = strange(rng)


def write_forged(path: Path, tensors: Mapping[str, Array], document: Mapping[str, Any]) -> None:
    """Write a file with a checksum that fits. Raises CheckpointError for what no writer can write: that is a matter of
    ``forged_header``.
    """
    try:
        write_tensors(path, tensors, document)
    except (ValueError, RecursionError, TypeError) as error:
        raise CheckpointError("no such file can be written") from error


DTYPES = ("float64", "float32", "float16", "int64", "int32", "int8", "uint8", "uint64", "bool")
NUMBERS = (np.nan, np.inf, -np.inf, 3.4e38, -3.4e38, 1e-45, 1e6, 0.0, -1.0)


def forged_tensors(tensors: Mapping[str, Array], rng: Random) -> Tensors:
    """The tensors with one or two changes: other types, shapes or numbers, one gone, one new, two exchanged."""
    forged = {name: values.copy() for name, values in tensors.items()}
    for _ in range(int(rng.choice([1, 1, 2]))):
        name = list(forged)[rng.integers(len(forged))]
        kind, values = rng.integers(8), forged[name]
        if kind == 0:
            with np.errstate(all="ignore"):
                forged[name] = values.astype(DTYPES[rng.integers(len(DTYPES))])
        elif kind == 1:
            shapes = [values.reshape(-1), values.T, values[..., None], values[:0] if values.ndim else values[None]]
            forged[name] = np.ascontiguousarray(shapes[rng.integers(4)])
        elif kind == 2:
            forged[name] = np.zeros(tuple(rng.integers(0, 9, size=rng.integers(0, 4))), values.dtype)
        elif kind < 6 and values.size and values.dtype.kind == "f":
            flat = values.reshape(-1)
            with np.errstate(all="ignore"):  # of a small type 1e300 is infinite
                flat[rng.random(flat.size) < rng.choice([0.01, 0.5, 1.0])] = NUMBERS[rng.integers(len(NUMBERS))]
        elif kind < 6 and values.size:
            forged[name] = rng.permuted(values.reshape(-1)).reshape(values.shape)
        elif kind == 6 and len(forged) > 1:
            del forged[name]
        else:
            forged[str(rng.choice([f"{name}.", "optimizer.step", "probe", "x" * LONG, "\x1b[31m", "best."]))] = values
    return forged


def forged_bytes(content: bytes, rng: Random) -> bytes:
    """The bytes with some changed, cut out, doubled, or put in; mostly near the beginning, where the headers stand."""
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
        b'"',
        b"\\ud800",
        b"\\u0000",
        b"\r",
        b"\n",
        b",",
        b";",
        b"\t",
    ),
    *(
        b"{",
        b"[" * 20_000,
        b'{"a":' * 20_000,
        b"1" * 5000,
        b"1e999",
        b"NaN",
        b"-Infinity",
        b"x" * LONG,
        b"=",
        b"]",
        b"}",
    ),
    b"\xf0\x9f\x98\x80" * 30_000,
)


def dumped(document: object) -> str:
    """As JSON, also where Python's own writer does not go so deep."""
    try:
        return json.dumps(document)
    except RecursionError:
        return '{"a":' * 10_000


def raw_file(header: bytes, data: bytes, rng: Random) -> bytes:
    """A safetensors file of any header; now and then with a length that is not its own."""
    length = len(header) if rng.random() < 0.9 else [0, 1, 2**31, 2**63 - 1, 2**64 - 1][rng.integers(5)]
    return struct.pack("<Q", length) + header + data


def forged_header(content: bytes, rng: Random) -> bytes:
    """A safetensors file with another header: what is read before there is a checksum."""
    length = struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8 : 8 + length])
    kind = rng.integers(4)
    deep = int(rng.choice([30, 45, 990, 5000, 100_000]))
    if kind == 0:  # the document itself, as text
        text = header["__metadata__"]["namegen"]
        texts = ["[" * deep + "]" * deep, '{"a":' * deep + "1" + "}" * deep, "", "null", "[]", "1" * 5000, text[:-1]]
        texts += [text + " ", text.replace("{", '{"\\ud800":1,', 1), text.replace(":1,", ":1e999,", 1)]
        texts += [forged_bytes(text.encode(), rng).decode(errors="replace")]
        header["__metadata__"]["namegen"] = texts[rng.integers(len(texts))]
    elif kind == 1:
        header = forged_document(header, rng)
    else:
        nest = b'{"__metadata__":' + b'{"a":' * deep + b"1" + b"}" * deep + b"}"
        raw = nest if kind == 2 else forged_bytes(content[8 : 8 + length], rng)
        return raw_file(raw, content[8 + length :], rng)
    try:
        text = json.dumps(header, ensure_ascii=bool(rng.integers(2)))
    except RecursionError:  # this Python's own writer does not go so deep
        text = "[" * LONG
    return raw_file(text.encode(errors="surrogatepass"), content[8 + length :], rng)
