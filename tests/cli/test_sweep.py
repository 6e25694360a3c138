"""Run ``sweep`` with real processes, and check that it continues after they're stopped or killed."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

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


def finished(folder: Path) -> int:
    """Return the number of finished runs."""
    return len(list(folder.glob("models/*.safetensors")))


def figures(folder: Path) -> dict[str, Any]:
    """Return what must be the same in two sweeps: everything except times."""
    rows = json.loads((folder / "results.json").read_text(encoding="utf-8"))["rows"]
    return {
        row["key"]: [
            row["status"],
            row["result"].get("metrics"),
            {**row["result"].get("history", {}), "seconds": None},
        ]
        for row in rows
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
    document = json.loads((swept / "results.json").read_text(encoding="utf-8"))
    rows = [row for row in document["rows"] if row["job"]["kind"] == "network"]
    settings = [tuple(row["job"]["axes"].values()) for row in rows]
    assert settings == [(0.01, 0), (0.01, 1), (0.001, 0), (0.001, 1)]
    assert {row["status"] for row in rows} == {"done"}
    assert (swept / "names-learning-by-name.png").stat().st_size > 5_000
    options = ("--validation", 0.2, "--hidden", 8, "--batch-size", 8, "--epochs", LONG)
    options += ("--learning-rate", 0.001, "--seed", 1, "--no-plot", "--out", "alone", "--json")
    trained = program("train", "names.txt", *options).done().json
    training = rows[3]["result"]["metrics"]["training"]
    assert training["loss_nats_per_char"] == pytest.approx(
        trained["training"]["loss_nats_per_char"], rel=1e-12
    )


@pytest.mark.slow
@pytest.mark.parametrize("is_killed", [True, False])
def test_a_stopped_or_killed_sweep_continues_where_it_stopped(
    program, swept, is_killed: bool
) -> None:
    out = f"stopped-{is_killed}"
    folder = program.folder / out
    process = program.spawn("sweep", "long.toml", "--out", out, "--workers", 1)
    wait_until(lambda: finished(folder), process)
    children = psutil.Process(process.pid).children(recursive=True)
    if is_killed:
        process.kill()
        process.communicate(timeout=60)
    else:
        stop(process)
        assert json.loads((folder / "results.json").read_text(encoding="utf-8"))["jobs_left"] > 0
    _, alive = psutil.wait_procs(children, timeout=20)
    assert alive == []
    before = {path: path.stat().st_mtime_ns for path in folder.glob("models/*")}
    done = program.fresh("sweep", "long.toml", "--out", out).done()
    assert "of them already done" in done.err
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


def test_a_scheduler_that_does_not_answer_is_reported(program) -> None:
    require("distributed")
    soon = {"namegen.experiments.workers.SECONDS_TO_ANSWER": 0.3}
    run = program("sweep", "short.toml", "--out", "lost", "--dask", UNREACHABLE, values=soon)
    run.refused(f"no dask scheduler answers at {UNREACHABLE}: start one there")
    assert "omit --dask to run on this machine" in run.err


def test_diverged_runs_are_part_of_the_results(program) -> None:
    config = CONFIG.format(epochs=SHORT).replace("[0.01, 0.001]", "[0.01, 1e30]")
    program.write("astray.toml", config.replace("batch_size", "optimizer = 'sgd'\nbatch_size"))
    done = program("sweep", "astray.toml", "--out", "astray", "--json").done()
    assert [row["status"] for row in done.json["rows"]] == ["done", "done", "diverged"]
    said = program("sweep", "astray.toml", "--out", "astray").done()
    assert "3 jobs, 3 of them already done" in said.err
    assert "held-out names" in said.out
    assert "Diverged (numpy): learning rate 1e" in said.out
    assert max(map(len, said.out.splitlines())) <= 80


@pytest.mark.parametrize(
    ("line", "said", "code"),
    [
        ("sweep", "Missing argument 'CONFIG'", 2),
        ("sweep names.txt", "use a TOML file", 2),
        ("sweep axis.toml", "learning_rat", 2),
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
