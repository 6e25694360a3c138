"""Measure two training runs on two cores at the same time, and one training run with two threads."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from benchmarks.document import Comparison, Variant
from benchmarks.lists import FOURTH, load
from benchmarks.rounds import run_rounds

# The arguments of `namegen train` for each network. The list of the first one is written to a file.
NETWORKS = {
    f"GRU 192, {FOURTH}, batch 128": "fourth.txt --cell gru --hidden 192 --epochs 2 --batch-size 128",
    "SimpleRNN 2×32, mlb-first, batch 512": "mlb-first --quick --epochs 8 --batch-size 512",
}


def cores(rounds: int) -> tuple[Comparison, ...]:
    """Measure the section's comparisons on the first two cores that this process may use."""
    usable_cores = sorted(os.sched_getaffinity(0))[:2]
    if len(usable_cores) < 2:
        raise SystemExit("This section needs two cores, but this process may use only one.")
    comparisons = []
    with tempfile.TemporaryDirectory() as folder:
        names = "\n".join(load(FOURTH).names)
        Path(folder, "fourth.txt").write_text(names, encoding="utf-8")
        for title, arguments in NETWORKS.items():
            train = partial(train_together, arguments, Path(folder))
            first_core, second_core = ([core] for core in usable_cores)
            comparisons.append(
                _compare(
                    f"{title}: two training runs",
                    {
                        "two side by side": partial(train, [first_core, second_core]),
                        "one alone": partial(train, [first_core]),
                    },
                    rounds,
                )
            )
            comparisons.append(
                _compare(
                    f"{title}: threads",
                    {
                        "--threads 2": partial(train, [usable_cores]),
                        "--threads 1": partial(train, [first_core]),
                    },
                    rounds,
                )
            )
    return tuple(comparisons)


def _compare(title: str, trainings: dict[str, partial[float]], rounds: int) -> Comparison:
    """Measure two ways to train in rounds."""
    measurements = {name: lambda _, train=train: train() for name, train in trainings.items()}
    values = run_rounds(measurements, rounds)
    variants = tuple(Variant(name, values[name]) for name in trainings)
    subject = next(iter(trainings))
    return Comparison(title, title, "seconds", subjects=(subject,), ways=variants)


def train_together(arguments: str, folder: Path, cores_of_runs: Sequence[list[int]]) -> float:
    """Start a training run for each group of cores, with a thread per core.

    Returns:
        The seconds until the last run has ended.
    """
    start = time.perf_counter()
    processes = []
    for cores_of_run in cores_of_runs:
        command = [sys.executable, "-m", "namegen", "train", *arguments.split(), "--no-plot"]
        command += ["--quiet", "--threads", str(len(cores_of_run))]
        process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
        os.sched_setaffinity(process.pid, cores_of_run)
        processes.append(process)
    for process in processes:
        if process.wait() != 0:
            raise SystemExit("A training process has failed. See its message above.")
    return time.perf_counter() - start
