"""Use the backend on the command line: train, resume, generate, evaluate and export."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from contextlib import chdir
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from namegen.cli import cli
from namegen.core.checkpoint.checkpoint import Checkpoint

NETWORK = ("--cell", "lstm", "--hidden", "8")
SMALL = ("japanese-given", "--backend", "torch", *NETWORK, "--no-plot", "--quiet")


def namegen(folder: Path, *arguments: object) -> str:
    """Run a command in this process, because torch loads slowly. Return its output."""
    command_line = [str(argument) for argument in arguments]
    with chdir(folder):
        result = CliRunner().invoke(cli, command_line, prog_name="namegen")
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run of three epochs."""
    folder = tmp_path_factory.mktemp("trained")
    namegen(folder, "train", *SMALL, "--epochs", 3, "--out", "whole")
    return folder


def test_a_resumed_run_equals_an_uninterrupted_one(folder: Path) -> None:
    rate = ("--lr-schedule", "constant", "--learning-rate", "0.01")
    namegen(folder, "train", *SMALL, *rate, "--epochs", 3, "--out", "at-once")
    namegen(folder, "train", *SMALL, *rate, "--epochs", 1, "--out", "resumed")
    namegen(folder, "train", "--resume", "resumed", "--epochs", 3, "--quiet")
    at_once = Checkpoint.load(folder / "at-once" / "model.safetensors")
    resumed = Checkpoint.load(folder / "resumed" / "model.safetensors")
    assert at_once.training["best_epoch"] == resumed.training["best_epoch"] == 3
    for name, values in at_once.parameters.items():
        np.testing.assert_array_equal(resumed.parameters[name], values)


def test_names_are_the_same_with_every_backend(folder: Path) -> None:
    generate = ("generate", "whole", "-n", 20, "--seed", 1, "--quiet", "--backend")
    names = namegen(folder, *generate, "torch")
    assert len(names.split()) >= 20
    assert namegen(folder, *generate, "numpy") == names


def test_it_is_evaluated(folder: Path) -> None:
    assert "nats" in namegen(folder, "evaluate", "whole", "japanese-given", "--backend", "torch")


@pytest.mark.parametrize(
    ("command", "library"), [("export-tflite", "tensorflow"), ("export-keras", "keras")]
)
def test_it_can_be_exported(folder: Path, command: str, library: str) -> None:
    if importlib.util.find_spec(library) is None:
        skip_or_fail = pytest.fail if os.environ.get("CI") else pytest.skip
        skip_or_fail(f"{library} is not installed")
    out = folder / f"model.{command.removeprefix('export-')}"
    # TensorFlow is loaded in another process.
    command_line = [sys.executable, "-m", "namegen", command, "whole", str(out)]
    subprocess.run(command_line, cwd=folder, check=True, capture_output=True, timeout=300)
    assert out.stat().st_size > 1_000
