"""The engine from the command line: train, resume, generate, evaluate, score."""

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

OPTIONS = (
    "--hidden",
    "16,16",
    "--options",
    "heads=2,context=6",
    "--learning-rate",
    "0.01",
)  # names are longer than 6
SMALL = ("japanese-given", "--backend", "transformer", *OPTIONS, "--no-plot", "--quiet")


def namegen(folder: Path, *arguments: object, code: int = 0) -> str:
    """What the command prints, or says where it must end with another code. In this process: torch loads slowly."""
    with chdir(folder):
        done = CliRunner().invoke(cli, [*map(str, arguments)], prog_name="namegen")
    assert done.exit_code == code, done.output
    return done.stderr if code else done.stdout


def load(path: Path) -> Checkpoint:
    return Checkpoint.load(
        path / "model.safetensors", architectures=lambda name, engine: Transformer
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a run of three epochs lies, and the same in two parts."""
    folder = tmp_path_factory.mktemp("trained")
    constant = ("--lr-schedule", "constant", "--layer-dropout", "0.1", "--output-dropout", "0.1")
    namegen(folder, "train", *SMALL, *constant, "--epochs", 3, "--out", "whole")
    namegen(folder, "train", *SMALL, *constant, "--epochs", 1, "--out", "resumed")
    namegen(folder, "train", "--resume", "resumed", "--epochs", 3, "--quiet")
    return folder


def test_a_training_that_goes_on_is_one_that_was_never_interrupted(folder: Path) -> None:
    whole, resumed = load(folder / "whole"), load(folder / "resumed")
    assert whole.network == Transformer(whole.vocabulary.size, (16, 16), heads=2, context=6)
    assert whole.training["best_epoch"] == resumed.training["best_epoch"] == 3
    for name, values in whole.parameters.items():
        np.testing.assert_array_equal(resumed.parameters[name], values)


@pytest.mark.parametrize(
    "backend", [(), ("--backend", "transformer")], ids=["found by itself", "asked for"]
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


def test_it_gives_the_likeliest_names(folder: Path) -> None:
    assert len(namegen(folder, "generate", "whole", "--most-likely", 5, "--quiet").split()) == 5


def test_it_is_evaluated_on_the_whole_list_as_its_training_found_its_parts(folder: Path) -> None:
    found = json.loads(namegen(folder, "evaluate", "whole", "japanese-given", "--json"))
    trained_on, held_out = (
        load(folder / "whole").training[part]["loss_nats_per_char"]
        for part in ("training", "validation")
    )
    assert min(trained_on, held_out) < found["loss_nats_per_char"] < max(trained_on, held_out)


def test_it_scores_names_longer_than_its_context(folder: Path) -> None:
    found = json.loads(namegen(folder, "score", "whole", "ゆきゆきゆきゆき", "--json"))
    assert len(found["scores"][0]["letters"]) == 9


def test_what_it_does_not_have_is_refused_in_a_sentence(folder: Path) -> None:
    for options, message in (
        (("--cell", "gru"), "--cell is gru, but the architecture transformer has none"),
        (
            ("--options", "layers=2"),
            "--options has 'layers', but the architecture transformer has only heads, context",
        ),
        (
            ("--recurrent-dropout", "0.1"),
            "--recurrent-dropout is 0.1, but this network has no such units",
        ),
    ):
        said = namegen(
            folder, "train", "japanese-given", "--backend", "transformer", *options, code=2
        )
        assert message in said
        assert said.count("\n") == 1
    said = namegen(
        folder, "train", "japanese-given", "--backend", "transformer", "--no-bptt", code=1
    )
    assert "--no-bptt has no effect" in said
