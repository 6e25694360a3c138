"""Test that a forged ``.tflite`` file with a valid checksum is used or rejected with a clear error.

If a file opens, the tests also score a name with it, and generate names with its built-in loop.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from namegen import api
from namegen.backends.tflite.contents import (
    HASH_SIZE,
    Contents,
    contents_of,
    to_bytes_of,
    with_hash,
)
from namegen.backends.tflite.graph import Weight
from namegen.backends.tflite.runtime import TFLiteModel
from tests.harm.attack import attack
from tests.harm.effort import tries
from tests.harm.forging import forged_bytes
from tests.harm.material import end_sooner
from tests.labelled import labelled_checkpoint
from tests.requirements import require
from tests.tflite.conftest import scored

KINDS = (("simple_rnn", "none"), ("gru", "int8"), ("gru", "float16"), ("lstm", "none"))
EXTREMES = (0, 1, 4, 0x80, 0xFFFF, 2**31 - 1, 2**31, 2**32 - 4, 2**32 - 1)


@pytest.fixture(scope="module")
def parts() -> list[Contents]:
    require("ai_edge_litert")
    half = {"float16": ("rnn.0.kernel",)}
    return [
        contents_of(scored(labelled_checkpoint(cell, (24, 6))), kind, half.get(kind, ()))
        for cell, kind in KINDS
    ]


def forged_file(parts: list[Contents], rng: random.Random) -> bytes:
    """Change the bytes of a file, or set numbers of four bytes to extreme values, such as offsets."""
    numbers = np.random.default_rng(rng.getrandbits(32))
    flatbuffer = to_bytes_of(rng.choice(parts))[:-HASH_SIZE]
    if rng.random() < 0.5:
        return with_hash(forged_bytes(flatbuffer, numbers))
    forged = bytearray(flatbuffer)
    for _ in range(rng.choice((1, 1, 3))):
        place = rng.randrange(0, len(forged) - 4, 4)
        forged[place : place + 4] = rng.choice(EXTREMES).to_bytes(4, "little")
    return with_hash(bytes(forged))


def forged_weights(parts: list[Contents], rng: random.Random) -> bytes:
    """Change weights. Most files have no self-test logits, which would reveal the change."""
    contents = rng.choice(parts)
    numbers = np.random.default_rng(rng.getrandbits(32))
    weights = dict(contents.weights)
    for name in rng.sample(sorted(weights), rng.choice((1, 3))):
        values = weights[name].values.copy()
        scales = weights[name].scales
        if values.dtype.kind == "f":
            largest = np.finfo(values.dtype).max
            changed = numbers.integers(values.size, size=3)
            values.flat[changed] = rng.choice((largest, -largest, 0, 1e-45, np.nan, np.inf))
        else:
            values[...] = numbers.integers(-128, 128, values.shape)
        if scales is not None:
            scales = scales * np.float32(rng.choice((1, 1e-37, 1e38)))
        weights[name] = Weight(values, scales)
    probe = contents.metadata.probe if rng.random() < 0.2 else None
    metadata = replace(contents.metadata, probe=probe)
    return to_bytes_of(replace(contents, weights=weights, metadata=metadata))


@pytest.mark.parametrize("forge", [forged_file, forged_weights])
def test_a_forged_tflite_file_is_used_or_rejected(
    forge: Callable[[list[Contents], random.Random], bytes],
    parts: list[Contents],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    end_sooner(monkeypatch)
    path = tmp_path / "forged.tflite"

    def call(seed: int) -> None:
        path.write_bytes(forge(parts, random.Random(seed)))
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

    attack(call, range(tries("tflite")))
