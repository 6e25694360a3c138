"""Test that LiteRT only receives files in the form that namegen writes. All other files are rejected earlier."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from namegen.backends.tflite import runtime
from namegen.backends.tflite.contents import contents_of, read_contents, to_bytes_of
from namegen.backends.tflite.graph import Weight
from namegen.backends.tflite.runtime import TFLiteModel
from namegen.backends.tflite.weights import LARGEST_SUM, TABLE, stays_finite
from namegen.core.checkpoint.checkpoint import Checkpoint
from namegen.core.checkpoint.metadata import Label, bytes_to_text
from namegen.core.checkpoint.ngram_set import NgramSet
from namegen.core.checkpoint.score_rule import ScoreRule
from namegen.core.checkpoint.tensor_file import to_json
from namegen.core.data.normalization import KnownSet
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.network.architecture import RecurrentNetwork
from namegen.errors import CheckpointError
from tests.harm.attack import attack
from tests.labelled import labelled_checkpoint
from tests.tflite.conftest import EACH, blanked, is_refused, resealed, sealed_again


@pytest.fixture(autouse=True)
def no_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    """Raise an error instead of starting LiteRT, which only happens after a file has been accepted."""

    def reached() -> None:
        raise AssertionError("the file has reached the runtime")

    monkeypatch.setattr(runtime, "find_interpreter", reached)


@pytest.fixture(scope="module")
def content() -> bytes:
    """Return a file with labels, hashes of names, and two layers, one of them quantized to 8 bits."""
    return to_bytes_of(contents_of(labelled_checkpoint("gru", (24, 6)), "int8"))


def test_an_intact_file_reaches_the_runtime(content: bytes) -> None:
    """This includes a file whose description was written again without changes."""
    for whole in (content, described(content)):
        with pytest.raises(AssertionError, match="has reached the runtime"):
            TFLiteModel(whole)


@pytest.mark.parametrize(("cell", "quantize"), EACH)
def test_contents_survive_writing_and_reading(cell: str, quantize: str) -> None:
    source = labelled_checkpoint(cell, (24, 6))
    half = ("rnn.0.kernel", "rnn.0.recurrent_kernel") if quantize == "float16" else ()
    before = contents_of(source, quantize, half)
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


def exact(cell: str) -> Checkpoint:
    """Create a checkpoint with two layers and two labels, whose numbers are the same on all machines."""
    rng, network = np.random.default_rng(0), RecurrentNetwork(9, cell, (40, 6), labels=2)
    parameters = {
        name: (rng.integers(-99, 99, shape) / 64).astype(np.float32)
        for name, shape in network.parameter_shapes.items()
    }
    vocabulary = Vocabulary("abcdefgh")
    tree = PrefixTree.from_names(["abc", "fed", "bag"], vocabulary, [9, 9, 10])
    made = Checkpoint(
        network=network,
        vocabulary=vocabulary,
        parameters=parameters,
        labels=(Label("a", 2), Label("b", 1)),
        shortest_name=2,
        longest_name=5,
        score_rules=(
            ScoreRule(-1.5, -2.25, 0.5, 0.125, 3.0),
            ScoreRule(-2.0, -2.5, 0.75, 0.0625, -1.0),
        ),
        ngrams=NgramSet.from_tree(tree, vocabulary, labels=2),
        words=KnownSet(np.array([1, 300, 700], np.uint64), shortened=True),
        training={"list": "exact", "names": 3},
        known_names=KnownSet(np.array([3, 2**40, 2**63], np.uint64)),
    )
    return replace(made, probe=np.arange(18, dtype=np.float32).reshape(2, 9) / 7)


@pytest.mark.parametrize(
    ("cell", "quantize", "expected"),
    [
        ("simple_rnn", "none", "28d40bd34e696ea2"),
        ("gru", "int8", "e8e3b578e2b2c2d3"),
        ("lstm", "float16", "fe61488de4ad1a05"),
    ],
)
def test_written_files_do_not_change_between_versions(
    cell: str, quantize: str, expected: str
) -> None:
    """Later versions of namegen have to open existing files. After an intended change, increase the format version."""
    half = ("rnn.0.recurrent_kernel",) if quantize == "float16" else ()
    written = to_bytes_of(contents_of(exact(cell), quantize, half))
    assert blake2b(written, digest_size=8).hexdigest() == expected


def test_changes_to_tables_and_operators_are_rejected(content: bytes) -> None:
    """Each case flips a random bit before the description and updates the checksum."""
    blank, (tables, _) = blanked(content), places(content)
    rng = np.random.default_rng(0)
    for place in rng.choice(tables, 12, replace=False):
        changed = bytearray(blank)
        changed[place] ^= 1 << int(rng.integers(8))
        is_refused(sealed_again(bytes(changed)), "does not fit together|not a .tflite of namegen")


def test_truncated_and_extended_files_are_rejected(content: bytes) -> None:
    blank = blanked(content)
    for length in np.random.default_rng(0).integers(places(content)[1], len(content), 12):
        is_refused(sealed_again(blank[:length]), "does not fit together: .* cut short")
    for more in (b"\0", bytes(16), bytes(4096)):
        is_refused(sealed_again(blank + more), "does not fit together")


def places(content: bytes) -> tuple[int, int]:
    """Return the start and end of the description."""
    start = content.index(b'{"checksum"')
    return start, start + int.from_bytes(content[start - 4 : start], "little")


def with_document(content: bytes, text: bytes) -> bytes:
    """Replace the description and update its length and the checksum."""
    start, end = places(content)
    return sealed_again(
        content[: start - 4] + len(text).to_bytes(4, "little") + text + content[end:]
    )


def described(content: bytes, **changes: Any) -> bytes:
    """Change some values of the file's description."""
    start, end = places(content)
    plain = json.loads(content[start:end]) | {"checksum": "0" * 64}
    plain["metadata"]["network"] |= changes.pop("network", {})
    plain["metadata"] |= changes.pop("metadata", {})
    return with_document(content, to_json(plain | changes).encode())


RULE = {
    "mean_level": 0.0,
    "mean_slope": -1.0,
    "spread_level": 1.0,
    "spread_slope": 0.0,
    "threshold": 1.0,
}


def ngrams_of(characters: str) -> bytes:
    """Return the n-grams of a list whose only name contains all characters of the vocabulary."""
    vocabulary = Vocabulary(characters)
    return NgramSet.from_tree(
        PrefixTree.from_names([characters], vocabulary), vocabulary
    ).to_bytes()


class TestDescription:
    @pytest.mark.parametrize(
        "changes",
        [
            {"network": {"hidden": [24, 7]}},
            {"network": {"hidden": [10**9, 10**9]}},
            {"network": {"hidden": [1] * 5000}},
            {"network": {"vocabulary_size": 2**62}},
            {"network": {"labels": 3}},
            {"network": {"cell": "lstm"}},
            {"network": {"architecture": "transformer"}},
            {"metadata": {"labels": [{"name": "a", "names": 10**400}, {"name": "b", "names": 1}]}},
            {"metadata": {"labels": [{"name": "a", "names": 1}] * 20_000}},
            {"metadata": {"vocabulary": "abc"}},
            {"metadata": {"shortest_name": 0}},
            {"metadata": {"shortest_name": 10**6}},
            {"metadata": {"score_rules": [RULE] * 3}},
            {"metadata": {"score_rules": [RULE | {"threshold": "high"}]}},
            {"metadata": {"score_rules": [{"threshold": 0.0}]}},
            {"metadata": {"ngrams": "no base 85"}},
            {"metadata": {"ngrams": bytes_to_text(bytes(8))}},
            {"metadata": {"ngrams": bytes_to_text(ngrams_of("ab"))}},
            {"metadata": {"ngrams": bytes_to_text(ngrams_of("ab")[:-1])}},
            {"metadata": {"words": bytes_to_text(b"\xff" * 9)}},
            {"quantize": "none"},
            {"half": ["rnn.0.kernel"]},
            {"half": "rnn.0.kernel"},
            {"more": 1},
        ],
    )
    def test_changed_values_are_rejected(self, changes: dict[str, Any], content: bytes) -> None:
        is_refused(described(content, **changes), "does not fit together")

    @pytest.mark.parametrize(
        "tail", [b"]" * 100, b'"a":' + b'{"a":' * 100_000, b'"a":' + b"9" * 100_000, b'"a":NaN}']
    )
    def test_invalid_json_is_rejected(self, tail: bytes, content: bytes) -> None:
        start, _ = places(content)
        head = blanked(content)[start : content.index(b',"half"', start) + 1]
        is_refused(with_document(content, head + tail), "does not fit together")

    def test_a_wrong_length_is_rejected(self, content: bytes) -> None:
        start, end = places(content)
        for length in (0, 1, end - start - 1, end - start + 1, len(content), 2**31, 2**32 - 1):
            forged = (
                blanked(content)[: start - 4]
                + length.to_bytes(4, "little")
                + blanked(content)[start:]
            )
            is_refused(sealed_again(forged), "does not fit together")

    def test_a_description_at_the_start_of_the_file_is_rejected(self, content: bytes) -> None:
        start, end = places(content)
        for before in (b"", b"\0\0", (end - start).to_bytes(4, "little")):
            is_refused(sealed_again(before + blanked(content)[start:]), "does not fit together")


@pytest.mark.parametrize(
    ("part", "value", "scale", "words"),
    [
        ("rnn.0.bias.0", np.nan, None, "weights are NaN, infinite or so large"),
        ("output.bias", np.inf, None, "weights are NaN, infinite or so large"),
        ("output.kernel", 1e38, None, "weights are NaN, infinite or so large"),
        ("rnn.0.kernel", -128, None, "out of range"),
        *(
            ("rnn.0.recurrent_kernel", 0, scale, "not numbers above 0")
            for scale in (0.0, -1.0, np.nan, np.inf, 1e-45)
        ),
    ],
)
def test_unusable_weights_and_scales_are_rejected(part, value, scale, words) -> None:
    """The rest of the file is valid."""
    parts = contents_of(labelled_checkpoint("gru", (24, 6)), "int8")
    values, scales = parts.weights[part].values.copy(), parts.weights[part].scales
    values.flat[3] = value
    if scale is not None:
        scales = scales.copy()
        scales[1] = scale
    forged = replace(parts, weights={**parts.weights, part: Weight(values, scales)})
    is_refused(to_bytes_of(forged), words)


@pytest.mark.parametrize("name", [TABLE, "rnn.0.recurrent_kernel"])
@pytest.mark.parametrize("quantized", [False, True])
def test_the_limit_applies_to_the_largest_row_sum(name, quantized) -> None:
    """Weights just below the limit are accepted, and weights just above it aren't."""
    rng = np.random.default_rng(5)
    values = rng.integers(-127, 128, (9, 5)).astype(np.int8 if quantized else np.float32)
    scales = rng.uniform(0.5, 2, 1 if name == TABLE else 9).astype(np.float32)
    plain = np.abs(values.astype(np.float64)) * (scales[:, None] if quantized else 1)
    largest = plain.max() if name == TABLE else plain.sum(axis=1).max()
    for factor, fits in ((0.999, True), (1.001, False)):
        by = np.float32(factor * LARGEST_SUM / largest)
        weight = Weight(values, scales * by) if quantized else Weight(values * by)
        assert stays_finite({name: weight}) == fits


def test_checking_int8_weights_makes_no_large_copy() -> None:
    """A copy in double precision would take eight times as much memory."""
    weight = Weight(np.ones((4_000, 10_000), np.int8), np.full(4_000, 0.01, np.float32))

    def call(_: object) -> None:
        assert stays_finite({"rnn.0.recurrent_kernel": weight})

    assert attack(call, [0], memory=100 * 2**20).returned


def test_a_changed_vocabulary_is_rejected(content: bytes) -> None:
    points = labelled_checkpoint().vocabulary.code_points
    entry = points.tobytes()
    assert content.count(entry) == 1
    for place, value in ((0, 0), (1, -5), (1, 0x110000), (1, 2**31 - 1), (2, points[1])):
        changed = points.copy()
        changed[place] = value
        is_refused(resealed(content, entry, changed.tobytes()), "does not fit together")


def test_too_large_files_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (tmp_path / "large.tflite").open("wb") as stream:
        stream.truncate(2**31)  # a sparse file needs no disk space
    monkeypatch.setattr(Path, "read_bytes", lambda self: pytest.fail("it was read"))
    with pytest.raises(CheckpointError, match="larger than"):
        TFLiteModel.load(tmp_path / "large.tflite")
    with pytest.raises(CheckpointError, match="a pipe or a device"):
        TFLiteModel.load(os.devnull)


@pytest.mark.parametrize("path", ["a\0b.tflite", "x" * 5000 + ".tflite", "no/such.tflite"])
def test_an_invalid_path_gives_a_short_error(path: str) -> None:
    with pytest.raises(CheckpointError, match="cannot read") as caught:
        TFLiteModel.load(path)
    assert len(str(caught.value)) < 400
