"""The engine from the command line: train, resume, generate, evaluate, export."""

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

SMALL = (
    "japanese-given",
    "--backend",
    "torch",
    "--cell",
    "lstm",
    "--hidden",
    "8",
    "--no-plot",
    "--quiet",
)


def namegen(folder: Path, *arguments: object) -> str:
    """What the command prints in this process, as torch loads slowly. It must end well."""
    with chdir(folder):
        done = CliRunner().invoke(cli, [*map(str, arguments)], prog_name="namegen")
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a run of three epochs lies."""
    folder = tmp_path_factory.mktemp("trained")
    namegen(folder, "train", *SMALL, "--epochs", 3, "--out", "whole")
    return folder


def test_a_training_that_goes_on_is_one_that_was_never_interrupted(folder: Path) -> None:
    rate = ("--lr-schedule", "constant", "--learning-rate", "0.01")
    namegen(folder, "train", *SMALL, *rate, "--epochs", 3, "--out", "at-once")
    namegen(folder, "train", *SMALL, *rate, "--epochs", 1, "--out", "resumed")
    namegen(folder, "train", "--resume", "resumed", "--epochs", 3, "--quiet")
    at_once, resumed = (
        Checkpoint.load(folder / name / "model.safetensors") for name in ("at-once", "resumed")
    )
    assert at_once.training["best_epoch"] == resumed.training["best_epoch"] == 3
    for name, values in at_once.parameters.items():
        np.testing.assert_array_equal(resumed.parameters[name], values)


def test_names_are_the_same_by_every_engine(folder: Path) -> None:
    drawn = [
        namegen(folder, "generate", "whole", "--backend", backend, "-n", 20, "--seed", 1, "--quiet")
        for backend in ("torch", "numpy")
    ]
    assert len(drawn[0].split()) >= 20
    assert drawn[0] == drawn[1]


def test_it_is_evaluated(folder: Path) -> None:
    assert "nats" in namegen(folder, "evaluate", "whole", "japanese-given", "--backend", "torch")


@pytest.mark.parametrize(
    ("command", "library"), [("export-tflite", "tensorflow"), ("export-keras", "keras")]
)
def test_it_is_exported_where_the_library_is(folder: Path, command: str, library: str) -> None:
    if importlib.util.find_spec(library) is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{library} is not installed")
    out = folder / f"model.{command.removeprefix('export-')}"
    command_line = [
        sys.executable,
        "-m",
        "namegen",
        command,
        "whole",
        str(out),
    ]  # TensorFlow gets a process of its own
    subprocess.run(command_line, cwd=folder, check=True, capture_output=True, timeout=300)
    assert out.stat().st_size > 1_000
