"""Check that checkpoints are saved and loaded, and that damaged files are detected."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError, fields
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from namegen.core.checkpoint.checkpoint import Checkpoint
from namegen.core.checkpoint.metadata import Label
from namegen.core.checkpoint.tensor_file import read_tensors, write_tensors
from namegen.core.data.normalization import known_set
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.network.architecture import RecurrentNetwork
from namegen.errors import CheckpointError

# JSON can encode \x1f as either \u001f or \u001F.
NAMES = ["Zoë", "Al", "<script>", '"quoted"', "😀", "\u05d0\u05d1", "\x1f"]


@pytest.fixture
def checkpoint() -> Checkpoint:
    vocabulary = Vocabulary.from_names(NAMES)
    network = RecurrentNetwork(vocabulary.size, "gru", (2,))
    values = network.initial_parameters("glorot", rng=np.random.default_rng(0))
    return Checkpoint(
        network=network,
        vocabulary=vocabulary,
        parameters={name: value.astype(np.float32) for name, value in values.items()},
        longest_name=8,
        training={"list": "names", "validation": None},
        score_quantiles=np.linspace(-30, -3, 101),
        known_names=known_set(NAMES),
    )


def test_loaded_parameters_are_identical_and_checkpoints_are_immutable(
    checkpoint: Checkpoint, tmp_path: Path
) -> None:
    path = tmp_path / "model.safetensors"
    checkpoint.save(path)
    back = Checkpoint.load(path)
    assert list(back.parameters) == list(checkpoint.parameters)
    for name, values in checkpoint.parameters.items():
        np.testing.assert_array_equal(back.parameters[name], values)
    for frozen in (back, Label("Finnish", 3)):
        for name in [field.name for field in fields(frozen)]:
            with pytest.raises(FrozenInstanceError):
                setattr(frozen, name, None)


def test_changed_truncated_and_extended_files_are_detected(
    checkpoint: Checkpoint, tmp_path: Path
) -> None:
    """Some changed bytes mean the same, such as another space in the header."""
    path = tmp_path / "model.safetensors"
    checkpoint.save(path)
    sound = path.read_bytes()
    for place in range(0, len(sound), 7):
        path.write_bytes(sound[:place])
        with pytest.raises(CheckpointError):
            Checkpoint.load(path)
        path.write_bytes(sound[:place] + bytes([sound[place] ^ 0x20]) + sound[place + 1 :])
        try:
            back = Checkpoint.load(path)
        except CheckpointError:
            continue
        assert back.to_plain() == checkpoint.to_plain()
    path.write_bytes(sound + b"\0")
    with pytest.raises(CheckpointError):
        Checkpoint.load(path)


@pytest.mark.parametrize(
    ("version", "message"),
    [
        *(
            (number, f"format version {number}, but .*: create the file again$")
            for number in (9, 0)
        ),
        (11, "format version 11, but .*: update namegen$"),
        *((invalid, "is damaged") for invalid in (None, True, 2.0, "2")),  # not integers
    ],
)
def test_another_format_version_is_rejected_with_advice(
    tmp_path: Path, version: object, message: str
) -> None:
    path = tmp_path / "file.safetensors"
    write_tensors(path, {"a": np.ones(2)}, {"b": 3, "format_version": version})
    with pytest.raises(CheckpointError, match=message):
        read_tensors(path)


def test_parameters_with_the_wrong_shape_are_rejected(
    checkpoint: Checkpoint, tmp_path: Path
) -> None:
    parameters = dict(checkpoint.parameters) | {"output.bias": np.zeros(3, np.float32)}
    path = tmp_path / "model.safetensors"
    Checkpoint(
        network=checkpoint.network, vocabulary=checkpoint.vocabulary, parameters=parameters
    ).save(path)
    with pytest.raises(CheckpointError, match=r"output\.bias has the shape \(3,\)"):
        Checkpoint.load(path)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), VALUES, max_size=4),
    st.integers(0, 5),
)
def test_any_document_is_read_back_unchanged(tmp_path_factory, document: dict, size: int) -> None:
    reserved = {"format_version", "checksum"}
    try:
        json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return  # half a character can't be encoded as UTF-8, and names can't contain it
    document = {key: value for key, value in document.items() if key not in reserved}
    path = tmp_path_factory.mktemp("any") / "file.safetensors"
    tensors = {
        "a": np.arange(size, dtype=np.float32),
        "b": np.array(size, np.int64),
        "c": np.ones((2, size)),
    }
    write_tensors(path, tensors, document)
    back, read = read_tensors(path)
    assert read == document
    for name, values in tensors.items():
        np.testing.assert_array_equal(back[name], values)
        assert back[name].dtype == values.dtype
