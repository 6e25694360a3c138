"""Check backends from other packages. Only a backend that computes the same values can read their models."""

from __future__ import annotations

import importlib.metadata
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from namegen import api
from namegen.backends import ENTRY_POINT_GROUP
from namegen.backends.numpy_engine.cells import GRU
from namegen.backends.tflite.export import export_tflite
from namegen.core.settings import DROPOUT_SETTINGS, Config
from namegen.errors import CheckpointError, EngineError, OutputError
from namegen.settings_toml import merge
from tests.cli.conftest import ENVIRONMENT, Program, Run, invoke
from tests.conformance.test_registry import distribute
from tests.min_gru_engine import MinGRU, MinGRUEngine, MinGRUNetwork

# A NumPy backend that fails during its third epoch, as long as there's a file called "breaks" in its folder.
BREAKING = """
import pathlib
from namegen.backends.numpy_engine.engine import NumpyEngine
class Breaking(NumpyEngine):
    name = "breaking"
    epochs = 0
    def train_epoch(self, steps):
        self.epochs += 1
        if self.epochs == 3 and (pathlib.Path(__file__).parent / "breaks").exists():
            next(iter(steps))
            raise RuntimeError("the device is gone\\nand more")
        return super().train_epoch(steps)
"""
SAVED_ALWAYS = "import namegen.core.training.trainer as run; run.SECONDS_BETWEEN_SAVES = 0"
NAMES = ["Al", "Ali", "Alma", "Bo", "Bob", "Lil", "Lila", "Lilo", "Mo", "Ob", "Omar", "Amal"] * 3
ENGINES = {"mingru": "MinGRUEngine", "honest": "HonestEngine"}
SHORT = {
    "training.epochs": 2,
    "network.cell": "gru",
    "network.hidden": (6,),
    "training.learning_rate": 0.05,
}
Runs = Callable[[str], Path]


# --- backends that fail -----------------------------------------------------------------------------------------------


@pytest.fixture
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a package that registers two backends."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "breaking.py").write_text(BREAKING)
    (folder / "breaks").touch()
    distribute(folder, "breaking-names", "breaking = breaking:Breaking")
    return folder


def run_with(program: Program, site: Path, *arguments: object, before: str = "") -> Run:
    """Run the program in a new interpreter that finds the packages in ``site``."""
    path = os.pathsep.join(filter(None, (str(site), os.environ.get("PYTHONPATH"))))
    process = program.spawn(*arguments, before=before, env={**ENVIRONMENT, "PYTHONPATH": path})
    out, err = process.communicate(timeout=120)
    return Run(process.returncode, out, err)


def test_a_run_can_be_resumed_after_its_backend_fails(
    program: Program, some_names: str, site: Path
) -> None:
    program.write("names.txt", some_names)
    wanted = ("names.txt", "--epochs", 5, "--no-plot", "--quick")
    run = run_with(
        program,
        site,
        "train",
        *wanted,
        "--out",
        "run",
        "--backend",
        "breaking",
        before=SAVED_ALWAYS,
    )
    run.refused(
        "breaking failed in epoch 3 with RuntimeError (the device is gone) in ",
        ".py, line ",
        ", so training",
    )
    program("generate", "run", "-n", 3).done()
    (site / "breaks").unlink()
    resumed = run_with(program, site, "train", "--resume", "run", "--json").done().json
    assert (resumed["epochs"], resumed["backend"]) == (5, "breaking")
    whole = program("train", *wanted, "--out", "whole", "--json").done().json
    assert resumed["training"] == whole["training"]  # as if the backend had never failed


def test_help_lists_registered_backends_without_importing_them(
    program: Program, site: Path
) -> None:
    (site / "breaking.py").write_text("raise SystemExit('imported')")
    for command in ("train", "compare-backends"):
        run = run_with(program, site, command, "--help").done()
        assert "numpy, keras, breaking" in " ".join(run.out.split()), command


def test_an_unknown_backend_is_rejected(tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = invoke("compare-backends", "mlb-first", "--backends", "kears", "--out", str(out))
    assert result.exit_code == 2
    assert "no backend 'kears' to compare: choose from numpy, keras, tflite" in result.stderr
    assert not out.exists()


# --- backends that compute different values ---------------------------------------------------------------------------


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Runs:
    """Register the backends in ``ENGINES``, and return a function that trains a run with a backend."""
    points = [
        importlib.metadata.EntryPoint(name, f"tests.min_gru_engine:{attribute}", ENTRY_POINT_GROUP)
        for name, attribute in ENGINES.items()
    ]
    monkeypatch.setattr(
        importlib.metadata,
        "entry_points",
        lambda group: [point for point in points if point.group == group],
    )
    monkeypatch.chdir(tmp_path)
    Path("list.txt").write_text("\n".join(NAMES), encoding="utf-8")

    def trained(engine: str) -> Path:
        api.train(NAMES, config=merge(Config(), {**SHORT, "run.backend": engine}), out="run")
        return Path("run")

    return trained


def sentence(line: str, code: int = 1) -> str:
    """Run a command that fails, and return the last line of its error message."""
    done = invoke(*line.split())
    assert (done.exit_code, done.stdout) == (code, ""), done.output
    return done.stderr.splitlines()[-1]


def test_a_model_that_computes_different_values_is_rejected(run: Runs) -> None:
    """Without this check, such a model was read as a GRU and gave wrong names without a warning."""
    before = sorted(run("mingru").iterdir())
    readers = [
        "generate run",
        "generate run/model.safetensors --most-likely 3 --backend numpy",
        "evaluate run list.txt",
    ]
    for line in (
        *readers,
        "score run Alma",
        "export-web run --out names.html",
        "train --resume run --backend numpy",
    ):
        assert "'mingru', and the backend 'numpy' computes other values for it" in sentence(line)
    assert sorted(Path("run").iterdir()) == before
    assert not Path("names.html").exists()


def test_a_backend_reads_its_models_until_its_values_change(
    run: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("mingru")
    done = invoke(
        *["generate", "run", "--backend", "mingru", "-n", "3", "--allow-seen", "--seed", "1"]
    )
    assert (done.exit_code, len(done.stdout.splitlines())) == (0, 3), done.output
    monkeypatch.setattr(MinGRU, "forward", GRU.forward)
    with pytest.raises(
        CheckpointError, match="the backend 'mingru', and its present version computes other values"
    ):
        api.load("run", backend="mingru")


def test_only_its_own_backend_reads_a_custom_architecture(
    run: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("honest")
    model = api.load("run")
    assert model.checkpoint is not None
    assert (model.model.name, model.checkpoint.network.architecture) == ("honest", "mingru")
    for line in (
        "generate run -n 3 --allow-seen",
        "evaluate run list.txt",
        "train --resume run --backend honest",
    ):
        assert invoke(*line.split()).exit_code == 0
    for line in (
        "generate run --backend numpy",
        "train --resume run --backend numpy",
        "export-web run --out a.html",
    ):
        assert "architecture 'mingru'" in sentence(line)
    with pytest.raises(OutputError, match=r"a \.tflite cannot hold the architecture 'mingru'"):
        export_tflite(api.read_checkpoint("run"), "model.tflite")
    monkeypatch.setattr(MinGRUNetwork, "mask_shapes", {drop: {} for drop in DROPOUT_SETTINGS})
    dropped = "train list.txt --backend honest --layer-dropout 0.2 --out other"
    assert "but mingru doesn't support dropout" in sentence(dropped, 2)
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: [])
    for line in ("generate run", "export-keras run"):
        told = sentence(line)
        assert "the architecture 'mingru' and was trained by the backend 'honest'" in told
        assert "install the package of that backend" in told
    with pytest.raises(EngineError, match="there is no backend 'honest'"):
        api.resume("run")
    gone = importlib.metadata.EntryPoint(
        "honest", "tests.min_gru_engine:NoSuchClass", ENTRY_POINT_GROUP
    )
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: [gone])
    told = sentence("generate run")
    assert "NoSuchClass" in told
    assert "install the package" not in told


@pytest.mark.parametrize("method", ["__init__", "step"])
def test_a_backend_that_fails_while_reading_is_reported(
    run: Runs, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise KeyError("weights")

    run("mingru")
    monkeypatch.setattr(MinGRUEngine, method, broken)
    told = sentence("generate run --backend mingru")
    assert "the backend mingru failed while reading run with KeyError ('weights')" in told
    training = "train list.txt --backend mingru --cell gru --epochs 1 --out other"
    assert "the backend mingru failed" in sentence(training)
