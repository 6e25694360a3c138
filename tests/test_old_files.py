"""Files of format version 1 still open, and give what they gave: ``samples/version-1`` was written by namegen 1."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from namegen import api
from namegen.core.network.checkpoint import Checkpoint
from namegen.core.network.recurrent_network import RecurrentNetwork
from namegen.core.training.run_folder import RunFolder
from namegen.errors import CheckpointError
from tests.requirements import require

SAMPLES = Path(__file__).parent / "samples" / "version-1"
NAMES = ["oinRoaaris", "BbbVa", "LAb", "Raranla"]


def test_a_model() -> None:
    """Names drawn from it are those that were drawn when it was written."""
    checkpoint = Checkpoint.load(SAMPLES / "run" / "model.safetensors")
    assert checkpoint.network == RecurrentNetwork(checkpoint.vocabulary.size, "gru", (6,))
    assert (checkpoint.engine, checkpoint.probe, checkpoint.labels) == ("numpy", None, ())
    assert api.load(SAMPLES / "run").generate(4, seed=3, allow_seen=True) == NAMES


def test_it_is_written_again_as_version_2(tmp_path: Path) -> None:
    old = Checkpoint.load(SAMPLES / "run" / "model.safetensors")
    old.save(tmp_path / "model.safetensors")
    assert b'\\"format_version\\":2' in (tmp_path / "model.safetensors").read_bytes()
    new = Checkpoint.load(tmp_path / "model.safetensors")
    assert (new.network, new.training) == (old.network, old.training)
    np.testing.assert_array_equal(new.parameters["output.bias"], old.parameters["output.bias"])


def test_a_run_goes_on(tmp_path: Path) -> None:
    """Its fourth epoch ends where it ended in namegen 1, and the probe stands in what is saved now."""
    shutil.copytree(SAMPLES / "run", tmp_path / "run")
    assert RunFolder(tmp_path / "run").load_state().probe is None
    result = api.resume(tmp_path / "run", epochs=4)
    assert [record.epoch for record in result.history] == [1, 2, 3, 4]
    assert api.load(tmp_path / "run").generate(4, seed=3, allow_seen=True) == ["Lala", "Vola", "J", "LLalab"]
    assert RunFolder(tmp_path / "run").load_state().probe is not None
    assert result.checkpoint.probe is not None


def test_a_tflite() -> None:
    """One that TensorFlow's converter wrote is refused, and still runs in the plain runtime."""
    require("ai_edge_litert")
    from ai_edge_litert.interpreter import Interpreter

    with pytest.raises(CheckpointError, match=r"older namegen \(format version 1\).*export the model again"):
        api.load(SAMPLES / "model.tflite")
    vocabulary = Interpreter(str(SAMPLES / "model.tflite")).get_signature_runner("vocabulary")()
    assert vocabulary["code_points"][0] == -1


@pytest.mark.parametrize("file", ["run/model.safetensors", "run/state.safetensors", "model.tflite"])
def test_the_samples_are_of_version_1(file: str) -> None:
    content = (SAMPLES / file).read_bytes()
    assert b'format_version":1' in content.replace(b"\\", b"")
