"""Third parties' engines on the command line: named in the help, told where they cannot be had or break down."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from namegen.core.data.corpus import Corpus
from namegen.experiments.compare.measurements import TrainingSubject
from namegen.experiments.compare.plan import Measurement
from namegen.experiments.compare.run import measure
from namegen.experiments.watcher import unwatched
from namegen.lists import load_bundled
from tests.cli.conftest import ENVIRONMENT, Program, Run
from tests.conformance.test_registry import distribute

# Raises in the midst of its third epoch, for as long as its folder says so; after that it is the NumPy engine.
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
SAVED_ALWAYS = "import namegen.core.training.run as run; run.SECONDS_BETWEEN_SAVES = 0"


@pytest.fixture
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose distributions the programs below find."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "breaking.py").write_text(BREAKING)
    (folder / "breaks").touch()
    distribute(folder, "breaking-names", "breaking = breaking:Breaking\nnumpy = breaking:Breaking")
    return folder


def paths_with(site: Path) -> str:
    return os.pathsep.join(filter(None, (str(site), os.environ.get("PYTHONPATH"))))


def run_with(program: Program, site: Path, *arguments: object, before: str = "") -> Run:
    """The program in a fresh interpreter that finds what is in ``site``."""
    process = program.spawn(*arguments, before=before, env={**ENVIRONMENT, "PYTHONPATH": paths_with(site)})
    out, err = process.communicate(timeout=120)
    return Run(process.returncode, out, err)


def test_an_engine_that_breaks_down_is_one_sentence_and_the_run_goes_on_later(
    program: Program, some_names: str, site: Path
) -> None:
    program.write("names.txt", some_names)
    wanted = ("names.txt", "--epochs", 5, "--no-plot", "--out", "run", "--backend", "breaking")
    run = run_with(program, site, "train", *wanted, before=SAVED_ALWAYS)
    run.refused("engine breaking failed in epoch 3 with RuntimeError (the device is gone), so training stops")
    assert "breaking-names registers an engine called numpy, like one of namegen's own" in run.err
    program("generate", "run", "-n", 3).done()
    (site / "breaks").unlink()
    resumed = run_with(program, site, "train", "--resume", "run", "--json").done().json
    assert (resumed["epochs"], resumed["backend"]) == (5, "breaking")
    whole = program("train", "names.txt", "--epochs", 5, "--no-plot", "--out", "whole", "--json").done().json
    assert resumed["training"] == whole["training"]  # as if it had never broken down


def test_the_help_names_what_is_registered_and_imports_none_of_it(program: Program, site: Path) -> None:
    (site / "breaking.py").write_text("raise SystemExit('imported')")
    for command in ("train", "evaluate", "compare-backends", "sweep"):
        run = run_with(program, site, command, "--help").done()
        assert "numpy, keras, breaking" in " ".join(run.out.split()), command


def test_a_wrong_engine_is_wrong_usage(program: Program, some_names: str) -> None:
    program.write("names.txt", some_names)
    program("train", "names.txt", "--backend", "kears").refused("did you mean keras?", "numpy, keras", code=2)
    program("generate", "mlb-first", "--backend", "jax").refused("'jax': expected one of", code=2)
    assert not (program.folder / "runs").exists()


@pytest.mark.slow
def test_a_sweep_lists_the_run_whose_engine_broke_down_and_makes_the_others(
    program: Program, some_names: str, site: Path
) -> None:
    program.write("names.txt", some_names)
    program.write(
        "grid.toml",
        '[data]\nnames = "names.txt"\n[training]\nepochs = 3\n[grid]\nrun.backend = ["breaking", "numpy"]\n',
    )
    run = run_with(program, site, "sweep", "grid.toml", "--out", "out", "--json", "--workers", 1)
    assert run.code == 1
    assert "1 of 2 runs failed, the first one with: the engine breaking failed in epoch 3 with RuntimeError" in run.err
    failed, done = json.loads(run.out)["runs"]
    assert (failed["status"], done["status"]) == ("failed", "done")
    assert "breaking-names" in failed["versions"]


def test_a_comparison_tells_of_an_engine_that_broke_down(
    tmp_path: Path, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", paths_with(site))
    corpus = Corpus(load_bundled("mlb-first").names[:100], source="list.txt")
    config = {"data": {"split": "names", "validation": 0.2}, "network": {"hidden": [4]}, "training": {"seed": 0}}
    broken = Measurement(corpus, TrainingSubject("breaking", config), "x", engine="breaking")
    outcome = measure([broken], tmp_path, unwatched)
    assert outcome.failed[broken.key].startswith("the engine breaking failed in epoch 3 with RuntimeError (the device")
