"""Measure commands that start from scratch: their time and peak memory on one core, and training on two cores."""

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
from benchmarks.rounds import Benchmark, Measurement, pin_to_one_core

SMALL_LIST = "small.txt"
MILLION_NAMES = "million.txt"
FOURTH_LIST = "fourth.txt"
COMMANDS = {
    "--help": "--help",
    "ceiling mlb-first": "ceiling mlb-first",
    "ceiling, a million lines": f"ceiling {MILLION_NAMES}",
    "generate -n 20": "generate mlb-first -n 20",
    "a million first names, repeats": (
        "generate mlb-first -n 1000000 --allow-seen --allow-repeats --quiet --seed 0"
    ),
    "100,000 new companies": "generate companies -n 100000 --seed 0 --quiet",
    "players -n 25": "players -n 25",
    "train, 300 names, quick": f"train {SMALL_LIST} --quick --no-plot --quiet",
    "train mlb-last, quick": "train mlb-last --quick --no-plot --quiet",
}
# The training runs of the section about cores.
NETWORKS = {
    "GRU 192, a fourth of US first names, batch 128": (
        f"train {FOURTH_LIST} --cell gru --hidden 192 --epochs 2 --batch-size 128 --no-plot --quiet"
    ),
    "SimpleRNN 2×32, mlb-first, batch 512": (
        "train mlb-first --quick --epochs 8 --batch-size 512 --no-plot --quiet"
    ),
}


def commands(rounds: int) -> tuple[Comparison, ...]:
    """Run all commands once per round."""
    pin_to_one_core()
    seconds: dict[str, list[float]] = {name: [] for name in COMMANDS}
    peak_mebibytes = dict.fromkeys(COMMANDS, 0.0)
    with tempfile.TemporaryDirectory() as folder:
        write_lists_in_child(folder)
        for _ in range(rounds):
            for name, command in COMMANDS.items():
                start = time.perf_counter()
                _, status, resources = os.wait4(start_command(command, folder).pid, 0)
                seconds[name].append(time.perf_counter() - start)
                if status != 0:
                    raise SystemExit(
                        f"namegen {command} failed. Run it yourself to see its message."
                    )
                peak_mebibytes[name] = max(peak_mebibytes[name], resources.ru_maxrss / 1024)
    variants = [
        Variant(name, tuple(seconds[name]), peak_mebibytes=peak_mebibytes[name])
        for name in COMMANDS
    ]
    return (Comparison("wall", "Wall time", "seconds", tuple(variants)),)


def cores(rounds: int) -> tuple[Comparison, ...]:
    """Measure two training runs at the same time, and a training run with two threads, on the first two cores."""
    usable_cores = sorted(os.sched_getaffinity(0))[:2]
    if len(usable_cores) < 2:
        raise SystemExit("This section needs two cores, but this process may use only one.")
    first_core, second_core = ([core] for core in usable_cores)
    one_run = [first_core]
    comparisons = []
    with tempfile.TemporaryDirectory() as folder:
        write_lists_in_child(folder)
        for title, command in NETWORKS.items():
            for topic, ways in {
                "two training runs": {
                    "two side by side": [first_core, second_core],
                    "one alone": one_run,
                },
                "threads": {"--threads 2": [usable_cores], "--threads 1": one_run},
            }.items():
                benchmark = Benchmark()
                for name, cores_of_runs in ways.items():
                    prepare = partial(prepare_runs, command, folder, cores_of_runs)
                    benchmark.add(name, prepare)
                variants = benchmark.run(rounds)
                subject = variants[0].name
                work = f"{title}: {topic}"
                comparisons.append(Comparison(work, work, "seconds", variants, subject))
    return tuple(comparisons)


def prepare_runs(command: str, folder: str, cores_of_runs: Sequence[Sequence[int]]) -> Measurement:
    """Return a function that runs a command on each group of cores, with one thread per core.

    The function returns the seconds until the last run has ended.
    """

    def measure(_: int) -> float:
        start = time.perf_counter()
        processes = []
        for cores_of_run in cores_of_runs:
            process = start_command(f"{command} --threads {len(cores_of_run)}", folder)
            os.sched_setaffinity(process.pid, cores_of_run)
            processes.append(process)
        exit_codes = [process.wait() for process in processes]
        if any(exit_codes):
            raise SystemExit("A training process has failed. See its message above.")
        return time.perf_counter() - start

    return measure


def start_command(command: str, folder: str) -> subprocess.Popen[bytes]:
    """Start a namegen command in a folder."""
    return subprocess.Popen(
        [sys.executable, "-m", "namegen", *command.split()], cwd=folder, stdout=subprocess.DEVNULL
    )


def write_lists_in_child(folder: str) -> None:
    """Write the lists in another process, because the memory of this one counts for its child processes."""
    subprocess.run([sys.executable, "-m", "benchmarks.sections.commands", folder], check=True)


def write_lists(folder: Path) -> None:
    """Write a small list, a fourth of the US first names, and a million generated names with repeats."""
    from benchmarks.lists import FOURTH, load
    from namegen import api

    first_names = load("mlb-first").names
    model = api.load("mlb-last")
    million = model.generate(1_000_000, seed=0, allow_seen=True, allow_repeats=True)
    lists = {SMALL_LIST: first_names[:300], MILLION_NAMES: million, FOURTH_LIST: load(FOURTH).names}
    for file_name, names in lists.items():
        (folder / file_name).write_text("\n".join(names), encoding="utf-8")


if __name__ == "__main__":
    write_lists(Path(sys.argv[1]))
