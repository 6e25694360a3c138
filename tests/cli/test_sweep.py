"""``sweep``: the real command with real processes; they are killed, itself is stopped and killed, and goes on."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import pty
import re
import shutil
import signal
import socket
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from namegen.experiments.sweep.run import MARK
from tests.cli.conftest import ENVIRONMENT, Program
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
LONG, SHORT = 40, 2
UNREACHABLE = "tcp://127.0.0.1:9"  # the port of the discard service, which no machine has open


def wait_until(what: Callable[[], Any], process: subprocess.Popen[str]) -> Any:
    """Until something is there, while the program runs."""
    for _ in range(3000):
        found = what()
        if found:
            return found
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    raise AssertionError("it never came")


def workers_of(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """The processes that train."""
    found = []
    for one in psutil.Process(process.pid).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):  # it has ended since
            if "namegen.children" in one.cmdline():
                found.append(one)
    return found


def finished(folder: Path) -> list[Path]:
    return sorted(folder.glob("runs/*.json"))


def figures(folder: Path) -> dict[str, Any]:
    """What may not differ between two sweeps: everything but seconds."""
    runs = json.loads((folder / "results.json").read_text(encoding="utf-8"))["runs"]
    return {run["run"]: [run["status"], run["figures"], {**run["history"], "seconds": None}] for run in runs}


@pytest.fixture(scope="module")
def program(server, some_names, tmp_path_factory):
    """The program in a folder with 300 real names and two configs."""
    folder = tmp_path_factory.mktemp("swept")
    program = Program(server, folder, tmp_path_factory.mktemp("streams"))
    program.write("names.txt", some_names)
    program.write("long.toml", CONFIG.format(epochs=LONG) + "training.seed = [0, 1]\n")
    program.write("short.toml", CONFIG.format(epochs=SHORT))
    return program


@pytest.fixture(scope="module")
def swept(program) -> Path:
    """A sweep that nothing has happened to."""
    program.fresh("sweep", "long.toml", "--out", "whole", "--quiet").done()
    return program.folder / "whole"


def test_a_sweep_leaves_a_table_plots_and_networks(program, swept) -> None:
    with (swept / "results.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["training.learning_rate"], row["seed"]) for row in rows] == [
        ("0.01", "0"),
        ("0.01", "1"),
        ("0.001", "0"),
        ("0.001", "1"),
    ]
    for row in rows:
        assert row["status"] == "done"
        assert 0 < float(row["held_out_accuracy_argmax"]) < float(row["held_out_ceiling_accuracy_argmax"])
        assert program("generate", swept / row["model"], "-n", 3, "--allow-seen").done().out.count("\n") == 3
    assert (swept / "accuracy-names.png").stat().st_size > 5_000
    results = json.loads((swept / "results.json").read_text(encoding="utf-8"))
    assert results["left"] == 0
    assert [len(run["history"]["epoch"]) for run in results["runs"]] == [LONG] * 4


@pytest.mark.slow
def test_a_run_is_what_train_makes(program, swept) -> None:
    """The same settings give the same network outside of a sweep."""
    options = ("--validation", 0.2, "--hidden", 8, "--batch-size", 8, "--epochs", LONG, "--learning-rate", 0.001)
    trained = program("train", "names.txt", *options, "--seed", 1, "--no-plot", "--out", "alone", "--json").done().json
    run = json.loads((swept / "results.json").read_text(encoding="utf-8"))["runs"][3]
    assert run["settings"] == {"training.learning_rate": 0.001, "training.seed": 1}
    assert run["figures"]["training"] == trained["training"]
    held_out = {name: trained["validation"][name] for name in run["figures"]["held_out"]}
    assert run["figures"]["held_out"] == held_out
    assert run["held_out"]["ceiling"] == trained["validation"]["ceiling"]


def test_a_process_that_is_killed_is_started_again(program, swept) -> None:
    folder = program.folder / "killed"
    process = program.spawn("sweep", "long.toml", "--out", "killed", "--workers", 1)
    [worker] = wait_until(lambda: finished(folder) and workers_of(process), process)
    worker.kill()
    wait_until(lambda: [one for one in workers_of(process) if one.pid != worker.pid], process)
    assert len(finished(folder)) < 4
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert "Traceback" not in err
    assert "4/4" in err
    assert "learning rate 0.001" in out
    assert figures(folder) == figures(swept)


@pytest.mark.slow
def test_a_sweep_that_is_stopped_goes_on_where_it_stopped(program, swept) -> None:
    folder = program.folder / "stopped"
    process = program.spawn("sweep", "long.toml", "--out", "stopped", "--workers", 1)
    workers = wait_until(lambda: finished(folder) and workers_of(process), process)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    kept = finished(folder)
    assert process.returncode == 130
    assert "the same command continues" in err
    assert "Traceback" not in err
    assert json.loads((folder / "results.json").read_text(encoding="utf-8"))["left"] > 0
    _, alive = psutil.wait_procs(workers, timeout=20)
    assert alive == []

    process = program.spawn("sweep", "long.toml", "--out", "stopped", "--workers", 1)
    workers = wait_until(lambda: len(finished(folder)) > len(kept) and workers_of(process), process)
    process.kill()
    process.communicate()
    _, alive = psutil.wait_procs(workers, timeout=20)  # nobody is left who trains for nobody
    assert alive == []

    before = {path: path.stat().st_mtime_ns for path in finished(folder)}
    done = program.fresh("sweep", "long.toml", "--out", "stopped").done()
    assert f"4 runs, {len(before)} of them already done" in done.err
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert figures(folder) == figures(swept)


@pytest.mark.slow
def test_other_axes_and_a_damaged_file(program, swept) -> None:
    """What is kept is found by what was trained, not by the axes that it was trained for; what is damaged is not."""
    shutil.copytree(swept, program.folder / "again")
    damaged = finished(program.folder / "again")[0]
    document = json.loads(damaged.read_text())
    document["result"] = {"status": "done"}
    damaged.write_text(json.dumps(document))
    grid = CONFIG.format(epochs=LONG).replace("[0.01, 0.001]", "[0.01]") + "training.seed = [0]\n"
    program.write("other.toml", grid.replace("[grid]", "seed = 1\n[grid]").replace("training.seed = [0]", ""))
    done = program.fresh("sweep", "other.toml", "--out", "again").done()
    assert "1 run, 1 of them already done" in done.err
    done = program.fresh("sweep", "long.toml", "--out", "again").done()
    assert "4 runs, 3 of them already done" in done.err
    assert figures(program.folder / "again") == figures(swept)


@pytest.mark.slow
def test_a_run_whose_process_dies_again(program) -> None:
    program.write("endless.toml", CONFIG.format(epochs=100_000).replace("[0.01, 0.001]", "[0.01]"))
    process = program.spawn("sweep", "endless.toml", "--out", "endless", "--workers", 1)
    while process.poll() is None:
        for worker in workers_of(process):
            with contextlib.suppress(psutil.NoSuchProcess):
                times = worker.cpu_times()
                if times.user + times.system > 4:  # more than its start takes: it trains
                    worker.kill()
        time.sleep(0.2)
    out, err = process.communicate()
    assert process.returncode == 1
    assert "failed: " in out
    assert "1 of 1 run failed, the first one with: its process died twice, with the exit code -9" in err
    assert "Traceback" not in err
    assert finished(program.folder / "endless") == []


@pytest.mark.slow
def test_the_terminal_shows_what_runs(program, swept) -> None:
    """In a real terminal: a bar, the run under way with its epoch, and nothing of it left at the end."""
    shutil.copytree(swept, program.folder / "shown", ignore=lambda folder, names: [n for n in names if "0.001" in n])
    shown = in_terminal(program, "sweep", "long.toml", "--out", "shown", "--workers", "1")
    assert "2/4" in shown
    assert "1 running, 1 left" in shown
    assert re.search(r"learning rate 0\.001, seed 0  epoch \d+/40", shown)
    assert re.search(r"4/4  learning rate 0\.001, seed 1: [\d.]+% held-out in [\d.]+ s\r?\n", shown)
    assert "Traceback" not in shown


def in_terminal(program: Program, *arguments: str) -> str:
    """All that the program writes to a terminal of 80 columns."""
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (30, 80))
    process = program.spawn(
        *arguments, stdin=slave, stdout=slave, stderr=slave, env={**ENVIRONMENT, "TERM": "xterm-256color"}
    )
    os.close(slave)
    written = b""
    with contextlib.suppress(OSError):  # the last one has closed it
        while part := os.read(master, 65536):
            written += part
    os.close(master)
    assert process.wait() == 0, written
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", written.decode())


@pytest.mark.slow
def test_both_engines_learn_the_same(program) -> None:
    require("keras")
    program.write("engines.toml", CONFIG.format(epochs=SHORT).replace("training.learning_rate", "#"))
    config = program.folder / "engines.toml"
    config.write_text(config.read_text() + 'run.backend = ["numpy", "keras"]\nnetwork.cell = ["gru"]\n')
    done = program.fresh("sweep", "engines.toml", "--out", "engines", "--json").done()
    one, other = done.json["runs"]
    assert (one["backend"], other["backend"]) == ("numpy", "keras")
    losses = [run["figures"]["held_out"]["loss_nats_per_char"] for run in (one, other)]
    assert losses[0] == pytest.approx(losses[1], abs=1e-4)
    assert losses[0] != losses[1]  # each by its own arithmetic


@pytest.mark.slow
def test_an_engine_without_its_library_is_told_and_the_others_run(program) -> None:
    hidden = program.folder / "hidden"
    hidden.mkdir()
    hide = "import sys\nfor name in ('tensorflow', 'keras'):\n    sys.modules[name] = None\n"
    (hidden / "sitecustomize.py").write_text(hide)  # for the workers as well
    grid = CONFIG.format(epochs=SHORT).replace(
        "training.learning_rate = [0.01, 0.001]", "run.backend = ['numpy', 'keras']"
    )
    program.write("missing.toml", grid)
    paths = os.pathsep.join(filter(None, (str(hidden), os.environ.get("PYTHONPATH"))))
    process = program.spawn("sweep", "missing.toml", "--out", "missing", env={**ENVIRONMENT, "PYTHONPATH": paths})
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert "unavailable: backend keras: " in out
    assert "pip install 'keras>=" in out.replace("\n", " ")
    assert [path.name.split("-")[1] for path in finished(program.folder / "missing")] == ["numpy"]


@pytest.mark.slow
def test_a_rate_that_leads_astray_is_a_result(program) -> None:
    config = CONFIG.format(epochs=SHORT).replace("[0.01, 0.001]", "[0.01, 1e30]")
    program.write("astray.toml", config.replace("batch_size", "optimizer = 'sgd'\nbatch_size"))
    done = program("sweep", "astray.toml", "--out", "astray", "--json").done()
    assert [run["status"] for run in done.json["runs"]] == ["done", "diverged"]
    assert "try a lower training.learning_rate than" in done.json["runs"][1]["why"]
    assert len(finished(program.folder / "astray")) == 2


@contextmanager
def dask_program(*arguments: object) -> Iterator[subprocess.Popen[str]]:
    """A part of a cluster that somebody else runs."""
    command = [sys.executable, "-m", "dask", *map(str, arguments)]
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ENVIRONMENT, text=True
    ) as process:
        try:
            yield process
        finally:
            process.terminate()


@pytest.mark.slow
def test_a_cluster_that_exists_already(program, swept) -> None:
    """A sweep waits for workers, and two of them give the figures of the run without them; then the scheduler goes."""
    require("distributed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    with dask_program("scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard") as scheduler:
        time.sleep(0.1)
        process = program.spawn("sweep", "long.toml", "--out", "cluster", "--scheduler", address)
        assert process.stderr is not None
        said = [process.stderr.readline() for _ in range(2)]
        assert "the scheduler has no worker yet; waiting for one" in said[1]
        with dask_program("worker", address, "--nworkers", 2, "--nthreads", 1, "--no-dashboard"):
            _, err = process.communicate(timeout=120)
            assert process.returncode == 0, err
            assert figures(program.folder / "cluster") == figures(swept)
            taught = ("train", "names.txt", "--effort", "best", "--hidden", 8, "--epochs", 2, "--no-plot", "--json")
            models = [
                program.fresh(*taught, "--out", out, *more).done().json["training"]
                for out, more in (("taught", ()), ("taught-there", ("--scheduler", address)))
            ]
            assert models[0] == models[1]
        process = program.spawn("sweep", "short.toml", "--out", "gone", "--scheduler", address)
        assert process.stderr is not None
        process.stderr.readline()
        process.stderr.readline()
        scheduler.kill()
        _, err = process.communicate(timeout=120)
        assert process.returncode == 1
        assert err.startswith("namegen: the dask scheduler is gone"), err
        assert "Traceback" not in err


@pytest.mark.slow
@pytest.mark.parametrize("address", [UNREACHABLE, "nonsense", "http://127.0.0.1:9"])
def test_an_unreachable_scheduler(program, address) -> None:
    run = program.fresh("sweep", "short.toml", "--out", "unreachable", "--scheduler", address)
    run.refused(f"no dask scheduler answers at {address}", "leave --scheduler out")
    assert {path.name for path in (program.folder / "unreachable").iterdir()} == {MARK, "runs"}


def test_configs_and_folders_that_will_not_do(program) -> None:
    program("sweep").refused("Missing argument 'CONFIG'", code=2)
    program("sweep", "nowhere.toml").refused("there is no config file", code=2)
    program("sweep", "names.txt").refused("is not TOML", code=2)
    program.write("axis.toml", "[grid]\nlearning_rat = [1]\n")
    program("sweep", "axis.toml").refused("learning_rat cannot be varied: did you mean training.learning_rate?", code=2)
    program.write("empty.toml", "[grid]\n")
    program("sweep", "empty.toml").refused("has no grid to sweep over", code=2)
    program("sweep", "short.toml", "--scheduler", UNREACHABLE, "--workers", 2).refused(
        "--workers cannot be combined with --scheduler", code=2
    )
    mine = program.folder / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("all of it")
    program("sweep", "short.toml", "--out", "mine").refused("holds other files, which sweep does not change")
    assert [path.name for path in mine.iterdir()] == ["thesis.txt"]
    program("sweep", "short.toml", "--out", "").refused("--out", "empty text")
    program("compare-backends", "names.txt", "--out", "").refused("--out", "empty text")
    program("train", "names.txt", "--out", "").refused("--out", "empty text")
    program.write("few.txt", "Al\nBo\n")
    program.write("few.toml", CONFIG.format(epochs=SHORT).replace("names.txt", "few.txt"))
    program("sweep", "few.toml").refused("2 names")
    program("train", "--config", "short.toml").refused("grid belongs to a sweep", code=2)


def test_only_a_scheduler_needs_dask(program) -> None:
    command = ("sweep", "short.toml", "--quiet", "--out", "no-dask")
    hidden = "import sys; sys.modules['distributed'] = None"
    program.fresh(*command, "--scheduler", UNREACHABLE, before=hidden).refused("--scheduler needs distributed")
    assert not (program.folder / "no-dask").exists()
    program.fresh(*command, before=hidden).done()
