"""Measure commands that start from scratch: wall time, processor time and peak memory."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.document import Comparison, Variant
from benchmarks.rounds import pin_to_one_core

SMALL_LIST = "small.txt"
MILLION_NAMES = "million.txt"
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


@dataclass(frozen=True)
class Usage:
    """What one run of a command needed."""

    wall_seconds: float
    processor_seconds: float
    peak_mebibytes: float


def commands(rounds: int) -> tuple[Comparison, ...]:
    """Run all commands once per round."""
    pin_to_one_core()
    usages: dict[str, list[Usage]] = {name: [] for name in COMMANDS}
    with tempfile.TemporaryDirectory() as folder:
        # The lists are written by another process, because the memory of this one counts for its child processes.
        subprocess.run([sys.executable, "-m", "benchmarks.sections.commands", folder], check=True)
        for _ in range(rounds):
            for name, command in COMMANDS.items():
                usages[name].append(run_command(command, Path(folder)))
    wall = [_wall_variant(name, measured) for name, measured in usages.items()]
    processor = [_processor_variant(name, measured) for name, measured in usages.items()]
    return (
        Comparison("wall", "Wall time", "seconds", (), tuple(wall)),
        Comparison("processor", "Processor time", "seconds", (), tuple(processor)),
    )


def run_command(command: str, folder: Path) -> Usage:
    """Run a namegen command in a folder, and measure what it needs."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "namegen", *command.split()],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, resources = os.wait4(process.pid, 0)
    wall_seconds = time.perf_counter() - start
    if status != 0:
        raise SystemExit(f"namegen {command} failed. Run it yourself to see its message.")
    return Usage(
        wall_seconds=wall_seconds,
        processor_seconds=resources.ru_utime + resources.ru_stime,
        peak_mebibytes=resources.ru_maxrss / 1024,
    )


def _wall_variant(name: str, usages: Sequence[Usage]) -> Variant:
    """Collect the wall times of a command, and its peak memory."""
    seconds = tuple(usage.wall_seconds for usage in usages)
    peak_mebibytes = max(usage.peak_mebibytes for usage in usages)
    return Variant(name, seconds, peak_mebibytes=peak_mebibytes)


def _processor_variant(name: str, usages: Sequence[Usage]) -> Variant:
    """Collect the processor times of a command."""
    return Variant(name, tuple(usage.processor_seconds for usage in usages))


def write_lists(folder: Path) -> None:
    """Write a small list, and a list of a million generated names, including repeats."""
    from namegen import api
    from namegen.lists import load_bundled

    first_names = load_bundled("mlb-first").names
    (folder / SMALL_LIST).write_text("\n".join(first_names[:300]))
    model = api.load("mlb-last")
    names = model.generate(1_000_000, seed=0, allow_seen=True, allow_repeats=True)
    (folder / MILLION_NAMES).write_text("\n".join(names))


if __name__ == "__main__":
    write_lists(Path(sys.argv[1]))
