"""Test that a forged ``.tflite`` file with a valid checksum is used or rejected with a clear error.

If a file opens, the tests also score a name with it, and generate names with its built-in loop.
"""

from __future__ import annotations

import json
import random
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from namegen import api
from namegen.backends.tflite.contents import Contents, contents_of, read_description, to_bytes_of
from namegen.backends.tflite.graph import Weight
from namegen.backends.tflite.runtime import TFLiteModel
from namegen.core.checkpoint.metadata import read_metadata
from tests.harm.attack import attack
from tests.harm.effort import tries
from tests.harm.forging import dumped, forged_bytes, strange
from tests.harm.material import end_sooner
from tests.labelled import labelled_checkpoint
from tests.requirements import require
from tests.tflite.conftest import blanked, scored, sealed_again

KINDS = (("simple_rnn", "none"), ("gru", "int8"), ("gru", "float16"), ("lstm", "none"))
EXTREMES = (0, 1, 3, 4, 0x7F, 0x80, 0xFF, 0xFFFF, 2**31 - 1, 2**31, 2**32 - 4, 2**32 - 1)


@pytest.fixture(autouse=True)
def sooner(monkeypatch: pytest.MonkeyPatch) -> None:
    end_sooner(monkeypatch)


@pytest.fixture(scope="module")
def parts() -> list[Contents]:
    require("ai_edge_litert")
    half = {"float16": ("rnn.0.kernel",)}
    return [
        contents_of(scored(labelled_checkpoint(cell, (24, 6))), kind, half.get(kind, ()))
        for cell, kind in KINDS
    ]


@pytest.fixture(scope="module")
def files(parts: list[Contents]) -> list[bytes]:
    return [to_bytes_of(one) for one in parts]


def attacked(
    forge: Callable[[random.Random], bytes], folder: Path, attempts: range
) -> tuple[int, int]:
    """Forge a file for each attempt. Open it and, if it opens, use it."""

    def call(seed: int) -> None:
        path = folder / f"{seed}.tflite"
        path.write_bytes(forge(random.Random(seed)))
        try:
            loaded = api.load(path)
            loaded.score("Ann")
            model = loaded.model
            assert isinstance(model, TFLiteModel)
            numbers = np.random.default_rng(seed).random((50, 20))
            tokens, *scores = model.generate_tokens(numbers)
            assert np.less_equal(scores, 0).all()
            assert ((tokens >= 0) & (tokens < model.vocabulary_size)).all()
            model.generate_tokens(numbers, 0.0)
            loaded.generate(2, seed=seed, max_length=12)
        finally:
            path.unlink()

    tally = attack(call, attempts)
    return tally.returned, tally.refused


def test_changed_bytes_are_used_or_rejected(files: list[bytes], tmp_path: Path) -> None:
    """Bytes are changed, inserted, deleted or repeated."""

    def forge(rng: random.Random) -> bytes:
        numbers = np.random.default_rng(rng.getrandbits(32))
        return sealed_again(forged_bytes(blanked(rng.choice(files)), numbers))

    returned, refused = attacked(forge, tmp_path, range(tries("`.tflite`")))
    assert refused > returned  # only changes to weights and hashes can be accepted


def test_changed_tables_of_the_flatbuffer_are_rejected(files: list[bytes], tmp_path: Path) -> None:
    """A file with any changed offset, count or position in these tables is rejected before it is run."""

    def forge(rng: random.Random) -> bytes:
        content = bytearray(blanked(rng.choice(files)))
        end = content.index(b'{"checksum"') - 4
        for _ in range(rng.choice((1, 1, 3))):
            place = rng.randrange(0, end - 4, 4) + rng.choice((0, 0, 2))
            (old,) = struct.unpack_from("<I", content, place)
            new = rng.choice((*EXTREMES, old + 4, old - 4, 2 * old, rng.getrandbits(32))) % 2**32
            struct.pack_into("<I", content, place, new if new != old else old ^ 1)
        return sealed_again(bytes(content))

    attempts = tries("`.tflite`")
    assert attacked(forge, tmp_path, range(attempts)) == (0, attempts)


def test_a_forged_description_is_used_or_rejected(
    parts: list[Contents], files: list[bytes], tmp_path: Path
) -> None:
    """Values with other types and sizes are put into the original file, or into a file that is written to match."""

    def forge(rng: random.Random) -> bytes:
        which = rng.randrange(len(files))
        content = files[which]
        description, end = read_description(content, "")
        plain = json.loads(description) | {"checksum": "0" * 64}
        metadata = plain["metadata"]
        inner = rng.choice((plain, metadata, metadata, metadata["network"], metadata["labels"][0]))
        key = rng.choice(
            [one for one in inner if one not in ("checksum", "format", "format_version")]
        )
        if rng.random() < 0.1:
            del inner[key]
        else:
            inner[key] = strange(np.random.default_rng(rng.getrandbits(32)))
        if rng.random() < 0.5:
            try:
                forged = replace(
                    parts[which],
                    metadata=read_metadata(metadata),
                    half=plain["half"],
                    quantize=plain["quantize"],
                )
                return to_bytes_of(forged)
            except Exception:  # namegen wouldn't write such a file
                pass
        text = dumped(plain).encode()
        start = content.index(b'{"checksum"')
        length = len(text).to_bytes(4, "little")
        return sealed_again(content[: start - 4] + length + text + content[end:])

    attacked(forge, tmp_path, range(tries("`.tflite`")))


def test_forged_weights_are_used_or_rejected(parts: list[Contents], tmp_path: Path) -> None:
    """Such a file could come from namegen. Most files have no self-test logits, which would reveal the change."""

    def forge(rng: random.Random) -> bytes:
        one = rng.choice(parts)
        numbers = np.random.default_rng(rng.getrandbits(32))
        weights = dict(one.weights)
        for name in rng.sample(sorted(weights), rng.choice((1, 3))):
            old = weights[name]
            values = old.values.copy()
            if values.dtype.kind == "f":
                largest = np.finfo(values.dtype).max
                values *= values.dtype.type(rng.choice((0, 1e-30, 1e3, 1e4)))
                chosen = numbers.integers(values.size, size=3)
                values.flat[chosen] = rng.choice((largest, -largest, 0, 1e-45, np.nan, np.inf))
            else:
                values[...] = numbers.integers(-128, 128, values.shape)
            scales = old.scales
            if scales is not None:
                scales = scales * np.float32(rng.choice((1, 1e-37, 1e30, 1e38)))
            weights[name] = Weight(values, scales)
        probe = one.metadata.probe if rng.random() < 0.2 else None
        return to_bytes_of(
            replace(one, weights=weights, metadata=replace(one.metadata, probe=probe))
        )

    attacked(forge, tmp_path, range(tries("`.tflite`")))
