"""More cores: two trainings side by side, and one training on two threads, each in a process of its own."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence

from benchmarks.document import Comparison, Way
from benchmarks.lists import FOURTH
from benchmarks.rounds import alternate
from namegen.threads import VARIABLES

# what is trained: list, cell, widths, batch size, epochs of one value
WORKS = {
    "GRU 192": (FOURTH, "gru", (192,), 128, 1),
    "SimpleRNN 2×32": ("mlb-first", "simple_rnn", (32, 32), 512, 4),
}
WIDE = (FOURTH, "gru", (192,), 128)


class Worker:
    """A process that trains when it is told to."""

    def __init__(self, work: tuple, *, threads: int, cores: Sequence[int]) -> None:
        of_list, cell, hidden, batch_size, *epochs = work
        asked = [
            of_list,
            cell,
            ",".join(map(str, hidden)),
            str(batch_size),
            str((epochs or [1])[0]),
        ]
        environment = os.environ | dict.fromkeys(VARIABLES, str(threads))
        command = [
            sys.executable,
            "-m",
            "benchmarks.sections.cores",
            *asked,
            "--threads",
            str(threads),
        ]
        command += ["--cores", ",".join(map(str, cores))]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            command, stdin=pipe, stdout=pipe, text=True, env=environment
        )
        self.finish()  # it says when it is ready

    def start(self, number: int) -> None:
        """Begin with that epoch."""
        self._process.stdin.write(f"{number}\n")
        self._process.stdin.flush()

    def finish(self) -> float:
        """Seconds of what was begun."""
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(
                "a training in a process of its own has ended: its message stands above"
            )
        return float(line)

    def close(self) -> None:
        """End it."""
        self._process.stdin.close()
        self._process.wait()


def together(workers: Sequence[Worker], number: int) -> float:
    """Start all, and wait for the slowest."""
    for worker in workers:
        worker.start(number)
    return max([worker.finish() for worker in workers])


def cores(rounds: int) -> tuple[Comparison, ...]:
    """Both questions."""
    usable = (
        sorted(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else list(range(os.cpu_count() or 1))
    )
    if len(usable) < 2:
        raise SystemExit("this process may use one core alone: this section needs two")
    return (*side_by_side(rounds, usable[:2]), *threads(rounds, usable[:2]))


def side_by_side(rounds: int, usable: Sequence[int]) -> tuple[Comparison, ...]:
    """Two trainings at a time, a core each, against one."""
    found = []
    for name, work in WORKS.items():
        workers = [Worker(work, threads=1, cores=[core]) for core in usable]
        turns = {
            "two side by side": lambda number, workers=workers: together(workers, number),
            "one alone": lambda number, workers=workers: together(workers[:1], number),
        }
        values = alternate(turns, rounds)
        ways = tuple(Way(way, values[way]) for way in turns)
        title = f"{name}, {work[0]}, batch {work[3]}: trainings at a time"
        found.append(Comparison(f"two-{work[1]}", title, "seconds", ("two side by side",), ways))
        for worker in workers:
            worker.close()
    return tuple(found)


def threads(rounds: int, usable: Sequence[int]) -> tuple[Comparison, ...]:
    """One wide training with one thread and with two."""
    workers = {
        f"--threads {count}": Worker(WIDE, threads=count, cores=usable[:count]) for count in (2, 1)
    }
    turns = {
        name: lambda number, worker=worker: together([worker], number)
        for name, worker in workers.items()
    }
    values = alternate(turns, rounds)
    for worker in workers.values():
        worker.close()
    ways = tuple(Way(name, values[name]) for name in workers)
    title = f"GRU {WIDE[2][0]}, {WIDE[0]}, batch {WIDE[3]}: threads"
    return (Comparison("threads", title, "seconds", ("--threads 2",), ways),)


def main() -> None:
    """Be a worker: train an epoch for each number that is read, and print the seconds."""
    parser = argparse.ArgumentParser()
    parser.add_argument("work", nargs=5)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--cores", required=True)
    arguments = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, set(map(int, arguments.cores.split(","))))
    from benchmarks.lists import load
    from benchmarks.sections.training import WHOLE_LIST
    from benchmarks.trainers import SPEED_RATE
    from benchmarks.trainers.namegen_trainer import NamegenTrainer
    from namegen.core.settings import NetworkSettings, Recipe, TrainingSettings

    of_list, cell, hidden, batch_size, epochs = arguments.work
    network = NetworkSettings(cell=cell, hidden=tuple(map(int, hidden.split(","))))
    recipe = Recipe(WHOLE_LIST, network, TrainingSettings(quick=True, batch_size=int(batch_size)))
    trainer = NamegenTrainer(load(of_list), recipe, threads=arguments.threads)
    print(0.0, flush=True)
    for line in sys.stdin:
        start = time.perf_counter()
        for epoch in range(int(epochs)):
            trainer.epoch(int(epochs) * int(line) + epoch, lambda: SPEED_RATE)
        print(time.perf_counter() - start, flush=True)


if __name__ == "__main__":
    main()
