"""How long the commands take from a cold start, and how much memory: what the README states of them.

    python benchmarks/commands.py

Each command is a process of its own, pinned to one core; the commands take turns, five rounds (``--rounds``). The
figure is the median wall time, with the lowest and the highest beside it, and the largest peak of resident memory.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

COMMANDS = {
    "help": ["--help"],
    "ceiling mlb-first": ["ceiling", "mlb-first"],
    "ceiling mlb-last": ["ceiling", "mlb-last"],
    "ceiling, half a million lines": ["ceiling", "half.txt"],
    "ceiling, a million lines": ["ceiling", "million.txt"],
    "generate -n 20": ["generate", "mlb-first", "-n", "20"],
    "generate 1,000,000 with repeats": [
        *["generate", "mlb-first", "-n", "1000000", "--allow-seen", "--allow-repeats", "--quiet"],
    ],
    "players -n 25": ["players", "-n", "25"],
    "train, 300 names": ["train", "small.txt", "--no-plot", "--quiet"],
    "train mlb-last": ["train", "mlb-last", "--no-plot", "--quiet"],
}


def run(arguments: list[str], folder: Path) -> tuple[float, float]:
    """Seconds and peak megabytes of one command."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "namegen", *arguments], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if status:
        raise SystemExit(f"namegen {' '.join(arguments)} failed: run it by hand")
    return seconds, usage.ru_maxrss / 1024


def write_lists(folder: Path) -> None:
    """A small list, and long ones of names that a model has drawn, repeats included."""
    from namegen import api
    from namegen.lists import load_bundled

    (folder / "small.txt").write_text("\n".join(load_bundled("mlb-first").names[:300]))
    names = api.load("mlb-last").generate(1_000_000, seed=0, allow_seen=True, allow_repeats=True)
    (folder / "million.txt").write_text("\n".join(names))
    (folder / "half.txt").write_text("\n".join(names[:500_000]))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.write:
        return write_lists(arguments.write)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    results: dict[str, list[tuple[float, float]]] = {name: [] for name in COMMANDS}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # In a process of its own: a child is charged with the memory of the parent that it was forked from.
        subprocess.run([sys.executable, __file__, "--write", name], check=True)
        for _ in range(arguments.rounds):
            for label, command in COMMANDS.items():
                results[label].append(run(command, folder))
    print(f"{'':34}{'seconds':>9}{'lowest':>9}{'highest':>9}{'peak MB':>9}")
    for label, values in results.items():
        seconds = [value for value, _ in values]
        peak = max(memory for _, memory in values)
        print(f"{label:34}{median(seconds):9.2f}{min(seconds):9.2f}{max(seconds):9.2f}{peak:9.0f}")


if __name__ == "__main__":
    main()
