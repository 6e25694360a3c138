"""A model that a third party's engine trained is read by what computes the same, or refused in one sentence."""

from __future__ import annotations

import importlib.metadata
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from namegen import api, backends
from namegen.backends import ENTRY_POINT_GROUP
from namegen.cli import cli
from namegen.config import Config, merge
from namegen.core.network.checkpoint import Checkpoint
from namegen.core.settings import DROPS
from namegen.core.training import MODEL_FILE
from namegen.errors import CheckpointError, EngineError, OutputError
from namegen.lists import load_bundled
from tests.requirements import require

NAMES = ["Al", "Ali", "Alma", "Bo", "Bob", "Lil", "Lila", "Lilo", "Mo", "Ob", "Omar", "Amal"] * 3
ENGINES = {"mingru": "MinGRUEngine", "honest": "HonestEngine"}
SHORT = {"training.epochs": 2, "network.cell": "gru", "network.hidden": (6,), "training.learning_rate": 0.05}

Runs = Callable[[str], Path]


@pytest.fixture
def _installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    points = [
        importlib.metadata.EntryPoint(name, f"tests.min_gru_engine:{attribute}", ENTRY_POINT_GROUP)
        for name, attribute in ENGINES.items()
    ]
    monkeypatch.setattr(backends, "entry_points", lambda group: [point for point in points if point.group == group])
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def run(_installed: None, tmp_path: Path) -> Runs:
    def trained(engine: str) -> Path:
        api.train(NAMES, config=merge(Config(), {**SHORT, "run.backend": engine}), out="run")
        Path("list.txt").write_text("\n".join(NAMES), encoding="utf-8")
        return Path("run")

    return trained


def namegen(*arguments: str) -> Result:
    return CliRunner().invoke(cli, list(arguments))


@pytest.mark.parametrize(
    "arguments",
    [
        ["generate", "run"],
        ["generate", "run/model.safetensors", "--best", "3"],
        ["generate", "run", "--backend", "numpy"],
        ["evaluate", "run", "list.txt"],
        ["score", "run", "Alma"],
        ["export-web", "run", "--out", "names.html"],
        ["export-tflite", "run"],
        ["export-keras", "run"],
        ["train", "--resume", "run", "--backend", "numpy"],
    ],
    ids=" ".join,
)
def test_another_arithmetic_under_a_known_name(run: Runs, arguments: list[str]) -> None:
    """The story that this is for: such a model was read as a GRU, and gave wrong names without a word."""
    if arguments[0] in ("export-tflite", "export-keras"):
        require("keras")
        require("tensorflow")
    before = sorted(run("mingru").iterdir())
    done = namegen(*arguments)
    assert done.exit_code == 1, done.output
    (sentence,) = done.stderr.splitlines()[-1:]
    assert "was trained by the engine 'mingru', and the engine 'numpy' computes other values for it" in sentence
    assert done.stdout == ""
    assert sorted(Path("run").iterdir()) == before
    assert not Path("names.html").exists()


def test_its_own_engine_reads_it(run: Runs) -> None:
    run("mingru")
    done = namegen("generate", "run", "--backend", "mingru", "-n", "3", "--allow-seen", "--seed", "1")
    assert (done.exit_code, len(done.stdout.splitlines())) == (0, 3), done.output


def test_an_engine_that_has_changed_since(run: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own files are no longer its own: the engine computes something else than it did."""
    from namegen.backends.numpy_engine.cells import GRU
    from tests.min_gru_engine import MinGRU

    run("mingru")
    monkeypatch.setattr(MinGRU, "forward", GRU.forward)
    with pytest.raises(CheckpointError, match="'mingru' trained run, and now computes other values for it"):
        api.load("run", backend="mingru")


def test_an_architecture_of_its_own_finds_its_engine(run: Runs) -> None:
    """Nobody has to say which engine reads it."""
    run("honest")
    model = api.load("run")
    assert model.checkpoint is not None
    assert (model.model.name, model.checkpoint.network.architecture) == ("honest", "mingru")
    for arguments in (["generate", "run", "-n", "3", "--allow-seen"], ["evaluate", "run", "list.txt"]):
        assert namegen(*arguments).exit_code == 0
    done = namegen("train", "--resume", "run", "--backend", "honest", "--quiet")
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["generate", "run", "--backend", "numpy"], "the engine numpy does not know the architecture 'mingru' of run"),
        (
            ["train", "--resume", "run", "--backend", "numpy"],
            "the engine numpy does not train the architecture 'mingru'",
        ),
        (["export-web", "run", "--out", "names.html"], "a page cannot hold the architecture 'mingru': expected rnn"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_an_engine_or_a_form_that_does_not_know_the_architecture(
    run: Runs, arguments: list[str], expected: str
) -> None:
    run("honest")
    done = namegen(*arguments)
    assert done.exit_code == 1
    assert expected in done.stderr.splitlines()[-1]


def test_no_other_form_holds_it(run: Runs) -> None:
    from namegen.backends.tflite.export import export_tflite

    checkpoint = api.read_checkpoint(run("honest") / MODEL_FILE)
    with pytest.raises(OutputError, match=r"a \.tflite cannot hold the architecture 'mingru': expected rnn"):
        export_tflite(checkpoint, Path("model.tflite"))


def test_an_architecture_that_nobody_has(run: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    run("honest")
    monkeypatch.setattr(backends, "entry_points", lambda group: [])
    for arguments in (
        ["generate", "run"],
        ["evaluate", "run", "list.txt"],
        ["score", "run", "Al"],
        ["export-keras", "run"],
    ):
        done = namegen(*arguments)
        assert done.exit_code == 1
        assert "a network of the architecture 'mingru', trained by the engine 'honest'" in done.stderr.splitlines()[-1]
        assert "install the package of that engine" in done.stderr
    with pytest.raises(EngineError, match="there is no engine 'honest'"):
        api.resume("run")


@pytest.mark.parametrize("backend", ["numpy", None])
def test_a_probe_that_does_not_fit(run: Runs, backend: str | None) -> None:
    """By more than a thousandth of the largest logit; less is rounding."""
    from dataclasses import replace

    api.train(NAMES, config=merge(Config(), {**SHORT, "run.backend": "numpy"}), out="sound")
    sound = Checkpoint.load(Path("sound") / MODEL_FILE)
    assert sound.probe is not None
    largest = max(1.0, float(np.abs(sound.probe).max()))
    for share, fits in ((5e-4, True), (2e-3, False)):
        probe = sound.probe.copy()
        probe[1, 2] += share * largest
        replace(sound, probe=probe).save(Path("other.safetensors"))
        if fits:
            api.load("other.safetensors", backend=backend)
        else:
            with pytest.raises(CheckpointError, match="computes other values"):
                api.load("other.safetensors", backend=backend)


@pytest.mark.parametrize("method", ["__init__", "set_state", "step"])
def test_an_engine_that_breaks_down_as_it_reads(run: Runs, monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    from tests.min_gru_engine import MinGRUEngine

    def broken(*_: object, **__: object) -> None:
        raise KeyError("weights")

    run("mingru")
    monkeypatch.setattr(MinGRUEngine, method, broken)
    done = namegen("generate", "run", "--backend", "mingru")
    assert done.exit_code == 1
    said = "the engine mingru failed while reading run with KeyError ('weights'): report it to those who make the "
    assert done.stderr.splitlines()[-1].endswith(said + "engine")
    done = namegen("train", "list.txt", "--backend", "mingru", "--cell", "gru", "--epochs", "1", "--out", "other")
    assert done.exit_code == 1
    assert "the engine mingru failed" in done.stderr.splitlines()[-1]


def test_an_engine_that_is_there_and_broken_is_told_by_its_own_trouble(
    run: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("honest")
    gone = importlib.metadata.EntryPoint("honest", "tests.min_gru_engine:NoSuchClass", ENTRY_POINT_GROUP)
    monkeypatch.setattr(backends, "entry_points", lambda group: [gone])
    done = namegen("generate", "run")
    assert done.exit_code == 1
    assert "NoSuchClass" in done.stderr.splitlines()[-1]
    assert "install the package" not in done.stderr


def test_nothing_to_drop(run: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.min_gru_engine import MinGRUNetwork

    run("honest")
    monkeypatch.setattr(MinGRUNetwork, "mask_shapes", {drop: {} for drop in DROPS})
    done = namegen("train", "list.txt", "--backend", "honest", "--drop-between", "0.2", "--out", "other")
    assert done.exit_code == 2
    assert "--drop-between is 0.2, and the architecture mingru has nothing that can be dropped" in done.stderr


@pytest.mark.usefixtures("_installed")
def test_a_network_of_another_architecture_teaches_one_of_ours_and_is_taught(tmp_path: Path) -> None:
    names = list(dict.fromkeys(load_bundled("mlb-first").names))[:150]
    short = {"training.effort": "quick", "training.epochs": 2, "network.hidden": (6,), "network.cell": "gru"}
    api.train(names, config=merge(Config(), {**short, "run.backend": "honest"}), out=tmp_path / "honest")
    taught_by = {"teaching.teachers": (str(tmp_path / "honest"), "counting"), "teaching.drawn": 200}
    ours = api.train(names, config=merge(Config(), {**short, **taught_by}))
    assert (ours.finished, ours.checkpoint.network.architecture) == (True, "rnn")
    theirs = api.train(names, config=merge(Config(), {**short, **taught_by, "run.backend": "honest"}))
    assert (theirs.finished, theirs.checkpoint.network.architecture) == (True, "mingru")
    losses = [result.validation.loss_nats_per_char for result in (ours, theirs) if result.validation is not None]
    assert max(losses) < math.log(ours.checkpoint.vocabulary.size)
