"""Test that forged and damaged files are rejected, and that LiteRT never receives the operators of a file."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from namegen.backends.tflite import contents as contents_module
from namegen.backends.tflite import runtime
from namegen.backends.tflite.contents import (
    FORMAT_VERSION,
    Contents,
    contents_of,
    read_contents,
    to_bytes_of,
    with_hash,
)
from namegen.backends.tflite.graph import Weight
from namegen.backends.tflite.litert import flatbuffers, schema
from namegen.backends.tflite.runtime import TFLiteModel
from namegen.core.checkpoint.metadata import bytes_to_text
from namegen.documents import to_plain
from namegen.errors import CheckpointError
from tests.labelled import labelled_checkpoint
from tests.tflite.conftest import EACH, is_refused, resealed


@pytest.fixture(autouse=True)
def no_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    """Raise an error instead of starting LiteRT, which only happens after a file has been accepted."""

    def reached(*_: object, **__: object) -> None:
        raise AssertionError("the file has reached the runtime")

    monkeypatch.setattr(runtime, "Interpreter", reached)


@pytest.fixture(scope="module")
def parts() -> Contents:
    """Return contents with labels, hashes of names, and two layers, one of them quantized to 8 bits."""
    return contents_of(labelled_checkpoint("gru", (24, 6)), "int8")


@pytest.fixture(scope="module")
def content(parts: Contents) -> bytes:
    return to_bytes_of(parts)


@pytest.mark.parametrize(("cell", "quantize"), EACH)
def test_contents_survive_writing_and_reading(cell: str, quantize: str) -> None:
    half = ("rnn.0.kernel", "rnn.0.recurrent_kernel") if quantize == "float16" else ()
    before = contents_of(labelled_checkpoint(cell, (24, 6)), quantize, half)
    written = to_bytes_of(before)
    after = read_contents(written, "a.tflite")
    assert (after.quantize, after.half) == (before.quantize, before.half)
    assert after.metadata.to_plain() == before.metadata.to_plain()
    assert list(after.weights) == list(before.weights)
    kinds = {weight.values.dtype.str for weight in before.weights.values()}
    assert kinds == {"none": {"<f4"}, "float16": {"<f4", "<f2"}, "int8": {"<f4", "|i1"}}[quantize]
    for name, weight in before.weights.items():
        np.testing.assert_array_equal(after.weights[name].values, weight.values)
        assert (after.weights[name].scales is None) == (weight.scales is None)
    assert to_bytes_of(after) == written


def test_litert_receives_operators_that_namegen_has_built_again(
    content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the forged file, all operators of the subgraphs read tensors that don't exist."""
    received = []

    def interpreter(model_content: bytes, num_threads: int) -> None:
        received.append(model_content)
        raise ValueError("stopped")

    monkeypatch.setattr(runtime, "Interpreter", interpreter)
    model = schema.ModelT.InitFromPackedBuf(content)
    for graph in model.subgraphs:
        for operator in graph.operators:
            operator.inputs = [10**6 for _ in operator.inputs]
    builder = flatbuffers.Builder()
    builder.Finish(model.Pack(builder), b"TFL3")
    for file in (content, with_hash(bytes(builder.Output()))):
        with pytest.raises(CheckpointError, match="stopped"):
            TFLiteModel(file)
    assert received == [content, content]


def test_damaged_and_foreign_files_are_rejected(content: bytes) -> None:
    rng = np.random.default_rng(0)
    for place in rng.integers(len(content), size=12).tolist():
        damaged = bytearray(content)
        damaged[place] ^= 1 << int(rng.integers(8))
        is_refused(bytes(damaged))
    for length in (0, 1, 8, 100, len(content) // 2, len(content) - 1):
        is_refused(content[:length])
    is_refused(with_hash(content[: len(content) // 2]))
    foreign = resealed(content, b"namegen tflite", b"another format")
    for file in (content + b"\0", rng.bytes(50_000), b"TFL3" * 1000, foreign):
        is_refused(file)


def test_another_format_version_is_rejected(
    parts: Contents, monkeypatch: pytest.MonkeyPatch
) -> None:
    for version, advice in (
        (FORMAT_VERSION + 1, "update namegen"),
        (FORMAT_VERSION - 1, "export the model again"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(contents_module, "FORMAT_VERSION", version)
            other = to_bytes_of(parts)
        is_refused(other, advice)


def described(parts: Contents, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> bytes:
    """Write a file with changed values in its description."""

    def changed(description: object) -> dict[str, Any]:
        plain: dict[str, Any] = to_plain(description)
        plain["metadata"]["network"] |= changes.pop("network", {})
        plain["metadata"] |= changes.pop("metadata", {})
        return plain | changes

    monkeypatch.setattr(contents_module, "to_plain", changed)
    return to_bytes_of(parts)


@pytest.mark.parametrize(
    "changes",
    [
        {"network": {"hidden": [10**9, 10**9]}},
        {"network": {"cell": "lstm"}},
        {"network": {"architecture": "transformer"}},
        {"metadata": {"labels": [{"name": "a", "names": 1}]}},
        {"metadata": {"ngrams": bytes_to_text(bytes(8))}},
        {"quantize": "none"},
        {"half": ["rnn.0.kernel"]},
        {"more": 1},
    ],
)
def test_changed_descriptions_are_rejected(
    changes: dict[str, Any], parts: Contents, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_refused(described(parts, monkeypatch, **changes), "does not fit together")


@pytest.mark.parametrize(
    ("part", "value", "scale", "words"),
    [
        ("rnn.0.bias.0", np.nan, None, "weights are NaN or infinite"),
        ("rnn.0.kernel", -128, None, "out of range"),
        *(("rnn.0.recurrent_kernel", 0, scale, "out of range") for scale in (-1.0, np.nan, 1e-45)),
    ],
)
def test_unusable_weights_and_scales_are_rejected(parts, part, value, scale, words) -> None:
    """The rest of the file is valid."""
    values, scales = parts.weights[part].values.copy(), parts.weights[part].scales
    values.flat[3] = value
    if scale is not None:
        scales = scales.copy()
        scales[1] = scale
    forged = replace(parts, weights={**parts.weights, part: Weight(values, scales)})
    is_refused(to_bytes_of(forged), words)


def test_too_large_files_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (tmp_path / "large.tflite").open("wb") as stream:
        stream.truncate(2**31)  # a sparse file needs no disk space
    monkeypatch.setattr(Path, "read_bytes", lambda self: pytest.fail("it was read"))
    with pytest.raises(CheckpointError, match="larger than"):
        TFLiteModel.load(tmp_path / "large.tflite")
    with pytest.raises(CheckpointError, match="a pipe or a device"):
        TFLiteModel.load(os.devnull)
