"""Use the backend on the command line: train, resume, generate, evaluate and score."""

from __future__ import annotations

import json
from contextlib import chdir
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from namegen_transformer.architecture import Transformer

from namegen.cli import cli
from namegen.core.checkpoint.checkpoint import Checkpoint

# Some names are longer than this context.
OPTIONS = ("--hidden", "16,16", "--options", "heads=2,context=6", "--learning-rate", "0.01")
SMALL = ("japanese-given", "--backend", "transformer", *OPTIONS, "--no-plot", "--quiet")


def namegen(folder: Path, *arguments: object, code: int = 0) -> str:
    """Run a command in this process, because torch loads slowly.

    Return its output, or its error message if the expected exit code isn't 0.
    """
    command_line = [str(argument) for argument in arguments]
    with chdir(folder):
        result = CliRunner().invoke(cli, command_line, prog_name="namegen")
    assert result.exit_code == code, result.output
    return result.stderr if code else result.stdout


def load(path: Path) -> Checkpoint:
    return Checkpoint.load(
        path / "model.safetensors", architectures=lambda name, engine: Transformer
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run of three epochs, and with the same run interrupted after the first epoch."""
    folder = tmp_path_factory.mktemp("trained")
    constant = ("--lr-schedule", "constant", "--layer-dropout", "0.1", "--output-dropout", "0.1")
    namegen(folder, "train", *SMALL, *constant, "--epochs", 3, "--out", "whole")
    namegen(folder, "train", *SMALL, *constant, "--epochs", 1, "--out", "resumed")
    namegen(folder, "train", "--resume", "resumed", "--epochs", 3, "--quiet")
    return folder


def test_a_resumed_run_equals_an_uninterrupted_one(folder: Path) -> None:
    whole = load(folder / "whole")
    resumed = load(folder / "resumed")
    assert whole.network == Transformer(whole.vocabulary.size, (16, 16), heads=2, context=6)
    assert whole.training["best_epoch"] == resumed.training["best_epoch"] == 3
    for name, values in whole.parameters.items():
        np.testing.assert_array_equal(resumed.parameters[name], values)


@pytest.mark.parametrize(
    "backend", [(), ("--backend", "transformer")], ids=["from the model", "as an option"]
)
def test_it_generates(folder: Path, backend: tuple[str, ...]) -> None:
    names = namegen(folder, "generate", "whole", *backend, "-n", 30, "--seed", 1, "--quiet").split()
    assert len(set(names)) == 30


def test_it_generates_names_longer_than_its_context(folder: Path) -> None:
    lengths = ("--min-length", 8, "--max-length", 20)
    names = namegen(
        folder, "generate", "whole", "-n", 3, *lengths, "--temperature", 1, "--seed", 1
    ).split()
    assert names
    assert all(8 <= len(name) <= 20 for name in names)


def test_it_returns_the_most_likely_names(folder: Path) -> None:
    assert len(namegen(folder, "generate", "whole", "--most-likely", 5, "--quiet").split()) == 5


def test_the_loss_of_the_list_is_between_the_losses_of_its_sets(folder: Path) -> None:
    results = json.loads(namegen(folder, "evaluate", "whole", "japanese-given", "--json"))
    training = load(folder / "whole").training
    losses = [training[name]["loss_nats_per_char"] for name in ("training", "validation")]
    assert min(losses) < results["loss_nats_per_char"] < max(losses)


def test_it_scores_names_longer_than_its_context(folder: Path) -> None:
    results = json.loads(namegen(folder, "score", "whole", "ゆきゆきゆきゆき", "--json"))
    assert len(results["scores"][0]["letters"]) == 9


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--cell", "gru"), "--cell is gru, but the architecture transformer has none"),
        (
            ("--options", "layers=2"),
            "--options has 'layers', but the architecture transformer has only heads, context",
        ),
        (
            ("--recurrent-dropout", "0.1"),
            "--recurrent-dropout is 0.1, but this network has no such units",
        ),
    ],
)
def test_unknown_settings_are_rejected_in_one_sentence(
    tmp_path: Path, options: tuple[str, ...], message: str
) -> None:
    train = ("train", "japanese-given", "--backend", "transformer")
    error = namegen(tmp_path, *train, *options, code=2)
    assert message in error
    assert error.count("\n") == 1


def test_training_without_bptt_is_rejected(tmp_path: Path) -> None:
    train = ("train", "japanese-given", "--backend", "transformer", "--no-bptt")
    assert "--no-bptt has no effect" in namegen(tmp_path, *train, code=1)
