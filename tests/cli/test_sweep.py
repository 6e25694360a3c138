"""Run ``sweep`` with real processes, and check that it continues after they're stopped or killed."""

from __future__ import annotations

import contextlib
import csv
import json
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from namegen.experiments.sweep.run import MARK
from tests.cli.conftest import ENVIRONMENT, Program, stop, wait_until
from tests.requirements import require

CONFIG = """
[data]
names = "names.txt"
validation = 0.2
[network]
hidden = [8]
[training]
batch_size = 8
epochs = {epochs}
[grid]
training.learning_rate = [0.01, 0.001]
"""
LONG, SHORT = 20, 2
UNREACHABLE = "tcp://127.0.0.1:9"  # the port of the discard service, which is never open


def workers_of(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """Return the worker processes, which train the networks."""
    found = []
    for one in psutil.Process(process.pid).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):  # the process has already ended
            if "namegen.children" in one.cmdline():
                found.append(one)
    return found


def finished(folder: Path) -> list[Path]:
    return sorted(folder.glob("runs/*.json"))


def figures(folder: Path) -> dict[str, Any]:
    """Return what must be the same in two sweeps: everything except times."""
    runs = json.loads((folder / "results.json").read_text(encoding="utf-8"))["runs"]
    return {
        run["run"]: [
            run["status"],
            run["trained"]["figures"],
            {**run["trained"]["history"], "seconds": None},
        ]
        for run in runs
    }


@pytest.fixture(scope="module")
def program(server, some_names, tmp_path_factory):
    """Return the program in a folder with 300 real names and two configs."""
    folder = tmp_path_factory.mktemp("swept")
    program = Program(server, folder, tmp_path_factory.mktemp("streams"))
    program.write("names.txt", some_names)
    program.write("long.toml", CONFIG.format(epochs=LONG) + "training.seed = [0, 1]\n")
    program.write("short.toml", CONFIG.format(epochs=SHORT))
    return program


@pytest.fixture(scope="module")
def swept(program) -> Path:
    """Return the folder of an uninterrupted sweep that ran without dask."""
    hidden = "import sys; sys.modules['distributed'] = None"
    program.fresh("sweep", "long.toml", "--out", "whole", "--quiet", before=hidden).done()
    return program.folder / "whole"


def test_a_sweep_saves_the_same_results_as_train(program, swept) -> None:
    with (swept / "results.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    settings = [(row["training.learning_rate"], row["seed"]) for row in rows]
    assert settings == [("0.01", "0"), ("0.01", "1"), ("0.001", "0"), ("0.001", "1")]
    for row in rows:
        assert row["status"] == "done"
        assert (
            0
            < float(row["held_out_accuracy_argmax"])
            < float(row["held_out_ceiling_accuracy_argmax"])
        )
    assert (swept / "accuracy-names.png").stat().st_size > 5_000
    results = json.loads((swept / "results.json").read_text(encoding="utf-8"))
    assert results["left"] == 0
    assert [len(run["trained"]["history"]["epoch"]) for run in results["runs"]] == [LONG] * 4
    options = (
        "--validation",
        0.2,
        "--hidden",
        8,
        "--batch-size",
        8,
        "--epochs",
        LONG,
        "--learning-rate",
        0.001,
    )
    trained = (
        program(
            "train", "names.txt", *options, "--seed", 1, "--no-plot", "--out", "alone", "--json"
        )
        .done()
        .json
    )
    run = results["runs"][3]["trained"]
    assert (run["held_out"]["ceiling"], run["figures"]["training"]) == (
        trained["validation"]["ceiling"],
        trained["training"],
    )


def test_killed_workers_are_restarted(program, swept) -> None:
    folder = program.folder / "killed"
    process = program.spawn("sweep", "long.toml", "--out", "killed", "--workers", 1)
    [worker] = wait_until(lambda: finished(folder) and workers_of(process), process)
    worker.kill()
    wait_until(lambda: [one for one in workers_of(process) if one.pid != worker.pid], process)
    assert len(finished(folder)) < 4
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert "4/4" in err
    assert "learning rate 0.001" in out
    assert figures(folder) == figures(swept)


@pytest.mark.slow
def test_a_stopped_sweep_continues_where_it_stopped(program, swept) -> None:
    folder = program.folder / "stopped"
    process = program.spawn("sweep", "long.toml", "--out", "stopped", "--workers", 1)
    workers = wait_until(lambda: finished(folder) and workers_of(process), process)
    stop(process)
    assert json.loads((folder / "results.json").read_text(encoding="utf-8"))["left"] > 0
    _, alive = psutil.wait_procs(workers, timeout=20)
    assert alive == []
    before = {path: path.stat().st_mtime_ns for path in finished(folder)}
    done = program.fresh("sweep", "long.toml", "--out", "stopped").done()
    assert f"4 runs, {len(before)} of them already done" in done.err
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert figures(folder) == figures(swept)


@contextmanager
def dask_program(*arguments: object) -> Iterator[subprocess.Popen[str]]:
    """Run a part of a dask cluster that doesn't belong to namegen."""
    command = [sys.executable, "-m", "dask", *map(str, arguments)]
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ENVIRONMENT, text=True
    ) as process:
        try:
            yield process
        finally:
            process.terminate()


@contextmanager
def dask_scheduler() -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run a scheduler without workers. Return its address and its process."""
    require("distributed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with dask_program(
        "scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard"
    ) as scheduler:
        yield f"tcp://127.0.0.1:{port}", scheduler


@pytest.mark.slow
def test_a_sweep_can_use_an_existing_cluster(program, swept) -> None:
    """The sweep waits for workers, gives the same results as without dask, and reports that the scheduler stopped."""
    with dask_scheduler() as (address, scheduler):
        process = program.spawn("sweep", "long.toml", "--out", "cluster", "--dask", address)
        assert process.stderr is not None
        said = [process.stderr.readline() for _ in range(2)]
        assert "the scheduler has no worker yet; waiting for one" in said[1]
        with dask_program("worker", address, "--nworkers", 2, "--nthreads", 1, "--no-dashboard"):
            _, err = process.communicate()
            assert process.returncode == 0, err
        assert figures(program.folder / "cluster") == figures(swept)
        process = program.spawn("sweep", "short.toml", "--out", "gone", "--dask", address)
        assert process.stderr is not None
        process.stderr.readline()
        process.stderr.readline()
        scheduler.kill()
        _, err = process.communicate()
        assert process.returncode == 1
        assert err.splitlines()[-1].startswith("namegen: the dask scheduler has stopped"), err
        assert "Traceback" not in err


@pytest.mark.slow
@pytest.mark.parametrize("address", [UNREACHABLE, "nonsense"])
def test_an_unreachable_scheduler_is_reported(program, address) -> None:
    run = program.fresh("sweep", "short.toml", "--out", "unreachable", "--dask", address)
    run.refused(f"no dask scheduler answers at {address}")
    assert {path.name for path in (program.folder / "unreachable").iterdir()} == {MARK, "runs"}


def test_diverged_runs_are_part_of_the_results(program) -> None:
    config = CONFIG.format(epochs=SHORT).replace("[0.01, 0.001]", "[0.01, 1e30]")
    program.write("astray.toml", config.replace("batch_size", "optimizer = 'sgd'\nbatch_size"))
    done = program("sweep", "astray.toml", "--out", "astray", "--json").done()
    assert [run["status"] for run in done.json["runs"]] == ["done", "diverged"]
    assert "Train again with a lower training.learning_rate than" in done.json["runs"][1]["why"]
    said = program("sweep", "astray.toml", "--out", "astray").done()
    assert "2 runs, 2 of them already done" in said.err
    assert "names.txt: on the held-out names" in said.out
    assert re.search(r"(?m)^diverged: learning rate 1e\+30: ", said.out)
    assert max(map(len, said.out.splitlines())) <= 80
    assert f"table: {Path('astray') / 'results.csv'}" in said.out


@pytest.mark.parametrize(
    ("line", "said", "code"),
    [
        ("sweep", "Missing argument 'CONFIG'", 2),
        ("sweep names.txt", "is not TOML", 2),
        ("sweep axis.toml", "learning_rat cannot be varied", 2),
        ("sweep empty.toml", "has no grid to sweep over", 2),
        (
            f"sweep short.toml --dask {UNREACHABLE} --workers 2",
            "--workers cannot be combined with --dask",
            2,
        ),
        ("sweep few.toml", "2 names", 1),
        ("sweep short.toml --out mine", "contains other files", 1),
        *[(f"{command} --out=", "--out", 1) for command in ("sweep short.toml", "train names.txt")],
        ("compare-backends names.txt --out=", "--out", 1),
    ],
)
def test_unusable_configs_and_folders_are_rejected(program, line, said, code) -> None:
    program.write("axis.toml", "[grid]\nlearning_rat = [1]\n")
    program.write("empty.toml", "[grid]\n")
    program.write("few.txt", "Al\nBo\n")
    program.write("few.toml", CONFIG.format(epochs=SHORT).replace("names.txt", "few.txt"))
    mine = program.folder / "mine"
    mine.mkdir(exist_ok=True)
    (mine / "thesis.txt").write_text("all of it")
    program(*line.split()).refused(said, code=code)
    assert [path.name for path in mine.iterdir()] == ["thesis.txt"]
