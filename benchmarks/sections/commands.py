"""Commands from a cold start: wall time, processor time and the most memory, each command a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.document import Comparison, Way
from benchmarks.rounds import pin

COMMANDS = {
    "--help": ["--help"],
    "ceiling mlb-first": ["ceiling", "mlb-first"],
    "ceiling, a million lines": ["ceiling", "million.txt"],
    "generate -n 20": ["generate", "mlb-first", "-n", "20"],
    "a million first names, repeats": [
        *[
            "generate",
            "mlb-first",
            "-n",
            "1000000",
            "--allow-seen",
            "--allow-repeats",
            "--quiet",
            "--seed",
            "0",
        ],
    ],
    "100,000 new companies": ["generate", "companies", "-n", "100000", "--seed", "0", "--quiet"],
    "players -n 25": ["players", "-n", "25"],
    "train, 300 names, quick": ["train", "small.txt", "--quick", "--no-plot", "--quiet"],
    "train mlb-last, quick": ["train", "mlb-last", "--quick", "--no-plot", "--quiet"],
}


def run(arguments: list[str], folder: Path) -> tuple[float, float, float]:
    """Seconds on the clock, seconds of the processor, and peak mebibytes of one command."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "namegen", *arguments],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if status:
        raise SystemExit(f"namegen {' '.join(arguments)} failed: run it by hand")
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def write_lists(folder: Path) -> None:
    """A small list, and a long one of names that a model has drawn, repeats included."""
    from namegen import api
    from namegen.lists import load_bundled

    (folder / "small.txt").write_text("\n".join(load_bundled("mlb-first").names[:300]))
    names = api.load("mlb-last").generate(1_000_000, seed=0, allow_seen=True, allow_repeats=True)
    (folder / "million.txt").write_text("\n".join(names))


def commands(rounds: int) -> tuple[Comparison, ...]:
    """Every command, round after round."""
    pin()
    found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in COMMANDS}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # In a process of its own: a child is charged with the memory of the parent that it was forked from.
        subprocess.run([sys.executable, "-m", "benchmarks.sections.commands", name], check=True)
        for _ in range(rounds):
            for label, command in COMMANDS.items():
                found[label].append(run(command, folder))

    def ways(place: int) -> tuple[Way, ...]:
        return tuple(
            Way(
                label,
                tuple(value[place] for value in values),
                peak_mebibytes=None if place else max(memory for _, _, memory in values),
            )
            for label, values in found.items()
        )

    return (
        Comparison("wall", "Wall time", "seconds", (), ways(0)),
        Comparison("processor", "Processor time", "seconds", (), ways(1)),
    )


if __name__ == "__main__":
    write_lists(Path(sys.argv[1]))
